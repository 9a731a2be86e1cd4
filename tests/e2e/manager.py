#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A service manager for tests, under the names that a program knows one by: systemctl --user and systemd-run --user. Notes what it was told in
$FAKE_MANAGER/calls.jsonl and does it as the real one would: a service of Type=notify starts in a session and with an environment of its own,
and the call returns when it said that it is ready. Standard library only.
"""
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

PLACE = pathlib.Path(os.environ["FAKE_MANAGER"])
PID = PLACE / "main.pid"
READY_LIMIT = 10


def running():
    try:
        pid = int(PID.read_text())
        return pid if alive(pid) else 0
    except (OSError, ValueError):
        return 0


def start(command, environment):
    """Waits for READY=1; the exit code of the call."""
    if running():
        return 0
    path = PLACE / f"notify-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(0.1)
        # The manager's own environment, which knows nothing of the shell that called.
        own = {k: os.environ[k] for k in ("HOME", "XDG_RUNTIME_DIR", "LANG") if k in os.environ}
        with open(PLACE / "journal", "ab") as journal:
            child = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", **own, **environment, "NOTIFY_SOCKET": str(path)}, stdin=subprocess.DEVNULL,
                                     stdout=journal, stderr=journal, cwd="/", start_new_session=True)
        PID.write_text(str(child.pid))
        end = time.monotonic() + READY_LIMIT
        while time.monotonic() < end and child.poll() is None:
            try:
                if b"READY=1" in notify.recv(4096).split(b"\n"):
                    return 0
            except TimeoutError:
                continue
    print(f"Job for the service failed (exit code {child.poll()})", file=sys.stderr)
    return 1


def stop():
    pid = running()
    if pid:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 10
        while time.monotonic() < end and alive(pid):
            time.sleep(0.02)
    PID.unlink(missing_ok=True)
    return 0


def alive(pid):
    """Nobody waits for it here, so its end may be seen as a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def systemctl(words):
    verb, unit = words[0], words[-1]
    folder = pathlib.Path(os.environ.get("XDG_CONFIG_HOME") or pathlib.Path(os.environ["HOME"]) / ".config") / "systemd" / "user"
    if verb == "daemon-reload":
        return 0
    if not (folder / unit).exists():
        print(f"Unit {unit} does not exist", file=sys.stderr)
        return 5
    line = next(x for x in (folder / unit).read_text().splitlines() if x.startswith("ExecStart="))
    if verb == "start" or words[:2] == ["enable", "--now"]:
        return start(shlex.split(line.removeprefix("ExecStart=").replace("%%", "%")), {})
    if verb == "stop" or words[:2] == ["disable", "--now"]:
        return stop()
    print(f"Unknown command {verb}", file=sys.stderr)
    return 1


def systemd_run(words):
    environment = {}
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option.startswith("--setenv="):
            name, value = option.removeprefix("--setenv=").split("=", 1)
            environment[name] = value
    return start(words, environment)


def main():
    name, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    with open(PLACE / "calls.jsonl", "a") as calls:
        calls.write(json.dumps([name, *words]) + "\n")
    if not words or words.pop(0) != "--user":
        print("only the manager of a user is played here", file=sys.stderr)
        return 1
    return systemd_run(words) if name == "systemd-run" else systemctl(words)


if __name__ == "__main__":
    sys.exit(main())
