#!/usr/bin/env bash
# Pictures of the HTML report in headless Chromium: light and dark, wide and narrow, with a call opened, and as PDF.
#
# usage: html-shots.sh [FOLDER]    writes NAME-light.png, NAME-dark.png, NAME-narrow.png, NAME.pdf, ladder.png
#                                  (default: target/html-shots)
#
# Needs chromium; pictures are made smaller where ImageMagick is there. Exits with 3 where chromium is missing.
# Builds tshark-post first; AIRTONE_PROGRAMS names a folder that has it already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=$(realpath -m "${1:-$root/target/html-shots}")

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  { echo "skipped: chromium is missing" >&2; exit 3; }
programs=${AIRTONE_PROGRAMS:-}
if [ -z "$programs" ]; then
  (cd "$root" && cargo build --quiet -p tshark-post)
  programs=${CARGO_TARGET_DIR:-$root/target}/debug
fi
programs=$(realpath "$programs")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$out"

# No sandbox: these pages are our own, and containers rarely have one.
chromium() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/profile" \
    --no-pdf-header-footer --virtual-time-budget=4000 "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }
}

# page NAME CAPTURE...: the report, and a copy in which every call is open, for the pictures only.
page() {
  local name=$1
  shift
  "$programs/tshark-post" report --quiet --format html ${sound:+--with-audio} -o "$scratch/$name.html" "$@"
  sed 's/<details>/<details open>/g' "$scratch/$name.html" >"$scratch/$name-open.html"
}

# shot NAME FILE WIDTH HEIGHT [ARGUMENT...]
shot() {
  local name=$1 file=$2 size=$3,$4
  shift 4
  chromium --window-size="$size" --screenshot="$out/$name.png" "$@" "file://$file"
  if command -v convert >/dev/null; then
    convert "$out/$name.png" +dither -colors 96 -strip "PNG8:$scratch/small.png" && mv "$scratch/small.png" "$out/$name.png"
  fi
}

for capture in relay-loss relay-jitter relay-speech wifi-outages; do
  sound=
  [ "$capture" = relay-speech ] && sound=yes
  (cd "$root/tests/captures" && page "$capture" "$capture.pcapng")
  high=2000
  [ "$capture" = wifi-outages ] && high=1120
  shot "$capture-light" "$scratch/$capture-open.html" 1180 "$high"
  shot "$capture-dark" "$scratch/$capture-open.html" 1180 "$high" --force-dark-mode --blink-settings=preferredColorScheme=0
  shot "$capture-narrow" "$scratch/$capture-open.html" 500 1700
  chromium --print-to-pdf="$out/$capture.pdf" "file://$scratch/$capture.html"
done
sound=
page all "$root"/tests/captures/*.pcapng
shot all-light "$scratch/all.html" 1180 2400

# The ladder of the fixture with most calls: what an attended transfer is made of.
for capture in "$root"/tests/captures/*{transfer,fork,hold}*.pcapng; do
  [ -e "$capture" ] || continue
  "$programs/tshark-post" flow --quiet --format html --call 1 -o "$scratch/ladder.html" "$capture"
  read -r wide high < <(sed -n 's/.* width="\([0-9]*\)" height="\([0-9]*\)" role.*/\1 \2/p' "$scratch/ladder.html" | head -n 1)
  shot ladder "$scratch/ladder.html" $((wide + 48)) $((high + 150))
  break
done
ls -l "$out"
