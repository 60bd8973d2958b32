"""Suites, models, tasks and results that are hostile or broken, and folders that cannot be written."""
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.program import NOT_JSON, PROGRAM, ProgramTest, changed, matmul, result, row, suite, vkpareto

MODEL = {"schema": "vkpareto.model/1", "id": "m", "name": "M", "source": "made up", "hidden": 64, "layers": 2,
         "heads": 2, "kv_heads": 1, "head_dim": 32, "ffn": 128, "vocab": 1000, "context": 2048}
TASK = {"schema": "vkpareto.task/1", "id": "t", "title": "T", "reason": "made up", "prompt": 16, "output": 16,
        "concurrency": 1}
NUMBERS = (-1, 0, 1.5, 2 ** 63, 1e300, "64", None, [], {}, True)   # no whole number in range


class Files(ProgramTest):
    def run_suite(self, path):
        return vkpareto("run", "--suite", path, "--out", self.folder / "out")

    def recommend(self, model="llama-3.1-8b", task="chat", of=None):
        of = of or self.file("good.json", result(row(1000)))
        return vkpareto("recommend", "--result", of, "--model", model, "--task", task)

    def compare(self, path):
        return vkpareto("compare", self.file("good.json", result(row(1000))), path)

    def refuses_all(self, verb, documents):
        for name, document in documents.items():
            with self.subTest(document=name):
                path = self.file("bad.json", document)
                self.assert_refused(verb(path), 2, "bad.json")

    def test_files_that_are_not_json(self):
        for verb in (self.run_suite, self.recommend, lambda path: self.recommend(task=path),
                     lambda path: self.recommend(of=path), self.compare):
            self.refuses_all(verb, NOT_JSON)

    def test_files_that_are_not_there_or_not_files(self):
        for verb in (self.run_suite, self.recommend, lambda path: self.recommend(task=path),
                     lambda path: self.recommend(of=path), self.compare):
            self.assert_refused(verb(self.folder / "none.json"), 2, "none.json")
            os.makedirs(self.folder / "folder.json", exist_ok=True)
            self.assert_refused(verb(self.folder / "folder.json"), 2, "folder.json")

    def test_special_files_do_not_hang(self):
        fifo = self.folder / "fifo.json"
        os.mkfifo(fifo)
        for verb in (self.run_suite, self.recommend, self.compare):
            self.assert_refused(verb(fifo), 2, "fifo.json")
            self.assert_refused(verb("/dev/zero" if verb != self.recommend else fifo), 2)

    def test_schema_of_the_future(self):
        self.refuses_all(self.run_suite, {"2": suite(matmul(), schema="vkpareto.suite/2")})
        self.refuses_all(self.recommend, {"2": {**MODEL, "schema": "vkpareto.model/2"}})
        self.refuses_all(lambda path: self.recommend(task=path), {"2": {**TASK, "schema": "vkpareto.task/99999999999"}})
        self.refuses_all(lambda path: self.recommend(of=path), {"2": result(row(1000), schema="vkpareto.result/2")})

    def test_another_schema(self):
        self.refuses_all(self.run_suite, {"result": result(row(1000)), "none": {}, "number": {"schema": 1}})
        self.refuses_all(lambda path: self.recommend(of=path), {"suite": suite(matmul()), "none": {}})

    def test_suites_with_wrong_members(self):
        good = suite(matmul())
        wrong = {f"{path} = {value!r}": changed(good, path, value)
                 for path in ("cases/0/shape/m", "cases/0/shape/k", "rounds", "samples")
                 for value in NUMBERS if not (path.startswith("cases") and value == [])}
        wrong.update({
            "unknown op": changed(good, "cases/0/op", "matmull"), "no op": suite({"shape": {}}),
            "unknown technique": changed(good, "cases/0/techniques", ["int3"]),
            "technique of a wrong type": changed(good, "cases/0/techniques", 3),
            "unknown dimension": changed(good, "cases/0/shape/q", 1),
            "unknown mode": changed(good, "cases/0/mode", "lukewarm"),
            "no cases": suite(), "case of a wrong type": suite(1), "name that is a path": suite(matmul(), name="../x"),
            "sizes that overflow together": suite(matmul(m=2 ** 31, n=2 ** 31, k=2 ** 31)),
            "cases without end": suite(*[matmul()] * 200000),
        })
        self.refuses_all(self.run_suite, wrong)

    def test_models_and_tasks_with_wrong_members(self):
        def wrong(good, *names):
            return {f"{name} = {value!r}": {**good, name: value} for name in names for value in NUMBERS}
        self.refuses_all(self.recommend, {**wrong(MODEL, "hidden", "layers", "kv_heads"),
                                          "uneven heads": {**MODEL, "kv_heads": 3}, "no id": {**MODEL, "id": None}})
        self.refuses_all(lambda path: self.recommend(task=path), wrong(TASK, "prompt", "output", "concurrency"))

    def test_results_with_wrong_members(self):
        good = result(row(1000))
        wrong = {f"{path} = {value!r}": changed(good, path, value) for path, values in {
            "rows": (1, "x", None, [1], [[]]), "rows/0/id": (1, None, "x" * 1000), "rows/0/time_ns": (None, 1, {}),
            "rows/0/time_ns/median": (-1, 0, 1e300, "fast", None), "rows/0/time_ns/lo": (-1, 1e9),
            "rows/0/time_ns/p90": (1, None),
            "ceilings/dispatch_ns": (-1, "x"), "rows/0/energy": (-1, {"gross": -1}),
            "rows/0/shape/m": (-1, 2 ** 62, "1"),
            "rows/0/mode": ("lukewarm", 1), "rows/0/flops": (-1, 1e300, "x"), "device": (None, 1, {}),
            "device/type": ("toaster", 1), "device/slug": ("../../etc", ""), "device/subgroup/size": (0, 3, -32),
            "device/limits/storage_align": (0, 3), "device/limits/group_size": ([1, 2], [1, 2, -3], 1),
            "device/heaps": ([1], [{"size": -1}], [{"size": 1}] * 100), "device/api": ("1", "a.b.c", 1),
            "ceilings": (None, []), "ceilings/flops": ({"x" * 100: 1}, {str(i): 1 for i in range(100)}),
            "run/suite": (1, "x" * 1000, None)}.items() for value in values}
        self.refuses_all(self.compare, wrong)
        self.refuses_all(lambda path: self.recommend(of=path), wrong)

    def test_unknown_op_and_status_in_a_result_are_kept_apart(self):
        """A later program's rows are read: an unknown op is compared by its id, an unknown status has no time."""
        later = result(row(1000), {**row(500), "id": "sort/n9/radix.base/cold", "op": "sort", "technique": "sort.radix",
                                   "shape": {"n": 9}}, {**row(10, m=2), "status": "excellent", "reason": None})
        path = self.file("later.json", later)
        done = vkpareto("compare", path, path)
        self.assert_done(done)
        self.assertIn("radix", done.stdout)
        self.assertNotIn("10.0 ns", done.stdout)

    def test_hostile_text_stays_text(self):
        hostile = changed(result(row(1000)), "device/name", "\x1b[2Jcard %s%n \n,\"|")
        path = self.file("hostile.json", hostile)
        for form in ("table", "csv", "md", "json"):
            done = vkpareto("compare", path, path, "--format", form)
            self.assert_done(done)
            self.assertNotIn("\x1b", done.stdout)

    def test_folder_that_cannot_be_written(self):
        path = self.file("tiny.json", suite(matmul()))
        occupied = self.file("occupied", "a file")
        self.assert_refused(vkpareto("run", "--suite", path, "--out", occupied), 2, "occupied")
        self.assert_refused(vkpareto("run", "--suite", path, "--out", "/proc/nowhere"), 2, "/proc/nowhere")
        done = vkpareto("recommend", "--result", self.file("r.json", result(row(1000))), "--model", "llama-3.1-8b",
                        "--task", "chat", "--out", occupied / "config.json")
        self.assertNotEqual(done.returncode, 0)
        self.assert_clean(done)

    def test_program_needs_no_file_beside_it(self):
        done = vkpareto("list", "suites", cwd="/")
        self.assert_done(done)
        self.assertTrue(os.path.isabs(PROGRAM))


if __name__ == "__main__":
    unittest.main()
