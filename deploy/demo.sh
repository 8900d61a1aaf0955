#!/usr/bin/env bash
# Sets the machine up, builds throng and runs its main job on real footage and on a simulated crowd.
# Arguments go to `throng demo`, for example: bash deploy/demo.sh --headless --json
set -euo pipefail
# shellcheck source=deploy/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

bash "$repo_root/deploy/setup.sh"
cd "$repo_root"
step "Building throng"
# Output on stderr: stdout is the demo's. The whole workspace's features, as the tests have them, so that nothing is built twice.
cargo build --release --locked --workspace --bin throng >&2
step "Running the demo"
exec "${CARGO_TARGET_DIR:-target}/release/throng" demo "$@"
