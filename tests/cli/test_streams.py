"""stdout that is closed, full or a pipe nobody reads."""
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import PROGRAM, ProgramTest, environment, result, row, vkpareto


class Streams(ProgramTest):
    def setUp(self):
        super().setUp()
        path = self.file("many.json", result(*[row(1000, n=n) for n in range(32, 32 * 2000, 32)]))
        self.verbs = (("--help",), ("--version",), ("list", "variants"), ("describe", "matmul.f16"),
                      ("compare", "--help"), ("compare", path, path), ("compare", path, path, "--format", "json"))

    def test_full_disk_on_stdout(self):
        for words in self.verbs:
            with open("/dev/full", "w", encoding="ascii") as full:
                done = vkpareto(*words, stdout=full)
            self.assert_refused(done, 2, "cannot write to stdout", "free space")

    def test_closed_stdout(self):
        for words in self.verbs:
            done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, *map(str, words)], env=environment(),
                                  text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
            self.assert_refused(done, 2, "cannot write to stdout")

    def test_reader_that_goes_away_is_no_failure(self):
        for words in self.verbs:
            with subprocess.Popen([PROGRAM, *map(str, words)], env=environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as child:
                child.stdout.close()
                stderr = child.stderr.read()
            self.assertEqual((child.returncode, stderr), (0, b""), words)

    def test_closed_stderr_changes_nothing(self):
        done = subprocess.run(["sh", "-c", f'exec "{PROGRAM}" list models 2>&-'], env=environment(), text=True,
                              stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("llama-3.1-8b", done.stdout)


if __name__ == "__main__":
    unittest.main()
