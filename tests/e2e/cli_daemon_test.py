# SPDX-License-Identifier: MIT
"""The daemon that CLI verbs start, stop and share; what a terminal may get to see; who may call."""
import json
import os
import subprocess
import time

from harness import Broken, Skip, case, contains, equal, expect, is_root, kill, lacks, short, wait_until
from hostile import FORBIDDEN, HOSTILE


@case
def a_verb_starts_the_daemon_and_daemon_verbs_rule_it(lab):
    daemon = lab.daemon(start=False)
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}

    def cli(*args, code=0):
        return daemon.cli(*args, env=environment, timeout=90).must(code)
    try:
        ran = cli("exec", "list the files in .", "--workspace", lab.workspace({"hello.txt": "x"}))
        contains(ran.out, "hello.txt", "the answer of a daemon that was started for it")
        first = json.loads(daemon.core_file.read_text())["pid"]
        equal(cli("status", "--json").json()["pid"], first, "the same daemon")
        cli("daemon", "start")
        equal(json.loads(daemon.core_file.read_text())["pid"], first, "daemon start when one runs")
        cli("daemon", "restart")
        second = json.loads(daemon.core_file.read_text())["pid"]
        expect(second != first, "daemon restart did not start another")
        contains(cli("daemon", "logs").out, "daemon.ready", "daemon logs")
        lines = cli("daemon", "logs", "--lines", "2").out.splitlines()
        equal(len(lines), 2, "lines of daemon logs --lines 2")
        kill(second)
        third = wait_until(lambda: pid_other_than(daemon, second), 20, "the parent starts another daemon after a crash")
        begin = time.monotonic()
        cli("daemon", "stop")
        expect(time.monotonic() - begin < 10, "daemon stop took long")
        expect(not daemon.core_file.exists(), "core.json after daemon stop")
        time.sleep(1.5)
        expect(not daemon.core_file.exists() and not os.path.exists(f"/proc/{third}"), "the parent starts a daemon that was stopped on purpose")
        cli("daemon", "stop", code=cli_code(daemon, environment))
    finally:
        daemon.cli("daemon", "stop", env=environment)


@case
def daemon_stop_ends_a_daemon_that_waits_for_its_restart(lab):
    daemon = lab.daemon(start=False)
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}

    def cli(*args):
        return daemon.cli(*args, env=environment, timeout=90).must(0)
    record = daemon.home / "state" / "supervisor.json"
    try:
        cli("daemon", "start")
        supervisor = json.loads(record.read_text())["pid"]
        kill(json.loads(daemon.core_file.read_text())["pid"])
        # The parent waits for half a second before it starts another one: nobody is there who could be asked to end.
        contains(cli("daemon", "stop").err, "stopped", "daemon stop after a crash")
        expect(not lives(supervisor), "the parent is still there")
        expect(not record.exists(), "the parent's record is still there")
        time.sleep(1.5)
        code = daemon.cli("status", "--no-start", env=environment).code
        expect(code != 0, "a daemon was started although it was stopped")
    finally:
        daemon.cli("daemon", "stop", env=environment)


def core_limits(pid):
    """Soft and hard."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        return next(line.split()[4:6] for line in limits if line.startswith("Max core file size"))


@case
def whoever_holds_a_passphrase_leaves_no_core_dump(lab):
    if core_limits(os.getpid())[1] == "0":
        raise Skip("core dumps are forbidden here to everybody, so nothing could be told apart")
    daemon = lab.daemon(start=False)
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    try:
        daemon.cli("daemon", "start", env=environment, timeout=90).must(0)
        supervisor = json.loads((daemon.home / "state" / "supervisor.json").read_text())["pid"]
        equal(core_limits(supervisor), ["0", "0"], "core limits of the daemon's parent")
        for verb in (("vault", "unlock", "--passphrase-stdin"), ("vault", "passphrase"), ("secret", "set", "name"), ("secret", "import", "-")):
            asking = subprocess.Popen([daemon.program, *verb], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env={**daemon.environment(), **environment}, cwd="/")
            try:
                wait_until(lambda pid=asking.pid: core_limits(pid) == ["0", "0"], 10, f"core limits of pryx {' '.join(verb)}, which waits for its input")
            finally:
                asking.kill()
                asking.wait()
    finally:
        daemon.cli("daemon", "stop", env=environment)


@case
def a_daemon_that_is_killed_comes_back(lab):
    """NF-06 wants 99 of 100; make campaign tries as often, on fresh homes of five kills each, because ten crashes in ten minutes are given up on."""
    trials = int(os.environ.get("PRYX_RESTART_TRIALS", "2"))
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    came_back, took = 0, []
    for first in range(0, trials, 5):
        daemon = lab.daemon(start=False)
        try:
            daemon.cli("daemon", "start", env=environment, timeout=90).must(0)
            pid = json.loads(daemon.core_file.read_text())["pid"]
            for _ in range(first, min(first + 5, trials)):
                kill(pid)
                begin = time.monotonic()
                try:
                    pid = wait_until(lambda: pid_other_than(daemon, pid), 30, "the parent starts another daemon after a crash")
                except Broken:
                    break
                came_back += 1
                took.append(time.monotonic() - begin)
        finally:
            daemon.cli("daemon", "stop", env=environment)
    print(f"{came_back} of {trials} came back, after {max(took, default=0):.1f} s at most")
    expect(came_back >= 0.99 * trials, f"{came_back} of {trials} daemons came back")


def lives(pid):
    """Whoever has to wait for it may not have done so yet."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def cli_code(daemon, environment):
    """Stopping what does not run is no error, or says so with 8."""
    code = daemon.cli("daemon", "stop", env=environment).code
    expect(code in (0, 8), f"daemon stop of nothing exits {code}")
    return code


def pid_other_than(daemon, pid):
    try:
        core = json.loads(daemon.core_file.read_text())
    except (OSError, ValueError):
        return None
    if core["pid"] == pid or not os.path.exists(f"/proc/{core['pid']}"):
        return None
    return core["pid"] if daemon.cli("status", "--no-start").code == 0 else None


@case
def many_verbs_at_once_start_one_daemon(lab):
    daemon = lab.daemon(start=False)
    environment = {**daemon.environment(), "DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    try:
        processes = [subprocess.Popen([daemon.program, "session", "list", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/") for _ in range(6)]
        outs = [p.communicate(timeout=80) for p in processes]
        equal([p.returncode for p in processes], [0] * 6, f"exit codes ({short([o[1] for o in outs], 600)})")
        equal([json.loads(o[0])["items"] for o in outs], [[]] * 6, "what they print")
        pid = json.loads(daemon.core_file.read_text())["pid"]
        running = [p for p in os.listdir("/proc") if p.isdigit() and serves(p, daemon.home)]
        equal(running, [str(pid)] if is_root() else [], "daemons of this home; only root sees what they hold open")
    finally:
        subprocess.run([daemon.program, "daemon", "stop"], env=environment, capture_output=True, cwd="/", timeout=30)


def serves(pid, home):
    """Whether this process is a daemon that holds the lock of this home."""
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{n}") == str(home / "run" / "core.lock") for n in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


@case
def hostile_text_never_reaches_the_terminal(lab):
    daemon = lab.daemon()
    model = lab.model(daemon, name="fake")
    work = lab.workspace({f"evil\x1b]0;x\x07{HOSTILE[:4]}.txt": "x", "note.txt": HOSTILE})
    model.script["hi"] = [[("call", "fs.list", {}), ("call", "fs.read", {"path": "note.txt"}), ("call", f"bad\x1b]0;t\x07tool", {"x": HOSTILE}), ("call", "memory.save", {"text": HOSTILE})], [HOSTILE]]
    model.script["fail"] = [[("status", 400, {"error": {"message": HOSTILE}})]]

    def check(term, what):
        term.wait_exit(20)
        raw = term.bytes().decode(errors="replace")
        for bad in FORBIDDEN:
            lacks(raw, bad, what)
        expect(not term.screen.odd, f"{what}: odd sequences {term.screen.odd[:5]}")
        contains(raw, "before", what)
    term = lab.terminal(daemon, "exec", "hi", "--workspace", work)
    check(term, "exec")
    api = daemon.api()
    session = api.get("/sessions")["items"][0]["id"]
    api.call("PATCH", f"/sessions/{session}", {"title": HOSTILE})
    check(lab.terminal(daemon, "session", "list"), "session list")
    check(lab.terminal(daemon, "session", "show", session), "session show")
    check(lab.terminal(daemon, "session", "search", "after"), "session search")
    check(lab.terminal(daemon, "exec", "fail", "--workspace", work), "exec of a failing turn")
    model.script["ask"] = [[("call", "fs.read", {"path": "note.txt"})], [("call", "memory.save", {"text": HOSTILE})], ["ok"]]
    turn = api.send(api.session(workspace=str(work)), "ask")
    approval = api.pending(turn)
    check(lab.terminal(daemon, "approval", "list"), "approval list")
    check(lab.terminal(daemon, "approval", "show", approval["id"]), "approval show")
    api.post(f"/approvals/{approval['id']}", {"decision": "deny"})
    piped = daemon.cli("exec", "hi", "--workspace", work)
    for bad in ("\x1b", "\x9b", "\u202e", "\x07"):
        lacks(piped.err, bad, "stderr without a terminal")


@case
def colours_only_where_they_are_wanted(lab):
    daemon = lab.daemon()
    term = lab.terminal(daemon, "status")
    term.wait_exit()
    contains(term.bytes().decode(), "\x1b[", "status on a terminal")
    for options, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})):
        term = lab.terminal(daemon, "status", *options, env=env)
        term.wait_exit()
        lacks(term.bytes().decode(), "\x1b[", f"status on a terminal with {options} {env}")


@case
def the_cli_of_another_user_is_refused(lab):
    if not is_root():
        raise Skip("not root")
    daemon = lab.daemon()
    for path in (daemon.home, daemon.home / "run"):
        path.chmod(0o755)
    (daemon.home / "run" / "pryx.sock").chmod(0o777)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", daemon.program, "status", "--no-start"], env=daemon.environment(), capture_output=True, text=True, cwd="/")
    expect(done.returncode in (4, 7, 8), f"another user's status exits {done.returncode}: {done.stdout}{done.stderr}")
    lacks(done.stdout, str(daemon.pid), "what another user sees")
