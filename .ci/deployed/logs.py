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
    ("SyncOrder", "confirmations", "rejected"),
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


def of_stack(aws, stack):
    """What every function of the stack logged, by its name in the template."""
    return {
        name: [read(line, name) for line in lines(aws, physical)] for name, physical in stack.functions().items()
    }


def one_trace(aws, stack, trace, order):
    """A sampled webhook's trace: at the door, and in the look that confirmed its parcel, with how long that took."""
    def there():
        logged = of_stack(aws, stack)
        door = [line for line in logged["ReceiveStoreWebhook"] if trace_of(line) == trace]
        looks = [line for line in logged["SyncOrder"] if trace_of(line) == trace]
        return (door, looks) if door and any(line.get("message") == "looked" for line in looks) else None

    door, looks = wait_for(f"trace {trace} is not in the logs of door and worker", there, 60)
    check(door[0].get("connection") == "harbour", f"the door does not say whose it is: {door[0]}")
    looked = next(line for line in looks if line.get("message") == "looked")
    check(isinstance(looked.get("duration_ms"), int), f"nobody says how long it took: {looked}")
    named = [line for line in looks if order in (line.get("order"), line.get("span", {}).get("order"))]
    check(named, f"no line of the trace names {order}: {looks}")


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
