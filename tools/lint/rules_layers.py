# SPDX-License-Identifier: MIT
"""Rules about which folder may use which: layers, declared dependencies, private folders, who may name what."""
import json
import pathlib
import re

from source import Finding

LAYERS = json.loads((pathlib.Path(__file__).parent / "layers.json").read_text())
RANK = {}
for wing_rank, wing in enumerate(LAYERS["wings"]):
    for module_rank, module in enumerate(wing["modules"]):
        RANK[f"{wing['name']}/{module}"] = (wing_rank, module_rank)
WINGS = {wing["name"] for wing in LAYERS["wings"]}

MODULE_CALL = re.compile(r"pryx_module\s*\(([^)]*)\)", re.DOTALL)
KEYWORDS = {"NAME", "DEPS", "LIBS", "TEST_DEPS", "TEST_LIBS"}


def included_module(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 and parts[0] in WINGS else None


def declared(tree, module):
    """The lists of a module's pryx_module() call, or None when its CMakeLists.txt has none."""
    file = tree.files.get(f"src/{module}/CMakeLists.txt")
    call = MODULE_CALL.search(re.sub(r"#[^\n]*", "", file.text)) if file else None
    if not call:
        return None
    lists, current = {key: [] for key in KEYWORDS}, None
    for word in call.group(1).split():
        if word in KEYWORDS:
            current = word
        elif current:
            lists[current].append(word)
    return lists


def layering(tree):
    for module in tree.modules():
        if module not in RANK:
            yield Finding(f"src/{module}", 1, "layering", "this module is not in tools/lint/layers.json; add it where it belongs")
            continue
        lists = declared(tree, module) or {"DEPS": [], "TEST_DEPS": []}
        for used in lists["DEPS"] + lists["TEST_DEPS"]:
            if used not in RANK or RANK[used] >= RANK[module]:
                yield Finding(f"src/{module}/CMakeLists.txt", 1, "layering", f"{module} depends on {used}, which is not below it")
    for file in tree.cpp("src/"):
        if file.module not in RANK:
            continue
        for line, _, path in file.includes():
            used = included_module(path)
            if used and used != file.module and (used not in RANK or RANK[used] >= RANK[file.module]):
                yield Finding(file.path, line, "layering", f"{file.module} includes {path}; {used} is not below it")


def deps(tree):
    """An include needs its module in DEPS, directly or through them: otherwise it links only by luck."""
    lists = {module: declared(tree, module) for module in tree.modules()}

    def closure(names):
        seen, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += (lists.get(name) or {"DEPS": []})["DEPS"]
        return seen

    for file in tree.cpp("src/"):
        own = lists.get(file.module)
        if own is None:
            continue
        reachable = closure(own["DEPS"] + (own["TEST_DEPS"] if file.is_test else []))
        for line, _, path in file.includes():
            used = included_module(path)
            if used and used != file.module and used not in reachable:
                where = "DEPS or TEST_DEPS" if file.is_test else "DEPS"
                yield Finding(file.path, line, "deps", f"includes {path}, but src/{file.module}/CMakeLists.txt lacks {used} in {where}")


def internal(tree):
    """internal/ belongs to its module. Tests of the whole and fuzzers outside src/ may look inside."""
    for file in tree.cpp("src/", "apps/"):
        for line, _, path in file.includes():
            used = included_module(path)
            if used and "/internal/" in path and used != file.module:
                yield Finding(file.path, line, "internal", f"{path} is private to src/{used}")


def include_path(tree):
    for file in tree.cpp("src/"):
        for line, quote, path in file.includes():
            if quote == '"' and path.split("/")[0] not in WINGS:
                yield Finding(file.path, line, "include-path", f'write "wing/module/file.h" instead of "{path}"')
            if quote == '"' and path.split("/")[0] in WINGS and not tree.exists(f"src/{path}"):
                yield Finding(file.path, line, "include-path", f"src/{path} does not exist")


SEAMS = ("foundation/async/", "foundation/db/", "foundation/net/", "foundation/platform/")
# rule, pattern, folders under src/ where it is allowed, what to do instead
TOKENS = [
    ("beast", r"<boost/beast|\bboost::beast\b|\bbeast::", ("foundation/net/",),
     "Beast stays in foundation/net; use its Request, Response and WebSocket"),
    ("curl", r"<curl/", ("foundation/net/",), "curl stays in foundation/net; use its HttpClient"),
    ("sqlite", r"<(?:sqlcipher/)?sqlite3\.h>", ("foundation/db/",), "SQLite stays in foundation/db; use its statements"),
    ("seam", r"\bsteady_timer\b|\bsystem_timer\b|\bco_spawn\b|\bstd::j?thread\b|\b\w+_clock::now\b|\brandom_device\b", SEAMS,
     "timers, threads, clocks and random come from foundation/async, db, net or platform, so that simulation can replace them"),
    ("mutex", r"\bstd::(?:recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable\b", SEAMS + ("foundation/base/",),
     "module state belongs to the one I/O thread; use foundation/async instead of a lock"),
    ("regex", r"\bstd::w?regex\b|<regex>", (), "std::regex is banned; use RE2"),
    ("detached", r"\b(?:asio|net)::detached\b|<boost/asio/detached\.hpp>", (), "run it in an async::TaskGroup"),
    ("sleep", r"\bsleep_for\b|\bsleep_until\b|\busleep\s*\(|\bnanosleep\s*\(", ("foundation/platform/",),
     "nothing sleeps; wait for the event or advance the manual clock"),
    ("json-library", r"nlohmann", (), "use Boost.JSON"),
]


def tokens(tree):
    for file in tree.cpp("src/", "apps/"):
        place = file.path.removeprefix("src/")
        for rule, pattern, allowed, advice in TOKENS:
            if place.startswith(allowed):
                continue
            for match in re.finditer(pattern, file.code):
                yield Finding(file.path, file.line_of(match.start()), rule, f"{match.group(0).strip()}: {advice}")


HEAVY = re.compile(r"^(boost/asio\.hpp|boost/beast.*|boost/json/src\.hpp|iostream|regex|sqlite3\.h|sqlcipher/sqlite3\.h|yaml-cpp/yaml\.h)$")


def heavy_header(tree):
    for file in tree.cpp("src/"):
        if not file.path.endswith(".h") or "/internal/" in file.path or "/testing/" in file.path:
            continue
        for line, _, path in file.includes():
            if HEAVY.match(path):
                yield Finding(file.path, line, "heavy-header", f"<{path}> does not belong into a public header; forward-declare or move it to the .cpp")


UNGATED = "src/engine/tools/tool.h"  # where the gate's pass names its second friend


def test_only(tree):
    for file in tree.cpp("src/", "apps/"):
        if file.is_test:
            continue
        for line, quote, path in file.includes():
            if quote == '"' and "/testing/" in f"/{path}":
                yield Finding(file.path, line, "test-only", f"{path} is for tests; what the product needs lies elsewhere")
        for match in re.finditer(r"\bUngatedPass\b", file.code):
            if file.path != UNGATED:
                yield Finding(file.path, file.line_of(match.start()), "test-only", "UngatedPass runs tools past the gate: tests only")


RULES = [layering, deps, internal, include_path, tokens, heavy_header, test_only]
