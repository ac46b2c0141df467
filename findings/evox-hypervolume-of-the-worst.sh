#!/usr/bin/env bash
# evox==1.4.0, torch==2.13.0
# Expected: evox.metrics.hv is the volume between the front and the reference point, and a solution that is worse
#   than the reference point in all objectives, or in one, adds nothing.
# Seen: it takes the absolute distance to the reference point, so that what lies beyond it counts as if it lay
#   as far before it. For the reference point (1, 1) the one point (5, 5) has hypervolume 16, where (0, 0) has 1,
#   and (0.5, 9) has 4. A front of 0.4 that gets one solution of (3, 3) more has 4. Of NSGA-II on DTLZ2 the first
#   generation has 1.35, the last 0.20. Nothing is warned; the docstring says nothing of such points.
# Matters: to who watches a run by it with a fixed reference point: early generations, which lie beyond it, have the
#   greatest hypervolume, and the curve falls while the front improves. Leave those solutions out first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile evox==1.4.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import torch
from evox.algorithms import NSGA2
from evox.metrics import hv
from evox.problems.numerical import DTLZ2
from evox.workflows import StdWorkflow

torch.manual_seed(0)
ONE = torch.tensor([1.0, 1.0])


def volume(points, reference=ONE):
    return float(hv(torch.tensor(points), reference))


front = [[0.2, 0.6], [0.6, 0.4]]  # 0.8 * 0.4 + 0.4 * 0.2 = 0.4
beyond, beside, alone, both = (
    volume([[5.0, 5.0]]),
    volume([[0.5, 9.0]]),
    volume(front),
    volume([*front, [3.0, 3.0]]),
)
print(f"reference point (1, 1): (5, 5) alone has {beyond:.2f}, (0.5, 9) alone has {beside:.2f}")
print(f"a front has {alone:.2f}, with (3, 3) besides it has {both:.2f}")

workflow = StdWorkflow(NSGA2(pop_size=50, n_objs=2, lb=torch.zeros(12), ub=torch.ones(12)), DTLZ2(d=12, m=2))
curve = []
for generation in range(60):
    workflow.init_step() if generation == 0 else workflow.step()
    curve.append(float(hv(workflow.algorithm.fit, ONE)))
print("NSGA-II on DTLZ2, after 1, 5, 20 and 60 generations:", [round(curve[i], 3) for i in (0, 4, 19, 59)])
if abs(beyond - 16) > 0.1 or abs(beside - 4) > 0.1 or abs(alone - 0.4) > 0.02 or abs(both - 4) > 0.2:
    sys.exit("Changed: what lies beyond the reference point no longer counts.")
if curve[0] < curve[-1]:
    sys.exit("Changed: hypervolume grows from the first generation to the last.")
PY
