#!/usr/bin/env bash
# syne-tune==0.16.0, botorch==0.18.1
# Expected: a search by expected hypervolume improvement takes its reference point from the data, or asks for it;
#   objectives with ten subtracted from each are the same problem.
# Seen: the reference point is 2 in every objective, after they were negated for a library that maximises: only values
#   below -2 have any hypervolume. For losses above 0 no observation has, and the search has no front to improve.
#   After 20 trials the hypervolume is lower than with ten subtracted in each of three seeds (four parameters, two
#   squared distances). No argument sets the point, and nothing is said.
# Matters: to who takes this searcher as a baseline, or with errors and latencies. Subtract enough to bring all that
#   is acceptable below -2. (With double_precision, the default, BoTorch's compiled acquisition refuses the
#   single-precision reference point here.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile syne-tune==0.16.0 botorch==0.18.1
OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import numpy as np
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from syne_tune.config_space import uniform
from syne_tune.optimizer.schedulers.multiobjective.expected_hyper_volume_improvement import (
    ExpectedHyperVolumeImprovement,
)
from torch import tensor


def found(seed, shift):
    """Hypervolume below (1, 1) of 20 trials, the shift taken out again."""
    np.random.seed(seed)
    searcher = ExpectedHyperVolumeImprovement(
        {name: uniform(0, 1) for name in "abcd"},
        num_init_random=5,
        random_seed=seed,
        double_precision=False,
        num_restarts=4,
        num_raw_samples=64,
        mc_samples=32,
    )
    values = []
    for trial in range(20):
        config = searcher.suggest()
        values.append([sum((value - best) ** 2 for value in config.values()) for best in (0.3, 0.7)])
        searcher.on_trial_complete(trial, config, [value + shift for value in values[-1]])
    points = -tensor(values)
    return Hypervolume(-tensor([1.0, 1.0])).compute(points[is_non_dominated(points)])


pairs = [(found(seed, 0), found(seed, -10)) for seed in range(3)]
for plain, shifted in pairs:
    print(f"hypervolume {plain:.3f}; with ten subtracted from both objectives {shifted:.3f}")
if any(plain >= shifted for plain, shifted in pairs):
    sys.exit("Changed: whether the hypervolume depends on a constant that is subtracted.")
PY
