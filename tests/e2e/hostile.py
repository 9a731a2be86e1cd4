# SPDX-License-Identifier: MIT
"""Text that tries to drive a terminal, and what must never reach one."""

HOSTILE = "before\x1b[2J\x1b[H\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1bP+q544e\x1b\\\x9b31m\u202eevil\u2066\x00\x08\x08\x7fafter\r\nspoof\rover\x1b[1;1Hcorner\u200b\ufeff"
FORBIDDEN = ["\x1b]", "\x1bP", "\x9b", "\x1b[2J", "\x1b[H", "\x1b[1;1H", "\u202e", "\u2066", "\x00", "\x08", "\x7f", "\x07"]
