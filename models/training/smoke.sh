#!/usr/bin/env bash
# Three steps of training on made-up pictures and an export, in a virtual environment of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if [ ! -x .venv/bin/python ]; then
  python3 -m venv .venv
fi
.venv/bin/pip install --quiet --requirement requirements.txt
.venv/bin/python -m throng_training smoke
