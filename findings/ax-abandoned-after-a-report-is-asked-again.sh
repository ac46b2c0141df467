#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a trial that was abandoned is kept away from, whether or not it had reported something: what
#   was wrong with it (a machine that breaks, a diverging training) is likely to be so next door.
# Seen: without a report it is pending for the model, and the next proposals lie elsewhere. If it had
#   reported all metrics it is neither: its data are left out, and it is not pending, so the model does
#   not know of it and proposes the same point once more, to within a few thousandths of each range,
#   trial after trial. When it is the same to the last digit, duplicates are refused five times, and a
#   Sobol point follows with a warning that the search space is fully explored, on a continuous space.
# Matters: to who attaches intermediate results and abandons by hand. Mark such trials as stopped early,
#   which keeps their data and is kept away from; one that is marked as failed is asked for again as well.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import logging
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.getLogger("ax").setLevel(logging.CRITICAL)


def loss(x, y):
    return (x - 0.3) ** 2 + (y - 0.6) ** 2


def abandoned(reports):
    """Eight finished trials, then four that are abandoned: the parameters of these."""
    client = Client(random_seed=0)
    client.configure_experiment(
        [RangeParameterConfig(name=name, parameter_type="float", bounds=(0, 1)) for name in "xy"]
    )
    client.configure_optimization(objective="-loss")
    client.configure_generation_strategy(method="fast", initialization_budget=8)
    for _ in range(2):
        for index, point in client.get_next_trials(4).items():
            client.complete_trial(index, {"loss": loss(**point)})
    points = []
    for _ in range(4):
        ((index, point),) = client.get_next_trials(1).items()
        points.append((point["x"], point["y"]))
        if reports:
            client.attach_data(index, {"loss": loss(**point)})
        client.mark_trial_abandoned(index)
    return points


spread = {}
for reports in (False, True):
    points = abandoned(reports)
    spread[reports] = max(max(values) - min(values) for values in zip(*points))
    said = "after a report" if reports else "without a report"
    print(f"abandoned {said}:", [(round(x, 3), round(y, 3)) for x, y in points])
if spread[True] > 0.01 or spread[False] < 0.1:
    sys.exit("Changed: whether abandoned trials are proposed again.")
PY
