"""Points: what is known of them is what a look at all of them finds."""

import numpy as np
import pytest

from lamoo import Float, History, Optimizer, Settings, Space
from lamoo.space import points
from lamoo.space.points import Points

FACTS = ["keys", "sorted_keys", "distinct", "whole", "inside", "comparable", "group"]
NAN = np.nan


def example(kind, rng, n=40):
    X = rng.random((n, 3))
    if kind == "repeated":
        X[rng.integers(n, size=n // 2)] = X[5]
    if kind == "conditional":
        X[rng.random(n) < 0.4, 1] = NAN
    if kind == "narrowed":
        X[rng.random(n) < 0.2, 2] = rng.choice([-0.4, 1.3, 1.9])
    if kind == "all of it":
        X = np.concatenate([example(k, rng, n // 4) for k in KINDS[:4]])
    return X


KINDS = ["plain", "repeated", "conditional", "narrowed", "all of it"]


def same(a, b):
    for fact in FACTS:
        np.testing.assert_array_equal(getattr(a, fact), getattr(b, fact), err_msg=fact)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [0, 1, 17])
def test_what_is_known_of_some_points_grows_with_them(kind, k, rng):
    X = example(kind, rng)
    less = Points(X[: len(X) - k])
    for fact in FACTS:
        getattr(less, fact)
    same(less.extended(X), Points(X))
    same(Points(X[:-1]).extended(X), Points(X))  # of which nothing was asked yet


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "members",
    [slice(0), slice(1), slice(23), slice(40), np.arange(0), np.array([30, 2, 7]), np.arange(39)],
    ids=str,
)
def test_some_points_are_known_as_all_were(kind, members, rng):
    X = example(kind, rng)
    everything = Points(X)
    for fact in FACTS:
        getattr(everything, fact)
    same(everything.at(members, X[members]), Points(X[members]))
    same(Points(X).at(members, X[members]), Points(X[members]))  # nothing was asked yet


@pytest.mark.parametrize("kind", KINDS)
def test_points_by_the_definitions(kind, rng):
    X = example(kind, rng)
    found = Points(X)
    equal = (np.isclose(X[:, None], X, rtol=0, atol=1e-12, equal_nan=True)).all(axis=2)
    np.testing.assert_array_equal(found.group[:, None] == found.group, equal)
    assert found.distinct == (equal.sum() == len(X))
    assert found.whole == (not np.isnan(X).any())
    for i, x in enumerate(X):
        there = x[~np.isnan(x)]
        assert found.inside[i] == all(0 <= v <= 1 for v in there)
        assert found.comparable[i] == all(-0.5 <= v <= 1.5 for v in there)


def test_points_without_columns_are_distinct():
    found = Points(np.empty((3, 0)))
    assert found.distinct
    assert found.whole
    assert found.group.tolist() == [0, 1, 2]
    same(found.at(slice(2), np.empty((2, 0))), Points(np.empty((2, 0))))


# ------------------------------------------------------------------------ work that is not done


def test_a_told_trial_is_looked_at_alone(monkeypatch):
    looked = []

    def counted(X):
        looked.append(len(X))
        return keys_of(X)

    keys_of = points.keys_of
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    rng = np.random.default_rng(0)
    optimizer = Optimizer(space, ["minimize", "minimize"], Settings(solver="evolutionary"))
    optimizer.history = History(rng.random((500, 2)), rng.random((500, 2)))
    monkeypatch.setattr(points, "keys_of", counted)
    for _ in range(5):
        params = optimizer.ask()
        optimizer.tell(params, [params["a"], 1 - params["a"] + params["b"]])
    assert sum(looked) <= 500 + 5
