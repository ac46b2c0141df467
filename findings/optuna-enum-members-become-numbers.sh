#!/usr/bin/env bash
# optuna==5.0.0
# Expected: the choices of a categorical parameter are members of an IntEnum, which Optuna accepts without
#   a word (it warns of a plain Enum); the objective gets members, from the first trial to the last.
# Seen: with a relational storage it gets members while a sampler draws parameters one by one, and plain
#   integers as soon as one samples relatively: those values come from the stored copy of the choices.
#   Of six trials of one study in one process, multivariate TPE gives members in the first two and
#   integers in the rest. In memory all six are members.
# Matters: to who calls .name or .value in the objective: it fails late, or in another worker only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optuna==5.0.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import enum
import sys
import warnings

import optuna

warnings.simplefilter("error")  # a warning of the choices would be a change
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Width(enum.IntEnum):
    NARROW = 1
    MIDDLE = 2
    WIDE = 3


def seen(storage):
    kinds = []

    def objective(trial):
        width = trial.suggest_categorical("width", list(Width))
        kinds.append(type(width).__name__)
        return trial.suggest_float("x", 0, 1) + width, -float(width)

    sampler = optuna.samplers.TPESampler(multivariate=True, n_startup_trials=2, seed=0)
    study = optuna.create_study(
        storage=storage, directions=["minimize", "minimize"], sampler=sampler
    )
    study.optimize(objective, n_trials=6)
    return kinds


stored, in_memory = seen("sqlite:///study.db"), seen(None)
print("SQLite:", stored)
print("in memory:", in_memory)
if stored != ["Width"] * 2 + ["int"] * 4 or in_memory != ["Width"] * 6:
    sys.exit("Changed: what an objective gets for members of an IntEnum.")
PY
