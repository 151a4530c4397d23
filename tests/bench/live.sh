#!/bin/bash
# Live capture under load: 200,000 packets/s of 300 bytes over a veth for 30 s, by Airtone's mirror source and by dumpcap;
# then more than can be taken, to see that packets taken and drops counted add up to packets sent.
#
# Needs root (for two network namespaces, which are taken away again), dumpcap, and a machine with nothing else to do.
#   tests/bench/live.sh [RATE [SECONDS]]
# Where the binary airtone-extcap has been built it is measured too, through its FIFO as Wireshark runs it.
set -euo pipefail
cd "$(dirname "$0")/../.."
rate=${1:-200000} seconds=${2:-30} bytes=300
near=airtone-near-$$ far=airtone-far-$$
work=$(mktemp -d)
trap 'ip netns del $near 2>/dev/null; ip netns del $far 2>/dev/null; rm -rf "$work"' EXIT

cargo build --release --quiet -p airtone-extcap --example live_load
cargo build --release --quiet -p airtone-extcap --bins 2>/dev/null || true
target=${CARGO_TARGET_DIR:-target}/release
load=$target/examples/live_load extcap=$target/airtone-extcap

ip netns add "$near"
ip netns add "$far"
ip link add near netns "$near" type veth peer name far netns "$far"
for side in near far; do
    ns=${!side}
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 || true
    ip -n "$ns" link set $side up
done
ip -n "$far" address add 192.0.2.1/24 dev far
mac=$(ip netns exec "$near" cat /sys/class/net/near/address)
ip -n "$far" neighbour replace 192.0.2.2 lladdr "$mac" dev far nud permanent

offer() { ip netns exec "$far" "$load" offer 192.0.2.2:9 "$@"; }
value() { sed -n "s/.*\b$1=\([0-9.]*\).*/\1/p" <<<"$2"; }
failed=0
check() { # WHAT SENT LINE: what was taken and what was counted as dropped are what was sent
    local taken dropped
    taken=$(value packets "$3") dropped=$(value dropped "$3")
    echo "$1: sent $2, taken $taken, dropped $dropped"
    if [ $((taken + dropped)) -ne "$2" ]; then echo "  WRONG: $((taken + dropped)) accounted for"; failed=1; fi
    if [ "$4" = none ] && [ "$dropped" -ne 0 ]; then echo "  WRONG: drops"; failed=1; fi
    if [ "$4" = some ] && [ "$dropped" -eq 0 ]; then echo "  WRONG: no drops, so nothing was shown"; failed=1; fi
}

echo "== $rate packets/s of $bytes bytes for $seconds s"
ip netns exec "$near" "$load" take near $((seconds + 4)) 'udp port 9' >"$work/take" 2>"$work/take.log" &
taker=$!
sleep 1
sent=$(offer "$rate" $bytes "$seconds")
wait $taker
line=$(cat "$work/take")
check "mirror source" "$(value sent "$sent")" "$line" none
echo "  offered $(value rate "$sent") packets/s; CPU $(value cpu_s "$line") s"

if [ -x "$extcap" ]; then
    mkfifo "$work/fifo"
    "$load" count <"$work/fifo" >"$work/count" &
    counter=$!
    ip netns exec "$near" "$extcap" --capture --extcap-interface airtone_mirror --source near \
        --extcap-capture-filter 'udp port 9' --fifo "$work/fifo" &
    capturer=$!
    sleep 1
    sent=$(offer "$rate" $bytes "$seconds")
    sleep 1
    # `ip netns exec` becomes the program.
    cpu=$(awk '{ print ($14 + $15) / 100 }' "/proc/$capturer/stat")
    kill -TERM $capturer
    wait $capturer || true
    wait $counter
    check "airtone-extcap" "$(value sent "$sent")" "$(cat "$work/count")" none
    echo "  CPU $cpu s"
fi

ip netns exec "$near" dumpcap -q -i near -f 'udp port 9' -B 64 -w - 2>"$work/dumpcap.log" >/dev/null &
dumper=$!
sleep 1
sent=$(offer "$rate" $bytes "$seconds")
sleep 1
pid=$(pgrep -P $dumper dumpcap || echo $dumper)
cpu=$(awk '{ print ($14 + $15) / 100 }' "/proc/$pid/stat")
kill -INT "$pid"
wait $dumper || true
echo "dumpcap: sent $(value sent "$sent"); CPU $cpu s; $(grep -h "received/dropped" "$work/dumpcap.log" || true)"

echo "== overload: the reader is stopped for 5 s while packets come as fast as they can"
ip netns exec "$near" "$load" take near 16 'udp port 9' >"$work/take" 2>"$work/take.log" &
taker=$!
sleep 1
pid=$(pgrep -P $taker -f 'live_load take' || echo $taker)
(sleep 2; kill -STOP "$pid"; sleep 5; kill -CONT "$pid") &
sent=$(offer 0 $bytes 8)
wait $taker
check "mirror source" "$(value sent "$sent")" "$(cat "$work/take")" some
if [ -x "$extcap" ]; then
    mkfifo "$work/overload"
    "$load" count <"$work/overload" >"$work/count" &
    counter=$!
    ip netns exec "$near" "$extcap" --capture --extcap-interface airtone_mirror --source near \
        --extcap-capture-filter 'udp port 9' --fifo "$work/overload" &
    capturer=$!
    sleep 1
    # The reader first, so that the queue is full, then the program, so that the ring is.
    (sleep 1; kill -STOP $counter; sleep 3; kill -STOP $capturer; sleep 3; kill -CONT $capturer; sleep 1; kill -CONT $counter) &
    sent=$(offer 0 $bytes 8)
    sleep 3
    kill -TERM $capturer
    wait $capturer || true
    wait $counter
    check "airtone-extcap" "$(value sent "$sent")" "$(cat "$work/count")" some
fi
exit $failed
