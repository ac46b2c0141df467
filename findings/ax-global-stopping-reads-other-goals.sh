#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: ImprovementGlobalStoppingStrategy measures hypervolume from the experiment's objective thresholds, as its
#   documentation says, and with one objective counts the trials that keep the outcome constraints.
# Seen: whatever the thresholds are, it infers a reference point from the data of its first check. It stops a search
#   that has just reached the region that they ask for, and goes on where the same thresholds are given as an argument. A
#   relative constraint is read as an absolute one of its per cent, "latency <= 0.95 * baseline" as "latency <= -5":
#   nothing is feasible and the search never stops, where "latency <= 95" stops it.
# Matters: to who lets it end a search: give it the thresholds at every check, and constraints in numbers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

warnings.simplefilter("ignore")
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig

logging.disable(logging.CRITICAL)
from ax.global_stopping.strategies.improvement import ImprovementGlobalStoppingStrategy


def told(objective, constraints, outcomes):
    client = Client()
    client.configure_experiment([RangeParameterConfig("x", (0, 20), "float")])
    client.configure_optimization(objective, outcome_constraints=constraints)
    client.complete_trial(client.attach_baseline({"x": 20.0}), dict.fromkeys(outcomes[0], 100.0))
    for number, seen in enumerate(outcomes):
        client.complete_trial(client.attach_trial({"x": float(number)}), seen)
    return client._experiment


def stops(experiment, thresholds=None):
    strategy = ImprovementGlobalStoppingStrategy(min_trials=5, window_size=5)
    stop, _ = strategy.should_stop_optimization(experiment=experiment, objective_thresholds=thresholds)
    return bool(stop)


front = [(10, 1), (1, 10), (9, 2), (2, 9), (8, 3), (3, 8), (7, 4), (4, 7), (6, 5), (5, 6), (5.5, 5.5), (5, 5), (5, 5)]
pairs = [{"cost": float(cost), "time": float(time)} for cost, time in front]
moo = told("-cost, -time", ["cost <= 6", "time <= 6"], pairs)
thresholds = [stops(moo), stops(moo, moo.optimization_config.objective_thresholds)]
print("stops before the front has got far within the thresholds; by the experiment's, and by the argument:", thresholds)

curve = [{"cost": max(1.0, 6.0 - number), "latency": 80.0} for number in range(16)]
limits = [stops(told("-cost", [limit], curve)) for limit in ("latency <= 95", "latency <= 0.95 * baseline")]
print("stops after ten trials without progress; by 95, and by 0.95 times a baseline of 100:", limits)
if thresholds != [True, False]:
    sys.exit("Changed: the thresholds from which the stopping rule measures.")
if limits != [True, False]:
    sys.exit("Changed: how the stopping rule reads a relative constraint.")
PY
