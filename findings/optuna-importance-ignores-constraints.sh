#!/usr/bin/env bash
# optuna==5.0.0, scipy==1.17.1
# Expected: get_param_importances tells which parameters matter to what a constrained study searches for: with two
#   objectives "to reach the Pareto front", which best_trials takes from the feasible trials.
# Seen: constraints count for nothing. A parameter that alone decides whether a trial is feasible has an importance
#   below 2 %, with one objective and with two, and all importances are to the last digit those of the study without the
#   constraint. With a penalty for violations as the target the same parameter has 84 %.
# Matters: to who fixes or leaves out parameters of low importance: no feasible trial may be left. Give a target that
#   counts violations.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile optuna==5.0.0 scipy==1.17.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import optuna
from optuna.importance import get_param_importances

optuna.logging.set_verbosity(optuna.logging.ERROR)
LIMIT = 0.2


def study(constrained, objectives):
    """u decides the objectives, x between them, and z alone whether a trial is feasible."""

    def objective(trial):
        u, x, z = (trial.suggest_float(name, 0, 1) for name in "uxz")
        if constrained:
            trial.set_constraint("z", z - LIMIT)
        return (x + u, 1 - x + u)[:objectives]

    sampler = optuna.samplers.RandomSampler(seed=0)
    new = optuna.create_study(directions=["minimize"] * objectives, sampler=sampler)
    new.optimize(objective, n_trials=300)
    return new


def penalty(trial):
    return trial.values[0] + 10 * max(0.0, trial.constraints["z"])


for objectives in (1, 2):
    free, bound = study(False, objectives), study(True, objectives)
    without, importances = get_param_importances(free), get_param_importances(bound)
    told = get_param_importances(bound, target=penalty)
    greatest = max(trial.params["z"] for trial in bound.best_trials)
    print(f"{objectives} objective(s): best trials have z <= {greatest:.2f}, of a range from 0 to 1; importance of z")
    print(f"   {importances['z']:.3f}, without the constraint {without['z']:.3f}, of a penalty {told['z']:.3f}")
    if greatest > LIMIT or told["z"] < 0.1:
        sys.exit("Changed: the best trials, or the importance of a penalty.")
    if importances != without or importances["z"] > 0.02:
        sys.exit("Changed: constraints count for the importance of parameters.")
PY
