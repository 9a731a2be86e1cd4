# SPDX-License-Identifier: MIT
"""Pictures: those of messages as bytes, those from elsewhere after a click, and nothing that only claims to be one."""
import base64

from harness import case, contains, equal, expect, lacks
from http_test import Site

PNG = bytes.fromhex("89504e470d0a1a0a") + b"0" * 40
GIF = b"GIF89a" + b"0" * 20
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"}
RULE = "tools:\n  allowed:\n    - tool: http.request\n      domains: [\"{host}\"]\n"


class Pictures(Site):
    def reply(self, request):
        path = request.path.split("?")[0]
        if path == "/a.png":
            return 200, {"Content-Type": "text/html"}, PNG
        if path == "/svg.png":
            return 200, {"Content-Type": "image/png"}, SVG
        if path == "/page.png":
            return 200, {"Content-Type": "image/png"}, b"<!doctype html><script>alert(1)</script>"
        if path == "/big.png":
            return 200, {"Content-Type": "image/png"}, PNG + b"0" * (9 << 20)
        if path == "/here":
            return 302, {"Location": "/a.png"}, b""
        if path == "/away":
            return 302, {"Location": f"http://127.0.0.2:{self.port}/a.png"}, b""
        return 404, {"Content-Type": "image/png"}, PNG


def harmless(answer, kind):
    equal(answer.headers["Content-Type"], kind, "the type, by the bytes")
    for name, value in HARMLESS.items():
        equal(answer.headers[name], value, name)
    expect(answer.headers["Content-Disposition"].startswith("inline; filename="), "the disposition")
    expect(answer.headers["Cache-Control"].startswith("private"), "who may keep it")


def told(api):
    return [(r["kind"], r["detail"]) for r in reversed(api.pages("/audit")) if r["kind"].startswith("image.")]


@case
def a_picture_of_a_message_comes_back_as_it_was(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    session = api.session()
    parts = [{"type": "image", "media_type": "image/png", "data": base64.b64encode(PNG).decode(), "name": "../../x.html"},
             {"type": "image", "media_type": "image/gif", "data": base64.b64encode(GIF).decode()}]
    api.run(session, "look", parts=parts)
    message = next(m for m in api.transcript(session) if m["role"] == "user")
    equal([p["type"] for p in message["parts"]], ["image", "image", "text"], "the parts")
    path = f"/api/v1/sessions/{session}/messages/{message['id']}/parts"
    for number, (kind, data) in enumerate((("image/png", PNG), ("image/gif", GIF))):
        answer = api.request("GET", f"{path}/{number}/image")
        equal((answer.status, answer.body), (200, data), "the bytes")
        harmless(answer, kind)
        lacks(answer.headers["Content-Disposition"], "html", "the name of the file is ours")
    equal(api.request("GET", f"{path}/0/image", None, {"If-None-Match": api.request("GET", f"{path}/0/image").headers["ETag"]}).status, 304, "asked again")
    for number in ("2", "3", "x", "-1"):
        equal(api.request("GET", f"{path}/{number}/image").status, 404, f"part {number}")
    other = api.session()
    equal(api.request("GET", f"/api/v1/sessions/{other}/messages/{message['id']}/parts/0/image").status, 404, "through another session")
    equal(daemon.tcp("read").request("GET", f"{path}/0/image").body, PNG, "with a token that may read")
    out = lab.box.root / "picture.gif"
    daemon.cli("session", "attachment", session, message["id"], "1", "-o", out).must(0)
    equal(out.read_bytes(), GIF, "pryx session attachment")
    daemon.cli("session", "attachment", session, message["id"], "2", "-o", out).must(6)
    daemon.restart()
    equal(daemon.api().request("GET", f"{path}/0/image").body, PNG, "after a restart")
    daemon.api().delete(f"/sessions/{session}")
    equal(daemon.api().request("GET", f"{path}/0/image").status, 404, "of a deleted session")


@case
def a_picture_from_elsewhere_comes_after_a_click(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    site = lab.box.own(Pictures())
    api = daemon.api()
    session = api.session()
    url = site.url("/a.png?size=2")
    model.script["show"] = [[f"![the harbour]({url})"]]
    turn = api.run(session, "show")
    message = next(m for m in api.transcript(session) if m["role"] == "assistant")
    equal(site.requests, [], "requests before the click")
    # A click alone opens nothing on this machine; the owner's own rule does.
    refused = api.request("POST", "/api/v1/images/fetch", {"url": url, "session_id": session, "message_id": message["id"]})
    equal((refused.status, site.requests), (403, []), "without a rule that names it")
    api.put("/policy", {"text": RULE.format(host=f"127.0.0.1:{site.port}"), "hash": api.get("/policy")["hash"]})
    answer = api.request("POST", "/api/v1/images/fetch", {"url": url, "session_id": session, "message_id": message["id"]})
    equal((answer.status, answer.body), (200, PNG), "the picture")
    harmless(answer, "image/png")
    method, path, headers, _ = site.requests[-1]
    equal((method, path), ("GET", "/a.png?size=2"), "what was asked for")
    for name in ("Cookie", "Referer", "Authorization"):
        expect(name not in headers, f"{name} was sent")
    kinds = told(api)
    equal([k for k, _ in kinds], ["image.denied", "image.intent", "image.outcome"], "what is on record")
    equal((kinds[1][1]["consent"], kinds[1][1]["policy"], kinds[2][1]["type"]), ("click", "allow", "image/png"), "what it says")
    rows = [r for r in api.pages("/audit") if r["kind"] == "image.intent"]
    equal((rows[0]["session_id"], rows[0]["turn_id"], rows[0]["personal"]), (session, turn["id"], {"url": url}), "whose it is")
    equal([(r["tool"], r["host"], r["state"]) for r in api.get("/egress")["items"]], [("images.fetch", "127.0.0.1", "done")], "the record of what left")
    spans = [s for s in api.get(f"/traces/{turn['id']}")["spans"] if s["name"] == "GET 127.0.0.1"]
    equal(len(spans), 1, "spans in the trace of the turn")
    equal(api.request("POST", "/api/v1/images/fetch", {"url": site.url("/here")}).body, PNG, "a redirect within the host")


@case
def what_a_click_does_not_fetch(lab):
    daemon = lab.daemon()
    site = lab.box.own(Pictures())
    api = daemon.api()
    host = f"127.0.0.1:{site.port}"
    api.put("/policy", {"text": RULE.format(host=host), "hash": api.get("/policy")["hash"]})
    fetch = "/api/v1/images/fetch"
    for path, status in (("/svg.png", 422), ("/page.png", 422), ("/big.png", 413), ("/away", 403), ("/none.png", 503)):
        answer = api.request("POST", fetch, {"url": site.url(path)})
        equal(answer.status, status, path)
        lacks(answer.body.decode(), "<script", f"the answer to {path}")
    for url in ("file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AA==", f"http://user:pass@{host}/a.png", "ftp://a/b", "http://2130706433/a.png"):
        equal(api.request("POST", fetch, {"url": url}).status, 400, url)
    for url in ("http://127.0.0.2/a.png", "http://10.0.0.1/a.png", "http://localhost/a.png", f"http://x.localhost:{site.port}/a.png", "http://169.254.169.254/", f"http://[::1]:{site.port}/a.png"):
        equal(api.request("POST", fetch, {"url": url}).status, 403, url)
    # A deny of the policy stands, and whoever may only chat does not decide.
    count = len(site.requests)
    equal(daemon.tcp("chat").request("POST", fetch, {"url": site.url("/a.png")}).status, 403, "with a token that may chat")
    equal(daemon.tcp("approve").request("POST", fetch, {"url": site.url("/a.png")}).status, 200, "with a token that may approve")
    api.put("/policy", {"text": "tools:\n  denied: [http.request]\n", "hash": api.get("/policy")["hash"]})
    denied = api.request("POST", fetch, {"url": site.url("/a.png")})
    equal((denied.status, len(site.requests)), (403, count + 1), "denied by the policy")
    contains(denied.json()["detail"], "http.request", "the reason")
    equal(told(api)[-1][0], "image.denied", "what is on record")
