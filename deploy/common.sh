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
