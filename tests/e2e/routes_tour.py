# SPDX-License-Identifier: MIT
"""The tour of every route: calls operations by their template, holds each answer against the document; HEAD, login, no credentials."""
import base64
import json

from harness import Api, equal, raw_http, short
from schema import Schemas

V = "/api/v1"
NO_SESSION, NO_TURN, NO_APPROVAL = "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV", "apr_01ARZ3NDEKTSV4RRFFQ69G5FAV"


class Tour(Api):
    """Calls operations by their template, checks every answer, and remembers what was seen."""

    def begin(self):
        answer = self.request("GET", "/openapi.json")
        self.schemas = Schemas(answer.json())
        self.good, self.bad, self.findings = set(), set(), []
        self.go("GET", "/openapi.json", 200)
        return self

    def go(self, method, template, status, body=None, headers=None, query="", **values):
        path = template.format(**values) + query
        answer = self.request(method, path, body, headers)
        if answer.status != status:
            self.findings.append(f"{method} {path} answered {answer.status}, not {status}: {short(answer.body.decode(errors='replace'), 300)}")
        (self.good if answer.status < 400 else self.bad).add((method, template))
        problems = self.schemas.response_problems(method, template, answer)
        self.findings += [f"{method} {path} ({answer.status}): {p}" for p in problems[:5]]
        if answer.status >= 400 and template.startswith("/api"):
            problem = answer.json()
            if problem.get("status") != answer.status:
                self.findings.append(f"{method} {path}: the problem says {problem.get('status')}, the answer {answer.status}")
        return answer.json() if answer.body and "json" in (answer.headers.get("Content-Type") or "") else answer


def login(tour, daemon):
    link = tour.go("POST", V + "/login/links", 201, {})
    host = {"Host": f"127.0.0.1:{daemon.port}", "Origin": f"http://127.0.0.1:{daemon.port}"}
    browser = Tour(daemon, None)
    browser.token, browser.schemas, browser.good, browser.bad, browser.findings = "unused", tour.schemas, tour.good, tour.bad, tour.findings
    browser.headers = lambda extra=None: {**host, **(extra or {})}
    answer = browser.request("POST", V + "/login", {"code": link["code"]})
    equal(answer.status, 200, "login")
    tour.good.add(("POST", V + "/login"))
    tour.findings += tour.schemas.response_problems("POST", V + "/login", answer)
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    browser.go("POST", V + "/login", 401, {"code": link["code"]})
    browser.go("POST", V + "/login", 400, {})
    session = {"Cookie": cookie, "X-Pryx-CSRF": answer.json()["csrf_token"]}
    browser.go("GET", V + "/status", 200, headers=session)
    browser.go("POST", V + "/logout", 204, {}, headers=session)
    browser.go("POST", V + "/logout", 401, {}, headers=session)
    browser.go("GET", V + "/status", 401, headers=session)


def without_credentials(tour, daemon):
    """Everything but what is marked public is 401 over TCP, whatever is in the path or the body."""
    for method, template, operation in tour.schemas.operations():
        path = template.format(id="x", name="x", topic="x", turn_id="x", page="x", version="x", message_id="x", part="0", step_id="x")
        status, _, _ = raw_http(daemon.port, f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{{}}")
        public = operation["x-pryx-auth"] == "public"
        if (status == 401) == public and template != V + "/login":
            tour.findings.append(f"{method} {path} without credentials answered {status}")
        if not public:
            tour.bad.add((method, template))


# What a GET cannot do without.
QUERIES = {"/skills/code-review/file": "?path=SKILL.md", "/proof": "?index=1", "/policy/can": "?tool=fs.read"}


def heads(tour, daemon, session):
    """HEAD has GET's status and headers and no body."""
    turn = next(m["turn_id"] for m in tour.transcript(session) if m["turn_id"])
    approval = tour.get("/approvals?state=approved")["items"][0]["id"]
    tour.put("/secrets/here", {"value": "x"})
    workspace = tour.post("/workspaces", {"path": str(lab_folder(daemon))}, 201)["id"]
    process = tour.get("/processes")["items"][0]["id"]
    pixel = {"type": "image", "media_type": "image/gif", "data": base64.b64encode(b"GIF89a" + b"0" * 20).decode()}
    picture = tour.post(f"/sessions/{session}/messages", {"text": "look", "parts": [pixel]}, 202)["message_id"]
    values = {
        "sessions": session,
        "turns": turn,
        "traces": turn,
        "approvals": approval,
        "workspaces": workspace,
        "agents": "default",
        "tools": "fs.read",
        "docs": "errors",
        "secrets": "here",
        "processes": process,
        "skills": "code-review",
        "policy": "1",
        "memory": tour.post("/memory", {"text": "kept for this"}, 201)["id"],
        "subagents": tour.get("/subagents")["items"][0]["id"],
        "": json.loads(tour.request("POST", "/v1/responses", {"model": "fake/fake", "input": "kept"}).body)["id"],  # of the fronts
    }
    for method, template, _ in tour.schemas.operations():
        if method != "GET":
            continue
        noun = template.split("/")[3] if template.startswith(V) else ""
        own = tour.kept_result[0] if "{step_id}" in template else values.get(noun, "x")
        path = template.format(id=own, name=own, topic=own, turn_id=own, page="sessions", version=own, message_id=picture, part=0, step_id=tour.kept_result[1])
        path += next((q for end, q in QUERIES.items() if path.endswith(end)), "")
        get, head = tour.request("GET", path), tour.request("HEAD", path)
        if head.status != get.status or head.body:
            tour.findings.append(f"HEAD {path}: {head.status} with {len(head.body)} bytes, GET: {get.status}")
        if get.status >= 400 and template != V + "/ws":
            tour.findings.append(f"GET {path}: {get.status}")
        for name in ("Content-Type", "Content-Length"):
            same = head.headers.get(name) == get.headers.get(name)
            if not same and not (name == "Content-Length" and template.endswith(("/status", "/diagnostics", "/ready", "/checkpoint", "/proof"))):
                tour.findings.append(f"HEAD {path}: {name} is {head.headers.get(name)}, GET's is {get.headers.get(name)}")


def lab_folder(daemon):
    return daemon.home.parent / "work"
