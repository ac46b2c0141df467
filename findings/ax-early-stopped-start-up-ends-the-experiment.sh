#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: trials that were stopped early are trials of the start-up: they reported, they are over, and the next
#   proposal comes from the model or, if it lacks data, from Sobol again.
# Seen: the start-up counts them as generated and not as observed. Where more than half of it was stopped (three of
#   four), every later call of get_next_trials raises "DataRequiredError: ... Try again when more data is available",
#   and with no trial running there is none to come. Two of four stopped go on, and so do three of four that failed.
# Matters: to who stops trials from the first on, by hand or by a rule of their own: the harder they stop, the sooner
#   it ends. attach_trial and complete_trial with a point of one's own go on from there.
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


def end(client, index, p, how):
    values = {"loss": p["x"], "latency": 1 - p["x"] + p["y"]}
    if how == "completed":
        client.complete_trial(index, values)
    elif how == "failed":
        client.mark_trial_failed(index)
    else:
        client.attach_data(index, values)
        client.mark_trial_early_stopped(index)


def run(count, how):
    """Six trials after a start-up of four, of which the first `count` end otherwise than completed."""
    client = Client(random_seed=0)
    client.configure_experiment([RangeParameterConfig(n, (0, 1), parameter_type="float") for n in "xy"])
    client.configure_optimization("-loss, -latency")
    client.configure_generation_strategy(method="fast", initialization_budget=4)
    for number in range(6):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            for _ in range(3):
                try:
                    client.get_next_trials(1)
                except Exception as again:
                    if str(again) != str(error):
                        raise
            for value in (0.2, 0.8):
                own = {"x": value, "y": value}
                end(client, client.attach_trial(own), own, "completed")
            client.get_next_trials(1)
            return f"trial {number} and ever after: {type(error).__name__}: {error}"
        for index, p in trials.items():
            end(client, index, p, how if number < count else "completed")
    return "six trials"


seen = {(count, how): run(count, how) for count, how in ((2, "stopped"), (3, "stopped"), (4, "stopped"), (3, "failed"))}
for (count, how), what in seen.items():
    print(f"{count} of 4 {how}: {what}", flush=True)
if any(("DataRequiredError" in what) != (how == "stopped" and count > 2) for (count, how), what in seen.items()):
    sys.exit("Changed: which ends of the first trials end an Ax experiment.")
PY
