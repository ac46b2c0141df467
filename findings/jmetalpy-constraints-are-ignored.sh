#!/usr/bin/env bash
# jmetalpy==1.9.0
# Expected: a problem that declares its constraints and sets them (below 0 is violated) is searched for feasible
#   solutions by NSGA-II, which is known for its constrained dominance, and by the others.
# Seen: every algorithm compares by objectives alone, unless it is given dominance_comparator=
#   DominanceWithConstraintsComparator(). On the library's own Srinivas and Osyczka2 most or all of what NSGA-II,
#   SPEA2, SMS-EMOA, GDE3 and NSGA-III return is infeasible, without a word; with the comparator all of it is
#   feasible. SMPSO is not helped by it: its archive of leaders, which is the result, has a comparator of its own.
# Matters: to who adds constraints to a problem that ran without: nothing fails, and the front is out of reach. Give
#   the comparator to the algorithm and to the archive, and count feasible solutions with is_feasible.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jmetalpy==1.9.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import random
import sys

import numpy as np
from jmetal.algorithm.multiobjective.gde3 import GDE3
from jmetal.algorithm.multiobjective.nsgaii import NSGAII
from jmetal.algorithm.multiobjective.nsgaiii import NSGAIII, UniformReferenceDirectionFactory
from jmetal.algorithm.multiobjective.smpso import SMPSO
from jmetal.algorithm.multiobjective.smsemoa import SMSEMOA
from jmetal.algorithm.multiobjective.spea2 import SPEA2
from jmetal.operator.crossover import SBXCrossover
from jmetal.operator.mutation import PolynomialMutation
from jmetal.problem.multiobjective.constrained import Osyczka2, Srinivas
from jmetal.util.archive import CrowdingDistanceArchive
from jmetal.util.comparator import DominanceWithConstraintsComparator
from jmetal.util.constraint_handling import is_feasible
from jmetal.util.termination_criterion import StoppingByEvaluations

logging.disable(logging.CRITICAL)
SIZE = 40
ALGORITHMS = {
    NSGAII: {"offspring_population_size": SIZE},
    SPEA2: {"offspring_population_size": SIZE},
    SMSEMOA: {},
    NSGAIII: {"reference_directions": UniformReferenceDirectionFactory(2, n_points=SIZE - 1)},
    GDE3: {"cr": 0.5, "f": 0.5},
    SMPSO: {},
}


def feasible(algorithm, problem, algorithm_told, archive_told):
    """The share of feasible solutions in the result of 2,000 evaluations."""
    random.seed(1)
    np.random.seed(1)
    told = {"dominance_comparator": DominanceWithConstraintsComparator()}
    options = dict(ALGORITHMS[algorithm], problem=problem, termination_criterion=StoppingByEvaluations(2000))
    options["swarm_size" if algorithm is SMPSO else "population_size"] = SIZE
    if algorithm is not GDE3:
        options["mutation"] = PolynomialMutation(0.5, 20)
    if algorithm is SMPSO:
        options["leaders"] = CrowdingDistanceArchive(SIZE, **(told if archive_told else {}))
    elif algorithm is not GDE3:
        options["crossover"] = SBXCrossover(0.9, 20)
    search = algorithm(**options, **(told if algorithm_told else {}))
    search.run()
    return np.mean([is_feasible(solution) for solution in search.result()])


shares = {}
for algorithm in ALGORITHMS:
    for problem in Srinivas, Osyczka2:
        told = [(False, False), (True, False)] + [(True, True)] * (algorithm is SMPSO)
        share = shares[algorithm, problem] = [feasible(algorithm, problem(), *who) for who in told]
        print(f"{algorithm.__name__}, {problem.__name__}: feasible {share[0]:.0%} as it comes, {share[1]:.0%} told"
              + "".join(f", {more:.0%} with the archive told, too" for more in share[2:]), flush=True)
if max(share[0] for share in shares.values()) > 0.2:
    sys.exit("Changed: as it comes, an algorithm returns mostly feasible solutions.")
if any(share[-1] < 1 for share in shares.values()) or max(
    share[1] for (algorithm, _), share in shares.items() if algorithm is SMPSO
) > 0.2:
    sys.exit("Changed: what the comparator of constraints does for each algorithm.")
PY
