"""What goes wrong in a stack: each is told clearly, parcels go on, and nothing is lost.

Some of it is rare enough that no story of the demo comes to it; each right that a function is granted for such a case is
used here, else privileges.py finds it unused.
"""

import contextlib
import datetime
import json

import logs
from local_aws import MERCHANT, ROOT, SENDER, check, wait_for
from recorder import access_key
from stand_ins import SHOP, post, wait_for_state

ATTRIBUTE = "amazon-order"
# A second reader, whose address will bounce.
BOUNCES = "desk@example.com"
MARKETPLACE = "ATVPDKIKX0DER"
KEYS = {
    "client_id": "canary-client-id", "client_secret": "canary-client-secret", "refresh_token": "canary-refresh-token",
}
SHOP_KEYS = {"access_token": "canary-access-token", "webhook_secret": "canary-webhook-secret"}
# What no function may log: the secrets, tokens that the stand-in of Amazon makes, the stand-ins' buyer, who is mailed.
SECRETS = [*KEYS.values(), *SHOP_KEYS.values(), "Atza|", "Sandbuyer", "555-0142", MERCHANT, BOUNCES]
# A delivery in twenty is sampled: of so many, all but certainly one.
MOST_DELIVERIES = 150
UNAVAILABLE = (503, "application/x-amz-json-1.0", '{"__type": "ServiceUnavailable", "message": "tried by the test"}')


def table(pairs):
    """An inline table of TOML."""
    return "{ " + ", ".join(f'{key} = "{value}"' for key, value in pairs.items()) + " }"


def settings(at, to, rest=""):
    """Settings of one shop and one account, whose secret ends within the week, with the stand-ins in their places."""
    soon = datetime.date.today() + datetime.timedelta(days=5)
    return f'''[general]
allow_base_urls = true
[mail]
to = {json.dumps(to)}
digest_hour = 0
[timing]
read_back_after = 0.3
missing_after = 60
doubt_settles_after = 1
retry_after = 0.3
[[connections]]
id = "harbour-us"
kind = "amazon"
base_url = "{at}/amazon"
marketplace_id = "{MARKETPLACE}"
expires = {soon}
timing = {{ poll_every = 2 }}
secrets = {table(KEYS)}
[[connections]]
id = "harbour"
kind = "shopify"
shop = "{SHOP}"
base_url = "{at}/shopify"
timing = {{ poll_every = 2 }}
link = [{{ from = "note_attribute", name = "{ATTRIBUTE}", account = "harbour-us" }}]
secrets = {table({"webhook": SHOP_KEYS["webhook_secret"], "access_token": SHOP_KEYS["access_token"]})}
{rest}'''


def write(file, text):
    file.write_text(text)
    file.chmod(0o600)


class Troubles:
    """A stack with one shop and one account, and what happens to them."""

    def __init__(self, aws, stack, stand_ins, recorder, folder):
        self.aws, self.stack, self.stand_ins, self.recorder = aws, stack, stand_ins, recorder
        self.file = folder / "troubles.toml"
        self.number = 0

    def play(self):
        """All of them; their names."""
        self.connect()
        all_of_them = [
            self.a_queue_that_refuses, self.ses_in_its_sandbox, self.an_unverified_sender, self.a_bounce,
            self.messages_that_nobody_can_read, self.tokens_that_end, self.a_secret_that_ends_soon,
            self.a_token_that_is_revoked, self.records_that_are_lost, self.wrong_regions_and_keys,
            self.subscriptions_that_are_missing, self.a_parcel_that_is_looked_for, self.a_shop_that_is_erased,
        ]
        for trouble in all_of_them:
            name = trouble.__name__.replace("_", " ")
            print(f"   {name} …", flush=True)
            trouble()
        return len(all_of_them)

    # ------------------------------------------------------------ what they need

    def connect(self):
        """Other settings in the place of those before: their connections go, with their secrets."""
        self.stand_ins.open("harbour-us", MARKETPLACE, KEYS, SHOP_KEYS)
        write(self.file, settings(self.stand_ins.url, [MERCHANT, BOUNCES]))
        told = json.loads(self.stack.parcelwire("--json", "apply", str(self.file), "--yes"))
        self.webhooks = {one["connection"]: one["url"] for one in told["webhooks"]}["harbour"]
        sns, sqs = self.aws.client("sns"), self.aws.client("sqs")
        self.operator = sqs.create_queue(QueueName="whom-the-alarm-topic-tells")["QueueUrl"]
        names = ["QueueArn"]
        arn = sqs.get_queue_attributes(QueueUrl=self.operator, AttributeNames=names)["Attributes"]["QueueArn"]
        topic = self.stack.resources()["AlarmTopic"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        allowed |= {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=self.operator, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def key_of(self, function):
        config = self.aws.client("lambda").get_function_configuration(FunctionName=self.stack.resources()[function])
        return access_key(config["FunctionArn"], config["Role"])

    def ship(self, carrier="UPS"):
        """A new order leaves, and its webhook is taken; its id at Amazon."""
        self.number += 1
        amazon, shop_order = self.stand_ins.order(self.number, ATTRIBUTE)
        status = post(self.webhooks, self.stand_ins.ship(shop_order, carrier, f"1Z999AA1{self.number:010}"))
        check(status == 200, f"the receiver answered {status}")
        return amazon

    def confirmed_once(self, amazon):
        wait_for_state(self.stack, amazon, "visible")
        packages = self.stand_ins.packages(amazon)
        check(len(packages) == 1 and packages[0]["confirm_calls"] == 1, f"{amazon}: {packages}")

    def operator_was_told(self, words):
        def there():
            taken = self.aws.client("sqs").receive_message(QueueUrl=self.operator, MaxNumberOfMessages=10)
            return any(words in message["Body"] for message in taken.get("Messages", []))

        wait_for(f"the operator's topic never said {words!r}", there)

    def checked(self, which, how):
        """Whether `doctor` finds this of the system."""
        said = self.stack.parcelwire("--json", "doctor", expect={0, 5, 6})
        report, _end = json.JSONDecoder().raw_decode(said)
        found = [one for one in report["system"] if one["check"] == which]
        check(any(one["outcome"] == how for one in found), f"doctor says of {which}: {found}")

    # ------------------------------------------------------------ the troubles

    def a_queue_that_refuses(self):
        """Accepted is durable: what the queue refuses is kept in the table, and the sweep queues it."""
        key = self.key_of("ReceiveStoreWebhook")
        with self.recorder.refusing(key, "sqs:SendMessage", UNAVAILABLE):
            amazon = self.ship()
            check(self.recorder.refused > 0, "the queue was never asked")
        self.confirmed_once(amazon)

    def ses_in_its_sandbox(self):
        """SES refuses every recipient: confirmations go on, the parcel that is held stays, the operator hears of it."""
        self.production_access(False)
        held, plain = self.ship("Snail & Sons"), self.ship()
        self.confirmed_once(plain)
        wait_for_state(self.stack, held, "held")
        self.operator_was_told("Parcelwire cannot send mail")
        said = self.stack.parcelwire("mail", "test", "--connection", "harbour", expect={1, 4})
        check("not verified" in said, f"mail test says: {said}")
        self.production_access(True)
        self.stack.parcelwire("map", "set", "Snail & Sons", "4PX", "--account", "harbour-us")
        self.confirmed_once(held)

    def production_access(self, granted):
        self.aws.client("sesv2").put_account_details(
            MailType="TRANSACTIONAL", WebsiteURL="https://www.example.com", ProductionAccessEnabled=granted,
        )

    def an_unverified_sender(self):
        """The sender's identity is gone: doctor names it, and parcels go on."""
        ses = self.aws.client("ses")
        ses.delete_identity(Identity=SENDER)
        self.checked("mail_sender", "bad")
        said = self.stack.parcelwire("mail", "test", "--connection", "harbour", expect={1, 4})
        check("not verified" in said, f"mail test says: {said}")
        self.confirmed_once(self.ship())
        ses.verify_email_identity(EmailAddress=SENDER)
        self.checked("mail_sender", "good")

    def a_bounce(self):
        """A recipient bounces: SES tells the topic, the topic the queue; that address is mailed no more."""
        # The local AWS's SES publishes nothing to a configuration set's topic: here the test does it in SES's place.
        bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": BOUNCES}]}
        event = json.dumps({"eventType": "Bounce", "mail": {}, "bounce": bounce})
        self.aws.client("sns").publish(TopicArn=self.stack.resources()["MailFeedbackTopic"], Message=event)

        def suppressed():
            rows = self.stack.ask("connections")
            return any(one["address"] == BOUNCES for row in rows for one in row["mail_suppressed"])

        wait_for(f"{BOUNCES} is mailed on", suppressed)
        self.stack.parcelwire("mail", "allow", BOUNCES)
        check(not suppressed(), f"{BOUNCES} is still suppressed")

    def messages_that_nobody_can_read(self):
        """A message in each queue that is none of ours: dead letters after five tries, and mails that say so."""
        sqs = self.aws.client("sqs")
        for queue in ("inbound", "alerts", "amazon"):
            sqs.send_message(QueueUrl=self.stack.queue(queue), MessageBody="{}")
        for queue in ("inbound-dlq", "alerts-dlq", "amazon-dlq"):
            wait_for(f"no dead letter in {queue}", lambda queue=queue: self.stack.waiting(queue) == 1, 300)

        def told():
            return any("could not be worked on" in mail["Subject"] for mail in self.aws.mails())

        wait_for("no mail about dead letters", told)
        for queue in ("inbound-dlq", "alerts-dlq", "amazon-dlq"):
            sqs.purge_queue(QueueUrl=self.stack.queue(queue))

    def tokens_that_end(self):
        """Access tokens run out: whoever comes first, poller or worker, refreshes, and both use the new one."""
        for _ in range(4):
            self.stand_ins.tell("amazon", "expire", {"seller": "harbour-us"})
            self.confirmed_once(self.ship())

    def a_secret_that_ends_soon(self):
        """The settings name the day: a mail reminds of it."""
        wait_for("nobody is told that a secret ends", lambda: self.mails("harbour-us", "ends"))

    def mails(self, *words):
        """The mails that say all of these words, anywhere."""
        return [mail for mail in self.aws.mails() if all(word in mail["Subject"] + mail["BodyText"] for word in words)]

    def a_token_that_is_revoked(self):
        """The poll finds that the shop takes the token no more: parked, told; the next settings set it going again."""
        self.stand_ins.tell("shopify", f"shops/{SHOP}/token", {"access_token": None})

        def is_now(activity):
            return any(row["id"] == "harbour" and row["activity"] == activity for row in self.stack.ask("connections"))

        wait_for("the shop is not parked", lambda: is_now("parked"))
        wait_for("nobody is told that the shop is parked", lambda: self.mails("harbour", "resume"))
        self.stand_ins.tell("shopify", f"shops/{SHOP}/token", {"access_token": SHOP_KEYS["access_token"]})
        self.stack.parcelwire("resume", "harbour")
        wait_for("the shop is still parked", lambda: is_now("active"))
        self.confirmed_once(self.ship())

    def records_that_are_lost(self):
        """All orders are lost and brought back as they were before a parcel was told, as docs/operations/backup.md says.

        The shop repeats itself, and the parcel is not told again.
        """
        dynamodb, client = self.aws.client("dynamodb"), self.aws.client("lambda")
        orders, restored = f"{self.stack.name}-orders", f"{self.stack.name}-restored-orders"

        def items(table):
            return [item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]

        dynamodb.restore_table_to_point_in_time(
            SourceTableName=orders, TargetTableName=restored, UseLatestRestorableTime=True
        )
        self.number += 1
        amazon, shop_order = self.stand_ins.order(self.number, ATTRIBUTE)
        delivery = self.stand_ins.ship(shop_order, number=f"1Z999AA1{self.number:010}")
        check(post(self.webhooks, delivery) == 200, "the receiver did not take it")
        self.confirmed_once(amazon)
        worker = self.stack.functions()["SyncOrder"]
        mappings = client.list_event_source_mappings(FunctionName=worker)["EventSourceMappings"]
        for mapping in mappings:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        for item in items(orders):
            dynamodb.delete_item(TableName=orders, Key={"pk": item["pk"], "sk": item["sk"]})
        check(not self.stack.ask("orders"), "the orders are still there")
        for item in items(restored):
            dynamodb.put_item(TableName=orders, Item=item)
        indexes = dynamodb.describe_table(TableName=restored)["Table"]["GlobalSecondaryIndexes"]
        check({index["IndexName"] for index in indexes} == {"due", "attention"}, f"restored with {indexes}")
        for mapping in mappings:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        check(post(self.webhooks, delivery) == 200, "the receiver did not take it again")
        wait_for_state(self.stack, amazon, "not_ours")
        packages = self.stand_ins.packages(amazon)
        check(len(packages) == 1 and packages[0]["confirm_calls"] == 1, f"{amazon} was told again: {packages}")
        dynamodb.delete_table(TableName=restored)

    def wrong_regions_and_keys(self):
        """The command line says what is wrong, and changes nothing."""
        said = self.stack.parcelwire("connections", "--region", "eu-central-1", expect=3)
        check("there is no stack" in said and "eu-central-1" in said, f"a wrong region: {said}")
        gone = {"AWS_ACCESS_KEY_ID": "AKIAREVOKEDREVOKED00", "AWS_SECRET_ACCESS_KEY": "revoked"}
        for words in (["connections"], ["apply", str(self.file), "--yes"]):
            said = self.stack.parcelwire(*words, expect=1, **gone)
            check("security token" in said and "invalid" in said, f"revoked keys: {said}")
            check("revoked" not in said.replace("REVOKED", ""), f"a secret is told: {said}")
        rows = self.stack.ask("connections")
        check({row["activity"] for row in rows} == {"active"}, f"not as before: {rows}")

    def subscriptions_that_are_missing(self):
        """The shop is subscribed to nothing: said so, made, and then found in order."""
        said = self.stack.parcelwire("webhooks", "check", expect=6)
        check("missing" in said and "webhooks register harbour" in said, f"webhooks check says: {said}")
        self.stack.parcelwire("webhooks", "register", "harbour")
        self.stack.parcelwire("webhooks", "check", "harbour")
        there = self.stand_ins.tell("shopify", f"shops/{SHOP}/webhooks", method="GET")
        check(there and {one["uri"] for one in there} == {self.webhooks}, f"the shop is subscribed to {there}")

    def a_parcel_that_is_looked_for(self):
        """Of a sampled delivery, the log tells each step from the door to the confirmation by one id."""
        for _ in range(MOST_DELIVERIES):
            if logs.a_sampled_delivery(self.aws, self.stack):
                return
            self.confirmed_once(self.ship())
        check(False, f"none of {MOST_DELIVERIES} deliveries was sampled")

    def a_shop_that_is_erased(self):
        """The shop's owner left, and Shopify asks that its data be erased."""
        delivery = self.stand_ins.tell("shopify", f"shops/{SHOP}/privacy", {"topic": "shop/redact", "orders": []})
        check(post(self.webhooks, delivery) == 200, "the request was not taken")
        dynamodb = self.aws.client("dynamodb")

        def left():
            items = dynamodb.scan(TableName=f"{self.stack.name}-orders")["Items"]
            return [item for item in items if item["pk"]["S"].startswith("S#") and "harbour" in item["pk"]["S"]]

        def deliveries():
            items = dynamodb.scan(TableName=f"{self.stack.name}-deliveries")["Items"]
            return [item for item in items if "harbour#" in item["pk"]["S"] + "#"]

        wait_for("store orders are still there", lambda: all("facts" not in item for item in left()))
        # They are walked table by table, and deliveries come last.
        wait_for("deliveries are still there", lambda: not deliveries())


REFUSED = """
  UrlOfNobody:
    Type: AWS::Lambda::Url
    DependsOn: [SyncOrder, SendAlerts, OrdersTable, CredentialsTable]
    Properties: { TargetFunctionArn: there-is-no-such-function, AuthType: AWS_IAM }
"""


def wrong_input(aws, stack, file):
    """Deployments that cannot succeed: a parameter that is missing or wrong, a stack that is half created."""
    said = stack.deploy(expect=1, MailFrom=None)
    check("MailFrom" in said, f"a missing parameter: {said[-800:]}")
    said = stack.deploy(expect=1, Architecture="sparc")
    check("Architecture" in said, f"a wrong parameter: {said[-800:]}")
    said = stack.parcelwire("apply", str(file), "--yes", expect={3, 4})
    check("stack" in said, f"no stack yet: {said}")
    # A resource that AWS refuses, once most of the others are there.
    broken = ROOT / "target" / "half.yaml"
    text = (ROOT / "template.yaml").read_text().replace("CodeUri: target/", "CodeUri: ")
    broken.write_text(text.replace("\nOutputs:\n", REFUSED + "\nOutputs:\n"))
    said = stack.deploy(expect=1, template=broken)
    check("ROLLBACK" in said or "CREATE_FAILED" in said, f"a half-created stack: {said[-1500:]}")
    said = stack.parcelwire("apply", str(file), "--yes", expect=4)
    check("ROLLBACK" in said, f"a half-created stack: {said}")
    kept = named(aws, stack)
    check(not kept, f"a stack that was never completed keeps {kept}: the next try would find them in its way")
    remove(aws, stack)


def named(aws, stack):
    """The tables and queues that are called after a stack."""
    tables = aws.client("dynamodb").list_tables()["TableNames"]
    queues = aws.client("sqs").list_queues(QueueNamePrefix=f"{stack.name}-").get("QueueUrls", [])
    return [table for table in tables if table.startswith(f"{stack.name}-")] + queues


def remove(aws, stack):
    """What the guide says of a first deployment that failed: the stack goes. Whatever it kept goes as well."""
    formation = aws.client("cloudformation")
    formation.delete_stack(StackName=stack.name)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1})
    dynamodb, sqs = aws.client("dynamodb"), aws.client("sqs")
    for table in dynamodb.list_tables()["TableNames"]:
        if table.startswith(f"{stack.name}-"):
            dynamodb.delete_table(TableName=table)
    for url in sqs.list_queues(QueueNamePrefix=f"{stack.name}-").get("QueueUrls", []):
        with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=url)
