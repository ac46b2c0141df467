"""Objective vectors: by definition, against Optuna's code, and by properties."""

import itertools
import math

import moocore
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _is_pareto_front
from scipy.stats import spearmanr

from lamoo import failures, pareto

INF = math.inf


def dominates(a, b, va=0.0, vb=0.0):
    """Compare two points by the definition: Deb's constrained domination."""
    if va > 0 or vb > 0:
        return va < vb
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(
        x < y for x, y in zip(a, b, strict=True)
    )


# few distinct values make ties and duplicates
values = st.one_of(
    st.integers(0, 3).map(float), st.sampled_from([INF, -INF]), st.floats(-1e300, 1e300)
)
matrices = st.tuples(st.integers(1, 12), st.integers(1, 5)).flatmap(
    lambda shape: npst.arrays(float, shape, elements=values)
)
violations = st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5, INF]), min_size=12, max_size=12)


@given(matrices, violations)
@example(np.array([[0, 0, INF], [1, 1, 1], [0, -INF, -INF], [-INF, -INF, 0]]), [0.0] * 4)
def test_dominance_is_what_the_definition_says(Y, v):
    v = np.array(v[: len(Y)])
    pairs = itertools.product(range(len(Y)), repeat=2)
    wanted = np.array([dominates(Y[i], Y[j], v[i], v[j]) for i, j in pairs]).reshape(len(Y), -1)
    np.testing.assert_array_equal(pareto.dominance_matrix(Y, v), wanted)
    np.testing.assert_array_equal(pareto.dominance_number(Y, v), wanted.sum(axis=0))
    np.testing.assert_array_equal(pareto.nondominated(Y, v), ~wanted.any(axis=0))


@given(matrices)
def test_without_constraints_all_are_feasible(Y):
    zeros = np.zeros(len(Y))
    np.testing.assert_array_equal(pareto.dominance_matrix(Y), pareto.dominance_matrix(Y, zeros))
    np.testing.assert_array_equal(pareto.nondominated(Y), pareto.nondominated(Y, zeros))


@pytest.mark.parametrize("n", [200, 2000])  # of many, most are left out before
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_the_front_is_optunas(m, n, rng):
    Y = rng.random((n, m)).round(1 if n == 200 else 3)
    wanted = _is_pareto_front(Y, assume_unique_lexsorted=False)
    np.testing.assert_array_equal(pareto.nondominated(Y), wanted)
    feasible = rng.random(n) < 0.8
    front = pareto.nondominated(Y, np.where(feasible, 0.0, 1.0))
    assert not front[~feasible].any()
    wanted = _is_pareto_front(Y[feasible], assume_unique_lexsorted=False)
    np.testing.assert_array_equal(front[feasible], wanted)


@pytest.mark.parametrize("m", [1, 2, 4])
def test_of_no_points_nothing_is_told(m):
    nobody = np.empty((0, m))
    assert pareto.dominance_matrix(nobody).shape == (0, 0)
    assert len(pareto.dominance_number(nobody)) == len(pareto.nondominated(nobody)) == 0
    assert pareto.hypervolume(nobody, np.ones(m)) == 0.0
    assert failures.finite(nobody).shape == pareto.normalise(nobody).shape == (0, m)


# --------------------------------------------------------------------------------- hypervolume


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_hypervolume_is_optunas(m, seed):
    rng = np.random.default_rng((seed, m))
    Y = rng.random((25, m)).round(2) * 1.3
    reference = np.ones(m)
    inside = Y[(Y < 1).all(axis=1)]
    wanted = compute_hypervolume(inside, reference) if len(inside) else 0.0
    assert pareto.hypervolume(Y, reference) == pytest.approx(wanted, rel=1e-12)


@given(
    npst.arrays(float, st.tuples(st.integers(0, 5), st.integers(1, 4)), elements=st.floats(0, 2))
)
def test_hypervolume_by_inclusion_and_exclusion(Y):
    reference = np.ones(Y.shape[1])
    inside = Y[(Y < 1).all(axis=1)]
    wanted = 0.0
    for k in range(1, len(inside) + 1):
        for group in itertools.combinations(inside, k):
            wanted -= (-1) ** k * np.prod(reference - np.max(group, axis=0))
    assert pareto.hypervolume(Y, reference) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("m", [6, 8])
def test_hypervolume_of_many_objectives_is_close_and_grows_with_the_set(m, rng):
    Y = np.abs(rng.standard_normal((20, m)))
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    volumes = [pareto.hypervolume(Y[:n], np.full(m, 1.1)) for n in range(1, 21)]
    exact = [moocore.hypervolume(Y[:n], ref=np.full(m, 1.1)) for n in range(1, 21)]
    np.testing.assert_allclose(volumes, exact, rtol=0.05)
    assert (np.diff(volumes) >= 0).all()


def test_an_infinitely_good_point_has_infinite_volume():
    """The library crashes the process at infinities in three objectives."""
    Y = np.array([[0.0, 0.0, -INF], [-INF, 0.5, 0.0]])
    assert pareto.hypervolume(Y, np.ones(3)) == INF
    assert pareto.hypervolume(Y + np.array([5.0, 0.0, 0.0]), np.array([1.0, 0.2, 1.0])) == 0.0


def test_a_point_on_the_reference_point_adds_nothing():
    Y = np.array([[0.0, 1.0], [1.0, 0.0], [-5.0, 2.0]])
    assert pareto.hypervolume(Y, np.ones(2)) == 0.0


# ------------------------------------------------------------------------ infinite and extreme


extreme = npst.arrays(
    float,
    st.tuples(st.integers(1, 10), st.integers(1, 4)),
    elements=st.one_of(
        st.sampled_from([0.0, 1.0, INF, -INF, 1e300, -1e300, 1e-300, 5e-324, 1.7e308, -1.7e308]),
        st.floats(allow_nan=False),
    ),
)


@given(extreme, violations)
def test_extreme_values_stay_finite_and_in_order(Y, v):
    v = np.array(v[: len(Y)])
    for scaled in (failures.finite(Y), pareto.normalise(Y), pareto.normalise(Y, v)):
        assert np.isfinite(scaled).all()
        for before, after in zip(Y.T, scaled.T, strict=True):
            assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()


@given(extreme, violations, st.booleans())
def test_the_reference_point_is_finite_even_for_extreme_values(Y, v, of_front):
    v = np.array(v[: len(Y)])
    for scaled in (failures.finite(Y), pareto.normalise(Y, v)):
        assert np.isfinite(pareto.reference_point(scaled, of_front=of_front, violation=v)).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e9, 1e290])
def test_normalising_takes_the_best_to_0_and_the_third_quartile_to_1(scale, rng):
    Y = scale * rng.normal(size=(40, 3))
    scaled = pareto.normalise(Y)
    np.testing.assert_allclose(scaled.min(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.quantile(scaled, 0.75, axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(scaled, pareto.normalise(7 * Y + 3 * scale), atol=1e-9)


@pytest.mark.parametrize("n", [*range(1, 12), 96, 250])
def test_the_upper_quartile_is_numpys_to_the_last_digit(n, rng):
    for columns in (rng.standard_normal((3, n)), np.round(rng.random((2, n)), 1)):
        expected = np.quantile(columns, 0.75, axis=1)
        np.testing.assert_array_equal(pareto._upper_quartile(columns), expected)


def test_normalising_looks_at_feasible_points_only(rng):
    Y = rng.random((30, 2))
    violation = np.where(np.arange(30) < 20, 0.0, 1.0)
    Y[20:] = -1e3
    scaled = pareto.normalise(Y, violation)
    np.testing.assert_allclose(scaled[:20], pareto.normalise(Y[:20]))


def test_constant_objectives_normalise_to_0():
    for constant in (0.0, 5.0, -1e300, INF):
        assert (pareto.normalise(np.full((6, 2), constant)) == 0).all()


# ----------------------------------------------------------------------------- reference point


@pytest.mark.parametrize("of_front", [True, False])
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_the_front_is_strictly_inside(m, of_front, rng):
    for n in (1, 2, 7, 40):
        Y = rng.normal(size=(n, m)).round(1)
        violation = rng.choice([0.0, 1.0], n)
        reference = pareto.reference_point(Y, of_front=of_front, violation=violation)
        assert (Y[pareto.nondominated(Y, violation)] < reference).all()


def test_reference_points_computed_by_hand():
    Y = np.array([[0.0, 4.0], [2.0, 0.0], [6.0, 6.0], [3.0, 5.0]])
    np.testing.assert_allclose(pareto.reference_point(Y, of_front=True), [2.2, 4.4])
    np.testing.assert_allclose(pareto.reference_point(Y, of_front=False), [6.6, 6.6])


def test_the_front_alone_decides_where_asked(rng):
    Y = rng.random((30, 2))
    front = pareto.nondominated(Y)
    wanted = pareto.reference_point(Y[front], of_front=True)
    np.testing.assert_allclose(pareto.reference_point(Y, of_front=True), wanted)


@pytest.mark.parametrize("of_front", [True, False])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("m", [1, 2, 3])
def test_one_terrible_trial_does_not_decide(m, single, of_front, rng):
    Y = rng.random((30, m))
    if single:  # a front of one point has no spread of its own
        Y[0] = -0.5
    near = pareto.reference_point(np.vstack([Y, np.full(m, 10.0)]), of_front=of_front)
    far = pareto.reference_point(np.vstack([Y, np.full(m, 1e12)]), of_front=of_front)
    np.testing.assert_allclose(near, far)
    assert (near < 7).all()


@pytest.mark.parametrize("of_front", [True, False])
@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e9])
@pytest.mark.parametrize("shift", [0.0, -3.0, 1e3])
def test_the_reference_point_moves_with_units(scale, shift, of_front, rng):
    Y = rng.normal(size=(25, 3))
    plain = pareto.reference_point(Y, of_front=of_front)
    moved = pareto.reference_point(scale * (Y + shift), of_front=of_front)
    np.testing.assert_allclose(moved, scale * (plain + shift), rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("of_front", [True, False])
def test_a_constant_objective_gets_a_margin(of_front):
    Y = np.array([[3.0, 1.0], [3.0, 2.0]])
    reference = pareto.reference_point(Y, of_front=of_front)
    assert (Y[0] < reference).all()
    assert pareto.hypervolume(Y, reference) > 0


def test_the_arguments_are_only_read(rng):
    Y, v = rng.random((10, 3)), rng.choice([0.0, 1.0], 10)
    for array in (Y, v):
        array.flags.writeable = False
    pareto.dominance_number(Y, v)
    pareto.nondominated(Y, v)
    pareto.hypervolume(Y, np.ones(3))
    failures.finite(Y)
    pareto.normalise(Y, v)
    pareto.reference_point(Y, of_front=False, violation=v)


# ------------------------------------------------------------------------- a representative part


def layers_of(Y, v):
    """Return the rank of each point by taking off one front after the other."""
    layer, left = np.zeros(len(Y), dtype=int), np.arange(len(Y))
    while len(left):
        number = pareto.dominance_number(Y[left], v[left])
        layer[left[number > 0]] += 1
        left = left[number > 0]
    return layer


@pytest.mark.parametrize("m", [1, 2, 4])
@pytest.mark.parametrize("n", [0, 1, 60, 61, 100, 400])
@pytest.mark.parametrize("kind", ["random", "front", "infeasible", "infinite", "equal"])
def test_a_representative_part_is_bounded_and_holds_the_best_layers(kind, n, m, rng):
    Y, v = rng.random((n, m)).round(2), np.zeros(n)
    if kind == "front":
        Y[:, 0] = 2.0 * m - Y[:, 1:].sum(axis=1)
    if kind == "infeasible":
        v = np.maximum(rng.normal(size=n), 0).round(1)
    if kind == "infinite":
        Y[rng.random(n) < 0.2, 0] = np.inf
    if kind == "equal":
        Y[:] = 1.0
    chosen = pareto.representative(Y, v, 60)
    assert len(chosen) == min(n, 60)
    assert (np.diff(chosen) > 0).all()
    layer = layers_of(Y, v)
    left_out = np.setdiff1d(np.arange(n), chosen)
    # half are the best: whatever is left out lies in no better layer than the 30th point
    assert (layer[left_out] >= np.sort(layer)[min(n, 30) - 1 :][:1].max(initial=0)).all()


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("duplicates", [False, True])
def test_points_far_apart_cover_all_others_within_their_own_distance(duplicates, m, rng):
    Y = rng.random((200, m)).round(1 if duplicates else 9)
    chosen = pareto.far_apart(Y, 20)
    assert len(set(chosen.tolist())) == 20
    assert {*Y.argmin(axis=0)} <= {*chosen}
    distance = np.linalg.norm(Y[:, None] - Y[chosen], axis=2)
    apart = distance[chosen] + np.diag(np.full(20, np.inf))
    # farthest-first: the last was the farthest of all (but the first m, each objective's best)
    assert distance.min(axis=1).max() <= apart[m:, m:].min(initial=np.inf) + 1e-12


@pytest.mark.parametrize("m", [2, 3, 4, 5])
@pytest.mark.parametrize("decimals", [1, 9])
def test_hypervolume_curve_is_that_of_each_prefix(m, decimals, rng):
    # many ties at one decimal; a third is beyond the reference point somewhere
    Y = np.round(rng.random((250, m)) ** 2, decimals)
    reference = np.full(m, 0.8)
    expected = [pareto.hypervolume(Y[: k + 1], reference) for k in range(len(Y))]
    curve = pareto.hypervolume_curve(Y, reference)
    np.testing.assert_allclose(curve, expected, rtol=1e-12, atol=1e-14)
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("m", [2, 3])
def test_hypervolume_curve_of_a_large_front(m, rng):
    Y = np.abs(rng.normal(size=(400, m)))
    Y /= np.linalg.norm(Y, axis=1)[:, None]
    reference = np.full(m, 1.1)
    expected = [pareto.hypervolume(Y[: k + 1], reference) for k in range(len(Y))]
    np.testing.assert_allclose(pareto.hypervolume_curve(Y, reference), expected, rtol=1e-12)


def test_hypervolume_curve_beyond_the_exact_is_the_estimate(rng):
    Y, reference = rng.random((30, 6)), np.full(6, 0.9)
    expected = [pareto.hypervolume(Y[: k + 1], reference) for k in range(len(Y))]
    np.testing.assert_allclose(pareto.hypervolume_curve(Y, reference), expected, rtol=1e-9)


@pytest.mark.parametrize("m", [2, 3])
def test_hypervolume_curve_of_what_is_not_finite(m):
    Y = np.full((5, m), 0.5)
    Y[0, 0], Y[1, 0], Y[3, 1] = np.nan, np.inf, -np.inf
    curve = pareto.hypervolume_curve(Y, np.ones(m))
    assert curve.tolist() == [0.0, 0.0, 0.5**m, np.inf, np.inf]
    assert pareto.hypervolume_curve(np.empty((0, m)), np.ones(m)).tolist() == []


# ------------------------------------------------------------------------------- contributions


@pytest.mark.parametrize("m", [2, 3, 5])
def test_a_volume_is_expressible_if_a_float_is_as_large(m, rng):
    Y = rng.random((20, m))
    for power in range(-1100, 1101, 50):
        units = np.ldexp(1.0, [power // m] * m)
        with np.errstate(over="ignore"):
            volume = np.prod(units * (2 - Y.min(axis=0)))
        # those between are near the edge
        if 1e-290 < volume < 1e290:
            assert pareto.expressible(units * Y, units * 2)
        if volume < np.finfo(float).tiny or volume == np.inf:
            assert not pareto.expressible(units * Y, units * 2)
    nothing = np.array([[np.nan] * m, [np.inf] * m, [-np.inf] * m, [3.0] * m])
    assert pareto.expressible(nothing, np.full(m, 2.0))


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_contributions_are_what_is_lost_without_a_point(m, rng):
    Y = rng.random((30, m))
    Y = Y[pareto.nondominated(Y)]
    reference = np.full(m, 0.9)  # some points lie beyond it
    whole = pareto.hypervolume(Y, reference)
    lost = [whole - pareto.hypervolume(np.delete(Y, i, axis=0), reference) for i in range(len(Y))]
    np.testing.assert_allclose(pareto.contributions(Y, reference), lost, atol=1e-12)


def test_contributions_with_many_objectives_are_ordered_like_the_exact_ones(rng):
    Y = rng.random((40, 7))
    Y = Y[pareto.nondominated(Y)]
    reference = np.full(7, 1.1)
    exact = moocore.hv_contributions(Y, ref=reference)
    assert spearmanr(pareto.contributions(Y, reference), exact).statistic > 0.8


def test_a_point_that_stands_twice_contributes_nothing():
    Y = np.array([[0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])
    assert pareto.contributions(Y, np.ones(2))[1:].tolist() == [0.0, 0.0]
    assert pareto.contributions(Y[:0], np.ones(2)).shape == (0,)


@pytest.mark.parametrize("own", [True, False])
def test_comparable_values_keep_their_place_against_the_reference_point(own, rng):
    Y, violation = rng.normal(size=(20, 3)) * [1.0, 1e6, 1e-6], np.zeros(20)
    reference = np.quantile(Y, 0.7, axis=0) if own else None
    scaled, corner = pareto.comparable(Y, violation, reference)
    assert (np.argsort(scaled, axis=0) == np.argsort(Y, axis=0)).all()
    if own:
        np.testing.assert_array_equal(scaled < corner, Y < reference)
    else:
        front = scaled[pareto.nondominated(Y)]
        assert (front < corner).all()


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("kind", ["normal", "ties", "infinite", "huge", "constant"])
def test_of_many_points_nobody_is_left_out_too_soon(m, kind, rng):
    Y = rng.standard_normal((900, m))
    if kind == "ties":
        Y = np.round(Y)
    if kind == "infinite":
        Y[rng.random(Y.shape) < 0.2] = np.inf
        Y[rng.random(Y.shape) < 0.01] = -np.inf
    if kind == "huge":
        Y *= 3e307  # differences of which overflow
    if kind == "constant":
        Y[:, 0] = 1.0
    expected = pareto.dominance_number(Y) == 0
    np.testing.assert_array_equal(pareto.nondominated(Y), expected)
    violation = np.where(rng.random(900) < 0.3, 1.0, 0.0)
    expected = pareto.dominance_number(Y, violation) == 0
    np.testing.assert_array_equal(pareto.nondominated(Y, violation), expected)
    violation = np.where(np.arange(900) < 5, 0.0, 1.0)
    expected = pareto.dominance_number(Y, violation) == 0
    np.testing.assert_array_equal(pareto.nondominated(Y, violation), expected)


def test_who_stands_for_all_is_found_once_for_equal_values(rng):
    Y, violation = rng.random((300, 2)), np.zeros(300)
    found = pareto.representative(Y, violation, 50)
    assert pareto.representative(Y.copy(order="F"), violation.copy(), 50) is found
    assert pareto.representative(Y[::-1], violation, 50) is not found
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 7
