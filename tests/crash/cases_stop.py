# SPDX-License-Identifier: MIT
"""Ordered ends and honest refusals: SIGTERM while a turn streams, a second daemon, a lost key, a stale core.json."""
import hashlib
import json
import os
import time

from lab import Box, Broken, Daemon, wait_until
from recording_model import RecordingModel

STOP_LIMIT = 3.0


def folder_state(folder):
    """Names and hashes of everything in a folder but the lock files, which name whoever tried last."""
    state = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".lock":
            continue
        state[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "dir"
    return state


def stop_while_streaming(score, options):
    with Box("stop") as box:
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin)
        with score.case("SIGTERM while turns stream: exit 0 within 3 s, the turns go on after the next start", daemon):
            daemon.start()
            api = daemon.api()
            api.add_provider("fake", model.url)
            sessions = [api.post("/sessions", {"model": "fake/fake"})["id"] for _ in range(4)]
            turns = [api.post(f"/sessions/{s}/messages", {"text": f"long #list #stream:1.5 {i}"})["turn_id"] for i, s in enumerate(sessions)]
            asked = api.post(f"/sessions/{sessions[0]}/messages", {"text": "queued behind"})["turn_id"]
            wait_until(lambda: model.open_streams >= 4, 10, "four streams")
            bus = api.bus()
            time.sleep(0.3)
            code, took = daemon.stop()
            if code != 0 or took > STOP_LIMIT:
                raise Broken(f"SIGTERM: exit {code} after {took:.2f} s")
            left = [p for p in ("run/core.json", "run/pryx.sock") if (daemon.home / p).exists()]
            if "run/core.json" in left:
                raise Broken(f"a clean stop leaves {left}")
            bus.close()
            daemon.start()
            for turn in [*turns, asked]:
                ended = api.wait_turn(turn)
                if ended["state"] != "completed":
                    raise Broken(f"after the restart turn {turn} ended {ended['state']}: {ended['error']}")
            print(f"       stopped in {took:.2f} s", flush=True)
        with score.case("SIGTERM while a person is asked: the question is still open after the next start", daemon):
            turn = api.post(f"/sessions/{sessions[1]}/messages", {"text": "#list #save:fact"})["turn_id"]
            approval = wait_until(lambda: api.get("/approvals?state=pending")["items"], 10, "an approval")[0]
            code, took = daemon.stop()
            if code != 0 or took > STOP_LIMIT:
                raise Broken(f"SIGTERM: exit {code} after {took:.2f} s")
            daemon.start()
            again = wait_until(lambda: api.get("/approvals?state=pending")["items"], 10, "the approval after the restart")[0]
            if again["id"] != approval["id"]:
                raise Broken(f"approval {approval['id']} became {again['id']}")
            api.post(f"/approvals/{again['id']}", {"decision": "approve"})
            ended = api.wait_turn(turn)
            if ended["state"] != "completed":
                raise Broken(f"the answered turn ended {ended['state']}: {ended['error']}")
        with score.case("an intact database after ordered stops", daemon):
            if api.post("/audit/verify", {}).get("ok") is not True:
                raise Broken("the audit log does not verify")


def refusals(score, options):
    with Box("refuse") as box:
        daemon = Daemon(box, options.bin)
        with score.case("a second daemon on the same home exits 5 and names the first one", daemon):
            daemon.start()
            second = Daemon(box, options.bin, home=daemon.home).spawn()
            code = second.reap(20)
            time.sleep(0.1)
            said = "\n".join(second.lines)
            if code != 5 or str(daemon.pid) not in said:
                raise Broken(f"exit {code}: {said}")
            daemon.api().get("/status")
        with score.case("without the database key: exit 4, nothing changed, and it starts again with the key", daemon):
            api = daemon.api()
            session = api.post("/sessions", {"title": "kept"})["id"]
            daemon.stop()
            key, hidden = daemon.home / "config/master.key", box.root / "key"
            os.rename(key, hidden)
            before = folder_state(daemon.home / "data"), folder_state(daemon.home / "config")
            refused = Daemon(box, options.bin, home=daemon.home).spawn()
            code = refused.reap(20)
            time.sleep(0.1)
            if code != 4:
                raise Broken(f"exit {code}\n{refused.tail()}")
            after = folder_state(daemon.home / "data"), folder_state(daemon.home / "config")
            if before != after:
                raise Broken(f"the refused start changed something: {set(before[0].items()) ^ set(after[0].items())} {set(before[1].items()) ^ set(after[1].items())}")
            os.rename(hidden, key)
            daemon.start()
            if api.get(f"/sessions/{session}")["title"] != "kept":
                raise Broken("the session is not the same")
        with score.case("a wrong database key: exit 4, nothing changed", daemon):
            daemon.stop()
            right = key.read_bytes()
            digits = right.rstrip()
            key.write_bytes(digits[:-1] + (b"1" if digits.endswith(b"0") else b"0") + b"\n")
            before = folder_state(daemon.home / "data")
            refused = Daemon(box, options.bin, home=daemon.home).spawn()
            code = refused.reap(20)
            time.sleep(0.1)
            after = folder_state(daemon.home / "data")
            key.write_bytes(right)
            if code != 4 or after != before:
                raise Broken(f"exit {code}, changed: {sorted(name for name, _ in set(before.items()) ^ set(after.items()))}\n{refused.tail()}")
            daemon.start()
        with score.case("a stale core.json is no running daemon, and does not hinder a start", daemon):
            daemon.kill9()
            core = daemon.home / "run/core.json"
            record = json.loads(core.read_text())
            shown = daemon.cli("status", "--no-start")
            if shown.returncode != 8:
                raise Broken(f"`pryx status --no-start` after a crash exits {shown.returncode}: {shown.stdout} {shown.stderr}")
            # The same file with the pid of a process that lives, but is another one.
            record["pid"] = os.getpid()
            core.write_text(json.dumps(record))
            shown = daemon.cli("status", "--no-start")
            if shown.returncode != 8:
                raise Broken(f"with another process's pid `pryx status --no-start` exits {shown.returncode}: {shown.stdout} {shown.stderr}")
            daemon.start()
            if json.loads(core.read_text())["pid"] != daemon.pid:
                raise Broken("core.json does not name the running daemon")


CASES = [("stop", stop_while_streaming), ("refuse", refusals)]
