#!/bin/bash
# record.sh TARGET: boots the Wi-Fi VM once, runs job-outages.sh in it, and leaves wifi-outages.pcapng (what the sensor
# heard) and wifi-outages-air.pcapng (what was sent) in TARGET. AIRTONE_VM as for build.sh; TIMEOUT in s, 240.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export AIRTONE_VM=${AIRTONE_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-vm}
OUT=$AIRTONE_VM/out; RESULT=$AIRTONE_VM/result
"$HERE/build.sh"
rm -rf "$RESULT"; mkdir -p "$RESULT"; cp "$HERE/job-outages.sh" "$RESULT/job.sh"
# TCG and one CPU on purpose: nested KVM may open and then hang, and a second emulated CPU only slows it down.
timeout "${TIMEOUT:-240}" qemu-system-x86_64 -M pc -accel tcg,thread=multi -cpu max -m 512 -smp 1 \
  -nographic -no-reboot -nodefaults -serial stdio -monitor none -kernel "$OUT/vmlinux" -initrd "$OUT/initrd.cpio" \
  -virtfs local,path="$RESULT",mount_tag=share,security_model=none,id=share \
  -append "console=ttyS0 panic=-1 quiet loglevel=4 nokaslr mitigations=off tsc=reliable random.trust_cpu=on" \
  > "$RESULT/console.log" 2>&1 < /dev/null || true
[ "$(cat "$RESULT/job.rc" 2> /dev/null)" = 0 ] || { cat "$RESULT"/{console,job}.log; echo "record.sh: the job failed" >&2; exit 1; } >&2
editcap -F pcapng "$RESULT/mon0.pcap" "$1/wifi-outages.pcapng"
editcap -F pcapng "$RESULT/hwsim0.pcap" "$1/wifi-outages-air.pcapng"
