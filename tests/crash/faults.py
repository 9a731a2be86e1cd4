# SPDX-License-Identifier: MIT
"""The test's side of fault_shim.c: arms and disarms faults in a running daemon through shared memory."""
import mmap
import os
import pathlib
import struct

LAYOUT = struct.Struct("<IIiiqqqq")  # struct Control of fault_shim.c
OFF, KILL_BEFORE, KILL_AFTER, FAIL, SHORT_WRITE = range(5)
WRITE, SYNC, TRUNCATE, OPEN, SOCKET, RENAME = 1, 2, 4, 8, 16, 32
DISK = WRITE | SYNC | TRUNCATE | RENAME


class Faults:
    def __init__(self, box, binaries):
        shim = pathlib.Path(binaries).resolve() / "libpryx_fault_shim.so"
        if not shim.exists():
            raise SystemExit(f"error: {shim} is missing; build the target pryx_fault_shim")
        path = box.root / "faults"
        path.write_bytes(b"\0" * 4096)
        path.chmod(0o666)  # the daemon's own user maps it
        fd = os.open(path, os.O_RDWR)
        self.map = mmap.mmap(fd, 4096)
        os.close(fd)
        # A sanitizer's runtime is linked into the daemon, so being second in the list is harmless.
        self.env = {"LD_PRELOAD": str(shim), "PRYX_FAULT_SHIM": str(path), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def arm(self, mode, nth=1, kinds=DISK, error=0, repeat=-1):
        self.map[:LAYOUT.size] = LAYOUT.pack(OFF, kinds, error, 0, nth, repeat, 0, 0)
        self.map[:4] = struct.pack("<I", mode)

    def disarm(self):
        """(calls counted, calls hit) since it was armed."""
        self.map[:4] = struct.pack("<I", OFF)
        return self.counts()

    def counts(self):
        values = LAYOUT.unpack(self.map[:LAYOUT.size])
        return values[6], values[7]
