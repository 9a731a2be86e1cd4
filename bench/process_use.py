# SPDX-License-Identifier: MIT
"""What a running process uses of the machine, read from /proc."""
import pathlib
import time

from lab import Broken


def memory_kind(pid):
    return "" if can_read_pss(pid) else "RSS: the daemon forbids others to read its PSS"


def can_read_pss(pid):
    try:
        pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return True
    except OSError:
        return False


def memory_mib(pid):
    """Proportional set size; the resident set, which is larger, where only root may see the former."""
    name, field = ("smaps_rollup", "Pss:") if can_read_pss(pid) else ("status", "VmRSS:")
    for line in pathlib.Path(f"/proc/{pid}/{name}").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise Broken(f"no {field} in /proc/{pid}/{name}")


def cpu_percent(pid, seconds):
    """From the scheduler's nanoseconds, because a clock tick is too coarse for a tenth of a percent."""
    def used():
        return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
    before, begin = used(), time.monotonic()
    time.sleep(seconds)
    return (used() - before) / 1e9 / (time.monotonic() - begin) * 100
