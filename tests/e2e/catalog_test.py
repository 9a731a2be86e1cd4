# SPDX-License-Identifier: MIT
"""What is known about models: built in, corrected by a person, fetched when somebody asks; and vendors known by name."""
import json

from harness import case, contains, equal, expect, wait_until
from http_test import Site

LATER = """format: 1
as_of: 2999-01-01
source: the case
models:
  fake/fake: {context: 4000, max_output: 400, takes: [text], tools: true, price: {input: 2, output: 8, cache_read: 0.25}, as_of: 2999-01-01, source: the case}
"""


class Catalogs(Site):
    """Serves whatever catalog the case puts there."""
    text = LATER

    def reply(self, request):
        if request.path == "/moved":
            return 302, {"Location": "/models.yaml"}, b""
        return 200, {"Content-Type": "application/yaml"}, self.text.encode()


def described(api, name="fake/fake"):
    return next(m for m in api.get("/models?provider=" + name.split("/")[0])["items"] if m["id"] == name)


@case
def a_model_is_described_by_who_knows_it_best(lab):
    daemon = lab.daemon()
    lab.model(daemon, names=("fake", "gpt-4o-mini"))
    api = daemon.api()
    equal(described(api)["price"], None, "the price of a model that nobody knows")
    api.put("/providers/openai", {"kind": "openai", "base_url": lab.model(names=("gpt-4o-mini",)).url, "no_key": True})
    known = described(api, "openai/gpt-4o-mini")
    equal(known["context_tokens"], 128000, "the context of a model in the catalog")
    equal(known["price"]["input_per_million"], {"amount": "0.150", "currency": "USD"}, "its price")
    expect(known["as_of"] and known["source"], "it says when and by whom")
    shown = daemon.cli("model", "info", "openai/gpt-4o-mini").must(0).out
    for piece in ("128000 tokens", "0.150 / 0.600 USD", known["as_of"], known["source"], "image"):
        contains(shown, piece, "pryx model info")
    listed = daemon.cli("model", "list", "--provider", "openai").must(0).out
    contains(listed, known["as_of"], "pryx model list")

    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: 1234, price: {input: 1, output: 1}}\n")
    wait_until(lambda: described(api)["context_tokens"] == 1234, 10, "config/models.yaml is picked up")
    equal(described(api)["source"], "config/models.yaml", "the source of a person's own words")
    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: many}\n")
    wait_until(lambda: api.get("/models/catalog")["problem"], 10, "the mistake is noticed")
    contains(daemon.cli("model", "catalog").must(0).err, "line 2", "pryx model catalog")
    equal(described(api)["context_tokens"], 1234, "the last good file stays in force")


@case
def a_catalog_is_fetched_only_when_asked_and_whole(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    site = lab.box.own(Catalogs())
    equal(site.requests, [], "requests before anybody asked")
    contains(daemon.cli("model", "update").must(2).err, "--from", "update without a place")
    site.text = LATER.replace("4000", "-1")
    contains(daemon.cli("model", "update", "--from", site.url("/models.yaml")).must(2).err, "line 5", "a broken catalog")
    equal(described(api)["context_tokens"], None, "nothing of a broken catalog is used")
    site.text = LATER.replace("as_of: 2999", "as_of: 1999", 1)
    daemon.cli("model", "update", "--from", site.url("/models.yaml")).must(5)
    site.text = LATER
    contains(daemon.cli("model", "update", "--from", site.url("/moved")).must(8).err, "redirects", "a redirect")
    contains(daemon.cli("model", "update", "--from", "http://example.com/models.yaml").must(2).err, "https", "plain http")
    status = daemon.cli("model", "update", "--from", site.url("/models.yaml"), "--json").must(0).json()
    equal((status["models"], status["as_of"], status["from"]), (1, "2999-01-01", site.url("/models.yaml")), "the catalog in use")
    equal(described(api)["price"]["cached_input_per_million"]["amount"], "0.250", "a price of the fetched catalog")
    rows = json.loads(daemon.cli("audit", "list", "--json").must(0).out)["items"]
    expect(any(row.get("kind") == "catalog.updated" or row.get("action") == "catalog.updated" for row in rows), "the update is on record")
    daemon.restart()
    api = daemon.api()
    equal(described(api)["context_tokens"], 4000, "the fetched catalog after a restart")
    daemon.cli("model", "update").must(0)


@case
def a_provider_keeps_its_api_when_nothing_is_said_of_it(lab):
    api = lab.daemon().api()
    base = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    spoken = lambda: next(p for p in api.get("/providers")["items"] if p["name"] == "mine")["api"]
    api.put("/providers/mine", {**base, "api": "responses"})
    api.put("/providers/mine", {**base, "key": "another"})
    equal(spoken(), "responses", "after a change of the key")
    api.put("/providers/mine", {**base, "api": "chat"})
    equal(spoken(), "chat", "what is said counts")
    api.put("/providers/mine", {**base, "api": "responses"})
    api.put("/providers/mine", {"kind": "ollama", "base_url": "http://127.0.0.1:9"})
    equal(spoken(), None, "another kind has no such API")


@case
def a_vendor_that_is_known_needs_its_name_and_a_key(lab):
    daemon = lab.daemon()
    presets = daemon.cli("provider", "presets", "--json").must(0).json()["items"]
    wanted = {"openai", "anthropic", "google", "ollama", "openrouter", "together", "groq", "xai", "mistral", "cohere", "glm", "deepseek"}
    expect(wanted <= {p["name"] for p in presets}, f"all of {wanted} are known by name")
    daemon.cli("provider", "add", "groq", "--key-stdin", stdin="gsk-1\n").must(0)
    added = next(p for p in daemon.api().get("/providers")["items"] if p["name"] == "groq")
    equal((added["kind"], added["base_url"], added["has_key"]), ("openai", "https://api.groq.com/openai/v1", True), "pryx provider add groq")
    daemon.cli("provider", "add", "ollama").must(0)
    contains(daemon.cli("provider", "add", "nobody", "--key-stdin", stdin="k\n").must(2).err, "--kind", "a name that says nothing")
    # A proxy of one's own in front of a known vendor.
    model = lab.model()
    daemon.cli("provider", "add", "mistral", "--base-url", model.url, "--key-stdin", stdin="k\n").must(0)
    daemon.cli("provider", "test", "mistral").must(0)
