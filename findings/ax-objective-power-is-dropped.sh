#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: an objective of a power or a function of a metric, "1/latency", is maximised as written or
#   refused, as outcome constraints refuse it ("Only linear outcome constraints are supported").
# Seen: it is taken, without a warning, for the metric itself with the coefficient in front: "1/latency"
#   maximises latency (of 1, 5 and 9 the best is 9), in "1/latency, -size" as well. "sqrt(latency)"
#   waits for a metric by that name.
# Matters: to who turns a metric to be minimised into one to be maximised. Write "-latency".
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
from ax.exceptions.core import UserInputError

logging.disable(logging.CRITICAL)


def new_client(objective, constraints=None):
    client = Client()
    client.configure_experiment([RangeParameterConfig("x", (0, 10), "float")])
    client.configure_optimization(objective, constraints)
    return client


client = new_client("1/latency")
for latency in (1.0, 5.0, 9.0):
    client.complete_trial(client.attach_trial({"x": latency}), {"latency": latency})
best = client.get_best_parameterization(use_model_predictions=False)[1]["latency"][0]
print("best latency of 1, 5, 9 for the objective 1/latency:", best)
weights = {
    objective: new_client(objective)._experiment.optimization_config.objective.metric_weights
    for objective in ("1/latency, -size", "sqrt(latency), -size")
}
print("weights:", weights)
try:
    new_client("-size", ["1/latency >= 0.5"])
    refused = False
except UserInputError as error:
    refused = True
    print("as a constraint:", error)
if best != 9 or weights["1/latency, -size"] != [("latency", 1.0), ("size", -1.0)] or not refused:
    sys.exit("Changed: powers in objectives are refused or respected.")
PY
