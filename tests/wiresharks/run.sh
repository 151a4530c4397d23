#!/usr/bin/env bash
# Runs a program of an unpacked Wireshark as an ordinary user: as root, 4.2 and later skip personal Lua scripts in silence.
#
# usage: run.sh 4.4|4.6 [-b HOSTDIR:DIR]... COMMAND [ARG...]
#
# -b shows a host folder inside at DIR, in a mount namespace of the program's own: nothing stays mounted. Never downloads;
# exits with 3 where get.sh has not been run. Inside: HOME=/home/user, no other variable of the caller but DISPLAY and
# those named in $AIRTONE_PASS (NAME=VALUE words). Needs root.
set -euo pipefail

case ${1:-} in
  4.4) suite=trixie ;;
  4.6) suite=sid ;;
  *) sed -n '4s/^# //p' "$0" >&2; exit 2 ;;
esac
shift
root=${AIRTONE_WIRESHARKS:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-wiresharks}/$suite
[ -f "$root/.done-cli" ] || { echo "no $suite in $(dirname "$root"): tests/wiresharks/get.sh fetches it" >&2; exit 3; }

binds=()
while [ "${1:-}" = -b ]; do
  binds+=("$2")
  shift 2
done

exec unshare --mount bash -c '
  set -e
  root=$1 count=$2
  shift 2
  mount -t proc proc "$root/proc" 2>/dev/null || true
  mount --bind /dev "$root/dev" 2>/dev/null || true
  for ((i = 0; i < count; i++)); do
    mkdir -p "$root${1#*:}"
    mount --bind "${1%%:*}" "$root${1#*:}"
    shift
  done
  exec chroot --userspec=user:user "$root" \
    env -i HOME=/home/user PATH=/usr/bin:/bin LANG=C.UTF-8 DISPLAY="${DISPLAY:-}" ${AIRTONE_PASS:-} "$@"
' run "$root" "${#binds[@]}" ${binds[@]+"${binds[@]}"} "$@"
