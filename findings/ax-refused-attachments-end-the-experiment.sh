#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: what attach_trial refuses leaves no trace; and a choice taken by NumPy, rng.choice(["adam", "sgd"]), is the
#   text that it equals and an instance of.
# Seen: it is refused with "adam is not a valid value for parameter ... values=['adam', 'sgd']", and a trial without
#   parameters stays behind, CANDIDATE for ever. Such trials count as generated and never as observed: after four of
#   them a start-up of four gives one trial and then raises "DataRequiredError: ... Try again when more data is
#   available", for good. Without the four refusals the same calls go on. NumPy floats are taken, and integers of
#   NumPy are refused for choices with a message that names their type, and leave nothing.
# Matters: to who attaches a first design drawn with NumPy and catches what is refused. Convert choices by .item() or
#   tolist() first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

import numpy as np
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(refused):
    """What is left of `refused` attachments, and whether three proposals follow."""
    rng = np.random.default_rng(0)
    client = Client(random_seed=1)
    client.configure_experiment(
        parameters=[
            ChoiceParameterConfig(name="solver", parameter_type="str", values=["adam", "sgd"]),
            RangeParameterConfig(name="rate", parameter_type="float", bounds=(0, 1)),
        ]
    )
    client.configure_optimization("-loss")
    client.configure_generation_strategy(method="fast", initialization_budget=4)
    for _ in range(refused):
        try:
            client.attach_trial({"solver": rng.choice(["adam", "sgd"]), "rate": rng.random()})
        except ValueError as error:
            said = str(error)
    left = [(trial.status.name, len(trial.arms)) for trial in client._experiment.trials.values()]
    if refused:
        print(f"{refused} refused: {said}\nleft behind: {left}")
    for number in range(3):
        try:
            trials = client.get_next_trials(1)
        except Exception as error:
            return left, f"proposal {number}: {type(error).__name__}: {error}"
        for index, p in trials.items():
            client.complete_trial(index, {"loss": p["rate"]})
    return left, "three proposals"


left, after = run(4)
_, without = run(0)
print(f"after them: {after}\nwithout them: {without}")
if left != [("CANDIDATE", 0)] * 4 or not after.startswith("proposal 1: DataRequiredError") or without != "three proposals":
    sys.exit("Changed: what refused attachments leave behind in an Ax experiment.")
PY
