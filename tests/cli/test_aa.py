"""scripts/aa: what it makes of pairs of results, and where it writes it."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def row(name, median, half):
    time = {"median": median, "lo": median - half, "hi": median + half}
    return {"id": name, "op": name.split("/")[0], "time_ns": time}


def result(*rows):
    return {"created": "2026-11-22T12:00:00Z", "device": {"name": "Card", "driver": {"name": "drv", "info": "1.2"}},
            "run": {"suite": "aa"}, "machine": {"before": {"busy": 0.25}, "after": None}, "rows": list(rows)}


class AaTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for path in ("scripts/aa", "docs/method.md"):
            (self.folder / path).parent.mkdir()
            shutil.copy(ROOT / path, self.folder / path)
        self.page = self.folder / "docs/method.md"

    def aa(self, *words, results=()):
        for i, content in enumerate(results):
            (self.folder / f"{i}.json").write_text(json.dumps(content))
            words += (self.folder / f"{i}.json",)
        return subprocess.run([sys.executable, self.folder / "scripts/aa", *map(str, words)], capture_output=True,
                              text=True, timeout=60, check=False)

    def test_agreement_is_the_rule_and_the_page_holds_it(self):
        # 100 and 105 with halves 3 and 4 lie on the border; 100 and 106 beyond it
        first = result(row("matmul/a", 100, 3), row("block/b", 100, 3), row("block/only-here", 1, 1))
        second = result(row("matmul/a", 105, 4), row("block/b", 106, 4))
        done = self.aa(results=(first, second))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("| matmul | 1 | 1 | 100.0 % | 5.0 % | 5.0 % |\n", done.stdout)
        self.assertIn("| block | 1 | 0 | 0.0 % | 6.0 % | 5.0 % |\n", done.stdout)
        self.assertIn("| all | 2 | 1 | 50.0 % |", done.stdout)
        self.assertIn("block/b: 6.0 % apart", done.stderr)
        for word in ("Card", "drv 1.2", "2026-11-22", "25.0 %"):
            self.assertIn(word, done.stdout)
        before, after = (ROOT / "docs/method.md").read_text(), self.page.read_text()
        self.assertIn(done.stdout, after)
        mark, end = "<!-- made by scripts/aa -->", "<!-- end -->"
        self.assertEqual(before.partition(mark)[0], after.partition(mark)[0])
        self.assertEqual(before.partition(end)[2], after.partition(end)[2])

    def test_agreement_is_status_0_and_no_page_leaves_it(self):
        before = self.page.read_text()
        done = self.aa("--no-page", results=(result(row("matmul/a", 100, 3)), result(row("matmul/a", 100, 3))))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.page.read_text(), before)

    def test_refusals(self):
        self.assertEqual(self.aa(results=(result(),)).returncode, 2)
        self.assertIn("no row has a time", self.aa(results=(result(), result())).stderr)
        self.assertIn("--program", self.aa("--program", self.folder / "none").stderr)
        self.page.write_text("no marks")
        same = result(row("matmul/a", 100, 3))
        self.assertIn("the table goes between them", self.aa(results=(same, same)).stderr)


if __name__ == "__main__":
    unittest.main()
