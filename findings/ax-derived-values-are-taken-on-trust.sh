#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a DerivedParameterConfig, "2 * depth + width", is computed from the parameters it is derived
#   from, in trials that Ax generates and in those that are attached.
# Seen: only in those that it generates. attach_trial without the derived value is refused ("search space
#   has parameters: depth, width, size"), and with a wrong one it is taken as it is, 99 for 10, without a
#   word: the experiment, its summary and what is saved say 99 from then on.
# Matters: to who brings earlier results, or corrects a formula, with a derived size or cost beside the
#   parameters: what was attached and what is generated are not the same function.
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
from ax.api.configs import DerivedParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)
client = Client(random_seed=0)
client.configure_experiment(
    [
        RangeParameterConfig("depth", (1, 4), parameter_type="int"),
        RangeParameterConfig("width", (8, 64), parameter_type="int"),
        DerivedParameterConfig("size", "2 * depth + width", parameter_type="int"),
    ]
)
client.configure_optimization("-loss")
client.configure_generation_strategy(method="random_search")
generated = list(client.get_next_trials(3).values())
right = all(p["size"] == 2 * p["depth"] + p["width"] for p in generated)
print("generated:", generated)
try:
    client.attach_trial({"depth": 1, "width": 8})
    refused = False
except ValueError as error:
    refused = True
    print("attached without it:", error)
index = client.attach_trial({"depth": 1, "width": 8, "size": 99})
client.complete_trial(index, {"loss": 1.0})
kept = client.summarize().set_index("trial_index").loc[index, "size"]
print("attached with 99, kept:", kept)
if not right or not refused or kept != 99:
    sys.exit("Changed: Ax derives, or checks, what a derived parameter of an attached trial is.")
PY
