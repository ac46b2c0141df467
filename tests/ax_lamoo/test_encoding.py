"""Between Ax's parameters and the engine's points: nothing is lost, every kind keeps its kind."""

import numpy as np
import pytest
from ax.adapter.registry import MBM_X_trans_base
from ax.adapter.transforms.cast import Cast
from ax.core.observation import ObservationFeatures
from ax.core.parameter import (
    ChoiceParameter,
    DerivedParameter,
    FixedParameter,
    ParameterType,
    RangeParameter,
)
from ax.core.parameter_constraint import ParameterConstraint
from ax.core.search_space import SearchSpace
from hypothesis import example, given
from hypothesis import strategies as st

from ax_lamoo.encoding import encoding_of
from ax_lamoo.features import features_of
from lamoo import Categorical, Float, Integer, Space

FLOAT, INT, TEXT = ParameterType.FLOAT, ParameterType.INT, ParameterType.STRING
BOOL = ParameterType.BOOL


def choice(name, values, kind=INT, *, ordered=True, **options):
    # without sort_values Ax would sort texts, or warn that it does not
    options = {"sort_values": ordered and kind in (INT, FLOAT), **options}
    return ChoiceParameter(name, kind, values, is_ordered=ordered, **options)


PARAMETERS = [
    RangeParameter("x", FLOAT, -2.0, 3.0),
    RangeParameter("lr", FLOAT, 1e-4, 1.0, log_scale=True),
    RangeParameter("p", FLOAT, 0.01, 0.99, logit_scale=True),
    RangeParameter("d", FLOAT, 0.0, 1.0, digits=2),
    RangeParameter("i", INT, 1, 4),
    RangeParameter("log", INT, 1, 20, log_scale=True),
    choice("batch", [16, 32, 128]),
    choice("near", [5, 6, 7]),
    choice("size", ["s", "m", "l"], TEXT),
    choice("flag", [False, True], BOOL),
    choice("colour", ["r", "g", "b"], TEXT, ordered=False),
    choice("kind", [8, 1, 3], ordered=False),
]


def every_kind(*constraints):
    """Return a search space with each kind of parameter."""
    more = [
        FixedParameter("only", TEXT, "one"),
        DerivedParameter("twice", FLOAT, "2*x + i"),
    ]
    limits = [ParameterConstraint(inequality=c) for c in constraints]
    return SearchSpace([*(p.clone() for p in PARAMETERS), *more], limits)


def drawn(n, rng):
    """Draw ``n`` parameter dictionaries that Ax could hold."""
    rows = []
    for _ in range(n):
        row = {}
        for p in PARAMETERS:
            if isinstance(p, ChoiceParameter):
                row[p.name] = p.values[rng.integers(len(p.values))]
            elif p.parameter_type == INT:
                row[p.name] = int(rng.integers(p.lower, p.upper + 1))
            else:
                row[p.name] = p.cast(rng.uniform(p.lower, p.upper))
        rows.append({**row, "only": "one", "twice": 2 * row["x"] + row["i"]})
    return rows


def test_every_kind_keeps_its_kind():
    parameters = dict(encoding_of(every_kind()).space.parameters)
    logit = parameters.pop("p")
    assert (logit.low, logit.high) == pytest.approx((np.log(0.01 / 0.99), np.log(0.99 / 0.01)))
    assert parameters == {
        "x": Float(-2.0, 3.0),
        "lr": Float(-4.0, 0.0),  # its decimal logarithm
        "d": Float(0.0, 1.0),
        "i": Integer(1, 4),
        "log": Integer(1, 20, log=True),
        "batch": Integer(0, 2),
        "near": Integer(5, 7),
        "size": Integer(0, 2),
        "flag": Integer(0, 1),
        "colour": Categorical(("r", "g", "b")),
        "kind": Categorical((8, 1, 3)),
    }


@given(st.integers(0, 2**32 - 1))
def test_arms_come_back(seed):
    arms = drawn(5, np.random.default_rng(seed))
    encoding = encoding_of(every_kind())
    X = encoding.encode(arms)
    assert ((X >= 0) & (X <= 1)).all()
    for found, arm in zip(encoding.decode(X), arms, strict=True):
        numbers = {name for name, value in arm.items() if isinstance(value, float)}
        assert {n: found[n] for n in numbers} == pytest.approx({n: arm[n] for n in numbers}, 1e-9)
        assert {n: v for n, v in found.items() if n not in numbers} == {
            n: v for n, v in arm.items() if n not in numbers
        }
        assert {n: type(v) for n, v in found.items()} == {n: type(v) for n, v in arm.items()}


@given(st.integers(0, 2**32 - 1))
def test_points_come_back_as_arms_of_the_search_space(seed):
    search_space = every_kind()
    encoding = encoding_of(search_space)
    X = encoding.space.sample(5, np.random.default_rng(seed))
    arms = encoding.decode(X)
    assert all(search_space.check_membership(arm) for arm in arms)
    exact = [name != "d" for name in encoding.columns]  # two digits are left of it
    np.testing.assert_allclose(encoding.encode(arms)[:, exact], X[:, exact], atol=1e-9)
    assert all(round(arm["d"], 2) == arm["d"] for arm in arms)


@given(
    st.one_of(
        st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=9, unique_by=float),
        st.lists(st.integers(-200, 200), min_size=2, max_size=9, unique=True),
        st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=9, unique=True),
        st.tuples(st.integers(-(2**60), 2**60), st.integers(1, 50)).map(
            lambda t: [t[0] + i * t[1] for i in range(7)]
        ),
        # logarithms of consecutive integers are no integers
        st.integers(1, 10**9).map(lambda low: np.log10(np.arange(low, low + 7.0)).tolist()),
    )
)
@example([50, 100, 150])
@example([18, 19])
@example([1e16, 1e16 + 2])
@example([0.0, 1.0])
def test_ordered_numbers_stay_apart_and_in_order(numbers):
    kind = INT if all(isinstance(number, int) for number in numbers) else FLOAT
    own = choice("n", sorted(numbers), kind, log_scale=False)
    encoding = encoding_of(SearchSpace([own]))
    X = encoding.encode([{"n": value} for value in own.values])
    assert (np.diff(X[:, 0]) > 0).all()
    assert [arm["n"] for arm in encoding.decode(X)] == own.values


def test_only_consecutive_integers_are_taken_for_what_they_are():
    def kind(*numbers, **options):
        return encoding_of(SearchSpace([choice("n", [*numbers], **options)])).space.parameters["n"]

    assert kind(18, 34, 50, 101, 152) == Integer(0, 4)
    assert kind(50, 51, 52, log_scale=False) == Integer(50, 52)
    assert kind(50, 51, 52, log_scale=True) == Integer(50, 52, log=True)
    assert kind(*np.log10([50, 51, 52]), kind=FLOAT) == Integer(0, 2)


def test_values_that_left_the_space_are_where_the_engine_has_them():
    encoding = encoding_of(every_kind())
    values = {
        "x": [-50.0, -3.0, 3.5, 8.0],
        "i": [-7.0, 0.0, 5.0, 90.0],
        "log": [1e-3, 0.1, 25.0, 1e6],
    }
    space = Space({name: encoding.space.parameters[name] for name in values})
    arms = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    X = encoding.encode(arms)[:, [list(encoding.columns).index(name) for name in values]]
    np.testing.assert_array_equal(X, space.encode(arms))
    assert ((X < 0) | (X > 1)).all()


def test_ordered_values_beyond_and_between_the_choices_stay_there():
    encoding, values = encoding_of(every_kind()), [-200, 8, 16, 24, 64, 128, 256]
    j = list(encoding.columns).index("batch")
    u = encoding.encode([{"batch": value} for value in values])[:, j]
    assert (np.diff(u) > 0).all()
    np.testing.assert_array_equal((u < 0) | (u > 1), [1, 0, 0, 0, 0, 0, 1])
    places = encoding.space.places(j)
    among = np.isclose(u[:, None], places).any(axis=1)
    np.testing.assert_array_equal(among, [value in (16, 32, 128) for value in values])


@pytest.mark.parametrize("name", ["kind", "colour", "size"])
def test_what_is_no_choice_any_more_is_none_of_those_left(name):
    encoding = encoding_of(every_kind())
    X = encoding.encode([{name: value} for value in ("q", "xl")])
    assert np.isnan(X[:, list(encoding.columns).index(name)]).all()


def test_what_is_fixed_is_so_in_every_proposal():
    fixed = {"x": 1, "batch": 32, "colour": "b", "kind": 1, "flag": True, "only": "one"}
    encoding = encoding_of(every_kind(), fixed)
    assert encoding.space.fixed == {"x": 1, "batch": 1, "colour": "b", "kind": 1, "flag": 1}
    for arm in encoding.decode(encoding.space.sample(50, np.random.default_rng(0))):
        assert {name: arm[name] for name in fixed} == fixed
        assert isinstance(arm["x"], float)


def test_linear_constraints_are_in_the_users_units():
    search_space = every_kind("x + 2*p + 2*i + near <= 11.5", "near - x >= 5")
    encoding = encoding_of(search_space)
    X = encoding.space.sample(500, np.random.default_rng(0))
    kept = [search_space.check_membership(arm) for arm in encoding.decode(X)]
    np.testing.assert_array_equal(encoding.space.allows(X), kept)
    assert 0.1 < np.mean(kept) < 0.9


def test_a_parameter_that_was_added_later_has_its_backfill_value():
    added = RangeParameter("new", FLOAT, 0.0, 1.0, backfill_value=0.25)
    encoding = encoding_of(SearchSpace([RangeParameter("x", FLOAT, 0.0, 1.0), added]))
    np.testing.assert_array_equal(encoding.encode([{"x": 0.5}]), [[0.5, 0.25]])


def test_a_place_on_a_curve_is_no_parameter_of_a_proposal():
    curve = RangeParameter("step", FLOAT, 1.0, 9.0)
    encoding = encoding_of(SearchSpace([RangeParameter("x", FLOAT, 0.0, 1.0)]), None, curve)
    np.testing.assert_array_equal(encoding.encode([{"x": 0.5, "step": 5.0}]), [[0.5, 0.5]])
    np.testing.assert_array_equal(encoding.encode([{"x": 0.5}]), [[0.5, 1.0]])  # it still runs
    X = encoding.space.sample(9, np.random.default_rng(0))
    assert (X[:, 1] == 1.0).all()
    assert all(arm.keys() == {"x"} for arm in encoding.decode(X))


def tree():
    """Return a hierarchical search space, with a fixed parameter inside a branch."""
    net = choice(
        "net",
        ["mlp", "cnn", "none"],
        TEXT,
        ordered=False,
        dependents={"mlp": ["units"], "cnn": ["norm", "fixed"]},
    )
    norm = choice("norm", ["batch", "layer"], TEXT, dependents={"batch": ["momentum"]})
    return SearchSpace(
        [
            net,
            RangeParameter("units", INT, 1, 50),
            norm,
            RangeParameter("momentum", FLOAT, 0.1, 0.9),
            FixedParameter("fixed", INT, 3, dependents={3: ["kernel"]}),
            RangeParameter("kernel", INT, 1, 5),
        ]
    )


def test_branches_make_parameters_inactive():
    search_space = tree()
    encoding = encoding_of(search_space)
    X = encoding.space.sample(200, np.random.default_rng(0))
    arms = encoding.decode(X)
    assert all(search_space.check_membership(arm) for arm in arms)
    names = list(encoding.columns)
    for arm, row in zip(arms, X, strict=True):
        assert {n for n, u in zip(names, row, strict=True) if not np.isnan(u)} == set(arm) - {
            "fixed"
        }
    np.testing.assert_allclose(encoding.encode(arms), X, atol=1e-12)


@pytest.mark.parametrize("search_space", [every_kind(), tree()], ids=["every kind", "tree"])
def test_rows_of_features_are_where_their_parameters_are(search_space):
    encoding, space, transforms = encoding_of(search_space), search_space.clone(), {}
    for kind in (Cast, *MBM_X_trans_base):
        made = kind(search_space=space.clone())
        space, transforms[kind.__name__] = made.transform_search_space(space), made
    names = list(space.parameters)
    features = features_of(encoding, names, transforms)
    X = encoding.space.sample(50, np.random.default_rng(0))
    X = encoding.encode(encoding.decode(X))  # rounded
    rows = [ObservationFeatures(parameters=arm) for arm in encoding.complete(X)]
    for transform in transforms.values():
        rows = transform.transform_observation_features(rows)
    F = np.array([[row.parameters[name] for name in names] for row in rows], dtype=float)
    np.testing.assert_array_equal(features.decode(X), F)
    np.testing.assert_allclose(encoding.activity.mask(features.encode(F)), X, atol=1e-9)
    # between two choices of an ordered parameter, as an optimiser may ask, and outside a range
    for name in {"batch", "x"} & set(names):
        k, j = names.index(name), list(encoding.columns).index(name)
        ramp = np.repeat(F[:1], 9, axis=0)
        ramp[:, k] = np.linspace(F[:, k].min() - 0.1, F[:, k].max() + 0.1, 9)
        assert (np.diff(features.encode(ramp)[:, j]) > 0).all()


@pytest.mark.parametrize(("row", "place"), [([0, 0, 0], np.nan), ([0.1, 0.2, 0.15], 0.5)])
def test_a_one_hot_row_is_its_largest_choice_or_none(row, place):
    own = choice("c", ["r", "g", "b"], TEXT, ordered=False)
    search_space, transforms = SearchSpace([own]), {}
    space = search_space.clone()
    for kind in MBM_X_trans_base:
        made = kind(search_space=space.clone())
        space, transforms[kind.__name__] = made.transform_search_space(space), made
    features = features_of(encoding_of(search_space), list(space.parameters), transforms)
    np.testing.assert_equal(features.encode(np.array([row], dtype=float))[0, 0], place)
