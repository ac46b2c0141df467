#!/usr/bin/env bash
# syne-tune==0.16.0
# Expected: a priority of MOASHA gives each trial its rank, lower is better, as its docstring says and
#   as the linear and the fixed priority do; the trials with the lowest stay.
# Seen: the default, NonDominatedPriority, returns the order of the trials instead (the index of the
#   best, of the second best, ...). Ranks and order agree for two trials, not for three: of
#   (1, 1), (2, 2), (0, 0) the worst gets priority 0. MOASHA then promotes about at random: of trials
#   worth 0 (best) to 80 in random order, those it promotes at the first rung are worth 43, 52, 38 on
#   average (three orders), with the linear priority 15, 15, 15, though both objectives are the same.
# Matters: to who compares with MOASHA, or takes the class for evolution (multi-objective REA does).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q syne-tune==0.16.0
"$dir/venv/bin/python" - <<'PY'
import sys
from datetime import datetime

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import uniform
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA
from syne_tune.optimizer.schedulers.multiobjective.multiobjective_priority import (
    LinearScalarizationPriority,
    NonDominatedPriority,
)

ROWS = np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
priorities = NonDominatedPriority()(ROWS).tolist()
print("priorities:", priorities, "and linear:", LinearScalarizationPriority()(ROWS).tolist())


def promoted(priority, seed):
    """The mean worth of the trials that the first rung lets go on."""
    scheduler = MOASHA(
        {"x": uniform(0, 1)},
        metrics=["a", "b"],
        time_attr="epoch",
        multiobjective_priority=priority,
        max_t=9,
        random_seed=0,
    )
    worths = []
    for number, worth in enumerate(np.random.default_rng(seed).permutation(81).tolist()):
        trial = Trial(number, {"x": 0.5}, datetime(2026, 1, 1))
        scheduler.on_trial_add(trial)
        result = {"a": float(worth), "b": float(worth), "epoch": 1}
        if scheduler.on_trial_result(trial, result) == SchedulerDecision.CONTINUE:
            worths.append(worth)
    return float(np.mean(worths))


by_default = [promoted(NonDominatedPriority(), seed) for seed in range(3)]
linear = [promoted(LinearScalarizationPriority(), seed) for seed in range(3)]
print("promoted are worth", np.round(by_default), "and linear", np.round(linear), "of 0 to 80")
if priorities != [2, 0, 1] or min(by_default) < 30 or max(linear) > 20:
    sys.exit("Changed: the default priority of MOASHA gives ranks.")
PY
