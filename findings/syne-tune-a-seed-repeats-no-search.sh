#!/usr/bin/env bash
# syne-tune==0.16.0
# Expected: two schedulers with the same space, random_seed and results propose the same configurations: the docstring
#   calls it the seed of all generators of scheduler and searcher.
# Seen: random configurations are drawn from NumPy's global generator, whatever the seed. Those of RandomSearch, TPE,
#   BORE, regularised evolution and MOASHA differ from the first on; those of ASHA and BOHB begin alike, and differ
#   from the first that their searcher draws. Two seeds propose the same where the global generator is in one state.
# Matters: to comparisons over seeds: they are neither paired nor can they be repeated. numpy.random.seed before each
#   search repeats it, where nothing else draws from that generator meanwhile. (Issue 649, of 2023, is closed.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q syne-tune==0.16.0
"$dir/venv/bin/python" -W ignore - 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys
from datetime import datetime

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import uniform
from syne_tune.optimizer.baselines import ASHA, BOHB, BORE, REA, TPE, RandomSearch
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

SPACE = {"x": uniform(0, 1), "y": uniform(0, 1)}
EPOCHS = {"time_attr": "epoch", "max_t": 9}
MAKERS = {
    "RandomSearch": lambda seed: RandomSearch(SPACE, metrics=["loss"], random_seed=seed),
    "TPE": lambda seed: TPE(SPACE, metric="loss", random_seed=seed),
    "BORE": lambda seed: BORE(SPACE, metric="loss", random_seed=seed),
    "REA": lambda seed: REA(SPACE, metric="loss", random_seed=seed),
    "MOASHA": lambda seed: MOASHA(SPACE, metrics=["loss", "size"], random_seed=seed, **EPOCHS),
    "ASHA": lambda seed: ASHA(SPACE, metric="loss", random_seed=seed, **EPOCHS),
    "BOHB": lambda seed: BOHB(SPACE, metric="loss", random_seed=seed, **EPOCHS),
}


def proposed(make, seed, state):
    """Ten configurations, each of which is told its result before the next."""
    np.random.seed(state)
    scheduler = make(seed)
    configs = []
    for number in range(10):
        config = scheduler.suggest().config
        configs.append((config["x"], config["y"]))
        trial = Trial(number, config, datetime(2026, 1, 1))
        scheduler.on_trial_add(trial)
        result = {"loss": config["x"], "size": config["y"], "epoch": 1}
        scheduler.on_trial_result(trial, result)
        scheduler.on_trial_complete(trial, result)
    return configs


def alike(one, other):
    return sum(a == b for a, b in zip(one, other))


seen = {}
for name, make in MAKERS.items():
    same_seed = alike(proposed(make, 1, state=0), proposed(make, 1, state=5))
    same_state = alike(proposed(make, 1, state=0), proposed(make, 2, state=0))
    seen[name] = same_seed, same_state
    print(f"{name}: of ten configurations {same_seed} are alike with one seed, "
          f"{same_state} with two seeds and NumPy's generator in one state")
if any(same_seed == 10 for same_seed, _ in seen.values()):
    sys.exit("Changed: one of the schedulers now repeats a search with the same seed.")
if any(seen[name][0] != 0 for name in ("RandomSearch", "TPE", "BORE", "REA", "MOASHA")):
    sys.exit("Changed: random configurations no longer come from NumPy's global generator alone.")
if seen["RandomSearch"][1] != 10 or seen["MOASHA"][1] != 10:
    sys.exit("Changed: the seed now changes what is proposed at random.")
PY
