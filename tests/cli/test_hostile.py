"""Drivers that crash or are not there, devices that cannot be told apart, suites that no machine holds."""
import json
import resource
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import ProgramTest, environment, result, row, suite, vkpareto

CRASH = "int vk_icdNegotiateLoaderICDInterfaceVersion(unsigned *v) { (void)v; __builtin_trap(); }\n"
TINY = suite({"op": "block", "shape": {"rows": 1, "width": 64}, "techniques": ["rms_norm"]})


def drivers(*manifests):
    names = ":".join(map(str, manifests))
    return environment(VK_DRIVER_FILES=names, VK_ICD_FILENAMES=names)


class Drivers(ProgramTest):
    def manifest(self, name, library):
        return self.file(name, {"file_format_version": "1.0.0", "ICD": {"library_path": str(library),
                                                                       "api_version": "1.3.0"}})

    def crashing(self):
        library = self.folder / "libcrash.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-"], input=CRASH, text=True, check=True)
        return self.manifest("crash.json", library)

    def two_of_a_kind(self):
        """lavapipe through two manifests: two devices of one name."""
        first = Path(environment()["VK_DRIVER_FILES"].split(":")[0])
        return drivers(first, shutil.copy(first, self.folder / "second.json"))

    def test_a_driver_that_crashes_while_it_is_listed(self):
        crash = self.crashing()
        beside = environment()["VK_DRIVER_FILES"]
        for env in (drivers(crash), drivers(crash, beside)):
            for words in (["devices"], ["devices", "--json"], ["check"], ["run"], ["run", "--device", "all"]):
                done = vkpareto(*words, env=env, cwd=self.folder)
                self.assert_refused(done, done.returncode, "signal", "VK_DRIVER_FILES")
                self.assertIn(done.returncode, (2, 3))

    def test_whoever_starts_it_ignores_its_children(self):
        done = vkpareto("devices", env=drivers(self.crashing()), restore_signals=False,
                        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assert_refused(done, 2, "died of signal")

    def test_a_driver_that_is_not_there(self):
        env = drivers(self.manifest("nowhere.json", "/nonexistent/libvulkan_none.so"))
        for words in (["devices"], ["check"], ["run"]):
            self.assert_refused(vkpareto(*words, env=env, cwd=self.folder), 3, "install")

    def test_two_devices_of_one_name(self):
        env = self.two_of_a_kind()
        done = vkpareto("run", "--device", "llvmpipe", env=env, cwd=self.folder)
        self.assert_refused(done, 1, "several devices", "\n  0  llvmpipe", "\n  1  llvmpipe", "index or UUID")
        done = vkpareto("run", "--device", "1", "--dry-run", "--suite", self.file("s.json", TINY), env=env)
        self.assert_done(done)
        self.assertIn("planned", done.stdout)

    def test_all_devices_one_after_the_other(self):
        words = ("run", "--device", "all", "--suite", self.file("s.json", TINY), "--out", self.folder / "out")
        env = self.two_of_a_kind()
        done = vkpareto(*words, env=env)
        self.assert_done(done)
        paths = done.stdout.split()
        self.assertEqual(len(set(paths)), 2)
        for path in paths:
            rows = json.loads(Path(path).read_text())["rows"]
            self.assertTrue(all(row["time_ns"] for row in rows), rows)
        done = vkpareto(*words, "--resume", env=env)
        self.assert_done(done)
        self.assertEqual((done.stderr.count("already whole"), len(done.stdout.split())), (2, 2), done.stderr)


class Sizes(ProgramTest):
    def test_a_thousand_cases_of_a_thousand_million_elements(self):
        cases = [{"op": "matmul", "shape": {"m": 1, "n": 31623, "k": 31623 + i}, "techniques": ["f32"]}
                 for i in range(300)]
        cases += [{"op": "block", "shape": {"rows": 15625 + i, "width": 64000}, "techniques": ["residual"]}
                  for i in range(700)]
        path = self.file("huge.json", suite(*cases, name="huge"))
        self.assert_done(vkpareto("run", "--suite", path, "--device", "0", "--out", self.folder / "out"), 5)
        rows = json.loads(next((self.folder / "out").glob("*/*-huge.json")).read_text())["rows"]
        self.assertGreaterEqual(len(rows), 1000)
        self.assertLessEqual({row["status"] for row in rows}, {"skipped", "unsupported"})
        self.assertTrue(all("needs" in row["reason"] for row in rows if row["status"] == "skipped"))
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 2 << 20)   # KiB: no case was allocated

    def test_results_where_a_file_is(self):
        out = self.file("out", "a file")
        done = vkpareto("run", "--suite", self.file("s.json", TINY), "--device", "0", "--out", out)
        self.assert_refused(done, 2, "another place")


class Partial(ProgramTest):
    def test_a_partial_result_is_read_and_said_to_be_one(self):
        whole = result(row(1e6))
        part = self.file("a.partial.json", {**whole, "run": {**whole["run"], "unfinished": "interrupted"}})
        done = vkpareto("compare", part)
        self.assert_done(done)
        self.assertIn("a.partial.json is partial (interrupted)", done.stderr)
        done = vkpareto("compare", self.file("a.json", whole))
        self.assertNotIn("partial", done.stderr)


if __name__ == "__main__":
    unittest.main()
