"""What was measured, as the engine's history: signs, weights, and what waits or has failed."""

import numpy as np
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.search_space import SearchSpace

from ax_lamoo.encoding import encoding_of
from ax_lamoo.goals import Goals
from ax_lamoo.history import history_of
from ax_lamoo.measured import Measured
from ax_lamoo.task import task_of
from lamoo import Settings
from lamoo.curves import Curve

ENCODING = encoding_of(
    SearchSpace([RangeParameter(n, ParameterType.FLOAT, 0.0, 1.0) for n in "xy"])
)


def arms(n, seed=0):
    return [dict(zip("xy", row, strict=True)) for row in np.random.default_rng(seed).random((n, 2))]


def measured(parameters, outcomes, *, sems=None, running=False):
    n, k = np.shape(outcomes)
    return Measured(
        arms=tuple(f"{i}_0" for i in range(n)),
        parameters=tuple(parameters),
        metrics=tuple(f"metric {i}" for i in range(k)),
        outcomes=np.array(outcomes, dtype=float),
        sems=np.full((n, k), np.nan) if sems is None else np.array(sems),
        running=np.full(n, running),
        curves=(Curve.nothing(k),) * n,
    )


def goals(weights, *, A=None, b=(), thresholds=None):
    m, k = np.shape(weights)
    return Goals(
        objectives=tuple(f"objective {j}" for j in range(m)),
        factors=-np.ones(m),
        weights=np.array(weights, dtype=float),
        thresholds=np.full(m, np.nan) if thresholds is None else np.array(thresholds),
        constraints=(np.empty((0, k)) if A is None else np.array(A, dtype=float), np.array(b)),
    )


def test_objectives_are_minimised_and_constraints_negative_where_they_hold():
    given, other = arms(4), arms(1, seed=1)
    outcomes = [[1.0, 2.0, 3.0, np.nan], [4.0, np.inf, 6.0, 0.0], [7.0, 8.0, np.nan, 0.0]]
    outcomes.append([1.0, np.nan, 2.0, 0.0])
    wanted = goals([[1, 0, 0, 0], [0, -2, 0, 0]], A=[[0, 0, 1, 0]], b=[4.0])
    history, whole = history_of(
        ENCODING, measured(given, outcomes), wanted, [*given[:3], *other], given[:1]
    )
    assert whole.arms == ("0_0", "1_0")
    np.testing.assert_array_equal(history.Y, [[-1.0, 4.0], [-4.0, np.inf]])
    np.testing.assert_array_equal(history.G, [[-1.0], [2.0]])
    X = ENCODING.encode(given)
    np.testing.assert_array_equal(history.X, X[:2])
    # those with data wait no more, nor do those that ended without all
    np.testing.assert_array_equal(history.pending, ENCODING.encode(other))
    np.testing.assert_array_equal(history.failed, X[:1])
    np.testing.assert_array_equal(history.partial.X, X[[2, 3]])
    np.testing.assert_array_equal(history.partial.Y, [[-7.0, 16.0], [-1.0, np.nan]])
    np.testing.assert_array_equal(history.partial.G, [[np.nan], [-2.0]])


def test_what_is_partially_known_is_pending_while_it_runs_and_neither_when_it_ended():
    given = arms(4)
    outcomes = [[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan], [np.nan, np.nan]]
    X = ENCODING.encode(given)
    for running, pending, failed in ((True, [1, 2, 3], []), (False, [], [2, 3])):
        history, _ = history_of(
            ENCODING,
            measured(given, outcomes, running=running),
            goals([[1, 0], [0, 1]]),
            given[1:2],
            [],
        )
        np.testing.assert_array_equal(history.pending, X[pending])
        np.testing.assert_array_equal(history.failed, X[failed].reshape(-1, 2))
        np.testing.assert_array_equal(history.partial.X, X[1:2])
        assert sorted(map(tuple, history.tried)) == sorted(map(tuple, X))


def test_noise_of_an_objective_is_that_of_the_weighted_sum():
    sems = [[0.1, 0.2, 0.0], [0.3, np.nan, 0.5], [0.0, 0.0, np.nan]]
    told = measured(arms(3), np.ones((3, 3)), sems=sems)
    history, _ = history_of(ENCODING, told, goals([[2, -3, 0], [0, 0, 1]]), [], [])
    expected = [[0.04 + 9 * 0.04, 0.0], [np.nan, 0.25], [0.0, np.nan]]
    np.testing.assert_allclose(history.noise, expected)


def test_thresholds_become_the_reference_point():
    def reference(thresholds):
        told = measured(arms(3), [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
        wanted = goals([[1, 0], [0, -1]], thresholds=thresholds)
        return task_of(ENCODING, wanted, told, [], [], settings=Settings()).settings.reference_point

    assert reference([np.nan, np.nan]) is None
    assert reference([-0.5, 8.0]) == (-0.5, 8.0)
    half = reference([-0.5, np.nan])
    assert half[0] == -0.5
    assert np.isnan(half[1])  # the engine completes it
