#!/usr/bin/env bash
# Pictures of the real Wireshark with the plugin and the profile Airtone, in a home of its own on a screen of its own.
#
# usage: screenshots.sh [FOLDER]    writes packets.png, calls.png, streams.png, findings.png (default: target/screenshots)
#
# Needs Xvfb, wireshark, xdotool and ImageMagick. Exits with 3 where one is missing, with 1 when a window does not open.
# In an unpacked 4.4: run.sh 4.4 -b REPOSITORY:/repo env AIRTONE_PROGRAMS=/repo/target/debug /repo/tests/gui/screenshots.sh /tmp/shots
# Builds tshark-post and the library first; AIRTONE_PROGRAMS names a folder that has both already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/target/screenshots}
capture=$root/tests/captures/relay-loss.pcapng
width=1280 height=720

for need in Xvfb wireshark tshark xdotool import convert; do
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
"$programs/tshark-post" install

# Size of the window; the packet list gets most of it.
cat >"$HOME/.config/wireshark/recent_common" <<END
gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: $width
gui.geometry_main_height: $height
gui.geometry_main_maximized: FALSE
END
printf 'gui.geometry_main_upper_pane: 440\n' >"$HOME/.config/wireshark/profiles/Airtone/recent"

Xvfb -displayfd 3 -screen 0 "${width}x${height}x24" -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
pids+=($!)
for _ in $(seq 50); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY

# A few packets after the third loss: rows of all colours are above it.
frame=$(tshark -r "$capture" -Y 'airtone.rtp.lost_before > 0' -T fields -e frame.number 2>/dev/null | sed -n 3p)
wireshark -C Airtone ${frame:+-g "$((frame + 4))"} -r "$capture" >"$scratch/wireshark.log" 2>&1 &
pids+=($!)

# Without a window manager some of its waits never end.
x() { timeout 5 xdotool "$@" 2>/dev/null; }

# The id of a visible window whose title holds a word; waits for it.
window() {
  for _ in $(seq "${2:-100}"); do
    x search --onlyvisible --name "$1" | head -n 1 | grep . && return
    sleep 0.2
  done
  return 1
}

main=$(window relay-loss 200) || { cat "$scratch/wireshark.log" >&2; exit 1; }
sleep 2

# A picture of the whole screen or of one window, in few colours: small enough for a repository.
picture() { import -window "$1" "$scratch/$2.png" && convert "$scratch/$2.png" -colors 64 -strip "PNG8:$out/$2.png"; }

picture root packets

# Opens an entry of the Telephony menu by its title. Entries of Lua have no keys of their own and their place differs between
# versions, so they are tried from below until the window comes; others that open are closed again.
open_from_telephony() {
  local title=$1 up
  for up in $(seq 4 16); do
    x windowfocus "$main" || true
    x key alt+y || true
    sleep 0.3
    for _ in $(seq "$up"); do x key Up || true; done
    x key Return || true
    window "$title" 6 && return
    x key Escape || true
  done
  echo "no window '$title' opens from the Telephony menu" >&2
  return 1
}

for name in calls streams findings; do
  found=$(open_from_telephony "Airtone: $name")
  x windowmove "$found" 0 0 || true
  x windowsize "$found" 1000 300 || true
  x windowraise "$found" || true
  sleep 1
  picture "$found" "$name"
  x windowfocus "$found" && x key Escape || true
  sleep 0.5
done
ls -l "$out"
