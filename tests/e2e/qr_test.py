# SPDX-License-Identifier: MIT
"""QR codes are read by a program that shares no code with what draws them."""
import re
import shutil
import subprocess

from harness import Skip, case, contains, equal, expect

SCALE = 6


def read_code(modules):
    """The texts that zbar sees in a square of modules (1 is dark)."""
    program = shutil.which("zbarimg")
    if not program:
        raise Skip("zbarimg is not installed")
    rows = [b"".join(bytes([0 if cell else 255]) * SCALE for cell in row) * SCALE for row in modules]
    image = b"P5 %d %d 255\n" % (len(modules[0]) * SCALE, len(modules) * SCALE) + b"".join(rows)
    ran = subprocess.run([program, "--raw", "--quiet", "pgm:-"], input=image, capture_output=True, timeout=30)
    return ran.stdout.decode().splitlines()


def modules_of_svg(svg):
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    modules = [[0] * side for _ in range(side)]
    dark = re.search(r'fill="#000" d="([^"]*)"', svg)[1]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", dark):
        for i in range(int(length)):
            modules[int(y)][int(x) + i] = 1
    return modules


def modules_of_blocks(lines, ink_is_dark):
    rows = []
    for line in lines:
        for half in ("▀", "▄"):
            rows.append([int((cell in (half, "█")) == ink_is_dark) for cell in line])
    return rows


@case
def a_camera_reads_what_was_asked_for(lab):
    daemon = lab.daemon()
    api = daemon.tcp("read")
    for text in ("http://127.0.0.1:7799/#code=abc.def", "WIFI:S:häfen;T:WPA;P:x;;", "x" * 900):
        answer = api.request("POST", "/api/v1/qr", {"text": text})
        equal((answer.status, answer.headers["Content-Type"]), (200, "image/svg+xml"), "the answer")
        equal(read_code(modules_of_svg(answer.body.decode())), [text], "what zbar reads")
    equal(api.request("POST", "/api/v1/qr", {"text": "x" * 1001}).status, 413, "a text that is too long")
    contains(api.request("POST", "/api/v1/qr", {"text": "<script>"}).body.decode(), "<svg", "a drawing")


@case
def open_draws_its_link_in_the_terminal(lab):
    daemon = lab.daemon()
    out = daemon.cli("open", "sessions", "--qr").must(0).out.splitlines()
    url = out[-1]
    expect(re.fullmatch(rf"http://127\.0\.0\.1:{daemon.port}/sessions#code=\S+", url), f"the last line is {url}")
    equal(read_code(modules_of_blocks(out[:-1], ink_is_dark=False)), [url], "what zbar reads from the terminal's lines")
    # The control: the same lines on paper are no code.
    equal(read_code(modules_of_blocks(out[:-1][:8], ink_is_dark=False)), [], "what zbar reads from a part of it")
