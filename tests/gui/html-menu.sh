#!/usr/bin/env bash
# The entry HTML report of the plugin's menu in the real Wireshark: it must write a page that its owner alone can read
# and hand it to the browser, in whose place stands a script that notes what it is asked to open.
#
# usage: html-menu.sh    needs Xvfb, wireshark, xdotool; exits with 3 where one is missing, with 1 when nothing is opened
#
# Builds tshark-post and the library first; AIRTONE_PROGRAMS names a folder that has both already.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need Xvfb wireshark xdotool
build tshark-post airtone-cdylib
home
export TMPDIR=$scratch/tmp
mkdir -p -m 700 "$TMPDIR" "$scratch/bin"
printf '#!/bin/sh\necho "$@" >>"%s"\n' "$scratch/opened" >"$scratch/bin/xdg-open"
chmod +x "$scratch/bin/xdg-open"
# What the desktop prefers, by each of the names that Qt tries.
for name in chromium google-chrome firefox mozilla x-www-browser; do cp "$scratch/bin/xdg-open" "$scratch/bin/$name"; done
export PATH=$scratch/bin:$PATH BROWSER=$scratch/bin/xdg-open
screen 1280 720
start -r "$root/tests/captures/relay-loss.pcapng"
main=$(opened relay-loss)

has_opened() { sleep 1; [ -s "$scratch/opened" ]; }
from_telephony "$main" 4 has_opened || fail "the menu opened no page"
page=$(head -n 1 "$scratch/opened")
page=${page#file://}
mode=$(stat -c %a "$page")
[ "$mode" = 600 ] || fail "$page can be read by others: mode $mode"
grep -q '6.3 % of packets lost' "$page" || fail "$page is not the report"
echo "opened ${page##*/}, $(stat -c %s "$page") bytes, mode $mode"
