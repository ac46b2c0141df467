#!/usr/bin/env bash
# ax-platform==1.3.1, sqlalchemy==2.1.9, tabulate==0.10.0
# Expected: the objectives "-cost, 2*speed - noise" are two, and the same two after loading from a database.
# Seen: they come back as three, cost, speed and noise: beside another objective each metric of a sum becomes one of its
#   own, without its weight. Of five trials two are on the front that was asked for, and three on the loaded one. A sum
#   that is the only objective comes back as it was, and so does what JSON saved.
# Matters: to who resumes an experiment that trades a weighted sum off against something else: from then on it searches
#   another front. Report the sum as a metric.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1 sqlalchemy==2.1.9 tabulate==0.10.0
"$dir/venv/bin/python" - "$dir" <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig, StorageConfig

logging.disable(logging.CRITICAL)
from ax.storage.sqa_store.db import create_all_tables, get_engine, init_engine_and_session_factory

STORE = StorageConfig(url=f"sqlite:///{sys.argv[1]}/ax.db")
TRIALS = [(1.0, 1.0, 1.0), (2.0, 3.0, 2.0), (2.0, 1.0, 0.0), (3.0, 1.0, 0.5), (3.0, 2.0, 3.0)]  # cost, speed, noise


def new(name, objective):
    client = Client(storage_config=STORE)
    client.configure_experiment([RangeParameterConfig("x", (0, 10), "float")], name=name)
    client.configure_optimization(objective)
    client.configure_generation_strategy(method="fast", initialization_budget=len(TRIALS) + 1)
    return client


def expression(client):
    return client._experiment.optimization_config.objective.expression


init_engine_and_session_factory(url=STORE.url)
create_all_tables(get_engine())
alone, pair = new("alone", "2*speed - noise"), new("pair", "-cost, 2*speed - noise")
for number, (cost, speed, noise) in enumerate(TRIALS):
    outcomes = {"cost": cost, "speed": speed, "noise": noise}
    pair.complete_trial(pair.attach_trial({"x": float(number)}), outcomes)
sums = [(cost, noise - 2 * speed) for cost, speed, noise in TRIALS]
front = [i for i, a in enumerate(sums) if not any(b[0] <= a[0] and b[1] <= a[1] and b != a for b in sums)]

loaded = [Client.load_from_database(name, storage_config=STORE) for name in ("alone", "pair")]
json = Client._from_json_snapshot(pair._to_json_snapshot())
for before, after in zip((alone, pair), loaded):
    print(f"saved {expression(before)!r}, loaded from a database {expression(after)!r}")
print(f"loaded from JSON {expression(json)!r}")
theirs = sorted(number for _, _, number, _ in loaded[1].get_pareto_frontier(use_model_predictions=False))
print(f"trials on the front of what was saved {front}; on that of what was loaded from the database {theirs}")
if expression(alone) != expression(loaded[0]) or expression(json) != expression(pair):
    sys.exit("Changed: a sum that is the only objective, or one that JSON saved, is not loaded as it was.")
if expression(loaded[1]).count(",") != 2:
    sys.exit("Changed: a sum beside another objective is loaded from a database as it was saved.")
if front != [0, 1] or theirs != [0, 1, 2]:
    sys.exit("Changed: which trials are on the front of the objectives that were loaded.")
PY
