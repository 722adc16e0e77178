"""Compares what each function's role grants with what the function used: neither may be more than the other.

Roles are read as CloudFormation made them, so that names are what they are in a stack. What AWS's services do in a
function's name goes past the recorder, and follows from the stack: Lambda reads the queue of an event source mapping and
writes the function's log, and DynamoDB opens and makes data keys for a table under a key of ours.
"""

import dataclasses
import json

from local_aws import MINISTACK_POLICY, REGION, check
from recorder import ACCOUNT, Use, access_key

# Granted and needed, but not to be seen in this test: function, action, resource by its template name, and why.
EXCEPTIONS = {}

# What a table under a key of ours asks of that key, by what is done to the table (DynamoDB's developer guide,
# "Encryption at rest: usage notes", read 2026-11-22: reading decrypts; writing makes a data key, and encrypts).
READING, WRITING = {"kms:Decrypt"}, {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
# The context under which a function may call KMS itself: docs/decisions/0020-envelope-encryption.md.
SEALING = ["connection", "merchant", "purpose"]


@dataclasses.dataclass(frozen=True)
class Grant:
    """One action on one resource; `via` is the table for which DynamoDB uses the key, else empty."""

    sid: str
    action: str
    resource: str
    via: str = ""
    sender: str = ""

    def covers(self, use, via=""):
        if self.action != use.action or self.via != via or (self.sender and self.sender != use.sender):
            return False
        if self.resource == use.resource:
            return True
        # A domain's identity speaks for its addresses.
        kind, _, domain = self.resource.partition(":identity/")
        return bool(domain) and "@" not in domain and use.resource.startswith(f"{kind}:identity/") and (
            use.resource.endswith(f"@{domain}")
        )


@dataclasses.dataclass
class Function:
    """A function of the stack: what it may do, what it did, what was done in its name."""

    name: str
    grants: list
    direct: dict  # Use -> how often
    implied: set  # (Use, via)


def listed(value):
    return value if isinstance(value, list) else [value]


def grants_of(iam, role):
    """The statements of a role, taken apart."""
    found = []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if policy == MINISTACK_POLICY:
            continue
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        for statement in listed(document["Statement"]):
            check(statement["Effect"] == "Allow", f"{role}: a statement that does not allow")
            equal = statement.get("Condition", {}).get("StringEquals", {})
            via = equal.get("kms:EncryptionContext:aws:dynamodb:tableName", "") if "kms:ViaService" in equal else ""
            check("kms:ViaService" not in equal or via, f"{role}: {statement['Sid']} is for every table")
            sender = equal.get("ses:FromAddress", "")
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    found.append(Grant(statement["Sid"], action, resource, via, sender))
    return found


def table_keys(stack):
    """The tables that are encrypted under a key of ours, and that key."""
    names, keys = stack.resources(), {}
    for name, resource in stack.template()["Resources"].items():
        key = resource.get("Properties", {}).get("SSESpecification", {}).get("KMSMasterKeyId", {})
        if resource["Type"] == "AWS::DynamoDB::Table" and key:
            arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{names[key['Ref']].rsplit('/', 1)[-1]}"
            keys[names[name]] = arn
    check(keys, "no table is under a key of ours")
    return keys


def in_its_name(config, sources, direct, keys):
    """What Lambda and DynamoDB do for a function."""
    found = set()
    for source in sources:
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            found.add((Use(action, source["EventSourceArn"]), ""))
    group = config["LoggingConfig"]["LogGroup"]
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        found.add((Use(action, group), ""))
    for use in direct:
        service, _, rest = use.resource.partition(":table/")
        table = rest.split("/")[0]
        if service.startswith("arn:aws:dynamodb:") and table in keys:
            for action in WRITING if use.action in WRITES else READING:
                found.add((Use(action, keys[table]), table))
    return found


def functions(aws, stack, recorder):
    """Every function of the stack."""
    client, iam, keys = aws.client("lambda"), aws.client("iam"), table_keys(stack)
    all_functions = []
    for name, physical in sorted(stack.functions().items()):
        config = client.get_function_configuration(FunctionName=physical)
        direct = recorder.of(access_key(config["FunctionArn"], config["Role"]))
        sources = client.list_event_source_mappings(FunctionName=physical)["EventSourceMappings"]
        implied = in_its_name(config, sources, direct, keys)
        grants = grants_of(iam, config["Role"].rsplit("/", 1)[-1])
        all_functions.append(Function(name, grants, direct, implied))
    check(all_functions, "the stack has no functions")
    return all_functions


def short(resource, stack):
    """A resource as a person calls it."""
    return resource.rsplit(":", 1)[-1].replace(f"{stack.name}-", "") if resource.startswith("arn:") else resource


def same_log_group(grant, use):
    """A grant names a log group's ARN, with AWS's suffix for its streams; the function's settings name the group."""
    return use.action.startswith("logs:") and grant.resource.removesuffix(":*").endswith(f":log-group:{use.resource}")


def compare(aws, stack, recorder):
    """What is granted and unused, or used and not granted, of every function; prints what was used how often."""
    wrong, excepted = [], set()
    for function in functions(aws, stack, recorder):
        wanted = [(use, "") for use in function.direct] + sorted(function.implied, key=str)
        used = set()
        for use, via in wanted:
            covering = [grant for grant in function.grants if grant.action == use.action and grant.via == via
                        and (grant.covers(use, via) or same_log_group(grant, use))]
            used.update(covering)
            if not covering:
                wrong.append(f"{function.name} used {use.action} on {short(use.resource, stack)}, which is not granted")
            if use.action.startswith("kms:") and not via and [name for name, _ in use.context] != SEALING:
                wrong.append(f"{function.name} called {use.action} with the context {use.context}")
        for grant in function.grants:
            place = (function.name, grant.action, short(grant.resource, stack))
            if grant in used:
                if place in EXCEPTIONS:
                    wrong.append(f"{place} was used: take it off the list of exceptions")
            elif place in EXCEPTIONS:
                excepted.add(place)
            else:
                why = f" for {grant.via}" if grant.via else ""
                wrong.append(f"{function.name} may {grant.action} on {place[2]}{why} ({grant.sid}), and never did")
        asked = sum(function.direct.values())
        print(f"   {function.name}: {len(used)} of {len(function.grants)} grants used, {asked} requests written down")
    wrong += [f"{place} is no grant at all: take it off the list of exceptions" for place in EXCEPTIONS.keys() - excepted]
    wrong += [f"a request that the recorder cannot read: {unknown}" for unknown in sorted(recorder.unknown)]
    check(not wrong, "privileges:\n" + "\n".join(wrong))


def kms_calls(aws, stack, recorder):
    """How often each function called KMS itself, and for how many connections."""
    calls, contexts = {}, set()
    for function in functions(aws, stack, recorder):
        for use, count in function.direct.items():
            if use.action.startswith("kms:"):
                calls[function.name, use.action] = calls.get((function.name, use.action), 0) + count
                contexts.add(use.context)
    return calls, contexts
