#!/usr/bin/env python3
"""Writes tests/front/indicator_vectors.h: sets of points with what moocore says of them.

    python3 -m venv build/moocore && build/moocore/bin/pip install moocore==0.3.2
    build/moocore/bin/python tests/front/make_indicator_vectors.py
"""
import textwrap
from pathlib import Path

import moocore
import numpy as np

CASES = [(2, 12), (2, 40), (3, 20), (3, 60), (4, 30), (5, 25), (7, 16)]   # coordinates, points


def numbers(values):
    lines = textwrap.wrap(", ".join(float(v).hex() for v in np.ravel(values)), 94)
    return "\n    ".join(lines)


def main():
    rng = np.random.default_rng(20261122)
    lines = ["/* Made by make_indicator_vectors.py with moocore " + moocore.__version__ + ". */",
             "#ifndef INDICATOR_VECTORS_H", "#define INDICATOR_VECTORS_H", "", "#include <stddef.h>", "",
             "static const struct { size_t coords, n, n_reference; const double *set, *reference, *corner;",
             "                      double hypervolume, epsilon, igd_plus; } indicator_vectors[] = {"]
    for coords, n in CASES:
        points = rng.integers(0, 1000, (n, coords)) / 16   # coarse: some are equal, some beyond the corner
        reference = moocore.filter_dominated(rng.integers(0, 1000, (n, coords)) / 16)
        corner = np.full(coords, 60.0)
        values = (moocore.hypervolume(points, ref=corner), moocore.epsilon_additive(points, ref=reference),
                  moocore.igd_plus(points, ref=reference))
        lines += [f"  {{{coords}, {n}, {len(reference)},", f"   (const double[]){{{numbers(points)}}},",
                  f"   (const double[]){{{numbers(reference)}}},", f"   (const double[]){{{numbers(corner)}}},",
                  f"   {numbers(values)}}},"]
    lines += ["};", "", "#endif", ""]
    (Path(__file__).parent / "indicator_vectors.h").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
