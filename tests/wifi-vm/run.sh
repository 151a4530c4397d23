#!/bin/bash
# run.sh JOB RESULT [FILE...]: boots the Wi-Fi VM once and runs JOB in it as root. The files are in /tmp/bin, which is in its
# PATH; shared libraries that programs among them need and the VM lacks are in /tmp/bin/lib. What the job leaves in its
# working directory comes to RESULT, with job.log and console.log. Exit status: the job's; 98 when it left none.
# AIRTONE_VM as for build.sh; TIMEOUT in s, 240.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export AIRTONE_VM=${AIRTONE_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-vm}
OUT=$AIRTONE_VM/out; JOB=$1; RESULT=$2; shift 2
"$HERE/build.sh" --if-stale
rm -rf "$RESULT"; mkdir -p "$RESULT/bin"; cp "$JOB" "$RESULT/job.sh"; cp "$HERE/vmlib.sh" "$RESULT/"
for file in "$@"; do
  if [ "$(head -c 4 "$file" | tail -c 3)" != ELF ]; then cp "$file" "$RESULT/bin/"; continue; fi
  strip -o "$RESULT/bin/$(basename "$file")" "$file"
  { ldd "$file" || true; } | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
    [ -e "$AIRTONE_VM/cache/root$library" ] || install -D "$(readlink -f "$library")" "$RESULT/bin/lib/$(basename "$library")"; done
done
# The clock is QEMU's: on a busy host the guest would measure the processor's wrongly, and its time would race.
# TCG and one CPU on purpose: nested KVM may open and then hang, and a second emulated CPU only slows it down.
timeout "${TIMEOUT:-240}" qemu-system-x86_64 -M pc -accel tcg,thread=multi -cpu max -m 768 -smp 1 \
  -nographic -no-reboot -nodefaults -serial stdio -monitor none -kernel "$OUT/vmlinux" -initrd "$OUT/initrd.cpio" \
  -virtfs local,path="$RESULT",mount_tag=share,security_model=none,id=share \
  -append "console=ttyS0 panic=-1 quiet loglevel=4 nokaslr mitigations=off clocksource=hpet no_timer_check random.trust_cpu=on" \
  > "$RESULT/console.log" 2>&1 < /dev/null || true
exit "$(cat "$RESULT/job.rc" 2> /dev/null || echo 98)"
