#!/usr/bin/env bash
# morl-baselines==1.3.0 (scipy 1.17.1)
# Expected: filter_convex_dominated gives the convex coverage set, which is what some linear weights prefer, and so does a
#   ParetoArchive(convex_hull=True), both for maximised objectives.
# Seen: they take all corners of the convex hull, those on the side of the origin too, and remove only what is
#   dominated. Of a front that is hollow, eleven points with f2 = (1 - sqrt(f1))^2, all eleven are kept, and only the
#   two ends are best under any of 10,001 weights. Of an even front, points on a line or with one objective in common,
#   nothing comes back but Qhull's error that the simplex is flat; with one or two points there is no hull to fail.
# Matters: to who measures what linear scalarisation can reach by the size of that set: on the concave deep sea
#   treasure it counts seven where two can be reached. Ask the weights.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-deps morl-baselines==1.3.0
"$dir/venv/bin/pip" install -q numpy==2.4.6 scipy==1.17.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from morl_baselines.common.pareto import ParetoArchive, filter_convex_dominated

WEIGHTS = np.column_stack([np.linspace(0, 1, 10001), np.linspace(1, 0, 10001)])


def seen(name, points):
    """How many of `points` are kept, in the archive too, and how many of the kept ones some weights prefer."""
    try:
        kept = filter_convex_dominated(points)
        archive = ParetoArchive(convex_hull=True)
        for number, point in enumerate(points):
            archive.add(number, point)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {str(error).split('(')[0].strip()}")
        return type(error).__name__
    best = len(set(np.argmax(WEIGHTS @ kept.T, axis=1))) if points.shape[1] == 2 else None
    print(f"{name}: kept {len(kept)} of {len(points)}, in the archive {len(archive.individuals)}, preferred by some weights {best}")
    return len(kept), len(archive.individuals), best


first = np.linspace(0, 1, 11)
hollow = seen("hollow", np.column_stack([first, (1 - np.sqrt(first)) ** 2]))
full = seen("full", np.column_stack([first, np.sqrt(1 - first**2)]))
line = seen("a line", np.column_stack([first, 1 - first]))
shared = seen("a third objective in common", np.column_stack([first, np.sqrt(1 - first**2), np.full(11, 5.0)]))
if hollow != (11, 11, 2) or full != (11, 11, 11) or [line, shared] != ["QhullError"] * 2:
    sys.exit("Changed: what the convex coverage set of morl-baselines keeps of a hollow or an even front.")
PY
