"""Whatever the space, the history and the settings: ``suggest`` answers, and with a point of use.

Found cases have tests of their own, here or with the module that was at fault. Two thousand
cases: ``make test ARGS="tests -k any_input -m slow"``.
"""

import math
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamoo import (
    Categorical,
    Float,
    History,
    Integer,
    Known,
    Partition,
    Settings,
    Space,
    Task,
    chosen_path,
    exhausted,
    recent_gain,
    suggest,
)

FEW, MANY = 40, 2_000
LARGEST, TINY = sys.float_info.max, 5e-324
EDGES = (0.0, -0.0, 1.0, -1.0, 1e300, -1e300, LARGEST, -LARGEST, TINY, -TINY, 1e-300, 1e-308, 1e16)
INFINITE = (math.inf, -math.inf)

# ---- Spaces ------------------------------------------------------------------------------------

edges = st.sampled_from(EDGES) | st.floats(-1e6, 1e6)
finite = st.floats(allow_nan=False, allow_infinity=False) | edges
positive = finite.map(abs).filter(bool)
integers = st.integers(-(2**70), 2**70) | st.integers(-5, 5)
choices = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", "relu", "<b>", "é", math.nan, math.inf, 1.0, 0.5, -0.0, (1, 2)])
)


@st.composite
def floats(draw):
    kind = draw(st.sampled_from(["plain", "log", "step", "single"]))
    if kind == "single":
        value = draw(finite)
        return Float(value, value)
    low, high = sorted(draw(st.tuples(*[positive if kind == "log" else finite] * 2)))
    step = None
    if kind == "step":
        step = draw(st.floats(1e-3, 1e3) | st.sampled_from([1e300, TINY, 0.1]))
    return Float(low, high, log=kind == "log", step=step)


@st.composite
def whole_numbers(draw):
    low, high = sorted(draw(st.tuples(integers, integers)))
    if draw(st.booleans()):
        return Integer(max(low, 1), max(high, 1), log=True)
    return Integer(low, high, step=draw(st.integers(1, 7) | st.just(2**60)))


categories = st.lists(choices, min_size=1, max_size=6).map(lambda c: Categorical(tuple(c)))
small = st.integers(1, 4).map(lambda k: Integer(1, k)) | categories
parameters = floats() | whole_numbers() | categories
spaces = st.builds(
    lambda ps: Space({f"p{j}": p for j, p in enumerate(ps)}),
    st.lists(parameters, min_size=1, max_size=5)
    | st.lists(small, min_size=1, max_size=4)
    | st.lists(parameters, min_size=10, max_size=40),
)


# ---- Histories ---------------------------------------------------------------------------------
# Hypothesis draws of which kind things are, and a seed for the many numbers.


KINDS = {
    "smooth": lambda n, rng: rng.standard_normal(n),
    "constant": lambda n, rng: np.full(n, rng.choice(EDGES)),
    "ties": lambda n, rng: rng.integers(0, 3, n).astype(float),
    "edges": lambda n, rng: rng.choice(EDGES, n),
    "infinite": lambda n, rng: rng.choice([*INFINITE, 0.0, 1.0], n),
    "only infinite": lambda n, rng: rng.choice(INFINITE, n),
    "wide": lambda n, rng: rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-320, 300, n),
    "subnormal": lambda n, rng: rng.integers(-50, 50, n) * TINY,
    "differences lost in the digits": lambda n, rng: 1e16 + rng.integers(0, 3, n),
}


def matrix(kinds, n, rng):
    return np.array([KINDS[kind](n, rng) for kind in kinds]).reshape(len(kinds), n).T


@dataclass(frozen=True)
class Case:
    """All arguments of ``suggest``."""

    space: Space
    history: History
    q: int
    settings: Settings
    seed: int


@st.composite
def cases(draw):
    space, seed = draw(spaces), draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    n, pending, failed = (draw(st.integers(0, top)) for top in (40, 4, 4))
    Y = matrix(draw(st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=6)), n, rng)
    G = matrix(draw(st.lists(st.sampled_from([*KINDS]), max_size=2)), n, rng)
    if G.size and draw(st.booleans()):
        G[rng.random(G.shape) < 0.3] = np.nan  # not reported
    X = space.sample(n + pending + failed, rng)
    if draw(st.booleans()):
        X = X[rng.integers(0, max(1, len(X) // 3), len(X))] if len(X) else X  # duplicates
    if draw(st.booleans()):
        X[rng.random(X.shape) < 0.2] += rng.choice([-1.0, 1.0])  # the range was another one
    if draw(st.booleans()) and space.dimension > 1:  # conditional, or at random
        column, threshold = draw(st.integers(1, space.dimension - 1)), rng.random()
        gone = X[:, 0] < threshold if draw(st.booleans()) else rng.random(len(X)) < 0.5
        X[gone, column:] = np.nan
    history = History(X[:n], Y, G, pending=X[n : n + pending], failed=X[n + pending :])
    fixed = {}
    if draw(st.booleans()):
        name = draw(st.sampled_from([*space.parameters]))
        fixed = {name: space.decode(space.sample(1, rng))[0].get(name)}
    known = Known()
    if draw(st.integers(0, 3)) == 0:
        objectives = {0: lambda X: np.nan_to_num(X).sum(axis=1)} if Y.shape[1] > 1 else {}
        features = (lambda X: np.nan_to_num(X)[:, :2] ** 2) if draw(st.booleans()) else None
        violation = (lambda X: np.nan_to_num(X)[:, 0] - 0.7) if draw(st.booleans()) else None
        known = Known(objectives, features, violation=violation)
    return Case(
        Space(space.parameters, fixed, known=known),
        history,
        draw(st.integers(0, 3)),
        draw(all_settings(Y.shape[1])),
        seed,
    )


@st.composite
def all_settings(draw, m):
    point = None
    if draw(st.booleans()):
        point = tuple(draw(st.lists(finite | st.just(math.nan), min_size=m, max_size=m)))
    return Settings(
        solver=draw(st.sampled_from(["gp", "evolutionary", "random"])),
        n_startup=draw(st.sampled_from([0, 1, 5, 10, 50])),
        reference_point=point,
        partition=Partition(
            leaf_size=draw(st.sampled_from([1, 2, 5, 10, sys.maxsize])),
            kernel=draw(st.sampled_from(["linear", "poly", "rbf"])),
            selection=draw(st.sampled_from(["path", "leaf"])),
            c_p=draw(st.sampled_from([0.0, 0.1, 1e300, TINY])),
        ),
        seed=draw(st.integers(0, 2**64)),
    )


# ---- What must hold ----------------------------------------------------------------------------


def check(case, no_excuses):
    with no_excuses():
        X = suggest(
            Task(case.space, case.history, case.settings), case.q, np.random.default_rng(case.seed)
        )
        over = exhausted(Task(case.space, case.history))
        gain = recent_gain(case.history, 5, case.settings)
        if case.history.n:
            chosen_path(Task(case.space, case.history, case.settings))
    assert X.shape == (case.q, case.space.dimension)
    assert over in (True, False)
    assert 0 <= gain <= 1, gain
    for row, params in zip(X, case.space.decode(X), strict=True):
        for name, value in params.items():
            p = case.space.parameters[name]
            if isinstance(p, Categorical):
                assert any(value is c or value == c for c in p.choices)
            else:
                assert p.low <= value <= p.high
            if name in case.space.fixed:
                fixed = case.space.fixed[name]
                assert value is fixed or value == fixed or value == pytest.approx(fixed)
        assert np.isnan(row).sum() < case.space.dimension


@settings(max_examples=FEW)
@given(cases())
def test_any_input_gets_a_point(no_excuses, case):
    check(case, no_excuses)


@pytest.mark.slow
@settings(max_examples=MANY, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_any_input_gets_a_point_two_thousand_times(no_excuses, case):
    check(case, no_excuses)
