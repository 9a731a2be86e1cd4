# SPDX-License-Identifier: MIT
"""An OpenAI-compatible model that does what the last user message says and writes down every request.

Words of the message that begin with '#' are orders, worked off one model call after the other; when none is left the answer is
"answer to <message>":
  #list            calls fs.list                       #save:TEXT  calls memory.save with TEXT
  #both:TEXT       calls fs.list and memory.save in one answer
  #shell:PORT:/path calls shell.exec with an effect   #look        calls shell.exec with a command that only reads
Others change how the answers are given:
  #slow            deltas with 20 ms between them      #stream:SECONDS  streams words for so long
  #hang            never answers                       #cut        ends the connection in the middle of each answer
`finished` holds the keys of steps that the daemon said were done; a request with one of them is a step that ran twice.
"""
import dataclasses
import http.server
import json
import socketserver
import threading
import time


@dataclasses.dataclass
class Seen:
    number: int
    key: str
    text: str
    call: int
    at: float


def text_of(message):
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""


class RecordingModel:
    def __init__(self, port=0, on_request=None):
        self.lock = threading.Lock()
        self.seen = []
        self.finished = set()
        self.violations = []
        self.on_request = on_request or (lambda _seen: None)
        self.open_streams = 0
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply(b'{"object":"list","data":[{"id":"fake","object":"model"}]}')

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    model.answer(self, json.loads(body))
                except (BrokenPipeError, ConnectionResetError, ValueError):
                    self.close_connection = True

            def reply(self, data, content_type="application/json"):
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def chunk(self, data):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 1024
            allow_reuse_address = True

            def handle_error(self, *_):
                pass  # a daemon that was killed leaves broken connections

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def note_finished(self, key):
        with self.lock:
            self.finished.add(key)

    def requests_for(self, key):
        with self.lock:
            return sum(1 for seen in self.seen if seen.key == key)

    def answer(self, handler, request):
        messages = request.get("messages", [])
        at = max((i for i, m in enumerate(messages) if m.get("role") == "user"), default=0)
        text = text_of(messages[at]) if messages else ""
        done = sum(1 for m in messages[at + 1:] if m.get("role") == "assistant" and m.get("tool_calls"))
        with self.lock:
            seen = Seen(len(self.seen), handler.headers.get("Idempotency-Key", ""), text, done, time.monotonic())
            self.seen.append(seen)
            if not seen.key:
                self.violations.append(f"a request without an idempotency key: {text!r}")
            elif seen.key in self.finished:
                self.violations.append(f"the finished step {seen.key} ran again: {text!r}")
        self.on_request(seen)
        words = [w for w in text.split() if w.startswith("#")]
        if "#hang" in words:
            time.sleep(600)
            raise BrokenPipeError
        orders = [w for w in words if w.split(":")[0] in ("#list", "#save", "#both", "#http", "#shell", "#look")]
        names = {t["function"]["name"].replace("_", ".").replace("-", "."): t["function"]["name"] for t in request.get("tools", [])}
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        with self.lock:
            self.open_streams += 1
        try:
            self._stream(handler, words, orders[done] if done < len(orders) else None, names, text, seen)
        finally:
            with self.lock:
                self.open_streams -= 1

    def _stream(self, handler, words, order, names, text, seen):
        def send(delta, finish=None):
            handler.chunk(b"data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake",
                                                  "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode() + b"\n\n")

        for word in words:
            if word.startswith("#stream:"):
                end = time.monotonic() + float(word.split(":")[1])
                while time.monotonic() < end:
                    send({"content": f"t{time.monotonic():.3f} "})
                    time.sleep(0.05)
        pause = 0.02 if "#slow" in words else 0.0
        if order:
            kind, _, argument = order.partition(":")
            wanted = [("fs.list", {})] if kind in ("#list", "#both") else []
            wanted += [("memory.save", {"text": argument})] if kind in ("#save", "#both") else []
            if kind == "#http":  # "#http:POST:http://…"
                method, _, url = argument.partition(":")
                wanted.append(("http.request", {"method": method, "url": url, **({"body": text} if method == "POST" else {})}))
            if kind == "#shell":  # "#shell:PORT:/path": a command with an effect that a server at PORT counts
                port, _, path = argument.partition(":")
                wanted.append(("shell.exec", {"argv": ["python3", "hit.py", port, path], "hosts": [f"localhost:{port}"]}))
            if kind == "#look":  # a command that only reads
                wanted.append(("shell.exec", {"command": "ls -lR / | wc -l; cat hit.py"}))
            calls = [{"index": i, "id": f"call_{seen.number}_{i}", "type": "function", "function": {"name": names.get(name, name), "arguments": json.dumps(arguments)}}
                     for i, (name, arguments) in enumerate(wanted)]
            time.sleep(pause)
            send({"role": "assistant", "tool_calls": calls})
            send({}, "tool_calls")
        else:
            answer = f"answer to {text}"
            pieces = [answer[i:i + 7] for i in range(0, len(answer), 7)]
            for i, piece in enumerate(pieces):
                if "#cut" in words and i == len(pieces) // 2:
                    raise BrokenPipeError
                send({"content": piece})
                if pause:
                    time.sleep(pause)
            send({}, "stop")
        handler.chunk(b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"fake","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}\n\n')
        handler.chunk(b"data: [DONE]\n\n")
        handler.wfile.write(b"0\r\n\r\n")
        handler.wfile.flush()
