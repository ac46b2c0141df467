"""One trial of the front, against definitions by brute force."""

import sys

import numpy as np
import optuna
import pytest

from optuna_lamoo.decision import best_under_limits, closest, knee, weighted


def study_of(rows, directions=("minimize", "maximize"), constraints=None):
    study = optuna.create_study(directions=directions)
    for i, row in enumerate(rows):
        trial = study.ask()
        if constraints:
            trial.set_constraint("c", constraints[i])
        study.tell(trial, row)
    return study


#: An L: the corner is the knee. Objective 0 down, objective 1 up.
CORNER = [(x, -y) for x, y in zip(np.linspace(0, 0.1, 8), np.linspace(1, 0.1, 8), strict=True)]
CORNER += [(x, -y) for x, y in zip(np.linspace(0.2, 1, 8), np.linspace(0.09, 0, 8), strict=True)]


def test_knee_is_the_corner():
    assert knee(study_of([*CORNER, (2.0, -2.0)])).values == [0.1, -0.1]


def test_closest_misses_the_ideal_by_least():
    rng = np.random.default_rng(0)
    t = rng.random(40)
    rows = list(zip(100 * t, -((1 - t) ** 2), strict=True))
    study = study_of(rows)
    F = np.column_stack([t, (1 - t) ** 2])
    F = (F - F.min(axis=0)) / np.ptp(F, axis=0)
    assert closest(study).number == F.max(axis=1).argmin()
    assert closest(study, [100 * t[3], rows[3][1]]).number == 3


def test_weights_ask_for_ends_and_middle():
    t = np.linspace(0, 1, 11)
    study = study_of(list(zip(t, t - 1, strict=True)))
    assert weighted(study, [1, 0]).values[0] == 0
    assert weighted(study, [0, 5]).values[0] == 1
    assert weighted(study, [2, 2]).values[0] == pytest.approx(0.5)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_limits_are_in_the_users_directions():
    rows = [(10.0, 0.90), (14.9, 0.93), (15.1, 0.95), (14.0, 0.93), (3.0, 0.5)]
    study = study_of(rows)
    study.set_metric_names(["latency", "accuracy"])
    assert best_under_limits(study, "accuracy", {"latency": 15}).number == 3
    assert best_under_limits(study, 1, {0: 12}).number == 0
    assert best_under_limits(study, 0, {1: 0.92}).number == 3
    assert best_under_limits(study, 0, {}).number == 4
    with pytest.raises(ValueError, match="no trial keeps them; trial 4 is the nearest"):
        best_under_limits(study, "accuracy", {"latency": 2})
    with pytest.raises(ValueError, match=r"0 to 1 or one of \['latency', 'accuracy'\], got 'size'"):
        best_under_limits(study, "size", {})
    with pytest.raises(ValueError, match="got 2"):
        best_under_limits(study, 1, {2: 0})


@pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="constraints: Optuna 5")
def test_infeasible_trials_are_not_picked():
    rows = [(0.0, 1.0), (0.5, 0.5), (1.0, 0.6)]
    study = study_of(rows, constraints=[1.0, -1.0, 0.0])
    assert best_under_limits(study, 0, {}).number == 1
    assert closest(study).number in (1, 2)
    with pytest.raises(ValueError, match="no finished feasible trial"):
        closest(study_of(rows, constraints=[1.0, 1.0, 1.0]))


@pytest.mark.parametrize(
    "rows",
    [
        [(1.0, 2.0)],
        [(1.0, 2.0), (0.0, 1.0)],
        [(1.0, 2.0)] * 5,
        [(float("-inf"), 0.0), (1.0, 1.0), (2.0, float("inf"))],
        [(0.0, i / 10) for i in range(5)],
    ],
)
def test_degenerate_fronts_have_an_answer(rows):
    study = study_of(rows)
    front = {trial.number for trial in study.best_trials}
    for trial in (knee(study), closest(study), weighted(study, [1, 1]), weighted(study, [1, 0])):
        assert trial.number in front


def test_three_objectives():
    rng = np.random.default_rng(1)
    Y = np.abs(rng.normal(size=(60, 3)))
    Y /= np.linalg.norm(Y, axis=1)[:, None]
    study = study_of(Y.tolist(), ["minimize"] * 3)
    best = Y.argmin(axis=0)
    for j in range(3):
        weights = [0.0] * 3
        weights[j] = 1.0
        assert weighted(study, weights).values[j] == pytest.approx(Y[best[j], j], abs=0.15)
    assert knee(study).number < 60


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("nan")]])
def test_wrong_weights_are_named(weights):
    with pytest.raises(ValueError, match="weights must hold 2 numbers"):
        weighted(study_of(CORNER), weights)


def test_wrong_ideal_is_named():
    with pytest.raises(ValueError, match="ideal must hold 2 finite numbers"):
        closest(study_of(CORNER), [1])


@pytest.mark.parametrize(
    ("pick", "message"),
    [
        (lambda s: closest(s, {"accuracy": 0.95}), "ideal must name objectives, .*got 'accuracy'"),
        (lambda s: closest(s, 5), "ideal must hold 2 finite numbers, or map"),
        (lambda s: closest(s, "ab"), "ideal must hold 2 finite numbers, or map"),
        (lambda s: weighted(s, {2: 1.0}), "weights must name objectives, 0 to 1"),
        (lambda s: weighted(s, {0: -1.0}), "weights must hold 2 numbers of at least 0"),
        (lambda s: best_under_limits(s, 0, [1, 2]), "limits must map"),
        (lambda s: best_under_limits(s, 0, {1: float("nan")}), "limits must map"),
        (lambda s: best_under_limits(s, 0, {5: 1.0}), "limits must name objectives, 0 to 1"),
        (lambda s: best_under_limits(s, True, {1: 1.0}), "objective must be 0 to 1"),
    ],
)
def test_a_wrong_argument_is_named(pick, message):
    with pytest.raises(ValueError, match=message):
        pick(study_of(CORNER))


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_numbers_by_objective_are_numbers_in_their_order():
    study = study_of(CORNER)
    study.set_metric_names(["size", "accuracy"])
    for ideal in ([1.0, 5.0], [0.0, 0.0]):
        named = dict(zip(("accuracy", "size"), reversed(ideal), strict=True))
        assert closest(study, named) == closest(study, ideal)
    picked = [weighted(study, weights) for weights in ({"accuracy": 3.0}, {1: 3.0}, [0, 3])]
    assert picked[0] == picked[1] == picked[2]


def test_without_pymoo_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymoo.decomposition.asf", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lamoo\[decision\]'"):
        closest(study_of(CORNER))


@pytest.mark.parametrize("broken", [np.inf, -np.inf, 1e300, -1e300])
def test_a_diverged_trial_is_never_recommended(broken):
    rows = [(broken, 0.5), (0.3, 2.0), (0.1, 4.0), (0.2, 2.5)]
    study = study_of(rows, ("minimize", "minimize"))
    sane = study_of(rows[1:], ("minimize", "minimize"))
    for pick in (
        knee,
        closest,
        lambda s: weighted(s, [0, 1]),
        lambda s: best_under_limits(s, 1, {}),
    ):
        assert pick(study).values == pick(sane).values
    with pytest.raises(ValueError, match="trial 1 is the nearest"):
        best_under_limits(study, 0, {1: 1.0})


def test_where_all_trials_diverged_one_is_recommended():
    rows = [(np.inf, 0.5), (np.inf, 0.2), (np.inf, 0.4)]
    assert closest(study_of(rows, ("minimize", "minimize"))).number == 1
