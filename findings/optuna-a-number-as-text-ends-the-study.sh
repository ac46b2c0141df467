#!/usr/bin/env bash
# optuna==5.0.0
# Expected: an objective that returns something unusable fails its trial, and the study goes on, as it does after
#   "two", None or a value too few; or "2", which float() understands, counts as 2.
# Seen: a number as text ends optimize with AssertionError("Should not reach."), with one objective and with
#   several, and the trial stays RUNNING: nobody will finish it, and samplers take it for a parallel evaluation.
# Matters: to who reads results from a log file, a CSV or the output of a command.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q optuna==5.0.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def end(directions, returned):
    """How two trials of an objective that returns this end, and the study's states."""
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(directions=["minimize"] * directions, sampler=sampler)
    try:
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), returned)[1], n_trials=2)
    except AssertionError as error:
        return repr(error), [trial.state.name for trial in study.trials]
    return "goes on", [trial.state.name for trial in study.trials]


fails = "goes on", ["FAIL", "FAIL"]
stops = "AssertionError('Should not reach.')", ["RUNNING"]
expected = [
    (1, "two", fails), (1, "2", stops), (2, (1, "two"), fails), (2, (1, None), fails), (2, (1,), fails),
    (2, (1, "2"), stops), (2, ("1", "nan"), stops),
]
changed = False
for directions, returned, seen in expected:
    ended = end(directions, returned)
    print(f"{directions} objective(s), returned {returned!r}:", *ended)
    changed |= ended != seen
if changed:
    sys.exit("Changed: a number as text no longer ends the study with its trial RUNNING.")
PY
