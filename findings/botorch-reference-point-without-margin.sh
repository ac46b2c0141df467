#!/usr/bin/env bash
# botorch==0.18.1, torch==2.13.0
# Expected: infer_reference_point lies a tenth of each objective's range below the worst of the front,
#   and for a front of one point a tenth of its value, so that the front has a hypervolume.
# Seen: an objective that is the same all along a front of two points or more has range 0, and gets
#   a margin of 1e-8 whatever its value. The same two points have hypervolume 0.21 without a third
#   objective and 2.1e-9 with one that is 7.0 for both. Only a lone point gets a margin by its value.
# Matters: to who tracks hypervolume, or feeds EHVI, while all of the front has one size or one depth.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile botorch==0.18.1
"$dir/venv/bin/python" - <<'PY'
import sys

import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume, infer_reference_point


def volume(front):
    Y = torch.tensor(front, dtype=torch.double)
    ref_point = infer_reference_point(Y)
    value = Hypervolume(ref_point).compute(Y)
    print(f"{front}: reference point {ref_point.tolist()}, hypervolume {value:.3g}")
    return value


one = volume([[1.0, 2.0, 7.0]])
plain = volume([[1.0, 2.0], [2.0, 1.0]])
constant = volume([[1.0, 2.0, 7.0], [2.0, 1.0, 7.0]])
if not (one > 0.01 and plain > 0.1 and constant < 1e-8):
    sys.exit("Changed: the reference point keeps a margin where an objective is constant.")
PY
