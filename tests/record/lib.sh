# lib.sh: sourced by record.sh. Two hosts in network namespaces, alice (caller) and bob (callee), joined by a
# wire, or by a relay host between two wires. Captures are taken on bob's end.
#   192.0.2.10, 2001:db8::10   alice
#   192.0.2.20, 2001:db8::20   bob
#   192.0.2.30                 the relay as alice sees it (plays bob)
#   192.0.2.40                 the relay as bob sees it (plays alice)
# or by a back-to-back agent between two wires, 192.0.2.30 to both, where captures are taken on either wire;
# or four hosts on one switch, where captures are taken (see everything once):
#   192.0.2.1, .10, .20, .50, .60    server, alice, bob, carol, dave
A=at-alice-$$; B=at-bob-$$; R=at-relay-$$; C=at-carol-$$; D=at-dave-$$
AT=$B AT_DEVICE=eth0                             # where captures are taken
BG=()                                            # what this recording started, to be ended with it

on_alice() { ip netns exec "$A" "$@"; }
on_bob() { ip netns exec "$B" "$@"; }
on_relay() { ip netns exec "$R" "$@"; }

wire() {                                         # wire NS1 NAME1 NS2 NAME2: a veth pair between two namespaces
  ip link add "w$$x" type veth peer name "w$$y"
  ip link set "w$$x" netns "$1" name "$2"; ip link set "w$$y" netns "$3" name "$4"
  for end in "$1 $2" "$3 $4"; do set -- $end
    ip netns exec "$1" sh -c "echo 0 > /proc/sys/net/ipv6/conf/$2/accept_dad" 2>/dev/null || true
    ip netns exec "$1" python3 "$HERE/offload.py" "$2"
    ip -n "$1" link set "$2" up; ip -n "$1" link set lo up
  done
}

switch() {                                       # the switch stands in the relay's place, the server on it
  local host n=0 addresses=(192.0.2.10 192.0.2.20 192.0.2.50 192.0.2.60)
  ip netns add "$R"; ip netns add "$C"; ip netns add "$D"
  ip -n "$R" link add switch type bridge; ip -n "$R" link set lo up
  ip netns exec "$R" python3 "$HERE/offload.py" switch
  ip -n "$R" addr add 192.0.2.1/24 dev switch; ip -n "$R" link set switch up
  for host in "$A" "$B" "$C" "$D"; do
    wire "$host" eth0 "$R" "port$n"; ip -n "$R" link set "port$n" master switch
    ip -n "$host" addr add "${addresses[n]}/24" dev eth0; n=$((n + 1))
  done
  AT=$R AT_DEVICE=switch
}

hosts() {                                        # hosts direct|relayed|switched
  hosts_down; AT=$B AT_DEVICE=eth0
  ip netns add "$A"; ip netns add "$B"
  [ "$1" = switched ] && { switch; return; }
  if [ "$1" = direct ]; then
    wire "$A" eth0 "$B" eth0
    ip -n "$A" addr add 192.0.2.10/24 dev eth0; ip -n "$B" addr add 192.0.2.20/24 dev eth0
    ip -n "$A" addr add 2001:db8::10/64 dev eth0 nodad; ip -n "$B" addr add 2001:db8::20/64 dev eth0 nodad
    return
  fi
  ip netns add "$R"; wire "$A" eth0 "$R" inside; wire "$R" outside "$B" eth0
  ip -n "$A" addr add 192.0.2.10 peer 192.0.2.30 dev eth0; ip -n "$B" addr add 192.0.2.20 peer 192.0.2.40 dev eth0
  ip -n "$R" addr add 192.0.2.30 peer 192.0.2.10 dev inside; ip -n "$R" addr add 192.0.2.40 peer 192.0.2.20 dev outside
}

hosts_down() {
  for p in ${BG[@]+"${BG[@]}"}; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done; BG=()
  for n in "$A" "$B" "$R" "$C" "$D"; do ip netns del "$n" 2>/dev/null; done
  return 0
}

capture_start() {                                # capture_start NAME: everything that is UDP or TCP on bob's wire or the switch
  CAP=$WORK/$1.pcapng
  local devices=(); for d in $AT_DEVICE; do devices+=(-i "$d" -f "udp or tcp"); done
  (exec ip netns exec "$AT" dumpcap -q "${devices[@]}" -w "$CAP" 2> "$WORK/dumpcap.err") & CAP_PID=$!
  BG+=($CAP_PID)
  for _ in $(seq 50); do [ -s "$CAP" ] && return; sleep 0.1; done
  die "dumpcap did not start: $(cat "$WORK/dumpcap.err")"
}

capture_stop() {                                 # capture_stop NAME: ends it and puts the file beside the others
  sleep 0.5; kill "$CAP_PID"; wait "$CAP_PID" || true
  local d; for d in $AT_DEVICE; do
    grep -q "$d': [0-9]*/0" "$WORK/dumpcap.err" || die "packets were dropped: $(cat "$WORK/dumpcap.err")"
  done
  # by way of plain pcap: dumpcap's headers name the machine that it ran on
  editcap -F nsecpcap "$CAP" "$WORK/plain.pcap" && reordercap "$WORK/plain.pcap" "$WORK/sorted.pcap" > /dev/null 2>&1 \
    && editcap -F pcapng "$WORK/sorted.pcap" "$CAPTURES/$1.pcapng" || die "editcap failed"
}

# scenario NAME [FIRST [FINAL]]: the scenario file with its responses filled in (sipp wants them literal).
scenario() {
  sed "s|@FIRST@|${2:-}|; s|@FINAL@|${3:-}|" "$HERE/sipp/$1.xml" > "$WORK/$1-$$.xml"; echo "$WORK/$1-$$.xml"
}

# sipp_run UAS_ARGS -- UAC_ARGS: one call from alice to bob; both must end well.
sipp_run() {
  local uas=() uac=() side=uas
  for x in "$@"; do if [ "$x" = -- ]; then side=uac; elif [ $side = uas ]; then uas+=("$x"); else uac+=("$x"); fi; done
  local me=192.0.2.10 you=${SIPP_PEER:-192.0.2.20} bob=192.0.2.20
  [ "${SIPP_V6:-}" ] && me=2001:db8::10 bob=2001:db8::20 you='[2001:db8::20]'
  local common=(-p 5060 -m 1 -nostdin -timeout 60 -timeout_error)
  (cd "$WORK" && exec ip netns exec "$B" sipp -i $bob -mi $bob "${common[@]}" "${uas[@]}" > uas.out 2>&1) & local u=$!
  BG+=($u); sleep 0.7
  (cd "$WORK" && ip netns exec "$A" sipp "$you:5060" -i $me -mi $me -s bob "${common[@]}" "${uac[@]}" > uac.out 2>&1) \
    || { cat "$WORK"/ua[cs].out; die "the calling sipp failed"; }
  wait $u || { cat "$WORK/uas.out"; die "the called sipp failed"; }
}

host_at() {                                      # host_at ADDRESS: its namespace
  case $1 in 192.0.2.10) echo "$A";; 192.0.2.20) echo "$B";; 192.0.2.50) echo "$C";; 192.0.2.60) echo "$D";; *) echo "$R";; esac
}

server_start() {                                 # Kamailio on the switch
  (cd "$WORK" && exec ip netns exec "$R" kamailio -f "$HERE/kamailio.cfg" -DD -E -m 32 -M 4 -w "$WORK" -Y "$WORK" \
    -P "$WORK/kamailio.pid" > "$WORK/kamailio.log" 2>&1) & BG+=($!)
  for _ in $(seq 100); do
    ip netns exec "$R" ss -lun | grep -q "192.0.2.1:5060" && { sleep 0.5; return; }; sleep 0.1
  done
  cat "$WORK/kamailio.log"; die "kamailio did not start"
}

agent_between() {                                # baresip as a back-to-back agent: what alice calls it calls at bob
  local d=$WORK/agent
  ip -n "$R" addr del 192.0.2.40 peer 192.0.2.20 dev outside
  ip -n "$R" addr add 192.0.2.30 peer 192.0.2.20 dev outside; ip -n "$B" route add 192.0.2.30 dev eth0
  mkdir -p "$d"; echo > "$d/contacts"
  { echo "<sip:bob@192.0.2.30>;regint=0;b2bua=inbound;audio_codecs=pcmu"
    echo "<sip:agent@192.0.2.30;transport=udp>;regint=0;b2bua=outbound;audio_codecs=pcmu;outbound=\"sip:192.0.2.20;transport=udp\""
  } > "$d/accounts"
  sed -e "/aufile\|ausine\|opus\|g722\|menu/d" -e "s|@ADDR@|192.0.2.30|; s|@SOURCE@|aubridge,none|" "$HERE/baresip.conf" > "$d/config"
  echo "module_app b2bua.so" >> "$d/config"
  (exec ip netns exec "$R" baresip -4 -n inside -f "$d" > "$d/log" 2>&1 < /dev/null) & BG+=($!)
  for _ in $(seq 50); do grep -q "baresip is ready" "$d/log" && return; sleep 0.1; done
  cat "$d/log"; die "the agent did not start"
}

# play_flow NAME: every side of the flow is a sipp of its own; all must end well.
play_flow() {
  local address port at_once role cid peer file media=6000 pid pids=() started=
  python3 "$HERE/flows/flows.py" "$1" "$WORK" > "$WORK/sides" || die "no such flow"
  while read -r address port at_once role cid peer file; do
    local args=(-sf "$file" -i "$address" -mi "$address" -p "$port" -mp $media -m "$at_once" -nostdin -timeout 120 -timeout_error)
    [ "$role" = calls ] && [ -z "$started" ] && { started=1; sleep 0.7; }
    [ "$role" = calls ] && args=("$peer" -cid_str "$cid" "${args[@]}")
    (cd "$WORK" && exec ip netns exec "$(host_at "$address")" sipp "${args[@]}" > "$file.out" 2> "$file.err") &
    pids+=("$!:$file"); BG+=($!); media=$((media + 20))
  done < "$WORK/sides"
  for pid in "${pids[@]}"; do
    wait "${pid%%:*}" || { tail -n 45 "${pid#*:}.out"; cat "${pid#*:}.err"; die "$1: the side ${pid#*:} failed"; }
  done
}

# agent alice|bob ACCOUNT_PARAMS SOURCE [CONFIG_LINE...]: a baresip on that host; its console is UDP port 5555 there.
agent() {
  local who=$1 params=$2 source=$3 ns addr d=$WORK/$1; shift 3
  if [ "$who" = alice ]; then ns=$A addr=192.0.2.10; else ns=$B addr=192.0.2.20; fi
  rm -rf "$d"; mkdir -p "$d"; echo > "$d/contacts"
  echo "<sip:$who@$addr>;regint=0;$params" > "$d/accounts"
  sed -e "s|@ADDR@|$addr|; s|@SOURCE@|$source|" "$HERE/baresip.conf" > "$d/config"
  for line in "$@"; do echo "$line" >> "$d/config"; done
  (exec ip netns exec "$ns" baresip -4 -n eth0 -f "$d" > "$d/log" 2>&1 < /dev/null) & BG+=($!)
  for _ in $(seq 50); do grep -q "baresip is ready" "$d/log" && return; sleep 0.1; done
  cat "$d/log"; die "baresip of $who did not start"
}

tell() {                                         # tell alice|bob TEXT: keys or "/command\n" to its console
  local ns=$A; [ "$1" = bob ] && ns=$B
  ip netns exec "$ns" bash -c 'printf "$1" > /dev/udp/127.0.0.1/5555' _ "$2"
}
