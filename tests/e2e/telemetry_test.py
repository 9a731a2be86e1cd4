# SPDX-License-Identifier: MIT
"""OTLP export: off until asked for, redacted, and read by Debian's own classes of the protocol. In a Python that lacks them, that reading is skipped."""
import http.server
import json
import subprocess
import threading

from harness import case, contains, equal, expect, lacks, wait_until

CANARIES = ["anna@example.com", "blue-otter-ledger-77", "192.0.2.77"]
READER = r"""
import json, sys
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
request = ExportTraceServiceRequest.FromString(sys.stdin.buffer.read())
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


def read_protobuf(body):
    for python in ("/usr/bin/python3", "python3"):
        done = subprocess.run([python, "-c", READER], input=body, capture_output=True, timeout=30)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if b"No module named" not in done.stderr:
            raise AssertionError(f"the collector's reader: {done.stderr.decode()}")
    return None


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
    for path, headers, body, _ in collector.posts:
        equal((path, headers["Content-Type"], headers["X-Collector-Key"]), ("/v1/traces", "application/x-protobuf", "collector-key-1"), "the request")
        for canary in CANARIES:
            expect(canary.encode() not in body, f"{canary} left in a span")
    equal(collector.posts[0][2], collector.posts[1][2], "what was refused for a time comes again")
    spans = [s for p in collector.taken() for s in read_protobuf(p[2]) or []]
    if not spans:
        return  # no reader here
    names = [s["name"] for s in spans]
    expect(any(n.startswith("chat ") for n in names) and "execute_tool fs.list" in names, f"names are {names}")
    expect(len({s["trace"] for s in spans}) == 1 and all(len(s["trace"]) == 32 and len(s["span"]) == 16 for s in spans), f"ids of {spans}")
    known = {s["span"] for s in spans}
    expect(all(s["parent"] == "" or s["parent"] in known for s in spans), "every parent is there")
    expect(all(0 < s["start"] <= s["end"] for s in spans), "times")
    equal(spans[0]["resource"]["service.name"], "pryx", "service.name")


@case
def spans_arrive_as_json(lab):
    collector = lab.box.own(Collector())
    daemon, api = worked(lab, collector, "http/json")
    wait_until(lambda: any(b"execute_tool fs.list" in p[2] for p in collector.taken()), 40, "the tool's span")
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
