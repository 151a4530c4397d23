#!/usr/bin/env bash
# Records a call whose SIP goes through TLS, with the session keys inside the file, as Wireshark reads them.
#
# usage: encrypted.sh        writes tests/captures/encrypted/sipp-tls.pcapng
#
# Needs root and what record.sh needs, and openssl. SIPp calls SIPp; two hops (tls_hop.py) put TLS between them.
set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
CAPTURES=$HERE/../captures/encrypted
die() { echo "encrypted.sh: $*" >&2; exit 1; }
WORK=$(mktemp -d)
. "$HERE/lib.sh"
trap 'hosts_down; rm -rf "$WORK"' EXIT
[ "$(id -u)" = 0 ] || die "network namespaces need root"
for tool in sipp dumpcap editcap ip openssl python3; do command -v $tool > /dev/null || die "$tool is missing"; done

mkdir -p "$CAPTURES"
hosts direct
ip -n "$A" addr add 192.0.2.21/32 dev lo         # the caller's outbound proxy
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=bob.example -days 2 -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2> /dev/null \
  || die "openssl made no certificate"
capture_start sipp-tls
(exec ip netns exec "$B" python3 "$HERE/tls_hop.py" server 192.0.2.20:5061 192.0.2.20:5060 "$WORK/cert.pem" "$WORK/key.pem") & BG+=($!)
(exec ip netns exec "$A" python3 "$HERE/tls_hop.py" client 192.0.2.21:5060 192.0.2.20:5061 "$WORK/keys.txt") & BG+=($!)
sleep 0.5
head -c 8000 /dev/zero | tr '\0' '\325' > "$WORK/say.ulaw"
SIPP_PEER=192.0.2.21 sipp_run -sf "$HERE/sipp/uas-call.xml" -d 1 -t t1 -- -sf "$HERE/sipp/uac-call.xml" -d 2500 -t t1
capture_stop sipp-tls
editcap --inject-secrets "tls,$WORK/keys.txt" "$CAPTURES/sipp-tls.pcapng" "$WORK/with-keys.pcapng" || die "no keys in the file"
mv "$WORK/with-keys.pcapng" "$CAPTURES/sipp-tls.pcapng"
