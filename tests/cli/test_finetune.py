"""recommend --finetune: adapters merged and live, several in a batch, and what cannot be had."""
import json
import re
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "schema")]
import check  # noqa: E402
from support.program import ProgramTest, vkpareto  # noqa: E402

RESULT = Path(__file__).parents[1] / "golden" / "result.json"
TASK = {"schema": "vkpareto.task/1", "id": "tenants", "title": "t", "reason": "r", "prompt": 100, "output": 20,
        "concurrency": 4, "adapters": 3}


def recommend(*words, task="chat", model="llama-3.1-8b"):
    return vkpareto("recommend", "--result", RESULT, "--model", model, "--task", task, *words)


def kernel_rows(*techniques):
    """Rows of adapter kernels at two shapes for each regime, of a known law."""
    like = next(r for r in json.loads(RESULT.read_text())["rows"] if r["technique"] == "matmul.int4_g32")
    for technique in techniques:
        for m in (1, 4, 512):
            for n in (1024, 14336):
                row = json.loads(json.dumps(like))
                ns = 4000 + m * n * 0.3
                row.update(id=f"adapter/m{m}-n{n}-k4096-r16-a1/{technique}.rows/cold", op="adapter", tuning={},
                           shape={"m": m, "n": n, "k": 4096, "rank": 16, "adapters": 1},
                           technique=f"adapter.{technique}", variant=f"adapter.{technique}.rows")
                row["time_ns"].update(median=ns, p10=ns, p90=ns, lo=ns, hi=ns)
                yield row


class Finetune(ProgramTest):
    def config(self, *words, **named):
        done = recommend(*words, **named)
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertEqual(check.violations(config, check.validators()), [])
        return config, done.stderr

    def test_without_the_flag_nothing_is_said_of_adapters(self):
        config, said = self.config()
        self.assertIsNone(config["choice"]["adapter"])
        self.assertNotIn("finetuning", config)
        self.assertNotIn("tuning", said)

    def test_one_adapter_is_merged_and_costs_nothing(self):
        plain, _ = self.config()
        config, said = self.config("--finetune", "lora")
        self.assertEqual(config["choice"]["adapter"], {"method": "lora", "form": "merged", "rank": 16, "target": "linear"})
        self.assertEqual(config["predicted"]["tpot_ns"], plain["predicted"]["tpot_ns"])
        self.assertEqual(config["predicted"]["memory"], plain["predicted"]["memory"])
        losers = [x for x in config["explanation"]["losers"] if "live lora" in x["option"]]
        self.assertTrue(losers and all(x["verdict"] != "chosen" for x in losers))
        self.assertIn("before they are quantised", " ".join(config["explanation"]["caveats"]))
        self.assertIn("41.94 million numbers", said)

    def test_a_live_one_costs_time_and_memory_and_says_that_it_is_composed(self):
        merged, _ = self.config("--finetune", "lora")
        live, _ = self.config("--finetune", "lora", "--live")
        higher, _ = self.config("--finetune", "lora", "--live", "--rank", "128")
        attention, _ = self.config("--finetune", "lora", "--live", "--rank", "128", "--adapt", "attention")
        self.assertEqual(live["choice"]["adapter"]["form"], "live")
        for what in ("tpot_ns", "memory"):
            found = [c["predicted"][what]["value"] for c in (merged, live, higher)]
            self.assertEqual(found, sorted(set(found)), what)
            self.assertLess(attention["predicted"][what]["value"], found[2])
        self.assertIn("--filter 'adapter/*'", " ".join(live["explanation"]["caveats"]))

    def test_a_step_has_memory_by_parts_a_lower_bound_of_time_and_a_published_figure(self):
        config, _ = self.config("--finetune", "lora")
        step = config["finetuning"]["step"]
        self.assertEqual(step["trained"], 41943040)
        self.assertAlmostEqual(step["memory"], sum(step["memory_parts"].values()), delta=2)
        self.assertEqual(step["time"], "estimated")
        self.assertGreater(step["time_ns"], 3 * config["default"]["predicted"]["ttft_ns"]["value"])
        self.assertEqual(step["published"]["device"], "A100")
        self.assertIsNone(step["energy"])
        self.assertIn("the result has none", step["energy_reason"])
        self.assertTrue(step["published"]["source"])
        self.assertTrue(config["finetuning"]["accuracy"])
        small, _ = self.config("--finetune", "rslora", "--allow-unknown-quality", model="smollm2-135m")
        self.assertIsNone(small["finetuning"]["step"]["published"])
        self.assertEqual(small["finetuning"]["accuracy"], [])

    def test_a_step_has_joules_where_the_result_has(self):
        result = json.loads(RESULT.read_text())
        for row in result["rows"][::3]:
            if row["time_ns"]:
                ns = row["time_ns"]["median"]
                row.update(energy_reason=None, energy={
                    "gross": 30e-9 * ns + 60e-12 * row["bytes"] + 2e-12 * row["flops"], "gross_error": 0, "net": None,
                    "net_error": None, "idle_watts": 30, "run_ns": ns, "windows": 3, "meter": "stand-in"})
        done = vkpareto("recommend", "--result", self.file("metered.json", result), "--model", "llama-3.1-8b",
                        "--task", "chat", "--finetune", "lora")
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertEqual(check.violations(config, check.validators()), [])
        step = config["finetuning"]["step"]
        self.assertGreater(step["energy"], 30e-9 * step["time_ns"])   # the idle power alone
        self.assertGreaterEqual(step["energy_error"], 0)
        self.assertNotIn("energy_reason", step)
        self.assertRegex(done.stderr, r"needs at least .* and, estimated, .*, [\d.e+]+ J \(\+-")

    def test_qlora_stays_beside_weights_of_four_bits(self):
        config, _ = self.config("--finetune", "qlora")
        weights = config["choice"]["weights"]
        self.assertTrue(all(weights[c].startswith("int4") for c in weights if c != "logits"), weights)
        self.assertEqual(config["choice"]["adapter"]["form"], "live")
        lora, _ = self.config("--finetune", "lora")
        self.assertLess(config["finetuning"]["step"]["memory"], lora["finetuning"]["step"]["memory"] / 2)

    def test_kernels_of_adapters_are_used_where_they_were_measured(self):
        result = json.loads(RESULT.read_text())
        result["rows"] += list(kernel_rows("fused_int4_g32", "dora_int4_g32"))
        path = self.file("adapters.json", result)
        done = vkpareto("recommend", "--result", path, "--model", "llama-3.1-8b", "--task", "chat", "--finetune", "dora", "--live")
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertIn("adapter.dora_int4_g32", config["kernels"])
        self.assertEqual(config["finetuning"]["step"]["time"], "unknown")   # 16-bit weights with a DoRA were not measured
        several = vkpareto("recommend", "--result", path, "--model", "llama-3.1-8b", "--task",
                           self.file("tenants.json", TASK), "--finetune", "lora")
        self.assert_done(several)
        config = json.loads(several.stdout)
        self.assertEqual(config["choice"]["adapter"]["form"], "live")
        self.assertIn("serve one adapter", " ".join(config["explanation"]["caveats"]))
        self.assertIn("adapter.fused_int4_g32", config["kernels"])

    def test_what_was_not_measured_is_named_with_the_run_that_adds_it(self):
        for words, task in ((("--finetune", "dora", "--live"), "chat"),
                            (("--finetune", "lora"), self.file("tenants.json", TASK))):
            done = recommend(*words, task=task)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertRegex(done.stderr, r"no usable \w+ row of adapter\.\w+.*vkpareto run --suite standard")

    def test_wrong_words_are_refused(self):
        for words, part in (
            (("--finetune", "lorra"), "lora"),
            (("--rank", "8"), "--finetune METHOD"),
            (("--live",), "--finetune METHOD"),
            (("--finetune", "none", "--adapt", "linear"), "--finetune METHOD"),
            (("--finetune", "lora", "--rank", "0"), "--rank"),
            (("--finetune", "lora", "--rank", "257"), "--rank"),
            (("--finetune", "lora", "--adapt", "ffn"), "attention"),
        ):
            done = recommend(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(part, done.stderr, words)
        done = recommend("--finetune", "lora", task=self.file("more.json", dict(TASK, adapters=5)))
        self.assertEqual(done.returncode, 2)
        self.assertIn("adapters", done.stderr)

    def script(self, *words, task="chat"):
        done = recommend("--emit", "llama.cpp", *words, task=task)
        self.assert_done(done)
        return done.stdout

    def test_llama_cpp_merges_before_it_quantises(self):
        lines = [line for line in self.script("--finetune", "lora").splitlines() if not line.startswith("#")]
        merge = next(i for i, line in enumerate(lines) if line.startswith("llama-export-lora"))
        self.assertEqual(lines[merge], "llama-export-lora -m llama-3.1-8b-f16.gguf --lora llama-3.1-8b-lora.gguf "
                                       "-o llama-3.1-8b-merged-f16.gguf")
        self.assertTrue(lines[merge + 1].startswith("llama-quantize"))
        self.assertTrue(any("llama-3.1-8b-merged-f16.gguf llama-3.1-8b-vkpareto.gguf" in line for line in lines[merge + 1:]))

    def test_llama_cpp_holds_live_adapters_but_dora(self):
        self.assertRegex(self.script("--finetune", "lora", "--live"), r"(?m)^  --lora llama-3\.1-8b-lora\.gguf$")
        # llama.cpp scales by alpha / rank; RSLoRA's is alpha / sqrt(rank)
        self.assertRegex(self.script("--finetune", "rslora", "--live", "--rank", "64"),
                         r"(?m)^  --lora-scaled llama-3\.1-8b-lora\.gguf:8$")
        merged = self.script("--finetune", "dora")
        self.assertNotIn("\nllama-export-lora", merged)
        self.assertIn("merge_and_unload", merged)
        result = json.loads(RESULT.read_text())
        result["rows"] += list(kernel_rows("dora_f16"))
        done = vkpareto("recommend", "--result", self.file("adapters.json", result), "--model", "llama-3.1-8b", "--task", "chat",
                        "--finetune", "dora", "--live", "--emit", "llama.cpp")
        self.assertEqual(done.returncode, 4)
        self.assertIn("no DoRA beside the weights", done.stderr)

    def test_any_method_offers_those_that_differ(self):
        config, _ = self.config("--finetune", "any")
        words = " ".join(x["option"] for part in ("won", "losers") for x in config["explanation"][part] if x["decision"] == "setting")
        self.assertEqual(set(re.findall(r"(?:merged|live) \w+", words)), {"merged lora", "live lora", "live dora", "live qlora"})


if __name__ == "__main__":
    unittest.main()
