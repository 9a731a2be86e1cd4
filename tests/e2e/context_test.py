# SPDX-License-Identifier: MIT
"""The context of a session from the command line: how full it is, summaries and taking them back, pins, /compact in a conversation."""
from harness import case, collect, contains, equal, expect, lacks, wait_until


def long_session(lab, daemon, turns=6):
    daemon.cli("exec", "the code of the shed is 4711", "--workspace", lab.workspace({})).must(0)
    session = daemon.api().get("/sessions?limit=1")["items"][0]["id"]
    for number in range(turns):
        daemon.cli("exec", f"small talk {number}", "--session", session).must(0)
    return session


def last_request(model):
    return "\n".join(str(m.get("content")) for m in model.requests[-1].body["messages"])


@case
def a_summary_takes_the_place_of_old_messages_and_can_be_taken_back(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    session = long_session(lab, daemon)
    before = daemon.api().transcript(session)
    preview = daemon.cli("session", "compact", session, "--preview", "--json").must(0).json()
    expect(preview["messages"] >= 4, f"messages that would be summarised: {preview['messages']}")
    equal(daemon.api().transcript(session), before, "the transcript after a preview")
    ran = daemon.cli("session", "compact", session).must(0)
    contains(ran.err, f"{preview['messages']} messages are summarised", "what was done")
    daemon.cli("exec", "and now?", "--session", session).must(0)
    asked = last_request(model)
    contains(asked, f"[SUMMARY of {preview['messages']} messages]", "the next prompt")
    asks = [m for m in model.requests[-1].body["messages"] if m["role"] == "assistant"]
    equal(len(asks), 4, "answers that stand for themselves: the newest three, and what was said of the summary")
    after = daemon.api().transcript(session)
    equal(after[: len(before)], before, "the messages of before")
    contains(daemon.cli("session", "show", session).must(0).out, "the code of the shed is 4711", "the transcript")
    # A fork keeps the summary, which has no turn of its own there.
    copy = daemon.cli("session", "fork", session, "--json").must(0).json()["id"]
    equal(daemon.api().get(f"/sessions/{copy}")["parent_id"], session, "the fork of a session with a summary")
    daemon.cli("session", "compact", session, "--undo").must(0)
    daemon.cli("exec", "and now?", "--session", session).must(0)
    contains(last_request(model), "the code of the shed is 4711", "the prompt after undo")
    daemon.cli("session", "compact", session, "--undo").must(5)
    daemon.cli("session", "compact", session, "--undo", "--preview").must(2)


@case
def pins_are_in_every_prompt(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    session = long_session(lab, daemon)
    pin = daemon.cli("session", "pin", session, "never touch the vendor folder", "--kind", "rule").must(0).out.strip()
    first = daemon.api().transcript(session)[0]["id"]
    daemon.cli("session", "pin", session, "--message", first).must(0)
    daemon.cli("session", "compact", session).must(0)
    daemon.cli("exec", "go on", "--session", session).must(0)
    for text in ("never touch the vendor folder", "the code of the shed is 4711"):
        contains(last_request(model), text, "the prompt with pins")
    contains(daemon.cli("session", "context", session).must(0).out, "never touch the vendor folder", "session context")
    daemon.cli("session", "unpin", session, pin).must(0)
    daemon.cli("session", "unpin", session, pin).must(6)
    daemon.cli("exec", "go on", "--session", session).must(0)
    lacks(last_request(model), "never touch the vendor folder", "the prompt without the pin")


@case
def a_conversation_can_be_summarised_from_within(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    session = long_session(lab, daemon)
    term = lab.terminal(daemon, "chat", "--plain", "--session", session)
    term.wait_for(">")
    term.send("/compact\r")
    term.wait_for("messages are summarised")
    term.send("/compact undo\r")
    term.wait_for("in the context again")
    term.send("/quit\r")


REMINDER = "save with memory.save"


def fill(daemon, model, session, start, turns, words=260):
    """Says something long `turns` times; the model counts tokens as the estimate does, about four bytes each."""
    for number in range(start, start + turns):
        text = f"number {number}: " + "we talked about the garden and the trains " * (words // 8)
        so_far = len(str(model.requests[-1].body)) if model.requests else 4000
        model.usage = ((so_far + len(text)) // 4, 7)
        yield daemon.cli("exec", text, "--session", session).must(0)


@case
def at_eighty_percent_the_owner_is_warned_and_the_model_reminded_once(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: 20000}\n")
    wait_until(lambda: daemon.api().get("/models/catalog")["own_models"] == 1, 10, "models.yaml is in force")
    session = daemon.api().session(workspace=str(lab.workspace({})))
    bus = daemon.api().bus()
    warned = None
    for number, ran in enumerate(fill(daemon, model, session, 0, 60)):
        if "% full" in ran.err:
            warned = (number, ran.err)
            break
        lacks(last_request(model), REMINDER, "a request before 80 %")
    expect(warned and warned[0] > 3, f"no warning in 60 turns: {warned}")
    event = collect(bus, lambda e: e["event"] == "context.warning")[-1]
    payload = event["payload"]
    expect(80 <= payload["percent"] < 90, f"percent of the warning: {payload}")
    equal((payload["limit_tokens"], event["session_id"]), (20000, session), "the event's limit and session")
    contains(warned[1], f"the context is {payload['percent']} % full; at 90 % its oldest part is summarised", "what the command line says")
    contains(last_request(model), REMINDER, "the request of the turn that warned")
    shown = daemon.cli("session", "context", session, "--json").must(0).json()
    expect(shown["percent"] >= 75, f"session context agrees: {shown.get('percent')}")
    # Not again, until a summary made room.
    for ran in fill(daemon, model, session, 60, 60):
        lacks(ran.err, "% full", "a second warning")
        if "are summarised" in ran.err:
            break
        lacks(last_request(model), REMINDER, "a request after the warning")
    else:
        expect(False, "no summary at 90 %")
    contains(last_request(model), "[SUMMARY of", "the prompt after 90 %")


@case
def a_conversation_shows_the_warning(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    lab.write_config(daemon, "models.yaml", "models:\n  fake/fake: {context: 20000}\n")
    wait_until(lambda: daemon.api().get("/models/catalog")["own_models"] == 1, 10, "models.yaml is in force")
    session = daemon.api().session(workspace=str(lab.workspace({})))
    while True:
        shown = daemon.cli("session", "context", session, "--json").must(0).json()
        if shown["percent"] >= 76:
            break
        list(fill(daemon, model, session, 0, 1, words=160))
    term = lab.terminal(daemon, "chat", "--plain", "--session", session)
    term.wait_for(">")
    for number in range(6):
        term.send("tell me more about this " * 60 + "\r")
        term.wait_for("answer to tell me more")
    term.wait_for("% full; at 90 %")
    term.send("/quit\r")
