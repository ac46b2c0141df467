#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: every trial of `get_next_trials(fixed_parameters={"machine": "gpu"})` has that value.
# Seen: the first trial has not, by the methods "fast" and "random_search" alike: it is the centre of the
#   space, whatever is fixed. All later ones have. No warning, no error.
# Matters: to who fixes what cannot be had just now (a machine, a fidelity, a data set): the first
#   training goes to another one. Attach the first trial by hand, or look at what one was given.
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
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)
N_TRIALS = 7


def machines(method):
    """The machines of trials that were all asked for with the last machine of the three."""
    client = Client()
    client.configure_experiment(
        [
            RangeParameterConfig("x", (0, 10), "float"),
            ChoiceParameterConfig("machine", ["cpu", "tpu", "gpu"], "str", is_ordered=False),
        ]
    )
    client.configure_optimization("-loss, -seconds")
    client.configure_generation_strategy(method=method, initialization_random_seed=0)
    seen = []
    for _ in range(N_TRIALS):
        for index, params in client.get_next_trials(1, fixed_parameters={"machine": "gpu"}).items():
            client.complete_trial(index, {"loss": params["x"], "seconds": 1 / (1 + params["x"])})
            seen.append(params["machine"])
    return seen


others = ["gpu"] * (N_TRIALS - 1)
seen = {method: machines(method) for method in ("fast", "random_search")}
for method, names in seen.items():
    print(f"{method}:", *names)
if any(names[1:] != others for names in seen.values()):
    sys.exit("Changed: fixed parameters of later trials.")
if any(names[0] == "gpu" for names in seen.values()):
    sys.exit("Changed: the first trial respects fixed parameters.")
PY
