# SPDX-License-Identifier: MIT
"""A repository whose own configuration names programs for Git to run: what reads it unasked writes nothing, and runs none that can be switched off."""
import hashlib
import os
import pathlib
import subprocess

from harness import Skip, case, contains, equal, expect, lacks
from shell_test import OPEN, Shell

# What a repository may name, and whether the environment of a reading command switches it off. The others have names of the repository's
# own choice, so they run, in a sandbox without network whose workspace cannot be written.
TRAPS = {"fsmonitor": True, "showSignature": True, "gpg": True, "uploadpack": True, "externalDiff": False, "textconv": False, "clean": False}
COMMANDS = ["git status", "git diff", "git log -p", "git show", "git blame a.txt", "git log --format='%G? %h'", "git ls-files -m", "git describe --always --dirty",
            "git diff --stat HEAD", "git diff-index HEAD", "git show HEAD:lost.txt", "git cat-file -p HEAD:lost.txt", "git grep one", "git branch -vv", "git stash list",
            "git rev-list --objects --all", "git shortlog -s HEAD", "git status --porcelain && git log --oneline | head -3", "nice git status", "sh -c 'git status'"]


def trap(name):
    """Says that it ran and tries to leave a file; some of the callers want what they gave it back. The file's name is put together when it
    runs: one that stood in the repository's settings could not be written by any command."""
    return f"sh -c 'echo RAN-{name} >&2; f=ran; echo x > \"$WORK/$f-{name}\" 2>/dev/null; {'' if name == 'uploadpack' else 'cat 2>/dev/null; '}exit 0' trap"


def git(folder, *args, text=None):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.com", "GIT_COMMITTER_NAME": "x",
                   "GIT_COMMITTER_EMAIL": "x@example.com", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", "-C", str(folder), *args], input=text, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_hostile(folder, owner):
    git(folder, "init", "-q")
    (folder / ".gitattributes").write_text("*.txt diff=evil filter=evil\n")
    for name in ("a.txt", "b.dat", "lost.txt"):
        (folder / name).write_text("one\n")
    git(folder, "add", ".")
    tree = git(folder, "write-tree")
    signed = f"tree {tree}\nauthor x <x@example.com> 1 +0000\ncommitter x <x@example.com> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----\n\nsigned\n"
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", "--stdin", text=signed))
    (folder / "lost.txt").write_text("an object that is nowhere\n")
    git(folder, "add", "lost.txt")
    git(folder, "commit", "-q", "-m", "lost", "--no-gpg-sign")
    lost = git(folder, "rev-parse", "HEAD:lost.txt")
    (folder / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    (folder / "a.txt").write_text("two\n")
    (folder / "b.dat").write_text("two\n")
    write = {n: trap(n).replace("$WORK", str(folder)) for n in TRAPS}
    for key, value in {"core.fsmonitor": write["fsmonitor"], "gpg.program": "./gpg", "log.showSignature": "true", "diff.external": write["externalDiff"],
                       "diff.evil.textconv": write["textconv"], "filter.evil.clean": write["clean"], "extensions.partialClone": "evil", "remote.evil.promisor": "true", "remote.evil.partialCloneFilter": "blob:none",
                       "remote.evil.url": str(folder), "remote.evil.uploadpack": write["uploadpack"], "core.repositoryFormatVersion": "1"}.items():
        git(folder, "config", key, value)
    program = folder / "gpg"
    program.write_text("#!/bin/sh\n" + write["gpg"] + "\n")
    for entry in [folder, *folder.rglob("*")]:
        os.chown(entry, owner.st_uid, owner.st_gid, follow_symlinks=False)
    program.chmod(0o755)


def fingerprint(folder):
    found = {}
    for entry in sorted(pathlib.Path(folder).rglob("*")):
        if entry.is_file():
            found[str(entry.relative_to(folder))] = hashlib.sha256(entry.read_bytes()).hexdigest()
    return found


def hostile_shell(lab, policy):
    if subprocess.run(["git", "--version"], capture_output=True, check=False).returncode != 0:
        raise Skip("git is not installed")
    shell = Shell(lab, policy=policy)
    make_hostile(shell.work, shell.daemon.home.stat())
    return shell


@case(limit=180)
def reading_a_hostile_repository_unasked_changes_nothing(lab):
    shell = hostile_shell(lab, None)
    before = fingerprint(shell.work)
    said = ""
    for command in COMMANDS:
        found = shell.api.post("/policy/test", {"tool": "shell.exec", "arguments": {"command": command}})
        equal(found["decision"], "allow", f"decision on `{command}` ({found['reason']})")
        text = shell.exec(command)
        said += text
        for name, is_off in TRAPS.items():
            if is_off:
                lacks(text, f"RAN-{name}", f"what `{command}` said")
        after = fingerprint(shell.work)
        changed = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
        equal(changed, [], f"what `{command}` changed in the workspace")
    contains(said, "modified:   a.txt", "what the commands said")
    lacks(said, "dubious ownership", "what git said")


@case(limit=180)
def the_traps_of_a_hostile_repository_work(lab):
    """The control: as commands that may write, the same ones spring every trap that the reading ones are kept from."""
    shell = hostile_shell(lab, OPEN)
    for command in COMMANDS:
        shell.call("shell.exec", command=f"{command}; touch made")
    sprung = {p.name.removeprefix("ran-") for p in shell.work.glob("ran-*")}
    for name in sorted(TRAPS.keys() - {"showSignature"}):
        expect(name in sprung, f"the trap {name} was not sprung; {sorted(sprung)} were")
