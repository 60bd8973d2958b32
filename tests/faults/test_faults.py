"""The program on a driver that fails: one fault of the layer beside this file at a time; faults.h says what each is."""
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import validators, violations
from support.program import PROGRAM, ProgramTest, environment, matmul, suite, vkpareto

LAYERS = os.environ.get("FAULT_LAYER", "build/test/faults")
TIMED = {"ok", "noisy"}
SUITE = suite(matmul(), matmul(m=[2, 3]), matmul(m=1, n=96, k=96))
GEMV = "*/f16.gemv/*"   # the one variant that runs at every shape of the suite: one row a case


class Faults(ProgramTest):
    def setUp(self):
        super().setUp()
        self.record = self.folder / "record"

    def faulty(self, fault, once=True, **changes):
        # Mesa's device_select layer (22.3) writes past an empty list of devices.
        return environment(NODEVICE_SELECT="1", VK_LAYER_PATH=os.path.abspath(LAYERS),
                           VK_INSTANCE_LAYERS="VK_LAYER_VKPARETO_faults", VKPARETO_FAULT=fault,
                           VKPARETO_FAULT_RECORD=str(self.record) if once else None,
                           **{"VKPARETO_CACHE": str(self.folder / "cache"), **changes})

    def with_fault(self, fault, *words, once=True, **changes):
        return vkpareto(*words, env=self.faulty(fault, once, **changes), cwd=self.folder)

    def result(self):
        """The one that the runs of this test have written."""
        (written,) = [p for p in self.folder.glob("out/*/*.json") if not p.name.endswith(".samples.json")]
        result = json.loads(written.read_text())
        self.assertEqual(list(violations(result, validators())), [])
        return result

    def run_with(self, fault, once=True, status=0, document=SUITE):
        """Runs the suite; returns its rows and the result."""
        path = self.file("suite.json", document)
        done = self.with_fault(fault, "run", "--suite", path, "--filter", GEMV, "--out", self.folder / "out", once=once)
        self.assert_done(done, status)
        result = self.result()
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

    # ---- the device

    def test_no_devices(self):
        for words in (("devices",), ("check",), ("run", "--suite", "quick")):
            self.assert_refused(self.with_fault("no-devices", *words), 3, "no Vulkan device", "install")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_device_creation_fails(self):
        self.assert_done(self.with_fault("create-device", "devices"))   # it is there, and can be described
        for words in (("check",), ("run", "--suite", "quick")):
            done = self.with_fault("create-device", *words, once=False)
            self.assert_refused(done, 2, "vkCreateDevice", "VK_ERROR_INITIALIZATION_FAILED", "update the driver")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_device_lost(self):
        rows, _ = self.run_with("lost-work:20")
        self.assert_one_row_hit(rows, "lost", "VK_ERROR_DEVICE_LOST", "vkQueueSubmit")

    def test_device_lost_while_measuring(self):
        rows, _ = self.run_with(f"lost-work:{self.events('dispatch') - 10}")
        self.assert_one_row_hit(rows, "lost", "VK_ERROR_DEVICE_LOST", "vkQueueSubmit")

    def test_device_lost_in_every_process(self):
        rows, _ = self.run_with("lost-work:20", once=False, status=5)
        self.assertEqual({row["status"] for row in rows}, {"lost"})

    def test_device_lost_while_opening(self):
        rows, _ = self.run_with("lost")
        self.assertLessEqual({row["status"] for row in rows}, TIMED)

    def test_device_gone(self):
        """Lost in a late round and not to be opened again: what was measured is kept, and --resume finishes it."""
        words = "run", "--suite", self.file("suite.json", SUITE), "--filter", GEMV, "--out", self.folder / "out"
        fault = f"gone:{self.events('dispatch') - 10}"
        done = self.with_fault(fault, *words)
        self.assert_done(done, 2)
        self.assertIn("vkCreateDevice", done.stderr)
        rows, unfinished = self.result()["rows"], self.result()["run"]["unfinished"]
        self.assertIn("VK_ERROR_INITIALIZATION_FAILED", unfinished)
        self.assertEqual([row["status"] for row in rows if row["status"] not in TIMED], ["lost"])
        self.record.unlink()   # the device is back
        self.assert_done(self.with_fault("none", *words, "--resume"))
        self.assertEqual({row["time_ns"]["rounds"] for row in self.result()["rows"] if row["time_ns"]}, {5})

    # ---- memory

    def test_out_of_device_memory(self):
        rows, _ = self.run_with("device-memory:5")
        self.assert_one_row_hit(rows, "failed", "VK_ERROR_OUT_OF_DEVICE_MEMORY", "smaller shapes")

    def test_out_of_device_memory_while_measuring(self):
        rows, _ = self.run_with(f"device-memory:{self.events('allocation') - 2}")
        self.assert_one_row_hit(rows, "failed", "VK_ERROR_OUT_OF_DEVICE_MEMORY", "smaller shapes")

    def test_out_of_memory_while_opening(self):
        """The clock cannot be tested, so it is not used; all else is as ever."""
        self.clock_under("device-memory", "host", "could not be tested", "VK_ERROR_OUT_OF_DEVICE_MEMORY")

    def test_out_of_host_memory(self):
        rows, _ = self.run_with("host-memory:5")
        self.assert_one_row_hit(rows, "failed", "VK_ERROR_OUT_OF_HOST_MEMORY", "vkMapMemory")

    def test_no_local_memory(self):
        rows, result = self.run_with("no-local-memory")
        self.assertLessEqual({row["status"] for row in rows}, TIMED)
        self.assertFalse(any(heap["device_local"] for heap in result["device"]["heaps"]))

    def test_memory_changed(self):
        """One bit of an output flips after a timed batch: that row is wrong, and nothing else is."""
        rows, _ = self.run_with(f"flip:{self.events('dispatch') - 4}")
        self.assert_one_row_hit(rows, "wrong", "another output than the verified run")

    def test_memory_changed_in_check(self):
        done = self.with_fault("flip", "check", "--filter", "matmul.f16.*")
        self.assert_done(done, 4)
        wrong = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
        self.assertEqual(len(wrong), 1, done.stdout)
        self.assertRegex(wrong[0], "element .* the reference")

    # ---- limits that are less than they are claimed to be

    def trial_under(self, fault, limit, wide):
        """The tried limit, and the row of a matrix of 2 x `wide` MiB beside the others."""
        document = suite(matmul(), matmul(n=1024, k=wide << 10))
        path = self.file("suite.json", document)
        words = "run", "--suite", path, "--filter", GEMV, "--out", self.folder / "out"
        self.assert_done(self.with_fault(fault, *words, once=False))
        result = self.result()
        row, = [row for row in result["rows"] if row["shape"]["n"] == 1024]
        self.assertEqual(result["rows"][0]["status"] in TIMED, True)
        return result["device"]["tried"][limit], result["device"]["limits"][limit], row

    def test_allocations_are_smaller_than_claimed(self):
        trial, claim, row = self.trial_under("allocation-over:100", "allocation", wide=80)
        self.assertLessEqual(trial["worked"], 100 << 20)
        self.assertGreater(trial["failed"], 100 << 20)
        self.assertGreater(claim, trial["failed"])
        self.assertEqual(row["status"], "skipped")
        self.assertIn("in one allocation, the device gives", row["reason"])

    def test_bindings_are_smaller_than_claimed(self):
        trial, claim, row = self.trial_under("range-over:20", "storage_range", wide=16)
        self.assertLessEqual(trial["worked"], 20 << 20)
        self.assertGreater(trial["failed"], 20 << 20)
        self.assertGreater(claim, trial["failed"])
        self.assertIn(row["status"], TIMED, row["reason"])
        self.assertGreater(row["windows"], 1)

    def test_limits_whose_trial_loses_the_device(self):
        rows, result = self.run_with("lost-work")   # nothing dispatches before it
        self.assertLessEqual({row["status"] for row in rows}, TIMED)
        self.assertIsNone(result["device"]["tried"])
        self.assertIn("trying how much memory it gives", result["device"]["tried_reason"])

    def test_doctor_tries_limits(self):
        self.assertRegex(self.told("none"), r"good +\S+ MiB in one binding was tried and works")
        said = self.told("allocation-over:100")
        self.assertRegex(said, r"mind +the driver claims \S+ GiB in one allocation, but .* failed")

    # ---- pipelines and fences

    def test_pipeline_refused(self):
        rows, _ = self.run_with("pipeline:2")   # the first is made to try limits
        self.assert_one_row_hit(rows, "failed", "matmul/gemv", "vkCreateComputePipelines",
                                "VK_ERROR_INITIALIZATION_FAILED")

    def test_pipeline_refused_in_every_process(self):
        rows, _ = self.run_with("pipeline:2", once=False)
        self.assert_one_row_hit(rows, "failed", "vkCreateComputePipelines")

    def test_fence_never_signals(self):
        rows, _ = self.run_with("fence:20")
        self.assert_one_row_hit(rows, "timeout", "had not finished after")

    def test_submission_late(self):
        rows, _ = self.run_with("late:20")
        self.assertLessEqual({row["status"] for row in rows}, TIMED)

    # ---- compiled pipelines on disk

    def kept(self):
        """The one file of them."""
        (path,) = self.folder.glob("cache/*")
        return path

    def check_once(self, fault="keep", **changes):
        """How the one variant's pipelines came to be, and what was said."""
        done = self.with_fault(fault, "check", "--verbose", "--filter", "matmul.f16.gemv", **changes)
        self.assert_done(done)
        self.assertIn("1 ok, 0 wrong", done.stdout)
        return "cache" if "from the cache in" in done.stdout else "compiler", done.stderr

    def test_pipelines_are_kept(self):
        for cached in (False, True):
            rows, _ = self.run_with("keep")
            self.assertEqual({row["compile_cached"] for row in rows}, {cached})
            self.assertTrue(all(row["compile_ns"] > 0 for row in rows))
            self.assertTrue(self.kept().name.endswith(".pipelines"))
            for path in self.folder.glob("out/*/*"):
                path.unlink()

    def test_damaged_pipelines_never_reach_the_driver(self):
        """Each part of the file, and its length: the layer aborts on data that it did not give."""
        self.assertEqual(self.check_once()[0], "compiler")
        self.assertEqual(self.check_once()[0], "cache")
        good = self.kept().read_bytes()
        flipped = {at: good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
                   for at in (0, 8, 72, 76, 84, 147, 148, 148 + 32, len(good) - 1)}
        for damage in (*flipped.values(), b"", good[:100], good[:-1], good + b"x", bytes(len(good)), good[148:]):
            self.kept().write_bytes(damage)
            how, said = self.check_once()
            self.assertEqual(how, "compiler")
            self.assertIn("pipelines are compiled anew: ", said)
            self.assertEqual(self.kept().read_bytes(), good)   # it has been mended
        self.assertEqual(self.check_once()[0], "cache")

    def test_pipelines_that_kill_the_driver(self):
        self.check_once()
        how, said = self.check_once("keep-dies")
        self.assertEqual(how, "compiler")
        self.assertIn("trying once more", said)

    def test_pipelines_are_not_kept(self):
        for folder in ("", "/proc/none"):
            for _ in range(2):
                self.assertEqual(self.check_once(VKPARETO_CACHE=folder)[0], "compiler")
        self.assertEqual(list(self.folder.glob("cache*")), [])
        self.assertIn("are not kept: cannot make the folder", self.check_once(VKPARETO_CACHE="/proc/none")[1])

    def test_a_driver_that_keeps_nothing(self):
        self.assertIn("none are written", self.check_once("none")[1])
        self.assertEqual(list(self.folder.glob("cache*")), [])

    # ---- time

    def clock_under(self, fault, source, *says):
        """All rows have a time, of one clock, which the result names; returns its verdict on the device's."""
        rows, result = self.run_with(fault)
        self.assertLessEqual({row["status"] for row in rows}, TIMED, [(r["status"], r["reason"]) for r in rows])
        self.assertEqual({row["time_ns"]["clock"] for row in rows}, {source}, result["device"]["clock"])
        clock = result["device"]["clock"]
        self.assertEqual(clock["source"], source)
        for words in says:
            self.assertIn(words, clock["verdict"])
        (path,) = self.folder.glob("out/*/*.samples.json")
        for row in json.loads(path.read_text())["rows"]:
            self.assertTrue(all(ns <= 1.02 * host for ns, host in zip(row["ns"], row["host_ns"])), row)
            self.assertTrue(source == "gpu" or row["ns"] == row["host_ns"])
        return clock

    def test_no_fault(self):
        clock = self.clock_under("none", "gpu", "agrees with the host's clock")
        self.assertGreater(clock["resolution_ns"], 0)

    def test_no_timestamps(self):
        self.assertEqual(self.clock_under("no-timestamps", "host", "no timestamps")["valid_bits"], 0)

    def test_timestamps_zero(self):
        self.clock_under("zero", "host", "do not move")

    def test_timestamps_zero_in_the_run(self):
        self.clock_under("zero:100", "host", "good before the run")

    def test_timestamps_wrap(self):
        self.assertEqual(self.clock_under("wrap:36", "gpu", "agrees")["valid_bits"], 36)

    def test_timestamps_wrap_within_a_submission(self):
        self.clock_under("wrap:20", "host", "wrap every 0.00105 s")

    def test_timestamps_backwards(self):
        self.clock_under("backwards", "host", "run backwards")

    def test_timestamps_backwards_in_the_run(self):
        self.clock_under("backwards:100", "host", "good before the run")

    def test_timestamps_fast(self):
        self.clock_under("fast", "host", "times the host time")

    def test_timestamps_slow(self):
        self.clock_under("slow", "host", "of the time that long work takes")

    # ---- doctor

    def told(self, fault):
        """What doctor says, each remark on one line."""
        done = self.with_fault(fault, "doctor", "--suite", self.file("suite.json", SUITE), once=False)
        self.assert_done(done)
        return re.sub(r"\n {10,}", " ", done.stdout)

    def test_doctor_tests_the_clock(self):
        self.assertRegex(self.told("none"), r"good +the device's clock, of 64 bits, agrees with the host's")
        self.assertRegex(self.told("zero"), r"mind +the device's clock cannot be used: timestamps do not move")
        self.assertRegex(self.told("no-timestamps"), r"mind +the device's clock cannot be used: .* no timestamps")

    def test_doctor_opens_the_device(self):
        self.assertRegex(self.told("create-device"), r"bad +a run cannot open this device; .*vkCreateDevice")

    def test_doctor_interrupted(self):
        """While it examines a device whose first submission comes 10 s late."""
        child = subprocess.Popen([PROGRAM, "doctor"], env=self.faulty("late"), text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        while child.poll() is None and not self.record.exists():
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=300)
        self.assertEqual(child.returncode, 130, stderr)
        self.assertNotIn("cannot open", stdout)


if __name__ == "__main__":
    unittest.main()
