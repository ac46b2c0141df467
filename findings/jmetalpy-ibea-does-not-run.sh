#!/usr/bin/env bash
# jmetalpy==1.9.0
# Expected: IBEA, one of the library's algorithms, runs as NSGA-II does.
# Seen: it ends before the first evaluation with "AttributeError: 'list' object has no attribute 'shape'", whatever the
#   problem, its number of objectives, and kappa: it gives lists to an epsilon indicator that takes arrays.
# Matters: to a comparison that runs for hours and comes to IBEA last. An indicator that turns what it gets into
#   arrays, put in its place in jmetal.algorithm.multiobjective.ibea, makes it run.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jmetalpy==1.9.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

import numpy as np
from jmetal.algorithm.multiobjective import ibea
from jmetal.algorithm.multiobjective.nsgaii import NSGAII
from jmetal.core.quality_indicator import EpsilonIndicator
from jmetal.operator.crossover import SBXCrossover
from jmetal.operator.mutation import PolynomialMutation
from jmetal.problem.multiobjective.dtlz import DTLZ2
from jmetal.problem.multiobjective.zdt import ZDT1
from jmetal.util.termination_criterion import StoppingByEvaluations

logging.disable(logging.CRITICAL)


class OfArrays(EpsilonIndicator):
    def __init__(self, reference_front):
        super().__init__(np.array(reference_front))

    def compute(self, front):
        return super().compute(np.array(front))


def run(algorithm, problem, **options):
    try:
        search = algorithm(problem=problem, population_size=20, offspring_population_size=20,
                           mutation=PolynomialMutation(0.1, 20), crossover=SBXCrossover(0.9, 20),
                           termination_criterion=StoppingByEvaluations(100), **options)
        search.run()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(search.result())} solutions"


seen = {}
for problem in ZDT1(10), DTLZ2(7, 3):
    seen["NSGA-II", problem.name()] = run(NSGAII, problem)
    for kappa in 1.0, 0.05:
        seen[f"IBEA, kappa {kappa}", problem.name()] = run(ibea.IBEA, problem, kappa=kappa)
ibea.EpsilonIndicator = OfArrays
seen["IBEA, kappa 1.0, given arrays", "ZDT1"] = run(ibea.IBEA, ZDT1(10), kappa=1.0)
for (algorithm, problem), what in seen.items():
    print(f"{algorithm}, {problem}: {what}")
if any(("AttributeError" in what) != (name.startswith("IBEA") and "arrays" not in name)
       for (name, _), what in seen.items()):
    sys.exit("Changed: whether IBEA runs.")
PY
