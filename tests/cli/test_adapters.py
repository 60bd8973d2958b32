"""scripts/adapters: what it makes of a result that was measured."""
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import PROGRAM, ProgramTest

MEASURED = ROOT / "tests" / "golden" / "adapters.json"
LINE = re.compile(r"^\| (f16|int4_g32) \| (\d+) \| (\d+ x \d+) \| 16 \| \S+ \| \S+ \| (\S+) \(", re.M)


class Adapters(ProgramTest):
    def script(self, path):
        command = [sys.executable, ROOT / "scripts/adapters", "--program", PROGRAM, "--no-page", path]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)

    def ratios(self, path):
        done = self.script(path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {(base, m, matrix): float(ratio) for base, m, matrix, ratio in LINE.findall(done.stdout)}

    def test_each_kernel_is_held_against_its_parts(self):
        result = json.loads(MEASURED.read_text())
        ratios = self.ratios(MEASURED)
        self.assertEqual(set(ratios), {(base, m, matrix) for base in ("f16", "int4_g32") for m in ("1", "64")
                                       for matrix in ("256 x 256", "512 x 256")})
        for row in result["rows"]:
            if row["op"] == "adapter" and row["time_ns"]:
                row["time_ns"] = {name: 2 * ns if isinstance(ns, (int, float)) and name not in ("samples", "rounds") else ns
                                  for name, ns in row["time_ns"].items()}
        for key, ratio in self.ratios(self.file("slow.json", result)).items():
            self.assertAlmostEqual(ratio, ratios[key] / 2, delta=0.011)

    def test_a_result_without_adapters_is_refused(self):
        done = self.script(ROOT / "tests" / "golden" / "result.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no timed row of an adapter", done.stderr)


if __name__ == "__main__":
    unittest.main()
