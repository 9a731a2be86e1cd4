# SPDX-License-Identifier: MIT
"""pryx undo of what commands changed: all of it comes back where an overlay held it, and what does not is said."""
import os
import shutil
import stat

from harness import case, contains, equal, expect, lacks, stop_within
from shell_test import Shell

MAKE = r"""
mkdir -p src/deep data old/inner shared
printf 'one\r\n\0\377 no end' > src/a.bin
echo b > src/b.txt
echo c > src/deep/c
echo gone > old/inner/gone
echo both > both
echo swap > swap
ln -s b.txt src/turned
ln -s ../both src/lost
chmod 640 src/b.txt
chmod 755 both
chmod 750 data old/inner
"""
CHANGE = r"""
printf 'two\0' > src/a.bin
chmod 755 src/b.txt
echo changed > both
chmod 600 both
rm -r old
ln -sfn c src/turned
rm src/lost
rm swap
ln -s both swap
echo s > shared/new
mkdir -p fresh/closed shared/below
echo x > fresh/closed/x
ln -s x fresh/closed/link
ln src/deep/c fresh/twin
chmod 500 fresh/closed
chmod 700 src
rm -r data
echo now a file > data
"""


def tree(folder):
    """Everything below a folder: kind, permission bits, and bytes or what a link names."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        held = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode), held)
    return found


def undone(shell, turn, **options):
    report = shell.api.post(f"/turns/{turn}/undo", options)
    return report, {(f["path"], f["action"]) for f in report["files"]}


def last_turn(shell):
    return shell.api.transcript(shell.session)[-1]["turn_id"]


def reasons(shell, turn):
    return [s["reason"] for s in shell.api.post(f"/turns/{turn}/undo", {"dry_run": True})["not_undone"]]


@case(limit=120)
def all_that_a_command_changed_comes_back(lab):
    shell = Shell(lab, files={"make.sh": MAKE, "change.sh": CHANGE})
    contains(shell.exec("sh -e make.sh"), "exit code 0", "the folder as it is to be again")
    os.chmod(shell.work / "shared", 0o2775)
    before = tree(shell.work)
    contains(shell.exec("sh -e change.sh"), "exit code 0", "the command")
    turn, after = last_turn(shell), tree(shell.work)
    equal((after["src"][1], after["fresh/closed"][1], after["src/b.txt"][1]), (0o700, 0o500, 0o755), "rights after the command")
    equal((after["shared"][1], after["shared/below"][1] & 0o2000), (0o2775, 0o2000), "the group bit of a folder that was written in")
    for name in ("both", "data", "src/a.bin", "src/turned", "swap"):
        expect(after[name] != before[name], f"the command did not change {name}")
    expect("old" not in after and "src/lost" not in after, "the command deleted nothing")
    report, _ = undone(shell, turn, dry_run=True)
    equal(report["state"], "undone", f"the rehearsal {report['files']}")
    equal(tree(shell.work), after, "the folder after the rehearsal")
    shell.daemon.cli("undo", turn).must(0)
    equal(tree(shell.work), before, "the folder after the undo")
    report, actions = undone(shell, turn)
    equal((report["state"], {a for _, a in actions}), ("nothing_to_undo", {"already_undone"}), "a second undo")


@case(limit=120)
def two_commands_of_a_turn_leave_nothing_of_what_one_made_and_one_deleted(lab):
    shell = Shell(lab)
    shell.model.script["both"] = [[("call", "shell.exec", {"command": "mkdir -p d/e && echo 1 > d/e/x"})], [("call", "shell.exec", {"command": "rm -r d"})], ["done"]]
    before = tree(shell.work)
    turn = shell.settle(shell.api.send(shell.session, "both"))["id"]
    equal(tree(shell.work), before, "the folder after both")
    report, _ = undone(shell, turn)
    equal((report["state"], report["not_undone"]), ("undone", []), f"the undo {report['files']}")
    equal(tree(shell.work), before, "the folder after the undo")


@case(limit=120)
def what_of_a_command_cannot_come_back_is_said(lab):
    """A content over the limit, a name that a person took since, and a FIFO; the rest comes back all the same."""
    shell = Shell(lab, files={"big.sh": "head -c 17000000 /dev/zero > big; echo s > small; echo t > theirs",
                              "change.sh": "echo 1 > big; echo 1 > small; echo 1 > theirs; mkfifo pipe"})
    shell.exec("sh big.sh")
    shell.exec("sh change.sh")
    (shell.work / "theirs").write_text("a person's\n")
    ran = shell.daemon.cli("undo", last_turn(shell)).must(5)
    contains(ran.out, "left alone: big (its old content was too large", "what pryx undo says")
    contains(ran.out, "left alone: theirs (it was changed since)", "what pryx undo says")
    contains(ran.out, "failed: pipe", "what pryx undo says")
    contains(ran.out, "given back: small", "what pryx undo says")
    equal(((shell.work / "small").read_text(), (shell.work / "theirs").read_text(), (shell.work / "big").read_text()),
          ("s\n", "a person's\n", "1\n"), "the files")


@case(limit=120)
def without_an_overlay_undo_says_that_it_knows_nothing(lab):
    """A file where Pryx keeps what commands write leaves no place for an overlay; commands run all the same."""
    shell = Shell(lab, files={"a.txt": "old\n"})
    stop_within(shell.daemon)
    scratch = shell.daemon.home / "state" / "sandbox"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.write_text("in the way")
    shell.daemon.start()
    shell.api = shell.daemon.api()
    contains(shell.exec("echo new > a.txt"), "exit code 0", "the command")
    turn = last_turn(shell)
    report, _ = undone(shell, turn)
    equal((report["state"], [f["action"] for f in report["files"]]), ("refused", ["not_kept"]), "the undo")
    contains(report["files"][0]["detail"], "without an overlay, so what it changed is not known", "why")
    contains(shell.daemon.cli("undo", turn).must(5).out, "without an overlay", "pryx undo")
    equal((shell.work / "a.txt").read_text(), "new\n", "the file, which nothing gives back")


@case(limit=120)
def a_background_command_says_what_it_sent_and_whether_it_still_runs(lab):
    shell = Shell(lab)
    quiet = shell.start("echo mine > made; sleep 300")
    turn_of_quiet = last_turn(shell)
    loud = shell.start("sleep 300", hosts=["localhost:1"])
    turn_of_loud = last_turn(shell)
    equal(len(reasons(shell, turn_of_quiet)), 1, "reasons of the quiet one")
    contains(reasons(shell, turn_of_quiet)[0], "undo the turn after that", "while the quiet one runs")
    for part in ("undo the turn after that", "sent over the network"):
        contains(reasons(shell, turn_of_loud)[0], part, "while the loud one runs")
    for process in (quiet, loud):
        shell.daemon.cli("process", "stop", process).must(0)
    equal(reasons(shell, turn_of_quiet), [], "after the end of the quiet one")
    contains(reasons(shell, turn_of_loud)[0], "sent over the network", "after the end of the loud one")
    lacks(reasons(shell, turn_of_loud)[0], "undo the turn after that", "after the end of the loud one")
    expect((shell.work / "made").exists(), "what the quiet one made is taken over")
    report, actions = undone(shell, turn_of_quiet)
    equal((report["state"], actions), ("undone", {("made", "removed")}), "the undo after its end")
    expect(not (shell.work / "made").exists(), "what it made is gone")
