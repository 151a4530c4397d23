#!/bin/bash
# record.sh all|NAME...: records the fixtures of tests/captures from real peers and writes manifest.json anew.
# `record.sh list` names them; `record.sh manifest` only writes the manifest. See README.md.
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CAPTURES=$(cd "$HERE/../captures" && pwd)
export PATH=$PATH:/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE=1
WORK=$(mktemp -d); chmod 755 "$WORK"
. "$HERE/lib.sh"
trap 'hosts_down; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
die() { echo "record.sh: $*" >&2; exit 1; }

PACKAGES="kamailio sip-tester baresip-core tshark wireshark-common iproute2 sox espeak-ng python3 libspandsp2"
WIFI_PACKAGES="qemu-system-x86 busybox-static hostapd iw tcpdump"
SIPP="sipp-answered sipp-busy sipp-cancelled sipp-no-answer-480 sipp-no-answer-408 sipp-auth sipp-auth-failed sipp-timer-422
  sipp-tcp sipp-ipv6 sipp-hold sipp-retransmission sipp-register sipp-register-failed"
BARESIP="baresip-g711-dtmf baresip-g722 baresip-opus baresip-srtp baresip-video"
RELAY="relay-loss relay-burst relay-duplicate relay-reorder relay-jitter relay-speech relay-dtmf"
TONES="tones-digits tones-progress tones-music"
WIFI="wifi-outages"
FLOWS=$(python3 "$HERE/flows/flows.py" list)

need() {                                         # need PACKAGES TOOL...
  local packages=$1; shift
  for t in "$@"; do command -v "$t" > /dev/null || die "$t is missing: apt-get install $packages"; done
}

speech() {                                       # what the peers say, at the rates that they want
  espeak-ng -w "$WORK/say.wav" "The quick brown fox jumps over the lazy dog near the river bank, while the band plays a slow march in the park."
  sox -V1 "$WORK/say.wav" -r 8000 -c 1 -t ul "$WORK/say.ulaw"
  for r in 8000 16000; do sox -V1 "$WORK/say.wav" -r $r -b 16 -c 1 "$WORK/say-$r.wav" repeat 2; done
  sox -V1 "$WORK/say.wav" -r 48000 -b 16 -c 2 "$WORK/say-48000.wav" repeat 2        # Opus in RTP is always stereo
}

sipp_call() {                                    # sipp_call UAS UAC TALK_MS [UAS_WAIT_MS [SIPP_ARGS...]]
  sipp_run -sf "$(scenario "$1")" -d "${4:-1}" "${@:5}" -- -sf "$(scenario "$2")" -d "$3" "${@:5}"
}

sipp_refusal() {                                 # sipp_refusal FIRST FINAL WAIT_MS
  sipp_run -sf "$(scenario uas-refuse "$1" "$2")" -d "$3" -- -sf "$(scenario uac-refused)"
}

sipp_fixture() {
  hosts direct; capture_start "$1"
  case $1 in
    sipp-answered) sipp_call uas-call uac-call 4000;;
    sipp-busy) sipp_refusal "100 Trying" "486 Busy Here" 300;;
    sipp-cancelled) sipp_call uas-cancelled uac-cancel 2500;;
    sipp-no-answer-480) sipp_refusal "180 Ringing" "480 Temporarily Unavailable" 3000;;
    sipp-no-answer-408) sipp_refusal "180 Ringing" "408 Request Timeout" 3000;;
    sipp-auth) sipp_call uas-auth uac-auth 2000;;
    sipp-auth-failed) sipp_call uas-auth-refuse uac-auth-failed 1;;
    sipp-timer-422) sipp_call uas-timer uac-timer 2000;;
    sipp-tcp) sipp_call uas-call uac-call 2500 1 -t t1;;
    sipp-ipv6) SIPP_V6=1 sipp_call uas-call uac-call 2500;;
    sipp-hold) sipp_call uas-hold uac-hold 1500;;
    sipp-retransmission) sipp_call uas-call uac-call 1500 700;;
    sipp-register) sipp_run -sf "$(scenario uas-register)" -- -sf "$(scenario uac-register alice)";;
    sipp-register-failed)
      sipp_run -sf "$(scenario uas-register-refuse "" "403 Forbidden")" -- -sf "$(scenario uac-register-refused mallory)"
      sipp_run -sf "$(scenario uas-register-refuse "" "404 Not Found")" -- -sf "$(scenario uac-register-refused nobody)"
      sipp_run -sf "$(scenario uas-register-mute)" -- -sf "$(scenario uac-register-unheard alice)";;
  esac
  capture_stop "$1"
}

baresip_fixture() {
  hosts direct; capture_start "$1"
  case $1 in
    baresip-g711-dtmf)
      baresip_call pcma 8000 2
      dial_digits; sleep 2.4; tell alice '/hangup\n';;
    baresip-g722) baresip_call G722/16000/1 16000 6.5; tell bob '/hangup\n';;
    baresip-opus) baresip_call opus/48000/2 48000 12; tell alice '/hangup\n';;
    baresip-srtp) ACCOUNT=";mediaenc=srtp-mand" MODULES="module srtp.so" baresip_call pcma 8000 1.5; tell alice '/hangup\n';;
    baresip-video)
      ACCOUNT=";video_codecs=VP8" MODULES=$'module vp8.so\nmodule fakevideo.so\nvideo_source fakevideo,nil\nvideo_display fakevideo,nil\nvideo_size 176x144\nvideo_bitrate 64000\nvideo_fps 5' \
        baresip_call pcma 8000 2
      tell bob '/hangup\n';;
  esac
  sleep 0.5; capture_stop "$1"
}

dial_digits() {                                  # alice dials 4 2 #; \004 releases the key
  local digit
  for digit in 4 2 '#'; do tell alice "$digit"; sleep 0.16; tell alice '\004'; sleep 0.25; done
}

baresip_call() {                                 # baresip_call CODEC RATE TALK_S [CALLED_ADDRESS]
  agent alice "audio_codecs=$1${ACCOUNT:-}" "aufile,$WORK/say-$2.wav" ${MODULES:+"$MODULES"}
  agent bob "audio_codecs=$1${ACCOUNT:-}" "aufile,$WORK/say-$2.wav" ${MODULES:+"$MODULES"}
  tell alice "/dial sip:bob@${4:-192.0.2.20}\n"; sleep 1; tell bob a
  for _ in $(seq 30); do grep -q "Call established" "$WORK/alice/log" && break; sleep 0.1; done
  grep -q "Call established" "$WORK/alice/log" || { cat "$WORK"/{alice,bob}/log; die "baresip: the call was not established"; }
  sleep "$3"
}

relay_start() {                                  # relay_start KIND SEED PORTS
  (exec ip netns exec "$R" python3 "$HERE/relay.py" "$1" --seed "$2" --media "$3" --log "$WORK/relay.csv") & RELAY_PID=$!
  BG+=($RELAY_PID); sleep 0.5
}

relay_fixture() {
  hosts relayed; capture_start "$1"
  local SIPP_PEER=192.0.2.30
  case $1 in
    relay-loss) relay_start loss 5 20000-20011; baresip_call pcma 8000 6 $SIPP_PEER; tell alice '/hangup\n';;
    relay-burst) relay_start burst 7 20000-20011; baresip_call G722/16000/1 16000 6 $SIPP_PEER; tell bob '/hangup\n';;
    relay-jitter) relay_start jitter 11 20000-20011; baresip_call opus/48000/2 48000 7 $SIPP_PEER; tell alice '/hangup\n';;
    relay-dtmf) relay_start dtmf 29 20000-20011; baresip_call pcma 8000 1 $SIPP_PEER; dial_digits; sleep 0.5; tell alice '/hangup\n';;
    relay-duplicate) relay_start duplicate 13 6000-6003; sipp_call uas-call uac-call 5000;;
    relay-reorder) relay_start reorder 17 6000-6003; sipp_call uas-call uac-call 5000;;
    relay-speech) cp "$WORK/say.ulaw" "$CAPTURES/$1.ulaw"      # what was said, sample by sample
      relay_start speech 23 6000-6003; sipp_call uas-call uac-call 6000;;
  esac
  sleep 0.5; capture_stop "$1"
  kill "$RELAY_PID"; wait "$RELAY_PID"; cp "$WORK/relay.csv" "$CAPTURES/$1.csv"
}

tones_fixture() {                                # the caller plays tones or music instead of speech
  hosts direct; capture_start "$1"
  "$HERE/tones.sh" "$1" "$WORK/say.wav" || die "there are no tones"
  sox -V1 "$WORK/say.wav" -t ul "$WORK/say.ulaw"
  sipp_call uas-call uac-call "$(soxi -D "$WORK/say.wav" | sed 's/\.\(...\).*/\1/')"
  capture_stop "$1"; speech
}

flow_fixture() {
  case $1 in
    flow-agent*) hosts relayed; agent_between; AT=$R AT_DEVICE="inside outside";;   # as a sensor at the agent sees it
    *) hosts switched;;
  esac
  case $1 in
    flow-forked | flow-answered-elsewhere | flow-forwarded*) server_start;;&
    flow-answered-elsewhere) AT=$B AT_DEVICE=eth0;;                            # at the phone that did not answer
  esac
  rm -f "$WORK/fax.csv"
  capture_start "$1"; play_flow "$1"; sleep 0.3; capture_stop "$1"
  case $1 in flow-t38-fax | flow-t38-loss | flow-t38-failed)                 # what the fax terminals did
    cp "$WORK/fax.csv" "$CAPTURES/$1.csv" || die "the fax terminals left no log";; esac
}

flow_sounds() {                                  # what the sides of a flow play beside speech
  local tone
  for tone in ringback music cng ced; do
    "$HERE/tones.sh" "flow-$tone" "$WORK/tone.wav" && sox -V1 "$WORK/tone.wav" -t ul "$WORK/$tone.ulaw" || die "there is no $tone"
  done
  tshark -n -r "$CAPTURES/tones-music.pcapng" -Y "rtp && ip.src == 192.0.2.10" -F pcap -w "$WORK/all.pcap" \
    && editcap -F pcap -r "$WORK/all.pcap" "$WORK/music.pcap" 1-75 || die "there is no recorded music"
}

wifi_fixture() { "$HERE/../wifi-vm/record.sh" "$CAPTURES" || die "the Wi-Fi recording failed"; }

names="$SIPP $BARESIP $RELAY $TONES $FLOWS $WIFI"
[ $# -gt 0 ] || die "usage: record.sh all|list|manifest|NAME..."
[ "$1" = list ] && { printf '%s\n' $names; exit 0; }
only=()                                          # written anew in the manifest; all when empty
case $1 in manifest) set --;; all) set -- $names;; *) only=("$@");; esac
need "$PACKAGES" python3 tshark editcap reordercap
if [ $# -gt 0 ]; then
  [ "$(id -u)" = 0 ] || die "network namespaces need root"
  need "$PACKAGES" kamailio sipp baresip dumpcap ip sox espeak-ng
  python3 -c 'import ctypes; ctypes.CDLL("libspandsp.so.2")' || die "libspandsp is missing: apt-get install $PACKAGES"
  speech; flow_sounds
fi
for name in "$@"; do
  case " $(echo $names) " in *" $name "*) ;; *) die "no fixture is named $name; try: record.sh list";; esac
done
for name in "$@"; do
  echo "record.sh: $name"
  case $name in sipp-*) sipp_fixture "$name";; baresip-*) baresip_fixture "$name";; relay-*) relay_fixture "$name";;
    tones-*) tones_fixture "$name";; flow-*) flow_fixture "$name";;
    wifi-*) need "$WIFI_PACKAGES" qemu-system-x86_64 busybox hostapd iw tcpdump; wifi_fixture;; esac
  hosts_down
done
python3 "$HERE/manifest.py" "$CAPTURES" ${only[@]+"${only[@]}"} || die "the manifest was not written"
