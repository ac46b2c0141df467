#!/usr/bin/env bash
# mlflow==3.17.2, optuna==5.0.0
# Expected: create_study(study_name=..., load_if_exists=True) goes on with the study of that name, in MlflowStorage as in
#   Optuna's own storages, and without load_if_exists a name that is taken raises DuplicatedStudyError.
# Seen: MlflowStorage asks for no name. Both calls make a second, empty study of the same name, without a word, and
#   load_study finds the newest only, so that the trials of the first one can no longer be reached by name. The second one
#   may even have another number of objectives. Optuna's in-memory storage, asked in the same way, does as expected.
# Matters: to every script that is run again after an interruption, and to workers that join one study by name: each
#   searches alone from the start. Ask get_study_id_by_name_if_exists first, then load_study.
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
experiment = mlflow.create_experiment("search")


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    return x, (1 - x) ** 2


def counts(storage):
    """Trials of a study, of the study that goes on with it, and of the one that is then loaded; what a taken name does."""
    two = ["minimize", "minimize"]
    first = optuna.create_study(storage=storage, study_name="a", directions=two)
    first.optimize(objective, n_trials=5)
    resumed = optuna.create_study(storage=storage, study_name="a", directions=two, load_if_exists=True)
    loaded = optuna.load_study(storage=storage, study_name="a")
    numbers = [len(study.trials) for study in (first, resumed, loaded)]
    try:
        third = optuna.create_study(storage=storage, study_name="a", directions=["minimize"] * 3)
        taken = f"a study of {len(third.directions)} objectives"
    except optuna.exceptions.DuplicatedStudyError:
        taken = "DuplicatedStudyError"
    return numbers, taken


own, other = counts(optuna.storages.InMemoryStorage()), counts(MlflowStorage(experiment))
print("trials of the study, of the one resumed, of the one loaded; what the same name gives:")
print("  InMemoryStorage:", *own)
print("  MlflowStorage:  ", *other)
if own != ([5, 5, 5], "DuplicatedStudyError") or other != ([5, 0, 0], "a study of 3 objectives"):
    sys.exit("Changed: whether a study in MlflowStorage is resumed.")
PY
