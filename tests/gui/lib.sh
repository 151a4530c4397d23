# lib.sh: sourced by the scripts beside it: the real Wireshark with Airtone installed, in a home of its own on a screen of its own.
#
# AIRTONE_PROGRAMS names a folder that has the programs and the library already; otherwise they are built.
# AIRTONE_SCRATCH names the folder for what is temporary, where /tmp will not do.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pids=()

# need TOOL...: ends with 3 where one is missing.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is missing" >&2; exit 3; }
  done
}

# build PACKAGE...: sets $programs.
build() {
  programs=${AIRTONE_PROGRAMS:-}
  if [ -z "$programs" ]; then
    local packages=() package
    for package in "$@"; do packages+=(-p "$package"); done
    (cd "$root" && cargo build --quiet "${packages[@]}")
    programs=${CARGO_TARGET_DIR:-$root/target}/debug
  fi
  programs=$(cd "$programs" && pwd)
}

finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}

# home: a HOME of its own, $scratch, with Airtone installed.
home() {
  scratch=$(mktemp -d)
  trap finish EXIT
  export HOME=$scratch XDG_RUNTIME_DIR=$scratch/run AIRTONE_STATE=$scratch/state
  mkdir -p -m 700 "$XDG_RUNTIME_DIR" "$HOME/.config/wireshark"
  "$programs/tshark-post" install >"$scratch/install.log"
}

# screen WIDTH HEIGHT: a screen of its own, which Wireshark's main window fills.
screen() {
  cat >"$HOME/.config/wireshark/recent_common" <<END
gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: $1
gui.geometry_main_height: $2
gui.geometry_main_maximized: FALSE
END
  Xvfb -displayfd 3 -screen 0 "$1x$2x24" -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
  pids+=($!)
  local _
  for _ in $(seq 50); do [ -s "$scratch/display" ] && break; sleep 0.1; done
  DISPLAY=:$(cat "$scratch/display")
  export DISPLAY
}

# start ARGUMENT...: Wireshark, whose process is $wireshark. stop: ends it.
start() {
  wireshark -C Airtone "$@" >"$scratch/wireshark.log" 2>&1 &
  wireshark=$!
  pids+=("$wireshark")
}

stop() {
  kill "$wireshark" 2>/dev/null || true
  wait "$wireshark" 2>/dev/null || true
}

fail() { echo "${0##*/}: $*" >&2; cat "$scratch/wireshark.log" >&2; exit 1; }

# Without a window manager some of its waits never end.
x() { timeout 5 xdotool "$@" 2>/dev/null; }

# window TITLE [TRIES]: the id of a visible window whose title holds this; waits for it.
window() {
  local _
  for _ in $(seq "${2:-100}"); do
    x search --onlyvisible --name "$1" | head -n 1 | grep . && return
    sleep 0.2
  done
  return 1
}

# opened CAPTURE: the main window once it shows the capture.
opened() {
  window "$1" 200 || fail "$1 does not open"
  sleep 3
}

# click WINDOW X Y [TIMES]
click() { x mousemove --window "$1" "$2" "$3" click --repeat "${4:-1}" --delay 80 1 || true; sleep 0.7; }

# from_telephony MAIN LOWEST CONDITION...: presses entries of the Telephony menu until the condition holds. Entries of Lua have no
# keys of their own. Up to 4.4 they lie in the menu itself, at a place that differs between versions: they are tried from below,
# the lowest one of them first. From 4.6 on they have a menu of their own, which is tried from above. Windows that open by mistake are
# closed.
from_telephony() {
  local main=$1 lowest=$2 place keys key other
  shift 2
  for place in $(seq 0 18); do
    keys=$(entry "$place" "$lowest")
    [ -n "$keys" ] || return 1
    x windowfocus "$main" || true
    x key alt+y || true
    sleep 0.4
    # One by one, as a menu must open in between.
    for key in $keys; do x key "$key" || true; done
    x key Return || true
    "$@" && return
    for other in $(x search --onlyvisible --name "Airtone:"); do x windowfocus "$other" && x key Escape || true; done
    x key Escape || true
  done
  return 1
}

# entry PLACE LOWEST: the keys that lead from the open menu to an entry; nothing where there are no more.
entry() {
  local ups=$(($1 + $2)) downs=$1
  case $(wireshark --version 2>/dev/null | head -n 1) in
    *" 4."[0-5].*) [ "$ups" -gt 18 ] || times "$ups" Up ;;
    *) [ "$downs" -gt 6 ] || echo "$(times 5 Up) Right $(times "$downs" Down)" ;;
  esac
}

times() { local _; for _ in $(seq "$1"); do printf '%s ' "$2"; done; }

# text_window MAIN LOWEST NAME: opens a text window of the plugin, moved and sized so that pictures of it can be compared.
text_window() {
  local found
  found=$(from_telephony "$1" "$2" window "Airtone: $3" 8) || fail "no window '$3' opens from the Telephony menu"
  x windowmove "$found" 0 0 || true
  x windowsize "$found" 1000 300 || true
  x windowraise "$found" || true
  sleep 1.5
  echo "$found"
}

# picture WINDOW NAME: of the whole screen (root) or of one window, into $out, in few colours: small enough for a repository.
picture() { import -window "$1" "$scratch/$2.png" && convert "$scratch/$2.png" -colors 64 -strip "PNG8:$out/$2.png"; }
