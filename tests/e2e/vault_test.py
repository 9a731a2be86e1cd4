# SPDX-License-Identifier: MIT
"""Secrets: the passphrase that locks them, the file of the database's key under a passphrase, credentials of the service manager, references,
and canaries: a secret that was used is nowhere afterwards but in the vault."""
import base64
import json
import os
import secrets as random
import stat
import subprocess

import canary
from everything_read import Reader
from harness import Skip, case, contains, equal, expect, is_root, lacks, sanitized, wait_until
from secret_header_test import NAME, Echo
from shell_test import Shell

PASSPHRASE = "several words that only I know"
RUNS = int(os.environ.get("PRYX_CANARY_RUNS", "5"))  # of the daemon whose memory is searched: a single one proves nothing


@case
def a_passphrase_locks_the_secrets(lab):
    daemon = lab.daemon()
    api = daemon.api()
    model = lab.model(daemon, key="sk-right")
    daemon.cli("provider", "add", "fake", "--kind", "openai", "--base-url", model.url, "--key-stdin", stdin="sk-right").must(0)
    session = api.session()
    equal(api.run(session, "one")["state"], "completed", "a turn with the key")
    contains(daemon.cli("vault", "lock").err, "no passphrase is set", "locking without a passphrase")
    equal(daemon.cli("vault", "passphrase", stdin="short\n").code, 2, "a short passphrase")
    daemon.cli("vault", "passphrase", stdin=PASSPHRASE + "\n").must(0)
    equal(api.run(session, "two")["state"], "completed", "a turn after the passphrase was set")
    daemon.cli("vault", "lock").must(0)
    turn = api.run(session, "three")
    equal(turn["state"], "failed", "a turn while the vault is locked")
    contains(json.dumps(turn), "pryx vault unlock", "why it failed")
    equal(daemon.cli("vault", "unlock", stdin="wrong wrong wrong\n").code, 4, "a wrong passphrase")
    daemon.cli("vault", "unlock", stdin=PASSPHRASE + "\n").must(0)
    equal(api.run(session, "four")["state"], "completed", "a turn after unlocking")
    daemon.restart()
    api = daemon.api()
    equal(api.get("/vault"), {"has_passphrase": True, "locked": True, "retry_after_ms": None}, "after a restart")
    daemon.cli("vault", "unlock", "--json", stdin=PASSPHRASE).must(0)
    equal(api.run(session, "five")["state"], "completed", "a turn after a restart and unlocking")
    daemon.cli("vault", "passphrase", "--remove", stdin=PASSPHRASE + "\n").must(0)
    daemon.restart()
    equal(daemon.api().run(session, "six")["state"], "completed", "a turn without a passphrase again")
    kinds = [row["kind"] for row in daemon.api().get("/audit?limit=200")["items"]]
    for kind in ("vault.passphrase", "vault.locked", "vault.unlocked"):
        expect(kind in kinds, f"{kind} is not in the audit log: {sorted(set(kinds))}")


@case
def guessing_the_passphrase_is_slowed_down_across_kills(lab):
    daemon = lab.daemon()
    daemon.cli("vault", "passphrase", stdin=PASSPHRASE).must(0)
    daemon.cli("vault", "lock").must(0)
    for _ in range(5):
        equal(daemon.api().call("POST", "/vault/unlock", {"passphrase": "wrong wrong wrong"})[0], 401, "a wrong passphrase")
    status, problem = daemon.api().call("POST", "/vault/unlock", {"passphrase": PASSPHRASE})
    equal(status, 429, f"the sixth try, though right ({problem})")
    daemon.kill9()
    daemon.start()
    equal(daemon.api().call("POST", "/vault/unlock", {"passphrase": PASSPHRASE})[0], 429, "the next try after a kill")
    expect(daemon.api().get("/vault")["retry_after_ms"] > 0, "how long to wait is not said")


def at_home(daemon):
    """Runs a verb that works on the files of a daemon that is down as the user they belong to."""
    owner = (daemon.home / "data" / "key.json").stat()
    prefix = [] if owner.st_uid == os.geteuid() else ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]

    def run(*args, stdin=""):
        return subprocess.run([*prefix, daemon.program, *args], input=stdin.encode(), capture_output=True, env=daemon.environment(), cwd="/", timeout=60)
    return run


@case
def the_key_file_can_be_sealed(lab):
    daemon = lab.daemon()
    session = daemon.api().session(title="kept")
    run = at_home(daemon)
    contains(run("vault", "seal-key", stdin=PASSPHRASE).stderr.decode(), "pryx daemon stop", "sealing while the daemon runs")
    daemon.stop()
    key = (daemon.home / "config" / "master.key").read_text().split()[1]
    done = run("vault", "seal-key", stdin=PASSPHRASE)
    equal(done.returncode, 0, f"seal-key ({done.stderr.decode()})")
    expect(not (daemon.home / "config" / "master.key").exists(), "the plain key file is still there")
    sealed = daemon.home / "config" / "master.key.sealed"
    equal(stat.S_IMODE(sealed.stat().st_mode), 0o600, "mode of the sealed file")
    lacks(sealed.read_text(), key, "the sealed file")
    contains(daemon.refused(4), "pryx daemon start", "a start without the passphrase")
    environment = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    equal(daemon.cli("daemon", "start", "--passphrase-stdin", stdin="not the passphrase", env=environment).code, 4, "a start with another passphrase")
    try:
        daemon.cli("daemon", "start", "--passphrase-stdin", stdin=PASSPHRASE, env=environment).must(0)
        equal(json.loads(daemon.cli("session", "show", session, "--json").out)["title"], "kept", "what the database holds")
        pid = json.loads(daemon.core_file.read_text())["pid"]
        equal(canary.scan_process(pid, {"passphrase": PASSPHRASE, "key": key}), [], "argument or environment of the daemon")
        rows = json.loads(daemon.cli("audit", "list", "--json").must(0).out)["items"]
        equal([r["detail"] for r in rows if r["kind"] == "key.backend_changed"], [{"backend": "sealed_file", "instead_of": "file"}], "on record")
        os.kill(pid, 9)
        wait_until(lambda: json.loads(daemon.core_file.read_text())["pid"] not in (pid,) and daemon.cli("status", "--no-start").code == 0, 20,
                   "the parent starts it again, with the passphrase")
    finally:
        daemon.cli("daemon", "stop", env=environment)
    equal(run("vault", "unseal-key", stdin=PASSPHRASE).returncode, 0, "unseal-key")
    daemon.start()
    equal(daemon.api().get(f"/sessions/{session}")["title"], "kept", "after unsealing")
    changes = [(r["actor"], r["detail"]["backend"]) for r in daemon.api().pages("/audit") if r["kind"] == "key.backend_changed"]
    equal(changes, [("start", "file"), ("start", "sealed_file")], "where the key was moved to, newest first")


@case
def a_credential_of_the_service_manager_is_the_key(lab):
    folder = lab.box.root / "credentials"
    folder.mkdir(mode=0o755)
    key = random.token_hex(32)
    (folder / "pryx.master-key").write_text(key + "\n")
    daemon = lab.daemon(env={"CREDENTIALS_DIRECTORY": str(folder)})
    equal(json.loads((daemon.home / "data" / "key.json").read_text())["backend"], "systemd_credential", "the backend")
    expect(not (daemon.home / "config" / "master.key").exists(), "a key file was made beside the credential")
    equal(canary.scan_tree(daemon.home, {"key": key}), [], "the key on disk")
    daemon.restart()
    daemon.stop()
    (folder / "pryx.master-key").write_text(random.token_hex(32) + "\n")
    contains(daemon.refused(4), "credential", "a start with another credential")


@case
def a_provider_takes_its_key_from_a_reference(lab):
    daemon = lab.daemon(env={"MY_KEY": "sk-from-environment"})
    api = daemon.api()
    model = lab.model(daemon, key="sk-from-environment")
    add = ("provider", "add", "fake", "--kind", "openai", "--base-url", model.url)
    daemon.cli(*add, "--key-ref", "${MY_KEY}").must(0)
    session = api.session()
    equal(api.run(session, "one")["state"], "completed", "a key from the environment")
    api.put("/providers/fake", {"kind": "openai", "base_url": model.url})
    equal(api.run(session, "edited")["state"], "completed", "the reference after a change that says nothing of the key")
    daemon.cli("secret", "set", "work", stdin="sk-other").must(0)
    daemon.cli(*add, "--key-ref", "keychain:work").must(0)
    equal(api.run(session, "two")["state"], "failed", "another key, which the provider refuses")
    daemon.cli("secret", "set", "work", stdin="sk-from-environment").must(0)
    equal(api.run(session, "three")["state"], "completed", "the secret with the right value")
    equal(daemon.cli(*add, "--key-ref", "sk-from-environment").code, 2, "a key where a reference belongs")
    equal(daemon.cli(*add, "--key-ref", "keychain:work", "--no-key").code, 2, "a reference and --no-key")


@case
def import_shows_what_it_would_keep(lab):
    daemon = lab.daemon()
    daemon.cli("secret", "set", "TOKEN", stdin="old").must(0)
    ran = daemon.cli("secret", "import", "-", "--dry-run", stdin="# mine\nexport TOKEN='abc def'\nOTHER=xyz\n").must(0)
    lacks(ran.out + ran.err, "abc", "what --dry-run prints")
    contains(ran.out, "TOKEN", "what --dry-run prints")
    equal([s["name"] for s in daemon.cli("secret", "list", "--json").json()["items"]], ["TOKEN"], "after --dry-run")
    rows = daemon.cli("secret", "import", "-", "--dry-run", "--json", stdin="TOKEN=abc\nOTHER=xyz\n").json()["items"]
    equal(rows, [{"name": "TOKEN", "bytes": 3, "replaces": True}, {"name": "OTHER", "bytes": 3, "replaces": False}], "--dry-run --json")
    daemon.cli("secret", "import", "-", stdin="OTHER=xyz\n").must(0)
    equal([s["name"] for s in daemon.cli("secret", "list", "--json").json()["items"]], ["OTHER", "TOKEN"], "after the import")


def make_canaries():
    """One of each kind of secret. Letters and digits mixed so that no other text can look like a half of one."""
    return {kind: f"{kind[:2]}-{random.token_hex(16)}" for kind in ("provider key", "secret", "imported", "passphrase", "environment")}


def served(api, secrets, own=None):
    """(Where the daemon serves one of these, the routes that nothing was read of): every GET that it documents, and what its bus replays."""
    found = []
    reader = Reader(api, lambda where, body: found.extend((where, *hit) for hit in canary.hits(body, secrets)), own)
    missed = reader.everything()
    reader.replay()
    return found, missed


@case(limit=240)
def no_route_serves_a_secret_that_was_used(lab):
    """Every kind of row that a daemon keeps, made by calls that used the secrets; then each of its routes is read."""
    shell, site = Shell(lab), Echo()
    api, daemon = shell.api, shell.daemon
    canaries = {"field": f"fi-{random.token_hex(16)}", "file": f"co-{random.token_hex(16)}", "provider key": f"pk-{random.token_hex(16)}"}
    daemon.cli("provider", "add", "keyed", "--kind", "openai", "--base-url", shell.model.url, "--key-stdin", stdin=canaries["provider key"]).must(0)
    daemon.cli("secret", "set", "mine", "--allow-host", f"127.0.0.1:{site.port}", stdin=canaries["field"]).must(0)
    daemon.cli("secret", "set", "file", stdin=canaries["file"]).must(0)
    try:
        shell.call("http.request", url=site.url("/echo"), headers={NAME: "secret:mine"})
        equal(site.received(), [canaries["field"]], "what the site got")
    finally:
        site.stop()
    contains(shell.exec("cat /run/secrets/file; base64 /run/secrets/file", secrets=["file"]), "[secret removed]", "what the command printed")
    shell.exec("cat /run/secrets/file; head -c 200000 /dev/zero | tr '\\0' x", secrets=["file"])  # too long for the model: kept
    shell.start("cat /run/secrets/file; sleep 300", secrets=["file"])
    equal(api.run(shell.session, "with a key", model="keyed/fake")["state"], "completed", "a turn with the key")
    # One row of each other kind, so that each route has something to say; among it what is searched for as the control.
    planted = {"planted": f"pl-{random.token_hex(16)}"}
    api.post("/memory", {"text": f"a note: {planted['planted']}"}, 201)
    picture = {"type": "image", "media_type": "image/gif", "data": base64.b64encode(b"GIF89a" + b"0" * 20).decode()}
    turn = api.post(f"/sessions/{shell.session}/messages", {"text": planted["planted"], "parts": [picture]}, 202)["turn_id"]
    api.wait_turn(turn)
    api.post(f"/sessions/{shell.session}/children", {"task": "a small task", "model": "starter/commands"}, 202)
    answered = json.loads(api.request("POST", "/v1/responses", {"model": "fake/fake", "input": "kept"}).body)["id"]
    found, missed = served(api, {**canaries, **planted}, {"/v1/responses": [answered]})
    equal([hit for hit in found if hit[1] != "planted"], [], "secrets that are served")
    equal(missed, [], "routes that never answered")
    # Control: what was said and remembered is served, and found in each of these.
    places = " ".join(where for where, name, _ in found if name == "planted")
    session = f"GET /api/v1/sessions/{shell.session}"
    for where in (f"{session}/messages?", f"{session}/export?format=json&redact=false", f"{session}/export?format=markdown&redact=false",
                  f"{session}/export?format=html&redact=false", "GET /api/v1/memory?", "bus: "):
        contains(places, where, "where the planted one is found")


@case(limit=150)
def canaries_are_found_nowhere(lab):
    canaries = make_canaries()
    daemon = lab.daemon(env={"PRYX_CANARY_KEY": canaries["environment"]})
    api = daemon.api()
    outputs = []

    def cli(*args, **options):
        ran = daemon.cli(*args, **options)
        outputs.append((" ".join(args), ran.out + ran.err))
        return ran
    model = lab.model(daemon)
    cli("provider", "add", "fake", "--kind", "openai", "--base-url", model.url, "--key-stdin", stdin=canaries["provider key"]).must(0)
    cli("provider", "add", "other", "--kind", "openai", "--base-url", model.url, "--key-ref", "${PRYX_CANARY_KEY}").must(0)
    cli("provider", "add", "broken", "--kind", "openai", "--base-url", "http://127.0.0.1:9/v1", "--key-stdin", stdin=canaries["provider key"]).must(0)
    cli("secret", "set", "mine", stdin=canaries["secret"]).must(0)
    cli("secret", "import", "-", stdin=f"NAME={canaries['imported']}\n").must(0)
    token = api.make_token("canary", ["read"])
    canaries["token"] = token
    cli("vault", "passphrase", stdin=canaries["passphrase"]).must(0)
    session = api.session()
    for name in ("fake/fake", "other/fake", "broken/fake"):
        api.run(session, f"hello {name}", model=name)
    used = {r.headers.get("Authorization", "") for r in model.requests}
    expect(f"Bearer {canaries['provider key']}" in used and f"Bearer {canaries['environment']}" in used, "the keys were never used")
    for provider in ("fake", "broken"):
        cli("provider", "test", provider)
    cli("vault", "unlock", stdin="wrong " + canaries["passphrase"])
    cli("vault", "lock")
    cli("vault", "unlock", stdin=canaries["passphrase"])
    api.call("PUT", "/secrets/bad%20name", {"value": canaries["secret"]})
    api.call("PUT", "/secrets/mine", {"value": canaries["secret"], "more": [canaries["secret"]]})
    api.call("PUT", "/providers/x", {"kind": "nonsense", "key": canaries["provider key"]})
    api.call("GET", "/sessions", headers={"Authorization": f"Bearer {token}x"})
    for args in (("secret", "list"), ("provider", "list"), ("token", "list"), ("status",), ("doctor",), ("config", "show", "--origin"), ("session", "show", session)):
        cli(*args)
        cli(*args, "--json")
    found = served(api, canaries)[0]
    for command, text in outputs:
        found += [(f"pryx {command}", *hit) for hit in canary.hits(text.encode(), canaries)]
    without_environment = {name: secret for name, secret in canaries.items() if name != "environment"}
    found += canary.scan_process(daemon.pid, without_environment)
    found += [("log", *hit) for hit in canary.hits(daemon.log().encode(), canaries)]
    daemon.stop()
    found += canary.scan_tree(lab.box.root, canaries)
    equal(found, [], "canaries that were found")
    # Control: the scanner finds each of them in each form.
    planted = lab.box.root / "planted"
    planted.mkdir()
    for i, (name, secret) in enumerate(canaries.items()):
        for j, needle in enumerate(canary.forms(secret).values()):
            (planted / f"{i}-{j}").write_bytes(b"before " + needle + b" after")
    seen = {(name, form) for _, name, form in canary.scan_tree(planted, canaries)}
    wanted = {(name, form) for name, secret in canaries.items() for form in canary.forms(secret)}
    equal(wanted - seen, set(), "planted canaries that the scanner misses")
    expect(len(canary.forms("x" * 40)) >= 8, "too few forms")


@case
def the_log_holds_no_message(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    said, answered = random.token_hex(12), random.token_hex(12)
    model.script[said] = [[answered]]
    api = daemon.api()
    equal(api.run(api.session(), said)["state"], "completed", "the turn")
    daemon.stop()
    for text in (said, answered):
        lacks(daemon.log(), text, "the log")


@case(limit=max(200, 12 * RUNS))
def after_lock_no_copy_is_left_in_memory(lab):
    if not is_root():
        raise Skip("only root can read the memory of a process that is not dumpable")
    if sanitized(lab.binaries):
        raise Skip("sanitizers keep freed memory in a quarantine of their own")
    for _ in range(RUNS):
        daemon = lab.daemon(home=lab.box.root / f"home-{random.token_hex(4)}")
        api = daemon.api()
        key = "ck-" + random.token_hex(16)
        model = lab.model(daemon)
        daemon.cli("provider", "add", "fake", "--kind", "openai", "--base-url", model.url, "--key-stdin", stdin=key).must(0)
        daemon.cli("vault", "passphrase", stdin=PASSPHRASE).must(0)
        # Control: while the key is being used, the scanner finds it.
        model.script["slow"] = [[("pause", 3), "done"]]
        session = api.session()
        turn = api.send(session, "slow")
        wait_until(lambda: model.requests, 10, "the call of the model")
        expect(canary.memory_hits(daemon.pid, key.encode()), "the scanner does not find a key that is in use")
        equal(api.wait_turn(turn)["state"], "completed", "the turn")
        daemon.cli("vault", "lock").must(0)
        for what, needle in (("key", key), ("passphrase", PASSPHRASE)):
            equal(canary.memory_hits(daemon.pid, needle.encode()), [], f"copies of the {what} after lock")
        daemon.stop()
