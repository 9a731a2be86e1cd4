# SPDX-License-Identifier: MIT
"""Evidence: what is recorded, who can tell when it was changed, what a deleted session leaves, and that nothing happens unrecorded."""
import csv
import io
import json
import pathlib
import re
import subprocess

from database import database_of
from harness import case, contains, equal, expect, lacks, wait_until

SECRET = "sk-abcdefghijklmnopqrstuvwx0123"


def talk(lab, daemon, texts=("read it",)):
    """Turns with a tool call each; the session."""
    model = lab.model(daemon)
    work = lab.workspace({"note.txt": "the cat is called Miso"})
    api = daemon.api()
    session = api.session(workspace=str(work))
    for text in texts:
        model.script[text] = [[("call", "fs.read", {"path": "note.txt"})], ["read"]]
        equal(api.run(session, text)["state"], "completed", text)
    return api, session


def verifier(lab, *args, check=None):
    done = subprocess.run([f"{lab.binaries}/pryx-audit-verify", *map(str, args)], capture_output=True, text=True, timeout=60)
    if check is not None:
        equal(done.returncode, check, f"exit code of pryx-audit-verify ({done.stdout}{done.stderr})")
    return json.loads(done.stdout) if done.stdout.startswith("{") else None


def write(lab, name, text):
    path = lab.box.root / name
    path.write_text(text)
    return path


@case
def a_tool_call_is_on_record_with_everything(lab):
    """AU-01, AU-03: what, with which arguments, for whom, from where, when, how it ended."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({"note.txt": "x"})
    model.script["look"] = [[("call", "fs.search", {"pattern": SECRET})], ["none"]]
    api = daemon.api()
    session = api.session(workspace=str(work))
    turn = api.run(session, "look")
    rows = {r["kind"]: r for r in api.pages("/audit") if r["turn_id"] == turn["id"]}
    intent, outcome = rows["tool.intent"], rows["tool.outcome"]
    expect(intent["index"] < outcome["index"], "the intent comes first")
    equal((intent["subject"], intent["session_id"], outcome["success"]), ("fs.search", session, True), "tool, session, success")
    expect(intent["actor"] and intent["at"] and intent["detail"]["args_hash"] and intent["detail"]["call_hash"], f"who, when, which call: {intent}")
    contains(json.dumps(intent["personal"]["args"]), "hmac:", "a secret in the arguments")
    lacks(json.dumps(api.pages("/audit")), SECRET, "the audit log")
    expect(intent["personal"]["rendering"] is not None and outcome["detail"]["result_hash"], "rendering and result hash")


@case
def the_list_filters(lab):
    """AU-06."""
    daemon = lab.daemon()
    api, session = talk(lab, daemon)

    def kinds(query):
        return {r["kind"] for r in api.get("/audit?limit=200&" + query)["items"]}
    equal(kinds(f"session={session}"), {"tool.intent", "tool.outcome"}, "of the session")
    equal(kinds("action=tool.intent"), {"tool.intent"}, "one action")
    equal(kinds("action=tool.*"), {"tool.intent", "tool.outcome"}, "a group")
    equal(kinds("tool=fs.read&success=true"), {"tool.outcome"}, "outcomes that went well")
    equal(kinds("success=false"), set(), "outcomes that did not")
    equal(kinds("surface=nowhere"), set(), "another surface")
    equal(kinds("user=stranger"), set(), "another user")
    expect(kinds("user=owner") >= {"tool.intent", "setting.changed"}, "the owner")
    equal(kinds("after=2999-01-01T00:00:00Z"), set(), "the future")
    equal(kinds("before=2001-01-01T00:00:00Z"), set(), "the past")
    for query in ("success=perhaps", "after=yesterday", "cursor=x", "limit=0"):
        api.must_refuse("GET", f"/audit?{query}", 400)
    listed = daemon.cli("audit", "list", "--tool", "fs.read", "--json", check=0).json()["items"]
    equal([r["kind"] for r in listed], ["tool.outcome", "tool.intent"], "pryx audit list")
    shown = daemon.cli("audit", "show", listed[0]["index"], "--json", check=0).json()
    equal(shown, listed[0], "pryx audit show")
    equal(daemon.cli("audit", "show", 99999).code, 6, "an entry that does not exist")
    contains(daemon.cli("audit", "list", check=0).out, "tool.intent", "the table")


@case
def an_export_verifies_without_the_daemon(lab):
    """AU-02: the separate verifier needs the export, the public key, and for the tail a checkpoint that was kept."""
    daemon = lab.daemon()
    talk(lab, daemon, ("one", "two"))
    key = daemon.cli("audit", "checkpoint", "--key", check=0).out.strip()
    old = write(lab, "old.note", daemon.cli("audit", "checkpoint", check=0).out)
    old_log = write(lab, "old.jsonl", daemon.cli("audit", "export", check=0).out)
    daemon.cli("config", "set", "log.level", "warn", check=0)
    new = write(lab, "new.note", daemon.cli("audit", "checkpoint", check=0).out)
    log = write(lab, "log.jsonl", daemon.cli("audit", "export", check=0).out)
    for kept in (("--against", old), ("--against", new), ("--against", daemon.home / "state/audit/checkpoints.jsonl"), ()):
        expect(verifier(lab, "--key", key, *kept, log, check=0)["ok"], f"the true log with {kept}")
    expect(verifier(lab, "--key", key, old_log, check=0)["ok"], "the control: an older whole log by itself")
    rolled_back = verifier(lab, "--key", key, "--against", new, old_log, check=3)
    size = len(old_log.read_text().splitlines()) - 2
    equal(rolled_back["first_bad_index"], size + 1, "a log without its tail")
    lines = log.read_text().splitlines(keepends=True)
    for at, forged in ((3, lines[:3] + [lines[3].replace("cli", "web").replace("fs.read", "fs.list").replace("owner", "ownex")] + lines[4:]),
                       (2, lines[:2] + lines[3:]), (2, [lines[0], lines[1], lines[3], lines[2], *lines[4:]])):
        bad = verifier(lab, "--key", key, write(lab, "bad.jsonl", "".join(forged)), check=3)
        equal(bad["first_bad_index"], at, "the first bad index")
    other = lab.daemon(home=lab.box.home("other"))
    verifier(lab, "--key", other.cli("audit", "checkpoint", "--key", check=0).out.strip(), log, check=3)
    proof = daemon.api().request("GET", "/api/v1/audit/proof?index=2").body
    expect(verifier(lab, "--key", key, "--proof", write(lab, "p.json", proof.decode()), check=0)["ok"], "a proof of entry 2")
    verifier(lab, "--key", key, "--proof", write(lab, "p.json", proof.decode().replace('"index":2', '"index":3')), check=3)
    expect('"format":2' in proof.decode(), "the proof holds the entry itself")
    verifier(lab, "--key", key, "--proof", write(lab, "p.json", proof.decode().replace('"format":2', '"format":1')), check=3)
    before = int(old.read_text().splitlines()[1])
    bare = re.sub(r'"entry":\{.*?\},"from":', '"from":', proof.decode())
    expect('"entry"' not in bare and '"leaf"' in bare, "the proof without its entry")
    contains(verifier(lab, "--key", key, "--proof", write(lab, "p.json", bare), check=3)["reason"], "holds no entry", "a leaf that nobody tied to a text")
    growth = daemon.api().request("GET", f"/api/v1/audit/proof?from={before}").body.decode()
    expect(verifier(lab, "--key", key, "--against", old, "--proof", write(lab, "g.json", growth), check=0)["ok"], "a proof of growth")
    verifier(lab, "--key", key, "--against", new, "--proof", write(lab, "g.json", growth), check=3)


@case
def the_daemon_verifies_itself(lab):
    daemon = lab.daemon()
    talk(lab, daemon)
    note = write(lab, "kept.note", daemon.cli("audit", "checkpoint", check=0).out)
    contains(daemon.cli("audit", "verify", check=0).out, "verify", "pryx audit verify")
    equal(daemon.cli("audit", "verify", "--against", note, "--json", check=0).json()["first_bad_index"], None, "against its own checkpoint")
    kept = note.read_text().splitlines()
    forged = "\n".join([kept[0], str(int(kept[1]) + 1), *kept[2:]]) + "\n"
    equal(daemon.cli("audit", "verify", "--against", write(lab, "forged.note", forged)).code, 3, "against a forged checkpoint")
    other = lab.daemon(home=lab.box.home("other"))
    foreign = write(lab, "foreign.note", other.cli("audit", "checkpoint", check=0).out)
    equal(daemon.cli("audit", "verify", "--against", foreign).code, 3, "against another log's checkpoint")
    daemon.restart()
    equal(daemon.cli("audit", "verify", "--against", note).code, 0, "after a restart")
    contains(daemon.cli("doctor", "--json").out, "audit", "doctor names the audit log")


@case
def a_database_from_before_the_last_checkpoint_is_noticed(lab):
    """T34: the data folder is put back to an older, consistent state; the checkpoints outside of it tell."""
    daemon = lab.daemon()
    talk(lab, daemon)
    daemon.stop()
    older = {p.name: p.read_bytes() for p in (daemon.home / "data").iterdir() if p.is_file()}
    daemon.start()
    daemon.cli("config", "set", "log.level", "warn", check=0)
    kept = write(lab, "kept.note", daemon.cli("audit", "checkpoint", check=0).out)
    daemon.stop()
    for path in (daemon.home / "data").iterdir():
        if path.is_file() and path.name not in older:
            path.unlink()
    for name, data in older.items():
        (daemon.home / "data" / name).write_bytes(data)
    daemon.start()
    equal(daemon.cli("audit", "verify", "--against", kept).code, 3, "against the kept checkpoint")
    equal(daemon.cli("audit", "verify").code, 3, "the checkpoint in the state folder tells as well")
    equal(daemon.cli("audit", "checkpoint").code, 3, "and no new one is signed")
    # The control: with that file gone as well, nothing inside of the home can tell.
    daemon.stop()
    (daemon.home / "state/audit/checkpoints.jsonl").unlink()
    daemon.start()
    equal(daemon.cli("audit", "verify").code, 0, "the control")
    equal(daemon.cli("audit", "verify", "--against", kept).code, 3, "the kept checkpoint still tells")


@case
def checkpoints_are_copied_to_another_place(lab):
    daemon = lab.daemon()
    place = lab.workspace(name="elsewhere")
    daemon.cli("config", "set", "audit.copy_to", place, check=0)
    note = daemon.cli("audit", "checkpoint", check=0).out
    files = list(place.iterdir())
    equal(len(files), 1, "files in the other place")
    notes = [json.loads(line)["note"] for line in files[0].read_text().splitlines()]
    expect(note in notes, "the checkpoint is in the copy")
    daemon.stop()
    expect(len(files[0].read_text().splitlines()) >= len(notes), "a stop takes nothing away")


@case
def exports_come_in_three_formats(lab):
    daemon = lab.daemon()
    talk(lab, daemon)
    document = json.loads(daemon.cli("audit", "export", "--format", "json", check=0).out)
    rows = list(csv.reader(io.StringIO(daemon.cli("audit", "export", "--format", "csv", check=0).out)))
    lines = [json.loads(line) for line in daemon.cli("audit", "export", check=0).out.splitlines()]
    equal(document["size"], len(document["items"]), "entries of the document")
    equal(len(rows) - 1, document["size"], "rows of the table")
    equal(len(lines) - 2, document["size"], "lines")
    equal(lines[1]["leaf"], document["items"][0]["leaf"], "the first leaf")
    equal(lines[1]["leaf"], rows[1][-1], "the first leaf")
    paged = b"".join(daemon.api().request("GET", f"/api/v1/audit/export?format=jsonl&limit=2&from={first}&size={document['size']}").body
                     for first in range(1, document["size"] + 1, 2))
    equal(len(paged.splitlines()) - 2, document["size"], "lines of all pages")
    daemon.api().must_refuse("GET", "/audit/export?format=xml", 400)
    daemon.api().must_refuse("GET", "/audit/export?size=999999", 400)
    equal(daemon.tcp("read").request("GET", "/api/v1/audit/export").status, 403, "without admin")


@case
def a_deleted_session_leaves_evidence_and_no_content(lab):
    """CO-01, AU-05: the entries and their proof stay; what was said, named, asked, answered and granted is gone."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({"diary-of-anna.txt": "dear diary"})
    name, old, new, no = "diary-of-anna", "dear diary", "anna met bob", "anna would not like that"
    model.script["look"] = [[("call", "fs.read", {"path": f"{name}.txt"})], ["read"]]
    for text in ("write", "write again"):
        model.script[text] = [[("call", "fs.write", {"path": f"{name}.txt", "content": f"{new}, {text}"})], ["written"]]
    model.script["keep"] = [[("call", "memory.save", {"text": new})], ["not kept"]]
    api = daemon.api()
    session = api.session(workspace=str(work))
    api.run(session, "look")
    turn = api.send(session, "write")
    approval = api.pending(turn)
    contains(approval["preview"], old, "the diff that was asked about")
    api.post(f"/approvals/{approval['id']}", {"decision": "approve", "scope": "session"})
    equal(api.wait_turn(turn)["state"], "completed", "the write that was approved")
    equal(api.run(session, "write again")["state"], "completed", "the write under the grant")
    grant = api.get("/grants")["items"][0]
    turn = api.send(session, "keep")
    api.post(f"/approvals/{api.pending(turn)['id']}", {"decision": "deny", "reason": no})
    api.wait_turn(turn)
    key = daemon.cli("audit", "checkpoint", "--key", check=0).out.strip()
    kept = write(lab, "kept.note", daemon.cli("audit", "checkpoint", check=0).out)
    export = daemon.cli("audit", "export", check=0).out
    for word in (name, new, no):
        contains(export, word, "the control: it is there before")
    for row in api.pages("/audit"):
        lacks(json.dumps(row["detail"]), name, f"what no erasure reaches, of {row['kind']}")
    intents = [r for r in api.pages("/audit") if r["kind"] == "tool.intent" and r["detail"].get("grant_id") == grant["id"]]
    equal([r["personal"]["rule"] for r in intents], [f"grant session: {grant['rule']}"], "the rule that let a call through, found by its grant")
    decided = json.dumps(api.get("/approvals?state=decided"))
    for word in (name, old, new, no):
        contains(decided, word, "the control: the answers before")
    daemon.cli("session", "rm", session, "--yes", check=0)
    export = daemon.cli("audit", "export", check=0).out
    places = {"the export": export, "the list": json.dumps(api.pages("/audit")), "the answers": json.dumps(api.get("/approvals?limit=200")),
              "the grants": json.dumps(api.get("/grants"))}
    for place, text in places.items():
        for word in (name, old, new, no):
            lacks(text, word, place)
    equal(api.get("/approvals?state=decided")["items"], [], "answers")
    equal(api.get("/grants")["items"], [], "grants")
    api.must_refuse("GET", f"/approvals/{approval['id']}", 404)
    rows = api.get(f"/audit?session={session}&limit=200")["items"]
    expect({"tool.intent", "tool.outcome", "approval.resolved", "grant.revoked", "session.deleted", "audit.erased"} <= {r["kind"] for r in rows}, f"rows that stay: {rows}")
    expect(any(r["erased"] and r["personal"] is None for r in rows), "rows are marked as erased")
    equal(daemon.cli("audit", "verify", "--against", kept).code, 0, "the log verifies")
    report = verifier(lab, "--key", key, "--against", kept, write(lab, "log.jsonl", export), check=0)
    expect(report["erased"] > 0, f"the verifier counts what was erased: {report}")
    daemon.stop()
    stored = database_of(lab, daemon)
    contains(stored, "session.deleted", "the control: the database can be read")
    for word in (name, old, new, no):
        lacks(stored, word, "the database")
    # Called erased without an entry that says so: the verifier does not take it.
    lines = [line for line in export.splitlines(keepends=True)]
    hidden = [line for line in lines if '"personal":' in line]
    if hidden:
        bare = json.loads(hidden[0])
        forged = hidden[0][:hidden[0].index(',"leaf"')] + ',"erased":true,"leaf":"' + bare["leaf"] + '"}\n'
        verifier(lab, "--key", key, write(lab, "bad.jsonl", export.replace(hidden[0], forged)), check=3)


@case
def one_entry_is_proven_here(lab):
    daemon = lab.daemon()
    api, _ = talk(lab, daemon, ("read it", "again"))
    size = api.get("/audit/checkpoint")["size"]
    key = write(lab, "log.key", daemon.cli("audit", "checkpoint", "--key").must(0).out)
    for index in (1, size // 2, size):
        shown = daemon.cli("audit", "proof", index).must(0)
        contains(shown.out, f"entry {index} is in the signed log", "pryx audit proof")
        contains(shown.out, next(r["hash"] for r in api.pages("/audit") if r["index"] == index), "its leaf")
    body = daemon.cli("audit", "proof", size, "--key", key, "--json").must(0).json()
    equal((body["index"], set(body)), (size, set(api.get(f"/audit/proof?index={size}"))), "--json is the API's body")
    daemon.cli("audit", "proof", 1_000_000).must(6)
    daemon.cli("audit", "proof", "x").must(2)
    # The key of another log: the daemon's word alone is not believed.
    other = lab.daemon(home=lab.box.home("other"))
    foreign = write(lab, "other.key", other.cli("audit", "checkpoint", "--key").must(0).out)
    daemon.cli("audit", "proof", 1, "--key", foreign).must(3)


@case
def a_part_of_the_log_is_exported(lab):
    daemon = lab.daemon()
    api, _ = talk(lab, daemon, ("read it", "again", "once more"))
    rows = list(reversed(api.pages("/audit")))
    expect(len(rows) >= 8, f"{len(rows)} entries")

    def indexes(*args):
        lines = daemon.cli("audit", "export", *args).must(0).out.splitlines()
        return [json.loads(line)["entry"]["index"] for line in lines if '"index"' in line]
    equal(indexes("--from", 3, "--to", 6), [3, 4, 5, 6], "by number")
    whole = [r["index"] for r in rows]
    equal(indexes("--from", 5)[:len(whole) - 4], whole[4:], "from an entry on")
    equal(indexes("--to", 2), [1, 2], "up to an entry")
    middle = rows[len(rows) // 2]["at"]
    part = indexes("--from", middle)
    equal(part[0], min(r["index"] for r in rows if r["at"] >= middle), "from a time on")
    equal(indexes("--to", middle), [r["index"] for r in rows if r["at"] < middle], "before a time")
    equal(indexes("--from", middle, "--to", middle), [], "nothing")
    csv_lines = daemon.cli("audit", "export", "--format", "csv", "--from", 2, "--to", 3).must(0).out.splitlines()
    equal(len(csv_lines), 3, "rows of csv under their head")
    expect(csv_lines[0].startswith("index,"), f"the head: {csv_lines[0]}")
    whole_csv = daemon.cli("audit", "export", "--format", "csv").must(0).out.splitlines()
    equal(whole_csv[0], csv_lines[0], "the same head as that of the whole table")
    size = int(daemon.api().request("GET", "/api/v1/audit/export?format=csv&from=2&limit=1").headers["Pryx-Audit-Size"])
    lacks(daemon.api().request("GET", f"/api/v1/audit/export?format=csv&from=3&limit=1&size={size}").body.decode(), csv_lines[0], "a later page")
    daemon.cli("audit", "export", "--format", "json", "--from", 2).must(2)
    daemon.cli("audit", "export", "--from", "yesterday").must(2)


@case
def an_export_takes_the_filters_of_the_list(lab):
    daemon = lab.daemon()
    api, _ = talk(lab, daemon, ("read it", "again"))
    listed = [row for row in api.pages("/audit") if row["kind"] == "tool.intent"]
    expect(listed, "there are intents")
    document = json.loads(daemon.cli("audit", "export", "--format", "json", "--action", "tool.intent").must(0).out)
    equal([row["hash"] for row in document["items"]], [row["hash"] for row in listed], "the same entries in the same order")
    table = list(csv.reader(io.StringIO(daemon.cli("audit", "export", "--action", "tool.intent").must(0).out)))
    equal([int(row[0]) for row in table[1:]], [row["index"] for row in listed], "csv")
    newest = listed[0]["index"]
    part = json.loads(daemon.cli("audit", "export", "--format", "json", "--action", "tool.*", "--from", newest, "--to", newest).must(0).out)
    equal([row["index"] for row in part["items"]], [newest], "with bounds")
    equal(json.loads(daemon.cli("audit", "export", "--format", "json", "--tool", "no.such").must(0).out), {"items": []}, "nothing fits")
    equal(json.loads(daemon.cli("audit", "export", "--format", "json", "--user", "somebody").must(0).out), {"items": []}, "somebody else's")
    kept = lab.box.root / "kept.csv"
    daemon.cli("audit", "export", "--action", "tool.intent", "-o", kept).must(0)
    equal(list(csv.reader(kept.open(newline=""))), table, "a filtered export into a file")
    before = kept.read_bytes()
    daemon.cli("audit", "export", "--success", "perhaps", "-o", kept).must(2)
    equal(kept.read_bytes(), before, "the file, after a request that was refused")
    daemon.cli("audit", "export", "--format", "jsonl", "--action", "tool.*").must(2)
    api.must_refuse("GET", "/audit/export?format=jsonl&action=tool.*", 400)
    api.must_refuse("GET", "/audit/export?format=csv&success=perhaps", 400)
    equal(daemon.tcp("read").request("GET", "/api/v1/audit/export?format=csv&tool=x").status, 403, "without admin")


@case
def the_last_verification_is_known_to_all(lab):
    daemon = lab.daemon()
    talk(lab, daemon)
    api = daemon.api()
    equal(api.get("/audit/status")["verified"], None, "before anybody verified")
    contains(daemon.cli("audit", "status").must(0).out, "not since the daemon started", "audit status")
    daemon.cli("audit", "checkpoint").must(0)  # the daemon signs by itself, but not at a moment that is known
    rows = daemon.cli("audit", "verify", "--json").must(0).json()["rows"]
    known = api.get("/audit/status")
    equal((known["verified"]["ok"], known["verified"]["rows"], known["verified"]["by"]), (True, rows, "cli"), "the verdict")
    expect(known["size"] >= rows and known["signed_size"] > 0 and known["problem"] is None, f"{known}")
    contains(daemon.cli("audit", "status").must(0).out, f"up to entry {rows}", "audit status")
    equal(daemon.tcp("read").request("GET", "/api/v1/audit/status").status, 200, "to read is enough")
    equal(api.post("/audit/verify", {"against": ["x"]})["ok"], False, "against what is no checkpoint")
    equal(api.get("/audit/status")["verified"]["ok"], True, "a file that somebody brought says nothing of the log")


# Unsafe routes that leave no row of their own, each with the reason.
NOTHING = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of a file that is not there yet
SKILL = "---\nname: k\ndescription: A skill\n---\nbody\n"
EXEMPT = {
    "POST /api/v1/sessions": "an empty conversation: no right, no effect; what happens in it is recorded",
    "PATCH /api/v1/sessions/{id}": "title, model and folder of a conversation; a folder must be a recorded workspace",
    "POST /api/v1/sessions/{id}/fork": "a copy of a conversation",
    "POST /api/v1/sessions/{id}/children": "talk with a child of the conversation, under rights that only shrink; its tool calls are recorded before they run",
    "POST /api/v1/subagents/{id}/cancel": "ends talk, as for a turn",
    "POST /api/v1/sessions/{id}/messages": "talk; each tool call that follows is recorded before it runs",
    "POST /v1/chat/completions": "the same through another vendor's form",
    "POST /v1/responses": "the same through another vendor's form",
    "POST /v1/messages": "the same through another vendor's form",
    "DELETE /v1/responses/{id}": "a stored answer, taken back; a conversation that goes with it is recorded (session.deleted)",
    "POST /v1/messages/count_tokens": "changes nothing",
    "POST /api/v1/turns/{id}/cancel": "ends talk; a call whose outcome it leaves unknown is recorded (tool.unknown)",
    "POST /api/v1/turns/{id}/resume": "recorded as turn.resumed: held by messages_test and the sim",
    "POST /api/v1/turns/{id}/undo": "recorded as undo.intent before the first file moves, then undo.outcome, or undo.unknown at the next start: held by writing_test and turn_undo_test",
    "POST /api/v1/approvals/{id}": "recorded as approval.resolved: held by approvals_test",
    "POST /api/v1/policy/test": "changes nothing",
    "POST /api/v1/policy/replay": "changes nothing",
    "POST /api/v1/policy/check": "changes nothing",
    "POST /api/v1/images/fetch": "recorded as image.intent before anything is sent: held by images_test",
    "POST /api/v1/qr": "a picture of the text that was sent",
    "POST /api/v1/audit/verify": "changes nothing",
    "POST /api/v1/providers/{id}/test": "asks a configured provider whether it answers",
    "POST /api/v1/memory": "the owner's own words; the tool that a model uses for it is recorded",
    "POST /api/v1/memory/search": "changes nothing",
    "DELETE /api/v1/memory/{id}": "the owner's own words, taken back",
    "POST /api/v1/sessions/import": "a conversation as data, told as foreign text: no right, no effect",
    "POST /api/v1/sessions/{id}/compact": "talk: a summary stands for messages, which stay",
    "POST /api/v1/sessions/{id}/compact/undo": "the messages count again",
    "POST /api/v1/sessions/{id}/pins": "what a conversation keeps in mind: no right, no effect",
    "DELETE /api/v1/sessions/{id}/pins/{name}": "the same, taken back",
    "POST /api/v1/models/catalog": "recorded as catalog.updated: needs a server with a catalog, held by catalog_test",
    "POST /api/v1/login": "recorded as login.opened: needs a browser's code, held by auth_test",
    "POST /api/v1/logout": "recorded as login.ended: needs a browser's cookie, held by auth_test",
    "POST /api/v1/approvals/plan": "recorded as approval.plan_resolved",
    "POST /api/v1/approvals/{id}/preview": "changes nothing",
    "PATCH /api/v1/grants/{id}": "recorded as grant.changed",
    "DELETE /api/v1/grants/{id}": "recorded as grant.revoked",
    "POST /api/v1/processes/{id}/input": "recorded as process.input before it is written: held by the tests of processes",
    "DELETE /api/v1/processes/{id}": "ends what was recorded when it began; its end is recorded as process.ended",
}


def administrative_calls(lab, api):
    """route -> (expected kind, the call)."""
    made = {}
    work = str(lab.workspace())
    policy = api.get("/policy")

    def workspace():
        made["workspace"] = api.post("/workspaces", {"path": work}, 201)["id"]

    def token():
        made["token"] = api.post("/tokens", {"name": "t", "scopes": ["read"]}, 201)["id"]

    def session():
        made["session"] = api.session()
        api.delete(f"/sessions/{made['session']}")
    return {
        "POST /api/v1/workspaces": ("workspace.added", workspace),
        "PATCH /api/v1/workspaces/{id}": ("workspace.renamed", lambda: api.request("PATCH", f"/api/v1/workspaces/{made['workspace']}", {"name": "n"})),
        "DELETE /api/v1/workspaces/{id}": ("workspace.removed", lambda: api.delete(f"/workspaces/{made['workspace']}")),
        "DELETE /api/v1/sessions/{id}": ("session.deleted", session),
        "PUT /api/v1/policy": ("policy.changed", lambda: api.put("/policy", {"text": "name: p\ntools:\n  allowed: [fs.read]\n", "hash": policy["hash"]})),
        "PUT /api/v1/providers/{id}": ("provider.changed", lambda: api.put("/providers/p", {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "no_key": True})),
        "DELETE /api/v1/providers/{id}": ("provider.removed", lambda: api.delete("/providers/p")),
        "PUT /api/v1/secrets/{name}": ("secret.changed", lambda: api.request("PUT", "/api/v1/secrets/s", {"value": "some value"})),
        "DELETE /api/v1/secrets/{name}": ("secret.removed", lambda: api.delete("/secrets/s")),
        "PUT /api/v1/agents/{id}": ("agent.changed", lambda: api.put("/agents/a", {"text": "description: A\n", "hash": NOTHING})),
        "DELETE /api/v1/agents/{id}": ("agent.removed", lambda: api.delete("/agents/a")),
        "PUT /api/v1/skills/{name}": ("skill.installed", lambda: api.put("/skills/k", {"files": [{"path": "SKILL.md", "text": SKILL}]})),
        "DELETE /api/v1/skills/{name}": ("skill.removed", lambda: api.delete("/skills/k")),
        "PUT /api/v1/budgets": ("budget.changed", lambda: api.put("/budgets", {"budgets": [{"scope": "day", "limit": "900.00"}]})),
        "POST /api/v1/tokens": ("token.created", token),
        "DELETE /api/v1/tokens/{id}": ("token.revoked", lambda: api.delete(f"/tokens/{made['token']}")),
        "PUT /api/v1/settings": ("setting.changed", lambda: api.put("/settings", {"settings": {"log.level": "warn"}})),
        "PUT /api/v1/config": ("config.changed", lambda: api.put("/config", {"text": "log:\n  level: info\n", "hash": api.get("/config")["hash"]})),
        "PUT /api/v1/models/own": ("config.changed", lambda: api.put("/models/own", {"text": "models: {}\n", "hash": NOTHING})),
        "POST /api/v1/login/links": ("login.link_made", lambda: api.post("/login/links", {}, 201)),
        "PUT /api/v1/vault/passphrase": ("vault.passphrase", lambda: api.request("PUT", "/api/v1/vault/passphrase", {"passphrase": "several good words"})),
        "POST /api/v1/stop": ("stop", lambda: api.post("/stop", {"all": True})),
        "POST /api/v1/vault/lock": ("vault.locked", lambda: api.request("POST", "/api/v1/vault/lock", {})),
        "POST /api/v1/vault/unlock": ("vault.unlocked", lambda: api.request("POST", "/api/v1/vault/unlock", {"passphrase": "several good words"})),
    }


@case
def every_change_of_what_may_happen_is_on_record(lab):
    """AU-04: walks all unsafe routes; each leaves a row with its actor, or stands in EXEMPT with a reason."""
    daemon = lab.daemon()
    api = daemon.tcp()
    calls = administrative_calls(lab, api)
    document = json.loads(api.request("GET", "/openapi.json").body)
    unsafe = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods if method in ("post", "put", "patch", "delete")}
    left = unsafe - set(calls) - set(EXEMPT)
    expect(not left, f"unsafe routes that neither leave a row nor are exempt: {sorted(left)}")
    for route, (kind, call) in calls.items():
        if route not in unsafe:
            continue
        newest = api.get("/audit?limit=1")["items"]
        before = newest[0]["index"] if newest else 0
        call()
        rows = [r for r in api.get("/audit?limit=20")["items"] if r["index"] > before and r["kind"] == kind]
        expect(rows, f"{route} left no {kind}: {[r['kind'] for r in api.get('/audit?limit=20')['items']]}")
        expect(all(r["actor"] == "api" for r in rows), f"{route}: the actor is {[r['actor'] for r in rows]}")
    daemon.cli("config", "set", "log.level", "error", check=0)
    equal(api.get("/audit?action=setting.changed&limit=1")["items"][0]["actor"], "cli", "the same by the CLI")
    lab.write_config(daemon, "config.yaml", "log:\n  level: debug\n")
    wait_until(lambda: api.get("/audit?action=config.changed&limit=1")["items"][0]["actor"] == "file", 10, "the same by an editor")


@case
def the_public_key_stays_and_the_private_one_is_nowhere(lab):
    daemon = lab.daemon()
    key = daemon.cli("audit", "checkpoint", "--key", check=0).out.strip()
    daemon.restart()
    equal(daemon.cli("audit", "checkpoint", "--key", check=0).out.strip(), key, "the key after a restart")
    name, key_id, _ = key.split("+", 2)
    note = daemon.cli("audit", "checkpoint", "--json", check=0).json()["note"]
    equal(note.splitlines()[0], name, "the origin")
    expect(len(key_id) == 8 and "PRIVATE" not in "".join(p.read_text() for p in pathlib.Path(daemon.home / "state/audit").iterdir()), "the key's id")
