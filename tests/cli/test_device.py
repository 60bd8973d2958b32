"""Verbs that need a device: with it, without it, with little disk, and interrupted."""
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import validators, violations
from support.program import PROGRAM, ProgramTest, bytes_of, children_of, environment, matmul, suite, vkpareto

NEEDS_DEVICE = (("devices",), ("check",), ("run",))
TINY = suite(matmul(), matmul(m=[2, 3]))
ENOUGH_ROUNDS = 5   # of which a row has a time
LONG = suite(matmul(m=[1, 2, 3, 4]), rounds=20, sample_seconds=0.005)
PATIENCE = 300   # of what a loaded machine may take; nothing waits that long but for a hang


class NoDevice(ProgramTest):
    def refuses_everywhere(self, **changes):
        for words in NEEDS_DEVICE:
            done = vkpareto(*words, env=environment(**changes), cwd=self.folder)
            self.assert_refused(done, 3, "install")
            self.assertEqual(list(self.folder.glob("results")), [])

    def test_no_driver(self):
        self.refuses_everywhere(VK_DRIVER_FILES="/nonexistent.json", VK_ICD_FILENAMES="/nonexistent.json")

    def test_no_loader(self):
        loader = self.folder / "libvulkan.so.1"
        loader.write_text("not a library")
        self.refuses_everywhere(LD_LIBRARY_PATH=str(self.folder))
        loader.unlink()
        subprocess.run(["cc", "-shared", "-o", loader, "-x", "c", "/dev/null"], check=True)   # nothing in it
        self.refuses_everywhere(LD_LIBRARY_PATH=str(self.folder))

    def test_verbs_that_need_none_work_without(self):
        env = environment(VK_DRIVER_FILES="/nonexistent.json", VK_ICD_FILENAMES="/nonexistent.json")
        for words in (("list", "variants"), ("describe", "matmul.f16"), ("compare", "--help")):
            self.assert_done(vkpareto(*words, env=env))


class Device(ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def run_suite(self, document, *words, **options):
        path = self.file("suite.json", document)
        return vkpareto("run", "--suite", path, "--device", "0", "--out", self.out, *words, **options)

    def results(self):
        """Oldest first."""
        written = [path for path in self.out.glob("*/*.json") if not path.name.endswith(".samples.json")]
        return sorted(written, key=lambda path: path.stat().st_mtime_ns)

    def test_devices_are_listed(self):
        done = vkpareto("devices")
        self.assert_done(done)
        self.assertGreater(len(done.stdout.splitlines()), 1)
        done = vkpareto("devices", "--json")
        self.assert_done(done)
        json.loads(done.stdout)

    def test_device_that_is_not_there(self):
        for verb in ("check", "run"):
            self.assert_refused(vkpareto(verb, "--device", "a card of the moon"), 3, "a card of the moon")
            self.assert_refused(vkpareto(verb, "--device", "99"), 3, "99")
            self.assert_refused(vkpareto(verb, "--device", "f" * 32), 3)

    def test_run_writes_a_result_and_never_over_one(self):
        for runs in (1, 2):
            self.assert_done(self.run_suite(TINY))
            self.assertEqual(len(self.results()), runs)
        first, second = (json.loads(path.read_text()) for path in self.results())
        self.assertEqual([r["id"] for r in first["rows"]], [r["id"] for r in second["rows"]])
        self.assertTrue(all(r["status"] in ("ok", "noisy") for r in first["rows"] if r["variant"].endswith(".gemv")))
        self.assertEqual(list(self.out.glob("*/*.journal")), [])
        known = validators()
        for path in self.out.glob("*/*.json"):   # results and samples
            self.assertEqual(list(violations(json.loads(path.read_text()), known)), [], path.name)

    def test_compare_reads_what_run_wrote(self):
        self.assert_done(self.run_suite(TINY))
        path = self.results()[0]
        done = vkpareto("compare", path, *self.out.glob("*/*.json"))
        self.assert_done(done)
        self.assertIn("tie 1.00x", done.stdout)
        self.assertIn("skipped", done.stderr)   # the samples

    def test_filter_without_a_match(self):
        done = self.run_suite(TINY, "--filter", "nothing/*")
        self.assert_clean(done)
        self.assertIn(done.returncode, (1, 5), done.stderr)
        self.assertIn("nothing/*", done.stderr)

    def test_nothing_measured_is_status_5(self):
        done = self.run_suite(suite(matmul(m=512, n=16384, k=16384), case_seconds=0.01))
        self.assert_done(done, 5)
        self.assertEqual(done.stderr.count("error: "), 1, done.stderr)

    def test_full_disk(self):
        def little_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        done = self.run_suite(TINY, preexec_fn=little_disk, restore_signals=False)
        self.assert_refused(done, 2)
        self.assertEqual(self.results(), [])

    def start_long(self, *words):
        path = self.file("suite.json", LONG)
        child = subprocess.Popen([PROGRAM, "run", "--suite", path, "--device", "0", "--out", self.out, *words],
                                 env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 start_new_session=True)
        self.addCleanup(child.communicate)   # a test that fails leaves the device to the next one
        self.addCleanup(child.kill)
        return child

    def journal(self):
        return bytes_of(self.out, "*/*.journal").decode()

    def wait_for(self, child, condition):
        """Until it holds of the journal's text."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and child.poll() is None:
            if condition(self.journal()):
                return
            time.sleep(0.01)
        child.kill()
        self.fail(("the run ended or hung first", child.communicate()))

    def wait_for_round(self, child, number):
        """Until the journal holds a sample of that round."""
        self.wait_for(child, re.compile(rf'"sample \S+ {number}"').search)

    def test_interrupt_keeps_finished_rows_and_resume_goes_on(self):
        child = self.start_long()
        self.wait_for_round(child, ENOUGH_ROUNDS + 1)
        os.killpg(child.pid, signal.SIGINT)   # as a terminal does: parent and worker
        stdout, stderr = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 130, stderr)
        self.assertNotIn("Sanitizer", stderr)
        self.assertIn("--resume", stdout + stderr)
        self.assertEqual(len(self.results()), 1)
        statuses = [row["status"] for row in json.loads(self.results()[0].read_text())["rows"]]
        self.assertTrue({"ok", "noisy"} & set(statuses), statuses)
        done = self.run_suite(LONG, "--resume")
        self.assert_done(done)
        times = [row["time_ns"] for row in json.loads(self.results()[-1].read_text())["rows"]]
        self.assertEqual({time_ns["rounds"] for time_ns in times if time_ns}, {20})

    def worker_of(self, child, but):
        """The process that holds the device, when it is none of `but`: the program's one child, no zombie beside it."""
        children = []

        def is_there(_):
            children[:] = children_of(child.pid)
            return len(children) == 1 and children[0] not in but
        self.wait_for(child, is_there)
        return children[0]

    def test_a_killed_worker_costs_one_row(self):
        """One that is killed between two jobs costs nothing, and who kills it cannot know: until a row is lost."""
        child = self.start_long()
        self.wait_for_round(child, 0)
        killed = []
        while '"lost"' not in self.journal():
            worker, answers = self.worker_of(child, killed), self.journal().count("\n")
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)
            self.worker_of(child, killed)   # before there is another one, what its death cost is written
            self.wait_for(child, lambda text, most=answers + 1: text.count("\n") > most)   # one by the other
        stdout, stderr = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 0, stderr)
        self.assertEqual(stdout.strip(), str(self.results()[0]))
        rows = json.loads(self.results()[0].read_text())["rows"]
        lost = [row for row in rows if row["status"] == "lost"]
        self.assertEqual(len(lost), 1, [row["status"] for row in rows])
        self.assertIn("signal 9", lost[0]["reason"])
        self.assertIsNone(lost[0]["time_ns"])
        timed = [row for row in rows if row["time_ns"]]
        self.assertEqual({row["time_ns"]["rounds"] for row in timed}, {20})
        self.assertGreater(len(timed), 1)

    def test_resume_refuses_another_suite(self):
        child = self.start_long()
        self.wait_for_round(child, 0)
        os.killpg(child.pid, signal.SIGTERM)
        child.communicate(timeout=PATIENCE)
        done = self.run_suite(suite(matmul(m=8), rounds=20), "--resume")
        self.assert_refused(done, 2, "suite")


if __name__ == "__main__":
    unittest.main()
