# SPDX-License-Identifier: MIT
"""Every rule must find its bad snippet and leave the good one alone. A rule without a row here fails."""
import re

import rules_code
import rules_layers
import rules_text
from source import Tree

HEAD = "// SPDX-License-Identifier: MIT\n"
BASE = {"src/foundation/base/CMakeLists.txt": "pryx_module(NAME foundation/base)", "src/foundation/base/text.h": HEAD + "#pragma once\n"}


def module(name, deps="", test_deps=""):
    return {f"src/{name}/CMakeLists.txt": f"# SPDX-License-Identifier: MIT\npryx_module(NAME {name} DEPS {deps} TEST_DEPS {test_deps})"}


def body(code, path="src/engine/agent/x.cpp"):
    return {path: HEAD + "Task<Result<int>> f() {\n" + code + "\n}\n"}


def cpp(code, path="src/engine/agent/x.cpp"):
    return {path: HEAD + code + "\n"}


def header(code, path="src/engine/agent/x.h"):
    return {path: HEAD + "#pragma once\n" + code + "\n"}


# Built so that this file does not itself contain what the rules look for.
HOST = "https://" + "regis" + "try.example/x"
PLACE = "/ho" + "me/jane/x"

# rule: (files where it must find something, files where it must not)
CASES = {
    "layering": (
        [{**module("foundation/base"), **cpp('#include "trust/policy/x.h"', "src/foundation/base/x.cpp")},
         {**cpp('#include "foundation/events/x.h"', "src/foundation/db/x.cpp")},
         module("trust/policy", "trust/vault"),
         module("engine/unheard_of")],
        [{**module("trust/policy", "trust/labels"), **cpp('#include "foundation/base/text.h"', "src/trust/policy/x.cpp")},
         cpp('#include "surfaces/server/x.h"', "src/surfaces/cli/x.cpp")]),
    "deps": (
        [{**BASE, **module("trust/policy"), **cpp('#include "foundation/base/text.h"', "src/trust/policy/x.cpp")},
         {**BASE, **module("trust/policy", "", "foundation/base"), **cpp('#include "foundation/base/text.h"', "src/trust/policy/x.cpp")}],
        [{**BASE, **module("trust/labels", "foundation/base"), **module("trust/policy", "trust/labels"),
          **cpp('#include "foundation/base/text.h"', "src/trust/policy/x.cpp")},
         {**BASE, **module("trust/policy", "", "foundation/base"), **cpp('#include "foundation/base/text.h"', "src/trust/policy/x_test.cpp")}]),
    "internal": (
        [cpp('#include "trust/policy/internal/parse.h"', "src/engine/tools/x.cpp"),
         cpp('#include "trust/policy/internal/parse.h"', "apps/pryx/main.cpp")],
        [cpp('#include "trust/policy/internal/parse.h"', "src/trust/policy/x.cpp"),
         cpp('#include "trust/policy/internal/parse.h"', "fuzz/policy_fuzz.cpp")]),
    "include-path": (
        [cpp('#include "text.h"', "src/foundation/base/x.cpp"), cpp('#include "foundation/base/gone.h"')],
        [{**BASE, **cpp('#include "foundation/base/text.h"', "src/foundation/base/x.cpp")}]),
    "beast": ([cpp("#include <boost/beast/http.hpp>"), cpp("#include <boost/beast.hpp>", "apps/pryx/main.cpp")],
              [cpp("#include <boost/beast/http.hpp>", "src/foundation/net/http.cpp"), cpp("// <boost/beast.hpp> stays away")]),
    "curl": ([cpp("#include <curl/curl.h>")], [cpp("#include <curl/curl.h>", "src/foundation/net/x.cpp")]),
    "sqlite": ([cpp("#include <sqlcipher/sqlite3.h>")], [cpp("#include <sqlcipher/sqlite3.h>", "src/foundation/db/x.cpp")]),
    "seam": (
        [cpp("asio::steady_timer t(io);"), cpp("co_spawn(io, f(), h);"), cpp("std::thread t(f);"), cpp("std::jthread t(f);"),
         cpp("auto t = std::chrono::system_clock::now();"), cpp("std::random_device d;"), cpp("auto t = steady_clock::now();", "apps/pryx/x.cpp")],
        [cpp("asio::steady_timer t(io);", "src/foundation/async/x.cpp"), cpp('auto s = "std::thread";'), cpp("// std::thread is not used"),
         cpp("auto t = clock.now(); std::this_thread::get_id();"), cpp("std::thread t(f);  // lint: allow(seam) reads the tty before the loop exists")]),
    "mutex": ([cpp("std::mutex m;"), cpp("std::shared_mutex m;")], [cpp("std::mutex m;", "src/foundation/base/log.cpp")]),
    "regex": ([cpp("std::regex r;"), cpp("#include <regex>")], [cpp("re2::RE2 r(text); auto s = R\"(std::regex)\";")]),
    "detached": ([cpp("asio::detached;"), cpp("boost::asio::detached;", "src/foundation/async/x.cpp")], [cpp("bool detached = true;")]),
    "sleep": ([cpp("std::this_thread::sleep_for(1s);", "src/engine/agent/x_test.cpp")], [cpp("auto sleeper = 1;")]),
    "test-only": (
        [cpp('#include "engine/tools/testing/ungated_pass.h"'), cpp("auto pass = UngatedPass::make();", "apps/pryx/x.cpp")],
        [cpp('#include "engine/tools/testing/ungated_pass.h"', "src/engine/agent/x_test.cpp"), cpp("UngatedPass::make();", "src/engine/tools/testing/x.h"),
         cpp("friend class UngatedPass;", "src/engine/tools/tool.h")]),
    "json-library": ([cpp("#include <nlohmann/json.hpp>")], [cpp("#include <boost/json.hpp>")]),
    "heavy-header": (
        [header("#include <boost/asio.hpp>"), header("#include <iostream>"), header("#include <sqlite3.h>"), header("#include <boost/beast/core.hpp>")],
        [header("#include <string>"), cpp("#include <iostream>"), header("#include <iostream>", "src/engine/agent/testing/x.h")]),
    "co-await": (
        [body(code) for code in (
            "if (co_await f()) return;", "while (!co_await f()) {}", "if (auto r = co_await f(); r) {}", "if (x; co_await f()) {}",
            "switch (co_await f()) {}", "for (auto x : co_await f()) {}", "for (int i = 0; i < 3; co_await f()) {}",
            "auto x = a ? co_await f() : g();", "auto x = co_await f() ? 1 : 2;", "auto x = g(co_await f());", "g(1, co_await f());",
            "co_return g(co_await f());", "auto x = (co_await f()).value();", "auto x = Row{co_await f()};", "auto x = Row{1, co_await f()};",
            "auto x = co_await f() + co_await g();", "EXPECT_TRUE(co_await f());", "PRYX_CO_TRY(auto x, g(co_await f()));",
            "co_await g(co_await f());", "x = 1 + co_await f();", "auto x = !co_await f();", "return g([] { return 1; }, co_await f());",
            "EXPECT_EQ(Row{1}, co_await f());", "if (a) co_return co_await f() ? 1 : 2;", "auto [a, b] = g(co_await f());", "*co_await f();")],
        [body(code) for code in (
            "co_await f();", "auto x = co_await f(a, {1, 2}, b ? 1 : 2);", "x = co_await f();", "co_return co_await f();", "self->x_.y = co_await f();",
            "PRYX_CO_TRY(auto x, co_await f(a));", "PRYX_CO_TRY_VOID(co_await f());", "const auto& [a, b] = co_await f();", "x += co_await f();",
            "if (a) co_await f();", "if (a) { co_await f(); } else { co_await g(); }", "else co_return co_await f();", "for (;;) co_await f();",
            "for (int i = 0; i < 3; ++i) { auto r = co_await f(i); }", "do { co_await f(); } while (x);", "try { co_await f(); } catch (...) {}",
            "switch (x) { case Kind::kA: co_await f(); break; default: co_return co_await g(); }", "ns::x = co_await f();",
            "group.spawn(\"x\", [](Foo f) -> Task<void> { co_await f.run(); }(foo));", "run(io, []() -> Task<Result<void>> { co_await f(); }());",
            "std::map<int, std::string> x = co_await f();", "(void)co_await f();", "auto a = Row{1}; auto b = co_await f();",
            "Task<int> C::f() const& { co_await g(); }", "PRYX_CO_TRY((std::pair<int, int> p), co_await f());",
            "// if (co_await f())", "auto s = \"if (co_await f())\";", "auto x = co_await (a() || b());", "std::array<int, 2> a{1, 2};\n  co_await f();",
            "auto t = Row{.a = 1,\n .b = 2};\n PRYX_CO_TRY(auto r, co_await f(t));", "while (true) {\n  Row row{1};\n  auto x = co_await f(row);\n}")]),
    "coroutine-capture": (
        [body("auto l = [this]() -> Task<void> { co_await f(); };"), body("run([&] { return [&](int x) mutable -> Task<int> { co_return x; }(1); });"),
         body("auto l = [x = std::move(y)](int a) -> Task<void> {\n if (a) { co_return; }\n};")],
        [body("auto l = [](Foo f) -> Task<void> { co_await f.run(); };"), body("auto l = [this] { start(); }; co_await f();"),
         body("auto x = table[i]; co_await f(); [[maybe_unused]] int y;"), body("auto l = [&](int a) { g([](B b) -> Task<void> { co_await b; }(a)); };"),
         body("auto l = [&]() -> Task<void> { co_await f(); };", "src/engine/agent/x_test.cpp")]),
    "spdx": ([{"src/engine/agent/x.cpp": "int x;\n"}, {"tools/x": "#!/bin/sh\necho\n"}, {"cmake/x.cmake": "set(a b)\n"}],
             [cpp("int x;"), {"tools/x": "#!/bin/sh\n# SPDX-License-Identifier: MIT\necho\n"}, {"docs/x.md": "text"}]),
    "pragma-once": ([{"src/engine/agent/x.h": HEAD + "int x();\n"}], [header("int x();")]),
    "length": ([cpp("int x;\n" * 500)], [cpp("// Over 500 lines: one table of every code point\n" + "int x;\n" * 500), cpp("int x;\n" * 490)]),
    "todo": ([cpp("// TODO: later"), cpp("int x;  // FIXME(me): y"), cpp("// TODO(now): y")],
             [cpp("// TODO(perf): share the buffer"), cpp('auto s = "// find TODO in src";'), cpp("int kTodo;")]),
    "module-files": ([{**cpp("int x;"), **module("engine/agent")}, {**cpp("int x;"), "src/engine/agent/README.md": "x"}],
                     [{**cpp("int x;"), **module("engine/agent"), "src/engine/agent/README.md": "x"}]),
    "sql-owner": (
        [{**cpp('auto s = "CREATE TABLE steps (id)";'), **cpp(f'auto s = "{sql}";', "src/trust/audit/x.cpp")} for sql in (
            "INSERT INTO steps VALUES ($1)", "INSERT OR IGNORE INTO steps VALUES ($1)", "UPDATE steps SET a=$1", "DELETE FROM steps", "DROP TABLE steps")]
        + [{**cpp('auto s = "CREATE TABLE steps (id)";'), **cpp('auto s = "CREATE TABLE IF NOT EXISTS steps (id)";', "src/trust/audit/x.cpp")}],
        [{**cpp('auto s = R"(CREATE TABLE IF NOT EXISTS steps (id);\n INSERT INTO steps VALUES (1))";')},
         {**cpp('auto s = "CREATE TABLE steps (id)";'), **cpp('auto s = "SELECT id FROM steps"; // UPDATE steps', "src/trust/audit/x.cpp")},
         {**cpp('auto s = "CREATE TABLE steps (id)";'), **cpp('auto s = "DELETE FROM steps";', "src/trust/audit/x_test.cpp")}]),
    "machine-path": ([{"docs/x.md": f"see {PLACE}"}, {"tools/x.txt": "/wo" + "rk/main"}, {"x": "/ro" + "ot/.ssh"}],
                     [{"docs/x.md": "/home/user/x and ~/x, https://example.org/home/jane, src/network/x"}]),
    "registry-host": ([{"docs/x.md": HOST}, {"ui/package-lock.json": '{"resolved": "x"}'}], [{"docs/x.md": "https://example.org/x"}]),
    "links": ([{"docs/x.md": "[a](gone.md)"}, {"docs/x.md": "[a](y.md#no)", "docs/y.md": "# Yes"}, {"docs/x.md": "[a](#no)"}],
              [{"docs/x.md": "# A `b` c\n[a](y.md) [b](https://example.org) [c](../src) [d](#a-b-c) `[x](gone.md)`\n```\n[x](gone)\n```\n",
                "docs/y.md": "x", "src/foundation/base/text.h": HEAD + "#pragma once"}]),
    "named-tests": ([{"docs/x.md": "[`A.B`](y_test.cpp)", "docs/y_test.cpp": "TEST(A, Bc) {}"}, {"docs/x.md": "[`f`](y.py)", "docs/y.py": "def g(): pass"}],
                    [{"docs/x.md": "[`A.B`](y_test.cpp) [`A.*`](y_test.cpp) [`f`](y.py) [`y.py`](y.py)", "docs/y_test.cpp": "TEST_F(A, B) {}", "docs/y.py": "def f(): pass"}]),
    "packages": ([{"tools/packages-debian-12.txt": "# x\nfoo/suite >= 4\n", "docs/dependencies.md": "| `bar` |"}],
                 [{"tools/packages-debian-12.txt": "# x\nfoo/suite >= 4\n", "docs/dependencies.md": "| `foo` |"}]),
    "adr-number": ([{"docs/adr/0001-a.md": "x", "docs/adr/0001-b.md": "x"}], [{"docs/adr/0001-a.md": "x", "docs/adr/0002-b.md": "x"}]),
}

RULES = rules_layers.RULES + rules_code.RULES + rules_text.RULES


def findings(tree):
    for rule in RULES:
        for finding in rule(tree):
            file = tree.files.get(finding.path)
            if not (file and file.allowed(finding.line, finding.rule)):
                yield finding


def run():
    """Returns (passed, list of what failed)."""
    passed, failures = 0, []
    for rule, (bad, good) in CASES.items():
        for wanted, trees in ((True, bad), (False, good)):
            for files in trees:
                found = [f for f in findings(Tree(files)) if f.rule == rule]
                if bool(found) == wanted:
                    passed += 1
                else:
                    text = "\n".join(files.values()).replace(HEAD, "")
                    failures.append(f"{rule}: {'nothing found in' if wanted else str(found[0]) + ' found in'}:\n{text}")
    # A rule that is written but has no row would never be tried.
    names = set()
    for module_ in (rules_layers, rules_code, rules_text):
        source = open(module_.__file__, encoding="utf-8").read()
        names |= set(re.findall(r'Finding\([^"\n]*(?:f"[^"]*")?[^"\n]*, "([a-z-]+)"', source))
    names |= {row[0] for row in rules_layers.TOKENS}
    for name in sorted(names - set(CASES)):
        failures.append(f"{name}: the rule has no row in tools/lint/selftest.py")
    return passed, failures
