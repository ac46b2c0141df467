#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: an experiment that is saved and loaded has the outcomes that it had; the parameters come back to
#   the last digit.
# Seen: outcomes and their standard errors come back with ten places after the decimal point, which is what
#   pandas writes by default (`DataFrame.to_json`). Losses of 3e-11, 2e-11 and 1e-11 are all 0, the best
#   arm is another one (the first of equals), and with standard errors of 1e-11 all are known exactly.
#   Nothing is said, in the JSON file as in the database.
# Matters: to who minimises small numbers (a squared error, a probability, farads, seconds of a kernel in units
#   of one) and resumes. Tell values of the order of one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1 "sqlalchemy>=2.0" tabulate
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

from ax.api.client import Client
from ax.api.configs import RangeParameterConfig, StorageConfig
from ax.storage.sqa_store import db

logging.disable(logging.CRITICAL)
LOSSES = [3e-11, 2e-11, 1e-11]


def run(storage=None):
    client = Client(random_seed=0, storage_config=storage)
    client.configure_experiment(
        [RangeParameterConfig("x", (0, 1), parameter_type="float")], name="small"
    )
    client.configure_optimization("-loss")
    for k, loss in enumerate(LOSSES):
        index = client.attach_trial({"x": k / 7})
        client.complete_trial(index, {"loss": (loss, 1e-11)})
    return client


def seen(client):
    best = client.get_best_parameterization(use_model_predictions=False)[0]
    data = client._experiment.lookup_data().df
    return data["mean"].tolist(), data["sem"].tolist(), best["x"]


told = run()
told.save_to_json_file("saved.json")
loaded = Client.load_from_json_file("saved.json")
db.init_engine_and_session_factory(url="sqlite:///saved.db")
db.create_all_tables(db.get_engine())
database = StorageConfig(url="sqlite:///saved.db")
run(database)
again = Client.load_from_database("small", database)
found = {"told": seen(told), "loaded from JSON": seen(loaded), "loaded from SQLite": seen(again)}
for where, (means, errors, best) in found.items():
    print(f"{where}: losses {means}, standard errors {errors}, the best x is {best:.17g}")
zeros = [0.0] * 3
if found["told"] != (LOSSES, [1e-11] * 3, 2 / 7) or any(
    found[where] != (zeros, zeros, 0.0) for where in found if where != "told"
):
    sys.exit("Changed: Ax saves outcomes with all their digits.")
PY
