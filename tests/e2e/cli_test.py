# SPDX-License-Identifier: MIT
# Over 500 lines: one case after another, each readable alone; two files would only split one surface.
"""The CLI as scripts and people use it: exit codes, stdout as data, --json, secrets without echo, hostile text, the daemon it starts."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from harness import ENDED, case, contains, daemon_uid, equal, expect, is_root, kill, lacks, short, wait_until

CANARY = "canary-77aa01"


def problem_of(ran):
    """The four lines of an error on stderr."""
    found = re.search(r"^error: (?P<error>.+)$", ran.err, re.M)
    expect(found, f"pryx {ran.command}: no 'error:' line on stderr: {short(ran.err, 400)}")
    expect(re.search(r"^code: PRYX-[0-9]{4}$", ran.err, re.M), f"pryx {ran.command}: no 'code:' line: {short(ran.err, 400)}")
    return found["error"]


@case
def exec_prints_the_answer_and_nothing_else_on_stdout(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({"a.txt": "x"})
    model.script["look"] = [["Let me see. ", ("call", "fs.list", {})], ["One file."]]
    ran = daemon.cli("exec", "look", "--workspace", work).must(0)
    equal(ran.out, "One file.\n", "stdout")
    contains(ran.err, "fs.list", "the tool call on stderr")
    lacks(ran.out + ran.err, "\x1b", "output without a terminal")
    ran = daemon.cli("exec", "look", "--workspace", work, "--quiet").must(0)
    equal((ran.out, ran.err), ("One file.\n", ""), "quiet output")
    ran = daemon.cli("exec", "look", "--workspace", work, "--json").must(0)
    events = ran.lines()
    expect(all(e["type"] == "event" for e in events), "a line that is no event")
    equal([e["event"] for e in events if e["event"] in ENDED], ["turn.completed"], "ends")
    equal(events[-1]["event"], "turn.completed", "the last line")
    equal(ran.err, "", "stderr with --json")
    ran = daemon.cli("exec", "-", "--workspace", work, stdin="look").must(0)
    equal(ran.out, "One file.\n", "the prompt from stdin")
    session = daemon.api().get("/sessions?limit=1")["items"][0]["id"]
    daemon.cli("exec", "look", "--session", session).must(0)
    equal(len([m for m in daemon.api().transcript(session) if m["role"] == "user"]), 2, "user messages of a continued session")


@case
def exec_exit_codes(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace()
    model.script["fail"] = [[("status", 400, {"error": {"message": "no good"}})]]
    model.script["slow"] = [[("pause", 60)]]
    model.script["quota"] = [[("status", 429, {"error": {"message": "quota", "code": "insufficient_quota"}})]]

    def ran(code, *args, **options):
        result = daemon.cli("exec", *args, "--workspace", work, **options).must(code)
        problem_of(result)
        return result
    contains(ran(8, "fail").err, "no good", "the provider's words")
    ran(10, "quota")
    ran(2)
    ran(2, "", stdin="")
    ran(2, "x", "--max-cost", "much")
    ran(2, "x", "--no-such-flag")
    ran(6, "x", "--session", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    ran(6, "x", "--model", "nothing/here")
    begin = time.monotonic()
    ran(9, "slow", "--timeout", "1s")
    expect(time.monotonic() - begin < 8, "--timeout 1s took long")
    wait_until(lambda: model.of("slow")[0].gone_at, 5, "a turn that timed out is cancelled")
    events = daemon.cli("exec", "slow", "--timeout", "1s", "--json", "--workspace", work).must(9).lines()
    equal([e["event"] for e in events if e["event"] in ENDED], ["turn.cancelled"], "ends of a turn that timed out, with --json")
    equal(events[-1]["event"], "turn.cancelled", "the last line of a turn that timed out")
    lab_dead(lab, daemon)
    ran(8, "x", "--model", "dead/any")
    daemon.cli("exec", "x", "--workspace", "/nothing/there").must(6)
    equal(daemon.cli("exec", "hello", "--workspace", work, env={"PRYX_MODEL": "starter/commands"}).must(0).code, 0, "PRYX_MODEL")
    expect(not model.of("hello"), "PRYX_MODEL was ignored")


def lab_dead(lab, daemon):
    daemon.api().put("/providers/dead", {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "no_key": True})


@case
def exec_is_interrupted_by_signals(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["slow"] = [[("text", "tick tock " * 300, 0.1)]]
    for number, code, more in ((signal.SIGINT, 130, []), (signal.SIGTERM, 143, []), (signal.SIGINT, 130, ["--json"]), (signal.SIGTERM, 143, ["--json"])):
        before = len(model.of("slow"))
        process = subprocess.Popen([daemon.program, "exec", "slow", *more, "--workspace", str(lab.workspace())], env=daemon.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
        wait_until(lambda: len(model.of("slow")) > before and model.of("slow")[-1].first_sent, 10, "the answer streams")
        time.sleep(0.2)
        process.send_signal(number)
        out = process.communicate(timeout=10)[0].decode()
        equal(process.returncode, code, f"exit code after {number.name}")
        if more:
            equal(json.loads(out.splitlines()[-1])["event"], "turn.cancelled", f"the last line after {number.name} with --json")
        wait_until(lambda: model.of("slow")[-1].gone_at, 5, f"the turn is cancelled after {number.name}")
    equal({t["state"] for t in [daemon.api().turn(m["turn_id"]) for s in daemon.api().get("/sessions")["items"] for m in daemon.api().transcript(s["id"]) if m["role"] == "user"]}, {"cancelled"}, "turns")


@case
def stdout_closed_early_is_no_crash(lab):
    daemon = lab.daemon()
    for args in (["session", "list"], ["exec", "--json", "list the files"], ["config", "show"], ["--help"]):
        process = subprocess.Popen([daemon.program, *args, "--workspace", str(lab.workspace())] if args[0] == "exec" else [daemon.program, *args], env=daemon.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
        process.stdout.close()
        process.wait(20)
        expect(process.returncode >= 0 or process.returncode == -signal.SIGPIPE, f"pryx {' '.join(args)} with a closed stdout ended with {process.returncode}")
        lacks(process.stderr.read().decode(), "Sanitizer", f"pryx {' '.join(args)}")


@case
def every_list_has_the_body_of_the_api(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["ask"] = [[("call", "fs.list", {})], [("call", "memory.save", {"text": "x"})], ["ok"]]
    api = daemon.api()
    api.put("/secrets/one", {"value": "x"})
    api.make_token("t")
    api.send(api.session(workspace=str(lab.workspace())), "ask")
    wait_until(lambda: api.get("/approvals?state=pending")["items"], 10, "a question")
    for args, path in ((["session", "list"], "/sessions"), (["approval", "list"], "/approvals?state=pending"), (["provider", "list"], "/providers"), (["model", "list"], "/models"),
                       (["secret", "list"], "/secrets"), (["token", "list"], "/tokens"), (["workspace", "list"], "/workspaces"), (["tool", "list"], "/tools"), (["agent", "list"], "/agents"),
                       (["policy", "show"], "/policy")):
        ran = daemon.cli(*args, "--json").must(0)
        equal(ran.json(), api.get(path), f"pryx {' '.join(args)} --json against GET {path}")
        equal(len(ran.out.splitlines()), 1, f"lines of pryx {' '.join(args)} --json")
        equal(ran.err, "", f"stderr of pryx {' '.join(args)} --json")
        plain = daemon.cli(*args).must(0)
        expect(plain.out.strip(), f"pryx {' '.join(args)} prints nothing for people")
        lacks(plain.out, "\x1b", f"pryx {' '.join(args)}")
    session = api.get("/sessions")["items"][0]
    shown = daemon.cli("session", "show", session["id"], "--json").must(0).json()
    equal(shown["id"], session["id"], "session show --json")
    contains(daemon.cli("session", "show", session["id"]).must(0).out, "fs.list", "session show")
    lines = daemon.cli("session", "show", session["id"], "--messages", "--json").must(0).json()
    equal(lines["items"], api.transcript(session["id"]), "session show --messages --json")
    equal(daemon.cli("tool", "show", "fs.read", "--json").must(0).json(), api.get("/tools/fs.read"), "tool show")
    equal(daemon.cli("agent", "show", "default", "--json").must(0).json(), api.get("/agents/default"), "agent show")
    equal([s["id"] for s in daemon.cli("session", "search", "ask", "--json").must(0).json()["items"]], [session["id"]], "session search")
    for args in (["session", "show", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"], ["tool", "show", "no.tool"], ["agent", "show", "nobody"], ["provider", "rm", "nobody", "--yes"],
                 ["secret", "rm", "nothing", "--yes"], ["token", "revoke", "tok_01ARZ3NDEKTSV4RRFFQ69G5FAV"], ["session", "rm", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "--yes"]):
        problem_of(daemon.cli(*args).must(6))


@case
def sessions_from_the_cli(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    session = api.session(title="mine")
    api.run(session, "hello")
    fork = daemon.cli("session", "fork", session, "--title", "copy", "--json").must(0).json()
    equal((fork["parent_id"], fork["title"]), (session, "copy"), "the fork")
    daemon.cli("session", "rm", fork["id"], "--no-input").must(2)
    equal(api.call("GET", f"/sessions/{fork['id']}")[0], 200, "a session whose removal nobody confirmed")
    daemon.cli("session", "rm", fork["id"], "--yes").must(0)
    equal(api.call("GET", f"/sessions/{fork['id']}")[0], 404, "the removed session")
    folder = lab.workspace(name="other")
    made = daemon.cli("workspace", "add", folder, "--json").must(0).json()
    equal(made["path"], str(folder), "workspace add")
    daemon.cli("workspace", "rm", made["id"], "--yes").must(0)
    expect(folder.exists(), "workspace rm removed the directory")


@case
def mistakes_get_a_suggestion(lab):
    daemon = lab.daemon()
    for args, hint in ((["statsu"], "pryx status"), (["sesion", "list"], "pryx session"), (["session", "lst"], "pryx session list"), (["exec", "--modle", "x/y", "z"], "--model"),
                       (["--jsno", "status"], "--json"), (["chta"], "pryx chat"), (["tokn", "list"], "pryx token"), (["config", "get", "model.defualt"], "model.default")):
        ran = daemon.cli(*args).must(6 if args[0] == "config" else 2)
        equal(ran.out, "", f"stdout of pryx {' '.join(args)}")
        problem_of(ran)
        contains(ran.err, hint, f"the hint of pryx {' '.join(args)}")
    for args in (["xyzzy"], ["session", "xyzzy"], ["session", "show"], ["status", "extra"], ["--timeout", "soon", "status"], ["--timeout"], ["--host", "ftp://x", "status"],
                 ["mcp", "list"]):
        ran = daemon.cli(*args).must(2)
        problem_of(ran)


@case
def help_has_examples_and_needs_no_daemon(lab):
    daemon = lab.daemon(start=False)
    whole = daemon.cli("--help", "--no-start").must(0)
    contains(whole.out, "Examples:", "pryx --help")
    nouns = re.findall(r"^  ([a-z]+) {3,}", whole.out.split("Commands:")[1].split("Global flags:")[0], re.M)
    expect(len(nouns) >= 18, f"commands in pryx --help: {nouns}")
    for noun in nouns:
        page = daemon.cli(noun, "--help").must(0)
        contains(page.out, "Examples:", f"pryx {noun} --help")
        contains(page.out, f"pryx {noun}", f"pryx {noun} --help")
        equal(page.err, "", f"stderr of pryx {noun} --help")
        lacks(page.out, "supervise", f"pryx {noun} --help")
        for verb in re.findall(rf"^  pryx {noun} ([a-z]+) ", page.out.split("Commands:")[1] if "Commands:" in page.out else "", re.M):
            contains(daemon.cli(noun, verb, "--help").must(0).out, f"pryx {noun} {verb}", f"pryx {noun} {verb} --help")
    equal(daemon.cli("-h").must(0).out, whole.out, "pryx -h")
    equal(daemon.cli("help").code in (0, 2), True, "pryx help")
    contains(daemon.cli("version").must(0).out, "pryx ", "pryx version")
    daemon.cli("--version")
    expect(not (daemon.home / "run").exists() or not daemon.core_file.exists(), "help started a daemon")


@case
def secrets_are_never_shown(lab):
    daemon = lab.daemon()
    term = lab.terminal(daemon, "secret", "set", "github")
    term.wait_for(re.compile("github|value|secret", re.I))
    term.wait_quiet(0.2)
    term.send(f"{CANARY}-typed\r")
    equal(term.wait_exit(), 0, "exit code of secret set")
    lacks(term.text(), CANARY, "the terminal")
    expect(term.is_restored(), "the terminal is not as it was")
    daemon.cli("secret", "set", "piped", stdin=f"{CANARY}-piped\n").must(0)
    contains(daemon.cli("secret", "list").must(0).out, "github", "secret list")
    ran = daemon.cli("secret", "set", "x", f"{CANARY}-argument").must(2)
    lacks(ran.out + ran.err, CANARY, "what secret set says about a value in its arguments")
    daemon.cli("secret", "set", "empty", stdin="").must(2)
    env = lab.box.root / ".env"
    env.write_text(f"# keys\nFIRST={CANARY}-1\nexport SECOND=\"{CANARY}-2\"\n\nTHIRD='{CANARY} 3'\n")
    ran = daemon.cli("secret", "import", env).must(0)
    lacks(ran.out + ran.err, CANARY, "secret import")
    names = {s["name"] for s in daemon.api().get("/secrets")["items"]}
    expect({"github", "piped", "FIRST", "SECOND", "THIRD"} <= names, f"secrets: {names}")
    term = lab.terminal(daemon, "secret", "set", "never")
    term.wait_quiet(0.3)
    term.send("\x03")
    code = term.wait_exit()
    expect(code in (2, 130, -signal.SIGINT), f"a cancelled prompt ends with {code}")
    expect(term.is_restored(), "the terminal is not as it was after Ctrl-C")
    expect("never" not in {s["name"] for s in daemon.api().get("/secrets")["items"]}, "a cancelled prompt set a secret")
    daemon.cli("secret", "rm", "github", "--yes").must(0)


@case
def providers_from_the_cli(lab):
    daemon = lab.daemon()
    model = lab.model(key=f"sk-{CANARY}")
    ran = daemon.cli("provider", "add", "mine", "--kind", "openai", "--base-url", model.url, "--key-stdin", stdin=f"sk-{CANARY}\n").must(0)
    lacks(ran.out + ran.err, CANARY, "provider add")
    shown = daemon.cli("provider", "list", "--json").must(0)
    lacks(shown.out, CANARY, "provider list")
    equal([p["has_key"] for p in shown.json()["items"] if p["name"] == "mine"], [True], "has_key")
    daemon.cli("provider", "test", "mine").must(0)
    daemon.cli("model", "use", "mine/fake").must(0)
    equal(daemon.cli("exec", "hello", "--workspace", lab.workspace()).must(0).out, "answer to hello\n", "an answer of that provider")
    contains(daemon.cli("model", "list").must(0).out, "mine/fake", "model list")
    daemon.cli("model", "info", "mine/fake").must(0)
    term = lab.terminal(daemon, "provider", "add", "typed", "--kind", "openai", "--base-url", model.url)
    term.wait_for(re.compile("key", re.I))
    term.wait_quiet(0.2)
    term.send(f"sk-{CANARY}\r")
    equal(term.wait_exit(), 0, "exit code of provider add with a typed key")
    lacks(term.text(), CANARY, "the terminal")
    daemon.cli("provider", "test", "typed").must(0)
    daemon.cli("provider", "add", "bad", "--kind", "openai", "--base-url", model.url, "--key-stdin", stdin="wrong\n")
    expect(daemon.cli("provider", "test", "bad").code in (4, 7), f"provider test with a wrong key exits {daemon.cli('provider', 'test', 'bad').code}")
    daemon.cli("provider", "add", "dead", "--kind", "openai", "--base-url", "http://127.0.0.1:9/v1", "--no-key")
    daemon.cli("provider", "test", "dead").must(8)
    for args in (["x", "--kind", "telepathy"], ["x"], ["UP", "--kind", "openai", "--no-key"], ["x", "--kind", "openai", "--key", "sk-1"], ["x", "--kind", "openai", "--no-key", "--key-stdin"]):
        daemon.cli("provider", "add", *args, stdin="").must(2)
    daemon.cli("provider", "rm", "dead", "--yes").must(0)
    daemon.cli("model", "use", "nothing/here").must(6)


@case
def a_token_is_shown_once(lab):
    daemon = lab.daemon()
    made = daemon.cli("token", "create", "--name", "ci", "--scope", "read,chat", "--expires", "12h", "--json").must(0).json()
    expect({"id", "name", "token"} <= made.keys(), f"token create --json: {set(made)}")
    plain = daemon.cli("token", "create", "--name", "plain", "--scope", "admin").must(0)
    equal(len(plain.out.strip().splitlines()), 1, "lines of token create on stdout")
    ran = daemon.cli("status", "--json", env={"PRYX_TOKEN": plain.out.strip(), "PRYX_HOME": str(lab.box.root / "elsewhere")}, cwd="/")
    elsewhere = daemon.cli("--host", daemon.ready["url"], "status", "--json", env={"PRYX_TOKEN": plain.out.strip(), "PRYX_HOME": str(lab.box.root / "elsewhere")}).must(0)
    equal(elsewhere.json()["pid"], daemon.pid, "status over --host with PRYX_TOKEN")
    daemon.cli("--host", daemon.ready["url"], "status", env={"PRYX_HOME": str(lab.box.root / "elsewhere")}).must(4)
    for name in (made["token"], plain.out.strip()):
        lacks(daemon.cli("token", "list").must(0).out + daemon.cli("token", "list", "--json").must(0).out, name, "token list")
    daemon.cli("token", "revoke", made["id"]).must(0)
    daemon.cli("--host", daemon.ready["url"], "status", env={"PRYX_TOKEN": made["token"], "PRYX_HOME": str(lab.box.root / "elsewhere")}).must(4)
    for args in (["--name", "x"], ["--scope", "read"], ["--name", "x", "--scope", "everything"], ["--name", "x", "--scope", "read", "--expires", "yesterday"]):
        daemon.cli("token", "create", *args).must(2)
    stop_other(ran, lab)


def stop_other(_ran, lab):
    """A client verb in a home of its own starts a daemon there; it is ended with the case."""
    core = lab.box.root / "elsewhere" / "run" / "core.json"
    if core.exists():
        kill(json.loads(core.read_text())["pid"], signal.SIGTERM)


@case
def doctor_tells_good_from_broken(lab):
    daemon = lab.daemon()
    ran = daemon.cli("doctor", "--json").must(0)
    expect(ran.json()["items"] if "items" in ran.json() else ran.json(), "doctor --json is empty")
    contains(daemon.cli("doctor").must(0).out, "KEPT IN A FILE", "doctor about a key in a file")
    lab.write_config(daemon, "policy.yaml", "tools: [")
    ran = daemon.cli("doctor").must(3)
    contains(ran.out, "policy.yaml", "doctor about a broken policy")
    (daemon.home / "config" / "policy.yaml").unlink()
    key = daemon.home / "config" / "master.key"
    key.chmod(0o644)
    contains(daemon.cli("doctor").must(3).out, "master.key", "doctor about a key that others can read")
    if is_root() and daemon_uid(daemon) != 0:
        contains(daemon.cli("doctor", "--fix").must(3).out, "chmod 600", "doctor --fix as root, which writes nothing below another user's folders")
        key.chmod(0o600)
    daemon.cli("doctor", "--fix").must(0)
    equal(key.stat().st_mode & 0o777, 0o600, "mode of the key after doctor --fix")
    daemon.stop()
    equal(daemon.cli("doctor", "--no-start").code in (0, 3), True, "doctor without a daemon")
    daemon.start()
    daemon.kill9()
    contains(daemon.cli("doctor", "--no-start").out, "left by a daemon that is gone", "doctor about stale files")


@case
def config_from_the_cli(lab):
    daemon = lab.daemon()
    equal(daemon.cli("config", "get", "model.default").must(0).out, "starter/commands\n", "config get")
    daemon.cli("config", "set", "log.level", "debug").must(0)
    equal(daemon.cli("config", "get", "log.level").must(0).out, "debug\n", "config get after set")
    contains(daemon.cli("config", "show", "--origin").must(0).out, "database", "origin")
    contains(daemon.cli("config", "get", "log.level", "--origin").must(0).out, "database", "origin of one")
    daemon.cli("config", "set", "log.level", "--unset").must(0)
    equal(daemon.cli("config", "get", "log.level").must(0).out, "info\n", "config get after unset")
    daemon.cli("config", "set", "log.level", "loud").must(2)
    problem_of(daemon.cli("config", "set", "no.such.key", "1").must(2))
    shown = daemon.cli("config", "show", "--json").must(0).json()
    equal(shown, daemon.api().get("/settings"), "config show --json")
    lines = dict(line.split("\t", 1) for line in daemon.cli("config", "list").must(0).out.splitlines())
    equal(lines.keys(), shown["settings"].keys(), "what config list has")
    contains(lines["log.level"], "info\tdefault\tThe least important", "a setting in config list")
    daemon.cli("config", "set", "tools.max_steps", "9").must(0)
    contains(daemon.cli("config", "list").must(0).out, "tools.max_steps\t9\t50\t", "a changed setting beside its default")
    equal(daemon.cli("config", "list", "--json").must(0).json()["items"], daemon.api().get("/settings")["items"], "config list --json")
    about = daemon.cli("config", "describe", "log.level").must(0).out
    for part in ("least important", "one of debug, info, warn, error", "from the next start", "PRYX_LOG_LEVEL"):
        contains(about, part, "config describe")
    equal(daemon.cli("config", "describe", "tools.max_steps", "--json").must(0).json()["max"], 1000, "config describe --json")
    daemon.cli("config", "describe", "no.such.key").must(6)
    contains(daemon.cli("config", "set", "log.level", "loud").must(2).err, "one of debug, info, warn, error", "a refused value")
    contains(daemon.api().must_refuse("PUT", "/settings", 400, {"settings": {"tools.max_steps": 0}})["detail"], "from 1 to 1000", "a refused value")
    paths = daemon.cli("config", "path", "--json").must(0).json()
    contains(json.dumps(paths), str(daemon.home / "config"), "config path")
    lab.write_config(daemon, "config.yaml", "log:\n  level: warn\n")
    wait_until(lambda: daemon.cli("config", "get", "log.level").must(0).out == "warn\n", 10, "the file's value")
    contains(daemon.cli("config", "get", "log.level", "--origin").must(0).out, "file", "origin of the file's value")
    editor = lab.box.root / "editor"
    editor.write_text("#!/bin/sh\necho 'log: {level: error}' > \"$1\"\n")
    editor.chmod(0o755)
    edit(lab, daemon, "config", editor, 0)
    wait_until(lambda: daemon.cli("config", "get", "log.level").must(0).out == "error\n", 10, "the edited value")
    editor.write_text("#!/bin/sh\necho 'log: [' > \"$1\"\n")
    edit(lab, daemon, "config", editor, None)
    equal(daemon.cli("config", "get", "log.level").must(0).out, "error\n", "the value after an invalid edit")


def edit(lab, daemon, noun, editor, code):
    """`pryx NOUN edit` on a terminal; questions are answered with no. None: anything but success."""
    term = lab.terminal(daemon, noun, "edit", env={"EDITOR": str(editor), "VISUAL": ""})
    if code is None:
        term.wait_quiet(0.5)
        term.send("n\r")
        expect(term.wait_exit() != 0, f"an invalid {noun} edit is accepted:\n{term.text()}")
    else:
        equal(term.wait_exit(), code, f"exit code of {noun} edit\n{term.text()}")


@case
def policy_from_the_cli(lab):
    daemon = lab.daemon()
    bad = lab.box.root / "policy.yaml"
    bad.write_text("name: x\ntools:\n  allowed: [fs.list]\n  denid: [fs.read]\nrate: 1\n")
    ran = daemon.cli("policy", "check", bad).must(3)
    contains(ran.out + ran.err, "line 4", "policy check")
    contains(ran.out + ran.err, "denied", "its suggestion")
    contains(ran.out + ran.err, "line 5", "policy check")
    bad.write_text("tools:\n  allowed: [fs.list]\n")
    daemon.cli("policy", "check", bad).must(0)
    daemon.cli("policy", "check", "--approve", bad).must(0)
    bad.write_text("tools:\n  ask: [fs.list]\n")
    daemon.cli("policy", "check", "--approve", bad).must(3)
    daemon.cli("policy", "check", "/nothing/there").must(6)
    daemon.cli("policy", "check").must(0)
    contains(daemon.cli("policy", "show").must(0).out, "fs.list", "policy show")
    decision = daemon.cli("policy", "test", "--tool", "fs.read", "--args", '{"path":"x"}', "--json").must(0).json()
    equal(decision["decision"], "allow", "policy test")
    expect({"decision", "rule", "reason", "considered"} <= decision.keys(), f"policy test --json: {set(decision)}")
    decision = daemon.cli("policy", "test", "--tool", "memory.save", "--args", '{"text":"x"}', "--label", "web", "--label", "private", "--json").json()
    equal(decision["decision"], "ask", "policy test with labels")
    daemon.cli("policy", "test", "--tool", "fs.read", "--args", "{nonsense").must(2)
    daemon.cli("policy", "test").must(2)
    editor = lab.box.root / "editor"
    editor.write_text("#!/bin/sh\nprintf 'tools:\\n  denied: [fs.read]\\n' > \"$1\"\n")
    editor.chmod(0o755)
    edit(lab, daemon, "policy", editor, 0)
    equal(daemon.cli("policy", "test", "--tool", "fs.read", "--args", '{"path":"x"}', "--json").json()["decision"], "deny", "policy test after the edit")


@case
def status_tells_the_truth(lab):
    daemon = lab.daemon()
    shown = daemon.cli("status", "--json").must(0).json()
    api = daemon.api().get("/status")
    for field in ("version", "pid", "url", "socket", "mode", "key_backend"):
        equal(shown[field], api[field], field)
    contains(daemon.cli("status").must(0).out, str(daemon.pid), "pryx status")
    shown = daemon.cli("daemon", "status", "--json").must(0).json()
    equal(shown["pid"], daemon.pid, "daemon status --json")
    daemon.stop()
    ran = daemon.cli("status", "--no-start").must(8)
    problem_of(ran)
    daemon.cli("daemon", "status").must(8)
    daemon.cli("doctor", timeout=60)
    daemon.cli("daemon", "status").must(8)  # neither of them started one
    daemon.cli("exec", "hello", "--no-start").must(8)
    started = daemon.cli("status", "--json").must(0).json()
    expect(started["pid"] != daemon.pid, "pryx status starts a daemon")
    daemon.cli("daemon", "stop").must(0)


@case
def setup_takes_three_steps_and_can_be_taken_again(lab):
    daemon = lab.daemon()
    model = lab.model(daemon, name="near")
    work = lab.workspace({"a.txt": "x"})
    ran = daemon.cli("setup", "--workspace", str(work), "--model", "starter/commands").must(0)
    contains(ran.out, "a.txt", "the first task's answer")
    contains(ran.err, "pryx chat", "what comes next")
    again = daemon.cli("setup", "--workspace", str(work), "--model", "near/fake", "--no-task", "--json").must(0).json()
    equal(again, {"workspace": str(work.resolve()), "model": "near/fake"}, "setup --json")
    equal(daemon.api().get("/status")["default_model"], "near/fake", "the default model")
    kept = daemon.cli("setup", "--workspace", str(work), "--no-input", "--no-task", "--json").must(0).json()
    equal(kept["model"], "near/fake", "a second run keeps what is in force")
    # A folder that is not there yet is made for the daemon, which has left root behind where root started it.
    new = work.parent / "new" / "folder"
    daemon.cli("setup", "--workspace", f"{new}/", "--no-input", "--no-task").must(0)
    equal(new.stat().st_uid, daemon_uid(daemon), "the owner of a folder that setup made")
    daemon.cli("setup", "--workspace", "/proc/nothing", "--no-task").must(2)
    daemon.cli("setup", "--workspace", str(work), "--model", "nowhere/x", "--no-task").must(6)
    expect(model is not None, "the model server stays")


@case
def completion_knows_the_values(lab):
    daemon = lab.daemon()
    session = daemon.api().session(title="deploy check")
    daemon.cli("secret", "set", "github", stdin="x").must(0)
    asked = lambda *words: daemon.cli("__complete", "--", *words).must(0).out

    def offers(wanted, what, *words):
        # A shell that hangs is worse than one without candidates: on a busy machine completion gives up, and is asked again.
        end = time.monotonic() + 10
        while wanted not in (out := asked(*words)) and time.monotonic() < end:
            pass
        contains(out, wanted, what)
        return out
    offers(f"{session}\tdeploy check\n", "sessions with their titles", "session", "show", "")
    offers(session, "the value of a flag", "chat", "--session", "ses")
    offers("github\n", "secrets", "secret", "rm", "")
    offers("starter/commands", "models", "exec", "-m", "")
    offers("policy\n", "topics", "docs", "")
    offers("model.default\n", "settings", "config", "set", "")
    equal(asked("config", "set", "log.level", "").split(), ["debug", "info", "warn", "error"], "the values of a choice")
    equal(asked("config", "set", "heartbeat.enabled", "").split(), ["true", "false"], "the values of a yes or no")
    equal(asked("config", "set", "audit.copy_to", "").split(), ["off"], "the word for none")
    offers("starter/commands\t", "the models of a setting", "config", "set", "model.default", "")
    equal(asked("config", "set", "tools.max_steps", ""), "", "a number has no candidates")
    offers("log.level\n", "settings", "config", "describe", "")
    offers("groq\t", "vendors that are known by name", "provider", "add", "")
    offers("memory\n", "every page of the Control Center", "open", "")
    work = lab.workspace({"a.txt": "x"})
    daemon.api().post("/workspaces", {"path": str(work)})
    offers(f"{work.resolve()}\t", "folders", "exec", "--workspace", "")
    equal(asked("exec", "say", ""), "", "a prompt has no candidates")
    equal(asked("session", "export", "x", "--format", "").split(), ["json", "markdown", "html"], "what a flag says that it takes")
    offers("month\n", "what costs are summed by", "cost", "summary", "--by", "")
    child = daemon.cli("subagent", "spawn", "count", "--session", session).must(0).out.strip()
    offers(f"{child}\tcount\n", "sub-agents", "subagent", "show", "")
    bad = daemon.api().session(title="a\tb\u001b[2Jc\nd")
    line = next(l for l in offers(bad, "a session with a hostile title", "session", "show", "").split("\n") if l.startswith(bad))
    equal([c for c in line.split("\t", 1)[1] if ord(c) < 32], [], "no control characters reach the shell")
    script = daemon.cli("completion", "bash").must(0).out
    ask = f"{script}\nPATH={pathlib.Path(daemon.program).parent}:$PATH; COMP_LINE='pryx session show '; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=(pryx session show ''); COMP_CWORD=3; _pryx; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    offered, end = [], time.monotonic() + 10
    while session not in offered and time.monotonic() < end:
        offered = subprocess.run(["bash", "-c", ask], text=True, capture_output=True, env={**os.environ, **daemon.environment()}).stdout.split()
    expect(session in offered, f"bash offers {offered}")
    daemon.stop()
    equal(asked("session", "show", ""), "", "without a daemon there is nothing, and none is started")
    expect(not (daemon.home / "run" / "core.json").exists(), "no daemon was started")


@case
def completion_asks_the_daemon_that_the_line_is_for(lab):
    daemon = lab.daemon()
    session = daemon.api().session(title="over there")
    env = {"PRYX_TOKEN": daemon.api().make_token(), "PRYX_HOME": str(lab.box.root / "elsewhere")}
    asked = lambda words: daemon.cli("__complete", "--", *words, env=env).must(0).out
    host = f"http://127.0.0.1:{daemon.port}"
    for words in (("--host", host, "session", "show", ""), ("session", "show", f"--host={host}", ""), ("session", "show", "--host", host, "ses")):
        wait_until(lambda words=words: f"{session}\tover there\n" in asked(words), 10, f"the sessions over there, after {words}")
    equal(asked(("session", "show", "")), "", "what is offered in a home without a daemon")


@case
def completion_of_models_waits_for_no_provider(lab):
    daemon = lab.daemon()
    vendor, near = lab.model(list_pause=0.3), lab.model(list_pause=0.3)
    daemon.api().put("/providers/openai", {"kind": "openai", "base_url": vendor.url, "no_key": True})
    asked = lambda: daemon.cli("__complete", "--", "exec", "-m", "").must(0).out
    wait_until(lambda: "openai/gpt-4o-mini\topenai\n" in asked(), 10, "a vendor's models are offered as the catalog knows them")
    for _ in range(3):
        asked()
    equal(vendor.listings, 0, "how often the vendor was asked")
    # What a server of this machine has nobody else knows: it is asked once, and no candidate waits for that.
    daemon.api().add_provider("near", near.url)
    wait_until(lambda: "near/fake\tnear\n" in asked(), 10, "the models of a server of this machine are offered")
    for _ in range(3):
        asked()
    equal((near.listings, vendor.listings), (1, 0), "how often each was asked")
    # What a provider lists itself counts more than what was expected of it.
    daemon.cli("model", "list", "--provider", "openai").must(0)
    wait_until(lambda: "openai/fake\topenai\n" in (out := asked()) and "openai/gpt-4o-mini" not in out, 10, "what the vendor listed is offered")
    equal((near.listings, vendor.listings), (1, 1), "how often each was asked in the end")


@case
def the_manual_explains_codes_and_man_pages_are_written(lab):
    home = lab.daemon(start=False)
    for topic in home.cli("docs", "--json").must(0).json()["items"]:
        contains(home.cli("docs", topic["topic"]).must(0).out, topic["title"], "the page")
    contains(home.cli("docs", "pryx-1014").must(0).out, "Budget reached", "an error code")
    contains(home.cli("docs", "nothing").must(6).err, "getting-started", "what there is")
    home.start()
    equal(home.cli("docs", "--json").must(0).json(), home.api().get("/docs"), "docs --json, which is what the API says")
    folder = lab.box.root / "man"
    home.cli("docs", "--man", str(folder)).must(0)
    pages = sorted(folder.glob("*.1"))
    expect(len(pages) > 15 and (folder / "pryx.1") in pages, f"{len(pages)} pages")
    if shutil.which("groff"):
        for page in pages:
            checked = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z", str(page)], text=True, capture_output=True)
            equal((checked.returncode, checked.stderr), (0, ""), page.name)


@case
def help_and_completion_come_from_the_commands(lab):
    home = lab.daemon(start=False)
    equal(home.cli("help").must(0).out, home.cli("--help").must(0).out, "pryx help")
    equal(home.cli("help", "session", "show").must(0).out, home.cli("session", "show", "--help").must(0).out, "help for a verb")
    equal(home.cli("help", "session").must(0).out, home.cli("session", "--help").must(0).out, "help for a noun")
    for words in ((), ("session",), ("session", "show")):
        text = home.cli(*words, "--help").must(0).out
        equal(home.cli(*words, "--help", "--json").must(0).json(), {"text": text}, f"the help of {words} as JSON")
    equal(home.cli("--json").must(0).json(), {"text": home.cli("--help").must(0).out}, "no command at all, as JSON")
    equal(home.cli("--version", "--json").must(0).json(), home.cli("version", "--json").must(0).json(), "--version as JSON")
    coloured, plain = lab.terminal(home, "sesion"), lab.terminal(home, "--no-color", "sesion")
    for term in (coloured, plain):
        equal(term.wait_exit(), 2, f"exit code:\n{term.text()}")
    contains(coloured.bytes().decode(errors="replace"), "\x1b[", "an error in a terminal")
    lacks(plain.bytes().decode(errors="replace"), "\x1b[", "the same without colours")
    contains(home.cli("help", "sesion").must(2).err, "pryx session", "a guess")
    contains(home.cli("help", "session", "lst").must(2).err, "pryx session list", "a guess")
    home.cli("completion", "tcsh").must(2)
    for shell in ("bash", "zsh", "fish"):
        script = home.cli("completion", shell).must(0).out
        if not shutil.which(shell):
            continue
        checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
        equal((checked.returncode, checked.stderr), (0, ""), f"the script for {shell}")
    script = home.cli("completion", "bash").must(0).out
    for words, expected, not_expected in ((["se"], ["session", "secret"], ["list"]), (["session", ""], ["list", "show", "fork"], ["exec"]),
                                          (["-w", "/tmp", "session", "li"], ["list"], ["exec"]), (["session", "list", "--li"], ["--limit"], ["--listen"]),
                                          (["help", "session", "sh"], ["show"], []), (["completion", ""], ["bash", "zsh", "fish"], [])):
        line = " ".join(f"'{word}'" for word in ["pryx", *words])
        ask = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _pryx; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        offered = subprocess.run(["bash", "-c", ask], text=True, capture_output=True).stdout.split()
        expect(set(expected) <= set(offered) and not set(not_expected) & set(offered), f"after {words}: {offered}")
