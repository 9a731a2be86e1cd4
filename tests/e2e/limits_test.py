# SPDX-License-Identifier: MIT
"""Limits that one address or one turn runs into, while the others go on: requests and connections by address, the time of a turn, and how
long a client waits for it."""
import json
import os
import socket
import time

from harness import case, contains, equal, expect, wait_until, zombies_of

LOCAL = ("127.0.0.2", "127.77.7.7", "127.0.0.1")  # what one process may choose from; all of loopback counts as one address


def ask_from(daemon, count=1, addresses=LOCAL):
    """Status and text of GET /api/v1/health from these addresses in turn, each over a connection of its own."""
    found = []
    for i in range(count):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=10, source_address=(addresses[i % len(addresses)], 0)) as s:
            s.sendall(f"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while piece := s.recv(65536):
                got += piece
        found.append((int(got.split(b" ")[1]) if got else 0, got.decode()))
    return found


@case
def a_flood_from_any_local_address_is_refused_and_the_unix_socket_is_not(lab):
    daemon = lab.daemon()
    owner = daemon.api()
    equal({status for status, _ in ask_from(daemon, 100)}, {200}, "an ordinary burst by the default")
    owner.put("/settings", {"settings": {"server.requests_per_second": 5}})
    flood = ask_from(daemon, 100)
    refused = [head for status, head in flood if status == 429]
    expect(len(refused) > 50, f"{len(refused)} of 100 requests were refused")
    contains(refused[0], "\r\nRetry-After: 1\r\n", "the refusal")
    contains(refused[0], "too many requests from this address", "the refusal")
    body = json.loads(refused[0].split("\r\n\r\n", 1)[1])
    equal((body["status"], body["code"], body["retry_after_ms"]), (429, "PRYX-1008", 1000), "the body of the refusal")
    expect(body["request_id"].startswith("req_") and len(body["trace_id"]) == 32, f"its ids: {body}")
    contains(refused[0], f"\r\nX-Request-Id: {body['request_id']}\r\n", "the refusal")
    # The owner is not affected; what another network address gets is in peer_table_test.
    for _ in range(50):
        owner.get("/status")  # the Unix socket has no address
    wait_until(lambda: ask_from(daemon)[0][0] == 200, 5, "who waits gets in again")
    # The control: without the limit the flood passes.
    owner.put("/settings", {"settings": {"server.requests_per_second": 0}})
    equal({status for status, _ in ask_from(daemon, 100)}, {200}, "the flood without the limit")
    owner.must_refuse("PUT", "/settings", 400, {"settings": {"server.requests_per_second": -1}})
    owner.must_refuse("PUT", "/settings", 400, {"settings": {"server.connections_per_address": 0}})


@case
def local_addresses_share_one_share_of_the_connections(lab):
    daemon = lab.daemon()
    owner = daemon.api()
    owner.put("/settings", {"settings": {"server.connections_per_address": 4}})
    held = [socket.create_connection(("127.0.0.1", daemon.port), timeout=10, source_address=(LOCAL[i % 2], 0)) for i in range(4)]
    try:
        time.sleep(0.2)
        equal([status for status, _ in ask_from(daemon, 3)], [429] * 3, "the fifth connection, from whichever address")
        owner.get("/status")  # over the Unix socket
        held.pop().close()
        wait_until(lambda: ask_from(daemon)[0][0] == 200, 5, "who closed one may open another")
    finally:
        for s in held:
            s.close()


@case
def a_turn_that_takes_too_long_fails_and_says_so(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["slow"] = [["begun ", ("pause", 4), "ended"]]
    equal(api.run(session, "slow")["state"], "completed", "the turn by the default limit")  # the control
    api.put("/settings", {"settings": {"agent.turn_timeout": "1s"}})
    ended = api.get(f"/turns/{api.send(session, 'slow')}?wait=20")
    equal((ended["state"], ended["error"]["code"]), ("failed", "turn_timeout"), "the turn")
    contains(ended["error"]["detail"], "agent.turn_timeout", "the error names the setting")
    expect(ended["started_at"] and ended["ended_at"], "its times")
    contains(str(api.transcript(session)[-1]), "begun", "what it had said stays")
    equal(api.run(session, "quick")["state"], "completed", "the next turn")
    done = daemon.cli("exec", "slow", "--json", "--workspace", lab.workspace()).must(9)
    contains(done.out, "turn_timeout", "pryx exec")


@case
def a_client_waits_for_a_turn_as_long_as_it_says(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    api = daemon.api()
    session = api.session()
    model.script["slow"] = [["begun ", ("pause", 8), "ended"]]
    turn = api.send(session, "slow")
    begin = time.monotonic()
    equal(api.get(f"/turns/{turn}?wait=1")["state"], "running", "after a second")
    took = time.monotonic() - begin
    expect(took > 0.9, f"a wait of a second took {took:.2f} s")
    daemon.cli("turn", "show", turn, "--wait", "0").must(9)
    ended = api.get(f"/turns/{turn}?wait")  # 30 s
    equal((ended["state"], ended["error"]), ("completed", None), "the end")
    expect(ended["started_at"] <= ended["ended_at"], "its times")
    begin = time.monotonic()
    equal(api.get(f"/turns/{turn}?wait=600")["state"], "completed", "a turn that has ended")
    equal(daemon.cli("turn", "show", turn, "--wait", "60", "--json").must(0).json()["state"], "completed", "pryx turn show --wait")
    expect(time.monotonic() - begin < 5, "nobody waits for what has ended")
    # A turn that is cancelled meanwhile is an end as well.
    turn = api.send(session, "slow")
    wait_until(lambda: api.get(f"/turns/{turn}")["state"] == "running", 10, "it runs")
    daemon.cli("turn", "cancel", turn).must(0)
    equal(api.get(f"/turns/{turn}?wait=20")["state"], "cancelled", "the cancelled one")
    for wrong in ("x", "-1", "601", "1.5"):
        api.must_refuse("GET", f"/turns/{turn}?wait={wrong}", 400)
    api.must_refuse("GET", "/turns/trn_01J00000000000000000000000?wait=20", 404)


@case
def what_finds_zombies_finds_them(lab):
    """The control: a child that nobody waited for is seen, and gone after the wait."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    wait_until(lambda: zombies_of(os.getpid()) == [child], 5, "a zombie of this process")
    os.waitpid(child, 0)
    equal(zombies_of(os.getpid()), [], "zombies after the wait")
