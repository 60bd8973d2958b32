"""What doctor says about this machine is true."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import ProgramTest, environment, vkpareto

HUGE = {"schema": "vkpareto.suite/1", "name": "huge", "rounds": 5, "samples": 2, "sample_seconds": 0.01,
        "case_seconds": 1, "cases": [{"op": "matmul", "shape": {"m": 1, "n": 1048576, "k": 262144}}]}


class Doctor(ProgramTest):
    def doctor(self, *words, **changes):
        done = vkpareto("doctor", *words, env=environment(**changes))
        self.assert_done(done)
        return " ".join(done.stdout.split())

    def test_a_software_driver_is_named_as_one(self):
        self.assertIn("this device is a program on the CPU", self.doctor())

    def test_forced_layers_are_named_with_the_remedy(self):
        for variable in ("VK_INSTANCE_LAYERS", "VK_LOADER_LAYERS_ENABLE"):
            said = self.doctor(**{variable: "VK_LAYER_none_such"})
            self.assertIn(f"bad {variable} loads Vulkan layers", said)
            self.assertIn("unset it", said)
        self.assertIn("no Vulkan layer is forced", self.doctor(VK_INSTANCE_LAYERS="", VK_LOADER_LAYERS_ENABLE=None))

    def test_what_the_memory_rules_out_is_counted(self):
        said = self.doctor("--suite", self.file("huge.json", HUGE))
        for technique in ("f32", "f16", "int8_g32", "int4_g32", "int4z_g32"):
            self.assertIn(f"of suite huge, matmul.{technique} at m1-n1048576-k262144 cannot run here", said)
        self.assertIn("the device has", said)

    def test_a_suite_that_fits_is_said_to(self):
        small = {**HUGE, "name": "small", "cases": [{"op": "matmul", "shape": {"m": 1, "n": 64, "k": 64}}]}
        said = self.doctor("--suite", self.file("small.json", small))
        self.assertIn("every technique of suite small can run here", said)

    def test_kept_pipelines_are_told(self):
        cache = self.folder / "cache"
        self.assertIn(f"compiled pipelines are kept in {cache} (0 files, ", self.doctor(VKPARETO_CACHE=str(cache)))
        cache.mkdir()
        (cache / ("a-card-0-" + 16 * "0" + ".pipelines")).write_bytes(bytes(3 << 20))
        (cache / "another.file").write_bytes(b"x")
        self.assertIn(f"kept in {cache} (1 file, 3.00 MiB)", self.doctor(VKPARETO_CACHE=str(cache)))
        self.assertIn("compiled pipelines are not kept", self.doctor(VKPARETO_CACHE=""))

    def test_no_device_is_status_3(self):
        env = environment(VK_DRIVER_FILES="/nowhere.json", VK_ICD_FILENAMES="/nowhere.json")
        self.assert_refused(vkpareto("doctor", env=env), 3, "Vulkan")


if __name__ == "__main__":
    unittest.main()
