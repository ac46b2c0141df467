#!/usr/bin/env bash
# pymoo==0.6.2
# Expected: PseudoWeights, asked to pick from a set of points, never takes the one that is the worst of all in
#   every objective.
# Seen: it takes that one whichever the weights. How far each point is from the worst is divided by the sum,
#   0 / 0 there, and numpy's argmin takes NaN for the least; numpy's warning of a division is all that is
#   said. On a front no such point should be, but rounding makes one: of three points, none of which
#   dominates another, scaled to the range of the front, one is (1, 1), and is taken.
# Matters: to who picks from a population, or by weights from a front whose differences are near rounding.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pymoo==0.6.2
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
from pymoo.mcdm.pseudo_weights import PseudoWeights
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

WEIGHTS = [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]
POPULATION = np.array([[0.0, 1.0], [0.2, 0.2], [1.0, 0.0], [1.0, 1.0]])
less, more = np.nextafter(1.0, [0.0, 2.0])
FRONT = np.array([[-1.0, 1.0], [more, -1.0], [1.0, less]])


def picked(F):
    with np.errstate(all="ignore"):
        return [int(PseudoWeights(np.array(w)).do(F)) for w in WEIGHTS]


def scaled(F):
    return (F - F.min(axis=0)) / np.ptp(F, axis=0)


alone = NonDominatedSorting().do(FRONT, only_non_dominated_front=True).tolist()
found = picked(POPULATION), picked(POPULATION[:3]), picked(scaled(FRONT))
print("with the worst point:", found[0], "without:", found[1])
print(f"a front of rows {sorted(alone)}, scaled to 0 and 1:", found[2])
if found != ([3] * 3, [1, 0, 2], [2] * 3) or len(alone) != 3:
    sys.exit("Changed: PseudoWeights does not take the worst point of all.")
PY
