"""Search spaces that change while a study runs: ranges that depend, parameters that are new."""

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from lamoo.space import Space
from optuna_lamoo import LaMOOSampler, distributions, mean_front


def study_with(seed=0):
    return optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=LaMOOSampler(seed=seed, warn_independent_sampling=False),
    )


def configurations(study):
    return {frozenset(trial.params.items()) for trial in study.trials}


@pytest.mark.parametrize("seed", range(3))
def test_a_range_that_depends_on_another_parameter_ends_no_study_before_all_was_tried(seed):
    def triangle(trial):
        a = trial.suggest_int("a", 1, 5)
        b = trial.suggest_int("b", 1, a)
        return abs(a - 4) + 0.1 * b, -b

    study = study_with(seed)
    study.optimize(triangle, n_trials=60)
    # the ranges take turns, so they are branches, of which all is known once it was tried
    assert len(configurations(study)) == 15
    assert len(study.trials) < 25


def test_a_parameter_that_is_new_is_tried_with_what_was_tried_before():
    study = study_with()
    study.optimize(lambda trial: (trial.suggest_int("a", 0, 4), -trial.params["a"]), n_trials=20)
    assert len(study.trials) == 5  # all there are

    def with_another(trial):
        a, b = trial.suggest_int("a", 0, 4), trial.suggest_categorical("b", ["x", "y", "z"])
        return a + "xyz".index(b), -a

    study.optimize(with_another, n_trials=30)
    assert len(study.trials) == 5 + 15
    assert len(configurations(study)) == 5 + 15


def test_a_branch_that_is_left_out_later_is_a_branch():
    def branches(trial):
        kind = trial.suggest_categorical("kind", ["p", "q"])
        x = trial.suggest_int("x", 0, 3) if kind == "p" else trial.suggest_int("y", 0, 3)
        return x, -x

    study = study_with()
    study.optimize(branches, n_trials=30)
    assert len(configurations(study)) == 8
    assert len(study.trials) <= 8 + 2


def test_values_outside_a_narrowed_range_stay_different_and_in_their_order():
    values = [-1e6, -40.0, -1.0, 0.0, 5.0, 10.0, 20.0, 60.0, 80.0, 100.0, 1e6]
    space = Space({"x": distributions.parameter(FloatDistribution(0, 10))})
    places = space.encode([{"x": value} for value in values])[:, 0].tolist()
    assert places == sorted({*places})
    assert -1 <= places[0] < places[-1] <= 2


@pytest.mark.parametrize("last", [FloatDistribution(0, 10), FloatDistribution(5, 5)])
def test_the_front_of_means_does_not_mix_configurations_whose_range_has_changed(last):
    study = study_with()
    for x in (40.0, 60.0, 60.0, 100.0):
        add(study, {"x": (x, FloatDistribution(0, 100))}, [x, 100 - x])
    add(study, {"x": (5.0, last)}, [5.0, 95.0])
    front = {member.params["x"]: member for member in mean_front(study)}
    assert {x: member.values for x, member in front.items()} == {
        x: (x, 100 - x) for x in (5.0, 40.0, 60.0, 100.0)
    }
    assert [len(front[x].trials) for x in (5.0, 40.0, 60.0, 100.0)] == [1, 1, 2, 1]


def test_a_parameter_that_is_frozen_does_not_make_one_of_several_configurations():
    study = study_with()
    for b in range(3):
        add(study, {"a": (1, IntDistribution(0, 3)), "b": (b, IntDistribution(0, 3))}, [b, -b])
    add(study, {"a": (2, IntDistribution(0, 3)), "b": (0, IntDistribution(0, 0))}, [9.0, 9.0])
    assert len(mean_front(study)) == 3


def add(study, given, values):
    params = {name: value for name, (value, _) in given.items()}
    distributions = {name: distribution for name, (_, distribution) in given.items()}
    study.add_trial(optuna.create_trial(params=params, distributions=distributions, values=values))


@pytest.mark.parametrize("before", [["a", None], [(1, 2), (3,)]])
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution should be:UserWarning")
def test_choices_of_an_added_study_that_are_numbers_now_end_no_study(before):
    def objective(trial, choices=()):
        x = trial.suggest_categorical("x", choices) if choices else trial.suggest_int("x", 1, 9)
        y = trial.suggest_float("y", 0, 1)
        return y, 0.0 if choices else x - y

    studies = [
        optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
        for sampler in (optuna.samplers.RandomSampler(0), LaMOOSampler(seed=0, n_startup_trials=3))
    ]
    studies[0].optimize(lambda trial: objective(trial, before), n_trials=5)
    studies[1].add_trials(studies[0].trials)
    studies[1].optimize(objective, n_trials=8)
    assert [trial.state.name for trial in studies[1].trials] == ["COMPLETE"] * 13
    warm = LaMOOSampler(seed=0, n_startup_trials=3, warm_start=studies[0])
    follow_up = optuna.create_study(directions=["minimize"] * 2, sampler=warm)
    follow_up.optimize(objective, n_trials=8)
    assert [trial.state.name for trial in follow_up.trials] == ["COMPLETE"] * 8
