#!/usr/bin/env bash
# comocma==0.6.0, cma==4.5.0
# Expected: pareto_set_cut is, as its docstring says, the pre-image of pareto_front_cut: the points to take home.
#   pareto_front_uncut is the front without regard to the reference point.
# Seen: with three objectives or more the archive holds tuples, and the points are looked up by lists: the set is empty
#   beside a full front. With two it is full, but where kernels were updated together it holds the means after the
#   update, and the front the values of those before: no point of the set has its value in the front.
#   pareto_front_uncut raises IndexError with any number of objectives.
# Matters: to who ends a search and asks for its solutions. Evaluate the incumbents of all kernels once more
#   ([kernel.incumbent for kernel in sofomore.kernels]) and take what nothing dominates.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q comocma==0.6.0 cma==4.5.0 numpy==2.4.6
cd "$dir"
venv/bin/python -W ignore - <<'PY'
import sys

import comocma
import numpy as np


def distances(x, objectives):
    """Squared distances from points of the diagonal."""
    return [float(np.sum((np.asarray(x) - best) ** 2)) for best in np.linspace(0, 1, objectives)]


def searched(objectives, asked):
    """Sizes of the front and the set; how many of the set have their value in the front; what is the uncut front."""
    starts = np.random.default_rng(0).random((6, 4))
    kernels = comocma.get_cmas(list(starts), 0.2, inopts={"seed": 1, "verbose": -9})
    sofomore = comocma.Sofomore(kernels, reference_point=[4] * objectives)
    while sofomore.countevals < 1000:
        points = sofomore.ask(asked)
        sofomore.tell(points, [distances(x, objectives) for x in points])
    front = np.array(sofomore.pareto_front_cut)
    points = sofomore.pareto_set_cut
    paired = sum(bool(np.isclose(front, distances(x, objectives), rtol=1e-9).all(axis=1).any()) for x in points)
    try:
        uncut = str(len(sofomore.pareto_front_uncut))
    except IndexError as error:
        uncut = f"IndexError: {error}"
    return len(front), len(points), paired, uncut


seen = {(objectives, asked): searched(objectives, asked) for objectives in (2, 3, 4) for asked in (1, "all")}
for (objectives, asked), (front, points, paired, uncut) in seen.items():
    print(f"{objectives} objectives, ask({asked!r}): front of {front}, set of {points}, "
          f"of which {paired} have their value in the front; uncut: {uncut}")
if any(front < 3 or (points != 0) != (objectives == 2) for (objectives, _), (front, points, _, _) in seen.items()):
    sys.exit("Changed: whether the Pareto set is empty with three objectives.")
if seen[2, "all"][2] != 0:
    sys.exit("Changed: whether the Pareto set has the values of the front.")
if not all(uncut.startswith("IndexError") for *_, uncut in seen.values()):
    sys.exit("Changed: the uncut front no longer raises.")
PY
