"""Spaces and histories that the tests of the engine share."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Integer, Space, pareto
from lamoo.arrays import Memo
from lamoo.gp import equivalence, fitting, forms, sample
from lamoo.partition import tree
from lamoo.solvers import SOLVERS, evolutionary, large

# Of every kind; `grid` has 24 configurations, `tree` parameters that exist under conditions.
SPACES = {
    "float": Space({"a": Float(-1.0, 2.0), "b": Float(0.0, 1e-3), "c": Float(1e-4, 1.0, log=True)}),
    "grid": Space(
        {"a": Integer(1, 4), "b": Categorical(("x", "y", "z")), "c": Float(0, 1, step=1)}
    ),
    "integer": Space(
        {"a": Integer(-5, 90), "b": Integer(0, 64, step=8), "c": Integer(1, 500, log=True)}
    ),
    "choice": Space({name: Categorical(tuple("uvwxyz")) for name in "abcdef"}),
    "mixed": Space(
        {
            "a": Float(1e-5, 1e-1, log=True),
            "b": Float(0.0, 1.0, step=0.05),
            "c": Integer(1, 12),
            "d": Categorical((True, False, None)),
            "e": Float(-3.0, 3.0),
        }
    ),
    "tree": Space(
        {
            "model": Categorical(("forest", "svm", "net")),
            "C": Float(1e-3, 1e3, log=True),
            "kernel": Categorical(("linear", "poly", "rbf")),
            "gamma": Float(1e-4, 1.0, log=True),
            "n_layers": Integer(1, 4),
            "units_l3": Integer(8, 128, log=True),
        }
    ),
}
# parameter -> when it exists, of the space `tree`
CONDITIONS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "model": lambda _: True,
    "C": lambda p: p["model"] == "svm",
    "kernel": lambda p: p["model"] == "svm",
    "gamma": lambda p: p.get("kernel") == "rbf",
    "n_layers": lambda p: p["model"] == "net",
    "units_l3": lambda p: p.get("n_layers", 0) >= 3,
}


def existing(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return only those parameters of the space `tree` that a program would ask for."""
    out: dict[str, Any] = {}
    for name, exists in CONDITIONS.items():
        if exists(out):
            out[name] = params[name]
    return out


def draw(space: Space, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return random points as a study would hold them, NaN where a parameter does not exist."""
    X = space.sample(n, rng)
    if space.parameters.keys() == CONDITIONS.keys():
        X = space.encode([existing(params) for params in space.decode(X)])
    return X


def observe(X: np.ndarray, m: int) -> np.ndarray:
    """Return the distances to m random corners, which conflict; NaN counts as .3."""
    corners = np.random.default_rng(m).random((m, X.shape[1]))
    return ((np.nan_to_num(X, nan=0.3)[:, None, :] - corners) ** 2).sum(axis=2)


def make(
    space: Space,
    n: int,
    m: int,
    rng: np.random.Generator,
    *,
    constraints: int = 0,
    pending: int = 0,
    failed: int = 0,
) -> History:
    """Return a history of random points, with ties, and about half of it infeasible if asked."""
    X = draw(space, n, rng)
    G = rng.normal(size=(n, constraints))
    return History(
        X, observe(X, m).round(2), G, draw(space, pending, rng), draw(space, failed, rng)
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests that ask for all three a solver, a space and a number of objectives.

    By default each two of them meet: each solver and space with one number of objectives.
    """
    names = ("solver", "name", "m")
    own = metafunc.definition.get_closest_marker("parametrize")
    if own is None and {*names} <= {*metafunc.fixturenames}:
        triples = [
            pytest.param(solver, name, m, marks=pytest.mark.slow if (i + j + k) % 4 else ())
            for i, solver in enumerate(SOLVERS)
            for j, name in enumerate(SPACES)
            for k, m in enumerate((1, 2, 3, 5))
        ]
        metafunc.parametrize(names, triples)


@pytest.fixture(scope="session")
def spaces() -> dict[str, Space]:
    """Give the spaces by name."""
    return SPACES


@pytest.fixture(scope="session")
def make_history() -> Callable[..., History]:
    """Give the function that makes a random history."""
    return make


@pytest.fixture(scope="session")
def prune() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Give the function that leaves out what does not exist, for the space `tree`."""
    return existing


@pytest.fixture
def forget() -> Callable[[], None]:
    """Return a function that clears all that the engine remembers."""
    rooms = equivalence, fitting, forms, sample, evolutionary, large, tree, pareto
    memos = [memo for room in rooms for memo in vars(room).values() if isinstance(memo, Memo)]

    def clear() -> None:
        for memo in memos:
            memo.clear()

    return clear
