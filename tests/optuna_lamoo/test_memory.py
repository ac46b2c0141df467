"""What is remembered of finished trials: nothing that was read by half."""

import inspect
import sys
from itertools import count

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from optuna_lamoo import LaMOOSampler, early
from optuna_lamoo.ranges import Ranges
from optuna_lamoo.reader import Reader


def interrupted(function, at):
    """Press Ctrl-C when a function makes its n-th call; tell whether it came as far."""
    calls = 0

    def watch(frame, event, argument):
        nonlocal calls
        # an exception of a generator that is being closed reaches nobody
        calls += event == "call" and not frame.f_code.co_flags & inspect.CO_GENERATOR
        if calls == at:
            raise KeyboardInterrupt

    sys.setprofile(watch)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def trial(i):
    """Return a finished trial, of which every third was stopped; the range grows with them."""
    space = {"x": FloatDistribution(0, 1 + i // 4), "n": IntDistribution(0, 9)}
    stopped = i % 3 == 2
    return create_trial(
        state=TrialState.PRUNED if stopped else TrialState.COMPLETE,
        params={"x": i / 20, "n": i % 10},
        distributions=space,
        values=None if stopped else [i / 7, -i],
        user_attrs={"lamoo:reports": f"[[1, {i}, 2.0], [2, {i / 7}, 2.0]]"},
        system_attrs={"constraints": [0.5 - i]},
    )


def told_of_histories():
    reader, space = Reader(), trial(0).distributions

    def read(study):
        history = reader.history(space, study.get_trials(deepcopy=False), study.directions)
        return [history.X, history.Y, history.G, history.failed, history.partial.X]

    return read


def told_of_ranges():
    ranges = Ranges()
    return lambda study: [repr(ranges.read(study.get_trials(deepcopy=False)))]


def told_of_curves():
    memory = early.Memory()

    def read(study):
        curves = memory.curves(study, trial(0), study.directions)
        return [curves.steps, curves.values, curves.ends, curves.finals]

    return read


@pytest.mark.parametrize("told", [told_of_histories, told_of_ranges, told_of_curves])
def test_who_is_interrupted_while_trials_are_read_reads_them_again(told):
    for at in count(1):
        study, read = optuna.create_study(directions=["minimize"] * 2), told()
        study.add_trials([trial(i) for i in range(4)])
        read(study)
        study.add_trials([trial(i) for i in range(4, 7)])
        if not interrupted(lambda: read(study), at):  # noqa: B023  it is called at once
            break
        fresh = told()(study)  # the oracle: somebody who remembers nothing
        for found, expected in zip(read(study), fresh, strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=f"{at} calls")
    assert at > 10  # calls there are


@pytest.mark.parametrize("at", range(40, 400, 60))
def test_a_study_that_was_interrupted_goes_on_with_the_same_sampler(at):
    # a cell of a notebook is stopped and run again
    def objective(trial):
        x, n = trial.suggest_float("x", 0, 1), trial.suggest_int("n", 0, 9)
        return x, n - x

    def study_of(trials=()):
        sampler = LaMOOSampler(seed=0, solver="random", stale_after=0)
        study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
        study.add_trials(trials)
        return study

    study = study_of()
    study.optimize(objective, n_trials=3)
    assert interrupted(lambda: objective(study.ask()), at)
    study.tell(3, state=TrialState.FAIL)
    fresh = study_of(study.trials)
    for each in (study, fresh):
        each.optimize(objective, n_trials=3)
    assert [t.params for t in study.trials] == [t.params for t in fresh.trials]
