# SPDX-License-Identifier: MIT
"""What pryx doctor says when something is broken: each is broken here, and must be named together with what to do."""
import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import time

from harness import Broken, Skip, case, contains, equal, expect, is_root
from service_test import NOBODY, Person

PAGE = 4096


def checks(ran):
    return ran.json()["checks"]


def finding(ran, name, state="error"):
    """The check of this name and state, which has to say what to do."""
    found = [c for c in checks(ran) if c["name"] == name and c["state"] == state]
    expect(found, f"doctor names no {state} '{name}': {[(c['name'], c['state'], c['finding']) for c in checks(ran)]}")
    expect(found[0]["finding"] and found[0]["fix"], f"a finding without a fix: {found[0]}")
    return found[0]


def doctor(daemon, code=3):
    return daemon.cli("doctor", "--json", "--no-start", timeout=90).must(code)


def names_it(daemon, name, what, fix, state="error", code=3):
    found = finding(doctor(daemon, code), name, state)
    contains(found["finding"], what, f"what doctor says of {name}")
    contains(found["fix"], fix, f"what doctor says to do about {name}")
    if code:  # a person reads the same
        contains(daemon.cli("doctor", "--no-start", timeout=90).must(code).out, found["fix"], "doctor without --json")


def moved(path):
    """Away, and back at the end."""
    @contextlib.contextmanager
    def away():
        aside = path.with_name(path.name + ".aside")
        path.rename(aside)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            aside.rename(path)
    return away()


@contextlib.contextmanager
def written(lab, daemon, name, text):
    path = lab.write_config(daemon, name, text)
    try:
        yield
    finally:
        path.unlink()


@case
def doctor_names_files_that_are_broken(lab):
    daemon = lab.daemon()
    home = daemon.home
    equal({c["state"] for c in checks(doctor(daemon, 0))} <= {"ok", "warning"}, True, "states of a sound installation")
    for up in (True, False):
        with written(lab, daemon, "config.yaml", "log: [\n"):
            names_it(daemon, "config.yaml", "line", f"edit {home}/config/config.yaml")
        with written(lab, daemon, "config.yaml", "log:\n  levle: info\n"):
            names_it(daemon, "config.yaml", "levle", f"edit {home}/config/config.yaml", state="warning", code=0)
        with written(lab, daemon, "policy.yaml", "tools:\n  denid: [fs.read]\n"):
            names_it(daemon, "policy.yaml", "denid", "pryx policy check")
        with moved(home / "config" / "master.key"):
            names_it(daemon, "key", "master.key is gone", "restore it from a backup")
        with moved(home / "data" / "key.json"):
            names_it(daemon, "key", "nothing says where its key is", "restore key.json from a backup")
            (home / "data" / "key.json").write_text("{")
            names_it(daemon, "key", "cannot be understood", "restore it from a backup")
        if up:
            daemon.stop()
    equal(finding(doctor(daemon, 0), "daemon", "warning")["fix"], "pryx daemon start", "what to do about a daemon that is down")
    sound = [c for c in checks(doctor(daemon, 0)) if c["name"] == "integrity"]
    equal([c["state"] for c in sound], ["ok"], "the database of a daemon that is down, unbroken")


def damage(path, numbers):
    """Writes over the middle of these pages; what they were."""
    owner = path.stat()
    data = bytearray(path.read_bytes())
    for number in numbers:
        data[number * PAGE + 100:number * PAGE + 116] = bytes(b ^ 0x5a for b in data[number * PAGE + 100:number * PAGE + 116])
    path.write_bytes(data)
    os.chown(path, owner.st_uid, owner.st_gid)


@case(limit=240)
def doctor_names_a_damaged_database_whether_the_daemon_is_up_or_down(lab):
    daemon = lab.daemon()
    api = daemon.api()
    for i in range(80):
        api.post("/memory", {"text": f"memory {i} " * 200})
    daemon.stop()
    path = daemon.home / "data" / "pryx.db"
    pages = path.stat().st_size // PAGE
    expect(pages > 60, f"the database has {pages} pages")
    before = sorted(p.name for p in path.parent.iterdir())
    sound = path.read_bytes()
    equal([c["state"] for c in checks(doctor(daemon, 0)) if c["name"] == "integrity"], ["ok"], "an unbroken database")
    # The first page: it cannot even be opened. Others: only reading all of it tells. Some let the daemon start.
    starts = 0
    for number in (0, *range(pages - 1, pages // 4, -(pages // 16))):
        damage(path, [number])
        found = finding(doctor(daemon), "integrity")
        contains(found["fix"], "restore the newest backup", f"what to do about a damaged page {number}, daemon down")
        expect("damaged" in found["finding"] or "malformed" in found["finding"] or "integrity" in found["finding"], f"page {number}: {found['finding']}")
        equal(sorted(p.name for p in path.parent.iterdir()), before, "files beside the database after doctor")
        if starts == 0 and number != 0:
            daemon.spawn()
            try:
                daemon.wait_ready()
                ran = daemon.cli("doctor", "--json", timeout=90)
                if ran.code == 0:  # a page that holds nothing, or that the start wrote anew
                    daemon.stop()
                    raise Broken("not seen")
                starts += 1
                found = finding(ran, "integrity")
                contains(found["fix"], "restore the newest backup", f"what to do about a damaged page {number}, daemon up")
                daemon.stop()
            except Broken:
                if daemon.is_alive():
                    raise
                if daemon.up.is_set() or not daemon.process.stdout.closed:
                    daemon.reap()
        for left in ("-wal", "-shm"):
            path.with_name(path.name + left).unlink(missing_ok=True)
        with open(path, "r+b") as file:
            file.write(sound)
            file.truncate(len(sound))
    equal(starts, 1, "damages that let the daemon start; without one, what doctor says over it was not tried")
    doctor(daemon, 0)


@case
def doctor_says_what_a_refused_start_said(lab):
    daemon = lab.daemon()
    daemon.stop()
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    with moved(daemon.home / "config" / "master.key"):
        daemon.cli("daemon", "start", env=environment, timeout=90).must(4)
        found = finding(doctor(daemon), "daemon")
        contains(found["finding"], "could not start: the database key", "doctor after a refused start")
        contains(found["fix"], "restore the key file", "what to do about it")


@case
def doctor_names_a_disk_that_is_nearly_full(lab):
    home = lab.box.home("small")
    for folder in ("config", "data", "state", "cache", "run"):
        (home / folder).mkdir(mode=0o700)
    for megabytes, state, code in ((50, "error", 3), (500, "warning", 0), (1500, "ok", 0)):
        command = [lab.program, "doctor", "--json", "--no-start"]
        if is_root():
            script = f"mount -t tmpfs -o size={megabytes}m,mode=0700 tmpfs {shlex.quote(str(home / 'data'))} && exec \"$@\""
            command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *command]
        else:
            command = ["bwrap", "--dev-bind", "/", "/", "--perms", "0700", "--size", str(megabytes << 20), "--tmpfs", str(home / "data"), *command]
            if not shutil.which("bwrap"):
                raise Skip("no bwrap")
        done = subprocess.run(command, env={**os.environ, "PRYX_HOME": str(home)}, capture_output=True, text=True, cwd="/", timeout=60)
        if done.returncode not in (0, 3) or not done.stdout:
            raise Skip(f"no private mounts here: {done.stderr[:200]}")
        found = next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "disk space")
        equal(found["state"], state, f"disk space with {megabytes} MB free: {found}")
        contains(found["finding"], f"MB free for {home}/data", "the finding")
        if state != "ok":
            contains(found["fix"], "free some", "what to do about it")
        equal(done.returncode, code, f"exit code with {megabytes} MB free")


@case
def doctor_asks_the_keychain_and_names_one_that_does_not_answer(lab):
    person = Person(lab, manager=False)
    share = person.home / ".local" / "share" / "pryx"
    share.mkdir(parents=True, mode=0o700)
    (share / "key.json").write_text(json.dumps({"backend": "secret_service", "key_id": "key_1", "created_at": "2026-01-01T00:00:00Z"}))
    (share / "pryx.db").write_bytes(b"x" * PAGE)
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(person.home / "bus"))
    silent.listen(8)
    for path in (*person.home.rglob("*"),):
        if is_root():
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    for name in ("key.json", "pryx.db"):
        (share / name).chmod(0o600)
    # A bus that takes the call and never answers, one that is not there, and none at all.
    for address, most in ((f"unix:path={person.home}/bus", 8), ("unix:path=/nonexistent/bus", 8), ("", 8)):
        begin = time.monotonic()
        ran = person.cli("doctor", "--json", "--no-start", code=3, env={"DBUS_SESSION_BUS_ADDRESS": address})
        took = time.monotonic() - begin
        found = finding(ran, "key")
        contains(found["finding"], "keychain does not give the key", f"doctor with the bus '{address}'")
        contains(found["fix"], "unlock the desktop keychain", "what to do about it")
        expect(took < most, f"doctor took {took:.1f} s for the bus '{address}'")
        expect(not [c for c in checks(ran) if c["name"] == "integrity"], "a database without its key was looked into")
    silent.close()
