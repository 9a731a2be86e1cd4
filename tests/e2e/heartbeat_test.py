# SPDX-License-Identifier: MIT
"""Heartbeats: off until a person turns them on, one turn for a workspace whose HEARTBEAT.md asks for something."""
import time

from harness import case, contains, equal, expect, wait_until


@case
def a_workspace_beats_when_a_person_wants_it(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    api.session(workspace=str(lab.workspace({"HEARTBEAT.md": "- look at the tide table\n"})))
    api.session(workspace=str(lab.workspace({"HEARTBEAT.md": "# nothing\n<!-- yet -->\n"}, name="quiet")))
    time.sleep(1)
    equal(len(model.requests), 0, "requests before it is turned on")
    daemon.cli("config", "set", "heartbeat.enabled", "true").must(0)
    wait_until(lambda: model.requests, 15, "the heartbeat")
    contains(model.requests[0].text, "look at the tide table", "what the model is asked")
    contains(model.requests[0].text, "HEARTBEAT_OK", "what the model is asked")
    beats = [s for s in api.get("/sessions")["items"] if s["surface"] == "heartbeat"]
    equal(len(beats), 1, "sessions of heartbeats")
    wait_until(lambda: api.get(f"/sessions/{beats[0]['id']}")["unread"], 10, "an answer that says something")
    labels = api.transcript(beats[0]["id"])[0]["parts"][0]["labels"]
    expect("file" in labels, f"whoever can write the file wrote the task: {labels}")
    time.sleep(1)
    equal(len(model.requests), 1, "requests of one heartbeat")
