#!/usr/bin/env bash
# optuna==5.0.0, scikit-learn==1.9.1
# Expected: each element of a categorical parameter is a choice of its own, or equal ones are refused.
#   In scikit-learn 1 and 1.0 differ: max_features=1 is one feature, max_features=1.0 is all of them.
# Seen: no warning; the objective gets 1.0, and the trial records 1 (the first element that is equal:
#   1 == 1.0 == True). best_params is then a setting that was never evaluated. BruteForceSampler waits
#   for the choice that no trial can record, and does not end the study: 100 trials of 3.
# Matters: to who keeps, resumes or retrains from what a study recorded, or counts configurations.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optuna==5.0.0 scikit-learn==1.9.1
"$dir/venv/bin/python" - <<'PY'
import sys
import warnings

import numpy as np
import optuna
from sklearn.tree import DecisionTreeRegressor

warnings.simplefilter("error")  # a warning about the choices would be a change
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.ERROR)
data = np.random.default_rng(0).random((20, 5))


def features_used(trial):
    choice = trial.suggest_categorical("max_features", [1, 1.0, "sqrt"])
    return DecisionTreeRegressor(max_features=choice).fit(data, data[:, 0]).max_features_


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(features_used, n_trials=30)
again = features_used(optuna.trial.FixedTrial(study.best_params))
print(f"best: {study.best_value:.0f} features with {study.best_params}; with these: {again}")
brute = optuna.create_study(sampler=optuna.samplers.BruteForceSampler(seed=0))
brute.optimize(features_used, n_trials=100)
print(f"BruteForceSampler: {len(brute.trials)} trials for 3 choices, where 100 are allowed")
if (study.best_value, repr(study.best_params), again) != (5, "{'max_features': 1}", 1):
    sys.exit("Changed: what a trial records of equal choices is what its objective got.")
if len(brute.trials) != 100:
    sys.exit("Changed: BruteForceSampler ends with equal choices.")
PY
