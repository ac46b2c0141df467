#!/usr/bin/env bash
# deephyper==0.13.2
# Expected: CBO maximises its objectives whatever objective_scaler says; "identity", which the documentation gives as
#   the default of all surrogates but forests, only leaves them as they are.
# Seen: with "identity" the default scalarisation (Chebyshev) and the quadratic one see the size of objectives, not the
#   sign: those above 0 are minimised. Of x and y between 0 and 10, both maximised, the proposals lie near 0 in
#   each of three seeds; with x - 20 and y - 20, the same search, near 10, as with "minmax", which is the default
#   in fact. Nothing is reported.
# Matters: to who leaves accuracies or rewards unscaled, or sets "auto" with a surrogate that is no forest.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile deephyper==0.13.2
cd "$dir"
cat > search.py <<'PY'
import logging
import sys

import numpy as np
from deephyper.hpo import CBO, HpProblem

logging.disable(logging.CRITICAL)
shift = 0


def objectives(job):
    return job.parameters["x"] + shift, job.parameters["y"] + shift


def mean(strategy, scaler, seed):
    """Mean of x and y in the last 20 of 40 trials."""
    problem = HpProblem()
    problem.add((0.0, 10.0), "x")
    problem.add((0.0, 10.0), "y")
    search = CBO(problem, random_state=seed, log_dir=".", verbose=0, n_initial_points=10, surrogate_model="RF",
                 surrogate_model_kwargs={"n_estimators": 20}, acq_optimizer="sampling",
                 acq_optimizer_kwargs={"n_points": 500}, objective_scaler=scaler,
                 moo_scalarization_strategy=strategy)
    trials = search.search(objectives, max_evals=40)
    return float(np.mean(trials[["p:x", "p:y"]].to_numpy()[20:]))


seen = {}
for strategy in "Chebyshev", "Quadratic":
    for scaler, shift in ("minmax", 0), ("identity", 0), ("identity", -20):
        means = seen[strategy, scaler, shift] = [mean(strategy, scaler, seed) for seed in range(3)]
        print(f"{strategy}, {scaler}, objectives of {shift} to {shift + 10}: mean of what is proposed",
              " ".join(f"{value:.1f}" for value in means), flush=True)
if any(
    (max(means) > 4.5) if (scaler, shift) == ("identity", 0) else (min(means) < 5.5)
    for (_, scaler, shift), means in seen.items()
):
    sys.exit("Changed: which way objectives are searched with the scaler identity.")
PY
"$dir/venv/bin/python" -W ignore search.py
