# SPDX-License-Identifier: MIT
"""An error names a trace wherever it is shown, and the daemon's log has a line under it: one case for each kind of failure."""
import json
import re

from harness import case, contains, equal, expect, free_port, lacks, wait_until

WORDS = "blue-otter-ledger-77"  # of the person; in no line about a refusal


def line_of(daemon, trace):
    """The line of the log under this trace."""
    found = wait_until(lambda: [json.loads(l) for l in list(daemon.lines) if trace in l], 10, f"a line of the log with {trace}")
    return found[-1]


def trace_of(ran, code):
    """The trace that the CLI printed with this error."""
    found = re.search(r"^trace: ([0-9a-f]{32})$", ran.err, re.M)
    expect(found, f"pryx {ran.command}: no 'trace:' line: {ran.err[-600:]}")
    contains(ran.err, f"code: {code}\n", "the code")
    return found[1]


@case
def a_mistake_in_a_request_is_found_in_the_log(lab):
    daemon = lab.daemon()
    ran = daemon.cli("session", "show", WORDS).must(6)
    line = line_of(daemon, trace_of(ran, "PRYX-1005"))
    equal((line["level"], line["event"], line["status"], line["code"], line["method"]), ("info", "server.request_refused", 404, "PRYX-1005", "GET"), "the line")
    lacks(daemon.log(), WORDS, "the log")
    problem = daemon.api().must_refuse("POST", "/sessions", 400, {"workspace": 7})
    equal(line_of(daemon, problem["trace_id"])["request_id"], problem["request_id"], "the line of a body that does not fit")
    problem = daemon.api().must_refuse("GET", f"/{WORDS}", 404)
    equal(line_of(daemon, problem["trace_id"])["route"], "", "the line of a path that is none")
    lacks(daemon.log(), WORDS, "the log")


@case
def a_login_that_does_not_count_is_found_in_the_log(lab):
    daemon = lab.daemon()
    ran = daemon.cli("status", "--host", f"http://127.0.0.1:{daemon.port}", env={"PRYX_TOKEN": WORDS}).must(4)
    line = line_of(daemon, trace_of(ran, "PRYX-1002"))
    equal((line["status"], line["code"]), (401, "PRYX-1002"), "the line")
    lacks(daemon.log(), WORDS, "the log")


@case
def what_a_limit_stops_is_found_in_the_log(lab):
    daemon = lab.daemon()
    lab.model(daemon)  # without a price: a limit of money refuses it
    ran = daemon.cli("exec", "hello", "--workspace", lab.workspace(), "--max-cost", "0.01").must(10)
    equal(line_of(daemon, trace_of(ran, "PRYX-1014"))["event"], "turn.failed", "the line")


@case
def what_a_provider_breaks_is_found_in_the_log(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["hello"] = [[("status", 400, {"error": {"message": "no such parameter"}}, {})]]
    ran = daemon.cli("exec", "hello", "--workspace", lab.workspace()).must(8)
    trace = trace_of(ran, "PRYX-1013")
    equal(line_of(daemon, trace)["event"], "turn.failed", "the line")
    turn = daemon.api().get("/turns?limit=1")["items"][0]
    equal(trace, turn["trace_id"], "the trace is the turn's own")


@case
def what_cannot_be_reached_is_found_in_the_log(lab):
    daemon = lab.daemon()
    daemon.api().add_provider("far", f"http://127.0.0.1:{free_port()}/v1")
    ran = daemon.cli("provider", "test", "far").must(8)
    line = line_of(daemon, trace_of(ran, "PRYX-1012"))
    equal((line["level"], line["event"], line["status"]), ("warn", "server.request_failed", 503), "the line")


@case
def every_other_surface_names_what_the_log_has(lab):
    daemon = lab.daemon()
    api = daemon.api()
    refused = api.request("POST", "/v1/chat/completions", {"model": "nowhere/x", "messages": [{"role": "user", "content": WORDS}]})
    equal(refused.status, 404, "an unknown model at the OpenAI front")
    line_of(daemon, refused.headers["X-Request-Id"])
    refused = api.request("POST", "/v1/messages", {"model": "nowhere/x", "messages": WORDS})
    equal(refused.status, 400, "a body that does not fit at Anthropic's front")
    line_of(daemon, refused.json()["request_id"])
    bus = api.bus()
    bus.request("approval.resolve", {"approval_id": WORDS, "decision": "deny"})
    problem = next(m for m in iter(lambda: bus.next(10), None) if m["type"] == "error")["payload"]
    equal(line_of(daemon, problem["trace_id"])["route"], "/api/v1/ws", "the line of a request on the bus")
    lacks(daemon.log(), WORDS, "the log")
    for _ in range(200):
        api.call("GET", "/sessions/ses_none")
    lines = [l for l in list(daemon.lines) if "server.request_refused" in l]
    expect(len(lines) < 60, f"{len(lines)} lines about one client in a loop")
