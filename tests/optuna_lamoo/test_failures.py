"""Where trials fail or are pruned for a reason, the sampler learns to stay away."""

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from lamoo import Float, History, Space, pareto
from lamoo.partition import split
from lamoo.partition.region import Region
from lamoo.solvers import evolutionary
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


@pytest.mark.parametrize(
    "solver", ["gp", "evolutionary", pytest.param("gp-fast", marks=pytest.mark.slow)]
)
def test_a_branch_that_always_fails_and_values_that_repeat(solver):
    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "b":
            for i in range(3):
                trial.suggest_categorical(f"op{i}", ["x", "y", "z"])
            raise MemoryError
        n = trial.suggest_int("n", 0, 63)
        trial.suggest_categorical("unused", ["u", "v"])
        return n / 7, -(n**0.5)

    study = optuna.create_study(
        directions=["minimize"] * 2, sampler=LaMOOSampler(seed=1, solver=solver)
    )
    study.optimize(objective, n_trials=40, catch=(MemoryError,))
    assert len(study.trials) == 40


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [("gp", 1), ("evolutionary", 3), pytest.param("gp", 3, marks=pytest.mark.slow)],
)
def test_a_search_is_not_lost_where_what_would_be_best_fails(solver, seeds):
    runs = [searched(LaMOOSampler(seed=seed, solver=solver)) for seed in range(seeds)]
    volumes = [volume for _, volume in runs]
    assert np.median(volumes) > np.median([searched(RandomSampler(seed=s))[1] for s in range(3)])
    for study, _ in runs:
        late = [trial.state for trial in study.trials[-40:]].count(TrialState.COMPLETE)
        assert late > 30 if solver == "evolutionary" else late >= 4
    if solver == "gp":
        assert min(volumes) > 1.2  # 1.26 is all there is


def test_failures_by_chance_draw_a_boundary_as_seldom_as_said():
    drawn = np.zeros(3)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        space = Space({str(j): Float(0, 1) for j in range(5)})
        X, chance = rng.random((200, 5)), rng.random(200) < 0.3
        reason = X[:, 0] + X[:, 1] > 1.2
        for k, lost in enumerate((chance, reason, chance | reason)):
            history = History(X[~lost], rng.random((np.sum(~lost), 2)), failed=X[lost])
            drawn[k] += len(evolutionary.unlike_failures(history, Region(space)).sides)
    assert drawn[0] <= 8  # one in twenty is three; more than eight happens once in 300 times
    assert drawn[1] == 60
    assert drawn[2] > 50  # a reason among as many failures by chance is mostly seen


def test_with_many_features_the_boundary_of_failures_is_learned_at_scheduled_lengths(
    rng, monkeypatch
):
    space = Space({str(j): Float(0, 1) for j in range(40)})
    X = rng.random((240, 40))
    lost, fits, fit = X[:, 0] > 0.8, [], split._logistic

    def counted(features, good):
        fits.append(len(features))
        return fit(features, good)

    monkeypatch.setattr(split, "_logistic", counted)
    evolutionary._boundaries.clear()
    good, bad = X[~lost], X[lost]
    found = [
        evolutionary.unlike_failures(
            History(good[:n], np.zeros((n, 2)), failed=bad[:32]), Region(space)
        ).sides[-1][0]
        for n in range(160, 168)
    ]
    assert len(fits) == 2  # one to see whether it tells, one to tell
    assert all(boundary is found[0] for boundary in found)
    assert found[0].model.weights[0] < 0


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
