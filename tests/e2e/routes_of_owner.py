# SPDX-License-Identifier: MIT
"""Visits of the tour: pages, providers, secrets, tokens, policy, audit, settings."""
import contextlib

from catalog_test import Catalogs
from harness import contains, equal, expect
from routes_tour import V

def pages_and_health(tour):
    for path, template in (("/", "/"), ("/icon.svg", "/{page}"), ("/sessions", "/{page}"), ("/trace/trn_1", "/{page}")):
        answer = tour.request("GET", path)
        tour.good.add(("GET", template))
        contains(answer.headers["Content-Security-Policy"], "default-src 'none'", f"the policy of {path}")
        equal(answer.headers["X-Content-Type-Options"], "nosniff", f"X-Content-Type-Options of {path}")
        tour.findings += [f"GET {path}: {p}" for p in tour.schemas.response_problems("GET", template, answer)]
        equal(tour.request("DELETE", path).status, 405, f"DELETE {path}")
        tour.bad.add(("GET", template))
    tour.go("POST", V + "/qr", 200, {"text": "harbour"})
    tour.go("POST", V + "/qr", 400, {})
    tour.go("GET", V + "/health", 200)
    equal(tour.request("POST", V + "/health", {}).status, 405, "POST /health")
    tour.bad.add(("GET", V + "/health"))
    for name in ("/health/ready", "/diagnostics", "/status"):
        tour.go("GET", V + name, 200)


def providers_and_models(tour, model):
    tour.go("GET", V + "/models", 200)
    expect([m["id"] for m in tour.go("GET", V + "/models", 200, query="?provider=fake")["items"]], "the fake provider has no models")
    tour.go("GET", V + "/providers", 200)
    expect(len(tour.go("GET", V + "/providers/presets", 200)["items"]) > 5, "vendors that are known by name")
    tour.go("GET", V + "/providers/local", 200)
    expect(tour.go("GET", V + "/models/catalog", 200), "where the catalog is from")
    tour.go("POST", V + "/models/catalog", 400, {"from": "http://example.com/models.yaml"})
    with contextlib.closing(Catalogs()) as site:
        equal(tour.go("POST", V + "/models/catalog", 200, {"from": site.url("/models.yaml")})["models"], 1, "the catalog that was fetched")
    own = tour.go("GET", V + "/models/own", 200)
    tour.go("PUT", V + "/models/own", 409, {"text": "", "hash": "sha256:00"})
    tour.go("PUT", V + "/models/own", 400, {"text": "models: [", "hash": own["hash"]})
    tour.go("PUT", V + "/models/own", 200, {"text": "models: {}\n", "hash": own["hash"]})
    put = V + "/providers/{id}"
    tour.go("PUT", put, 200, {"kind": "openai", "base_url": model.url, "key": "sk-1"}, id="second")
    tour.go("PUT", put, 400, {"kind": "telepathy"}, id="third")
    tour.go("PUT", put, 400, {"kind": "openai", "base_url": "ftp://x"}, id="third")
    tour.go("PUT", put, 400, {"kind": "openai"}, id="starter")
    tour.go("PUT", put, 400, {"kind": "openai"}, id="UPPER")
    equal(tour.go("POST", V + "/providers/{id}/test", 200, {}, id="second")["ok"], True, "test of a provider")
    tour.go("POST", V + "/providers/{id}/test", 404, {}, id="nobody")
    tour.go("PUT", put, 200, {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "no_key": True}, id="dead")
    tour.go("POST", V + "/providers/{id}/test", 503, {}, id="dead")
    tour.go("DELETE", put, 204, id="dead")
    tour.go("DELETE", put, 204, id="second")
    tour.go("DELETE", put, 404, id="second")


def secrets_and_tokens(tour):
    name = V + "/secrets/{name}"
    tour.go("GET", V + "/secrets", 200)
    equal(set(tour.go("PUT", name, 200, {"value": "s3cret"}, name="github")), {"name", "updated_at", "hosts"}, "what comes back of a secret")
    tour.go("PUT", name, 400, {"value": ""}, name="github")
    tour.go("PUT", name, 400, {}, name="github")
    tour.go("GET", name, 200, name="github")
    tour.go("GET", name, 404, name="gitlab")
    tour.go("DELETE", name, 204, name="github")
    tour.go("DELETE", name, 404, name="github")
    vault(tour)
    made = tour.go("POST", V + "/tokens", 201, {"name": "t", "scopes": "read,chat", "expires_in": "7d"})
    tour.go("POST", V + "/tokens", 400, {"name": "t", "scopes": ["everything"]})
    tour.go("POST", V + "/tokens", 400, {"name": "t", "scopes": []})
    tour.go("POST", V + "/tokens", 400, {"scopes": ["read"]})
    listed = tour.go("GET", V + "/tokens", 200)["items"]
    expect(all("token" not in t for t in listed), "the list shows tokens")
    tour.go("DELETE", V + "/tokens/{id}", 204, id=made["id"])
    tour.go("DELETE", V + "/tokens/{id}", 404, id=made["id"])


def vault(tour):
    equal(tour.go("GET", V + "/vault", 200), {"has_passphrase": False, "locked": False, "retry_after_ms": None}, "the vault")
    equal(tour.request("DELETE", V + "/vault").status, 405, "DELETE /vault")
    tour.bad.add(("GET", V + "/vault"))
    tour.go("POST", V + "/vault/lock", 409, {})
    tour.go("PUT", V + "/vault/passphrase", 400, {"passphrase": "short"})
    tour.go("PUT", V + "/vault/passphrase", 400, {})
    tour.go("PUT", V + "/vault/passphrase", 200, {"passphrase": "a passphrase for the tour"})
    equal(tour.go("POST", V + "/vault/lock", 200, {})["locked"], True, "locked")
    tour.go("POST", V + "/vault/unlock", 401, {"passphrase": "another passphrase"})
    tour.go("POST", V + "/vault/unlock", 200, {"passphrase": "a passphrase for the tour"})
    tour.go("PUT", V + "/vault/passphrase", 200, {"passphrase": None, "current": "a passphrase for the tour"})


def policy_and_audit(tour):
    policy = tour.go("GET", V + "/policy", 200)
    text = "name: toured\ntools:\n  allowed: [fs.list, fs.read, memory.search]\n"
    tour.go("PUT", V + "/policy", 409, {"text": text, "hash": "sha256:00"})
    tour.go("PUT", V + "/policy", 400, {"text": text})
    tour.go("PUT", V + "/policy", 422, {"text": "tools: [", "hash": policy["hash"]})
    after = tour.go("PUT", V + "/policy", 200, {"text": text, "hash": policy["hash"]})
    equal(after["in_force"], "file", "in force after PUT")
    tour.go("PUT", V + "/policy", 409, {"text": text + "#", "hash": policy["hash"]})
    tour.go("PUT", V + "/policy", 200, {"text": text + "#"}, headers={"If-Match": f'"{after["hash"]}"'})
    equal(tour.go("POST", V + "/policy/test", 200, {"tool": "fs.list"})["decision"], "allow", "fs.list")
    tour.go("POST", V + "/policy/test", 400, {})
    tour.go("POST", V + "/policy/test", 400, {"tool": "fs.list", "arguments": []})
    tour.go("POST", V + "/policy/test", 422, {"tool": "fs.list", "text": "tools: ["})
    failing = text + "tests:\n  - {name: lists, tool: fs.list, arguments: {path: .}, expect: deny}\n"
    check = tour.go("POST", V + "/policy/check", 200, {"text": failing})
    equal((check["valid"], check["tests"][0]["got"]), (False, "allow"), "a failing test")
    equal(tour.go("POST", V + "/policy/check", 200, {})["valid"], True, "the file as it is")
    tour.go("POST", V + "/policy/check", 400, {"text": 1})
    expect(tour.go("POST", V + "/policy/replay", 200, {"days": 1})["replayed"] > 0, "no decision was replayed")
    tour.go("POST", V + "/policy/replay", 400, {"days": 0})
    tour.go("POST", V + "/policy/replay", 422, {"text": "tools: ["})
    newest = tour.go("GET", V + "/policy/history", 200)["items"][0]["version"]
    tour.go("GET", V + "/policy/history", 400, query="?limit=0")
    tour.go("GET", V + "/policy/history/{version}", 200, query="?against=1", version=newest)
    tour.go("GET", V + "/policy/history/{version}", 404, version="77")
    templates = tour.go("GET", V + "/policy/templates", 200)["items"]
    expect({"read-only", "workspace", "network-allowlist", "safe"} <= {t["name"] for t in templates}, f"templates are {templates}")
    equal(tour.go("GET", V + "/policy/can", 200, query="?tool=fs.list")["can"], "always", "fs.list")
    tour.go("GET", V + "/policy/can", 400)
    tour.go("GET", V + "/policy/can", 400, query="?tool=fs.*")
    page = tour.go("GET", V + "/audit", 200, query="?limit=2")
    tour.go("GET", V + "/audit", 200, query=f"?limit=2&cursor={page['next_cursor']}")
    tour.go("GET", V + "/audit", 400, query="?cursor=x")
    equal(tour.go("POST", V + "/audit/verify", 200, {})["ok"], True, "the audit log")
    tour.go("GET", V + "/audit/checkpoint", 200)
    tour.go("GET", V + "/audit/status", 200)
    tour.go("GET", V + "/audit/proof", 200, query="?index=1")
    tour.go("GET", V + "/audit/proof", 200, query="?from=1")
    tour.go("GET", V + "/audit/proof", 400)
    tour.go("GET", V + "/audit/export", 200, query="?format=json")
    tour.go("GET", V + "/audit/export", 400, query="?format=xml")


def settings_and_config(tour):
    tour.go("GET", V + "/settings", 200)
    tour.go("PUT", V + "/settings", 400, {"settings": {"modl.default": "x"}})
    tour.go("PUT", V + "/settings", 400, {"settings": {"log.level": "loud"}})
    tour.go("PUT", V + "/settings", 400, {})
    after = tour.go("PUT", V + "/settings", 200, {"settings": {"log.level": "warn"}})
    equal((after["settings"]["log.level"], after["origins"]["log.level"]), ("warn", "database"), "a changed setting")
    after = tour.go("PUT", V + "/settings", 200, {"settings": {"log.level": None}})
    equal((after["settings"]["log.level"], after["origins"]["log.level"]), ("info", "default"), "a setting taken back")
    config = tour.go("GET", V + "/config", 200)
    tour.go("PUT", V + "/config", 409, {"text": "", "hash": "sha256:00"})
    tour.go("PUT", V + "/config", 400, {"text": "model: [", "hash": config["hash"]})
    tour.go("PUT", V + "/config", 200, {"text": "# mine\n", "hash": config["hash"]})
