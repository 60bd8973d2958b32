"""The verb `codegen`, on a driver that tells nothing and, where it is installed, on RADV's device without hardware."""
import fcntl
import glob
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import validators, violations
from support.program import LOCKS, ProgramTest, environment, vkpareto

RADV = ":".join(glob.glob("/usr/share/vulkan/icd.d/radeon_icd*.json"))


class Codegen(ProgramTest):
    def test_a_driver_that_tells_nothing(self):
        done = vkpareto("codegen", "--filter", "block.gelu.*", "--format", "json")
        self.assert_done(done)
        self.assertIn("VK_KHR_pipeline_executable_properties", done.stderr)
        pipeline, = json.loads(done.stdout)["pipelines"]
        self.assertEqual((pipeline["status"], pipeline["statistics"]), ("ok", {}))
        self.assertEqual(set(pipeline["codegen"].values()), {None})
        self.assertGreater(int(pipeline["compile_ns"]), 0)

    def test_table(self):
        done = vkpareto("codegen", "--filter", "block.gelu.*", "--no-spills")
        self.assert_done(done)
        self.assertRegex(done.stdout.splitlines()[2], r"block\.gelu\.base +block/map\.gelu +threads=64( +-){8} ")

    def test_all_tunings_are_more(self):
        counts = []
        for tunings in ("default", "all"):
            done = vkpareto("codegen", "--filter", "block.gelu.*", "--tunings", tunings, "--format", "json")
            self.assert_done(done)
            counts.append(len(json.loads(done.stdout)["pipelines"]))
        self.assertGreater(counts[1], counts[0])

    def test_a_run_is_not_disturbed(self):
        words = ("codegen", "--filter", "block.gelu.*")
        self.assert_done(vkpareto(*words))   # makes the lock's file
        lock, = Path(LOCKS.name).glob("*.lock")
        with open(lock, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assert_refused(vkpareto(*words), 2, "in use by another vkpareto")
            fcntl.flock(held, fcntl.LOCK_SH)
            self.assert_done(vkpareto(*words))

    def test_refusals(self):
        self.assert_refused(vkpareto("codegen", "--filter", "nothing.*"), 1, "nothing.*")
        self.assert_refused(vkpareto("codegen", "--format", "yaml"), 1, "yaml")
        self.assert_refused(vkpareto("codegen", "--device", "99"), 3, "99")


@unittest.skipUnless(RADV, "no RADV here")
class NullDevice(ProgramTest):
    def compile(self, family, *words):
        env = environment(VK_DRIVER_FILES=RADV, VK_ICD_FILENAMES=RADV, RADV_FORCE_FAMILY=family,
                          MESA_SHADER_CACHE_DISABLE="true")
        return vkpareto("codegen", *words, env=env)

    def test_no_default_spills(self):
        for family in ("polaris10", "gfx1100"):
            done = self.compile(family, "--no-spills", "--format", "json")
            self.assert_done(done)
            self.assertEqual(list(violations(json.loads(done.stdout), validators())), [])
            for pipeline in json.loads(done.stdout)["pipelines"]:
                if pipeline["status"] == "unsupported":
                    continue
                self.assertEqual(pipeline["status"], "ok", pipeline)
                code = pipeline["codegen"]
                self.assertEqual((code["spills"], code["scratch"]), (0, 0), pipeline)
                self.assertTrue(0 < code["registers"] <= 256 and 1 <= code["occupancy"] <= 40, pipeline)
                self.assertEqual(pipeline["statistics"]["VGPRs"], code["registers"])

    def test_what_spills_is_status_4(self):
        words = ("--filter", "matmul.f32.gemv", "--tunings", "all")
        self.assert_done(self.compile("gfx1100", *words))
        done = self.compile("gfx1100", *words, "--no-spills")
        self.assert_done(done, 4)
        self.assertIn("spill", done.stderr)

    def test_what_the_device_lacks(self):
        done = self.compile("polaris10", "--filter", "ceilings.fma_f16.*")
        self.assert_done(done, 5)
        self.assertIn("lacks float16", done.stdout)


if __name__ == "__main__":
    unittest.main()
