#!/usr/bin/env bash
# egobox==1.0.0, numpy==2.4.6
# Expected: where no point satisfies the constraints, the Pareto set of Belfegor, documented as that of
#   the constrained front, is empty, or its status tells.
# Seen: x_pareto holds one infeasible point (of those evaluated, one that violates least), x_opt is
#   the same point, and the status is that of any run: the budget was used.
# Matters: to who takes a front that is not empty for success. Check the constraint columns of
#   y_pareto, which are raw values, not slacks, if cstr_specs was used.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q egobox==1.0.0 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import sys

import egobox as egx
import numpy as np

BOX = [egx.XSpec(egx.XType.FLOAT, [0.0, 3.0]), egx.XSpec(egx.XType.FLOAT, [0.0, 3.0])]


def run(bound):
    """A run with the constraint x1 >= bound, which egobox wants as a value that is at most 0."""

    def values(x):
        x = np.atleast_2d(x)
        return np.c_[x[:, 0] ** 2 + x[:, 1], (x[:, 0] - 2) ** 2 + x[:, 1], bound - x[:, 1]]

    return egx.Belfegor(BOX, n_obj=2, n_cstr=1, n_doe=6, seed=0).minimize(values, max_iters=3)


impossible, possible = run(9.0), run(1.0)
front = impossible.result.y_pareto
least = float(impossible.result.y_doe[:, 2].min())
print("front:", front.round(2).tolist(), "least violation:", round(least, 2))
print("status:", impossible.status.exit, "and where it can be satisfied:", possible.status.exit)
if possible.result.y_pareto[:, 2].max() > 1e-3:
    sys.exit("Changed: a front holds infeasible points beside feasible ones.")
if len(front) != 1 or front[0, 2] != least or impossible.status.exit != possible.status.exit:
    sys.exit("Changed: what is returned where nothing is feasible.")
PY
