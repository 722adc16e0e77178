"""Holds every request that the connectors sent to their stand-ins against the marketplaces' published descriptions.

Requests are the files that tests write where PARCELWIRE_REQUESTS names a folder (infra/sandbox/src/recorded.rs); the
descriptions, and the program that checks against one, lie beside the project and are no part of it.
Usage: contracts.py REQUESTS CONTRACTS   (exits 1 if any request breaks a contract, or none was found)
"""

import collections
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

# Marketplace, what its paths begin with, the description, and the part of the path that the description leaves out.
# Without a description: nobody publishes one, and the stricter rules of our own tests are all there is.
SPECS = [
    ("amazon", "/orders/v0/", "amazon/ordersV0.json", ""),
    ("amazon", "/orders/2026-01-01/", "amazon/orders_2026-01-01.json", ""),
    ("amazon", "/feeds/2021-06-30/", "amazon/feeds_2021-06-30.json", ""),
    ("amazon", "/notifications/v1/", "amazon/notifications.json", ""),
    ("amazon", "/tokens/2021-03-01/", "amazon/tokens_2021-03-01.json", ""),
    ("amazon", "/listings/2021-08-01/", "amazon/listingsItems_2021-08-01.json", ""),
    ("amazon", "/auth/o2/token", None, ""),
    ("amazon", "/sellers/v1/", None, ""),
    ("ebay", "/sell/fulfillment/v1/", "ebay/ebay-sell-fulfillment-v1.20.7.oas3.yaml", "/sell/fulfillment/v1"),
    ("ebay", "/commerce/notification/v1/", "ebay/ebay-commerce-notification-v1.5.1.yaml", "/commerce/notification/v1"),
    ("ebay", "/identity/v1/oauth2/token", None, ""),
    ("etsy", "/v3/public/oauth/token", None, ""),
    ("etsy", "/", "etsy/etsy-receipts-2026-subset.json", ""),
]
# As a real header would be written: the values themselves were never recorded.
CREDENTIALS = {"authorization": "Bearer recorded", "x-amz-access-token": "recorded", "x-api-key": "recorded"}
STARTS_WITHIN = 180


def spec_of(request):
    """The row of SPECS that a request belongs to."""
    for row in SPECS:
        if row[0] == request["marketplace"] and request["path"].startswith(row[1]):
            return row
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def check(request, strip, port):
    """What is wrong with a request, in the checker's words; None if nothing is."""
    headers = {name: CREDENTIALS.get(name, value) for name, value in request["headers"].items()}
    path = request["path"][len(strip):] + ("?" + request["query"] if request["query"] else "")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(request["method"], path, (request["body"] or "").encode() or None, headers)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        violations = answer.getheader("sl-violations")
    finally:
        connection.close()
    refused = answer.status in (400, 401, 404, 405, 415, 422) and "stoplight.io/prism/errors" in body
    return (violations or body)[:600] if violations or refused else None


def main(requests, contracts):
    rows = collections.defaultdict(list)
    wrong = []
    for file in sorted(requests.glob("*.json")):
        request = json.loads(file.read_text())
        row = spec_of(request)
        if row is None:
            wrong.append((request, "no contract is known for this path"))
        else:
            rows[row].append(request)
    for row, sent in rows.items():
        _, begins, spec, strip = row
        if spec is None:
            print(f"{begins}: {len(sent)} requests, no published description")
            continue
        port = free_port()
        served = subprocess.Popen(
            [contracts / "validate", contracts / spec, str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            end = time.monotonic() + STARTS_WITHIN
            while not answers(port):
                if served.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"{spec} cannot be served")
                time.sleep(0.2)
            found = [(request, check(request, strip, port)) for request in sent]
        finally:
            os.killpg(served.pid, signal.SIGTERM)
            served.wait()
        bad = [(request, what) for request, what in found if what]
        wrong += bad
        print(f"{begins}: {len(sent)} requests, {len(bad)} against {spec}")
    for request, what in wrong:
        # Ids say nothing, and the same flaw shows in many.
        path = re.sub(r"[0-9]{5,}", "…", request["path"])
        print(f"  {request['marketplace']} {request['method']} {path}: {what}\n    {(request['body'] or '')[:300]}")
    seen = sum(map(len, rows.values()))
    print(f"{seen} requests, {len(wrong)} violations")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()))
