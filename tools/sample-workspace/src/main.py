# SPDX-License-Identifier: MIT
"""Prints today's high tides of one harbour."""
import json
import pathlib
import sys

from tides import high_tides

HARBOURS = json.loads((pathlib.Path(__file__).parent / "harbours.json").read_text())


def main():
    # TODO: take the date from the command line as well
    name = sys.argv[1] if len(sys.argv) > 1 else "Husum"
    if name not in HARBOURS:
        sys.exit(f"unknown harbour {name}; known are {', '.join(sorted(HARBOURS))}")
    for hour, minute in high_tides(HARBOURS[name]):
        print(f"{name}  {hour:02}:{minute:02}")


main()
