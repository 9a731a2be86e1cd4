# SPDX-License-Identifier: MIT
"""Looks for a secret wherever it could have been left, in every form that code likes to put it in."""
import base64
import json
import os
import pathlib
import re
import urllib.parse


def forms(secret):
    """name -> bytes: how this ASCII secret (16 bytes and more) can lie somewhere. Base64 comes in three phases, with the edges that depend on
    neighbours cut off; the halves find a secret that was split."""
    raw = secret.encode()
    found = {"raw": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(), "reversed": raw[::-1],
             "utf-16le": secret.encode("utf-16-le"), "utf-16be": secret.encode("utf-16-be"),
             "percent": "".join(f"%{b:02X}" for b in raw).encode(), "url": urllib.parse.quote(secret, safe="").encode(),
             "json": json.dumps(secret)[1:-1].encode(), "json-u": "".join(f"\\u{b:04x}" for b in raw).encode(),
             "first half": raw[:len(raw) // 2], "second half": raw[len(raw) // 2:]}
    for phase in range(3):
        padded = base64.b64encode(b"\0" * phase + raw)
        middle = padded[4 if phase else 0:len(padded) - 4]
        found[f"base64/{phase}"] = middle
        found[f"base64url/{phase}"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    return found


def hits(data, secrets):
    """[(name of the secret, form)] in these bytes."""
    return [(name, form) for name, secret in secrets.items() for form, needle in forms(secret).items() if needle in data]


def scan_tree(root, secrets, skip=()):
    """Every file below root, its name included: [(path, name, form)]."""
    found = []
    for folder, _, files in os.walk(root):
        for file in files:
            path = pathlib.Path(folder, file)
            if path.name in skip or not path.is_file() or path.is_symlink():
                continue
            found += [(str(path), *hit) for hit in hits(str(path).encode() + b"\0" + path.read_bytes(), secrets)]
    return found


def scan_process(pid, secrets):
    """What anybody on the machine can see of a process: its arguments; and what its own user can: its environment."""
    found = []
    for file in ("cmdline", "environ", "comm"):
        try:
            found += [(f"/proc/{pid}/{file}", *hit) for hit in hits(pathlib.Path(f"/proc/{pid}/{file}").read_bytes(), secrets)]
        except OSError:
            pass
    return found


def memory_hits(pid, needle):
    """How often these bytes are in the writable memory of a process, and where. Root only: the daemon is not dumpable."""
    places = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw\S* \S+ \S+ \d+ *(.*)", line)
            if not match or match[3] in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = int(match[1], 16), int(match[2], 16)
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except OSError:
                continue
            at = data.find(needle)
            while at >= 0:
                places.append(f"{begin + at:x} {match[3] or 'anonymous'} after {data[max(0, at - 40):at]!r}")
                at = data.find(needle, at + 1)
    return places
