# SPDX-License-Identifier: MIT
"""Long output of commands: the model gets its ends, the store keeps it, and a person reads it back."""
import json

from harness import case, contains, equal, expect, lacks
from shell_test import Shell


@case(limit=180)
def five_megabytes_reach_the_model_bounded_and_the_store_whole(lab):
    """TL-10, for both streams."""
    shell = Shell(lab)
    for number, (stream, redirect) in enumerate((("stdout", ""), ("stderr", " >&2"))):
        letter = "ab"[number]
        text = shell.exec(f"head -c 5000000 /dev/zero | tr '\\0' {letter}{redirect}")
        expect(len(text) < 30_000, f"{len(text)} characters reach the model")
        contains(text, "bytes left out, whole result kept as sha256:", "the result says that it is not whole")
        prompts = [json.dumps(r.body) for r in shell.model.requests]
        expect(max(map(len, prompts)) < 100_000, f"a prompt of {max(map(len, prompts))} bytes")
        contains(prompts[-1], f"{text[text.index('[… ') + 3:].split()[0]} bytes left out", "the model is told how much is missing")
        turn = shell.api.transcript(shell.session)[-1]["turn_id"]
        step = [s for s in shell.api.get(f"/turns/{turn}")["steps"] if s["kind"] == "tool"][-1]
        expect(step["result_ref"], "the whole result is kept")
        kept = shell.api.request("GET", f"/api/v1/turns/{turn}/steps/{step['id']}/result")
        equal(kept.status, 200, "the kept result")
        head, bytes_of_it = kept.body.split(f"[{stream}]\n".encode(), 1)
        expect(bytes_of_it == letter.encode() * 5_000_000 + b"\n", f"{len(bytes_of_it)} bytes of {stream} are kept, or others than it wrote")
        lacks(head, b"left out", "what is before them")
        ran = shell.daemon.cli("turn", "show", turn, "--result", step["id"], "-o", str(lab.box.root / "kept.txt")).must(0)
        expect((lab.box.root / "kept.txt").read_bytes() == kept.body, f"pryx turn show --result wrote something else ({ran.err})")
        contains(shell.daemon.cli("turn", "show", turn).must(0).err, f"--result {step['id']}", "pryx turn show names the way")
    shell.daemon.cli("turn", "show", turn, "--result", "stp_01ARZ3NDEKTSV4RRFFQ69G5FAV").must(6)


@case(limit=180)
def what_is_more_than_is_kept_is_not_called_whole(lab):
    shell = Shell(lab)
    text = shell.exec("head -c 20000000 /dev/zero | tr '\\0' a")
    contains(text, "bytes left out, kept as sha256:", "the result")
    lacks(text, "whole", "the result")
