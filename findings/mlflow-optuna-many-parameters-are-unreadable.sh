#!/usr/bin/env bash
# mlflow==3.17.2, optuna==5.0.0
# Expected: a study has as many parameters, and a trial's user attributes are as long, as the storage can hold; what
#   it cannot hold is refused where it is given.
# Seen: MlflowStorage keeps the distributions of a trial in one tag, and each attribute in another, and MLflow cuts a
#   tag off after 8,000 characters, with a warning about a tag. The text is then no longer JSON. With 80 floats the
#   first trial ends the study with an UnboundLocalError of Optuna's, and study.trials raises "ValueError: error with
#   param_directions" from then on, the values of other trials included; with an attribute of 3,000 numbers it is a
#   JSONDecodeError. 40 floats are read back.
# Matters: to wide search spaces (a rate for each layer), and to who keeps a learning curve as an attribute: one
#   trial, and the study is lost.
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


def attempt(action):
    try:
        return str(action())
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:28]}"


def seen(parameters, numbers):
    """What a trial of so many floats, with an attribute of so many numbers, gives; and how many are then read."""

    def objective(trial):
        trial.set_user_attr("curve", list(range(numbers)))
        return sum(trial.suggest_float(f"rate_of_layer_{i}", 0, 1) for i in range(parameters)), 1.0

    study = optuna.create_study(storage=storage, directions=["minimize", "minimize"])
    study.add_trial(optuna.create_trial(values=[1.0, 1.0]))
    ran = attempt(lambda: study.optimize(objective, n_trials=1))
    return ran, attempt(lambda: len(study.trials))


cases = {(40, 10): seen(40, 10), (80, 10): seen(80, 10), (2, 3000): seen(2, 3000)}
for (parameters, numbers), (ran, read) in cases.items():
    print(f"{parameters} floats, an attribute of {numbers} numbers: optimize gives {ran}; trials read: {read}")
if cases[40, 10] != ("None", "2"):
    sys.exit("Changed: a study of 40 floats is no longer read back.")
if not cases[80, 10][1].startswith("ValueError: error with param") or cases[80, 10][0] == "None":
    sys.exit("Changed: what 80 floats do to a study.")
if not cases[2, 3000][1].startswith("JSONDecodeError") or cases[2, 3000][0] == "None":
    sys.exit("Changed: what a long attribute does to a study.")
PY
