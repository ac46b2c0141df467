#!/usr/bin/env bash
# optuna==5.0.0
# Expected: NSGA-II (what a study with several objectives gets if no sampler is named) breeds a
#   parameter from the parents that have it. A baseline that was added without parameters, a range
#   that was widened when a study went on, or an `if` around all but one parameter, cost it a little.
# Seen: children inherit only what every finished trial has, with one and the same distribution; the
#   rest is drawn anew. In each of the three cases 400 trials of NSGA-II and NSGA-III are, to the last
#   digit, those of RandomSampler with the same seed, with no warning. (In the third the one common
#   parameter is mutated with probability 1/1.) Median of a parameter whose best is 0: 0.08 else.
# Matters: to who adds trials, resumes, widens or branches, and to who takes NSGA-II as a baseline.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optuna==5.0.0
"$dir/venv/bin/python" - <<'PY'
import statistics
import sys
import warnings

import optuna
from optuna.samplers import NSGAIIISampler, NSGAIISampler, RandomSampler

warnings.simplefilter("error")  # a warning would be a change
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.WARNING)


def run(sampler, case):
    def objective(trial):
        high = 0.9 if case == "widened range" and trial.number == 0 else 1.0
        branch = trial.suggest_categorical("branch", ["a", "b"]) if case == "branches" else ""
        x = trial.suggest_float("x" + branch, 0, high)
        y = trial.suggest_float("y" + branch, 0, high)
        return x + y, 1 - x + y

    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    if case == "added baseline":
        study.add_trial(optuna.create_trial(values=[1.0, 1.0]))
    study.optimize(objective, n_trials=400)
    return [tuple(trial.params.values()) for trial in study.trials]


changed = False
for case in ("plain", "added baseline", "widened range", "branches"):
    drawn = run(RandomSampler(seed=1), case)
    for sampler in (NSGAIISampler(seed=1), NSGAIIISampler(seed=1)):
        rows = run(sampler, case)
        y = statistics.median(row[-1] for row in rows[-100:])
        print(f"{case:14} {type(sampler).__name__:14} y {y:.2f}, as random: {rows == drawn}")
        changed |= (rows == drawn) != (case != "plain")
if changed:
    sys.exit("Changed: NSGA-II learns where it was a random search.")
PY
