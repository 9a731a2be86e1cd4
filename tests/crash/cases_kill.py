# SPDX-License-Identifier: MIT
"""kill -9: under load at random times and at the k-th write, again and again at one step, five times in a row."""
import copy
import contextlib
import json
import os
import random
import signal
import time
import urllib.request

import faults
from faults import Faults
from lab import Box, Broken, Daemon, percentile, wait_until
from recording_model import RecordingModel
from world import GONE, World, check_transcript


class Killer:
    """Kills and restarts one daemon; the moment is chosen by time, by write under load, or by write while starting."""

    def __init__(self, daemon, shim, rng):
        self.daemon, self.shim, self.rng = daemon, shim, rng
        self.ready_ms, self.by = [], {"time": 0, "write": 0, "start": 0}
        self.at_write = 0  # kills that the shim did: at the k-th write and not by the clock

    def kill_once(self):
        way = self.rng.choice(["time"] * 9 + ["write"] * 8 + ["start"] * 3)
        if way == "start":
            self._kill_while_starting()
        elif way == "write":
            self._kill_at_write()
        else:
            time.sleep(self.rng.uniform(0.01, 0.6))
            self.daemon.kill9()
        self.by[way] += 1
        self.restart()

    def restart(self):
        self.at_write += self.shim.counts()[1] > 0
        self.shim.arm(faults.OFF)
        self.daemon.spawn()
        self.ready_ms.append(self.daemon.wait_ready())

    def _mode(self):
        return self.rng.choice([faults.KILL_BEFORE, faults.KILL_AFTER])

    def _kill_at_write(self):
        self.shim.arm(self._mode(), nth=self.rng.randint(1, 150))
        with contextlib.suppress(Exception):
            self.daemon.process.wait(4)  # an idle moment may not write so often
        self.daemon.kill9()

    def _kill_while_starting(self):
        self.daemon.kill9()
        self.shim.arm(self._mode(), nth=self.rng.randint(1, 40))
        self.daemon.spawn()
        with contextlib.suppress(Exception):
            self.daemon.process.wait(self.rng.uniform(0.005, 1.0))
        self.daemon.kill9()


def kill_under_load(score, options):
    kills = options.kills or (1000 if options.long else 50)
    rng = random.Random(options.seed)
    with Box("crash") as box:
        shim = Faults(box, options.bin)
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin, env=shim.env)
        with score.case(f"{kills} kills under load", daemon):
            daemon.start()
            world = World(daemon, model, rng.random())
            world.start()
            killer = Killer(daemon, shim, rng)
            try:
                for _ in range(kills):
                    killer.kill_once()
                    world.check_sample(rng)
                    if world.problems or model.violations:
                        break
            finally:
                world.done.set()
            world.settle(60 + kills * 0.1)
            world.stop_load()
            world.check_all()
            print(f"       {killer.by}, {killer.at_write} at a write, {len(world.messages)} messages, {len(model.seen)} model calls, {world.stats}, restart p50 {percentile(killer.ready_ms, 50):.0f} ms "
                  f"p99 {percentile(killer.ready_ms, 99):.0f} ms", flush=True)
            if killer.at_write < kills // 3:
                raise Broken(f"only {killer.at_write} of {kills} kills hit a write")
            if len(world.messages) < kills // 2:
                raise Broken(f"only {len(world.messages)} messages were accepted: the load was too small to prove anything")
        with score.case("an intact database after the kills", daemon):
            check_doctor(daemon)
        with score.case("control: the check sees a lost, a doubled and a reordered message"):
            control(world)
        with score.case("control: the recorders see a step that runs again and a version that is used twice"):
            control_recorders(world)


def check_doctor(daemon):
    done = daemon.cli("doctor", "--json")
    if "integrity" not in done.stdout:
        raise Broken(f"pryx doctor says nothing of the integrity: {done.stdout[:500]} {done.stderr[:500]}")
    if done.returncode not in (0, 3) or '"failed"' in done.stdout or '"error"' in done.stdout:
        bad = [check for check in json.loads(done.stdout)["checks"] if check["state"] not in ("ok", "warning")]
        raise Broken(f"pryx doctor exited with {done.returncode}: {bad}")


def control(world):
    """The same check, on transcripts with one row taken out, doubled, or moved, and on an answer that is not its own."""
    session = max(world.sessions, key=lambda s: len(world.of_session(s)))
    messages, good = world.of_session(session), world.api.pages(f"/sessions/{session}/messages")
    check_transcript(good, messages)
    users = [i for i, m in enumerate(good) if m["role"] == "user"]
    ended = next(m for m in messages if m.state == "completed")
    answer = next(i for i, m in enumerate(good) if m["role"] == "assistant" and m["turn_id"] == ended.turn_id and any(p["type"] == "text" and p["state"] == "complete" for p in m["parts"]))
    damaged = {"lost": good[:users[1]] + good[users[1] + 1:], "doubled": good[:users[1]] + [good[users[1]]] + good[users[1]:], "reordered": copy.deepcopy(good),
               "answer lost": good[:answer] + good[answer + 1:]}
    damaged["reordered"][users[0]], damaged["reordered"][users[1]] = good[users[1]], good[users[0]]
    for name, transcript in damaged.items():
        try:
            check_transcript(transcript, messages)
        except Broken:
            continue
        raise Broken(f"the check did not notice: {name}")


def control_recorders(world):
    problems, violations = len(world.problems), len(world.model.violations)
    with world.model.lock:
        key = next(seen.key for seen in world.model.seen)
    world.model.note_finished(key)
    request = urllib.request.Request(world.model.url + "/chat/completions", json.dumps({"messages": [{"role": "user", "content": "again"}]}).encode(), {"Idempotency-Key": key})
    urllib.request.urlopen(request, timeout=10).read()
    if len(world.model.violations) != violations + 1:
        raise Broken("the model did not notice a finished step")
    world.see({**world.events[world.last_version], "event": "turn.failed"})
    if len(world.problems) != problems + 1:
        raise Broken("the bus client did not notice another event under the same version")


def poison(score, options):
    """A turn whose model call takes the daemon down each time: three attempts, then it asks, and the daemon stays up."""
    with Box("poison") as box:
        armed = {"on": True, "hits": 0}
        daemon = Daemon(box, options.bin)

        def strike(seen):
            if armed["on"] and "poison" in seen.text and daemon.is_alive():
                armed["hits"] += 1
                os.kill(daemon.pid, signal.SIGKILL)

        model = box.own(RecordingModel(on_request=strike))
        with score.case("a poison turn is given up after three attempts", daemon):
            daemon.start()
            api = daemon.api()
            api.add_provider("fake", model.url)
            bad, good = (api.post("/sessions", {"title": t, "model": "fake/fake"})["id"] for t in ("bad", "good"))
            turn = None
            with contextlib.suppress(*GONE):
                turn = api.post(f"/sessions/{bad}/messages", {"text": "poison", "idempotency_key": "p"})["turn_id"]
            for _ in range(6):
                try:
                    daemon.process.wait(3)
                except Exception:  # noqa: BLE001: it stays up
                    break
                daemon.reap()
                with contextlib.suppress(Broken):  # the step may run, and strike, before the ready line
                    daemon.start()
                with contextlib.suppress(*GONE):
                    turn = api.post(f"/sessions/{bad}/messages", {"text": "poison", "idempotency_key": "p"})["turn_id"]
            if armed["hits"] != 3:
                raise Broken(f"the step was attempted {armed['hits']} times, not 3")
            state = api.wait_turn(turn, 10)
            unknown = [s for s in state["steps"] if s["state"] == "unknown"]
            if state["state"] != "needs_attention" or len(unknown) != 1 or unknown[0]["attempt"] != 3:
                raise Broken(f"the poison turn is {state['state']} with steps {[(s['kind'], s['state'], s['attempt']) for s in state['steps']]}")
            other = api.post(f"/sessions/{good}/messages", {"text": "hello"})["turn_id"]
            if api.wait_turn(other)["state"] != "completed":
                raise Broken("a turn of another session does not run beside the poison turn")
        with score.case("the poison turn survives another restart and can be resumed", daemon):
            daemon.stop()
            daemon.start()
            if api.turn(turn)["state"] != "needs_attention":
                raise Broken("a restart changed a turn that waits for a person")
            armed["on"] = False
            api.post(f"/turns/{turn}/resume", {"step_id": unknown[0]["id"], "resolution": "retry"})
            ended = api.wait_turn(turn)
            if ended["state"] != "completed":
                raise Broken(f"the resumed turn ended {ended['state']}: {ended['error']}")


def safe_mode(score, options):
    with Box("safe") as box:
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin, args=())
        with score.case("five crashes in a row start safe mode: accepted, queued, not run", daemon):
            daemon.start()
            api = daemon.api()
            api.add_provider("fake", model.url)
            session = api.post("/sessions", {"model": "fake/fake"})["id"]
            for crash in range(5):
                if api.get("/status")["mode"] != "normal":
                    raise Broken(f"safe mode after {crash} crashes")
                daemon.kill9()
                daemon.start()
            status = api.get("/status")
            if status["mode"] != "safe" or not status["safe_mode_reason"] or not status["turns"]["paused"]:
                raise Broken(f"after five crashes the status is {status}")
            turn = api.post(f"/sessions/{session}/messages", {"text": "later"})["turn_id"]
            time.sleep(0.7)
            if api.turn(turn)["state"] != "queued" or model.seen:
                raise Broken(f"in safe mode the turn is {api.turn(turn)['state']}")
            shown = daemon.cli("status", "--no-start")
            if "safe" not in shown.stdout + shown.stderr:
                raise Broken(f"`pryx status` does not tell of safe mode: {shown.stdout} {shown.stderr}")
        with score.case("a clean restart leaves safe mode and the queued turn runs", daemon):
            code, took = daemon.stop()
            if code != 0 or took > 3:
                raise Broken(f"SIGTERM in safe mode: exit {code} after {took:.1f} s")
            daemon.start()
            if api.get("/status")["mode"] != "normal":
                raise Broken("still in safe mode after a clean stop")
            if api.wait_turn(turn)["state"] != "completed":
                raise Broken("the turn accepted in safe mode did not complete")
        with score.case("--no-safe-mode stays out of it", daemon):
            daemon.args = ["--no-safe-mode"]
            for _ in range(7):
                daemon.kill9()
                daemon.start()
            if api.get("/status")["mode"] != "normal":
                raise Broken("--no-safe-mode started safe mode")
            wait_until(lambda: api.get("/status")["turns"]["running"] == 0, 5, "nothing runs")


CASES = [("kill", kill_under_load), ("poison", poison), ("safe-mode", safe_mode)]
