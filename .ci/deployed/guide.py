"""Follows docs/deploy.md: every command in a box of it is given, in order, on the local AWS.

What the page cannot know is in the tables below, and nowhere else: this machine's architecture, the stand-ins in place of a
shop and of Amazon, and the number of the order that ships. An entry that fits nothing fails the test, and so does a box
that is neither a command, nor the settings.
"""

import os
import re

from local_aws import ROOT, Stack, check, wait_for
from stand_ins import SHOP, post, wait_for_state
from stories import Schedules

PAGE = ROOT / "docs" / "deploy.md"
STACK = "parcelwire"
ATTRIBUTE = "Amazon Order Id"
ORDER_OF_THE_PAGE = "702-1234567-1234567"
SECRETS = {
    "shopify-client-id": "guide-shop-client-id",
    "shopify-client-secret": "guide-shop-client-secret",
    "amazon-client-id": "guide-client-id",
    "amazon-client-secret": "guide-client-secret",
    "amazon-refresh-token": "guide-refresh-token",
}
# What the page's commands call what they keep for later ones.
VARIABLES = ("tables", "queues", "key")
# Commands that may end otherwise than with 0, and why.
ENDS = {
    # Warnings: the local AWS's account has nobody who confirmed the alarm's mail.
    "parcelwire doctor --stack parcelwire": {0, 5},
}


def boxes(text):
    """The page's boxes, in order: their language and what is in them."""
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    check(len(found) * 2 == len(re.findall(r"^ *```", text, re.MULTILINE)), "a box of the guide does not end")
    return found


def commands(box):
    """The commands of a box: lines that a backslash, a loop or an open parenthesis continues belong together."""
    found, lines, depth = [], [], 0
    for line in box.splitlines():
        lines.append(line)
        depth += len(re.findall(r"\bfor \w+ in\b", line)) - len(re.findall(r"\bdone\b", line))
        if depth == 0 and not line.endswith("\\"):
            found.append("\n".join(lines))
            lines = []
    check(not lines, f"a command of the guide does not end: {lines}")
    return [command for command in found if command.strip()]


class Guide:
    """One run along the page."""

    def __init__(self, aws, tools, stand_ins):
        self.aws, self.tools, self.stand_ins = aws, tools, stand_ins
        self.home = tools.folder
        self.stack = Stack(aws, STACK, tools.sam, tools.parcelwire)
        self.shell = self.home / "shell"
        self.shell.write_text("")
        self.used = set()
        self.order = ""

    def substitutions(self):
        """What is put in the place of what the page says."""
        table = {"Architecture=arm64": "Architecture=x86_64", ORDER_OF_THE_PAGE: self.order or ORDER_OF_THE_PAGE}
        return table | self.tools.build_instead

    def follow(self):
        """All of it; how many commands were given."""
        # Before a command that begins so, and after one: what a person, a shop or AWS does there.
        before = {
            "chmod 600 ~/parcelwire/settings.toml": self.settings_are_written,
            "parcelwire apply --stack parcelwire ~/parcelwire/settings.toml --dry-run": self.stand_ins_are_allowed,
            "parcelwire orders": self.a_parcel_leaves,
        }
        after = {
            "aws ses get-identity-verification-attributes": self.sender_is_verified,
            "aws sesv2 get-account": self.out_of_the_sandbox,
            "parcelwire webhooks register": self.shop_is_subscribed,
            "parcelwire mail test": self.test_mail_came,
            "parcelwire orders": self.parcel_is_visible,
            "aws cloudformation describe-stacks": self.version_is_told,
            "aws kms schedule-key-deletion": self.nothing_is_left,
        }
        given = 0
        for language, box in boxes(PAGE.read_text()):
            if language == "toml":
                self.settings = box
                continue
            check(language == "sh", f"the guide has a box of {language or 'no language'}: what is to be done with it?")
            for command in commands(box):
                self.told(before, command)
                said = self.give(command)
                self.told(after, command, said)
                given += 1
        unused = (before.keys() | after.keys() | ENDS.keys() | self.substitutions().keys()) - self.used
        check(not unused, f"the guide says nothing like {unused}")
        return given

    def told(self, table, command, *said):
        for start, act in table.items():
            if command.startswith(start):
                self.used.add(start)
                act(*said)

    def give(self, command):
        """Gives a command to a shell that knows what the ones before it left."""
        text = command
        for there, here in self.substitutions().items():
            if there in text:
                self.used.add(there)
                text = text.replace(there, here)
        ends = {0}
        if command in ENDS:
            self.used.add(command)
            ends = ENDS[command]
        print(f"   $ {text.splitlines()[0]}", flush=True)
        # What a command leaves to the ones after it: exports, variables and functions.
        kept = f"{{ declare -px; declare -p {' '.join(VARIABLES)} 2>/dev/null || true; declare -f; }} > {self.shell}.next"
        script = f"set -euo pipefail\n. {self.shell}\ncode=0\n{text} || code=$?\n{kept}\n"
        # A loop or an assignment must fail at its first wrong command, which a list after || would hide.
        if text.startswith("for ") or re.match(r"\w+=|\w+\(\)", text):
            script = f"set -euo pipefail\n. {self.shell}\n{text}\ncode=0\n{kept}\n"
        path = f"{self.tools.folder / 'bin'}:{os.environ['PATH']}"
        said = self.aws.run(["bash", "-c", script + "exit $code"], ROOT, ends, PATH=path)
        os.replace(f"{self.shell}.next", self.shell)
        return said

    # ------------------------------------------------------------ what happens beside the commands

    def settings_are_written(self):
        """A person copies the settings and the secrets; the stand-ins are open by then."""
        at, us = self.stand_ins.url, "general]\nallow_base_urls = true"
        text = self.settings.replace("general]", us).replace("example.myshopify.com", SHOP)
        for kind in ("amazon", "shopify"):
            text = text.replace(f'kind = "{kind}"', f'kind = "{kind}"\nbase_url = "{at}/{kind}"')
        check(ATTRIBUTE in text, f"the guide's settings link by something else than {ATTRIBUTE}")
        folder = self.home / "parcelwire"
        (folder / "settings.toml").write_text(text)
        for name, secret in SECRETS.items():
            (folder / "secrets" / name).write_text(secret + "\n")
        marketplace = re.search(r'marketplace_id = "(\w+)"', text)[1]
        names = ("client_id", "client_secret", "refresh_token")
        keys = {name: SECRETS["amazon-" + name.replace("_", "-")] for name in names}
        # The shop's stand-in signs with the client secret, as Shopify does: it has no other secret of an app.
        shop_keys = {"client_id": SECRETS["shopify-client-id"], "webhook_secret": SECRETS["shopify-client-secret"]}
        self.stand_ins.open("amazon-de", marketplace, keys, shop_keys)

    def stand_ins_are_allowed(self):
        """Other hosts are refused by the stack as the guide made it; then it is made to take the stand-ins'."""
        file = self.home / "parcelwire" / "settings.toml"
        said = self.stack.parcelwire("apply", str(file), "--yes", expect=4)
        check("base_url" in said and "AllowBaseUrls" in said, f"refused for another reason: {said}")
        for table in ("connections", "credentials", "webhook-secrets"):
            kept = self.aws.client("dynamodb").scan(TableName=f"{STACK}-{table}")["Count"]
            check(kept == 0, f"{kept} items in {table} after a refusal")
        self.stack.deploy(AllowBaseUrls="true")
        self.stack.help_ministack_along(30)

    def sender_is_verified(self, said):
        check('"Success"' in said, f"the sender is not verified: {said}")

    def out_of_the_sandbox(self, said):
        check('"ProductionAccessEnabled": true' in said, f"still in the sandbox: {said}")

    def shop_is_subscribed(self, said):
        there = self.stand_ins.tell("shopify", f"shops/{SHOP}/webhooks", method="GET")
        topics = {"FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE", "ORDERS_CANCELLED", "REFUNDS_CREATE", "APP_UNINSTALLED"}
        check({one["topic"] for one in there} == topics, f"the shop is subscribed to {there}: {said}")
        addresses = {one["uri"] for one in there}
        check(len(addresses) == 1, f"to several addresses: {addresses}")
        self.webhooks = addresses.pop()

    def test_mail_came(self, said):
        mails = [mail for mail in self.aws.mails() if mail["To"] == ["shipping@example.com"]]
        check(mails, f"no test mail came: {said}")

    def a_parcel_leaves(self):
        """The shop ships an order that came from Amazon, and posts its webhook to where it was subscribed."""
        self.order, shop_order = self.stand_ins.order(1, ATTRIBUTE)
        status = post(self.webhooks, self.stand_ins.ship(shop_order))
        check(status == 200, f"the receiver answered {status}")
        schedules = Schedules(self.aws, self.stack)
        schedules.start()
        wait_for("Amazon shows no parcel", lambda: self.stand_ins.packages(self.order), 120)
        # The settings' defaults look again after two minutes: Amazon shows nothing sooner.
        wait_for_state(self.stack, self.order, "visible", patience=300)
        schedules.stop()
        schedules.check()

    def parcel_is_visible(self, said):
        check(self.order in said and "visible" in said, f"not the first confirmed parcel: {said}")
        check(len(self.stand_ins.packages(self.order)) == 1, "not one confirmation")

    def version_is_told(self, said):
        check(re.fullmatch(r"\d+\.\d+\.\d+", said.strip()), f"no version: {said}")

    def nothing_is_left(self, _said):
        """What the stack had is gone, and the key is on its way."""
        tables = self.aws.client("dynamodb").list_tables()["TableNames"]
        queues = self.aws.client("sqs").list_queues().get("QueueUrls", [])
        functions = self.aws.client("lambda").list_functions()["Functions"]
        left = [name for name in tables if name.startswith(f"{STACK}-")]
        left += [url for url in queues if f"/{STACK}-" in url]
        left += [one["FunctionName"] for one in functions if one["FunctionName"].startswith(f"{STACK}-")]
        check(not left, f"the guide's removing leaves {left}: name them there")
