# SPDX-License-Identifier: MIT
"""One session, every vendor: who answered, with whose ids and whose thoughts in the history, never breaks the next request."""
import base64
import json
import shutil
import subprocess

from harness import SOURCE, Skip, case, contains, equal, expect, lacks, wait_until
from vendors import CONTEXT, MOST_OUTPUT, SECRET, WIRES, Vendors

CONFIG = {"chat": {"kind": "openai", "base_url": "/v1"}, "responses": {"kind": "openai", "base_url": "/v1", "api": "responses"},
          "ollama": {"kind": "ollama", "base_url": ""}, "anthropic": {"kind": "anthropic", "base_url": ""}, "google": {"kind": "google", "base_url": ""}}

CLIENTS = ("openai", "ollama", "@anthropic-ai/sdk", "@google/genai")


def all_pairs(kinds):
    """A walk through every ordered pair of kinds."""
    edges = {k: [o for o in kinds if o != k] for k in kinds}
    walk, stack = [], [kinds[0]]
    while stack:
        if edges[stack[-1]]:
            stack.append(edges[stack[-1]].pop(0))
        else:
            walk.append(stack.pop())
    return walk[::-1]


def kept_by(kind):
    """What a vendor gives to keep, as it stands in a request: Google's is bytes."""
    return base64.b64encode((SECRET + kind).encode()).decode() if kind == "google" else SECRET + kind


def set_up(lab, daemon):
    vendors = lab.box.own(Vendors())
    api = daemon.api()
    kinds = []
    for wire in WIRES:
        config = CONFIG[wire.kind]
        status, answer = put(api, wire.kind, {**config, "base_url": vendors.root + config["base_url"], "key": "k"})
        equal(status, 200, f"PUT of the provider {wire.kind}: {answer.body}")
        kinds.append(wire.kind)
    known = f"context: {CONTEXT}, max_output: {MOST_OUTPUT}, price: {{input: 1, output: 2}}"
    thinks = {"responses": ", reasoning: true", "anthropic": ", reasoning: true"}
    lab.write_config(daemon, "models.yaml", "models:\n" + "".join(f"  {kind}/real: {{{known}{thinks.get(kind, '')}}}\n" for kind in kinds))
    wait_until(lambda: any("catalog.changed" in line for line in list(daemon.lines)), 10, "config/models.yaml is read")
    return vendors, api, kinds


def put(api, name, body):
    reply = api.request("PUT", f"/api/v1/providers/{name}", body)
    return reply.status, reply


@case
def any_vendor_answers_after_any_other(lab):
    daemon = lab.daemon()
    vendors, api, kinds = set_up(lab, daemon)
    equal(len(kinds), 5, f"kinds that exist: {kinds}")
    session = api.session(workspace=str(lab.workspace({"a.txt": "x"})))
    walk = all_pairs(kinds)
    equal(len(walk), len(kinds) * (len(kinds) - 1) + 1, "turns for every ordered pair")
    for number, kind in enumerate(walk):
        turn = api.run(session, f"question {number}", model=f"{kind}/real")
        expect(not vendors.refusals, f"{kind} after {walk[:number]} refused: {vendors.refusals[:1]}")
        equal(turn["state"], "completed", f"turn {number}, {kind}: {turn}")
        equal(turn["answered_by"], f"{kind}/real", "who answered")
    transcript = api.transcript(session)
    answers = [p["text"] for m in transcript if m["role"] == "assistant" for p in m["parts"] if p["type"] == "text"]
    equal(answers, [f"{kind} is done" for kind in walk], "the answers, each by whom it says")
    # What one vendor gave to keep comes back to it, and goes to nobody else.
    for kind, body in vendors.requests:
        text = json.dumps(body)
        for other in kinds:
            if other != kind:
                lacks(text, kept_by(other), f"a request to {kind}")
    for wanted in ("responses", "anthropic", "google"):
        last = [body for kind, body in vendors.requests if kind == wanted][-1]
        contains(json.dumps(last), kept_by(wanted), f"what {wanted} gave to keep")


@case
def thoughts_go_back_to_the_vendor_that_asks_for_them(lab):
    daemon = lab.daemon()
    vendors, api, _ = set_up(lab, daemon)
    status, answer = put(api, "deepseek", {"kind": "openai", "base_url": vendors.root + "/thinking/v1", "key": "k"})
    equal(status, 200, f"PUT of the provider: {answer.body}")
    session = api.session(workspace=str(lab.workspace({"a.txt": "x"})))
    for number, name in enumerate(("anthropic", "deepseek", "deepseek", "chat")):
        turn = api.run(session, f"question {number}", model=f"{name}/real")
        equal((turn["state"], vendors.refusals[:1]), ("completed", []), f"turn {number}, {name}")
    last = [body for kind, body in vendors.requests if kind == "thinking"][-1]
    thoughts = [m["reasoning_content"] for m in last["messages"] if m.get("tool_calls")]
    equal(thoughts, [".", kept_by("thinking"), kept_by("thinking")], "thoughts beside the calls of the first vendor, and of its own")
    lacks(json.dumps([body for kind, body in vendors.requests if kind == "chat"]), kept_by("thinking"), "requests to a vendor that does not ask")


def limit_of(kind, body):
    """The longest answer that a request asks for."""
    if kind == "ollama":
        return body["options"].get("num_predict")
    if kind == "google":
        return body["generationConfig"]["maxOutputTokens"]
    return body["max_output_tokens" if kind == "responses" else "max_tokens"]


@case
def no_vendor_is_asked_for_more_than_its_model_writes(lab):
    daemon = lab.daemon()
    vendors, api, kinds = set_up(lab, daemon)
    session = api.session(workspace=str(lab.workspace({"a.txt": "x"})))
    # All the tokens that a sub-agent may use are more than any of these models writes; so is what a budget would pay for.
    for kind in kinds:
        child = api.post(f"/sessions/{session}/children", {"task": f"task for {kind}", "model": f"{kind}/real"}, 202)
        turn = api.wait_turn(child["turn_id"])
        equal((turn["state"], vendors.refusals[:1]), ("completed", []), f"a sub-agent of {kind}")
    daemon.cli("cost", "budget", "--day", "5").must(0)
    for kind in kinds:
        turn = api.run(session, f"question for {kind}", model=f"{kind}/real")
        equal((turn["state"], vendors.refusals[:1]), ("completed", []), f"{kind} beside a budget")
    for kind, body in vendors.requests:
        equal(limit_of(kind, body), MOST_OUTPUT, f"the limit that {kind} was sent")


@case
def the_vendors_own_clients_accept_these_servers(lab):
    modules = SOURCE / "tests" / "js"
    node = SOURCE / ".tools" / "bin" / "node"
    node = str(node) if node.exists() else shutil.which("node")
    missing = [c for c in CLIENTS if not (modules / "node_modules" / c).exists()]
    if not node or missing:
        raise Skip(f"node or the vendors' clients ({missing}) are not installed; make deps")
    vendors = lab.box.own(Vendors())
    done = subprocess.run([node, str(SOURCE / "tests" / "e2e" / "vendor_clients.mjs"), str(modules), vendors.root], capture_output=True, text=True, timeout=60)
    out = json.loads(done.stdout or "{}")
    for kind in (wire.kind for wire in WIRES):
        expect("error" not in out.get(kind, {"error": done.stderr[-400:]}), f"the client of {kind}: {out.get(kind)} {done.stderr[-300:]}")
        equal((out[kind]["tool"], out[kind]["path"], out[kind]["text"]), ("fs_list", ".", f"{kind} is done"), f"what the client of {kind} understood")
    for kind in ("ollama", "anthropic", "google"):
        equal(out[kind]["counts"], [20, 4], f"counts of {kind}")
        equal(out[kind]["thinking"], "hm", f"the thought of {kind}")
    equal((out["anthropic"]["kept"], out["anthropic"]["stops"]), (kept_by("anthropic"), ["tool_use", "end_turn"]), "what Anthropic's client understood of the rest")
    equal((out["google"]["kept"], out["google"]["stops"]), (kept_by("google"), ["STOP", "STOP"]), "what Google's client understood of the rest")
    equal(out["show"], ["completion", "tools", "thinking"], "capabilities")
    equal(vendors.refusals, [], "requests of the clients that were refused")


@case
def another_model_stands_in_and_says_so(lab):
    daemon = lab.daemon()
    vendors, api, _ = set_up(lab, daemon)
    model = lab.model(daemon)
    model.script["hello"] = [[("status", 403, {"error": {"message": "not in your country"}}, {})]]
    api.put("/settings", {"settings": {"model.fallbacks": "nobody/there, ollama/real"}})
    api.must_refuse("PUT", "/settings", 400, {"settings": {"model.fallbacks": "nonsense"}})
    work = str(lab.workspace({"a.txt": "x"}))
    ran = daemon.cli("exec", "hello", "--workspace", work).must(0)
    contains(ran.out, "ollama is done", "the answer")
    contains(ran.err, "ollama/real answers instead", "the notice on stderr")
    lines = daemon.cli("exec", "hello", "--workspace", work, "--json").must(0).lines()
    fallback = next(line for line in lines if line["event"] == "turn.fallback")["payload"]
    equal((fallback["from"], fallback["to"], fallback["code"]), ("fake/fake", "ollama/real", "forbidden"), "turn.fallback")
    contains(fallback["detail"], "not in your country", "why")
    equal(lines[-1]["payload"]["model"], "ollama/real", "who answered")
    session = api.get("/sessions")["items"][0]
    equal(session["model"], None, "the choice of the session is not edited")
    equal(api.get("/settings")["settings"].get("model.default"), "fake/fake", "nor the default")
    notices = [p["text"] for m in api.transcript(session["id"]) for p in m["parts"] if p["type"] == "notice"]
    equal(len(notices), 1, "notices in the transcript")
    contains(notices[0], "is not allowed for this key", "the notice")
