#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a parameter may have any name that Ax accepts, and metrics may be reported with
#   `progression=`.
# Seen: with a parameter called "step" and reports with a progression the start-up runs through, and
#   the first proposal of the model raises "ValueError: cannot insert step, already exists", and so does
#   each one after it. Under any other name it goes on.
# Matters: to who searches the step of a schedule or of a lattice and reports learning curves: the
#   experiment is lost after its start-up, and parameters cannot be renamed then.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(name):
    """Return how many of seven trials began, and what ended them."""
    client = Client()
    client.configure_experiment(
        [RangeParameterConfig(name, (0, 1), "float"), RangeParameterConfig("y", (0, 4), "float")]
    )
    client.configure_optimization("-loss")
    for begun in range(7):
        try:
            points = client.get_next_trials(1)
        except ValueError as error:
            return begun, str(error)
        for index, point in points.items():
            for epoch in (1, 2, 3):
                client.attach_data(index, {"loss": point["y"] / epoch}, progression=epoch)
            client.complete_trial(index)
    return 7, None


named, other = run("step"), run("stride")
print("step:", named)
print("stride:", other)
if named[1] is None or "cannot insert step" not in named[1] or other != (7, None):
    sys.exit("Changed: a parameter called step, with progressions.")
PY
