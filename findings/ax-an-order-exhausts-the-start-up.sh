#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: ten floats in an order, x0 <= x1 <= ... <= x9, given as nine parameter constraints, are a space of
#   infinitely many points, and Ax's start-up draws from it.
# Seen: the first trial, the centre, comes; the second ends with "SearchSpaceExhausted:
#   Rejection sampling error (specified maximum draws (10000) exhausted ...) This likely means that there are no new
#   points left in the search space." Five floats in an order go on.
# Matters: to schedules, breakpoints and layer widths that must not fall: the constraint is taken, the search ends
#   before its second trial, and the message says that the space is used up. Search the increments instead, or
#   attach a start-up of one's own.
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


def run(count):
    """Three trials of the start-up over `count` floats in an order."""
    client = Client(random_seed=1)
    client.configure_experiment(
        parameters=[RangeParameterConfig(name=f"x{i}", parameter_type="float", bounds=(0, 1)) for i in range(count)],
        parameter_constraints=[f"x{i} <= x{i + 1}" for i in range(count - 1)],
    )
    client.configure_optimization("-loss")
    client.configure_generation_strategy(method="fast", initialization_budget=4)
    for number in range(3):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            return f"trial {number}: {type(error).__name__}: {error}"
        for index, p in trials.items():
            client.complete_trial(index, {"loss": p["x0"]})
    return "three trials"


seen = {count: run(count) for count in (5, 10)}
for count, what in seen.items():
    print(f"{count} floats: {what}")
if seen[5] != "three trials" or not seen[10].startswith("trial 1: SearchSpaceExhausted"):
    sys.exit("Changed: what an order of ten floats does to the start-up of Ax.")
PY
