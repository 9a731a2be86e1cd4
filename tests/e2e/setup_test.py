# SPDX-License-Identifier: MIT
"""pryx setup as a person goes through it: the folder, the menu, a key that is typed, a server of this machine. Each branch in a terminal."""
import http.client
import http.server
import json
import os
import threading

from harness import case, contains, equal, expect, free_port, lacks
from detect_test import LocalServer
from vendors import CONTEXT, MOST_OUTPUT, Vendors

KEY = "sk-blue-otter-ledger-77"
VARIABLES = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")


class Elsewhere:
    """The daemon's API at another port, where the clouds live on this machine: the CLI knows no address of a vendor, and no case talks to one."""

    def __init__(self, daemon, clouds):
        host = f"127.0.0.1:{daemon.port}"

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                name = self.path.rsplit("/", 1)[-1]
                if self.command == "PUT" and "/providers/" in self.path and name in clouds:
                    body = json.dumps({**json.loads(body), "base_url": clouds[name]}).encode()
                headers = {k: self.headers[k] for k in ("Authorization", "Content-Type", "Accept") if k in self.headers}
                upstream = http.client.HTTPConnection(host, timeout=30)
                upstream.request(self.command, self.path, body or None, headers)
                answer = upstream.getresponse()
                data = answer.read()
                upstream.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def fresh(lab, ports="none"):
    """A daemon that finds no server but those on `ports`, and a person without keys in the environment."""
    for name in VARIABLES:
        os.environ.pop(name, None)
    daemon = lab.daemon()
    daemon.api().put("/settings", {"settings": {"provider.local_ports": str(ports)}})
    lab.write_config(daemon, "models.yaml", f"models:\n  anthropic/real: {{context: {CONTEXT}, max_output: {MOST_OUTPUT}}}\n")
    return daemon, lab.workspace({"a.txt": "x"})


def at_menu(term):
    """Takes the suggested folder; the lines of the menu."""
    term.wait_for("folder [")
    term.send("\n")
    term.wait_for("number [")
    lines = [line.strip() for line in term.text().splitlines()]
    return {line.split("  ", 1)[1]: line.split("  ", 1)[0] for line in lines if line[:1].isdigit() and "/3" not in line[:3]}


def number_of(menu, words):
    found = [number for title, number in menu.items() if words in title]
    equal(len(found), 1, f"lines of the menu with {words!r}: {menu}")
    return found[0]


def default_model(daemon):
    return daemon.api().get("/status")["default_model"]


@case
def who_has_no_model_starts_without_one(lab):
    daemon, work = fresh(lab)
    term = lab.terminal(daemon, "setup", "--workspace", work)
    menu = at_menu(term)
    equal(list(menu.values()), ["1", "2", "3", "4"], "the numbers of the menu")
    for title in ("Anthropic (asks for your key)", "OpenAI (asks for your key)", "Google (asks for your key)"):
        number_of(menu, title)
    contains(term.text(), f"number [{number_of(menu, 'no model for now')}]", "what is suggested where nothing is free")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    contains(term.text(), "a.txt", "the first task's answer")
    contains(term.text(), f"next: cd {work.resolve()} && pryx chat", "what comes next")
    equal(default_model(daemon), "starter/commands", "the default model")


@case
def a_server_of_this_machine_is_the_first_choice(lab):
    vendors = lab.box.own(Vendors())
    daemon, work = fresh(lab, vendors.root.rsplit(":", 1)[1])
    term = lab.terminal(daemon, "setup", "--workspace", work)
    menu = at_menu(term)
    equal(number_of(menu, "real on this machine (ollama"), "1", "its number")
    contains(term.text(), "number [1]", "what is suggested")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    contains(term.text(), "ollama is done", "the first task's answer")
    equal(default_model(daemon), "ollama/real", "the default model")
    provider = next(p for p in daemon.api().get("/providers")["items"] if p["name"] == "ollama")
    equal((provider["kind"], provider["base_url"]), ("ollama", vendors.root), "the provider that was set up")
    # A second time it is what is kept.
    term = lab.terminal(daemon, "setup", "--workspace", work, "--no-task")
    equal(number_of(at_menu(term), "keep ollama/real"), "1", "the number of what is in force")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    equal(default_model(daemon), "ollama/real", "the default model after a second time")


@case
def a_folder_below_the_home_directory_may_be_typed_as_in_a_shell(lab):
    daemon, _ = fresh(lab)
    lab.workspace(name="person")
    home = lab.workspace(name="person/notes").parent
    term = lab.terminal(daemon, "setup", "--no-task", env={"HOME": str(home)})
    term.wait_for("folder [")
    term.send("~/notes\n")
    term.wait_for("number [")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    folders = [w["path"] for w in daemon.api().get("/workspaces")["items"]]
    expect(str((home / "notes").resolve()) in folders, f"the folder is none of {folders}")


@case
def of_a_server_of_this_machine_what_runs_here_is_suggested(lab):
    gb = 1_000_000_000
    models = [{"name": "nomic-embed-text", "size": gb}, {"name": "titan:900b", "size": 900 * gb}, {"name": "far:cloud", "size": 384, "remote_host": "https://ollama.example"}]
    server = lab.box.own(LocalServer({"/api/version": {"version": "0.12.3"}, "/api/tags": {"models": models}, "/api/ps": {"models": []}, "/api/show": lambda _: {}}))
    daemon, work = fresh(lab, server.port)
    def seen():
        term = lab.terminal(daemon, "setup", "--workspace", work, "--no-task")
        menu = at_menu(term)
        suggested = next(title for title, number in menu.items() if f"number [{number}]" in term.text())
        term.send("x\n")
        term.wait_exit()
        return list(menu), suggested
    menu, suggested = seen()
    equal(menu[:2], ["titan:900b on this machine (ollama; too big for this machine's memory)", "far:cloud (ollama, which sends all of it elsewhere)"], "the models")
    contains(suggested, "starter/commands", "what is suggested where nothing runs here")
    models.append({"name": "small", "size": 1})
    menu, suggested = seen()
    equal((menu[0], suggested), ("small on this machine (ollama)",) * 2, "what is suggested where one does")


@case
def a_server_of_this_machine_leaves_other_providers_alone(lab):
    vendors = lab.box.own(Vendors())
    daemon, work = fresh(lab, vendors.root.rsplit(":", 1)[1])
    other = {"kind": "ollama", "base_url": f"http://127.0.0.1:{free_port()}"}
    daemon.api().put("/providers/ollama", {**other, "key": KEY})
    def provider(name):
        return next(p for p in daemon.api().get("/providers")["items"] if p["name"] == name)
    term = lab.terminal(daemon, "setup", "--workspace", work, "--no-task")
    term.send(number_of(at_menu(term), "real on this machine (ollama-2") + "\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    equal(default_model(daemon), "ollama-2/real", "the default model")
    equal((provider("ollama")["base_url"], provider("ollama")["has_key"]), (other["base_url"], True), "the provider that had the name")
    # One that speaks to the server already is taken as it is, with its key.
    daemon.api().put("/providers/ollama-2", {"kind": "ollama", "base_url": vendors.root, "key": KEY})
    term = lab.terminal(daemon, "setup", "--workspace", work, "--no-task")
    term.send(number_of(at_menu(term), "real on this machine (ollama-2") + "\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    equal(provider("ollama-2")["has_key"], True, "whether the key of the server's provider is still there")


def in_the_cloud(lab, daemon, work, cloud, base_url, **env):
    here = lab.box.own(Elsewhere(daemon, {cloud: base_url}))
    return lab.terminal(daemon, "setup", "--workspace", work, "--no-task", "--host", here.url, env={"PRYX_TOKEN": daemon.api().make_token(), **env})


@case
def a_key_is_asked_for_and_never_shown(lab):
    vendors = lab.box.own(Vendors())
    daemon, work = fresh(lab)
    term = in_the_cloud(lab, daemon, work, "anthropic", vendors.root)
    term.send(number_of(at_menu(term), "Anthropic (asks for your key)") + "\n")
    term.wait_for("API key of Anthropic:")
    term.send(KEY + "\n")
    term.wait_for("model [anthropic/real]")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    contains(term.text(), "anthropic/real answers from now on", "the end")
    lacks(term.bytes().decode(errors="replace"), KEY, "what the terminal was given")
    expect(term.is_restored(), "the terminal is as it was")
    equal(default_model(daemon), "anthropic/real", "the default model")
    turn = daemon.api().run(daemon.api().session(workspace=str(work)), "hello")
    equal((turn["state"], turn["answered_by"]), ("completed", "anthropic/real"), "a turn after the setup")


@case
def a_key_of_the_environment_is_taken_without_a_question(lab):
    vendors = lab.box.own(Vendors())
    daemon, work = fresh(lab)
    term = in_the_cloud(lab, daemon, work, "openai", vendors.root + "/v1", OPENAI_API_KEY=KEY)
    menu = at_menu(term)
    term.send(number_of(menu, "OpenAI (with the key in OPENAI_API_KEY)") + "\n")
    term.wait_for("model [openai/real]")
    lacks(term.text(), "API key of", "the screen")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    lacks(term.bytes().decode(errors="replace"), KEY, "what the terminal was given")
    equal(default_model(daemon), "openai/real", "the default model")


@case
def what_a_vendor_has_for_other_things_is_not_suggested(lab):
    others = [f"text-embedding-{i}" for i in range(6)]
    vendor = lab.model(names=("babbage-002", "dall-e-2", "gpt-3.5-turbo", "gpt-4", "gpt-4o-mini", "gpt-5", "gpt-5-mini", *others, "whisper-1"))
    daemon, work = fresh(lab)
    term = in_the_cloud(lab, daemon, work, "openai", vendor.url, OPENAI_API_KEY=KEY)
    term.send(number_of(at_menu(term), "OpenAI (with the key in OPENAI_API_KEY)") + "\n")
    term.wait_for("model [openai/gpt-5]")
    shown = [line.strip() for line in term.text().splitlines() if line.strip().startswith("openai/")]
    equal(shown[:4], ["openai/gpt-5", "openai/gpt-5-mini", "openai/gpt-4", "openai/gpt-4o-mini"], "the models that come first")
    equal(len(shown), 12, "how many are shown")
    contains(term.text(), "and 2 more; pryx model list --provider openai", "what is not shown")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    equal(default_model(daemon), "openai/gpt-5", "the default model")
    plain = [m["id"] for m in daemon.api().get("/models?provider=openai")["items"]]
    equal(plain, sorted(plain), "the list that nobody asked to be sorted otherwise")
    equal(daemon.api().call("GET", "/models?sort=size")[0], 400, "an order that there is not")


@case
def a_vendor_that_is_set_up_keeps_its_key_and_its_address(lab):
    vendor = lab.model(names=("gpt-5",), key=KEY)
    daemon, work = fresh(lab)
    def put(key):
        daemon.api().put("/providers/openai", {"kind": "openai", "base_url": vendor.url, "key": key})
    def choose():
        term = lab.terminal(daemon, "setup", "--workspace", work, "--no-task")
        term.send(number_of(at_menu(term), "OpenAI (set up already)") + "\n")
        return term
    put(KEY)
    term = choose()
    term.wait_for("model [openai/gpt-5]")
    lacks(term.text(), "API key of", "the screen")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    # One that the vendor takes no longer is asked for anew.
    put("sk-of-yesterday")
    term = choose()
    term.wait_for("API key of OpenAI:")
    term.send(KEY + "\n")
    term.wait_for("model [openai/gpt-5]")
    term.send("gpt-5\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    lacks(term.bytes().decode(errors="replace"), KEY, "what the terminal was given")
    provider = next(p for p in daemon.api().get("/providers")["items"] if p["name"] == "openai")
    equal((provider["base_url"], provider["has_key"]), (vendor.url, True), "the provider that was there")
    equal(default_model(daemon), "openai/gpt-5", "the default model, which was typed as the vendor calls it")


@case
def a_cloud_that_does_not_answer_changes_nothing_else(lab):
    daemon, work = fresh(lab)
    term = in_the_cloud(lab, daemon, work, "google", f"http://127.0.0.1:{free_port()}")
    term.send(number_of(at_menu(term), "Google (asks for your key)") + "\n")
    term.wait_for("API key of Google:")
    term.send(KEY + "\n")
    equal(term.wait_exit(60), 8, f"exit code:\n{term.text()}")
    contains(term.text(), "google is set up but does not answer", "the error")
    lacks(term.bytes().decode(errors="replace"), KEY, "what the terminal was given")
    equal(default_model(daemon), "starter/commands", "the default model")


@case
def what_is_no_answer_is_refused(lab):
    daemon, work = fresh(lab)
    other = lab.workspace({"b.txt": "x"}, name="other")
    for answer in ("9", "x", "0", "1x"):
        term = lab.terminal(daemon, "setup", "--workspace", work)
        at_menu(term)
        term.send(answer + "\n")
        equal(term.wait_exit(), 2, f"exit code of {answer!r}:\n{term.text()}")
        contains(term.text(), f"'{answer}' is none of 1 to 4", "the error")
    term = lab.terminal(daemon, "setup", "--workspace", work)
    term.wait_for("folder [")
    term.send("notes\n")
    equal(term.wait_exit(), 2, f"exit code of a folder that is not absolute:\n{term.text()}")
    # A key prompt that gets none.
    term = lab.terminal(daemon, "setup", "--workspace", work)
    term.send(number_of(at_menu(term), "Anthropic") + "\n")
    term.wait_for("API key of Anthropic:")
    term.send("\n")
    equal(term.wait_exit(), 2, f"exit code of an empty key:\n{term.text()}")
    expect(term.is_restored(), "the terminal is as it was")
    equal([p["name"] for p in daemon.api().get("/providers")["items"] if p["name"] == "anthropic"], [], "providers that were set up")
    # And one that is: the folder that is typed counts, not the suggestion.
    term = lab.terminal(daemon, "setup", "--workspace", work)
    term.wait_for("folder [")
    term.send(f"{other}\n")
    term.wait_for("number [")
    term.send("\n")
    equal(term.wait_exit(30), 0, f"exit code:\n{term.text()}")
    contains(term.text(), "b.txt", "the first task's answer")
