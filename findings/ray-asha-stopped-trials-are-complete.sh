#!/usr/bin/env bash
# ray[tune]==2.60.0, optuna==5.0.0
# Expected: a training that a scheduler of Ray Tune stops after its first epoch is a pruned trial of
#   OptunaSearch's study, as it is when Optuna stops it: no final result, and not on the front.
# Seen: it is COMPLETE, with the values of its last epoch, and without any mark: with two objectives no
#   intermediate values are kept, either. With one those of earlier epochs are, and the trial is COMPLETE
#   all the same. An objective that grows with training (seconds, energy) puts what was stopped first
#   on the front, and the sampler learns values of the first epoch as if they were those of the last.
# Matters: to who reads `best_trials` of that study, or stops trials by ASHA beside an Optuna sampler:
#   report the epoch as well, and sort out by it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile "ray[tune]==2.60.0" optuna==5.0.0
"$dir/venv/bin/python" -W ignore - "$dir" 2> "$dir/log" <<'PY' || { tail -n 5 "$dir/log"; exit 1; }
import sys

import optuna
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

EPOCHS, TRIALS = 9, 8


def train(config):
    """The loss falls and the seconds grow from epoch to epoch."""
    for epoch in range(1, EPOCHS + 1):
        tune.report({"loss": 1 + config["x"] - epoch / 10, "seconds": epoch * (2 - config["x"])})


def run(metrics, modes):
    """Epochs by Ray and states by Optuna of 12 trials, and the study."""
    search = OptunaSearch(
        {"x": optuna.distributions.FloatDistribution(0, 1)},
        metric=metrics,
        mode=modes,
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    asha = ASHAScheduler(metric="loss", mode="min", max_t=EPOCHS, grace_period=1, reduction_factor=3)
    tuner = tune.Tuner(
        train,
        tune_config=tune.TuneConfig(
            search_alg=search,
            scheduler=asha,
            num_samples=TRIALS,
            max_concurrent_trials=1,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=sys.argv[1], verbose=0),
    )
    epochs = [result.metrics["training_iteration"] for result in tuner.fit()]
    return epochs, search._ot_study


ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
changed = False
for metrics, modes in ((["loss", "seconds"], ["min", "min"]), ("loss", "min")):
    epochs, study = run(metrics, modes)
    objectives = len(study.directions)
    stopped = sum(epoch < EPOCHS for epoch in epochs)
    states = {trial.state.name for trial in study.trials}
    curves = sum(bool(trial.intermediate_values) for trial in study.trials)
    print(f"{objectives} objective(s): {stopped} of {TRIALS} stopped by Ray; by Optuna {states}, {curves} with curves")
    changed |= stopped == 0 or states != {"COMPLETE"} or (curves > 0) != (objectives == 1)
    if objectives == 2:
        first = [trial.values[1] < 2 for trial in study.best_trials]
        print(f"on the front {len(first)}, of which {sum(first)} were stopped after their first epoch")
if changed:
    sys.exit("Changed: how trials that Ray's scheduler stopped end in the Optuna study.")
PY
