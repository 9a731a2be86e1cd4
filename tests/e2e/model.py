# SPDX-License-Identifier: MIT
"""An OpenAI-compatible model server that answers by script.

A script is a list of answers to one user message, one for each model call of its turn; an answer is a list of actions:
  "text"                    streams this text as one delta
  ("text", text, pause)     streams it word by word with `pause` seconds between
  ("reasoning", text)       reasoning text
  ("call", name, arguments) a tool call; several in one answer are parallel calls
  ("raw", bytes)            bytes as they are, instead of a frame
  ("pause", seconds)        silence; ends at once when the client goes away
  ("cut",)                  ends the connection here
  ("finish", reason)        says why the answer ends
  ("status", code, body, headers)  answers so instead of streaming
`script[text]` belongs to the user message `text`; without one the answer is "answer to <text>". Every request is kept in `requests`.
"""
import http.server
import json
import select
import socket
import socketserver
import threading
import time


class Gone(Exception):
    """The client closed the connection."""


class Request:
    def __init__(self, body, headers, text, call):
        self.body, self.headers, self.text, self.call = body, headers, text, call
        self.at = time.monotonic()
        self.first_sent = None
        self.last_sent = None  # the client was seen to be there, and was sent a piece
        self.gone_at = None   # the client closed before the answer was whole
        self.done_at = None

    def tool_results(self):
        return [m["content"] for m in self.body["messages"] if m.get("role") == "tool"]


def text_of(message):
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""


class ScriptedModel:
    def __init__(self, names=("fake",), key=None, usage=(11, 7), address=("127.0.0.1", 0), list_pause=0):
        self.script, self.requests, self.lock = {}, [], threading.Lock()
        self.names, self.key, self.usage = names, key, usage
        self.list_pause, self.listings = list_pause, 0
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                if model.refuses(self):
                    return
                with model.lock:
                    model.listings += 1
                time.sleep(model.list_pause)
                data = json.dumps({"object": "list", "data": [{"id": n, "object": "model"} for n in model.names]}).encode()
                self.reply(200, data)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if model.refuses(self):
                    return
                try:
                    model.answer(self, json.loads(body))
                except (Gone, OSError, ValueError):
                    self.close_connection = True

            def reply(self, status, data, headers=None):
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def chunk(self, data):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                pass  # a client that was killed leaves broken connections

        self.server = Server(address, Handler)
        self.url = f"http://{address[0]}:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def refuses(self, handler):
        if self.key is None or handler.headers.get("Authorization") == f"Bearer {self.key}":
            return False
        handler.reply(401, b'{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}')
        return True

    def of(self, text):
        """The requests that this user message caused."""
        with self.lock:
            return [r for r in self.requests if r.text == text]

    def answer(self, handler, body):
        messages = body.get("messages", [])
        at = max((i for i, m in enumerate(messages) if m.get("role") == "user"), default=0)
        text = text_of(messages[at]) if messages else ""
        call = sum(1 for m in messages[at + 1:] if m.get("role") == "assistant" and m.get("tool_calls"))
        request = Request(body, dict(handler.headers), text, call)
        with self.lock:
            self.requests.append(request)
        answers = self.script.get(text) or [[f"answer to {text}"]]
        actions = answers[call] if call < len(answers) else ["done"]
        if actions and isinstance(actions[0], tuple) and actions[0][0] == "status":
            _, code, data, headers = (*actions[0], {}, {})[:4]
            return handler.reply(code, data if isinstance(data, bytes) else json.dumps(data).encode(), headers)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            Stream(handler, request, body).play(actions, self.usage)
            request.done_at = time.monotonic()
        except (Gone, OSError):
            if request.gone_at is None:
                request.gone_at = time.monotonic()
            raise


class Stream:
    """One streamed answer."""

    def __init__(self, handler, request, body):
        self.handler, self.request = handler, request
        self.names = {t["function"]["name"].replace("_", ".").replace("-", "."): t["function"]["name"] for t in body.get("tools", [])}
        self.calls = 0
        self.finish = None

    def frame(self, delta, finish=None, **extra):
        begun = time.monotonic()
        self.pause(0)
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **extra}
        self.handler.chunk(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.request.last_sent = begun
        if self.request.first_sent is None:
            self.request.first_sent = time.monotonic()

    def pause(self, seconds):
        """Waits, and notices at once when the client closes."""
        if select.select([self.handler.connection], [], [], seconds)[0]:
            try:
                peek = self.handler.connection.recv(1, socket.MSG_PEEK)
            except OSError:
                peek = b""
            if not peek:
                self.request.gone_at = time.monotonic()
                raise Gone
            time.sleep(seconds)

    def play(self, actions, usage):
        for action in actions:
            self.act((action,) if isinstance(action, str) else action)
        self.frame({}, self.finish or ("tool_calls" if self.calls else "stop"))
        tail = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": [],
                "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}}
        self.handler.chunk(b"data: " + json.dumps(tail).encode() + b"\n\n")
        self.handler.chunk(b"data: [DONE]\n\n")
        self.handler.wfile.write(b"0\r\n\r\n")
        self.handler.wfile.flush()

    def act(self, action):
        kind = action[0]
        if len(action) == 1 and kind != "cut":
            self.frame({"content": kind})
        elif kind == "text":
            words = action[1].split(" ")
            for i, word in enumerate(words):
                self.frame({"content": word if i == len(words) - 1 else word + " "})
                self.pause(action[2])
        elif kind == "reasoning":
            self.frame({"reasoning_content": action[1]})
        elif kind == "call":
            name, arguments = action[1], action[2]
            self.frame({"tool_calls": [{"index": self.calls, "id": f"call_{self.request.call}_{self.calls}", "type": "function",
                                        "function": {"name": self.names.get(name, name), "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}}]})
            self.calls += 1
        elif kind == "finish":
            self.finish = action[1]
        elif kind == "raw":
            self.handler.chunk(action[1])
        elif kind == "pause":
            self.pause(action[1])
        elif kind == "cut":
            self.handler.connection.shutdown(socket.SHUT_RDWR)
            raise Gone
        else:
            raise ValueError(f"unknown action {kind}")
