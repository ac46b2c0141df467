#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a trial may be told with a standard error or without: Ax takes (mean, sem) and plain numbers, and infers
#   the noise where the sem is None.
# Seen: told of some trials and not of others, they end the experiment: the first proposal of a model, and every one
#   after it, raises "InputDataError: Input data contains NaN values.", which names neither the trial nor the standard
#   errors; with one objective as with two. All trials with one, or all without, go on, and so does one metric
#   with and the other without.
# Matters: to who repeats a measurement only sometimes, or continues with repeats what began without. Tell the sem of
#   all trials of a metric, or of none; attach_data can overwrite what was told.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(objective, *errors):
    """Seven trials whose standard errors are `errors` in turn, a pair for loss and latency each."""
    client = Client(random_seed=0)
    client.configure_experiment([RangeParameterConfig(n, (0, 1), parameter_type="float") for n in "xy"])
    client.configure_optimization(objective)
    client.configure_generation_strategy(method="fast", initialization_budget=4)
    for number in range(7):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            for told in client._experiment.trials:
                client.attach_data(told, {"loss": (0.1 * told, None), "latency": (1.0, None)})
            client.get_next_trials(1)  # goes on as soon as all are told without
            return f"trial {number}: {type(error).__name__}: {error}"
        loss, latency = errors[number % len(errors)]
        for index, p in trials.items():
            client.complete_trial(index, {"loss": (p["x"], loss), "latency": (1 - p["x"] + p["y"], latency)})
    return "seven trials"


both = "-loss, -latency"
seen = {
    "with and without in turn": run(both, (0.1, 0.1), (None, None)),
    "in turn, one objective": run("-loss", (0.1, 0.1), (None, None)),
    "all with": run(both, (0.1, 0.1)),
    "loss with, latency without": run(both, (0.1, None)),
}
for told, what in seen.items():
    print(f"{told}: {what}")
mixed, others = list(seen.values())[:2], list(seen.values())[2:]
if not all("InputDataError" in what for what in mixed) or set(others) != {"seven trials"}:
    sys.exit("Changed: what standard errors of some trials only do to an Ax experiment.")
PY
