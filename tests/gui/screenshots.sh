#!/usr/bin/env bash
# Pictures of the real Wireshark with the plugin and the profile Airtone, in a home of its own on a screen of its own.
#
# usage: screenshots.sh [FOLDER]    writes packets.png, calls.png, streams.png, findings.png (default: target/screenshots)
#
# Needs Xvfb, wireshark, xdotool and ImageMagick. Exits with 3 where one is missing, with 1 when a window does not open.
# Builds tshark-post and the library first; AIRTONE_PROGRAMS names a folder that has both already. newer.sh runs it in
# newer Wiresharks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
out=${1:-$root/target/screenshots}
capture=$root/tests/captures/relay-loss.pcapng

need Xvfb wireshark tshark xdotool import convert
build tshark-post airtone-cdylib
home
mkdir -p "$out"
screen 1280 720
# The packet list gets most of the window.
printf 'gui.geometry_main_upper_pane: 440\n' >"$HOME/.config/wireshark/profiles/Airtone/recent"

# A few packets after the third loss: rows of all colours are above it.
frame=$(tshark -r "$capture" -Y 'airtone.rtp.lost_before > 0' -T fields -e frame.number 2>/dev/null | sed -n 3p)
start ${frame:+-g "$((frame + 4))"} -r "$capture"
main=$(opened relay-loss)
picture root packets

for name in calls streams findings; do
  found=$(text_window "$main" 4 "$name")
  picture "$found" "$name"
  x windowfocus "$found" && x key Escape || true
  sleep 0.5
done
ls -l "$out"
