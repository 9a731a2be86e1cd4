# SPDX-License-Identifier: MIT
"""Model servers of this machine are found by what they say, and left as they were. Each fake speaks the form of one server."""
import contextlib
import http.server
import json
import subprocess
import threading

from harness import SOURCE, Skip, case, contains, equal, expect, lacks
from vendors import Vendors

GB = 1_000_000_000


class LocalServer:
    """Answers GET and POST by path; keeps what it was asked."""

    def __init__(self, answers):
        server = self
        self.answers, self.asked = answers, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, dict(self.headers), body))
                answer = server.answers.get(self.path)
                if callable(answer):
                    answer = answer(json.loads(body))
                data = json.dumps(answer if answer is not None else {"error": f"Unexpected endpoint or method. ({self.command} {self.path})"}).encode()
                self.send_response(200 if answer is not None or server.answers.get("always 200") else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def ollama():
    models = [("llama3.2:3b", 2 * GB, "Q4_K_M", "3.2B"), ("titan:900b", 900 * GB, "F16", "900B")]
    return LocalServer({
        "/api/version": {"version": "0.12.3"},
        "/api/tags": {"models": [{"name": n, "model": n, "size": s, "details": {"quantization_level": q, "parameter_size": p}} for n, s, q, p in models]},
        "/api/ps": {"models": [{"name": "llama3.2:3b", "model": "llama3.2:3b", "size": 3 * GB, "size_vram": 0}]},
        "/api/show": lambda body: {"license": "x" * 100_000, "model_info": {"general.architecture": "q", "q.context_length": 131072 if "llama" in body["model"] else 8192}},
        "/v1/models": {"object": "list", "data": [{"id": n, "owned_by": "library"} for n, *_ in models]},
    })


def llama_cpp():
    return LocalServer({
        "/v1/models": {"object": "list", "data": [{"id": "tiny-Q8_0.gguf", "object": "model", "owned_by": "llamacpp", "meta": {"n_ctx_train": 32768, "n_params": 1_100_000_000, "size": GB}}]},
        "/props": {"default_generation_settings": {"n_ctx": 4096}, "build_info": "b6700-abcdef"},
    })


def lm_studio():
    return LocalServer({
        "always 200": True,
        "/v1/models": {"object": "list", "data": [{"id": "qwen/qwen3-4b", "object": "model", "owned_by": "organization_owner"}]},
        "/api/v0/models": {"object": "list", "data": [{"id": "qwen/qwen3-4b", "type": "llm", "quantization": "4bit", "state": "not-loaded", "max_context_length": 40960},
                                                      {"id": "nomic-embed", "type": "embeddings", "state": "not-loaded"}]},
    })


def vllm():
    return LocalServer({
        "/v1/models": {"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "object": "model", "owned_by": "vllm", "max_model_len": 40960}]},
        "/version": {"version": "0.11.0"},
    })


@case
def servers_are_found_and_left_as_they_are(lab):
    daemon = lab.daemon()
    api = daemon.api()
    with contextlib.ExitStack() as stack:
        fakes = {name: stack.enter_context(contextlib.closing(make())) for name, make in (("ollama", ollama), ("llama.cpp", llama_cpp), ("lmstudio", lm_studio), ("vllm", vllm))}
        website = stack.enter_context(contextlib.closing(LocalServer({"/": {"hello": 1}})))
        ports = [f.port for f in fakes.values()] + [website.port, 9]
        api.put("/settings", {"settings": {"provider.local_ports": ", ".join(map(str, ports))}})
        before = api.get("/providers")["items"]
        found = api.get("/providers/local")
        equal(found["ports"], ports, "the ports")
        expect(0 < found["memory"]["available_bytes"] <= found["memory"]["total_bytes"], found["memory"])
        equal([(s["server"], s["kind"], s["name"], s["base_url"], s["version"], s["provider"]) for s in found["items"]], [
            ("ollama", "ollama", "ollama", f"http://127.0.0.1:{fakes['ollama'].port}", "0.12.3", None),
            ("llama.cpp", "openai", "llamacpp", f"http://127.0.0.1:{fakes['llama.cpp'].port}/v1", "b6700-abcdef", None),
            ("lmstudio", "openai", "lmstudio", f"http://127.0.0.1:{fakes['lmstudio'].port}/v1", None, None),
            ("vllm", "openai", "vllm", f"http://127.0.0.1:{fakes['vllm'].port}/v1", "0.11.0", None)], "the servers")
        models = {m["id"]: m for s in found["items"] for m in s["models"]}
        known = {"loaded": True, "elsewhere": False, "fit": "fits"}
        equal(models["llama3.2:3b"], {"id": "llama3.2:3b", "size_bytes": 2 * GB, "context_tokens": 131072, "quantization": "Q4_K_M", "parameters": "3.2B", **known}, "a model of Ollama")
        equal((models["titan:900b"]["fit"], models["titan:900b"]["context_tokens"], models["titan:900b"]["loaded"]), ("too_big", 8192, False), "a model that is too big")
        equal(models["tiny-Q8_0.gguf"], {"id": "tiny-Q8_0.gguf", "size_bytes": GB, "context_tokens": 4096, "quantization": "Q8_0", "parameters": "1.1B", **known}, "llama.cpp's model")
        equal((models["qwen/qwen3-4b"]["context_tokens"], models["qwen/qwen3-4b"]["quantization"], models["qwen/qwen3-4b"]["fit"]), (40960, "4bit", "unknown"), "LM Studio's model")
        equal((models["Qwen/Qwen3-8B"]["context_tokens"], models["Qwen/Qwen3-8B"]["loaded"]), (40960, True), "vLLM's model")
        lacks(str(found), "nomic-embed", "what can chat")
        # Nothing was added, nothing was changed there, and nobody was told a secret.
        equal(api.get("/providers")["items"], before, "the providers")
        for name, fake in fakes.items():
            expect(all(method == "GET" or path == "/api/show" for method, path, _, _ in fake.asked), f"{name} was asked {[a[:2] for a in fake.asked]}")
            expect(not any("Authorization" in h or "Cookie" in h for _, _, h, _ in fake.asked), f"credentials went to {name}")
        out = daemon.cli("provider", "detect").must(0)
        for piece in ("ollama 0.12.3", "llama3.2:3b", "131072", "in memory", "too big", "Q8_0"):
            contains(out.out, piece, "pryx provider detect")
        contains(out.err, f"pryx provider add ollama --kind ollama --base-url http://127.0.0.1:{fakes['ollama'].port} --no-key", "the next step")
        equal([s["server"] for s in daemon.cli("provider", "detect", "--json").must(0).json()["items"]], list(fakes), "detect --json")
        # The step it names works, and the server is known as that provider from then on.
        daemon.cli("provider", "add", "ollama", "--kind", "ollama", "--base-url", f"http://127.0.0.1:{fakes['ollama'].port}", "--no-key").must(0)
        equal(api.get("/providers/local")["items"][0]["provider"], "ollama", "the provider that speaks to it")
    equal(api.get("/providers/local")["items"], [], "what is found when all are gone")


@case
def a_found_server_gets_no_name_that_another_provider_has(lab):
    daemon = lab.daemon()
    api = daemon.api()
    elsewhere = {"kind": "openai", "base_url": "https://models.example.com/v1"}
    api.put("/providers/vllm", {**elsewhere, "key": "sk-of-another"})
    with contextlib.closing(vllm()) as fake:
        api.put("/settings", {"settings": {"provider.local_ports": str(fake.port)}})
        found = api.get("/providers/local")["items"]
        equal([(s["server"], s["name"], s["provider"]) for s in found], [("vllm", "vllm-2", None)], "what is suggested")
        step = f"pryx provider add vllm-2 --kind openai --base-url http://127.0.0.1:{fake.port}/v1 --no-key"
        contains(daemon.cli("provider", "detect").must(0).err, step, "the next step")
        daemon.cli(*step.split()[1:]).must(0)
        equal(api.get("/providers/local")["items"][0]["provider"], "vllm-2", "the provider that speaks to it")
    kept = next(p for p in api.get("/providers")["items"] if p["name"] == "vllm")
    equal((kept["base_url"], kept["has_key"]), (elsewhere["base_url"], True), "the provider that had the name")


@case
def the_fake_that_ollamas_client_accepts_is_found(lab):
    daemon = lab.daemon()
    with contextlib.closing(Vendors()) as vendors:
        port = int(vendors.root.rsplit(":", 1)[1])
        daemon.api().put("/settings", {"settings": {"provider.local_ports": str(port)}})
        found = daemon.api().get("/providers/local")["items"]
        equal([(s["server"], [m["id"] for m in s["models"]]) for s in found], [("ollama", ["real"])], "what is found")
        equal(found[0]["models"][0]["context_tokens"], 65536, "its context")


@case
def the_ollama_of_these_cases_is_what_its_client_expects(lab):
    node, modules = SOURCE / ".tools/bin/node", SOURCE / "tests/js"
    if not node.exists() or not (modules / "node_modules/ollama").exists():
        raise Skip("the vendor's client is not installed")
    script = ("const { Ollama } = require('ollama'); const o = new Ollama({ host: process.argv[1] });"
              "Promise.all([o.list(), o.ps(), o.show({ model: 'llama3.2:3b' }), o.version ? o.version() : { version: '' }])"
              ".then(([l, p, s]) => console.log(JSON.stringify([l.models[0].details.quantization_level, p.models.length, s.model_info['q.context_length']])))")
    with contextlib.closing(ollama()) as fake:
        ran = subprocess.run([node, "-e", script, f"http://127.0.0.1:{fake.port}"], cwd=modules, capture_output=True, timeout=30)
        equal(ran.stdout.decode().strip(), '["Q4_K_M",1,131072]', ran.stderr.decode()[-500:])


@case
def a_server_that_never_answers_costs_a_few_seconds_at_most(lab):
    import socket
    import time
    daemon = lab.daemon()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        daemon.api().put("/settings", {"settings": {"provider.local_ports": str(silent.getsockname()[1])}})
        begin = time.monotonic()
        equal(daemon.api().get("/providers/local")["items"], [], "what is found")
        expect(time.monotonic() - begin < 20, "the silent server held the answer up")


@case
def ports_and_rights_are_checked(lab):
    daemon = lab.daemon()
    api = daemon.api()
    for bad in ("x", "0", "80 81", ",".join(map(str, range(1, 18)))):
        api.must_refuse("PUT", "/settings", 400, {"settings": {"provider.local_ports": bad}})
    api.put("/settings", {"settings": {"provider.local_ports": "none"}})
    equal(api.get("/providers/local")["ports"], [], "no ports")
    equal(daemon.tcp("read").request("GET", "/api/v1/providers/local").status, 403, "a token that only reads")
