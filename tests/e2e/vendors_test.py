# SPDX-License-Identifier: MIT
"""Images in messages, and vendors with wires of their own, each against the mock that speaks it."""
import base64
import json
import re
import subprocess
import threading

from harness import SOURCE, Skip, answer_of, case, contains, equal, expect, short

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
ANSWER = "Hello! How can I help you today?"
FIXTURES = {"fixtures": [{"match": {"userMessage": "hello"}, "response": {"content": ANSWER}}, {"match": {"userMessage": "again"}, "response": {"content": "Here I am."}}]}


def image(**more):
    return {"type": "image", "media_type": "image/png", "data": base64.b64encode(PNG).decode(), **more}


@case
def images_reach_the_model_and_stay_out_of_rows(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session(model="fake/fake")
    path = f"/sessions/{session}/messages"
    body = {"text": "what is this?", "parts": [{"type": "text", "text": "Look: "}, image(name="chart.png", detail="low")], "idempotency_key": "k1"}
    first = api.post(path, body, 202)
    equal(api.post(path, body, 202), first, "the same key and body")
    api.must_refuse("POST", path, 409, {**body, "parts": [{"type": "text", "text": "Look: "}]})
    equal(api.wait_turn(first["turn_id"], 30)["state"], "completed", "the turn")
    content = [m for m in model.requests[0].body["messages"] if m["role"] == "user"][-1]["content"]
    equal(content, [{"type": "text", "text": "Look: "}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(PNG).decode(), "detail": "low"}},
                    {"type": "text", "text": "what is this?"}], "what the model got")
    part = [p for m in api.transcript(session) if m["role"] == "user" for p in m["parts"]][1]
    equal((part["type"], part["media_type"], part["name"], part["bytes"], part["detail"]), ("image", "image/png", "chart.png", len(PNG), "low"), "the part in the transcript")
    expect(part["result_ref"].startswith("sha256:") and "data" not in part, f"the part refers to a file: {part}")


@case
def images_that_are_none_are_refused_by_name(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    session = api.session(model="fake/fake")
    path = f"/sessions/{session}/messages"
    for parts in ([image(media_type="image/jpeg")], [image(data="AAAA")], [image(data="%%%")], [{"type": "sound"}], [{"type": "text"}], ["x"], [image()] * 9, [image(detail="fine")], [], [{"type": "text", "text": " "}]):
        api.must_refuse("POST", path, 400, {"parts": parts})
    api.must_refuse("POST", path, 413, {"parts": [image(data="A" * (8 << 20))]})
    refused = api.must_refuse("POST", path, 400, {"text": "see", "parts": [image()], "model": "starter/commands"})
    contains(refused["detail"], "sees no images", "a model without eyes")
    equal(api.transcript(session), [], "nothing was accepted")


class Mock:
    def __init__(self, folder):
        node, program = SOURCE / ".tools/bin/node", SOURCE / "tests/js/node_modules/@copilotkit/aimock/dist/cli.js"
        if not node.exists() or not program.exists():
            raise Skip("aimock is not installed; make deps")
        fixtures = folder / "fixtures.json"
        fixtures.write_text(json.dumps(FIXTURES))
        self.process = subprocess.Popen([node, program, "-p", "0", "-f", fixtures, "-c", "6", "--strict"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
        self.url = next(found.group() for line in self.process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def close(self):
        self.process.kill()
        self.process.wait()


@case(limit=120)
def one_session_through_two_vendors(lab):
    daemon = lab.daemon()
    mock = lab.box.own(Mock(lab.box.root))
    for name, kind in (("claude", "anthropic"), ("gemini", "google")):
        daemon.cli("provider", "add", name, "--kind", kind, "--base-url", mock.url, "--key-stdin", stdin="sk-test\n").must(0)
    session = daemon.api().session(model="claude/claude-sonnet-4-5")
    ran = daemon.cli("exec", "hello", "--session", session, "--json").must(0)
    contains(ran.out, ANSWER, "the first vendor's answer")
    ran = daemon.cli("exec", "again", "--session", session, "--model", "gemini/gemini-2.5-flash", "--json").must(0)
    contains(ran.out, "Here I am.", "the second vendor's answer")
    said = daemon.api().transcript(session)
    contains(answer_of(said), "Here I am.", f"the transcript ({short(said, 400)})")
    turns = [daemon.api().turn(m["turn_id"]) for m in said if m["role"] == "user"]
    equal([t["answered_by"].split("/")[0] for t in turns], ["claude", "gemini"], "who answered")
