#!/usr/bin/env bash
# mlflow==3.17.2, optuna==5.0.0
# Expected: study.trials holds all trials of a study, in the order of their numbers, as Optuna documents it, and
#   best_trials is the front of all.
# Seen: MlflowStorage reads one page of runs, the newest thousand, and reads no further. Of 1,010 trials, whose first
#   dominates all others, study.trials has numbers 10 to 1,009, newest first, and best_trials is made of these: the
#   dominating trial is in the database and in no front. Samplers learn from the same list. Nothing is said.
# Matters: to long or cheap searches, and to who counts trials to stop (the number stands still at a thousand). Trials of
#   studies with fewer are all there, but trials[0] is the last one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q mlflow==3.17.2 optuna==5.0.0
cd "$dir"
venv/bin/python -W ignore - 2> log <<'PY' || { tail -n 5 log; exit 1; }
import sys

import mlflow
import optuna
from mlflow.optuna.storage import MlflowStorage

mlflow.set_tracking_uri("sqlite:///mlflow.db")
storage = MlflowStorage(mlflow.create_experiment("search"))
study = optuna.create_study(storage=storage, directions=["minimize", "minimize"])
for number in range(1010):
    values = [0.0, 0.0] if number == 0 else [float(number), 2000.0 - number]
    study.add_trial(optuna.create_trial(values=values))

numbers = [trial.number for trial in study.trials]
front = {trial.number for trial in study.best_trials}
print(f"of 1010 trials {len(numbers)} are in study.trials: numbers {numbers[0]} to {numbers[-1]}")
print(f"the front has {len(front)} trials, the dominating one among them: {0 in front}")
if numbers != list(range(1009, 9, -1)) or 0 in front:
    sys.exit("Changed: which trials a study in MlflowStorage has.")
PY
