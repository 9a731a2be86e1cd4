# SPDX-License-Identifier: MIT
"""What an end-to-end case is given: a folder of its own, daemons on it, their API, the CLI with and without a terminal, and a model that
says what the case wants. Builds on tests/support/lab.py. A case is a function `def name(lab)` marked with @case; it fails by raising.
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "support"))

import lab as support  # noqa: E402
from lab import EPHEMERAL, Broken, Skip, percentile, wait_until  # noqa: E402,F401

ENDED = ("turn.completed", "turn.failed", "turn.cancelled", "turn.needs_attention")
STOP_LIMIT = 3.0  # seconds that the contract gives a stop
CASES = []


def case(function=None, *, limit=90):
    """Registers a case. `limit`: seconds after which the runner ends it."""
    def register(f):
        module = pathlib.Path(sys.modules[f.__module__].__file__).stem.removesuffix("_test")
        CASES.append({"name": f"{module}: {f.__name__.replace('_', ' ')}", "function": f, "limit": limit})
        return f
    return register(function) if function else register


def expect(condition, message):
    if not condition:
        raise Broken(message if isinstance(message, str) else repr(message))


def equal(found, wanted, what):
    if found != wanted:
        raise Broken(f"{what}: expected {short(wanted)}, found {short(found)}")


def contains(text, piece, what):
    if piece not in text:
        raise Broken(f"{what}: {piece!r} is not in {short(text)}")


def lacks(text, piece, what):
    if piece in text:
        at = text.index(piece)
        raise Broken(f"{what}: {piece!r} must not be in {short(text[max(0, at - 200):at + 200])}")


def short(value, limit=1200):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def sanitized(binaries):
    """Whether these binaries carry a sanitizer: they are slower, and a figure of theirs says nothing."""
    return "asan" in str(binaries) or "tsan" in str(binaries)


class Daemon(support.Daemon):
    """`pryx serve`; without a `listen` of its own on a free port."""

    def __init__(self, lab, home, args, env, listen):
        super().__init__(lab.box, lab.binaries, home=home, args=args, env=env)
        self.listen = listen
        self.out = b""

    def spawn(self, listen=None):
        self.ready = None
        command = [self.program, "serve", *(["--listen", self.listen] if self.listen else []), *self.args]
        self.spawned_at = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), cwd="/",
                                        start_new_session=True)
        self.starts += 1
        self.read_log()
        return self

    def refused(self, code, limit=30):
        """Starts one that must end by itself with `code`; returns its stderr."""
        done = subprocess.run([self.program, "serve", *(["--listen", self.listen] if self.listen else []), *self.args], stdin=subprocess.DEVNULL,
                              capture_output=True, env=self.environment(), cwd="/", timeout=limit)
        codes = code if isinstance(code, tuple) else (code,)
        expect(done.returncode in codes, f"exit code {done.returncode}, not {code}, of a serve that must refuse ({done.stderr.decode(errors='replace')[-600:]})")
        equal(done.stdout, b"", "stdout of a serve that refused")
        return done.stderr.decode()

    def log(self):
        return "\n".join(self.lines)

    @property
    def core_file(self):
        return self.home / "run" / "core.json"

    def api(self, token=None, timeout=30):
        return Api(self, token, timeout)

    def tcp(self, *scopes):
        """The API over TCP with a token of these scopes (all without any)."""
        return Api(self, self.api().make_token("case", scopes or ("admin",)), 30)

    def restart(self):
        self.stop()
        self.start()

    def cli(self, *args, stdin="", timeout=60, check=None, env=None, cwd="/"):
        """Runs a verb to its end: an object with code, out, err."""
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = subprocess.run([self.program, *map(str, args)], input=data, capture_output=True, env={**self.environment(), **(env or {})}, timeout=timeout, cwd=cwd)
        result = Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), " ".join(map(str, args)))
        if check is not None:
            result.must(check)
        return result


class Ran:
    def __init__(self, code, out, err, command):
        self.code, self.out, self.err, self.command = code, out, err, command

    def must(self, code):
        if self.code != code:
            raise Broken(f"pryx {self.command} exited with {self.code}, not {code}\nstdout: {self.out[-600:]}\nstderr: {self.err[-800:]}")
        return self

    def json(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            raise Broken(f"pryx {self.command} printed no JSON ({error}): {short(self.out)}") from None

    def lines(self):
        """One object a line."""
        try:
            return [json.loads(line) for line in self.out.splitlines()]
        except json.JSONDecodeError as error:
            raise Broken(f"pryx {self.command} printed a line that is no JSON ({error}): {short(self.out)}") from None


class Answer:
    """One HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Api(support.Api):
    def request(self, method, path, body=None, headers=None):
        """Any path, whole answer. `body` may be an object or bytes."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        extra = {"Content-Type": "application/json"} if data is not None else {}
        status, got, text = self.raw(method, path, data, {**extra, **(headers or {})})
        return Answer(status, got, text)

    def must_refuse(self, method, path, status, body=None, headers=None):
        """The problem of a request that must be refused with `status`."""
        code, problem = self.call(method, path, body, headers)
        equal(code, status, f"status of {method} {path} ({short(problem)})")
        expect(re.fullmatch(r"PRYX-[0-9]{4}", problem.get("code", "")), f"{method} {path}: the problem has no code: {short(problem)}")
        equal(problem["status"], status, f"status inside the problem of {method} {path}")
        expect(problem["detail"] and problem["request_id"], f"{method} {path}: a problem without detail or request id: {short(problem)}")
        return problem

    def session(self, **fields):
        return self.post("/sessions", fields, 201)["id"]

    def send(self, session, text, **fields):
        """The id of the accepted turn."""
        return self.post(f"/sessions/{session}/messages", {"text": text, **fields}, 202)["turn_id"]

    def run(self, session, text, limit=30, **fields):
        """Sends and waits for the end; the turn."""
        return self.wait_turn(self.send(session, text, **fields), limit)

    def transcript(self, session):
        return self.pages(f"/sessions/{session}/messages")

    def pending(self, turn, limit=15):
        """The approval that this turn waits for."""
        def find():
            return next((a for a in self.get("/approvals?state=pending")["items"] if a["turn_id"] == turn), None)
        return wait_until(find, limit, f"an approval of {turn}")

    def delete(self, path):
        status, answer = self.call("DELETE", path)
        equal(status, 204, f"status of DELETE {path} ({short(answer)})")


def answer_of(transcript):
    """The text of the last assistant message."""
    for message in reversed(transcript):
        if message["role"] == "assistant":
            return "".join(p["text"] for p in message["parts"] if p["type"] == "text")
    return ""


def collect(bus, until, limit=30):
    """Events from the bus up to and with the first for which until(event) is true."""
    events, end = [], time.monotonic() + limit
    while time.monotonic() < end:
        event = bus.next(max(0.05, end - time.monotonic()))
        if event is None:
            break
        events.append(event)
        if until(event):
            return events
    raise Broken(f"the bus never sent what was waited for; last: {short([e['event'] for e in events[-20:]])}")


def ask(bus, event, payload, limit=15):
    """Sends a request over the bus; (its answer, the events that came before it)."""
    bus.request(event, payload)
    got = collect(bus, lambda m: m["type"] in ("response", "error") and m["event"] == event, limit)
    return got[-1], got[:-1]


class Lab:
    def __init__(self, binaries, box):
        self.binaries, self.box = str(pathlib.Path(binaries).resolve()), box
        self.program = f"{self.binaries}/pryx"

    def daemon(self, *args, env=None, home=None, listen="127.0.0.1:0", start=True, safe_mode=False):
        home = pathlib.Path(home or self.box.home())
        daemon = Daemon(self, home, [*args, *([] if safe_mode else ["--no-safe-mode"])], env, listen)
        if start:
            daemon.start()
        return daemon

    def model(self, daemon=None, name="fake", **options):
        """A scripted model; when a daemon is given it becomes its provider `fake` with the default model fake/fake."""
        from model import ScriptedModel
        model = self.box.own(ScriptedModel(**options))
        if daemon:
            api = daemon.api()
            api.add_provider(name, model.url)
            api.put("/settings", {"settings": {"model.default": f"{name}/fake"}})
        return model

    def workspace(self, files=None, name="work"):
        """A folder that the daemon's user can read and write, whoever that is."""
        folder = self.box.root / name
        folder.mkdir(exist_ok=True)
        for path, text in (files or {}).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        for entry in [folder, *folder.rglob("*")]:
            entry.chmod(0o777 if entry.is_dir() else 0o666)
        return folder

    def write_config(self, daemon, name, text, mode=0o600):
        """A person edits a file under config/: replaced as a whole, as editors do, and left to whom the folder belongs."""
        path = daemon.home / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.edit")
        scratch.write_text(text)
        owner = path.parent.stat()
        os.chown(scratch, owner.st_uid, owner.st_gid)
        scratch.chmod(mode)
        scratch.rename(path)
        return path

    def terminal(self, daemon, *args, **options):
        from terminal import Terminal
        env = {**daemon.environment(), "TERM": "xterm-256color", **options.pop("env", {})}
        return self.box.own(Terminal([self.program, *map(str, args)], env, **options))


def end_all(box):
    """Ends what a case started. What a sanitizer said of a daemon, be it in its last moment as of leaks, fails the case."""
    daemons = [c for c in box.closers if isinstance(c, support.Daemon)]
    box.close()
    told = [d.tail() for d in daemons if d.sanitizer_report()]
    if told:
        raise Broken("a sanitizer reported\n" + "\n".join(told))


def is_root():
    return os.geteuid() == 0


def daemon_uid(daemon):
    return pathlib.Path(f"/proc/{daemon.pid}").stat().st_uid


def kill(pid, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def zombies_of(pid):
    """Children of the process that ended and that nobody has waited for."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state == "Z" and int(parent) == pid:
                found.append(int(entry.name))
    return found


def no_zombies(daemon, what):
    """The moment between an end and its wait is no zombie; what stays is."""
    wait_until(lambda: not zombies_of(daemon.pid), 2, f"the daemon waited for every child after {what}")


def stop_within(daemon, limit=STOP_LIMIT):
    code, seconds = daemon.stop()
    equal(code, 0, "exit code after SIGTERM")
    expect(seconds < limit, f"the stop took {seconds:.2f} s")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def raw_http(port, text, limit=10):
    """Bytes in, status and text out, over plain TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit) as s:
        s.sendall(text.encode() if isinstance(text, str) else text)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while piece := s.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]) if head.startswith(b"HTTP/") else 0, head.decode(errors="replace"), body
