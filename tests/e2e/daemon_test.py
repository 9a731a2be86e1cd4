# SPDX-License-Identifier: MIT
# Over 500 lines: one case after another, each readable alone; two files would only split one subject.
"""The daemon as a process: ready line, run/core.json, locks, ports, signals, systemd, key, root, and files that people edit."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from harness import Skip, case, collect, contains, daemon_uid, equal, expect, is_root, lacks, raw_http, stop_within, wait_until

def descriptors(daemon):
    """What the daemon holds open."""
    found = []
    for name in os.listdir(f"/proc/{daemon.pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{daemon.pid}/fd/{name}"))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


@case
def ready_line_is_the_only_line_on_stdout(lab):
    daemon = lab.daemon()
    equal(set(daemon.ready), {"event", "pid", "url", "socket"}, "fields of the ready line")
    equal(daemon.ready["url"], f"http://127.0.0.1:{daemon.port}", "url")
    equal(daemon.ready["socket"], str(daemon.home / "run" / "pryx.sock"), "socket")
    equal(raw_http(daemon.port, f"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n")[2], b'{"status":"ok"}', "health")
    api = daemon.api()
    api.run(api.session(), "help")
    daemon.process.terminate()
    equal(daemon.process.wait(10), 0, "exit code")
    equal(daemon.process.stdout.read(), b"", "stdout after the ready line")


@case
def core_json_lives_as_long_as_the_daemon(lab):
    daemon = lab.daemon()
    core = json.loads(daemon.core_file.read_text())
    for field in ("pid", "url", "socket"):
        equal(core[field], daemon.ready[field], f"core.json {field}")
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", core["started_at"]), f"started_at is {core['started_at']!r}")
    equal(core["version"], daemon.api().get("/status")["version"], "version")
    for path in ("config", "data", "state", "cache", "run"):
        equal((daemon.home / path).stat().st_mode & 0o777, 0o700, f"mode of {path}/")
    for path in [daemon.core_file, *(p for p in (daemon.home / "data").iterdir() if p.is_file())]:
        equal(path.stat().st_mode & 0o077, 0, f"what others may do with {path.name}")
    stop_within(daemon)
    expect(not daemon.core_file.exists(), "core.json is still there after a clean stop")
    expect(not pathlib.Path(daemon.home / "run" / "pryx.sock").exists(), "the socket is still there after a clean stop")


@case
def what_a_killed_daemon_left_is_recognised_as_stale(lab):
    daemon = lab.daemon()
    old = daemon.pid
    daemon.kill9()
    expect(daemon.core_file.exists(), "kill -9 leaves core.json")
    ran = daemon.cli("daemon", "status", "--no-start")
    equal(ran.code, 8, "exit code of `daemon status` over stale files")
    lacks(ran.out + ran.err, "running (", "daemon status over stale files")
    equal(daemon.cli("status", "--no-start").code, 8, "exit code of `status --no-start` over stale files")
    daemon.start()
    expect(json.loads(daemon.core_file.read_text())["pid"] == daemon.pid != old, "core.json names the second daemon")
    daemon.api().get("/status")


@case
def core_json_of_a_recycled_pid_is_stale(lab):
    """The pid lives, but it is another process: only the start time tells."""
    daemon = lab.daemon()
    record = json.loads(daemon.core_file.read_text())
    daemon.kill9()
    other = subprocess.Popen(["sleep", "100"])
    try:
        record["pid"] = other.pid
        daemon.core_file.write_text(json.dumps(record))
        equal(daemon.cli("daemon", "status", "--no-start").code, 8, "exit code of `daemon status`")
        ran = daemon.cli("daemon", "stop")
        expect(other.poll() is None, f"`daemon stop` ended a process that is no daemon: {ran.out}{ran.err}")
        daemon.start()
        expect(other.poll() is None, "the second daemon ended a process that is no daemon")
    finally:
        other.kill()
        other.wait()


@case
def garbage_in_run_does_not_stop_a_start(lab):
    daemon = lab.daemon()
    stop_within(daemon)
    for text in ("", "{", "null", '{"pid":-1}', "\0" * 100_000):
        daemon.core_file.write_text(text)
        (daemon.home / "run" / "pryx.sock").write_text("not a socket")
        daemon.start()
        daemon.api().get("/status")
        stop_within(daemon)


@case
def a_second_daemon_exits_5_and_names_the_first(lab):
    first = lab.daemon()
    second = lab.daemon(home=first.home, start=False)
    err = second.refused(5)
    contains(err, str(first.pid), "what the second daemon says")
    equal(json.loads(first.core_file.read_text())["pid"], first.pid, "core.json still names the first")
    first.api().get("/status")


@case
def two_homes_run_side_by_side(lab):
    one, two = lab.daemon(home=lab.box.home("one")), lab.daemon(home=lab.box.home("two"))
    one.api().session(title="in one")
    equal(two.api().get("/sessions")["items"], [], "sessions of the other home")
    token = one.api().make_token()
    status, _, _ = raw_http(two.port, f"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:{two.port}\r\nAuthorization: Bearer {token}\r\n\r\n")
    equal(status, 401, "the token of one home at the other")


@case
def sigterm_ends_streams_within_3_seconds_and_the_turn_goes_on_after(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["long"] = [[("text", "one two three " * 400, 0.02)]]
    api = daemon.api()
    session = api.session()
    bus = daemon.api().bus()
    got = []
    reader = threading.Thread(target=lambda: got.extend(api.stream(session, {"text": "long"})), daemon=True)
    reader.start()
    collect(bus, lambda e: e["event"] == "turn.delta")
    other = daemon.api().session(model="starter/commands")
    turn_waiting = daemon.api().send(other, "remember that the sea is salty")
    turn = next(e[2]["payload"]["turn_id"] for e in got if e[0] not in ("status", None) and e[2]["payload"].get("turn_id"))
    stop_within(daemon)
    reader.join(5)
    expect(not reader.is_alive(), "the stream of a stopped daemon never ended")
    expect(got[-1][0] != "turn.completed", "the turn cannot have ended")
    with_error = None
    try:
        while bus.next(2):
            pass
    except ConnectionError as error:
        with_error = error
    expect(with_error is not None, "the bus stayed open after the stop")
    model.script["long"] = [["short after all"]]
    daemon.start()
    equal(daemon.api().wait_turn(turn)["state"], "completed", "the turn after the restart")
    daemon.api().wait_turn(turn_waiting, states=("completed", "waiting", "failed"))


@case
def sigterm_while_the_model_is_silent(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["hang"] = [[("pause", 60)]]
    api = daemon.api()
    api.send(api.session(), "hang")
    wait_until(lambda: model.of("hang"), 10, "the model is asked")
    stop_within(daemon)


@case
def sigterm_during_a_long_tool(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({f"d{i % 50}/f{i}.txt": "hay " * 200 for i in range(3000)})
    model.script["search"] = [[("call", "fs.search", {"pattern": f"(h.y )+needle{i}$"}) for i in range(8)], ["found"]]
    api = daemon.api()
    turn = api.send(api.session(workspace=str(work)), "search")
    wait_until(lambda: model.of("search"), 10, "the model is asked")
    time.sleep(0.05)
    stop_within(daemon)
    daemon.start()
    equal(daemon.api().wait_turn(turn)["state"], "completed", "the turn after the restart")


@case
def an_order_to_stop_during_the_start_is_no_crash(lab):
    daemon = lab.daemon()
    daemon.stop()
    starts = daemon.home / "state" / "starts.json"
    begun = 0
    for i in range(40):
        before = starts.stat().st_mtime_ns
        process = subprocess.Popen([daemon.program, "serve", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=daemon.environment(), cwd="/")
        end = time.monotonic() + 20
        while starts.stat().st_mtime_ns == before and time.monotonic() < end:
            pass  # the start is on record from here on
        time.sleep(i * 0.003)
        process.send_signal(signal.SIGTERM if i % 2 else signal.SIGINT)
        begin = time.monotonic()
        equal(process.wait(20), 0, f"exit code of start {i}")
        expect(time.monotonic() - begin < 4, f"stopping start {i} took {time.monotonic() - begin:.1f} s")
        equal(json.loads(starts.read_text()), {"running": False, "after_crash": []}, f"what start {i} left")
        begun += 1
    equal(begun, 40, "starts")


@case
def sigint_stops_like_sigterm_and_twice_is_no_crash(lab):
    daemon = lab.daemon()
    os.kill(daemon.pid, signal.SIGINT)
    os.kill(daemon.pid, signal.SIGINT)
    os.kill(daemon.pid, signal.SIGTERM)
    equal(daemon.reap(), 0, "exit code")
    expect(not daemon.core_file.exists(), "core.json is left")


@case
def no_tcp_serves_the_socket_alone(lab):
    daemon = lab.daemon("--no-tcp", listen=None)
    equal(daemon.ready["url"], None, "url in the ready line")
    equal(json.loads(daemon.core_file.read_text())["url"], None, "url in core.json")
    api = daemon.api()
    equal(api.get("/status")["url"], None, "url in the status")
    if is_root():  # the daemon keeps its descriptors from everybody else
        inodes = set(descriptors(daemon))
        listening = [line.split()[9] for table in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:] if line.split()[3] == "0A"]
        expect(not [i for i in listening if f"socket:[{i}]" in inodes], "a TCP port is open")
    equal(api.run(api.session(), "help")["state"], "completed", "a turn over the socket")
    api.must_refuse("POST", "/login/links", 409, {})


@case
def the_next_free_port_is_taken(lab):
    with socket.socket() as taken:
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", 7799))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        daemon = lab.daemon(listen=None)
        expect(7799 < daemon.port < 7799 + 64, f"the port is {daemon.port}")
        equal(json.loads(daemon.core_file.read_text())["url"], daemon.ready["url"], "core.json")


@case
def a_fixed_port_that_is_taken_is_a_conflict(lab):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        err = lab.daemon(listen=f"127.0.0.1:{port}", start=False).refused(5)
        contains(err, str(port), "what it says")


@case
def listening_to_the_network_is_refused(lab):
    for address in ("0.0.0.0:1", "0.0.0.0:7799", "192.0.2.1:7799", "[::]:7799", "example.org:80"):
        err = lab.daemon(listen=address, start=False).refused(2)
        contains(err, "--listen", f"what serve --listen {address} says")
    for address in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", ":7799", ""):
        daemon = lab.daemon(start=False, listen=None)
        daemon.args = ["--listen", address]
        daemon.refused(2)
    expect(not list(lab.box.home().iterdir()), "a refused start made folders")


@case
def ipv6_loopback_works(lab):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        raise Skip("no IPv6 loopback here") from None
    daemon = lab.daemon(listen=f"[::1]:{port}")
    equal(daemon.ready["url"], f"http://[::1]:{port}", "url")
    with socket.create_connection(("::1", port), timeout=5) as s:
        s.sendall(f"GET /api/v1/health HTTP/1.1\r\nHost: [::1]:{port}\r\nConnection: close\r\n\r\n".encode())
        contains(s.recv(4096).decode(), "200", "health over IPv6")


@case
def systemd_is_told_ready_watchdog_and_stopping(lab):
    path = lab.box.root / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        path.chmod(0o777)
        notify.settimeout(20)
        daemon = lab.daemon(env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}, start=False)
        daemon.spawn()
        first = notify.recv(4096).decode()
        contains(first, "READY=1", "the first message")
        contains(first, f"MAINPID={daemon.pid}", "the first message")
        daemon.wait_ready()
        times = []
        while len(times) < 5:
            message = notify.recv(4096).decode()
            if "WATCHDOG=1" in message:
                times.append(time.monotonic())
        gaps = [b - a for a, b in zip(times, times[1:])]
        expect(max(gaps) < 0.6 and min(gaps[1:]) > 0.1, f"the watchdog is fed every {gaps} s, its limit is 0.6 s")
        # A loop that hangs does not feed it.
        os.kill(daemon.pid, signal.SIGSTOP)
        notify.settimeout(0.1)
        try:
            while True:
                notify.recv(4096)
        except TimeoutError:
            pass
        notify.settimeout(0.8)
        try:
            expect(not notify.recv(4096), "a stopped process feeds the watchdog")
        except TimeoutError:
            pass
        os.kill(daemon.pid, signal.SIGCONT)
        notify.settimeout(5)
        daemon.process.terminate()
        while "STOPPING=1" not in notify.recv(4096).decode():
            pass
        equal(daemon.reap(), 0, "exit code")


@case
def a_home_with_a_very_long_path(lab):
    home = lab.box.root / ("long-" + "x" * 110) / ("deep-" + "y" * 110)
    home.mkdir(parents=True)
    home.parent.chmod(0o711)
    daemon = lab.daemon(home=home)
    expect(len(daemon.ready["socket"]) > 108, "the socket path is short")
    expect((home / "run" / "pryx.sock").is_socket(), "there is no socket at the named place")
    ran = daemon.cli("status", "--json").must(0)
    equal(ran.json()["pid"], daemon.pid, "the CLI over the long path")
    daemon.cli("exec", "help", "--workspace", lab.workspace()).must(0)
    stop_within(daemon)
    expect(not (home / "run" / "pryx.sock").exists(), "the socket is left")


@case
def a_lost_key_exits_4_and_touches_nothing(lab):
    daemon = lab.daemon()
    daemon.api().session(title="precious")
    stop_within(daemon)
    key = daemon.home / "config" / "master.key"
    kept = key.read_bytes()
    owner = key.stat()
    key.unlink()

    def state():
        return {p.name: p.read_bytes() for p in (daemon.home / "data").iterdir() if p.is_file() and not p.name.endswith((".lock", "-shm"))}
    before = state()
    err = daemon.refused(4)
    contains(err, "key", "what it says")
    contains(err, "master.key", "what it says")
    expect(not key.exists(), "it made another key")
    equal(state().keys(), before.keys(), "files in data/")
    expect(state() == before, "the database was touched")
    key.write_bytes(b"wrong" + kept[5:])
    os.chown(key, owner.st_uid, owner.st_gid)
    key.chmod(0o600)
    daemon.refused(4)
    expect(state() == before, "the database was touched by a start with a wrong key")
    key.write_bytes(kept)
    daemon.start()
    equal([s["title"] for s in daemon.api().get("/sessions")["items"]], ["precious"], "sessions after the key is back")


@case
def the_key_of_another_home_does_not_open_this_one(lab):
    one, two = lab.daemon(home=lab.box.home("one")), lab.daemon(home=lab.box.home("two"))
    stop_within(one)
    stop_within(two)
    shutil.copy(one.home / "config" / "master.key", two.home / "config" / "master.key")
    two.refused(4)


@case
def a_lost_key_record_beside_a_database_is_refused(lab):
    daemon = lab.daemon()
    stop_within(daemon)
    (daemon.home / "data" / "key.json").unlink()
    daemon.refused(4)
    expect(not (daemon.home / "data" / "key.json").exists(), "it wrote another key record")


@case
def root_drops_to_an_unprivileged_user(lab):
    if not is_root():
        raise Skip("not root")
    daemon = lab.daemon()
    status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    uid = pwd.getpwnam("pryx").pw_uid
    equal(re.search(r"^Uid:\s+(.*)$", status, re.M)[1].split(), [str(uid)] * 4, "user ids")
    expect("0" not in re.search(r"^Gid:\s+(.*)$", status, re.M)[1].split(), "a group id is root's")
    expect("0" not in re.search(r"^Groups:(.*)$", status, re.M)[1].split(), "a supplementary group is root's")
    equal(re.search(r"^NoNewPrivs:\s+(\d)$", status, re.M)[1], "1", "NoNewPrivs")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
        value = int(re.search(rf"^{name}:\s+(\w+)$", status, re.M)[1], 16)
        if name != "CapBnd":
            equal(value, 0, name)
    for path in [daemon.home, *(p for p in daemon.home.rglob("*"))]:
        equal(path.stat().st_uid, uid, f"owner of {path.relative_to(daemon.home.parent)}")
    # root's CLI is the owner
    equal(daemon.cli("status", "--json").must(0).json()["pid"], daemon.pid, "status for root")
    daemon.cli("token", "create", "--name", "t", "--scope", "admin", "--json").must(0)
    # and the daemon's folders are closed to other users
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", daemon.program, "status", "--no-start"], env=daemon.environment(), capture_output=True, cwd="/")
    expect(done.returncode != 0, f"another user reaches the daemon: {done.stdout}")


@case
def a_workspace_only_root_can_write_is_refused_with_the_command(lab):
    if not is_root():
        raise Skip("not root")
    daemon = lab.daemon()
    folder = lab.box.root / "roots own"
    folder.mkdir(mode=0o700)
    problem = daemon.api().must_refuse("POST", "/workspaces", 403, {"path": str(folder)})
    contains(problem["detail"], f"chown -R pryx '{folder}'", "the command that fixes it")
    ran = daemon.cli("exec", "--workspace", folder, "help").must(7)
    contains(ran.err, "chown -R pryx", "the CLI's message")
    command = re.search(r"chown -R pryx '[^']+'", ran.err)[0]
    subprocess.run(command, shell=True, check=True)
    daemon.cli("exec", "--workspace", folder, "help").must(0)


@case
def run_as_takes_the_named_user(lab):
    if not is_root():
        raise Skip("not root")
    daemon = lab.daemon("--run-as", "nobody")
    equal(daemon_uid(daemon), pwd.getpwnam("nobody").pw_uid, "user of the daemon")
    lab.daemon("--run-as", "root", home=lab.box.home("other"), start=False).refused((2, 7))


@case
def the_places_of_the_daemon_are_no_workspace(lab):
    daemon = lab.daemon()
    api = daemon.api()
    for path in (daemon.home, daemon.home / "config", daemon.home / "data", daemon.home.parent, "/"):
        api.must_refuse("POST", "/workspaces", 403, {"path": str(path)})
    link = lab.box.root / "innocent"
    link.symlink_to(daemon.home / "config")
    api.must_refuse("POST", "/workspaces", 403, {"path": str(link)})
    api.must_refuse("POST", "/workspaces", 400, {"path": "relative/path"})
    api.must_refuse("POST", "/workspaces", 404, {"path": str(lab.box.root / "nothing-there")})


@case
def a_folder_of_protected_names_is_no_workspace(lab):
    daemon = lab.daemon()
    folder = lab.workspace()
    for name in (".vscode", ".husky/deep", ".git", ".git/info", ".config/autostart", ".config"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        problem = daemon.api().must_refuse("POST", "/workspaces", 403, {"path": str(folder / name)})
        contains(problem["detail"], "protected place", name)
    link = folder / "innocent"
    link.symlink_to(folder / ".vscode")
    daemon.api().must_refuse("POST", "/workspaces", 403, {"path": str(link)})
    daemon.api().post("/workspaces", {"path": str(folder)}, 201)


@case
def nothing_unexpected_is_inherited_or_left_open(lab):
    """The daemon hands no descriptor of its parent on and keeps a small number of its own."""
    if not is_root():
        raise Skip("the daemon keeps its descriptors from everybody but root")
    daemon = lab.daemon()
    targets = descriptors(daemon)
    expect(len(targets) < 40, f"an idle daemon has {len(targets)} descriptors: {targets}")
    equal(re.search(r"^Umask:\s+(\d+)", pathlib.Path(f"/proc/{daemon.pid}/status").read_text(), re.M)[1], "0077", "umask")
    api = daemon.api()
    for _ in range(20):
        api.run(api.session(), "list the files")
        bus = api.bus()
        bus.close()
    wait_until(lambda: len(os.listdir(f"/proc/{daemon.pid}/fd")) < len(targets) + 8, 10,
               "descriptors go back after 20 turns and bus clients")


@case
def five_crashes_start_safe_mode_and_a_restart_leaves_it(lab):
    daemon = lab.daemon(safe_mode=True)
    api = daemon.api()
    session = api.session()
    for _ in range(5):
        daemon.kill9()
        daemon.start()
    status = daemon.api().get("/status")
    equal(status["mode"], "safe", "mode after five crashes")
    contains(status["safe_mode_reason"], "crash", "the reason")
    equal(status["turns"]["paused"], True, "paused")
    turn = daemon.api().send(session, "help")
    time.sleep(0.5)
    equal(daemon.api().turn(turn)["state"], "queued", "a turn in safe mode")
    contains(daemon.cli("status").must(0).out, "safe", "pryx status")
    stop_within(daemon)
    daemon.start()
    equal(daemon.api().get("/status")["mode"], "normal", "mode after a clean stop")
    equal(daemon.api().wait_turn(turn)["state"], "completed", "the turn that waited")


@case
def unknown_serve_arguments_are_refused(lab):
    for args in (["--listne", "127.0.0.1:0"], ["--no-tcp", "--listen", "127.0.0.1:0"], ["now"], ["--listen"]):
        daemon = lab.daemon(start=False, listen=None)
        daemon.args = args
        daemon.refused(2)


@case
def bad_environment_values_are_refused_by_name(lab):
    for name, value in (("PRYX_LOG_LEVEL", "loud"),):
        daemon = lab.daemon(env={name: value}, start=False)
        done = subprocess.run([daemon.program, "serve", "--no-tcp"], env=daemon.environment(), capture_output=True, cwd="/", timeout=30)
        equal(done.returncode, 2, f"exit code with {name}={value}")
        contains(done.stderr.decode(), name, "what it says")
