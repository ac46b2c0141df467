#!/usr/bin/env bash
# patatune==1.0.4 with its extra "numba" (numba 0.66.0; moocore 0.3.2 for comparison)
# Expected: the extra makes the same functions faster: hypervolume_indicator gives what it gives without it.
# Seen: where more than one solution is left of those that a solution cuts (nearly always with three objectives, and
#   with two where a list has dominated points), a compiled recursion returns the bits of a floating-point number as an
#   integer: the hypervolume of ten points is 1e19 to 1e20 times what it should be. With NUMBA_DISABLE_JIT=1, or
#   without numba, it is right. MOPSO.get_metric uses it.
# Matters: to comparisons of searches by this figure, whose order is then meaningless; nothing is said.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q patatune==1.0.4 numba==0.66.0 moocore==0.3.2
cat > "$dir/measure.py" <<'PY'
import sys

import moocore
import numpy as np
from patatune.metrics import hypervolume_indicator


def ratios(objectives, front):
    """Hypervolumes of 20 random sets of ten points, over what moocore gives."""
    rng = np.random.default_rng(objectives)
    found = []
    for _ in range(20):
        points = rng.random((10, objectives))
        if front:  # on a sphere, where no point dominates another
            points /= np.linalg.norm(points, axis=1, keepdims=True)
        reference = np.full(objectives, 1.1)
        found.append(hypervolume_indicator(points, reference) / moocore.hypervolume(points, ref=reference))
    return np.array(found)


wrong = {}
for objectives, front in ((2, True), (2, False), (3, True), (3, False)):
    found = ratios(objectives, front)
    wrong[objectives, front] = int((~np.isclose(found, 1)).sum())
    print(f"{objectives} objectives, {'a front' if front else 'any points'}: {wrong[objectives, front]} of 20 wrong, "
          f"between {found.min():.3g} and {found.max():.3g} of what is right")
if sys.argv[1] == "plain" and any(wrong.values()):
    sys.exit("Changed: the hypervolume is wrong without numba, too.")
if sys.argv[1] == "numba" and (wrong[2, True] or min(wrong[2, False], wrong[3, True], wrong[3, False]) < 15):
    sys.exit("Changed: whether numba changes the hypervolume.")
PY
for kind in plain numba; do
    echo "$kind:"
    NUMBA_DISABLE_JIT=$([ $kind = plain ] && echo 1 || echo 0) \
        "$dir/venv/bin/python" -W ignore "$dir/measure.py" $kind 2> "$dir/log" || { tail -n 5 "$dir/log"; exit 1; }
done
