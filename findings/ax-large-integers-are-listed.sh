#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: an integer parameter costs the same whatever its range.
# Seen: the model lists every value of it, some 400 bytes for each: two million values take hundreds of megabytes
#   more than a thousand at the first proposal after the start-up; far larger ranges end in a MemoryError there.
# Matters: to budgets, seeds and sizes with generous bounds: the experiment ends after its start-up is paid for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import resource
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig


def peak(largest):
    """Megabytes that this process has held at most, after a fourth proposal in 0, 1, ... largest."""
    client = Client(random_seed=1)
    n = RangeParameterConfig(name="n", parameter_type="int", bounds=(0, largest))
    client.configure_experiment(parameters=[n])
    client.configure_optimization(objective="-a, -b")
    client.configure_generation_strategy(method="fast", initialization_budget=3)
    for _ in range(3):
        for index, p in client.get_next_trials(max_trials=1).items():
            client.complete_trial(index, raw_data={"a": p["n"] / largest, "b": 1 - p["n"] / largest})
    client.get_next_trials(max_trials=1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux: kilobytes


few, many = peak(1_000), peak(2_000_000)
print(f"a thousand values: {few:.0f} MB at most, two million: {many:.0f} MB")
if many < few + 300:
    sys.exit("Changed: an integer costs the same whatever its range.")
PY
