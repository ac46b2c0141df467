#!/usr/bin/env bash
# ray[tune]==2.60.0, optuna==5.0.0
# Expected: a trial whose result is NaN ends in Ray Tune's OptunaSearch as it does in Optuna itself,
#   where study.tell marks it as failed; Ray's own trial is terminated.
# Seen: the Optuna trial stays RUNNING, with one objective or several, and nothing raises. Infinity is
#   recorded, and an error is a failure.
# Matters: to samplers that keep away from what is running (TPE's constant liar, Gaussian processes
#   with pending points): it is pending for the rest of the study. Raise instead of returning NaN.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile "ray[tune]==2.60.0" optuna==5.0.0
"$dir/venv/bin/python" - <<'PY'
import logging
import math
import sys
import warnings

warnings.simplefilter("ignore")
import optuna
from ray.tune.search.optuna import OptunaSearch

logging.disable(logging.CRITICAL)
SPACE = {"x": optuna.distributions.FloatDistribution(0, 1)}


def states(metrics):
    """How trials with a finite value, NaN, infinity and an error end, by Ray."""
    search = OptunaSearch(SPACE, metric=metrics, mode=["min"] * len(metrics))
    for number, value in enumerate((1.0, math.nan, math.inf, None)):
        search.suggest(str(number))
        result = None if value is None else dict.fromkeys(metrics, value)
        search.on_trial_complete(str(number), result, error=value is None)
    return [trial.state.name for trial in search._ot_study.trials]


study = optuna.create_study(directions=["minimize", "minimize"])
by_optuna = study.tell(study.ask(), [math.nan, 1.0], skip_if_finished=False).state.name
two = states(["a", "b"])
print("a NaN told to Optuna:", by_optuna)
print("by Ray, finite, NaN, infinity, error:", two, states(["a"]))
if by_optuna != "FAIL" or two != ["COMPLETE", "RUNNING", "COMPLETE", "FAIL"] or two != states(["a"]):
    sys.exit("Changed: what Ray does with a trial that returns NaN.")
PY
