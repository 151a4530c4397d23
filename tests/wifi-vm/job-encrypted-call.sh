# job-encrypted-call.sh: a phone joins a WPA2 network and calls; the sensor records the handshake and the call.
#   phy0 wlan0  office, an access point on channel 6 with WPA2-PSK, where bob answers (192.0.2.20)
#   phy1 wlan1  alice's phone (192.0.2.10), in a namespace of its own      phy2  mon0, the sensor
# Expects sipp, uac-call.xml, uas-call.xml, say.ulaw and passphrase beside it.
PASSPHRASE=$(cat /tmp/bin/passphrase)
phone() { ip netns exec phone "$@"; }
# What both sides of the call have in common. The libraries of sipp came with it.
SIPP="env LD_LIBRARY_PATH=/tmp/bin/lib sipp -p 5060 -m 1 -nostdin -timeout 60 -timeout_error"

insmod /modules/mac80211_hwsim.ko radios=3; iw reg set US; sleep 0.5
ap office wlan0 6 wpa=2 wpa_passphrase="$PASSPHRASE" wpa_key_mgmt=WPA-PSK rsn_pairwise=CCMP
ip addr add 192.0.2.20/24 dev wlan0
mkdir -p /run; ip netns add phone; iw phy phy1 set netns name phone || exit 1
phone ip link set lo up; phone ip link set wlan1 up; phone ip addr add 192.0.2.10/24 dev wlan1
iw phy phy2 interface add mon0 type monitor; ip link set mon0 up; iw dev mon0 set channel 6
sleep 0.5
tcpdump -Z root -U -i mon0 -y IEEE802_11_RADIO --time-stamp-precision=nano -w mon0.pcap 2> mon0.err & M=$!
sleep 0.5
printf 'ctrl_interface=/var/run/wpa_supplicant\nnetwork={\n ssid="office"\n psk="%s"\n scan_freq=2437\n}\n' "$PASSPHRASE" > /tmp/phone.conf
phone wpa_supplicant -B -i wlan1 -c /tmp/phone.conf > wpa.log
check "the phone is connected" until_true 20 sh -c 'wpa_cli -i wlan1 status | grep -q wpa_state=COMPLETED'
cd /tmp/bin
$SIPP -sf uas-call.xml -d 1 -i 192.0.2.20 -mi 192.0.2.20 > /tmp/out/bob.out 2>&1 & BOB=$!
sleep 1.5
phone $SIPP -sf uac-call.xml -d 2500 -i 192.0.2.10 -mi 192.0.2.10 -s bob 192.0.2.20:5060 > /tmp/out/alice.out 2>&1
check "the call ended well for the caller" [ $? = 0 ]
wait $BOB; check "and for the callee" [ $? = 0 ]
cd /tmp/out; sleep 1.5      # tcpdump is given packets a second late
kill $M; wait $M; cat mon0.err
check "the capture is whole" grep -q "^0 packets dropped" mon0.err
t end; exit $FAILED
