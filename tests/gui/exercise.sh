#!/usr/bin/env bash
# Presses what can be pressed in the real Wireshark with the plugin: Refresh, Update columns (dissects again) and Save JSON
# in a window, and Reload Lua Plugins.
# After each, the window of streams must show the very picture that it showed first.
#
# usage: exercise.sh [FOLDER]    leaves first.png and those that differ in FOLDER (default: target/gui)
#
# Needs Xvfb, wireshark, xdotool and ImageMagick. Exits with 3 where one is missing, with 1 when a window does not open or
# figures change. AIRTONE_PROGRAMS names a folder that has tshark-post and the library already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/target/gui}
capture=$root/tests/captures/relay-loss.pcapng

for need in Xvfb wireshark xdotool import compare; do
  command -v "$need" >/dev/null || { echo "skipped: $need is missing" >&2; exit 3; }
done
programs=${AIRTONE_PROGRAMS:-}
if [ -z "$programs" ]; then
  (cd "$root" && cargo build --quiet -p tshark-post -p airtone-cdylib)
  programs=${CARGO_TARGET_DIR:-$root/target}/debug
fi

scratch=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

export HOME=$scratch XDG_RUNTIME_DIR=$scratch/run AIRTONE_STATE=$scratch/state
mkdir -p -m 700 "$XDG_RUNTIME_DIR" "$HOME/.config/wireshark" "$out"
"$programs/tshark-post" install >/dev/null

Xvfb -displayfd 3 -screen 0 1280x720x24 -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
pids+=($!)
for _ in $(seq 50); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY
wireshark -C Airtone -r "$capture" >"$scratch/wireshark.log" 2>&1 &
pids+=($!)
wireshark=$!

# Without a window manager some of its waits never end.
x() { timeout 5 xdotool "$@" 2>/dev/null; }

window() {
  for _ in $(seq "${2:-100}"); do
    x search --onlyvisible --name "$1" | head -n 1 | grep . && return
    sleep 0.2
  done
  return 1
}

fail() { echo "exercise.sh: $*" >&2; cat "$scratch/wireshark.log" >&2; exit 1; }

main=$(window relay-loss 200) || fail "the capture does not open"
sleep 3

# Entries of Lua have no keys, so they are tried from below until the window comes, the lowest one of them first. (After
# a reload they are the last ones of the menu; before it, others come after them.)
open_streams() {
  local up found
  for up in $(seq "$1" 18); do
    x windowfocus "$main" || true
    x key alt+y || true
    sleep 0.4
    for _ in $(seq "$up"); do x key Up || true; done
    x key Return || true
    if found=$(window 'Airtone: streams' 8); then
      x windowmove "$found" 0 0 || true
      x windowsize "$found" 1000 300 || true
      sleep 1.5
      echo "$found"
      return
    fi
    x key Escape || true
  done
  return 1
}

# The text, without the row of buttons, of which one has the focus.
same() {
  sleep 2
  kill -0 "$wireshark" 2>/dev/null || fail "Wireshark has ended after: $1"
  import -window "$2" -crop 1000x240+0+0 +repage "$scratch/now.png"
  if [ ! -f "$out/first.png" ]; then cp "$scratch/now.png" "$out/first.png"; return; fi
  local pixels
  pixels=$(compare -metric AE "$out/first.png" "$scratch/now.png" null: 2>&1) || true
  [ "$pixels" = 0 ] || { cp "$scratch/now.png" "$out/after.png"; fail "figures change after: $1 ($pixels pixels)"; }
  echo "the same after: $1"
}


rm -f "$out/first.png" "$out/after.png"
streams=$(open_streams 4) || fail "no window of streams opens"
same "opening" "$streams"
colours=$(identify -format %k "$out/first.png")
[ "$colours" -gt 2 ] || fail "the window is empty"
# Places in a window of 1000 x 300 points: Refresh, Update columns, Save JSON (which asks for a file).
click() { x mousemove --window "$streams" "$1" 276 click 1 || true; sleep 2; }
click 620
same "Refresh" "$streams"
click 836
same "Update columns" "$streams"
click 714
dialog=$(window "save the report" 20) || fail "Save JSON opens no dialog"
import -window "$dialog" "$out/dialog.png"
x windowfocus "$dialog" || true
x mousemove --window "$dialog" 200 23 click 1 || true
x type "$scratch/saved.json" || true
x mousemove --window "$dialog" 252 54 click 1 || true
for _ in $(seq 20); do [ -s "$scratch/saved.json" ] && break; sleep 0.3; done
"$programs/tshark-post" report --format json "$capture" >"$scratch/command.json" 2>/dev/null
grep -A40 '"streams"' "$scratch/saved.json" | grep -E '"(packets|lost|lq)"' >"$scratch/saved" || fail "Save JSON saved nothing"
grep -A40 '"streams"' "$scratch/command.json" | grep -E '"(packets|lost|lq)"' >"$scratch/command"
cmp "$scratch/saved" "$scratch/command" || fail "the saved report is not that of the command"
echo "the saved report is that of the command"
x windowclose "$streams" || true
sleep 1
x windowfocus "$main" || true
x key ctrl+shift+l || true
sleep 5
main=$(window relay-loss 50) || fail "no main window after the reload"
streams=$(open_streams 1) || fail "no window of streams opens after the reload"
same "reloading Lua plugins" "$streams"
if grep -E 'Lua|Airtone:' "$scratch/wireshark.log"; then fail "Wireshark complains"; fi
