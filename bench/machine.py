# SPDX-License-Identifier: MIT
"""What this machine can do without Pryx: the facts that the targets were set beside, so that figures of two machines can be compared."""
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time

# On the machine of the targets: two cores of a virtual machine.
THERE_MS = {"fsync": 0.138, "commit": 0.165, "spawn": 0.55, "bubblewrap": 4.58}
BUBBLEWRAP = ["/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"]


def measure(times):
    """[(name, milliseconds of each time)]: an fsync of 512 bytes, a commit of one row, a process, a process in bubblewrap."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        return [("fsync", fsyncs(place / "file", times)), ("commit", commits(place / "rows", times)),
                ("spawn", [timed(lambda: start(["/bin/true"])) for _ in range(times)]),
                ("bubblewrap", [timed(lambda: start(BUBBLEWRAP)) for _ in range(times)])]


def timed(work):
    begin = time.monotonic()
    work()
    return (time.monotonic() - begin) * 1000


def start(argv):
    # As root bubblewrap makes no user namespace, which is a part of what it costs.
    drop = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **drop)


def fsyncs(path, times):
    with open(path, "wb", buffering=0) as file:
        def write():
            file.write(b"x" * 512)
            os.fsync(file.fileno())
        return [timed(write) for _ in range(times)]


def commits(path, times):
    store = sqlite3.connect(path, isolation_level=None)
    try:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("PRAGMA synchronous=FULL")
        store.execute("CREATE TABLE rows (text)")
        return [timed(lambda: store.execute("INSERT INTO rows VALUES ('a row of some length')")) for _ in range(times)]
    finally:
        store.close()
