#!/usr/bin/env bash
# bofire==0.5.0 (botorch 0.18.1)
# Expected: MoboStrategy's `ref_point` is in the units of the outputs, as its names are those of the outputs,
#   whatever `bounds` an objective has, which are there to normalise its reward.
# Seen: the bounds scale the objective and not the reference point. Accuracy and recall from 70 to 90, each with
#   bounds of 0 and 100, are 0.7 to 0.9 when the strategy compares them with its reference point, 60: no
#   point is better than it, and compute_hypervolume is 0 instead of 600 (without bounds). Minimised ones err
#   the other way, and the point is far behind all. One that is inferred has the scaled units.
# Matters: to who normalises objectives and gives a reference point as well: improvements are measured from
#   where no point is, and reported hypervolumes are 0. Give the reference point scaled as the objectives are.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0
"$dir/venv/bin/pip" install -q "bofire[optimization]==0.5.0" botorch==0.18.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import pandas as pd
import bofire.strategies.api as strategies
from bofire.data_models.domain.api import Domain, Inputs, Outputs
from bofire.data_models.features.api import ContinuousInput, ContinuousOutput
from bofire.data_models.objectives.api import MaximizeObjective
from bofire.data_models.strategies.api import MoboStrategy
from bofire.utils.multiobjective import compute_hypervolume

REFERENCE = {"accuracy": 60.0, "recall": 60.0}
points = pd.DataFrame(
    {"x": [0.1, 0.5, 0.9], "accuracy": [70.0, 80.0, 90.0], "recall": [90.0, 80.0, 70.0]}
).assign(valid_accuracy=1, valid_recall=1)


def volume_and_reference(bounds):
    outputs = [
        ContinuousOutput(key=key, objective=MaximizeObjective(w=1.0, bounds=bounds))
        for key in REFERENCE
    ]
    domain = Domain(
        inputs=Inputs(features=[ContinuousInput(key="x", bounds=(0, 1))]),
        outputs=Outputs(features=outputs),
    )
    strategy = strategies.map(MoboStrategy(domain=domain, ref_point=REFERENCE, seed=1))
    strategy.tell(points)
    best = [output.objective(points[output.key]).max() for output in outputs]
    used = strategy.get_adjusted_refpoint()
    print(f"bounds {bounds}: best of each objective {best}, reference point used {used}, ", end="")
    volume = compute_hypervolume(domain, points, REFERENCE)
    print(f"hypervolume {volume:g}")
    return volume, used, max(best)


without = volume_and_reference((0.0, 1.0))
scaled = volume_and_reference((0.0, 100.0))
if without[0] != 600 or scaled[0] != 0 or scaled[1] != [60.0, 60.0] or scaled[2] > 1:
    sys.exit("Changed: a given reference point is no longer compared with scaled objectives.")
PY
