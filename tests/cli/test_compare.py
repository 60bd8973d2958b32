"""compare on results of known ratios: formats, baseline, gate, files of other schemas."""
import csv
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import validators, violations
from support.program import ProgramTest, changed, result, row, suite, vkpareto


class Compare(ProgramTest):
    def setUp(self):
        super().setUp()
        self.slow = self.file("slow.json", result(row(2000), row(800, "int8_g32")))
        self.fast = self.file("fast.json", changed(result(row(1000), row(800, "int4_g32")), "device/name", "B Card"))

    def test_table_shows_ratio_and_verdict(self):
        done = vkpareto("compare", self.slow, self.fast)
        self.assert_done(done)
        self.assertIn("faster 2.00x ±1%", done.stdout)
        self.assertIn("only here", done.stdout)
        self.assertIn("1 of 3 rows have a time in every result; 1 of these differ", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_json_and_csv_carry_the_same_numbers(self):
        document = json.loads(vkpareto("compare", self.slow, self.fast, "--format", "json").stdout)
        self.assertEqual(violations(document, validators()), [])
        cells = document["rows"]
        by_name = {r["technique"]: r["results"] for r in cells}
        self.assertAlmostEqual(by_name["f16"][1]["speed"]["value"], 2)
        self.assertAlmostEqual(by_name["f16"][1]["speed"]["lo"], 2 * 0.99 ** (2 ** 0.5), 3)
        lines = list(csv.DictReader(vkpareto("compare", self.slow, self.fast, "--format", "csv").stdout.splitlines()))
        self.assertEqual(len(lines), 6)
        fast = next(line for line in lines if line["technique"] == "f16" and line["result"] == "B")
        self.assertEqual((fast["speed"], fast["verdict"], fast["time_ns"]), ("2", "faster", "1000"))

    def test_markdown_is_a_table(self):
        done = vkpareto("compare", self.slow, self.fast, "--format", "md")
        self.assert_done(done)
        self.assertIn("| matmul | A time | own |", done.stdout)

    def test_baseline_may_be_any_result(self):
        for words in ((self.slow, self.fast), (self.slow,)):
            done = vkpareto("compare", *words, "--baseline", self.fast, "--format", "json")
            self.assert_done(done)
            document = json.loads(done.stdout)
            self.assertEqual(document["baseline"], 1)
            self.assertEqual(len(document["results"]), 2)

    def test_gate(self):
        self.assert_done(vkpareto("compare", self.slow, self.fast, "--fail-if-slower", "5"))
        done = vkpareto("compare", self.fast, self.slow, "--fail-if-slower", "5")
        self.assert_done(done, 4)
        self.assertIn("slower", done.stdout)
        self.assertIn("error: ", done.stderr)
        self.assert_done(vkpareto("compare", self.fast, self.slow, "--fail-if-slower", "101"))

    def test_gate_fails_where_a_kernel_broke(self):
        both = result(row(2000), row(800, "int8_g32"))
        base = self.file("base.json", both)
        gone = {"rows/1/time_ns": None, "rows/1/roofline": None, "rows/1/bound": None, "rows/1/reason": "a reason"}
        for status, exit_status in (("wrong", 4), ("lost", 4), ("timeout", 4), ("unsupported", 0), ("skipped", 0)):
            with self.subTest(status):
                later = both
                for path, value in {**gone, "rows/1/status": status}.items():
                    later = changed(later, path, value)
                later = self.file("later.json", later)
                done = vkpareto("compare", base, later, "--fail-if-slower", "5")
                self.assert_done(done, exit_status)
                self.assertEqual("error: compare: 1 rows" in done.stderr, exit_status == 4)
                self.assert_done(vkpareto("compare", later, base, "--fail-if-slower", "5"))
                self.assert_done(vkpareto("compare", base, later))

    def test_gate_fails_where_nothing_is_compared(self):
        other = self.file("other.json", result(row(1000, m=2)))
        for words in ((self.slow, other), (self.slow,), (self.slow, self.file("empty.json", result()))):
            done = vkpareto("compare", *words, "--fail-if-slower", "5")
            self.assert_done(done, 4)
            self.assertIn("error: compare: no row", done.stderr)
        self.assert_done(vkpareto("compare", self.slow, other, self.fast, "--fail-if-slower", "5"))

    def test_same_result_twice_ties(self):
        done = vkpareto("compare", self.slow, self.slow, "--fail-if-slower", "0")
        self.assert_done(done)
        self.assertIn("tie 1.00x", done.stdout)

    def with_joules(self, *watts):
        """A result of rows at as many shapes; each draws its watts while it runs, None: that was not measured."""
        rows = [row(1000.0 * n, n=64 * n) for n in range(1, len(watts) + 1)]
        for one, power in zip(rows, watts):
            if power:
                joules = power * 1e-9 * one["time_ns"]["median"]
                one["energy"] = {"gross": joules, "gross_error": 0.02 * joules, "net": joules, "net_error": 0,
                                 "idle_watts": 10,
                                 "run_ns": one["time_ns"]["median"], "windows": 3, "meter": "a meter"}
        return self.file(f"joules{len(watts)}.json", result(*rows))

    def test_joules_are_shown_where_there_are_any(self):
        path = self.with_joules(100, 100, 100, 100, None)
        done = vkpareto("compare", path, self.slow)
        self.assert_done(done)
        self.assertIn("A energy", done.stdout)
        self.assertNotIn("B energy", done.stdout)
        self.assertIn("100 uJ ±2%", done.stdout)    # 100 W for 1 us
        self.assertRegex(done.stdout, r"\(500 uJ ±\d")   # 5 us, by the model
        self.assertIn("in parentheses", done.stdout)
        document = json.loads(vkpareto("compare", path, self.slow, "--format", "json").stdout)
        self.assertEqual(violations(document, validators()), [])
        told = [r["results"][0].get("energy") for r in document["rows"] if r["results"][0]["verdict"] != "absent"]
        self.assertEqual([energy["source"] for energy in told], ["measured"] * 4 + ["modelled"])
        self.assertAlmostEqual(told[4]["joules"], 5e-4, 6)
        lines = list(csv.DictReader(vkpareto("compare", path, self.slow, "--format", "csv").stdout.splitlines()))
        self.assertEqual([line["joules_source"] for line in lines if line["result"] == "A" and line["time_ns"]],
                         ["measured"] * 4 + ["modelled"])
        self.assertEqual({line["joules"] for line in lines if line["result"] == "B"}, {""})
        self.assertIn("A energy |", vkpareto("compare", path, "--format", "md").stdout)

    def test_too_few_joules_are_no_model(self):
        done = vkpareto("compare", self.with_joules(100, None))
        self.assert_done(done)
        self.assertIn("100 uJ", done.stdout)
        self.assertNotIn("(", done.stdout.split("energy")[1].split("\n\n")[0])

    def test_nothing_is_said_of_joules_where_there_are_none(self):
        for form in ("table", "csv", "md", "json"):
            done = vkpareto("compare", self.slow, self.fast, "--format", form)
            self.assertNotIn("energy", done.stdout)
            self.assertNotIn("joules", done.stdout)

    def test_other_schemas_are_skipped_with_a_line(self):
        other = self.file("tiny.json", suite())
        later = self.file("later.json", result(schema="vkpareto.result/2"))
        done = vkpareto("compare", self.slow, other, later, self.fast)
        self.assert_done(done)
        self.assertEqual(done.stderr.count("skipped"), 2)
        self.assertIn("tiny.json", done.stderr)
        self.assertIn("faster 2.00x", done.stdout)

    def test_one_result_alone_is_a_table_of_its_times(self):
        done = vkpareto("compare", self.slow)
        self.assert_done(done)
        self.assertIn("A time", done.stdout)
        self.assertNotIn("vs A", done.stdout)
        self.assertNotIn("baseline", done.stdout)

    def test_no_result_among_the_files(self):
        self.assert_refused(vkpareto("compare", self.file("tiny.json", suite())), 2, "no result among the files")
        done = vkpareto("compare", self.slow, self.fast, "--baseline", self.file("tiny.json", suite()))
        self.assert_refused(done, 2, "--baseline")


if __name__ == "__main__":
    unittest.main()
