# SPDX-License-Identifier: MIT
"""The load of the crash test and what must hold whatever happens to the daemon: clients that send messages with keys and repeat them until
they are acknowledged, a bus client, a person who answers approvals, and the checks over what all of them saw.
"""
import http.client
import json
import random
import threading
import time

import evidence
from lab import EPHEMERAL, Broken, wait_until

GONE = (OSError, http.client.HTTPException, ConnectionError, json.JSONDecodeError)
NAMED = ("completed", "failed", "cancelled", "needs_attention")


class Message:
    def __init__(self, session, number, text, key):
        self.session, self.number, self.text, self.key = session, number, text, key
        self.message_id = self.turn_id = None
        self.state = None
        self.cancel_asked = False
        self.attended = False
        self.saves = [w.split(":", 1)[1] for w in text.split() if w.startswith(("#save:", "#both:"))]


class World:
    MAX_OPEN = 5  # turns in a session before its sender waits

    def __init__(self, daemon, model, seed, sessions=6):
        self.daemon, self.model = daemon, model
        self.random = random.Random(seed)
        self.api = daemon.api(timeout=10)
        self.token = self.api.make_token("world")
        self.tcp = daemon.api(token=self.token, timeout=10)
        self.api.add_provider("fake", model.url)
        self.sessions = [self.api.post("/sessions", {"title": f"crash {i}", "model": "fake/fake"})["id"] for i in range(sessions)]
        self.lock = threading.Lock()
        self.messages = []                 # in the order of their first sending, per session
        self.problems = []
        self.events = {}                   # version -> envelope
        self.last_version = 0
        self.done = threading.Event()
        self.stats = {"repeats": 0, "same_key_again": 0, "approved": 0, "denied": 0, "cancelled": 0, "resumed": 0, "sse": 0, "events": 0}
        self.denied_steps = set()
        self.threads = []

    def complain(self, text):
        with self.lock:
            if len(self.problems) < 50:
                self.problems.append(text)

    def start(self):
        for index in range(len(self.sessions)):
            self._run(self._send_messages, index, random.Random(self.random.random()))
        self._run(self._answer_approvals, random.Random(self.random.random()))
        self._run(self._listen)

    def _run(self, target, *args):
        def guarded():
            try:
                target(*args)
            except Exception as error:  # noqa: BLE001
                import traceback
                self.complain("a client of the test broke: " + "".join(traceback.format_exception(error))[-1500:])
        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self.threads.append(thread)

    def stop_load(self):
        self.done.set()
        for thread in self.threads:
            thread.join(30)
            if thread.is_alive():
                self.complain("a client of the test hangs")

    # --- clients

    def _send_messages(self, index, rng):
        session, number = self.sessions[index], 0
        while not self.done.is_set():
            open_turns = [m for m in self.of_session(session) if m.state not in NAMED]
            if len(open_turns) >= self.MAX_OPEN:
                self.look_at(rng.choice(open_turns))
                time.sleep(0.01)
                continue
            number += 1
            orders = rng.choice(["", "", "", "#list", "#slow", "#slow", f"#save:note-{index}-{number}", f"#list #save:note-{index}-{number}", f"#both:note-{index}-{number}", "#list #slow"])
            message = Message(session, number, f"s{index}-m{number} {orders}".strip(), f"key-{index}-{number}")
            with self.lock:
                self.messages.append(message)
            self._send(message, rng)
            if rng.random() < 0.15:
                self._send(message, rng)
                self.stats["same_key_again"] += 1
            if rng.random() < 0.05:
                self._cancel(message)

    def _send(self, message, rng):
        """Repeats with the same key until it is acknowledged: only a 202 (or a stream that opened) counts."""
        body = {"text": message.text, "idempotency_key": message.key}
        while True:
            self.daemon.up.wait(30)
            try:
                if rng.random() < 0.2 and message.turn_id is None:
                    return self._stream(message, body)
                api = self.tcp if rng.random() < 0.5 else self.api
                status, answer = api.call("POST", f"/sessions/{message.session}/messages", body)
                if status == 202:
                    return self.acknowledge(message, answer["message_id"], answer["turn_id"])
                if status not in (429, 503, 500):
                    return self.complain(f"{message.text!r} was answered with {status}: {answer}")
                time.sleep(0.05)
            except GONE:
                self.stats["repeats"] += 1
                time.sleep(0.02)

    def _stream(self, message, body):
        self.stats["sse"] += 1
        for event, _, data in self.tcp.stream(message.session, body):
            if event == "status":
                if data is None and _ != 200:
                    raise ConnectionError("not a stream")
                continue
            payload = data["payload"]
            turn = payload.get("turn_id")
            if event == "message.created" and payload.get("message", {}).get("role") == "user":
                self.acknowledge(message, payload["message"]["id"], payload["message"]["turn_id"])
            elif turn and message.turn_id is None:
                self.acknowledge(message, None, turn)
        if message.turn_id is None:
            raise ConnectionError("the stream ended without a word")

    def acknowledge(self, message, message_id, turn_id):
        if message.turn_id not in (None, turn_id) or (message_id and message.message_id not in (None, message_id)):
            self.complain(f"the same key gave other ids: {message.text!r} was {message.message_id}/{message.turn_id}, is {message_id}/{turn_id}")
        message.turn_id = turn_id
        message.message_id = message_id or message.message_id

    def _cancel(self, message):
        message.cancel_asked = True
        try:
            status, _ = self.api.call("POST", f"/turns/{message.turn_id}/cancel", {})
            if status == 200:
                self.stats["cancelled"] += 1
        except GONE:
            pass

    def look_at(self, message):
        """Reads the turn; a step that is done must not reach the model again."""
        if message.turn_id is None:
            return
        try:
            status, turn = self.api.call("GET", f"/turns/{message.turn_id}")
        except GONE:
            time.sleep(0.05)
            return
        if status == 404:
            self.complain(f"the acknowledged turn {message.turn_id} of {message.text!r} is lost")
            message.state = "failed"
            return
        if status != 200:
            return
        for step in turn["steps"]:
            if step["kind"] == "model" and step["state"] == "done":
                self.model.note_finished(step["id"])
        if turn["state"] == "needs_attention":
            self._resume(message, turn)
        else:
            message.state = turn["state"]

    def _resume(self, message, turn):
        message.attended = True
        unknown = [s for s in turn["steps"] if s["state"] == "unknown"]
        if not unknown:
            self.complain(f"turn {turn['id']} needs attention and has no step with an unknown outcome")
            return
        try:
            status, _ = self.api.call("POST", f"/turns/{turn['id']}/resume", {"step_id": unknown[0]["id"], "resolution": "retry"})
            if status == 200:
                self.stats["resumed"] += 1
        except GONE:
            pass

    def _answer_approvals(self, rng):
        while not self.done.is_set() or any(m.state not in NAMED for m in self.messages):
            self.daemon.up.wait(5)
            time.sleep(0.03)
            try:
                for approval in self.api.get("/approvals?state=pending&limit=50")["items"]:
                    approve = rng.random() < 0.7
                    status, _ = self.api.call("POST", f"/approvals/{approval['id']}", {"decision": "approve" if approve else "deny"})
                    if status == 200:
                        self.stats["approved" if approve else "denied"] += 1
            except GONE:
                pass
            except Broken as error:
                if " 5" not in str(error):
                    self.complain(str(error))
            if self.done.is_set() and time.monotonic() > getattr(self, "approver_end", float("inf")):
                return

    def _listen(self):
        """Follows the bus over every crash; acknowledges now and then."""
        while not self.done.is_set() or not getattr(self, "all_ended", False):
            self.daemon.up.wait(5)
            try:
                bus = self.tcp.bus(since=self.last_version)
            except (*GONE, Broken):
                time.sleep(0.02)
                continue
            within = self.last_version
            try:
                while not (self.done.is_set() and getattr(self, "all_ended", False)):
                    event = bus.next(0.5)
                    if event is None:
                        continue
                    if event["type"] != "event":
                        continue
                    if event["event"] == "bus.reset":
                        self.complain("the bus forgot events after a restart")
                        continue
                    if event["event"] in EPHEMERAL:
                        continue
                    version = event["version"]
                    if version <= within:
                        self.complain(f"version {version} came after {within} on one connection")
                    within = max(within, version)
                    self.see(event)
                    if self.random.random() < 0.05:
                        bus.request("ack", {"version": version})
            except GONE:
                pass
            finally:
                bus.close()

    def see(self, event):
        version = event["version"]
        known = self.events.get(version)
        if known is not None and known != event:
            self.complain(f"version {version} names two events: {json.dumps(known)[:300]} and {json.dumps(event)[:300]}")
        self.events[version] = event
        self.last_version = max(self.last_version, version)
        self.stats["events"] += 1
        payload = event["payload"]
        if event["event"] == "step.finished" and payload.get("kind") == "model" and payload.get("state") == "done":
            self.model.note_finished(payload["step_id"])

    # --- checks

    def of_session(self, session):
        with self.lock:
            return [m for m in self.messages if m.session == session]

    def check_sample(self, rng, count=12):
        """After each restart: some acknowledged turns are still there."""
        with self.lock:
            acknowledged = [m for m in self.messages if m.turn_id]
        for message in rng.sample(acknowledged, min(count, len(acknowledged))):
            status, _ = self.api.call("GET", f"/turns/{message.turn_id}")
            if status != 200:
                raise Broken(f"after a crash the acknowledged turn {message.turn_id} of {message.text!r} answers {status}")

    def settle(self, limit=90):
        """Waits until every turn has a named state."""
        end = time.monotonic() + limit
        self.approver_end = end
        while True:
            waiting = [m for m in self.messages if m.turn_id and m.state not in ("completed", "failed", "cancelled")]
            if not waiting:
                break
            if time.monotonic() > end:
                states = [f"{m.text!r} {m.turn_id}: {self.api.turn(m.turn_id)['state']}" for m in waiting[:5]]
                self.all_ended = True
                raise Broken(f"{len(waiting)} turns never ended: " + "; ".join(states))
            for message in waiting:
                self.look_at(message)
            time.sleep(0.05)
        time.sleep(0.3)
        self.all_ended = True

    def check_all(self):
        if self.model.violations:
            raise Broken("; ".join(self.model.violations[:5]))
        for session in self.sessions:
            check_transcript(self.api.pages(f"/sessions/{session}/messages"), self.of_session(session))
            self._check_turns(session)
        self._check_memories()
        self._check_replay()
        verdict = self.api.post("/audit/verify", {})
        if verdict.get("ok") is not True:
            raise Broken(f"the audit log does not verify: {verdict}")
        self._check_evidence()
        self._check_receipts()
        if self.problems:
            raise Broken(f"{len(self.problems)} problems, first: " + "\n".join(self.problems[:5]))

    def _check_turns(self, session):
        previous = None
        for message in self.of_session(session):
            turn = self.api.turn(message.turn_id)
            if turn["state"] not in ("completed", "cancelled"):
                raise Broken(f"{message.text!r} ended {turn['state']}: {turn['error']}")
            if turn["state"] == "cancelled" and not message.cancel_asked:
                raise Broken(f"{message.text!r} was cancelled by nobody")
            for step in turn["steps"]:
                if step["state"] not in ("done", "denied", "failed", "cancelled"):
                    raise Broken(f"{message.text!r} ended with step {step['id']} in {step['state']}")
            message.steps = turn["steps"]
            if previous and turn["started_at"] and not message.attended and turn["started_at"] < previous:
                raise Broken(f"{message.text!r} began at {turn['started_at']}, before the turn before it ended at {previous}")
            if not message.attended:
                previous = turn["ended_at"]

    def _check_memories(self):
        saved = {}
        for item in self.api.pages("/memory", limit=100):
            saved[item["text"]] = saved.get(item["text"], 0) + 1
        for text, count in saved.items():
            if count > 1:
                raise Broken(f"memory {text!r} was saved {count} times")
        for message in self.messages:
            for note in message.saves:
                states = [s["state"] for s in message.steps if s["tool"] == "memory.save"]
                if "done" in states and saved.get(note, 0) != 1:
                    raise Broken(f"{message.text!r}: the step is done, the memory {note!r} is not there")
                if "done" not in states and note in saved and "failed" not in states and not message.cancel_asked:
                    raise Broken(f"{message.text!r}: memory {note!r} is there, its step is {states}")

    def _check_evidence(self):
        """Each memory that is there, and each step that was started, has an earlier intent in the exported and verified log."""
        entries = evidence.exported(self.daemon)
        steps = [step for message in self.messages for step in message.steps]
        effects = [(None, "memory.save", {"text": item["text"]}, None) for item in self.api.pages("/memory", limit=100)]
        evidence.check(entries, steps, effects)
        evidence.control(entries, steps, effects)

    def _check_replay(self):
        """Everything that anybody ever saw is in the log, once, with the same text."""
        replay, bus = {}, self.api.bus(since=0)
        last = self.api.get("/status")["event_version"]
        while not replay or max(replay) < last:
            event = bus.next(15)
            if event is None:
                raise Broken(f"the replay ended at {max(replay, default=0)} of {last}")
            if event["type"] == "event" and event["event"] not in EPHEMERAL:
                replay[event["version"]] = event
        bus.request("ack", {"version": last})
        bus.next(5)
        bus.close()
        for version, event in self.events.items():
            if replay.get(version) != event:
                raise Broken(f"event {version} was seen as {json.dumps(event)[:300]} and is {json.dumps(replay.get(version))[:300]}")
        ends = {}
        for event in replay.values():
            if event["event"] in ("turn.completed", "turn.failed", "turn.cancelled"):
                ends[event["payload"]["turn_id"]] = ends.get(event["payload"]["turn_id"], 0) + 1
        for message in self.messages:
            if ends.get(message.turn_id) != 1:
                raise Broken(f"{message.text!r} has {ends.get(message.turn_id, 0)} events that end it")

    def _check_receipts(self):
        """The replay was acknowledged to its end: nothing is unread."""
        def all_read():
            return all(not self.api.get(f"/sessions/{session}")["unread"] for session in self.sessions)
        wait_until(all_read, 5, "every session read after its events were acknowledged")


def check_transcript(transcript, messages):
    """Every acknowledged message once, in the order it was sent, each with its own answer. A function of values, so that the control can
    hand it a transcript with a loss."""
    users = [m for m in transcript if m["role"] == "user"]
    texts = [m["parts"][0]["text"] for m in users]
    expected = [m.text for m in messages if m.turn_id]
    if texts != expected:
        lost = [t for t in expected if t not in texts]
        doubled = sorted({t for t in texts if texts.count(t) > 1})
        raise Broken(f"transcript and acknowledged messages differ: lost {lost[:5]}, doubled {doubled[:5]}, {len(texts)} for {len(expected)}, or their order changed")
    by_turn = {}
    for item in transcript:
        if item["role"] == "assistant" and all(p["state"] == "complete" for p in item["parts"] if p["type"] == "text"):
            text = "".join(p["text"] for p in item["parts"] if p["type"] == "text")
            if text:
                by_turn.setdefault(item["turn_id"], []).append(text)
    for message, user in zip((m for m in messages if m.turn_id), users):
        if message.message_id and user["id"] != message.message_id:
            raise Broken(f"{message.text!r} was acknowledged as {message.message_id} and is {user['id']}")
        answers = by_turn.get(message.turn_id, [])
        if message.state == "completed" and answers != [f"answer to {message.text}"]:
            raise Broken(f"{message.text!r} was answered by {answers}")
        if any(part["state"] == "streaming" for item in transcript for part in item["parts"]):
            raise Broken("a part is still marked as streaming")
