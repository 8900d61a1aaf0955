#!/usr/bin/env bash
# Tests the console's pages in a real browser (Debian's chromium, headless; another one is named by CHROMIUM).
#
#   run.sh                 all tests
#   run.sh shift screens   some of them
#
# What is tested must be built: target/release/throng and target/release/examples/simulated_room. Screenshots go to
# target/console-screenshots.
set -euo pipefail
# shellcheck source=deploy/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/common.sh"

find_node || fail "no Node $node_needed or newer with npm: run \"bash deploy/setup.sh --tests\""
cd "$repo_root/tests/console"
[ -x "${CHROMIUM:=/usr/bin/chromium}" ] ||
  fail "no browser at $CHROMIUM: run \"bash deploy/setup.sh --tests\", or name one, as in CHROMIUM=/usr/bin/google-chrome"
export CHROMIUM
npm ci --no-audit --no-fund --silent
tests=("${@/%/.test.mjs}")
[ $# -gt 0 ] || tests=(./*.test.mjs)
node --test --test-concurrency=1 --test-reporter=spec "${tests[@]}"
