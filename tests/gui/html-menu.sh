#!/usr/bin/env bash
# The entry HTML report of the plugin's menu in the real Wireshark: it must write a page that its owner alone can read
# and hand it to the browser, in whose place stands a script that notes what it is asked to open.
#
# usage: html-menu.sh    needs Xvfb, wireshark, xdotool; exits with 3 where one is missing, with 1 when nothing is opened
#
# Builds tshark-post and the library first; AIRTONE_PROGRAMS names a folder that has both already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
for need in Xvfb wireshark xdotool; do
  command -v "$need" >/dev/null || { echo "skipped: $need is missing" >&2; exit 3; }
done
programs=${AIRTONE_PROGRAMS:-}
if [ -z "$programs" ]; then
  (cd "$root" && cargo build --quiet -p tshark-post -p airtone-cdylib)
  programs=${CARGO_TARGET_DIR:-$root/target}/debug
fi
programs=$(cd "$programs" && pwd)

scratch=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

export HOME=$scratch XDG_RUNTIME_DIR=$scratch/run AIRTONE_STATE=$scratch/state TMPDIR=$scratch/tmp
mkdir -p -m 700 "$XDG_RUNTIME_DIR" "$TMPDIR" "$scratch/bin" "$HOME/.config/wireshark"
printf '#!/bin/sh\necho "$@" >>"%s"\n' "$scratch/opened" >"$scratch/bin/xdg-open"
chmod +x "$scratch/bin/xdg-open"
# What the desktop prefers, by each of the names that Qt tries.
for name in chromium google-chrome firefox mozilla x-www-browser; do cp "$scratch/bin/xdg-open" "$scratch/bin/$name"; done
export PATH=$scratch/bin:$PATH BROWSER=$scratch/bin/xdg-open
"$programs/tshark-post" install >/dev/null

Xvfb -displayfd 3 -screen 0 1280x720x24 -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
pids+=($!)
for _ in $(seq 50); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY
wireshark -C Airtone -r "$root/tests/captures/relay-loss.pcapng" >"$scratch/wireshark.log" 2>&1 &
pids+=($!)

# Without a window manager some of its waits never end.
x() { timeout 5 xdotool "$@" 2>/dev/null; }

main=
for _ in $(seq 200); do
  main=$(x search --onlyvisible --name relay-loss | head -n 1) || true
  [ -n "$main" ] && break
  sleep 0.2
done
[ -n "$main" ] || { cat "$scratch/wireshark.log" >&2; exit 1; }
sleep 3

# Entries of Lua have no keys of their own and their place differs between versions: they are tried from below.
for up in $(seq 4 16); do
  x windowfocus "$main" || true
  x key alt+y || true
  sleep 0.3
  for _ in $(seq "$up"); do x key Up || true; done
  x key Return || true
  sleep 1
  [ -s "$scratch/opened" ] && break
  for window in $(x search --onlyvisible --name "Airtone:"); do x windowfocus "$window" && x key Escape || true; done
  x key Escape || true
done
[ -s "$scratch/opened" ] || { echo "the menu opened no page" >&2; exit 1; }

page=$(head -n 1 "$scratch/opened")
page=${page#file://}
mode=$(stat -c %a "$page")
[ "$mode" = 600 ] || { echo "$page can be read by others: mode $mode" >&2; exit 1; }
grep -q '6.3 % of packets lost' "$page" || { echo "$page is not the report" >&2; exit 1; }
echo "opened ${page##*/}, $(stat -c %s "$page") bytes, mode $mode"
