# SPDX-License-Identifier: MIT
"""A DNS server that takes queries and never answers. The daemon runs in network and mount namespaces of its own, where the system's
resolv.conf names that server, so the product needs no hook for the test."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

from lab import Box, Broken, Daemon, Skip, wait_until
from recording_model import RecordingModel

CANCEL_LIMIT_MS = 250.0
STREAMS = 10


class SilentDns:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.queries = 0
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                self.socket.recvfrom(4096)
            except OSError:
                return
            self.queries += 1

    def close(self):
        self.socket.close()


def silent_dns(score, options):
    """Runs this program again inside the namespaces."""
    with score.case("namespaces for a silent DNS server"):
        if not shutil.which("unshare"):
            raise Skip("no unshare on this machine")
        # As root no user namespace, because the daemon changes to its own user; else one, in which this user is root.
        command = ["unshare", "--mount", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
        if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            raise Skip("this machine allows no network and mount namespaces")
        script = pathlib.Path(__file__).resolve().parent / "run"
        inner = [sys.executable, str(script), "--bin", options.bin, "--inside", str(os.geteuid()), *(["--long"] if options.long else [])]
        done = subprocess.run([*command, *inner], capture_output=True, text=True, timeout=300)
        print("\n".join("       " + line for line in done.stdout.splitlines()), flush=True)
        found = re.search(r"^(\d+) passed, (\d+) failed", done.stdout, re.MULTILINE)
        if not found:
            raise Broken(f"the inner run broke: {done.stderr[-1500:]}")
        score.passed += int(found[1])
        score.failed += int(found[2])


def run_inside(score, options):
    with Box("dns") as box:
        config = box.root / "resolv.conf"
        config.write_text("nameserver 127.0.0.1\n")
        config.chmod(0o644)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", config, os.path.realpath("/etc/resolv.conf")], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        dns = box.own(SilentDns())
        model = box.own(RecordingModel())
        outer = int(options.inside)
        prefix = [] if outer == 0 else ["unshare", "--user", f"--map-user={outer}", f"--map-group={outer}"]
        daemon = Daemon(box, options.bin, prefix=prefix)
        with score.case("cancel within 250 ms while DNS is silent and ten turns stream", daemon):
            cancel_beside_streams(daemon, dns, model, 20 if options.long else 6)


def cancel_beside_streams(daemon, dns, model, rounds):
    daemon.start()
    api = daemon.api()
    api.add_provider("fake", model.url)
    for i in range(rounds):  # a name of its own for each round, so that each asks the server anew
        api.add_provider(f"lost{i}", f"http://no-such-model-{i}.example.com/v1")
    seconds = 4 + rounds
    streaming = [api.post("/sessions", {"model": "fake/fake"})["id"] for _ in range(STREAMS)]
    turns = [api.post(f"/sessions/{s}/messages", {"text": f"#stream:{seconds} {i}"})["turn_id"] for i, s in enumerate(streaming)]
    gaps = Gaps(api, set(turns))
    wait_until(lambda: model.open_streams == STREAMS, 10, "ten streams")
    took = []
    for i in range(rounds):
        before = dns.queries
        lost = api.post("/sessions", {"model": f"lost{i}/model"})["id"]
        turn = api.post(f"/sessions/{lost}/messages", {"text": f"anybody there {i}"})["turn_id"]
        wait_until(lambda: dns.queries > before, 8, "a DNS query")
        time.sleep(0.15)
        if api.turn(turn)["state"] != "running":
            raise Broken(f"the turn that waits for DNS is {api.turn(turn)['state']}")
        begin = time.monotonic()
        api.post(f"/turns/{turn}/cancel", {})
        api.wait_turn(turn, 5, states=("cancelled",))
        took.append((time.monotonic() - begin) * 1000)
    if model.open_streams != STREAMS:
        raise Broken(f"only {model.open_streams} of ten turns still streamed: nothing was measured beside streams")
    gaps.close()
    print(f"cancelled after {', '.join(f'{t:.0f}' for t in took)} ms; longest pause of the ten streams {gaps.longest * 1000:.0f} ms, {gaps.deltas} deltas", flush=True)
    if max(took) > CANCEL_LIMIT_MS:
        raise Broken(f"a cancel took {max(took):.0f} ms")
    if gaps.longest > 1.0 or gaps.deltas < rounds * STREAMS:
        raise Broken(f"the streams stood still for {gaps.longest:.2f} s, {gaps.deltas} deltas")
    for turn in turns:
        if api.wait_turn(turn, 30)["state"] != "completed":
            raise Broken("a turn that streamed did not complete")


class Gaps:
    """The longest time in which none of these turns showed a delta."""

    def __init__(self, api, turns):
        self.bus, self.turns = api.bus(), turns
        self.longest, self.deltas, self.ended = 0.0, 0, False
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        last = {}
        while not self.ended:
            event = self.bus.next(0.2)
            now = time.monotonic()
            if event and event["event"] == "turn.delta" and event["payload"]["turn_id"] in self.turns:
                turn = event["payload"]["turn_id"]
                self.longest = max(self.longest, now - last.get(turn, now))
                last[turn] = now
                self.deltas += 1

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.bus.close()


CASES = [("dns", silent_dns)]
