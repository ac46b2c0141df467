#!/usr/bin/env bash
# optuna==5.0.0
# Expected: a constraint that comes out as NaN costs one trial, as an objective of NaN does: the trial fails, or counts
#   as infeasible, and optimize goes on; catch=(Exception,) sees to the rest.
# Seen: from constraints_func it ends the study with "ValueError: Constraint values cannot be NaN.", whatever `catch`
#   says, since samplers call the function after the objective. The trial stays COMPLETE with its values and without
#   constraints. The same NaN given to trial.set_constraint is caught and fails the trial, and infinity in either
#   place is taken as infeasible. (constraints_func has been deprecated since 5.0.0, and warns of that alone.)
# Matters: to long studies whose limits are ratios or logarithms of what was measured: one empty measurement ends the
#   run. Return infinity for NaN.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optuna==5.0.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import math
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def limits(trial):
    return (trial.user_attrs["over"],)


def run(sampler, value, by_function, objective_value=None):
    """Eight trials, the fourth of which has `value` as its constraint, or `objective_value` as an objective."""

    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        over = value if trial.number == 3 else x - 0.5
        if by_function:
            trial.set_user_attr("over", over)
        else:
            trial.set_constraint("over", over)
        return (objective_value if objective_value is not None and trial.number == 3 else x), 1 - x + y

    told = {"constraints_func": limits} if by_function else {}
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler(seed=0, **told))
    try:
        study.optimize(objective, n_trials=8, catch=(Exception,))
        ended = "eight trials"
    except Exception as error:
        ended = f"{type(error).__name__}: {error}"
    return f"{ended} ({len(study.trials)} trials, the fourth is {study.trials[3].state.name})"


seen = {}
for sampler in optuna.samplers.NSGAIISampler, optuna.samplers.NSGAIIISampler, optuna.samplers.TPESampler:
    name = sampler.__name__
    seen[name, "NaN from constraints_func"] = run(sampler, math.nan, True)
    seen[name, "infinity from constraints_func"] = run(sampler, math.inf, True)
    seen[name, "NaN to set_constraint"] = run(sampler, math.nan, False)
    seen[name, "an objective of NaN"] = run(sampler, 0.0, True, math.nan)
for (name, what), result in seen.items():
    print(f"{name}, {what}: {result}")
for (_, what), result in seen.items():
    ends = what == "NaN from constraints_func"
    state = "COMPLETE" if what.endswith("from constraints_func") else "FAIL"
    if result.startswith("eight trials") == ends or not result.endswith(state + ")") or ends != ("(4 trials" in result):
        sys.exit("Changed: what a constraint of NaN does to an Optuna study.")
PY
