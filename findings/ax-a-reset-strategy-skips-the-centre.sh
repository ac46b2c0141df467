#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: `GenerationStrategy.clone_reset()` returns the strategy as it was before it was used; its
#   docstring says that it copies the strategy without its state.
# Seen: a copy of the default strategy that proposed something begins with Sobol's second kind of
#   point and never proposes the centre of the space: the node of the centre remembers that it is done.
# Matters: to who repeats a study for several seeds, or several problems, with copies of one strategy:
#   the first run has another start than all the others.
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


def first_trials(strategy=None):
    """Return the strategy of a new experiment and its first two points."""
    client = Client()
    client.configure_experiment(
        [RangeParameterConfig("x", (0, 1), "float"), RangeParameterConfig("y", (0, 4), "float")]
    )
    client.configure_optimization("-loss")
    if strategy is None:
        client.configure_generation_strategy()
    else:
        client.set_generation_strategy(strategy)
    found = []
    for _ in range(2):
        for index, point in client.get_next_trials(1).items():
            client.complete_trial(index, {"loss": point["x"]})
            found.append(point)
    return client._generation_strategy, found


used, first = first_trials()
_, again = first_trials(used.clone_reset())
centre = {"x": 0.5, "y": 2.0}
print("new:", first)
print("reset:", again)
if first[0] != centre or centre in again:
    sys.exit("Changed: a strategy that was reset begins with the centre.")
PY
