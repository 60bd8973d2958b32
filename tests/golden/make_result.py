#!/usr/bin/env python3
"""Writes tests/golden/result.json: what a device with a known roofline would have measured.

Every time is latency + bytes / bandwidth + operations / rate, so tests know what a fit must find. The golden outputs
depend on it: run it only to change them, then `VKPARETO_GOLDEN=write` with the test `test_golden`.
"""
import json
from pathlib import Path

BANDWIDTH, RATE, LATENCY = 400e9, 20e12, 4000.0   # bytes/s, operations/s, ns
# Share of the ceilings that the kernels of a format reach: decoding a format costs operations.
MATMUL = {"f32": (4.0, 0.92, 0.70), "f16": (2.0, 0.90, 0.68), "int8_g32": (1 + 2 / 32, 0.88, 0.62),
          "int4_g32": (0.5 + 2 / 32, 0.80, 0.55), "int4z_g32": (0.5 + 4 / 32, 0.80, 0.54)}
KV = {"f16": (2.0, 1.0), "int8": (1 + 2 / 32, 0.9)}
LAUNCHES = {"naive": 3, "flash": 1, "flash_split": 2}
ALGORITHMS = {"naive": (0.30, 0.20), "flash": (0.35, 0.50), "flash_split": (0.80, 0.45)}
MATRICES = [(576, 576), (1536, 576), (4096, 4096), (1024, 4096), (14336, 4096), (4096, 14336), (128256, 4096)]
HEADS = [(9, 3, 64), (32, 8, 128), (28, 4, 128)]
SMALL = (0.70, 0.10)   # of the ceilings, by the small ops
EXPERTS = [(64, 8, 2048, 2048, 0), (64, 8, 2048, 1024, 1), (8, 2, 28672, 4096, 0), (8, 2, 4096, 14336, 1)]   # OLMoE, Mixtral
EXPERT_ALGORITHMS = {"gather": (0.85, 0.30, 1), "grouped": (0.70, 0.80, 4), "dense": (0.70, 0.10, 1)}   # and launches


def time_ns(byte_count, operations, bandwidth_share, rate_share, latency=LATENCY):
    return latency + 1e9 * byte_count / (BANDWIDTH * bandwidth_share) + 1e9 * operations / (RATE * rate_share)


def row(op, technique, variant, shape, row_id, byte_count, operations, ns, mode="cold"):
    ns = round(ns, 1)
    return {"id": row_id, "op": op, "shape": shape, "technique": technique, "variant": variant, "tuning": {}, "tuned": False,
            "mode": mode, "status": "ok", "reason": None, "windows": 1,
            "time_ns": {"median": ns, "p10": round(ns * 0.98, 1), "p90": round(ns * 1.03, 1), "lo": round(ns * 0.99, 1),
                        "hi": round(ns * 1.01, 1), "samples": 60, "rounds": 5, "clock": "gpu"},
            "flops": operations, "bytes": byte_count, "roofline": None, "bound": "memory", "error": None, "memory": None,
            "energy": None, "energy_reason": "synthetic", "compile_ns": 1000000, "codegen": None}


def matmul_rows():
    for n, k in MATRICES:
        for m in (1, 8, 64, 512):
            for name, (width, bandwidth, rate) in MATMUL.items():
                byte_count, operations = n * k * width + 4 * (m * k + m * n), 2 * m * n * k
                variant = f"matmul.{name}.{'gemv' if m <= 8 else 'tiled'}"
                yield row("matmul", f"matmul.{name}", variant, {"m": m, "n": n, "k": k},
                          f"matmul/m{m}-n{n}-k{k}/{name}.{variant.split('.')[2]}/cold", byte_count, operations,
                          time_ns(byte_count, operations, bandwidth, rate))


def attention_rows():
    for heads, kv_heads, head in HEADS:
        for q, kv in ((1, 512), (1, 4096), (64, 64), (512, 512), (512, 4096)):
            for algorithm, (bandwidth, rate) in ALGORITHMS.items():
                for kv_name, (width, share) in KV.items():
                    byte_count = 2 * (4 * q * heads * head + width * kv * kv_heads * head)
                    operations = 4 * heads * head * (q * kv - q * (q - 1) // 2)
                    name = f"{algorithm}_{kv_name}"
                    yield row("attention", f"attention.{name}", f"attention.{name}.base",
                              {"batch": 1, "q": q, "kv": kv, "heads": heads, "kv_heads": kv_heads, "head": head, "causal": 1},
                              f"attention/b1-q{q}-kv{kv}-h{heads}-g{kv_heads}-d{head}-c1/{name}.base/cold", byte_count, operations,
                              time_ns(byte_count, operations, bandwidth * share, rate, LATENCY * LAUNCHES[algorithm]))


# op -> bytes of activations per element, of angles per row and element of a head, of weights per element of a row
BLOCK = {"rms_norm": (8, 0, 4), "add_rms_norm": (16, 0, 4), "residual": (12, 0, 0), "bias": (8, 0, 4), "swiglu": (12, 0, 0),
         "geglu": (12, 0, 0), "gelu": (8, 0, 0), "rope_halves": (8, 4, 0), "rope_pairs": (8, 4, 0), "head_norm": (8, 0, 4),
         "head_norm_rope_halves": (8, 4, 4)}


def small_row(op, name, variant, shape, dims, byte_count, operations, mode="resident"):
    return row(op, f"{op}.{name}", f"{op}.{name}.{variant}", shape, f"{op}/{dims}/{name}.{variant}/{mode}", byte_count, operations,
               time_ns(byte_count, operations, *SMALL), mode)


def block_rows():
    for rows in (1, 64, 512):
        for name, (element, angle, weight) in BLOCK.items():
            head = 64 if "head" in name or "rope" in name else 0
            for width in (576, 4096):
                byte_count = rows * (width * element + head * angle) + weight * (head if "head" in name else width)
                yield small_row("block", name, "base", {"rows": rows, "width": width, "head": head, "position": 0, "vocab": 0},
                                f"r{rows}-w{width}-d{head}-p0-v0", byte_count, 4 * rows * width)
        for width in (576, 4096):
            yield small_row("block", "embed", "base", {"rows": rows, "width": width, "head": 0, "position": 0, "vocab": 32000},
                            f"r{rows}-w{width}-d0-p0-v32000", rows * (6 * width + 4), 4 * rows * width, "cold")


def kv_cache_rows():
    for rows in (1, 64, 512):
        for heads, head in ((3, 64), (8, 128)):
            for rope in ("", "rope_halves_", "rope_pairs_"):
                for kv_name, (width, _) in KV.items():
                    elements = rows * heads * head
                    byte_count = elements * (4 + width) + (4 * rows * head if rope else 0)
                    yield small_row("kv_cache", f"{rope}append_{kv_name}", "base",
                                    {"batch": 1, "rows": rows, "position": 0, "kv": 4096, "kv_heads": heads, "head": head},
                                    f"b1-r{rows}-p0-kv4096-g{heads}-d{head}", byte_count, 4 * elements)


def router_rows():
    for tokens in (1, 64, 512):
        for experts, topk in ((8, 2), (128, 8)):
            yield small_row("router", "fused", "base", {"tokens": tokens, "experts": experts, "topk": topk, "sigmoid": 0, "renormalise": 1},
                            f"t{tokens}-e{experts}-top{topk}-s0-r1", 4 * tokens * (experts + 2 * topk), tokens * experts * (1 + topk))


def moe_rows():
    """Under a uniform load a token misses an expert with probability 1 - topk / experts."""
    for experts, topk, n, k, down in EXPERTS:
        for tokens in (1, 8, 64, 512):
            active = experts * (1 - (1 - topk / experts) ** tokens)
            rows = 4 * tokens * ((topk * k + n if down else k + topk * n) + 2 * topk)
            for algorithm, (bandwidth, rate, launches) in EXPERT_ALGORITHMS.items():
                for name, (width, share, _) in MATMUL.items():
                    if algorithm == "dense" and name != "f16" or algorithm == "gather" and tokens > 8:
                        continue
                    technique, variant = f"moe.{algorithm}_{name}", "gemv" if algorithm == "gather" else "tiled"
                    byte_count, operations = active * n * k * width + rows, 2 * tokens * topk * n * k
                    yield row("moe", technique, f"{technique}.{variant}",
                              {"tokens": tokens, "experts": experts, "topk": topk, "n": n, "k": k, "down": down, "load": 0},
                              f"moe/t{tokens}-e{experts}-top{topk}-n{n}-k{k}-d{down}-l0/{algorithm}_{name}.{variant}/cold", byte_count,
                              operations, time_ns(byte_count, operations, bandwidth * share, rate, LATENCY * launches))


DEVICE = {
    "name": "Synthetic 400", "slug": "synthetic-400", "type": "discrete", "vendor_id": "0x1", "device_id": "0x1",
    "uuid": "0" * 32, "pci": "0000:01:00.0",
    "driver": {"id": "SYNTHETIC", "slug": "synthetic-1.0", "name": "Synthetic", "info": "1.0", "version": "0x1",
               "conformance": "1.2.0.0", "pipeline_cache_uuid": "0" * 32},
    "api": "1.2.0", "subgroup": {"size": 32, "min": 32, "max": 32}, "features": {},
    "limits": {"storage_range": 4294967295, "allocation": 4294967296, "storage_align": 16, "shared_memory": 32768,
               "invocations": 1024, "push_constants": 128, "group_size": [1024, 1024, 64], "group_count": [65535, 65535, 65535]},
    "heaps": [{"size": 24 << 30, "budget": 22 << 30, "used": 0, "device_local": True}], "coopmat": [],
    "clock": {"source": "gpu", "valid_bits": 64, "period_ns": 1.0, "verdict": "synthetic"},
}


def main():
    result = {
        "schema": "vkpareto.result/1", "run_id": "0" * 32, "created": "2026-11-22T12:00:00Z",
        "tool": {"version": "0.1.0", "git": "synthetic", "glslc": "none", "shaders_sha256": "0" * 64},
        "host": {"os": "none", "kernel": "none", "cpu": "none", "memory": None},
        "device": DEVICE,
        "ceilings": {"read_bytes_per_s": {"memory": BANDWIDTH, "llc": None}, "copy_bytes_per_s": {"memory": BANDWIDTH / 2, "llc": None},
                     "flops": {"f32": RATE}, "dispatch_ns": LATENCY, "submit_ns": 21000},
        "run": {"suite": "synthetic", "suite_sha256": "0" * 64, "seed": "1", "budget_s": None, "seconds": 0},
        "rows": [*matmul_rows(), *attention_rows(), *block_rows(), *kv_cache_rows(), *router_rows(), *moe_rows()],
    }
    header = {name: value for name, value in result.items() if name != "rows"}
    rows = ",\n".join(json.dumps(r) for r in result["rows"])
    text = json.dumps(header, indent=1)[:-2] + ',\n "rows": [\n' + rows + "\n ]\n}\n"
    Path(__file__).with_name("result.json").write_text(text)


if __name__ == "__main__":
    main()
