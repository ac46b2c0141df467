#!/usr/bin/env bash
# optproblems==1.3 (diversipy 0.9)
# Expected: get_optimal_solutions(n) of a test problem gives Pareto-optimal solutions, spread over the front; of
#   DTLZ2 it does.
# Seen: DTLZ5 puts the drawn value on the second variable and not on the first: of 20 solutions 12 have a second variable
#   above the bound of 1, and up to 1.5, so that evaluating them raises BoundConstraintError, and the others lie
#   at the two ends of the front. DTLZ6 inherits them, distance variables of 0.5 with them, where its optimum is at 0:
#   its "optimal" solutions are 10.3 away from the origin, and the front 1.
# Matters: to who takes a reference front from there, for IGD or a plot. The front of DTLZ5 and DTLZ6 is a curve: draw the
#   first variable, and set the distance variables to 0.5 and to 0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optproblems==1.3 diversipy==0.9
"$dir/venv/bin/python" -W ignore - <<'PY'
import math
import sys

from optproblems import BoundConstraintError, Individual
from optproblems.dtlz import DTLZ2, DTLZ5, DTLZ6

NUMBER = 20


def norm(problem, solution):
    problem.evaluate(solution)
    return round(math.hypot(*solution.objective_values), 1)


seen = {}
for kind, distance in (DTLZ2, 0.5), (DTLZ5, 0.5), (DTLZ6, 0.0):
    problem = kind(3, 12)
    refused, found = 0, []
    for solution in problem.get_optimal_solutions(NUMBER):
        try:
            found.append((norm(problem, solution), *(round(value, 3) for value in solution.objective_values)))
        except BoundConstraintError:
            refused += 1
    front = norm(problem, Individual([0.3] + [0.5] + [distance] * 10))
    norms, places = {point[0] for point in found}, len(set(found))
    print(f"{kind.__name__}: {refused} of {NUMBER} refused, the others lie {norms} from the origin in {places} places, "
          f"the front {front}")
    seen[kind.__name__] = refused > 0, norms == {front}, places
if seen["DTLZ2"][:2] != (False, True) or seen["DTLZ5"] != (True, True, 2) or seen["DTLZ6"][:2] != (True, False):
    sys.exit("Changed: the optimal solutions that optproblems gives of DTLZ5 and DTLZ6.")
PY
