# SPDX-License-Identifier: MIT
"""--json on every verb: stdout holds one JSON document, or one object a line where the command streams, and nothing else."""
import json

from harness import case, equal, expect, short, wait_until

# Verbs that have no such form, and why.
EXEMPT = {
    "chat": "a conversation between a person and a terminal; exec is its form for scripts",
    "serve": "is the daemon: prints its ready line and stays",
    "config edit": "opens an editor; config set is its form for scripts", "model edit": "opens an editor", "policy edit": "opens an editor",
    "approval watch": "stays until it is ended: approvals_test.py reads its lines", "process watch": "stays until its process ends: shell_test.py reads its lines",
    "process list": "with a process: shell_test.py", "process show": "as process list", "process write": "as process list", "process stop": "as process list",
    "model update": "asks a server for a catalog: catalog_test.py", "daemon logs": "prints the log's own lines, which are JSON: cli_daemon_test.py",
    "daemon install": "changes the account's services: service_test.py", "daemon uninstall": "as daemon install",
    "session attachment": "writes a picture's bytes: images_test.py",
    "vault lock": "needs a terminal for the passphrase: vault_test.py", "vault unlock": "as vault lock", "vault passphrase": "as vault lock",
    "vault seal-key": "as vault lock", "vault unseal-key": "as vault lock",
}
STREAMS = {"exec", "audit export"}
ASK = "tools:\n  allowed: [\"fs.read\", \"fs.list\"]\n"
SKILL = "---\nname: brew-tea\ndescription: Makes tea.\n---\nBoil water.\n"


def commands_in(page):
    """The lines under "Commands:" of a help page."""
    return page.partition("Commands:\n")[2].split("\n\n", 1)[0].splitlines()


def verbs_of(daemon):
    """Every verb that the help names."""
    found = set()
    for line in commands_in(daemon.cli("help").must(0).out):
        noun = line.split()[0]
        verbs = [" ".join(row.split()[1:3]) for row in commands_in(daemon.cli("help", noun).must(0).out)]
        found.update(verbs or [noun])  # a noun that is a command itself has a page without verbs
    return found


class Sweep:
    """Runs verbs with --json and keeps which of them were seen."""

    def __init__(self, daemon):
        self.daemon, self.seen = daemon, set()

    def __call__(self, words, *arguments, code=0, **options):
        ran = self.daemon.cli(*words.split(), *arguments, "--json", **options)
        self.seen.add(words)
        if code:
            expect((ran.code, ran.out) == (code, ""), f"pryx {ran.command}: exit {ran.code} and not {code}, stdout {short(ran.out, 300)!r}, stderr {short(ran.err, 300)!r}")
            return {}
        try:
            documents = [json.loads(line) for line in ran.out.splitlines()] if words in STREAMS else [json.loads(ran.out)]
            sound = documents and all(isinstance(document, dict) for document in documents)
        except json.JSONDecodeError:
            sound = False
        expect(sound and ran.code == (ran.code if code is None else 0), f"pryx {ran.command}: exit {ran.code}, stdout {short(ran.out, 300)!r}, stderr {short(ran.err, 300)!r}")
        return documents[-1]


def ask(daemon, model, session, count=1):
    """(a turn that waits for a person, its first approval)"""
    api = daemon.api()
    model.script["write it"] = [[("call", "fs.write", {"path": f"new-{n}.txt", "content": "text"}) for n in range(count)], ["done"]]
    turn = api.send(session, "write it")
    wait_until(lambda: len([a for a in api.get("/approvals?state=pending")["items"] if a["turn_id"] == turn]) == count, 30, "the questions")
    return turn, next(a["id"] for a in api.get("/approvals?state=pending")["items"] if a["turn_id"] == turn)


def sweep_sessions(run, daemon, model, work, folder):
    model.script["look"] = [[("call", "fs.list", {})], ["One file."]]
    run("exec", "look", "--workspace", work)
    session = run("session list")["items"][0]["id"]
    turn = run("turn list", "--session", session)["items"][0]["id"]
    for words in ("session show", "session context", "session explain"):
        run(words, session)
    run("session search", "look")
    run("session edit", session, "--title", "Harbour")
    pin = run("session pin", session, "never touch vendor")["id"]
    run("session unpin", session, pin)
    run("session compact", session, "--preview")
    run("session fork", session)
    run("session export", session, "--no-redact", "--output", folder / "session.json")
    run("session rm", session, "--yes")
    run("session import", folder / "session.json")
    return session


def sweep_turns(run, daemon, model, session):
    turn, approval = ask(daemon, model, session)
    run("approval list")
    run("approval show", approval)
    run("approval preview", approval)
    run("approval approve", approval)
    daemon.api().wait_turn(turn)
    run("turn show", turn)
    run("turn resume", turn, "--retry", code=5)
    run("undo", turn)
    turn, approval = ask(daemon, model, session)
    run("approval deny", approval, "--reason", "not now")
    turn, _ = ask(daemon, model, session, count=2)
    waiting = [asked["id"] for asked in run("approval list")["items"] if asked["turn_id"] == turn]
    run("approval plan", turn, "approve", *(word for one in waiting for word in ("--approval", one)))
    turn, approval = ask(daemon, model, session)
    run("turn cancel", turn)
    turn, approval = ask(daemon, model, session)
    run("approval approve", approval, "--scope", "always", "--rule", 'fs.write(path: "new-*")')
    grant = run("grant list")["items"][0]["id"]
    run("grant expire", grant, "7d")
    run("grant rm", grant)
    run("trace show", turn)
    run("trace export", turn)
    run("stop")


def sweep_subagents(run, daemon, model, session):
    model.script["slow"] = [[("pause", 60)]]
    child = run("subagent spawn", "slow", "--session", session)["id"]
    run("subagent list")
    run("subagent show", child)
    run("subagent cancel", child)


def sweep_setting_up(run, model, work, folder):
    run("setup", "--no-task", "--no-input", "--workspace", work)
    for words in ("config list", "config show", "config path", "config export"):
        run(words)
    run("config describe", "log.level")
    run("config set", "log.level", "debug")
    run("config get", "log.level")
    (folder / "set-up.json").write_text(json.dumps(run("config export")))
    run("config import", folder / "set-up.json", "--dry-run")
    run("workspace list")
    added = run("workspace add", folder)["id"]
    run("workspace rm", added, "--yes")
    run("provider list")
    run("provider presets")
    run("provider detect")
    run("provider add", "other", "--kind", "openai", "--base-url", model.url, "--no-key")
    run("provider test", "other")
    run("provider rm", "other", "--yes")
    for words in ("model list", "model catalog"):
        run(words)
    run("model info", "fake/fake")
    run("model use", "fake/fake")
    run("secret set", "spare", stdin="value")
    run("secret list")
    run("secret rm", "spare", "--yes")
    run("secret import", "-", "--yes", stdin="SPARE_TOKEN=abcdef\n")
    token = run("token create", "--name", "script", "--scope", "read")["id"]
    run("token list")
    run("token revoke", token, "--yes")
    run("vault status")


def sweep_rules_and_records(run, folder):
    for words in ("policy show", "policy templates", "policy history", "policy replay", "policy check"):
        run(words)
    run("policy test", "--tool", "fs.read", "--args", '{"path":"a.txt"}')
    run("policy explain", "fs.read", '{"path":"a.txt"}')
    run("policy can", "fs.read")
    run("policy use", "read-only", "--yes")
    run("policy use", "workspace", "--yes")
    run("policy diff")
    run("policy restore", "1")
    for words in ("audit list", "audit verify", "audit export", "audit checkpoint", "audit status", "egress list"):
        run(words)
    run("audit show", "1")
    run("audit proof", "1")
    for words in ("cost summary", "cost daily", "cost monthly", "cost pricing", "cost optimize", "cost budget"):
        run(words)


def sweep_knowledge(run, folder):
    note = run("memory add", "the tide table is in the blue folder")["id"]
    run("memory list")
    run("memory search", "tide")
    run("memory show", note)
    run("memory rm", note, "--yes")
    run("tool list")
    run("tool show", "fs.read")
    run("agent set", "reader", "-", stdin="prompt: You read.\n")
    run("agent list")
    run("agent show", "reader")
    run("agent rm", "reader", "--yes")
    skill = folder / "brew-tea"
    skill.mkdir()
    (skill / "SKILL.md").write_text(SKILL)
    run("skill validate", skill)
    run("skill add", skill)
    run("skill list")
    run("skill show", "brew-tea")
    run("skill rm", "brew-tea", "--yes")


def sweep_the_program(run):
    for words in ("status", "version", "docs", "help", "daemon status", "daemon start", "daemon restart", "daemon stop"):
        run(words)
    run("completion", "bash")
    run("doctor", code=None)
    run("open", "--print")


@case(limit=240)
def every_verb_prints_json_for_scripts(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    lab.write_config(daemon, "policy.yaml", ASK)
    wait_until(lambda: daemon.api().get("/policy")["in_force"] == "file", 10, "the policy is in force")
    work, folder = lab.workspace({"a.txt": "x"}), lab.workspace(name="files")
    run = Sweep(daemon)
    session = sweep_sessions(run, daemon, model, work, folder)
    sweep_turns(run, daemon, model, session)
    sweep_subagents(run, daemon, model, session)
    sweep_setting_up(run, model, work, folder)
    sweep_rules_and_records(run, folder)
    sweep_knowledge(run, folder)
    try:
        sweep_the_program(run)
    finally:
        daemon.cli("daemon", "stop")  # a verb may have started one that outlives this case
    verbs = verbs_of(daemon)
    equal(sorted(verbs - run.seen - set(EXEMPT)), [], "verbs that were not tried")
    equal(sorted((run.seen | set(EXEMPT)) - verbs), [], "verbs that are named here and do not exist")
