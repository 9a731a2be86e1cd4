# SPDX-License-Identifier: MIT
"""kill -9 around shell.exec: a server counts what commands really did to the outside, files count what reached the workspace. A command with
an effect never runs twice unless a person said so, one that only reads may, and none outlives its daemon."""
import collections
import contextlib
import os
import pathlib
import random
import signal
import time

from cases_http import CountingServer, check_evidence, settle
from lab import Box, Broken, Daemon
from recording_model import RecordingModel

# The second rule is for commands that talk to this machine, which no rule allows by the way.
POLICY = "name: crash\ntools:\n  allowed:\n    - shell.exec\n    - tool: shell.exec\n      domains: [\"localhost:{port}\"]\n"
LIMIT = 2.0  # seconds after which no child of a killed daemon lives
# Counts itself in the workspace, then outside through the sandbox's proxy, which it waits for.
HIT = """
import os, socket, sys, urllib.parse
port, path = sys.argv[1:3]
with open("count" + path.replace("/", "-"), "a") as f:
    f.write("x")
proxy = urllib.parse.urlsplit(os.environ["http_proxy"])
with socket.create_connection((proxy.hostname, proxy.port), timeout=10) as s:
    s.sendall(f"POST http://localhost:{port}{path} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n".encode())
    print(s.recv(4096).decode())
"""


def check_effects(arrived, retried):
    """`retried`: path -> how often a person said retry."""
    for (method, path), times in arrived.items():
        if times > 1 + retried.get(path, 0):
            raise Broken(f"{method} {path} of a command arrived {times} times and a person asked for {retried.get(path, 0)} retries")


def alive(word):
    found = 0
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found += 1
    return found


def wait_until_gone(word):
    end = time.monotonic() + LIMIT
    while alive(word):
        if time.monotonic() > end:
            raise Broken(f"{alive(word)} processes with {word} live {LIMIT} s after their daemon was killed")
        time.sleep(0.01)


def shell_under_kills(score, options):
    rounds = 200 if options.long else 24
    rng = random.Random(options.seed)
    with Box("shell") as box:
        daemon = Daemon(box, options.bin)

        def strike():
            if daemon.is_alive():
                os.kill(daemon.pid, signal.SIGKILL)

        server = CountingServer(strike)
        model = box.own(RecordingModel())
        work = box.root / "work"
        work.mkdir()
        work.chmod(0o777)
        (work / "hit.py").write_text(HIT)
        (work / "hit.py").chmod(0o644)
        tally, retried, turns = collections.Counter(), {}, []
        with score.case(f"{rounds} kills around real commands", daemon):
            daemon.start()
            daemon.api().add_provider("fake", model.url)
            daemon.stop()
            path = daemon.home / "config" / "policy.yaml"
            path.write_text(POLICY.format(port=server.port))
            os.chown(path, daemon.home.stat().st_uid, daemon.home.stat().st_gid)
            daemon.start()
            api = daemon.api()
            if api.get("/policy")["in_force"] != "file":
                raise Broken("the policy of this test is not in force")
            for number in range(rounds):
                turns.append(one_round(number, rng, daemon, api, server, work, tally, retried))
                check_effects(server.arrived, retried)
            if tally["in doubt"] == 0:
                raise Broken("no command was ever in doubt: the kills missed their moment")
            check_evidence(daemon, [s for turn in turns for s in api.turn(turn)["steps"]],
                           [(None, "shell.exec", {"argv": ["python3", "hit.py", str(server.port), path]}, seen) for _, path, seen in server.seen])
            verdict = api.post("/audit/verify", {})
            if verdict.get("ok") is not True:
                raise Broken(f"the audit log does not verify: {verdict}")
            print(f"       {sum(server.arrived.values())} effects arrived, {dict(tally)}, {sum(retried.values())} retried by a person", flush=True)
        with score.case("control: the check sees an effect that happened twice"):
            with contextlib.suppress(Broken):
                check_effects({("POST", "/x"): 2}, {})
                raise AssertionError("the check did not notice")
        server.close()


def one_round(number, rng, daemon, api, server, work, tally, retried):
    target = f"/shell-{number}-{os.getpid()}"
    reads = rng.random() < 0.25
    moment = "timed" if reads else rng.choice(["before", "after", "timed"])
    if moment != "timed":
        server.moments[target] = moment
    session = api.post("/sessions", {"model": "fake/fake", "workspace": str(work)})["id"]
    text = "#look" if reads else f"#shell:{server.port}:{target}"
    turn = api.post(f"/sessions/{session}/messages", {"text": text})["turn_id"]
    if moment == "timed":
        time.sleep(rng.uniform(0.0, 0.4))
        daemon.kill9()
    else:
        daemon.process.wait(15)
        daemon.reap()
    wait_until_gone(target)
    daemon.start()
    row = settle(api, turn, 60)
    tool = [s for s in row["steps"] if s["tool"] == "shell.exec"]
    if reads:
        tally["only read"] += 1
        if row["state"] != "completed" or any(s["state"] != "done" for s in tool):
            raise Broken(f"a command that only reads was not simply run again: {row['steps']}")
        return turn
    if row["state"] == "needs_attention":
        step = next(s for s in row["steps"] if s["state"] == "unknown")
        tally["in doubt"] += 1
        resolution = rng.choice(["retry", "treat_as_done", "abandon"])
        if resolution == "retry":
            retried[target] = retried.get(target, 0) + 1
        api.post(f"/turns/{turn}/resume", {"step_id": step["id"], "resolution": resolution})
        row = settle(api, turn, 60)
        if resolution != "retry":
            return turn
    if row["state"] == "completed" and any(s["state"] == "done" for s in row["steps"] if s["tool"] == "shell.exec"):
        tally["done"] += 1
        if server.arrived[("POST", target)] < 1:
            raise Broken(f"a command is called done and its effect never arrived: {row['steps']}")
        count = work / ("count" + target.replace("/", "-"))
        marks = len(count.read_text()) if count.exists() else 0
        if not 1 <= marks <= 1 + retried.get(target, 0):
            raise Broken(f"a command that is done left {marks} marks in the workspace")
    return turn


CASES = [("shell", shell_under_kills)]
