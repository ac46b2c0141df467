"""Noisy objectives: which configurations are evaluated again, and the front of the means."""

import math
from collections import Counter

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from lamoo import Float, History, Settings, Space, Task, suggest
from optuna_lamoo import LaMOOSampler, mean_front


def noisy(std=0.1, seed=0):
    rng = np.random.default_rng(seed)

    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return tuple(np.array([x, 1 - x + y]) + rng.normal(0, std, 2))

    return objective


def searched(objective, n_trials, **settings):
    sampler = LaMOOSampler(seed=0, **{"n_startup_trials": 6} | settings)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=n_trials, catch=ArithmeticError)
    return study


def key(trial):
    return tuple(sorted(trial.params.items()))


def by_hand(trials):
    """Return configuration -> values of all its trials."""
    values = {}
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            values.setdefault(key(trial), []).append(trial.values)
    return {k: np.array(v) for k, v in values.items()}


def front_by_hand(trials, least=1):
    """Return the configurations that no other has a better mean than, by definition."""
    means = {k: v.mean(axis=0) for k, v in by_hand(trials).items() if len(v) >= least}
    return {
        k
        for k, y in means.items()
        if not any((z <= y).all() and (z < y).any() for z in means.values())
    }


def fewest_that_may_be_of_the_front(X, Y):
    """Return them by definition, those first that are of it: means less UCB1's margin."""
    values = {tuple(x): Y[(X == x).all(axis=1)] for x in X}
    means = {x: v.mean(axis=0) for x, v in values.items()}
    squares = sum(((v - v.mean(axis=0)) ** 2).sum(axis=0) for v in values.values())
    noise = np.sqrt(squares / max(len(X) - len(values), 1))

    def beaten(y):
        return any((z <= y).all() and (z < y).any() for z in means.values())

    def low(x):
        return means[x] - noise * math.sqrt(2 * math.log(len(X)) / len(values[x]))

    possible = [x for x in values if not beaten(low(x))]
    rank = {x: (len(values[x]), beaten(means[x])) for x in possible}
    return [x for x in possible if rank[x] == min(rank.values())]


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
def test_every_fourth_trial_repeats_the_member_of_the_front_with_the_fewest(solver):
    """Compared with the definition, trial by trial."""
    study = searched(noisy(), 26, reevaluate=4, solver=solver)
    trials = study.trials
    seen = Counter()
    for number, trial in enumerate(trials):
        if number >= 6 and number % 4 == 0:
            fewest = {k: seen[k] for k in front_by_hand(trials[:number])}
            assert seen[key(trial)] == min(fewest.values())
            assert key(trial) in fewest
        else:
            assert key(trial) not in seen
        seen[key(trial)] += 1


def test_without_it_nothing_is_repeated():
    assert max(Counter(map(key, searched(noisy(), 20).trials)).values()) == 1


def test_what_is_certain_is_not_repeated_for_long():
    study = searched(noisy(std=0), 40, reevaluate=2, solver="evolutionary")
    assert sum(Counter(map(key, study.trials)).values()) - len(by_hand(study.trials)) == 3


def test_failures_running_trials_fixed_parameters_and_infinity_do_no_harm():
    plain = noisy()

    def objective(trial):
        values = plain(trial)
        if trial.number % 5 == 3:
            raise ZeroDivisionError
        return (math.inf, values[1]) if trial.number % 7 == 2 else values

    study = searched(objective, 12, reevaluate=2, solver="evolutionary")
    running = [study.ask() for _ in range(4)]
    for trial in running:
        trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    # each goes to another member of the front as long as there are others
    repeated = [key(trial) for trial in running if key(trial) in by_hand(study.trials)]
    assert len(repeated) == 2
    assert len(set(repeated)) == 2
    for _ in range(4):
        study.enqueue_trial({"x": 0.125})
    study.optimize(objective, n_trials=4, catch=ArithmeticError)
    assert [trial.params["x"] for trial in study.trials[-4:]] == [0.125] * 4


def test_repeats_go_on_where_an_exhausted_study_may_go_on():
    def objective(trial):
        x = trial.suggest_int("x", 0, 4)
        return x + rng.normal(0, 0.01), (x - 2) ** 2 + rng.normal(0, 0.01)

    rng = np.random.default_rng(1)
    assert len(searched(objective, 40, reevaluate=5).trials) < 10  # stops as without noise
    study = searched(objective, 40, reevaluate=5, stop_when_exhausted=False)
    often = Counter(trial.params["x"] for trial in study.trials)
    assert len(study.trials) == 40
    # the front is 0, 1, 2, and all of its members get as much
    assert min(often[x] for x in (0, 1, 2)) > 5 * max(often[x] for x in (3, 4))


@pytest.mark.parametrize("every", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_no_member_of_the_true_front_is_given_up_for_a_bad_first_result(every):
    """Sixteen configurations, four of the front; each of those looks far worse at first."""
    rng = np.random.default_rng(5)
    seen = set()

    def objective(trial):
        x, y = trial.suggest_int("x", 0, 3), trial.suggest_int("y", 0, 3)
        bad = 1.5 if y == 0 and x not in seen else 0.0
        seen.add(x) if y == 0 else None
        return tuple(np.array([x, 3 - x]) + 2 * y + bad + rng.normal(0, 0.5, 2))

    study = searched(objective, 90, reevaluate=every, stop_when_exhausted=False, solver="random")
    often = Counter((t.params["x"], t.params["y"]) for t in study.trials)
    true = [often[x, 0] for x in range(4)]
    assert min(true) > 0.8 * max(true)
    assert sum(true) > 45
    assert {(m.params["x"], m.params["y"]) for m in mean_front(study)} == {(x, 0) for x in range(4)}


def test_the_same_seed_repeats_the_same_trials_after_a_stop():
    def run(*parts):
        study = searched(noisy(), 0, reevaluate=3)
        objective = noisy()
        for part in parts:
            study.sampler = LaMOOSampler(seed=0, n_startup_trials=6, reevaluate=3)
            study.optimize(objective, n_trials=part)
        return [trial.params for trial in study.trials]

    assert run(18) == run(7, 6, 5)


@pytest.mark.parametrize(("wrong"), [0, 1, -3, 2.5, "often"])
def test_a_wrong_number_is_named(wrong):
    with pytest.raises(ValueError, match="reevaluate must be"):
        LaMOOSampler(reevaluate=wrong)


@pytest.mark.parametrize("least", [1, 2, 3])
def test_the_front_of_the_means_is_the_one_by_definition(least):
    study = searched(noisy(0.3), 40, reevaluate=2, solver="random")
    front = mean_front(study, min_trials=least)
    values = by_hand(study.trials)
    assert {key(member) for member in front} == front_by_hand(study.trials, least)
    for member in front:
        mine = values[key(member)]
        np.testing.assert_allclose(member.values, mine.mean(axis=0))
        assert [trial.values for trial in member.trials] == mine.tolist()
        if len(mine) > 1:
            np.testing.assert_allclose(member.std, mine.std(axis=0, ddof=1))
        else:
            assert np.isnan(member.std).all()


def test_directions_constraints_and_other_samplers():
    study = optuna.create_study(directions=["maximize", "minimize"])
    space = {"x": FloatDistribution(0, 1)}

    def add(x, values, broken=0.0):
        study.add_trial(
            optuna.create_trial(
                params={"x": x},
                distributions=space,
                values=values,
                system_attrs={"constraints": [broken]},
            )
        )

    for values in ([1.0, 1.0], [0.0, 1.0]):
        add(0.25, values)
    add(0.5, [0.6, 1.0])
    add(0.75, [9.0, 0.0], broken=2.0)
    add(0.75, [9.0, 0.0], broken=-1.0)
    (member,) = mean_front(study)
    assert (member.params, member.values) == ({"x": 0.5}, (0.6, 1.0))
    assert mean_front(study, min_trials=2)[0].values == (0.5, 1.0)
    assert mean_front(study, min_trials=3) == []


def test_there_must_be_a_trial():
    with pytest.raises(ValueError, match="no finished trial"):
        mean_front(optuna.create_study())
    for wrong in (0, 1.5, "2"):
        with pytest.raises(ValueError, match="min_trials must be at least 1, a whole number"):
            mean_front(optuna.create_study(), min_trials=wrong)


def test_the_engine_judges_by_means_and_learns_from_the_values():
    """Of the lucky point, which was evaluated again and again, only the mean counts."""
    rng = np.random.default_rng(0)
    X = rng.random((12, 2))
    X[6:] = X[0]
    Y = np.stack([X[:, 0], 1 - X[:, 0] + X[:, 1]], axis=1)
    Y[0] = -5.0
    history = History(X, Y)
    np.testing.assert_allclose(history.means[0], Y[[0, *range(6, 12)]].mean(axis=0))
    np.testing.assert_array_equal(history.means[1:6], Y[1:6])
    assert not np.isnan(history.means).any()
    settings = Settings(n_startup=2, reevaluate=6)
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    x = suggest(Task(space, history, settings), 1, rng)[0]
    assert tuple(x) in fewest_that_may_be_of_the_front(X, Y)


def test_equal_values_have_exactly_that_mean_and_infinities_the_worst():
    X = np.full((3, 1), 0.5)
    assert (History(X, np.full((3, 2), 0.1)).means == 0.1).all()
    Y = np.array([[np.inf, 1.0], [-np.inf, 2.0], [0.0, 3.0]])
    np.testing.assert_array_equal(History(X, Y).means, [[np.inf, 2.0]] * 3)
    G = np.array([[1.0], [np.nan], [-3.0]])
    np.testing.assert_array_equal(History(X, Y, G).violation, 0)


def test_a_diverged_configuration_is_not_on_the_mean_front():
    study = optuna.create_study(directions=["minimize"] * 2)
    distribution = {"x": optuna.distributions.IntDistribution(0, 9)}
    for x, row in enumerate([[np.inf, 0.5], [0.3, 2.0], [0.1, 4.0], [-1e300, 9.0]]):
        study.add_trial(
            optuna.create_trial(params={"x": x}, distributions=distribution, values=row)
        )
    assert [member.params["x"] for member in mean_front(study)] == [1, 2]
