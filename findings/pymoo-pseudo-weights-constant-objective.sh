#!/usr/bin/env bash
# pymoo==0.6.2
# Expected: PseudoWeights, asked for the point of a front that suits the user's weights, leaves an
#   objective out of account that is the same all along the front.
# Seen: it divides by that objective's range; every pseudo-weight becomes NaN, and the answer is the
#   first row, whichever the weights, with numpy's warning of a division alone. Without that column
#   the answers are rows 1, 2 and 0.
# Matters: to who picks from a front of three objectives (all models of one size, say) by weights.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pymoo==0.6.2
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
from pymoo.mcdm.pseudo_weights import PseudoWeights

FRONT = np.array([[2.0, 2.0, 7.0], [1.0, 3.0, 7.0], [3.0, 1.0, 7.0]])
PREFERENCES = [[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]
with np.errstate(all="ignore"):
    with_constant = [int(PseudoWeights(np.array([*w, 0.0])).do(FRONT)) for w in PREFERENCES]
    weights = PseudoWeights(np.array([0.9, 0.1, 0.0])).do(FRONT, return_pseudo_weights=True)[1]
without = [int(PseudoWeights(np.array(w)).do(FRONT[:, :2])) for w in PREFERENCES]
print("with the constant objective:", with_constant, "without:", without)
if with_constant != [0, 0, 0] or without != [1, 2, 0] or not np.isnan(weights).all():
    sys.exit("Changed: PseudoWeights takes a front with a constant objective.")
PY
