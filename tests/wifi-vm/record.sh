#!/bin/bash
# record.sh TARGET: boots the Wi-Fi VM once, runs job-outages.sh in it, and leaves wifi-outages.pcapng (what the sensor
# heard) and wifi-outages-air.pcapng (what was sent) in TARGET. AIRTONE_VM as for build.sh; TIMEOUT in s, 240.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export AIRTONE_VM=${AIRTONE_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/airtone-vm}
RESULT=$AIRTONE_VM/result
"$HERE/run.sh" "$HERE/job-outages.sh" "$RESULT" || { cat "$RESULT"/{console,job}.log; echo "record.sh: the job failed" >&2; exit 1; } >&2
editcap -F pcapng "$RESULT/mon0.pcap" "$1/wifi-outages.pcapng"
editcap -F pcapng "$RESULT/hwsim0.pcap" "$1/wifi-outages-air.pcapng"
