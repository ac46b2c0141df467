#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: a positive factor of an objective changes no front: "-cost, -100*time" has the Pareto-optimal trials of
#   "-cost, -time", and thresholds, which are on the metrics, keep out the same ones.
# Seen: the reference point that Ax infers, or the thresholds that it is given, are compared with objectives that are
#   multiplied, and are not multiplied themselves. Of four trials, all of them optimal, get_pareto_frontier has four,
#   and one with the factor 100. Within thresholds it has two, none with the factor 100, and with a factor of 0.01 for
#   the other objective a third one, which misses its threshold.
# Matters: to who writes milliseconds as "1000*seconds", or balances objectives by factors. Report metrics in the unit
#   that is wanted.
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
TRIALS = [(1.0, 6.0), (3.0, 4.0), (4.0, 3.0), (6.0, 1.0)]  # cost and time, both to be small
OBJECTIVES = ("-cost, -time", "-cost, -100*time", "-0.01*cost, -time")


def front(objectives, thresholds):
    client = Client()
    client.configure_experiment([RangeParameterConfig("x", (0, 10), "float")])
    client.configure_optimization(objectives, outcome_constraints=thresholds)
    client.configure_generation_strategy(method="fast", initialization_budget=len(TRIALS) + 1)
    for number, (cost, time) in enumerate(TRIALS):
        client.complete_trial(client.attach_trial({"x": float(number)}), {"cost": cost, "time": time})
    return sorted(number for _, _, number, _ in client.get_pareto_frontier(use_model_predictions=False))


seen = []
for thresholds in (None, ["cost <= 5", "time <= 5"]):
    for objectives in OBJECTIVES:
        seen.append(front(objectives, thresholds))
        print(f"objectives {objectives!r}, thresholds {thresholds}: trials on the front {seen[-1]}", flush=True)
if seen[0] != [0, 1, 2, 3] or seen[3] != [1, 2]:
    sys.exit("Changed: the front of objectives without factors.")
if seen[1] != [3] or seen[4] != [] or seen[5] != [1, 2, 3]:
    sys.exit("Changed: the front of objectives with factors.")
PY
