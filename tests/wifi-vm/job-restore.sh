# job-restore.sh: the machine after airtone-extcap is as it was before, however it ended; and what it says when it cannot
# capture. Sentences lie in *.err, logs in *.log.
#   phy0 wlan0  office, an access point on channel 6      phy2  a free radio
#   phy1 wlan1  up, with addresses and routes             phy3  another one
# start PHY NAME ARGUMENT...: starts a capture and waits for its header.
start() {
  local phy=$1 name=$2; shift 2; NAME=$name; rm -f /tmp/fifo /tmp/got; mkfifo /tmp/fifo
  cat /tmp/fifo > /tmp/got & READER=$!
  airtone-extcap --capture --extcap-interface airtone_wifi_$phy --fifo /tmp/fifo --log-file $name.log "$@" 2> $name.err & P=$!
  until_true 10 test -s /tmp/got
}
ended() { wait $P 2> /dev/null; wait $READER 2> /dev/null; cat $NAME.err; }
same() { machine > /tmp/now; diff $1 /tmp/now > /tmp/diff; }
# as_before TEXT: within three seconds the machine is as it was (the kernel and the guardian work behind the process).
as_before() { check "as before: $1" until_true 3 same before; cat /tmp/diff; }
# refused NAME WORDS ARGUMENT...: a capture that ends at once with a sentence that has these words.
refused() {
  local name=$1 words=$2; shift 2
  timeout 5 airtone-extcap --capture --fifo /dev/null "$@" 2> $name.err; t "$name: exit $?: $(cat $name.err)"
  check "$name is told" grep -q "$words" $name.err; check "in one line" [ $(wc -l < $name.err) = 1 ]
}
monitors() { iw dev | grep -c "type monitor"; }

insmod /modules/mac80211_hwsim.ko radios=4; iw reg set US; sleep 0.5
ap office wlan0 6
ip link set wlan1 up; ip addr add 192.0.2.1/24 dev wlan1; ip -6 addr add 2001:db8::1/64 dev wlan1 nodad
ip route add 198.51.100.0/24 via 192.0.2.254 dev wlan1; ip -6 route add 2001:db8:1::/48 via 2001:db8::ff dev wlan1
sleep 2; machine > before; cat before

t "--- a free radio, each kind of end, and a start right behind it"
for signal in TERM INT HUP KILL ABRT; do
  start phy2 free-$signal --channels 36; check "a monitor is there" [ $(monitors) = 1 ]
  kill -$signal $P; ended; as_before "SIG$signal"
done
start phy2 free-EPIPE --channels 36; kill $READER; check "it ends by itself" until_true 5 sh -c "! kill -0 $P"; ended
as_before "the reader has gone"

t "--- taking down and bringing back"
for signal in TERM KILL; do
  start phy1 down-$signal --channels 36 --in-use takedown
  check "wlan1 is down" sh -c '! ip link show wlan1 | grep -q "[<,]UP"'
  check "the radio is tuned" sh -c 'iw dev atmon1 info | grep -q "channel 36 "'
  kill -$signal $P; ended; as_before "wlan1 after SIG$signal"
done
start phy1 down-all --channels 36 --in-use takedown; kill -KILL $(pidof airtone-extcap); ended
check "the guardian was killed, too: wlan1 is still down" sh -c '! ip link show wlan1 | grep -q "[<,]UP"'
airtone-extcap --extcap-cleanup-postkill; as_before "wlan1 after --extcap-cleanup-postkill"
start phy1 down-again --channels 36 --in-use takedown; kill -KILL $(pidof airtone-extcap); ended
start phy2 next; kill $P; ended; as_before "wlan1 after the next start"
start phy0 down-ap --channels 36 --in-use takedown; kill $P; ended; as_before "the access point"

t "--- sharing"
start phy0 share; sleep 1.5; kill $P; ended; check "its beacons were heard" [ $(wc -c < /tmp/got) -gt 1500 ]
cp /tmp/got share.pcapng; as_before "sharing"

t "--- what is refused, and how"
refused busy "cannot be tuned while wlan0 is up" --extcap-interface airtone_wifi_phy0 --channels 11
refused disabled "disable it" --extcap-interface airtone_wifi_phy2 --channels 14
refused nothing "no channel" --extcap-interface airtone_wifi_phy2 --channels 5003
refused width "wide channel" --extcap-interface airtone_wifi_phy2 --channels 140 --width 160
iw phy phy2 interface add atmon2 type managed
refused exists "named atmon2 already" --extcap-interface airtone_wifi_phy2 --channels 6
iw dev atmon2 del
echo "user:x:1000:1000::/tmp:/bin/sh" >> /etc/passwd
su user -c "/tmp/bin/airtone-extcap --capture --fifo /dev/null --extcap-interface airtone_wifi_phy2" 2> permission.err
cat permission.err; check "how to get the permission is told" grep -q "setcap cap_net" permission.err
as_before "refusals"

t "--- changes while capturing"
start phy2 rules --channels 6,149 --dwell 100; iw reg set JP; sleep 1.5; iw reg set US; sleep 0.5; kill $P; ended; cat rules.log
check "the rules' change is logged" grep -q "(JP)" rules.log; check "channel 149 is left out" grep -q "149.*Left out" rules.log
start phy2 taken --channels 6,36 --dwell 100; ip link set wlan2 up; sleep 1; kill $P; ended; ip link set wlan2 down
cat taken.log; check "a radio that others take is shared" grep -q "wlan2 is up" taken.log
SWITCH=$(ls -d /sys/class/ieee80211/phy2/rfkill*)
start phy2 rfkill --channels 6; echo 1 > $SWITCH/soft; check "rfkill ends it" until_true 5 sh -c "! kill -0 $P"; ended
check "rfkill is told" grep -q "rfkill unblock" rfkill.err
refused blocked "rfkill unblock" --extcap-interface airtone_wifi_phy2 --channels 6; echo 0 > $SWITCH/soft
start phy2 deleted --channels 6; iw dev atmon2 del; check "without its interface it ends" until_true 5 sh -c "! kill -0 $P"; ended
check "it is told" grep -q "by another program" deleted.err
as_before "changes"
kill $(pidof hostapd); until_true 3 sh -c '! pidof hostapd'
start phy3 unplugged --channels 6,36 --dwell 200; rmmod mac80211_hwsim; check "without its radio it ends" until_true 5 sh -c "! kill -0 $P"
ended; check "it is told" grep -q "unplugged" unplugged.err
t end; exit $FAILED
