#!/usr/bin/env bash
# scipy==1.17.1
# Expected: minimize says success=False if the objective is NaN where it starts and it never got
#   away, as L-BFGS-B, SLSQP, Nelder-Mead, TNC, trust-constr and COBYQA do.
# Seen: COBYLA says success=True with fun=1e+30, a value that the objective never had, and x as it was.
#   Powell, also a success, is right: it walks out of the NaN and finds the minimum.
# Matters: to who drops failed starts by `success` or NaN, and then averages or plots what is left, on
#   objectives that are undefined in part of the box.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q scipy==1.17.1
"$dir/venv/bin/python" - <<'PY'
import math
import sys
import warnings

from scipy.optimize import minimize

warnings.simplefilter("ignore")


def objective(x):
    return (x[0] - 0.3) ** 2 if x[0] < 0.5 else math.nan


ended = {}
for method in ("L-BFGS-B", "SLSQP", "Nelder-Mead", "TNC", "trust-constr", "COBYQA", "Powell", "COBYLA"):
    result = minimize(objective, [0.9], method=method, bounds=[(0, 1)])
    ended[method] = (bool(result.success), float(result.fun), round(float(result.x[0]), 2))
    print(f"{method:12} success {result.success!s:5} fun {result.fun:g} x {result.x[0]:.2f}")
successes = {method: end for method, end in ended.items() if end[0]}
if successes.keys() != {"Powell", "COBYLA"} or successes["COBYLA"] != (True, 1e30, 0.9):
    sys.exit("Changed: COBYLA no longer reports success at a NaN.")
PY
