"""When a study has nothing left: what proves it, what does not, and who is told."""

import math

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from lamoo.stopping import conclusive
from optuna_lamoo import LaMOOSampler
from optuna_lamoo.ranges import SETTLED

BATCHES = (16, 32)


def study_with(storage=None, **settings):
    sampler = LaMOOSampler(
        seed=0, solver="evolutionary", warn_independent_sampling=False, **settings
    )
    return optuna.create_study(directions=["minimize"] * 2, sampler=sampler, storage=storage)


def give_up(how):
    if how == "raise":
        raise ArithmeticError
    if how == "prune":
        raise optuna.TrialPruned
    return how


RETURNED = [(math.nan, 1.0), (math.inf, math.inf), (1e300, 1e300), (0.0, 0.0), (1.0, 2.0)]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        pytest.param(
            kind, how, marks=() if kind == "memory" or how == "prune" else pytest.mark.slow
        )
        for kind in ("memory", "journal", "sqlite")
        for how in ("raise", "prune", *RETURNED)
    ],
    ids=str,
)
def test_what_ends_before_all_parameters_are_asked_for_ends_no_study(make_storage, kind, how):
    def objective(trial):
        batch = trial.suggest_categorical("batch", BATCHES)
        if trial.number < 3:
            return give_up(how)
        lr = trial.suggest_float("lr", 0, 1)
        return lr, (1 - lr) * batch

    study = study_with(make_storage(kind))
    study.optimize(objective, n_trials=8, catch=ArithmeticError)
    assert len(study.trials) == 8


@pytest.mark.parametrize("how", ["raise", "prune"])
def test_a_study_in_which_nothing_was_measured_goes_on(how):
    def objective(trial):
        trial.suggest_categorical("batch", BATCHES)
        return give_up(how)

    study = study_with()
    study.optimize(objective, n_trials=30, catch=ArithmeticError)
    assert len(study.trials) == 30


@pytest.mark.parametrize("last", [10, 12, 13])
def test_a_range_that_moves_on_when_it_has_been_tried_ends_no_study(last):
    def objective(trial):
        low, high = (0, last) if trial.number <= last else (last + 1, last + 2)
        x = trial.suggest_int("x", low, high)
        return x, -x

    study = study_with()
    study.optimize(objective, n_trials=last + 9)
    assert len(study.trials) == last + 9
    assert {t.params["x"] for t in study.trials} == {*range(last + 3)}


#: name -> the range of x at first, and after it has changed.
CHANGES = {
    "widened": (IntDistribution(0, 3), IntDistribution(0, 5)),
    "narrowed": (IntDistribution(0, 5), IntDistribution(1, 3)),
    "moved": (IntDistribution(0, 3), IntDistribution(7, 9)),
    "finer": (FloatDistribution(0, 1, step=0.5), FloatDistribution(0, 1, step=0.25)),
    "one value": (IntDistribution(0, 5), IntDistribution(2, 2)),
    "from real numbers": (FloatDistribution(0, 1), FloatDistribution(0, 1, step=0.25)),
}


@pytest.mark.parametrize("settings", [{}, {"reevaluate": 4}], ids=str)
@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_study_whose_range_has_changed_ends_when_all_of_the_new_one_was_tried(
    change, resumed, settings
):
    before, after, last = *CHANGES[change], 6

    def objective(trial):
        x = trial._suggest("x", before if trial.number < last else after)
        y = trial.suggest_int("y", 0, 2)
        return x + y, (y - 1) ** 2

    study = study_with(**settings)
    if resumed:
        study.optimize(objective, n_trials=last)
        study.sampler = study_with(**settings).sampler
    study.optimize(objective, n_trials=80)
    xs = np.arange(after.low, after.high + 1e-9, after.step)
    tried = {(t.params["x"], t.params["y"]) for t in study.trials}
    assert {(x, y) for x in xs.tolist() for y in range(3)} <= tried
    # ten trials tell that the range stays; those that are evaluated again by wish are not counted
    again = (last + max(len(xs) * 3, SETTLED)) // 4 + 2 if settings else 0
    assert len(study.trials) <= last + max(len(xs) * 3, SETTLED) + again


def test_a_range_that_changes_again_and_again_ends_no_study():
    def objective(trial):
        x = trial.suggest_int("x", trial.number // 4, trial.number // 4 + 1)
        return x, -x

    study = study_with()
    study.optimize(objective, n_trials=40)
    assert len(study.trials) == 40


@pytest.mark.parametrize(
    ("space", "more"),
    [
        ({"x": IntDistribution(0, 5)}, 0),
        ({"x": IntDistribution(0, 12)}, 1),  # one trial looks whether the range moves on
        ({"x": CategoricalDistribution(range(13))}, 0),  # which choices cannot
        ({"x": IntDistribution(0, 12), "y": IntDistribution(0, 1)}, 0),  # it was asked for again
        ({"x": CategoricalDistribution((0, 1))}, 3),  # few results
    ],
    ids=str,
)
@pytest.mark.parametrize("told", [False, True])
def test_a_study_ends_when_all_of_its_space_was_tried(space, more, told):
    def objective(trial):
        values = [trial._suggest(name, distribution) for name, distribution in space.items()]
        return sum(values), -values[0]

    study = study_with(search_space=space) if told else study_with()
    study.optimize(objective, n_trials=60)
    configurations = {str(t.params) for t in study.trials}
    size = math.prod(
        len(d.choices) if isinstance(d, CategoricalDistribution) else d.high - d.low + 1
        for d in space.values()
    )
    assert len(configurations) == size
    assert len(study.trials) == size + (0 if told else more)


def test_who_asks_and_tells_is_told_once_and_what_is_true_there(complaints):
    study = study_with()
    for _ in range(12):
        asked = study.ask()
        x = asked.suggest_int("x", 0, 5)
        study.tell(asked, [x, -x])
    (said,) = [line for line in complaints() if "every configuration was tried" in line]
    assert "stopping" not in said


def test_a_study_is_said_to_be_stopped_once_by_its_threads_and_again_when_it_is_run_again(
    complaints,
):
    def objective(trial):
        x = trial.suggest_int("x", 0, 5)
        return x, -x

    study = study_with()
    study.optimize(objective, n_trials=30, n_jobs=3)
    assert sum("stopping it" in line for line in complaints()) == 1
    study.optimize(objective, n_trials=30)
    assert sum("stopping it" in line for line in complaints()) == 2


@pytest.mark.parametrize(
    ("Y", "expected"),
    [
        ([], False),
        ([[math.inf, 1.0]] * 20, False),
        ([[i, 1.0] for i in range(4)], False),
        ([[i, 1.0] for i in range(5)], True),
        ([[i, 1.0] for i in range(4)] + [[math.inf, math.inf]], True),
        ([[1.0, 1.0]] * 9, False),
        ([[1.0, 1.0]] * 10, True),
    ],
)
def test_what_results_say_of_the_space(Y, expected):
    assert conclusive(np.reshape(Y, (-1, 2)).astype(float)) is expected
