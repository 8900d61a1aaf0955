#!/usr/bin/env python3
"""Acknowledges an incident: an operator has seen it.

pip install eclipse-zenoh==1.10.2
python3 acknowledge.py SITE INCIDENT OPERATOR [endpoint]
"""
import datetime
import json
import sys
import time

import zenoh

site, incident, operator = sys.argv[1:4]
endpoint = sys.argv[4] if len(sys.argv) > 4 else "tcp/127.0.0.1:7447"
now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
ack = {"incident": incident, "operator": operator, "at": now}

config = zenoh.Config()
config.insert_json5("scouting/multicast/enabled", "false")
config.insert_json5("connect/endpoints", json.dumps([endpoint]))
with zenoh.open(config) as session:
    publisher = session.declare_publisher(
        f"throng/v1/{site}/ack/{incident}",
        encoding=zenoh.Encoding.APPLICATION_JSON.with_schema("throng.ack.v1"),
        congestion_control=zenoh.CongestionControl.BLOCK,
        priority=zenoh.Priority.REAL_TIME,
        express=True,
    )
    deadline = time.monotonic() + 5
    while not publisher.matching_status.matching:  # the site has to be there to hear it
        if time.monotonic() > deadline:
            sys.exit(f"no site listens for acknowledgements on {publisher.key_expr}")
        time.sleep(0.05)
    publisher.put(json.dumps(ack))
