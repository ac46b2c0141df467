#!/usr/bin/env bash
# ax-platform==1.3.1
# Expected: whether an ordered choice of numbers may stand in a parameter constraint does not depend on which numbers;
#   nobody asked for a log scale, and ChoiceParameterConfig has no argument for one.
# Seen: three or more numbers that form a geometric series, as 16, 32, 64 or 1, 10, 100, get log_scale=True by
#   themselves, whether is_ordered was said or not, and then "Parameter constraints are not allowed on log scale
#   parameters." One more value beside the series, 16, 32, 48, 64, and the constraint is taken.
# Matters: to limits such as units + 10 * layers <= 100 over powers of two, the commonest choices of the field: the
#   message names a scale that the user has not chosen. A range of exponents is no way out, for the constraint is linear.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile ax-platform==1.3.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

logging.disable(logging.CRITICAL)


def run(values):
    """What becomes of a constraint about an ordered choice of `values`, and the scale that it is given without."""
    units = ChoiceParameterConfig(name="units", parameter_type="int", values=values, is_ordered=True)
    layers = RangeParameterConfig(name="layers", parameter_type="int", bounds=(1, 9))
    said = []
    for constraints in [], ["units + 10 * layers <= 100"]:
        client = Client(random_seed=1)
        try:
            client.configure_experiment(parameters=[units, layers], parameter_constraints=constraints)
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
        else:
            said.append("taken")
            scale = client._experiment.search_space.parameters["units"].log_scale
    print(f"{values}: without the constraint {said[0]}, log scale {scale}; with it {said[1]}")
    return scale, said[1] == "taken"


series = [run(values) for values in ([16, 32, 64], [1, 10, 100], [1, 2, 4])]
others = [run(values) for values in ([16, 32, 48, 64], [1, 2, 3], [1, 2])]
if set(series) != {(True, False)} or any(scale or not taken for scale, taken in others):
    sys.exit("Changed: which ordered choices get a log scale by themselves, or what constraints do to them.")
PY
