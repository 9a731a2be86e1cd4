# SPDX-License-Identifier: MIT
"""Skills: found by precedence, named in the prompt, read on demand, labelled by origin, and never run by themselves."""
import json
import os
import time

from harness import case, contains, equal, expect, lacks, wait_until

V = "/api/v1"


def skill_md(name, description, body="1. Do it.", more=""):
    return f"---\nname: {name}\ndescription: {description}\n{more}---\n{body}\n"


def home(lab, files):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    work = lab.workspace(files)
    return daemon, model, api, api.session(workspace=str(work)), work


def system_of(request):
    return "\n".join(m["content"] for m in request.body["messages"] if m["role"] == "system")


@case
def a_skill_is_named_in_the_prompt_and_read_on_demand(lab):
    daemon, model, api, session, _ = home(lab, {".pryx/skills/brew-tea/SKILL.md": skill_md("brew-tea", "Makes tea. Use when thirsty.", "BODY-OF-THE-SKILL"),
                                                ".pryx/skills/brew-tea/notes/water.txt": "ninety degrees",
                                                ".pryx/skills/broken/SKILL.md": "no front matter"})
    model.script["tea please"] = [[("call", "skill.read", {"name": "brew-tea"})], [("call", "skill.read", {"name": "brew-tea", "file": "notes/water.txt"})],
                                  [("call", "skill.read", {"name": "brew-tea", "file": "../../../etc/passwd"})], ["done"]]
    turn = api.run(session, "tea please")
    equal(turn["state"], "completed", "the turn")
    first = system_of(model.requests[0])
    contains(first, "- brew-tea: Makes tea. Use when thirsty.", "the prompt")
    contains(first, "- code-review:", "a bundled skill in the prompt")
    lacks(first, "BODY-OF-THE-SKILL", "the prompt")
    lacks(first, "broken", "the prompt")
    results = model.requests[-1].tool_results()
    contains(results[0], "BODY-OF-THE-SKILL", "the read skill")
    contains(results[0], "notes/water.txt", "its files")
    equal(results[1], "ninety degrees", "the read file")
    contains(results[2], "no path", "a path out of it")
    parts = [p for m in api.transcript(session) for p in m["parts"] if p["type"] == "tool_result"]
    expect("file" in parts[0]["labels"], f"labels of a workspace skill: {parts[0]['labels']}")
    # What a workspace's description says is in the context as well.
    expect("file" in parts[-1]["labels"] and all(s["state"] == "done" for s in turn["steps"]), f"steps {turn['steps']}")


@case
def skills_are_added_shown_and_removed(lab):
    daemon = lab.daemon()
    folder = lab.box.root / "release-notes"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(skill_md("release-notes", "Writes notes", "STEPS", "metadata:\n  pryx:\n    requires: {bins: [no-such-program]}\n    install:\n      - {kind: brew, package: notes}\n"))
    marker = lab.box.root / "ran"
    (folder / "scripts" / "setup.sh").write_text(f"touch {marker}\n")
    (folder / "scripts" / "setup.sh").chmod(0o755)
    equal(daemon.cli("skill", "validate", folder, "--json").must(0).json()["valid"], True, "validate")
    added = daemon.cli("skill", "add", folder, "--json").must(0).json()
    equal((added["source"], added["state"], added["missing"]), ("user", "missing", ["program no-such-program"]), "the added skill")
    equal(added["files"], ["SKILL.md", "scripts/setup.sh"], "its files")
    daemon.cli("skill", "add", folder).must(5)
    daemon.cli("skill", "add", folder, "--replace").must(0)
    expect(not marker.exists(), "adding ran a script")
    shown = daemon.cli("skill", "show", "release-notes").must(0).out
    for piece in ("STEPS", "brew notes", "program no-such-program"):
        contains(shown, piece, "skill show")
    contains(daemon.cli("skill", "show", "release-notes", "--file", "scripts/setup.sh").must(0).out, "touch", "a file of it")
    # An editor reads the files and sends them back: with the bit, or without a word of it.
    api = daemon.api()
    files = [api.get(f"/skills/release-notes/file?path={path}") for path in added["files"]]
    equal([f["executable"] for f in files], [False, True], "what may be run")
    for told in (True, False):
        api.put("/skills/release-notes", {"replace": True, "files": [{"path": f["path"], "text": f["text"], **({"executable": f["executable"]} if told else {})} for f in files]})
        equal(daemon.cli("skill", "show", "release-notes", "--file", "scripts/setup.sh", "--json").must(0).json()["executable"], True, f"a saved script, told: {told}")
    listed = {s["name"]: s for s in daemon.cli("skill", "list", "--json").must(0).json()["items"]}
    equal(listed["release-notes"]["source"], "user", "the list")
    equal(listed["code-review"]["source"], "bundled", "the list")
    kinds = [e["kind"] for e in daemon.api().get("/audit?limit=50")["items"]]
    expect("skill.installed" in kinds, f"audit kinds are {kinds}")
    daemon.cli("skill", "rm", "release-notes").must(2)
    daemon.cli("skill", "rm", "release-notes", "--yes").must(0)
    daemon.cli("skill", "rm", "release-notes", "--yes").must(6)
    daemon.cli("skill", "rm", "code-review", "--yes").must(5)


@case
def a_skill_that_is_not_valid_is_refused_with_its_lines(lab):
    daemon = lab.daemon()
    folder = lab.box.root / "wrong-name"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: Other\nversion: 1\n---\n")
    refused = daemon.cli("skill", "validate", folder).must(3).err
    for piece in ("line 2: name", "line 3: version", "description: is missing"):
        contains(refused, piece, "skill validate")
    daemon.cli("skill", "add", folder).must(3)
    (folder / "SKILL.md").write_text(skill_md("wrong-name", "x"))
    os.symlink("/etc/passwd", folder / "passwd")
    contains(daemon.cli("skill", "add", folder).must(2).err, "symlink", "a link in the folder")
    api = daemon.api()
    api.must_refuse("PUT", "/skills/x", 422, {"files": [{"path": "SKILL.md", "text": "x"}]})
    api.must_refuse("PUT", "/skills/x", 400, {"files": [{"path": "../SKILL.md", "text": "x"}]})
    reader = daemon.tcp("chat")
    reader.must_refuse("PUT", "/skills/x", 403, {"files": [{"path": "SKILL.md", "text": skill_md("x", "y")}]})
    reader.get("/skills")


@case
def the_agent_cannot_write_its_own_skills(lab):
    _, model, api, session, work = home(lab, {"a.txt": "x"})
    model.script["learn"] = [[("call", "fs.write", {"path": ".pryx/skills/mine/SKILL.md", "content": skill_md("mine", "x")})], ["done"]]
    turn = api.run(session, "learn")
    equal([s["state"] for s in turn["steps"] if s["kind"] == "tool"], ["failed"], "the write")
    expect(not (work / ".pryx").exists(), "a skill was written")
    # The control: the same call elsewhere asks a person, so it is the place that is refused.
    model.script["note"] = [[("call", "fs.write", {"path": "notes/SKILL.md", "content": "x"})], ["done"]]
    turn = api.send(session, "note")
    expect(api.pending(turn), "a write elsewhere asks")
    api.call("POST", f"/turns/{turn}/cancel")


@case
def a_script_of_a_skill_goes_through_the_gate(lab):
    _, model, api, session, work = home(lab, {".pryx/skills/run-it/SKILL.md": skill_md("run-it", "Runs", "Run `sh .pryx/skills/run-it/go.sh`."),
                                              ".pryx/skills/run-it/go.sh": "touch ran\n"})
    model.script["go"] = [[("call", "skill.read", {"name": "run-it"})], [("call", "shell.exec", {"command": "sh .pryx/skills/run-it/go.sh"})], ["done"]]
    turn = api.run(session, "go", interactive=False)
    equal([s["state"] for s in turn["steps"] if s["kind"] == "tool"], ["done", "denied"], "reading, then running without a person")
    expect(not (work / "ran").exists(), "the script ran")


@case
def a_hundred_skills_load_within_a_second(lab):
    daemon, model, api, session, _ = home(lab, {f".pryx/skills/s{i}/SKILL.md": skill_md(f"s{i}", "Does " + "many things " * 40, "body " * 500) for i in range(100)})
    workspace = api.get(f"/sessions/{session}")["workspace_id"]
    begin = time.monotonic()
    items = api.get(f"/skills?workspace={workspace}")["items"]
    took = time.monotonic() - begin
    expect(len(items) >= 103, f"{len(items)} skills")
    expect(took < 1, f"listing took {took:.2f} s")
    equal(api.run(session, "hello")["state"], "completed", "a turn among them")
    expect(len(system_of(model.requests[-1])) < 14_000, "the prompt stays small")
    print(json.dumps({"skills": len(items), "seconds": round(took, 3)}))
    # A model with little room is told little of them.
    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: 8192}\n")
    wait_until(lambda: api.get("/models/catalog")["own_models"] == 1, 10, "models.yaml is in force")
    equal(api.run(session, "hello again")["state"], "completed", "a turn of a small model")
    told = system_of(model.requests[-1])
    contains(told, "more: skill.read without a name lists all", "the prompt of a small model")
    expect(len(told) < 2_000, f"the prompt of a small model has {len(told)} characters")
