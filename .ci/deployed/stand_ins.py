"""`parcelwire sandbox` as a process of its own: a shop and an Amazon account to be told what happens there."""

import json
import re
import subprocess
import threading
import urllib.error
import urllib.request

from local_aws import check, die_with_parent, wait_for

SHOP = "harbour-lamps.myshopify.com"
UPS = "1Z999AA10123456784"


class StandIns:
    """The shop's and Amazon's stand-ins, on a port of 127.0.0.1."""

    def __init__(self, aws, parcelwire):
        self.process = subprocess.Popen(
            [parcelwire, "sandbox", "--port", "0"], env=aws.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=die_with_parent,
        )
        said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        check(found, f"the sandbox does not say where it listens: {said!r}")
        self.url = found[0]
        # What it says further is of no use, but a full pipe would hold it up.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def tell(self, which, what, body=None, method="POST"):
        """A control request to `amazon` or `shopify`."""
        request = urllib.request.Request(
            f"{self.url}/{which}/_sandbox/{what}", method=method,
            data=json.dumps(body if body is not None else {}).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            check(False, f"the sandbox refused {which} {what}: {error.read()[:300]}")

    def open(self, seller, marketplace, keys, shop_keys):
        """An Amazon account and a shop."""
        self.marketplace, self.seller = marketplace, seller
        self.tell("amazon", "sellers", {"seller": seller} | keys)
        self.tell("amazon", "settings", {"search_lag_seconds": 0})
        here = {"id": marketplace}
        self.tell("amazon", "participations", {"seller": seller, "marketplaces": [here]})
        self.tell("shopify", "shops", {"domain": SHOP} | shop_keys)

    def order(self, number, attribute):
        """An order in both worlds: its id at Amazon, and at the shop."""
        amazon = f"{700 + number:03}-{number:07}-{number:07}"
        items = [{"sku": "HARBOUR-LAMP", "quantity": 1}]
        order = {"seller": self.seller, "order_id": amazon, "marketplace_id": self.marketplace, "items": items}
        self.tell("amazon", "orders", order)
        spec = {"attributes": [[attribute, amazon]], "lines": items}
        return amazon, self.tell("shopify", f"shops/{SHOP}/orders", spec)["id"]

    def ship(self, shop_order, carrier="UPS", number=UPS):
        """The shop ships all of an order; what it posts."""
        spec = {"numbers": [number], "company": carrier}
        return self.tell("shopify", f"shops/{SHOP}/orders/{shop_order}/fulfillments", spec)["delivery"]

    def packages(self, amazon):
        """What Amazon's stand-in holds of an order."""
        record = self.tell("amazon", "record", method="GET")
        return [package for package in record["packages"] if package["order"] == amazon]


def post(url, delivery):
    """Posts what a shop would post; the answer's status."""
    request = urllib.request.Request(
        url, data=delivery["body"].encode(), headers=dict(delivery["headers"]), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def wait_for_state(stack, order, state, patience=180.0):
    """Waits until `parcelwire orders` shows the order in this state."""
    def there():
        rows = stack.ask("orders")
        return any(row["marketplace_order"] == order and row["state"] == state for row in rows)

    wait_for(f"{order} is not {state}", there, patience)
