#!/usr/bin/env bash
# Pictures of live capture in the real Wireshark, in a home of its own on a screen of its own.
#
# usage: extcap-shots.sh [FOLDER]    (default: target/screenshots)
#
# Writes interfaces.png (the list), options-NAME.png (the options of each interface of Airtone), mirror-options.png (all tabs of
# those of a mirror), live.png (a call that is being captured, with its MOS in the columns and in the toolbar), log.png (the log
# window), failure.png (a file that is not there), failure-mirror.png (a network interface that is not there).
#
# Needs Xvfb, wireshark, xdotool and ImageMagick. Exits with 3 where one is missing, with 1 when a window does not open.
# Builds what it shows first; AIRTONE_PROGRAMS names a folder that has tshark-post, airtone-extcap and the library already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/target/screenshots}
capture=$root/tests/captures/relay-loss.pcapng
width=1280 height=720

for need in Xvfb wireshark tshark xdotool import convert montage; do
  command -v "$need" >/dev/null || { echo "skipped: $need is missing" >&2; exit 3; }
done
programs=${AIRTONE_PROGRAMS:-}
if [ -z "$programs" ]; then
  (cd "$root" && cargo build --quiet -p tshark-post -p airtone-cdylib -p airtone-extcap)
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

cat >"$HOME/.config/wireshark/recent_common" <<END
gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: $width
gui.geometry_main_height: $height
gui.geometry_main_maximized: FALSE
END
# As after View > Interface Toolbars > Airtone.
printf 'gui.geometry_main_upper_pane: 440\ngui.interface_toolbar_show: "Airtone"\n' >"$HOME/.config/wireshark/profiles/Airtone/recent"

Xvfb -displayfd 3 -screen 0 "${width}x${height}x24" -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
pids+=($!)
for _ in $(seq 50); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY

# Without a window manager some of its waits never end.
x() { timeout 5 xdotool "$@" 2>/dev/null; }

# The id of a visible window whose title holds a word; waits for it.
window() {
  for _ in $(seq "${2:-100}"); do
    x search --onlyvisible --name "$1" | head -n 1 | grep . && return
    sleep 0.2
  done
  echo "no window '$1' opens" >&2
  return 1
}

# A picture of the whole screen or of one window, in few colours: small enough for a repository.
picture() { import -window "$1" "$scratch/$2.png" && convert "$scratch/$2.png" -colors 64 -strip "PNG8:$out/$2.png"; }

start() {
  wireshark -C Airtone "$@" >"$scratch/wireshark.log" 2>&1 &
  wireshark=$!
  pids+=("$wireshark")
}

stop() {
  kill "$wireshark" 2>/dev/null || true
  wait "$wireshark" 2>/dev/null || true
}

# The list. The interfaces of programs have a gear in front, black unlike all else in its column, and those of Airtone come first.
start
main=$(window 'Wireshark Network Analyzer' 200)
sleep 4
picture root interfaces
gears=$(convert "$scratch/interfaces.png" -crop 24x330+158+260 +repage -colorspace Gray -threshold 20% -negate \
  -trim -format '%O' info:)
first=$((260 + ${gears##*+} + 8))
place=0
for name in $("$programs/airtone-extcap" --extcap-interfaces | sed -n 's/^interface {value=\([^}]*\)}{display=\(.*\)}$/\2\t\1/p' | sort | cut -f2); do
  x mousemove 169 $((first + 18 * place)) click 1
  dialog=$(window "Interface Options.*$name")
  sleep 1
  picture "$dialog" "options-$name"
  if [ "$name" = airtone_mirror ]; then
    # The middles of the tabs.
    for tab in Source:46 Filter:112 Privacy:179 Debug:247; do
      x mousemove --window "$dialog" "${tab#*:}" 26 click 1
      sleep 1
      import -window "$dialog" "$scratch/tab-${tab%:*}.png"
    done
    (cd "$scratch" && montage tab-Source.png tab-Filter.png tab-Privacy.png tab-Debug.png -tile 2x2 -geometry +4+4 mirror.png)
    convert "$scratch/mirror.png" -colors 64 -strip "PNG8:$out/mirror-options.png"
  fi
  x windowfocus "$dialog" || true
  x key Escape || true
  sleep 1
  place=$((place + 1))
done
stop

# A call that is being captured.
start -k -i airtone_replay -o "extcap.airtone_replay.file:$capture" -o extcap.airtone_replay.loop:true
main=$(window 'Airtone: replay' 200)
sleep 7
picture root live
# The button at the right end of the toolbar.
x mousemove $((width - 54)) 110 click 1
log=$(window 'Log' 50)
sleep 1
picture "$log" log
stop

# What the extcap says when it cannot capture.
failure() { # PICTURE INTERFACE OPTION
  start -k -i "$2" -o "extcap.$2.$3"
  main=$(window 'Wireshark Network Analyzer' 200)
  # The dialog has no title of its own: it is the second window.
  for _ in $(seq 100); do
    [ "$(x search --onlyvisible --class wireshark | wc -l)" -ge 2 ] && break
    sleep 0.2
  done
  sleep 1
  picture root "$1"
  stop
}
failure failure airtone_replay file:/nonexistent.pcapng
failure failure-mirror airtone_mirror source:eth9
ls -l "$out"
