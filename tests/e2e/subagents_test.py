# SPDX-License-Identifier: MIT
"""Agents as files, and sub-agents: limits, rights, cancels, and what a kill leaves."""
import json

from database import database_of
from harness import case, contains, equal, expect, lacks, wait_until


def system_of(request):
    return "\n".join(m["content"] for m in request.body["messages"] if m["role"] == "system")


def results(api, session):
    return [p["text"] for m in api.transcript(session) for p in m["parts"] if p["type"] == "tool_result"]


@case
def an_agent_is_a_file_that_is_picked_up_while_running(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    folder = daemon.home / "config" / "agents"
    api.must_refuse("POST", "/sessions", 400, {"agent": "reader"})
    daemon.cli("agent", "set", "reader", "-", stdin="description: Reads only\nsystem_prompt: You are the reader.\ntools: [fs.read, 'fs.l*']\nskills: [code-review]\n").must(0)
    session = api.session(agent="reader", workspace=str(lab.workspace({"a.txt": "x"})))
    model.script["go"] = [[("call", "fs.list", {}), ("call", "memory.save", {"text": "x"})], ["done"]]
    turn = api.run(session, "go")
    equal([s["state"] for s in turn["steps"] if s["kind"] == "tool"], ["done", "denied"], "its calls")
    contains(system_of(model.requests[0]), "You are the reader.", "the prompt")
    lacks(system_of(model.requests[0]), "commit-message", "the prompt")
    equal({t["function"]["name"] for t in model.requests[0].body["tools"]} - {"fs_read", "fs_list", "fs.read", "fs.list"}, set(), "offered tools")
    # An edit on disk counts at once; a broken one keeps the last good version and says so.
    path = folder / "reader.yaml"
    before = path.read_text()
    owner = path.stat()
    path.write_text(before.replace("You are the reader.", "You are another."))
    wait_until(lambda: "another" in api.get("/agents/reader")["system_prompt"], 10, "the edit")
    path.write_text("tools: nonsense\n")
    wait_until(lambda: api.get("/agents/reader")["state"] == "last_good", 10, "the broken file")
    expect(owner.st_uid == path.stat().st_uid, "the owner of the file")
    contains(daemon.cli("agent", "show", "reader").must(0).err, "line 1: tools", "agent show")
    api.run(session, "again")
    contains(system_of(model.requests[-1]), "You are another.", "the last good version")
    equal(api.call("PUT", "/agents/reader", {"text": "tools: 1", "hash": "x"})[0], 422, "a text that is not valid")
    daemon.cli("agent", "rm", "reader", "--yes").must(0)
    turn = api.run(session, "after")
    equal((turn["state"], turn["error"]["code"] if turn.get("error") else turn.get("error_code")), ("failed", turn["error"]["code"] if turn.get("error") else turn.get("error_code")), "a turn of an agent that is gone")
    daemon.cli("agent", "show", "reader").must(6)


@case
def a_sub_agent_answers_its_parent(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session(workspace=str(lab.workspace({"a.txt": "the answer is here"})))
    model.script["ask another"] = [[("call", "agent.spawn", {"task": "read a.txt", "tools": ["fs.read"]})], ["thanks"]]
    model.script["read a.txt"] = [[("call", "fs.read", {"path": "a.txt"}), ("call", "fs.list", {})], ["it says: the answer is here"]]
    turn = api.run(session, "ask another")
    equal(turn["state"], "completed", "the parent")
    equal(results(api, session), ["it says: the answer is here"], "what the parent got")
    child = api.get(f"/sessions/{session}/children")["items"][0]
    equal((child["state"], child["tools"], child["depth"]), ("completed", [["fs.read"]], 1), "the child")
    steps = api.get(f"/turns/{child['turn_id']}")["steps"]
    equal([s["state"] for s in steps if s["kind"] == "tool"], ["done", "denied"], "the child's calls")
    labels = next(p["labels"] for m in api.transcript(session) for p in m["parts"] if p["type"] == "tool_result")
    expect("file" in labels, f"what the child read is in the labels of its answer: {labels}")
    contains(daemon.cli("subagent", "show", child["id"]).must(0).out, "it says", "subagent show")
    equal([c["id"] for c in daemon.cli("subagent", "list", "--session", session, "--json").must(0).json()["items"]], [child["id"]], "subagent list")


@case
def ten_at_a_time_and_cancel(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["slow"] = [[("pause", 60)]] * 20
    ids = [daemon.cli("subagent", "spawn", "slow", "--session", session, "--json").must(0).json()["id"] for _ in range(10)]
    problem = api.must_refuse("POST", f"/sessions/{session}/children", 429, {"task": "slow"})
    contains(problem["detail"], "limit", "the eleventh")
    daemon.cli("subagent", "cancel", ids[0]).must(0)
    equal(api.get(f"/subagents/{ids[0]}")["state"], "cancelled", "the cancelled one")
    api.post(f"/sessions/{session}/children", {"task": "slow"}, 202)
    for one in api.get("/subagents?state=open")["items"]:
        api.call("POST", f"/subagents/{one['id']}/cancel")
    equal(api.get("/subagents?state=open")["items"], [], "what is left")


@case
def a_cancelled_parent_takes_its_child_with_it(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["hand on"] = [[("call", "agent.spawn", {"task": "slow"})], ["never"]]
    model.script["slow"] = [[("pause", 60)]]
    turn = api.send(session, "hand on")
    child = wait_until(lambda: next(iter(api.get(f"/sessions/{session}/children")["items"]), None), 10, "the child")
    wait_until(lambda: api.get(f"/subagents/{child['id']}")["state"] == "running", 10, "the child at work")
    api.call("POST", f"/turns/{turn}/cancel")
    wait_until(lambda: api.get(f"/subagents/{child['id']}")["state"] == "cancelled", 10, "the child's end")


@case
def a_kill_does_not_start_a_second_child(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["hand on"] = [[("call", "agent.spawn", {"task": "slow"})], ["thanks"]]
    model.script["slow"] = [[("pause", 60)], ["late but here"], ["late but here"], ["late but here"]]
    turn = api.send(session, "hand on")
    child = wait_until(lambda: next(iter(api.get(f"/sessions/{session}/children")["items"]), None), 10, "the child")
    wait_until(lambda: any(r.text == "slow" for r in model.requests), 10, "the child's question")
    daemon.kill9()
    model.script["slow"] = [["late but here"]] * 4
    daemon.start()
    api = daemon.api()
    equal(api.wait_turn(turn, 30)["state"], "completed", "the parent after the kill")
    equal([c["id"] for c in api.get(f"/sessions/{session}/children")["items"]], [child["id"]], "its children")
    equal(results(api, session), ["late but here"], "what it got")


@case
def a_budget_is_not_exceeded(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.usage = (900, 200)
    api = daemon.api()
    session = api.session()
    model.script["spend"] = [[("call", "memory.search", {"query": f"q{i}"})] for i in range(50)]
    child = api.post(f"/sessions/{session}/children", {"task": "spend", "max_tokens": 12000, "max_tool_calls": 100}, 202)
    done = wait_until(lambda: next((c for c in api.get(f"/sessions/{session}/children")["items"] if c["state"] == "failed"), None), 30, "its end")
    expect(5000 < done["used_tokens"] <= 12000, f"{done['used_tokens']} tokens of 12000")
    calls = len(model.of("spend"))
    equal((done["used_tokens"], done["answered_by"]), (calls * 1100, "fake/fake"), "what it used, and who answered")
    contains(daemon.cli("subagent", "show", done["id"]).must(0).out, f"{calls * 1100} of 12000 tokens, fake/fake, unpriced", "the same on the command line")
    contains(done["error"], "12000 tokens", "why")
    equal(api.get(f"/turns/{child['turn_id']}")["state"], "failed", "its turn")


@case
def a_child_that_waits_is_told_the_answers(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["count the apples"] = [[("pause", 0.5), "seven"]]
    model.script["count the pears"] = [["eight"]]

    def spawn(*words):
        return daemon.cli("subagent", "spawn", *words, "--session", session, "--json").must(0).json()["id"]

    first, second = spawn("count the apples"), spawn("count the pears")
    total = spawn("add them", "--after", first, "--after", second)
    equal(api.get(f"/subagents/{total}")["after"], [first, second], "what it waits for")
    wait_until(lambda: api.get(f"/subagents/{total}")["state"] == "completed", 20, "the last one's end")
    asked = json.dumps(model.requests[-1].body)
    contains(asked, "seven", "what the last one was told")
    contains(asked, "eight", "what the last one was told")
    contains(asked, "add them", "its task")
    # What fails takes along what waits for it.
    model.script["break"] = [[("status", 403, {"error": {"message": "no"}}, {})]] * 3
    broken = spawn("break")
    after = spawn("never", "--after", broken)
    wait_until(lambda: api.get(f"/subagents/{after}")["state"] == "failed", 20, "the one that waited")
    contains(api.get(f"/subagents/{after}")["error"], broken, "why")
    api.must_refuse("POST", f"/sessions/{session}/children", 404, {"task": "x", "after": [api.session()]})


@case
def a_session_that_is_deleted_ends_its_children(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    other = api.session()
    task, kept = "anna's slow diary", "another task that stays"
    model.script[task] = [[("pause", 60)]] * 2
    model.script[kept] = [["done"]]
    stays = api.post(f"/sessions/{other}/children", {"task": kept}, 202)["id"]
    wait_until(lambda: api.get(f"/subagents/{stays}")["state"] == "completed", 10, "the child of another session")
    child = api.post(f"/sessions/{session}/children", {"task": task}, 202)["id"]
    wait_until(lambda: api.get(f"/subagents/{child}")["state"] == "running", 10, "the child at work")
    daemon.cli("session", "rm", session, "--yes").must(0)
    for path in (f"/subagents/{child}", f"/sessions/{child}", f"/sessions/{session}"):
        api.must_refuse("GET", path, 404)
    rows = api.get(f"/audit?session={child}&limit=200")["items"]
    expect("session.deleted" in {row["kind"] for row in rows}, f"the rows of the child: {rows}")
    equal([one["id"] for one in api.get("/subagents")["items"]], [stays], "sub-agents that are left")
    contains(str(api.transcript(stays)), kept, "the transcript of the other one")
    daemon.stop()
    stored = database_of(lab, daemon)
    contains(stored, kept, "the control: the database can be read")
    lacks(stored, task, "the database")


@case
def a_slice_of_money_binds_the_child(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    made = api.post(f"/sessions/{session}/children", {"task": "spend", "max_cost": "0.01"}, 202)
    wait_until(lambda: api.get(f"/subagents/{made['id']}")["state"] == "failed", 10, "its end: the model has no price")
    equal(len(model.requests), 0, "calls")


@case
def the_skills_of_an_agent_bind_what_it_reads(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    daemon.cli("agent", "set", "narrow", "-", stdin="skills: [code-review]\n").must(0)
    model.script["read"] = [[("call", "skill.read", {"name": "commit-message"}), ("call", "skill.read", {"name": "code-review"}), ("call", "skill.read", {})], ["done"]]
    session = api.session(agent="narrow")
    api.run(session, "read")
    got = results(api, session)
    contains(got[0], "no skill 'commit-message' for this agent", "one that is not on its list")
    contains(got[1], "Skill code-review", "one that is")
    lacks(got[2], "commit-message", "the list")
    # The control: without a list the same call reads it.
    plain = api.session()
    api.run(plain, "read")
    contains(results(api, plain)[0], "Skill commit-message", "without a list")
