# SPDX-License-Identifier: MIT
"""Who may call: tokens and their scopes, login links, cookies and CSRF, Host and Origin, secrets in the wrong place."""
import re
import time

from harness import Api, case, contains, equal, expect, free_port, lacks, raw_http


def http(daemon, method, path, headers, body=""):
    """One request over a fresh TCP connection, with exactly these headers."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers)]
    if body or method in ("POST", "PUT", "PATCH"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return raw_http(daemon.port, "\r\n".join(lines) + "\r\n\r\n" + body)


def host(daemon):
    return ("Host", f"127.0.0.1:{daemon.port}")


def origin(daemon):
    return ("Origin", f"http://127.0.0.1:{daemon.port}")


@case
def scopes_are_a_set_and_hold(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    owner = daemon.api()
    session = owner.session()
    wanted = {  # request: scopes that may do it
        ("GET", "/sessions", None): {"read", "chat", "admin"},
        ("POST", "/sessions", "{}"): {"chat", "admin"},
        ("POST", f"/sessions/{session}/messages", '{"text":"x"}'): {"chat", "admin"},
        ("POST", "/approvals/apr_01ARZ3NDEKTSV4RRFFQ69G5FAV", '{"decision":"deny"}'): {"approve", "admin"},
        ("GET", "/tokens", None): {"admin"},
        ("POST", "/tokens", '{"name":"x","scopes":"read"}'): {"admin"},
        ("GET", "/secrets", None): {"admin"},
        ("PUT", "/settings", '{"settings":{}}'): {"admin"},
        ("POST", "/login/links", "{}"): {"admin"},
        ("PUT", "/policy", '{"text":"","hash":""}'): {"admin"},
    }
    for scope in ("read", "chat", "approve", "admin"):
        api = daemon.tcp(scope)
        for (method, path, body), allowed in wanted.items():
            status = api.request(method, "/api/v1" + path, body.encode() if body else None).status
            expect((status != 403) == (scope in allowed), f"{method} {path} with the scope {scope} answered {status}")
    both = daemon.tcp("chat", "approve")
    equal(both.request("POST", f"/api/v1/sessions/{session}/messages", {"text": "y", "approve": "tools:\n  allowed: [fs.list]\n"}).status, 202, "rules with chat and approve")
    equal(daemon.tcp("chat").request("POST", f"/api/v1/sessions/{session}/messages", {"text": "y", "approve": "tools:\n  allowed: [fs.list]\n"}).status, 403, "rules with chat alone")


@case
def a_chat_token_cannot_open_any_directory(lab):
    """Making a folder a workspace decides what an agent may touch: that takes admin, also through a session."""
    daemon = lab.daemon()
    folder = lab.workspace()
    api = daemon.tcp("chat")
    equal(api.request("POST", "/api/v1/workspaces", {"path": str(folder)}).status, 403, "a chat token that makes a workspace")
    equal(api.request("POST", "/api/v1/sessions", {"workspace": str(folder)}).status, 403, "a chat token that makes one through a session")
    known = daemon.api().post("/workspaces", {"path": str(folder)})["id"]
    equal(api.request("POST", "/api/v1/sessions", {"workspace": known}).status, 201, "a chat token in a known workspace")


@case
def tokens_are_stored_hashed_and_shown_once(lab):
    daemon = lab.daemon()
    made = daemon.api().post("/tokens", {"name": "t", "scopes": ["read"]})
    listed = daemon.api().request("GET", "/api/v1/tokens").body.decode()
    lacks(listed, made["token"], "the list of tokens")
    contains(listed, made["id"], "the list of tokens")
    equal(Api(daemon, made["token"]).request("GET", "/api/v1/status").status, 200, "a request with the token")
    daemon.restart()
    equal(Api(daemon, made["token"]).request("GET", "/api/v1/status").status, 200, "a request with the token after a restart")
    daemon.stop()
    for path in daemon.home.rglob("*"):
        if path.is_file():
            expect(made["token"].encode() not in path.read_bytes(), f"{path.name} holds the token")


@case
def wrong_credentials_are_401_and_guessing_is_slowed(lab):
    daemon = lab.daemon()
    good = daemon.api().make_token("good", ["read"])
    path = "/api/v1/status"
    for value in ("Bearer", "Bearer ", "Bearer x", f"Basic {good}", good, f"Bearer {good}x", f"Bearer {good[:-1]}", "Bearer \xff", f"Bearer {good} {good}"):
        status = http(daemon, "GET", path, [host(daemon), ("Authorization", value)])[0]
        expect(status in (400, 401, 429), f"Authorization: {value[:20]!r} answered {status}")
    status = http(daemon, "GET", path, [host(daemon), ("Authorization", f"Bearer {good}"), ("Authorization", "Bearer x")])[0]
    expect(status in (400, 401, 429), f"two Authorization headers answered {status}")
    equal(http(daemon, "GET", path, [host(daemon), ("x-api-key", good)])[0], 401, "x-api-key outside /v1/messages")
    codes = [http(daemon, "GET", path, [host(daemon), ("Authorization", f"Bearer guess-{i}")])[0] for i in range(60)]
    expect(429 in codes, f"60 guesses were answered {set(codes)}")
    equal(http(daemon, "GET", path, [host(daemon), ("Authorization", f"Bearer {good}")])[0], 200, "a valid token after guesses of others")


@case
def a_secret_in_the_url_is_refused(lab):
    daemon = lab.daemon()
    token = daemon.api().make_token()
    for query in (f"token={token}", f"access_token={token}", f"x={token}", "api_key=1", f"%74oken={token}", "code=abc"):
        status, _, body = http(daemon, "GET", f"/api/v1/status?{query}", [host(daemon)])
        equal(status, 400, f"?{query[:12]}…")
        lacks(body.decode(), token, "the answer")
    lacks(daemon.log(), token, "the log")


@case
def host_and_origin_are_matched_exactly(lab):
    daemon = lab.daemon()
    token = ("Authorization", f"Bearer {daemon.api().make_token()}")
    port = daemon.port
    for value, wanted in ((f"127.0.0.1:{port}", 200), (f"localhost:{port}", 200), ("127.0.0.1", 403), (f"127.0.0.1:{port + 1}", 403), ("evil.example", 403), (f"evil.example:{port}", 403),
                          (f"127.0.0.1:{port}.evil.example", 403), (f"127.0.0.1.:{port}", 403), ("", 403), (f"user@127.0.0.1:{port}", 403), (f"0.0.0.0:{port}", 403), (f"LOCALHOST:{port}", None)):
        status = http(daemon, "GET", "/api/v1/status", [("Host", value), token])[0]
        expect(status == wanted or (wanted in (403, None) and status in (400, 403, 200 if wanted is None else 403)), f"Host {value!r} answered {status}")
    for path in ("/", "/sessions", "/icon.svg", "/api/v1/health"):
        equal(http(daemon, "GET", path, [("Host", "evil.example")])[0], 403, f"{path} for a foreign Host (DNS rebinding)")
    expect(http(daemon, "GET", "/api/v1/status", [token])[0] in (400, 403), "no Host at all")
    expect(http(daemon, "GET", "/api/v1/status", [host(daemon), ("Host", "evil.example"), token])[0] in (400, 403), "two Hosts")
    for value, wanted in ((f"http://127.0.0.1:{port}", 200), ("http://evil.example", 403), ("null", 403), (f"https://127.0.0.1:{port}", 403), (f"http://127.0.0.1:{port}/", 403),
                          (f"http://localhost:{port}", 403), ("file://", 403), ("", 403)):
        equal(http(daemon, "GET", "/api/v1/status", [host(daemon), ("Origin", value), token])[0], wanted, f"Origin {value!r}")
    status, head, _ = http(daemon, "OPTIONS", "/api/v1/status", [host(daemon), ("Origin", "http://evil.example"), ("Access-Control-Request-Method", "GET")])
    expect(status >= 400, f"a preflight of another page answered {status}")
    lacks(head.lower(), "access-control-allow", "its headers")
    api = daemon.api()
    equal(api.request("GET", "/api/v1/status", None, {"Host": "evil.example"}).status, 403, "a foreign Host over the Unix socket")


def open_browser(daemon):
    """Follows a login link as a page does: (cookie, csrf token, all of Set-Cookie)."""
    url = daemon.cli("open", "--print").must(0).out.strip()
    found = re.fullmatch(rf"http://127\.0\.0\.1:{daemon.port}/#code=(\S+)", url)
    expect(found, f"pryx open --print printed {url!r}")
    status, head, body = http(daemon, "POST", "/api/v1/login", [host(daemon), origin(daemon)], '{"code":"%s"}' % found[1])
    equal(status, 200, f"login ({body[:300]})")
    cookie = re.search(r"Set-Cookie: (.*)\r", head)[1]
    return cookie.split(";")[0], re.search(rb'"csrf_token": ?"([^"]+)"', body)[1].decode(), cookie, found[1]


@case
def a_login_link_works_once_and_the_cookie_needs_its_csrf_token(lab):
    daemon = lab.daemon(listen=f"127.0.0.1:{free_port()}")  # the cookie's name holds the port: it stays over the restart
    cookie, csrf, whole, code = open_browser(daemon)
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
        contains(whole, attribute, "Set-Cookie")
    again = http(daemon, "POST", "/api/v1/login", [host(daemon), origin(daemon)], '{"code":"%s"}' % code)
    equal(again[0], 401, "the same link again")
    lacks(again[1], "Set-Cookie", "its headers")
    jar = ("Cookie", cookie)
    me = [host(daemon), jar]
    equal(http(daemon, "GET", "/api/v1/status", me)[0], 200, "GET with the cookie")
    equal(http(daemon, "POST", "/api/v1/sessions", [*me, origin(daemon)], "{}")[0], 403, "POST without the CSRF header")
    equal(http(daemon, "POST", "/api/v1/sessions", [*me, origin(daemon), ("X-Pryx-CSRF", "wrong")], "{}")[0], 403, "POST with a wrong CSRF header")
    equal(http(daemon, "POST", "/api/v1/sessions", [*me, ("X-Pryx-CSRF", csrf)], "{}")[0], 403, "POST without Origin")
    equal(http(daemon, "POST", "/api/v1/sessions", [*me, ("Origin", "http://evil.example"), ("X-Pryx-CSRF", csrf)], "{}")[0], 403, "POST from elsewhere")
    equal(http(daemon, "POST", "/api/v1/sessions", [*me, origin(daemon), ("X-Pryx-CSRF", csrf)], "{}")[0], 201, "POST with everything")
    equal(http(daemon, "GET", "/api/v1/status", [host(daemon), ("Cookie", cookie[:-2])])[0], 401, "a changed cookie")
    equal(http(daemon, "GET", "/api/v1/status", [host(daemon), ("Cookie", f"{cookie}; {cookie.split('=')[0]}=x")])[0], 401, "two cookies of that name")
    other, others_csrf, _, _ = open_browser(daemon)
    expect(other != cookie, "two logins share a cookie")
    equal(http(daemon, "POST", "/api/v1/logout", [*me, origin(daemon), ("X-Pryx-CSRF", csrf)], "{}")[0], 204, "logout")
    equal(http(daemon, "GET", "/api/v1/status", me)[0], 401, "GET after logout")
    equal(http(daemon, "GET", "/api/v1/status", [host(daemon), ("Cookie", other)])[0], 200, "the other browser")
    daemon.restart()
    they = [host(daemon), ("Cookie", other)]
    equal(http(daemon, "GET", "/api/v1/status", they)[0], 200, "the other browser after a restart")
    equal(http(daemon, "GET", "/api/v1/status", me)[0], 401, "the browser that logged out, after a restart")
    equal(http(daemon, "POST", "/api/v1/logout", [*they, origin(daemon), ("X-Pryx-CSRF", others_csrf)], "{}")[0], 204, "logout after a restart")
    equal(http(daemon, "GET", "/api/v1/status", they)[0], 401, "the other browser after its logout")
    daemon.restart()
    equal(http(daemon, "GET", "/api/v1/status", they)[0], 401, "the other browser after its logout and a restart")


@case
def a_wrong_code_burns_nothing_else_and_sets_no_cookie(lab):
    daemon = lab.daemon()
    for body in ('{"code":"x"}', '{"code":""}', '{"code":7}', "{}", '{"code":"' + "y" * 5000 + '"}'):
        status, head, _ = http(daemon, "POST", "/api/v1/login", [host(daemon), origin(daemon)], body)
        expect(status in (400, 401, 429), f"login with {body[:30]} answered {status}")
        lacks(head, "Set-Cookie", "its headers")
    open_browser(daemon)
    begin = time.monotonic()
    code = daemon.api().post("/login/links", {})["code"]
    secretless = code.split(".")[0] + ".wrong"
    equal(http(daemon, "POST", "/api/v1/login", [host(daemon), origin(daemon)], '{"code":"%s"}' % secretless)[0], 401, "a guessed secret")
    equal(http(daemon, "POST", "/api/v1/login", [host(daemon), origin(daemon)], '{"code":"%s"}' % code)[0], 401, "the link that was guessed at is burnt")
    expect(time.monotonic() - begin < 50, "this took too long to mean anything")


@case
def the_page_holds_nothing_of_the_user(lab):
    daemon = lab.daemon(env={"USER": "somebody"})
    daemon.api().session(title="very private title")
    daemon.api().put("/settings", {"settings": {"model.default": "starter/commands"}})
    _, _, page = http(daemon, "GET", "/", [host(daemon)])
    for path in ("/", "/sessions", *re.findall(r'(?:src|href)="(/[^"]+)"', page.decode())):
        status, _, body = http(daemon, "GET", path, [host(daemon)])
        equal(status, 200, path)
        for word in ("very private title", str(daemon.home), str(daemon.pid), "prn_owner"):
            lacks(body.decode(), word, path)
    status, head, body = http(daemon, "GET", "/api/v1/health", [host(daemon)])
    equal(body, b'{"status":"ok"}', "health")
    lacks(head, "0.1.0", "headers of health")
