#!/usr/bin/env bash
# smac==2.4.1 (ConfigSpace 1.2.2, scikit-learn 1.9.1)
# Expected: a trial whose function raises counts as failed, its cost is the scenario's crash_cost, and the search
#   goes on to n_trials.
# Seen: the default crash_cost is infinity, which reaches the model unchanged or as NaN: the first proposal after
#   a model is trained on it raises ValueError, whether the failure lay in the initial design or later, with one
#   objective and with two, in the facades for hyperparameters, black boxes and algorithm configuration.
# Matters: to anyone whose training may run out of memory once. A finite crash_cost, one for each objective, in
#   the unit of the objectives, lets all 20 trials happen.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q smac==2.4.1 ConfigSpace==1.2.2 scikit-learn==1.9.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys
import tempfile

from ConfigSpace import ConfigurationSpace
from smac import AlgorithmConfigurationFacade, BlackBoxFacade, HyperparameterOptimizationFacade, Scenario


def search(facade, objectives, failing, **options):
    """How many of 20 trials began where one raises, and how it ended."""
    began = 0

    def evaluate(config, seed=0):
        nonlocal began
        began += 1
        if began == failing:
            raise MemoryError
        x, y = config["x"], config["y"]
        costs = {"a": x**2 + y, "b": (x - 1) ** 2 + y}
        return costs if objectives == ["a", "b"] else costs["a"]

    scenario = Scenario(
        ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}, seed=0),
        objectives=objectives,
        n_trials=20,
        deterministic=True,
        seed=0,
        output_directory=tempfile.mkdtemp(),
        **options,
    )
    try:
        facade(scenario, evaluate, overwrite=True, logging_level=50).optimize()
    except ValueError as error:
        return began, str(error).splitlines()[0]
    return began, "to the end"


facades = HyperparameterOptimizationFacade, BlackBoxFacade, AlgorithmConfigurationFacade
ended = True
for facade in facades:
    for objectives in "a", ["a", "b"]:
        for failing in 3, 12:
            began, how = search(facade, objectives, failing)
            print(f"{facade.__name__}, {objectives}, trial {failing} failed: {began} trials, {how}")
            ended &= began < 20 and ("NaN" in how or "infinity" in how)
finite = search(HyperparameterOptimizationFacade, ["a", "b"], 3, crash_cost=[10.0, 10.0])
print("with a finite crash_cost:", *finite)
if not ended or finite != (20, "to the end"):
    sys.exit("Changed: one failed trial no longer ends a search whose crash_cost is the default.")
PY
