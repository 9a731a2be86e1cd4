# SPDX-License-Identifier: MIT
"""Rules about one C++ file: how co_await is written, what a file begins with, how long it is."""
import re

from source import CPP, Finding

BLOCK_WORDS = re.compile(
    r"(?:\b(?:else|do|try|noexcept|const|mutable|override|final)\s*&{0,2}|->[^;(){}]*)\s*$")
CONTROL = re.compile(r"^(?:else\s+)?(?:if|for|while|switch)\b")
LABEL = re.compile(r"^(?:case\b[^?;]*?|\w+)\s*(?<!:):(?!:)\s*")
MACRO = re.compile(r"^PRYX_CO_TRY(?:_VOID|_AS)?\s*\(")
ASSIGNMENT = re.compile(r"^[^=!?]*[^=!<>?]=$")


def opens_block(before):
    """Whether the '{' after this text opens a block and not a braced initialiser."""
    text = before.rstrip()
    return not text or text[-1] in ");{}:]" or bool(BLOCK_WORDS.search(text[-200:]))


def statement_start(code, offset):
    """Where the statement around offset begins, and whether it lies inside a braced initialiser."""
    depth = 0
    position = offset
    while position > 0:
        position -= 1
        character = code[position]
        if character in ")]":
            depth += 1
        elif character in "([":
            depth -= 1   # below zero: an enclosing call, part of the statement
        elif character == "}":
            # A finished block ends a statement; a finished initialiser is a part of this one.
            start = matching_open(code, position)
            if start is None or opens_block(code[:start]):
                return position + 1, False
            position = start
        elif character == "{":
            return position + 1, not opens_block(code[:position])
        elif character == ";" and depth <= 0 and not inside_for(code, position, offset):
            return position + 1, False
    return 0, False


def inside_for(code, semicolon, offset):
    """Whether the semicolon separates the parts of a for or if whose condition holds offset."""
    depth = 0
    for position in range(semicolon - 1, max(0, semicolon - 400), -1):
        character = code[position]
        if character == ")":
            depth += 1
        elif character == "(":
            if depth == 0:
                closing = matching_close(code, position)
                return closing is not None and closing > offset and bool(
                    re.search(r"\b(?:for|if|while|switch)\s*(?:constexpr\s*)?$", code[max(0, position - 20):position]))
            depth -= 1
        elif character in "{}":
            return False
    return False


def matching_open(code, close):
    depth = 0
    for position in range(close, -1, -1):
        if code[position] == "}":
            depth += 1
        elif code[position] == "{":
            depth -= 1
            if depth == 0:
                return position
    return None


def matching_close(code, start):
    pairs = {"(": ")", "{": "}", "[": "]"}
    opening, closing, depth = code[start], pairs[code[start]], 0
    for position in range(start, len(code)):
        if code[position] == opening:
            depth += 1
        elif code[position] == closing:
            depth -= 1
            if depth == 0:
                return position
    return None


def strip_labels(prefix):
    """Drops `case X:` and `name:` before a statement; a::b is a name and no label."""
    shorter = LABEL.sub("", prefix, count=1)
    return prefix if shorter == prefix else strip_labels(shorter)


def strip_control(prefix):
    """Drops `if (…)`, `else`, `for (…)` before a statement without braces."""
    while True:
        prefix = prefix.strip()
        if prefix == "else" or (prefix.startswith("else") and not prefix[4:5].isalnum() and prefix[4:5] != "_"):
            prefix = prefix[4:]
            continue
        match = CONTROL.match(prefix)
        if not match:
            return prefix
        opening = prefix.find("(")
        closing = matching_close(prefix, opening) if opening >= 0 else None
        if closing is None:
            return prefix
        prefix = prefix[closing + 1:]


def co_await_problem(code, offset):
    start, braced = statement_start(code, offset)
    if braced:
        return "in a braced initialiser"
    prefix = re.sub(r"\s+", " ", code[start:offset]).strip()
    prefix = strip_labels(strip_control(strip_labels(prefix)))
    if CONTROL.match(prefix):
        return "in a condition"
    if "co_await" in prefix:
        return "twice in one statement"
    macro = MACRO.match(prefix)
    if macro:
        rest = prefix[macro.end():].strip()
        if rest and (not rest.endswith(",") or rest.count("(") != rest.count(")")):
            return "nested in an argument of PRYX_CO_TRY"
    elif prefix not in ("", "co_return", "(void)"):
        if "?" in prefix:
            return "in a ternary"
        if not ASSIGNMENT.match(prefix) or prefix.count("(") != prefix.count(")"):
            return "inside another expression"
    return ternary_after(code, offset)


def ternary_after(code, offset):
    depth = 0
    for character in code[offset:offset + 2000]:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and character == "?":
            return "in a ternary"
        elif depth == 0 and character == ";":
            return None
    return None


def co_await(tree):
    for file in tree.cpp("src/", "apps/", "tests/", "bench/"):
        # Macro definitions are not statements.
        code = re.sub(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), file.code, flags=re.MULTILINE)
        for match in re.finditer(r"\bco_await\b", code):
            problem = co_await_problem(code, match.start())
            if problem:
                yield Finding(file.path, file.line_of(match.start()), "co-await",
                              f"co_await {problem}; make it its own statement: auto x = co_await f();")


LAMBDA = re.compile(r"(?<![\w\])])\[(?!\[)\s*([^\[\]]+?)\s*\]\s*(?=[({])")


def coroutine_capture(tree):
    """A capturing lambda dies before the coroutine it started. Tests may: their run() returns before the lambda goes."""
    for file in tree.cpp("src/", "apps/"):
        if file.is_test:
            continue
        code = file.code
        for match in LAMBDA.finditer(code):
            position = match.end()
            if code[position] == "(":
                closing = matching_close(code, position)
                if closing is None:
                    continue
                brace = re.compile(r"[^;(){}]*(?:\([^()]*\)[^;(){}]*)*\{").match(code, closing + 1)
                if not brace:
                    continue
                position = brace.end() - 1
            end = matching_close(code, position)
            if end is not None and re.search(r"\bco_(?:await|return|yield)\b", without_inner_lambdas(code[position + 1:end])):
                yield Finding(file.path, file.line_of(match.start()), "coroutine-capture",
                              f"a coroutine lambda captures [{match.group(1)}]; write a member function and pass parameters by value")


def without_inner_lambdas(body):
    """Blanks lambdas in a lambda's body, so that only its own co_await counts."""
    for match in reversed(list(re.finditer(r"(?<![\w\])])\[[^\[\]]*\]\s*(?:\([^()]*\))?[^;(){}]*\{", body))):
        end = matching_close(body, match.end() - 1)
        if end is not None:
            body = body[:match.start()] + " " * (end + 1 - match.start()) + body[end + 1:]
    return body


def head(tree):
    for file in tree.files.values():
        if file.path.endswith(CPP) and "SPDX-License-Identifier: MIT" not in file.lines[0]:
            yield Finding(file.path, 1, "spdx", "the first line is // SPDX-License-Identifier: MIT")
        script = file.text.startswith("#!")
        if (script or file.path.endswith((".py", ".cmake", "CMakeLists.txt", "Makefile"))) and not any(
                "SPDX-License-Identifier: MIT" in line for line in file.lines[:2]) and file.text.strip():
            yield Finding(file.path, 1, "spdx", "one of the first two lines is # SPDX-License-Identifier: MIT")
        if file.path.endswith(".h") and not re.search(r"^#pragma once$", file.text, re.MULTILINE):
            yield Finding(file.path, 1, "pragma-once", "a header has #pragma once")


LONG = 500
REASON = re.compile(r"(?://|#) Over 500 lines: \S+")


def length(tree):
    for file in tree.files.values():
        if file.path.endswith(CPP + (".py", ".ts", ".tsx", ".mjs", ".js")) or file.text.startswith("#!"):
            count = file.text.count("\n")
            if count > LONG and not REASON.search(file.text):
                yield Finding(file.path, LONG + 1, "length",
                              f"{count} lines; split it, or say why not in a comment: // Over 500 lines: <reason>")


TODO = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\((?:security|perf|cleanup|test|someday)\): \S)")


def todo(tree):
    for file in tree.cpp("src/", "apps/", "fuzz/", "bench/"):
        for number, (line, code) in enumerate(zip(file.lines, file.code.split("\n")), 1):
            match = TODO.search(line)
            # In a string it is data ("find TODO in src"); only comments are meant.
            if match and "//" in line[:match.start()] and not code[match.start():match.end()].strip() and '"' not in line[:line.find("//")]:
                yield Finding(file.path, number, "todo", "write TODO(kind): with kind security, perf, cleanup, test or someday")


RULES = [co_await, coroutine_capture, head, length, todo]
