# SPDX-License-Identifier: MIT
"""Turns of the real daemon against @copilotkit/aimock with chaos: every one ends in a named state, none with a wrong answer."""
import json
import re
import subprocess
import threading
import time
import urllib.request

from lab import SOURCE, Box, Broken, Daemon, Skip, wait_until

ANSWER = "Hello! How can I help you today?"
FIXTURES = {"fixtures": [{"match": {"userMessage": "cut me"}, "response": {"content": ANSWER}, "truncateAfterChunks": 4, "latency": 20},
                         {"match": {"userMessage": "hello"}, "response": {"content": ANSWER}}]}
# Chaos, and how its turns may end. What is retried in the end succeeds or fails with a code of the provider's class.
ROWS = [("calm", {}, {"completed"}), ("drop", {"dropRate": 1}, {"failed"}), ("malformed", {"malformedRate": 1}, {"failed"}), ("disconnect", {"disconnectRate": 1}, {"failed"}),
        ("latency", {"latencyMs": 400}, {"completed"}),
        ("a little of all", {"dropRate": 0.1, "malformedRate": 0.1, "disconnectRate": 0.1, "rateLimitRate": 0.1, "latencyMs": 5}, {"completed", "failed"})]
CODES = {"provider", "unavailable", "overloaded", "timeout"}
PATIENCE = 240  # retries of one turn with their waits, at most


class Vendor:
    def __init__(self, box):
        node, program = SOURCE / ".tools/bin/node", SOURCE / "tests/js/node_modules/@copilotkit/aimock/dist/cli.js"
        if not node.exists() or not program.exists():
            raise Skip("aimock is not installed: run `make deps`")
        fixtures = box.root / "fixtures.json"
        fixtures.write_text(json.dumps(FIXTURES))
        self.process = subprocess.Popen([node, program, "-p", "0", "-f", fixtures, "-c", "6", "--strict"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={"HOME": str(box.root), "PATH": "/usr/bin:/bin"})
        self.url = ""
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.url = found.group()
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        if not self.url:
            raise Broken("aimock did not say where it listens")

    def chaos(self, rates):
        request = urllib.request.Request(self.url + "/__aimock/chaos", json.dumps(rates).encode(), {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def close(self):
        self.process.kill()
        self.process.wait()


def chaos(score, options):
    with Box("vendor") as box:
        daemon = Daemon(box, options.bin)
        with score.case("aimock is there"):
            vendor = box.own(Vendor(box))
            daemon.start()
            api = daemon.api()
        if not daemon.is_alive():
            return
        for name, rates, allowed in ROWS:
            with score.case(f"a vendor with chaos: {name}", daemon):
                # A provider of its own for each row: the circuit breaker of the row before would answer for the vendor.
                provider = "v" + re.sub("[^a-z]", "", name)
                api.add_provider(provider, vendor.url + "/v1")
                vendor.chaos(rates)
                count = (40 if options.long else 12) if name == "a little of all" else 4
                states = run_turns(api, provider, count, "hello")
                check_states(states, allowed)
        with score.case("a vendor that limits, and then no more: the turns wait and complete", daemon):
            vendor.chaos({"rateLimitRate": 1})
            api.add_provider("vlimit", vendor.url + "/v1")
            timer = threading.Timer(2.5, vendor.chaos, ({},))
            timer.start()
            check_states(run_turns(api, "vlimit", 4, "hello"), {"completed"})
            timer.join()
        if options.long:
            with score.case("a vendor that limits for ever: the turns fail after their last retry", daemon):
                vendor.chaos({"rateLimitRate": 1})
                api.put("/settings", {"settings": {"agent.wait_for_model": "0s"}})  # else they wait, for a day
                api.add_provider("vlimitlong", vendor.url + "/v1")
                check_states(run_turns(api, "vlimitlong", 4, "hello"), {"failed"})
                api.put("/settings", {"settings": {"agent.wait_for_model": None}})
        with score.case("a vendor that cuts its answers: the text so far is kept as interrupted", daemon):
            vendor.chaos({})
            api.add_provider("vcut", vendor.url + "/v1")
            turn, session = run_turns(api, "vcut", 1, "cut me")[0]
            parts = [p for m in api.pages(f"/sessions/{session}/messages") if m["role"] == "assistant" for p in m["parts"] if p["type"] == "text"]
            if turn["state"] != "failed" or not parts or any(p["state"] != "interrupted" or not ANSWER.startswith(p["text"]) for p in parts):
                raise Broken(f"the cut turn ended {turn['state']} with {parts}")
        with score.case("a vendor that hangs: cancel within 250 ms", daemon):
            vendor.chaos({"latencyMs": 20_000})
            api.add_provider("vhang", vendor.url + "/v1")
            session = api.post("/sessions", {"model": "vhang/gpt-4o"})["id"]
            turn = api.post(f"/sessions/{session}/messages", {"text": "hello"})["turn_id"]
            wait_until(lambda: api.turn(turn)["state"] == "running", 5, "the turn running")
            time.sleep(0.3)
            begin = time.monotonic()
            api.post(f"/turns/{turn}/cancel", {})
            api.wait_turn(turn, 5, states=("cancelled",))
            if time.monotonic() - begin > 0.25:
                raise Broken(f"the cancel took {(time.monotonic() - begin) * 1000:.0f} ms")


def run_turns(api, provider, count, text):
    """[(turn, session)] of `count` turns at once, each in a session of its own."""
    sessions = [api.post("/sessions", {"title": provider, "model": f"{provider}/gpt-4o"})["id"] for _ in range(count)]
    turns = [api.post(f"/sessions/{s}/messages", {"text": text})["turn_id"] for s in sessions]
    return [(api.wait_turn(t, PATIENCE), s) for t, s in zip(turns, sessions)]


def check_states(turns, allowed):
    told = {}
    for turn, _ in turns:
        told[turn["state"]] = told.get(turn["state"], 0) + 1
        if turn["state"] not in allowed:
            raise Broken(f"a turn ended {turn['state']}: {turn['error']}")
        if turn["state"] == "failed" and turn["error"]["code"] not in CODES:
            raise Broken(f"a turn failed with {turn['error']}")
    print(f"       {told}", flush=True)


CASES = [("vendor", chaos)]
