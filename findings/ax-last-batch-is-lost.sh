#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: get_next_trials creates "up to max_trials" trials: of 17 configurations that are left, 20 at a time
#   give 17.
# Seen: SearchSpaceExhausted, however often one asks; nothing of the 17 is given, and none is tried. Trials of a
#   batch are found one after another, and those before the first that cannot be are dropped.
# Matters: to batches in finite spaces: the search ends with up to a batch of configurations untried.
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
from ax.exceptions.core import SearchSpaceExhausted

client = Client(random_seed=1)
ranges = [
    RangeParameterConfig(name="s", parameter_type="float", bounds=(0, 1), step_size=0.25),
    RangeParameterConfig(name="k", parameter_type="int", bounds=(10, 50), step_size=10),
]
client.configure_experiment(parameters=ranges)
client.configure_optimization(objective="-a, -b")
client.configure_generation_strategy(method="fast", initialization_budget=3)


def given(number):
    try:
        trials = client.get_next_trials(max_trials=number)
    except SearchSpaceExhausted:
        return 0
    for index, p in trials.items():
        data = {"a": p["s"] + p["k"], "b": (1 - p["s"]) ** 2 - p["k"]}
        client.complete_trial(index, raw_data=data)
    return len(trials)


counts = [given(number) for number in (1, 1, 1, 1, 4, 20, 20, 1)]
print(f"of 25 configurations: given {counts}")
if counts != [1, 1, 1, 1, 4, 0, 0, 1]:
    sys.exit("Changed: a batch gives what is left.")
PY
