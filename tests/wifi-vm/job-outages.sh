# job-outages.sh: two access points on channel 6 and a monitor. For two seconds the radio of the AP "office" cannot be
# heard (its beacons go out all the same), later it is silent for more than a second. "lobby" is heard throughout.
#   phy0 wlan0  office  02:00:00:00:00:00      phy2  mon0, the sensor
#   phy1 wlan1  lobby   02:00:00:00:01:00      hwsim0: everything on the air
ip() { /usr/sbin/ip "$@"; }                      # busybox prefers its own
t() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*"; }
fail() { t "FAILED: $*"; exit 1; }
group() { echo "$1" > /sys/kernel/debug/ieee80211/phy0/hwsim/group; }

insmod /modules/mac80211_hwsim.ko radios=3 || fail hwsim
iw reg set US; sleep 0.5
for ap in "wlan0 office" "wlan1 lobby"; do set -- $ap
  cat > /tmp/$1.conf <<C
interface=$1
driver=nl80211
ctrl_interface=/var/run/hostapd
ssid=$2
country_code=US
hw_mode=g
channel=6
beacon_int=100
C
  hostapd -B -f hostapd-$2.log /tmp/$1.conf
done
ip link set hwsim0 up
iw phy phy2 interface add mon0 type monitor && ip link set mon0 up && iw dev mon0 set channel 6 || fail "monitor"
sleep 1.5
tcpdump -Z root -U -i hwsim0 -y IEEE802_11_RADIO --time-stamp-precision=nano -w hwsim0.pcap 2> hwsim0.err & H=$!
sleep 0.5
tcpdump -Z root -U -i mon0 -y IEEE802_11_RADIO --time-stamp-precision=nano -w mon0.pcap 2> mon0.err & M=$!
sleep 3
t "office cannot be heard"; group 2; sleep 2; group 1; t "office is heard again"
sleep 3
t "office goes silent"; hostapd_cli -i wlan0 disable; sleep 1; hostapd_cli -i wlan0 enable; t "office sends again"
sleep 3.5
kill $M; sleep 0.3; kill $H; wait; cat *.err
grep -q "^0 packets dropped" mon0.err || fail "the capture dropped packets"
t end
