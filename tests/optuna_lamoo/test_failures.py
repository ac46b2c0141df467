"""Where trials fail or are pruned for a reason, the sampler learns to stay away."""

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from lamoo import pareto
from optuna_lamoo import LaMOOSampler

REFERENCE = np.array([1.5, 1.4])


def out_of_memory(trial):
    """What is most accurate lies at the edge of what fits."""
    width, batch, rate, drop = (trial.suggest_float(name, 0, 1) for name in "wbrd")
    if width + batch > 1:
        raise MemoryError
    error = 1 - 0.4 * (width + batch) + (rate - 0.4) ** 2 + (drop - 0.3) ** 2 / 2
    return error, 1 - batch + 0.3 * width


def searched(sampler):
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(out_of_memory, n_trials=60, catch=(MemoryError,))
    complete = study.get_trials(states=[TrialState.COMPLETE])
    return study, pareto.hypervolume(np.array([t.values for t in complete]), REFERENCE)


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
@pytest.mark.parametrize("seed", range(3))
def test_a_search_is_not_lost_where_what_would_be_best_fails(solver, seed):
    study, volume = searched(LaMOOSampler(seed=seed, solver=solver))
    assert volume > searched(RandomSampler(seed=seed))[1]
    late = [trial.state for trial in study.trials[-40:]]
    assert late.count(TrialState.COMPLETE) >= 4
    if solver == "gp":
        assert volume > 1.2  # 1.26 is all there is
    else:
        assert late.count(TrialState.COMPLETE) > 30


@pytest.mark.parametrize("seed", range(4))
def test_a_pruner_does_not_lock_the_search_out(seed):
    def training(trial):
        loss = sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(4))
        for step in range(10):
            trial.report(loss + 10 - step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    study = optuna.create_study(sampler=LaMOOSampler(seed=seed))
    study.optimize(training, n_trials=50)
    assert study.best_value < 0.2  # without learning from what was pruned 12 and 15 on two seeds
