#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: "latency <= baseline + 5" allows 5 more than the baseline, or is refused; a constraint on a metric called
#   "gap_to_baseline" limits this metric.
# Seen: a constraint whose text holds "baseline" anywhere is relative, and the word by itself is read as 1. With a
#   baseline of 100 the first allows 600: the best trial has 550. The second, "gap_to_baseline <= 0.5", is one of half
#   the baseline's gap, and ends the experiment with an error at the first proposal of a model, with a baseline arm and
#   without.
# Matters: to who calls a metric after what it is compared with, or gives an offset; the documentation knows multiples
#   of the baseline alone. Report the difference as a metric, under another name.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)
START = 3


def client(constraint, baseline=True):
    new = Client(random_seed=0)
    new.configure_experiment([RangeParameterConfig("x", (0, 10), "float")])
    new.configure_optimization("-cost", outcome_constraints=[constraint])
    new.configure_generation_strategy(method="fast", initialization_budget=START, initialization_random_seed=0)
    if baseline:
        new.complete_trial(new.attach_baseline({"x": 10.0}), outcomes(10.0) | {"cost": 99.0})
    return new


def outcomes(x):
    return {"cost": x, "latency": 1000 - 90 * x, "gap_to_baseline": 1 - x / 10, "gap": 1 - x / 10}


def best(constraint):
    """The latency of the best trial: of those that the constraint allows the slowest is the cheapest."""
    told = client(constraint)
    for x in range(10):
        told.complete_trial(told.attach_trial({"x": float(x)}), outcomes(x))
    parameters, seen, _, _ = told.get_best_parameterization(use_model_predictions=False)
    return seen["latency"][0]


def search(constraint, baseline):
    """How many trials come, and how it ends."""
    told = client(constraint, baseline)
    for count in range(START + 2):
        try:
            ((index, parameters),) = told.get_next_trials(1).items()
        except Exception as error:
            return count, type(error).__name__
        told.complete_trial(index, outcomes(parameters["x"]))
    return START + 2, "all trials"


allowed = {c: best(c) for c in ("latency <= 105", "latency <= 1.05 * baseline", "latency <= baseline + 5")}
ends = {(c, b): search(c, b) for c in ("gap <= 0.5", "gap_to_baseline <= 0.5") for b in (True, False)}
for constraint, latency in allowed.items():
    print(f"{constraint}: the best trial has latency {latency:g}, the baseline 100")
for (constraint, baseline), (count, end) in ends.items():
    print(f"{constraint}, {'with' if baseline else 'without'} a baseline: {count} trials, then {end}")
if list(allowed.values()) != [100, 100, 550]:
    sys.exit("Changed: what an offset from the baseline allows.")
if any((count > START) != (constraint == "gap <= 0.5") for (constraint, _), (count, _) in ends.items()):
    sys.exit("Changed: a metric may be called after the baseline.")
PY
