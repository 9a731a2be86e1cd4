# SPDX-License-Identifier: MIT
"""`pryx chat` in a terminal, as a person uses it: streaming, footer, approvals by key, Ctrl-C, resizing, hostile text, and no flicker."""
import re
import signal
import time

from harness import Broken, case, contains, equal, expect, lacks, sanitized, short, wait_until
from hostile import FORBIDDEN, HOSTILE

READY = "ready"
FRAMES_PER_SECOND = 30
CARD_LIMIT = 0.5  # seconds from a tool call that asks to its card on the screen


def chat(lab, *args, files=None, **options):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace(files or {"note.txt": "the cat is called Miso"})
    for name in ("save", "save again", "save more"):
        model.script[name] = [[("call", "fs.read", {"path": "note.txt"})], [("call", "memory.save", {"text": "the cat is called Miso"})], [f"{name}: done"]]
    term = lab.terminal(daemon, "chat", "--workspace", work, *args, **options)
    if not args or args[0].startswith("-"):
        term.wait_for("Enter send")
    return daemon, model, term


def say(term, text):
    term.send(text + "\r")


def came_at(term, piece):
    """When the last byte of the text's first occurrence arrived in the terminal."""
    with term.lock:
        pieces = list(term.pieces)
    got = b""
    for at, more in pieces:
        got += more
        if piece in got:
            return at
    raise Broken(f"{piece!r} is in no bytes of the terminal")


def memories(daemon):
    return [m["text"] for m in daemon.api().get("/memory")["items"]]


@case
def a_conversation_streams_and_stays_in_the_scrollback(lab):
    daemon, model, term = chat(lab)
    model.script["count"] = [[("text", " ".join(f"word{i}" for i in range(40)), 0.05)]]
    say(term, "count")
    term.wait_for("word3")
    lacks(term.text(), "word39", "the screen while it streams")
    contains("\n".join(term.glass()), "working", "the footer while it works")
    contains("\n".join(term.glass()), "fake/fake", "the footer")
    term.wait_for("word39")
    term.wait_for(READY)
    say(term, "hello")
    term.wait_for("answer to hello")
    term.wait_for(re.compile(r"36 tokens"))
    text = term.text()
    expect(text.index("word0") < text.index("hello") < text.index("answer to hello"), f"order on the screen:\n{text}")
    equal(text.count("word20"), 1, "times that streamed text stands on the screen")
    term.send("\x04")
    equal(term.wait_exit(), 0, "exit code after Ctrl-D")
    expect(term.is_restored(), f"the terminal is not as it was: {term.screen.modes}, cursor {term.screen.cursor_shown}")
    contains(term.text(), "pryx chat --session ses_", "how to go on")
    session = re.search(r"ses_\w+", term.text())[0]
    equal(len([m for m in daemon.api().transcript(session) if m["role"] == "user"]), 2, "messages of the session")
    again = lab.terminal(daemon, "chat", "--session", session)
    again.wait_for("Enter send")
    say(again, "/quit")
    equal(again.wait_exit(), 0, "exit code after /quit")


@case
def a_prompt_in_the_arguments_is_sent_at_once(lab):
    daemon, model, term = chat(lab, "hello there")
    term.wait_for("answer to hello there")
    term.wait_for(READY)
    term.send("\x04")
    equal(term.wait_exit(), 0, "exit code")


@case
def markdown_is_rendered(lab):
    daemon, model, term = chat(lab)
    model.script["md"] = [[("text", "# Title\n\nSome **bold** and `code` and *slanted* text.\n\n- one\n- two\n\n1. first\n2. second\n\n```python\nprint('x  y')\n```\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[link](https://example.org/x)", 0.01)]]
    say(term, "md")
    term.wait_for("example.org")
    term.wait_for(READY)
    text = term.text()
    for raw in ("**bold**", "`code`", "```", "# Title", "[link]("):
        lacks(text, raw, "the rendered screen")
    for shown in ("Title", "bold", "print('x  y')", "first", "quoted"):
        contains(text, shown, "the rendered screen")
    contains(term.bytes().decode(errors="replace"), "\x1b[1m", "bold text")


@case
def keys_answer_the_card(lab):
    daemon, model, term = chat(lab)
    say(term, "save")
    term.wait_for("allow?")
    seconds = came_at(term, b"allow?") - model.of("save")[1].first_sent  # its second answer is the call that asks
    print(f"the card stood {seconds * 1000:.0f} ms after the model sent the tool call")
    expect(sanitized(lab.binaries) or 0 <= seconds < CARD_LIMIT, f"the card came {seconds:.2f} s after the tool call")
    contains(term.text(), "the cat is called Miso", "the card")
    contains(term.text(), "memory.save", "the card")
    term.wait_quiet(0.2)
    for key in ("x", " ", "\r", "\x1b[A", "Y"):
        term.send(key)
    time.sleep(0.4)
    equal((memories(daemon), len(daemon.api().get("/approvals?state=pending")["items"])), ([], 1), "after keys that mean nothing")
    term.send("y")
    term.wait_for("save: done")
    equal(memories(daemon), ["the cat is called Miso"], "memories after y")
    term.wait_for(READY)
    say(term, "save again")
    term.wait_for(re.compile(r"allow\?"))
    term.wait_quiet(0.2)
    term.send("n")
    term.wait_for("save again: done")
    equal(len(memories(daemon)), 1, "memories after n")
    contains(term.text(), "denied", "the screen after n")


@case
def deny_with_a_reason(lab):
    daemon, model, term = chat(lab)
    say(term, "save")
    term.wait_for("allow?")
    term.wait_quiet(0.2)
    term.send("r")
    term.wait_for("reason ›")
    term.send("\x1b")
    term.wait_for("allow?")
    term.wait_quiet(0.2)
    term.send("r")
    term.wait_for("reason ›")
    say(term, "cats are secret")
    term.wait_for("save: done")
    contains(model.of("save")[-1].tool_results()[-1], "cats are secret", "the reason reaches the model")
    equal(memories(daemon), [], "memories")


@case
def session_and_always_by_key(lab):
    daemon, model, term = chat(lab)
    for name in ("save", "save again"):
        model.script[name] = [[("call", "fs.write", {"path": "cat.txt", "content": "Miso"})], [f"{name}: done"]]
    say(term, "save")
    term.wait_for("allow?")
    term.wait_quiet(0.2)
    term.send("s")
    term.wait_for("save: done")
    term.wait_for(READY)
    say(term, "save again")
    term.wait_for("save again: done")
    equal(daemon.api().get("/approvals?state=pending")["items"], [], "questions in a session that was allowed")
    term.wait_for(READY)
    term.send("\x04")
    term.wait_exit()
    other = lab.terminal(daemon, "chat", "--workspace", lab.box.root / "work")
    other.wait_for("Enter send")
    say(other, "save")
    other.wait_for("allow?")
    other.wait_quiet(0.2)
    other.send("a")
    other.wait_for("rule ›")
    contains(other.text(), "fs.write(", "the rule that would be kept is shown")
    other.send("\r")
    other.wait_for("save: done")
    other.wait_for(READY)
    approval = daemon.api().get("/approvals?state=approved&limit=1")["items"][0]
    equal(approval["scope"], "always", "scope of the answer")


@case
def an_answer_from_elsewhere_closes_the_card(lab):
    daemon, model, term = chat(lab)
    say(term, "save")
    term.wait_for("allow?")
    approval = daemon.api().get("/approvals?state=pending")["items"][0]
    daemon.api().post(f"/approvals/{approval['id']}", {"decision": "approve"})
    term.wait_for("save: done")
    lacks("\n".join(term.glass()[-3:]), "allow?", "the screen after the answer")


@case
def typing_ahead_answers_no_card(lab):
    """What was typed before the card was on the screen may not answer it."""
    daemon, model, term = chat(lab)
    model.script["save"] = [[("pause", 0.8), ("call", "fs.read", {"path": "note.txt"})], [("pause", 0.5), ("call", "memory.save", {"text": "typed ahead"})], ["save: done"]]
    say(term, "save")
    for _ in range(10):
        term.send("y")
        time.sleep(0.05)
    term.wait_for("allow?")
    time.sleep(0.4)
    equal(len(daemon.api().get("/approvals?state=pending")["items"]), 1, "questions that are still open")
    equal(memories(daemon), [], "memories")


@case
def ctrl_c_cancels_the_turn_and_twice_leaves(lab):
    daemon, model, term = chat(lab)
    model.script["long"] = [[("text", "tick tock " * 300, 0.05)]]
    say(term, "long")
    term.wait_for("tick")
    term.send("\x03")
    term.wait_for(re.compile("cancelled", re.I))
    wait_until(lambda: model.of("long")[0].gone_at, 5, "the model's stream is closed")
    term.wait_for(READY)
    say(term, "hello")
    term.wait_for("answer to hello")
    term.wait_for(READY)
    term.send("half a line")
    term.send("\x03")
    term.wait_for("again")
    expect(term.process.poll() is None, "one Ctrl-C left the conversation")
    lacks("\n".join(term.glass()), "half a line", "the line after Ctrl-C")
    term.send("\x03")
    equal(term.wait_exit(), 130, "exit code after two Ctrl-C")
    expect(term.is_restored(), "the terminal is not as it was")


@case
def two_ctrl_c_in_a_row_leave_a_running_turn(lab):
    daemon, model, term = chat(lab)
    model.script["long"] = [[("text", "tick tock " * 300, 0.05)]]
    say(term, "long")
    term.wait_for("tick")
    term.send("\x03\x03")
    equal(term.wait_exit(), 130, "exit code")
    expect(term.is_restored(), "the terminal is not as it was")
    turn = next(m["turn_id"] for m in daemon.api().transcript(daemon.api().get("/sessions")["items"][0]["id"]))
    equal(daemon.api().wait_turn(turn)["state"], "cancelled", "the turn")


@case
def ctrl_c_at_a_card_cancels(lab):
    daemon, model, term = chat(lab)
    say(term, "save")
    term.wait_for("allow?")
    term.wait_quiet(0.2)
    term.send("\x03")
    term.wait_for(re.compile("cancelled", re.I))
    equal(daemon.api().get("/approvals?state=superseded")["items"][0]["tool"], "memory.save", "the question")
    equal(memories(daemon), [], "memories")
    term.wait_for(READY)


@case
def signals_restore_the_terminal(lab):
    for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        daemon, model, term = chat(lab) if number == signal.SIGTERM else (None, None, None)
        if term is None:
            daemon = next(c for c in lab.box.closers if hasattr(c, "program"))
            term = lab.terminal(daemon, "chat", "--workspace", lab.box.root / "work")
            term.wait_for("Enter send")
        term.interrupt_process(number)
        equal(term.wait_exit(), code, f"exit code after {number.name}")
        expect(term.is_restored(), f"the terminal is not as it was after {number.name}")


@case
def the_line_editor_edits(lab):
    daemon, model, term = chat(lab)
    term.send("helo wrld")
    term.send("\x1b[D" * 3 + "o")        # wo|rld
    term.send("\x01" + "\x1b[C" * 3 + "l")  # hel|lo
    term.send("\x05!")
    term.wait_for("hello world!")
    term.send("\r")
    term.wait_for("answer to hello world!")
    term.wait_for(READY)
    term.send("\x1b[A")
    term.wait_quiet(0.2)
    contains("\n".join(term.glass()[-3:]), "hello world!", "the line before, by Up")
    term.send("\x15")
    term.wait_quiet(0.2)
    lacks("\n".join(term.glass()[-2:]), "hello world!", "the line after Ctrl-U")
    term.send("one\ntwo")
    term.wait_quiet(0.2)
    expect(not model.of("one"), "Ctrl-J sent the line")
    term.send("\x15\x7f" * 3)
    term.send("\x1b[200~pasted\rtext with\ttab\x1b[201~")
    term.wait_quiet(0.3)
    expect(not model.of("pasted"), "a pasted line break sent the line")
    term.send("\r")
    term.wait_for("answer to")
    wait_until(lambda: any("pasted" in r.text for r in model.requests), 10, "the pasted text is sent")
    contains([r.text for r in model.requests if "pasted" in r.text][0], "pasted\ntext with", "the pasted text")


@case
def wide_and_combining_characters(lab):
    daemon, model, term = chat(lab, columns=40)
    text = "漢字カナ 🧑‍🚀 e\u0301 ﷽ " * 12
    model.script["wide"] = [[("text", text, 0.02)]]
    say(term, "wide 漢字 äöü")
    term.wait_for("answer to wide 漢字 äöü")
    term.wait_for(READY)
    say(term, "wide")
    term.wait_for(READY)
    wait_until(lambda: daemon.api().get("/status")["turns"]["running"] == 0 and len(model.of("wide")) == 1, 10, "the turn ends")
    term.wait_quiet(0.4)
    expect(not term.screen.odd, f"odd sequences: {term.screen.odd[:5]}")
    expect(term.text().count("漢字カナ") >= 12, f"the wide text is not whole:\n{term.text()}")


@case
def resizing_keeps_the_screen_usable(lab):
    daemon, model, term = chat(lab)
    model.script["long"] = [[("text", " ".join(f"w{i}" for i in range(150)), 0.02)]]
    say(term, "long")
    term.wait_for("w5")
    for rows, columns in ((10, 40), (30, 120), (5, 20), (24, 80)):
        term.resize(rows, columns)
        time.sleep(0.15)
    term.wait_for("w149", 30)
    term.wait_for(READY)
    term.send("still here\r")
    term.wait_for("answer to still here")
    expect(not term.screen.odd, f"odd sequences: {term.screen.odd[:5]}")


@case
def streaming_does_not_flicker(lab):
    """Each frame touches only what changed: no screen is cleared, no more than a few lines are erased per frame, and frames are bounded."""
    daemon, model, term = chat(lab, rows=24, columns=80)
    words = 400
    model.script["flow"] = [[("text", " ".join(f"word{i}" for i in range(words)), 0.008)]]
    with term.lock:
        erases, screens, frames, begin_bytes = term.screen.line_erases, term.screen.screen_erases, term.screen.frames, len(term.raw)
    say(term, "flow")
    term.wait_for("word2")
    begin = time.monotonic()
    term.wait_for(f"word{words - 1}", 60)
    seconds = time.monotonic() - begin
    term.wait_for(READY)
    with term.lock:
        erases, screens, frames, size = term.screen.line_erases - erases, term.screen.screen_erases - screens, term.screen.frames - frames, len(term.raw) - begin_bytes
        raw = term.raw[begin_bytes:]
    print(f"{seconds:.1f} s of streaming: {frames / seconds:.0f} frames/s, {erases / seconds:.0f} line erases/s, {screens} erases below, {size / seconds:.0f} bytes/s")
    expect(frames / seconds <= FRAMES_PER_SECOND * 1.2 + 2, f"{frames / seconds:.0f} frames a second")
    expect(erases <= frames + 5, f"{erases} lines were erased in {frames} frames")
    expect(screens <= 6, f"the screen below the cursor was erased {screens} times")
    lacks(raw.decode(errors="replace"), "\x1b[2J", "a streamed answer")
    lacks(raw.decode(errors="replace"), "\x1b[2K", "a streamed answer")
    # Every frame is one synchronised update: nothing is written between them.
    outside = re.sub(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", b"", raw, flags=re.S)
    equal(outside, b"", "bytes outside of frames")
    # Text that is on the screen is not written again and again: beside what is new, a frame costs the last line of the text
    # and the footer, with their colours. On a busy machine there are fewer frames, and nearly each begins a new line.
    expect(len(raw) < words * 8 + frames * (2 * 80 + 80), f"{len(raw)} bytes for {words} words in {frames} frames")
    for i in range(0, words, 25):
        equal(len(re.findall(rf"\bword{i}\b", term.text())), 1, f"times that word{i} stands on the screen")


@case
def hostile_text_cannot_drive_the_terminal(lab):
    daemon, model, term = chat(lab, files={"note.txt": HOSTILE})
    model.script["attack"] = [[("reasoning", HOSTILE), HOSTILE, ("call", "fs.read", {"path": "note.txt"})], [("call", "memory.save", {"text": HOSTILE})],
                              ["```\n" + HOSTILE + "\n```\n\n# " + HOSTILE + "\n\n[" + HOSTILE + "](javascript:alert(1)) | " + HOSTILE + "\n\nthe end"]]
    say(term, "attack")
    term.wait_for("allow?")
    term.wait_quiet(0.2)
    term.send("n")
    term.wait_for("the end")
    term.wait_for(READY)
    raw = term.bytes().decode(errors="replace")
    # Our own output sets the cursor with relative moves and columns only.
    for bad in FORBIDDEN:
        lacks(raw, bad, "the terminal")
    expect(not term.screen.odd, f"odd sequences: {term.screen.odd[:5]}")
    model.script["fail"] = [[("status", 400, {"error": {"message": HOSTILE}})]]
    say(term, "fail")
    term.wait_for("error")
    raw = term.bytes().decode(errors="replace")
    for bad in FORBIDDEN:
        lacks(raw, bad, "the terminal after an error")


@case
def a_split_sequence_is_no_sequence(lab):
    """An escape sequence that comes in pieces over several deltas."""
    daemon, model, term = chat(lab)
    model.script["pieces"] = [["safe ", "\x1b", "]0;own", "ed\x07", "\x1b", "[2J", "\xc2", "\x9b31m", " the end"]]
    say(term, "pieces")
    term.wait_for("the end")
    raw = term.bytes().decode(errors="replace")
    for bad in ("\x1b]", "\x1b[2J", "\x07", "\x9b"):
        lacks(raw, bad, "the terminal")


@case
def a_daemon_that_comes_back_goes_on_with_the_turn(lab):
    daemon, model, term = chat(lab)
    model.script["long"] = [[("text", "tick tock " * 300, 0.05)]]
    say(term, "long")
    term.wait_for("tick tock")
    daemon.kill9()
    model.script["long"] = [["the whole answer"]]
    daemon.start()
    term.wait_for("the whole answer", 30)
    term.wait_for(READY)
    contains(term.text(), "interrupted", "the screen")
    say(term, "hello")
    term.wait_for("answer to hello")


@case
def a_daemon_that_stays_away_is_an_error_not_a_hang(lab):
    daemon, model, term = chat(lab)
    model.script["long"] = [[("text", "tick tock " * 300, 0.05)]]
    say(term, "long")
    term.wait_for("tick")
    daemon.kill9()
    term.wait_for("lost the daemon", 30)
    contains(term.text(), "pryx session show ses_", "how to see the rest")
    term.send("\x04")
    term.wait_exit()
    expect(term.is_restored(), "the terminal is not as it was")


@case
def chat_without_a_terminal(lab):
    daemon = lab.daemon()
    lab.model(daemon)
    ran = daemon.cli("chat", "--workspace", lab.workspace(), stdin="hello\nagain\n")
    equal(ran.code in (0, 2), True, f"exit code of chat with a pipe ({short(ran.err, 300)})")
    lacks(ran.out, "\x1b", "stdout")
    if ran.code == 0:
        contains(ran.out, "answer to hello", "stdout")
    ran = daemon.cli("chat", "--plain", "--workspace", lab.workspace(), stdin="hello\n")
    expect(ran.code in (0, 2), f"exit code of chat --plain with a pipe: {ran.code}")


@case
def plain_chat_changes_nothing_in_place(lab):
    daemon = lab.daemon()
    model = lab.model(daemon)
    work = lab.workspace({"note.txt": "x"})
    model.script["save"] = [[("call", "fs.read", {"path": "note.txt"})], [("call", "memory.save", {"text": "x"})], ["save: done"]]
    term = lab.terminal(daemon, "chat", "--plain", "--workspace", work)
    term.wait_quiet(0.5)
    say(term, "save")
    term.wait_for("allow?")
    say(term, "y")
    term.wait_for("save: done")
    raw = term.bytes().decode(errors="replace")
    expect(not re.search(r"\x1b\[[0-9]*[ABGHJK]", raw), "plain chat moves the cursor")
    equal(memories(daemon), ["x"], "memories")
    term.send("\x04")
    equal(term.wait_exit(), 0, "exit code after Ctrl-D")
