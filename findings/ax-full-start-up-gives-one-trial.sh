#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: with the start-up measured, get_next_trials(max_trials=4) gives four trials of the model, as it
#   does at any later time.
# Seen: the first call after a start-up that is exactly full gives one, with "4 trials requested but only 1
#   could be generated", and the next call four. How many may be had is asked of the start-up, which is
#   through, before the strategy moves on. It is so whether its five trials were taken at once or singly;
#   whoever takes batches of three gets 3, 2, 1 and then 3.
# Matters: to clusters: all workers but one wait for a training. Ask again at once for the rest.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig


def given(asked):
    client = Client(random_seed=1)
    ranges = [RangeParameterConfig(name=k, parameter_type="float", bounds=(0, 1)) for k in "xy"]
    client.configure_experiment(parameters=ranges)
    client.configure_optimization(objective="-a, -b")
    client.configure_generation_strategy(method="fast", initialization_budget=5)
    counts = []
    for number in asked:
        trials = client.get_next_trials(max_trials=number)
        counts.append(len(trials))
        for index, p in trials.items():
            data = {"a": p["x"] ** 2 + p["y"], "b": (1 - p["x"]) ** 2 + p["y"]}
            client.complete_trial(index, raw_data=data)
    print(f"asked {asked}, given {counts}")
    return counts


at_once = given([5, 4, 4])
in_threes = given([3, 3, 3, 3])
if at_once != [5, 1, 4] or in_threes != [3, 2, 1, 3]:
    sys.exit("Changed: the first call after the start-up gives what was asked for.")
PY
