# SPDX-License-Identifier: MIT
"""kill -9 around http.request: a server counts what really arrived. A POST is never sent twice unless a person said so; a GET may be."""
import collections
import contextlib
import http.server
import os
import random
import signal
import threading
import time

import evidence
from lab import Box, Broken, Daemon
from recording_model import RecordingModel
from world import GONE

POLICY = "name: crash\ntools:\n  allowed:\n    - tool: http.request\n      domains: [\"127.0.0.1:{port}\"]\n"
ENDED = ("completed", "failed", "cancelled", "needs_attention")


class CountingServer:
    """Counts requests by method and path, and keeps when each arrived; may strike the daemon before or after its answer."""

    def __init__(self, strike):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with server.lock:
                    server.arrived[(self.command, self.path)] += 1
                    server.seen.append((self.command, self.path, int(time.time() * 1000)))
                moment = server.moments.pop(self.path, None)
                if moment == "before":
                    strike()
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                if moment == "after":
                    strike()
            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.arrived, self.seen, self.moments, self.lock = collections.Counter(), [], {}, threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def check_posts(arrived, retried):
    """`retried`: path -> how often a person said retry."""
    for (method, path), times in arrived.items():
        if method == "POST" and times > 1 + retried.get(path, 0):
            raise Broken(f"POST {path} arrived {times} times and a person asked for {retried.get(path, 0)} retries")


def http_under_kills(score, options):
    rounds = 200 if options.long else 24
    rng = random.Random(options.seed)
    with Box("http") as box:
        daemon = Daemon(box, options.bin)

        def strike():
            if daemon.is_alive():
                os.kill(daemon.pid, signal.SIGKILL)

        server = CountingServer(strike)
        model = box.own(RecordingModel())
        unknown, retried, turns = 0, {}, []
        with score.case(f"{rounds} kills around real requests", daemon):
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
                method = rng.choice(["POST", "POST", "GET"])
                target = f"/{method.lower()}-{number}"
                moment = rng.choice(["before", "after", "timed"])
                if moment != "timed":
                    server.moments[target] = moment
                session = api.post("/sessions", {"model": "fake/fake"})["id"]
                turn = api.post(f"/sessions/{session}/messages", {"text": f"#http:{method}:http://127.0.0.1:{server.port}{target}"})["turn_id"]
                turns.append(turn)
                if moment == "timed":
                    time.sleep(rng.uniform(0.0, 0.12))
                    daemon.kill9()
                    daemon.start()
                else:
                    daemon.process.wait(15)
                    daemon.reap()
                    daemon.start()
                row = settle(api, turn)
                if row["state"] == "needs_attention":
                    step = next(s for s in row["steps"] if s["state"] == "unknown")
                    if method == "GET":
                        raise Broken(f"a GET asks for a person: {row['steps']}")
                    unknown += 1
                    resolution = rng.choice(["retry", "treat_as_done", "abandon"])
                    if resolution == "retry":
                        retried[target] = retried.get(target, 0) + 1
                    api.post(f"/turns/{turn}/resume", {"step_id": step["id"], "resolution": resolution})
                    settle(api, turn)
                elif method == "POST" and moment == "before" and server.arrived[("POST", target)] == 1 and row["state"] == "completed" \
                        and not any(s["tool"] == "http.request" and s["state"] in ("failed", "unknown") for s in row["steps"]):
                    raise Broken(f"a POST whose answer never came is called done: {row['steps']}")
                check_posts(server.arrived, retried)
            if unknown == 0:
                raise Broken("no POST was ever in doubt: the kills missed their moment")
            rows = api.pages("/egress")
            if any(r["state"] == "open" for r in rows):
                raise Broken("the egress list has open rows of a daemon that died")
            # Evidence before effect: whatever arrived is on record, with an earlier intent of its own tool and arguments.
            if sum(server.arrived.values()) > len(rows):
                raise Broken(f"{sum(server.arrived.values())} requests arrived, {len(rows)} are on record")
            check_evidence(daemon, [s for turn in turns for s in api.turn(turn)["steps"]],
                           [(None, "http.request", {"method": method, "url": f"http://127.0.0.1:{server.port}{path}"}, seen) for method, path, seen in server.seen])
            check_records(daemon, api, rows)
            print(f"       {dict(collections.Counter(m for m, _ in server.arrived.elements()))} arrived, {unknown} in doubt, {sum(retried.values())} retried by a person", flush=True)
        with score.case("control: the check sees a POST that arrived twice"):
            with contextlib.suppress(Broken):
                check_posts({("POST", "/x"): 2}, {})
                raise AssertionError("the check did not notice")
        server.close()


def check_evidence(daemon, steps, effects):
    """S13 with real effects: nothing of the outside world happened before its intent was durable."""
    entries = evidence.exported(daemon)
    evidence.check(entries, steps, effects)
    evidence.control(entries, [], effects)
    long_ago = 946_684_800_000  # in 2000, in the milliseconds of the log
    late = [(step, tool, arguments, long_ago) for step, tool, arguments, _ in effects[:1]]
    try:
        evidence.check(entries, [], late)
    except Broken:
        return
    raise Broken("the evidence check does not see that an intent came after its effect")


def check_records(daemon, api, rows):
    """Each request has its row in the audit log and its span in the trace, one that a crash cut off too."""
    if not any(r["state"] == "unknown" for r in rows):
        raise Broken("no request was cut off: the kills missed their moment")
    told = collections.Counter(e["detail"]["state"] for e in evidence.exported(daemon) if e["kind"] == "egress.request")
    listed = collections.Counter(r["state"] for r in rows)
    if told != listed:
        raise Broken(f"the egress list has {dict(listed)}, the audit log {dict(told)}")
    for turn in {r["turn_id"] for r in rows}:
        spans = {s["attributes"]["pryx.egress.number"] for s in api.get(f"/traces/{turn}")["spans"] if s["kind"] == "request"}
        missing = [r for r in rows if r["turn_id"] == turn and r["number"] not in spans]
        if missing:
            raise Broken(f"requests that are in no trace: {missing}")


def settle(api, turn, limit=20):
    end = time.monotonic() + limit
    while True:
        with contextlib.suppress(*GONE):
            row = api.turn(turn)
            if row["state"] in ENDED:
                return row
        if time.monotonic() > end:
            raise Broken(f"the turn is {row['state']} after {limit} s: {[(s['kind'], s['state']) for s in row['steps']]}")
        time.sleep(0.02)


CASES = [("http", http_under_kills)]
