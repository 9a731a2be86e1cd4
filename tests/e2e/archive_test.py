# SPDX-License-Identifier: MIT
"""Sessions and settings as files: sealed with a passphrase, and taken over by another home to the byte."""
import json

from harness import case, contains, equal, expect, lacks, wait_until

PASSPHRASE = "several words are easier\n"


@case
def a_sealed_session_comes_back_to_the_byte(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["remember"] = ["the harbour is blue"]
    work = lab.workspace()
    daemon.cli("exec", "remember", "--workspace", work).must(0)
    session = daemon.api().get("/sessions")["items"][0]["id"]
    # What the CLI showed counts as read a moment later; the mark is part of the document.
    wait_until(lambda: not daemon.api().get(f"/sessions/{session}")["unread"], 10, "it was read")
    plain = daemon.cli("session", "export", session, "--no-redact").must(0).out
    sealed = lab.box.root / "s.pryx"
    daemon.cli("session", "export", session, "--no-redact", "--encrypt", "--passphrase-stdin", "-o", sealed, stdin=PASSPHRASE).must(0)
    equal(sealed.stat().st_mode & 0o777, 0o600, "who may read the file")
    data = sealed.read_bytes()
    expect(data.startswith(b"pryx-archive-1$argon2id$"), "the file's first line")
    expect(b"harbour" not in data, "what was said is sealed")
    daemon.cli("session", "rm", session, "--yes").must(0)
    daemon.cli("session", "import", sealed, "--passphrase-stdin", stdin="another passphrase\n").must(4)
    daemon.cli("session", "import", sealed, "--passphrase-stdin", stdin=PASSPHRASE).must(0)
    equal(daemon.cli("session", "export", session, "--no-redact").must(0).out, plain, "the session, exported again")
    # A byte changed, and a file cut short.
    sealed.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    expect(daemon.cli("session", "import", sealed, "--passphrase-stdin", stdin=PASSPHRASE).code != 0, "a changed archive is refused")
    sealed.write_bytes(data[:-20])
    expect(daemon.cli("session", "import", sealed, "--passphrase-stdin", stdin=PASSPHRASE).code != 0, "a cut archive is refused")
    daemon.cli("session", "export", session, "--encrypt", "--passphrase-stdin", "-o", sealed, stdin="short\n").must(2)


@case
def a_set_up_moves_to_another_home(lab):
    first = lab.daemon()
    lab.model(first)
    first.api().add_provider("cloud", "http://127.0.0.1:9/v1", key="sk-canary-of-the-archive")
    first.cli("config", "set", "tools.max_steps", "7").must(0)
    first.cli("agent", "set", "reader", "-", stdin="description: Reads\n").must(0)
    first.cli("cost", "budget", "--day", "1.50").must(0)
    mine = "# what we pay\nmodels:\n  fake/fake:\n    context: 12345\n"
    lab.write_config(first, "models.yaml", mine)
    wait_until(lambda: first.api().get("/models/catalog")["own_models"] == 1, 10, "models.yaml is in force")
    out = lab.box.root / "config.json"
    first.cli("config", "export", "-o", out).must(0)
    lacks(out.read_text(), "canary", "an export has no keys")
    second = lab.daemon(home=lab.box.home("second"))
    dry = second.cli("config", "import", out, "--dry-run").must(0)
    contains(dry.err, "agent reader", "what would change")
    second.cli("agent", "show", "reader").must(6)
    second.cli("config", "import", out, "--yes").must(0)
    equal(second.cli("config", "get", "tools.max_steps").must(0).out, "7\n", "a setting")
    contains(second.cli("agent", "show", "reader").must(0).out, "Reads", "an agent")
    equal((second.home / "config" / "models.yaml").read_text(), mine, "models.yaml, to the byte")
    equal(second.api().get("/models/catalog")["own_models"], 1, "models.yaml is in force")
    contains(second.cli("model", "info", "fake/fake").must(0).out, "12345 tokens", "a limit of models.yaml")
    equal(second.cli("config", "export").must(0).out, out.read_text(), "the export of the other home, to the byte")
    contains(second.cli("config", "import", out, "--yes").must(0).err, "nothing differs", "a second time")
    out.write_text('{"format":"other"}')
    second.cli("config", "import", out, "--yes").must(2)


@case
def an_import_gives_a_provider_its_usual_api_back(lab):
    daemon = lab.daemon()
    api = daemon.api()
    spoken = lambda: next(p for p in api.get("/providers")["items"] if p["name"] == "mine")["api"]
    base = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    api.put("/providers/mine", base)
    out = lab.box.root / "config.json"
    daemon.cli("config", "export", "-o", out).must(0)
    # As an older release, or a person, wrote it: the usual API is not spelled out.
    document = json.loads(out.read_text())
    document["providers"]["mine"].pop("api", None)
    out.write_text(json.dumps(document))
    api.put("/providers/mine", {**base, "api": "responses"})
    contains(daemon.cli("config", "import", out, "--dry-run").must(0).err, "provider mine", "what would change")
    daemon.cli("config", "import", out, "--yes").must(0)
    equal(spoken(), "chat", "the usual API")
    contains(daemon.cli("config", "import", out, "--yes").must(0).err, "nothing differs", "a second time")
    document["providers"]["mine"]["api"] = "responses"
    out.write_text(json.dumps(document))
    daemon.cli("config", "import", out, "--yes").must(0)
    equal(spoken(), "responses", "the control: one that is spelled out")
