# SPDX-License-Identifier: MIT
"""Clients that take and never give: an honest one beside them keeps its p99, and the daemon its memory."""
import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

from lab import Box, Broken, Daemon, Skip, percentile, raise_file_limit, status_kib, wait_until
from recording_model import RecordingModel

HONEST_LIMIT_MS = 1000.0
MEMORY_LIMIT_MIB = 450  # the server's 256 MiB for request bytes of all connections, as much again while they grow, and itself
SANITIZER_FACTOR = 4    # what AddressSanitizer's shadow and quarantine make of it
CONNECTIONS = 10_000
LOCAL = ("127.0.0.1", "127.0.0.2", "127.77.7.7")  # what one local process may choose from


class Honest:
    """A client that lists, sends and reads all the time; keeps how long each request took."""

    def __init__(self, daemon, token):
        self.daemon, self.api = daemon, daemon.api(token=token, timeout=20)
        self.factor = SANITIZER_FACTOR if daemon.is_sanitized() else 1
        self.memory_limit = MEMORY_LIMIT_MIB * self.factor
        self.ms, self.problems, self.ended, self.peak_kib = [], [], False, 0
        self.session = daemon.api().post("/sessions", {"title": "honest", "model": "fake/fake"})["id"]
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _timed(self, method, path, body, allowed):
        begin = time.perf_counter()
        status, answer = self.api.call(method, path, body)
        self.ms.append((time.perf_counter() - begin) * 1000)
        if status not in allowed:
            self.problems.append(f"{method} {path} answered {status}: {str(answer)[:200]}")
        return answer

    def _work(self):
        number = 0
        while not self.ended:
            try:
                self._timed("GET", "/sessions?limit=20", None, (200,))
                if number % 5 == 0:
                    self._timed("POST", f"/sessions/{self.session}/messages", {"text": f"honest {number}"}, (202, 429))
                self._timed("GET", "/status", None, (200,))
                number += 1
                self.peak_kib = max(self.peak_kib, status_kib(self.daemon.pid, "VmRSS"))
            except Exception as error:  # noqa: BLE001
                self.problems.append(f"{type(error).__name__}: {error}")
                if len(self.problems) > 20:
                    return
            time.sleep(0.01)

    def end(self, what):
        self.ended = True
        self.thread.join(30)
        print(f"       {what}: {len(self.ms)} honest requests, p50 {percentile(self.ms, 50):.1f} ms, p99 {percentile(self.ms, 99):.1f} ms, peak RSS {self.peak_kib / 1024:.0f} MiB", flush=True)
        if self.problems:
            raise Broken(f"the honest client had {len(self.problems)} problems: " + "; ".join(self.problems[:4]))
        if len(self.ms) < 30 / self.factor or percentile(self.ms, 99) > HONEST_LIMIT_MS * self.factor:
            raise Broken(f"the honest client's p99 is {percentile(self.ms, 99):.0f} ms over {len(self.ms)} requests")
        if self.peak_kib / 1024 > self.memory_limit:
            raise Broken(f"the daemon grew to {self.peak_kib / 1024:.0f} MiB")


class Attack:
    """Many sockets to the daemon's TCP port, closed at the end."""

    def __init__(self, daemon, token):
        self.daemon, self.token, self.sockets = daemon, token, []

    def connect(self, count=1, read_buffer=None):
        made = []
        for _ in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            if read_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
            sock.settimeout(10)
            sock.connect(("127.0.0.1", self.daemon.port))
            made.append(sock)
        self.sockets += made
        return made

    def head(self, method, path, *lines, auth=True):
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.daemon.port}", *lines]
        if auth:
            head.append(f"Authorization: Bearer {self.token}")
        return ("\r\n".join(head) + "\r\n\r\n").encode()

    def upgrade(self, query=""):
        return self.head("GET", "/api/v1/ws" + query, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")

    def close(self):
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.close()


def send_quietly(sock, data):
    """False when the daemon ended the connection, which is its right."""
    try:
        sock.sendall(data)
        return True
    except OSError:
        return False


def answer_of(sock, limit=10):
    """What came back until the end or `limit` seconds."""
    data, end = b"", time.monotonic() + limit
    while time.monotonic() < end and len(data) < 65536:
        sock.settimeout(max(0.05, end - time.monotonic()))
        try:
            got = sock.recv(65536)
        except OSError:
            break
        if not got:
            break
        data += got
        if b"\r\n\r\n" in data and data.startswith(b"HTTP/1.1 4"):
            break
    return data


def slowloris(attack, seconds):
    """200 heads that never end, a byte at a time."""
    sockets = attack.connect(200)
    head = attack.head("GET", "/api/v1/sessions", auth=False)[:-2] + b"X-Slow: " + b"a" * 4096
    end, at = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        alive = [s for s in sockets if send_quietly(s, head[at:at + 1])]
        if len(alive) < len(sockets):  # dropped ones come back, as attackers do
            with contextlib.suppress(OSError):
                alive += attack.connect(len(sockets) - len(alive))
        sockets, at = alive, (at + 1) % (len(head) - 1)
        time.sleep(0.2)


def slow_bodies(attack, seconds):
    """200 bodies announced at 10 MiB, sent in drops."""
    sockets = attack.connect(200)
    for sock in sockets:
        send_quietly(sock, attack.head("POST", "/api/v1/sessions", "Content-Type: application/json", "Content-Length: 10485760") + b'{"title":"')
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for sock in sockets:
            send_quietly(sock, b"a" * 500)
        time.sleep(0.2)


def giant_bodies(attack, seconds):
    """Bodies over the limit, announced or not, and as many just under it as want to be held at once."""
    for length in ("1073741824", "10485761", "99999999999999999999999", "-1"):
        sock, = attack.connect()
        send_quietly(sock, attack.head("POST", "/api/v1/sessions", "Content-Type: application/json", f"Content-Length: {length}"))
        answer = answer_of(sock)
        if not answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")):
            raise Broken(f"a body of {length} bytes was answered with {answer[:100]!r}")
    sock, = attack.connect()
    send_quietly(sock, attack.head("POST", "/api/v1/sessions", "Content-Type: application/json", "Transfer-Encoding: chunked"))
    piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    sent = 0
    while sent < 64 and send_quietly(sock, piece):
        sent += 1
    if sent >= 64:
        raise Broken("64 MiB in chunks were taken")
    body = b'{"title":"' + b"a" * (10 << 20)
    threads = [threading.Thread(target=lambda s=s: send_quietly(s, attack.head("POST", "/api/v1/sessions", "Content-Type: application/json", f"Content-Length: {len(body) - 20}") + body[:-100]),
                                daemon=True) for s in attack.connect(60)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)


def deep_json(attack, seconds):
    """Brackets by the hundred thousand: refused, at once and without a crash."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b'{"title":"x","z":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", b'{"title":"' + b'\\u0000' * 200_000 + b'"}'):
            sock, = attack.connect()
            if not send_quietly(sock, attack.head("POST", "/api/v1/sessions", "Content-Type: application/json", f"Content-Length: {len(body)}") + body):
                continue
            answer = answer_of(sock)
            if not answer.startswith(b"HTTP/1.1 4"):
                raise Broken(f"deep JSON {body[:20]!r}… was answered with {answer[:100]!r}")
            sock.close()


def giant_frames(attack, seconds):
    """WebSocket frames of a gigabyte, unmasked ones, endless fragments, deep JSON inside."""
    frames = [bytes([0x81, 0xFF]) + struct.pack(">Q", 1 << 30) + b"\0\0\0\0" + b"x" * 4096, bytes([0x81, 0xFF]) + struct.pack(">Q", (1 << 63) + 5) + b"\0\0\0\0",
              bytes([0x81, 0x05]) + b"hello", bytes([0x89, 0xFE]) + struct.pack(">H", 4000) + b"\0\0\0\0" + b"p" * 4000]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for frame in frames:
            sock, = attack.connect()
            send_quietly(sock, attack.upgrade())
            if b"101" not in sock.recv(4096)[:20]:
                raise Broken("no upgrade")
            send_quietly(sock, frame)
            wait_closed(sock, frame[:10])
        sock, = attack.connect()
        send_quietly(sock, attack.upgrade())
        sock.recv(4096)
        deep = b"[" * 60_000
        send_quietly(sock, bytes([0x81, 0xFE]) + struct.pack(">H", len(deep)) + b"\0\0\0\0" + deep)
        part = bytes([0x01, 0xFF]) + struct.pack(">Q", 1 << 20) + b"\0\0\0\0" + b"f" * (1 << 20)
        go_on = bytes([0x00]) + part[1:]
        for i in range(64):
            if not send_quietly(sock, part if i == 0 else go_on):
                break
        else:
            raise Broken("64 MiB of fragments were taken")


def wait_closed(sock, what):
    end = time.monotonic() + 10
    sock.settimeout(10)
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            if time.monotonic() > end:
                raise Broken(f"the frame {what!r} did not end the connection")


def slow_readers(attack, seconds):
    """Bus clients and event streams that ask for everything and read nothing, while a model talks a lot."""
    api = attack.daemon.api()
    for sock in attack.connect(60, read_buffer=4096):
        send_quietly(sock, attack.upgrade("?since=0"))
    for i, sock in enumerate(attack.connect(30, read_buffer=4096)):
        session = api.post("/sessions", {"title": f"stream {i}", "model": "fake/fake"})["id"]
        body = b'{"text":"#stream:%d %s"}' % (seconds + 1, b"much to read " * 200)
        send_quietly(sock, attack.head("POST", f"/api/v1/sessions/{session}/messages", "Content-Type: application/json", "Accept: text/event-stream", f"Content-Length: {len(body)}") + body)
    # Pipelined requests whose answers nobody takes.
    for sock in attack.connect(20, read_buffer=4096):
        sock.settimeout(0.5)
        send_quietly(sock, attack.head("GET", "/openapi.json") * 200)
    large = api.post("/sessions", {"title": "large", "model": "fake/fake"})["id"]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        api.call("POST", f"/sessions/{large}/messages", {"text": "x" * 60_000})
        time.sleep(0.02)


def half_open_upgrades(attack, seconds):
    """1,000 upgrades that stop in the middle, and unauthenticated whole ones."""
    half = attack.upgrade()
    for i, sock in enumerate(attack.connect(1000)):
        send_quietly(sock, half[: len(half) // 2 + i % 20] if i % 2 else attack.head("GET", "/api/v1/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                                                                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", auth=False))
    time.sleep(seconds)


ATTACKS = [("slowloris, 200 connections", slowloris), ("bodies sent in drops, 200 connections", slow_bodies), ("giant bodies", giant_bodies), ("deep JSON", deep_json),
           ("giant and broken frames", giant_frames), ("slow readers", slow_readers), ("1,000 half-open upgrades", half_open_upgrades)]


def attacks(score, options):
    seconds = 30 if options.long else 5
    with Box("abuse") as box:
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin)
        daemon.start()
        api = daemon.api()
        api.add_provider("fake", model.url)
        token = api.make_token("honest", ("chat",))
        for name, attack in ATTACKS:
            with score.case(f"an honest client beside: {name}", daemon):
                one = Attack(daemon, token)
                honest = Honest(daemon, token)
                try:
                    attack(one, seconds)
                finally:
                    try:
                        honest.end(name)
                    finally:
                        one.close()
        with score.case("after the attacks: memory given back, connections closed, everything answers", daemon):
            def quiet():
                return len(list(pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir())) < 120
            if os.access(f"/proc/{daemon.pid}/fd", os.R_OK):
                wait_until(quiet, 20, "the connections of the attackers closed")
            if api.get("/health/ready")["status"] not in ("ok", "ready"):
                raise Broken(f"not ready: {api.get('/health/ready')}")
            code, took = daemon.stop()
            if code != 0 or took > 3:
                raise Broken(f"SIGTERM: exit {code} after {took:.1f} s")


REPLAYED = 12_000  # events, some 8 MiB: twice what may wait for one client


def replay(score, options):
    """A client that comes back to more than fits into its queue gets all of it, in order, at its own pace."""
    with Box("replay") as box:
        daemon = Daemon(box, options.bin)
        with score.case(f"a replay of {REPLAYED:,} events to a client that takes its time", daemon):
            daemon.start()
            api = daemon.api()
            for i in range(REPLAYED):
                api.post("/sessions", {"title": f"{i} " + "t" * 380})
            last, versions = api.get("/status")["event_version"], []
            bus = api.bus(since=0)
            while not versions or versions[-1] < last:
                event = bus.next(10)
                if event is None:
                    raise Broken(f"nothing came after version {versions[-1] if versions else 0} of {last}")
                if event["type"] == "event" and event["event"] == "session.created":
                    versions.append(event["version"])
                    if len(versions) % 50 == 0:
                        time.sleep(0.002)
            bus.close()
            if len(versions) != REPLAYED or versions != sorted(set(versions)):
                raise Broken(f"{len(versions)} events came, {len(set(versions))} different ones, for {REPLAYED}")


HOLDER = """
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
port, count, addresses = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
open_sockets = []
for i in range(count):
    s = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(addresses[i % len(addresses)], 0))
    open_sockets.append(s)
print("open", flush=True)
sys.stdin.readline()
alive = 0
for s in open_sockets:  # one that was refused has an answer waiting
    s.setblocking(False)
    try:
        s.recv(1)
    except BlockingIOError: alive += 1
    except OSError: pass
print(alive, flush=True)
"""


def connections(score, options):
    """AP-07 with 10,000 connections: all are held, one more is refused in words from whichever local address (all of loopback counts as one),
    an honest client goes on, and so does the owner on the Unix socket."""
    with score.case("10,000 connections"):
        limit = raise_file_limit()
        if limit < CONNECTIONS + 500:
            raise Skip(f"the hard limit of open files is {limit}; {CONNECTIONS + 500} are needed")
        with Box("many") as box:
            model = box.own(RecordingModel())
            daemon = Daemon(box, options.bin, prefix=["prlimit", "--nofile=1024:"])  # what a login shell gives
            daemon.start()
            api = daemon.api()
            api.add_provider("fake", model.url)
            token = api.make_token("honest", ("chat",))
            honest = Honest(daemon, token)
            wait_until(lambda: len(honest.ms) > 5, 10, "the honest client")
            holders = [subprocess.Popen([sys.executable, "-c", HOLDER, str(daemon.port), str(n), *LOCAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                       for n in (CONNECTIONS // 2, CONNECTIONS // 2 - 50)]  # the honest client and this one need a few
            try:
                for holder in holders:
                    if holder.stdout.readline().strip() != "open":
                        raise Broken("a holder could not open its connections")
                time.sleep(2)
                alive = []
                extra = subprocess.Popen([sys.executable, "-c", HOLDER, str(daemon.port), "200", *LOCAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                holders.append(extra)
                extra.stdout.readline()
                time.sleep(1)
                refused = [refused_in_words(daemon.port, address) for address in LOCAL]
                for _ in range(20):
                    if daemon.api().call("GET", "/status", None)[0] != 200:
                        raise Broken("the owner does not get in by the Unix socket")
                honest.end("10,000 connections")
                for holder in holders:
                    holder.stdin.write("\n")
                    holder.stdin.flush()
                    alive.append(int(holder.stdout.readline()))
                print(f"       {sum(alive)} connections were held", flush=True)
                if sum(alive) < CONNECTIONS - 60 or sum(alive) > CONNECTIONS:
                    raise Broken(f"{sum(alive)} connections were held, not about {CONNECTIONS}")
                for answer in refused:  # loopback has its share; there is room on the Unix socket
                    if not answer.startswith(b"HTTP/1.1 429"):
                        raise Broken(f"one connection too many was answered with {answer[:120]!r}")
            finally:
                for holder in holders:
                    holder.kill()
                    holder.wait()


def refused_in_words(port, address):
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0)) as sock:
        send_quietly(sock, f"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        return answer_of(sock, 5)


CASES = [("abuse", attacks), ("replay", replay), ("connections", connections)]
