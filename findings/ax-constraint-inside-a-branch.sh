#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: in a hierarchical search space a linear constraint about parameters of one branch holds in
#   that branch, and says nothing of the others; or `configure_experiment` refuses it.
# Seen: it is taken, and the first trial that lands in another branch raises "ValueError: `depth` not
#   present in param_dict." With the default strategy that is the first one, the centre of the space.
# Matters: to who tunes several model families: the experiment is configured, and gives no trial.
#   Reparametrise, so that the constraint becomes a bound of each branch.
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
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)


def first_trial(constraints):
    """The first trial of an experiment about trees and networks, or the error in its place."""
    client = Client()
    client.configure_experiment(
        [
            ChoiceParameterConfig(
                "model",
                ["network", "tree", "linear"],
                "str",
                is_ordered=False,
                dependent_parameters={"network": ["depth", "width"], "tree": ["leaves"], "linear": []},
            ),
            RangeParameterConfig("depth", (1, 9), "int"),
            RangeParameterConfig("width", (1, 9), "int"),
            RangeParameterConfig("leaves", (1, 9), "int"),
        ],
        parameter_constraints=constraints,
    )
    client.configure_optimization("-loss, -size")
    try:
        return next(iter(client.get_next_trials(1).values()))
    except ValueError as error:
        return error


without, constrained = first_trial([]), first_trial(["depth + width <= 12"])
print("without a constraint:", without)
print("with one about depth and width:", type(constrained).__name__, constrained)
if "depth" in without or not isinstance(constrained, ValueError):
    sys.exit("Changed: a constraint inside a branch, or the first trial of a hierarchical space.")
PY
