"""Stands between the functions and the local AWS: writes down who asked for what, and refuses on demand.

A function is known by the access key that it signs with. Each request becomes the pairs of action and resource that IAM
would be asked about (Service Authorization Reference of DynamoDB, SQS, SNS, KMS and SES v1, read 2026-11-22); a request
that this file cannot read is written down as unknown, and fails the test.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import http.server
import json
import re
import socketserver
import threading
import urllib.parse

ACCOUNT = "000000000000"
# Each member of a transaction is granted as the single action that it performs.
TRANSACTED = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
# Requests that are granted under another name.
GRANTED_AS = {"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "TrentService": "kms"}


@dataclasses.dataclass(frozen=True)
class Use:
    """One right that one request needs. `context` is KMS's encryption context, `sender` SES's From."""

    action: str
    resource: str
    context: tuple = ()
    sender: str = ""


class Unreadable(Exception):
    """A request that this file does not know."""


def access_key(function_arn, role_arn):
    """The access key that ministack 1.5.33 gives a function (its core/lambda_runtime.py)."""
    return "ASIA" + hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()[:16].upper()


def uses(headers, body, region):
    """What a signed request needs to be granted."""
    target = headers.get("X-Amz-Target")
    if target:
        service, _, operation = target.partition(".")
        if service not in SERVICES:
            raise Unreadable(target)
        asked = json.loads(body or b"{}")
        action = f"{SERVICES[service]}:{operation}"
        return BY_SERVICE[SERVICES[service]](GRANTED_AS.get(action, action), asked, region)
    asked = dict(urllib.parse.parse_qsl(body.decode()))
    operation = asked.get("Action")
    if operation == "Publish":
        return [Use("sns:Publish", asked["TopicArn"])]
    if operation == "SendEmail":
        # Besides the identity, a configuration set that is named must be granted; which of the two identities, the
        # address or its domain, is for the grant to say.
        sender = asked["Source"]
        found = [Use("ses:SendEmail", f"arn:aws:ses:{region}:{ACCOUNT}:identity/{sender}", sender=sender)]
        if "ConfigurationSetName" in asked:
            name = f"arn:aws:ses:{region}:{ACCOUNT}:configuration-set/{asked['ConfigurationSetName']}"
            found.append(Use("ses:SendEmail", name, sender=sender))
        return found
    raise Unreadable(operation or "neither target nor action")


def dynamodb(action, asked, region):
    table = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/"
    if action in ("dynamodb:TransactWriteItems", "dynamodb:TransactGetItems"):
        members = [member for item in asked["TransactItems"] for member in item.items()]
        return [Use(TRANSACTED[kind], table + detail["TableName"]) for kind, detail in members]
    if "RequestItems" in asked:
        return [Use(action, table + name) for name in asked["RequestItems"]]
    if "TableName" not in asked:
        raise Unreadable(action)
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    return [Use(action, table + asked["TableName"] + index)]


def sqs(action, asked, region):
    name = asked["QueueUrl"].rstrip("/").rsplit("/", 1)[-1]
    return [Use(action, f"arn:aws:sqs:{region}:{ACCOUNT}:{name}")]


def kms(action, asked, _region):
    if "KeyId" not in asked:
        raise Unreadable(f"{action} without a key's name")
    context = tuple(sorted(asked.get("EncryptionContext", {}).items()))
    return [Use(action, asked["KeyId"], context=context)]


BY_SERVICE = {"dynamodb": dynamodb, "sqs": sqs, "kms": kms}


class Recorder:
    """The proxy; what it wrote down is read by access key."""

    def __init__(self):
        self.lock = threading.Lock()
        self.calls = {}  # (access key, Use) -> how often it was passed on
        self.unknown = set()
        self.refusals = []  # (access key, action, answer) in force
        self.refused = 0
        self.upstream = None
        recorder = self

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """A function that was ended in the middle of a call is no news."""

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_):
                pass

            def handle_any(self):
                recorder.pass_on(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on_to(self, port):
        self.upstream = port

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        key, region = signer(handler.headers.get("Authorization", ""))
        refusal = self.write_down(key, region, handler.headers, body) if key.startswith("ASIA") else None
        if refusal:
            status, kind, text = refusal
            answer(handler, status, [("Content-Type", kind)], text.encode())
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=120)
        try:
            upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                # The host is part of what was signed, so it goes on as it came.
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            got = upstream.getresponse()
            answer(handler, got.status, got.getheaders(), got.read())
        finally:
            upstream.close()

    def write_down(self, key, region, headers, body):
        """Notes what is asked for; returns the answer if it is to be refused."""
        try:
            needed = uses(headers, body, region)
        except (Unreadable, KeyError, ValueError) as error:
            with self.lock:
                self.unknown.add(f"{type(error).__name__} {error}")
            return None
        with self.lock:
            for use in needed:
                self.calls[key, use] = self.calls.get((key, use), 0) + 1
            for who, action, refusal in self.refusals:
                if who == key and any(use.action == action for use in needed):
                    self.refused += 1
                    return refusal
        return None

    @contextlib.contextmanager
    def refusing(self, key, action, refusal):
        """While this lasts, whoever signs with `key` gets this answer to this action."""
        rule = (key, action, refusal)
        with self.lock:
            self.refusals.append(rule)
        try:
            yield
        finally:
            with self.lock:
                self.refusals.remove(rule)

    def of(self, key):
        """What one function asked for, and how often."""
        with self.lock:
            return {use: count for (who, use), count in self.calls.items() if who == key}


def signer(authorization):
    """The access key and the region of a signature (Signature Version 4)."""
    found = re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/", authorization)
    return (found[1], found[2]) if found else ("", "")


def answer(handler, status, headers, body):
    handler.send_response_only(status)
    for name, value in headers:
        if name.lower() not in ("connection", "transfer-encoding", "content-length", "keep-alive"):
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
    handler.wfile.flush()
