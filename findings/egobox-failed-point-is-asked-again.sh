#!/usr/bin/env bash
# egobox==1.0.0, numpy==2.4.6
# Expected: a point whose objectives are NaN, which egobox takes for a failed evaluation, is known to
#   have failed: it is not evaluated again, and it stands in the history that is returned.
# Seen: with the default, FailsafeStrategy.REJECTION, it is forgotten. The model has learned nothing, so
#   the next iteration asks for the same point: 12 iterations of the multi-objective Belfegor make
#   12 failed evaluations at one and two places (two seeds), where VIABILITY tries 12. x_doe holds
#   6 and 5 of the 18 points evaluated, so its rows are not the evaluations by number.
# Matters: to who optimises what fails in part of the box, the more so the nearer the best is to it.
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


def run(strategy, seed):
    """Evaluations, failures and different points of the iterations, rows of the history."""
    seen = []

    def objectives(x):
        x = np.atleast_2d(x)
        seen.extend(x)
        y = np.c_[x[:, 0] ** 2 + x[:, 1], (x[:, 0] - 2) ** 2 + x[:, 1]]
        return np.where(x[:, 1:] < 0.3, np.nan, y)

    search = egx.Belfegor(BOX, n_obj=2, n_doe=6, failsafe_strategy=strategy, seed=seed)
    history = search.minimize(objectives, max_iters=12).result.x_doe
    proposed = np.array(seen[6:])
    different = len(np.unique(proposed.round(4), axis=0))
    return len(seen), int(np.sum(proposed[:, 1] < 0.3)), different, len(history)


by_default = egx.Belfegor.__doc__.split("failsafe_strategy : FailsafeStrategy")[1]
if "FailsafeStrategy.REJECTION (default)" not in by_default:
    sys.exit("Changed: the default is another strategy.")
for seed in range(2):
    n, failed, different, rows = run(egx.FailsafeStrategy.REJECTION, seed)
    print(f"REJECTION, seed {seed}: {n} evaluations, {failed} of the last 12 failed, ", end="")
    print(f"{different} different, history of {rows}")
    viable = run(egx.FailsafeStrategy.VIABILITY, seed)[2]
    print(f"VIABILITY, seed {seed}: {viable} different")
    if n != 18 or failed < 10 or different > 5 or rows > 8 or viable < 10:
        sys.exit("Changed: points that failed are remembered.")
PY
