# SPDX-License-Identifier: MIT
"""A stored secret in a field of http.request: it reaches the host that it is for, and nothing else, not even by a redirect or an echo."""
import json
import secrets

from canary import hits, scan_tree
from harness import case, contains, equal, expect, wait_until
from http_test import Site

NAME = "X-Thing"  # not a name that looks like a credential


class Echo(Site):
    """Says back whatever it was sent, and sends on where it is told."""
    elsewhere = ""

    def reply(self, request):
        if request.path.startswith("/go"):
            return 302, {"Location": self.elsewhere}, b""
        said = request.headers.get(NAME) or "nothing"
        return 200, {"Content-Type": "text/plain", "ETag": said}, f"you sent {said}".encode()

    def received(self):
        return [headers.get(NAME) for _, _, headers, _ in self.requests]


class Caller:
    def __init__(self, lab):
        self.lab, self.daemon = lab, lab.daemon()
        self.model, self.api = lab.model(self.daemon), self.daemon.api()
        self.session, self.count = self.api.session(), 0

    def call(self, url):
        """Asks, is answered yes, and gives back the result that the model got."""
        self.count += 1
        text = f"call {self.count}"
        self.model.script[text] = [[("call", "http.request", {"url": url, "headers": {NAME: "secret:mine"}})], ["done"]]
        turn = self.api.send(self.session, text)
        asked = self.api.pending(turn)
        contains(asked["preview"], "secret:mine", "the question names the secret")
        self.api.post(f"/approvals/{asked['id']}", {"decision": "approve"})
        equal(self.api.wait_turn(turn)["state"], "completed", f"the turn of {url}")
        return next(m["parts"][0]["text"] for m in reversed(self.api.transcript(self.session)) if m["role"] == "tool")


@case(limit=120)
def a_secret_in_a_field_reaches_its_host_and_nothing_else(lab):
    caller, site, other = Caller(lab), Echo(), Echo()
    secret = {"field": "fi-" + secrets.token_hex(16)}
    try:
        caller.daemon.cli("secret", "set", "mine", "--allow-host", f"127.0.0.1:{site.port}", stdin=secret["field"]).must(0)
        results = [caller.call(site.url("/echo"))]
        equal(site.received(), [secret["field"]], "what its host got")
        contains(results[0], "[secret removed]", "an echo")
        for elsewhere in (other.url("/here"), f"http://127.0.0.2:{other.port}/here", f"http://localhost:{other.port}/here"):
            site.elsewhere = elsewhere
            results.append(caller.call(site.url("/go")))
            contains(results[-1], "Not followed", f"a redirect to {elsewhere}")
        equal(other.received(), [], "what another port and another host got by a redirect")
        results.append(caller.call(other.url("/direct")))
        equal(other.received(), [], "what a host got that the secret is not for")
        found = [("result", *hit) for text in results for hit in hits(text.encode(), secret)]
        for path in (f"/sessions/{caller.session}/messages", "/audit?limit=200", "/egress", "/approvals", "/secrets"):
            found += [(f"GET {path}", *hit) for hit in hits(caller.api.request("GET", path).body, secret)]
        found += [("log", *hit) for hit in hits(caller.daemon.log().encode(), secret)]
        found += [("request to the model", *hit) for r in caller.model.requests for hit in hits(json.dumps(r.body, ensure_ascii=False).encode(), secret)]
        caller.daemon.stop()
        found += scan_tree(lab.box.root, secret)
        equal(found, [], "places where the secret was found")
        expect(len(site.requests) == 4, f"{len(site.requests)} requests to its host")
    finally:
        site.stop()
        other.stop()


@case(limit=120)
def a_rule_that_was_kept_for_a_harmless_request_covers_no_other(lab):
    """The rule names host and method; a call with a secret is covered by no rule at all, whoever wrote it."""
    daemon, site = lab.daemon(), Echo()
    model, api = lab.model(daemon), daemon.api()
    where = f"127.0.0.1:{site.port}"
    secret = {"headers": {"Authorization": "Bearer secret:mine"}}

    def ask(name, **arguments):
        model.script[name] = [[("call", "http.request", {"url": site.url("/thing"), **arguments})], ["done"]]
        return api.send(api.session(), name)

    def asks(name, **arguments):
        turn = ask(name, **arguments)
        question = api.pending(turn)
        if "headers" in arguments:
            equal(question["rule_suggestion"], None, f"the rule that is offered for {name}")
            kept = {"decision": "approve", "scope": "always", "rule": f'http.request(host: "{where}")'}
            equal(api.call("POST", f"/approvals/{question['id']}", kept)[0], 400, f"a rule of one's own for {name}")
        api.post(f"/approvals/{question['id']}", {"decision": "deny"})
        equal(api.wait_turn(turn)["denied_calls"], 1, name)

    try:
        daemon.cli("secret", "set", "mine", "--allow-host", where, stdin="hush-" + secrets.token_hex(16)).must(0)
        turn = ask("harmless")
        question = api.pending(turn)
        equal(question["rule_suggestion"], f'http.request(host: "{where}", arg.method: "GET")', "the rule that is offered")
        api.post(f"/approvals/{question['id']}", {"decision": "approve", "scope": "always"})
        equal(api.wait_turn(turn)["denied_calls"], 0, "the harmless request")
        equal(api.wait_turn(ask("harmless once more"))["denied_calls"], 0, "what the rule covers")
        asks("an order", method="DELETE", **secret)
        asks("a request with a secret", **secret)
        asks("another method", method="POST", body="x")
        lab.write_config(daemon, "policy.yaml", f'tools:\n  allowed:\n    - "*"\n    - tool: http.request\n      domains: ["{where}"]\n')
        wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the policy is in force")
        equal(api.wait_turn(ask("a method that the policy allows", method="POST", body="x"))["denied_calls"], 0, "control: without a secret the policy decides")
        asks("an order against the policy", method="DELETE", **secret)
        asks("a secret against the policy", **secret)
        equal([request[0] for request in site.requests], ["GET", "GET", "POST"], "what arrived")
    finally:
        site.stop()
