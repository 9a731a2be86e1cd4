# SPDX-License-Identifier: MIT
"""The panic button, measured by effects: soon after the press nothing that ran goes on, and the answer says how everything stands."""
import contextlib
import http.server
import os
import socket
import threading
import time

from harness import ask, case, contains, equal, expect, sanitized, wait_until

POLICY = "tools:\n  allowed:\n    - shell.*\n    - fs.*\n    - agent.*\n    - tool: http.request\n      domains: [\"127.0.0.1:%d\"]\n"
FREEZE_LIMIT = 0.25   # seconds after the press in which the last effect may still happen, of a release build
SLACK = 10            # times as long for every other build
MOST_LATENESS = 0.25  # seconds of what else runs on this machine that are not held against the daemon
WATCH = 0.6           # seconds in which nothing may grow after that
# Nothing of it is on the read-only list, so it is a call with an effect. Each line says when it was written.
TICKER = "while :; do date +%%s.%%N >> %s; sleep 0.01; done"


def is_gone(connection):
    """Whether the other side has closed."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Lateness:
    """How much later than it wanted a thread went on, at worst: what a busy machine does to everybody on it."""

    def __enter__(self):
        self.worst, self.ended = 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        while not self.ended.is_set():
            begin = time.monotonic()
            self.ended.wait(0.01)
            self.worst = max(self.worst, time.monotonic() - begin - 0.01)

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Faucet:
    """A web server whose answers never end: a piece each 10 ms, as long as somebody listens."""

    def __init__(self):
        faucet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    while not faucet.closed:
                        # Before the look: then the client was there, however late this thread goes on.
                        begun = time.monotonic()
                        if is_gone(self.connection):
                            break
                        self.wfile.write(b"5\r\ndrop\n\r\n")
                        faucet.drops += 1
                        faucet.last = begun
                        time.sleep(0.01)
                except OSError:
                    pass
                self.close_connection = True
            do_POST = do_GET

            def log_message(self, *_):
                pass
        self.drops, self.last, self.closed = 0, 0.0, False
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.closed = True
        self.server.shutdown()
        self.server.server_close()


class Plant:
    """A daemon in which everything that can run does: a command, a background process, a request, a model's answer, a sub-agent, a turn in line."""

    def __init__(self, lab):
        self.lab, self.daemon = lab, lab.daemon()
        self.model = lab.model(self.daemon)
        self.faucet = lab.box.own(Faucet())
        self.work = lab.workspace({"readme.txt": "hello\n"})
        self.api = self.daemon.api()
        lab.write_config(self.daemon, "policy.yaml", POLICY % self.faucet.port)
        wait_until(lambda: self.api.get("/policy")["in_force"] == "file", 10, "the policy is in force")
        self.turns = {}

    def send(self, name, *answers):
        session = self.api.session(workspace=str(self.work))
        self.model.script[name] = list(answers)
        self.turns[name] = self.api.send(session, name)
        return session

    def approve(self):
        for approval in self.api.get("/approvals?state=pending")["items"]:
            self.api.call("POST", f"/approvals/{approval['id']}", {"decision": "approve"})

    def start_all(self):
        """A loop is not read to its end by the grammar, so the commands ask and are approved."""
        text = " ".join(["word"] * 3000)
        background = self.send("background", [("call", "shell.exec", {"command": TICKER % "behind", "background": True})], ["started"])
        def settled():
            self.approve()
            return self.api.get(f"/turns/{self.turns['background']}")["state"] == "completed"
        wait_until(settled, 30, "the background process")
        self.send("command", [("call", "shell.exec", {"command": TICKER % "front"})], ["done"])
        self.send("request", [("call", "http.request", {"url": f"http://127.0.0.1:{self.faucet.port}/"})], ["done"])
        self.send("answer", [("text", text, 0.01)])
        self.model.script["a child's work"] = [[("text", text, 0.01)]]
        self.send("parent", [("call", "agent.spawn", {"task": "a child's work"})], ["done"])
        self.turns["in line"] = self.api.send(self.api.get(f"/turns/{self.turns['answer']}")["session_id"], "in line")
        def runs():
            self.approve()
            first = self.growth()
            time.sleep(0.2)
            return all(now > before for now, before in zip(self.growth(), first))
        wait_until(runs, 30, "everything runs")
        return background

    def places(self, name):
        """Where the file is: commands write below an overlay until they have ended."""
        for root in (self.daemon.home, self.work):
            for folder, _, files in os.walk(root, onerror=lambda _: None):
                if name in files:
                    yield os.path.join(folder, name)

    def ticks(self, name):
        """Bytes of the file, wherever it is."""
        total = 0
        for path in self.places(name):
            with contextlib.suppress(OSError):
                total = max(total, os.path.getsize(path))
        return total

    def opened(self, name, stack):
        """The file, to be read even when it has been taken away."""
        found = []
        for path in self.places(name):
            with contextlib.suppress(OSError):
                found.append(stack.enter_context(open(path, "rb")))
        expect(found, f"there is no file {name}")
        return found

    def growth(self):
        """What grows as long as each of them runs; the last one in the background."""
        streamed = [self.partial("answer"), self.partial_of_child()]
        return [self.ticks("front"), self.faucet.drops, *streamed, self.ticks("behind")]

    def partial(self, name):
        return self.length_of(self.turns[name])

    def length_of(self, turn):
        found = self.api.get(f"/turns/{turn}")
        live = sum(len(p["text"]) for p in found.get("partial") or [])
        kept = sum(len(p.get("text") or "") for m in self.api.transcript(found["session_id"]) if m["turn_id"] == turn and m["role"] == "assistant" for p in m["parts"])
        return max(live, kept)

    def partial_of_child(self):
        children = self.api.get("/subagents")["items"]
        return self.length_of(children[0]["turn_id"]) if children else 0


def last_time(files):
    """On the last whole line."""
    times = []
    for file in files:
        file.seek(0)
        lines = file.read().split(b"\n")[:-1]
        times += [float(line) for line in lines[-1:]]
    return max(times, default=0.0)


def held_against_the_press(plant, signs, late, took, background_goes_on):
    """`signs`: seconds after the press at which each was last alive, by its own account; it does not matter when that is read."""
    # Only a release build on a machine that has time says something about the daemon.
    slack = 1 if "release" in str(plant.lab.binaries) else SLACK
    limit = FREEZE_LIMIT * slack + min(late, MOST_LATENESS)
    for name, sign in signs.items():
        expect(sign > -5, f"{name} was not seen to run before the press: {sign:.3f} s")
    control = signs.pop("the background process") if background_goes_on else None
    for name, sign in signs.items():
        expect(sign <= limit, f"{name} went on for {sign * 1000:.0f} ms after the press, at most {limit * 1000:.0f}")
    expect(control is None or control > took, "the times do not show that the background process goes on")
    print("last alive after the press: " + ", ".join(f"{name} {sign * 1000:.0f} ms" for name, sign in signs.items()) + f"; at most {limit * 1000:.0f}")


def frozen(plant, stop, background_goes_on):
    """Presses the button and holds the effects against the clock."""
    with contextlib.ExitStack() as stack:
        front, behind = plant.opened("front", stack), plant.opened("behind", stack)
        with Lateness() as lateness:
            begin, wall = time.monotonic(), time.time()
            report = stop()
            took = time.monotonic() - begin
            time.sleep(FREEZE_LIMIT)
        before = plant.growth()
        time.sleep(WATCH)
        after = plant.growth()
        names = ["the command", "the request", "the answer", "the sub-agent's answer", "the background process"]
        answer, child = (max(r.last_sent or 0.0 for r in plant.model.of(text)) - begin for text in ("answer", "a child's work"))
        signs = [last_time(front) - wall, plant.faucet.last - begin, answer, child, last_time(behind) - wall]
    held_against_the_press(plant, dict(zip(names, signs)), lateness.worst, took, background_goes_on)
    for name, was, now in list(zip(names, before, after))[:4]:
        equal(now, was, f"{name} goes on after the stop")
    # The control: what is not stopped is seen to grow by the very same measure.
    equal(after[4] > before[4], background_goes_on, "the background process goes on")
    print(f"the answer came after {took * 1000:.0f} ms and says {report['took_ms']} ms")
    if not sanitized(plant.lab.binaries):
        expect(report["took_ms"] <= 250 + 250, f"the stop took {report['took_ms']} ms")
    return report


def held_against_the_rows(plant, report):
    stopped = {t["turn_id"]: t for t in report["turns"]}
    child = plant.api.get("/subagents")["items"][0]["turn_id"]
    wanted = {plant.turns["command"]: "needs_attention", plant.turns["request"]: "cancelled", plant.turns["answer"]: "cancelled",
              plant.turns["parent"]: "cancelled", child: "cancelled", plant.turns["in line"]: "cancelled"}
    equal({turn: t["state"] for turn, t in stopped.items()}, wanted, "what the answer says of the turns")
    equal(stopped[plant.turns["in line"]]["was"], "queued", "the one in line")
    for turn, state in wanted.items():
        equal(plant.api.get(f"/turns/{turn}")["state"], state, f"the row of {turn}")
    # Nobody can tell how far the command came, so it is not called cancelled.
    equal(stopped[plant.turns["command"]]["steps"][0]["state"], "unknown", "the step of the command")
    equal(stopped[plant.turns["request"]]["steps"][0]["state"], "cancelled", "the step of a request that only reads")
    equal((report["unfinished"], report["recorded"]), (0, True), "ends and record")
    entry = plant.api.get("/audit?action=stop")["items"][0]
    equal((entry["subject"], set(entry["detail"]["turns"])), (report["scope"], set(wanted)), "the audit entry")
    expect(not plant.model.of("in line"), "the turn in line reached the model")


@case(limit=120)
def stop_all_freezes_everything(lab):
    plant = Plant(lab)
    plant.start_all()
    report = frozen(plant, lambda: plant.daemon.cli("stop", "--all", "--json").must(0).json(), background_goes_on=False)
    held_against_the_rows(plant, report)
    equal([(p["state"], p["reason"]) for p in report["processes"]], [("killed", "stopped")], "the background process")
    equal(plant.api.get("/processes?state=running")["items"], [], "what runs in the background")
    # What was cut can be taken up again by a person, and the daemon works on as before.
    command = plant.turns["command"]
    plant.daemon.cli("turn", "resume", command, "--abandon").must(0)
    plant.api.wait_turn(command)
    session = plant.api.session()
    equal(plant.api.run(session, "still there?")["state"], "completed", "a turn after the stop")
    shown = plant.daemon.cli("stop", "--all").must(0).err
    contains(shown, "nothing was running", "a second stop")


@case(limit=120)
def stop_without_all_leaves_background_processes(lab):
    plant = Plant(lab)
    plant.start_all()
    bus = plant.daemon.tcp("chat", "read").bus()
    def press():
        answer, _ = ask(bus, "stop", {})
        equal(answer["type"], "response", f"the answer over the bus: {answer}")
        return answer["payload"]
    report = frozen(plant, press, background_goes_on=True)
    held_against_the_rows(plant, report)
    equal((report["processes"], report["processes_left"]), ([], 1), "processes")


@case(limit=120)
def a_session_or_a_turn_is_stopped_alone(lab):
    plant = Plant(lab)
    text = " ".join(["word"] * 3000)
    plant.model.script["a child's work"] = [[("text", text, 0.01)]]
    parent = plant.send("parent", [("call", "agent.spawn", {"task": "a child's work"})], ["done"])
    other = plant.send("other", [("text", text, 0.01)])
    queued = plant.api.send(other, "in line")
    wait_until(lambda: plant.partial_of_child() > 0 and plant.partial("other") > 0, 20, "both answers stream")
    report = plant.api.post("/stop", {"session_id": parent})
    child = plant.api.get("/subagents")["items"][0]["turn_id"]
    equal({t["turn_id"]: t["state"] for t in report["turns"]}, {plant.turns["parent"]: "cancelled", child: "cancelled"}, "the session and its sub-agent")
    before = plant.partial("other")
    wait_until(lambda: plant.partial("other") > before, 10, "the other session goes on")
    report = plant.daemon.cli("stop", plant.turns["other"], "--json").must(0).json()
    equal([t["turn_id"] for t in report["turns"]], [plant.turns["other"]], "one turn")
    equal(plant.api.wait_turn(queued)["state"], "completed", "the turn behind it has its go")
    plant.daemon.cli("stop", "nonsense").must(2)
    plant.daemon.cli("stop", "--all", parent).must(2)
    plant.daemon.cli("stop", "trn_00000000000000000000000000").must(6)


@case
def stop_starts_no_daemon_and_wants_a_right(lab):
    daemon = lab.daemon()
    reader = daemon.tcp("read")
    equal(reader.request("POST", "/api/v1/stop", {}).status, 403, "a token that may only read")
    daemon.stop()
    ran = daemon.cli("stop", "--all", "--json").must(0)
    equal(ran.json(), {"running": False, "turns": [], "processes": []}, "without a daemon")
    expect(not (daemon.home / "run" / "core.json").exists(), "pryx stop started a daemon")
