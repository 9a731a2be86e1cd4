#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts single test cases: test_summary.py RESULTS_DIR CTEST_EXIT_CODE.

RESULTS_DIR holds ctest.xml (ctest's JUnit file: one entry per program) and gtest/*.xml (one file per GoogleTest program, with
its cases). A program counts by its cases where it reported them, there or by ending with "N passed, N failed", else as one. A program that failed without a failed case (crash, leak report at exit, time-out) adds one
failure, so nothing that went wrong can hide behind green cases.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

SUMMARY = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def fail(self, name):
        self.failed += 1
        self.failures.append(name)


def gtest_cases(path):
    """Yields (name, state) of one GoogleTest XML file; None when the file is unreadable."""
    try:
        root = ET.parse(path).getroot()
    except (ET.ParseError, OSError):
        return None
    cases = []
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            cases.append((name, "failed"))
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") in ("skipped", "suppressed"):
            cases.append((name, "skipped"))
        else:
            cases.append((name, "passed"))
    return cases


def last_summary(text):
    found = SUMMARY.findall(text or "")
    return tuple(int(n or 0) for n in found[-1]) if found else None


def add_cases(counts, program, cases):
    for name, state in cases:
        if state == "failed":
            counts.fail(f"{program}: {name}")
        elif state == "skipped":
            counts.skipped += 1
        else:
            counts.passed += 1


def summarise(results, ctest_rc):
    counts = Counts()
    reports = {}
    for path in sorted((results / "gtest").glob("*.xml")):
        reports[path.stem] = gtest_cases(path)
    claimed = set()

    failed_programs = 0
    ctest = results / "ctest.xml"
    try:
        entries = list(ET.parse(ctest).getroot().iter("testcase"))
    except (ET.ParseError, OSError):
        entries = []
        counts.fail("ctest wrote no result file")
    for entry in entries:
        name, status = entry.get("name"), entry.get("status")
        if status in ("disabled", "notrun") and entry.find("failure") is None:
            counts.skipped += 1
            continue
        program_failed = status != "run" or entry.find("failure") is not None
        failed_programs += program_failed
        before = counts.failed
        # GoogleTest names its file after the program, and adds _1, _2… when a program ran more than once.
        mine = [r for r in reports if re.fullmatch(re.escape(name) + r"(_test)?(_\d+)?", r)]
        output = last_summary(entry.findtext("system-out"))
        if mine:
            for report in mine:
                if report in claimed:
                    continue
                claimed.add(report)
                if reports[report] is None:
                    counts.fail(f"{name}: unreadable report {report}.xml")
                else:
                    add_cases(counts, name, reports[report])
        elif output:
            counts.passed += output[0]
            counts.skipped += output[2]
            for _ in range(output[1]):
                counts.fail(name)
        elif not program_failed:
            counts.passed += 1
        if program_failed and counts.failed == before:
            counts.fail(f"{name}: the program failed outside its test cases")
    for report, cases in reports.items():
        if report not in claimed:
            add_cases(counts, report, cases or [])
            if cases is None:
                counts.fail(f"unreadable report {report}.xml")
    if ctest_rc != 0 and failed_programs == 0:
        counts.fail(f"ctest exited with {ctest_rc}")
    return counts


def main():
    counts = summarise(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    for name in counts.failures[:200]:
        print(f"FAILED  {name}")
    if counts.passed + counts.failed == 0:
        print("no test ran")
        counts.failed = 1
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    print(f"{counts.passed} passed, {counts.failed} failed{skipped}")
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
