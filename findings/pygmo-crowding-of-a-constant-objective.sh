#!/usr/bin/env bash
# pygmo==2.20.0
# Expected: an objective that all solutions of a front share tells nothing, and changes nothing.
# Seen: it makes the crowding distance of every one of them NaN, the ends of the front included, without a
#   warning. select_best_N_mo, which kept both ends of a front, then loses one, and nsga2 finds less of ZDT1 once a
#   third objective is 1 everywhere (in each of five seeds).
# Matters: to who counts something that seldom differs (a number of layers, a violated limit) as an objective.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pygmo==2.20.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pygmo


class ZDT1:
    def __init__(self, constant):
        self.constant = constant

    def fitness(self, x):
        g = 1 + 9 * np.mean(x[1:])
        return [x[0], g * (1 - np.sqrt(x[0] / g))] + [1.0] * self.constant

    def get_nobj(self):
        return 2 + self.constant

    def get_bounds(self):
        return [0] * 10, [1] * 10


def found(constant, seed):
    """Hypervolume of the first two objectives after 150 generations of 64."""
    population = pygmo.population(pygmo.problem(ZDT1(constant)), 64, seed=seed)
    values = pygmo.algorithm(pygmo.nsga2(gen=150, seed=seed)).evolve(population).get_f()[:, :2]
    return pygmo.hypervolume(values[(values < 1.1).all(axis=1)]).compute([1.1, 1.1])


first = np.linspace(0, 1, 30) ** 3
two = np.column_stack([first, 1 - first])
three = np.column_stack([two, np.full(30, 7.0)])
kept = [sorted(int(i) for i in pygmo.select_best_N_mo(values, 8)) for values in (two, three)]
print("kept of 30 along a front:", kept[0], "and with a constant objective", kept[1])
finite = np.isfinite(pygmo.crowding_distance(two)).sum(), np.isfinite(pygmo.crowding_distance(three)).sum()
print("finite crowding distances:", *finite)
alone, beside = ([found(constant, seed) for seed in range(5)] for constant in (False, True))
print("nsga2 on ZDT1:", np.round(alone, 3), "and with a constant objective", np.round(beside, 3))
if finite != (28, 0) or not {0, 29} <= set(kept[0]) or {0, 29} <= set(kept[1]) or min(alone) < max(beside):
    sys.exit("Changed: a constant objective no longer takes away the crowding distance.")
PY
