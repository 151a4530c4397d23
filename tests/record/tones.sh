#!/bin/bash
# tones.sh NAME WAV: what the caller of a tones fixture plays, or a side of a flow, 8 kHz, from its parts: digits by Q.23, tones of the
# network by E.180 and of fax machines by T.30, or music.
set -euo pipefail
NAME=$1 WAV=$2
PARTS=$(mktemp -d); trap 'rm -rf "$PARTS"' EXIT
n=100

part() {                                         # part SECONDS GAIN_DB FREQUENCY...: that many tones at once
  local seconds=$1 gain=$2 tones=(); shift 2
  for hz in "$@"; do tones+=(sine "$hz"); done
  n=$((n + 1)); sox -V1 -R -r 8000 -c $# -n -b 16 "$PARTS/$n.wav" synth "$seconds" "${tones[@]}" remix - gain -n "$gain" fade l 0.002 0 0.002
}

pause() { n=$((n + 1)); sox -V1 -r 8000 -c 1 -n -b 16 "$PARTS/$n.wav" trim 0 "$1"; }

digit() {                                        # digit DIGIT SECONDS GAIN_DB
  local rows=(697 770 852 941) columns=(1209 1336 1477 1633) keys="123A456B789C*0#D"
  local before=${keys%%"$1"*}; local place=${#before}
  part "$2" "$3" "${rows[place / 4]}" "${columns[place % 4]}"; pause "${4:-0.06}"
}

case $NAME in
  tones-digits) pause 0.5
    for key in 1 2 3 A 4 5 6 B 7 8 9 C '*' 0 '#' D; do digit "$key" 0.07 -6; done
    digit 5 0.045 -20; digit 5 0.045 -20; digit 8 0.4 -3 0.3;;
  tones-progress) pause 0.3
    part 1 -10 425; pause 0.5                    # ringback of Europe, a second of it
    part 2 -10 440 480; pause 0.4                # of North America
    for _ in 1 2 3; do part 0.5 -10 480 620; pause 0.5; done    # busy
    part 0.5 -10 1100; pause 0.3                 # CNG
    part 2.7 -10 2100; pause 0.3;;               # CED
  flow-ringback) part 1 -10 425; pause 4;;       # of Europe
  flow-cng) part 0.5 -10 1100; pause 3;;
  flow-ced) pause 0.2; part 2.7 -10 2100; pause 0.3;;
  tones-music | flow-music)
    for chord in "C3 E4 G4 C5" "A2 C4 E4 A4" "F2 A3 C4 F4" "G2 B3 D4 G5"; do
      args=(); for note in $chord; do args+=(pl "$note"); done
      n=$((n + 1)); sox -V1 -R -r 48000 -c 4 -n -r 8000 -b 16 "$PARTS/$n.wav" synth 1.4 "${args[@]}" remix - norm -3 fade 0 1.4 0.1
    done;;
  *) echo "tones.sh: nothing is named $NAME" >&2; exit 2;;
esac
sox -V1 "$PARTS"/*.wav -b 16 "$WAV"
