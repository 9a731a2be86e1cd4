# SPDX-License-Identifier: MIT
"""The bus: replay without gap or repetition, filters, receipts, requests, limits of foreign frames."""
import base64
import json
import os
import socket
import struct
import subprocess
import threading
import time

from harness import EPHEMERAL, Broken, ask, case, collect, contains, equal, expect, is_root, lacks, raw_http, short, wait_until
from auth_test import open_browser
from lab import Bus


def durable(events):
    return [e for e in events if e["type"] == "event" and e["event"] not in EPHEMERAL and e["event"] != "bus.reset"]


def completed(turn):
    return lambda e: e["event"] in ("turn.completed", "turn.failed") and e["payload"].get("turn_id") == turn


@case
def who_reconnects_gets_exactly_what_was_missed(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    whole = api.bus(since=0)
    session = api.session()
    bus = api.bus()
    first = api.send(session, "one")
    seen = durable(collect(bus, completed(first)))
    last = seen[-1]["version"]
    bus.close()
    missed = [api.run(session, f"missed {i}")["id"] for i in range(3)]
    bus = api.bus(since=last)
    live = api.send(session, "live")
    got = durable(collect(bus, completed(live)))
    everything = durable(collect(whole, completed(live)))
    equal(seen + got, [e for e in everything if e["version"] >= seen[0]["version"]], "what came on two connections")
    versions = [e["version"] for e in everything]
    equal(versions, list(range(1, len(versions) + 1)), "versions")
    equal([e["payload"]["turn_id"] for e in got if e["event"] == "turn.completed"], [*missed, live], "turns that ended meanwhile, in order")
    for event in everything:
        equal(set(event), {"type", "schema", "version", "event", "session_id", "surface", "timestamp", "payload"}, f"fields of the envelope of {event['event']}")


@case
def the_replay_reaches_over_restarts_and_kills(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    session = daemon.api().session()
    known = []
    for round_ in range(4):
        api = daemon.api()
        bus = api.bus(since=known[-1]["version"] if known else 0)
        turn = api.send(session, f"round {round_}")
        known += durable(collect(bus, completed(turn)))
        bus.close()
        api.run(session, f"unseen {round_}")
        daemon.kill9() if round_ % 2 else daemon.stop()
        daemon.start()
    bus = daemon.api().bus(since=known[-1]["version"])
    known += durable(collect(bus, lambda e: e["version"] == daemon.api().get("/status")["event_version"]))
    replay = durable(collect(daemon.api().bus(since=0), lambda e: e["version"] == known[-1]["version"]))
    equal(known, replay, "pieces against one replay")
    versions = [e["version"] for e in replay]
    expect(versions == sorted(set(versions)), f"versions repeat or go back: {versions}")


@case
def a_replay_of_thousands_is_whole_while_others_write(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.tcp()
    sessions = [api.session() for _ in range(4)]
    for i in range(40):
        api.send(sessions[i % 4], f"m{i}")
    wait_until(lambda: api.get("/status")["turns"] == {"running": 0, "queued": 0, "paused": False}, 60, "all turns end")
    results = []

    def follow():
        bus = api.bus(since=0)
        results.append(durable(collect(bus, completed(last[0]), 60)))
        bus.close()
    last = [None]
    more = [api.send(sessions[i % 4], f"n{i}") for i in range(20)]
    last[0] = more[-1]
    api_wait = [threading.Thread(target=follow) for _ in range(3)]
    for t in api_wait:
        t.start()
    for t in api_wait:
        t.join(70)
    equal(len(results), 3, "followers that saw the end")
    for got in results:
        versions = [e["version"] for e in got]
        equal(versions, list(range(1, versions[-1] + 1)), "versions of a follower")


@case
def filters_leave_gaps_only(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    one, two = api.session(), api.session()
    names = Bus(api, 0, "events=turn.completed,turn.failed")
    only = Bus(api, 0, f"session_id={one}")
    globbed = Bus(api, 0, "event=step.*&event=session.created")
    turns = [api.run(s, "x")["id"] for s in (one, two, one)]
    got = collect(names, completed(turns[2]))
    equal([(e["event"], e["payload"]["turn_id"]) for e in durable(got)], [("turn.completed", t) for t in turns], "filtered by name")
    got = durable(collect(only, completed(turns[2])))
    equal({e["session_id"] for e in got}, {one}, "filtered by session")
    expect(len(got) > 8, "a filter by session lost events")
    got = collect(globbed, lambda e: e["event"] == "step.finished" and e["payload"]["turn_id"] == turns[2])
    equal({e["event"] for e in durable(got)}, {"session.created", "step.started", "step.finished"}, "filtered by pattern")
    by_surface(daemon, api, one)
    answer, _ = ask(names, "subscribe", {"events": ["session.*"], "since": 0})
    expect(answer["type"] == "response", f"subscribe answered {answer}")
    created = collect(names, lambda e: e["event"] == "session.created" and e["payload"]["session_id"] == two)
    equal({e["event"] for e in created} - {"session.created"}, set(), "after another subscribe")
    for query in ("since=x", "since=-1", "events=A%20B", "session_id=nonsense", "event=" + "x" * 200, "surface=", "surface=" + "x" * 65):
        equal(api.request("GET", f"/api/v1/ws?{query}", None, upgrade()).status, 400, f"the bus with {query}")



def by_surface(daemon, api, session):
    """Turns of two surfaces: each follower sees its own, live and in the replay."""
    whole = Bus(api, 0)
    first = api.run(session, "over the socket")["id"]
    other = daemon.tcp().run(session, "over TCP")["id"]
    events = durable(collect(whole, completed(other)))
    surfaces = {e["payload"]["turn_id"]: e["surface"] for e in events if e["event"] == "turn.completed"}
    equal((surfaces[first], surfaces[other]), ("cli", "api"), "the surfaces of the turns")
    for turn in (first, other):
        mine = [e for e in events if e["surface"] == surfaces[turn]]
        replay = durable(collect(Bus(api, 0, f"surface={surfaces[turn]}"), lambda e: e["version"] == mine[-1]["version"]))
        equal(replay, mine, f"the replay of the surface {surfaces[turn]}")
    none = Bus(api, 0, "surface=nobody")
    last = Bus(api, None, f"surface={surfaces[first]}")
    ask(last, "ping", {})
    again = api.run(session, "again")["id"]
    got = durable(collect(last, completed(again)))
    equal({e["surface"] for e in got}, {surfaces[first]}, "surfaces of the live events")
    answer, rest = ask(none, "ping", {})
    equal([e for e in rest if e["type"] == "event"], [], "what a surface without events sees")
    answer, _ = ask(none, "subscribe", {"surfaces": surfaces[first]})
    equal(answer["type"], "error", "a filter that is not known")
    contains(answer["payload"]["detail"], "surface", "the refusal names what is known")


def upgrade():
    return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}


@case
def a_receipt_makes_a_session_read(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    one, two = api.session(), api.session()
    for s in (one, two):
        api.run(s, "hello")

    def unread(session):
        return api.get(f"/sessions/{session}")["unread"]
    expect(unread(one) and unread(two), "an answer that nobody took shows no session as unread")
    bus = api.bus(since=0)
    events = collect(bus, lambda e: e["event"] == "turn.completed" and e["session_id"] == one)
    time.sleep(0.2)
    expect(unread(one), "unread went away without a receipt")
    answer, _ = ask(bus, "ack", {"version": events[-1]["version"]})
    equal(answer["type"], "response", "the answer to ack")
    wait_until(lambda: not unread(one), 5, "the session is read")
    expect(unread(two), "a receipt covers what came after it")
    # A receipt for what was never sent to this client counts for nothing.
    fresh = api.bus()
    ask(fresh, "ack", {"version": 10_000})
    time.sleep(0.2)
    expect(unread(two), "a receipt for events that were never sent was believed")
    answer, _ = ask(fresh, "ack", {"version": "x"})
    equal(answer["type"], "error", "the answer to a wrong ack")
    daemon.restart()
    api = daemon.api()
    expect(unread(two) and not unread(one), "unread over a restart")


@case
def a_stream_that_was_read_to_its_end_is_a_receipt(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    session = api.session()
    for _ in api.stream(session, {"text": "hello"}):
        pass
    wait_until(lambda: not api.get(f"/sessions/{session}")["unread"], 5, "the session is read")


@case
def requests_over_the_bus(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["slow"] = [[("text", "a b c " * 200, 0.05)]]
    api = daemon.tcp()
    session = api.session()
    bus = api.bus()
    answer, _ = ask(bus, "ping", {})
    equal(answer["payload"], {"pong": True}, "ping")
    bus.send_frame(1, json.dumps({"type": "request", "event": "ping", "request_id": "r1"}).encode())
    equal(collect(bus, lambda m: m["event"] == "ping")[-1]["request_id"], "r1", "request_id comes back")
    answer, _ = ask(bus, "chat.send", {"session_id": session, "text": "slow", "idempotency_key": "k"})
    turn = answer["payload"]["turn_id"]
    again, _ = ask(bus, "chat.send", {"session_id": session, "text": "slow", "idempotency_key": "k"})
    equal(again["payload"]["turn_id"], turn, "the same key over the bus")
    collect(bus, lambda e: e["event"] == "turn.delta")
    answer, _ = ask(bus, "turn.cancel", {"turn_id": turn})
    equal(answer["type"], "response", "turn.cancel")
    equal(api.wait_turn(turn)["state"], "cancelled", "the turn")
    for name, payload in (("chat.send", {}), ("chat.send", {"session_id": "x", "text": "y"}), ("turn.cancel", {"turn_id": turn}), ("approval.resolve", {"approval_id": "apr_x"}),
                          ("dance", {}), ("", {}), ("subscribe", {"events": "x"})):
        answer, _ = ask(bus, name, payload)
        equal(answer["type"], "error", f"{name} {payload}")
        contains(answer["payload"]["code"], "PRYX-", f"the error of {name} {payload}")
    for text in ("[]", "nonsense", '{"type":"event"}', "{" * 10_000, '{"type":"request"'):
        bus.send_frame(1, text.encode())
        equal(collect(bus, lambda m: m["type"] in ("error", "response"))[-1]["type"], "error", f"the answer to {text[:20]!r}")
    answer, _ = ask(bus, "ping", {})
    equal(answer["type"], "response", "the bus still works")


@case
def who_was_away_longer_than_events_are_kept_reloads(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    api = daemon.api()
    session = api.session()
    bus = api.bus(since=0)
    turn = api.send(session, "before")
    seen = durable(collect(bus, completed(turn)))
    first, last = seen[0]["version"], seen[-1]["version"]
    daemon.stop()
    owner = os.stat(daemon.home / "data" / "pryx.db")
    who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if is_root() else {}
    subprocess.run([f"{lab.binaries}/pryx_bench_seed", str(daemon.home), "forget", str(last - 1)], check=True, **who)
    daemon.start()
    bus = api.bus(since=first)
    turn = api.send(session, "after")
    got = collect(bus, completed(turn))
    equal(got[0]["event"], "bus.reset", "the first message to who was away too long")
    equal(got[0]["payload"], {"since": first}, "its payload")
    versions = [e["version"] for e in durable(got)]
    expect(versions and min(versions) > last, f"after a reset only what is live comes: {versions}, the last before was {last}")
    bus = api.bus(since=last - 1)
    again = durable(collect(bus, completed(turn)))
    equal([e["version"] for e in again], [last, *versions], "who was away shortly gets everything")
    answer, rest = ask(bus, "subscribe", {"since": first})
    equal((answer["type"], rest[0]["event"] if rest else collect(bus, lambda e: e["event"] == "bus.reset")[-1]["event"]), ("response", "bus.reset"), "subscribe resets as well")


@case
def a_cookie_alone_changes_nothing_over_the_bus(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    owner = daemon.api()
    session = owner.session()
    cookie, csrf, _, _ = open_browser(daemon)

    class Page:
        """Connects as a browser does, or as somebody who saw its cookie."""
        timeout = 15

        def __init__(self, origin):
            self.origin = origin

        def open_socket(self):
            return socket.create_connection(("127.0.0.1", daemon.port), timeout=self.timeout)

        def head(self, method, path, extra):
            lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{daemon.port}", f"Cookie: {cookie}", *([f"Origin: {self.origin}"] if self.origin else []), *(f"{k}: {v}" for k, v in extra.items())]
            return ("\r\n".join(lines) + "\r\n\r\n").encode()

    for origin in ("", "http://127.0.0.1:1", f"http://localhost:{daemon.port}", "null"):
        try:
            Bus(Page(origin))
        except Exception as error:
            contains(str(error), "403", f"an upgrade from {origin!r}")
        else:
            raise Broken(f"an upgrade from {origin!r} is accepted")
    bus = Bus(Page(f"http://127.0.0.1:{daemon.port}"))
    for name, payload in (("chat.send", {"session_id": session, "text": "x"}), ("turn.cancel", {"turn_id": "trn_01J00000000000000000000000"}),
                          ("approval.resolve", {"approval_id": "apr_01J00000000000000000000000", "decision": "approve"}), ("ack", {"version": 1})):
        answer, _ = ask(bus, name, payload)
        equal((answer["type"], answer["payload"].get("status")), ("error", 403), f"{name} without the token of the login")
        bus.send_frame(1, json.dumps({"type": "request", "event": name, "csrf": csrf[:-1] + ("y" if csrf[-1] == "x" else "x"), "payload": payload}).encode())
        equal(collect(bus, lambda m: m["event"] == name)[-1]["payload"].get("status"), 403, f"{name} with a wrong token")
    equal(ask(bus, "subscribe", {})[0]["type"], "response", "subscribe")
    equal(ask(bus, "ping", {})[0]["type"], "response", "ping")
    bus.send_frame(1, json.dumps({"type": "request", "event": "chat.send", "csrf": csrf, "payload": {"session_id": session, "text": "x"}}).encode())
    answer = collect(bus, lambda m: m["event"] == "chat.send")[-1]
    equal(answer["type"], "response", f"chat.send with the token: {answer['payload']}")
    owner.wait_turn(answer["payload"]["turn_id"])


@case
def scopes_hold_on_the_bus(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    owner = daemon.api()
    session = owner.session()
    turn = owner.run(session, "x")["id"]
    bus = daemon.tcp("read").bus(since=0)
    expect(collect(bus, completed(turn)), "a reader sees events")
    for name, payload in (("chat.send", {"session_id": session, "text": "x"}), ("turn.cancel", {"turn_id": turn}), ("approval.resolve", {"approval_id": "apr_x", "decision": "approve"})):
        answer, _ = ask(bus, name, payload)
        equal((answer["type"], answer["payload"].get("status")), ("error", 403), f"{name} with the scope read")
    bus = daemon.tcp("chat").bus()
    answer, _ = ask(bus, "chat.send", {"session_id": session, "text": "x"})
    equal(answer["type"], "response", "chat.send with the scope chat")
    answer, _ = ask(bus, "chat.send", {"session_id": session, "text": "x", "approve": "tools:\n  allowed: [fs.list]\n"})
    equal(answer["payload"]["status"], 403, "chat.send with rules needs the scope approve")


@case
def a_revoked_token_ends_its_connections_within_a_second(lab):
    daemon = lab.daemon()
    owner = daemon.api()
    made = owner.post("/tokens", {"name": "t", "scopes": ["admin"]})
    from harness import Api
    api = Api(daemon, made["token"])
    bus, stream = api.bus(), []
    model = lab.model(daemon)
    model.script["long"] = [[("text", "a b c d " * 500, 0.05)]]
    session = owner.session()
    reader = threading.Thread(target=lambda: stream.extend(api.stream(session, {"text": "long"})), daemon=True)
    reader.start()
    collect(bus, lambda e: e["event"] == "turn.delta")
    owner.delete(f"/tokens/{made['id']}")
    begin = time.monotonic()
    try:
        while True:
            bus.next(5)
    except ConnectionError:
        pass
    expect(time.monotonic() - begin < 1.0, f"the bus was open for {time.monotonic() - begin:.2f} s after its token was revoked")
    reader.join(3)
    expect(not reader.is_alive(), "the stream goes on after its token was revoked")
    expect(time.monotonic() - begin < 2.5, f"the stream was open for {time.monotonic() - begin:.2f} s")
    equal(api.request("GET", "/api/v1/status").status, 401, "a request with the revoked token")
    equal(owner.turn(stream[2][2]["payload"]["turn_id"])["state"], "running", "the turn of the revoked client goes on")


@case
def an_expiring_token_ends_its_connections(lab):
    daemon = lab.daemon()
    made = daemon.api().post("/tokens", {"name": "t", "scopes": ["read"], "expires_in": "1s"})
    from harness import Api
    api = Api(daemon, made["token"])
    begin = time.monotonic()
    bus = api.bus()
    try:
        while time.monotonic() - begin < 6:
            bus.next(6)
        raise Broken("the bus outlives its token")
    except ConnectionError:
        pass
    expect(0.5 < time.monotonic() - begin < 3, f"the bus ended after {time.monotonic() - begin:.2f} s")
    equal(api.request("GET", "/api/v1/status").status, 401, "a request with the expired token")


@case
def wrong_frames_close_only_their_own_connection(lab):
    daemon = lab.daemon()
    api = daemon.tcp()
    honest = api.bus()

    def closes(frame, what):
        bus = api.bus()
        bus.socket.sendall(frame)
        bus.socket.settimeout(10)
        try:
            while bus.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            raise Broken(f"{what} does not end the connection") from None
    closes(b"\x81\x02hi", "a frame without mask")
    closes(b"\xf1\x80\0\0\0\0", "a frame with reserved bits")
    closes(b"\x81\xff" + struct.pack(">Q", 1 << 40) + b"\0\0\0\0", "a frame of a terabyte")
    closes(b"\x83\x80\0\0\0\0", "an unknown opcode")
    closes(b"\x89\xfe\x00\xff\0\0\0\0" + b"x" * 255, "a ping of 255 bytes")
    closes(b"\x81\x84\0\0\0\0\xff\xfe\xfd\xfc", "text that is no UTF-8")
    closes(b"\x88\x80\0\0\0\0", "a close")
    answer, _ = ask(honest, "ping", {})
    equal(answer["type"], "response", "the honest client")
    wait_until(lambda: api.get("/status")["bus_clients"] == 1, 10, "the others are gone from the count")


@case(limit=120)
def a_reader_that_stops_reading_is_dropped(lab):
    """It costs a bounded amount of memory, holds nobody up, and is gone when it read nothing for the write time limit (30 s)."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["flood"] = [["x" * 60_000] * 25]
    api = daemon.tcp()
    lazy = api.bus()
    lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    honest = api.bus()
    session = api.session()
    for _ in range(12):
        turn = api.send(session, "flood")
        collect(honest, completed(turn), 60)

    def dropped():
        honest.next(0.2)  # what keeps reading stays
        return api.get("/status")["bus_clients"] == 1
    wait_until(dropped, 60, "the reader that stopped reading is dropped")
    answer, _ = ask(honest, "ping", {})
    equal(answer["type"], "response", "the honest client")


@case
def an_answer_of_many_megabytes_does_not_block_the_bus(lab):
    """One event may be larger than any queue; the client that waits for what comes after it must get there."""
    daemon = lab.daemon()
    model = lab.model(daemon)
    model.script["huge"] = [["x" * 900_000] * 7]
    api = daemon.tcp()
    session = api.session()
    equal(api.run(session, "huge", 60)["state"], "completed", "the turn")
    last = api.run(session, "small")["id"]
    events = durable(collect(api.bus(since=0), completed(last), 60))
    versions = [e["version"] for e in events]
    equal(versions, list(range(1, versions[-1] + 1)), "versions of the replay")
    expect(max(len(json.dumps(e)) for e in events) > 6_000_000, "the large event is not there")


@case
def presence_of_a_web_page_from_elsewhere_is_refused(lab):
    daemon = lab.daemon()
    token = daemon.api().make_token()
    head = "GET /api/v1/ws HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in upgrade().items())
    for host, origin, wanted in ((f"127.0.0.1:{daemon.port}", "http://evil.example", 403), (f"127.0.0.1:{daemon.port}", "null", 403), ("evil.example", None, 403),
                                 (f"127.0.0.1:{daemon.port}", f"http://127.0.0.1:{daemon.port + 1}", 403), (f"127.0.0.1:{daemon.port}", f"https://127.0.0.1:{daemon.port}", 403)):
        text = head + f"Host: {host}\r\nAuthorization: Bearer {token}\r\n" + (f"Origin: {origin}\r\n" if origin else "") + "\r\n"
        equal(raw_http(daemon.port, text)[0], wanted, f"the bus with Host {host} and Origin {origin}")
    lacks(short(daemon.log()), token, "the log")
