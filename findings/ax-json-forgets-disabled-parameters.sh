#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: an experiment that is saved as JSON and loaded has the search space that it had.
# Seen: parameters that were disabled are searched again, and the backfill value of one that was added is gone,
#   so that arms from before it count for nothing in the model. SQL storage keeps both.
# Matters: to whoever changes a search space midway and resumes from a file: trials are spent on what was
#   switched off, and the earlier ones are forgotten without a word.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - "$dir/saved.json" <<'PY'
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.core.parameter import ParameterType, RangeParameter

client = Client(random_seed=1)
ranges = [RangeParameterConfig(name=k, parameter_type="float", bounds=(0, 1)) for k in "xy"]
client.configure_experiment(parameters=ranges)
client.configure_optimization(objective="-a, -b")
client.configure_generation_strategy(method="random_search", initialize_with_center=False)
experiment = client._experiment
added = RangeParameter("z", ParameterType.FLOAT, 0, 1, backfill_value=0.5)
experiment.add_parameters_to_search_space([added], status_quo_values=None)
experiment.disable_parameters_in_search_space({"y": 0.3})
client.save_to_json_file(sys.argv[1])
loaded = Client.load_from_json_file(sys.argv[1])
seen = []
for which, each in (("before", client), ("after loading", loaded)):
    space = each._experiment.search_space.parameters
    ys = [p["y"] for p in each.get_next_trials(max_trials=3).values()]
    print(f"{which}: backfill value of z {space['z'].backfill_value}, proposals of y {ys}")
    seen.append((space["z"].backfill_value, set(ys) == {0.3}))
if seen != [(0.5, True), (None, False)]:
    sys.exit("Changed: JSON keeps backfill values and disabled parameters.")
PY
