"""The lists of requests that connectors can send, shared/connectors/<name>/requests.toml, and what was seen of them.

    [[request]]
    what = "a name for people"
    send = "POST /orders/{}/items"     {} stands for one part of a path
    query = "limit=100 page?"          the parameters
    json = "id units[].count note?"    the body's fields by their path, [] for each of a list; or
    form = "id note?"                  those of a form; without either there is no body

Parameters and fields are separated by spaces:
    name        always there
    name?       seen with and without it
    name=a|b    these values alone, each of them seen; {} stands for any other
"""

import json
import re
import tomllib
import urllib.parse

# How a connector's source builds addresses: the function, and what it puts before the parts that it is given.
BUILDERS = {
    "amazon": {"api_url(&": "", "let path = ": ""},
    "ebay": {"fulfillment(&": "/sell/fulfillment/v1", "notification(&": "/commerce/notification/v1"},
    "etsy": {"shop.url(&": "/v3/application/shops/{}"},
}


class Field:
    """One parameter or field of a list, and what was seen of it."""

    def __init__(self, text):
        name, equals, values = text.partition("=")
        self.name, self.optional = name.removesuffix("?"), name.endswith("?")
        self.values = dict.fromkeys(values.split("|"), False) if equals else {}
        self.there = self.absent = False

    def kind(self, value):
        """Which of the values that are allowed this is; None if it is none of them."""
        return value if value in self.values else "{}" if "{}" in self.values else None

    def unseen(self):
        if self.optional and not self.there:
            yield f"with {self.name}"
        if self.optional and not self.absent:
            yield f"without {self.name}"
        for value, seen in self.values.items():
            if self.there and not seen:
                yield f"with {self.name}={'another value' if value == '{}' else value}"


class Fields:
    """The parameters of a query, or the fields of a body."""

    def __init__(self, text):
        self.all = [Field(field) for field in text.split()]

    def wrong(self, pairs):
        """Why these names and values are not such; None if they are."""
        names = {name for name, _ in pairs}
        known = {field.name for field in self.all}
        for name in sorted(names - known):
            return f"{name} is not in the list"
        for field in self.all:
            if not field.optional and field.name not in names:
                return f"{field.name} is missing"
            for value in [value for name, value in pairs if name == field.name and field.values]:
                if field.kind(value) is None:
                    return f"{field.name}={value} is not in the list"
        return None

    def see(self, pairs):
        for field in self.all:
            values = [value for name, value in pairs if name == field.name]
            field.there, field.absent = field.there or bool(values), field.absent or not values
            for value in values if field.values else []:
                field.values[field.kind(value)] = True

    def unseen(self):
        return [what for field in self.all for what in field.unseen()]


class Listed:
    """A request of a list."""

    def __init__(self, row):
        self.what, self.seen = row["what"], False
        self.method, self.path = row["send"].split(" ", 1)
        self.query = Fields(row.get("query", ""))
        self.kind = next((kind for kind in ("json", "form") if kind in row), None)
        self.body = Fields(row.get(self.kind, "")) if self.kind else Fields("")
        odd = row.keys() - {"what", "send", "query", "json", "form"} or {"json", "form"} <= row.keys()
        if odd:
            raise SystemExit(f"{row['send']}: a request has one body, and nothing but what .ci/listed.py names")

    def goes_to(self, request):
        pattern = re.escape(self.path).replace(r"\{\}", "[^/]+")
        return request["method"] == self.method and re.fullmatch(pattern, request["path"]) is not None

    def wrong(self, request):
        """Why a request to this path is not this one; None if it is."""
        kind, fields = body(request)
        if kind != self.kind:
            return f"its body is {kind or 'absent'}, not {self.kind or 'absent'}"
        return self.query.wrong(query(request)) or self.body.wrong(fields)

    def see(self, request):
        self.seen = True
        self.query.see(query(request))
        self.body.see(body(request)[1])

    def unseen(self):
        """What of it was never seen."""
        return self.query.unseen() + self.body.unseen() if self.seen else ["at all"]


def query(request):
    return urllib.parse.parse_qsl(request["query"], keep_blank_values=True)


def body(request):
    """What kind of body it is, and its names and values."""
    kind = request["headers"].get("content-type", "").split(";")[0]
    if kind == "application/x-www-form-urlencoded":
        return "form", urllib.parse.parse_qsl(request["body"] or "", keep_blank_values=True)
    if kind == "application/json":
        return "json", list(leaves("", json.loads(request["body"])))
    return (kind or "something") if request["body"] else None, []


def leaves(path, value):
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(f"{path}.{name}" if path else name, member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(f"{path}[]", member)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def check(folder, marketplace, requests):
    """What of a connector's list was never seen, what was seen is not in it, and what its source has that is not."""
    rows = tomllib.loads((folder / "requests.toml").read_text())["request"]
    listed = [Listed(row) for row in rows]
    problems = []
    for request in requests:
        near = [one for one in listed if one.goes_to(request)]
        reasons = {one.what: one.wrong(request) for one in near}
        fitting = [one for one in near if reasons[one.what] is None]
        if fitting:
            fitting[0].see(request)
            continue
        why = "; ".join(f"{what}: {reason}" for what, reason in reasons.items()) or "no such path and method"
        problems.append(f"{request['method']} {request['path']} ({request['file']}) is not in the list: {why}")
    for one in listed:
        problems += [f"{one.what} ({one.method} {one.path}) was never seen {what}" for what in one.unseen()]
    return problems + list(unlisted(folder / "src", marketplace, {one.path for one in listed}))


def unlisted(source, marketplace, paths):
    """Paths that a connector's source builds and its list does not have, as far as they stand there in one piece."""
    for file in sorted(source.rglob("*.rs")):
        text = file.read_text().split("#[cfg(test)]")[0]
        for function, before in BUILDERS[marketplace].items():
            for parts in re.findall(re.escape(function) + r"\[([^\]]*)\]", text):
                parts = [part.strip() for part in parts.split(",") if part.strip()]
                parts = [part.strip('"') if part.startswith('"') else "{}" for part in parts]
                path = "/".join([before, *parts])
                if not any(alike(path, known) for known in paths):
                    yield f"{file.relative_to(source.parents[2])} builds {path}, which is not in the list"


def alike(built, known):
    """Whether a path of the source may be one of the list: a part that it computes may be any."""
    built, known = built.split("/"), known.split("/")
    return len(built) == len(known) and all(a in ("{}", b) for a, b in zip(built, known))
