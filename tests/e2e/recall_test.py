# SPDX-License-Identifier: MIT
"""Memory that stands in the prompt by itself: only what the owner said, and nothing becomes less trusted by it."""
import json

from harness import case, contains, equal, expect, lacks


def last_prompt(model):
    return json.dumps(model.requests[-1].body["messages"])


def labels_of_answer(api, session):
    return next(p["labels"] for m in reversed(api.transcript(session)) if m["role"] == "assistant" for p in m["parts"] if p["type"] == "text")


@case
def what_the_owner_said_is_remembered_unasked(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    daemon.cli("memory", "add", "Anna's birthday is on the third of May").must(0)
    daemon.cli("memory", "add", "The boiler is serviced in October").must(0)
    session = api.session()
    api.run(session, "what do I get Anna for her birthday?")
    contains(last_prompt(model), "third of May", "the prompt")
    contains(last_prompt(model), "from owner", "where it came from")
    lacks(last_prompt(model), "boiler", "what does not fit")
    expect("memory" not in labels_of_answer(api, session), "an answer that is no less trusted for it")
    api.run(session, "thank you")
    equal(last_prompt(model).count("third of May"), 0, "in a turn about something else")
    # The system prompt stays the same from turn to turn, so a vendor's cache is of use.
    systems = {m["content"] for r in model.requests for m in r.body["messages"] if m["role"] == "system"}
    equal(len(systems), 1, "different system prompts")
    daemon.cli("config", "set", "memory.in_prompt", "off").must(0)
    api.run(session, "and Anna's birthday again?")
    lacks(last_prompt(model), "Notes from earlier", "switched off")


@case
def what_came_from_a_file_comes_only_when_it_is_wanted(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    work = lab.workspace({"a.txt": "the harbour master is Ivo"})
    session = api.session(workspace=str(work))
    model.script["learn"] = [[("call", "fs.read", {"path": "a.txt"})], [("call", "memory.save", {"text": "The harbour master is Ivo"})], ["saved"]]
    turn = api.send(session, "learn")
    approval = api.pending(turn)
    api.post(f"/approvals/{approval['id']}", {"decision": "approve"})
    api.wait_turn(turn)
    equal(len(api.get("/memory")["items"]), 1, "memories")
    fresh = api.session()
    api.run(fresh, "who is the harbour master?")
    lacks(last_prompt(model), "Ivo", "what a file said, unasked")
    daemon.cli("config", "set", "memory.in_prompt", "all").must(0)
    other = api.session()
    api.run(other, "who is the harbour master?")
    contains(last_prompt(model), "Ivo", "when it is wanted")
    labels = labels_of_answer(api, other)
    expect("file" in labels and "memory" in labels, f"the labels come with it: {labels}")
