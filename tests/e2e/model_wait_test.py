# SPDX-License-Identifier: MIT
"""No model answers: the turn waits, says why and until when, outlives a kill, and goes on by itself or when a person asks at once."""
import socket
import time

from harness import Skip, answer_of, case, collect, contains, equal, expect, stop_within, wait_until


def far_address():
    """An address of this machine that the daemon takes for another one's: a server on the loopback address is not waited for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address of ours faces the world
        except OSError:
            raise Skip("this machine has no address but loopback") from None
        return probe.getsockname()[0]


def waiting_step(api, turn):
    """The step of the turn that waits for its model, if there is one."""
    return next((s for s in api.turn(turn)["steps"] if s["kind"] == "model" and s["state"] == "started" and s["summary"]), None)


def notices(api, session):
    return " ".join(p["text"] for m in api.transcript(session) for p in m["parts"] if p["type"] == "notice")


@case(limit=180)
def a_turn_waits_for_a_provider_that_is_away_across_a_kill_and_answers_once(lab):
    daemon = lab.daemon()
    api, host = daemon.api(), far_address()
    held = lab.box.own(socket.socket())  # nobody listens there, and nobody else takes it
    held.bind(("0.0.0.0", 0))
    port = held.getsockname()[1]
    api.add_provider("far", f"http://{host}:{port}/v1")
    session = api.session(model="far/fake")
    bus = api.bus()
    turn = api.send(session, "hello")
    told = collect(bus, lambda e: e["event"] == "turn.retrying" and e["payload"].get("waits"), 60)[-1]["payload"]
    equal((told["turn_id"], told["code"], told["reason"]), (turn, "unavailable", "far/fake cannot be reached"), "what is waited for")
    contains(told["detail"], f"{host}:{port}", "why")
    expect(told["delay_ms"] >= 15_000, f"asked again after {told['delay_ms']} ms")
    step = waiting_step(api, turn)
    expect(step, "no step says that it waits")
    equal(step["id"], told["step_id"], "the step that waits")
    contains(step["summary"], "far/fake cannot be reached and is asked again at 2", "why and until when")
    equal(api.turn(turn)["state"], "running", "the turn that waits")
    shown = daemon.cli("turn", "show", turn).must(0)
    contains(shown.err, "far/fake cannot be reached", "pryx turn show")
    contains(shown.err, f"pryx turn resume {turn} --retry", "pryx turn show names the way")
    contains(api.must_refuse("DELETE", f"/sessions/{session}", 409)["detail"], "cancel", "its session is not deleted under it")

    daemon.kill9()
    daemon.start()
    again = wait_until(lambda: (s := waiting_step(api, turn)) and s["attempt"] > step["attempt"] and s, 60, "the new daemon asked, and waits again")
    equal(again["id"], step["id"], "the step after the kill")
    held.close()
    model = lab.model(address=("0.0.0.0", port))
    ended = api.wait_turn(turn, 60)  # without anybody's doing
    equal((ended["state"], ended["answered_by"]), ("completed", "far/fake"), "the turn once the provider is back")
    equal(len(model.of("hello")), 1, "requests that it got")
    equal(answer_of(api.transcript(session)), "answer to hello", "the answer")
    equal(sum(m["role"] == "assistant" for m in api.transcript(session)), 1, "answers in the transcript")
    contains(notices(api, session), "far/fake cannot be reached; the answer waited", "the transcript")
    replay = collect(api.bus(since=0), lambda e: e["event"] == "turn.completed" and e["payload"]["turn_id"] == turn)
    equal(api.turn(turn)["steps"][0]["summary"], None, "the step that is done")
    api.run(session, "and now")
    later = collect(api.bus(since=replay[-1]["version"]), lambda e: e["event"] == "turn.completed")
    expect(later[-1]["payload"]["turn_id"] != turn, "the turn ended twice")


SLOW_DOWN = [[("status", 429, {"error": {"message": "slow down"}}, {"Retry-After": "3600"})]]


@case
def a_long_retry_after_is_waited_for_and_ends_when_a_person_says(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    model.script["hello"] = SLOW_DOWN
    session = api.session()
    turn = api.send(session, "hello")
    step = wait_until(lambda: waiting_step(api, turn), 20, "the turn waits")
    contains(step["summary"], "fake/fake is over its rate limit and is asked again at 2", "why and until when")
    contains(step["summary"], "slow down", "what the provider said")
    equal(len(model.of("hello")), 1, "requests of a turn that waits")
    equal(api.run(api.session(), "other")["state"], "completed", "another conversation meanwhile")
    ran = daemon.cli("exec", "hello", "--timeout", "3s", "--workspace", lab.workspace()).must(9)
    contains(ran.err, "fake/fake is over its rate limit; asked again in ", "pryx exec")

    other = api.send(api.session(), "hello")
    wait_until(lambda: waiting_step(api, other), 20, "the other turn waits")
    begin = time.monotonic()
    api.post(f"/turns/{other}/cancel", {})
    equal(api.turn(other)["state"], "cancelled", "a cancelled wait")
    expect(time.monotonic() - begin < 2, "a cancel does not wait along")

    del model.script["hello"]
    daemon.cli("turn", "resume", turn, "--retry").must(0)
    equal(api.wait_turn(turn, 20)["state"], "completed", "the turn that was asked at once")
    contains(notices(api, session), "fake/fake is over its rate limit; the answer waited", "the transcript")
    daemon.cli("turn", "resume", turn, "--retry").must(5)
    model.script["hello"] = SLOW_DOWN
    left = api.send(session, "hello")
    wait_until(lambda: waiting_step(api, left), 20, "a turn waits at the stop")
    stop_within(daemon)


@case
def without_waiting_a_long_retry_after_fails_at_once_and_says_what_to_do(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    model.script["hello"] = SLOW_DOWN
    for setting, told in (("0s", "which is 0s"), ("30m", "which is 30m")):
        api.put("/settings", {"settings": {"agent.wait_for_model": setting}})
        failed = api.run(api.session(), "hello")
        equal((failed["state"], failed["error"]["code"], failed["error"]["http_status"]), ("failed", "overloaded", 429), f"the turn with {setting}")
        for words in ("slow down", "use another model", "a pause of 60m", "agent.wait_for_model", told):
            contains(failed["error"]["detail"], words, "the error says what to do")
    # The control: with more it waits.
    api.put("/settings", {"settings": {"agent.wait_for_model": "3h"}})
    turn = api.send(api.session(), "hello")
    wait_until(lambda: waiting_step(api, turn), 20, "the turn waits")
