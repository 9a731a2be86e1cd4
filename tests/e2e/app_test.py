# SPDX-License-Identifier: MIT
"""The browser application as it comes out of the daemon: the page and its policy, files and their forms, addresses inside it, `pryx open`."""
import contextlib
import gzip
import http.server
import json
import pathlib
import re
import subprocess
import threading

from harness import SOURCE, Skip, case, contains, equal, expect, lacks, raw_http

NODE = SOURCE / ".tools/bin/node"
UNBROTLI = "const c=[];process.stdin.on('data',d=>c.push(d)).on('end',()=>process.stdout.write(require('zlib').brotliDecompressSync(Buffer.concat(c))))"


def ask(daemon, path, *headers, method="GET"):
    """One request as a stranger's browser sends it: status, headers by lower-case name, body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{daemon.port}", *headers]
    status, head, body = raw_http(daemon.port, "\r\n".join(lines) + "\r\n\r\n")
    fields = dict(re.findall(r"(?m)^([^:\r\n]+): ([^\r\n]*)", head))
    return status, {name.lower(): value for name, value in fields.items()}, body


def linked_files(daemon):
    _, _, body = ask(daemon, "/")
    found = re.findall(r'(?:src|href)="(/[^"]+)"', body.decode())
    expect(len(found) >= 3, f"the page names {found}")
    return found


@case
def the_page_runs_under_a_policy_with_a_fresh_nonce(lab):
    daemon = lab.daemon()
    seen = set()
    for path in ("/", "/", "/sessions", "/chat/ses_1", "/trace/trn_1/span/2", "/models/qwen2.5:7b", "/sessions?status=failed"):
        status, headers, body = ask(daemon, path)
        equal((status, headers["content-type"], headers["cache-control"]), (200, "text/html; charset=utf-8", "no-cache"), path)
        nonce = re.search(r"style-src 'self' 'nonce-([A-Za-z0-9_-]{20,})'", headers["content-security-policy"])[1]
        contains(body.decode(), f'nonce="{nonce}"', f"the nonce in {path}")
        lacks(body.decode(), "__PRYX_NONCE__", path)
        seen.add(nonce)
        policy = headers["content-security-policy"]
        for piece in ("default-src 'none'", "script-src 'self';", "object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
                      "require-trusted-types-for 'script'", f"connect-src 'self' ws://127.0.0.1:{daemon.port};"):
            contains(policy, piece, f"the policy of {path}")
        lacks(policy, "unsafe", f"the policy of {path}")
        for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin"),
                            ("cross-origin-resource-policy", "same-origin"), ("x-frame-options", "DENY")):
            equal(headers.get(name), value, f"{name} of {path}")
        contains(headers["permissions-policy"], "camera=()", "the permissions")
    equal(len(seen), 7, "different nonces in seven answers")
    # Everything the page needs is its own: no inline script or style, no other origin.
    _, _, page = ask(daemon, "/")
    expect(not re.search(r"<script(?![^>]*\bsrc=)", page.decode()), "an inline script")
    expect(not re.search(r"(?:src|href)=\"(?:https?:)?//", page.decode()), "a file of another origin")


@case
def files_come_compressed_and_are_not_sent_twice(lab):
    daemon = lab.daemon()
    forms = 0
    for path in linked_files(daemon):
        status, plain, body = ask(daemon, path)
        equal(status, 200, path)
        expect("content-encoding" not in plain, f"{path} is encoded for a client that takes nothing")
        equal(int(plain["content-length"]), len(body), f"length of {path}")
        contains(plain["content-security-policy"], "default-src 'none'", f"the policy of {path}")
        equal(plain["cache-control"], "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache", f"caching of {path}")
        status, zipped, packed = ask(daemon, path, "Accept-Encoding: gzip, deflate")
        if zipped.get("content-encoding") == "gzip":
            forms += 1
            equal(gzip.decompress(packed), body, f"{path} out of gzip")
            expect(len(packed) < len(body), f"{path} did not shrink")
        status, brotli, small = ask(daemon, path, "Accept-Encoding: gzip, deflate, br")
        if brotli.get("content-encoding") == "br" and NODE.exists():
            forms += 1
            opened = subprocess.run([NODE, "-e", UNBROTLI], input=small, capture_output=True, timeout=20)
            equal(opened.stdout, body, f"{path} out of brotli")
            expect(len(small) <= len(packed), f"{path}: brotli is larger than gzip")
        for headers, asked in ((plain, ()), (zipped, ("Accept-Encoding: gzip, deflate",)), (brotli, ("Accept-Encoding: gzip, deflate, br",))):
            status, again, nothing = ask(daemon, path, *asked, f"If-None-Match: {headers['etag']}")
            equal((status, nothing, again["etag"]), (304, b"", headers["etag"]), f"{path} again")
        status, head, nothing = ask(daemon, path, "Accept-Encoding: br", method="HEAD")
        equal((status, nothing, head["content-length"]), (200, b"", str(len(small))) if "br" == brotli.get("content-encoding") else (200, b"", head["content-length"]), f"HEAD {path}")
    expect(forms >= 2, "no file came compressed")


@case
def what_is_no_place_of_the_page_stays_unknown_to_strangers(lab):
    daemon = lab.daemon()
    for path in ("/api", "/api/v1/nothing", "/api/v1", "/mcp", "/metrics", "/openapi.json", "/v1/models", "/assets/none-1a2b3c4d.js", "/page.php", "/.env", "/.git/config",
                 "/sessions/x.js", "/index.htm.js", "//evil.example/x"):
        status, headers, body = ask(daemon, path)
        expect(status in (400, 401), f"{path} answered {status}")
        lacks(headers.get("content-type", ""), "html", path)
        lacks(body.decode(), "nonce", path)
    equal(ask(daemon, "/sessions", method="DELETE")[0], 401, "DELETE of a place")
    equal(ask(daemon, "/sessions", "Host: evil.example")[0], 400, "two hosts")
    api = daemon.tcp()
    equal(api.request("GET", "/nothing.js").status, 404, "what is nothing, with credentials")


@case
def open_leads_to_a_page(lab):
    daemon = lab.daemon()
    base = rf"http://127\.0\.0\.1:{daemon.port}/"
    for words, place in (((), ""), (("home",), ""), (("sessions",), "sessions"), (("trace", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"), "trace/trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                         (("chat", "ses_1"), "chat/ses_1"), (("approvals",), "approvals")):
        url = daemon.cli("open", *words, "--print").must(0).out.strip()
        expect(re.fullmatch(rf"{base}{place}#code=\S+", url), f"open {words} printed {url}")
        status, _, body = ask(daemon, "/" + place)
        equal(status, 200, f"what answers at /{place}")
    contains(daemon.cli("open", "trace", "trn_1", "--json").must(0).json()["url"], "/trace/trn_1#code=", "the url of --json")
    contains(daemon.cli("open", "sesions", "--print").must(2).err, "sessions", "the nearest name")
    contains(daemon.cli("open", "nowhere", "--print").must(2).err, "approvals", "the pages that there are")
    contains(daemon.cli("open", "trace", "--print").must(2).err, "open trace TURN", "what is missing")
    daemon.cli("open", "sessions", "x", "--print").must(2)
    daemon.cli("open", "chat", "../../api", "--print").must(2)


class Trap:
    """An origin that the page must never reach."""

    def __init__(self):
        self.reached = []
        trap = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                trap.reached.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_GET

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def drive(link, *flags):
    """Opens the link in a browser that is started with these flags; what it saw."""
    if not (NODE.exists() and (SOURCE / "ui/node_modules/playwright-core").exists() and pathlib.Path("/usr/bin/chromium").exists()):
        raise Skip("Chromium or its driver is not installed")
    with contextlib.closing(Trap()) as trap:
        ran = subprocess.run([NODE, SOURCE / "tests/e2e/app_browser.mjs", link, trap.url, *flags], capture_output=True, timeout=80)
        expect(ran.returncode == 0, f"the browser script failed: {ran.stderr.decode()[-800:]}")
        equal(trap.reached, [], "requests that left for another origin")
    return json.loads(ran.stdout)


@case
def a_browser_runs_the_application_under_its_policy(lab):
    daemon = lab.daemon()
    seen = drive(daemon.cli("open", "sessions", "--print").must(0).out.strip())
    equal(seen["address"], f"http://127.0.0.1:{daemon.port}/sessions", "the address, without its code")
    expect(seen["sockets"] >= 1 and seen["shown"] > 20, f"the application did not start: {seen}")
    equal((seen["violations"], seen["before"]["errors"], seen["before"]["elsewhere"]), ([], [], []), "violations, errors and requests elsewhere")
    for attack in seen["attacks"]:
        expect(not attack["hacked"], f"{attack['name']} ran")
        expect(attack["threw"] or attack["violations"], f"nothing stopped the attack by {attack['name']}")
