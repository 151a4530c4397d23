# job-air.sh: captures of airtone-extcap in real air, judged by tests/tests/wifi_vm.rs.
#   phy0 wlan0  office  channel 6, WPA2      phy2  the sensor
#   phy1 wlan1  lobby   channel 36           phy3 wlan3  a client
#   hwsim0: everything on the air, in air.pcap
PHY=airtone_wifi_phy2
# capture NAME ARGUMENT...: starts a capture with a toolbar; NAME.pcapng is what Wireshark would get, NAME.toolbar what
# its toolbar would. Messages to the capture go to descriptor 7.
capture() {
  local name=$1; shift
  mkfifo /tmp/$name.fifo /tmp/$name.in /tmp/$name.out
  cat /tmp/$name.fifo > $name.pcapng & cat /tmp/$name.out > $name.toolbar &
  airtone-extcap --capture --extcap-interface $PHY --fifo /tmp/$name.fifo \
    --extcap-control-in /tmp/$name.in --extcap-control-out /tmp/$name.out "$@" 2> $name.err & P=$!
  exec 7> /tmp/$name.in
  until_true 10 test -s $name.pcapng; t "capture $name runs"
}
stop() { kill $P; wait $P; echo "exit status $?"; exec 7>&-; cat *.err; }
# control NUMBER TEXT: what the toolbar sends when the user changes a text.
control() { printf "T\\000\\000\\0$(printf %o $((${#2} + 2)))\\0$(printf %o $1)\\001%s" "$2" >&7; }

insmod /modules/mac80211_hwsim.ko radios=4; iw reg set US; sleep 0.5
ap office wlan0 6 ieee80211n=1 wmm_enabled=1 wpa=2 wpa_passphrase=12345678 wpa_key_mgmt=WPA-PSK rsn_pairwise=CCMP
ap lobby wlan1 36
printf 'ctrl_interface=/var/run/wpa_supplicant\nnetwork={\n ssid="office"\n psk="12345678"\n scan_freq=2437\n}\n' > /tmp/client.conf
ip link set hwsim0 up
tcpdump -Z root -U -i hwsim0 -y IEEE802_11_RADIO --time-stamp-precision=nano -w air.pcap 2> air.log & AIR=$!
sleep 1

capture hop --channels 6,11,36,40,6g5 --dwell 250
for i in $(seq 20); do iw dev atmon2 info | sed -n 's/.*(\([0-9]* MHz\)).*/\1/p'; usleep 100000; done | sort | uniq -c > hop.seen
stop; cat hop.seen

capture one --channels 6
wpa_supplicant -B -i wlan3 -c /tmp/client.conf > /tmp/wpa.log
check "the client is connected" until_true 15 sh -c 'wpa_cli -i wlan3 status | grep -q wpa_state=COMPLETED'
# What a client's radio may hear, hwsim now and then hands to the radios behind it in its list, whatever their channel.
sleep 0.3; wpa_cli -i wlan3 terminate > /dev/null; ip link set wlan3 down
sleep 1.5
t "the sensor's radio hears nobody"; echo 2 > /sys/kernel/debug/ieee80211/phy2/hwsim/group; sleep 2
echo 1 > /sys/kernel/debug/ieee80211/phy2/hwsim/group; t "it hears again"; sleep 2.5
t "retuned by us"; control 10 36; sleep 2; control 10 6; t "and back"; sleep 2.5
t "office goes silent"; hostapd_cli -i wlan0 disable; sleep 1.2; hostapd_cli -i wlan0 enable; t "office sends again"
sleep 3; stop

# The other access point: one that was restarted is heard on every channel in hwsim.
capture follow --follow 02:00:00:00:01:00 --channels 6,36 --dwell 300
until_true 10 sh -c 'iw dev atmon2 info | grep -q "channel 36 "'; sleep 1.2
t "channel switch"; hostapd_cli -i wlan1 chan_switch 8 5220 ht; sleep 3
check "the sensor is on channel 44, too" sh -c 'iw dev atmon2 info | grep -q "channel 44 "'
stop

# wide CHANNEL WIDTH CENTRE: captures there, and compares with what the kernel says.
wide() {
  airtone-extcap --capture --extcap-interface $PHY --fifo /dev/null --channels $1 --width $2 2> wide.err & P=$!
  check "channel $1 is $2 MHz wide, centre $3" until_true 5 sh -c "iw dev atmon2 info | grep -q 'width: $2 MHz, center1: $3 MHz'"
  kill $P; wait $P; cat wide.err
}
wide 36 80 5210; wide 36 160 5250; wide 6g5 80 5985; wide 6g1 160 6025; wide 1 40 2422; wide 6g1 320 6105
kill $AIR; wait; cat air.log
grep -q "^0 packets dropped" air.log || FAILED=1
exit $FAILED
