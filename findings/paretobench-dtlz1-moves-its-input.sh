#!/usr/bin/env bash
# paretobench==0.9.0, numpy==2.4.6
# Expected: a problem that is called with an array of points reads them, and the population that comes back holds
#   the points that were evaluated.
# Seen: DTLZ1 and DTLZ3 subtract 0.5 from all variables behind the first ones in the caller's array. The centre, which
#   is optimal, becomes (0.5, 0.5, 0, ..., 0) there and in the population's x, beside the objectives of the
#   centre; a second call with the same array gives others, and leaves -0.5, outside the box. Nothing is raised.
#   DTLZ2 leaves x alone, and so do the others.
# Matters: to who keeps a population in an array while it is evaluated (each generation moves it), or reads what
#   was found from what comes back. Give a copy, and keep the original.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q paretobench==0.9.0 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from paretobench import DTLZ1, DTLZ2, DTLZ3

moved = []
for problem in DTLZ1(), DTLZ2(), DTLZ3():
    x = np.full((1, problem.n), 0.5)
    populations = [problem(x) for _ in range(2)]
    print(f"{type(problem).__name__} at the centre: {np.round(populations[0].f[0], 3).tolist()}")
    print(f"   said to be at x = {populations[0].x[0].tolist()}")
    print(f"   the second call with the same array: {np.round(populations[1].f[0], 3).tolist()}")
    if not np.array_equal(x, np.full_like(x, 0.5)) and populations[0].x.min() < 0.5:
        moved.append(type(problem).__name__)
if moved != ["DTLZ1", "DTLZ3"]:
    sys.exit("Changed: DTLZ1 and DTLZ3 leave the array of the caller as it was.")
PY
