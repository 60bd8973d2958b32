"""Runs the program under test (environment variable VKPARETO) and judges how it refuses; makes small input files."""
import copy
import glob
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.path.abspath(os.environ.get("VKPARETO", "build/test/vkpareto"))
if not os.access(PROGRAM, os.X_OK):
    raise SystemExit(f"no program at {PROGRAM}; name it in the environment variable VKPARETO")
# Where it locks devices: tests that run beside each other have the device to themselves.
LOCKS = tempfile.TemporaryDirectory(prefix="vkpareto-test-locks-")
# Where it keeps compiled pipelines: never the user's.
CACHE = tempfile.TemporaryDirectory(prefix="vkpareto-test-cache-")
SANITIZER = ("Sanitizer", "runtime error:")
# What steers the loader, its layers, lavapipe or the program on the caller's machine is no matter of the tests.
STEERING = ("VK_", "VKPARETO_", "MESA_", "LP_")
KEPT = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_LAYER_PATH", "VK_ADD_LAYER_PATH")   # where things are


def environment(**changes):
    """The caller's without what steers, with lavapipe as the one driver where none is named; a change to None removes
    the variable."""
    env = {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(STEERING)}
    env.update(NO_COLOR="1", VKPARETO_LOCKS=LOCKS.name, VKPARETO_CACHE=CACHE.name)
    if not env.get("VK_DRIVER_FILES"):
        icd = ":".join(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))
        env.update(VK_DRIVER_FILES=icd, VK_ICD_FILENAMES=icd)
    env.update({name: value for name, value in changes.items() if value is not None})
    return {name: value for name, value in env.items() if changes.get(name, "") is not None}


def vkpareto(*words, timeout=300, env=None, **options):
    """Runs the program to its end; stdout and stderr are taken as text unless `options` say otherwise."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.run([PROGRAM, *map(str, words)], timeout=timeout, env=env or environment(), check=False,
                          **options)


def state_of(pid):
    """Its letter in /proc ("Z": ended, and not reaped yet) and its parent; ("", 0) when there is no such process."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "", 0
    return state, int(parent)


def children_of(pid):
    processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [child for child in processes if state_of(child)[1] == pid]


def bytes_of(folder, pattern):
    """The content of its files of that name, one after the other; one that goes meanwhile is left out."""
    content = b""
    for path in sorted(folder.glob(pattern)):
        try:
            content += path.read_bytes()
        except FileNotFoundError:
            pass
    return content


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        """Writes bytes, text, or anything else as JSON; returns the path."""
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def assert_clean(self, done):
        for word in SANITIZER:
            self.assertNotIn(word, done.stderr)

    def assert_done(self, done, status=0):
        self.assert_clean(done)
        self.assertEqual(done.returncode, status, done.stderr)

    def assert_refused(self, done, status, *says):
        """One message on stderr that says all of `says` and more than the bare fact; nothing on stdout."""
        self.assert_clean(done)
        self.assertEqual((done.returncode, done.stdout or ""), (status, ""), (done.args, done.stderr))
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertTrue(done.stderr.endswith("\n"))
        self.assertNotIn("\x1b", done.stderr)
        for words in says:
            self.assertIn(words, done.stderr)


RESULT = {
    "schema": "vkpareto.result/1", "run_id": "0" * 32, "created": "2026-01-01T00:00:00Z",
    "tool": {"version": "0.1.0", "git": "abc", "glslc": "2023.2", "shaders_sha256": "0" * 64},
    "host": {"os": "Debian 12", "kernel": "6.1", "cpu": "a CPU", "memory": 8 << 30},
    "device": {
        "name": "A Card", "slug": "a-card", "type": "discrete", "vendor_id": "0x1234", "device_id": "0x0001",
        "uuid": "0" * 32, "pci": "0000:01:00.0", "api": "1.3.0",
        "driver": {"id": "A_DRIVER", "slug": "a-driver-1", "name": "a driver", "info": "1.0", "version": "0x00000001"},
        "subgroup": {"size": 32, "min": 32, "max": 32}, "features": {}, "coopmat": [],
        "limits": {"storage_range": 1 << 30, "allocation": 1 << 30, "storage_align": 16, "shared_memory": 32768,
                   "invocations": 1024, "push_constants": 128, "group_size": [1024, 1024, 64],
                   "group_count": [65535, 65535, 65535]},
        "heaps": [{"size": 8 << 30, "budget": 8 << 30, "used": 0, "device_local": True}], "llc_bytes": None,
        "clock": {"source": "gpu", "valid_bits": 64, "period_ns": 1.0, "verdict": "good"}},
    "ceilings": {"read_bytes_per_s": {"memory": 1e11, "llc": None}, "copy_bytes_per_s": {"memory": 1e11, "llc": None},
                 "flops": {"f32": 1e12}, "dispatch_ns": 1000, "submit_ns": 20000},
    "run": {"suite": "tiny", "suite_sha256": "0" * 64, "seed": "1", "budget_s": None, "seconds": 1},
    "rows": [],
}


def row(median, technique="f16", m=1, n=64, k=64):
    """A timed matmul row with an interval of 1 % either way."""
    return {
        "id": f"matmul/m{m}-n{n}-k{k}/{technique}.gemv/cold", "op": "matmul", "shape": {"m": m, "n": n, "k": k},
        "technique": f"matmul.{technique}", "variant": f"matmul.{technique}.gemv", "tuning": {}, "tuned": False,
        "mode": "cold", "status": "ok", "reason": None, "windows": 1,
        "time_ns": {"median": median, "p10": median, "p90": median, "lo": 0.99 * median, "hi": 1.01 * median,
                    "samples": 20, "rounds": 5, "clock": "gpu"},
        "flops": 2 * m * n * k, "bytes": 2 * n * k, "roofline": 0.5, "bound": "memory",
        "error": {"nmse": 0, "max_abs": 0, "tolerance": 1e-3, "elements": 64, "seed": "1"},
        "memory": 4096, "energy": None, "compile_ns": 1000}


def result(*rows, **changes):
    return {**copy.deepcopy(RESULT), "rows": list(rows), **changes}


def suite(*cases, **changes):
    return {"schema": "vkpareto.suite/1", "name": "tiny", "description": "for tests", "rounds": 5, "samples": 2,
            "sample_seconds": 1e-4, "case_seconds": 60, "cases": list(cases), **changes}


def matmul(m=1, n=64, k=64, **changes):
    return {"op": "matmul", "shape": {"m": m, "n": n, "k": k}, "techniques": ["f16"], **changes}


def changed(document, path, value):
    """A copy of the document with the member at path ("rows/0/time_ns/median") replaced."""
    document = copy.deepcopy(document)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at = document
    for step in way:
        at = at[step]
    at[last] = value
    return document


NESTED = '{"schema": ' + "[" * 100000
NOT_JSON = {
    "empty": "", "words": "hello", "cut": '{"schema": "vkpareto', "binary": b"\x00\xff\xfe{}", "list": "[1, 2]",
    "number": "1e999", "10 MB of nested arrays": "[" * 5_000_000 + "]" * 5_000_000, "trailing": "{} {}",
    "nested 100,000 deep": NESTED, "nested objects": '{"a":' * 100000,
}
