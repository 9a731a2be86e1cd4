# SPDX-License-Identifier: MIT
"""What can be done over HTTP can be done in the terminal: every route has its verb, and every verb named here exists."""
import json

from harness import case, contains, equal, expect

# route -> the words that do the same. A new route without its verb fails the case.
VERBS = {
    "GET /": "open", "GET /{page}": "open",
    "GET /api/v1/health": "status", "GET /api/v1/health/ready": "status", "GET /api/v1/diagnostics": "doctor", "GET /api/v1/status": "status",
    "POST /api/v1/login": "open", "POST /api/v1/login/links": "open", "GET /api/v1/ws": "chat", "POST /api/v1/qr": "open",
    "GET /api/v1/workspaces": "workspace list", "POST /api/v1/workspaces": "workspace add", "GET /api/v1/workspaces/{id}": "workspace list",
    "DELETE /api/v1/workspaces/{id}": "workspace rm",
    "GET /api/v1/sessions": "session list", "POST /api/v1/sessions": "chat", "GET /api/v1/sessions/{id}": "session show", "PATCH /api/v1/sessions/{id}": "session edit",
    "DELETE /api/v1/sessions/{id}": "session rm", "POST /api/v1/sessions/import": "session import", "GET /api/v1/sessions/{id}/export": "session export",
    "GET /api/v1/sessions/{id}/export/preview": "session export", "GET /api/v1/sessions/{id}/messages/{message_id}/parts/{part}/image": "session attachment",
    "POST /api/v1/sessions/{id}/fork": "session fork", "GET /api/v1/sessions/{id}/context": "session context", "POST /api/v1/sessions/{id}/compact": "session compact",
    "POST /api/v1/sessions/{id}/compact/undo": "session compact", "POST /api/v1/sessions/{id}/pins": "session pin", "DELETE /api/v1/sessions/{id}/pins/{name}": "session unpin",
    "GET /api/v1/sessions/{id}/messages": "session show", "POST /api/v1/sessions/{id}/messages": "exec", "GET /api/v1/sessions/{id}/children": "subagent list",
    "POST /api/v1/sessions/{id}/children": "subagent spawn", "GET /api/v1/subagents": "subagent list", "GET /api/v1/subagents/{id}": "subagent show",
    "POST /api/v1/subagents/{id}/cancel": "subagent cancel",
    "GET /api/v1/turns": "turn list", "GET /api/v1/turns/{id}": "turn show", "GET /api/v1/turns/{id}/steps/{step_id}/result": "turn show", "POST /api/v1/stop": "stop", "POST /api/v1/turns/{id}/cancel": "turn cancel", "POST /api/v1/turns/{id}/resume": "turn resume", "POST /api/v1/turns/{id}/undo": "undo",
    "GET /api/v1/approvals": "approval list", "GET /api/v1/approvals/{id}": "approval show", "POST /api/v1/approvals/{id}": "approval approve",
    "POST /api/v1/approvals/plan": "approval plan", "POST /api/v1/approvals/{id}/preview": "approval preview", "GET /api/v1/grants": "grant list",
    "PATCH /api/v1/grants/{id}": "grant expire", "DELETE /api/v1/grants/{id}": "grant rm",
    "GET /api/v1/policy": "policy show", "PUT /api/v1/policy": "policy edit", "POST /api/v1/policy/test": "policy test", "GET /api/v1/policy/can": "policy can",
    "GET /api/v1/policy/templates": "policy templates", "POST /api/v1/policy/check": "policy check", "POST /api/v1/policy/replay": "policy replay",
    "GET /api/v1/policy/history": "policy history", "GET /api/v1/policy/history/{version}": "policy diff",
    "GET /api/v1/audit": "audit list", "POST /api/v1/audit/verify": "audit verify", "GET /api/v1/audit/status": "audit status", "GET /api/v1/audit/checkpoint": "audit checkpoint", "GET /api/v1/audit/proof": "audit proof",
    "GET /api/v1/audit/export": "audit export",
    "GET /api/v1/models": "model list", "GET /api/v1/models/catalog": "model catalog", "POST /api/v1/models/catalog": "model update", "GET /api/v1/models/own": "model edit", "PUT /api/v1/models/own": "model edit", "GET /api/v1/providers/presets": "provider presets", "GET /api/v1/providers/local": "provider detect",
    "GET /api/v1/providers": "provider list", "PUT /api/v1/providers/{id}": "provider add", "DELETE /api/v1/providers/{id}": "provider rm", "POST /api/v1/providers/{id}/test": "provider test",
    "GET /api/v1/vault": "vault status", "POST /api/v1/vault/lock": "vault lock", "POST /api/v1/vault/unlock": "vault unlock", "PUT /api/v1/vault/passphrase": "vault passphrase",
    "GET /api/v1/secrets": "secret list", "GET /api/v1/secrets/{name}": "secret list", "PUT /api/v1/secrets/{name}": "secret set", "DELETE /api/v1/secrets/{name}": "secret rm",
    "GET /api/v1/tokens": "token list", "POST /api/v1/tokens": "token create", "DELETE /api/v1/tokens/{id}": "token revoke",
    "GET /api/v1/agents": "agent list", "GET /api/v1/agents/{id}": "agent show", "PUT /api/v1/agents/{id}": "agent set", "DELETE /api/v1/agents/{id}": "agent rm",
    "GET /api/v1/tools": "tool list", "GET /api/v1/tools/{name}": "tool show", "GET /api/v1/docs": "docs", "GET /api/v1/docs/{topic}": "docs",
    "GET /api/v1/skills": "skill list", "GET /api/v1/skills/{name}": "skill show", "PUT /api/v1/skills/{name}": "skill add", "DELETE /api/v1/skills/{name}": "skill rm",
    "GET /api/v1/skills/{name}/file": "skill show", "GET /api/v1/egress": "egress list", "GET /api/v1/traces/{turn_id}": "trace show",
    "GET /api/v1/costs": "cost summary", "GET /api/v1/costs/optimize": "cost optimize", "GET /api/v1/budgets": "cost budget", "PUT /api/v1/budgets": "cost budget",
    "GET /api/v1/memory": "memory list", "POST /api/v1/memory": "memory add", "POST /api/v1/memory/search": "memory search", "GET /api/v1/memory/{id}": "memory show",
    "DELETE /api/v1/memory/{id}": "memory rm",
    "GET /api/v1/processes": "process list", "GET /api/v1/processes/{id}": "process show", "DELETE /api/v1/processes/{id}": "process stop",
    "POST /api/v1/processes/{id}/input": "process write", "GET /api/v1/settings": "config show", "PUT /api/v1/settings": "config set", "GET /api/v1/config": "config show",
    "PUT /api/v1/config": "config edit",
}
# Without a verb, and why.
EXEMPT = {
    "POST /api/v1/images/fetch": "shows a picture in the browser; a terminal has http.request",
    "GET /metrics": "for a scraper", "GET /openapi.json": "for programs",
    "POST /api/v1/logout": "ends a browser's login; pryx token revoke ends a program's", "PATCH /api/v1/workspaces/{id}": "only its display name in the browser",
    "GET /v1/models": "another vendor's form of pryx model list", "POST /v1/chat/completions": "another vendor's form of pryx exec", "POST /v1/responses": "another vendor's form of pryx exec",
    "GET /v1/responses/{id}": "another vendor's form of pryx turn show", "DELETE /v1/responses/{id}": "another vendor's form of pryx session rm",
    "POST /v1/messages": "another vendor's form of pryx exec", "POST /v1/messages/count_tokens": "another vendor's form of pryx session context",
}


@case
def every_route_has_its_verb(lab):
    daemon = lab.daemon()
    paths = json.loads(daemon.tcp().request("GET", "/openapi.json").body)["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods if method in ("get", "post", "put", "patch", "delete")}
    without = sorted(r for r in routes if r not in VERBS and r not in EXEMPT)
    equal(without, [], "routes without a verb and without a reason")
    equal(sorted(r for r in set(VERBS) | set(EXEMPT) if r not in routes), [], "routes that are named here and do not exist")
    for words in sorted(set(VERBS.values())):
        ran = daemon.cli("help", *words.split())
        expect(ran.code == 0, f"pryx help {words} exits with {ran.code}: {ran.err}")


@case
def a_turn_and_a_session_are_held_by_their_ids(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session(title="old")
    model.script["look"] = [[("call", "fs.list", {})], ["done"]]
    turn = api.run(session, "look")["id"]
    shown = daemon.cli("turn", "show", turn).must(0).out
    for piece in (turn, "completed", "fs.list", "fake/fake"):
        contains(shown, piece, "pryx turn show")
    equal(daemon.cli("turn", "show", turn, "--json").must(0).json()["id"], turn, "turn show --json")
    listed = daemon.cli("turn", "list", "--session", session, "--state", "completed,failed").must(0).out
    for piece in (turn, "completed", "fake/fake", "old"):
        contains(listed, piece, "pryx turn list")
    equal(daemon.cli("turn", "list", "--json").must(0).json(), api.get("/turns"), "turn list --json")
    equal(daemon.cli("turn", "list", "--state", "failed", "--json").must(0).json()["items"], [], "failed turns")
    daemon.cli("turn", "list", "--state", "lost").must(2)
    row = daemon.cli("session", "list", "--state", "completed").must(0).out
    for piece in (session, "completed", "-"):
        contains(row, piece, "pryx session list")
    equal(daemon.cli("session", "list", "--state", "failed", "--json").must(0).json()["items"], [], "sessions whose last turn failed")
    equal(api.get(f"/sessions/{session}")["last_turn_id"], turn, "the last turn of the session")
    contains(daemon.cli("session", "show", session, "--last", "1").must(0).out, "done", "the last message")
    equal(daemon.cli("session", "show", session, "--last", "2", "--json").must(0).json(), api.get(f"/sessions/{session}/messages?sort=newest&limit=2"), "session show --last --json")
    daemon.cli("session", "show", session, "--last", "1", "--limit", "1").must(2)
    model.script["refuse me"] = [[("status", 400, {"error": {"message": "not like this"}}, {"x-request-id": "req_42"})]]
    failed = api.run(api.session(), "refuse me")
    equal([failed["error"][k] for k in ("provider", "model", "http_status", "request_id")], ["fake", "fake/fake", 400, "req_42"], "what is known of the failure")
    equal((failed["model"], failed["answered_by"]), ("fake/fake", None), "the model that was asked")
    for piece in ("HTTP 400", "req_42", "fake/fake"):
        contains(daemon.cli("turn", "show", failed["id"]).must(0).out, piece, "pryx turn show of a failed turn")
    daemon.cli("turn", "cancel", turn).must(5)
    daemon.cli("turn", "resume", turn, "--retry").must(5)
    daemon.cli("turn", "resume", turn).must(2)
    daemon.cli("turn", "show", "trn_00000000000000000000000000").must(6)
    daemon.cli("session", "edit", session, "--title", "new", "--status", "archived").must(0)
    edited = api.get(f"/sessions/{session}")
    equal((edited["title"], edited["status"]), ("new", "archived"), "what was edited")
    daemon.cli("session", "edit", session).must(2)
    daemon.cli("session", "edit", session, "--status", "gone").must(2)
