# SPDX-License-Identifier: MIT
# Over 500 lines: one small class for each thing a test drives, all used together.
"""What the programs under tests/ and bench/ share to drive a real daemon: a private home, the daemon's process, its API over socket and
TCP, server-sent events and the bus. Standard library only; one thread may use one Api at a time unless it says otherwise.
"""
import base64
import collections
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import pty
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
READY_LIMIT = 60.0  # a sanitizer build on a busy machine; figures are measured elsewhere


class Broken(Exception):
    """The product did what it must not do."""


def raise_file_limit():
    """As many descriptors as the machine allows; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def wait_until(check, limit, what, pause=0.02):
    """The first true value of check() within `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {limit:g} s")
        time.sleep(pause)


class Box:
    """A folder of one's own that a daemon started as root can hand to its user, and everything that runs in it."""

    def __init__(self, name):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=f"pryx-{name}-"))
        self.root.chmod(0o711)  # the daemon's own user has to get through
        self.closers = []

    def home(self, name="home"):
        home = self.root / name
        home.mkdir(exist_ok=True)
        return home

    def own(self, closer):
        self.closers.append(closer)
        return closer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for closer in reversed(self.closers):
            with contextlib.suppress(Exception):
                closer.close()
        shutil.rmtree(self.root, ignore_errors=True)


class Daemon:
    """One `pryx serve` after the other on one home."""

    def __init__(self, box, binaries, home=None, args=("--no-safe-mode",), env=None, prefix=()):
        self.program = str(pathlib.Path(binaries).resolve() / "pryx")
        self.home = pathlib.Path(home or box.home())
        self.args = list(args)
        self.extra_env = dict(env or {})
        self.prefix = list(prefix)
        self.process = None
        self.ready = None
        self.lines = collections.deque(maxlen=3000)
        self.starts = 0
        self.up = threading.Event()
        box.own(self)

    def environment(self):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("PRYX_", "XDG_", "NOTIFY_SOCKET", "GTEST_"))}
        return {**keep, "PRYX_HOME": str(self.home), **self.extra_env}

    def spawn(self, listen="127.0.0.1:0"):
        self.ready = None
        command = [*self.prefix, self.program, "serve", "--listen", listen, *self.args]
        self.spawned_at = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), cwd="/",
                                        start_new_session=True)
        self.starts += 1
        self.lines.append(f"--- start {self.starts}, pid {self.process.pid}")
        threading.Thread(target=self._drain, args=(self.process,), daemon=True).start()
        return self

    def _drain(self, process):
        for line in process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip())
        process.stderr.close()

    def wait_ready(self, limit=READY_LIMIT):
        """Milliseconds from exec to the ready line; raises when there is none."""
        line, end = b"", time.monotonic() + limit
        fd = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise Broken(f"no ready line within {limit:g} s\n{self.tail()}")
            got = os.read(fd, 65536)
            if not got:
                code = self.process.wait(10)
                time.sleep(0.05)
                raise Broken(f"the daemon ended with {code} before it was ready\n{self.tail()}")
            line += got
        took = (time.perf_counter() - self.spawned_at) * 1000
        self.ready = json.loads(line)
        if self.ready.get("event") != "ready" or self.ready.get("pid") != self.process.pid:
            raise Broken(f"the ready line is wrong: {line!r}")
        self.up.set()
        return took

    def start(self, limit=READY_LIMIT):
        self.spawn()
        return self.wait_ready(limit)

    @property
    def pid(self):
        return self.process.pid

    @property
    def port(self):
        return int(self.ready["url"].rsplit(":", 1)[1])

    @property
    def socket(self):
        return self.ready["socket"]

    def is_sanitized(self):
        """True for a build with AddressSanitizer, whose memory and times are not the product's."""
        return b"__asan_init" in pathlib.Path(self.program).read_bytes()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        self.up.clear()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        return self.reap()

    def reap(self, limit=30):
        code = self.process.wait(limit)
        self.up.clear()
        self.process.stdout.close()
        return code

    def stop(self, limit=15):
        """SIGTERM; (exit code, seconds)."""
        self.up.clear()
        begin = time.monotonic()
        self.process.terminate()
        code = self.reap(limit)
        return code, time.monotonic() - begin

    def tail(self, count=25):
        return "\n".join("    | " + line[:600] for line in list(self.lines)[-count:])

    def close(self):
        if not self.is_alive():
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def api(self, **options):
        return Api(self, **options)

    def cli(self, *args, stdin="", timeout=60, check=None, binary=False):
        """Runs a verb against this home. `check`: the exit code it must have."""
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = subprocess.run([self.program, *args], input=data, capture_output=True, env=self.environment(), timeout=timeout, cwd="/")
        if check is not None and done.returncode != check:
            raise Broken(f"pryx {' '.join(args)} exited with {done.returncode}, not {check}\n{done.stderr.decode(errors='replace')[-800:]}")
        if not binary:
            done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return done


    def terminal(self, *args, columns=100, timeout=60):
        """Runs a verb on a terminal of its own, without colours: (exit code, everything it wrote there, as text)."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        env = {**self.environment(), "TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "1"}
        process = subprocess.Popen([self.program, *args], stdin=slave, stdout=slave, stderr=slave, env=env, cwd="/", start_new_session=True)
        os.close(slave)
        out, end = b"", time.monotonic() + timeout
        try:
            while time.monotonic() < end:
                if not select.select([master], [], [], 0.1)[0]:
                    if process.poll() is not None:
                        break
                    continue
                try:
                    got = os.read(master, 65536)
                except OSError:  # the last one closed the terminal
                    break
                if not got:
                    break
                out += got
            return process.wait(max(0.1, end - time.monotonic())), out.decode("utf-8")
        finally:
            process.kill()
            process.wait()
            os.close(master)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Api:
    """The HTTP API: over the Unix socket, or over TCP with a token. One connection per thread; never repeats a request by itself."""

    def __init__(self, daemon, token=None, timeout=30):
        self.daemon, self.token, self.timeout = daemon, token, timeout
        self.local = threading.local()

    def _connection(self):
        ready = self.daemon.ready
        if ready is None:
            raise ConnectionError("the daemon is down")
        if getattr(self.local, "ready", None) is not ready:
            self.local.ready = ready
            if self.token:
                self.local.connection = http.client.HTTPConnection("127.0.0.1", int(ready["url"].rsplit(":", 1)[1]), timeout=self.timeout)
            else:
                self.local.connection = _UnixConnection(ready["socket"], self.timeout)
        return self.local.connection

    def headers(self, extra=None):
        headers = dict(extra or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, bytes)"""
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=self.headers(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except Exception:
            connection.close()
            self.local.ready = None
            raise

    def call(self, method, path, body=None, headers=None):
        """(status, object)"""
        data = None if body is None else json.dumps(body).encode()
        status, _, text = self.raw(method, "/api/v1" + path, data, {"Content-Type": "application/json", **(headers or {})} if data is not None else headers)
        return status, json.loads(text) if text else {}

    def get(self, path):
        return self._must("GET", path, None, 200)

    def post(self, path, body, status=None):
        return self._must("POST", path, body, status or (200, 201, 202))

    def put(self, path, body):
        return self._must("PUT", path, body, (200, 201))

    def _must(self, method, path, body, allowed):
        status, answer = self.call(method, path, body)
        if status not in (allowed if isinstance(allowed, tuple) else (allowed,)):
            raise Broken(f"{method} {path} answered {status}: {json.dumps(answer)[:400]}")
        return answer

    def pages(self, path, limit=200):
        items, cursor = [], ""
        while True:
            mark = "&" if "?" in path else "?"
            page = self.get(f"{path}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def add_provider(self, name, base_url):
        self.put(f"/providers/{name}", {"kind": "openai", "base_url": base_url, "no_key": True})

    def make_token(self, name="lab", scopes=("admin",)):
        return self.post("/tokens", {"name": name, "scopes": list(scopes)})["token"]

    def turn(self, turn_id):
        return self.get(f"/turns/{turn_id}")

    def wait_turn(self, turn_id, limit=30, states=("completed", "failed", "cancelled", "needs_attention")):
        def ended():
            turn = self.turn(turn_id)
            return turn if turn["state"] in states else None
        return wait_until(ended, limit, f"turn {turn_id} in one of {'/'.join(states)}")

    def open_socket(self):
        """A plain connected socket to where this Api talks to."""
        ready = self.daemon.ready
        if ready is None:
            raise ConnectionError("the daemon is down")
        if self.token:
            return socket.create_connection(("127.0.0.1", int(ready["url"].rsplit(":", 1)[1])), timeout=self.timeout)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        sock.connect(ready["socket"])
        return sock

    def head(self, method, path, extra):
        host = "localhost" if not self.token else f"127.0.0.1:{int(self.daemon.ready['url'].rsplit(':', 1)[1])}"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in self.headers(extra).items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def stream(self, session, body, last_event_id=None):
        """Sends a message and yields (event, id, data object) until the server ends the stream. First yields ("status", code, None)."""
        headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        if self.daemon.ready is None:
            raise ConnectionError("the daemon is down")
        connection = _UnixConnection(self.daemon.ready["socket"], self.timeout) if not self.token else http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=self.timeout)
        try:
            connection.request("POST", f"/api/v1/sessions/{session}/messages", json.dumps(body).encode(), self.headers(headers))
            answer = connection.getresponse()
            yield "status", answer.status, None
            if answer.status != 200:
                return
            fields = {}
            for line in answer:
                line = line.decode().rstrip("\r\n")
                if line == "":
                    if "data" in fields:
                        yield fields.get("event"), fields.get("id"), json.loads(fields["data"])
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
        finally:
            connection.close()

    def bus(self, since=None, **options):
        return Bus(self, since, **options)


class Bus:
    """A client of the bus. next() returns one message (object), None after `timeout` without one; raises when the connection ends."""

    def __init__(self, api, since=None, query="", extra_headers=None):
        self.socket = api.open_socket()
        self.buffer = b""
        parts = ([f"since={since}"] if since is not None else []) + ([query] if query else [])
        path = "/api/v1/ws" + ("?" + "&".join(parts) if parts else "")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(api.head("GET", path, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key, **(extra_headers or {})}))
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101"):
            raise Broken(f"the bus answered {head[:120]!r}")
        expect = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        if expect not in head:
            raise Broken("the bus answered a wrong key")

    def _fill(self):
        got = self.socket.recv(262144)
        if not got:
            raise ConnectionError("the bus closed the connection")
        self.buffer += got

    def _frame(self):
        """One whole frame from the buffer, or None."""
        data = self.buffer
        if len(data) < 2:
            return None
        length, at = data[1] & 127, 2
        if length == 126:
            if len(data) < 4:
                return None
            length, at = struct.unpack(">H", data[2:4])[0], 4
        elif length == 127:
            if len(data) < 10:
                return None
            length, at = struct.unpack(">Q", data[2:10])[0], 10
        if len(data) < at + length:
            return None
        self.buffer = data[at + length:]
        return data[0], data[at:at + length]

    def next(self, timeout=10.0):
        end, text = time.monotonic() + timeout, b""
        while True:
            frame = self._frame()
            if frame is None:
                left = end - time.monotonic()
                if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                    return None
                self._fill()
                continue
            code, payload = frame[0] & 15, frame[1]
            if code == 8:
                raise ConnectionError("the bus said goodbye")
            if code == 9:
                self.send_frame(10, payload)
            if code in (0, 1):
                text += payload
                if frame[0] & 128:
                    return json.loads(text)

    def send_frame(self, code, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([128 | code])
        head += bytes([128 | size]) if size < 126 else bytes([128 | 126]) + struct.pack(">H", size) if size < 65536 else bytes([128 | 127]) + struct.pack(">Q", size)
        self.socket.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload)))

    def request(self, event, payload):
        self.send_frame(1, json.dumps({"type": "request", "event": event, "payload": payload}).encode())

    def close(self):
        self.socket.close()


class Score:
    """Counts named checks and prints the closing line that CI reads."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.begin = time.monotonic()

    @contextlib.contextmanager
    def case(self, name, daemon=None):
        begin, problem = time.monotonic(), None
        print(f"[ .. ] {name}", flush=True)
        try:
            yield
        except Skip as why:
            self.skipped += 1
            print(f"[skip] {name}: {why}", flush=True)
            return
        except Broken as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001: whatever breaks a check is reported as its failure
            import traceback
            problem = "".join(traceback.format_exception(error))[-2500:]
        took = time.monotonic() - begin
        if problem is None:
            self.passed += 1
            print(f"[ ok ] {name} ({took:.1f} s)", flush=True)
        else:
            self.failed += 1
            print(f"[FAIL] {name} ({took:.1f} s)\n{problem}" + (f"\n{daemon.tail()}" if daemon else ""), flush=True)

    def close(self):
        extra = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{extra}", flush=True)
        return 1 if self.failed or not self.passed else 0


class Skip(Exception):
    """This machine cannot run the case; the message says why."""


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p / 100 * len(ordered)))] if ordered else float("nan")


def status_kib(pid, field):
    """A kB field of /proc/PID/status, e.g. VmRSS."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def end_on_signal():
    """SIGTERM runs the cleanup too."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(143)))
