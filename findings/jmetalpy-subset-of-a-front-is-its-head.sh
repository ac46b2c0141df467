#!/usr/bin/env bash
# jmetalpy==1.9.0
# Expected: distance_based_subset_selection(front, n) gives n solutions spread over the front, and DistanceBasedArchive
#   keeps such ones; with two objectives both say that they select by crowding distance.
# Seen: with two objectives the distance is never computed: every solution counts 0, and the first n in the list are
#   the result. Of 200 solutions along a front the four that came first, side by side, are selected; the archive is
#   closed once it is full: it tells "added", and keeps none. With a third objective both spread over the front, and so
#   does CrowdingDistanceArchive with two.
# Matters: to who thins a front for a plot or a decision, or gives the archive to an algorithm: ends are lost, and
#   the order of the list decides.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jmetalpy==1.9.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from jmetal.core.solution import FloatSolution
from jmetal.util.archive import CrowdingDistanceArchive, DistanceBasedArchive, distance_based_subset_selection


def solutions(points):
    made = []
    for point in points:
        solution = FloatSolution([0.0], [1.0], len(point))
        solution.objectives = [float(value) for value in point]
        made.append(solution)
    return made


def kept(archive, points):
    for solution in solutions(points):
        last = archive.add(solution)
    return archive.solution_list, last


def places(chosen):
    return sorted(round(float(solution.objectives[0]), 3) for solution in chosen)


first = np.linspace(0, 1, 200)
two = np.column_stack([first, 1 - first])
three = np.column_stack([first, 1 - first, first * (1 - first)])
spans = {}
for name, points in ("two objectives", two), ("three objectives", three):
    chosen = distance_based_subset_selection(solutions(points), 4)
    held, last = kept(DistanceBasedArchive(4), points)
    spread, _ = kept(CrowdingDistanceArchive(4), points)
    spans[name] = [np.ptp(places(some)) for some in (chosen, held, spread)]
    print(f"{name}, first objective of 4 of 200: selected {places(chosen)}, in the archive {places(held)} "
          f"(the last was added: {last}), by crowding distance {places(spread)}")
if max(spans["two objectives"][:2]) > 0.02 or min(spans["two objectives"][2:] + spans["three objectives"]) < 0.9:
    sys.exit("Changed: the subset of a front with two objectives is no longer its first solutions.")
PY
