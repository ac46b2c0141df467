"""Between Ax's features and the engine's points: nothing is lost, and every kind keeps its kind."""

import numpy as np
import pytest
import torch
from ax.core.search_space import SearchSpaceDigest
from ax.generators.torch_base import TorchOptConfig
from hypothesis import example, given
from hypothesis import strategies as st

from ax_lamoo.convert import (
    Branch,
    Known,
    Measured,
    activity_of,
    columns_of,
    history_of,
    reference_of,
    space_of,
)
from lamoo import Categorical, Float, Integer, Space


def digest(**extra):
    """Return a search space of each kind of feature: 8 features, 6 parameters."""
    names = ["x", "i", "log", "batch", *(f"colour_OH_PARAM_{k}" for k in range(3)), "kind"]
    return SearchSpaceDigest(
        feature_names=names,
        bounds=[(-2, 3), (1, 4), (0, np.log10(20)), (16, 128), (0, 1), (0, 1), (0, 1), (0, 2)],
        ordinal_features=[1, 2, 3],
        categorical_features=[7],
        discrete_choices={
            1: [1, 2, 3, 4],
            2: np.log10(np.arange(1, 21)).tolist(),
            3: [16, 32, 128],
            7: [0, 1, 2],
        },
        **extra,
    )


def rows(n, rng):
    """Draw feature rows (n, 8) that Ax could hold."""
    space = digest()
    F = np.empty((n, 8))
    F[:, 0] = rng.uniform(-2, 3, n)
    for i in (1, 2, 3, 7):
        F[:, i] = rng.choice(space.discrete_choices[i], n)
    F[:, 4:7] = np.eye(3)[rng.integers(3, size=n)]
    return F


def known(
    F,
    outcomes,
    objectives,
    *,
    A=None,
    b=(),
    thresholds=None,
    failed=None,
    sems=None,
    running=False,
):
    k = np.shape(outcomes)[1]
    return Known(
        measured=Measured(
            arms=tuple(f"{i}_0" for i in range(len(F))),
            features=F,
            metrics=tuple(f"metric {i}" for i in range(k)),
            outcomes=np.array(outcomes, dtype=float),
            sems=np.full(np.shape(outcomes), np.nan) if sems is None else np.array(sems),
            running=np.full(len(F), running),
        ),
        objectives=np.array(objectives, dtype=float),
        thresholds=np.full(len(objectives), np.nan) if thresholds is None else thresholds,
        constraints=(np.empty((0, k)) if A is None else np.array(A, dtype=float), np.array(b)),
        failed=np.empty((0, F.shape[1])) if failed is None else failed,
        branches=(),
        search_space="",
        decode=lambda columns, X: [],
        encode=lambda columns, params: np.empty((0, 0)),
        seed=None,
    )


def test_every_kind_keeps_its_kind():
    assert columns_of(digest()).parameters == {
        "x": Float(-2.0, 3.0),
        "i": Integer(1, 4),
        "log": Integer(1, 20, log=True),
        "batch": Integer(0, 2),
        "colour": Categorical((0, 1, 2)),
        "kind": Categorical((0, 1, 2)),
    }


@given(st.integers(0, 2**32 - 1))
def test_features_come_back(seed):
    F = rows(20, np.random.default_rng(seed))
    columns = columns_of(digest())
    X = columns.encode(F)
    assert ((X >= 0) & (X <= 1)).all()
    np.testing.assert_allclose(columns.decode(X), F, rtol=1e-12, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_points_come_back(seed):
    columns = columns_of(digest())
    space = space_of(columns, TorchOptConfig(torch.ones(2, 2)), activity_of(columns, ()))
    X = space.sample(20, np.random.default_rng(seed))
    np.testing.assert_allclose(columns.encode(columns.decode(X)), X, atol=1e-9)


def ordered(choices):
    """Return the columns of one parameter with these ordered numbers."""
    return columns_of(
        SearchSpaceDigest(["n"], [(choices[0], choices[-1])], discrete_choices={0: list(choices)})
    )


@given(
    st.one_of(
        st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=9, unique_by=float),
        st.lists(st.integers(-200, 200), min_size=2, max_size=9, unique=True),
        st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=9, unique=True),
        # steps, consecutive integers, and the logarithms of those
        st.tuples(st.integers(-(2**60), 2**60), st.integers(1, 50))
        .map(lambda t: [t[0] + i * t[1] for i in range(7)])
        .filter(lambda numbers: len(set(map(float, numbers))) == 7),
        st.integers(1, 10**9).map(lambda low: np.log10(np.arange(low, low + 7.0)).tolist()),
    )
)
@example([50, 100, 150])
@example([18, 19])
@example([1e16, 1e16 + 2])
def test_ordered_numbers_stay_apart_and_in_order(choices):
    F = np.sort(np.array(choices, dtype=float))[:, None]
    columns = ordered(F[:, 0].tolist())
    X = columns.encode(F)
    assert (np.diff(X[:, 0]) > 0).all()
    np.testing.assert_array_equal(columns.decode(X), F)


def test_logarithms_are_told_from_numbers():
    def kind(*choices):
        return columns_of(SearchSpaceDigest(["n"], [(0, 1)], discrete_choices={0: choices}))

    assert kind(18, 34, 50, 101, 152).parameters["n"] == Integer(0, 4)
    assert kind(*range(50, 55)).parameters["n"] == Integer(50, 54)
    assert kind(*np.log10(np.arange(50, 55))).parameters["n"] == Integer(50, 54, log=True)


def test_values_that_left_the_space_are_where_the_engine_has_them():
    columns = columns_of(digest())
    F = np.repeat(rows(1, np.random.default_rng(0)), 4, axis=0)
    values = {
        "x": [-50.0, -3.0, 3.5, 8.0],
        "i": [-7.0, 0.0, 5.0, 90.0],
        "log": [1e-3, 0.1, 25.0, 1e6],
    }
    F[:, 0], F[:, 1], F[:, 2] = values["x"], values["i"], np.log10(values["log"])
    space = Space({name: columns.parameters[name] for name in values})
    each = np.array(list(values.values())).T.tolist()
    expected = space.encode([dict(zip(values, row, strict=True)) for row in each])
    X = columns.encode(F)[:, :3]
    np.testing.assert_allclose(X, expected, atol=1e-12)
    assert ((X < 0) | (X > 1)).all()


def test_ordered_values_beyond_and_between_the_choices_stay_there():
    F = np.repeat(rows(1, np.random.default_rng(0)), 7, axis=0)
    F[:, 3] = [-200, 8, 16, 24, 64, 128, 256]
    u = columns_of(digest()).encode(F)[:, 3]
    assert (np.diff(u) > 0).all()
    np.testing.assert_array_equal((u < 0) | (u > 1), [1, 0, 0, 0, 0, 0, 1])
    places = columns_of(digest()).columns[3].places()
    np.testing.assert_array_equal(np.isclose(u[:, None], places).any(axis=1), F[:, 3] % 56 == 16)


def test_an_unordered_value_that_left_is_none_of_those_left():
    F = np.repeat(rows(1, np.random.default_rng(0)), 2, axis=0)
    F[:, 7] = [-1, 3]
    assert np.isnan(columns_of(digest()).encode(F)[:, 5]).all()


def test_fixed_features_are_fixed_parameters():
    columns = columns_of(digest())
    fixed = {0: 0.5, 3: 32.0, 4: 0.0, 5: 0.0, 6: 1.0, 7: 1.0}
    config = TorchOptConfig(torch.ones(2, 2), fixed_features=fixed)
    space = space_of(columns, config, activity_of(columns, ()))
    assert space.fixed == {"x": 0.5, "batch": 1, "colour": 2, "kind": 1}
    F = columns.decode(space.sample(50, np.random.default_rng(0)))
    np.testing.assert_allclose(F[:, list(fixed)], [list(fixed.values())] * 50)


def test_linear_constraints_are_those_of_ax():
    columns = columns_of(digest())
    A, b = torch.tensor([[1.0, 2.0, 0, 0, 0, 0, 0, 0]]).double(), torch.tensor([[4.0]]).double()
    config = TorchOptConfig(torch.ones(2, 2), linear_constraints=(A, b))
    space = space_of(columns, config, activity_of(columns, ()))
    X = space.sample(500, np.random.default_rng(0))
    F = columns.decode(X)
    np.testing.assert_array_equal(space.allows(X), F[:, 0] + 2 * F[:, 1] <= 4.0)
    assert 0 < space.allows(X).mean() < 1


def test_objectives_are_minimised_and_constraints_negative_where_they_hold():
    F, other = rows(4, np.random.default_rng(0)), rows(1, np.random.default_rng(1))
    outcomes = [[1.0, 2.0, 3.0, np.nan], [4.0, np.inf, 6.0, 0.0], [7.0, 8.0, np.nan, 0.0]]
    outcomes.append([1.0, np.nan, 2.0, 0.0])
    told = known(
        F, outcomes, [[1, 0, 0, 0], [0, -2, 0, 0]], A=[[0, 0, 1, 0]], b=[4.0], failed=F[:1]
    )
    columns = columns_of(digest())
    history = history_of(
        columns, told, [F[:2], np.vstack([F[1:3], other])], activity_of(columns, ())
    )
    np.testing.assert_array_equal(history.Y, [[-1.0, 4.0], [-4.0, np.inf]])
    np.testing.assert_array_equal(history.G, [[-1.0], [2.0]])
    X = columns.encode(F)
    np.testing.assert_array_equal(history.X, X[:2])
    # those with data wait no more, nor do those that ended without all
    np.testing.assert_array_equal(history.pending, columns.encode(other))
    np.testing.assert_array_equal(history.failed, X[:1])
    np.testing.assert_array_equal(history.partial.X, X[[2, 3]])
    np.testing.assert_array_equal(history.partial.Y, [[-7.0, 16.0], [-1.0, np.nan]])
    np.testing.assert_array_equal(history.partial.G, [[np.nan], [-2.0]])


def test_what_is_partially_known_is_pending_while_it_runs_and_neither_when_it_ended():
    F = rows(4, np.random.default_rng(0))
    outcomes = [[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan], [np.nan, np.nan]]
    columns = columns_of(digest())
    X = columns.encode(F)
    for running, pending, failed in ((True, [1, 2, 3], []), (False, [], [2, 3])):
        told = known(F, outcomes, [[1, 0], [0, 1]], running=running)
        history = history_of(columns, told, [F[1:2]], activity_of(columns, ()))
        np.testing.assert_array_equal(history.pending, X[pending])
        np.testing.assert_array_equal(history.failed, X[failed].reshape(-1, X.shape[1]))
        np.testing.assert_array_equal(history.partial.X, X[1:2])
        assert sorted(map(tuple, history.tried)) == sorted(map(tuple, X))


def test_noise_of_an_objective_is_that_of_the_weighted_sum():
    F = rows(3, np.random.default_rng(0))
    sems = [[0.1, 0.2, 0.0], [0.3, np.nan, 0.5], [0.0, 0.0, np.nan]]
    columns = columns_of(digest())
    told = known(F, np.ones((3, 3)), [[2, -3, 0], [0, 0, 1]], sems=sems)
    history = history_of(columns, told, [], activity_of(columns, ()))
    expected = [[0.04 + 9 * 0.04, 0.0], [np.nan, 0.25], [0.0, np.nan]]
    np.testing.assert_allclose(history.noise, expected)


def test_thresholds_become_the_reference_point():
    F = rows(3, np.random.default_rng(0))
    outcomes, weights = [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]], [[1, 0], [0, -1]]

    def reference(thresholds):
        return reference_of(known(F, outcomes, weights, thresholds=np.array(thresholds)))

    assert reference([np.nan, np.nan]) is None
    assert reference([0.5, -8.0]) == (-0.5, 8.0)
    half = reference([0.5, np.nan])
    assert half[0] == -0.5
    assert np.isnan(half[1])  # the engine completes it


def test_branches_make_parameters_inactive():
    columns = columns_of(digest())
    mlp = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    activity = activity_of(columns, [Branch("i", "colour", (mlp,))])
    F = rows(50, np.random.default_rng(0))
    X = activity.mask(columns.encode(F))
    np.testing.assert_array_equal(np.isnan(X[:, 1]), F[:, 4] == 0)
    assert np.isfinite(columns.decode(X)).all()


def test_a_row_of_no_choice_is_unknown():
    F = rows(1, np.random.default_rng(0))
    F[0, 4:7] = 0.0
    assert np.isnan(columns_of(digest()).encode(F)[0, 4])


@pytest.mark.parametrize("value", [0.2, 0.9])
def test_relaxed_one_hot_is_the_largest(value):
    F = rows(1, np.random.default_rng(0))
    F[0, 4:7] = [0.1, value, 0.15]
    assert columns_of(digest()).encode(F)[0, 4] == 0.5
