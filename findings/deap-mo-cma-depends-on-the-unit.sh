#!/usr/bin/env bash
# deap==1.4.4, numpy==2.4.6
# Expected: MO-CMA-ES selects by dominance and by hypervolume, and finds the same points where all objectives are
#   multiplied by a number: milliseconds or seconds, parameters or millions of them.
# Seen: StrategyMultiObjective, and the indicator tools.hypervolume where no reference point is given, measure from
#   the worst values plus 1. Beside objectives of a million that is no margin: the ends of the front have the least
#   hypervolume of all, and are the first to go. With two objectives between 0 and 1 the ten parents span nine
#   tenths of the front after 100 generations; with both multiplied by a million, and the same seeds, a fifth to
#   a third. Where they are of the order of a thousandth the margin is all, and the ends can never go.
#   The docstrings do not mention the 1.
# Matters: to who counts parameters, bytes or microseconds: scale the objectives to about 1, or hand over an indicator
#   with a reference point of its own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q deap==1.4.4 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - <<'PY'
import random
import sys

import numpy as np
from deap import base, cma, creator, tools

creator.create("Loss", base.Fitness, weights=(-1.0, -1.0))
creator.create("Solution", list, fitness=creator.Loss)
N = 5


def evaluate(solution, unit):
    """Squared distances from the origin and from (1, ..., 1), at most 1 along the front, in some unit."""
    x = np.array(solution)
    solution.fitness.values = unit * float(np.mean(x**2)), unit * float(np.mean((x - 1) ** 2))


def span(unit, seed):
    """The part of the front's range in the first objective that the parents span in the end."""
    random.seed(seed)
    np.random.seed(seed)
    parents = [creator.Solution(x) for x in np.random.uniform(0, 1, (10, N))]
    for solution in parents:
        evaluate(solution, unit)
    strategy = cma.StrategyMultiObjective(parents, sigma=0.3, mu=10, lambda_=10)
    for _ in range(100):
        population = strategy.generate(creator.Solution)
        for solution in population:
            evaluate(solution, unit)
        strategy.update(population)
    first = [solution.fitness.values[0] / unit for solution in strategy.parents]
    return max(first) - min(first)


def least(unit):
    """Which of five along a line tools.hypervolume says adds least."""
    front = []
    for i in range(5):
        front.append(creator.Solution([i]))
        front[-1].fitness.values = unit * i, unit * (4 - i)
    return int(tools.hypervolume(front))


spans = {unit: [span(unit, seed) for seed in range(3)] for unit in (1.0, 1e6)}
for unit, values in spans.items():
    print(
        f"objectives times {unit:g}: the parents span {np.round(values, 2).tolist()} of the front, in three seeds"
    )
first_to_go = {unit: least(unit) for unit in (1e-3, 1e6)}
print("of five points along a line the first to go, by unit:", first_to_go)
if (
    min(spans[1.0]) < 0.9
    or max(spans[1e6]) > 0.85
    or first_to_go[1e-3] in (0, 4)
    or first_to_go[1e6] not in (0, 4)
):
    sys.exit("Changed: what MO-CMA-ES keeps no longer depends on the unit of the objectives.")
PY
