# SPDX-License-Identifier: MIT
"""Rules about the tree and its text: module files, SQL ownership, addresses and paths, links between documents."""
import posixpath
import re

from source import Finding, strip_comments


def module_files(tree):
    for module in tree.modules():
        for name in ("README.md", "CMakeLists.txt"):
            if f"src/{module}/{name}" not in tree.files:
                yield Finding(f"src/{module}", 1, "module-files", f"the module lacks {name}")


CREATE = re.compile(r"\bCREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"`]?(\w+)")
WRITE = re.compile(r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|DELETE\s+FROM|UPDATE(?:\s+OR\s+\w+)?|ALTER\s+TABLE|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)"
                   r"\s+[\"`]?(\w+)")


def sql_owner(tree):
    """Each module writes only the tables that it creates. Tests may set up rows of others."""
    owner = {}
    for file in tree.files.values():
        if file.module and not file.is_test and file.path.endswith((".cpp", ".h", ".sql")):
            for match in CREATE.finditer(strip_comments(file.text) if file.is_cpp else file.text):
                owner.setdefault(match.group(1), set()).add(file.module)
    for table, modules in sorted(owner.items()):
        if len(modules) > 1:
            yield Finding(f"src/{sorted(modules)[0]}", 1, "sql-owner", f"table {table} is created by {', '.join(sorted(modules))}")
    for file in tree.cpp("src/", "apps/"):
        if file.is_test:
            continue
        for match in WRITE.finditer(strip_comments(file.text)):
            table = match.group(1)
            if table in owner and file.module not in owner[table]:
                yield Finding(file.path, file.line_of(match.start()), "sql-owner",
                              f"writes table {table}, which belongs to {', '.join(sorted(owner[table]))}; call that module")


# Folders that only one person's machine has. The names in the list are what documents use for nobody in particular.
MACHINE = re.compile(r"(?<![\w./~-])/(?:work/|root/[\w.]|home/(?!(?:user|me|alice|bob|you|owner|someone)\b)\w)")
# The word in an address that makes it a package registry's or mirror's.
REGISTRY = re.compile(r"https?://[a-z0-9.-]*(?:npmjs|registry|debian|pypi|pythonhosted|golang|crates|maven)[a-z0-9.-]*(?:/|\b)", re.IGNORECASE)
# Corpora hold what strangers send.
FOREIGN = ("fuzz/corpus/", "tests/data/")


def addresses(tree):
    for file in tree.files.values():
        if file.path.startswith(FOREIGN):
            continue
        for number, line in enumerate(file.lines, 1):
            match = MACHINE.search(line)
            if match:
                yield Finding(file.path, number, "machine-path", f"{match.group(0)}… is a path of one machine")
            match = REGISTRY.search(line)
            if match:
                yield Finding(file.path, number, "registry-host", f"{match.group(0)} names a package registry; each machine has its own")
        if file.path.endswith("package-lock.json") and '"resolved"' in file.text:
            yield Finding(file.path, 1, "registry-host", "a lock file with resolved addresses; make it with the .npmrc beside it")


LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)?)(?:\s+\"[^\"]*\")?\)|!\[[^\]\n]*\]\(([^()\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


def anchors(text):
    """The anchors that the headings of a Markdown text make, in the usual form."""
    text = FENCE.sub("", text)
    result = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "").lower()
        result.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return result


def links(tree):
    for file in tree.files.values():
        if not file.path.endswith(".md"):
            continue
        text = FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), file.text)
        text = re.sub(r"`[^`\n]*`", lambda m: " " * len(m.group(0)), text)
        for match in LINK.finditer(text):
            target = match.group(1) or match.group(2)
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), path)) if path else file.path
            line = file.line_of(match.start())
            if place != "." and not tree.exists(place):
                yield Finding(file.path, line, "links", f"{target} leads nowhere")
            elif anchor and place.endswith(".md") and anchor.lower() not in anchors(tree.files[place].text):
                yield Finding(file.path, line, "links", f"{place} has no heading #{anchor}")


CLAIM = re.compile(r"\[`([\w.*]+)`\]\(([^()#\s]+(?:_test\.cpp|\.py))\)")


def named_tests(tree):
    """A claim names the test that holds it: `Suite.Test` or `Suite.*` of a C++ file, a function of a Python file."""
    for file in tree.files.values():
        if not file.path.endswith(".md"):
            continue
        for match in CLAIM.finditer(file.text):
            name, target = match.groups()
            place = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), target))
            if place not in tree.files or place.endswith("/" + name):
                continue
            if target.endswith(".py"):
                pattern = rf"\bdef {re.escape(name)}\("
            else:
                suite, _, test = name.partition(".")
                pattern = rf"\bTEST(?:_F|_P)?\(\s*{re.escape(suite)},\s*" + (r"\w" if test == "*" else rf"{re.escape(test)}\)")
            if not re.search(pattern, tree.files[place].text):
                yield Finding(file.path, file.line_of(match.start()), "named-tests", f"{place} has no test {name}")


def packages(tree):
    """Every package that `make deps` installs has its reason in docs/dependencies.md."""
    listed = tree.files.get("tools/packages-debian-12.txt")
    reasons = tree.files.get("docs/dependencies.md")
    if not listed or not reasons:
        return
    for number, line in enumerate(listed.lines, 1):
        name = re.split(r"[\s/]", line.strip())[0]
        if name and not name.startswith("#") and f"`{name}`" not in reasons.text:
            yield Finding(listed.path, number, "packages", f"docs/dependencies.md does not say why `{name}` is needed")


def adr_numbers(tree):
    seen = {}
    for path in sorted(tree.files):
        match = re.fullmatch(r"docs/adr/(\d{4})-[a-z0-9-]+\.md", path)
        if match and match.group(1) in seen:
            yield Finding(path, 1, "adr-number", f"{seen[match.group(1)]} has the same number")
        elif match:
            seen[match.group(1)] = path


RULES = [module_files, sql_owner, addresses, links, named_tests, packages, adr_numbers]
