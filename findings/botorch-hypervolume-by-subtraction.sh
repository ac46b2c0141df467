#!/usr/bin/env bash
# botorch==0.18.1, torch==2.13.0
# Expected: compute_hypervolume of the two non-dominated partitionings, made for box decompositions that
#   EHVI needs anyway, is as exact as DominatedPartitioning's and Hypervolume's, which agree.
# Seen: it subtracts the empty cells from the box up to the best of each objective, whose volume grows
#   with the number of objectives where the front's does not. With each of m points best in one
#   objective: m = 3 in single precision 0.0 instead of 30; m = 5 in double 49,152 instead of 49,996;
#   m = 6 gives 6,016 and 5,888 (fast) instead of 5,995. No warning.
# Matters: to who tracks progress or stops by these figures, with four objectives or more, on a GPU.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile botorch==0.18.1
"$dir/venv/bin/python" - <<'PY'
import itertools
import math
import sys
from fractions import Fraction

import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning
from botorch.utils.multi_objective.box_decompositions.non_dominated import (
    FastNondominatedPartitioning,
    NondominatedPartitioning,
)
from botorch.utils.multi_objective.hypervolume import Hypervolume

PARTITIONINGS = (NondominatedPartitioning, FastNondominatedPartitioning, DominatedPartitioning)


def exact(front):
    """The hypervolume above zero by inclusion and exclusion, in whole fractions."""
    total = Fraction(0)
    for k in range(1, len(front) + 1):
        for points in itertools.combinations(front, k):
            total -= (-1) ** k * math.prod(min(map(Fraction, values)) for values in zip(*points))
    return float(total)


def errors(m, best, worst, dtype):
    front = [[best if i == j else worst for j in range(m)] for i in range(m)]
    Y, ref_point = torch.tensor(front, dtype=dtype), torch.zeros(m, dtype=dtype)
    got = [float(kind(ref_point, Y=Y).compute_hypervolume()) for kind in PARTITIONINGS]
    got.append(float(Hypervolume(ref_point).compute(Y)))
    print(f"{m} objectives, {dtype}: exact {exact(front):.2f}, got", [round(v, 2) for v in got])
    return [abs(value / exact(front) - 1) for value in got]


rows = [
    errors(3, 1e3, 0.1, torch.float32),
    errors(5, 1e4, 1.0, torch.float64),
    errors(6, 1e3, 1.0, torch.float64),
]
if any(max(row[2:]) > 1e-5 for row in rows):
    sys.exit("Changed: the dominated partitioning or Hypervolume is not exact.")
if any(min(row[:2]) < 1e-3 for row in rows):
    sys.exit("Changed: the non-dominated partitionings are more exact.")
PY
