#!/usr/bin/env bash
# ray[tune]==2.60.0
# Expected: a training whose loss is NaN is the worst of its rung, and ASHA stops it there.
# Seen: ASHA stops what is below the rung's cutoff, and NaN is below nothing: of ten trainings the three whose
#   loss is NaN from the first epoch on see all nine epochs, as the best one does, while the six others with numbers
#   stop after one. Nothing is warned. Without a scheduler that is what one asked for; with ASHA the
#   epochs that it saves go to what has diverged. (The cutoff itself leaves NaN out, and is right.)
# Matters: to who searches learning rates: the share of diverged trainings is paid in full. Report a large number
#   in place of NaN, or end the training.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile "ray[tune]==2.60.0"
"$dir/venv/bin/python" -W ignore - "$dir" 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler

EPOCHS, TRIALS = 9, 10
DIVERGED = (2, 5, 8)


def train(config):
    for _ in range(EPOCHS):
        tune.report({"loss": config["failed"] if config["i"] in DIVERGED else float(config["i"])})


def epochs(failed):
    """Epochs that each of ten trainings gets where three report `failed` as their loss."""
    tuner = tune.Tuner(
        train,
        param_space={"i": tune.grid_search(list(range(TRIALS))), "failed": failed},
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
            max_concurrent_trials=1,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=sys.argv[1], verbose=0),
    )
    return {result.config["i"]: result.metrics["training_iteration"] for result in tuner.fit()}


ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
spent = {failed: epochs(failed) for failed in (float("nan"), 1e9)}
for failed, of_trial in spent.items():
    print(f"epochs where three report {failed}:", [of_trial[i] for i in range(TRIALS)])
with_nan, with_large = spent.values()
if any(with_nan[i] != EPOCHS for i in DIVERGED) or sum(with_nan[i] == EPOCHS for i in range(TRIALS)) > 4:
    sys.exit("Changed: ASHA no longer gives all epochs to a loss of NaN.")
if any(with_large[i] == EPOCHS for i in DIVERGED[1:]):
    sys.exit("Changed: ASHA gives all epochs to a large loss.")
PY
