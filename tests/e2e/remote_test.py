# SPDX-License-Identifier: MIT
"""`server.public_origin`: the page and its bus through a TLS terminator on the same machine, and who is refused there."""
import contextlib
import http.client
import select
import shutil
import socket
import ssl
import subprocess
import threading

from harness import Api, Broken, Skip, case, collect, contains, equal, expect, lacks
from app_test import drive
from lab import Bus

NAME = "pryx.example.net"
ORIGIN = f"https://{NAME}"
IDLE = 30.0  # seconds without a byte after which the terminator gives a connection up; no case is silent for so long


class Terminator:
    """What a person puts before the daemon: TLS outside, and inside every byte as it came, the Host too. Its certificate signs itself."""

    def __init__(self, folder, inside):
        self.certificate, key = folder / "certificate.pem", folder / "key.pem"
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                               "-addext", f"subjectAltName=DNS:{NAME}", "-addext", "keyUsage=critical,digitalSignature,keyCertSign", "-keyout", key, "-out", self.certificate], capture_output=True, text=True)
        expect(made.returncode == 0, f"no certificate: {made.stderr}")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.inside = inside
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.carry, args=(self.listener.accept()[0],), daemon=True).start()

    def carry(self, plain):
        # An SSL socket is read and written by this thread alone.
        plain.settimeout(IDLE)
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as outer, socket.create_connection(("127.0.0.1", self.inside)) as inner:
            while ready := [outer] if outer.pending() else select.select([outer, inner], [], [], IDLE)[0]:
                for one, other in ((outer, inner), (inner, outer)):
                    if one in ready:
                        piece = one.recv(65536)
                        if not piece:
                            return
                        other.sendall(piece)

    def close(self):
        self.listener.close()


class Outside(Api):
    """A browser elsewhere: comes by the public name, over TLS whose certificate it checks, with a connection for each request."""

    def __init__(self, daemon, terminator):
        super().__init__(daemon)
        self.terminator, self.context = terminator, ssl.create_default_context(cafile=terminator.certificate)

    def with_own(self, extra):
        """The headers of such a browser; None in `extra` leaves one out."""
        return {name: value for name, value in {"Host": NAME, "Origin": ORIGIN, **(extra or {})}.items() if value is not None}

    def open_socket(self):
        return self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.terminator.port), timeout=self.timeout), server_hostname=NAME)

    def raw(self, method, path, body=None, headers=None):
        with contextlib.closing(http.client.HTTPConnection(NAME)) as connection:
            connection.sock = self.open_socket()
            connection.request(method, path, body, self.with_own(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def head(self, method, path, extra):
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.with_own(extra).items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def sign_in(self, code):
        """(cookie, csrf token, all of Set-Cookie)"""
        answer = self.request("POST", "/api/v1/login", {"code": code})
        equal(answer.status, 200, f"login ({answer.body[:300]})")
        whole = answer.headers["Set-Cookie"]
        return whole.split(";")[0], answer.json()["csrf_token"], whole


def behind_a_terminator(lab, origin=ORIGIN):
    """A daemon with this public origin (None: without one) and a browser that comes through a terminator."""
    if not shutil.which("openssl"):
        raise Skip("openssl, which makes the certificate, is not installed")
    daemon = lab.daemon(start=False)
    if origin:
        lab.write_config(daemon, "config.yaml", f"server:\n  public_origin: {origin}\n")
    daemon.start()
    return daemon, Outside(daemon, lab.box.own(Terminator(lab.box.root, daemon.port)))


@case
def the_page_and_its_bus_come_through_a_tls_terminator(lab):
    daemon, outside = behind_a_terminator(lab)
    page = outside.request("GET", "/")
    equal(page.status, 200, "the page")
    contains(page.headers["Content-Security-Policy"], f"connect-src 'self' wss://{NAME};", "its policy")
    # That the terminator calls from loopback is worth nothing.
    equal(outside.request("GET", "/api/v1/status").status, 401, "the status without credentials")
    opened = daemon.cli("open", "sessions", "--print").must(0)
    contains(opened.out, f"http://127.0.0.1:{daemon.port}/sessions#code=", "the link of this machine")
    contains(opened.err, f"{ORIGIN}/sessions#code=", "the link of others")
    cookie, csrf, whole = outside.sign_in(opened.out.strip().split("#code=")[1])
    expect(cookie.startswith("__Host-pryx_session_"), f"the cookie's name in {cookie[:30]}")
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        contains(whole, attribute, "Set-Cookie")
    me = {"Cookie": cookie}
    equal(outside.request("GET", "/api/v1/status", None, me).json()["public_url"], ORIGIN, "what the status says of it")
    equal(outside.request("POST", "/api/v1/sessions", {}, me).status, 403, "a change without the CSRF token")
    bus = lab.box.own(Bus(outside, extra_headers=me))
    made = outside.request("POST", "/api/v1/sessions", {}, {**me, "X-Pryx-CSRF": csrf})
    equal(made.status, 201, "a change with everything")
    collect(bus, lambda e: e["event"] == "session.created" and e["payload"]["session_id"] == made.json()["id"])
    checks = daemon.cli("doctor", "--json", timeout=90).must(0).json()["checks"]
    contains(next(c["finding"] for c in checks if c["name"] == "public origin"), ORIGIN, "what doctor says of it")
    equal(outside.request("POST", "/api/v1/logout", {}, {**me, "X-Pryx-CSRF": csrf}).status, 204, "logout")
    equal(outside.request("GET", "/api/v1/status", None, me).status, 401, "the status after logout")


@case
def the_public_origin_is_matched_exactly(lab):
    daemon, outside = behind_a_terminator(lab)
    token = {"Authorization": f"Bearer {daemon.api().make_token()}"}
    loopback = f"127.0.0.1:{daemon.port}"

    def is_upgraded(headers):
        try:
            Bus(outside, extra_headers=headers).close()
            return True
        except Broken as refused:
            expect("HTTP/1.1 40" in str(refused), f"an upgrade that is refused: {refused}")
            return False

    for host, origin, is_taken in (
            (NAME, ORIGIN, True), (NAME, None, True), (NAME, f"http://{NAME}", False), (NAME, "https://evil.example", False), (NAME, "null", False),
            (NAME, f"{ORIGIN}:443", False), (NAME, f"{ORIGIN}/", False), (NAME, f"{ORIGIN}.evil.example", False), (NAME, f"http://{loopback}", False),
            ("evil.example", ORIGIN, False), ("evil.example", "https://evil.example", False), (f"{NAME}:8443", f"{ORIGIN}:8443", False), (f"{NAME}.", ORIGIN, False),
            (f"a.{NAME}", f"https://a.{NAME}", False), (loopback, f"https://{loopback}", False), (loopback, ORIGIN, False)):
        headers = {"Host": host, "Origin": origin, **token}
        status = outside.request("GET", "/api/v1/status", None, headers).status
        expect(status in ((200,) if is_taken else (400, 403)), f"Host {host}, Origin {origin} answered {status}")
        equal(is_upgraded(headers), is_taken, f"an upgrade with Host {host}, Origin {origin}")
    equal(outside.request("GET", "/", None, {"Host": "evil.example", "Origin": None}).status, 403, "the page for a foreign Host")


@case
def without_the_setting_no_other_name_is_answered(lab):
    daemon, outside = behind_a_terminator(lab, origin=None)
    token = {"Authorization": f"Bearer {daemon.api().make_token()}"}
    for path in ("/", "/api/v1/health", "/api/v1/status"):
        equal(outside.request("GET", path, None, {"Origin": None, **token}).status, 403, path)
    equal(daemon.api().get("/status")["public_url"], None, "what the status says of it")
    for origin, why in (("http://pryx.example.net", "https://"), (f"{ORIGIN}/", "as a browser sends it"), ("https://localhost", "this machine"), ("*", "https://pryx.example.net")):
        problem = daemon.api().must_refuse("PUT", "/settings", 400, {"settings": {"server.public_origin": origin}})
        contains(problem["detail"], "server.public_origin", "the refusal")
        contains(problem["detail"], why, f"why {origin} is refused")


@case
def a_browser_runs_the_application_from_elsewhere(lab):
    daemon, outside = behind_a_terminator(lab)
    code = daemon.api().post("/login/links", {})["public_url"].split("#code=")[1]
    # The name exists for this browser only, and so does the authority of the certificate.
    seen = drive(f"{ORIGIN}/sessions#code={code}", "--no-proxy-server", f"--host-resolver-rules=MAP {NAME} 127.0.0.1:{outside.terminator.port}", "--ignore-certificate-errors")
    equal(seen["address"], f"{ORIGIN}/sessions", "the address, without its code")
    expect(seen["sockets"] >= 1 and seen["shown"] > 20, f"the application did not start: {seen}")
    equal((seen["violations"], seen["before"]["errors"], seen["before"]["elsewhere"]), ([], [], []), "violations, errors and requests elsewhere")
    lacks(daemon.log(), code, "the log")
