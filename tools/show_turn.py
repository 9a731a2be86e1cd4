#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the JSON lines of `pryx exec --json` and shows the turn to a person: tool calls, how they ended, the answer.

Exit code 1 when the turn did not complete, or when no tool call was seen: a demonstration without one shows nothing.
"""
import json
import sys

ENDS = {"turn.completed", "turn.failed", "turn.cancelled", "turn.needs_attention"}


def printable(text):
    return "".join(c if c == "\n" or c.isprintable() else "·" for c in str(text))


def show(event, payload, state):
    if event == "tool.requested":
        state["calls"] += 1
        name = payload.get("tool", "?")
        call = payload.get("summary") or payload.get("rendering") or json.dumps(payload.get("args", {}), ensure_ascii=False)
        print(f"  -> {printable(name)}  {printable(call)}")
    elif event == "tool.finished":
        print(f"  <- {printable(payload.get('tool', ''))}  {printable(payload.get('state', payload.get('status', 'finished')))}")
    elif event == "turn.delta":
        if payload.get("kind", payload.get("type", "text")) == "text":
            state["text"] += payload.get("text", "")
    elif event in ENDS:
        state["end"] = event
        state["text"] = payload.get("text") or state["text"]
        state["detail"] = payload.get("detail") or payload.get("error") or ""


def main():
    state = {"calls": 0, "text": "", "end": None, "detail": ""}
    for line in sys.stdin:
        try:
            envelope = json.loads(line)
        except ValueError:
            print(f"not JSON: {printable(line.strip())}", file=sys.stderr)
            return 1
        show(envelope.get("event"), envelope.get("payload") or {}, state)
    for line in printable(state["text"].strip()).split("\n"):
        print(f"     {line}")
    if state["end"] != "turn.completed":
        print(f"error: the turn ended with {state['end'] or 'nothing'} {printable(state['detail'])}", file=sys.stderr)
        return 1
    if state["calls"] == 0:
        print("error: the turn made no tool call", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
