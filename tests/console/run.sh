#!/usr/bin/env bash
# Tests the console's pages in a real browser (Debian's chromium, headless).
#
#   run.sh COMMAND...    starts COMMAND, which must serve the room at THRONG_CONSOLE_URL, and ends it afterwards
#   run.sh               tests the console that runs at THRONG_CONSOLE_URL (http://127.0.0.1:8399)
#
# THRONG_CONSOLE_USER and THRONG_CONSOLE_PASSWORD (demo, demo) log in. Screenshots go to target/console-screenshots.
set -euo pipefail
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export THRONG_CONSOLE_URL="${THRONG_CONSOLE_URL:-http://127.0.0.1:8399}"
if [ $# -gt 0 ]; then
  "$@" &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
fi
cd "$folder"
npm ci --no-audit --no-fund --silent
node --test --test-concurrency=1 --test-reporter=spec ./*.test.mjs
