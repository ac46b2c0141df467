#!/usr/bin/env bash
# pymoo==0.6.2, moocore==0.3.2, numpy==2.4.6
# Expected: a configuration that failed, and whose objectives are NaN, is refused, is left out, or is the
#   worst; the front is that of the others.
# Seen: pymoo finds that it dominates every point with numbers. Where a tenth of the box fails, the
#   result of NSGA-II, NSGA-III, SMS-EMOA, SPEA2 and MOEA/D is one row, NaN, with no warning from pymoo.
#   The first three search on underneath (the front is still in `result.pop`), SPEA2 and MOEA/D fill up
#   with failures and stop searching. With infinity in place of NaN all five end near the true front.
#   moocore.is_nondominated looks at what is a number: of (1, 2), (2, 1) and (NaN, 0) it keeps the
#   last alone, so that one diverged network that is the smallest is the whole front.
# Matters: to who lets a diverged training return what it computed. Return infinity.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pymoo==0.6.2 moocore==0.3.2 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import moocore
import numpy as np
from pymoo.algorithms.moo.moead import MOEAD
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.moo.sms import SMSEMOA
from pymoo.algorithms.moo.spea2 import SPEA2
from pymoo.core.problem import ElementwiseProblem
from pymoo.optimize import minimize
from pymoo.util.ref_dirs import get_reference_directions


class Failing(ElementwiseProblem):
    """ZDT1 of five variables; a tenth of the box fails."""

    def __init__(self, failed):
        super().__init__(n_var=5, n_obj=2, xl=0.0, xu=1.0)
        self.failed = failed

    def _evaluate(self, x, out):
        g = 1 + 9 * x[1:].mean()
        out["F"] = np.array([x[0], g * (1 - np.sqrt(x[0] / g))])
        if x[1] > 0.9:
            out["F"][:] = self.failed


rays = get_reference_directions("das-dennis", 2, n_partitions=39)
rows, distance = {}, {}
for name, make in {
    "NSGA-II": lambda: NSGA2(40),
    "NSGA-III": lambda: NSGA3(rays, 40),
    "SMS-EMOA": lambda: SMSEMOA(pop_size=40),
    "SPEA2": lambda: SPEA2(pop_size=40),
    "MOEA/D": lambda: MOEAD(rays),
}.items():
    for failed in (np.nan, np.inf):
        result = minimize(Failing(failed), make(), ("n_gen", 50), seed=1)
        rows[name, failed] = np.atleast_2d(result.F)
        distance[name, failed] = np.median(9 * result.pop.get("X")[:, 1:].mean(axis=1))
        numbers = int(np.isfinite(rows[name, failed]).all(axis=1).sum())
        print(
            f"{name}, failures are {failed}: {numbers} of {len(rows[name, failed])} rows are numbers, "
            f"population {distance[name, failed]:.2f} from the front"
        )
kept = moocore.is_nondominated(np.array([[1.0, 2.0], [2.0, 1.0], [np.nan, 0.0]])).tolist()
print("moocore keeps", kept)
with_nan = [name for name, failed in rows if np.isnan(failed)]
if (
    not all(rows[name, np.nan].shape == (1, 2) and np.isnan(rows[name, np.nan]).any() for name in with_nan)
    or not all(len(rows[name, np.inf]) > 20 for name in with_nan)
    or min(distance[name, np.nan] for name in ("SPEA2", "MOEA/D")) < 1
    or kept != [False, False, True]
):
    sys.exit("Changed: a row of NaN is no longer the front.")
PY
