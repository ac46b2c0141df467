#!/usr/bin/env bash
# inspyred==1.0.3 (moocore 0.3.2 for comparison)
# Expected: analysis.hypervolume, which maximises, is larger for a better front, with its default reference point, too.
# Seen: the default is the best value of each objective, and the volume is measured from there: two ends (0, 10) and
#   (10, 0) have 100, and with the point (9, 9) between them 19; a single point, however good, has 0. With a reference
#   point of one's own it is right, but only while every point is better in each objective: distances from it are
#   taken without their sign, and what lies beyond it counts, too.
# Matters: to who follows the hypervolume of an archive: it falls while the search goes well. Give a reference point
#   that is worse than all that may come.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q inspyred==1.0.3 moocore==0.3.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import moocore
import numpy as np
from inspyred.ec.analysis import hypervolume

fronts = {
    "two ends": [[0.0, 10.0], [10.0, 0.0]],
    "and a point between them": [[0.0, 10.0], [9.0, 9.0], [10.0, 0.0]],
    "that point alone": [[9.0, 9.0]],
}
seen = {}
for name, front in fronts.items():
    default = hypervolume(front)
    below, within = (hypervolume(front, [at, at]) for at in (0.0, 3.0))
    right = [moocore.hypervolume(-np.array(front), ref=[-at, -at]) for at in (0.0, 3.0)]
    seen[name] = default, below, within, *right
    print(f"{name}: {default:g} by default, {below:g} above (0, 0), where {right[0]:g} is right, "
          f"{within:g} above (3, 3), where {right[1]:g} is right")
defaults, below, within, right_below, right_within = (list(column) for column in zip(*seen.values(), strict=True))
if defaults != [100, 19, 0]:
    sys.exit("Changed: the hypervolume with the default reference point.")
if not np.allclose(below, right_below) or np.allclose(within[:2], right_within[:2]):
    sys.exit("Changed: the hypervolume above a given reference point.")
PY
