"""One boundary: who is good, and on which side a point lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.linear_model import LogisticRegression

from lamoo import Categorical, Float, Space
from lamoo.partition.features import boundary_features
from lamoo.partition.split import label, learn_boundary

scores = npst.arrays(float, st.integers(1, 20), elements=st.integers(0, 5).map(float))
KERNELS = ["linear", "poly", "rbf"]


@given(scores, scores)
def test_the_better_half_is_good(number, tie_break):
    n = min(len(number), len(tie_break))
    number, tie_break = number[:n], tie_break[:n]
    good = label(number, lambda: tie_break)
    varied = len(set(number)) > 1
    deciding = number if varied else tie_break
    if len(set(deciding)) == 1:
        assert good.all()
        return
    assert 0 < good.sum() < n
    # no bad point is better than, or equal to, a good one
    assert deciding[good].max() < deciding[~good].min()
    # good is a half, or as close to it as ties allow
    assert (deciding <= np.median(deciding)).all() == (deciding[~good].min() == np.median(deciding))


@pytest.mark.parametrize(
    ("number", "tie_break", "good"),
    [
        ([0, 1, 2, 3], [0, 0, 0, 0], [1, 1, 0, 0]),
        ([0, 1, 2], [0, 0, 0], [1, 1, 0]),
        ([0, 0, 0, 5], [0, 0, 0, 0], [1, 1, 1, 0]),
        ([0, 5, 5, 5], [0, 0, 0, 0], [1, 0, 0, 0]),
        ([2, 2, 2, 2], [4, 3, 2, 1], [0, 0, 1, 1]),
        ([2, 2], [7, 7], [1, 1]),
    ],
)
def test_labels_computed_by_hand(number, tie_break, good):
    assert label(np.array(number), lambda: np.array(tie_break)).tolist() == [bool(g) for g in good]


def test_the_tie_break_is_asked_for_only_where_it_decides():
    def asked():
        raise AssertionError

    assert label(np.array([0.0, 1.0, 2.0]), asked).tolist() == [True, True, False]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_decision_is_the_librarys_and_positive_on_the_good_side(kernel, rng):
    features = rng.random((80, 4))
    good = features[:, 0] > 0.5
    boundary = learn_boundary(features, good, kernel)
    fresh = rng.random((500, 4))
    np.testing.assert_allclose(boundary.decision(fresh), boundary.model.decision_function(fresh))
    agree = (boundary.decision(fresh) > 0) == (fresh[:, 0] > 0.5)
    assert agree.mean() > 0.85


@pytest.mark.parametrize("kernel", KERNELS)
def test_equal_data_give_equal_boundaries(kernel, rng):
    features, fresh = rng.random((80, 4)), rng.random((50, 4))
    good = rng.random(80) < 0.5
    for array in (features, good):
        array.flags.writeable = False
    one, two = (learn_boundary(features, good, kernel).decision(fresh) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_linear_kernel_can_close_an_ellipsoid_around_an_optimum(rng):
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})

    def inside(X):
        return ((X - [0.6, 0.4]) ** 2 / [0.25, 0.1]).sum(axis=1) < 1

    X, fresh = rng.random((300, 2)), rng.random((1_000, 2))
    boundary = learn_boundary(boundary_features(space, X), inside(X))
    agree = (boundary.decision(boundary_features(space, fresh)) > 0) == inside(fresh)
    assert 0.4 < inside(fresh).mean() < 0.6
    assert agree.mean() > 0.9


def test_a_choice_can_decide_alone(rng):
    space = Space({"a": Float(0, 1), "b": Categorical("xyz")})
    X = space.sample(100, rng)
    good = np.array([p["b"] == "y" for p in space.decode(X)])
    fresh = space.sample(300, rng)
    wanted = [p["b"] == "y" for p in space.decode(fresh)]
    decision = learn_boundary(boundary_features(space, X), good).decision(
        boundary_features(space, fresh)
    )
    assert (decision > 0).tolist() == wanted


@pytest.mark.parametrize("good", [True, False])
def test_one_label_is_refused(good):
    with pytest.raises(ValueError, match="good must hold both labels"):
        learn_boundary(np.zeros((3, 2)), np.full(3, good))


@pytest.mark.parametrize("kernel", KERNELS)
def test_points_that_cannot_be_separated_are_no_error(kernel):
    """Duplicates with both labels: the library must not warn that it did not converge."""
    features = np.repeat(np.array([[0.2, 0.4], [0.6, 0.1]]), 50, axis=0)
    good = np.arange(100) % 2 == 0
    assert np.isfinite(learn_boundary(features, good, kernel).decision(features)).all()


@pytest.mark.parametrize(("n", "p"), [(20, 3), (60, 12), (60, 100)])
@pytest.mark.parametrize("separable", [True, False])
def test_the_linear_boundary_is_scikit_learns_logistic_regression(separable, n, p, rng):
    features = rng.random((n, p)) * np.logspace(-1, 1, p)
    score = features[:, 0] / features[:, 0].std() - features[:, 1] / features[:, 1].std()
    good = score + (0 if separable else 1) * rng.normal(size=n) > 0
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(standard, good)
    ours = learn_boundary(features, good).decision(features)
    np.testing.assert_allclose(ours, oracle.decision_function(standard), atol=0.02)


def test_a_feature_that_hardly_varies_is_not_magnified(rng):
    features = rng.random((50, 2)) * [1.0, 1e-6]
    good = features[:, 1] > np.median(features[:, 1])
    assert np.abs(learn_boundary(features, good).decision(features)).max() < 1.5


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
def test_no_points_have_no_decisions(kernel, rng):
    boundary = learn_boundary(rng.random((6, 2)), np.arange(6) < 3, kernel)
    assert boundary.decision(np.empty((0, 2))).shape == (0,)


def test_choices_that_were_not_observed_have_no_weight_and_cost_nothing(rng):
    X, good = rng.random((60, 3)), rng.random(60) < 0.5
    many = np.zeros((60, 5_000))
    many[:, 17] = 1.0  # constant, if not zero
    plain, wide = learn_boundary(X, good), learn_boundary(np.concatenate([X, many], axis=1), good)
    assert (wide.model.weights[3:] == 0).all()
    # a system of 5,000 equations would take minutes
    np.testing.assert_allclose(wide.model.weights[:3], plain.model.weights)
    assert wide.model.offset == pytest.approx(plain.model.offset)
