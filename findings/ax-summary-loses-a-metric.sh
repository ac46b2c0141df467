#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: `client.summarize()` has a column for each metric and one for each parameter.
# Seen: where a tracking metric is called as a parameter is (the learning rate at the end, say, which
#   a schedule lowers), there is one column of that name, and it holds the parameter. The
#   experiment's data still has what was measured.
# Matters: to who reads results from the table: nothing says that the metric is missing, and the
#   parameter's values stand in its place.
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
client = Client()
client.configure_experiment(
    [RangeParameterConfig("lr", (1e-4, 1), "float"), RangeParameterConfig("width", (8, 64), "int")]
)
client.configure_optimization("-loss")
client.configure_tracking_metrics(["lr"])
for index in client.get_next_trials(1):
    client.complete_trial(index, {"loss": 1.0, "lr": 2.5})
data = client._experiment.lookup_data().df
measured = data[data["metric_name"] == "lr"]["mean"].tolist()
table = client.summarize()
print("measured:", measured)
print("columns:", [*table.columns])
print("lr in the table:", table["lr"].tolist())
if measured != [2.5] or [*table.columns].count("lr") != 1 or table["lr"].tolist() == measured:
    sys.exit("Changed: a metric that is called as a parameter is in the table.")
PY
