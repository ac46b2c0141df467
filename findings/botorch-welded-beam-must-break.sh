#!/usr/bin/env bash
# botorch==0.18.1, torch==2.13.0, pymoo==0.6.2
# Expected: is_feasible of the multi-objective WeldedBeam is true of beams that hold, their stresses and load within
#   limits. Its documentation names pymoo's as the implementation that it follows.
# Seen: its slacks, to be 0 and more, are pymoo's violations, to be 0 and less, with the same sign: each of the four
#   constraints is satisfied where it should be violated. Of 20,000 random beams 0.6 % are feasible, those that violate
#   everything, against 32 %, and none are both. Within its reference point (40, 0.015), where pymoo has 2803 feasible
#   beams, BoTorch has none. The problem with one objective, WeldedBeamSO, has its signs right.
# Matters: to who compares methods of constrained search on it: what is found is the front of another problem.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile botorch==0.18.1 pymoo==0.6.2
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
import torch
from botorch.test_functions.multi_objective import WeldedBeam
from pymoo.problems import get_problem

ours, theirs = WeldedBeam(), get_problem("welded_beam")
low, high = theirs.bounds()
X = low + (high - low) * np.random.default_rng(0).random((20_000, 4))
F, G = theirs.evaluate(X, return_values_of=["F", "G"])
points = torch.tensor(X)
same_objectives = np.allclose(ours(points).numpy(), F)
same_numbers = np.allclose(ours.evaluate_slack(points).numpy(), G)
feasible, should = ours.is_feasible(points).numpy(), (G <= 0).all(1)
reached = (ours(points) < ours.ref_point).all(-1).numpy()
print("the objectives are pymoo's:", same_objectives, "- the slacks are pymoo's violations:", same_numbers)
both = (feasible & should).mean()
print(f"feasible: {feasible.mean():.1%} in BoTorch, {should.mean():.1%} in pymoo, {both:.1%} in both")
counts = (feasible & reached).sum(), (should & reached).sum()
print("feasible and within the reference point, in BoTorch and in pymoo:", *counts)
if not same_objectives:
    sys.exit("Changed: the objectives of WeldedBeam.")
if not same_numbers or (feasible & should).any():
    sys.exit("Changed: the constraints of WeldedBeam.")
PY
