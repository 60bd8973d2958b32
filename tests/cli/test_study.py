"""study on the synthetic result and on a faster twin: formats, counts, patterns, files of other schemas."""
import json
import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from schema.check import ROOT, validators, violations
from support.program import ProgramTest, suite, vkpareto

SYNTHETIC = ROOT / "tests" / "golden" / "result.json"


def twin():
    """The synthetic device with int8 slower than 16-bit weights, and a name of its own."""
    document = json.loads(SYNTHETIC.read_text())
    document["device"]["name"] = "Slow Bytes"
    for row in document["rows"]:
        if row["technique"] == "matmul.int8_g32":
            for name in ("median", "p10", "p90", "lo", "hi"):
                row["time_ns"][name] *= 4
    return document


class Study(ProgramTest):
    def json(self, *words):
        done = vkpareto("study", *words, "--format", "json")
        self.assert_done(done)
        document = json.loads(done.stdout)
        self.assertEqual(violations(document, validators()), [])
        return document

    def test_every_model_and_task_is_there_with_a_gain_or_a_reason(self):
        document = self.json(SYNTHETIC)
        count = [len(list((ROOT / "suites" / what).glob("*.json"))) for what in ("models", "tasks")]
        self.assertEqual(len(document["cases"]), math.prod(count))
        self.assertEqual(document["results"][0]["groups"][0]["cases"], math.prod(count))
        for case in document["cases"]:
            joint = [p for p in case["picks"] if p["pick"] == "joint" and p["known"]]
            self.assertTrue(joint or case["reason"], case)

    def test_gains_are_ratios_of_the_predictions(self):
        document = self.json(SYNTHETIC, "--models", "llama-3.1-8b", "--tasks", "chat")
        picks = {p["pick"]: p for p in document["cases"][0]["picks"]}
        base, joint = picks["default"], picks["joint"]
        time = base["request_ns"]["value"] / joint["request_ns"]["value"]
        memory = base["memory"] / joint["memory"]
        self.assertAlmostEqual(joint["gain"]["mean"], math.sqrt(time * memory), 9)
        self.assertIsNone(joint["gain"]["energy"])
        self.assertLessEqual(joint["quality_loss_nats"]["value"], math.log(1.012))
        self.assertAlmostEqual(document["results"][0]["groups"][0]["gain"]["mean"], joint["gain"]["mean"], 9)
        self.assertGreaterEqual(joint["gain"]["mean"], picks["single stage"]["gain"]["mean"])

    def test_memory_may_be_taken_to_be_more_or_less(self):
        words = SYNTHETIC, "--models", "llama-3.1-70b", "--tasks", "chat"
        self.assertNotEqual(self.json(*words)["cases"][0]["status"], "fits")
        large = self.json(*words, "--max-memory", "192GiB")
        self.assertEqual(large["cases"][0]["status"], "fits")
        self.assertEqual(large["max_memory"], 192 * 2**30)
        self.assertIn("taken to have 192.0 GiB", vkpareto("study", *words, "--max-memory", "192GiB").stdout)
        self.assert_refused(vkpareto("study", *words, "--max-memory", "192"), 1, "GiB")

    def test_weights_in_the_host_are_compared_with_a_default_that_has_them_too(self):
        copies = json.loads(SYNTHETIC.read_text())
        copies["ceilings"]["upload_bytes_per_s"] = 2e10
        copies["host"]["memory"] = 64 * 2**30
        words = self.file("copies.json", copies), "--models", "llama-3.1-8b", "--tasks", "chat"
        case, = self.json(*words, "--max-memory", "3GiB")["cases"]
        picks = {p["pick"]: p for p in case["picks"]}
        joint, hosted = picks["joint"], picks["hosted default"]
        self.assertEqual(case["status"], "only with host memory")
        self.assertIn("in host memory", joint["choice"])
        self.assertIsNone(joint["gain"]["mean"])
        time = hosted["request_ns"]["value"] / joint["request_ns"]["value"]
        memory = sum(hosted[m] for m in ("memory", "host_memory")) / sum(joint[m] for m in ("memory", "host_memory"))
        self.assertAlmostEqual(case["gain_over_hosted_default"]["mean"], math.sqrt(time * memory), 9)
        self.assertLessEqual(max(joint["memory"], hosted["memory"]), 3 * 2**30)
        group = self.json(*words, "--max-memory", "3GiB")["results"][0]["groups"][0]
        self.assertEqual(group["of_cases_with_host_memory"], 1)
        self.assertIsNone(group["gain"]["mean"])
        poor = dict(copies, ceilings=dict(copies["ceilings"], upload_bytes_per_s=None))
        done = self.json(self.file("poor.json", poor), *words[1:], "--max-memory", "3GiB")
        self.assertEqual(done["cases"][0]["status"], "nothing fits")

    def test_order_flips_between_devices(self):
        slow = self.file("slow.json", twin())
        document = self.json(SYNTHETIC, slow, "--models", "llama-3.1-8b", "--tasks", "chat")
        pairs = [(f["faster_on_first"], f["faster_on_second"]) for f in document["flips"]]
        self.assertIn(("weights int8_g32", "weights f16"), pairs)
        self.assertEqual(self.json(SYNTHETIC, SYNTHETIC, "--models", "llama-3.1-8b")["flips"], [])

    def test_table_and_markdown_say_the_same(self):
        for form, title in (("table", "\nHeadline\n"), ("md", "\n## Headline\n")):
            done = vkpareto("study", SYNTHETIC, "--models", "llama*", "--format", form)
            self.assert_done(done)
            self.assertIn(title, done.stdout)
            self.assertIn("llama-3.1-8b", done.stdout)
            self.assertIn("not known to us", done.stdout)
            self.assertNotIn("mixtral", done.stdout)

    def test_refusals(self):
        self.assert_refused(vkpareto("study"), 1, "RESULT")
        self.assert_refused(vkpareto("study", SYNTHETIC, "--models", "nothing*"), 1, "nothing*", "list models")
        self.assert_refused(vkpareto("study", SYNTHETIC, "--tasks", "chit"), 1, "'chit'", "list tasks")
        self.assert_refused(vkpareto("study", SYNTHETIC, "--format", "csv"), 1, "csv")
        self.assert_refused(vkpareto("study", self.file("tiny.json", suite())), 2, "no result among the files")
        self.assert_refused(vkpareto("study", self.file("broken.json", "{")), 2, "broken.json")

    def test_other_schemas_are_skipped_with_a_line(self):
        done = vkpareto("study", self.file("tiny.json", suite()), SYNTHETIC, "--models", "llama*", "--tasks", "chat")
        self.assert_done(done)
        self.assertEqual(done.stderr.count("skipped"), 1)

    def test_a_result_without_rows_is_counted_not_dropped(self):
        empty = json.loads(SYNTHETIC.read_text())
        empty["rows"] = []
        document = self.json(self.file("empty.json", empty), SYNTHETIC,
                             "--models", "llama-3.1-8b", "--tasks", "chat")
        self.assertEqual([c["status"] for c in document["cases"]], ["not costed", "fits"])
        self.assertTrue(document["cases"][0]["reason"])


if __name__ == "__main__":
    unittest.main()
