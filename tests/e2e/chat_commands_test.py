# SPDX-License-Identifier: MIT
"""What stands behind a slash in `pryx chat`: each command does what a verb of the command line does."""
import re

from chat_test import READY, chat, say
from harness import case, contains, equal, wait_until


@case
def commands_of_a_conversation(lab):
    """Each changes or tells what its verb does; another model answers from the next message on."""
    daemon, model, term = chat(lab)
    other = lab.model(daemon, name="other")
    daemon.cli("config", "set", "model.default", "fake/fake").must(0)
    say(term, "/model")
    term.wait_for("fake/fake answers")
    say(term, "hello")
    term.wait_for("answer to hello")
    term.wait_for(READY)
    say(term, "/model other/fake")
    term.wait_for("other/fake answers from now on")
    say(term, "and you")
    term.wait_for("answer to and you")
    term.wait_for(READY)
    equal([r.text for r in other.requests], ["and you"], "what the other model was asked")
    contains(str(other.requests[0].body["messages"]), "answer to hello", "what it saw of the conversation")
    say(term, "/model nobody/x")
    term.wait_for("there is no provider 'nobody'")
    say(term, "/cost")
    term.wait_for("together:")
    say(term, "/status")
    term.wait_for(re.compile("tokens .*%"))
    say(term, "/approve")
    term.wait_for("nothing waits for an answer")
    say(term, "/help policy")
    term.wait_for(re.compile("policy", re.I))
    say(term, "/help")
    term.wait_for("/image FILE")
    session = daemon.api().get("/sessions")["items"][0]["id"]
    model.script["slow"] = other.script["slow"] = [[("pause", 60)]] * 2
    child = daemon.api().post(f"/sessions/{session}/children", {"task": "slow"}, 202)["id"]
    say(term, "/stop")
    term.wait_for(f"cancelled {child[:20]}")
    wait_until(lambda: daemon.api().get(f"/subagents/{child}")["state"] == "cancelled", 10, "the child's end")
    turns = [m["turn_id"] for m in daemon.api().transcript(session) if m["role"] == "user"]
    equal([daemon.api().get(f"/turns/{t}")["answered_by"] for t in turns], ["fake/fake", "other/fake"], "who answered")
    say(term, "/quit")
    equal(term.wait_exit(), 0, "exit code")


@case
def an_image_goes_with_what_is_said(lab):
    daemon, model, term = chat(lab)
    png = bytes.fromhex("89504e470d0a1a0a") + b"0" * 40
    image = lab.workspace() / "dot.png"
    image.write_bytes(png)
    (lab.workspace() / "not.png").write_text("text")
    say(term, f"/image {lab.workspace() / 'not.png'}")
    term.wait_for("neither PNG, JPEG, GIF nor WebP")
    say(term, f"/image {image}")
    term.wait_for("goes with what is said next: dot.png")
    say(term, "look")
    term.wait_for(READY)
    wait_until(lambda: model.requests, 10, "the request")
    contains(str(model.requests[-1].body["messages"][-1]), "image/png;base64", "the image in the request")
    # The end of input counts where a line is read: not while an answer streams.
    term.wait_for("unpriced")
    term.wait_quiet(0.5)
    term.send("\x04")
    equal(term.wait_exit(), 0, "exit code")
    daemon.cli("exec", "--image", image, "what is it?", "--workspace", lab.workspace()).must(0)
    contains(str(model.requests[-1].body["messages"][-1]), "image/png;base64", "the image of exec")
    daemon.cli("exec", "--image", lab.workspace() / "not.png", "what is it?").must(2)
    daemon.cli("exec", "--image", lab.workspace() / "none.png", "what is it?").must(6)
