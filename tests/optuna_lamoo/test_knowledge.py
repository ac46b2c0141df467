"""What the figures and rules are made of is what the sampler works with."""

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler

from optuna_lamoo import LaMOOSampler
from optuna_lamoo.knowledge import knowledge_of


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if trial.number == 3:
        raise optuna.TrialPruned
    return x + (kind == "a"), (1 - x) ** 2


def study_with(sampler, n=30):
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(objective, n_trials=n)
    return study


def test_rows_are_the_trials_with_values():
    study = study_with(LaMOOSampler(seed=0, n_startup_trials=5), 20)
    known = knowledge_of(study)
    assert [trial.number for trial in known.trials] == [0, 1, 2, *range(4, 20)]
    signed = [(trial.values[0], -trial.values[1]) for trial in known.trials]
    assert known.history.Y.tolist() == [list(pair) for pair in signed]
    assert known.space.decode(known.history.X) == [
        {name: pytest.approx(value) for name, value in trial.params.items()}
        for trial in known.trials
    ]


def test_settings_are_the_samplers_turned_to_minimisation():
    sampler = LaMOOSampler(seed=0, solver="random", reference_point=[2.0, -1.0])
    assert knowledge_of(study_with(sampler, 8)).settings.reference_point == (2.0, 1.0)
    assert knowledge_of(study_with(RandomSampler(seed=0), 8)).settings.solver == "gp"


def test_path_begins_with_all_trials():
    known = knowledge_of(study_with(RandomSampler(seed=0), 40))
    assert np.array_equal(np.sort(known.path[0].members), np.arange(39))
    assert len(known.path) > 1


def test_nothing_to_know_is_told():
    study = optuna.create_study(directions=["minimize", "minimize"], study_name="empty")
    with pytest.raises(ValueError, match="'empty' has no finished trial"):
        knowledge_of(study)
    study.optimize(lambda _: (1.0, 2.0), n_trials=1)
    with pytest.raises(ValueError, match="no parameter with more than one value"):
        knowledge_of(study)
