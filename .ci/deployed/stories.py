"""The demo's stories in a stack: `parcelwire demo --stack`, and what is looked at after it."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import subprocess
import tempfile
import threading

import privileges
from local_aws import MERCHANT, ROOT, SENDER, check, die_with_parent

# A failed message is shown again after this, not after the template's six minutes: a test has no half hour.
VISIBILITY = 8
# Orders of the stories that mail nobody (infra/local/src/demo/stories.rs).
QUIET = [1, 2, 3, 6, 8, 10, 11, 13, 19, 12]
# The order of theirs that somebody else confirmed with another number.
CONFLICT = "132-0000032-0000032"


class Schedules(threading.Thread):
    """Calls the scheduled functions each second, as EventBridge does each minute, and notes what they answer."""

    def __init__(self, aws, stack):
        super().__init__(daemon=True)
        events, names = aws.client("events"), set(stack.functions().values())
        targets = [
            target["Arn"].rsplit(":", 1)[-1]
            for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        ]
        self.functions = sorted(set(targets) & names)
        check(len(self.functions) >= 2, f"the stack schedules only {self.functions}")
        self.client, self.over = aws.client("lambda"), threading.Event()
        self.calls, self.wrong = 0, []

    def run(self):
        event = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}).encode()
        while not self.over.wait(1):
            for function in self.functions:
                try:
                    answer = self.client.invoke(FunctionName=function, Payload=event)
                    if "FunctionError" in answer:
                        self.wrong.append(f"{function}: {answer['Payload'].read()[:500]}")
                except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
                    self.wrong.append(f"{function}: {error}")
                self.calls += 1

    def stop(self):
        self.over.set()
        self.join(60)

    def check(self):
        check(not self.wrong, "\n".join(self.wrong[:5]))


def play(aws, stack):
    """The stories; what they print is shown as it comes. How many were played."""
    command = [stack.program, "demo", "--stack", stack.name]
    command += ["--mailbox", f"{aws.url}/_ministack/ses/messages"]
    said = []
    with subprocess.Popen(
        command, env=aws.environment, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent,
    ) as playing:
        for line in playing.stdout:
            print(line, end="", flush=True)
            said.append(line)
    check(playing.returncode == 0, "a story did not end as it should in the stack")
    counted = re.search(r"(\d+) of (\d+) stories", "".join(said))
    check("left in the queues: nothing" in "".join(said), "the queues were not looked at")
    check(counted and counted[1] == counted[2] and int(counted[1]) >= 15, "not every story was played")
    return int(counted[1])


def commands_work_on_the_stack(stack):
    """Every command that looks at things or answers them, and a test mail. The demo's stand-ins are gone by now."""
    for words in (
        ["connections"], ["orders"], ["orders", "--state", "visible", "--json"], ["map", "list"],
        ["map", "export", "--account", "amazon-us"], ["sku", "list"], ["explain", "101-0000001-0000001"],
        ["retry", "101-0000001-0000001"], ["pause", "old-shop"], ["resume", "old-shop"],
        ["mail", "test", "--connection", "shop"], ["redrive"],
    ):
        stack.parcelwire(*words)
    stack.parcelwire("mail", "list", expect=4)
    stack.parcelwire("explain", "999-9999999-9999999", expect=3)
    # A parcel that somebody else confirmed otherwise waits for a decision; one that is shown does not.
    ruled = stack.ask("hold", CONFLICT, "ignore", "--reason", "the test says so")
    check([row["state"] for row in ruled] == ["conflict"], f"decided about {ruled}")
    stack.parcelwire("hold", "101-0000001-0000001", "not-ours", expect=4)
    stack.parcelwire("hold", "999-9999999-9999999", "not-ours", expect=3)
    # No stand-in answers any more: said of each connection, not failed over.
    stack.parcelwire("webhooks", "check", expect=6)
    stack.parcelwire("webhooks", "check", "nobody", expect=3)
    with tempfile.TemporaryDirectory(prefix="parcelwire-commands-") as name:
        answers_are_taken(stack, pathlib.Path(name))
        signatures_are_told_apart(stack, pathlib.Path(name))


def answers_are_taken(stack, folder):
    """Mappings of carriers and SKUs: tried, taken over, taken out."""
    at = ["--account", "amazon-us"]
    carriers, skus = folder / "carriers.csv", folder / "skus.csv"
    carriers.write_text("text,code\nHeron Post,4PX\n")
    skus.write_text("store_sku,marketplace_sku\nHERON-S,HERON-A\n")
    for words in (
        ["map", "suggest", "Heron Post"], ["map", "dry-run", carriers], ["map", "import", carriers],
        ["map", "set", "Heron Express", "UPS"], ["map", "remove", "Heron Express"],
        ["map", "dry-run", "--remove", "Heron Post"], ["map", "remove", "Heron Post"],
        ["sku", "set", "HERON-S", "HERON-B"], ["sku", "import", skus], ["sku", "remove", "HERON-S"],
    ):
        stack.parcelwire(*words, *at)
    stack.parcelwire("map", "remove", "Heron Post", *at, expect=3)
    stack.parcelwire("sku", "remove", "HERON-S", *at, expect=3)
    carriers.write_text("text,code\nHeron Post,NO-SUCH-CODE\n")
    stack.parcelwire("map", "import", carriers, *at, expect=4)
    # A text of the stories' parcels, mapped there: without its mapping it would hold the next one.
    stack.parcelwire("map", "remove", "Snail & Sons", *at)
    said = stack.parcelwire("map", "lint", *at, expect=5)
    check("Snail & Sons" in said, f"map lint says: {said}")
    stack.parcelwire("map", "set", "Snail & Sons", "4PX", *at)


def signatures_are_told_apart(stack, folder):
    """`verify` with the secrets that the stack holds."""
    body = folder / "body.json"
    body.write_bytes(b'{"id": 1}')

    def signed(secret):
        return base64.b64encode(hmac.new(secret, body.read_bytes(), hashlib.sha256).digest()).decode()

    for connection, secret, code in (("shop", b"w1", 0), ("shop", b"w2", 4), ("old-shop", b"w2", 0), ("nobody", b"w1", 3)):
        words = ["verify", "--connection", connection, "--body", body, "--signature", signed(secret)]
        stack.parcelwire(*words, expect=code)


def no_dead_letters(stack):
    """The demo looked at all queues while its stand-ins stood; what waits without them is its end's doing."""
    for name in ("inbound-dlq", "alerts-dlq", "amazon-dlq"):
        check(stack.waiting(name) == 0, f"dead letters in {name}")


def mailbox_is_as_told(aws):
    """The mails of the stories; how many."""
    mails = [mail for mail in aws.mails() if mail["To"] == [MERCHANT]]
    check(mails, "no mail was sent")
    for mail in mails:
        check(mail["Source"] == SENDER, f"a mail from {mail['Source']}")
        for number in QUIET:
            order = f"{100 + number}-{number:07}-{number:07}"
            check(order not in mail["BodyText"], f"a mail about {order}, of which nobody should hear: {mail['Subject']}")
    return len(mails)


def alarms_are_there(aws, stack):
    """Every alarm watches what it should, and tells the topic."""
    alarms = [a for a in aws.client("cloudwatch").describe_alarms()["MetricAlarms"] if stack.name in a["AlarmName"]]
    topic = stack.resources()["AlarmTopic"]
    watched = set()
    for alarm in alarms:
        check(alarm["AlarmActions"] == [topic] == alarm["OKActions"], f"{alarm['AlarmName']} tells nobody")
        for dimension in alarm["Dimensions"]:
            watched.add((alarm["MetricName"], dimension["Value"]))
    for name, resource in stack.template()["Resources"].items():
        if resource["Type"] == "AWS::SQS::Queue":
            letters = "RedriveAllowPolicy" in resource["Properties"]
            metric = "ApproximateNumberOfMessagesVisible" if letters else "ApproximateAgeOfOldestMessage"
            queue = stack.resources()[name].rsplit("/", 1)[-1]
            check((metric, queue) in watched, f"no alarm watches {metric} of {queue}")
    for name in stack.functions().values():
        check(("Errors", name) in watched, f"no alarm watches the errors of {name}")
    check(("Invocations", stack.functions()["Sweep"]) in watched, "no alarm notices that the sweep is not called")


def nothing_was_denied(aws):
    """Each function did all this with the policy of its own role alone."""
    # Keys that were revoked on purpose are refused before any policy is asked.
    denied = [line for line in aws.said().splitlines() if "AccessDenied" in line or "not authorized" in line]
    check(not denied, "\n".join(denied[:10]))


# By decision 20, with a good margin: a data key is kept for a quarter of an hour, and made once for each save.
KMS_CALLS_PER_CONNECTION = 12


def few_kms_calls(aws, stack, recorder):
    """KMS is asked seldom, whatever is confirmed; how often, in all."""
    calls, contexts = privileges.kms_calls(aws, stack, recorder)
    for (function, action), count in sorted(calls.items()):
        print(f"   {function}: {action} {count} times")
    total, most = sum(calls.values()), KMS_CALLS_PER_CONNECTION * len(contexts)
    check(0 < total <= most, f"{total} calls of KMS for {len(contexts)} connections, where at most {most} are needed")
    return total
