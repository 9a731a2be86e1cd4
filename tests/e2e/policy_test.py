# SPDX-License-Identifier: MIT
"""Policies that ship with Pryx: switched from the CLI, in force at once and after a restart, and what each of them does to real calls."""
import json

from harness import case, contains, equal, expect, wait_until

NAMES = ["default", "read-only", "workspace", "network-allowlist", "safe"]


def calls(*steps):
    """A script in which the model makes these calls one after the other."""
    return [[("call", tool, arguments)] for tool, arguments in steps] + [["done"]]


def states(turn):
    return [s["state"] for s in turn["steps"] if s["kind"] == "tool"]


def decide(api, tool, **arguments):
    return api.post("/policy/test", {"tool": tool, "arguments": arguments})["decision"]


class Home:
    """A daemon with a scripted model and a session in a workspace."""

    def __init__(self, lab):
        self.daemon = lab.daemon()
        self.model = lab.model(self.daemon)
        self.api = self.daemon.api()
        self.work = lab.workspace({"note.txt": "old\n"})
        self.session = self.api.session(workspace=str(self.work))

    def use(self, name):
        self.daemon.cli("policy", "use", name).must(0)

    def run(self, *steps, **fields):
        self.model.script["go"] = calls(*steps)
        return self.api.run(self.session, "go", **fields)


@case
def templates_are_listed_and_printed(lab):
    daemon = lab.daemon()
    items = daemon.api().get("/policy/templates")["items"]
    equal([i["name"] for i in items], NAMES, "templates")
    equal(daemon.cli("policy", "templates", "--json").must(0).json()["items"], items, "pryx policy templates --json")
    shown = daemon.cli("policy", "templates").must(0).out
    for item in items:
        contains(shown, item["name"], "pryx policy templates")
        contains(shown, item["description"], "pryx policy templates")
        equal(daemon.cli("policy", "use", item["name"], "--print").must(0).out, item["text"], f"policy use {item['name']} --print")
        checked = lab.box.root / "template.yaml"
        checked.write_text(item["text"])
        daemon.cli("policy", "check", checked).must(0)
    equal(daemon.api().get("/policy")["in_force"], "default", "what is in force after printing")
    contains(daemon.cli("policy", "use", "nonsense").must(6).err, "network-allowlist", "the known ones")


@case
def a_template_is_in_force_at_once_and_after_a_restart(lab):
    home = Home(lab)
    file = home.daemon.home / "config" / "policy.yaml"
    texts = {i["name"]: i["text"] for i in home.api.get("/policy/templates")["items"]}
    stale = home.api.get("/policy")["hash"]
    home.use("read-only")
    equal((home.api.get("/policy")["in_force"], file.read_text()), ("file", texts["read-only"]), "the policy")
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "fs.write at once")
    home.api.must_refuse("PUT", "/policy", 409, {"text": texts["workspace"], "hash": stale})
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "fs.write after a refused change")
    home.daemon.restart()
    home.api = home.daemon.api()
    equal(home.api.get("/policy")["in_force"], "file", "in force after the restart")
    equal(decide(home.api, "fs.write", path="a", content="x"), "deny", "fs.write after the restart")
    home.use("safe")
    equal(decide(home.api, "http.request", url="https://example.com/"), "deny", "http.request under safe")
    equal(file.with_name("policy.yaml.1").read_text(), texts["read-only"], "the version before")
    printed = home.daemon.cli("policy", "use", "safe", "--json").must(0).json()
    equal(printed["text"], texts["safe"], "pryx policy use --json")


@case
def read_only_denies_changes_without_asking(lab):
    home = Home(lab)
    turn = home.run(("fs.read", {"path": "note.txt"}), ("shell.list", {}), interactive=False)
    equal(states(turn), ["done", "done"], "reads under the default policy")
    home.use("read-only")
    turn = home.run(("fs.write", {"path": "note.txt", "content": "evil"}), ("shell.exec", {"command": "touch made"}),
                    ("http.request", {"url": "http://127.0.0.1:9/"}), ("fs.read", {"path": "note.txt"}))
    equal(states(turn), ["denied", "denied", "denied", "done"], "steps under read-only")
    equal((home.work / "note.txt").read_text(), "old\n", "the file")
    expect(not (home.work / "made").exists(), "a denied command ran")
    equal(home.api.get("/approvals?state=pending")["items"], [], "questions")


@case
def workspace_lets_writes_inside_through_and_nothing_outside(lab):
    home = Home(lab)
    outside = lab.workspace({"f": "OUTSIDE"}, name="outside")
    home.use("workspace")
    # The one who asks is the owner, and nothing untrusted was read yet.
    turn = home.run(("fs.write", {"path": "new.txt", "content": "mine"}), ("fs.write", {"path": str(outside / "f"), "content": "evil"}), interactive=False)
    equal(states(turn), ["done", "denied"], "steps under workspace")
    equal(((home.work / "new.txt").read_text(), (outside / "f").read_text()), ("mine", "OUTSIDE"), "the files")
    equal(decide(home.api, "shell.exec", command="touch x"), "ask", "a command that changes something")
    equal(decide(home.api, "http.request", url="https://example.com/"), "ask", "the network")
    # Control: without the template the same call is not let through.
    (home.daemon.home / "config" / "policy.yaml").unlink()
    wait_until(lambda: home.api.get("/policy")["in_force"] == "default", 10, "the default policy")
    turn = home.run(("fs.write", {"path": "two.txt", "content": "mine"}), interactive=False)
    equal(states(turn), ["denied"], "the same call under the default policy")


@case
def network_allowlist_lets_only_named_hosts_through(lab):
    home = Home(lab)
    home.use("network-allowlist")
    for url, decision in (("https://docs.python.org/3/", "allow"), ("https://example.com/", "ask"), ("https://docs.python.org.example.com/", "ask"),
                          ("https://xdocs.python.org/", "ask"), ("https://DOCS.python.org/", "allow"), ("https://docs.python.org:8443/", "ask")):
        equal(decide(home.api, "http.request", url=url), decision, url)
    equal(decide(home.api, "fs.write", path="a", content="x"), "ask", "fs.write")
    # A policy with a host of this machine: what is named is asked for by nobody, the way out itself still guards private addresses.
    turn = home.run(("http.request", {"url": "http://127.0.0.1:9/"}), interactive=False)
    equal(states(turn), ["denied"], "a host that is not named")


@case
def safe_asks_for_commands_and_denies_the_network(lab):
    home = Home(lab)
    fetch = {"command": "curl -s https://example.com/", "hosts": ["example.com"]}
    equal(decide(home.api, "shell.exec", command="ls"), "allow", "the control: ls under the default policy")
    equal(decide(home.api, "shell.exec", **fetch), "ask", "the control: a command with the network under the default policy")
    home.use("safe")
    for tool, arguments, decision in (("shell.exec", {"command": "ls"}, "ask"), ("fs.write", {"path": "a", "content": "x"}, "ask"),
                                      ("shell.exec", fetch, "deny"), ("shell.exec", {**fetch, "hosts": ["127.0.0.1:8080"], "background": True}, "deny"),
                                      ("fs.read", {"path": "note.txt"}, "allow"), ("http.request", {"url": "https://example.com/"}, "deny")):
        equal(decide(home.api, tool, **arguments), decision, f"{tool} under safe")
    said = home.api.post("/policy/test", {"tool": "shell.exec", "arguments": fetch})
    equal((said["forced"], said["rule"]), (False, "policy.yaml: tools.denied: shell.exec domains [*]"), "what the policy test says of a command with the network")
    turn = home.run(("http.request", {"url": "http://127.0.0.1:9/"}), ("shell.exec", {"command": "ls"}), interactive=False)
    equal(states(turn), ["denied", "denied"], "steps that nobody can answer for")
    # Where somebody can answer, nobody is asked about the network.
    turn = home.run(("shell.exec", fetch))
    equal(states(turn), ["denied"], "a command with the network")
    equal(home.api.get("/approvals")["items"], [], "questions that were asked")


@case
def explain_and_can_say_what_the_rules_say(lab):
    daemon = lab.daemon()
    found = daemon.cli("policy", "explain", "fs.write", '{"path":"a","content":"x"}').must(0).out
    for piece in ("ask", "no rule matches fs.write", "tools.allowed: fs.read", "another tool", "decides"):
        contains(found, piece, "pryx policy explain")
    as_json = daemon.cli("policy", "explain", "fs.write", '{"path":"a","content":"x"}', "--json").must(0).json()
    equal(as_json, daemon.api().post("/policy/test", {"tool": "fs.write", "arguments": {"path": "a", "content": "x"}}), "explain --json")
    labelled = daemon.cli("policy", "explain", "http.request", '{"url":"https://example.com/"}', "--label", "web", "--label", "private", "--json").must(0).json()
    equal((labelled["decision"], labelled["forced"]), ("ask", True), "explain with labels")
    equal(daemon.cli("policy", "explain", "fs.list", "-", "--json", stdin='{"path":"."}').must(0).json()["decision"], "allow", "explain from stdin")
    daemon.cli("policy", "explain", "fs.write", "{nonsense").must(2)
    daemon.cli("policy", "explain").must(2)
    equal(daemon.cli("policy", "can", "fs.read", "--json").must(0).json()["can"], "always", "can fs.read")
    equal(daemon.cli("policy", "can", "shell.exec", "--json").must(0).json()["can"], "sometimes", "can shell.exec")
    equal(daemon.cli("policy", "can", "fs.write", "--json").must(0).json()["can"], "asks", "can fs.write")
    daemon.cli("policy", "use", "read-only").must(0)
    contains(daemon.cli("policy", "can", "fs.write").must(7).out, "never", "can fs.write under read-only")
    never = json.loads(daemon.cli("policy", "can", "fs.write", "--json").must(7).out)
    equal((never["known"], never["rules"][0]["decision"]), (True, "deny"), "can --json")
    unknown = daemon.cli("policy", "can", "mcp.a.b").must(0)
    contains(unknown.err, "there is no tool 'mcp.a.b'", "can of an unknown tool")
    daemon.cli("policy", "can", "fs.*").must(2)


@case
def the_last_five_versions_of_a_persons_file_are_kept(lab):
    daemon = lab.daemon()
    api = daemon.api()
    for target, invalid, path, text_of in (("/policy", 422, daemon.home / "config" / "policy.yaml", lambda n: f"name: version-{n}\ntools:\n  allowed: [fs.list]\n"),
                                           ("/config", 400, daemon.home / "config" / "config.yaml", lambda n: f"# version {n}\nlog:\n  level: info\n")):
        for n in range(1, 8):
            answer = api.request("PUT", "/api/v1" + target, {"text": text_of(n)}, {"If-Match": f'"{api.get(target)["hash"]}"'})
            equal(answer.status, 200, f"PUT {target} number {n} ({answer.body[:300]})")
        equal(path.read_text(), text_of(7), f"{path.name} after 7 PUTs")
        # The newest of the old ones is .1; the first one has gone.
        kept = {p.name: p.read_text() for p in path.parent.glob(f"{path.name}.*")}
        equal(kept, {f"{path.name}.{i}": text_of(7 - i) for i in range(1, 6)}, f"what is kept of {path.name}")
        for i in range(1, 6):
            equal(path.with_name(f"{path.name}.{i}").stat().st_mode & 0o777, 0o600, f"mode of {path.name}.{i}")
        # What is refused pushes nothing out: a stale hash, a text that is not valid.
        api.must_refuse("PUT", target, 409, {"text": text_of(8)}, {"If-Match": '"stale"'})
        api.must_refuse("PUT", target, invalid, {"text": "tools: ["}, {"If-Match": f'"{api.get(target)["hash"]}"'})
        equal({p.name: p.read_text() for p in path.parent.glob(f"{path.name}.*")}, kept, f"what is kept of {path.name} after two refusals")


def own(home, text):
    """Puts a text of the person's own in force."""
    home.api.put("/policy", {"text": text, "hash": home.api.get("/policy")["hash"]})


@case
def a_denied_path_is_denied_however_it_is_reached(lab):
    home = Home(lab)
    secret = home.work / "secrets" / "key.txt"
    secret.parent.mkdir()
    secret.write_text("KESTREL\n")
    (home.work / "away").symlink_to("secrets")
    (home.work / "key").symlink_to("secrets/key.txt")
    reaches = [("fs.read", {"path": "secrets/key.txt"}), ("fs.read", {"path": "key"}), ("fs.read", {"path": "away/key.txt"}), ("fs.search", {"pattern": "KESTREL"}),
               ("fs.list", {"path": ".", "recursive": True}), ("fs.write", {"path": "away/key.txt", "content": "evil"}), ("shell.exec", {"command": "cat secrets/key.txt"})]

    def reached():
        turn = home.run(*reaches, interactive=False)
        return turn, home.model.of("go")[-1].tool_results()[-len(reaches):]  # the session holds earlier ones too

    # Control: without the rule what reads does read.
    turn, results = reached()
    expect(all("KESTREL" in text for text in results[:4]), f"reads without the rule: {results}")
    equal(states(turn)[-1], "done", "cat without the rule")
    own(home, 'tools:\n  allowed: ["fs.*", {tool: shell.exec, when: [read_only_commands]}]\n  denied: [{tool: "*", paths: ["secrets/*"]}]\n')
    turn, results = reached()
    expect(not any("KESTREL\n" in text or "key.txt  8" in text for text in results), f"what came through: {results}")
    equal(states(turn)[0], "denied", "the path by its name")
    equal(states(turn)[-1], "denied", "a command that reads, with nobody to ask")
    contains(results[3], "denies", "what the search left out")
    equal(secret.read_text(), "KESTREL\n", "the file")


@case
def work_stays_below_the_root_of_the_policy(lab):
    home = Home(lab)
    outside = lab.workspace({"note.txt": "OUTSIDE\n"}, name="outside")
    before, elsewhere = (home.api.session(workspace=str(outside)) for _ in range(2))
    rules = 'workspace:\n  root: ROOT\ntools:\n  allowed: ["*"]\n'
    home.model.script["look"] = calls(("fs.read", {"path": "note.txt"}), ("shell.exec", {"command": "cat note.txt"}), ("shell.list", {}))
    # Control: without a root both folders are worked in.
    own(home, rules.replace("  root: ROOT\n", "  allow_outside: false\n"))
    equal(states(home.api.run(before, "look")), ["done"] * 3, "elsewhere without a root")
    expect(any("OUTSIDE" in text for text in home.model.of("look")[-1].tool_results()), "the control read nothing")
    own(home, rules.replace("ROOT", str(home.work)))
    equal(states(home.api.run(home.session, "look")), ["done"] * 3, "below the root")
    turn = home.api.run(elsewhere, "look")
    equal(states(turn), ["denied", "denied", "done"], "outside of the root")
    expect(not any("OUTSIDE" in text for text in home.model.of("look")[-1].tool_results()), "a file outside of the root reached the model")
    refused = home.api.must_refuse("POST", "/sessions", 403, {"workspace": str(outside)})
    contains(json.dumps(refused), "workspace.root", "what a new session there is told")
    ran = home.daemon.cli("policy", "explain", "fs.read", '{"path":"note.txt"}', "--session", elsewhere).out
    contains(ran, "workspace.root", "pryx policy explain")
    home.api.must_refuse("PUT", "/policy", 422, {"text": rules.replace("ROOT", "~/x"), "hash": home.api.get("/policy")["hash"]})
