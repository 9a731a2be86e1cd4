# SPDX-License-Identifier: MIT
"""What the programs under tests/ and bench/ share to drive a real daemon: a private home, the daemon's process, its API over socket and
TCP, server-sent events and the bus. Standard library only; one thread may use one Api at a time unless it says otherwise.
"""
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time

from wire import Api, Broken, Bus, wait_until  # noqa: F401: part of what this module offers

SOURCE = pathlib.Path(__file__).resolve().parents[2]
READY_LIMIT = 60.0  # a sanitizer build on a busy machine; figures are measured elsewhere
# Events of the bus that are not kept; they carry the last version that is.
EPHEMERAL = ("turn.delta", "turn.retrying", "tool.output", "status.changed", "audit.head")


def raise_file_limit():
    """As many descriptors as the machine allows; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


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

    def close(self):
        """Ends what runs here, the newest first."""
        while self.closers:
            with contextlib.suppress(Exception):
                self.closers.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        shutil.rmtree(self.root, ignore_errors=True)


SANITIZER = re.compile(r"(ERROR|WARNING): \w+Sanitizer|: runtime error: ")
REPORT_LINES = 400  # kept of a sanitizer's report, however much is logged after it
LAST_WORDS = 5.0  # seconds that the log may stay open after its daemon: something it started may hold it


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
        self.report = []
        self.readers = []
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
        self.read_log()
        return self

    def read_log(self):
        """Reads what the process just started writes to stderr, until nobody can write there any more."""
        reader = threading.Thread(target=self._drain, args=(self.process,), daemon=True)
        self.readers.append(reader)
        reader.start()

    def _drain(self, process):
        for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            self.lines.append(text)
            if len(self.report) < REPORT_LINES and (self.report or SANITIZER.search(text)):
                self.report.append(text)
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
        """The last lines of the log; of a sanitizer's report the first ones, which say what happened and where."""
        lines = list(self.lines)
        report = self.sanitizer_report()
        shown = report[:count] if report else lines[-count:]
        return "\n".join("    | " + line[:600] for line in shown)

    def sanitizer_report(self):
        """The log from a sanitizer's first report on; empty when there is none. Of leaks it is written when the daemon ends: whole after close()."""
        return list(self.report)

    def close(self):
        if self.is_alive():
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        end = time.monotonic() + LAST_WORDS
        for reader in self.readers:
            reader.join(max(0.0, end - time.monotonic()))

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
