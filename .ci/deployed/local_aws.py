"""The local AWS that the deployed test runs on, and the programs of the guide, given to it as a person gives them."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
SENDER, MERCHANT = "parcels@example.com", "merchant@example.com"
REGION = "us-east-1"


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


def wait_for(what, holds, patience=180.0):
    """Asks again and again until `holds` answers something true, which is returned."""
    until = time.monotonic() + patience
    while True:
        answer = holds()
        if answer:
            return answer
        check(time.monotonic() < until, f"after {patience:.0f} s: {what}")
        time.sleep(0.2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read()


class LocalAws:
    """ministack on a free port of 127.0.0.1, with IAM evaluated. Functions reach it through `recorder` alone."""

    def __init__(self, folder, recorder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        recorder.pass_on_to(self.port)
        self.log = folder / "ministack.log"
        temporary = folder / "tmp"
        temporary.mkdir()
        # Nothing of the user's own AWS set-up is seen: neither keys, nor profiles, nor their files. cargo and rustup
        # find their own folders all the same.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PARCELWIRE_", "SAM_"))}
        home = pathlib.Path(os.environ.get("HOME", "/root"))
        kept.setdefault("CARGO_HOME", str(home / ".cargo"))
        kept.setdefault("RUSTUP_HOME", str(home / ".rustup"))
        self.environment = kept | {
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "SAM_CLI_TELEMETRY": "0",
        }
        # BIND_HOST: it listens everywhere otherwise. AUTH: the functions act as their roles, and only their policies
        # let them. AWS_ENDPOINT_URL: what the functions are given. A backtrace in an answer tells nobody anything.
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "AUTH": "true", "RUST_BACKTRACE": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=self.environment | own | {"AWS_ENDPOINT_URL": recorder.url},
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
                get(f"{self.url}/_ministack/health", timeout=5)
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

    def said(self):
        return self.log.read_text(errors="replace")

    def tail(self, lines=60):
        return "\n".join(self.said().splitlines()[-lines:])

    def client(self, service, region=REGION):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=region, **keys)

    def functions_said(self, most=60):
        """The last lines of every function's log."""
        logs, lines = self.client("logs"), []
        for group in logs.describe_log_groups()["logGroups"]:
            name = group["logGroupName"]
            events = logs.filter_log_events(logGroupName=name, limit=10_000)["events"]
            lines += [(event["timestamp"], name.rsplit("/", 1)[-1], event["message"].strip()) for event in events]
        return "\n".join(f"{name}: {message[:600]}" for _, name, message in sorted(lines)[-most:])

    def queued(self):
        """What its queues hold, without touching it; the test has no real buyer's data."""
        return get(f"{self.url}/_ministack/sqs/messages").decode()[:5000]

    def mails(self):
        answer = json.loads(get(f"{self.url}/_ministack/ses/messages"))
        return [mail for mails in answer["messages"].values() for mail in mails]

    def run(self, command, cwd, expect=0, **more):
        """Runs a command in this world, which must end with `expect` (one code, or a set); what it said.

        `more` goes into its environment.
        """
        done = subprocess.run(
            [str(word) for word in command], env=self.environment | more, cwd=cwd, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=900, check=False,
        )
        said = done.stdout + done.stderr
        words = " ".join(str(word) for word in command)
        ends = expect if isinstance(expect, set) else {expect}
        check(done.returncode in ends, f"{words}: {done.returncode}, not {expect}: {said[-4000:]}")
        return said


class Stack:
    """A stack, deployed and asked by the commands of docs/deploy.md."""

    def __init__(self, aws, name, sam, parcelwire):
        self.aws, self.name, self.sam, self.program = aws, name, sam, parcelwire

    def deploy(self, expect=0, template="template.yaml", **parameters):
        """`sam deploy`, from the folder where the functions were packed; a parameter that is None is left out."""
        given = {"MailFrom": SENDER, "Architecture": "x86_64"} | parameters
        words = [f"{name}={value}" for name, value in given.items() if value is not None]
        command = [self.sam, "deploy", "--stack-name", self.name, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]
        command += ["--template-file", template, "--no-progressbar", "--parameter-overrides", *words]
        return self.aws.run(command, ROOT, expect)

    def parcelwire(self, *words, expect=0, **more):
        return self.aws.run([self.program, *words, "--stack", self.name], ROOT, expect, **more)

    def ask(self, *words):
        return json.loads(self.parcelwire("--json", *words))

    def resources(self):
        """What the stack's resources are called, by their names in the template."""
        described = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)
        return {found["LogicalResourceId"]: found["PhysicalResourceId"] for found in described["StackResources"]}

    def functions(self):
        """The names of the stack's functions, by their names in the template."""
        described = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)
        return {
            found["LogicalResourceId"]: found["PhysicalResourceId"]
            for found in described["StackResources"] if found["ResourceType"] == "AWS::Lambda::Function"
        }

    def template(self):
        """The stack's template as SAM's transform made it."""
        stored = self.aws.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        body = stored["TemplateBody"]
        return json.loads(body) if isinstance(body, str) else body

    def queue(self, name):
        """The address of a queue, by what follows the stack's name."""
        return self.aws.client("sqs").get_queue_url(QueueName=f"{self.name}-{name}")["QueueUrl"]

    def waiting(self, name):
        """How many messages a queue holds, whatever their state."""
        names = ["ApproximateNumberOfMessages" + rest for rest in ("", "NotVisible", "Delayed")]
        counts = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=names)
        return sum(int(count) for count in counts["Attributes"].values())

    def help_ministack_along(self, visibility):
        """What the local AWS lacks or a test cannot wait for; each is named in docs/deploy.md."""
        sqs = self.aws.client("sqs")
        for queue in ("inbound", "alerts", "amazon"):
            attributes = {"VisibilityTimeout": str(visibility)}
            sqs.set_queue_attributes(QueueUrl=self.queue(queue), Attributes=attributes)
        # It keeps a number that comes by a parameter as a text, over which its poller of queues stumbles at each turn.
        client, iam = self.aws.client("lambda"), self.aws.client("iam")
        for name in self.functions().values():
            for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
                most = int(mapping["ScalingConfig"]["MaximumConcurrency"])
                client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": most})
        # It evaluates SES's SendEmail without identity and sender, and KMS without the encryption context, so that grants
        # which name these never fit. What functions really ask is compared with those grants by privileges.py.
        for name in self.functions().values():
            config = client.get_function_configuration(FunctionName=name)
            variables = config["Environment"]["Variables"]
            statements = []
            if "MAIL_FROM" in variables:
                statements.append({"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"})
            if "KMS_ARN" in variables:
                actions = ["kms:GenerateDataKey", "kms:Decrypt"]
                statements.append({"Effect": "Allow", "Action": actions, "Resource": variables["KMS_ARN"]})
            if statements:
                iam.put_role_policy(
                    RoleName=config["Role"].rsplit("/", 1)[-1],
                    PolicyName=MINISTACK_POLICY,
                    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
                )


# The policy above, which is no part of the template.
MINISTACK_POLICY = "ministack-knows-neither-senders-nor-contexts"
