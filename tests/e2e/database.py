# SPDX-License-Identifier: MIT
"""What a daemon has stored, read without it: through the library that it stores with, under the key in its own file."""
import ctypes
import ctypes.util
import shutil

from harness import equal, expect


def database_of(lab, daemon):
    """Every value of a stopped daemon's database, a row a line."""
    copy = lab.box.root / "copy"
    shutil.copytree(daemon.home / "data", copy)
    key = (daemon.home / "config/master.key").read_text().split()[1]
    library = ctypes.CDLL(ctypes.util.find_library("sqlcipher"))
    on_row = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p)
    library.sqlite3_exec.argtypes = (ctypes.c_void_p, ctypes.c_char_p, on_row, ctypes.c_void_p, ctypes.c_void_p)
    database = ctypes.c_void_p()
    equal(library.sqlite3_open(str(copy / "pryx.db").encode(), ctypes.byref(database)), 0, "sqlite3_open")
    equal(library.sqlite3_key(database, f"x'{key}'".encode(), len(key) + 3), 0, "sqlite3_key")

    def select(sql):
        rows = []

        def take(_, count, values, __):
            rows.append(" ".join((values[i] or b"").decode(errors="replace") for i in range(count)))
            return 0
        equal(library.sqlite3_exec(database, sql.encode(), on_row(take), None, None), 0, sql)
        return rows
    tables = select("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    expect({"audit", "approvals", "grants", "events", "messages"} <= set(tables), f"tables: {tables}")
    found = "\n".join(row for table in tables for row in select(f'SELECT * FROM "{table}"'))
    library.sqlite3_close(database)
    return found
