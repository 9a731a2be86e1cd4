# SPDX-License-Identifier: MIT
"""What an export would take out, shown before a file is written: the same places, and no value of them."""
import json

from harness import case, contains, equal, expect, lacks

MAIL, CARD, KEY = "anna.smith@example.com", "4111 1111 1111 1111", "sk-canary-0f3d8a7b6c5e4d3c2b1a"


@case
def the_preview_is_what_the_export_takes_out(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    api.put("/secrets/bank", {"value": "hunter2-hunter2"})
    session = api.session()
    said = f"write to {MAIL} from {CARD}, password hunter2-hunter2; and {MAIL} again"
    model.script[said] = [[f"noted {MAIL}"]]
    api.run(session, said)
    preview = api.get(f"/sessions/{session}/export/preview?limit=200")
    exported = api.get(f"/sessions/{session}/export")
    equal({c["detector"]: c["values"] for c in preview["counts"]}, exported["manifest"]["redactions"], "values of each kind, as the manifest has them")
    equal((preview["places"], sum(c["places"] for c in preview["counts"]), preview["next_cursor"]), (len(preview["items"]),) * 2 + (None,), "places")
    # No value in it, and each placeholder stands where it says in the export.
    text = json.dumps(preview)
    for value in (MAIL, "anna", "4111", "hunter2", "bank"):
        lacks(text, value, "the preview")
    for item in preview["items"]:
        node = exported["content"]
        for step in item["where"].split("/")[1:]:
            if isinstance(node, str):
                node = json.loads(node)
            node = node[int(step)] if isinstance(node, list) else node[step.replace("~1", "/").replace("~0", "~")]
        contains(str(node), item["placeholder"], item["where"])
    first = next(i for i in preview["items"] if i["where"] == "/messages/0/parts/0/text")
    equal((first["detector"], first["at"], first["length"]), ("email", said.index(MAIL), len(MAIL)), "the first place")
    equal(first["message_id"], api.transcript(session)[0]["id"], "whose it is")
    contains(first["after"], "write to [email-1] from [card-1]", "what it becomes")
    expect(first["before"] != first["after"] and "•" in first["before"], f"what it is, masked: {first['before']}")
    # Page by page the same.
    pages, cursor = [], None
    while True:
        page = api.get(f"/sessions/{session}/export/preview?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        pages += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    equal(pages, preview["items"], "pages")
    shown = daemon.cli("session", "export", session, "--dry-run").must(0)
    contains(shown.out, "[email-1]", "pryx session export --dry-run")
    contains(shown.err, "email", "its counts")
    for value in (MAIL, "4111", "hunter2"):
        lacks(shown.out + shown.err, value, "what the CLI shows")
    equal(daemon.cli("session", "export", session, "--dry-run", "--json").must(0).json()["items"], preview["items"], "--dry-run --json")
    daemon.cli("session", "export", session, "--dry-run", "--no-redact").must(2)
    daemon.cli("session", "export", session, "--dry-run", "-o", lab.box.root / "x.json").must(2)
    expect(not (lab.box.root / "x.json").exists(), "no file is written")
    quiet = api.session()
    equal(api.get(f"/sessions/{quiet}/export/preview")["places"], 0, "an empty session")


@case
def a_locked_vault_shows_no_preview(lab):
    daemon = lab.daemon()
    api = daemon.api()
    session = api.session()
    api.put("/secrets/bank", {"value": "hunter2-hunter2"})
    api.put("/vault/passphrase", {"passphrase": "several words are easier"})
    api.post("/vault/lock", {})
    status, _ = api.call("GET", f"/sessions/{session}/export")
    equal(api.call("GET", f"/sessions/{session}/export/preview")[0], status, "the preview, as the export")
    expect(status >= 400, "a locked vault refuses")
