# SPDX-License-Identifier: MIT
"""Fail the n-th: a disk or a descriptor table that fails at the n-th call of a running or starting daemon. It may refuse, it may answer
errors; it may not acknowledge what is not kept, die by a signal, or stay broken after the fault is gone.
"""
import contextlib
import errno
import http.client
import json
import threading
import time

import faults
from faults import Faults
from lab import Box, Broken, Daemon, wait_until
from recording_model import RecordingModel

RECOVERY = 5.0
GONE = (OSError, http.client.HTTPException, json.JSONDecodeError)

# name, mode, kinds, errno, how many calls are hit (negative: until the fault is lifted)
KINDS = [
    ("disk full", faults.FAIL, faults.WRITE | faults.TRUNCATE, errno.ENOSPC, -1),
    ("one write fails", faults.FAIL, faults.WRITE, errno.EIO, 1),
    ("writes fail", faults.FAIL, faults.WRITE | faults.TRUNCATE | faults.RENAME, errno.EIO, -1),
    ("short write", faults.SHORT_WRITE, faults.WRITE, 0, 1),
    ("one fsync fails", faults.FAIL, faults.SYNC, errno.EIO, 1),
    ("fsync fails", faults.FAIL, faults.SYNC, errno.EIO, -1),
    ("no descriptors", faults.FAIL, faults.OPEN | faults.SOCKET, errno.EMFILE, -1),
]
SHORT_POINTS = (1, 2, 4, 9, 23)
START_POINTS = (1, 3, 8)
HOLD = 0.35       # how long a lasting fault holds
FULL = 3.0        # how long a full disk is asked about: longer than the store waits before it tries again
LONG_LIMIT = 400  # the long sweep ends earlier when a whole run was not hit any more


class Point:
    """One fault on a daemon that runs turns; keeps what was acknowledged."""

    def __init__(self, daemon, api, session):
        self.daemon, self.api, self.session = daemon, api, session
        self.kept = []

    def send(self, text):
        """True when it was acknowledged."""
        try:
            status, answer = self.api.call("POST", f"/sessions/{self.session}/messages", {"text": text})
        except GONE:
            return False
        if status == 202:
            self.kept.append((answer["turn_id"], text))
            return True
        if status not in (429, 500, 503, 507):
            raise Broken(f"under a fault a message was answered with {status}: {answer}")
        return False

    def recover(self, begin):
        """The daemon by itself, or, if it ended with a clear error, its next start."""
        while True:
            if not self.daemon.is_alive():
                self.restart_ended()
            if self.send(f"after {begin}"):
                return time.monotonic() - begin
            if time.monotonic() - begin > RECOVERY:
                raise Broken(f"no message accepted within {RECOVERY:g} s after the fault was gone")
            time.sleep(0.05)

    def restart_ended(self):
        code = self.daemon.reap()
        if code < 0:
            raise Broken(f"the daemon died of signal {-code}")
        self.daemon.start()

    def check_kept(self, limit=20.0):
        end = time.monotonic() + limit
        for turn_id, text in self.kept:
            status, turn = self.api.call("GET", f"/turns/{turn_id}")
            if status != 200:
                raise Broken(f"the acknowledged message {text!r} is lost: turn {turn_id} answers {status}")
            ended = self.api.wait_turn(turn_id, max(0.1, end - time.monotonic()))
            if ended["state"] not in ("completed", "failed"):
                raise Broken(f"{text!r} ended {ended['state']}: {ended['error']}")
            if ended["state"] == "failed" and ended["error"]["code"] not in ("storage", "unavailable", "timeout", "provider"):
                raise Broken(f"{text!r} failed with {ended['error']}")


def run_point(daemon, api, session, shim, kind, nth, number):
    """(hits, seconds to recover)"""
    name, mode, kinds, error, repeat = kind
    point = Point(daemon, api, session)
    shim.arm(mode, nth, kinds, error, repeat)
    end = time.monotonic() + HOLD
    # By a timer: without descriptors nobody accepts, so a message may wait for the fault to be gone.
    counted = []
    lift = threading.Timer(HOLD, lambda: counted.append(shim.disarm()))
    lift.start()
    for i in range(4):
        point.send(f"point {number} {name} n={nth} message {i} #list")
        if time.monotonic() > end:
            break
    while time.monotonic() < end and (repeat < 0 or shim.counts()[1] < repeat):
        time.sleep(0.01)
    lift.join()
    _, hits = counted[0]
    gone = time.monotonic()
    took = point.recover(gone)
    point.check_kept(RECOVERY - (time.monotonic() - gone))  # the turns that the fault stopped go on by themselves too
    daemon.kill9()  # what was acknowledged is on disk, not only in the daemon's memory
    daemon.start()
    point.check_kept()
    return hits, took


def running_faults(score, options):
    with Box("fault") as box:
        shim = Faults(box, options.bin)
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin, env=shim.env)
        daemon.start()
        api = daemon.api(timeout=10)
        api.add_provider("fake", model.url)
        number = 0
        for kind in KINDS:
            with score.case(f"fail the n-th while running: {kind[0]}", daemon):
                session = api.post("/sessions", {"title": kind[0], "model": "fake/fake"})["id"]
                hit, worst, clean = 0, 0.0, 0
                for nth in (range(1, LONG_LIMIT) if options.long else SHORT_POINTS):
                    number += 1
                    hits, took = run_point(daemon, api, session, shim, kind, nth, number)
                    hit, worst = hit + (hits > 0), max(worst, took)
                    clean = clean + 1 if hits == 0 else 0
                    if clean >= 3:
                        break
                if hit == 0:
                    raise Broken("no call was ever hit: the case proves nothing")
                if api.post("/audit/verify", {}).get("ok") is not True:
                    raise Broken("the audit log does not verify")
                print(f"       {hit} points hit, slowest recovery {worst:.2f} s", flush=True)
            if not daemon.is_alive():
                with contextlib.suppress(Exception):
                    daemon.start()


def told_health(score, options):
    """Who asks whether the daemon is ready hears of a full disk while it is full, and of its end without another message."""
    with Box("faulthealth") as box:
        shim = Faults(box, options.bin)
        daemon = Daemon(box, options.bin, env=shim.env)
        daemon.start()
        with score.case("health while the disk is full", daemon):
            api = daemon.api(timeout=10)
            point = Point(daemon, api, api.post("/sessions", {"title": "health"})["id"])
            if (found := readiness(api)) != (200, "ok"):
                raise Broken(f"before the fault: {found}")
            name, mode, kinds, error, repeat = KINDS[0]
            shim.arm(mode, 1, kinds, error, repeat)
            try:
                if point.send("on a full disk"):
                    raise Broken("a message was acknowledged on a full disk")
                end = time.monotonic() + FULL
                while time.monotonic() < end:
                    if (found := readiness(api)) != (503, "down"):
                        raise Broken(f"while the disk is full: {found}")
                    time.sleep(0.1)
            finally:
                _, hits = shim.disarm()
            if hits == 0:
                raise Broken("no call was ever hit: the case proves nothing")
            gone = time.monotonic()
            wait_until(lambda: readiness(api) == (200, "ok"), RECOVERY, "ready again after the disk has room")
            print(f"       ready {time.monotonic() - gone:.2f} s after the disk had room", flush=True)
            point.recover(time.monotonic())
            point.check_kept()


def readiness(api):
    """(status, what it says of the store)"""
    status, answer = api.call("GET", "/health/ready")
    return status, next((c["state"] for c in answer.get("components", ()) if c["name"] == "store"), answer)


def starting_faults(score, options):
    with Box("startfault") as box:
        shim = Faults(box, options.bin)
        daemon = Daemon(box, options.bin, env=shim.env)
        daemon.start()
        api = daemon.api()
        session = api.post("/sessions", {"title": "kept"})["id"]
        for name, mode, kinds, error, repeat in KINDS:
            with score.case(f"fail the n-th while starting: {name}", daemon):
                hit, clean = 0, 0
                for nth in (range(1, LONG_LIMIT) if options.long else START_POINTS):
                    daemon.kill9()
                    shim.arm(mode, nth, kinds, error, repeat)
                    daemon.spawn()
                    code = started_or_ended(daemon)
                    _, hits = shim.disarm()
                    hit, clean = hit + (hits > 0), clean + 1 if hits == 0 else 0
                    if code is not None:
                        if code <= 0:
                            raise Broken(f"n={nth}: the start ended with {code}")
                        said = [line for line in daemon.lines if "error" in line][-1:]
                        if not said:
                            raise Broken(f"n={nth}: exit {code} without a word")
                        daemon.start()
                    if api.get(f"/sessions/{session}")["title"] != "kept":
                        raise Broken("the store is not the same")
                    api.post("/sessions", {"title": "writable"})
                    if clean >= 3:
                        break
                if hit == 0:
                    raise Broken("no call was ever hit: the case proves nothing")
            if not daemon.is_alive():
                with contextlib.suppress(Exception):
                    daemon.start()


def started_or_ended(daemon):
    """None when it got ready, else its exit code."""
    try:
        daemon.wait_ready(20)
        return None
    except Broken:
        return wait_until(lambda: (daemon.process.poll(),) if daemon.process.poll() is not None else None, 5, "the end of a failed start")[0]


CASES = [("fault-running", running_faults), ("fault-health", told_health), ("fault-starting", starting_faults)]
