# SPDX-License-Identifier: MIT
"""All that a daemon gives to a reader: every GET of the document that it serves, with each choice that the document names and every item of
its lists in the path, and the replay of its bus."""
import itertools
import json

from harness import collect, expect

V = "/api/v1"
# Where an item's list is not what stands before it in the path.
LISTS = {V + "/traces": V + "/turns"}
# What a path needs that no list tells.
VALUES = {"page": ["sessions"], "part": [0, 1]}
QUERIES = {V + "/policy/can": ["tool=fs.read"], V + "/audit/proof": ["index=1"], V + "/skills/{name}/file": ["path=SKILL.md"]}
BUS = V + "/ws"


def choices(parameters):
    """The queries that a reader may choose: each enum and flag left out or at each of its values, the longest page."""
    named = []
    for one in parameters:
        schema = one.get("schema", {})
        values = schema.get("enum") or (["true", "false"] if schema.get("type") == "boolean" else [])
        if one.get("in") == "query" and values:
            named.append([None, *(f"{one['name']}={value}" for value in values)])
        elif one.get("in") == "query" and one["name"] == "limit":
            named.append([f"limit={min(200, schema.get('maximum', 200))}"])
    return ["&".join(filter(None, picked)) for picked in itertools.product(*named)]


class Reader:
    """`read` is called with the path and the body of each answer, errors too. `own`: values of a path that no list holds, by what is before them."""

    def __init__(self, api, read, own=None):
        self.api, self.read, self.own, self.lists = api, read, own or {}, {}

    def values(self, before, name):
        """What can stand in a path behind this."""
        if before in self.own or name in VALUES:
            return self.own.get(before) or VALUES[name]
        if before not in self.lists:
            items = self.items(LISTS.get(before, before))
            self.lists[before] = [next(item[key] for key in (name, "id", "name") if key in item) for item in items]
        return self.lists[before]

    def items(self, path):
        """Of a list, or of the member of this name where it is listed in what it belongs to."""
        answer = self.api.request("GET", path)
        if answer.status == 200:
            return answer.json().get("items", [])
        owner, _, member = path.rpartition("/")
        return self.api.request("GET", owner).json().get(member, [])

    def paths(self, template, done=""):
        """The template with every value of every parameter."""
        before, brace, rest = template.partition("{")
        done += before
        if not brace:
            return [done]
        name, _, rest = rest.partition("}")
        return [path for value in self.values(done.removesuffix("/"), name) for path in self.paths(rest, f"{done}{value}")]

    def everything(self):
        """Reads; the templates of which no answer was a success."""
        document, missed = self.api.request("GET", "/openapi.json").json(), []
        for template, methods in document["paths"].items():
            if "get" not in methods or template == BUS:
                continue
            parameters = [*methods.get("parameters", []), *methods["get"].get("parameters", [])]
            statuses = set()
            for path in self.paths(template):
                for query in choices(parameters):
                    whole = "&".join(filter(None, [query, *QUERIES.get(template, [])]))
                    answer = self.api.request("GET", path + (f"?{whole}" if whole else ""))
                    statuses.add(answer.status)
                    self.read(f"GET {path}?{whole}", answer.body)
            if not any(status < 400 for status in statuses):
                missed.append((template, sorted(statuses)))
        return missed

    def replay(self):
        """Every event that the bus keeps, and its number."""
        last = self.api.get("/status")["event_version"]
        events = collect(self.api.bus(since=0), lambda event: event["type"] == "event" and event["version"] >= last, 60)
        for event in events:
            self.read(f"bus: {event['event']}", json.dumps(event, ensure_ascii=False).encode())
        expect(len(events) > 1, "the bus has nothing to replay")
        return len(events)
