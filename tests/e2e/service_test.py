# SPDX-License-Identifier: MIT
"""The daemon under the service manager of a user, and the daemon of another version that a verb replaces."""
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading

from harness import Ran, Skip, case, contains, equal, expect, is_root, kill, lacks, wait_until

NOBODY = 65534
HERE = pathlib.Path(__file__).resolve().parent


class Person:
    """Somebody with a login and a manager of their own, on a machine where systemctl and systemd-run are the ones of manager.py."""

    def __init__(self, lab, manager=True):
        self.lab = lab
        self.home = lab.box.root / "person"
        self.runtime = self.home / "runtime"
        self.place = self.home / "manager"
        for folder in (self.home, self.runtime, self.runtime / "systemd", self.place):
            folder.mkdir(mode=0o700)
        if manager:
            self.private = socket.socket(socket.AF_UNIX)
            self.private.bind(str(self.runtime / "systemd" / "private"))
            self.private.listen(1)
        for path in (self.home, *self.home.rglob("*")):
            if is_root():
                os.chown(path, NOBODY, NOBODY)
        self.tools = lab.box.root / "tools"
        self.tools.mkdir()
        for name in ("systemctl", "systemd-run"):
            shutil.copy(HERE / "manager.py", self.tools / name)
            (self.tools / name).chmod(0o755)
        self.prefix = self.wrapped()
        lab.box.own(self)

    def wrapped(self):
        """What a command is put behind, so that it finds the tools of this person where the system's are."""
        found = [d for d in ("/usr/bin", "/usr/sbin", "/bin", "/sbin") if os.path.exists(f"{d}/systemctl") or os.path.exists(f"{d}/systemd-run")]
        places = [(self.tools / name, pathlib.Path(d) / name) for d in found for name in ("systemctl", "systemd-run") if os.path.exists(f"{d}/{name}")]
        if len({target.name for _, target in places}) < 2:
            places.append((self.tools, pathlib.Path("/usr/local/bin")))
        if is_root():
            mounts = "; ".join(f"mount --bind {shlex.quote(str(a))} {shlex.quote(str(b))}" for a, b in places)
            script = f"set -e; {mounts}; exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups \"$@\""
            prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
        else:
            prefix = ["bwrap", "--dev-bind", "/", "/", *[str(w) for a, b in places for w in ("--ro-bind", a, b)]]
        probe = subprocess.run([*prefix, "true"], capture_output=True, text=True)
        if probe.returncode != 0:
            raise Skip(f"no private mounts here: {probe.stderr.strip()[:200]}")
        return prefix

    def cli(self, *args, code=0, timeout=60, env=None):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "LANG": "C.UTF-8",
                       "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "XDG_STATE_HOME": str(self.home / "elsewhere"), "FAKE_MANAGER": str(self.place), **(env or {})}
        done = subprocess.run([*self.prefix, self.lab.program, *args], env=environment, capture_output=True, text=True, timeout=timeout, cwd="/")
        return Ran(done.returncode, done.stdout, done.stderr, " ".join(args)).must(code)

    @property
    def unit(self):
        return self.home / ".config" / "systemd" / "user" / "pryx.service"

    def calls(self):
        file = self.place / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def core(self):
        file = self.runtime / "pryx" / "core.json"
        return json.loads(file.read_text()) if file.exists() else None

    def main_pid(self):
        return int((self.place / "main.pid").read_text())

    def close(self):
        core = self.core()
        if core:
            kill(core["pid"], signal.SIGTERM)


@case
def daemon_start_runs_under_the_managers_transient_unit(lab):
    person = Person(lab)
    started = person.cli("daemon", "start", "--json").json()
    expect(started["running"], f"daemon start --json: {started}")
    equal(started["pid"], person.main_pid(), "the process that the manager started is the daemon")
    call, = person.calls()
    equal(call[:2], ["systemd-run", "--user"], "how the manager was called")
    for option in ("--unit=pryx", "--collect", "--property=Type=notify", "--property=Restart=on-failure", "--property=RestartPreventExitStatus=2 4 5",
                   "--property=WatchdogSec=30", f"--setenv=XDG_STATE_HOME={person.home}/elsewhere"):
        expect(option in call, f"systemd-run was not given {option}: {call}")
    equal(call[-1], "serve", "what the unit runs")
    expect((person.home / "elsewhere" / "pryx").is_dir(), "the daemon does not use the person's XDG_STATE_HOME")
    expect(not person.unit.exists(), "a transient start leaves a unit file")
    equal(person.cli("status", "--json").json()["pid"], started["pid"], "a verb talks to the manager's daemon")
    person.cli("daemon", "start")
    equal(len(person.calls()), 1, "calls of the manager when the daemon runs already")
    equal(person.cli("daemon", "stop", "--json").json()["stopped_pid"], started["pid"], "daemon stop")
    expect(person.core() is None, "core.json after daemon stop")
    # A verb that needs a daemon goes the same way.
    person.cli("session", "list")
    equal([c[0] for c in person.calls()], ["systemd-run"] * 2, "how a verb starts the daemon")


@case
def a_start_that_the_manager_refuses_says_so(lab):
    person = Person(lab)
    (person.home / ".config").mkdir(mode=0o755)
    (person.place / "main.pid").mkdir()  # the fake cannot note the process, and fails as a manager does
    if is_root():
        os.chown(person.home / ".config", NOBODY, NOBODY)
    ran = person.cli("daemon", "start", code=8)
    contains(ran.err, "systemd-run failed", "a refused start")


@case
def install_writes_the_unit_and_uninstall_removes_it(lab):
    person = Person(lab)
    first = person.cli("daemon", "start", "--json").json()["pid"]
    text = person.cli("daemon", "install", "--print").out
    expect(not person.unit.exists(), "install --print writes the unit")
    ran = person.cli("daemon", "install", "--json").json()
    equal(ran, {"installed": True, "unit": str(person.unit)}, "daemon install --json")
    equal(person.unit.read_text(), text, "the unit and what --print shows")
    contains(text, f'ExecStart="{pathlib.Path(lab.program).resolve()}" serve\n', "the unit")
    equal(person.unit.stat().st_mode & 0o777, 0o644, "mode of the unit")
    expect(not os.path.exists(f"/proc/{first}") or zombie(first), "install left the daemon from before running")
    equal([c[2:] for c in person.calls() if c[0] == "systemctl"], [["daemon-reload"], ["enable", "--now", "pryx.service"]], "calls of install")
    second = person.core()["pid"]
    equal(second, person.main_pid(), "the daemon is the unit's process")
    # Where a unit is installed, start is the unit's.
    person.cli("daemon", "stop")
    person.cli("daemon", "start")
    equal(person.calls()[-1], ["systemctl", "--user", "start", "pryx.service"], "daemon start with a unit")
    third = person.core()["pid"]
    equal(person.cli("daemon", "uninstall", "--json").json(), {"installed": False, "unit": str(person.unit)}, "daemon uninstall --json")
    expect(not person.unit.exists(), "uninstall left the unit")
    equal([c[2:] for c in person.calls()[-2:]], [["disable", "--now", "pryx.service"], ["daemon-reload"]], "calls of uninstall")
    expect(not os.path.exists(f"/proc/{third}") or zombie(third), "uninstall left the daemon running")
    expect((person.home / ".local" / "share" / "pryx" / "pryx.db").exists(), "uninstall removed the person's data")
    person.cli("daemon", "uninstall", code=6)


@case
def without_a_manager_there_is_no_unit_to_install(lab):
    person = Person(lab, manager=False)
    contains(person.cli("daemon", "install", code=1).err, "pryx daemon start", "install without a manager")
    expect(not person.unit.exists(), "a unit was written for no manager")
    person.cli("daemon", "start")
    equal(person.calls(), [], "calls of a manager that does not run")
    person.cli("daemon", "stop")


def zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


OTHER_VERSION = r'''
import http.server, json, os, signal, socketserver, sys
home, version, running, queued = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
run, path = home + "/run", home + "/run/pryx.sock"

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"status": "ok", "version": version, "pid": os.getpid(), "items": [], "next_cursor": None,
                           "turns": {"running": running, "queued": queued, "waiting": 0}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "socket"
    def log_message(self, *args):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

def leave(*_):
    for name in ("core.json", "pryx.sock"):
        os.unlink(run + "/" + name)
    os._exit(0)

signal.signal(signal.SIGTERM, leave)
with Server(path, Handler) as server:
    ticks = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    record = {"pid": os.getpid(), "version": version, "url": None, "socket": path, "started_at": "2026-01-01T00:00:00Z", "process_start_ticks": ticks,
              "boot_id": open("/proc/sys/kernel/random/boot_id").read().strip()}
    with open(os.open(run + "/core.json.new", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(record, file)
    os.rename(run + "/core.json.new", run + "/core.json")
    server.serve_forever()
'''


def other_version(lab, daemon, version="0.0.1", running=0, queued=0):
    """A daemon of another version on this home; its process."""
    (daemon.home / "run").mkdir(mode=0o700, exist_ok=True)
    process = subprocess.Popen([sys.executable, "-c", OTHER_VERSION, str(daemon.home), version, str(running), str(queued)], cwd="/")
    threading.Thread(target=process.wait, daemon=True).start()  # a process that nobody waited for would look alive

    class Closer:
        @staticmethod
        def close():
            kill(process.pid)
            core = daemon.core_file
            if core.exists():
                kill(json.loads(core.read_text())["pid"], signal.SIGTERM)
    lab.box.own(Closer())
    wait_until(daemon.core_file.exists, 10, "the other version's core.json")
    return process


@case
def an_idle_daemon_of_another_version_is_replaced(lab):
    daemon = lab.daemon(start=False)
    old = other_version(lab, daemon)
    contains(daemon.cli("doctor", "--no-start").out, "version 0.0.1", "doctor about another version")
    equal(daemon.cli("daemon", "status", "--json").must(0).json()["version"], "0.0.1", "daemon status, which replaces nothing")
    # What may start nothing replaces nothing.
    equal(daemon.cli("session", "list", "--json", "--no-start").must(0).json()["items"], [], "a verb with --no-start")
    expect(old.poll() is None, "--no-start ended the daemon of another version")
    ran = daemon.cli("session", "list", "--json", "--verbose").must(0)
    contains(ran.err, "replaced the daemon of version 0.0.1", "what the verb says")
    wait_until(lambda: old.poll() is not None, 5, "the end of the old daemon")
    equal(old.poll(), 0, "how the old daemon ended: asked, not killed")
    core = json.loads(daemon.core_file.read_text())
    expect(core["pid"] != old.pid and core["version"] != "0.0.1", f"core.json names {core}")
    equal(core["version"], daemon.cli("version", "--json").must(0).json()["version"], "the version that runs")
    equal(daemon.cli("status", "--json", "--no-start").must(0).json()["pid"], core["pid"], "who answers")
    lacks(daemon.cli("session", "list", "--verbose").must(0).err, "replaced", "the next verb")


@case
def a_busy_daemon_of_another_version_stays(lab):
    for running, queued in ((1, 0), (0, 1)):
        daemon = lab.daemon(start=False, home=lab.box.home(f"busy-{running}-{queued}"))
        old = other_version(lab, daemon, running=running, queued=queued)
        ran = daemon.cli("session", "list", "--json").must(0)
        equal(ran.json()["items"], [], "the old daemon's answer")
        contains(ran.err, "0.0.1", "what the verb says of it")
        expect(old.poll() is None, f"a daemon with {running} running and {queued} queued turns was ended")
