# SPDX-License-Identifier: MIT
"""Visits of the tour: workspaces, sessions, turns, approvals, tools, memory, processes, and the bus."""
import base64

from harness import contains, equal, expect, wait_until
from images_test import PNG, Pictures
from routes_tour import NO_APPROVAL, NO_SESSION, NO_TURN, V

def workspaces(tour, lab):
    folder = lab.workspace({"README.md": "# hello", "src/a.py": "print(1)  # TODO", "long.txt": "one more line\n" * 6000})
    made = tour.go("POST", V + "/workspaces", 201, {"path": str(folder)})
    equal(made["path"], str(folder.resolve()), "the real path")
    link = lab.box.root / "link"
    link.symlink_to(folder)
    equal(tour.go("POST", V + "/workspaces", 201, {"path": str(link)})["id"], made["id"], "a link to it is the same workspace")
    tour.go("POST", V + "/workspaces", 400, {})
    tour.go("POST", V + "/workspaces", 404, {"path": "/nothing/there"})
    expect(made in tour.go("GET", V + "/workspaces", 200)["items"], "the list of workspaces has it")
    tour.go("GET", V + "/workspaces/{id}", 200, id=made["id"])
    tour.go("GET", V + "/workspaces/{id}", 404, id="wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    equal(tour.go("PATCH", V + "/workspaces/{id}", 200, {"name": "tea house"}, id=made["id"])["name"], "tea house", "its name")
    tour.go("PATCH", V + "/workspaces/{id}", 400, {"name": 7}, id=made["id"])
    return made


def sessions(tour, workspace):
    one = tour.go("POST", V + "/sessions", 201, {"workspace": workspace["id"], "title": "first"})
    by_path = tour.go("POST", V + "/sessions", 201, {"workspace": workspace["path"]})
    equal(by_path["workspace_id"], workspace["id"], "a session by path")
    tour.go("POST", V + "/sessions", 400, {"agent": "nobody"})
    tour.go("POST", V + "/sessions", 400, {"title": []})
    tour.go("POST", V + "/sessions", 404, {"model": "nothing/here"})
    tour.go("GET", V + "/sessions", 200)
    page = tour.go("GET", V + "/sessions", 200, query="?limit=1")
    equal(len(page["items"]), 1, "items of a page of one")
    rest = tour.go("GET", V + "/sessions", 200, query=f"?limit=1&cursor={page['next_cursor']}")
    expect(rest["items"][0]["id"] != page["items"][0]["id"], "the second page")
    for query in ("?limit=0", "?limit=x", "?sort=oldest", "?status=lost", "?after=yesterday", "?cursor=nonsense"):
        tour.go("GET", V + "/sessions", 400, query=query)
    tour.go("GET", V + "/sessions/{id}", 200, id=one["id"])
    tour.go("GET", V + "/sessions/{id}", 404, id=NO_SESSION)
    tour.go("GET", V + "/sessions/{id}", 404, id="not-an-id")
    equal(tour.go("PATCH", V + "/sessions/{id}", 200, {"title": "renamed"}, id=one["id"])["title"], "renamed", "its title")
    tour.go("PATCH", V + "/sessions/{id}", 400, {"status": "gone"}, id=one["id"])
    return one["id"]


def turns_and_approvals(tour, session):
    messages = V + "/sessions/{id}/messages"
    tour.go("POST", messages, 400, {}, id=session)
    tour.go("POST", messages, 400, {"text": "   "}, id=session)
    tour.go("POST", messages, 400, {"text": "x", "max_cost": "much"}, id=session)
    tour.go("POST", messages, 400, {"text": "x", "parts": [{"type": "image", "media_type": "image/png", "data": "AAAA"}]}, id=session)
    tour.go("POST", messages, 404, {"text": "x"}, id=NO_SESSION)
    tour.go("POST", messages, 404, {"text": "x", "model": "nothing/here"}, id=session)
    turn = tour.go("POST", messages, 202, {"text": "ask me", "future_field": 1}, id=session)["turn_id"]
    approval = tour.pending(turn)
    tour.go("GET", V + "/approvals", 200)
    for query in ("?state=maybe", "?state=pending,", "?cursor=nonsense", "?limit=0"):
        tour.go("GET", V + "/approvals", 400, query=query)
    tour.go("GET", V + "/approvals/{id}", 200, id=approval["id"])
    tour.go("GET", V + "/approvals/{id}", 404, id=NO_APPROVAL)
    tour.go("GET", V + "/turns/{id}", 200, id=turn)
    equal([t["id"] for t in tour.go("GET", V + "/turns", 200, query="?state=queued,running,waiting")["items"]], [turn], "the turns under way")
    resolve = V + "/approvals/{id}"
    tour.go("POST", resolve, 400, {"decision": "perhaps"}, id=approval["id"])
    tour.go("POST", resolve, 400, {"decision": "approve", "scope": "forever"}, id=approval["id"])
    tour.go("POST", resolve, 404, {"decision": "deny"}, id=NO_APPROVAL)
    tour.go("POST", resolve, 200, {"decision": "approve"}, id=approval["id"])
    tour.go("POST", resolve, 409, {"decision": "deny"}, id=approval["id"])
    tour.wait_turn(turn)
    tour.go("GET", V + "/turns/{id}", 200, id=turn)
    equal(tour.go("POST", V + "/stop", 200, {"turn_id": turn})["turns"], [], "an ended turn is not stopped")
    tour.go("POST", V + "/stop", 200, {"session_id": session})
    tour.go("POST", V + "/stop", 400, {"all": True, "session_id": session})
    tour.go("POST", V + "/stop", 404, {"session_id": NO_SESSION})
    tour.go("GET", V + "/turns/{id}", 404, id=NO_TURN)
    equal([t["id"] for t in tour.go("GET", V + "/turns", 200, query=f"?session={session}&limit=1")["items"]], [turn], "the newest turn of the session")
    equal(tour.go("GET", V + "/turns", 200, query=f"?session={NO_SESSION}")["items"], [], "turns of no session")
    for query in ("?state=lost", "?state=running,", "?session=x", "?limit=0", "?cursor=nonsense", "?after=yesterday"):
        tour.go("GET", V + "/turns", 400, query=query)
    tour.go("POST", V + "/turns/{id}/undo", 200, {}, id=turn)
    tour.go("POST", V + "/turns/{id}/undo", 200, {"dry_run": True}, id=turn)
    tour.go("POST", V + "/turns/{id}/undo", 400, {"dry_run": "maybe"}, id=turn)
    tour.go("POST", V + "/turns/{id}/undo", 404, {}, id=NO_TURN)
    tour.go("POST", V + "/turns/{id}/cancel", 409, {}, id=turn)
    tour.go("POST", V + "/turns/{id}/cancel", 404, {}, id=NO_TURN)
    waiting = tour.go("POST", messages, 202, {"text": "ask me"}, id=session)["turn_id"]
    tour.pending(waiting)
    tour.go("POST", V + "/turns/{id}/undo", 409, {}, id=waiting)
    equal(tour.go("POST", V + "/turns/{id}/cancel", 200, {}, id=waiting)["id"], waiting, "the cancelled turn")
    equal(tour.wait_turn(waiting)["state"], "cancelled", "its state")
    equal(tour.go("GET", V + "/approvals", 200, query="?state=superseded")["items"][0]["turn_id"], waiting, "the question of a cancelled turn")
    decided = tour.go("GET", V + "/approvals", 200, query="?state=decided")["items"]
    equal(sorted(a["state"] for a in decided), ["approved", "superseded"], "what was decided")
    first = tour.go("GET", V + "/approvals", 200, query="?state=approved,superseded&limit=1")
    equal(first["items"], decided[:1], "the first page of it")
    equal(tour.go("GET", V + "/approvals", 200, query=f"?state=decided&limit=1&cursor={first['next_cursor']}")["items"], decided[1:], "the second page")
    tour.go("POST", V + "/turns/{id}/resume", 409, {"step_id": approval["step_id"], "resolution": "retry"}, id=turn)
    tour.go("POST", V + "/turns/{id}/resume", 400, {"step_id": approval["step_id"], "resolution": "hope"}, id=turn)
    result = V + "/turns/{id}/steps/{step_id}/result"
    own = tour.go("POST", V + "/sessions", 201, {"workspace": tour.go("GET", V + "/sessions/{id}", 200, id=session)["workspace_id"]})["id"]
    long = tour.go("POST", messages, 202, {"text": "read a lot"}, id=own)["turn_id"]
    kept = next(s["id"] for s in tour.wait_turn(long)["steps"] if s["result_ref"])
    tour.go("GET", result, 200, id=long, step_id=kept)
    tour.go("GET", result, 404, id=turn, step_id=kept)
    tour.kept_result = (long, kept)
    tour.good.add(("POST", V + "/turns/{id}/resume"))  # needs a one_shot tool, which this version has none of; tests/sim covers it
    tour.go("GET", messages, 200, id=session)
    tour.go("GET", messages, 200, id=session, query="?limit=2")
    tour.go("GET", messages, 404, id=NO_SESSION)
    tour.go("GET", messages, 400, id=session, query="?cursor=nonsense")
    whole = tour.go("GET", messages, 200, id=session, query="?limit=200")["items"]
    equal(tour.go("GET", messages, 200, id=session, query="?limit=200&sort=newest")["items"], whole[::-1], "the transcript from its end")
    newest = tour.go("GET", messages, 200, id=session, query="?limit=2&sort=newest")
    equal(tour.go("GET", messages, 200, id=session, query=f"?limit=1&sort=newest&cursor={newest['next_cursor']}")["items"], [whole[-3]], "the page before the last")
    equal(tour.go("GET", messages, 200, id=session, query=f"?limit=1&before={whole[-1]['id']}")["items"], [whole[-2]], "what comes before a message")
    for query in ("?sort=best", "?before=x", f"?sort=oldest&before={whole[0]['id']}"):
        tour.go("GET", messages, 400, id=session, query=query)


def contexts(tour, session):
    compact, pins = V + "/sessions/{id}/compact", V + "/sessions/{id}/pins"
    report = tour.go("GET", V + "/sessions/{id}/context", 200, id=session)
    expect(report["limit_tokens"] > 0 and report["percent"] >= 0, "a limit and a share")
    tour.go("GET", V + "/sessions/{id}/context", 404, id=NO_SESSION)
    pin = tour.go("POST", pins, 201, {"kind": "rule", "text": "never on Sundays"}, id=session)
    tour.go("POST", pins, 400, {"kind": "wish", "text": "x"}, id=session)
    tour.go("POST", pins, 400, {}, id=session)
    tour.go("POST", pins, 404, {"text": "x"}, id=NO_SESSION)
    equal(tour.go("GET", V + "/sessions/{id}/context", 200, id=session)["pins"], [pin], "the pins")
    tour.go("DELETE", V + "/sessions/{id}/pins/{name}", 204, id=session, name=pin["id"])
    tour.go("DELETE", V + "/sessions/{id}/pins/{name}", 404, id=session, name=pin["id"])
    messages = V + "/sessions/{id}/messages"
    for number in range(5):
        tour.wait_turn(tour.go("POST", messages, 202, {"text": f"say something {number}"}, id=session)["turn_id"])
    preview = tour.go("POST", compact, 200, {"preview": True}, id=session)
    expect(preview["messages"] > 0, "there is something to summarise")
    tour.go("POST", compact, 400, {"preview": "maybe"}, id=session)
    tour.go("POST", compact, 404, {}, id=NO_SESSION)
    tour.go("POST", compact + "/undo", 409, {}, id=session)
    tour.go("POST", compact + "/undo", 404, {}, id=NO_SESSION)
    turn = tour.go("POST", compact, 202, {}, id=session)["turn_id"]
    equal(tour.wait_turn(turn)["state"], "completed", "the turn that summarises")
    steps = tour.go("GET", V + "/turns/{id}", 200, id=turn)["steps"]
    equal([(s["kind"], s["purpose"], s["state"]) for s in steps], [("model", "compaction", "done")], "its only step")
    listed = tour.go("GET", messages, 200, id=session, query="?limit=200")["items"]
    summaries = [p for m in listed for p in m["parts"] if p["type"] == "summary"]
    equal(len(summaries), 1, "summaries in the transcript")
    expect(summaries[0]["text"].startswith(f"[SUMMARY of {summaries[0]['count']} messages]"), "how it begins")
    known = {m["id"] for m in listed}
    expect(set(summaries[0]["covers"]) <= known, "the transcript still has what it stands for")
    undone = tour.go("POST", compact + "/undo", 200, {}, id=session)
    equal(undone["covered"], summaries[0]["count"], "messages that come back")
    tour.go("POST", compact + "/undo", 409, {}, id=session)


def plans_and_grants(tour, model, session):
    messages, plan = V + "/sessions/{id}/messages", V + "/approvals/plan"
    model.script["keep one"] = [[("call", "fs.write", {"path": "kept/a.txt", "content": "1"})], ["kept"]]
    model.script["write two"] = [[("call", "fs.write", {"path": f"{n}.txt", "content": n}) for n in "pq"], ["written"]]
    turn = tour.go("POST", messages, 202, {"text": "keep one"}, id=session)["turn_id"]
    question = tour.pending(turn)["id"]
    preview = V + "/approvals/{id}/preview"
    tour.go("POST", preview, 200, {}, id=question)
    tour.go("POST", preview, 400, {"rule": "fs.write"}, id=question)
    tour.go("POST", preview, 404, {}, id=NO_APPROVAL)
    resolve = V + "/approvals/{id}"
    tour.go("POST", resolve, 400, {"decision": "approve", "scope": "always", "expires": "next year"}, id=question)
    tour.go("POST", resolve, 400, {"decision": "approve", "confirm": "000000x"}, id=question)
    tour.go("POST", resolve, 200, {"decision": "approve", "scope": "always", "expires": "7d"}, id=question)
    tour.wait_turn(turn)
    grant, none = tour.go("GET", V + "/grants", 200)["items"][0]["id"], "grt_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    tour.go("PATCH", V + "/grants/{id}", 200, {"expires": "2h"}, id=grant)
    tour.go("PATCH", V + "/grants/{id}", 400, {"expires": "-1h"}, id=grant)
    tour.go("PATCH", V + "/grants/{id}", 404, {"expires": "2h"}, id=none)
    tour.go("DELETE", V + "/grants/{id}", 204, id=grant)
    tour.go("DELETE", V + "/grants/{id}", 404, id=grant)
    turn = tour.go("POST", messages, 202, {"text": "write two"}, id=session)["turn_id"]
    tour.pending(turn)
    tour.go("POST", plan, 400, {"decision": "approve"})
    tour.go("POST", plan, 400, {"decision": "approve", "approval_ids": ["x"]})
    tour.go("POST", plan, 404, {"decision": "approve", "approval_ids": [NO_APPROVAL]})
    tour.go("POST", plan, 400, {"decision": "approve", "turn_id": turn})
    tour.go("POST", plan, 409, {"decision": "deny", "turn_id": NO_TURN})
    tour.go("POST", plan, 200, {"decision": "deny", "turn_id": turn, "reason": "only looking"})
    tour.wait_turn(turn)


def agents_and_children(tour, session):
    one = V + "/agents/{id}"
    made = tour.go("PUT", one, 200, {"text": "description: Toured\n", "hash": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, id="toured")
    equal((made["state"], made["description"]), ("file", "Toured"), "the agent")
    tour.go("PUT", one, 409, {"text": "description: x\n", "hash": "sha256:00"}, id="toured")
    tour.go("PUT", one, 422, {"text": "tools: 1\n", "hash": made["hash"]}, id="toured")
    tour.go("PUT", one, 400, {}, id="toured")
    tour.go("DELETE", one, 204, id="toured")
    tour.go("DELETE", one, 404, id="toured")
    children = V + "/sessions/{id}/children"
    child = tour.go("POST", children, 202, {"task": "a small task", "model": "starter/commands"}, id=session)["id"]
    tour.go("POST", children, 400, {}, id=session)
    tour.go("POST", children, 404, {"task": "x", "agent": "nobody"}, id=session)
    tour.go("POST", children, 404, {"task": "x"}, id=NO_SESSION)
    equal([c["id"] for c in tour.go("GET", children, 200, id=session)["items"]], [child], "children")
    tour.go("GET", children, 404, id=NO_SESSION)
    tour.go("GET", V + "/subagents", 200)
    tour.go("GET", V + "/subagents", 400, query="?state=odd")
    wait_until(lambda: tour.get(f"/subagents/{child}")["state"] == "completed", 20, "the child")
    expect(tour.go("GET", V + "/subagents/{id}", 200, id=child)["text"], "its answer")
    tour.go("GET", V + "/subagents/{id}", 404, id=NO_SESSION)
    tour.go("POST", V + "/subagents/{id}/cancel", 409, {}, id=child)
    tour.go("POST", V + "/subagents/{id}/cancel", 404, {}, id=NO_SESSION)
    tour.good.add(("POST", V + "/subagents/{id}/cancel"))  # subagents_test.py


def skills(tour):
    text = "---\nname: toured\ndescription: Seen on a tour\n---\nbody\n"
    one = V + "/skills/{name}"
    tour.go("PUT", one, 200, {"files": [{"path": "SKILL.md", "text": text}, {"path": "a.bin", "base64": "/w=="}]}, name="toured")
    tour.go("PUT", one, 409, {"files": [{"path": "SKILL.md", "text": text}]}, name="toured")
    tour.go("PUT", one, 400, {}, name="toured")
    tour.go("PUT", one, 422, {"files": [{"path": "SKILL.md", "text": "x"}]}, name="toured")
    tour.go("GET", V + "/skills", 200)
    tour.go("GET", V + "/skills", 404, query="?workspace=wsp_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    tour.go("GET", one, 200, name="toured")
    tour.go("GET", one, 404, name="nothing")
    equal(tour.go("GET", one + "/file", 200, query="?path=a.bin", name="toured")["base64"], "/w==", "a binary file")
    tour.go("GET", one + "/file", 404, query="?path=b.bin", name="toured")
    tour.go("DELETE", one, 204, name="toured")
    tour.go("DELETE", one, 404, name="toured")


def agents_tools_memory(tour):
    equal([a["id"] for a in tour.go("GET", V + "/agents", 200)["items"]], ["default"], "agents")
    tour.go("GET", V + "/agents/{id}", 200, id="default")
    tour.go("GET", V + "/agents/{id}", 404, id="nobody")
    names = [t["name"] for t in tour.go("GET", V + "/tools", 200)["items"]]
    expect({"fs.list", "fs.read", "fs.search", "fs.stat", "memory.save", "memory.search"} <= set(names), f"tools are {names}")
    tour.go("GET", V + "/tools/{name}", 200, name="fs.read")
    tour.go("GET", V + "/tools/{name}", 404, name="fs.nothing")
    expect("policy" in [p["topic"] for p in tour.go("GET", V + "/docs", 200)["items"]], "the manual has a page on policy")
    contains(tour.go("GET", V + "/docs/{topic}", 200, topic="1004")["title"], "PRYX-1004", "an error code")
    tour.go("GET", V + "/docs/{topic}", 404, topic="nothing")
    equal(tour.go("GET", V + "/egress", 200)["items"], [], "what left")
    tour.go("GET", V + "/egress", 400, query="?cursor=x")
    made = tour.go("POST", V + "/memory", 201, {"text": "the tide table is in the blue folder"})
    tour.go("POST", V + "/memory", 400, {})
    tour.go("POST", V + "/memory", 400, {"text": "x", "type": "eternal"})
    expect(made["id"] in [m["id"] for m in tour.go("GET", V + "/memory", 200)["items"]], "the saved memory is listed")
    tour.go("GET", V + "/memory", 400, query="?type=eternal")
    equal([m["id"] for m in tour.go("POST", V + "/memory/search", 200, {"query": "tide"})["items"]], [made["id"]], "the saved memory is found")
    tour.go("POST", V + "/memory/search", 400, {"query": "x", "limit": 0})
    equal(tour.go("GET", V + "/memory/{id}", 200, id=made["id"])["text"], made["text"], "one memory")
    tour.go("DELETE", V + "/memory/{id}", 204, id=made["id"])
    tour.go("DELETE", V + "/memory/{id}", 404, id=made["id"])
    tour.go("GET", V + "/memory/{id}", 404, id=made["id"])


def traces_and_costs(tour, session):
    turn = next(m["turn_id"] for m in tour.transcript(session) if m["turn_id"])
    trace = tour.go("GET", V + "/traces/{turn_id}", 200, turn_id=turn)
    expect({"turn", "queue", "model"} <= {s["kind"] for s in trace["spans"]}, f"kinds of spans: {trace['spans']}")
    tour.go("GET", V + "/traces/{turn_id}", 404, turn_id=NO_TURN)
    for group in ("session", "model", "provider", "agent", "day", "month", "surface"):
        report = tour.go("GET", V + "/costs", 200, query=f"?group_by={group}")
        equal(sum(row["calls"] for row in report["items"]), report["total"]["calls"], f"calls by {group}")
    tour.go("GET", V + "/costs", 400, query="?group_by=weather")
    tour.go("GET", V + "/costs", 400, query="?from=yesterday")
    tour.go("GET", V + "/costs/optimize", 200)
    tour.go("GET", V + "/costs/optimize", 400, query="?to=tomorrow")
    made = tour.go("PUT", V + "/budgets", 200, {"budgets": [{"scope": "day", "limit": "900.00"}, {"scope": "agent", "subject": "default", "limit": None}]})
    equal([(b["scope"], b["limit"]["amount"]) for b in made["items"]], [("day", "900.00")], "the budgets")
    tour.go("PUT", V + "/budgets", 400, {"budgets": [{"scope": "week", "limit": "1"}]})
    tour.go("GET", V + "/budgets", 200)
    tour.go("PUT", V + "/budgets", 200, {"budgets": [{"scope": "day", "limit": None}]})
    tour.go("GET", "/metrics", 200)


def processes(tour, daemon, model, session):
    model.script["start one"] = [[("call", "shell.exec", {"command": "cat", "background": True})], ["started"]]
    api = daemon.api()
    turn = api.send(session, "start one")
    api.post(f"/approvals/{api.pending(turn)['id']}", {"decision": "approve"})
    api.wait_turn(turn)
    running = tour.go("GET", V + "/processes", 200, query="?state=running")["items"]
    equal(len(running), 1, "background processes")
    tour.go("GET", V + "/processes", 400, query="?state=odd")
    one, none = running[0]["id"], "prc_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    tour.go("POST", V + "/processes/{id}/input", 204, {"text": "hello\n"}, id=one)
    tour.go("POST", V + "/processes/{id}/input", 400, {}, id=one)
    tour.go("GET", V + "/processes/{id}", 200, id=one, query="?lines=5")
    tour.go("GET", V + "/processes/{id}", 404, id=none)
    equal(tour.go("DELETE", V + "/processes/{id}", 200, id=one)["state"], "killed", "the stopped process")
    tour.go("DELETE", V + "/processes/{id}", 404, id=none)


def bus_and_front(tour):
    tour.go("GET", V + "/ws", 426)
    bus = tour.bus()
    bus.close()
    tour.good.add(("GET", V + "/ws"))
    tour.go("GET", "/v1/models", 200)
    chat = "/v1/chat/completions"
    tour.go("POST", chat, 200, {"model": "fake/fake", "messages": [{"role": "user", "content": "hi"}]})
    tour.go("POST", chat, 404, {"model": "nothing/here", "messages": [{"role": "user", "content": "hi"}]})
    tour.go("POST", chat, 400, {"model": "fake/fake", "messages": []})
    tour.go("POST", chat, 400, {"model": "fake/fake", "messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 2}})
    responses, messages = "/v1/responses", "/v1/messages"
    first = tour.go("POST", responses, 200, {"model": "fake/fake", "input": "hi"})
    tour.go("POST", responses, 200, {"model": "fake/fake", "input": "again", "previous_response_id": first["id"]})
    tour.go("POST", responses, 404, {"model": "fake/fake", "input": "hi", "previous_response_id": "resp_01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    tour.go("POST", responses, 400, {"model": "fake/fake", "input": "hi", "background": True})
    tour.go("GET", responses + "/{id}", 200, id=first["id"])
    tour.go("GET", responses + "/{id}", 404, id="resp_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    tour.go("DELETE", responses + "/{id}", 200, id=first["id"])
    tour.go("DELETE", responses + "/{id}", 404, id=first["id"])
    said = {"model": "fake/fake", "messages": [{"role": "user", "content": "hi"}]}
    tour.go("POST", messages, 200, {**said, "max_tokens": 50})
    tour.go("POST", messages, 400, said)
    tour.go("POST", messages + "/count_tokens", 200, said)
    tour.go("POST", messages + "/count_tokens", 400, {"model": "fake/fake"})


def images(tour, lab, session):
    site = lab.box.own(Pictures())
    send, part, fetch = V + "/sessions/{id}/messages", V + "/sessions/{id}/messages/{message_id}/parts/{part}/image", V + "/images/fetch"
    picture = {"type": "image", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
    own = tour.go("POST", V + "/sessions", 201, {})["id"]
    sent = tour.go("POST", send, 202, {"text": "look", "parts": [picture]}, id=own)["message_id"]
    tour.go("GET", part, 200, id=own, message_id=sent, part=0)
    tour.go("GET", part, 404, id=own, message_id=sent, part=1)
    tour.go("GET", part, 404, id=session, message_id=sent, part=0)
    before = tour.go("GET", V + "/policy", 200)
    rules = f"tools:\n  allowed:\n    - tool: http.request\n      domains: [\"127.0.0.1:{site.port}\"]\n"
    saved = tour.go("PUT", V + "/policy", 200, {"text": rules, "hash": before["hash"]})
    tour.go("POST", fetch, 200, {"url": site.url("/a.png"), "session_id": own, "message_id": sent})
    tour.go("POST", fetch, 400, {"url": "file:///etc/passwd"})
    tour.go("POST", fetch, 400, {"url": site.url("/a.png"), "session_id": own})
    tour.go("POST", fetch, 403, {"url": "http://10.0.0.1/a.png"})
    tour.go("POST", fetch, 422, {"url": site.url("/svg.png")})
    tour.go("PUT", V + "/policy", 200, {"text": before["text"] or "tools: {}\n", "hash": saved["hash"]})
    tour.wait_turn(next(m["turn_id"] for m in tour.transcript(own)))
    tour.go("DELETE", V + "/sessions/{id}", 204, id=own)


def the_rest_of_sessions(tour, session, workspace):
    transcript = tour.transcript(session)
    fork = V + "/sessions/{id}/fork"
    copy = tour.go("POST", fork, 201, {"message_id": transcript[0]["id"]}, id=session)
    equal((copy["parent_id"], copy["message_count"]), (session, 1), "parent and size of a fork")
    tour.go("POST", fork, 404, {"message_id": "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, id=session)
    tour.go("POST", fork, 404, {}, id=NO_SESSION)
    export, load = V + "/sessions/{id}/export", V + "/sessions/import"
    whole = tour.go("GET", export, 200, query="?redact=false", id=copy["id"])
    tour.go("GET", export, 200, id=copy["id"])
    tour.go("GET", export, 400, query="?format=pdf", id=copy["id"])
    tour.go("GET", export, 400, query="?redact=maybe", id=copy["id"])
    tour.go("GET", export, 404, id=NO_SESSION)
    tour.go("GET", export + "/preview", 200, id=copy["id"])
    tour.go("GET", export + "/preview", 400, query="?cursor=x", id=copy["id"])
    tour.go("GET", export + "/preview", 404, id=NO_SESSION)
    tour.go("POST", load, 409, whole)
    tour.go("POST", load, 400, {"content": {}})
    tour.go("POST", load, 422, {**whole, "content": {**whole["content"], "approvals": [{}]}})
    tour.go("DELETE", V + "/sessions/{id}", 204, id=copy["id"])
    tour.go("POST", load, 201, whole)
    equal(tour.go("GET", export, 200, query="?redact=false", id=copy["id"]), whole, "an imported session, exported")
    tour.go("DELETE", V + "/sessions/{id}", 204, id=copy["id"])
    tour.go("DELETE", V + "/sessions/{id}", 404, id=copy["id"])
    tour.go("DELETE", V + "/workspaces/{id}", 409, id=workspace["id"])
    other = tour.go("POST", V + "/workspaces", 201, {"path": workspace["path"] + "/src"})
    tour.go("DELETE", V + "/workspaces/{id}", 204, id=other["id"])
    tour.go("DELETE", V + "/workspaces/{id}", 404, id=other["id"])
