#!/usr/bin/env python3
"""Prints the warnings of every site, and says when a node or a camera falls silent.

pip install eclipse-zenoh==1.10.2
python3 watch_warnings.py [endpoint]    default: tcp/127.0.0.1:7447
"""
import json
import sys
import time

import zenoh

LEVELS = ["normal", "BLUE", "YELLOW", "ORANGE", "RED"]
seen = {}


def on_warning(sample):
    key, warning = str(sample.key_expr), json.loads(sample.payload.to_string())
    if seen.get(key) == warning["seq"]:  # repeated every second, for those who come late
        return
    seen[key] = warning["seq"]
    level = warning.get("level")  # absent: unknown. Unknown is not normal.
    density = warning["density_people_per_m2"].get("mean")
    print(key, "UNKNOWN" if level is None else LEVELS[level], density, warning["text"]["en"], flush=True)


def on_token(sample):
    lost = sample.kind == zenoh.SampleKind.DELETE
    print("NO DATA from" if lost else "there is", sample.key_expr, flush=True)


config = zenoh.Config()
config.insert_json5("scouting/multicast/enabled", "false")
config.insert_json5("connect/endpoints", json.dumps([sys.argv[1] if len(sys.argv) > 1 else "tcp/127.0.0.1:7447"]))
with zenoh.open(config) as session:
    warnings = session.declare_subscriber("throng/v1/*/warning/*", on_warning)
    nodes = session.liveliness().declare_subscriber("throng/v1/*/node/*", on_token, history=True)
    cameras = session.liveliness().declare_subscriber("throng/v1/*/camera/*/alive", on_token, history=True)
    while True:
        time.sleep(1)
