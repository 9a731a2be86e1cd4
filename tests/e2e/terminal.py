# SPDX-License-Identifier: MIT
"""A program in a pseudo-terminal, and what a person sees of it: a small screen model that understands what our own output uses (text with
wide and combining characters, CR LF BS, cursor moves, erases, modes) and notes everything else. `raw` keeps every byte.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import unicodedata

from lab import Broken

CSI = re.compile(r"\x1b\[([?>=!]?)([0-9;:]*)([ -/]*)([@-~])")


def width(char):
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


class Screen:
    """Rows with scrollback; `odd` lists sequences that a well-behaved line program has no use for."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [[" "] * columns]
        self.top, self.row, self.column = 0, 0, 0  # row counts from `top`, the first line on the glass
        self.cursor_shown, self.odd, self.modes = True, [], set()
        self.rest = ""
        self.line_erases, self.screen_erases, self.frames = 0, 0, 0

    def feed(self, text):
        text, self.rest = self.rest + text, ""
        at = 0
        while at < len(text):
            char = text[at]
            if char == "\x1b":
                used = self._escape(text, at)
                if used is None:
                    self.rest = text[at:]
                    return
                at += used
                continue
            at += 1
            if char == "\n":
                self._down()
            elif char == "\r":
                self.column = 0
            elif char == "\b":
                self.column = max(0, self.column - 1)
            elif char == "\t":
                self.column = min(self.columns - 1, (self.column // 8 + 1) * 8)
            elif ord(char) < 32 or ord(char) == 127 or 0x80 <= ord(char) < 0xA0:
                self.odd.append(char)
            else:
                self._put(char)

    def _escape(self, text, at):
        found = CSI.match(text, at)
        if found:
            self._csi(*found.groups())
            return found.end() - at
        if re.fullmatch(r"\x1b(\[[?>=!]?[0-9;:]*[ -/]*)?", text[at:at + 40]):
            return None  # not whole yet
        self.odd.append(text[at:at + 30])
        return 2

    def _csi(self, mark, numbers, middle, final):
        values = [int(n) if n.isdigit() else 0 for n in re.split("[;:]", numbers)] if numbers else []
        count = max(1, values[0]) if values else 1
        if mark == "?" and final in "hl":
            for value in values:
                (self.modes.add if final == "h" else self.modes.discard)(value)
                if value == 25:
                    self.cursor_shown = final == "h"
                if value == 2026 and final == "h":
                    self.frames += 1
        elif mark or middle:
            self.odd.append(f"CSI {mark}{numbers}{middle}{final}")
        elif final == "m":
            pass
        elif final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + count)
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "G":
            self.column = min(self.columns - 1, count - 1)
        elif final == "K":
            self.line_erases += 1
            self._erase_line(values[0] if values else 0)
        elif final == "J":
            self.screen_erases += 1
            self._erase_below() if not values or values[0] == 0 else self.odd.append(f"CSI {numbers}J")
        else:
            self.odd.append(f"CSI {numbers}{final}")

    def _line(self):
        while len(self.lines) <= self.top + self.row:
            self.lines.append([" "] * self.columns)
        return self.lines[self.top + self.row]

    def _put(self, char):
        size = width(char)
        if size == 0:
            line = self._line()
            line[max(0, self.column - 1)] += char
            return
        if self.column + size > self.columns:
            self.column = 0
            self._down()
        line = self._line()
        line[self.column] = char
        if size == 2:
            line[self.column + 1] = ""
        self.column += size

    def _down(self):
        if self.row < self.rows - 1:
            self.row += 1
        else:
            self.top += 1
        self._line()

    def _erase_line(self, how):
        line = self._line()
        begin, end = (self.column, self.columns) if how == 0 else (0, self.column + 1) if how == 1 else (0, self.columns)
        line[begin:end] = [" "] * (min(end, self.columns) - begin)

    def _erase_below(self):
        self._erase_line(0)
        del self.lines[self.top + self.row + 1:]

    def text(self):
        """Everything with its scrollback, without trailing blanks."""
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n")

    def glass(self):
        """The visible rows."""
        return ["".join(line).rstrip() for line in self.lines[self.top:self.top + self.rows]]

    def resize(self, rows, columns):
        """Keeps lines as they are; enough for a program that redraws its last lines."""
        for line in self.lines:
            line[columns:] = []
            line += [" "] * (columns - len(line))
        cursor = self.top + self.row
        self.rows, self.columns = rows, columns
        self.top = max(0, min(self.top, len(self.lines) - 1), cursor - rows + 1)
        self.row = cursor - self.top
        self.column = min(self.column, columns - 1)


class Terminal:
    def __init__(self, command, env, rows=30, columns=100, cwd="/", stdin_file=None):
        self.master, slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self._set_size(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.raw, self.pieces = b"", []   # every byte; (time, bytes)
        self.lock = threading.Lock()
        self.command = command
        self.process = subprocess.Popen(command, stdin=stdin_file or slave, stdout=slave, stderr=slave, env=env, cwd=cwd, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))
        self.slave = slave  # kept open, so that the settings can be looked at after the end
        self.stopping = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        pending = b""
        while not self.stopping:
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return
            with self.lock:
                self.raw += got
                self.pieces.append((time.monotonic(), got))
                pending += got
                # A character may be cut in two.
                cut = len(pending)
                while cut > max(0, len(pending) - 4):
                    try:
                        text = pending[:cut].decode()
                        break
                    except UnicodeDecodeError:
                        cut -= 1
                else:
                    text, cut = pending.decode(errors="replace"), len(pending)
                pending = pending[cut:]
                self.screen.feed(text)

    def text(self):
        with self.lock:
            return self.screen.text()

    def glass(self):
        with self.lock:
            return self.screen.glass()

    def bytes(self):
        with self.lock:
            return self.raw

    def send(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def wait_for(self, piece, limit=20, gone=False):
        """Until the text (or what a pattern matches) is on the screen or in its scrollback."""
        end = time.monotonic() + limit
        while True:
            text = self.text()
            found = piece.search(text) if hasattr(piece, "search") else piece in text
            if bool(found) != gone:
                return found
            if time.monotonic() > end:
                raise Broken(f"{piece!r} {'did not go' if gone else 'never came'} on the screen of {' '.join(self.command[1:])} within {limit} s:\n{text[-3000:]}")
            if self.process.poll() is not None and not gone:
                time.sleep(0.2)
                text = self.text()
                if piece.search(text) if hasattr(piece, "search") else piece in text:
                    return True
                raise Broken(f"{' '.join(self.command[1:])} ended with {self.process.returncode} before {piece!r} came:\n{text[-3000:]}")
            time.sleep(0.01)

    def wait_quiet(self, seconds=0.3, limit=15):
        """Until nothing was written for so long, counted from the call."""
        begin = time.monotonic()
        end = begin + limit
        while time.monotonic() < end:
            with self.lock:
                last = max(begin, self.pieces[-1][0]) if self.pieces else begin
            if time.monotonic() - last > seconds:
                return
            time.sleep(0.02)
        raise Broken("the terminal never came to rest")

    def resize(self, rows, columns):
        with self.lock:
            self.screen.resize(rows, columns)
        self._set_size(rows, columns)

    def interrupt_process(self, number):
        self.process.send_signal(number)

    def wait_exit(self, limit=15):
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Broken(f"{' '.join(self.command[1:])} did not end within {limit} s:\n{self.text()[-3000:]}") from None
        time.sleep(0.05)
        self.wait_quiet(0.1)
        return code

    def settings(self):
        return termios.tcgetattr(self.slave)

    def is_restored(self):
        """Line settings as before, cursor shown, no mode left on."""
        return self.settings() == self.before and self.screen.cursor_shown and not (self.screen.modes - {25})

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.stopping = True
        self.reader.join(1)
        os.close(self.slave)
        os.close(self.master)
