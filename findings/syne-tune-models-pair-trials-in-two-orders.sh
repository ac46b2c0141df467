#!/usr/bin/env bash
# syne-tune==0.16.0, botorch==0.18.1
# Expected: a searcher's Gaussian process learns of each configuration the result of that configuration, in whatever
#   order parallel trials end; the searcher is told the number of the trial with each result.
# Seen: configurations are listed in the order in which they were suggested, and results in the order in which they
#   came. The expected hypervolume improvement and the BoTorch searcher for one objective give the model both lists
#   side by side: of four trials of which the first ends last no configuration has its own result, and nothing is
#   said. Trials that end in the order in which they began are paired rightly.
# Matters: to every search with more than one worker, the use that the library is made for: the model learns other
#   trials' results wherever one overtook another, and keeps them so for good. (The same was mended in another searcher
#   in 2025, pull request 917.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile torch==2.13.0
"$dir/venv/bin/pip" install -q --no-compile syne-tune==0.16.0 botorch==0.18.1
OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import numpy as np
from syne_tune.config_space import uniform
from syne_tune.optimizer.schedulers.multiobjective.expected_hyper_volume_improvement import (
    ExpectedHyperVolumeImprovement,
)
from syne_tune.optimizer.schedulers.searchers.botorch.botorch_searcher import BoTorchSearcher


def objectives(x, y):
    return [x, (1 - x) ** 2 + y]


def matched(searcher_class, single, order):
    """How many of four configurations the model gets with their own result, when trials end in this order."""

    class Watched(searcher_class):
        def _make_gp(self, X_tensor, Y_tensor):
            self.data = X_tensor.numpy().copy(), Y_tensor.numpy().copy()
            return super()._make_gp(X_tensor, Y_tensor)

    space = {"x": uniform(0, 1), "y": uniform(0, 1)}
    searcher = Watched(space, num_init_random=4, random_seed=0, double_precision=False)
    configs = [searcher.suggest() for _ in range(4)]
    for trial in order:
        values = objectives(**configs[trial])
        searcher.on_trial_complete(trial, configs[trial], values[1] if single else values)
    searcher.suggest()
    points, results = searcher.data
    own = np.array([objectives(*point) for point in points])[:, [1] if single else [0, 1]]
    results = -results.reshape(own.shape)  # the model maximises
    if single:  # and is given standardised values
        own, results = ((values - values.mean()) / values.std() for values in (own, results))
    return int((np.abs(own - results) < 1e-3).all(axis=1).sum())


for name, searcher_class, single in (
    ("expected hypervolume improvement", ExpectedHyperVolumeImprovement, False),
    ("BoTorch, one objective", BoTorchSearcher, True),
):
    seen = [matched(searcher_class, single, order) for order in ([0, 1, 2, 3], [1, 2, 3, 0])]
    print(f"{name}: of 4 configurations {seen[0]} have their own result in order, {seen[1]} out of order")
    if seen[0] != 4 or seen[1] != 0:
        sys.exit("Changed: whether results are paired with their configurations.")
PY
