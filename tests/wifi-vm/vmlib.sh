# vmlib.sh: what jobs in the VM share. Sourced before each.
ip() { /usr/sbin/ip "$@"; }                                    # busybox prefers its own
t() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*"; }
FAILED=0
# check TEXT COMMAND...: says whether it holds.
check() { local what="$1"; shift; if "$@"; then t "ok: $what"; else t "FAILED: $what"; FAILED=1; fi; }
# until_true SECONDS COMMAND...: waits for it.
until_true() { local end=$(($(date +%s) + $1 + 1)); shift; while ! "$@" 2> /dev/null; do [ $(date +%s) -lt $end ] || return 1; sleep 0.1; done; }
# ap NAME INTERFACE CHANNEL [LINE...]: an access point of that name.
ap() {
  local conf=/tmp/$1.conf
  printf 'interface=%s\ndriver=nl80211\nctrl_interface=/var/run/hostapd\nssid=%s\ncountry_code=US\nchannel=%s\nbeacon_int=100\n' "$2" "$1" "$3" > $conf
  if [ "$3" -gt 14 ]; then echo hw_mode=a; else echo hw_mode=g; fi >> $conf
  shift 3; for line in "$@"; do echo "$line" >> $conf; done
  hostapd -B $conf > /tmp/hostapd.log 2>&1 || cat /tmp/hostapd.log
}
# machine: interfaces with type, flags, channel and addresses, to compare before and after.
machine() { iw dev | grep -v "txpower"; ip -o link | grep -v hwsim | sed 's/ state [A-Z]*//; s/,LOWER_UP//; s/NO-CARRIER,//; s/ qdisc [a-z]*//'; ip -o addr | grep -v hwsim; ip route; ip -6 route; }
