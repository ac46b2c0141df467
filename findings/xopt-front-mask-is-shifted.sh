#!/usr/bin/env bash
# xopt==3.2.2 (botorch 0.18.1)
# Expected: the third thing that a MOBOGenerator's get_pareto_front_and_hypervolume returns says, row by row of
#   its data, what is on the front.
# Seen: its first row is the reference point, so that everything is one row later: of four points whose first
#   three are the front it is true in places 1, 2 and 3, counted from 0, of five.
# Matters: to who looks up settings by it. As a boolean index it raises, for it is too long; its positions name
#   the neighbours of the front. The points that are returned with it are right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q xopt==3.2.2 botorch==0.18.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import pandas as pd
from gest_api.vocs import VOCS
from xopt.generators.bayesian import MOBOGenerator

generator = MOBOGenerator(
    vocs=VOCS(variables={"x": [0, 1]}, objectives={"a": "MINIMIZE", "b": "MINIMIZE"}),
    reference_point={"a": 10.0, "b": 10.0},
)

generator.data = pd.DataFrame(
    {"x": [0.1, 0.2, 0.3, 0.4], "a": [1.0, 2.0, 3.0, 9.0], "b": [4.0, 3.0, 2.0, 9.0]}
)
points, values, mask, volume = generator.get_pareto_front_and_hypervolume()
print("x of the front", points.ravel().tolist())
print("mask", mask.tolist(), "for", len(generator.data), "rows of data")
if points.ravel().tolist() != [0.1, 0.2, 0.3] or mask.tolist() != [False, True, True, True, False]:
    sys.exit("Changed: the mask of the front no longer begins with the reference point.")
PY
