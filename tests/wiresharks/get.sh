#!/usr/bin/env bash
# Unpacks a newer tshark (and Wireshark) from a newer Debian suite into a cache folder; nothing is installed on the host.
#
# usage: get.sh 4.4|4.6 [gui]     prints the root folder; run.sh runs programs in it
#
# 4.4 is Debian trixie. 4.6 is sid, whatever sid has on the day: the version found is printed. `gui` adds Wireshark, Xvfb,
# xdotool and ImageMagick. Needs root and debootstrap. The folder is $AIRTONE_WIRESHARKS, else airtone-wiresharks in the
# user's cache folder.
set -euo pipefail

usage() { sed -n '4s/^# //p' "$0" >&2; exit 2; }
wanted=${1:-}
gui=${2:-}
case $wanted in
  4.4) suite=trixie ;;
  4.6) suite=sid ;;
  *) usage ;;
esac
[ -z "$gui" ] || [ "$gui" = gui ] || usage

root=${AIRTONE_WIRESHARKS:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-wiresharks}/$suite
done_mark=$root/.done-${gui:-cli}
log=$root.log

fail() { echo "$1" >&2; [ ! -f "$log" ] || tail -n 5 "$log" >&2; exit 1; }

# The mirror that this machine's own apt uses.
mirror() {
  awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null | grep . && return
  awk '/^deb / { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null |
    grep . || echo http://deb.debian.org/debian
}

bootstrap() {
  command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
  [ "$(id -u)" = 0 ] || fail "debootstrap and chroot need root"
  # An older debootstrap does not know a newer suite, whose steps are those of sid.
  local scripts=/usr/share/debootstrap/scripts script=$suite
  [ -e "$scripts/$suite" ] || script=sid
  rm -rf "$root.new"
  mkdir -p "$(dirname "$root")"
  debootstrap --variant=minbase "$suite" "$root.new" "$(mirror)" "$scripts/$script" >"$log" 2>&1 ||
    fail "debootstrap of $suite failed:"
  cp /etc/resolv.conf /etc/hosts "$root.new/etc/" 2>/dev/null || true
  cp /etc/apt/apt.conf.d/*proxy* "$root.new/etc/apt/apt.conf.d/" 2>/dev/null || true
  chroot "$root.new" useradd --create-home user >>"$log" 2>&1 || fail "no user in $root.new:"
}

packages() {
  local names="tshark lua5.4 procps"
  [ -z "$gui" ] || names="$names wireshark xvfb xauth imagemagick xdotool libxcb-cursor0 fonts-dejavu-core"
  # A mirror may hold an index older than its date of expiry.
  chroot "$1" sh -c "apt-get update -qq -o Acquire::Check-Valid-Until=false &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $names" >>"$log" 2>&1 ||
    fail "installing $names failed:"
  rm -rf "$1"/var/cache/apt/archives/*.deb
}

if [ ! -f "$root/.done-cli" ]; then
  bootstrap
  packages "$root.new"
  # Only a finished root gets the name that run.sh looks for.
  rm -rf "$root"
  mv "$root.new" "$root"
  touch "$root/.done-cli"
elif [ ! -f "$done_mark" ]; then
  packages "$root"
fi
touch "$done_mark"

chroot "$root" tshark --version 2>/dev/null | head -n 1 >&2
echo "$root"
