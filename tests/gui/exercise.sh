#!/usr/bin/env bash
# Presses what can be pressed in the real Wireshark with the plugin, and compares the figures after each:
#   * in a text window: Refresh, Update columns (dissects again), Save JSON
#   * a preference of the plugin, changed and changed back
#   * Reload Lua Plugins
#   * Decode As RTP, in a capture whose media nobody would take for any
# What is saved must be what tshark-post says, and where nothing has changed, the window of streams must show the very picture
# that it showed first.
#
# usage: exercise.sh [FOLDER]    leaves first.png, preferences.png, decode-as.png and what differs in FOLDER (default: target/gui)
#
# Needs Xvfb, wireshark 4.0, whose dialogs it knows by their places, editcap, xdotool, python3 and ImageMagick. Exits with 3 where
# one is missing, with 1 when a window does not open or figures are wrong. AIRTONE_PROGRAMS names a folder that has tshark-post and
# the library already.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
out=${1:-$root/target/gui}
capture=$root/tests/captures/relay-jitter.pcapng

need Xvfb wireshark editcap xdotool import compare python3
build tshark-post airtone-cdylib
home
mkdir -p "$out"
screen 1280 720

# same WHAT: the window of streams shows what it showed first. The text, without the row of buttons, of which one has the focus.
same() {
  sleep 2
  kill -0 "$wireshark" 2>/dev/null || fail "Wireshark has ended after: $1"
  import -window "$streams" -crop 1000x240+0+0 +repage "$scratch/now.png"
  if [ ! -f "$out/first.png" ]; then cp "$scratch/now.png" "$out/first.png"; return; fi
  local pixels
  pixels=$(compare -metric AE "$out/first.png" "$scratch/now.png" null: 2>&1) || true
  [ "$pixels" = 0 ] || { cp "$scratch/now.png" "$out/after.png"; fail "figures change after: $1 ($pixels pixels)"; }
  echo "the same after: $1"
}

# Places in a window of 1000 x 300 points.
refresh() { click "$streams" 620 276; sleep 1.3; }
update_columns() { click "$streams" 836 276; sleep 1.3; }

# saved WHAT [OPTION...] CAPTURE: what Save JSON saves is what the command says of CAPTURE, but for ports, and for the points over
# time, which the command keeps for its HTML alone.
saved() {
  local what=$1 dialog
  shift
  rm -f "$scratch/saved.json"
  click "$streams" 714 276
  dialog=$(window "save the report" 20) || fail "Save JSON opens no dialog after: $what"
  x windowfocus "$dialog" || true
  click "$dialog" 200 23
  x type "$scratch/saved.json" || true
  click "$dialog" 252 54
  for _ in $(seq 20); do [ -s "$scratch/saved.json" ] && break; sleep 0.3; done
  sleep 0.5
  "$programs/tshark-post" report --format json "$@" >"$scratch/command.json" 2>/dev/null || true
  python3 - "$scratch/saved.json" "$scratch/command.json" <<'END' || fail "the saved report is not that of the command after: $what"
import json, sys
saved, command = ([{k: v for k, v in stream.items() if k not in ("source", "destination", "intervals")}
                   for stream in json.load(open(name))["streams"]] for name in sys.argv[1:])
for ours, theirs in zip(saved, command):
    for key in ours:
        if ours[key] != theirs[key]:
            print(f"{key}: saved {ours[key]}, command {theirs[key]}", file=sys.stderr)
sys.exit(not saved or saved != command)
END
  echo "as the command says after: $what"
}

# buffer VALUE: Edit > Preferences > Advanced, which has a field to search in.
buffer() {
  local dialog
  x windowfocus "$main" || true
  x key ctrl+shift+p || true
  dialog=$(window Preferences 30) || fail "no dialog of preferences"
  x windowmove "$dialog" 0 0 || true
  x windowsize "$dialog" 900 600 || true
  x windowfocus "$dialog" || true
  sleep 1
  x key End Tab || true
  x type airtone. || true
  sleep 1
  click "$dialog" 697 116 2
  x key ctrl+a || true
  x type "$1" || true
  x key Return || true
  sleep 0.5
  import -window "$dialog" "$out/preferences.png"
  click "$dialog" 680 577
  sleep 2
}

rm -f "$out"/*.png
start -r "$capture"
main=$(opened relay-jitter)
streams=$(text_window "$main" 4 streams)
same opening
[ "$(identify -format %k "$out/first.png")" -gt 2 ] || fail "the window is empty"
refresh
same Refresh
update_columns
same "Update columns"
saved "Save JSON" "$capture"
buffer 20
saved "a buffer of 20 ms" --buffer 20 "$capture"
refresh
import -window "$streams" -crop 1000x240+0+0 +repage "$out/buffer-20.png"
cmp -s "$out/first.png" "$out/buffer-20.png" && fail "a buffer of 20 ms changes nothing"
buffer 60
refresh
same "the buffer as it was"
x windowclose "$streams" || true
sleep 1
x windowfocus "$main" || true
x key ctrl+shift+l || true
sleep 5
main=$(opened relay-jitter)
# After a reload, entries of Lua are the last ones of the menu; before it, others come after them.
streams=$(text_window "$main" 1 streams)
same "reloading Lua plugins"
if grep -E 'Lua|Airtone:' "$scratch/wireshark.log"; then fail "Wireshark complains"; fi
stop

# The third packet is one of media; Decode As takes its port.
editcap -F nsecpcap "$root/tests/captures/relay-loss.pcapng" "$scratch/loss.pcap"
python3 "$root/tests/gui/odd_ports.py" "$scratch/loss.pcap" "$scratch/odd.pcap" "$scratch/plain.pcap"
[ -z "$("$programs/tshark-post" streams --format csv "$scratch/odd.pcap" | sed 1d)" ] || fail "the command takes it for RTP"
start -g 3 -r "$scratch/odd.pcap"
main=$(opened odd.pcap)
x windowfocus "$main" || true
x key ctrl+shift+u || true
dialog=$(window 'Decode As' 30) || fail "no dialog of Decode As"
x windowmove "$dialog" 0 0 || true
x windowsize "$dialog" 900 400 || true
x windowfocus "$dialog" || true
sleep 1
click "$dialog" 26 347
click "$dialog" 505 42 2
x type RTP || true
sleep 1
x key Return || true
sleep 1
import -window "$dialog" "$out/decode-as.png"
click "$dialog" 490 378
sleep 3
import -window root "$out/decoded.png"
streams=$(text_window "$main" 4 streams)
saved "Decode As RTP" "$scratch/plain.pcap"
if grep -E 'Lua|Airtone:' "$scratch/wireshark.log"; then fail "Wireshark complains"; fi
