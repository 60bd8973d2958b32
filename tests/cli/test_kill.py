"""kill -9 at 50 random moments, of parent, worker or both, on a real driver; --resume until each run is done.

The rule: a killed parent costs nothing. Every question is asked until its answer is in the journal and never again, so
over all attempts at most the one that was being asked is asked twice. A killed worker costs the row whose job it was
doing, as `lost`. No worker outlives its parent. (What the worker was asked is counted to the job in
tests/unit/test_resume.c.)
"""
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import PROGRAM, ProgramTest, bytes_of, children_of, environment, state_of, suite

KILLS = 50
MOMENTS = {"start", "journal", "end"}
MOST_KILLS = 500   # when one of the moments is never met
SEED = 3
# The ops that are proved fastest: it is the restarts that are tested.
SUITE = suite({"op": "block", "shape": {"rows": 1, "width": [64, 128]}, "techniques": ["rms_norm"]})
SHM = Path("/dev/shm")
PATIENCE = 300   # of what a loaded machine may take; nothing waits that long but for a hang


def alive(pid):
    """Running, and not merely unreaped."""
    return state_of(pid)[0] not in ("", "Z")


class Kill(ProgramTest):
    def setUp(self):
        super().setUp()
        self.suite = self.file("suite.json", SUITE)
        self.random = random.Random(SEED)
        self.moments = collections.Counter()

    def start(self, resume):
        words = [PROGRAM, "run", "--suite", self.suite, "--device", "0", "--out", self.out, "--verbose"]
        with open(self.said, "ab") as stderr:
            return subprocess.Popen(words + ["--resume"] * resume, env=environment(), stdout=subprocess.DEVNULL,
                                    stderr=stderr, start_new_session=True)

    def journal_lines(self):
        return bytes_of(self.out, "*/*.journal").count(b"\n")

    def wait_until(self, child, condition):
        end = time.monotonic() + PATIENCE
        while child.poll() is None and not condition() and time.monotonic() < end:
            time.sleep(0.001)

    def wait_for_moment(self, child):
        """Somewhere in the start, in proving, verifying, measuring, or in writing the result."""
        moment = self.random.choice(["start", "journal", "journal", "journal", "end"] if self.kills < KILLS else
                                    sorted(MOMENTS - set(self.moments)))
        if moment == "start":
            time.sleep(self.random.uniform(0, 0.5))
        elif moment == "journal":
            lines = self.journal_lines() + self.random.randint(1, 12)
            self.wait_until(child, lambda: self.journal_lines() >= lines)
            time.sleep(self.random.uniform(0, 0.01))
        else:
            self.wait_until(child, lambda: list(self.out.glob("*/*.samples.json*")))
            time.sleep(self.random.uniform(0, 0.01))
        if child.poll() is None:
            self.moments[moment] += 1

    def strike(self, child):
        """Kills one of the two or both; says which."""
        workers = children_of(child.pid)
        whom = self.random.choice(["parent", "worker", "both"])
        if whom == "both":
            os.killpg(child.pid, signal.SIGKILL)
        elif whom == "parent":
            os.kill(child.pid, signal.SIGKILL)
        for pid in workers if whom == "worker" else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        status = child.wait(PATIENCE)
        end = time.monotonic() + PATIENCE
        while any(map(alive, workers)) and time.monotonic() < end:
            time.sleep(0.001)
        self.assertFalse(any(map(alive, workers)), f"a worker outlives its parent ({whom})")
        return whom, status

    def enough(self):
        return self.kills >= KILLS and (set(self.moments) == MOMENTS or self.kills >= MOST_KILLS)

    def attempt(self, resume):
        """One part of a run; True when it is done."""
        before = bytes_of(self.out, "*/*.journal")
        child = self.start(resume)
        if not self.enough():
            self.wait_for_moment(child)
        if not self.enough() and child.poll() is None:
            self.kills += 1
            whom, status = self.strike(child)
            self.lost += whom == "worker"
            self.parents += whom != "worker"
        else:
            status = child.wait(PATIENCE)
        after = bytes_of(self.out, "*/*.journal")
        if after:
            self.assertTrue(after.startswith(before[:before.rfind(b"\n") + 1]), "the journal lost what it had")
            lines = [json.loads(line) for line in after[:after.rfind(b"\n") + 1].splitlines()]
            keys = [line["key"] for line in lines[1:]]
            self.assertEqual(len(keys), len(set(keys)), "a question was answered twice")
        finished = list(self.out.glob("*/*.samples.json")) and not list(self.out.glob("*/*.journal"))
        # A worker that is killed before it has said what device it has leaves nothing to measure with.
        self.assertTrue(finished or status in (-signal.SIGKILL, 2, 3, 5), (status, self.said.read_text()[-2000:]))
        return finished

    def check_run(self):
        written = sorted(path.name for path in self.out.glob("*/*"))
        self.assertEqual([re.sub(r".*-tiny", "tiny", name) for name in written],
                         ["tiny.json", "tiny.samples.json"])
        result = json.loads(next(path for path in self.out.glob("*/*-tiny.json")).read_text())
        self.assertNotIn("unfinished", result["run"])
        self.assertEqual(len(result["rows"]), len({row["id"] for row in result["rows"]}))
        lost = [row for row in result["rows"] if row["status"] == "lost"]
        for row in result["rows"]:
            if row not in lost:
                self.assertIn(row["status"], ("ok", "noisy"), row)
                self.assertEqual(row["time_ns"]["rounds"], SUITE["rounds"])
        asked = collections.Counter(re.findall(r"^asked: (.*)$", self.said.read_text(), re.M))
        again = sum(asked.values()) - len(asked)
        self.assertLessEqual(again, self.parents, asked.most_common(5))
        text = self.said.read_text()
        self.assertNotIn("Sanitizer", text)
        self.assertNotIn("runtime error", text)
        return {row["id"] for row in result["rows"]}, len(lost)

    def test_fifty_kills(self):
        self.kills, runs, ids = 0, 0, None
        while not self.enough():
            base = Path(tempfile.mkdtemp(prefix="vkpareto-kill-", dir=SHM if os.access(SHM, os.W_OK) else self.folder))
            self.addCleanup(shutil.rmtree, base)
            self.out, self.said = base / "out", base / "said"
            self.lost = self.parents = 0
            resume = False
            while not self.attempt(resume):
                resume = True
            rows, lost = self.check_run()
            self.assertTrue(rows and rows == (ids or rows), "rows are lost")
            # Before it was proved a variant has a row per shape; a worker dies of one job.
            self.assertLessEqual(lost, 2 * self.lost)
            ids, runs = rows, runs + 1
        print(f"{self.kills} kills over {runs} runs: {dict(self.moments)}", file=sys.stderr)
        self.assertEqual(set(self.moments), MOMENTS)


if __name__ == "__main__":
    unittest.main()
