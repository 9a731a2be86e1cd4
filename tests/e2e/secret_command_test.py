# SPDX-License-Identifier: MIT
"""A stored secret that a command may read: asked for each time, handed over as a file of that run alone, and nowhere else."""
import hashlib
import json
import os
import pathlib
import secrets

from canary import hits, scan_tree
from harness import case, contains, equal, expect, lacks, wait_until
from shell_test import OPEN, Shell

FILE = "/run/secrets/mine"


def children(pid):
    """All processes below one, of whatever user."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found, more = set(), {pid}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - found
        found |= more
    return found


def seen_in_proc(pid, secret):
    out = []
    for child in children(pid) | {pid}:
        for name in ("cmdline", "environ"):
            try:
                out += [(child, name, *hit) for hit in hits(pathlib.Path(f"/proc/{child}/{name}").read_bytes(), secret)]
            except OSError:
                pass
    return out


def asked(shell, **arguments):
    """Sends the call; the question about it."""
    shell.yes = False
    turn = shell.send("shell.exec", **arguments)
    return turn, shell.api.pending(turn)


def answered(shell, turn, question):
    shell.api.post(f"/approvals/{question['id']}", {"decision": "approve"})
    equal(shell.api.wait_turn(turn)["state"], "completed", "the turn")
    return shell.result(shell.session)


@case(limit=120)
def a_command_reads_a_secret_and_nobody_else_does(lab):
    shell = Shell(lab)
    daemon, api = shell.daemon, shell.api
    value = "co-" + secrets.token_hex(16)
    secret = {"command": value}
    daemon.cli("secret", "set", "mine", stdin=value).must(0)
    command = (f"sha256sum <{FILE}; cat {FILE}; echo; base64 <{FILE}; od -An -tx1 -v <{FILE} | tr -d ' \\n'; echo; stat -c %a {FILE};"
               f"cat /proc/self/environ /proc/*/cmdline | grep -cF -f {FILE}; cat {FILE} >&2")
    # A policy that allows every command does not answer it, and no rule is offered to.
    turn, question = asked(shell, command=command, secrets=["mine"])
    equal((question["rule_suggestion"], question["shown_whole"]), (None, True), "the question")
    contains(question["rendering"], "(secrets: mine)", "the line")
    contains(question["preview"], f"may read the secret mine: as {FILE}", "the card")
    result = answered(shell, turn, question)
    contains(result, hashlib.sha256(value.encode()).hexdigest(), "what the command read")
    equal(result.count("[secret removed]"), 4, "times it was taken out")
    contains(result, "\n400\n0\n", "its mode, and lines of environments and arguments that hold it")
    results = [result]
    # Without the field there is no such file: the control of all that.
    shell.yes = True
    step, text = shell.call("shell.exec", command=f"cat {FILE}; ls /run/secrets")
    contains(text, "No such file", "the same command without the field")
    # A background process: its lines are clean, and from outside nothing shows in its arguments and environment.
    turn, question = asked(shell, command=f"cat {FILE}; sleep 300", secrets=["mine"], background=True)
    results.append(answered(shell, turn, question))
    contains(results[-1], "[secret removed]", "the first lines of the process")
    equal(seen_in_proc(daemon.pid, secret), [], "arguments and environments that hold the secret")
    found = [("result", *hit) for text in results for hit in hits(text.encode(), secret)]
    for path in (f"/sessions/{shell.session}/messages", "/audit?limit=200", "/approvals", "/secrets", f"/turns/{turn}", "/processes"):
        found += [(f"GET {path}", *hit) for hit in hits(api.request("GET", path).body, secret)]
    found += [("log", *hit) for hit in hits(daemon.log().encode(), secret)]
    found += [("request to the model", *hit) for r in shell.model.requests for hit in hits(json.dumps(r.body, ensure_ascii=False).encode(), secret)]
    daemon.stop()
    found += scan_tree(lab.box.root, secret)
    equal(found, [], "places where the secret was found")


@case
def a_secret_of_a_command_goes_only_to_its_hosts(lab):
    shell = Shell(lab)
    shell.daemon.cli("secret", "set", "mine", "--allow-host", "example.com", stdin="some-secret-value").must(0)
    for hosts, why in ((["example.org"], "may be sent to example.com only"), (["*.example.com"], "single hosts only"), (["example.com", "127.0.0.1:8080"], "may be sent to example.com only")):
        turn, question = asked(shell, command="true", secrets=["mine"], hosts=hosts)
        contains(answered(shell, turn, question), why, f"a command that may reach {hosts}")
    turn, question = asked(shell, command="true", secrets=["mine"], hosts=["example.com"])
    contains(question["preview"], "over port 443 only", "the card")
    contains(answered(shell, turn, question), "exit code 0", "a command that may reach its host")
    turn, question = asked(shell, command="true", secrets=["other"])
    contains(answered(shell, turn, question), "there is no secret other", "a secret that is not there")


@case
def a_secret_that_was_set_anew_is_asked_about_again(lab):
    shell = Shell(lab)
    daemon, api = shell.daemon, shell.api
    daemon.cli("secret", "set", "mine", stdin="the-first-value").must(0)
    turn, question = asked(shell, command=f"sha256sum <{FILE}", secrets=["mine"])
    daemon.cli("secret", "set", "mine", "--allow-host", "example.com", stdin="the-second-value").must(0)
    api.post(f"/approvals/{question['id']}", {"decision": "approve"})
    again = wait_until(lambda: next((a for a in api.get("/approvals?state=pending")["items"] if a["turn_id"] == turn and a["id"] != question["id"]), None), 20, "the second question")
    contains(" ".join(again["changes"]), "secrets.mine", "what changed")
    contains(answered(shell, turn, again), hashlib.sha256(b"the-second-value").hexdigest(), "what the command read")
    # Who cannot be asked gets none, whatever is allowed beforehand.
    shell.model.script["alone"] = [[("call", "shell.exec", {"command": f"cat {FILE}", "secrets": ["mine"]})], ["done"]]
    rules = lab.box.root / "approve.yaml"
    rules.write_text(OPEN)
    os.chmod(rules, 0o644)
    alone = daemon.cli("exec", "alone", "--workspace", shell.work, "--approve", rules).must(7)
    lacks(alone.out + alone.err, "the-second-value", "the answer")
    expect("a call that uses a stored secret asks" in alone.err or "asked for each time" in alone.err, alone.err)
