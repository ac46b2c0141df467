"""How often a proposal reads a study: once, and once more to see its note among others'."""

import threading

import optuna
import pytest
from optuna.samplers import PartialFixedSampler

from lamoo import Space
from optuna_lamoo import LaMOOSampler, columns

from .conftest import Counting


def mixed(trial):
    x = trial.suggest_float("x", 0, 1)
    width = trial.suggest_int("width", 1, 512, log=True)
    return x + (trial.suggest_categorical("op", ["conv", "pool"]) == "pool"), x - width


@pytest.mark.parametrize("solver", ["evolutionary", "gp-fast"])
def test_a_proposal_reads_the_trials_once_and_again_after_its_note(solver, monkeypatch):
    sampler = LaMOOSampler(seed=0, solver=solver, n_startup_trials=4)
    study = optuna.create_study(directions=["minimize"] * 2, storage=Counting(), sampler=sampler)
    study.optimize(mixed, n_trials=6)
    counted = study._storage.calls

    def made(*arguments, **named):
        counted["spaces"] += 1
        return Space(*arguments, **named)

    monkeypatch.setattr(columns, "Space", made)
    for _ in range(6):
        counted.clear()
        trial = study.ask()
        before = counted["trials"]  # Optuna looks for what is enqueued
        values = mixed(trial)
        assert counted["trials"] - before == 2  # what is there, and who has the same point
        assert counted["notes"] == counted["spaces"] == 1
        study.tell(trial, values)
        assert counted["trials"] - before == 2  # a space with floats is never exhausted


def test_what_was_read_is_not_used_for_another_trial_or_after_another_note():
    study = optuna.create_study(
        directions=["minimize"] * 2,
        storage=Counting(),
        sampler=LaMOOSampler(seed=0, solver="evolutionary", n_startup_trials=0),
    )
    study.optimize(mixed, n_trials=2)
    sampler, counted = study.sampler, study._storage.calls
    first, second = (study.ask() for _ in range(2))
    space = sampler.infer_relative_search_space(study, first._cached_frozen_trial)
    # as if another thread had its turn in between
    thread = threading.Thread(target=lambda: second.suggest_float("x", 0, 1))
    thread.start()
    thread.join()
    counted.clear()
    sampler.sample_relative(study, first._cached_frozen_trial, space)
    assert counted["trials"] == 2
    third = study.ask()
    sampler.infer_relative_search_space(study, first._cached_frozen_trial)
    counted.clear()
    sampler.sample_relative(study, third._cached_frozen_trial, space)
    assert counted["trials"] == 2


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_trial_of_which_everything_is_held_has_no_proposal():
    study = optuna.create_study(
        directions=["minimize"] * 2,
        storage=Counting(),
        sampler=LaMOOSampler(seed=0, solver="evolutionary"),
    )
    study.optimize(mixed, n_trials=2)
    held = {"x": 0.5, "width": 8, "op": "pool"}
    # a new sampler, which has met no choices yet
    study.sampler = PartialFixedSampler(held, LaMOOSampler(seed=0, solver="evolutionary"))
    study._storage.calls.clear()
    study.optimize(mixed, n_trials=1)
    assert study.trials[-1].params == held
    assert study._storage.calls["notes"] == 0
