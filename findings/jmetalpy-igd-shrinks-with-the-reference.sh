#!/usr/bin/env bash
# jmetalpy==1.9.0 (moocore 0.3.2 for comparison)
# Expected: InvertedGenerationalDistance is, as its docstring says, the average distance from the points of the
#   reference front to the nearest solution; `pow`, 2 by default, is the norm of that distance.
# Seen: it is the root of the sum of squared distances over the number of reference points: the same solutions
#   are ten times closer to a front of 10,000 points than to one of 100. Its GenerationalDistance and IGD+ are
#   averages, and `pow=1` gives the average here, too (of Euclidean distances).
# Matters: to who compares figures with other libraries or papers, or with reference fronts of different sizes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jmetalpy==1.9.0 moocore==0.3.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import moocore
import numpy as np
from jmetal.core.quality_indicator import InvertedGenerationalDistance, InvertedGenerationalDistancePlus


def front(points):
    first = np.linspace(0, 1, points)
    return np.column_stack([first, 1 - first])


solutions = front(11) + 0.1
seen = {}
for points in 100, 10_000:
    reference = front(points)
    seen[points] = np.array([
        InvertedGenerationalDistance(reference).compute(solutions),
        InvertedGenerationalDistance(reference, pow=1).compute(solutions),
        InvertedGenerationalDistancePlus(reference).compute(solutions),
        moocore.igd(solutions, reference),
    ])
    print(f"{points} points: IGD {seen[points][0]:.5f}, pow=1 {seen[points][1]:.5f}, "
          f"IGD+ {seen[points][2]:.5f}; moocore's IGD {seen[points][3]:.5f}")
shrinks = seen[100] / seen[10_000]
if not (9.5 < shrinks[0] < 10.5 and np.allclose(shrinks[1:], 1, atol=0.02)
        and np.isclose(seen[100][1], seen[100][3])):
    sys.exit("Changed: IGD no longer shrinks with the root of the number of reference points.")
PY
