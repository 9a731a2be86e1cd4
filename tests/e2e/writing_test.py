# SPDX-License-Identifier: MIT
"""Tools that change files: the question and its diff, the change, what is refused, and pryx undo over every surface and over crashes."""
import contextlib
import json
import os
import threading
import time

from harness import case, collect, contains, equal, expect, kill, wait_until

ALLOW = "tools:\n  allowed: [fs.*]\n"


def writing(lab, files, policy=ALLOW, **options):
    daemon = lab.daemon(**options)
    if policy:
        lab.write_config(daemon, "policy.yaml", policy)
        wait_until(lambda: daemon.api().get("/policy")["in_force"] == "file", 10, "the policy is in force")
    model = lab.model(daemon)
    work = lab.workspace(files)
    api = daemon.api()
    return daemon, model, api, work, api.session(workspace=str(work))


def calls(*steps):
    """A script in which the model makes these calls one after the other."""
    return [[("call", tool, arguments)] for tool, arguments in steps] + [["done"]]


def actions(report):
    return [(f["action"], f["path"]) for f in report["files"]]


@case
def a_write_asks_shows_its_diff_and_can_be_undone(lab):
    daemon, model, api, work, session = writing(lab, {"note.txt": "one\ntwo\nthree\n"}, policy=None)
    os.chmod(work / "note.txt", 0o646)
    turn = api.send(session, "in note.txt replace 'two' by 'zwei'", model="starter/commands")
    approval = api.pending(turn)
    equal((approval["tool"], approval["state"]), ("fs.edit", "pending"), "the question")
    contains(approval["preview"], "-two\n+zwei\n", "the diff")
    expect(approval["shown_whole"], "a small diff is shown whole")
    equal((work / "note.txt").read_text(), "one\ntwo\nthree\n", "the file before the answer")
    shown = daemon.cli("approval", "show", approval["id"]).must(0).out
    contains(shown, "+zwei", "pryx approval show")
    api.post(f"/approvals/{approval['id']}", {"decision": "approve"})
    equal(api.wait_turn(turn)["state"], "completed", "the turn")
    equal((work / "note.txt").read_text(), "one\nzwei\nthree\n", "the file")
    equal((work / "note.txt").stat().st_mode & 0o777, 0o646, "its mode")
    bus = api.bus()
    rehearsal = json.loads(daemon.cli("undo", turn, "--dry-run", "--json").must(0).out)
    equal((rehearsal["state"], actions(rehearsal)), ("undone", [("restored", "note.txt")]), "the rehearsal")
    equal((work / "note.txt").read_text(), "one\nzwei\nthree\n", "the file after the rehearsal")
    ran = daemon.cli("undo", turn).must(0)
    contains(ran.out, "given back: note.txt", "pryx undo")
    equal((work / "note.txt").read_bytes(), b"one\ntwo\nthree\n", "the file after the undo")
    equal((work / "note.txt").stat().st_mode & 0o777, 0o646, "its mode after the undo")
    event = collect(bus, lambda e: e["event"] == "turn.undone", 10)[-1]
    equal((event["payload"]["turn_id"], event["payload"]["given_back"]), (turn, 1), "the event")
    again = api.post(f"/turns/{turn}/undo", {})
    equal((again["state"], actions(again)), ("nothing_to_undo", [("already_undone", "note.txt")]), "a second undo")
    kinds = [r["kind"] for r in api.pages("/audit") if r["turn_id"] == turn]
    equal((kinds.count("undo.intent"), kinds.count("undo.outcome")), (1, 1), f"audit rows {kinds}")


@case
def a_denied_write_changes_nothing(lab):
    daemon, model, api, work, session = writing(lab, {"a.txt": "x"}, policy=None)
    turn = api.send(session, "write 'mine' to a.txt", model="starter/commands")
    approval = api.pending(turn)
    api.post(f"/approvals/{approval['id']}", {"decision": "deny"})
    equal(api.wait_turn(turn)["denied_calls"], 1, "denied calls")
    equal((work / "a.txt").read_text(), "x", "the file")
    equal(api.post(f"/turns/{turn}/undo", {})["state"], "nothing_to_undo", "undo of a turn that did nothing")


@case
def a_file_that_changed_between_approval_and_launch_is_left_alone(lab):
    daemon, model, api, work, session = writing(lab, {"a.txt": "old\n"}, policy=None)
    turn = api.send(session, "in a.txt replace 'old' by 'new'", model="starter/commands")
    first = api.pending(turn)
    (work / "a.txt").write_text("old, and a person's line\n")
    api.post(f"/approvals/{first['id']}", {"decision": "approve"})
    second = wait_until(lambda: next((a for a in api.get("/approvals?state=pending")["items"] if a["id"] != first["id"]), None), 10, "a new question")
    equal((work / "a.txt").read_text(), "old, and a person's line\n", "the file after an answer to another one")
    contains(second["preview"], "+new, and a person's line", "the new diff")
    api.post(f"/approvals/{second['id']}", {"decision": "approve"})
    equal(api.wait_turn(turn)["state"], "completed", "the turn")
    equal((work / "a.txt").read_text(), "new, and a person's line\n", "the file")


@case
def every_tool_is_undone_in_reverse(lab):
    odd = b"a\r\nb\x00\xff no end"
    daemon, model, api, work, session = writing(lab, {"keep.txt": "keep\n", "gone.txt": "gone\n", "moved.txt": "moved\n", "odd": odd})
    model.script["many"] = calls(("fs.write", {"path": "odd", "content": "plain"}), ("fs.write", {"path": "n/e/w.txt", "content": "x"}),
                                 ("fs.edit", {"path": "keep.txt", "old_text": "keep", "new_text": "change"}), ("fs.delete", {"path": "gone.txt"}),
                                 ("fs.move", {"from": "moved.txt", "to": "m/there.txt"}), ("fs.write", {"path": "n/e/w.txt", "content": "y", "append": True}))
    turn = api.run(session, "many")
    equal([s["state"] for s in turn["steps"] if s["kind"] == "tool"], ["done"] * 6, "tool steps")
    equal((work / "n/e/w.txt").read_text(), "xy", "the appended file")
    report = api.post(f"/turns/{turn['id']}/undo", {})
    equal(report["state"], "undone", "the undo")
    equal(actions(report), [("restored", "n/e/w.txt"), ("restored", "moved.txt"), ("removed", "m/there.txt"), ("removed", "m"), ("restored", "gone.txt"),
                            ("restored", "keep.txt"), ("removed", "n/e/w.txt"), ("removed", "n/e"), ("removed", "n"), ("restored", "odd")], "files")
    equal(sorted(p.name for p in work.rglob("*")), ["gone.txt", "keep.txt", "moved.txt", "odd"], "what is there")
    equal((work / "odd").read_bytes(), odd, "the odd file")


@case
def an_undo_leaves_alone_what_a_person_changed(lab):
    daemon, model, api, work, session = writing(lab, {"a": "a\n", "b": "b\n"})
    model.script["two"] = calls(("fs.write", {"path": "a", "content": "1"}), ("fs.write", {"path": "b", "content": "2"}))
    turn = api.run(session, "two")["id"]
    (work / "a").write_text("a person's\n")
    ran = daemon.cli("undo", turn).must(5)
    contains(ran.out, "left alone: a (it was changed since)", "pryx undo")
    equal(((work / "a").read_text(), (work / "b").read_text()), ("a person's\n", "b\n"), "the files")
    ran = daemon.cli("undo", turn, "--force", "--yes").must(0)
    equal((work / "a").read_text(), "a\n", "the forced file")


@case
def protected_names_and_ways_out_are_refused_without_asking(lab):
    daemon, model, api, work, session = writing(lab, {"a": "x"}, policy=None)
    outside = lab.workspace({"secret": "OUTSIDE"}, name="outside")
    (work / "out").symlink_to(outside)
    names = [".git/hooks/pre-commit", ".bashrc", ".vscode/tasks.json", ".envrc", ".mcp.json", "sub/.git/config"]
    model.script["hooks"] = calls(*[("fs.write", {"path": n, "content": "evil"}) for n in names])
    turn = api.run(session, "hooks")
    for step in turn["steps"]:
        expect(step["kind"] != "tool" or step["state"] in ("denied", "failed"), f"a protected name: {step}")
    equal(sorted(p.name for p in work.iterdir()), ["a", "out"], "what is there")
    model.script["out"] = calls(("fs.write", {"path": "../x", "content": "evil"}), ("fs.write", {"path": str(outside / "secret"), "content": "evil"}))
    turn = api.run(session, "out")
    equal(turn["denied_calls"], 2, "calls outside of the workspace")
    equal((outside / "secret").read_text(), "OUTSIDE", "the file outside")
    lab.write_config(daemon, "policy.yaml", ALLOW)
    wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the policy is in force")
    model.script["link"] = calls(("fs.write", {"path": "out/secret", "content": "evil"}), ("fs.write", {"path": "out/new", "content": "evil"}),
                                  ("fs.delete", {"path": "out/secret"}), ("fs.move", {"from": "a", "to": "out/a"}))
    api.run(session, "link")
    equal([p.name for p in outside.iterdir()], ["secret"], "what is outside")
    equal((outside / "secret").read_text(), "OUTSIDE", "the file outside")


@case
def undo_survives_a_killed_daemon(lab):
    daemon, model, api, work, session = writing(lab, {f"f{i}": f"old {i}\n" for i in range(8)})
    model.script["eight"] = calls(*[("fs.write", {"path": f"f{i}", "content": f"new {i}\n"}) for i in range(8)])
    turn = api.run(session, "eight")["id"]
    kill(daemon.pid)
    daemon.process.wait(10)
    daemon.start()
    api = daemon.api()
    report = api.post(f"/turns/{turn}/undo", {})
    equal(report["state"], "undone", "the undo after a crash")
    for i in range(8):
        equal((work / f"f{i}").read_text(), f"old {i}\n", f"f{i}")


@case
def an_undo_that_is_killed_in_its_middle_has_its_end_on_record(lab):
    """The daemon dies as soon as the first of 40 files is back: the next one says that nobody knows how far the undo came, and asking again goes on."""
    names = [f"f{i}" for i in range(40)]
    daemon, model, api, work, session = writing(lab, {name: "old\n" for name in names})
    model.script["many"] = calls(*[("fs.write", {"path": name, "content": "new\n"}) for name in names])
    turn = api.run(session, "many", limit=60)["id"]

    def undo():
        with contextlib.suppress(Exception):  # it is cut off
            daemon.api().post(f"/turns/{turn}/undo", {})
    undoing = threading.Thread(target=undo)
    undoing.start()
    limit = time.monotonic() + 20
    while (work / names[-1]).read_text() == "new\n" and time.monotonic() < limit:
        time.sleep(0.001)
    kill(daemon.pid)
    daemon.process.wait(10)
    undoing.join()
    was_cut = any((work / name).read_text() == "new\n" for name in names)
    daemon.start()
    api = daemon.api()

    def kinds():
        return [r["kind"] for r in reversed(list(api.pages("/audit"))) if r["turn_id"] == turn and r["kind"].startswith("undo.")]
    first = kinds()
    expect(first in (["undo.intent", "undo.unknown"], ["undo.intent", "undo.outcome"]), f"rows of the killed undo: {first}")
    expect(not was_cut or first[1] == "undo.unknown", f"files were left, and the log says {first}")
    api.post(f"/turns/{turn}/undo", {})
    equal({(work / name).read_text() for name in names}, {"old\n"}, "the files after the second undo")
    equal(kinds()[:2], first, "the rows of the first undo")


@case
def what_undo_cannot_know_it_says(lab):
    daemon, model, api, work, session = writing(lab, {"a": "x"}, policy="tools:\n  allowed: [fs.*, memory.*]\n")
    model.script["both"] = calls(("memory.save", {"text": "tea"}), ("fs.write", {"path": "a", "content": "y"}))
    turn = api.run(session, "both")["id"]
    report = api.post(f"/turns/{turn}/undo", {"dry_run": True})
    equal([(s["tool"], bool(s["reason"])) for s in report["not_undone"]], [("memory.save", True)], "what is not undone")
    contains(daemon.cli("undo", turn).must(0).out, "cannot be undone: memory.save", "pryx undo")


@case
def undo_refuses_a_turn_that_runs_and_one_that_is_not_there(lab):
    daemon, model, api, work, session = writing(lab, {"a.txt": "x"}, policy=None)
    turn = api.send(session, "write 'y' to a.txt", model="starter/commands")
    api.pending(turn)
    api.must_refuse("POST", f"/turns/{turn}/undo", 409, {})
    daemon.cli("undo", turn).must(5)
    daemon.cli("undo", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV").must(6)
    reader = daemon.tcp("chat")
    equal(reader.call("POST", f"/turns/{turn}/undo", {})[0], 403, "undo without the scope approve")


@case
def the_folder_of_a_session_goes_with_it(lab):
    """One that nobody named, so that what was written there is in no other place (CO-01)."""
    daemon, model, api, work, named = writing(lab, {"note.txt": "mine"})
    private = api.session()
    model.script["write"] = [[("call", "fs.write", {"path": "diary.txt", "content": "dear diary"})], ["written"]]
    api.run(private, "write")
    folder = daemon.home / "data" / "workspaces" / private
    equal((folder / "diary.txt").read_text(), "dear diary", "the control: the file before")
    for session in (private, named):
        api.delete(f"/sessions/{session}")
    expect(not folder.exists(), "the folder of the deleted session is there")
    equal((work / "note.txt").read_text(), "mine", "a folder that a person named")
