#!/bin/bash
# build.sh [--if-stale]: makes vmlinux and initrd.cpio of the Wi-Fi VM from Debian's own packages. Needs no root and installs
# nothing. With --if-stale only where they are missing or older than this folder. Exit status 2: something is not there.
#   AIRTONE_VM   where everything is written; default ${XDG_CACHE_HOME:-$HOME/.cache}/airtone-vm
#   KPKG         the kernel package; default: what linux-image-amd64 depends on
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
VM=${AIRTONE_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-vm}
CACHE=$VM/cache; OUT=$VM/out
mkdir -p "$CACHE" "$OUT"
exec 9> "$VM/lock"; flock 9                                  # one build at a time
export PATH=$PATH:/usr/sbin:/sbin
for t in apt-get dpkg-deb python3 busybox hostapd hostapd_cli wpa_supplicant wpa_cli iw tcpdump ip; do
  command -v "$t" > /dev/null || { echo "build.sh: $t is missing: apt-get install busybox-static hostapd wpasupplicant iw tcpdump iproute2 python3" >&2; exit 2; }
done
if [ "${1:-}" = --if-stale ] && [ -z "$(find "$HERE/build.sh" "$HERE/init" "$HERE/kernel.py" -newer "$OUT/initrd.cpio" 2>&1)" ]; then exit 0; fi
cd "$CACHE"

# The kernel and the regulatory database: downloaded once, unpacked, never installed.
KPKG=${KPKG:-$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/{print $2; exit}')}
KVER=${KPKG#linux-image-}
[ -n "$KVER" ] || { echo "build.sh: no kernel package known: apt-get update, or set KPKG" >&2; exit 2; }
for p in "$KPKG" wireless-regdb; do ls "${p}"_*.deb > /dev/null 2>&1 || apt-get download -qq "$p" || { echo "build.sh: $p cannot be downloaded" >&2; exit 2; }; done
K=unpacked-$KVER
if [ ! -d "$K" ]; then
  rm -rf "$K.tmp"; mkdir "$K.tmp"
  for p in "$KPKG" wireless-regdb; do dpkg-deb -x "$(ls "${p}"_*.deb | tail -1)" "$K.tmp"; done
  mv "$K.tmp" "$K"
fi

R=$CACHE/root; rm -rf "$R"
mkdir -p "$R"/{bin,sbin,usr/sbin,lib/firmware,lib64,proc,sys,dev,tmp,etc,share,var/run}
cp "$(readlink -f "$(command -v busybox)")" "$R/bin/busybox"
for a in $(busybox --list); do [ "$a" = busybox ] || ln -sf busybox "$R/bin/$a"; done
for b in hostapd hostapd_cli wpa_supplicant wpa_cli iw ip tcpdump; do     # dynamic programs with their libraries
  path=$(command -v $b); install -D -m755 "$path" "$R/usr/sbin/$b"
  ldd "$path" | grep -oE '/[^ ]+\.so[^ ]*' | while read -r l; do
    [ -e "$R$l" ] || install -D -m755 "$(readlink -f "$l")" "$R$l"; done
done
# Programs under test come by the share; what they are linked with beside the libraries above:
for l in $(ldconfig -p | awk '/libgcc_s.so.1|libm.so.6/ && /x86-64/{print $NF}'); do
  [ -e "$R$l" ] || install -D -m755 "$(readlink -f "$l")" "$R$l"; done
# Debian's signature of the database, because the kernel is Debian's.
for f in regulatory.db regulatory.db.p7s; do
  for s in "$K/lib/firmware/$f-debian" "$K/lib/firmware/$f"; do [ -f "$s" ] && cp "$s" "$R/lib/firmware/$f" && break; done; done
python3 "$HERE/kernel.py" "$K/boot/vmlinuz-$KVER" "$OUT/vmlinux" "$K/lib/modules/$KVER" "$R/modules" \
  mac80211_hwsim 9p 9pnet_virtio virtio_pci ccm ctr gcm cmac aes_generic ghash_generic
install -m755 "$HERE/init" "$R/init"
echo "root:x:0:0:root:/:/bin/sh" > "$R/etc/passwd"; echo "root:x:0:" > "$R/etc/group"
(cd "$R" && find . | busybox cpio -o -H newc 2> /dev/null) > "$OUT/initrd.cpio.tmp"
mv "$OUT/initrd.cpio.tmp" "$OUT/initrd.cpio"
echo "build.sh: kernel $KVER, $(du -h "$OUT/initrd.cpio" | cut -f1) initrd in $OUT"
