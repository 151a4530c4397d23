#!/usr/bin/env bash
# Records calls that only those can see who have the keys.
#
# usage: encrypted.sh sipp-tls     SIP through TLS; its session keys are inside the file, as Wireshark reads them. Needs root
#                                  and what record.sh needs, and openssl. SIPp calls SIPp; two hops (tls_hop.py) put TLS between.
#        encrypted.sh wpa2-call    a phone joins a WPA2 network and calls, as a monitor hears it. SIPp calls SIPp in
#                                  the Wi-Fi VM (../wifi-vm/job-encrypted-call.sh); needs what that needs, and no root.
#
# Writes tests/captures/encrypted/NAME.pcapng; manifest.json there tells the keys.
set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
CAPTURES=$HERE/../captures/encrypted
die() { echo "encrypted.sh: $*" >&2; exit 1; }
need() { for tool in "$@"; do command -v "$tool" > /dev/null || die "$tool is missing"; done; }
speech() { head -c 8000 /dev/zero | tr '\0' '\325' > "$WORK/say.ulaw"; }
WORK=$(mktemp -d)
. "$HERE/lib.sh"
trap 'hosts_down; rm -rf "$WORK"' EXIT
mkdir -p "$CAPTURES"

sipp_tls() {
  [ "$(id -u)" = 0 ] || die "network namespaces need root"
  need sipp dumpcap editcap ip openssl python3
  hosts direct
  ip -n "$A" addr add 192.0.2.21/32 dev lo         # the caller's outbound proxy
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=bob.example -days 2 -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2> /dev/null \
    || die "openssl made no certificate"
  capture_start sipp-tls
  (exec ip netns exec "$B" python3 "$HERE/tls_hop.py" server 192.0.2.20:5061 192.0.2.20:5060 "$WORK/cert.pem" "$WORK/key.pem") & BG+=($!)
  (exec ip netns exec "$A" python3 "$HERE/tls_hop.py" client 192.0.2.21:5060 192.0.2.20:5061 "$WORK/keys.txt") & BG+=($!)
  sleep 0.5
  speech
  SIPP_PEER=192.0.2.21 sipp_run -sf "$HERE/sipp/uas-call.xml" -d 1 -t t1 -- -sf "$HERE/sipp/uac-call.xml" -d 2500 -t t1
  capture_stop sipp-tls
  editcap --inject-secrets "tls,$WORK/keys.txt" "$CAPTURES/sipp-tls.pcapng" "$WORK/with-keys.pcapng" || die "no keys in the file"
  mv "$WORK/with-keys.pcapng" "$CAPTURES/sipp-tls.pcapng"
}

wpa2_call() {
  need sipp editcap python3 qemu-system-x86_64
  speech
  python3 -c 'import json, sys; print(end=json.load(open(sys.argv[1]))["wpa2-call"]["passphrase"])' "$CAPTURES/manifest.json" > "$WORK/passphrase" \
    || die "no passphrase in the manifest"
  "$HERE/../wifi-vm/run.sh" "$HERE/../wifi-vm/job-encrypted-call.sh" "$WORK/vm" "$(command -v sipp)" "$WORK/passphrase" "$WORK/say.ulaw" \
    "$HERE/sipp/uac-call.xml" "$HERE/sipp/uas-call.xml" || { cat "$WORK/vm"/*.log "$WORK/vm"/*.out; die "the job failed"; }
  editcap -F pcapng "$WORK/vm/mon0.pcap" "$CAPTURES/wpa2-call.pcapng" || die "editcap failed"
}

case ${1:-} in
  sipp-tls) sipp_tls ;;
  wpa2-call) wpa2_call ;;
  *) sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
