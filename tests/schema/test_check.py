#!/usr/bin/env python3
"""The schemas must take what the program writes and refuse each kind of damage."""
import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check

KNOWN = check.validators()

SAMPLES = {"schema": "vkpareto.samples/1", "run_id": "0" * 32, "rows": [{"id": "a", "ns": [1.5, 2], "round": [0, 1]}]}
RANGE = {"value": 1, "lo": 0.5, "hi": None}
CHOICE = {"weights": dict.fromkeys(["qkv", "attn_out", "ffn_up", "ffn_down", "logits"], "int4_g32"),
          "activations": "f32", "kv": {"k": "f16", "v": "f16"}, "attention": "flash", "moe": None, "adapter": None,
          "micro_batch": 512}
PREDICTION = {"ttft_ns": RANGE, "tpot_ns": RANGE, "memory": RANGE, "energy_per_token": None,
              "quality_loss_nats": {**RANGE, "sources": ["a table"]}, "extrapolated_share": 0.1}
CONFIG = {"schema": "vkpareto.config/1", "result_sha256": "a" * 64, "device": {"slug": "gpu", "driver": "driver"},
          "model": "m", "task": "t", "choice": CHOICE, "predicted": PREDICTION, "default": None, "lost": [],
          "kernels": {"matmul.int4_g32": {"decode": {"variant": "matmul.int4_g32.gemv", "tuning": {"rows": 2}}}},
          "front": [{"options": ["int4_g32"], "ttft_ns": 1, "tpot_ns": 1, "memory": 1, "quality_loss_nats": None}],
          "measured_with": "vkpareto's kernels"}
TIME = {"median": 2, "p10": 1, "p90": 3, "lo": None, "hi": None, "samples": 10, "rounds": 5, "clock": "gpu"}
ROW = {"id": "matmul/m1-n8-k8/f16.gemv/cold", "op": "matmul", "shape": {"m": 1}, "technique": "matmul.f16",
       "variant": "matmul.f16.gemv", "tuning": {"rows": 2}, "tuned": False, "mode": "cold", "status": "ok",
       "reason": None, "windows": 1, "time_ns": TIME, "flops": 1, "bytes": 1, "roofline": 0.5, "bound": "memory",
       "memory": 4096,
       "error": {"nmse": 0, "max_abs": 0, "tolerance": 1e-3, "elements": 64, "seed": "1"}, "energy": None,
       "energy_reason": "no meter: none", "compile_ns": None, "codegen": None}
ENERGY = {"gross": 0.5, "gross_error": 0.01, "net": 0.4, "net_error": 0.02, "idle_watts": 20, "run_ns": 5e6,
          "windows": 3,
          "meter": "NVML energy counter"}
METERED = {**ROW, "energy": ENERGY, "energy_reason": None}
SKIPPED = {**ROW, "status": "skipped", "reason": "budget", "time_ns": None, "roofline": None, "bound": None,
           "error": None}
BANDWIDTH = {"memory": 1e9, "llc": None}
RESULT = {
    "schema": "vkpareto.result/1", "run_id": "0" * 32, "created": "2026-11-22T12:00:00Z",
    "tool": {"version": "0.1.0", "git": "abc", "glslc": "2023.2", "shaders_sha256": "a" * 64},
    "host": {"os": "Debian 12", "kernel": "6.1", "cpu": "cpu", "memory": 1 << 34},
    "device": {
        "name": "GPU", "slug": "gpu", "type": "discrete", "vendor_id": "0x10de", "device_id": "0x1",
        "uuid": "0" * 32, "pci": "",
        "driver": {"id": "MESA", "slug": "mesa-22.3", "name": "", "info": "", "version": "0x1", "conformance": "",
                   "pipeline_cache_uuid": ""},
        "api": "1.3.204", "subgroup": {"size": 32, "min": 32, "max": 32}, "features": {"int8": True},
        "limits": {"storage_range": 1 << 27, "allocation": "18446744073709551615", "storage_align": 16,
                   "shared_memory": 32768, "invocations": 1024, "push_constants": 128, "group_size": [1, 1, 1],
                   "group_count": [1, 1, 1]},
        "heaps": [{"size": 1 << 33, "budget": None, "used": None, "device_local": True}],
        "coopmat": [], "llc_bytes": None,
        "clock": {"source": "gpu", "valid_bits": 64, "period_ns": 1, "verdict": ""}},
    "ceilings": {"read_bytes_per_s": BANDWIDTH, "copy_bytes_per_s": BANDWIDTH, "flops": {"f32": 1e12, "f16": None},
                 "dispatch_ns": 900, "submit_ns": None},
    "run": {"suite": "quick", "suite_sha256": "b" * 64, "seed": "1", "budget_s": None, "seconds": 10},
    "rows": [ROW, SKIPPED, METERED]}
SUITE = {"schema": "vkpareto.suite/1", "name": "tiny", "rounds": 5, "samples": 4, "sample_seconds": 0.01,
         "case_seconds": 2, "cases": [{"op": "matmul", "shape": {"m": 1, "n": [8, 16], "k": 8}, "techniques": ["f16"]}]}

STUDY_GAIN = {"time": 2, "memory": 2, "energy": None, "mean": 2}
STUDY_PICK = {"pick": "joint", "known": True, "choice": "int8_g32; flash f16", "fits": True, "within_quality": True,
              "request_ns": RANGE, "ttft_ns": RANGE, "tpot_ns": RANGE, "memory": 1, "energy_per_token": None,
              "quality_loss_nats": RANGE, "gain": STUDY_GAIN}
STUDY_MISSING = {"pick": "EfficientLLM", "known": False, "reason": "not ranked"}
STUDY_RESULT = {"device": "d", "driver": "d", "driver_info": "", "suite": "quick", "path": "", "sha256": "",
                "groups": []}
STUDY = {"schema": "vkpareto.study/1", "quality_limit_nats": 0.01, "gain": "geometric mean", "results": [STUDY_RESULT],
         "cases": [{"result": 0, "model": "m", "task": "t", "status": "fits", "reason": None,
                    "picks": [STUDY_PICK] * 6 + [STUDY_MISSING]},
                   {"result": 0, "model": "m", "task": "u", "status": "not costed", "reason": "too long", "picks": []}],
         "flips": []}
SENSITIVITY = {"schema": "vkpareto.sensitivity/1", "model": "m", "layers": 2, "unit": "nats", "source": "measured",
               "classes": {"qkv": {"int8_g32": [0, 0.1], "int4_g32": [1e-3, 2]}}}
SHARES = {**SENSITIVITY, "unit": "relative", "classes": {"ffn_down": [3, 1]}}
MISSING = object()
# document, path to a member, what it becomes
DAMAGE = [
    (SENSITIVITY, ["unit"], "relative"),
    (SENSITIVITY, ["unit"], "percent"),
    (SENSITIVITY, ["source"], ""),
    (SENSITIVITY, ["layers"], 0),
    (SENSITIVITY, ["classes"], {}),
    (SENSITIVITY, ["classes", "qkv", "int8_g32"], []),
    (SENSITIVITY, ["classes", "qkv", "int8_g32", 0], -1),
    (SENSITIVITY, ["classes", "qkv"], {}),
    (SHARES, ["unit"], "nats"),
    (SHARES, ["classes", "ffn_down", 0], None),
    (SHARES, ["classes", "logits"], [1, 1]),
    (STUDY, ["results"], []),
    (STUDY, ["cases", 0, "status"], "dropped"),
    (STUDY, ["cases", 0, "picks"], []),
    (STUDY, ["cases", 1, "reason"], None),
    (STUDY, ["cases", 0, "picks", 0, "gain"], MISSING),
    (STUDY, ["cases", 0, "picks", 0, "gain", "time"], 0),
    (STUDY, ["cases", 0, "picks", 6, "reason"], MISSING),
    (RESULT, ["schema"], "vkpareto.result/2"),
    (RESULT, ["schema"], MISSING),
    (RESULT, ["run_id"], "x"),
    (RESULT, ["created"], "today"),
    (RESULT, ["run", "seed"], 1),
    (RESULT, ["run", "suite_sha256"], "b"),
    (RESULT, ["device", "slug"], "../x"),
    (RESULT, ["device", "type"], "gpu"),
    (RESULT, ["device", "vendor_id"], 4318),
    (RESULT, ["device", "subgroup", "size"], 24),
    (RESULT, ["device", "limits", "group_size"], [1, 1]),
    (RESULT, ["device", "limits", "allocation"], -1),
    (RESULT, ["device", "features", "int8"], 1),
    (RESULT, ["ceilings", "flops", "f32"], "fast"),
    (RESULT, ["ceilings", "read_bytes_per_s", "llc"], MISSING),
    (RESULT, ["rows", 0, "time_ns"], None),
    (RESULT, ["rows", 0, "time_ns", "median"], 0),
    (RESULT, ["rows", 0, "time_ns", "clock"], "wall"),
    (RESULT, ["rows", 0, "status"], "fine"),
    (RESULT, ["rows", 0, "id"], "matmul"),
    (RESULT, ["rows", 0, "windows"], 0),
    (RESULT, ["rows", 1, "time_ns"], TIME),
    (RESULT, ["rows", 1, "reason"], None),
    (RESULT, ["rows", 1, "reason"], ""),
    (RESULT, ["rows", 0, "bound"], "cache"),
    (RESULT, ["rows", 0, "energy_reason"], MISSING),
    (RESULT, ["rows", 0, "error", "seed"], 1),
    (RESULT, ["rows", 0, "energy"], 0),
    (RESULT, ["rows", 2, "energy", "gross"], 0),
    (RESULT, ["rows", 2, "energy", "gross"], None),
    (RESULT, ["rows", 2, "energy", "windows"], 0),
    (RESULT, ["rows", 2, "energy", "meter"], MISSING),
    (SUITE, ["cases", 0, "energy"], "yes"),
    (SUITE, ["cases"], []),
    (SUITE, ["cases", 0, "op"], MISSING),
    (SUITE, ["rounds"], 4),
    (SUITE, ["samples"], 2.5),
    (SUITE, ["cases", 0, "shape", "m"], -1),
    (SUITE, ["cases", 0, "shape", "n"], []),
    (SUITE, ["cases", 0, "mode"], "hot"),
    (SUITE, ["cases", 0, "technique"], "f16"),
    (SUITE, ["name"], "Tiny Suite"),
    (SAMPLES, ["rows", 0, "ns"], []),
    (SAMPLES, ["rows", 0, "ns", 0], 0),
    (SAMPLES, ["rows", 0, "round"], MISSING),
    (CONFIG, ["choice", "weights", "qkv"], MISSING),
    (CONFIG, ["result_sha256"], ""),
    (CONFIG, ["front"], []),
    (CONFIG, ["predicted", "ttft_ns"], 5),
    (CONFIG, ["predicted", "extrapolated_share"], 1.5),
    (CONFIG, ["kernels", "matmul.int4_g32", "decode", "variant"], MISSING),
    (CONFIG, ["default"], {}),
]


def damaged(document, path, value):
    changed = copy.deepcopy(document)
    at = changed
    for part in path[:-1]:
        at = at[part]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


class Schemas(unittest.TestCase):
    def test_takes_what_is_right(self):
        for document in (RESULT, SUITE, SAMPLES, CONFIG, STUDY, SENSITIVITY, SHARES):
            self.assertEqual(check.violations(document, KNOWN), [])

    def test_takes_unknown_members_where_readers_do(self):
        for document in (RESULT, SAMPLES, CONFIG, STUDY, SENSITIVITY, SHARES):
            self.assertEqual(check.violations({**document, "new": 1}, KNOWN), [])

    def test_refuses_each_damage(self):
        for document, path, value in DAMAGE:
            with self.subTest(schema=document["schema"], path=path, value=value):
                self.assertNotEqual(check.violations(damaged(document, path, value), KNOWN), [])

    def test_refuses_what_names_no_schema(self):
        for document in ([], None, 1, {}, {"schema": 1}, {"schema": "vkpareto.nothing/1"}):
            self.assertNotEqual(check.violations(document, KNOWN), [])

    def test_refuses_nan(self):
        with self.assertRaises(ValueError):
            check.json.loads("[NaN]", parse_constant=check.refuse_constant)


if __name__ == "__main__":
    unittest.main()
