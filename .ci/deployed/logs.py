"""What the functions of a stack logged: lines that a machine reads, nothing secret in them, one trace from door to confirmation.

docs/operations/logs.md says what a line holds; tests/stories/logs.rs holds every story to it. Here it is seen in the stack.
"""

import json
import re

from local_aws import check, wait_for

# What Lambda itself writes beside a function's own lines.
OF_LAMBDA = re.compile(r"^(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION|XRAY) ")
DIMENSIONS = {"function", "marketplace", "outcome"}
# Metrics that the stories and troubles must have counted: function, metric, and its outcome.
COUNTED = {
    ("SyncOrder", "confirmations", "accepted"),
    ("SyncOrder", "held", None),
    ("SyncOrder", "read_back_lag", None),
    ("SendAlerts", "mails", "sent"),
    ("SendAlerts", "mails", "refused"),
    ("ReceiveStoreWebhook", "webhooks", "refused"),
}


def lines(aws, physical):
    """A function's own lines, as they were written."""
    client, group = aws.client("logs"), aws.client("lambda").get_function_configuration(FunctionName=physical)
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group["LoggingConfig"]["LogGroup"])
    said = "\n".join(event["message"].rstrip("\n") for page in pages for event in page["events"])
    return [line for line in said.splitlines() if line.strip() and not OF_LAMBDA.match(line)]


def read(line, function):
    """A line, as what it is: one JSON object."""
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    check(isinstance(value, dict), f"{function} logged what no machine reads: {line[:300]}")
    return value


def trace_of(line):
    return line.get("trace_id") or line.get("span", {}).get("trace_id")


def of_function(aws, stack, name):
    return [read(line, name) for line in lines(aws, stack.functions()[name])]


def a_sampled_delivery(aws, stack):
    """The latest delivery of which each step is logged; `None` if none was."""
    door = of_function(aws, stack, "ReceiveStoreWebhook")
    return next((line for line in reversed(door) if line.get("message") == "delivery accepted"), None)


def traces_lead_on(aws, stack):
    """Each sampled delivery's trace is in the looks that followed it, with how long they took; how many there were."""
    door = [line for line in of_function(aws, stack, "ReceiveStoreWebhook") if line.get("message") == "delivery accepted"]
    check(door, "no delivery was sampled")
    looks = [line for line in of_function(aws, stack, "SyncOrder") if line.get("message") == "looked"]
    for line in door:
        trace = trace_of(line)
        check(trace and line.get("connection"), f"the door does not say whose it is: {line}")
        followed = [look for look in looks if trace_of(look) == trace]
        check(followed, f"trace {trace} ends at the door: {line}")
        check(all(isinstance(look.get("duration_ms"), int) for look in followed), f"nobody says how long: {followed}")
    return len(door)


def confirmations_are_named(aws, stack):
    """Each try to confirm names its account, order, parcel and duration; what a delivery caused carries its trace."""
    tries = [line for line in of_function(aws, stack, "SyncOrder") if "confirmations" in line]
    for line in tries:
        missing = {"connection", "order", "package", "duration_ms", "outcome"} - line.keys()
        check(not missing, f"a confirmation is logged without {missing}: {line}")
    by_deliveries = [line for line in tries if line.get("at") == "delivery"]
    check(by_deliveries, "no confirmation was caused by a delivery")
    for line in by_deliveries:
        check(trace_of(line), f"a confirmation that a delivery caused carries no trace: {line}")


def are_as_promised(aws, stack, secrets):
    """Every line of every function; how many were read."""
    namespace, counted, count = f"Parcelwire/{stack.name}", set(), 0
    for name, physical in sorted(stack.functions().items()):
        for line in lines(aws, physical):
            count += 1
            for secret in secrets:
                check(secret not in line, f"{name} logged a secret: {line[:300]}")
            value = read(line, name)
            if "_aws" not in value:
                missing = {"timestamp", "level", "message", "target"} - value.keys()
                check(not missing, f"{name} logged a line without {missing}: {line[:300]}")
                continue
            for directive in value["_aws"]["CloudWatchMetrics"]:
                check(directive["Namespace"] == namespace, f"{name} counts in {directive['Namespace']}")
                for dimensions in directive["Dimensions"]:
                    check(set(dimensions) <= DIMENSIONS, f"{name} counts by {dimensions}")
                for metric in directive["Metrics"]:
                    check(isinstance(value.get(metric["Name"]), (int, float)), f"{name} counts nothing: {line[:300]}")
                    counted |= {(name, metric["Name"], value.get("outcome")), (name, metric["Name"], None)}
    check(COUNTED <= counted, f"never counted: {COUNTED - counted}")
    return count
