#!/usr/bin/env bash
# The scripts beside this one in the newer Wiresharks that ../wiresharks/get.sh VERSION gui unpacks.
#
# usage: newer.sh 4.4|4.6 SCRIPT [FOLDER]    SCRIPT: screenshots, html-menu; FOLDER for its pictures (default: target/VERSION)
#
# Needs root. Exits with 3 where that Wireshark or its user interface is not there. Builds what is shown first, unless
# AIRTONE_PROGRAMS names its folder.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
version=${1:?} script=${2:?}
out=$(realpath -m "${3:-$root/target/$version}")
run=$root/tests/wiresharks/run.sh

"$run" "$version" true
"$run" "$version" which wireshark Xvfb >/dev/null || { echo "skipped: tests/wiresharks/get.sh $version gui" >&2; exit 3; }
build tshark-post airtone-cdylib
# There, an ordinary user writes.
mkdir -p -m 777 "$out"
chmod 777 "$out"
"$run" "$version" -b "$root:/repository" -b "$programs:/programs" -b "$out:/pictures" \
  env AIRTONE_PROGRAMS=/programs "/repository/tests/gui/$script.sh" /pictures
