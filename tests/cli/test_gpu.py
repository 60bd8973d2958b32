"""scripts/gpu: a whole measurement with bash, coreutils and the program alone, and one that is killed in the middle."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import PROGRAM, ProgramTest, bytes_of, environment, matmul, suite

SCRIPT = Path(__file__).parents[2] / "scripts" / "gpu"
# The packages bash and coreutils of every distribution hold these; nothing else is on the script's PATH.
TOOLS = ("bash", "cat", "date", "dirname", "mkdir", "realpath", "rm", "tee", "timeout", "uname")
SMALL = suite(matmul())
LONG = suite(matmul(m=[1, 2, 3, 4]), rounds=20, sample_seconds=0.005)
ROUNDS = 20
PATIENCE = 300   # of what a loaded machine may take; nothing waits that long but for a hang


class Gpu(ProgramTest):
    def setUp(self):
        super().setUp()
        tools = self.folder / "bin"
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).symlink_to(shutil.which(tool))
        self.env = environment(PATH=str(tools))
        self.out = self.folder / "out"

    def start(self, document, *words, **changes):
        path = self.file("suite.json", document)
        command = [SCRIPT, "--program", PROGRAM, "--out", self.out, "--suite", path, "--minutes", "30",
                   "--filter", "matmul*f16*gemv*", *words]
        return subprocess.Popen([shutil.which("bash"), *map(str, command)], env={**self.env, **changes}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def finish(self, child, status=0):
        stdout, stderr = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, status, stderr)
        self.assertNotIn("not found", stderr)
        return stdout, stderr

    def log(self):
        return (self.out / "log.txt").read_text()

    def test_everything_is_in_one_folder(self):
        stdout, stderr = self.finish(self.start(SMALL))
        result = json.loads(Path(stdout.strip()).read_text())
        self.assertTrue(any(row["time_ns"] for row in result["rows"]))
        self.assertTrue(Path(stdout.strip()).is_relative_to(self.out))
        self.assertEqual(stderr, self.log())
        json.loads((self.out / "devices.json").read_text())
        self.assertIn("matmul.f16.gemv", (self.out / "check.txt").read_text())
        self.assertEqual({(self.out / f"{step}.status").read_text() for step in ("devices", "check", "run")}, {"0\n"})
        again, stderr = self.finish(self.start(SMALL))
        self.assertEqual(again, stdout)
        self.assertIn("complete", stderr)

    def wait_for(self, child, text, pattern):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and child.poll() is None:
            if text.encode() in bytes_of(self.out, pattern):
                return
            time.sleep(0.01)
        child.kill()
        self.fail((f"no {text} in {pattern}", child.communicate()))

    def test_killed_in_the_middle_it_goes_on(self):
        child = self.start(LONG)
        self.wait_for(child, '"sample ', "results/*/*.journal")
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        self.assertIn("== vkpareto run", self.log())
        stdout, _ = self.finish(self.start(LONG))
        self.assertIn("going on with", self.log())
        rows = json.loads(Path(stdout.strip()).read_text())["rows"]
        self.assertEqual({row["time_ns"]["rounds"] for row in rows if row["time_ns"]}, {ROUNDS})
        self.assertEqual(list(self.out.glob("results/*/*.journal")), [])

    def test_interrupted_it_keeps_what_it_has(self):
        child = self.start(LONG)
        self.wait_for(child, '"sample ', "results/*/*.journal")
        os.killpg(child.pid, signal.SIGINT)   # as a terminal does
        _, stderr = self.finish(child, 130)
        self.assertIn("goes on", stderr)
        self.assertEqual(stderr, self.log())
        self.assertEqual(len(list(self.out.glob("results/*/*.journal"))), 1)

    def test_no_device_says_what_to_carry(self):
        nowhere = {"VK_DRIVER_FILES": "/nonexistent.json", "VK_ICD_FILENAMES": "/nonexistent.json"}
        _, stderr = self.finish(self.start(SMALL, **nowhere), 3)
        self.assertIn("libvulkan.so.1", stderr)
        self.assertIn("ICD file", stderr)

    def test_refusals(self):
        for words, says in ((("--minutes", "0"), "minutes"), (("--program", "/nonexistent"), "beside this script"),
                            (("--out", "/proc/none"), "--out")):
            _, stderr = self.finish(self.start(SMALL, *words), 2)
            self.assertIn(says, stderr)
        self.assertIn("Usage", self.finish(self.start(SMALL, "--what", "x"), 1)[1])


if __name__ == "__main__":
    unittest.main()
