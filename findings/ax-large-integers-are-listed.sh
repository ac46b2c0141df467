#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: an integer parameter costs the same whatever its range.
# Seen: the model lists every value of it: with 3e7 the first proposal after the start-up took 35 CPU seconds
#   and 12 GB of memory, with 1e12 it ends in a MemoryError; on a log scale it is the same.
# Matters: to budgets, seeds and sizes with generous bounds: the experiment dies after its start-up is paid for.
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

client = Client(random_seed=1)
n = RangeParameterConfig(name="n", parameter_type="int", bounds=(0, 10**12))
client.configure_experiment(parameters=[n])
client.configure_optimization(objective="-a, -b")
client.configure_generation_strategy(method="fast", initialization_budget=3)
for _ in range(3):
    for index, p in client.get_next_trials(max_trials=1).items():
        client.complete_trial(index, raw_data={"a": p["n"] / 1e12, "b": 1 - p["n"] / 1e12})
try:
    client.get_next_trials(max_trials=1)
except MemoryError:
    print("three trials of the start-up, then a MemoryError")
else:
    sys.exit("Changed: an integer of 1e12 values is modelled.")
PY
