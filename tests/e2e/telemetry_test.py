# SPDX-License-Identifier: MIT
"""OTLP export: off until asked for, redacted, and read by Debian's own classes of the protocol, in both of its forms. Without those classes
(python3-opentelemetry-proto) the cases say that they were skipped, after everything that needs no judge.
"""
import http.server
import json
import subprocess
import threading

from harness import Skip, case, contains, equal, expect, lacks, wait_until

CANARIES = ["anna@example.com", "blue-otter-ledger-77", "192.0.2.77"]
# JSON of OTLP is protobuf's own mapping, but for the ids: hex instead of base64.
READER = r"""
import base64, json, sys
from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
data = sys.stdin.buffer.read()
if sys.argv[1] == "json":
    document = json.loads(data)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    request = Parse(json.dumps(document), ExportTraceServiceRequest(), ignore_unknown_fields=False)
else:
    request = ExportTraceServiceRequest.FromString(data)
print(json.dumps([{"name": s.name, "kind": s.kind, "trace": s.trace_id.hex(), "span": s.span_id.hex(), "parent": s.parent_span_id.hex(), "status": s.status.code,
                   "start": s.start_time_unix_nano, "end": s.end_time_unix_nano, "attributes": {a.key: MessageToDict(a.value) for a in s.attributes},
                   "resource": {a.key: a.value.string_value for a in r.resource.attributes}}
                  for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]))
"""


class Collector:
    def __init__(self, answers=()):
        self.posts, self.answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if outer.answers else 200
                outer.posts.append((self.path, dict(self.headers), body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        return [p for p in self.posts if p[3] == 200]


def read_by_judge(form, body):
    """The spans of one request, "protobuf" or "json", as the protocol's own classes read them."""
    for python in ("/usr/bin/python3", "python3"):
        try:
            done = subprocess.run([python, "-c", READER, form], input=body, capture_output=True, timeout=30)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return json.loads(done.stdout)
        if b"No module named" not in done.stderr:
            raise AssertionError(f"the collector's reader: {done.stderr.decode()}")
    raise Skip("nobody judged the spans: no python3 has opentelemetry.proto (Debian's python3-opentelemetry-proto)")


def judge(form, bodies):
    """What both forms must say of the turn that worked() ran."""
    spans = [s for body in bodies for s in read_by_judge(form, body)]
    names = [s["name"] for s in spans]
    expect(any(n.startswith("chat ") for n in names) and "execute_tool fs.list" in names, f"names are {names}")
    expect(len({s["trace"] for s in spans}) == 1 and all(len(s["trace"]) == 32 and len(s["span"]) == 16 for s in spans), f"ids of {spans}")
    known = {s["span"] for s in spans}
    expect(all(s["parent"] == "" or s["parent"] in known for s in spans), "every parent is there")
    expect(all(0 < s["start"] <= s["end"] for s in spans), "times")
    equal({s["kind"] for s in spans if s["name"].startswith("chat ")}, {3}, "SPAN_KIND_CLIENT of a call of the model")
    expect(all(s["attributes"]["pryx.span.kind"]["stringValue"] for s in spans), "attributes")
    tokens = [s["attributes"].get("gen_ai.usage.input_tokens", {}).get("intValue") for s in spans if s["name"].startswith("chat ")]
    expect(tokens and all(t and int(t) > 0 for t in tokens), f"tokens of the calls: {tokens}")
    equal(spans[0]["resource"]["service.name"], "pryx", "service.name")


def worked(lab, collector, protocol, headers="none"):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    api.call("PUT", "/secrets/ledger", {"value": CANARIES[1]})
    api.call("PUT", "/secrets/otlp", {"value": "collector-key-1", "hosts": [f"127.0.0.1:{collector.port}"]})
    equal(api.call("PUT", "/settings", {"settings": {"telemetry.otlp.endpoint": f"http://127.0.0.1:{collector.port}", "telemetry.otlp.protocol": protocol, "telemetry.otlp.headers": headers}})[0], 200, "the settings")
    text = "look for " + " ".join(CANARIES)
    model.script[text] = [[("call", "fs.list", {"path": CANARIES[0]})], ["done with " + " ".join(CANARIES)]]
    equal(api.run(api.session(), text)["state"], "completed", "the turn")
    return daemon, api


@case
def a_fresh_install_sends_nothing(lab):
    """OB-04. The control is the next case: with an endpoint the same turn arrives."""
    collector = lab.box.own(Collector())
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    settings = api.get("/settings")["settings"]
    equal(settings["telemetry.otlp.endpoint"], "off", "the endpoint of a fresh install")
    api.run(api.session(), "hello")
    equal([r for r in api.get("/egress")["items"] if r["tool"] == "telemetry"], [], "requests of telemetry")
    equal(collector.posts, [], "what arrived")


@case
def spans_arrive_as_protobuf_without_what_is_personal(lab):
    """OB-05."""
    collector = lab.box.own(Collector([503]))
    daemon, api = worked(lab, collector, "http/protobuf", "X-Collector-Key=keychain:otlp")
    wait_until(lambda: collector.taken(), 40, "spans at the collector")
    wait_until(lambda: any(b"execute_tool fs.list" in p[2] for p in collector.taken()), 20, "the tool's span")
    wait_until(lambda: any(b"invoke_agent " in p[2] for p in collector.taken()), 20, "the turn's span, which ends last")
    for path, headers, body, _ in collector.posts:
        equal((path, headers["Content-Type"], headers["X-Collector-Key"]), ("/v1/traces", "application/x-protobuf", "collector-key-1"), "the request")
        for canary in CANARIES:
            expect(canary.encode() not in body, f"{canary} left in a span")
    equal(collector.posts[0][2], collector.posts[1][2], "what was refused for a time comes again")
    judge("protobuf", [p[2] for p in collector.taken()])


@case
def spans_arrive_as_json(lab):
    collector = lab.box.own(Collector())
    daemon, api = worked(lab, collector, "http/json")
    wait_until(lambda: any(b"execute_tool fs.list" in p[2] for p in collector.taken()), 40, "the tool's span")
    wait_until(lambda: any(b"invoke_agent " in p[2] for p in collector.taken()), 20, "the turn's span, which ends last")
    bodies = [p[2] for p in collector.taken()]
    for _, headers, body, _ in collector.taken():
        equal(headers["Content-Type"], "application/json", "type")
        for canary in CANARIES:
            lacks(body.decode(), canary, "the JSON")
        for span in json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            expect(len(span["traceId"]) == 32 and span["startTimeUnixNano"].isdigit() and isinstance(span["kind"], int), f"span {span}")
    sent = len(collector.posts)
    api.call("PUT", "/settings", {"settings": {"telemetry.otlp.endpoint": None}})
    api.run(api.session(), "after it was turned off")
    equal(len(collector.posts), sent, "requests after it was turned off")
    contains(str(api.get("/egress")["items"]), "telemetry", "the record of what left")
    judge("json", bodies)


@case
def a_restart_goes_on_where_it_was(lab):
    """What a dead collector did not take arrives after a restart; what happened while it was off never does."""
    collector = lab.box.own(Collector([503] * 500))
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    model.script["before the end"] = [[("call", "fs.list", {})], ["done"]]
    address = f"http://127.0.0.1:{collector.port}"
    api.put("/settings", {"settings": {"telemetry.otlp.endpoint": address, "telemetry.otlp.protocol": "http/json"}})
    api.run(api.session(), "before the end")
    wait_until(lambda: collector.posts, 20, "a first try")
    daemon.kill9()
    collector.answers.clear()
    daemon.start()
    wait_until(lambda: any(b"execute_tool fs.list" in p[2] for p in collector.taken()), 30, "the span of before")
    api = daemon.api()
    api.put("/settings", {"settings": {"telemetry.otlp.endpoint": "off"}})
    model.script["unseen"] = [[("call", "memory.search", {"query": "x"})], ["done"]]
    api.run(api.session(), "unseen")
    api.put("/settings", {"settings": {"telemetry.otlp.endpoint": address}})
    seen = len(collector.taken())
    api.run(api.session(), "seen again")
    wait_until(lambda: len(collector.taken()) > seen, 30, "spans after it was on again")
    expect(not any(b"memory.search" in p[2] for p in collector.posts), "what happened while it was off")
