#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the documents of tests/fixtures/tokens/corpus that no person wrote: excerpts of this repository, and data from a seeded generator.

The prose beside them was written for this corpus and is edited by hand. Run it only to make the corpus anew; counts.json must follow (count.mjs).
"""
import base64
import json
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/fixtures/tokens/corpus"
random.seed(4)


def put(name, text):
    (OUT / f"{name}.txt").write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def excerpt(path, first, last):
    return "\n".join((ROOT / path).read_text(encoding="utf-8").split("\n")[first - 1 : last])


def noise(n):
    return bytes(random.randrange(256) for _ in range(n))


WORDS = "server client request retry backup index token window cache broker worker session report invoice order update verify".split()
NAMES = "main.cpp util.h index.ts README.md setup.py Cargo.toml notes.txt photo_0412.jpg build.log data.csv schema.sql app.css".split()


def code():
    put("code-cpp-a", excerpt("src/engine/agent/fair_queue.cpp", 1, 70))
    put("code-cpp-b", excerpt("src/engine/models/retry_policy.cpp", 1, 80))
    put("code-python-a", excerpt("tests/e2e/harness.py", 1, 70))
    put("code-python-b", excerpt("tests/support/wire.py", 1, 60))
    put("code-js", excerpt("api/build/pack_app.mjs", 1, 90))
    put("code-css", excerpt("ui/src/styles.css", 1, 60))
    put("code-cmake", excerpt("cmake/pryx.cmake", 1, 60))
    put("code-shell", "\n".join(
        f"# one of the usual loops\nset -eu\nfor f in \"$@\"; do\n  [ -f \"$f\" ] || {{ echo \"no such file: $f\" >&2; exit {i}; }}\n"
        f"  grep -nE '^(export )?{w.upper()}_[A-Z]+=' \"$f\" | sort -u > \"/tmp/{w}.$$\"\n  mv \"/tmp/{w}.$$\" \"${{OUT:-out}}/{w}.txt\"\ndone\n"
        for i, w in enumerate(WORDS[:6], 1)))
    put("code-sql", "\n\n".join(
        f"CREATE TABLE {w}s (\n  id BIGINT PRIMARY KEY,\n  name TEXT NOT NULL,\n  {v}_id BIGINT REFERENCES {v}s (id),\n"
        f"  created_at TIMESTAMP NOT NULL DEFAULT now()\n);\nCREATE INDEX {w}s_by_{v} ON {w}s ({v}_id, created_at DESC);\n"
        f"SELECT count(*), max(created_at) FROM {w}s WHERE {v}_id = $1 AND name LIKE '{w[:3]}%' GROUP BY {v}_id HAVING count(*) > {len(w)};"
        for w, v in zip(WORDS[:6], WORDS[6:12])))


def structured():
    put("json-config", (ROOT / "CMakePresets.json").read_text(encoding="utf-8")[:2600])
    put("json-schema", (ROOT / "api/events/turn.retrying.json").read_text(encoding="utf-8") + (ROOT / "api/events/tool.finished.json").read_text(encoding="utf-8"))
    put("json-compact", json.dumps({"items": [
        {"id": i, "name": random.choice(NAMES), "size": random.randrange(10**6), "ok": random.random() > 0.3, "tags": random.sample(WORDS, 2),
         "ratio": round(random.random(), 4)} for i in range(24)], "next_cursor": None}, separators=(",", ":")))
    put("json-pretty", json.dumps([{"user": {"id": 1000 + i, "email": f"{random.choice(WORDS)}{i}@example.org", "active": True, "roles": random.sample(WORDS, 2)}}
                                   for i in range(9)], indent=2))
    put("yaml", "\n".join(f"- name: {w}\n  schedule: \"{i * 7 % 60} {i % 24} * * *\"\n  timeout: {i * 15}s\n  env:\n    LOG_LEVEL: info\n    {w.upper()}_URL: https://{w}.example.org/v{i}\n"
                          for i, w in enumerate(WORDS[:9], 1)))
    put("html", "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Orders</title></head>\n<body class=\"page\">\n" + "\n".join(
        f"<div class=\"row\" id=\"{w}-{i}\"><a href=\"/orders/{i * 37}?sort={w}&amp;page={i}\">{w.title()} #{i * 37}</a><span class=\"badge badge--{w}\">{i * 3} items</span></div>"
        for i, w in enumerate(WORDS[:10], 1)) + "\n</body></html>")
    put("csv", "date,customer,product,quantity,unit_price,total\n" + "\n".join(
        f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02},C{random.randrange(10**5):05},{random.choice(WORDS)}-{random.randrange(100)},{random.randrange(1, 40)},"
        f"{random.randrange(100, 99999) / 100:.2f},{random.randrange(1000, 999999) / 100:.2f}" for _ in range(34)))


def results():
    put("tool-ls", "\n".join(
        f"-rw-r--r--  1 user users {random.randrange(10**6):>8} Nov {random.randrange(1, 29):>2} {random.randrange(24):02}:{random.randrange(60):02} {random.choice(NAMES)}" for _ in range(30)))
    put("tool-grep", "\n".join(f"src/{random.choice(WORDS)}/{random.choice(WORDS)}_{random.choice(WORDS)}.cpp:{random.randrange(900)}:  if (!{random.choice(WORDS)}.{random.choice(WORDS)}()) return fail({random.choice(WORDS)});"
                               for _ in range(24)))
    put("tool-log-json", "\n".join(json.dumps({"ts": f"2026-11-21T{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}.{random.randrange(1000):03}Z", "level": random.choice(["info", "warn", "error"]),
                                               "event": f"{random.choice(WORDS)}.{random.choice(WORDS)}", "duration_ms": random.randrange(5000), "request_id": noise(8).hex()}) for _ in range(18)))
    put("tool-log-plain", "\n".join(f"Nov 21 {random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02} host1 {random.choice(WORDS)}d[{random.randrange(32768)}]: {random.choice(WORDS)} {random.choice(WORDS)} from 192.168.{random.randrange(256)}.{random.randrange(256)} port {random.randrange(65536)} failed"
                                    for _ in range(24)))
    put("tool-diff", "diff --git a/src/queue.py b/src/queue.py\nindex 3f2a9c1..b77d0e4 100644\n--- a/src/queue.py\n+++ b/src/queue.py\n" + "\n".join(
        f"@@ -{i * 20},6 +{i * 20},8 @@ class {w.title()}Queue:\n     def {w}(self, item):\n-        self.items.append(item)\n+        if item is None:\n+            raise ValueError(\"{w}: item is None\")\n+        self.items.append((item, time.monotonic()))\n         self.{w}_count += 1"
        for i, w in enumerate(WORDS[:6], 1)))
    put("tool-trace", "Traceback (most recent call last):\n" + "\n".join(
        f"  File \"/usr/lib/python3/dist-packages/{w}/{v}.py\", line {i * 43}, in {v}_{w}\n    return self._{v}(request, timeout=timeout, retries={i})" for i, (w, v) in enumerate(zip(WORDS, WORDS[3:13]), 1))
        + "\nConnectionResetError: [Errno 104] Connection reset by peer")
    put("tool-test-output", "\n".join(f"[ RUN      ] {w.title()}Test.{v.title()}KeepsOrder\n[       OK ] {w.title()}Test.{v.title()}KeepsOrder ({random.randrange(400)} ms)" for w, v in zip(WORDS, WORDS[4:18]))
        + f"\n[==========] 14 tests from 14 test suites ran. (2041 ms total)\n[  PASSED  ] 14 tests.")
    put("base64", "\n".join(base64.b64encode(noise(57)).decode() for _ in range(16)))
    put("base64-line", "data:image/png;base64," + base64.b64encode(noise(900)).decode())
    put("hex-hashes", "\n".join(f"{noise(32).hex()}  {random.choice(NAMES)}" for _ in range(14)))
    put("uuids", "\n".join("{}-{}-{}-{}-{}".format(*(noise(n).hex() for n in (4, 2, 2, 2, 6))) for _ in range(24)))
    put("numbers", "\n".join(" ".join(f"{random.uniform(-1000, 1000):.3f}" for _ in range(8)) for _ in range(16)))
    put("paths-urls", "\n".join(f"https://{random.choice(WORDS)}.example.org/api/v{random.randrange(9)}/{random.choice(WORDS)}s/{random.randrange(10**6)}?{random.choice(WORDS)}={random.choice(WORDS)}&limit={random.randrange(100)}#/{random.choice(WORDS)}\n/home/user/projects/{random.choice(WORDS)}-{random.choice(WORDS)}/src/{random.choice(NAMES)}"
                                for _ in range(14)))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    code()
    structured()
    results()
