#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: `dependent_parameters` may name a parameter under several values of its parent: the width
#   of the second layer exists with two layers and with three.
# Seen: "UserInputError: Hierarchical search space contains a cycle ... could be reached from multiple
#   paths", although nothing is reached from itself. With one parameter for each depth it is taken.
# Matters: to who translates a conditional space from ConfigSpace or from an Optuna program, where that
#   is the usual case. Each value needs its own copy, and a model learns nothing across copies.
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
from ax.exceptions.core import UserInputError

logging.disable(logging.CRITICAL)


def configure(dependent):
    """Configure one to three layers; return None, or what is wrong with that."""
    names = sorted({name for names in dependent.values() for name in names})
    layers = ChoiceParameterConfig(
        "layers", [1, 2, 3], "int", is_ordered=True, dependent_parameters=dependent
    )
    try:
        Client().configure_experiment(
            [layers, *[RangeParameterConfig(name, (8, 512), "int") for name in names]]
        )
    except UserInputError as error:
        return error
    return None


shared = configure({1: [], 2: ["width2"], 3: ["width2", "width3"]})
copies = configure({1: [], 2: ["width2_of_2"], 3: ["width2_of_3", "width3"]})
print("shared by two depths:", shared)
print("with a copy for each depth:", copies)
if shared is None or "cycle" not in str(shared) or copies is not None:
    sys.exit("Changed: a parameter under two values of its parent.")
PY
