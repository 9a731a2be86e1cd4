# SPDX-License-Identifier: MIT
"""A daemon's API over its socket or TCP, its event streams and its bus, for programs that drive it from outside. Standard library only;
one connection a thread, and no request is repeated by itself.
"""
import base64
import hashlib
import http.client
import json
import os
import select
import socket
import struct
import threading
import time


class Broken(Exception):
    """The product did what it must not do."""


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
        # A connection that lay idle may have been closed by the daemon; a request that fails on it would not be the daemon's fault.
        if time.monotonic() - getattr(self.local, "used_at", 0) > 5:
            connection.close()
        self.local.used_at = time.monotonic()
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

    def add_provider(self, name, base_url, key=None):
        credential = {"key": key} if key else {"no_key": True}
        self.put(f"/providers/{name}", {"kind": "openai", "base_url": base_url, **credential})

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
