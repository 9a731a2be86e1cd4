# SPDX-License-Identifier: MIT
"""The harness itself: that what a sanitizer says of a daemon fails the case, whenever it is said."""
import json
import pathlib
import sys

from harness import Broken, Lab, case, contains, end_all, equal, expect, lacks, support

LEAK = "==7==ERROR: LeakSanitizer: detected memory leaks"
# Stands in for the daemon: says it is ready, then what it shall say, and its last words when it is ended.
ACTOR = """#!{python}
import json, os, signal, sys
def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()
def end(*_):
    say({last!r})
    os._exit(0)
signal.signal(signal.SIGTERM, end)
say({first!r})
print(json.dumps({{"event": "ready", "pid": os.getpid()}}), flush=True)
while True:
    signal.pause()
"""


def verdict(lab, first="", last=""):
    """What the runner says of a case whose daemon wrote this; empty when it passes."""
    folder = pathlib.Path(lab.box.root / "bin")
    folder.mkdir(exist_ok=True)
    program = folder / "pryx"
    program.write_text(ACTOR.format(python=sys.executable, first=first, last=last))
    program.chmod(0o755)
    with support.Box("inner") as box:
        daemon = Lab(folder, box).daemon()
        try:
            end_all(box)
        except Broken as error:
            return str(error)
        expect(not daemon.is_alive(), "the daemon was not ended")
        return ""


@case
def a_report_in_the_last_moment_fails_the_case(lab):
    contains(verdict(lab, last=f"{LEAK}\n    #0 in malloc\n"), "#0 in malloc", "a report of leaks")
    equal(verdict(lab, last="bye\n"), "", "the control: other last words")


@case
def a_report_is_kept_however_much_is_logged_after_it(lab):
    noise = "".join(json.dumps({"event": "noise", "n": n}) + "\n" for n in range(5000))
    said = verdict(lab, first=f"{LEAK}\n    #0 in malloc\n{noise}")
    contains(said, "#0 in malloc", "an early report")
    lacks(said, '"n": 4000', "what is shown of it")
    equal(verdict(lab, first=noise), "", "the control: only the noise")
