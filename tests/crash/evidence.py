# SPDX-License-Identifier: MIT
"""S13: joins what reached the world with the audit log, as an outsider sees it: the export, checked by the separate verifier."""
import json
import pathlib
import subprocess

from lab import Broken


def exported(daemon):
    """The entries of the log with their personal content, after pryx-audit-verify found them true against every checkpoint outside of the
    database."""
    text = daemon.cli("audit", "export", timeout=120, check=0).stdout
    verifier = pathlib.Path(daemon.program).with_name("pryx-audit-verify")
    key = daemon.cli("audit", "checkpoint", "--key", check=0).stdout.strip()
    kept = daemon.home / "state/audit/checkpoints.jsonl"
    done = subprocess.run([verifier, "--key", key, "--against", kept, "-"], input=text, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Broken(f"the export does not verify: {done.stdout[:500]}{done.stderr[:500]}")
    lines = [json.loads(line) for line in text.splitlines()[1:-1]]
    return [{**line["entry"], "personal": line.get("personal") or {}} for line in lines]


def check(entries, steps, effects):
    """steps: those of the turns, as the API shows them. effects: (step id or None, tool, arguments it must have had, when it was seen or
    None), each something that reached the world. Raises Broken for an effect without an earlier durable intent."""
    intents, outcomes = {}, {}
    for entry in entries:
        if entry["kind"] == "tool.intent":
            intents.setdefault(entry["step_id"], []).append(entry)
        if entry["kind"] in ("tool.outcome", "tool.unknown", "tool.interrupted"):
            outcomes.setdefault(entry["step_id"], []).append(entry)
    for step in steps:
        if step["kind"] != "tool" or not step["started_at"]:
            continue
        began = intents.get(step["id"])
        if not began:
            raise Broken(f"step {step['id']} ({step['tool']}) was started without an intent in the audit log")
        if step["state"] == "done":
            ended = outcomes.get(step["id"])
            if not ended or ended[-1]["index"] < began[-1]["index"]:
                raise Broken(f"step {step['id']} ({step['tool']}) is done without an outcome after its intent")
    for step, tool, arguments, seen in effects:
        fits = [e for group in intents.values() for e in group
                if e["subject"] == tool and (step is None or e["step_id"] == step) and (seen is None or e["at"] <= seen)
                and arguments.items() <= (e["personal"].get("args") or {}).items()]
        if not fits:
            raise Broken(f"effect of {tool} with {arguments} has no earlier intent in the audit log")


def control(entries, steps, effects):
    """The check must miss nothing: with the intents taken out of a copy it has to fail."""
    bare = [e for e in entries if e["kind"] != "tool.intent"]
    if not effects and not any(s["kind"] == "tool" and s["started_at"] for s in steps):
        return
    try:
        check(bare, steps, effects)
    except Broken:
        return
    raise Broken("the evidence check does not see that intents are missing")
