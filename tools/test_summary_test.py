#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The count that `make test` prints, against result folders that hide failures in every way seen so far."""
import pathlib
import tempfile
import unittest

import test_summary

RUN = '<testcase name="{0}" classname="{0}" time="1" status="run"><system-out>{1}</system-out></testcase>'
FAIL = '<testcase name="{0}" classname="{0}" time="1" status="fail"><failure message=""/><system-out/></testcase>'
CASES = '<testsuites><testsuite name="S">{}</testsuite></testsuites>'
GOOD = '<testcase name="A" classname="S" status="run" result="completed"/>'
BAD = '<testcase name="B" classname="S" status="run" result="completed"><failure message="x"/></testcase>'
SKIP = '<testcase name="C" classname="S" status="run" result="skipped"><skipped message="x"/></testcase>'


class TestSummary(unittest.TestCase):
    def count(self, entries, gtest=None, rc=0):
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder)
            (results / "gtest").mkdir()
            if entries is not None:
                (results / "ctest.xml").write_text(f"<testsuite>{''.join(entries)}</testsuite>")
            for name, text in (gtest or {}).items():
                (results / "gtest" / f"{name}.xml").write_text(text)
            counts = test_summary.summarise(results, rc)
            return counts.passed, counts.failed, counts.skipped

    def test_counts_cases_and_not_programs(self):
        gtest = {"base_test": CASES.format(GOOD + GOOD + SKIP)}
        self.assertEqual(self.count([RUN.format("base", "")], gtest), (2, 0, 1))

    def test_a_failed_case_is_counted_once(self):
        gtest = {"base_test": CASES.format(GOOD + BAD)}
        self.assertEqual(self.count([FAIL.format("base")], gtest, rc=8), (1, 1, 0))

    def test_a_crash_after_green_cases_is_a_failure(self):
        gtest = {"base_test": CASES.format(GOOD)}
        self.assertEqual(self.count([FAIL.format("base")], gtest, rc=8), (1, 1, 0))

    def test_a_crash_without_a_report_is_a_failure(self):
        self.assertEqual(self.count([FAIL.format("base")], rc=8), (0, 1, 0))

    def test_a_half_written_report_is_a_failure(self):
        self.assertEqual(self.count([RUN.format("base", "")], {"base_test": "<testsuites"}), (0, 1, 0))

    def test_a_program_that_prints_a_summary_counts_by_it(self):
        self.assertEqual(self.count([RUN.format("e2e", "ok\n7 passed, 0 failed, 2 skipped\n")]), (7, 0, 2))

    def test_a_plain_program_counts_as_one(self):
        self.assertEqual(self.count([RUN.format("fuzz_json", "done")]), (1, 0, 0))

    def test_two_runs_of_one_program_both_count(self):
        gtest = {"sim_test": CASES.format(GOOD), "sim_test_1": CASES.format(GOOD)}
        self.assertEqual(self.count([RUN.format("sim", "")], gtest), (2, 0, 0))

    def test_no_result_file_is_a_failure(self):
        self.assertEqual(self.count(None, rc=8)[1], 2)

    def test_ctest_failing_by_itself_is_a_failure(self):
        self.assertEqual(self.count([RUN.format("x", "")], rc=1), (1, 1, 0))


if __name__ == "__main__":
    unittest.main()
