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
. "$(dirname "$0")/lib.sh"
out=${1:-$root/target/screenshots}
capture=$root/tests/captures/relay-loss.pcapng
width=1280 height=720

need Xvfb wireshark tshark xdotool import convert montage
build tshark-post airtone-cdylib airtone-extcap
home
mkdir -p "$out"
screen $width $height
# As after View > Interface Toolbars > Airtone.
printf 'gui.geometry_main_upper_pane: 440\ngui.interface_toolbar_show: "Airtone"\n' >"$HOME/.config/wireshark/profiles/Airtone/recent"

# The list. The interfaces of programs have a gear in front, black unlike all else in its column, and those of Airtone come first.
start
window 'Wireshark Network Analyzer' 200 >/dev/null || fail "Wireshark does not start"
sleep 4
picture root interfaces
gears=$(convert "$scratch/interfaces.png" -crop 24x330+158+260 +repage -colorspace Gray -threshold 20% -negate \
  -trim -format '%O' info:)
first=$((260 + ${gears##*+} + 8))
place=0
for name in $("$programs/airtone-extcap" --extcap-interfaces | sed -n 's/^interface {value=\([^}]*\)}{display=\(.*\)}$/\2\t\1/p' | sort | cut -f2); do
  x mousemove 169 $((first + 18 * place)) click 1
  dialog=$(window "Interface Options.*$name") || fail "no options of $name"
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
window 'Airtone: replay' 200 >/dev/null || fail "no capture starts"
sleep 7
picture root live
# The button at the right end of the toolbar.
x mousemove $((width - 54)) 110 click 1
log=$(window 'Log' 50) || fail "no log opens"
sleep 1
picture "$log" log
stop

# What the extcap says when it cannot capture.
failure() { # PICTURE INTERFACE OPTION
  start -k -i "$2" -o "extcap.$2.$3"
  window 'Wireshark Network Analyzer' 200 >/dev/null || fail "Wireshark does not start"
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
