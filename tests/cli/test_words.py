"""Every verb against each kind of bad command line."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import ProgramTest, result, row, vkpareto

VERBS = ("devices", "doctor", "list", "describe", "check", "codegen", "run", "compare", "recommend", "study",
         "predict")


class Words(ProgramTest):
    def recommend(self, *words):
        return vkpareto("recommend", "--result", self.file("r.json", result(row(1000))), *words)

    def test_help_of_every_verb_has_usage_and_example(self):
        for verb in VERBS:
            for words in ((verb, "--help"), (verb, "-h"), (verb, "--help", "--quiet")):
                done = vkpareto(*words)
                self.assert_done(done)
                self.assertIn(f"usage: vkpareto {verb}", done.stdout)
                self.assertIn(f"\n  vkpareto {verb}", done.stdout.split("example:")[1])
                self.assertEqual(done.stderr, "")

    def test_top_level_help_names_every_verb_and_status(self):
        done = vkpareto("--help")
        self.assert_done(done)
        for verb in VERBS:
            self.assertIn(f"\n  {verb} ", done.stdout)
        self.assertIn("130 interrupted", done.stdout)

    def test_version_is_one_line(self):
        done = vkpareto("--version")
        self.assert_done(done)
        self.assertRegex(done.stdout, r"^vkpareto \d+\.\d+\.\d+.*\n$")

    def test_no_verb(self):
        self.assert_refused(vkpareto(), 1, "--help")

    def test_unknown_verb_names_the_nearest(self):
        self.assert_refused(vkpareto("recomend"), 1, "did you mean 'recommend'?")
        self.assert_refused(vkpareto("--device", "0"), 1, "--help")
        self.assert_refused(vkpareto(""), 1, "unknown verb")
        self.assert_refused(vkpareto("--hlep"), 1, "options come behind it")
        self.assert_refused(vkpareto("compare"), 1, "RESULT... is missing")
        self.assert_refused(vkpareto("describe", "nothing"), 1, "ceilings.read", " more")

    def test_unknown_option_of_every_verb(self):
        for verb in VERBS:
            self.assert_refused(vkpareto(verb, "--zzzzzzzz"), 1, "unknown option --zzzzzzzz", f"{verb} --help")
            self.assert_refused(vkpareto(verb, "-x"), 1, "unknown option -x")
            self.assert_refused(vkpareto(verb, "--quiett"), 1, "did you mean --quiet?")
            self.assert_refused(vkpareto(verb, "--quiet", "--quiet"), 1, "twice")
            self.assert_refused(vkpareto(verb, "--quiet=1"), 1, "takes no value")

    def test_option_without_value(self):
        for verb, option in (("check", "device"), ("run", "suite"), ("compare", "format"), ("recommend", "model")):
            self.assert_refused(vkpareto(verb, f"--{option}"), 1, f"--{option} needs a value")
            self.assert_refused(vkpareto(verb, f"--{option}", "--quiet"), 1, f"--{option} needs a value")
            self.assert_refused(vkpareto(verb, f"--{option}="), 1, f"--{option} needs a value")

    def test_unexpected_operand(self):
        for verb in ("devices", "check", "run", "recommend"):
            self.assert_refused(vkpareto(verb, "surplus"), 1, "unexpected 'surplus'")
        self.assert_refused(vkpareto("list", "models", "tasks"), 1, "unexpected 'tasks'")

    def test_missing_operand(self):
        for verb, operand in (("list", "techniques|variants"), ("describe", "TECHNIQUE"), ("compare", "RESULT..."),
                              ("study", "RESULT..."), ("predict", "RESULT")):
            self.assert_refused(vkpareto(verb), 1, f"{operand}", "is missing; the usage is: ")
        self.assertIn("predict: RESULT is missing", vkpareto("predict").stderr)

    def test_list_knows_its_kinds(self):
        for kind in ("techniques", "variants", "suites", "models", "tasks"):
            done = vkpareto("list", kind)
            self.assert_done(done)
            self.assertGreater(len(done.stdout.splitlines()), 2, kind)
            done = vkpareto("list", kind, "--json")
            self.assert_done(done)
            self.assertGreater(len(json.loads(done.stdout)[kind]), 0)
        self.assert_refused(vkpareto("list", "sweets"), 1, "suites")
        self.assert_refused(vkpareto("list", "model"), 1, "did you mean 'models'?")

    def test_every_technique_is_described(self):
        for technique in json.loads(vkpareto("list", "techniques", "--json").stdout)["techniques"]:
            done = vkpareto("describe", technique["technique"].upper())
            self.assert_done(done)
            for title in ("what", "source", "wins", "costs", "variants"):
                self.assertIn(f"\n{title}", done.stdout)

    def test_unknown_technique_names_the_nearest(self):
        self.assert_refused(vkpareto("describe", "matmul.int4_g23"), 1, "did you mean 'matmul.int4_g32'?")
        self.assert_refused(vkpareto("describe", "x" * 5000), 1, "unknown technique")
        self.assert_refused(vkpareto("describe", "\x1b[31mred"), 1, "unknown technique")

    def test_filter_that_asks_for_no_variant(self):
        for verb in ("check", "codegen"):
            self.assert_refused(vkpareto(verb, "--filter", "nothing.*"), 1, "'nothing.*'", "list variants")

    def test_unknown_suite_model_task_format_target(self):
        self.assert_refused(vkpareto("run", "--suite", "quik"), 1, "quick")
        self.assert_refused(self.recommend("--model", "llama-3.1-8c", "--task", "chat"), 1, "llama-3.1-8b")
        self.assert_refused(self.recommend("--model", "llama-3.1-8b", "--task", "caht"), 1, "chat")
        self.assert_refused(self.recommend("--model", "llama-3.1-8b", "--task", "chat", "--emit", "jsom"), 1, "json")
        self.assert_refused(vkpareto("compare", "a", "b", "--format", "xlm"), 1, "table")

    def test_value_that_an_option_does_not_know(self):
        result_file = self.file("r.json", result(row(1000)))
        for words in (("compare", result_file, "--format"), ("study", result_file, "--format"),
                      ("codegen", "--tunings")):
            self.assert_refused(vkpareto(*words, "zzz"), 1, f"{words[-1]}: unknown value 'zzz'; there are: ")
        done = self.recommend("--model", "llama-3.1-8b", "--task", "chat", "--prefer", "latncy")
        self.assert_refused(done, 1, "--prefer: unknown value 'latncy'; did you mean 'latency'?")

    def test_missing_option_that_is_required(self):
        self.assert_refused(vkpareto("recommend"), 1, "--result")
        self.assert_refused(self.recommend("--task", "chat"), 1, "--model")
        self.assert_refused(self.recommend("--model", "llama-3.1-8b"), 1, "--task")

    def test_numbers_that_are_none_or_out_of_range(self):
        for value in ("", "-1", "1.5", "ten", "99999999999999999999999", "0x10", " 1"):
            self.assert_refused(vkpareto("run", f"--seed={value}"), 1, "--seed")
        for value in ("-1", "nan", "inf", "1e999", "ten"):
            self.assert_refused(vkpareto("run", "--budget", value), 1, "--budget")
            self.assert_refused(vkpareto("compare", "a", "b", "--fail-if-slower", value), 1, "--fail-if-slower")

    def test_sizes_without_unit_or_sense(self):
        for value in ("8", "-8GiB", "8XiB", "GiB", "1e99GiB", "99999999999999999999GiB", "nanGiB"):
            done = self.recommend("--model", "llama-3.1-8b", "--task", "chat", "--max-memory", value)
            self.assert_refused(done, 1, "--max-memory", "GiB")


if __name__ == "__main__":
    unittest.main()
