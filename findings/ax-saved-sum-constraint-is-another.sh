#!/usr/bin/env bash
# ax-platform==1.3.1, sqlalchemy==2.1.9, tabulate==0.10.0
# Expected: what was saved to JSON or to a database asks, when it is loaded, for what it asked for before.
# Seen: the outcome constraint "2*a + 3*b <= 10" comes back as "a <= 10": of a sum both save one metric, without its
#   weight, and the bound. Two sums with that metric in common are "duplicate outcome constraints": loading them from
#   JSON raises, and the trials are out of reach; with a database their configuration does.
# Matters: to who resumes such an experiment: the limit is another, and nothing says so. Report the sum as a metric.
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


def client(name, constraints, store=None):
    new = Client(storage_config=store)
    new.configure_experiment([RangeParameterConfig("x", (0, 1), "float")], name=name)
    new.configure_optimization("-cost", outcome_constraints=constraints)
    return new


def json(name, constraints):
    return Client._from_json_snapshot(client(name, constraints)._to_json_snapshot())


def database(name, constraints):
    client(name, constraints, STORE)
    return Client.load_from_database(name, storage_config=STORE)


def loaded(way, name, constraints):
    try:
        config = way(name, constraints)._experiment.optimization_config
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    return [constraint.expression for constraint in config.outcome_constraints]


init_engine_and_session_factory(url=STORE.url)
create_all_tables(get_engine())
asked = {"one": ["total <= 10"], "sum": ["2*a + 3*b <= 10"], "sums": ["a + b <= 10", "a + 2*b <= 15"]}
seen = {name: [loaded(way, name, constraints) for way in (json, database)] for name, constraints in asked.items()}
for name, (from_json, from_database) in seen.items():
    print(f"asked {asked[name]}: from JSON {from_json}, from a database {from_database}")
if seen["one"] != [["total <= 10"]] * 2:
    sys.exit("Changed: a constraint on one metric is not loaded as it was saved.")
if any(after not in (["a <= 10"], ["b <= 10"]) for after in seen["sum"]):
    sys.exit("Changed: what is loaded of a constraint on a sum of metrics.")
if any("Duplicate" not in after for after in seen["sums"]):
    sys.exit("Changed: whether two constraints on sums with a metric in common can be saved and loaded.")
PY
