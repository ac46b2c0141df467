#!/usr/bin/env bash
# optuna==5.0.0
# Expected: under HyperbandPruner a sampler learns from the trials of its own bracket; its documentation
#   says that with four brackets 4 x 10 trials are consumed before TPESampler adapts.
# Seen: TPE (independent, or multivariate by groups) and CMA-ES propose what they
#   propose under a pruner that stops the same trials and has no brackets, to the last digit: they learn from all brackets, and TPE after ten trials.
#   The bracket's view filters `study.get_trials` only, which a sampler of one's own does see.
# Matters: to who compares pruners or writes a sampler. The warning about larger budgets is void, and a
#   sampler that reads `study.trials` learns from another set of trials than Optuna's own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile optuna==5.0.0 cmaes==0.13.1 scipy==1.17.1
"$dir/venv/bin/python" - <<'PY'
import sys
import warnings

warnings.simplefilter("ignore")
import optuna
from optuna.pruners import HyperbandPruner, NopPruner
from optuna.samplers import CmaEsSampler, RandomSampler, TPESampler

optuna.logging.set_verbosity(optuna.logging.ERROR)
N_TRIALS = 60


class Counting(RandomSampler):
    """Notes how many trials it is shown."""

    def __init__(self):
        super().__init__(seed=0)
        self.seen = []

    def sample_relative(self, study, trial, search_space):
        self.seen.append(len(study.get_trials(deepcopy=False)))
        return {}


def params(sampler, pruner):
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        for step in range(1, 28):
            trial.report(1 / step + (x - 0.3) ** 2 + (y - 0.6) ** 2, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return (x - 0.3) ** 2 + (y - 0.6) ** 2

    study = optuna.create_study(sampler=sampler, pruner=pruner, study_name="one")
    study.optimize(objective, n_trials=N_TRIALS)
    return [trial.params for trial in study.trials]


class Told(NopPruner):
    """Stops whom Hyperband stops, and is not Hyperband."""

    def __init__(self):
        self.hyperband = hyperband()

    def prune(self, study, trial):
        return self.hyperband.prune(study, trial)


def hyperband():
    return HyperbandPruner(min_resource=1, max_resource=27, reduction_factor=3)  # four brackets


samplers = {
    "TPE": lambda: TPESampler(seed=0),
    "TPE, multivariate, by groups": lambda: TPESampler(seed=0, multivariate=True, group=True),
    "CMA-ES": lambda: CmaEsSampler(seed=0),
}
same = {name: params(new(), hyperband()) == params(new(), Told()) for name, new in samplers.items()}
counting = Counting()
params(counting, hyperband())
print("the same proposals under Hyperband, and with its stops alone:", same)
print("trials shown by study.get_trials() at the last of", N_TRIALS, "trials:", counting.seen[-1])
if not all(same.values()) or counting.seen[-1] == N_TRIALS:
    sys.exit("Changed: Optuna's samplers see the trials of their bracket only, or others see all.")
PY
