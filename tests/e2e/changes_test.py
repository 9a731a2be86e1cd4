# SPDX-License-Identifier: MIT
"""What changes on one surface is told to the others by the bus: rules, lasting answers, the end of the audit log."""
from approvals_test import WRITE, asking, keeping
from harness import EPHEMERAL, case, collect, equal, expect, wait_until



def of(events, prefix):
    return [(e["event"], e["payload"]) for e in events if e["event"].startswith(prefix)]


@case
def lasting_answers_are_told_and_replayed(lab):
    daemon, model, api, session = asking(lab)
    keeping(model)
    bus = api.bus(since=0)
    turn = api.send(session, "save")
    api.post(f"/approvals/{api.pending(turn)['id']}", {"decision": "approve", "scope": "session"})
    made = collect(bus, lambda e: e["event"] == "grant.created")[-1]
    grant = api.get("/grants")["items"][0]
    equal(made["payload"], {**grant, "grant_id": grant["id"]}, "what is told of a grant")
    equal((made["session_id"], made["payload"]["tool"]), (session, WRITE), "whose it is")
    api.call("PATCH", f"/grants/{grant['id']}", {"expires": "2h"})
    moved = collect(bus, lambda e: e["event"] == "grant.changed")[-1]["payload"]
    equal(moved["expires_at"], api.get("/grants")["items"][0]["expires_at"], "the new expiry")
    api.delete(f"/grants/{grant['id']}")
    collect(bus, lambda e: e["event"] == "grant.revoked")
    # Kept like every durable event: who comes later gets them in order, and after a restart too.
    daemon.restart()
    events = collect(daemon.api().bus(since=0), lambda e: e["event"] == "grant.revoked")
    equal([name for name, _ in of(events, "grant.")], ["grant.created", "grant.changed", "grant.revoked"], "the replay")


@case
def a_grant_that_ran_out_is_told_without_being_asked(lab):
    daemon, model, api, session = asking(lab)
    keeping(model)
    bus = api.bus(since=0)
    turn = api.send(session, "save")
    api.post(f"/approvals/{api.pending(turn)['id']}", {"decision": "approve", "scope": "always", "expires": "1s"})
    gone = collect(bus, lambda e: e["event"] == "grant.expired", limit=60)[-1]
    equal((gone["session_id"], gone["payload"]["scope"]), (None, "always"), "the grant that ran out")
    equal(api.get("/grants")["items"], [], "grants")


@case
def changed_rules_are_told_whoever_changed_them(lab):
    daemon = lab.daemon()
    api = daemon.api()
    bus = api.bus(since=0)
    saved = api.put("/policy", {"text": "tools:\n  denied: [fs.write]\n", "hash": api.get("/policy")["hash"]})
    told = collect(bus, lambda e: e["event"] == "policy.changed")[-1]["payload"]
    newest = api.get("/policy/history")["items"][0]
    equal(told, {"author": "cli", "in_force": "file", "version": saved["version"], "hash": saved["hash"], "history_version": newest["version"]}, "saved over the API")
    lab.write_config(daemon, "policy.yaml", "tools: [\n")
    told = collect(bus, lambda e: e["event"] == "policy.rejected")[-1]["payload"]
    equal((told["author"], told["in_force"]), ("file", "last_good"), "broken by an editor")
    back = api.get(f"/policy/history/{newest['version']}")["text"]
    api.put("/policy", {"text": back, "hash": api.get("/policy")["hash"]})
    told = collect(bus, lambda e: e["event"] == "policy.changed")[-1]["payload"]
    equal((told["in_force"], told["hash"]), ("file", saved["hash"]), "restored")


@case
def what_is_set_up_is_told_whoever_changed_it(lab):
    """By an agent, a command, an editor or the API: its kind, once, and none of its names and values."""
    daemon = lab.daemon()
    api = daemon.api()
    bus = api.bus(since=0)
    provider = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "no_key": True}
    ways = [
        ("memory", lambda: api.run(api.session(), "remember that I like tea")),
        ("memory", lambda: api.delete(f"/memory/{api.get('/memory')['items'][0]['id']}")),
        ("settings", lambda: daemon.cli("config", "set", "tools.max_steps", "9").must(0)),
        ("config", lambda: lab.write_config(daemon, "config.yaml", "log:\n  level: info\n")),
        ("config", lambda: api.put("/config", {"text": "# none\n", "hash": api.get("/config")["hash"]})),
        ("models", lambda: lab.write_config(daemon, "models.yaml", "# mine\nmodels: {}\n")),
        ("models", lambda: api.put("/models/own", {"text": "models: {}\n", "hash": api.get("/models/own")["hash"]})),
        ("agents", lambda: lab.write_config(daemon, "agents/helper.yaml", "description: A helper\n")),
        ("agents", lambda: api.delete("/agents/helper")),
        ("providers", lambda: api.put("/providers/mine", provider)),
        ("providers", lambda: api.delete("/providers/mine")),
        ("secrets", lambda: daemon.cli("secret", "set", "other", stdin="v\n").must(0)),
        ("secrets", lambda: api.delete("/secrets/other")),
    ]

    def told(on):
        return collect(on, lambda e: e["event"] == "settings.changed")[-1]["payload"]
    for at, (what, change) in enumerate(ways):
        change()
        equal(told(bus), {"what": what}, f"what is told of change {at}")
    # Kept like every durable event: a page that was away learns of it when it is back.
    daemon.restart()
    again = daemon.api().bus(since=0)
    equal([told(again)["what"] for _ in ways], [what for what, _ in ways], "the replay")


@case
def the_end_of_the_audit_log_is_told_now_and_then(lab):
    daemon = lab.daemon()
    api = daemon.api()
    bus = api.bus()
    for i in range(60):
        api.make_token(f"t{i}", ("read",))
    last = api.get("/audit?limit=1")["items"][0]["index"]
    events = collect(bus, lambda e: e["event"] == "audit.head" and e["payload"]["size"] >= last)
    heads = [payload["size"] for _, payload in of(events, "audit.head")]
    equal(heads, sorted(heads), "their order")
    expect("audit.head" in EPHEMERAL and len(heads) <= 40, f"{len(heads)} messages for 60 entries")
    wait_until(lambda: api.get("/audit?limit=1")["items"][0]["index"] == heads[-1], 5, "the last one says where the log ends")
