# SPDX-License-Identifier: MIT
"""Commands of the agent: run in the sandbox, bounded in output, time and number, killed whole, and the ones that go on in the background."""
import http.server
import json
import os
import pathlib
import threading
import time

from database import database_of
from harness import case, collect, contains, equal, expect, kill, lacks, no_zombies, sanitized, stop_within, wait_until

OPEN = "tools:\n  allowed: [\"shell.*\", \"fs.*\"]\n"
CANCEL_LIMIT = 0.25   # seconds that the contract gives a cancel
CRASH_LIMIT = 2.0     # seconds after which no child of a killed daemon lives


class Shell:
    """A daemon, a model that calls tools as told, a session with a workspace."""

    def __init__(self, lab, policy=OPEN, files=None):
        self.lab, self.daemon = lab, lab.daemon()
        self.model = lab.model(self.daemon)
        self.work = lab.workspace(files or {"readme.txt": "hello\n"})
        self.api = self.daemon.api()
        if policy:
            lab.write_config(self.daemon, "policy.yaml", policy)
            wait_until(lambda: self.api.get("/policy")["in_force"] == "file", 10, "the policy is in force")
        self.session = self.api.session(workspace=str(self.work))
        self.count = 0
        self.yes = policy == OPEN

    def send(self, tool, session=None, **arguments):
        self.count += 1
        text = f"call {self.count}"
        self.model.script[text] = [[("call", tool, arguments)], ["done"]]
        return self.api.send(session or self.session, text)

    def call(self, tool, limit=60, session=None, **arguments):
        """(the step, the text of its result)"""
        turn = self.settle(self.send(tool, session, **arguments), limit)
        step = [s for s in turn["steps"] if s["kind"] == "tool"][-1]
        return step, self.result(session or self.session)

    def settle(self, turn, limit=60):
        """Answers yes to what is asked (a loop or a variable is not read to its end by the grammar), and waits for the end of the turn."""
        def ended():
            for approval in self.api.get("/approvals?state=pending")["items"] if self.yes else []:
                if approval["turn_id"] == turn:
                    self.api.call("POST", f"/approvals/{approval['id']}", {"decision": "approve"})
            found = self.api.get(f"/turns/{turn}")
            return found if found["state"] in ("completed", "failed", "cancelled", "needs_attention") else None
        return wait_until(ended, limit, f"the end of {turn}")

    def result(self, session):
        for message in reversed(self.api.transcript(session)):
            if message["role"] == "tool":
                return message["parts"][0]["text"]
        return ""

    def exec(self, command, **arguments):
        step, text = self.call("shell.exec", command=command, **arguments)
        equal(step["state"], "done", f"state of `{command}` ({text[:600]})")
        return text

    def start(self, command, **arguments):
        """Starts one in the background; its id."""
        text = self.exec(command, background=True, **arguments)
        expect("prc_" in text, f"no id in {text!r}")
        return text[text.index("prc_"):][:30]


def marked(mark):
    """Processes of this machine that carry the mark as an argument."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if mark.encode() in words and state != "Z":
                found.append(int(entry.name))
    return found


def memory_of(pid):
    """Bytes that the process holds at most until now."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


# Children in sessions of their own, forked twice, deaf to signals: `sleep` with a mark that nobody else has.
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
for i in range(6):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/usr/bin/sleep", ["sleep", sys.argv[1]])
        os._exit(0)
print("ready", flush=True)
os.execv("/usr/bin/sleep", ["sleep", sys.argv[1]])
"""
BOMB = """
import os, sys, time
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.01)
"""


@case
def a_command_returns_its_output_and_exit_code(lab):
    shell = Shell(lab)
    text = shell.exec("echo out; echo err >&2; exit 3")
    contains(text, "exit code 3", "the result")
    contains(text, "[stdout]\nout\n[stderr]\nerr\n", "the result")
    contains(shell.exec("cat readme.txt; pwd"), f"hello\n{shell.work}\n", "the workspace")
    contains(shell.exec("wc -c", stdin="12345"), "5\n", "standard input")
    contains(shell.exec("pwd", cwd="."), f"{shell.work}\n", "the folder")
    shell.exec("mkdir -p sub && echo made > sub/made.txt")
    equal((shell.work / "sub" / "made.txt").read_text(), "made\n", "what the command wrote")
    step, text = shell.call("shell.exec", argv=["printf", "%s|", "a b", "$HOME", "*"])
    contains(text, "a b|$HOME|*|", "argv without a shell")
    step, text = shell.call("shell.exec", command="pwd", cwd="../..")
    equal(step["state"], "denied", "a folder outside of the workspace")
    step, _ = shell.call("shell.exec", command="pwd", argv=["pwd"])
    equal(step["state"], "failed", "command and argv at once")
    for bad in ({"root": "/"}, {"env": {"A": "b"}}, {"timeout": 0}, {"timeout": 99999999}):
        step, _ = shell.call("shell.exec", command="pwd", **bad)
        equal(step["state"], "failed", f"a call with {bad}")


@case
def the_starter_runs_commands_from_the_command_line(lab):
    daemon = lab.daemon()
    work = lab.workspace({"Makefile": "test:\n\t@echo tested\n"})
    done = daemon.cli("exec", "run `ls -l`", "--workspace", work).must(0)
    contains(done.out, "Makefile", "a read-only command runs unasked")
    daemon.cli("exec", "run `make test`", "--workspace", work).must(7)
    rules = lab.box.root / "rules.yaml"
    rules.write_text("tools:\n  allowed: [shell.exec]\n")
    rules.chmod(0o644)
    done = daemon.cli("exec", "run `make test`", "--workspace", work, "--approve", rules).must(0)
    contains(done.out, "tested", "the output of make")


@case
def what_changes_something_asks_and_shows_the_whole_command(lab):
    shell = Shell(lab, policy=None)
    contains(shell.exec("ls; wc -l readme.txt"), "readme.txt", "reading runs unasked")
    turn = shell.send("shell.exec", command="echo one > made.txt\necho two >> made.txt")
    approval = shell.api.pending(turn)
    contains(json.dumps(approval), "echo two >> made.txt", "the question shows every line")
    expect(not (shell.work / "made.txt").exists(), "nothing ran before the answer")
    shell.api.post(f"/approvals/{approval['id']}", {"decision": "approve"})
    equal(shell.api.wait_turn(turn)["state"], "completed", "the turn")
    equal((shell.work / "made.txt").read_text(), "one\ntwo\n", "what the command wrote")
    turn = shell.send("shell.exec", command="touch no.txt")
    shell.api.post(f"/approvals/{shell.api.pending(turn)['id']}", {"decision": "deny", "reason": "not today"})
    shell.api.wait_turn(turn)
    expect(not (shell.work / "no.txt").exists(), "a denied command ran")
    contains(shell.result(shell.session), "not today", "the model learns why")


@case
def only_reading_without_a_network_runs_unasked(lab):
    """The default policy decides on what a command would do, and a host makes reading an outward act."""
    api = lab.daemon().api()
    for arguments, decision in (({"command": "ls"}, "allow"), ({"command": "ls | wc -l"}, "allow"), ({"argv": ["ls"]}, "allow"),
                                ({"command": "ls", "hosts": ["example.com"]}, "ask"), ({"command": "touch x"}, "ask"), ({"command": "ls > x"}, "ask"),
                                ({"command": "ls $(touch x)"}, "ask"), ({"command": "ls", "cwd": "/etc"}, "deny"), ({"command": "ls", "cwd": ".."}, "deny")):
        found = api.post("/policy/test", {"tool": "shell.exec", "arguments": arguments})
        equal(found["decision"], decision, f"decision on {arguments} ({found['reason']})")
    for tool, decision in (("shell.list", "allow"), ("shell.view", "allow"), ("shell.stop", "ask"), ("shell.write", "ask")):
        arguments = {"shell.list": {}, "shell.write": {"id": "prc_x", "text": "a"}}.get(tool, {"id": "prc_x"})
        equal(api.post("/policy/test", {"tool": tool, "arguments": arguments})["decision"], decision, f"decision on {tool}")


@case
def a_script_that_changes_after_the_approval_asks_again(lab):
    """T13: what a call is bound to is looked at again when it is launched."""
    for change, runs in ((True, False), (False, True)):
        shell = Shell(lab, policy=None, files={"run.sh": "echo good > result.txt\n"})
        result = shell.work / "result.txt"
        result.unlink(missing_ok=True)
        turn = shell.send("shell.exec", command="bash run.sh")
        approval = shell.api.pending(turn)
        if change:
            (shell.work / "run.sh").write_text("echo evil > result.txt\n")
        shell.api.post(f"/approvals/{approval['id']}", {"decision": "approve"})
        if runs:
            shell.api.wait_turn(turn)
            contains(shell.result(shell.session), "exit code 0", "the result")
            equal(result.read_text(), "good\n", "what the approved script wrote")
        else:
            wait_until(lambda: any(a["id"] != approval["id"] for a in shell.api.get("/approvals?state=pending")["items"]), 10, "it is asked about anew")
            expect(not result.exists(), "something ran")
            shell.api.post(f"/turns/{turn}/cancel", {})
            shell.api.wait_turn(turn)
        shell.daemon.stop()


@case
def output_streams_to_the_bus_while_the_command_runs(lab):
    shell = Shell(lab)
    bus = shell.api.bus()
    turn = shell.send("shell.exec", command="for i in 1 2 3; do echo line $i; sleep 0.3; done")
    shell.settle(turn)
    events = collect(bus, lambda e: e["event"] == "turn.completed" and e["payload"]["turn_id"] == turn, 30)
    names = [e["event"] for e in events]
    pieces = [e for e in events if e["event"] == "tool.output"]
    expect(len(pieces) >= 2, f"{len(pieces)} pieces of output")
    equal("".join(p["payload"]["text"] for p in pieces), "line 1\nline 2\nline 3\n", "the streamed output")
    expect(names.index("tool.output") < names.index("tool.finished"), "output came only after the end")


@case(limit=240)
def a_flood_of_a_gibibyte_leaves_the_daemon_small(lab):
    shell = Shell(lab)
    shell.exec("true")
    before = memory_of(shell.daemon.pid)
    text = shell.exec("yes | head -c 1073741824", timeout=150)
    contains(text, "left out", "the result")
    grown = (memory_of(shell.daemon.pid) - before) / 2**20
    print(f"the daemon grew by {grown:.0f} MiB over 1 GiB of output")
    if not sanitized(lab.binaries):
        expect(grown < 120, f"the daemon grew by {grown:.0f} MiB")


@case
def binary_output_and_broken_text_stay_text(lab):
    shell = Shell(lab)
    contains(shell.exec("head -c 4096 /dev/zero"), "not shown as text", "binary output")
    contains(shell.exec("printf 'a\\377b\\n'"), "a\ufffdb", "bytes that are no UTF-8")
    contains(shell.exec("echo fine; sleep 0.2", stdin="x" * 200_000), "before it had read all of it", "a program that reads nothing")


@case
def the_time_limit_kills_orphans_and_bombs(lab):
    """TL-03: sleepers in sessions of their own, deaf to signals, and a fork bomb."""
    shell = Shell(lab, files={"stubborn.py": STUBBORN, "bomb.py": BOMB})
    mark = f"86{os.getpid()}1"
    text = shell.exec(f"python3 stubborn.py {mark}", timeout=2)
    contains(text, "time limit", "the result")
    contains(text, "ready", "what it had printed")
    equal(marked(mark), [], "what is left of it")
    text = shell.exec(f"python3 stubborn.py {mark} & sleep 1", timeout=20)
    contains(text, "exit code 0", "it ended by itself")
    equal(marked(mark), [], "what it left in the background")
    no_zombies(shell.daemon, "the orphans")
    mark = f"bomb-{os.getpid()}"
    text = shell.exec(f"python3 bomb.py {mark}", timeout=2)
    contains(text, "time limit", "the bomb")
    equal(marked(mark), [], "what is left of the bomb")
    no_zombies(shell.daemon, "the kill")
    contains(shell.exec("echo still here"), "still here", "the next command")


@case
def who_is_out_of_time_may_tidy_up(lab):
    """TERM first, then KILL; what it wrote while it tidied up is taken over."""
    shell = Shell(lab)
    text = shell.exec("trap 'echo tidied up; echo 1 > tidy.txt; exit 0' TERM; echo up; while :; do sleep 0.05; done", timeout=1)
    contains(text, "time limit", "the result")
    contains(text, "tidied up", "its last words")
    contains(shell.exec("cat tidy.txt"), "1", "what it wrote")
    shell.api.put("/settings", {"settings": {"tools.kill_grace": "0s"}})
    lacks(shell.exec("trap 'echo tidied up; exit 0' TERM; echo up; while :; do sleep 0.05; done", timeout=1), "tidied up", "without a grace")


@case
def a_cancel_kills_within_250_ms(lab):
    shell = Shell(lab, files={"stubborn.py": STUBBORN})
    mark = f"87{os.getpid()}1"
    turn = shell.send("shell.exec", command=f"python3 stubborn.py {mark}")
    wait_until(lambda: len(marked(mark)) >= 7, 20, "all of it runs")
    begin = time.monotonic()
    shell.api.post(f"/turns/{turn}/cancel", {})
    equal(shell.api.wait_turn(turn)["state"], "cancelled", "the turn")
    took = time.monotonic() - begin
    equal(marked(mark), [], "what is left of it")
    print(f"cancelled after {took * 1000:.0f} ms")
    if not sanitized(lab.binaries):
        expect(took < CANCEL_LIMIT + 0.25, f"the cancel took {took:.2f} s")
    no_zombies(shell.daemon, "the cancel")


@case
def nothing_outlives_a_killed_daemon(lab):
    """T29: kill -9 with commands and background processes under way."""
    shell = Shell(lab, files={"stubborn.py": STUBBORN})
    mark = f"88{os.getpid()}1"
    ids = [shell.start(f"python3 stubborn.py {mark}", scope=scope) for scope in ("session", "global")]
    turn = shell.send("shell.exec", command=f"python3 stubborn.py {mark}")
    wait_until(lambda: len(marked(mark)) >= 21, 30, "all of it runs")
    kill(shell.daemon.pid)
    begin = time.monotonic()
    wait_until(lambda: not marked(mark), CRASH_LIMIT, "no child lives")
    print(f"0 children after {time.monotonic() - begin:.2f} s")
    shell.daemon.process.wait(10)
    shell.daemon.start()
    api = shell.daemon.api()
    for process in ids:
        equal(api.get(f"/processes/{process}")["state"], "lost", "a background process of the killed daemon")
    ends = api.get("/audit?action=process.ended&limit=20")["items"]
    equal(sorted((e["subject"], e["detail"]["state"]) for e in ends), sorted((process, "lost") for process in ids), "the ends on record")
    state = api.wait_turn(turn)["state"]
    equal(state, "needs_attention", "the turn whose command was under way")
    step = [s for s in api.get(f"/turns/{turn}")["steps"] if s["kind"] == "tool"][-1]
    equal(step["state"], "unknown", "its step")
    no_zombies(shell.daemon, "the crash of the one before it")


@case
def background_processes_from_start_to_end(lab):
    """RT-11 over the tools, the API and the command line."""
    shell = Shell(lab, files={"log": "first\n"})
    api, daemon = shell.api, shell.daemon
    tail = shell.start("tail -n +1 -f log", tag="log")
    echo = shell.start("while read line; do echo got $line; done; echo over", scope="global")
    _, text = shell.call("shell.list")
    contains(text, tail, "the list")
    contains(text, "(log)", "the list")
    contains(shell.call("shell.view", id=tail, all=True)[1], "first", "the view")
    equal([p["id"] for p in api.get("/processes?state=running")["items"]], [echo, tail], "the list of the API")
    shell.call("shell.write", id=echo, text="one\n")
    contains(shell.call("shell.view", id=echo, wait=5)[1], "got one", "what it answered")
    contains(shell.call("shell.view", id=echo)[1], "nothing new", "a second look")
    daemon.cli("process", "write", echo, "two").must(0)
    wait_until(lambda: "got two" in daemon.cli("process", "show", echo).must(0).out, 10, "the answer to the line of the command line")
    listed = daemon.cli("process", "list", "--json").must(0).json()
    equal({p["id"] for p in listed["items"]}, {tail, echo}, "pryx process list")
    daemon.cli("process", "write", echo, "--close").must(0)
    wait_until(lambda: api.get(f"/processes/{echo}")["state"] == "exited", 10, "the end of input ends it")
    equal(api.get(f"/processes/{echo}")["exit_code"], 0, "its exit code")
    contains(json.dumps(api.get(f"/processes/{echo}")["lines"]), "over", "its last lines are kept")
    api.must_refuse("POST", f"/processes/{echo}/input", 409, {"text": "x"})
    api.must_refuse("GET", "/processes/prc_01J00000000000000000000000", 404)
    api.must_refuse("GET", "/processes?state=odd", 400)
    daemon.cli("process", "show", "prc_01J00000000000000000000000").must(6)
    stopped = daemon.cli("process", "stop", tail, "--json").must(0).json()
    equal((stopped["state"], stopped["reason"]), ("killed", "stopped"), "the stopped one")
    equal(api.get("/processes?state=running")["items"], [], "what runs in the end")


@case
def background_processes_end_with_their_session_and_the_daemon(lab):
    shell = Shell(lab, files={"stubborn.py": STUBBORN})
    mine, everybody = f"89{os.getpid()}1", f"89{os.getpid()}2"
    first = shell.start(f"python3 stubborn.py {mine}")
    other = shell.api.session(workspace=str(shell.work))
    second = shell.start(f"python3 stubborn.py {everybody}", scope="global", session=other)
    wait_until(lambda: len(marked(mine)) >= 7 and len(marked(everybody)) >= 7, 30, "both run")
    contains(shell.call("shell.view", id=first, session=other)[1], "no background process", "another session sees nothing of it")
    contains(shell.call("shell.view", id=second)[1], "running", "another session sees the global one")
    shell.api.delete(f"/sessions/{shell.session}")
    equal(marked(mine), [], "what the deleted session left running")
    shell.api.must_refuse("GET", f"/processes/{first}", 404)
    expect(len(marked(everybody)) >= 7, "the global one runs on")
    shell.call("shell.exec", session=other, command=f"python3 stubborn.py {mine}", background=True)
    wait_until(lambda: len(marked(mine)) >= 7, 30, "the third runs")
    turn = shell.send("shell.exec", session=other, command="sleep 300")
    wait_until(lambda: any(s["state"] == "started" and s["kind"] == "tool" for s in shell.api.get(f"/turns/{turn}")["steps"]), 30, "a turn is at work")
    problem = shell.api.must_refuse("PATCH", f"/sessions/{other}", 409, {"status": "archived"})
    contains(problem["detail"], "cancel them first", "what to do")
    contains(shell.daemon.cli("session", "edit", other, "--status", "archived").must(5).err, "cancel them first", "pryx session edit")
    expect(len(marked(mine)) >= 7, "a refusal ended something")
    shell.api.post(f"/turns/{turn}/cancel", {})
    shell.api.wait_turn(turn)
    equal(shell.api.call("PATCH", f"/sessions/{other}", {"status": "archived"})[0], 200, "the session is archived")
    equal(marked(mine), [], "what the archived session left running")
    expect(len(marked(everybody)) >= 7, "the global one of the archived session runs on")
    no_zombies(shell.daemon, "the ends of the sessions")
    stop_within(shell.daemon)
    equal(marked(everybody), [], "what the stopped daemon left running")
    shell.daemon.start()
    process = shell.daemon.api().get(f"/processes/{second}")
    equal((process["state"], process["reason"]), ("killed", "daemon stopped"), "the global one after the stop")


@case
def what_a_background_process_leaves_goes_with_its_deleted_session(lab):
    """CO-01, AU-05: its end is written down, too: an event with its command, the files it changed, what was set aside."""
    name, old = "diary-of-anna", "dear diary"
    shell = Shell(lab, files={f"{name}.txt": old})
    processes = [shell.start(f"echo new > {name}.txt; sleep 300", scope=scope) for scope in ("session", "global")]
    for process in processes:
        contains(json.dumps(shell.api.get(f"/processes/{process}")), name, "the control: its record before")
    shell.api.delete(f"/sessions/{shell.session}")
    for process in processes:
        shell.api.must_refuse("GET", f"/processes/{process}", 404)
    stop_within(shell.daemon)
    stored = database_of(lab, shell.daemon)
    for word in ("session.deleted", "process.ended"):
        contains(stored, word, "the control: the database can be read")
    for word in (name, old):
        lacks(stored, word, "what is stored")


@case
def live_output_of_background_processes_follows_their_mode(lab):
    shell = Shell(lab)
    bus = shell.api.bus()
    shell.start("echo quiet; sleep 300", mode="pump-dump")
    loud = shell.start("echo loud; sleep 300", mode="streaming")
    event = collect(bus, lambda e: e["event"] == "process.output", 15)[-1]
    equal((event["payload"]["process_id"], event["payload"]["text"]), (loud, "loud\n"), "the first live output")


@case
def the_number_of_background_processes_is_bounded(lab):
    shell = Shell(lab)
    for _ in range(8):
        shell.start("sleep 300")
    _, text = shell.call("shell.exec", command="sleep 300", background=True)
    contains(text, "shell.stop", "the ninth is refused and the way out named")
    equal(len(shell.api.get("/processes?state=running")["items"]), 8, "how many run")


# Past the proxy first, then through it.
PROBE = """
import os, socket, sys, urllib.parse
port = int(sys.argv[1])
proxy = urllib.parse.urlsplit(os.environ.get("http_proxy", "http://127.0.0.1:1"))
for address, url in ((("127.0.0.1", port), "/direct"), ((proxy.hostname, proxy.port), f"http://localhost:{port}/hit")):
    try:
        with socket.create_connection(address, timeout=5) as s:
            s.sendall(f"GET {url} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: close\\r\\n\\r\\n".encode())
            while piece := s.recv(65536):
                print(piece.decode())
    except OSError as error:
        print(error)
"""


class Recorder(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hits.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"recorded\n")

    def log_message(self, *_):
        pass


@case
def the_network_is_closed_but_for_named_hosts(lab):
    shell = Shell(lab, files={"probe.py": PROBE})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.hits = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    lacks(shell.exec(f"python3 probe.py {port}"), "recorded", "a command without hosts")
    equal(server.hits, [], "requests that got out")
    contains(shell.exec(f"python3 probe.py {port}", hosts=[f"localhost:{port}"]), "recorded", "a command with the host named")
    lacks(shell.exec(f"python3 probe.py {port}", hosts=["localhost:1"]), "recorded", "a command with another host named")
    equal(len(server.hits), 1, "requests that got out")
    server.shutdown()


@case
def a_session_without_a_folder_of_its_own_runs_commands_too(lab):
    shell = Shell(lab)
    private = shell.api.session()
    _, text = shell.call("shell.exec", session=private, command="echo kept > note.txt; cat note.txt; ls")
    contains(text, "kept\nnote.txt\n", "the private folder")
    _, text = shell.call("shell.exec", session=private, command=f"ls {shell.daemon.home}/config {shell.daemon.home}/run {shell.daemon.home}/data/pryx.db")
    lacks(text, "pryx.sock", "Pryx's own places")
    lacks(text, "master.key", "Pryx's own places")


@case
def a_process_is_watched(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session(workspace=str(lab.workspace({"a.txt": "x"})))
    model.script["start"] = [[("call", "shell.exec", {"command": "echo fine; echo ERROR no tea; sleep 60", "background": True})], ["started"]]
    equal(api.run(session, "start")["state"], "completed", "the turn, whose commands only read")
    process = api.get("/processes?state=running")["items"][0]["id"]
    wait_until(lambda: len(api.get(f"/processes/{process}")["lines"]) >= 2, 20, "its lines")
    told = daemon.cli("process", "watch", process, "--json", stdin="status\nfix f1\nstop\n").must(0).lines()
    kinds = [t["kind"] for t in told]
    equal([t["state"] for t in told if t["kind"] == "state"], ["monitoring", "action", "stopped"], "states")
    for kind in ("finding", "summary", "fix"):
        expect(kind in kinds, f"no {kind} in {kinds}")
    wait_until(lambda: any("ERROR no tea" in r.text and "fix" in r.text for r in model.requests), 15, "the turn that fixes it")
    equal(api.get(f"/processes/{process}")["state"], "running", "the process itself")
    api.call("DELETE", f"/processes/{process}")
