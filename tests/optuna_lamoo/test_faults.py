"""Objectives that fail, lie or report odd numbers: the study goes on and its front is right."""

import math

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from optuna_lamoo import LaMOOSampler
from optuna_lamoo.knowledge import knowledge_of

SOLVERS = ["gp", "evolutionary"]
COMPLETE, FAIL, PRUNED = TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED


def _raise(values):
    raise RuntimeError


def _prune(values):
    raise optuna.TrialPruned


#: What some trials do instead of returning values, and how they end.
FAULTS = {
    "raises": (_raise, FAIL),
    "nan": (lambda values: [math.nan, values[1]], FAIL),
    "wrong type": (lambda values: ["?", values[1]], FAIL),
    "none": (lambda values: None, FAIL),
    "wrong number": (lambda values: [*values, 0.0], FAIL),
    "pruned": (_prune, PRUNED),
    "inf": (lambda values: [math.inf, values[1]], COMPLETE),
    "-inf": (lambda values: [-math.inf, values[1]], COMPLETE),
    "both inf": (lambda values: [math.inf, -math.inf], COMPLETE),
    "1e300": (lambda values: [1e300, -1e300], COMPLETE),
    "-1e200": (lambda values: [-1e200, values[1]], COMPLETE),
    "1e200": (lambda values: [1e200, -1e200], COMPLETE),
    "1e-300": (lambda values: [1e-300, 1e-300], COMPLETE),
}


def run(solver, fault, n, share=0.3):
    """Return a study of which a share of trials, the same for all faults, are faulty."""
    sampler = LaMOOSampler(seed=3, n_startup_trials=6, solver=solver)
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    wrong = np.random.default_rng(5).random(n) < share

    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        values = [(x - 0.2) ** 2 + y**2, -((x - 0.8) ** 2) - y**2]
        return FAULTS[fault][0](values) if wrong[trial.number] else values

    study.optimize(objective, n_trials=n, catch=RuntimeError)
    return study, wrong


def front(Y):
    """Return which rows (n, m), minimised, no other dominates, by comparing all pairs."""
    no_worse = (Y[:, None] <= Y[None]).all(axis=2)
    return ~(no_worse & ~no_worse.T).any(axis=0)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_study_goes_on_and_its_front_is_right(solver, fault, complaints):
    n = 18
    study, wrong = run(solver, fault, n)
    ends = [FAULTS[fault][1] if bad else COMPLETE for bad in wrong]
    assert [trial.state for trial in study.trials] == ends
    assert len({str(trial.params) for trial in study.trials}) == n
    complete = [trial for trial in study.trials if trial.state == COMPLETE]
    Y = np.array([trial.values for trial in complete]) * [1, -1]
    best = [t.number for t, good in zip(complete, front(Y), strict=True) if good]
    assert sorted(trial.number for trial in study.best_trials) == best
    # nothing is lost: what is learned from are all complete trials, in their order
    history = knowledge_of(study).history
    np.testing.assert_array_equal(history.Y, Y)
    assert len(history.failed) == n - len(complete)
    assert [m for m in complaints() if "could not propose" in m] == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_in_whichever_way_a_trial_fails_is_all_the_same(solver):
    alike = FAULTS.keys() - {"1e-300"}  # which is a number like any other
    drawn = [[trial.params for trial in run(solver, fault, 14)[0].trials] for fault in alike]
    assert all(params == drawn[0] for params in drawn)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("unit", [2.0**-900, 2.0**900])
def test_units_change_nothing(solver, unit, complaints):
    # powers of two, which change no digit; the reference point is inferred
    studies = []
    for scale in (1.0, unit):
        sampler = LaMOOSampler(seed=0, n_startup_trials=6, solver=solver)
        study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)

        def objective(trial, scale=scale):
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
            return scale * ((x - 0.2) ** 2 + y), scale * ((x - 0.8) ** 2 + y)

        study.optimize(objective, n_trials=12)
        studies.append([[t.params["x"], t.params["y"]] for t in study.trials])
    np.testing.assert_allclose(studies[1], studies[0], atol=1e-4)
    assert complaints() == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_trials_that_take_a_hundred_times_longer_hold_nothing_up(solver):
    # four workers on a clock of their own: the slow ones stay pending while others finish
    sampler = LaMOOSampler(seed=1, n_startup_trials=6, solver=solver)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    rng, clock, running = np.random.default_rng(2), 0.0, []
    while len(study.get_trials(states=(COMPLETE,))) < 24:
        while len(running) < 4:
            trial = study.ask()
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
            took = 100.0 if rng.random() < 0.1 else 1.0
            running.append((clock + took, trial, [x + y, (1 - x) ** 2 + y]))
        running.sort(key=lambda item: item[0])
        clock, trial, values = running.pop(0)
        study.tell(trial, values)
    assert len({str(trial.params) for trial in study.trials}) == len(study.trials)
    late = [t.params["y"] for t in study.trials[14:]]
    assert np.median(late) < 0.2  # a uniform y is below that in one of five trials
