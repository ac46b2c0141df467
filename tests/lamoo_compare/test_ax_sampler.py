"""Strategies of Ax as samplers of Optuna."""

import warnings

import optuna
import pytest

from lamoo_compare import samplers

pytest.importorskip("ax")
ax_sampler = pytest.importorskip("lamoo_compare.ax_sampler")


def objective(trial):
    n, c = trial.suggest_int("n", 0, 2), trial.suggest_categorical("c", ["p", "q"])
    return n + (c == "p"), 2 - n + (c == "q")


def test_a_finite_space_is_tried_and_then_drawn_from():
    sampler = ax_sampler.AxSampler(ax_sampler.STRATEGIES["lamoo"], 0)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    with warnings.catch_warnings(record=True) as caught:  # among those of Ax
        warnings.simplefilter("always")
        study.optimize(objective, n_trials=9)
    said = [str(warning.message) for warning in caught]
    assert sum("drawn at random: Every configuration" in text for text in said) == 1
    first = {tuple(trial.params.items()) for trial in study.trials[:6]}
    assert len(first) == 6
    assert len(study.trials) == 9


def test_the_strategies_that_samplers_name_without_ax_are_these():
    assert samplers.STRATEGIES_OF_AX == (*ax_sampler.STRATEGIES,)
