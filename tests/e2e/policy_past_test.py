# SPDX-License-Identifier: MIT
"""Tests in the policy file, its history, and what a draft would have said of the calls of the last days."""
import json
import threading

from harness import case, contains, equal, expect, wait_until
from policy_test import Home, decide, states

RULES = "name: mine\ntools:\n  allowed:\n    - fs.read\n    - tool: shell.exec\n      when: [read_only_commands]\n  denied:\n    - fs.write\n"
TESTS = """tests:
  - name: notes may be read
    tool: fs.read
    arguments: {path: note.txt}
    expect: allow
  - name: nothing is written
    tool: fs.write
    arguments: {path: note.txt, content: x}
    expect: deny
  - name: strangers' words do not reach the network
    tool: http.request
    arguments: {url: "https://example.com/"}
    context: [web, private]
    expect: ask
"""


def put(home, text):
    return home.api.call("PUT", "/policy", {"text": text, "hash": home.api.get("/policy")["hash"]})


@case
def tests_hold_the_rules_and_block_saving(lab):
    home = Home(lab)
    status, saved = put(home, RULES + TESTS)
    equal(status, 200, "a policy whose tests hold")
    equal([(t["name"], t["got"], t["passed"]) for t in saved["tests"]],
          [("notes may be read", "allow", True), ("nothing is written", "deny", True), ("strangers' words do not reach the network", "ask", True)], "the tests")
    equal((saved["tests"][1]["rule"], saved["tests"][1]["rule_line"]), ("policy.yaml: tools.denied: fs.write", 8), "the rule that decided")
    # One rule less, and the test that stood on it fails: nothing is saved, nothing changes.
    loose = (RULES + TESTS).replace("  denied:\n    - fs.write\n", "")
    status, refusal = put(home, loose)
    equal((status, refusal["code"] != ""), (422, True), "a policy with a failing test")
    for piece in ("nothing is written", "expects deny of fs.write, got ask", "tests[1]", "line 12"):
        contains(refusal["detail"], piece, "the refusal")
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "the rules in force")
    equal(home.api.get("/policy")["text"], RULES + TESTS, "the file")
    file = lab.box.root / "loose.yaml"
    file.write_text(loose)
    ran = home.daemon.cli("policy", "check", file).must(3)
    contains(ran.err, "'nothing is written' expects deny of fs.write, got ask", "pryx policy check")
    found = json.loads(home.daemon.cli("policy", "check", file, "--json").must(3).out)
    equal((found["valid"], [t["passed"] for t in found["tests"]]), (False, [True, False, True]), "policy check --json")
    file.write_text(RULES + TESTS)
    contains(home.daemon.cli("policy", "check", file).must(0).out, "3 tests hold", "pryx policy check")
    file.write_text(RULES + "tests:\n  - {name: x, tool: 'fs.*', expect: maybe, why: y}\n")
    ran = home.daemon.cli("policy", "check", file).must(3).err
    for piece in ("tests[0].tool", "tests[0].expect", "tests[0].why", "line 10"):
        contains(ran, piece, "tests that cannot be read")


@case
def a_failing_test_on_disk_keeps_the_last_good_rules(lab):
    home = Home(lab)
    file = home.daemon.home / "config" / "policy.yaml"
    lab.write_config(home.daemon, "policy.yaml", RULES + TESTS)
    wait_until(lambda: home.api.get("/policy")["in_force"] == "file", 10, "the file is in force")
    file.write_text((RULES + TESTS).replace("- fs.write", "- fs.edit"))
    wait_until(lambda: home.api.get("/policy")["in_force"] == "last_good", 10, "the edit is refused")
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "fs.write")
    # Nobody knows at a start what was good before: all but reads is denied.
    home.daemon.restart()
    home.api = home.daemon.api()
    equal(home.api.get("/policy")["in_force"], "read_only", "after a restart")
    contains(home.api.get("/policy")["problems"][0]["message"], "nothing is written", "the problem")
    file.write_text(RULES + TESTS)
    wait_until(lambda: home.api.get("/policy")["in_force"] == "file", 10, "the mended file")


@case
def a_decision_names_the_line_of_its_rule_and_tries_a_draft(lab):
    home = Home(lab)
    put(home, RULES)
    found = home.api.post("/policy/test", {"tool": "fs.write", "arguments": {"path": "a", "content": "x"}})
    equal((found["decision"], found["rule"], found["line"]), ("deny", "policy.yaml: tools.denied: fs.write", 8), "the decision")
    lines = {c["rule"]: c["line"] for c in home.api.post("/policy/test", {"tool": "fs.list"})["considered"] if c["layer"] == "policy.yaml"}
    equal(lines, {"tools.denied: fs.write": 8, "tools.allowed: fs.read": 4, "tools.allowed: shell.exec when read_only_commands": 5}, "lines of the rules considered")
    equal([(r["line"], r["decision"], r["tool"]) for r in home.api.get("/policy")["rules"]], [(8, "deny", "fs.write"), (4, "allow", "fs.read"), (5, "allow", "shell.exec")], "the rules")
    draft = RULES.replace("denied", "ask")
    found = home.api.post("/policy/test", {"tool": "fs.write", "arguments": {"path": "a", "content": "x"}, "text": draft})
    equal((found["decision"], found["line"]), ("ask", 8), "by the draft")
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "the rules in force stay")
    contains(home.daemon.cli("policy", "explain", "fs.write", '{"path":"a","content":"x"}').must(0).out, "(line 8)", "pryx policy explain")


@case
def every_version_of_the_file_is_kept(lab):
    home = Home(lab)
    file = home.daemon.home / "config" / "policy.yaml"
    equal(home.api.get("/policy/history")["items"], [], "before there was a file")
    home.daemon.cli("policy", "history").must(0)
    put(home, RULES)
    put(home, RULES)
    put(home, RULES + TESTS)
    lab.write_config(home.daemon, "policy.yaml", "tools: [broken\n")
    versions = lambda: home.api.get("/policy/history")["items"]
    wait_until(lambda: len(versions()) == 3, 10, "the edit on disk")
    file.unlink()
    wait_until(lambda: len(versions()) == 4, 10, "the removal")
    seen = [(v["version"], v["author"], v["exists"], v["valid"]) for v in versions()]
    equal(seen[2:], [(2, "cli", True, True), (1, "cli", True, True)], "the first versions")
    equal(seen[:2], [(4, "file", False, True), (3, "file", True, False)], "what was done on disk")
    equal(home.api.get("/policy/history/1")["text"], RULES, "the first text")
    page = home.api.get("/policy/history?limit=3")
    equal([v["version"] for v in home.api.get(f"/policy/history?limit=3&cursor={page['next_cursor']}")["items"]], [1], "the second page")
    diff = home.api.get("/policy/history/2?against=1")["diff"]
    equal((diff["added"], diff["removed"]), (TESTS.count("\n"), 0), "what the second added")
    printed = home.daemon.cli("policy", "diff", "1", "2").must(0).out
    for piece in ("--- policy.yaml, version 1", "+++ policy.yaml, version 2", "+  - name: notes may be read"):
        contains(printed, piece, "pryx policy diff")
    home.daemon.cli("policy", "diff", "1", "9").must(6)
    equal(home.daemon.cli("policy", "history", "1").must(0).out, RULES, "pryx policy history 1")
    # Back to the first: it is a version of its own, and in force.
    home.daemon.cli("policy", "restore", "1").must(0)
    equal((file.read_text(), home.api.get("/policy")["in_force"]), (RULES, "file"), "the restored file")
    equal([(v["version"], v["author"]) for v in versions()][:1], [(5, "cli")], "the newest version")
    home.daemon.cli("policy", "restore", "4").must(5)
    home.daemon.cli("policy", "restore", "3").must(3)
    # What is done while no daemon looks is found at the next start.
    home.daemon.stop()
    file.write_text(RULES + "# more\n")
    home.daemon.start()
    home.api = home.daemon.api()
    wait_until(lambda: versions()[0]["version"] == 6, 10, "the edit behind the daemon's back")
    equal(home.api.get("/policy/history/6")["text"], RULES + "# more\n", "its text")
    entries = [e for e in home.api.get("/audit?action=policy.*&limit=50")["items"] if e["kind"] == "policy.changed"]
    expect(len(entries) >= 5, f"audit entries are {[e['kind'] for e in entries]}")


@case
def a_draft_is_held_against_the_past(lab):
    home = Home(lab)
    put(home, "tools:\n  allowed: [fs.read, fs.list, 'shell.*']\n  denied: [fs.edit]\n")
    turn = home.run(("fs.read", {"path": "note.txt"}), ("fs.list", {}), ("fs.edit", {"path": "note.txt", "old_text": "old", "new_text": "new"}),
                    ("fs.write", {"path": "new.txt", "content": "x"}), ("no.such", {}), ("shell.exec", {"command": "ls"}), interactive=False)
    expect("denied" in states(turn), f"states are {states(turn)}")
    # One that a person allowed: the policy's own word was ask.
    home.model.script["please"] = [[("call", "fs.write", {"path": "two.txt", "content": "x"})], ["done"]]
    asked = home.api.send(home.session, "please")
    approval = home.api.pending(asked)
    home.api.post(f"/approvals/{approval['id']}", {"decision": "approve", "scope": "session"})
    equal(home.api.wait_turn(asked)["state"], "completed", "the approved turn")
    # And one that this answer, as a grant, lets through.
    home.model.script["again"] = [[("call", "fs.write", {"path": "two.txt", "content": "y"})], ["done"]]
    granted = home.api.run(home.session, "again")
    equal(states(granted), ["done"], "the granted call")
    same = home.api.post("/policy/replay", {})
    equal((same["changed"], same["items"]), (0, []), "the rules in force say what they said")
    gaps = {g["reason"]: g["count"] for g in same["gaps"]}
    expect(gaps.get("not_decided") or gaps.get("no_such_tool"), f"the call that is none is counted apart: {same['gaps']}")
    before = same["replayed"]
    draft = "tools:\n  allowed: [fs.list, fs.edit]\n  denied: [fs.read, fs.write]\n"
    found = home.api.post("/policy/replay", {"text": draft})
    counts = {(c["was"], c["becomes"]): c["count"] for c in found["changes"]}
    # fs.read and the granted fs.write were let through, ls was; fs.edit was denied; two writes were asked about.
    equal(counts, {("allow", "deny"): 2, ("allow", "ask"): 1, ("deny", "allow"): 1, ("ask", "deny"): 2}, "changes")
    equal((found["changed"], found["replayed"]), (6, before), "counts")
    item = next(i for i in found["items"] if i["tool"] == "fs.read")
    equal((item["was"], item["becomes"]["decision"], item["becomes"]["line"]), ({"decision": "allow", "rule": "policy.yaml: tools.allowed: fs.read"}, "deny", 3), "the read")
    equal(item["turn_id"], turn["id"], "its turn")
    contains(item["call"], "note.txt", "its rendering")
    # Page by page it is the same list.
    pages, cursor = [], None
    while True:
        page = home.api.post("/policy/replay", {"text": draft, "limit": 4, **({"cursor": cursor} if cursor else {})})
        pages += page["items"]
        equal(page["changed"], 6, "the count on every page")
        cursor = page["next_cursor"]
        if not cursor:
            break
    equal([i["step_id"] for i in pages], [i["step_id"] for i in found["items"]], "the pages")
    file = lab.box.root / "draft.yaml"
    file.write_text(draft)
    equal(home.daemon.cli("policy", "replay", file, "--days", "2", "--json").must(0).json()["changed"], 6, "pryx policy replay")
    shown = home.daemon.cli("policy", "replay", file).must(0).out
    for piece in (f"6 of {before} decisions", "allow → deny: 2", "fs.read note.txt"):
        contains(shown, piece, "pryx policy replay")
    home.daemon.cli("policy", "replay", "--days", "0").must(2)
    home.api.must_refuse("POST", "/policy/replay", 400, {"days": 91})
    home.api.must_refuse("POST", "/policy/replay", 400, {"cursor": "x"})
    # What was deleted cannot be told again, and is not passed off as unchanged.
    home.api.delete(f"/sessions/{home.session}")
    gone = home.api.post("/policy/replay", {"text": draft})
    equal((gone["replayed"], gone["changed"]), (0, 0), "after the session was deleted")
    expect({g["reason"]: g["count"] for g in gone["gaps"]}["erased"] >= before, f"gaps are {gone['gaps']}")


@case
def a_third_replay_at_once_waits(lab):
    home = Home(lab)
    for _ in range(6):
        home.run(*[("fs.read", {"path": "note.txt"})] * 10)
    answers = []

    def replay():
        answers.append(home.daemon.api().request("POST", "/api/v1/policy/replay", {"text": RULES}))
    for _ in range(20):
        threads = [threading.Thread(target=replay) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(a.status == 429 for a in answers):
            break
    equal({a.status for a in answers}, {200, 429}, "the answers of eight at once")
    refused = next(a for a in answers if a.status == 429)
    contains(refused.json()["detail"], "2 replays of the policy are running", "the refusal")
    equal(refused.headers["Retry-After"], "2", "when to come again")
    equal(home.api.call("POST", "/policy/replay", {})[0], 200, "afterwards")
