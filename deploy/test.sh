#!/usr/bin/env bash
# Sets the machine up and runs every test.
#
#   --long      also the tests that take minutes (marked #[ignore] in the code)
#   --training  also a few steps of training the counter, to see that its scripts still run
set -euo pipefail
# shellcheck source=deploy/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: bash deploy/test.sh [--long] [--training]"
harness_arguments=()
training=no
for argument in "$@"; do
  case "$argument" in
  --long) harness_arguments+=(--include-ignored) ;;
  --training) training=yes ;;
  -h | --help)
    echo "$usage"
    exit 0
    ;;
  *) fail "unknown argument \"$argument\"; $usage" ;;
  esac
done

bash "$repo_root/deploy/setup.sh" --tests
cd "$repo_root"
step "Running the tests"
cargo test --release --locked --workspace -- "${harness_arguments[@]}"

step "Testing traces"
cargo test --release --locked --workspace --features throng/otlp --test traces -- "${harness_arguments[@]}"

step "Testing the console in a browser"
cargo build --quiet --release --locked --workspace --bin throng --example simulated_room
bash tests/console/run.sh

if [ "$training" = yes ]; then
  step "Training the counter for three steps"
  bash models/training/smoke.sh
fi
step "All tests passed"
