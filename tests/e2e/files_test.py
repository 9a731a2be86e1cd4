# SPDX-License-Identifier: MIT
"""What people edit while the daemon runs or is down (policy.yaml, config.yaml, settings, models.yaml, agents), and what it writes for them to read
(its log)."""
import json
import os
import signal

from harness import case, collect, contains, equal, expect, lacks, raw_http, stop_within, wait_until

POLICY = "name: mine\ntools:\n  allowed: [fs.list, fs.read]\n  denied: [memory.save]\n"
NOTHING = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of a file that is not there


@case
def an_invalid_policy_at_start_denies_all_but_reads(lab):
    daemon = lab.daemon(start=False)
    daemon.start()
    stop_within(daemon)
    lab.write_config(daemon, "policy.yaml", "tools:\n  alowed: [fs.list]\n")
    daemon.start()
    api = daemon.api()
    policy = api.get("/policy")
    equal(policy["in_force"], "read_only", "what is in force")
    equal(policy["problems"][0]["line"], 2, "line of the problem")
    decide = {tool: api.post("/policy/test", {"tool": tool, "arguments": arguments})["decision"] for tool, arguments in
              {"fs.list": {}, "fs.read": {"path": "a"}, "memory.save": {"text": "x"}}.items()}
    equal(decide, {"fs.list": "allow", "fs.read": "allow", "memory.save": "deny"}, "decisions")
    turn = api.run(api.session(), "remember that I like tea")
    equal(turn["denied_calls"], 1, "denied calls")
    equal(api.get("/memory")["items"], [], "memories")
    contains(daemon.log(), "policy", "the log")
    event = collect(api.bus(since=0), lambda e: e["event"] == "error.occurred", 10)[-1]
    equal(event["payload"]["area"], "policy", "area of the error event")
    lab.write_config(daemon, "policy.yaml", POLICY)
    wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the corrected policy is in force")


@case
def an_edit_of_policy_yaml_is_picked_up(lab):
    daemon = lab.daemon()
    api = daemon.api()

    def decision(tool="memory.save"):
        return api.post("/policy/test", {"tool": tool, "arguments": {"text": "x"} if tool == "memory.save" else {}})["decision"]
    equal(decision(), "allow", "memory.save by default")
    lab.write_config(daemon, "policy.yaml", POLICY)
    wait_until(lambda: decision() == "deny", 10, "the edit is in force")
    bus = api.bus()
    lab.write_config(daemon, "policy.yaml", POLICY + "nonsense: true\n")
    event = collect(bus, lambda e: e["event"] == "error.occurred", 10)[-1]
    equal(event["payload"]["area"], "policy", "area of the error event")
    contains(event["payload"]["detail"], "line 5", "the detail names the line")
    policy = api.get("/policy")
    equal(policy["in_force"], "last_good", "in force after the invalid edit")
    equal(decision(), "deny", "memory.save under the last good policy")
    problems = policy["problems"]
    equal([(p["line"], p["key"]) for p in problems], [(5, "nonsense")], "problems")
    lab.write_config(daemon, "policy.yaml", POLICY.replace("memory.save", "fs.search"))
    wait_until(lambda: decision() == "ask", 10, "the corrected edit is in force")
    equal(api.get("/policy")["in_force"], "file", "in force at the end")
    # An undone mistake is no mistake.
    good = POLICY.replace("memory.save", "fs.search")
    lab.write_config(daemon, "policy.yaml", "tools: [")
    wait_until(lambda: api.get("/policy")["in_force"] == "last_good", 10, "the mistake is noticed")
    lab.write_config(daemon, "policy.yaml", good)
    wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the mistake was undone")
    (daemon.home / "config" / "policy.yaml").unlink()
    wait_until(lambda: api.get("/policy")["in_force"] == "default", 10, "the default policy after the file is gone")
    wait_until(lambda: "was removed" in str(api.get("/audit?limit=3")["items"]), 5, "an audit row about the removal")
    rows = len([r for r in api.pages("/audit") if r["kind"].startswith("policy.")])
    lab.write_config(daemon, "config.yaml", "model:\n  default: fake/one\n")
    wait_until(lambda: api.get("/settings")["settings"]["model.default"] == "fake/one", 10, "the other file is read")
    equal(len([r for r in api.pages("/audit") if r["kind"].startswith("policy.")]), rows, "audit rows about the policy after an edit of the other file")


@case
def a_policy_that_cannot_be_read_keeps_the_last_good_one(lab):
    daemon = lab.daemon()
    api, bus = daemon.api(), daemon.api().bus()
    lab.write_config(daemon, "policy.yaml", POLICY)
    wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the edit is in force")
    lab.write_config(daemon, "policy.yaml", "tools:\n  allowed: [\"*\"]\n", mode=0)
    event = collect(bus, lambda e: e["event"] == "error.occurred", 10)[-1]
    equal(event["payload"]["area"], "policy", "area")
    equal(api.post("/policy/test", {"tool": "memory.save", "arguments": {"text": "x"}})["decision"], "deny", "memory.save under the last good policy")
    daemon.restart()
    equal(daemon.api().get("/policy")["in_force"], "read_only", "in force after a restart")


@case
def an_invalid_policy_edit_stays_invalid_over_a_restart(lab):
    """What was last good lives in memory only: a restart with an invalid file must not fall back to the looser default."""
    daemon = lab.daemon()
    lab.write_config(daemon, "policy.yaml", "tools: [")
    wait_until(lambda: daemon.api().get("/policy")["in_force"] == "last_good", 10, "the edit is noticed")
    daemon.restart()
    equal(daemon.api().get("/policy")["in_force"], "read_only", "in force after the restart")


@case
def files_edited_by_hand_are_on_record(lab):
    """AU-04: by an editor while the daemon runs, and while it is down; a start that finds nothing changed adds no row."""
    daemon = lab.daemon()
    names = ("agents/helper.yaml", "config.yaml", "models.yaml", "policy.yaml")
    edited = ["agent.changed helper", "config.changed config.yaml", "config.changed models.yaml", "policy.changed policy.yaml"]

    def rows():
        return [f"{r['kind']} {r['subject'].rsplit('/', 1)[-1]}" for r in daemon.api().pages("/audit") if r["actor"] == "file"]

    def since(count):
        found = rows()
        return sorted(found[:len(found) - count])

    def edit(number):
        texts = (f"description: Helper {number}\n", f"# {number}\nlog:\n  level: info\n", f"# {number}\nmodels: {{}}\n", f"# {number}\ntools:\n  allowed: [fs.read]\n")
        for name, text in zip(names, texts):
            lab.write_config(daemon, name, text)
    equal(rows(), [], "a new home")
    edit(1)
    wait_until(lambda: since(0) == edited, 10, "edits while the daemon runs")
    daemon.stop()
    edit(2)
    daemon.start()
    equal(since(4), edited, "edits while it was down")
    equal(daemon.api().get("/agents/helper")["description"], "Helper 2", "what is in force")
    daemon.restart()
    equal(since(8), [], "a start with nothing changed")
    daemon.stop()
    for name in names:
        (daemon.home / "config" / name).unlink()
    daemon.start()
    equal(since(8), ["agent.removed helper", *edited[1:]], "removed while it was down")
    # What comes through the API is on record as that, also after a start.
    daemon.api().put("/agents/helper", {"text": "description: H\n", "hash": NOTHING})
    daemon.api().put("/models/own", {"text": "models: {}\n", "hash": NOTHING})
    daemon.api().put("/config", {"text": "log:\n  level: info\n", "hash": NOTHING})
    daemon.api().put("/policy", {"text": "tools:\n  allowed: [fs.read]\n", "hash": NOTHING})
    daemon.restart()
    equal(since(12), [], "rows of an editor after changes over the API")


@case
def what_has_no_effect_in_an_agents_file_is_said(lab):
    """Contract section 6: refused or said, never ignored. `default` looks after workspaces; the others do not."""
    daemon = lab.daemon()
    lacks(daemon.cli("doctor").must(0).out, "agent: ", "doctor without agents of one's own")
    daemon.api().put("/agents/helper", {"text": "description: H\nheartbeat: {every: 1h}\n", "hash": NOTHING})
    said = "only the agent 'default' looks after workspaces by itself"
    ran = daemon.cli("doctor").must(0)
    contains(ran.out, said, "doctor")
    contains(ran.out, "pryx agent show helper", "what to do about it")
    contains(daemon.cli("agent", "show", "helper").must(0).err, said, "agent show")
    contains(daemon.log(), said, "the log")


@case
def an_edit_of_config_yaml_is_picked_up(lab):
    daemon = lab.daemon()
    api = daemon.api()
    bus = api.bus()
    lab.write_config(daemon, "config.yaml", "model:\n  default: fake/one\nfuture_key: 1\n")
    wait_until(lambda: api.get("/settings")["settings"]["model.default"] == "fake/one", 10, "the edit is in force")
    equal(api.get("/settings")["origins"]["model.default"], "file", "origin")
    contains(daemon.log(), "future_key", "the warning about an unknown key")
    lab.write_config(daemon, "config.yaml", "model:\n  default: [1, 2\n")
    event = collect(bus, lambda e: e["event"] == "error.occurred", 10)[-1]
    equal(event["payload"]["area"], "config", "area of the error event")
    equal(api.get("/settings")["settings"]["model.default"], "fake/one", "the last good value")
    lab.write_config(daemon, "config.yaml", "model:\n  default: fake/two\n")
    wait_until(lambda: api.get("/settings")["settings"]["model.default"] == "fake/two", 10, "the corrected edit is in force")
    equal(daemon.cli("config", "get", "model.default").must(0).out.strip(), "fake/two", "config get")


@case
def a_config_yaml_that_does_not_count_says_so(lab):
    """What is on disk need not be what counts: who shows the text says why, and what counts instead."""
    daemon = lab.daemon()
    api = daemon.api()

    def state():
        file = api.get("/config")
        return file["in_force"], file["problem"] and file["problem"]["line"]

    def steps():
        return api.get("/settings")["settings"]["tools.max_steps"]
    usual = steps()
    equal(state(), ("default", None), "without a file")
    lab.write_config(daemon, "config.yaml", "tools:\n  max_steps: 7\n")
    wait_until(lambda: steps() == 7, 10, "the edit is in force")
    equal(state(), ("file", None), "a file that is valid")
    bus = api.bus()
    lab.write_config(daemon, "config.yaml", "# mine\ntools:\n  max_steps: many\n")
    collect(bus, lambda e: e["event"] == "error.occurred", 10)
    equal((state(), steps()), (("last_good", 3), 7), "a file that is not valid any more")
    expect(api.get("/config")["problem"]["message"].startswith("tools.max_steps: "), "the reason")
    daemon.restart()
    api = daemon.api()
    equal((state(), steps()), (("default", 3), usual), "a file that was not valid since the start")
    saved = api.put("/config", {"text": "tools:\n  max_steps: 8\n", "hash": api.get("/config")["hash"]})
    equal((saved["in_force"], saved["problem"], steps()), ("file", None, 8), "mended over the API")


@case
def a_list_of_config_yaml_that_cannot_be_read_is_refused_and_named(lab):
    daemon = lab.daemon()
    api = daemon.api()
    bus = api.bus()
    lab.write_config(daemon, "config.yaml", "provider:\n  local_ports: 81, 82,\n")
    wait_until(lambda: api.get("/providers/local")["ports"] == [81, 82], 10, "a list that ends with a comma")
    for text, where in (("provider:\n  local_ports: 81, x9\n", "line 2: provider.local_ports: value 2 "), ("model:\n  fallbacks: a/b, c\n", "line 2: model.fallbacks: value 2"),
                        ("telemetry.otlp.headers: sk-live\n", "line 1: telemetry.otlp.headers: value 1 "),
                        ("server:\n  public_origin: http://sk-live\n", "line 2: server.public_origin: it must begin with https://")):
        lab.write_config(daemon, "config.yaml", text)
        event = collect(bus, lambda e: e["event"] == "error.occurred", 10)[-1]
        contains(event["payload"]["detail"], where, "what is wrong")
        equal(api.get("/providers/local")["ports"], [81, 82], "the last good list")
        file = api.get("/config")
        detail = api.must_refuse("PUT", "/config", 400, {"text": text + "# again\n", "hash": file["hash"]})["detail"]
        contains(detail, where, "the refusal of an edit")
        lacks(detail + event["payload"]["detail"], "sk-live", "the refusal")
    api.must_refuse("PUT", "/settings", 400, {"settings": {"telemetry.otlp.headers": "x-a=keychain:b, c"}})


# Of texts and lists, which say of themselves only that they are not empty: one that the part it is for can read.
OTHER_TEXTS = {
    "listen": "127.0.0.1:7999",  # the harness's flag goes before it
    "model.default": "fake/other",
    "model.fallbacks": "fake/one, fake/two",
    "provider.local_ports": "81, 82",
    "server.public_origin": "https://pryx.example.net",
    "telemetry.otlp.endpoint": "http://127.0.0.1:9",
    "telemetry.otlp.headers": "x-case=keychain:case",
}


def other_value(item, texts):
    """A value that the setting takes, by what GET /settings says of it, and that it does not have."""
    value, kind = item["value"], item["type"]
    if kind == "boolean":
        return not value
    if kind == "choice":
        return next(c for c in item["choices"] if c != value)
    if kind in ("integer", "size"):
        return value - 1 if value > item["min"] else value + 1
    if kind == "duration":
        return item["min"] if value != item["min"] else item["max"]
    expect(kind in ("text", "list"), f"{item['key']} has a type that nobody can edit yet: {kind}")
    expect(item["key"] in texts, f"{item['key']} has no other text in this case")
    return texts[item["key"]]


@case
def every_setting_can_be_changed_outlives_a_restart_and_is_taken_back(lab):
    daemon = lab.daemon()
    daemon.api().put("/secrets/case", {"value": "v"})
    daemon.api().put("/providers/fake", {"kind": "openai", "base_url": "http://127.0.0.1:9", "no_key": True})
    texts = {**OTHER_TEXTS, "audit.copy_to": str(lab.workspace(name="copies"))}

    def settings():
        answer = daemon.api().get("/settings")
        equal({i["key"] for i in answer["items"]}, answer["settings"].keys(), "the keys of both lists")
        return {i["key"]: (i["value"], i["origin"]) for i in answer["items"]}

    items = daemon.api().get("/settings")["items"]
    before = settings()
    equal({origin for _, origin in before.values()}, {"default"}, "origins at the start")
    wanted = {}
    for item in items:
        key, value = item["key"], other_value(item, texts)
        wanted[key] = (value, "database")
        # One by one, as a person saves them.
        equal(daemon.api().put("/settings", {"settings": {key: value}})["settings"][key], value, f"{key} after its change")
    expect(len(wanted) > 20, f"only {len(wanted)} settings")
    equal(settings(), wanted, "the settings after their changes")
    daemon.restart()
    equal(settings(), wanted, "the settings after a restart")
    for key in wanted:
        after = daemon.api().put("/settings", {"settings": {key: None}})
        equal((after["settings"][key], after["origins"][key]), before[key], f"{key} taken back")
    daemon.restart()
    equal(settings(), before, "the settings that were taken back, after a restart")


CANARY = "canary-5f1c9e7ab2"


@case
def the_log_is_json_and_holds_no_secret(lab):
    daemon = lab.daemon("--verbose", env={"PRYX_TEST_KEY": CANARY})
    model = lab.model(daemon, key=f"sk-{CANARY}")
    api = daemon.api()
    api.put("/providers/fake", {"kind": "openai", "base_url": model.url, "key": f"sk-{CANARY}"})
    api.put("/secrets/github", {"value": f"ghp-{CANARY}"})
    token = api.make_token("t")
    equal(api.run(api.session(), f"my password is {CANARY}")["state"], "completed", "a turn with the key")
    tcp = daemon.tcp("read")
    raw_http(daemon.port, f"GET /api/v1/status?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n")
    raw_http(daemon.port, f"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer wrong-{CANARY}\r\n\r\n")
    daemon.cli("secret", "set", "other", stdin=f"v-{CANARY}\n").must(0)
    code = api.post("/login/links", {})["code"]
    api.must_refuse("PUT", "/providers/fake", 400, {"kind": "openai", "base_url": f"http://u:{CANARY}@host/v1"})
    api.put("/providers/dead", {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "key": f"dead-{CANARY}"})
    api.call("POST", "/providers/dead/test", {})
    stop_within(daemon)
    lines = [line for line in daemon.lines if line]
    expect(lines, "nothing was logged")
    for line in lines:
        entry = json.loads(line)
        expect({"time", "level", "event"} <= entry.keys(), f"a log line without its fields: {line}")
    for secret in (CANARY, token, code, tcp.token):
        lacks("\n".join(lines), secret, "the log")
    for path in daemon.home.rglob("*"):
        if path.is_file():
            expect(CANARY.encode() not in path.read_bytes(), f"{path.relative_to(daemon.home)} holds the secret in clear")


@case
def the_log_is_for_people_on_a_terminal(lab):
    daemon = lab.daemon(start=False)
    term = lab.terminal(daemon, "serve", "--listen", "127.0.0.1:0", rows=40, columns=200)
    term.wait_for('"event":"ready"')
    term.wait_for("daemon.ready")
    lacks(term.text(), '{"time"', "the log on a terminal")
    term.interrupt_process(signal.SIGTERM)
    equal(term.wait_exit(10), 0, "exit code")


@case
def sighup_reloads_the_files(lab):
    daemon = lab.daemon()
    os.kill(daemon.pid, signal.SIGHUP)
    daemon.api().get("/status")
    lab.write_config(daemon, "config.yaml", "model:\n  default: fake/hup\n")
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: daemon.api().get("/settings")["settings"]["model.default"] == "fake/hup", 10, "the edit is in force")
