# SPDX-License-Identifier: MIT
"""What a turn did, what it cost, and what it may cost: traces, costs, budgets, over API and CLI alike."""
from harness import case, collect, contains, equal, expect, wait_until
from vendors import CONTEXT, MOST_OUTPUT, Vendors


@case
def a_turn_can_be_drawn_and_explained(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({"a.txt": "hello"})
    model.script["look"] = [[("call", "fs.read", {"path": "a.txt"})], ["it says hello"]]
    daemon.cli("exec", "look", "--workspace", work).must(0)
    api = daemon.api()
    session = api.get("/sessions")["items"][0]["id"]
    turn = next(m["turn_id"] for m in api.transcript(session) if m["turn_id"])
    trace = api.get(f"/traces/{turn}")
    equal(trace["complete"], True, "a turn that ended")
    kinds = sorted(s["kind"] for s in trace["spans"])
    equal(kinds, ["model", "model", "queue", "tool", "turn"], "kinds of spans")
    root = next(s for s in trace["spans"] if s["kind"] == "turn")
    equal({s["parent_span_id"] for s in trace["spans"] if s is not root}, {root["span_id"]}, "parents")
    for span in trace["spans"]:
        expect(root["started_at"] <= span["started_at"] <= span["ended_at"] <= root["ended_at"], f"{span['name']} lies within its turn")
    tool = next(s for s in trace["spans"] if s["kind"] == "tool")
    equal(tool["attributes"]["gen_ai.operation.name"], "execute_tool", "the name of a tool's operation")
    equal(api.get(f"/turns/{turn}")["trace_id"], trace["trace_id"], "the turn's trace")
    shown = daemon.cli("trace", "show", turn).must(0).out
    contains(shown, "execute_tool fs.read", "pryx trace show")
    equal(daemon.cli("trace", "show", session, "--json").must(0).json()["turn_id"], turn, "a session stands for its last turn")
    equal(daemon.cli("trace", "export", turn).must(0).json()["trace_id"], trace["trace_id"], "pryx trace export")
    contains(daemon.cli("session", "explain", session).must(0).out, "fs.read: decided by", "pryx session explain")
    said = daemon.cli("exec", "--verbose", "and again", "--session", session).must(0)
    contains(said.err, "fake/fake · 18 tokens · unpriced · trn_", "who answered a command, and for how much")
    explained = daemon.cli("session", "explain", session).must(0).out
    contains(explained, "; from file, model, owner, private\n", "what a model saw after a file was read")
    contains(explained, "why model   the default model; neither message, session nor agent named one; fake/fake answered\n", "who chose the model")
    api.call("PATCH", f"/sessions/{session}", {"model": "fake/fake"})
    daemon.cli("exec", "once more", "--session", session).must(0)
    contains(daemon.cli("session", "explain", session).must(0).out, "why model   the session's; the message named none; fake/fake answered\n", "the session's own model")
    daemon.cli("trace", "show", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV").must(6)


@case
def a_span_names_the_vendor_and_not_what_a_person_calls_it(lab):
    daemon = lab.daemon()
    vendors = lab.box.own(Vendors())
    api = daemon.api()
    lab.write_config(daemon, "models.yaml", "models:\n" + "".join(f"  {name}/real: {{context: {CONTEXT}, max_output: {MOST_OUTPUT}}}\n" for name in ("work", "home", "box")))
    wait_until(lambda: any("catalog.changed" in line for line in list(daemon.lines)), 10, "models.yaml is in force")
    for name, kind, base in (("work", "anthropic", ""), ("home", "google", ""), ("box", "openai", "/v1")):
        api.put(f"/providers/{name}", {"kind": kind, "base_url": vendors.root + base, "key": "k"})
    for name, vendor in (("work", "anthropic"), ("home", "gcp.gemini"), ("box", "box")):  # who speaks OpenAI's wire need not be OpenAI
        turn = api.run(api.session(workspace=str(lab.workspace())), "hello", model=f"{name}/real")
        equal(turn["state"], "completed", f"the turn of {name}: {turn}")
        for span in (s for s in api.get(f"/traces/{turn['id']}")["spans"] if s["kind"] == "model"):
            equal([span["attributes"][k] for k in ("gen_ai.provider.name", "pryx.provider")], [vendor, name], f"who answered {name}")
        contains(daemon.cli("session", "explain", turn["session_id"]).must(0).out, f"{name}/real", "the name of the model here")


@case
def costs_add_up_and_a_restart_keeps_them(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    work = lab.workspace()
    for i in range(3):
        daemon.cli("exec", f"message {i}", "--workspace", work).must(0)
    before = daemon.cli("cost", "summary", "--json").must(0).json()
    equal(before["total"]["calls"], 3, "booked calls")
    for by in ("session", "provider", "agent", "day", "month", "surface"):
        report = daemon.cli("cost", "summary", "--by", by, "--json").must(0).json()
        equal(report["total"], before["total"], f"the total by {by}")
    equal(len(daemon.cli("cost", "daily", "--json").must(0).json()["items"]), 1, "days")
    equal(len(daemon.cli("cost", "monthly", "2", "--json").must(0).json()["items"]), 1, "months")
    daemon.cli("cost", "daily", "0").must(2)
    daemon.kill9()
    daemon.start()
    equal(daemon.cli("cost", "summary", "--json").must(0).json(), before, "after a crash")


@case
def each_mark_of_a_budget_is_told_once(lab):
    """Where a turn is followed, in a conversation, and on the bus; not again after a restart, and anew for another limit."""
    daemon = lab.daemon()
    model = lab.model(daemon, usage=(16_100, 100))  # about what is reserved: a token for each byte
    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: 128000, max_output: 100, price: {input: 500, output: 500}}\n")
    wait_until(lambda: daemon.api().get("/models/catalog")["own_models"] == 1, 10, "models.yaml is in force")
    work = lab.workspace()
    daemon.cli("cost", "budget", "--day", "50").must(0)
    told = []
    for number in range(3):  # 8.10 each
        told.append(daemon.cli("exec", f"spend {number}", "--workspace", work).must(0).err)
    daemon.restart()
    for number in range(2):
        told.append(daemon.cli("exec", f"spend more {number}", "--workspace", work).must(0).err)
    marks = [[percent for percent in (50, 75, 90) if f"{percent} % of the day's budget is spent" in err] for err in told]
    equal(marks, [[], [], [], [50], [75]], "marks that commands told of")
    contains(told[4], "$40.50 of $50.00", "what the mark says")
    daemon.cli("exec", "too much", "--workspace", work).must(0)
    daemon.cli("exec", "too much", "--workspace", work).must(10)
    events = [e for e in bus_until(daemon, "turn.failed") if e["event"] == "budget.alert"]
    equal([(e["payload"]["percent"], e["payload"]["scope"]) for e in events], [(50, "day"), (75, "day"), (90, "day")], "events, each once")
    expect(all(e["payload"]["turn_id"] and e["session_id"] for e in events), f"whose call passed the mark: {events[0]}")
    daemon.cli("cost", "budget", "--day", "200").must(0)
    daemon.cli("cost", "budget", "--session", "each", "--limit", "10").must(0)
    term = lab.terminal(daemon, "chat", "--plain", "--workspace", work)
    term.wait_for(">")
    term.send("spend in a conversation\r")
    term.wait_for("75 % of the session's budget is spent: $8.10 of $10.00")
    term.send("/quit\r")


def bus_until(daemon, name):
    """The durable events that are kept, up to the first of this name."""
    return collect(daemon.api().bus(since=0), lambda m: m["event"] == name)


@case
def a_budget_meets_a_model_without_a_price(lab):
    """Refused with exit 10 and what to do; --allow-unpriced lets one turn pass."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace()
    refused = daemon.cli("exec", "x", "--max-cost", "0.10", "--workspace", work).must(10)
    contains(refused.err, "--allow-unpriced", "what to do")
    equal(len(model.requests), 0, "requests that left")
    daemon.cli("exec", "x", "--max-cost", "0.10", "--allow-unpriced", "--workspace", work).must(0)
    equal(daemon.cli("cost", "budget", "--day", "1.50", "--json").must(0).json()["items"][0]["limit"]["amount"], "1.50", "the budget")
    daemon.kill9()
    daemon.start()
    daemon.cli("exec", "y", "--workspace", work).must(10)
    contains(daemon.cli("cost", "budget").must(0).out, "$1.50", "pryx cost budget")
    daemon.cli("cost", "budget", "--day", "off").must(0)
    daemon.cli("exec", "y", "--workspace", work).must(0)
    daemon.cli("exec", "z", "--max-cost", "much", "--workspace", work).must(2)
    # The starter is free: it has a price.
    daemon.cli("exec", "help", "--max-cost", "0.01", "--model", "starter/commands", "--workspace", work).must(0)


@case
def a_model_without_a_price_asks_under_a_budget(lab):
    """A person decides, for the turn or by a rule for the session; a refusal ends the turn, and all of it is on record."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    daemon.cli("cost", "budget", "--day", "5").must(0)
    session = api.session()

    def asked(turn):
        return wait_until(lambda: [a for a in api.get("/approvals?state=pending")["items"] if a["turn_id"] == turn], 15, "the question")[0]

    turn = api.send(session, "hello")
    question = asked(turn)
    equal(question["tool"], "model.unpriced", "what is asked about")
    equal(len(model.requests), 0, "requests that left")
    equal(api.get(f"/turns/{turn}")["state"], "waiting", "the turn")
    contains(daemon.cli("approval", "list").must(0).out, "price is not known", "pryx approval list")
    contains(daemon.cli("approval", "show", question["id"]).must(0).out, "would not count against it", "the card")
    # The question outlives a crash.
    daemon.kill9()
    daemon.start()
    api = daemon.api()
    equal(asked(turn)["id"], question["id"], "the question after a crash")
    daemon.cli("approval", "approve", question["id"], "--scope", "session").must(0)
    equal(api.wait_turn(turn)["state"], "completed", "the turn")
    equal(api.wait_turn(api.send(session, "and again"))["state"], "completed", "a turn that the rule covers")
    kinds = [r["kind"] for r in api.pages("/audit")]
    equal((kinds.count("approval.requested"), kinds.count("approval.resolved"), kinds.count("model.unpriced_allowed")), (1, 1, 2), "on record")
    other = api.session()
    turn = api.send(other, "hello")
    daemon.cli("approval", "deny", asked(turn)["id"], "--reason", "not today").must(0)
    ended = api.wait_turn(turn)
    equal((ended["state"], ended["error"]["code"]), ("failed", "denied"), "the refused turn")
    contains(ended["error"]["detail"], "not today", "the reason")
    # Without anybody to ask it is refused, as before.
    daemon.cli("exec", "x", "--workspace", lab.workspace()).must(10)


@case
def metrics_are_for_those_who_may_read(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    daemon.cli("exec", "x", "--workspace", lab.workspace()).must(0)
    text = daemon.api().request("GET", "/metrics").body.decode()
    contains(text, 'pryx_turns_total{state="completed"} 1', "turns")
    for line in text.splitlines():
        expect(line.startswith("# ") or len(line.rsplit(" ", 1)) == 2, f"a line of metrics: {line}")


@case
def cheaper_models_are_named_with_what_is_assumed(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    work = lab.workspace()
    equal(daemon.cli("cost", "optimize", "--json").must(0).json()["items"], [], "before any call")
    (daemon.home / "config" / "models.yaml").write_text("models:\n  fake/fake: {context: 100000, max_output: 1000, tools: true, price: {input: 1000, output: 1000}}\n")
    wait_until(lambda: any(m["id"] == "fake/fake" and m["price"] for m in daemon.api().get("/models")["items"]), 10, "the price")
    daemon.cli("exec", "hello", "--workspace", work).must(0)
    report = daemon.cli("cost", "optimize", "--json").must(0).json()
    use = report["items"][0]
    equal((use["model"], use["calls"]), ("fake/fake", 1), "what was used")
    expect(len(use["alternatives"]) == 5, f"{len(use['alternatives'])} alternatives")
    costs = [float(one["cost"]["amount"]) for one in use["alternatives"]]
    equal(costs, sorted(costs), "cheapest first")
    equal(float(report["saves"]["amount"]), round(float(report["cost"]["amount"]) - costs[0], 9), "what is saved")
    equal({one["available"] for one in use["alternatives"]}, {False}, "vendors that are not set up")
    shown = daemon.cli("cost", "optimize", "--all").must(0)
    contains(shown.out, use["alternatives"][0]["model"], "the table")
    contains(shown.err, "The same tokens", "what is assumed")
    contains(daemon.cli("cost", "optimize").must(0).out, "nothing cheaper", "of those that are set up")
