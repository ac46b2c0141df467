#!/usr/bin/env bash
# tpot==1.1.0 (DEAP 1.4.4, whose function it is adapted from, and moocore 0.3.2 for comparison)
# Expected: where a front is larger than the population, NSGA-II keeps the solutions with much room around them, and of
#   two parents that do not dominate one another takes the one with more; the docstring of the tournament says so.
# Seen: the crowding distance is divided by (least - greatest) of each objective, so that it is negative for all but the
#   ends, and the most crowded solution has the greatest. survival_select_NSGA2 and tournament_selection_dominated, the
#   defaults of TPOTEstimator, fill the population with copies of the two ends: of 20 solutions of a curved front, after
#   50 generations, nothing else is left in any of five runs, and the hypervolume is 0 instead of 0.63; with DEAP's
#   selection in the place of the first function alone no gap is above 0.2.
# Matters: to all who let TPOT search by several objectives, as its default of score and complexity: the compromises
#   between them are lost. Give survival_selector and parent_selector of one's own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tpot==1.1.0 deap==1.4.4 moocore==0.3.2
"$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import moocore
import numpy as np
from deap import base, tools
from tpot.selectors import crowding_distance, survival_select_NSGA2, tournament_selection_dominated


class Fitness(base.Fitness):
    weights = (1.0, 1.0)


class Individual:
    def __init__(self, number, values):
        self.number = number
        self.fitness = Fitness(tuple(values))


def deap(scores, count):
    return [found.number for found in tools.selNSGA2([Individual(*row) for row in enumerate(scores)], count)]


def scores_of(solutions):
    """Two objectives to maximise, traded off by the first variable and made worse by the second."""
    return np.column_stack([solutions[:, 0], 1 - solutions[:, 0] ** 2]) - solutions[:, 1:]


def evolved(survivors, seed):
    """Hypervolume, and the largest gap in the first objective, of 20 solutions after 50 generations."""
    rng = np.random.default_rng(seed)
    solutions = rng.random((20, 2))
    for _ in range(50):
        parents = tournament_selection_dominated(scores_of(solutions), 20, 1, rng=rng).ravel()
        children = np.clip(solutions[parents] + rng.normal(0, 0.05, (20, 2)), 0, 1)
        solutions = np.vstack([solutions, children])
        solutions = solutions[np.array(survivors(scores_of(solutions), 20))]
    scores = scores_of(solutions)
    return moocore.hypervolume(scores, ref=[0, 0], maximise=True), np.diff(np.sort(scores[:, 0])).max()


first = np.array([0, 0.48, 0.5, 0.52, 0.8, 1.0])
front = scores_of(np.column_stack([first, np.zeros(6)]))
kept = sorted(int(number) for number in survival_select_NSGA2(front, 3))
print("first objective:", first.tolist())
print("crowding distances:", [round(float(distance), 2) for distance in crowding_distance(front)], "three kept:", kept)
tpot = np.array([evolved(survival_select_NSGA2, seed) for seed in range(5)])
other = np.array([evolved(deap, seed) for seed in range(5)])
for name, runs in (("TPOT's survivors", tpot), ("DEAP's survivors", other)):
    print(f"{name}: hypervolume {np.round(runs[:, 0], 2).tolist()}, largest gap {np.round(runs[:, 1], 2).tolist()}")
if kept != [0, 2, 5]:
    sys.exit("Changed: which solutions of a front TPOT's selection prefers.")
if tpot[:, 1].min() < 0.6 or other[:, 1].max() > 0.4 or tpot[:, 0].max() > other[:, 0].min():
    sys.exit("Changed: whether a front of TPOT's selection is reduced to its ends.")
PY
