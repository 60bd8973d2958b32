"""predict on results whose times follow a known law: what is held out, left out, measured, out of reach."""
import csv
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import ProgramTest, result, row, suite, vkpareto


def lawful(n, k, factor=1, m=1):
    """The empty dispatch of the results here takes 1 us, memory gives 100 GB/s."""
    return row(factor * (1000 + (2 * n * k + 4 * m * (n + k)) / 100), n=n, k=k, m=m)


class Predict(ProgramTest):
    def setUp(self):
        super().setUp()
        self.fit = self.file("fit.json", result(lawful(1024, 1024), lawful(2048, 2048), lawful(4096, 4096)))

    def lines(self, *words):
        done = vkpareto("predict", *words, "--format", "csv")
        self.assert_done(done)
        return list(csv.DictReader(done.stdout.splitlines()))

    def test_a_shape_that_was_not_measured_is_predicted(self):
        line, = self.lines(self.fit, self.file("held.json", result(lawful(2048, 1024))))
        self.assertEqual((line["op"], line["regime"], line["technique"], line["by"]), ("matmul", "decode", "matmul.f16", "fit"))
        self.assertAlmostEqual(float(line["predicted_ns"]) / float(line["measured_ns"]), 1, 3)
        self.assertLessEqual(float(line["predicted_lo"]), float(line["predicted_ns"]))
        self.assertLessEqual(float(line["predicted_ns"]), float(line["predicted_hi"]))

    def test_what_a_prediction_rests_on(self):
        held = self.file("held.json", result(lawful(1024, 1024, 2), lawful(8192, 8192), row(1000, "int8_g32")))
        row_, beyond, none = self.lines(self.fit, held)
        self.assertEqual([line["by"] for line in (row_, beyond, none)], ["row", "extrapolated", "none"])
        self.assertAlmostEqual(float(row_["predicted_ns"]) / float(row_["measured_ns"]), 0.5, 5)
        self.assertAlmostEqual(float(beyond["predicted_ns"]) / float(beyond["measured_ns"]), 1, 3)
        self.assertEqual(none["predicted_ns"], "")

    def test_a_row_that_its_kernel_cannot_have_run_does_not_count(self):
        held = self.file("held.json", result(lawful(2048, 1024), row(1e6, m=64, n=1024, k=1024)))   # gemv takes 8 at most
        self.assertEqual(len(self.lines(self.fit, held)), 1)

    def test_alone_each_row_is_predicted_from_the_others(self):
        off = self.file("off.json", result(lawful(1024, 1024), lawful(2048, 2048, 3), lawful(3072, 3072), lawful(4096, 4096)))
        lines = self.lines(off)
        self.assertEqual(len(lines), 4)
        self.assertAlmostEqual(float(lines[1]["predicted_ns"]) / float(lines[1]["measured_ns"]), 1 / 3, 1)

    def test_table(self):
        done = vkpareto("predict", self.fit)
        self.assert_done(done)
        self.assertIn("matmul/m1-n2048-k2048/f16.gemv/cold", done.stdout)
        self.assertRegex(done.stdout, r" [+-]0 % ")
        self.assertEqual(done.stderr, "")

    def test_refusals(self):
        self.assert_refused(vkpareto("predict"), 1, "RESULT")
        self.assert_refused(vkpareto("predict", self.fit, "--format", "md"), 1, "md")
        self.assert_refused(vkpareto("predict", self.file("s.json", suite())), 2, "s.json", "vkpareto run")
        self.assert_refused(vkpareto("predict", self.fit, self.file("empty.json", result())), 2, "run a suite again")
        self.assert_refused(vkpareto("predict", self.file("broken.json", "{")), 2, "broken.json")


if __name__ == "__main__":
    unittest.main()
