"""scripts/heldout: what it makes of a result, and where it writes it."""
import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import PROGRAM, ProgramTest, result, row, suite


def lawful(n, k, factor=1):
    return row(factor * (1000 + (2 * n * k + 4 * (n + k)) / 100), n=n, k=k)


def cases(*sizes):
    return suite(*({"op": "matmul", "shape": {"m": 1, "n": n, "k": k}} for n, k in sizes))


class Heldout(ProgramTest):
    def setUp(self):
        super().setUp()
        for path in ("scripts/heldout", "docs/cost-model.md"):
            (self.folder / path).parent.mkdir()
            shutil.copy(ROOT / path, self.folder / path)
        self.page = self.folder / "docs/cost-model.md"
        self.suites = ("--suite", self.file("fit.json", cases((1024, 1024), (2048, 2048), (4096, 4096))),
                       "--heldout", self.file("held.json", cases((2048, 1024), (4096, 1024), (8192, 8192))))

    def heldout(self, factor, *words):
        rows = [lawful(n, n) for n in (1024, 2048, 4096)] + [lawful(2048, 1024), lawful(4096, 1024, factor), lawful(8192, 8192)]
        measured = self.file("measured.json", result(*rows))
        command = [sys.executable, self.folder / "scripts/heldout", "--program", PROGRAM, *self.suites, *words, measured]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)

    def test_the_page_holds_the_tables(self):
        done = self.heldout(1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| matmul decode | 2 | 2 | 0.0 % |", done.stdout)
        self.assertIn("| extrapolated | 1 | 1 | 0.0 % |", done.stdout)
        self.assertIn("| both | 3 | 3 |", done.stdout)
        before, after = (ROOT / "docs/cost-model.md").read_text(), self.page.read_text()
        mark, end = "<!-- made by scripts/heldout -->", "<!-- end -->"
        self.assertIn("| matmul decode | 2 | 2 | 0.0 % |", after)
        self.assertEqual(before.partition(mark)[0], after.partition(mark)[0])
        self.assertEqual(before.partition(end)[2], after.partition(end)[2])

    def test_several_judges_have_a_line_each(self):
        other = dict(cases((8192, 8192)), name="other")
        self.suites = (*self.suites[:2], "--heldout", self.file("held.json", cases((2048, 1024), (4096, 1024))),
                       "--heldout", self.file("other.json", other))
        done = self.heldout(1, "--no-page")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| both, of `other` | 1 | 1 | 0.0 % |", done.stdout)
        self.assertRegex(done.stdout, r"\| both, of `\w+` \| 2 \| 2 \|")

    def test_a_missed_goal_is_status_4_and_names_the_worst(self):
        done = self.heldout(2, "--no-page")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertRegex(done.stdout, r"\| 50\.0 % `matmul/m1-n4096-k1024/f16\.gemv` \| 1 \|")
        self.assertEqual(self.page.read_text(), (ROOT / "docs/cost-model.md").read_text())

    def test_a_result_without_held_out_shapes_is_refused(self):
        self.suites = (*self.suites[:2], "--heldout", self.file("other.json", cases((64, 64))))
        done = self.heldout(1)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none of the held-out shapes", done.stderr)

    def test_heldout_suite_shares_no_shape_with_the_suites(self):
        def shapes(document):
            for case in document["cases"]:
                yield case["op"], json.dumps(case["shape"], sort_keys=True)
        judges = [set(shapes(json.loads(path.read_text()))) for path in sorted((ROOT / "tests").glob("heldout*.json"))]
        held = set().union(*judges)
        self.assertEqual(len(held), sum(map(len, judges)))
        for name in ("quick", "standard", "full"):
            self.assertFalse(held & set(shapes(json.loads((ROOT / f"suites/{name}.json").read_text()))))


if __name__ == "__main__":
    unittest.main()
