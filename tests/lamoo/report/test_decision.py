"""Which member of a front is taken; the methods' own tests are those of the frameworks."""

import numpy as np
import pytest

from lamoo.report import decision

pytest.importorskip("pymoo")
INF = float("inf")
#: A front and a trial that diverged in one objective and is the best in the other.
FRONT = np.array([[0.0, 1.0], [0.2, 0.2], [1.0, 0.0]])
PICKS = {
    "knee": decision.knee,
    "closest": decision.closest,
    "weighted": lambda Y: decision.weighted(Y, [1, 1]),
    "one objective": lambda Y: decision.weighted(Y, [0, 1]),
    "best": lambda Y: decision.best_under_limits(Y, 1, np.array([INF, INF]))[0],
}


@pytest.mark.parametrize("pick", PICKS.values(), ids=PICKS)
@pytest.mark.parametrize("diverged", [(INF, -5.0), (1e300, -5.0), (-INF, 0.5), (-5.0, INF)])
def test_a_diverged_trial_is_picked_only_if_there_is_no_other(pick, diverged):
    Y = np.vstack([[diverged], FRONT])
    assert pick(Y) == 1 + pick(FRONT)
    assert pick(np.array([diverged, diverged])) == 0


def test_what_is_measured_is_judged_by_all_trials_not_by_the_front_alone():
    # beside 0 alone 1e254 would stand for a failure, and count as the best there is
    Y = np.array([[1.0, 0.0], [0.0, 1e254], *[[3.0 + k, 2e254] for k in range(3)]])
    assert decision.weighted(Y, [1, 0]) == 1
    assert decision.weighted(Y, [0, 1]) == 0
    assert decision.closest(Y, [0.9, 0.0]) == 0
    assert decision.closest(Y, [0.1, 1e254]) == 1


def test_who_is_the_worst_of_all_but_for_rounding_is_not_picked_by_weights():
    less, more = np.nextafter(1.0, [0.0, 2.0])
    assert less + 1 == more + 1 == 2  # in the range of the front
    Y = np.array([[1.0, less], [-1.0, 1.0], [more, -1.0]])
    assert decision.weighted(Y, [1, 0]) == 1
    assert decision.weighted(Y, [0, 1]) == 2


def test_the_ideal_may_name_some_objectives_only():
    rng = np.random.default_rng(0)
    t = rng.random(30)
    Y = np.column_stack([t, (1 - t) ** 2])
    F = (Y - Y.min(axis=0)) / np.ptp(Y, axis=0)
    assert decision.closest(Y, [np.nan, np.nan]) == decision.closest(Y)
    missed = np.maximum(F[:, 0] - F[7, 0], F[:, 1])
    assert decision.closest(Y, [Y[7, 0], np.nan]) == missed.argmin()


@pytest.mark.parametrize("far", [0.0, -1e3, -1e15, -1e300])
def test_what_is_the_same_all_over_the_front_has_no_say_in_who_is_nearest(far):
    front = np.array([[0.0, 10.0], [3.0, 6.0], [6.0, 3.0], [10.0, 0.0]])
    for k, row in enumerate(front):
        with_constant = np.column_stack([front, np.full(4, 5.0)])
        assert decision.closest(with_constant, [*row, far]) == decision.closest(front, row) == k
        worse = [*(row + 100), far]
        assert decision.closest(with_constant, worse) == decision.closest(front, worse[:2])


@pytest.mark.parametrize("far", [-1e3, -1e15, -1e300])
def test_an_ideal_that_is_far_away_in_one_objective_asks_for_its_best(far):
    front = np.column_stack([np.linspace(0, 1e-3, 9), np.linspace(1, 0, 9)])
    for j in range(2):
        ideal = [0.0, 0.0]
        ideal[j] = far
        assert decision.closest(front, ideal) == front[:, j].argmin()
    assert decision.closest(np.array([[1e300, 2.0]]), [far, 0.0]) == 0


def test_where_no_point_keeps_the_limits_the_nearest_is_told(rng):
    Y = rng.random((20, 3)) * [1, 100, 1e4]
    limits = np.array([-0.1, np.inf, -50.0])
    excess = np.maximum(Y - limits, 0) / np.ptp(Y, axis=0)
    assert decision.best_under_limits(Y, 0, limits) == (excess.sum(axis=1).argmin(), False)
    for _ in range(20):
        limits = np.array([np.inf, *rng.random(2) * [100, 1e4]])
        inside = (Y <= limits).all(axis=1)
        best = np.where(inside, Y[:, 0], np.inf).argmin()
        if inside.any():
            assert decision.best_under_limits(Y, 0, limits) == (best, True)


def test_an_objective_that_is_infinite_everywhere_hides_no_other():
    Y = np.array([[INF, 3.0], [INF, 2.0], [INF, 4.0]])
    assert decision.best_under_limits(Y, 0, np.array([INF, 1.0])) == (1, False)
