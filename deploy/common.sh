# shellcheck shell=bash
# Shared by the scripts of deploy/ and .ci/run: step headings, failures and quiet commands.
# Everything here writes to stderr; stdout belongs to the program that is run.
# shellcheck disable=SC2034 # the variables are read by the scripts that source this

repo_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# Where setup keeps what is neither a Debian package nor built from this tree; the program looks here too.
throng_home="${THRONG_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/throng}"

# rustup installs here without changing the PATH of shells that are already open.
if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
  PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

# The moment the outermost script began: nested scripts count on from it.
export THRONG_STEPS_BEGAN="${THRONG_STEPS_BEGAN:-$(date +%s)}"

# step TEXT: a heading with the time since the start.
step() {
  printf '== %4d s  %s\n' "$(($(date +%s) - THRONG_STEPS_BEGAN))" "$*" >&2
}

# note TEXT: something worth knowing that is no failure.
note() {
  printf '   %s\n' "$*" >&2
}

# fail TEXT: what is wrong and what to do; ends the script.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly COMMAND...: runs it and shows its output only when it fails.
quietly() {
  local log status=0
  log="$(mktemp)"
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    printf 'error: "%s" ended with status %d; its output is above\n' "$*" "$status" >&2
  fi
  rm -f "$log"
  return "$status"
}

# The Node that drives a browser in the tests: the machine's, or the one that setup fetched.
node_needed=20
# find_node: makes it the one that is called; fails where there is none.
find_node() {
  local found=0
  ! command -v npm >/dev/null 2>&1 || found="$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')"
  [ "${found:-0}" -lt "$node_needed" ] || return 0
  [ -x "$throng_home/node/bin/npm" ] || return 1
  PATH="$throng_home/node/bin:$PATH"
}
