"""Every request that the stand-ins received in their tests, checked against the marketplaces' own API descriptions; and
whether these were all that the connectors can send: those that shared/connectors/<name>/requests.toml lists (listed.py).

The descriptions and their validator are not part of the project: they stand beside the checkout where the project is made
(../shared/contracts there). Where they do not, .ci/run says so and nothing is checked.
Usage: contracts.py --contracts FOLDER --requests FOLDER
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import listed

CONNECTORS = pathlib.Path(__file__).resolve().parent.parent / "shared" / "connectors"
# Which description a path belongs to, by how it begins; what stands before a path in a description is left out where the
# third says so. Where several fit, the first that has the path decides: what it does not take, no later one can.
DESCRIPTIONS = {
    "amazon": [
        ("/orders/v0/", "ordersV0.json", ""),
        ("/orders/2026-01-01/", "orders_2026-01-01.json", ""),
        ("/feeds/2021-06-30/", "feeds_2021-06-30.json", ""),
        ("/notifications/v1/", "notifications.json", ""),
        ("/listings/2021-08-01/", "listingsItems_2021-08-01.json", ""),
        ("/tokens/2021-03-01/", "tokens_2021-03-01.json", ""),
    ],
    "ebay": [
        ("/sell/fulfillment/v1/", "ebay-sell-fulfillment-v1.20.7.oas3.yaml", "/sell/fulfillment/v1"),
        ("/sell/inventory/v1/", "ebay-sell-inventory-v1.17.4.yaml", "/sell/inventory/v1"),
        ("/commerce/notification/v1/", "ebay-commerce-notification-v1.5.1.yaml", "/commerce/notification/v1"),
        ("/developer/key_management/v1/", "ebay-key-management-v1.0.0.yaml", "/developer/key_management/v1"),
    ],
    # What only 2024's description has: forms, for shops that are still on the older way (JSON_ONLY), and what was left alone.
    "etsy": [("/", "etsy-receipts-2026-subset.json", ""), ("/", "etsy-openapi-3.0.0-2024-01.json", "")],
}
# Descriptions that are not asked about forms, since they know JSON alone.
JSON_ONLY = {"etsy-receipts-2026-subset.json"}
# Paths that no description holds, and why; a request to any other path without one fails.
UNDESCRIBED = {
    ("amazon", "/auth/o2/token"): "Login with Amazon is described in prose only",
    ("amazon", "/sellers/v1/marketplaceParticipations"): "the Sellers API is not among the descriptions",
    ("ebay", "/identity/v1/oauth2/token"): "eBay's OAuth is described in prose only",
    ("etsy", "/v3/public/oauth/token"): "Etsy's OAuth is described in prose only",
}
# Requests that break a description on purpose: (marketplace, what the violation says) and why. None may be unused.
ON_PURPOSE = {}
# As a real header would be written: the values themselves were never recorded.
CREDENTIALS = {"authorization": "Bearer recorded", "x-amz-access-token": "recorded", "x-api-key": "recorded"}
# What the validator itself cannot do is no violation of ours.
NOT_OURS = ("NO_RESPONSE_DEFINED", "NO_SUCCESS_RESPONSE_DEFINED", "NO_COMPLEX_OBJECT_TEXT", "NOT_ACCEPTABLE")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Validator:
    """`validate` on one description, until closed."""

    def __init__(self, contracts, marketplace, description):
        self.port = free_port()
        file = contracts / marketplace / description
        self.process = subprocess.Popen(
            [contracts / "validate", file, str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        until = time.monotonic() + 240  # the first start installs the validator
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return
            if self.process.poll() is not None or time.monotonic() > until:
                self.close()
                raise SystemExit(f"{file} is not served: {self.process.stderr.read()[-2000:]}")
            time.sleep(0.3)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)

    def violations(self, request, path):
        """What is wrong with a request, by the description; None if it holds no such path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        query = f"?{request['query']}" if request["query"] else ""
        headers = {name: CREDENTIALS.get(name, value) for name, value in request["headers"].items()}
        headers.pop("transfer-encoding", None)
        try:
            body = request["body"]
            connection.request(request["method"], path + query, body.encode() if body else None, headers)
            answer = connection.getresponse()
            text, told = answer.read(), answer.getheader("sl-violations")
        finally:
            connection.close()
        found = []
        for violation in json.loads(told) if told else []:
            if violation["location"][0] == "request" and violation.get("severity") == "Error":
                found.append(f"{'.'.join(map(str, violation['location']))}: {violation['message']}")
        with contextlib.suppress(ValueError):
            problem = json.loads(text)
            kind = str(problem.get("type", "")) if isinstance(problem, dict) else ""
            if kind.startswith("https://stoplight.io/prism/errors#"):
                name = kind.rsplit("#", 1)[-1]
                if name in ("NO_PATH_MATCHED_ERROR", "NO_METHOD_MATCHED_ERROR"):
                    return None
                if not name.startswith(NOT_OURS):
                    told = [(v["location"], v["message"]) for v in problem.get("validation", [])]
                    details = [f"{'.'.join(map(str, location))}: {message}" for location, message in told]
                    found += details or [f"{name}: {problem.get('detail', '')}"]
        return sorted(set(found))


def recorded(folder):
    """The requests, by marketplace."""
    by_marketplace = collections.defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        request = json.loads(file.read_text())
        by_marketplace[request["marketplace"]].append(request | {"file": file.name})
    return by_marketplace


def check(contracts, marketplace, requests, purposes):
    """The problems of one marketplace's requests; prints how many were checked."""
    wrong, undescribed, checked, left = [], collections.Counter(), 0, list(requests)
    for start, description, cut in DESCRIPTIONS[marketplace]:
        fitting = [request for request in left if request["path"].startswith(start)]
        if description in JSON_ONLY:
            fitting = [request for request in fitting if listed.body(request)[0] != "form"]
        if not fitting:
            continue
        validator = Validator(contracts, marketplace, description)
        try:
            for request in fitting:
                violations = validator.violations(request, request["path"].removeprefix(cut))
                if violations is None:
                    continue  # perhaps a later description has it
                left.remove(request)
                checked += 1
                for violation in violations:
                    purpose = next((p for p in ON_PURPOSE if p[0] == marketplace and p[1] in violation), None)
                    if purpose:
                        purposes.add(purpose)
                    else:
                        wrong.append(f"{request['method']} {request['path']} ({request['file']}): {violation}")
        finally:
            validator.close()
    for request in left:
        if (marketplace, request["path"]) in UNDESCRIBED:
            undescribed[request["path"]] += 1
        else:
            wrong.append(f"{request['method']} {request['path']} ({request['file']}): in no description")
    rest = "".join(f"; {count} to {path}: {UNDESCRIBED[marketplace, path]}" for path, count in undescribed.items())
    print(f"   {marketplace}: {checked} requests follow the descriptions" if not wrong else
          f"   {marketplace}: {checked} requests checked, {len(wrong)} problems", rest, sep="")
    return wrong if checked else wrong + [f"{marketplace}: no request was checked"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--contracts", required=True, type=pathlib.Path)
    parser.add_argument("--requests", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    connectors = {path.name for path in CONNECTORS.iterdir()} & DESCRIPTIONS.keys()
    by_marketplace, wrong, purposes = recorded(arguments.requests), [], set()
    for marketplace in sorted(connectors):
        requests = by_marketplace.pop(marketplace, [])
        wrong += check(arguments.contracts.absolute(), marketplace, requests, purposes)
        wrong += [f"{marketplace}: {problem}" for problem in listed.check(CONNECTORS / marketplace, marketplace, requests)]
    wrong += [f"requests to {name}, which has no connector" for name in by_marketplace]
    wrong += [f"nothing breaks a description as {purpose} does" for purpose in ON_PURPOSE.keys() - purposes]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
