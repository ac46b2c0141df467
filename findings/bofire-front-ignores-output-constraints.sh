#!/usr/bin/env bash
# bofire==0.5.0
# Expected: an output with a constraint (MinimizeSigmoidObjective, by which MoboStrategy models feasibility) takes the
#   experiments that violate it off get_pareto_front, and so out of the hypervolume of the front.
# Seen: the front looks at objectives alone. One experiment that violates the constraint by far, and is better in both
#   objectives, is the whole front: the three feasible ones are gone, and the hypervolume is 81 instead of 6. The
#   constraint itself, called with the values, gives 0 for that experiment and 1 for the others.
# Matters: to who reads what a constrained campaign has found: the first good and infeasible experiment hides all
#   others. Leave such experiments out before.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile "bofire[optimization]==0.5.0" botorch==0.18.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import pandas as pd
from bofire.data_models.domain.api import Domain, Inputs, Outputs
from bofire.data_models.features.api import ContinuousInput, ContinuousOutput
from bofire.data_models.objectives.api import MaximizeObjective, MinimizeSigmoidObjective
from bofire.utils.multiobjective import compute_hypervolume, get_pareto_front

limit = MinimizeSigmoidObjective(w=1.0, tp=10.0, steepness=100.0)  # toxicity below 10
outputs = [ContinuousOutput(key=key, objective=MaximizeObjective(w=1.0)) for key in ("purity", "yield")]
domain = Domain(
    inputs=Inputs(features=[ContinuousInput(key="x", bounds=(0, 1))]),
    outputs=Outputs(features=[*outputs, ContinuousOutput(key="toxicity", objective=limit)]),
)
experiments = pd.DataFrame({
    "x": [0.1, 0.5, 0.9, 1.0],
    "purity": [3.0, 2.0, 1.0, 9.0],
    "yield": [1.0, 2.0, 3.0, 9.0],
    "toxicity": [1.0, 2.0, 3.0, 99.0],
}).assign(valid_purity=1, valid_yield=1, valid_toxicity=1)
fulfilled = limit(experiments["toxicity"], experiments["toxicity"]) > 0.5
reference = {"purity": 0.0, "yield": 0.0}
seen = {}
for name, told in ("all four", experiments), ("the feasible three", experiments[fulfilled]):
    front = get_pareto_front(domain, told)
    seen[name] = list(front["x"]), compute_hypervolume(domain, front, reference)
    print(f"{name}: front at x = {seen[name][0]}, hypervolume {seen[name][1]:g}")
if list(fulfilled) != [True, True, True, False] or seen["the feasible three"] != ([0.1, 0.5, 0.9], 6):
    sys.exit("Changed: which experiments fulfil the constraint, or their front.")
if seen["all four"] != ([1.0], 81):
    sys.exit("Changed: an experiment that violates an output constraint is no longer on the front.")
PY
