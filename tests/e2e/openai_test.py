# SPDX-License-Identifier: MIT
"""The OpenAI front, judged by the official client and by hand."""
import http.client
import json
import shutil
import subprocess
import time

from harness import SOURCE, Skip, case, contains, equal, expect, lacks, short, wait_until


@case(limit=120)
def the_official_client_understands_everything(lab):
    modules = SOURCE / "tests" / "js"
    node = SOURCE / ".tools" / "bin" / "node"
    node = str(node) if node.exists() else shutil.which("node")
    if not node or not (modules / "node_modules" / "openai").exists():
        raise Skip("node or the openai client is not installed; make deps")
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["in pieces"] = [[("text", "one two three four five", 0.05)]]
    model.script["fail"] = [[("status", 400, {"error": {"message": "too much for me"}})]]
    token = daemon.api().make_token("openai", ["chat"])
    done = subprocess.run([node, str(SOURCE / "tests" / "e2e" / "openai_client.mjs"), str(modules), f"http://127.0.0.1:{daemon.port}/v1", token], capture_output=True, text=True, timeout=100)
    equal(done.returncode, 0, f"the client ({done.stderr[-800:]})")
    out = json.loads(done.stdout)
    expect("fake/fake" in out["models"] and "starter/commands" in out["models"], f"models: {out['models']}")
    plain = out["plain"]
    equal(plain["choices"][0]["message"]["content"], "answer to hello", f"the answer ({short(plain, 400)})")
    equal((plain["choices"][0]["finish_reason"], plain["object"]), ("stop", "chat.completion"), "finish_reason")
    equal((plain["usage"]["prompt_tokens"], plain["usage"]["completion_tokens"], plain["usage"]["total_tokens"]), (11, 7, 18), "usage")
    equal(plain["pryx"]["model"], "fake/fake", "pryx.model")
    expect(plain["pryx"]["session"].startswith("ses_") and plain["pryx"]["turn"].startswith("trn_") and plain["pryx"]["cost"] is None, f"pryx: {plain['pryx']}")
    chunks = out["stream"]
    equal("".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"]), "answer to hello", f"the streamed answer ({short(chunks, 300)})")
    equal([c["usage"]["total_tokens"] for c in chunks if c.get("usage")], [18], "usage in the stream")
    equal([c["choices"][0]["finish_reason"] for c in chunks if c["choices"] and c["choices"][0]["finish_reason"]], ["stop"], "finish_reason in the stream")
    equal(len({c["id"] for c in chunks}), 1, "ids of the chunks")
    expect(any(c.get("pryx") for c in chunks), "no chunk has pryx")
    equal((out["helper"].get("content"), out["helper"].get("finish")), ("one two three four five", "stop"), f"the stream helper ({out['helper']})")
    expect(out["helper"]["deltas"] >= 2, f"{out['helper']['deltas']} deltas")
    equal(out["conversation"]["choices"][0]["message"]["content"], "answer to second", "a conversation")
    sent = [m for m in model.of("second")[0].body["messages"] if m["role"] != "system"]
    equal([(m["role"], m["content"]) for m in sent], [("user", "first"), ("assistant", "one"), ("user", "second")], "the history that the model got")
    contains(str([m["content"] for m in model.of("second")[0].body["messages"] if m["role"] == "system"]), "be brief", "the system message")
    equal(out["parts"]["choices"][0]["message"]["content"], "answer to hello", "text in parts")
    equal(out["continued"]["first"]["session"], out["continued"]["second"]["session"], f"pryx.session continues ({out['continued']})")
    expect(out["continued"]["first"]["turn"] != out["continued"]["second"]["turn"], "another turn")
    for name in ("tools", "temperature", "n", "logprobs", "response_format", "stop", "max_tokens", "user"):
        refused = out[f"refused_{name}"]
        equal((refused.get("error"), refused.get("status")), ("BadRequestError", 400), f"the parameter {name} ({short(refused, 300)})")
        equal(refused["param"].split("[")[0].split(".")[0], name, f"param of the refusal of {name}")
    for name in ("n", "temperature", "user"):
        expect("choices" in out[f"accepted_{name}"], f"the harmless {name}: {short(out[f'accepted_{name}'], 300)}")
    equal((out["unknown_model"]["error"], out["unknown_model"]["code"]), ("NotFoundError", "model_not_found"), "an unknown model")
    equal(out["image"]["status"], 400, "an image by its URL")
    equal(out["empty"]["status"], 400, "no messages")
    equal(out["wrong_key"]["error"], "AuthenticationError", "a wrong key")
    expect(out["failing"]["status"] >= 400 and "too much for me" in out["failing"]["message"], f"a turn that fails: {out['failing']}")
    expect(out["failing_stream"].get("error") if isinstance(out["failing_stream"], dict) else False, f"a stream that fails looks like success: {short(out['failing_stream'], 300)}")


def post(daemon, token, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})})
    return connection, connection.getresponse()


def ask(text, **more):
    return {"model": "fake/fake", "messages": [{"role": "user", "content": text}], **more}


@case
def sessions_of_the_front_are_hidden_but_kept(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    token = daemon.api().make_token("openai", ["chat"])
    connection, answer = post(daemon, token, ask("hello"))
    body = json.loads(answer.read())
    equal(daemon.api().get("/sessions")["items"], [], "sessions in the list")
    equal(daemon.api().get("/sessions?query=hello")["items"], [], "sessions in the search")
    turn = daemon.api().turn(body["pryx"]["turn"])
    equal((turn["state"], turn["surface"]), ("completed", "openai"), "the turn")
    parts = [p for m in daemon.api().transcript(body["pryx"]["session"]) if m["role"] == "user" for p in m["parts"]]
    expect("channel:openai" in parts[0]["labels"], f"labels of the message: {parts[0]['labels']}")
    expect("owner" not in parts[0]["labels"], f"labels of the message: {parts[0]['labels']}")
    connection.close()


@case
def a_client_that_goes_away_cancels(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["long"] = [[("text", "word " * 500, 0.05)]]
    token = daemon.api().make_token("openai", ["chat"])
    bus = daemon.api().bus()
    for stream in (True, False):
        count = len(model.of("long"))
        connection, answer = None, None
        if stream:
            connection, answer = post(daemon, token, ask("long", stream=True))
            answer.fp.readline()
        else:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
            connection.request("POST", "/v1/chat/completions", json.dumps(ask("long")), {"Authorization": f"Bearer {token}"})
        wait_until(lambda: len(model.of("long")) > count, 10, "the model is asked")
        connection.sock.close() if connection.sock else None
        if answer:
            answer.close()
        connection.close()
        begin = time.monotonic()
        wait_until(lambda: model.of("long")[-1].gone_at, 5, f"the model's stream is closed after a disconnect (stream={stream})")
        expect(time.monotonic() - begin < 2, "this took too long")
    del bus
    wait_until(lambda: daemon.api().get("/status")["turns"]["running"] == 0, 5, "no turn runs")


@case
def errors_have_the_shape_of_openai(lab):
    daemon = lab.daemon()
    token = daemon.api().make_token("openai", ["read"])
    connection, answer = post(daemon, token, ask("hello"))
    equal(answer.status, 403, "a read token")
    body = json.loads(answer.read())
    equal(set(body["error"]) >= {"message", "type", "param", "code"}, True, f"the error's fields: {body}")
    connection, answer = post(daemon, "wrong", ask("hello"))
    equal((answer.status, "error" in json.loads(answer.read())), (401, True), "a wrong token")
    chat = daemon.api().make_token("chat", ["chat"])
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    for data in ("{", "[]", "", '{"model":"starter/commands"}', '{"model":"starter/commands","messages":"x"}', '{"model":"starter/commands","messages":[{"role":"tool","content":"x"}]}',
                 '{"model":"starter/commands","messages":[{"role":"user"}]}', '{"model":7,"messages":[{"role":"user","content":"x"}]}'):
        connection.request("POST", "/v1/chat/completions", data, {"Authorization": f"Bearer {chat}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        expect(answer.status == 400 and "error" in body, f"{data!r} was answered {answer.status}: {body}")
    connection, answer = post(daemon, chat, ask("hello", model="default"))
    equal(answer.status, 200, "the model 'default'")
    lacks(answer.read().decode(), "PRYX-", "an answer of the front")


@case
def tools_of_ours_do_not_run_for_the_front_unasked(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    token = daemon.api().make_token("openai", ["chat"])
    connection, answer = post(daemon, token, ask("hello"))
    answer.read()
    expect(not model.requests[0].body.get("tools"), "the model was offered Pryx's tools")
    model.script["sneak"] = [[("call", "memory.save", {"text": "sneaked in"})], ["ok"]]
    connection, answer = post(daemon, token, ask("sneak"))
    answer.read()
    equal(daemon.api().get("/memory")["items"], [], "memories")
    connection, answer = post(daemon, token, ask("hello", pryx={"tools": True}))
    equal(answer.status, 403, f"pryx.tools with a token that lacks the scope ({answer.read()[:200]})")
    connection.close()
