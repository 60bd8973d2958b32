"""recommend: from a result to a config, and every way of asking for what cannot be had."""
import json
import re
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "schema")]
import check  # noqa: E402
from support.program import ProgramTest, vkpareto  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
RESULT = GOLDEN / "result.json"


def recommend(*words, result=RESULT, model="llama-3.1-8b", task="chat"):
    return vkpareto("recommend", "--result", result, "--model", model, "--task", task, *words)


class Recommend(ProgramTest):
    def test_json_goes_to_stdout_and_talk_to_stderr(self):
        done = recommend()
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertEqual(config["schema"], "vkpareto.config/1")
        self.assertIn("Llama-3.1-8B", done.stderr)

    def test_what_is_written_keeps_its_schema(self):
        known = check.validators()
        for words, model in (
            ((), "llama-3.1-8b"),
            (("--max-memory", "6GiB", "--max-tpot", "20"), "llama-3.1-8b"),
            (("--allow-unknown-quality", "--prefer", "memory"), "smollm2-135m"),
            ((), "olmoe-1b-7b"),
        ):
            with self.subTest(words):
                path = self.folder / "config.json"
                self.assert_done(recommend("--emit", "json", "--out", path, *words, model=model))
                config = check.load(path)
                self.assertEqual(check.violations(config, known), [])
                del config["choice"]   # a check that looks at nothing would pass it too
                self.assertNotEqual(check.violations(config, known), [])

    def test_limits_are_kept(self):
        for words, check in (
            (("--max-memory", "6GiB"), lambda p: p["memory"]["value"] <= 6 << 30),
            (("--max-quality-loss", "1%"), lambda p: p["quality_loss_nats"]["value"] <= 0.00996),
            (("--max-tpot", "20"), lambda p: p["tpot_ns"]["value"] <= 20e6),
            (("--min-throughput", "50"), lambda p: p["tpot_ns"]["value"] <= 20e6),
            (("--max-ttft", "650"), lambda p: p["ttft_ns"]["value"] <= 650e6),
        ):
            done = recommend(*words)
            self.assert_done(done)
            self.assertTrue(check(json.loads(done.stdout)["predicted"]), words)

    def test_each_preference_is_best_at_what_it_prefers(self):
        def predicted(prefer):
            done = recommend("--prefer", prefer)
            self.assert_done(done)
            return json.loads(done.stdout)["predicted"]

        def request(p):
            return p["ttft_ns"]["value"] + 255 * p["tpot_ns"]["value"]

        found = {prefer: predicted(prefer) for prefer in ("balanced", "latency", "memory", "quality")}
        for prefer, p in found.items():
            self.assertLessEqual(request(found["latency"]), request(p) * 1.05, prefer)
            self.assertLessEqual(found["memory"]["memory"]["value"], p["memory"]["value"], prefer)
            self.assertLessEqual(found["quality"]["quality_loss_nats"]["value"], p["quality_loss_nats"]["value"], prefer)

    def test_energy_is_an_objective_where_the_result_has_it(self):
        result = json.loads(RESULT.read_text())
        for i, r in enumerate(result["rows"]):
            if i % 20 == 0 and r["time_ns"]:
                joules = 30e-9 * r["time_ns"]["median"] + 60e-12 * r["bytes"] + 2e-12 * r["flops"]
                r.update(energy_reason=None, energy={
                    "gross": joules, "gross_error": 0.01 * joules, "net": 0.5 * joules, "net_error": 0.01 * joules,
                    "idle_watts": 20, "run_ns": r["time_ns"]["median"], "windows": 3, "meter": "a stand-in"})
        metered = self.file("metered.json", result)

        def config(*words):
            done = recommend(*words, result=metered)
            self.assert_done(done)
            self.assertIn("J per token", done.stderr)
            config = json.loads(done.stdout)
            self.assertEqual(check.violations(config, check.validators()), [])
            return config

        least = config("--prefer", "energy")
        joules = [point["energy_per_token"] for point in least["front"]]
        self.assertLessEqual(least["predicted"]["energy_per_token"]["value"], 1.05 * min(joules))
        four = [(p["ttft_ns"] + 255 * p["tpot_ns"], p["memory"], p["quality_loss_nats"], p["energy_per_token"]) for p in least["front"]]
        for objective in range(4):
            self.assertGreater(len({point[objective] for point in four}), 1, "the front does not move along an objective")
        watts = {len(config("--max-power", limit)["front"]) for limit in ("1000", "900")}
        self.assertEqual(len(watts), 1)   # a limit leaves the front as it is
        self.assert_refused(recommend("--max-power", "1", result=metered), 4, "power")

    def test_what_each_decision_bought_and_what_is_one_away_is_said(self):
        done = recommend("--verbose")
        self.assert_done(done)
        self.assertRegex(done.stderr, "  one decision away:\n    (less memory|faster|better quality).*: .* at .*, not .*: ")
        self.assertRegex(done.stderr, "    against f16: .*less")
        why = json.loads(done.stdout)["explanation"]
        chosen = {verdict["decision"]: verdict["option"] for verdict in why["won"]}
        for step in why["bought"]:
            self.assertEqual(step["option"], chosen[step["decision"]])
        for step in why["one_decision_away"]:
            self.assertEqual(step["instead_of"], chosen[step["decision"]])
            self.assertLess(min(step[of] for of in ("memory", "ttft_ns", "tpot_ns", "quality_loss_nats")), 0)

    def test_out_writes_the_file_and_nothing_to_stdout(self):
        path = self.folder / "config.sh"
        done = recommend("--emit", "llama.cpp", "--out", path)
        self.assert_done(done)
        self.assertEqual(done.stdout, "")
        self.assertIn("llama-quantize", path.read_text())

    def test_an_unwritable_file_is_refused(self):
        self.assert_refused(recommend("--out", self.folder / "none" / "config.json"), 2, "config.json")

    def test_infeasible_limits_say_which_exclude_each_other_and_what_would_do(self):
        done = recommend("--max-memory", "1GiB")
        self.assert_refused(done, 4, "memory <= 1.00 GiB: the least memory is", "% over)", "--max-memory", "no config is written")
        self.assert_refused(recommend("--max-tpot", "0.001"), 4, "time per token <= 1.00 us", "times that)", "--max-tpot")
        self.assert_refused(recommend("--max-tpot", "0.001", "--max-memory", "1GiB"), 4, "no single limit", "nearest")
        self.assert_refused(recommend("--min-throughput", "1e6"), 4, "throughput >= 1000000 tokens/s", "--min-throughput")
        self.assert_refused(recommend(model="qwen2.5-72b"), 4, "what the device has", "a device with")
        path = self.folder / "config.json"
        path.write_text("earlier")
        self.assert_refused(recommend("--max-memory", "1GiB", "--out", path), 4, "no config is written to", str(path))
        self.assertEqual(path.read_text(), "earlier")

    def test_each_limit_that_would_do_does(self):
        limits = {"--max-memory": "5GiB", "--max-quality-loss": "0.4%"}
        done = recommend(*(word for limit in limits.items() for word in limit))
        self.assert_refused(done, 4, "exclude each other")
        remedies = re.findall(r"(--max-[a-z-]+) ([0-9.]+(?:GiB|%)?)", done.stderr.split("one would do")[1])
        self.assertEqual({option for option, value in remedies}, set(limits))
        for option, value in remedies:
            with self.subTest(option):
                given = {**limits, option: value}
                self.assert_done(recommend(*(word for limit in given.items() for word in limit)))

    def test_what_does_not_fit_is_offloaded_at_the_measured_speed(self):
        result = json.loads(RESULT.read_text())
        result["ceilings"]["upload_bytes_per_s"] = 2e10
        known = self.file("known.json", result)
        self.assert_refused(recommend("--max-memory", "1GiB"), 4, "speed of copies", "vkpareto run")

        def config(model, chosen, copied):
            """`copied`: the share of what lies in the host's memory that a decode step copies."""
            done = recommend("--max-memory", "1GiB", model=model, result=known)
            self.assert_done(done)
            config = json.loads(done.stdout)
            self.assertEqual(check.violations(config, check.validators()), [])
            self.assertEqual(config["choice"]["offload"], chosen)
            p = config["predicted"]
            self.assertLessEqual(p["memory"]["value"], 1 << 30)
            step = p["tpot_parts"]["upload"] * p["tpot_ns"]["value"]
            self.assertAlmostEqual(step / (1e9 * copied * p["host_memory"] / 2e10), 1, 4)
            self.assertIn("20 GB/s", done.stdout)
            self.assertIsNone(config["default"]["choice"]["offload"])
            return config

        dense = config("llama-3.1-8b", {"layers": 32, "expert_layers": 0}, 1)
        self.assertEqual(dense["choice"]["micro_batch"], 512)   # and a prompt of 512: one pass, as in a decode step
        p = dense["predicted"]
        self.assertAlmostEqual(p["ttft_parts"]["upload"] * p["ttft_ns"]["value"] / (1e9 * p["host_memory"] / 2e10), 1, 4)
        config("olmoe-1b-7b", {"layers": 0, "expert_layers": 16}, 8 / 64)
        for model, says in (("llama-3.1-8b", "--n-gpu-layers 1 "), ("olmoe-1b-7b", "--n-cpu-moe 16 ")):
            script = recommend("--max-memory", "1GiB", "--emit", "llama.cpp", model=model, result=known).stdout
            self.assertIn(says, script)
            self.assertIn("nearest counterpart", script)

        self.assertIsNone(json.loads(recommend(result=known).stdout)["choice"]["offload"])   # all fits
        result["host"]["memory"] = 1 << 30   # which holds 1 GiB of weights, not 4
        self.assert_refused(recommend("--max-memory", "1GiB", result=self.file("poor.json", result)), 4, "host's memory as well")

    def test_other_models_are_listed_and_never_chosen(self):
        plain = json.loads(recommend("--max-memory", "6GiB").stdout)
        self.assertNotIn("alternatives", plain)
        done = recommend("--max-memory", "6GiB", "--allow-architecture")
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertEqual(check.violations(config, check.validators()), [])
        others = {a["model"]: a for a in config.pop("alternatives")}
        self.assertEqual(config, plain)   # the choice, the front, everything else stays
        self.assertNotIn("llama-3.1-8b", others)
        self.assertTrue(others["smollm2-135m"]["feasible"] and not others["smollm2-135m"]["experts"])
        self.assertEqual([others[m]["attention"] for m in ("smollm2-135m", "llama-2-7b", "falcon-7b", "deepseek-v2-lite")],
                         ["gqa", "mha", "mqa", "mla"])
        self.assertFalse(others["qwen2.5-72b"]["feasible"])
        self.assertIn("no configuration", others["qwen2.5-72b"]["reason"])
        own = json.loads(recommend("--max-memory", "6GiB", model="smollm2-135m").stdout)
        if own["choice"]["micro_batch"] == 512:   # others are asked about in the plain setting
            self.assertEqual(own["predicted"]["memory"]["value"], others["smollm2-135m"]["memory"])
        self.assertIn("none is chosen", done.stderr)
        seen = {a["model"] for a in json.loads(recommend("--allow-architecture", model="llava-1.5-7b", task="describe").stdout)["alternatives"]}
        self.assertTrue("qwen2.5-vl-3b" in seen and "llama-2-7b" not in seen)   # only those that see

    def test_what_is_unknown_or_missing_is_refused_with_a_remedy(self):
        for words, status, says in (
            (("--emit", "vllm"), 1, "not there yet"),
            (("--emit", "yaml"), 1, "llama.cpp"),
            (("--prefer", "speed"), 1, "latency"),
            (("--max-memory", "6"), 1, "6"),
            (("--max-memory", "-6GiB"), 1, "max-memory"),
            (("--max-memory", "99999999999GiB"), 1, "max-memory"),
            (("--max-memory", "0GiB"), 4, "memory <= 0"),
            (("--max-memory", "1B"), 4, "over a thousand times that"),
            (("--max-ttft", "0"), 1, "max-ttft"),
            (("--max-tpot", "1e300"), 1, "max-tpot"),
            (("--max-quality-loss", "-1%"), 1, "max-quality-loss"),
            (("--min-throughput", "1e12"), 4, "the most throughput is"),
            (("--max-ttft", "nan"), 1, "max-ttft"),
            (("--min-throughput", "0"), 1, "min-throughput"),
            (("--max-quality-loss", "one%"), 1, "max-quality-loss"),
            (("--max-quality-loss", "1%", "--allow-unknown-quality"), 1, "allow-unknown-quality"),
            (("--prefer", "energy"), 2, "energy"),
            (("--max-power", "100"), 2, "energy"),
        ):
            with self.subTest(words):
                self.assert_refused(recommend(*words), status, says)
        self.assert_refused(recommend(model="lama-3.1-8b"), 1, "did you mean", "llama-3.1-8b")
        self.assert_refused(recommend(task="chatt"), 1, "did you mean", "chat")
        self.assert_refused(vkpareto("recommend", "--model", "llama-3.1-8b", "--task", "chat"), 1, "--result")

    def test_models_that_contradict_themselves_are_refused(self):
        good = {"schema": "vkpareto.model/1", "id": "m", "name": "M", "hidden": 576, "layers": 30, "heads": 9, "kv_heads": 3,
                "head_dim": 64, "ffn": 1536, "vocab": 49152, "context": 8192, "source": "test"}
        self.assert_done(recommend(model=self.file("good.json", good)))
        for field, value in (("heads", 10), ("hidden", 0), ("layers", -1), ("ffn", 1e18), ("vocab", "many"), ("head_dim", None),
                             ("schema", "vkpareto.model/9")):
            with self.subTest(field):
                self.assert_refused(recommend(model=self.file("bad.json", {**good, field: value})), 2, field if field != "schema" else "model/9")
        for text in ("", "{", "[" * 100000, "{}", "null", b"\xff\xfe"):
            self.assert_refused(recommend(model=self.file("bad.json", text)), 2, "bad.json")
        self.assert_done(recommend(model=self.file("good.json", {**good, "published": {"params": 1.6e8}})))
        self.assert_refused(recommend(model=self.file("bad.json", {**good, "published": {"params": 1e9}})), 2, "162", "1000000000")
        odd = {**good, "head_dim": 60}   # no kernel takes it
        done = recommend(model=self.file("odd.json", odd))
        self.assert_refused(done, 4, "attention")
        self.assertEqual(done.stderr.count("multiple of 8"), 1)

    def test_experts_that_contradict_themselves_are_refused(self):
        good = {"schema": "vkpareto.model/1", "id": "m", "name": "M", "hidden": 2048, "layers": 2, "heads": 16, "kv_heads": 16,
                "head_dim": 128, "experts": 64, "experts_per_token": 8, "expert_ffn": 1024, "vocab": 5000, "context": 8192, "source": "test"}
        self.assert_done(recommend(model=self.file("good.json", good)))
        self.assert_done(recommend(model=self.file("shared.json", {**good, "shared_ffn": 1024, "qk_norm": "head", "rope": "pairs"})))
        for field, value in (("experts", -1), ("experts_per_token", 65), ("experts_per_token", 0), ("expert_ffn", 0), ("expert_ffn", None),
                             ("shared_ffn", -1), ("qk_norm", "all"), ("rope", 1), ("activation", "relu")):
            with self.subTest(field):
                self.assert_refused(recommend(model=self.file("bad.json", {**good, field: value})), 2, field)
        self.assert_refused(recommend(model=self.file("many.json", {**good, "experts_per_token": 9})), 4, "topk of moe is 9")

    def test_what_people_accept_is_warned_about(self):
        self.assertNotIn("people accept", recommend(task="batch").stderr)
        done = recommend("--max-memory", "900GiB", model="qwen2.5-72b", task="code")
        self.assertIn("for code people accept 40.0 ms", done.stderr)
        self.assertIn("--max-tpot", done.stderr)

    def test_what_is_approximated_is_said(self):
        for model, task, says in (("deepseek-v2-lite", "chat", "MLA"), ("gemma-2-2b", "chat", "sliding windows"), ("llava-1.5-7b", "describe", "encoder"),
                                  ("gpt-oss-20b", "chat", "attention sinks")):
            with self.subTest(model):
                done = recommend("--max-memory", "900GiB", model=model, task=task)
                self.assert_done(done)
                self.assertIn(says, done.stderr)
                self.assertIn(says, done.stdout)   # the caveats of the config
        self.assertNotIn("sliding", recommend().stderr)

    def test_images_need_a_model_that_sees(self):
        self.assert_refused(recommend(task="describe"), 2, "encoder")

    def test_files_of_others_are_models(self):
        config = {"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072}
        done = recommend(model=self.file("config.json", config))
        self.assert_done(done)
        self.assertEqual(json.loads(done.stdout)["predicted"], json.loads(recommend().stdout)["predicted"])
        self.assert_refused(recommend(model=self.file("config.json", {"architectures": ["RwkvForCausalLM"]})), 2, "LlamaForCausalLM")
        self.assert_refused(recommend(model=self.file("model.gguf", b"GGUF\3\0\0\0")), 2, "model.gguf", "ends within")

    def test_lengths_of_a_task_are_checked(self):
        good = {"schema": "vkpareto.task/1", "id": "t", "title": "T", "reason": "r", "concurrency": 4,
                "lengths": [{"prompt": 10, "output": 5, "weight": 1}, {"prompt": 700, "output": 50, "weight": 2}]}
        self.assert_done(recommend(task=self.file("good.json", good)))
        for field, value in (("lengths", []), ("lengths", [{"prompt": 0, "output": 1, "weight": 1}]), ("lengths", [{"prompt": 1, "output": 1, "weight": 0}]),
                             ("lengths", 3), ("prompt", 5), ("turns", 0), ("images", 1), ("max_ttft_ms", -1)):
            with self.subTest(f"{field} {value}"):
                self.assert_refused(recommend(task=self.file("bad.json", {**good, field: value})), 2, "image_side" if field == "images" else field)
        self.assert_refused(recommend(task=self.file("long.json", {**good, "turns": 1000})), 2, "context")

    def test_a_task_that_does_not_fit_is_refused(self):
        task = {"schema": "vkpareto.task/1", "id": "t", "title": "T", "reason": "r", "prompt": 200000, "output": 10, "concurrency": 1}
        self.assert_refused(recommend(task=self.file("long.json", task)), 2, "131072")

    def test_results_that_lack_rows_are_refused(self):
        result = json.loads(RESULT.read_text())
        rows = result["rows"]
        self.assert_refused(recommend(result=self.file("r.json", {**result, "rows": []})), 2, "vkpareto run")
        decode_only = [r for r in rows if r["shape"].get("m", 1) == 1]
        self.assert_refused(recommend(result=self.file("r.json", {**result, "rows": decode_only})), 4, "prefill")
        matmul_only = [r for r in rows if r["op"] == "matmul"]
        done = recommend(result=self.file("r.json", {**result, "rows": matmul_only}))
        self.assert_refused(done, 4, "attention", "no usable prefill row", "more are refused", "vkpareto run --suite standard")
        self.assertLess(len(done.stderr), 500)

    def test_a_technique_without_rows_is_not_offered_and_the_reason_said(self):
        result = json.loads(RESULT.read_text())
        rows = [r for r in result["rows"] if r["technique"] != "matmul.int8_g32"]
        done = recommend(result=self.file("r.json", {**result, "rows": rows}))
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertNotIn("int8_g32", config["choice"]["weights"].values())
        refused = [l for l in config["explanation"]["losers"] if l["verdict"] == "not_offered" and l["option"] == "int8_g32"]
        self.assertIn("no usable", refused[0]["why"])

    def test_a_whole_layer_is_costed_and_its_parts_are_said(self):
        for model, parts in (("smollm2-135m", ("matmul", "attention", "rest")), ("olmoe-1b-7b", ("experts",))):
            with self.subTest(model):
                done = recommend(model=model)
                self.assert_done(done)
                self.assertNotIn("not costed", done.stderr)
                for part in parts:
                    self.assertRegex(done.stderr, rf"time to first token .*: .*{part} \d+ %.*\n.*time per token .*: .*{part} \d+ %")
                predicted = json.loads(done.stdout)["predicted"]
                for shares in (predicted["ttft_parts"], predicted["tpot_parts"]):
                    self.assertAlmostEqual(sum(shares.values()), 1, 5)

    def test_a_result_of_an_older_program_serves_and_says_what_it_lacks(self):
        result = json.loads(RESULT.read_text())
        rows = [r for r in result["rows"] if r["op"] in ("matmul", "attention")]
        done = recommend(result=self.file("r.json", {**result, "rows": rows}))
        self.assert_done(done)
        self.assertRegex(done.stderr, "not costed, only the launches are: .*RoPE.*vkpareto run --suite standard")
        self.assertTrue(any("not costed" in line for line in json.loads(done.stdout)["explanation"]["caveats"]))

    def test_experts_say_by_which_algorithm(self):
        config = json.loads(recommend(model="olmoe-1b-7b").stdout)
        self.assertEqual(config["choice"]["moe"]["ffn_up"], {"prefill": "grouped", "decode": "gather"})
        self.assertIsNone(json.loads(recommend().stdout)["choice"]["moe"])

    def test_unknown_quality_is_offered_only_when_asked(self):
        asked = recommend("--allow-unknown-quality", "--prefer", "memory", model="smollm2-135m")
        plain = recommend("--prefer", "memory", model="smollm2-135m")
        self.assert_done(asked)
        self.assert_done(plain)
        self.assertNotIn("int4_g32", json.loads(plain.stdout)["choice"]["weights"].values())
        config = json.loads(asked.stdout)
        self.assertEqual(set(config["choice"]["weights"].values()), {"int4_g32"})
        self.assertIsNone(config["predicted"]["quality_loss_nats"]["value"])


if __name__ == "__main__":
    unittest.main()
