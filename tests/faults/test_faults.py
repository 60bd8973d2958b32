"""The program on a driver that fails: one fault of the layer beside this file at a time (faults.h says what each is)."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import validators, violations
from support.program import ProgramTest, environment, matmul, suite, vkpareto

LAYERS = os.environ.get("FAULT_LAYER", "build/test/faults")
TIMED = {"ok", "noisy"}
SUITE = suite(matmul(), matmul(m=[2, 3]), matmul(m=1, n=96, k=96))
GEMV = "*/f16.gemv/*"   # the one variant that runs at every shape of the suite: one row a case


class Faults(ProgramTest):
    def setUp(self):
        super().setUp()
        self.record = self.folder / "record"

    def with_fault(self, fault, *words, once=True):
        env = environment(VK_LAYER_PATH=os.path.abspath(LAYERS), VK_INSTANCE_LAYERS="VK_LAYER_VKPARETO_faults",
                          VKPARETO_FAULT=fault, VKPARETO_FAULT_RECORD=str(self.record) if once else None)
        return vkpareto(*words, env=env, cwd=self.folder)

    def run_with(self, fault, once=True, status=0, document=SUITE):
        """Runs the suite; returns its rows and the result."""
        path = self.file("suite.json", document)
        done = self.with_fault(fault, "run", "--suite", path, "--filter", GEMV, "--out", self.folder / "out", once=once)
        self.assert_done(done, status)
        (written,) = [p for p in self.folder.glob("out/*/*.json") if not p.name.endswith(".samples.json")]
        result = json.loads(written.read_text())
        self.assertEqual(list(violations(result, validators())), [])
        self.assertEqual(len(result["rows"]), 4)
        self.assertEqual(list(self.folder.glob("out/*/*.journal")), [])
        return result["rows"], result

    def assert_one_row_hit(self, rows, status, *says):
        hit = [row for row in rows if row["status"] not in TIMED]
        self.assertEqual([row["status"] for row in hit], [status], [(r["status"], r["reason"]) for r in rows])
        for words in says:
            self.assertIn(words, hit[0]["reason"])

    def events(self, kind):
        """How many events of a kind a run of the suite has, without a fault."""
        self.run_with("count")
        counts = dict(line.split() for line in self.record.read_text().splitlines())
        self.record.unlink()
        for path in self.folder.glob("out/*/*"):
            path.unlink()
        return int(counts[kind])

    def test_device_lost(self):
        rows, _ = self.run_with("lost:20")
        self.assert_one_row_hit(rows, "lost", "VK_ERROR_DEVICE_LOST", "vkQueueSubmit")


if __name__ == "__main__":
    unittest.main()
