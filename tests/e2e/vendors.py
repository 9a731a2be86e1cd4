# SPDX-License-Identifier: MIT
"""Strict servers of each vendor's wire, on one port: Chat Completions, Responses, Ollama, Anthropic Messages, Gemini.

Every user message is answered in two model calls: a thought with something to keep, and a call of fs.list; then "<kind> is done". What a
vendor would refuse is refused with its status and kept in `refusals`: unknown fields, results without their call, repeated or misshapen
ids, thoughts that another vendor signed, answers longer than the model writes or than its context has room for.
"""
import http.server
import json
import re
import socketserver
import threading

SECRET = "kept-by-"   # what a vendor wants back is this and its kind
MOST_OUTPUT = 8192    # tokens that the model `real` writes at once
CONTEXT = 65536


class Refused(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Refused(message)


def only(body, *known):
    extra = set(body) - set(known)
    need(not extra, f"unknown parameters {sorted(extra)}")


def check_limit(body, limit):
    """What models refuse: an answer longer than they write, or than fits beside the input (four bytes a token)."""
    if limit is None:
        return
    need(0 < limit <= MOST_OUTPUT, f"an answer of {limit} tokens, but this model writes at most {MOST_OUTPUT}")
    need(len(json.dumps(body)) // 4 + limit <= CONTEXT, f"{limit} tokens do not fit beside the input")


def sse(*events):
    return b"".join((f"event: {name}\n".encode() if name else b"") + b"data: " + (d if isinstance(d, bytes) else json.dumps(d).encode()) + b"\n\n" for name, d in events)


class Chat:
    kind, path, content_type = "chat", "/v1/chat/completions", "text/event-stream"

    @staticmethod
    def check(body):
        only(body, "model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "max_tokens",
             "temperature", "top_p", "reasoning_effort", "seed", "stop")
        check_limit(body, body.get("max_tokens"))
        open_calls, seen, called = [], set(), False
        for m in body["messages"]:
            only(m, "role", "content", "tool_calls", "tool_call_id", "name")
            if m["role"] == "tool":
                need(m["tool_call_id"] in open_calls, f"no call {m['tool_call_id']} waits for a result")
                open_calls.remove(m["tool_call_id"])
                continue
            need(not open_calls, f"calls {open_calls} have no result")
            called = m["role"] == "assistant" and bool(m.get("tool_calls"))
            for call in m.get("tool_calls", []):
                need(0 < len(call["id"]) <= 40, f"the id {call['id']!r} is too long")
                need(call["id"] not in seen, f"the id {call['id']} is used twice")
                json.loads(call["function"]["arguments"])
                seen.add(call["id"])
                open_calls.append(call["id"])
        return body["messages"][-1]["role"] == "tool"

    @staticmethod
    def call(tool, arguments, thought="hm"):
        delta = lambda d, finish=None: (None, {"model": "real", "choices": [{"index": 0, "delta": d, "finish_reason": finish}]})
        return sse(delta({"role": "assistant", "reasoning_content": thought}),
                   delta({"tool_calls": [{"index": 0, "id": "call_0", "type": "function", "function": {"name": tool, "arguments": arguments}}]}),
                   delta({}, "tool_calls"), (None, b"[DONE]"))

    @staticmethod
    def say(text):
        return sse((None, {"model": "real", "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}),
                   (None, {"model": "real", "choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24, "prompt_tokens_details": {"cached_tokens": 8}}}),
                   (None, b"[DONE]"))

    @staticmethod
    def tools(body):
        return [t["function"]["name"] for t in body.get("tools", [])]


class Thinking(Chat):
    """Chat Completions of DeepSeek and Moonshot: an answer that called tools is refused without a thought, whoever wrote it."""
    kind, path = "thinking", "/thinking/v1/chat/completions"

    @staticmethod
    def check(body):
        bare = []
        for number, m in enumerate(body["messages"]):
            asked = bool(m.get("tool_calls"))
            need(asked == bool(m.get("reasoning_content", "").strip()), f"`reasoning_content` of the message {number}: {m}")
            bare.append({key: value for key, value in m.items() if key != "reasoning_content"})
        return Chat.check({**body, "messages": bare})

    @staticmethod
    def call(tool, arguments):
        return Chat.call(tool, arguments, SECRET + "thinking")


class Responses:
    kind, path, content_type = "responses", "/v1/responses", "text/event-stream"

    @staticmethod
    def check(body):
        only(body, "model", "input", "stream", "store", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature", "top_p",
             "reasoning", "include", "prompt_cache_key")
        check_limit(body, body.get("max_output_tokens"))
        open_calls, seen, last = [], set(), None
        for item in body["input"]:
            kind = item["type"]
            need(last != "reasoning" or kind == "function_call" or item.get("role") == "assistant", "reasoning without its required following item")
            last = kind
            if kind == "function_call":
                need(item["call_id"] not in seen and len(item["call_id"]) <= 64, f"call_id {item['call_id']}")
                json.loads(item["arguments"])
                seen.add(item["call_id"])
                open_calls.append(item["call_id"])
            elif kind == "function_call_output":
                need(item["call_id"] in open_calls, f"no call {item['call_id']} waits for a result")
                open_calls.remove(item["call_id"])
            elif kind == "reasoning":
                need(item["encrypted_content"] == SECRET + "responses", "the encrypted content could not be verified")
            else:
                need(kind == "message" and not open_calls, f"a {kind} while calls {open_calls} have no result")
                wanted = {"assistant": {"output_text"}, "user": {"input_text", "input_image"}, "system": {"input_text"}}[item["role"]]
                need({p["type"] for p in item["content"]} <= wanted, f"parts of a message of the {item['role']}")
        need(last != "reasoning", "reasoning without its required following item")
        return last == "function_call_output"

    @staticmethod
    def call(tool, arguments):
        return sse(("response.created", {"type": "response.created", "response": {"id": "resp_1", "model": "real", "status": "in_progress", "output": []}}),
                   ("response.output_item.added", {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "rs_1", "summary": []}}),
                   ("response.reasoning_summary_part.added", {"type": "response.reasoning_summary_part.added", "output_index": 0, "item_id": "rs_1", "summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
                   ("response.reasoning_summary_text.delta", {"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "rs_1", "summary_index": 0, "delta": "hm"}),
                   ("response.output_item.done", {"type": "response.output_item.done", "output_index": 0,
                    "item": {"type": "reasoning", "id": "rs_1", "encrypted_content": SECRET + "responses", "summary": [{"type": "summary_text", "text": "hm"}]}}),
                   ("response.output_item.added", {"type": "response.output_item.added", "output_index": 1,
                    "item": {"type": "function_call", "id": "fc_1", "call_id": "call_0", "name": tool, "arguments": ""}}),
                   ("response.function_call_arguments.delta", {"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "fc_1", "delta": arguments}),
                   ("response.output_item.done", {"type": "response.output_item.done", "output_index": 1,
                    "item": {"type": "function_call", "id": "fc_1", "call_id": "call_0", "name": tool, "arguments": arguments}}),
                   ("response.completed", {"type": "response.completed", "response": Responses.whole([])}))

    @staticmethod
    def say(text):
        return sse(("response.created", {"type": "response.created", "response": {"id": "resp_1", "model": "real", "status": "in_progress", "output": []}}),
                   ("response.output_item.added", {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_1", "role": "assistant", "content": []}}),
                   ("response.content_part.added", {"type": "response.content_part.added", "output_index": 0, "content_index": 0, "item_id": "msg_1", "part": {"type": "output_text", "text": "", "annotations": []}}),
                   ("response.output_text.delta", {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "msg_1", "delta": text}),
                   ("response.completed", {"type": "response.completed", "response": Responses.whole(
                       [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}])}))

    @staticmethod
    def whole(output):
        return {"id": "resp_1", "object": "response", "model": "real", "status": "completed", "output": output,
                "usage": {"input_tokens": 20, "output_tokens": 4, "total_tokens": 24, "input_tokens_details": {"cached_tokens": 8}, "output_tokens_details": {"reasoning_tokens": 2}}}

    @staticmethod
    def tools(body):
        return [t["name"] for t in body.get("tools", [])]


class Ollama:
    kind, path, content_type = "ollama", "/api/chat", "application/x-ndjson"

    @staticmethod
    def check(body):
        only(body, "model", "messages", "stream", "keep_alive", "tools", "think", "options", "format")
        waiting = []
        for m in body["messages"]:
            only(m, "role", "content", "images", "tool_calls", "tool_name", "tool_call_id", "thinking")
            if m["role"] == "tool":
                need(m["tool_name"] in waiting, f"no call of {m['tool_name']} waits for a result")
                waiting.remove(m["tool_name"])
            for call in m.get("tool_calls", []):
                need(isinstance(call["function"]["arguments"], dict), "arguments must be an object")
                waiting.append(call["function"]["name"])
        options = body.get("options", {})
        check_limit(body, options.get("num_predict"))
        need(4096 <= options.get("num_ctx", 0) <= CONTEXT, "num_ctx would cut the beginning off, or is more than there is")
        return body["messages"][-1]["role"] == "tool"

    @staticmethod
    def lines(*items):
        return b"".join(json.dumps({"model": "real", "created_at": "2026-01-01T00:00:00Z", **i}).encode() + b"\n" for i in items)

    @staticmethod
    def call(tool, arguments):
        return Ollama.lines({"message": {"role": "assistant", "content": "", "thinking": "hm"}, "done": False},
                            {"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": tool, "arguments": json.loads(arguments)}}]}, "done": False},
                            {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 4})

    @staticmethod
    def say(text):
        return Ollama.lines({"message": {"role": "assistant", "content": text}, "done": False},
                            {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 4})

    tools = Chat.tools


class Anthropic:
    kind, path, content_type = "anthropic", "/v1/messages", "text/event-stream"

    @staticmethod
    def check(body):
        need(body.get("max_tokens", 0) > 0, "max_tokens: field required")
        check_limit(body, body["max_tokens"])
        budget = body.get("thinking", {}).get("budget_tokens")
        need(budget is None or 1024 <= budget < body["max_tokens"], "thinking.budget_tokens: at least 1024, and less than max_tokens")
        waiting, seen, last = [], set(), None
        for m in body["messages"]:
            need(m["role"] in ("user", "assistant") and m["role"] != last, f"roles must alternate, but {m['role']} follows {last}")
            last = m["role"]
            parts = [{"type": "text", "text": m["content"]}] if isinstance(m["content"], str) else m["content"]
            need(parts, "messages must not be empty")
            if waiting:
                found = [p["tool_use_id"] for p in parts if p["type"] == "tool_result"]
                need(sorted(found) == sorted(waiting), f"tool_use {waiting} without their tool_result right after")
                waiting = []
            else:
                need(not any(p["type"] == "tool_result" for p in parts), "tool_result without a tool_use before it")
            for p in parts:
                if p["type"] == "text":
                    need(p["text"].strip(), "text blocks must not be empty")
                if p["type"] == "thinking":
                    need(p["signature"] == SECRET + "anthropic", "invalid signature in a thinking block")
                if p["type"] == "tool_use":
                    need(re.fullmatch(r"[a-zA-Z0-9_-]+", p["id"]) and p["id"] not in seen, f"tool_use id {p['id']}")
                    need(isinstance(p["input"], dict), "tool_use input")
                    seen.add(p["id"])
                    waiting.append(p["id"])
        content = body["messages"][-1]["content"]
        return not isinstance(content, str) and any(p["type"] == "tool_result" for p in content)

    @staticmethod
    def stream(*blocks, stop):
        events = [("message_start", {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "real", "content": [], "stop_reason": None,
                                     "usage": {"input_tokens": 12, "output_tokens": 1, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 0}}})]
        for i, (start, *deltas) in enumerate(blocks):
            events.append(("content_block_start", {"type": "content_block_start", "index": i, "content_block": start}))
            events += [("content_block_delta", {"type": "content_block_delta", "index": i, "delta": d}) for d in deltas]
            events.append(("content_block_stop", {"type": "content_block_stop", "index": i}))
        events.append(("message_delta", {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 4}}))
        events.append(("message_stop", {"type": "message_stop"}))
        return sse(*events)

    @staticmethod
    def call(tool, arguments):
        return Anthropic.stream(
            ({"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": SECRET + "anthropic"}),
            ({"type": "tool_use", "id": "toolu_0", "name": tool, "input": {}}, {"type": "input_json_delta", "partial_json": arguments}), stop="tool_use")

    @staticmethod
    def say(text):
        return Anthropic.stream(({"type": "text", "text": ""}, {"type": "text_delta", "text": text}), stop="end_turn")

    @staticmethod
    def tools(body):
        return [t["name"] for t in body.get("tools", [])]


class Google:
    kind, path, content_type = "google", ":streamGenerateContent", "text/event-stream"

    @staticmethod
    def check(body):
        check_limit(body, body.get("generationConfig", {}).get("maxOutputTokens"))
        waiting = 0
        for content in body["contents"]:
            need(content["role"] in ("user", "model") and content["parts"], "contents need a role and parts")
            for p in content["parts"]:
                if "thoughtSignature" in p:
                    need(p["thoughtSignature"] == "a2VwdC1ieS1nb29nbGU=", "thought signature is not valid")
            results = sum("functionResponse" in p for p in content["parts"])
            need(results == waiting, f"{waiting} function calls, but {results} function responses follow")
            waiting = sum("functionCall" in p for p in content["parts"])
        return any("functionResponse" in p for p in body["contents"][-1]["parts"])

    @staticmethod
    def chunk(parts, **extra):
        return (None, {"modelVersion": "real", "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, **extra}],
                       "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 2, "thoughtsTokenCount": 2, "totalTokenCount": 24, "cachedContentTokenCount": 8}})

    @staticmethod
    def call(tool, arguments):
        return sse(Google.chunk([{"text": "hm", "thought": True}]),
                   Google.chunk([{"functionCall": {"name": tool, "args": json.loads(arguments)}, "thoughtSignature": "a2VwdC1ieS1nb29nbGU="}], finishReason="STOP"))

    @staticmethod
    def say(text):
        return sse(Google.chunk([{"text": text}], finishReason="STOP"))

    @staticmethod
    def tools(body):
        return [f["name"] for t in body.get("tools", []) for f in t.get("functionDeclarations", [])]


WIRES = (Chat, Responses, Ollama, Anthropic, Google)
SERVED = (Thinking, *WIRES)  # its path ends like Chat's


class Vendors:
    def __init__(self):
        self.requests, self.refusals, self.lock = [], [], threading.Lock()
        vendors = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, data, content_type="application/json"):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                if self.path == "/api/version":
                    return self.reply(200, b'{"version":"0.12.3"}')
                name = "models" if "/v1beta" in self.path or "/api/" in self.path else "data"
                key = "name" if name == "models" else "id"
                self.reply(200, json.dumps({name: [{key: "real", "id": "real"}], "has_more": False}).encode())

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                if self.path == "/api/show":
                    return self.reply(200, json.dumps({"capabilities": ["completion", "tools", "thinking"],
                                                       "model_info": {"general.architecture": "q", "q.context_length": CONTEXT}}).encode())
                wire = next((w for w in SERVED if w.path in self.path), None)
                if wire is None:
                    return self.reply(404, b'{"error":{"message":"no such path"}}')
                try:
                    after_tool = wire.check(body)
                except (Refused, KeyError, TypeError, ValueError) as error:
                    with vendors.lock:
                        vendors.refusals.append((wire.kind, repr(error), body))
                    return self.reply(400, json.dumps({"error": {"type": "invalid_request_error", "message": repr(error)}}).encode())
                with vendors.lock:
                    vendors.requests.append((wire.kind, body))
                names = [n for n in wire.tools(body) if "list" in n]
                data = wire.say(f"{wire.kind} is done") if after_tool or not names else wire.call(names[0], '{"path": "."}')
                return self.reply(200, data, wire.content_type)

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
