"""The deployed test: template.yaml's stack on a local AWS, the real functions in it, the demo's stories through it.

Everything lives in a folder of its own and below 127.0.0.1; what it starts ends with it, even if it is killed.
Usage: deployed.py --sam PROGRAM --programs FOLDER   (FOLDER holds parcelwire and the functions, as cargo built them)
"""

import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).resolve().parent.parent
STACK = "parcelwire"
SENDER, MERCHANT = "parcels@example.com", "merchant@example.com"
# A failed message is shown again after this, not after the template's six minutes: a test has no half hour.
VISIBILITY = 8
# Orders of the stories that mail nobody (infra/local/src/demo/stories.rs).
QUIET = [1, 2, 3, 6, 8, 10, 11, 13, 19, 12]
SCHEDULED = ("Sweep", "PollChannels")


class Failed(Exception):
    """What did not hold."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def die_with_parent():
    """Has Linux end this process when its parent ends, however that happens; elsewhere the parent must do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def adopt_orphans():
    """Has Linux hand what a child leaves behind to this process, which then can see it end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


@contextlib.contextmanager
def timed(what, times):
    since = time.monotonic()
    print(f"-- {what}", flush=True)
    yield
    times.append((what, time.monotonic() - since))


class LocalAws:
    """ministack on a free port of 127.0.0.1, with IAM evaluated."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "ministack.log"
        temporary = folder / "tmp"
        temporary.mkdir()
        # Nothing of the user's own AWS set-up is seen: neither keys, nor profiles, nor their files.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PARCELWIRE_", "SAM_"))}
        self.environment = kept | {
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }
        # BIND_HOST: it listens everywhere otherwise. AUTH: the functions act as their roles, and only their policies
        # let them. A backtrace in an answer tells nobody anything.
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "AUTH": "true", "RUST_BACKTRACE": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=self.environment | own,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            cwd=folder,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )

    def wait(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            check(self.process.poll() is None, f"ministack ended: {self.tail()}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).close()
                return
            time.sleep(0.2)
        raise Failed(f"ministack does not answer: {self.tail()}")

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            # Its own group: the functions that it started go with it.
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        # The functions are this process's children now, and at their end.
        with contextlib.suppress(ChildProcessError):
            until = time.monotonic() + 10
            while time.monotonic() < until:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.1)

    def tail(self, lines=60):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)

    def queued(self):
        """What its queues hold, without touching it; the test has no real buyer's data."""
        with urllib.request.urlopen(f"{self.url}/_ministack/sqs/messages", timeout=10) as answer:
            return answer.read().decode()[:5000]

    def mails(self):
        with urllib.request.urlopen(f"{self.url}/_ministack/ses/messages", timeout=10) as answer:
            return [mail for mails in json.load(answer)["messages"].values() for mail in mails]


class Deployment:
    """The commands of docs/deploy.md, as a person gives them."""

    def __init__(self, aws, folder, sam, programs):
        self.aws, self.folder, self.sam, self.programs = aws, folder, sam, programs

    def pack(self):
        shutil.copy(ROOT / "template.yaml", self.folder)
        for function in sorted(path.name for path in (ROOT / "functions").iterdir()):
            place = self.folder / "target" / "lambda" / function
            place.mkdir(parents=True)
            shutil.copy(self.programs / function, place / "bootstrap")
            if shutil.which("strip"):
                subprocess.run(["strip", place / "bootstrap"], check=True)

    def deploy(self, **parameters):
        overrides = {"MailFrom": SENDER, "Architecture": "x86_64"} | parameters
        command = [self.sam, "deploy", "--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]
        command += ["--no-progressbar", "--parameter-overrides", *(f"{k}={v}" for k, v in overrides.items())]
        done = self.run(command, cwd=self.folder)
        check(done.returncode == 0, f"sam deploy: {done.stdout[-3000:]}{done.stderr[-3000:]}")

    def parcelwire(self, *words, expect=0):
        done = self.run([self.programs / "parcelwire", *words, "--stack", STACK])
        said = done.stdout + done.stderr
        check(done.returncode == expect, f"parcelwire {' '.join(words)}: {done.returncode}, not {expect}: {said}")
        return said

    def run(self, command, cwd=None):
        return subprocess.run(
            command, env=self.aws.environment, cwd=cwd or self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=600, check=False,
        )

    def play(self):
        """The stories; what they print is shown as it comes."""
        command = [self.programs / "parcelwire", "demo", "--stack", STACK]
        command += ["--mailbox", f"{self.aws.url}/_ministack/ses/messages"]
        said = []
        with subprocess.Popen(
            command, env=self.aws.environment, cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
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


def resources(aws):
    """What the stack's resources are called, by their names in the template."""
    described = aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {found["LogicalResourceId"]: found["PhysicalResourceId"] for found in described}


def help_ministack_along(aws):
    """What the local AWS lacks or a test cannot wait for; each is named in docs/deploy.md."""
    sqs = aws.client("sqs")
    for queue in ("inbound", "alerts"):
        url = sqs.get_queue_url(QueueName=f"{STACK}-{queue}")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY)})
    # It evaluates SES's SendEmail without identity and sender, so the template's grant, which names both, never fits.
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    aws.client("iam").put_role_policy(
        RoleName=resources(aws)["SendAlertsRole"],
        PolicyName="ministack-knows-no-identities",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


class Schedules(threading.Thread):
    """Calls the scheduled functions each second, as EventBridge does each minute, and notes what they answer."""

    def __init__(self, aws):
        super().__init__(daemon=True)
        by_id = resources(aws)
        self.functions = [by_id[name] for name in SCHEDULED]
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


def base_urls_are_refused(aws, deployment, folder):
    """A stack made as the guide says takes no other hosts, whatever the settings say, and stays as it was."""
    settings = folder / "elsewhere.toml"
    settings.write_text(
        '[general]\nallow_base_urls = true\n[mail]\nto = ["merchant@example.com"]\n'
        '[[connections]]\nid = "amazon-us"\nkind = "amazon"\nbase_url = "http://127.0.0.1:9/amazon"\n'
        'secrets = { client_id = "c", client_secret = "s", refresh_token = "r" }\n'
    )
    settings.chmod(0o600)
    said = deployment.parcelwire("apply", str(settings), "--yes", expect=4)
    check("base_url" in said and "AllowBaseUrls" in said, f"refused for another reason: {said}")
    for table in ("connections", "credentials", "webhook-secrets"):
        kept = aws.client("dynamodb").scan(TableName=f"{STACK}-{table}")["Count"]
        check(kept == 0, f"{kept} items in {table} after a refusal")


def commands_work_on_the_stack(deployment):
    """Every command that looks at things, and a test mail."""
    for words in (
        ["connections"], ["orders"], ["orders", "--state", "visible", "--json"], ["map", "list"],
        ["map", "export", "--account", "amazon-us"], ["sku", "list"], ["explain", "101-0000001-0000001"], ["retry", "101-0000001-0000001"], ["pause", "old-shop"],
        ["resume", "old-shop"], ["mail", "test", "--connection", "shop"], ["redrive"],
    ):
        deployment.parcelwire(*words)
    deployment.parcelwire("mail", "list", expect=4)
    deployment.parcelwire("explain", "999-9999999-9999999", expect=3)


def no_dead_letters(aws):
    """The demo looked at all four queues while its stand-ins stood; what waits without them is its end's doing."""
    sqs = aws.client("sqs")
    names = ["ApproximateNumberOfMessages" + rest for rest in ("", "NotVisible", "Delayed")]
    for name in ("inbound-dlq", "alerts-dlq"):
        url = sqs.get_queue_url(QueueName=f"{STACK}-{name}")["QueueUrl"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        check(not any(int(count) for count in counts.values()), f"dead letters in {name}: {counts}")


def mailbox_is_as_told(aws):
    mails = aws.mails()
    check(mails, "no mail was sent")
    for mail in mails:
        check(mail["Source"] == SENDER and mail["To"] == [MERCHANT], f"{mail['Source']} to {mail['To']}")
        for number in QUIET:
            order = f"{100 + number}-{number:07}-{number:07}"
            check(order not in mail["BodyText"], f"a mail about {order}, of which nobody should hear: {mail['Subject']}")
    return len(mails)


def alarms_are_there(aws):
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = {d["Value"] for alarm in alarms for d in alarm["Dimensions"] if d["Name"] == "QueueName"}
    check(watched == {f"{STACK}-inbound-dlq", f"{STACK}-alerts-dlq"}, f"alarms watch {watched}")


def nothing_was_denied(aws):
    """Each function did all this with the policy of its own role alone."""
    text = aws.log.read_text(errors="replace")
    denied = [line for line in text.splitlines() if "AccessDenied" in line or "not authorized" in line]
    check(not denied, "\n".join(denied[:10]))


def main():
    die_with_parent()
    adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    parser.add_argument("--sam", required=True, type=pathlib.Path)
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    times = []
    with tempfile.TemporaryDirectory(prefix="parcelwire-deployed-") as name:
        folder = pathlib.Path(name)
        aws = LocalAws(folder)
        try:
            deployment = Deployment(aws, folder, arguments.sam.absolute(), arguments.programs.absolute())
            with timed("start the local AWS and pack the functions", times):
                deployment.pack()
                aws.wait()
                aws.client("ses").verify_email_identity(EmailAddress=SENDER)
            with timed("create the stack as the guide says; base URLs are refused there", times):
                deployment.deploy()
                base_urls_are_refused(aws, deployment, folder)
            with timed("update it to take base URLs", times):
                deployment.deploy(AllowBaseUrls="true")
                help_ministack_along(aws)
            schedules = Schedules(aws)
            schedules.start()
            with timed("play the stories", times):
                played = deployment.play()
            with timed("look at what is left", times):
                schedules.stop()
                mails = mailbox_is_as_told(aws)
                commands_work_on_the_stack(deployment)
                no_dead_letters(aws)
                check(not schedules.wrong, "\n".join(schedules.wrong[:5]))
                alarms_are_there(aws)
                nothing_was_denied(aws)
        except BaseException as error:
            print(f"ministack's last words:\n{aws.tail()}", file=sys.stderr)
            with contextlib.suppress(OSError):
                print(f"queued: {aws.queued()}", file=sys.stderr)
            if isinstance(error, Failed):
                print(f"FAILED: {error}", file=sys.stderr)
                return 1
            raise
        finally:
            aws.stop()
    for what, took in times:
        print(f"{took:6.1f} s  {what}")
    print(f"{played} stories ran deployed; {mails} mails, {schedules.calls} scheduled calls, queues empty")
    return 0


if __name__ == "__main__":
    sys.exit(main())
