#!/usr/bin/env bash
# Platypus-Opt==1.4.1
# Expected: IBEA takes problems with constraints, as the library's other algorithms do, or refuses them by name.
# Seen: it runs as long as all solutions are feasible. The first population with an infeasible one ends it with
#   "AttributeError: 'Solution' object has no attribute 'normalized_objectives'", and one without a feasible solution
#   with "ValueError: min() arg is an empty sequence". A population whose solutions share one objective ends it,
#   too: "PlatypusError: objective with empty range". NSGA-II runs in all of these cases.
# Matters: to comparisons of algorithms, and to objectives that seldom differ (a number of layers): how long it runs
#   depends on the seed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q Platypus-Opt==1.4.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import random
import sys

from platypus import IBEA, NSGAII, Problem, Real


def problem(limit, constant=False):
    """Two objectives over a square, and a constraint that x + y is at least `limit`."""

    def function(variables):
        x, y = variables
        return [x + y, 1.0 if constant else (1 - x) ** 2 + y], [limit - x - y]

    made = Problem(2, 2, 1)
    made.types[:] = Real(0, 1)
    made.constraints[:] = "<=0"
    made.function = function
    return made


def run(algorithm, searched):
    random.seed(0)
    try:
        search = algorithm(searched, population_size=40)
        search.run(400)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(search.result)} solutions"


problems = {
    "all are feasible": problem(-1),
    "half are feasible": problem(1),
    "none is feasible": problem(3),
    "one objective is constant": problem(-1, constant=True),
}
seen = {(kind.__name__, name): run(kind, searched) for name, searched in problems.items() for kind in (IBEA, NSGAII)}
for (kind, name), what in seen.items():
    print(f"{name}, {kind}: {what}")
expected = "solutions", "AttributeError", "ValueError", "PlatypusError"
if any(part not in seen["IBEA", name] for name, part in zip(problems, expected, strict=True)):
    sys.exit("Changed: what ends IBEA.")
if any("40 solutions" != seen["NSGAII", name] for name in problems):
    sys.exit("Changed: NSGA-II no longer runs where IBEA ends.")
PY
