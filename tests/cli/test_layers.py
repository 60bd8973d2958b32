"""recommend --sensitivities: formats that differ from layer to layer, and every way of giving it nonsense."""
import json
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "schema")]
import check  # noqa: E402
from support.program import ProgramTest, vkpareto  # noqa: E402

TESTS = Path(__file__).parents[1]
RESULT = TESTS / "golden/result.json"
FIXTURES = TESTS / "fixtures/sensitivities"
LAYERS = 30   # of smollm2-135m


def recommend(*words, model="smollm2-135m"):
    return vkpareto("recommend", "--result", RESULT, "--model", model, "--task", "chat", *words)


def sensitivities(**changes):
    classes = {"ffn_down": [1 + (layer < 3) * 20 for layer in range(LAYERS)], "qkv": [1 + layer % 4 for layer in range(LAYERS)]}
    return {"schema": "vkpareto.sensitivity/1", "model": "smollm2-135m", "layers": LAYERS, "unit": "relative",
            "source": "synthetic", "classes": classes, **changes}


class Layers(ProgramTest):
    def test_a_config_has_a_format_for_each_layer(self):
        plain = json.loads(recommend("--prefer", "quality", "--max-memory", "150MiB").stdout)
        path = self.file("s.json", sensitivities())
        done = recommend("--sensitivities", path, "--prefer", "quality", "--max-memory", "150MiB")
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertEqual(check.violations(config, check.validators()), [])
        layers = config["choice"]["weights_per_layer"]
        for name, formats in layers.items():
            self.assertEqual(len(formats), LAYERS)
            self.assertGreater(len(set(formats)), 1)
            self.assertEqual(config["choice"]["weights"][name], "per_layer")
            for format in formats:
                self.assertIn(f"matmul.{format}", config["kernels"])
        # all that one format per class can do is still there
        self.assertLessEqual(config["predicted"]["quality_loss_nats"]["value"], plain["predicted"]["quality_loss_nats"]["value"])
        self.assertLessEqual(config["predicted"]["memory"]["value"], 150 << 20)
        told = config["explanation"]["layers"]
        self.assertEqual(told["source"], "synthetic")
        self.assertLess(told["gained"][0]["quality_loss_nats"], 0)
        self.assertIn("against the best choice of one format per class", done.stderr)
        self.assertIn(" in 0-2", done.stderr)
        self.assertIn("attn_out has one format in all layers: the sensitivities say nothing of it", done.stderr)

    def test_without_them_nothing_is_said_of_layers(self):
        done = recommend()
        self.assert_done(done)
        config = json.loads(done.stdout)
        self.assertNotIn("weights_per_layer", config["choice"])
        self.assertNotIn("layers", config["explanation"])

    def test_of_another_model_they_are_taken_and_it_is_said(self):
        done = recommend("--sensitivities", self.file("s.json", sensitivities(model="its-parent")))
        self.assert_done(done)
        self.assertIn("of its-parent (synthetic), which are taken for this model's", done.stderr)

    def test_no_limits_can_be_kept(self):
        done = recommend("--sensitivities", self.file("s.json", sensitivities()), "--max-memory", "10MiB")
        self.assert_done(done, 4)
        self.assertIn("choices per layer were covered within", done.stderr)

    def test_nonsense_is_refused(self):
        ones = [1] * LAYERS
        cases = {
            "cannot read": "missing.json",
            "has 30; give those": sensitivities(layers=2, classes={"qkv": [1, 1]}),
            "29 numbers for 30 layers": sensitivities(classes={"qkv": ones[1:]}),
            "31 numbers for 30 layers": sensitivities(classes={"qkv": ones + [1]}),
            "layer 29 is -1, below 0": sensitivities(classes={"qkv": ones[1:] + [-1]}),
            "layer 0 is no number": sensitivities(classes={"qkv": [None] + ones[1:]}),
            "is no class of weights": sensitivities(classes={"router": ones}),
            "belongs to no layer": sensitivities(classes={"logits": ones}),
            "no weight format is called": sensitivities(unit="nats", classes={"qkv": {"q9": ones}}),
            "field 'unit' is 'bits'": sensitivities(unit="bits"),
            "sensitivity/1": sensitivities(schema="vkpareto.sensitivity/2"),
            "is there twice": json.dumps(sensitivities()).replace('"qkv"', '"ffn_down"'),
            "line 1": json.dumps(sensitivities()).replace("[1,", "[NaN,"),
            "nested more than": "[" * 200,
            "at most": b"[" * (10 << 20),
            "not a vkpareto.sensitivity/1 file": RESULT.read_bytes()[:0] + b"{}",
        }
        for words, content in cases.items():
            with self.subTest(words):
                path = content if content == "missing.json" else self.file("s.json", content)
                done = recommend("--sensitivities", path)
                self.assert_done(done, 2)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_the_fixtures_keep_their_schema(self):
        for path in sorted(FIXTURES.glob("*.json")):
            document = check.load(path)
            self.assertEqual(check.violations(document, check.validators()), [])
            self.assertIn("synthetic", document["source"])


if __name__ == "__main__":
    unittest.main()
