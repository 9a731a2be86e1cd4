# SPDX-License-Identifier: MIT
"""Every route of api/openapi.yaml: at least one success and one failure, each answer held against the document; HEAD; no credentials."""
import routes_of_owner as owner
import routes_of_work as work

from harness import answer_of, case, contains, equal, expect, raw_http, short
from routes_tour import Tour, heads, login, without_credentials


@case(limit=120)
def every_route_answers_as_described(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["ask me"] = [[("call", "fs.list", {})], [("call", "memory.save", {"text": "noted"})], ["fine"]]
    model.script["read a lot"] = [[("call", "fs.read", {"path": "long.txt", "limit_lines": 6000})], ["read"]]
    tour = Tour(daemon, daemon.api().make_token("tour")).begin()
    owner.pages_and_health(tour)
    workspace = work.workspaces(tour, lab)
    session = work.sessions(tour, workspace)
    work.turns_and_approvals(tour, session)
    work.plans_and_grants(tour, model, session)
    work.contexts(tour, session)
    owner.providers_and_models(tour, model)
    owner.secrets_and_tokens(tour)
    owner.policy_and_audit(tour)
    work.agents_tools_memory(tour)
    work.skills(tour)
    work.agents_and_children(tour, session)
    work.traces_and_costs(tour, session)
    work.processes(tour, daemon, model, session)
    work.images(tour, lab, session)
    owner.settings_and_config(tour)
    work.bus_and_front(tour)
    work.the_rest_of_sessions(tour, session, workspace)
    login(tour, daemon)
    without_credentials(tour, daemon)
    heads(tour, daemon, session)
    for method, template, _ in tour.schemas.operations():
        if (method, template) not in tour.good:
            tour.findings.append(f"{method} {template}: no success was seen")
        if (method, template) not in tour.bad:
            tour.findings.append(f"{method} {template}: no failure was seen")
    expect(not tour.findings, f"{len(tour.findings)} findings:\n  " + "\n  ".join(tour.findings[:60]))


@case
def unknown_paths_and_methods(lab):
    daemon = lab.daemon()
    api = daemon.tcp()
    for path in ("/nothing.txt", "/.nothing", "/assets/nothing", "/api/v1/nothing", "/api/v2/status", "/api/v1/sessions/x/y/z", "/api/v1//status", "/api/v1/status/", "/..%2f..%2fetc/passwd", "/api/v1/%2e%2e/v1/status"):
        answer = api.request("GET", path)
        expect(answer.status in (400, 404), f"GET {path} answered {answer.status}")
        contains(answer.headers["Content-Type"], "json", f"content type of GET {path}")
    answer = api.request("DELETE", "/api/v1/status")
    equal(answer.status, 405, "DELETE /status")
    equal({m.strip() for m in answer.headers["Allow"].split(",")}, {"GET", "HEAD"}, "Allow")
    equal(api.request("PUT", "/v1/chat/completions", {}).status, 405, "PUT /v1/chat/completions")
    equal(raw_http(daemon.port, "BREW / HTTP/1.1\r\nHost: x\r\n\r\n")[0] // 100, 4, "an unknown method")


@case
def bodies_that_are_no_json_object(lab):
    daemon = lab.daemon()
    api = daemon.api()
    for body in (b"", b"null", b"[]", b'"x"', b"{", b'{"title":}', b'{"title":"\xff"}', b'{"title":"a","title":"b"}x', b"[" * 100_000, b'{"a":' * 100_000, b'{"title": 1e999}',
                 b'\xef\xbb\xbf{"title":"bom"}', b'{"title":"\\ud800"}'):
        answer = api.request("POST", "/api/v1/sessions", body)
        expect(answer.status in (400, 413) or (body == b"" and answer.status == 201), f"POST /sessions with {body[:30]!r} answered {answer.status}")
    head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {api.make_token()}\r\nContent-Length: 30000000\r\n\r\n"
    equal(raw_http(daemon.port, head)[0], 413, "a body of 30 MB")
    api.get("/status")


@case
def text_survives_the_way_through_api_store_and_back(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    texts = ["ünïcödé 漢字 🧑‍🚀 ﷽ Ω", "a\u0000b", "\u202eabc\u2066", "line\r\nbreak\ttab", "'; DROP TABLE sessions; --", "<script>alert(1)</script>", "{{7*7}} ${x} %s %n", "\\u0000 \\",
             "\ufeffbom", "e\u0301 vs \u00e9", "\U0010ffff\U0001f600", "x" * 200_000, "🏳️‍🌈" * 1000]
    session = api.session()
    for text in texts:
        status, answer = api.call("POST", f"/sessions/{session}/messages", {"text": text})
        if text == "a\u0000b" and status == 400:
            continue  # refusing is honest; losing would not be
        equal(status, 202, f"status for {text[:40]!r} ({short(answer, 200)})")
        turn = api.wait_turn(answer["turn_id"])
        equal(turn["state"], "completed", f"turn for {text[:40]!r}")
        transcript = api.transcript(session)
        mine = [m for m in transcript if m["turn_id"] == answer["turn_id"]]
        equal(mine[0]["parts"][0]["text"], text, "the stored text")
        equal(model.requests[-1].text, text, "the text that the model got")
        equal(answer_of(mine), f"answer to {text}", "the stored answer")


@case
def transcripts_page_without_gaps(lab):
    daemon = lab.daemon()
    api = daemon.api()
    session = api.session(model="starter/commands")
    for i in range(13):
        api.run(session, f"help {i}")
    whole = api.transcript(session)
    for size in (1, 2, 7, 200):
        equal(api.pages(f"/sessions/{session}/messages", size), whole, f"the transcript in pages of {size}")
    equal([m["id"] for m in whole], sorted(m["id"] for m in whole), "oldest first")
    equal(api.get(f"/sessions/{session}")["message_count"], len(whole), "message_count")


@case
def sessions_are_searched_and_filtered(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    ids = {}
    for word in ("harbour", "lighthouse", "harbinger"):
        ids[word] = api.session(title=f"about {word}")
        api.run(ids[word], f"tell me of the {word} at dawn")

    def found(query):
        return {s["id"] for s in api.get(f"/sessions?query={query}")["items"]}
    equal(found("harbour"), {ids["harbour"]}, "one word")
    equal(found("harb"), {ids["harbour"], ids["harbinger"]}, "a prefix")
    equal(found("ha"), set(), "a prefix of two letters")
    equal(found("harb*"), {ids["harbour"], ids["harbinger"]}, "a prefix with a star")
    equal(found("harb*%20dawn"), {ids["harbour"], ids["harbinger"]}, "a prefix with a star before another word")
    equal(found("harb%20dawn"), set(), "a word in the middle is no prefix")
    status, answer = api.call("GET", "/sessions?query=ha*")
    equal(status, 400, "a prefix of two letters with a star")
    contains(answer["detail"], "3 letters", "the refusal")
    for path, most in (("/sessions", 200), (f"/sessions/{ids['harbour']}/messages", 200), ("/approvals", 200), ("/audit", 200), ("/memory", 100)):
        equal(api.call("GET", f"{path}?limit={most}")[0], 200, f"{path} with the largest limit")
        status, answer = api.call("GET", f"{path}?limit={most + 1}")
        equal(status, 400, f"{path} over the largest limit")
        contains(answer["detail"], f"1 to {most}", "the bound")
    equal(found("dawn"), set(ids.values()), "a word of all")
    equal(found("nowhere"), set(), "a word of none")
    for query in ("%22", "a%20OR", "NEAR(", "*", "%27%27", "title:x", "-", "%28%29", "ha*"):
        status, answer = api.call("GET", f"/sessions?query={query}")
        expect(status in (200, 400), f"the query {query} answered {status}: {short(answer, 200)}")
    hit = next(s for s in api.get("/sessions?query=lighthouse")["items"])
    contains(hit["snippet"], "lighthouse", "the snippet")
    api.call("PATCH", f"/sessions/{ids['harbour']}", {"status": "archived"})
    equal({s["id"] for s in api.get("/sessions?status=archived")["items"]}, {ids["harbour"]}, "archived")
    expect(ids["harbour"] not in {s["id"] for s in api.get("/sessions?status=active")["items"]}, "an archived session among the active")
    equal(api.get("/sessions?sort=relevance&query=harbinger")["items"][0]["id"], ids["harbinger"], "by relevance")


@case
def a_search_pages_and_filters_in_both_orders(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    # The more is said around the word, the less it weighs; everybody speaks of it again after the others did.
    ids = [api.session(title=f"{i}") for i in range(6)]
    for others in (3, 12):
        for i, session in enumerate(ids):
            api.run(session, "harbour" + " word" * (others * (i + 1)))
    for archived in (ids[0], ids[5]):
        api.call("PATCH", f"/sessions/{archived}", {"status": "archived"})
    orders = {"relevance": ids, "newest": ids[::-1]}
    for sort, order in orders.items():
        path = f"/sessions?query=harbour&sort={sort}"
        equal([s["id"] for s in api.get(path)["items"]], order, f"by {sort}")
        for size in (1, 2, 5, 200):
            equal([s["id"] for s in api.pages(path, size)], order, f"by {sort} in pages of {size}")
            for status in ("archived", "active"):
                wanted = [i for i in order if (i in (ids[0], ids[5])) == (status == "archived")]
                page = api.get(f"{path}&status={status}&limit={size}")["items"]
                equal([s["id"] for s in page], wanted[:size], f"the first {size} {status} by {sort}")
                equal([s["id"] for s in api.pages(f"{path}&status={status}", size)], wanted, f"{status} by {sort} in pages of {size}")
        for cursor in ("x", "5", "5:", ":5", "-1:1", "5:20001", "1:1:1"):
            status, answer = api.call("GET", f"{path}&cursor={cursor}")
            equal(status, 400, f"the cursor {cursor} by {sort}")
            contains(answer["detail"], "cursor", "the refusal")
    rows = daemon.cli("session", "search", "harbour", "--sort", "relevance", "--limit", "4", "--json").must(0).json()
    rest = daemon.cli("session", "search", "harbour", "--sort", "relevance", "--cursor", rows["next_cursor"], "--json").must(0).json()
    equal([s["id"] for s in rows["items"] + rest["items"]], ids, "two pages of the command")
