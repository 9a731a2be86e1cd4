# SPDX-License-Identifier: MIT
"""What the rules look at: a tree of files, and C++ text with comments and string contents blanked out."""
import dataclasses
import pathlib
import posixpath
import re
import subprocess

CPP = (".cpp", ".h", ".cc", ".hpp")
ALLOW = re.compile(r"lint: allow\(([a-z-]+)\)\s+\S")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


# One match per comment, string or character literal; anything else is code. A digit separator is no quote.
TOKEN = re.compile(
    r'//(?:[^\n\\]|\\.)*'
    r'|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-zA-Z_])'(?:[^'\\\n]|\\.)+'",
    re.DOTALL)


def blank(match):
    text = match.group(0)
    if text.startswith(("//", "/*")):
        return re.sub(r"[^\n]", " ", text)
    return text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[-1]


def strip_comments(text):
    """Comments blanked, strings kept; same length and lines."""
    return TOKEN.sub(lambda m: blank(m) if m.group(0).startswith(("//", "/*")) else m.group(0), text)


def strip_code(text):
    """Comments and the insides of strings blanked; same length and lines. Include lines keep their paths."""
    code = TOKEN.sub(blank, text)
    lines = code.split("\n")
    for number, line in enumerate(text.split("\n")):
        if INCLUDE.match(line):
            lines[number] = re.sub(r"//.*", "", line)
    return "\n".join(lines)


INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self._code = None

    @property
    def code(self):
        if self._code is None:
            self._code = strip_code(self.text)
        return self._code

    @property
    def is_cpp(self):
        return self.path.endswith(CPP)

    @property
    def is_test(self):
        return self.path.endswith("_test.cpp") or "/testing/" in self.path

    @property
    def module(self):
        """'wing/module' for files of src, else None."""
        parts = self.path.split("/")
        return "/".join(parts[1:3]) if parts[0] == "src" and len(parts) > 3 else None

    def includes(self):
        """(line, '<' or '"', path) of each include."""
        for number, line in enumerate(self.lines, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def allowed(self, line, rule):
        """A comment `lint: allow(rule) reason` on the line or the one above."""
        for number in (line, line - 1):
            if 1 <= number <= len(self.lines):
                if rule in ALLOW.findall(self.lines[number - 1]):
                    return True
        return False


class Tree:
    def __init__(self, files):
        self.files = {path: File(path, text) for path, text in files.items()}
        self.folders = set()
        for path in files:
            folder = posixpath.dirname(path)
            while folder and folder not in self.folders:
                self.folders.add(folder)
                folder = posixpath.dirname(folder)

    @classmethod
    def of_repository(cls, root):
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                                check=True, capture_output=True).stdout.decode()
        files = {}
        for name in sorted(set(listed.split("\0"))):
            path = pathlib.Path(root, name)
            if not name or not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes()
            files[name] = "" if b"\0" in data[:8000] else data.decode("utf-8", "replace")
        return cls(files)

    def cpp(self, *prefixes):
        for path, file in self.files.items():
            if file.is_cpp and (not prefixes or path.startswith(prefixes)):
                yield file

    def modules(self):
        """Every folder src/wing/module that holds a file."""
        return sorted({file.module for file in self.files.values() if file.module})

    def exists(self, path):
        return path in self.files or path in self.folders
