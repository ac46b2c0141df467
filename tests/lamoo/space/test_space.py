"""Parameters and points: round trips, bounds, grids, enumeration, Sobol points."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy import stats

from lamoo import Categorical, Float, Integer, Space
from lamoo.space.activity import learn_activity
from lamoo.space.moves import perturb

CHOICES = (True, 1, None, math.nan, "a", "", 0, False, 0.5, ("t", 2))


# ------------------------------------------------------------------- parameters of every kind


def ordered(numbers):
    return st.tuples(numbers, numbers).map(sorted)


@st.composite
def floats(draw):
    low, high = draw(ordered(st.floats(-1e308, 1e308)))
    return Float(low, high)


@st.composite
def log_floats(draw):
    low, high = draw(ordered(st.floats(1e-300, 1e300)))
    return Float(low, high, log=True)


@st.composite
def stepped_floats(draw):
    # so far from 0 that 1e-16 of a bound is still nothing against the step
    step = draw(st.floats(1e-6, 1e6))
    low = step * draw(st.floats(-1e5, 1e5))
    # not on the grid: there, decimal arithmetic (Optuna's) and binary may disagree by one level
    return Float(low, low + step * (draw(st.integers(0, 10**4)) + 0.25), step=step)


@st.composite
def integers(draw):
    low, high = draw(ordered(st.integers(-(2**40), 2**40)))
    return Integer(low, high, step=draw(st.sampled_from([1, 2, 7, 1000])))


@st.composite
def log_integers(draw):
    low, high = draw(ordered(st.integers(1, 10**9)))
    return Integer(low, high, log=True)


def choices():
    return st.permutations(CHOICES).flatmap(
        lambda all_: st.integers(1, len(all_)).map(lambda k: Categorical(tuple(all_[:k])))
    )


KINDS = [floats(), log_floats(), stepped_floats(), integers(), log_integers(), choices()]
parameters = st.one_of(*KINDS)
units = st.lists(st.floats(0, 1), min_size=1, max_size=5).map(np.array)


def twin(parameter):
    """Return Optuna's distribution, which checks values in its own way."""
    if isinstance(parameter, Categorical):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a choice that is a tuple
            return CategoricalDistribution(parameter.choices)
    kind = FloatDistribution if isinstance(parameter, Float) else IntDistribution
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a high that is not on the grid
        return kind(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def same(a, b):
    """Tell whether two values are one choice; nan is itself, True is not 1."""
    return type(a) is type(b) and (a == b or (a != a and b != b))  # noqa: PLR0124


@given(parameters, units)
@example(Integer(0, 2**53 + 3), np.array([1.0]))
@example(Integer(0, 2**63 - 1), np.array([1.0]))
@example(Float(-1e308, 1e308), np.array([0.0, 0.5, 1.0]))
@example(Float(5e-324, 1.7976931348623157e308, log=True), np.array([0.0, 1.0]))
def test_every_place_is_a_python_scalar_that_optuna_accepts(parameter, u):
    distribution = twin(parameter)
    for value in parameter.from_unit(u):
        kinds = {Float: float, Integer: int}
        if type(parameter) in kinds:
            assert type(value) is kinds[type(parameter)]
            assert parameter.low <= value <= parameter.high
            # Optuna itself keeps integers as floats
            if abs(value) <= 2**53 or type(value) is float:
                assert distribution._contains(distribution.to_internal_repr(value))
        else:
            assert any(value is choice for choice in parameter.choices)


@given(st.one_of(stepped_floats(), integers(), log_integers(), choices()), units)
def test_a_value_of_a_discrete_parameter_survives_the_round_trip(parameter, u):
    values = parameter.from_unit(u)
    again = parameter.from_unit(parameter.to_unit(values))
    assert all(same(a, b) for a, b in zip(values, again, strict=True))


@given(floats(), units)
def test_a_float_survives_the_round_trip_to_rounding(parameter, u):
    values = np.array(parameter.from_unit(u))
    again = np.array(parameter.from_unit(parameter.to_unit(values.tolist())))
    scale = max(abs(parameter.low), abs(parameter.high))
    assert (np.abs(again / 2 - values / 2) <= 1e-15 * scale).all()


@given(log_floats(), units)
def test_a_log_float_survives_the_round_trip_to_rounding(parameter, u):
    values = np.array(parameter.from_unit(u))
    again = np.array(parameter.from_unit(parameter.to_unit(values.tolist())))
    np.testing.assert_allclose(again, values, rtol=1e-11)


@given(parameters, units)
def test_snapping_keeps_the_value_and_snapping_again_changes_nothing(parameter, u):
    snapped = parameter.snap(u)
    assert ((snapped >= 0) & (snapped <= 1)).all()
    np.testing.assert_array_equal(parameter.snap(snapped), snapped)
    if not isinstance(parameter, Integer) or not parameter.log:
        values = zip(parameter.from_unit(u), parameter.from_unit(snapped), strict=True)
        # a place on the border of two cells may round to either value
        cells = u * min(parameter.levels, 1e12) % 1
        clear = (cells > 1e-6) & (cells < 1 - 1e-6) | (parameter.levels == math.inf)
        assert all(same(a, b) for (a, b), sure in zip(values, clear, strict=True) if sure)


@given(st.one_of(*KINDS[:5]), st.floats(-1e308, 1e308))
def test_order_is_kept_and_what_is_out_of_bounds_lies_outside(parameter, value):
    assume(parameter.low < parameter.high)
    grid = isinstance(parameter, Integer) or parameter.step is not None
    reach = (parameter.step if grid else 0) or 0
    u = Space({"p": parameter}).encode([{"p": value}])[0, 0]
    if parameter.log and value <= 0:
        assert np.isnan(u)
    elif value > parameter.high + reach:
        assert u >= 1
    elif value < parameter.low - reach:
        assert u <= 0
    elif parameter.low <= value <= parameter.high:
        # a high that is not on the grid may lie within a step beyond the last cell
        assert 0 <= u <= (2 if grid else 1)


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Float(0.0, 10.0), 15.0, 1.5),
        (Float(0.0, 10.0), -2.5, -0.25),
        (Float(0.0, 10.0), 20.0, 1.5 + 0.5 / 2),  # from half a width on ever less
        (Float(0.0, 10.0), -1e9, -0.5 - (1e8 - 0.5) / 2e8),
        (Float(0.0, 1e-300), 1e300, 2.0),
        (Float(0.0, 10.0), math.inf, 2.0),
        (Float(1e-2, 1.0, log=True), 1e-3, -0.5),
        (Float(1e-2, 1.0, log=True), 0.0, math.nan),
        (Integer(0, 3), 5, 1.375),
        (Integer(0, 3), 0, 0.125),
        (Integer(5, 5), 5, 0.5),
        (Float(2.0, 2.0), 2.0, 0.5),
        (Float(2.0, 2.0), math.nan, math.nan),
        (Float(0.0, 5e-324), 0.0, 0.5),
        (Float(1e300, float(np.nextafter(1e300, math.inf)), log=True), 1e300, 0.5),
        (Categorical(("a", "b")), "c", math.nan),
        (Categorical((1, 2)), 2.0, 0.75),
    ],
)
def test_places_computed_by_hand(parameter, value, expected):
    u = Space({"p": parameter}).encode([{"p": value}])
    np.testing.assert_allclose(u, [[expected]], rtol=1e-12)


def test_a_grid_may_reach_to_the_largest_float_there_is():
    lowest = -float(np.finfo(float).max)
    parameter = Float(lowest, -1e308, step=1e300)
    (place,) = parameter.to_unit([lowest])
    assert 0 <= place < 1 / parameter.levels
    assert parameter.from_unit(parameter.snap(np.array([place]))) == [lowest]


@pytest.mark.parametrize("highest", [float(np.finfo(float).max), 1.7976931348621712e308])
def test_a_log_scale_may_reach_to_the_largest_float_there_is(highest):
    parameter = Float(5.229119858965684e-289, highest, log=True)
    (value,) = parameter.from_unit(np.array([1.0]))
    assert value <= highest
    assert value == pytest.approx(highest)


@pytest.mark.parametrize("parameter", [Float(0, 1), Float(1, 2, log=True), Integer(0, 4)])
def test_what_is_no_number_has_no_place_among_numbers(parameter):
    for other in ("a", None, (1, 2), [1.0], 10**400, "nan"):
        with_it, without = parameter.to_unit([1, other, 0.5]), parameter.to_unit([1, 0.5])
        np.testing.assert_array_equal(with_it[[0, 2]], without)
        assert np.isnan(with_it[1])
        assert np.isnan(Space({"x": parameter}).encode([{"x": other}])).all() or other == [1.0]


def test_equal_but_different_choices_are_told_apart():
    parameter = Categorical(CHOICES)
    cells = np.floor(parameter.to_unit(CHOICES) * len(CHOICES))
    assert cells.tolist() == list(range(len(CHOICES)))


@pytest.mark.parametrize(
    ("parameter", "levels"),
    [
        (Float(0.0, 1.0), math.inf),
        (Float(1.0, 1.0), 1),
        (Float(0.0, 0.3, step=0.1), 4),
        (Float(0.0, 0.35, step=0.1), 4),
        (Float(0.0, 0.05, step=0.1), 1),
        (Float(-1e308, 1e308, step=1e308), 3),
        (Integer(1, 10, step=4), 3),
        (Integer(3, 3), 1),
        (Integer(1, 1000, log=True), 1000),
        (Categorical(("a",)), 1),
    ],
)
def test_levels_count_the_values(parameter, levels):
    assert parameter.levels == levels


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(1.0, 0.0), "low and high must be finite"),
        (lambda: Float(0.0, math.inf), "low and high must be finite"),
        (lambda: Float(math.nan, 1.0), "low and high must be finite"),
        (lambda: Float(0.0, 1.0, log=True), "low must be positive"),
        (lambda: Float(0.0, 1.0, step=0.0), "step must be positive"),
        (lambda: Float(1.0, 2.0, log=True, step=0.5), "step and log"),
        (lambda: Integer(2, 1), "low and high must be finite"),
        (lambda: Integer(0, 8, log=True), "low must be positive"),
        (lambda: Integer(1, 8, log=True, step=2), "step must be 1"),
        (lambda: Integer(1, 8, step=0), "step must be positive"),
        (lambda: Categorical(()), "choices must hold"),
        (lambda: Categorical({"a"}), "choices must be a tuple or list of values, got {'a'}"),
        (lambda: Categorical(5), "choices must be a tuple or list"),
        (lambda: Float(0, 10**400), "low and high must be finite"),
        (lambda: Integer(0, 10**400), "low and high must be finite"),
        (lambda: Float("0", 1), "low and high must be finite"),
        (lambda: Integer(0.5, 3), "low, high and step must be whole numbers"),
        (lambda: Space([Float(0, 1)]), "parameters must map names to lamoo.Float"),
        (lambda: Space({"a": (0, 1)}), "parameters must map names to lamoo.Float"),
        (lambda: Space({"a": Float}), "parameters must map names to lamoo.Float"),
        (lambda: Space({"a": Float(0, 1)}, exclusive=[["a", "b"]]), r"exclusive names \['b'\]"),
        (lambda: Space({"a": Float(0, 1)}, ["a"]), "fixed must map names"),
        (lambda: Space({"a": Integer(0, 1)}, {"b": 1}), "fixed names 'b'"),
        (lambda: Space({"a": Categorical((1,))}, {"a": 3}), "fixed value 3 is impossible for 'a'"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_whatever_has_an_order_may_hold_choices():
    made = {"relu": 1.0, "tanh": 2.0}  # its keys are a set by their type, and have an order
    for choices in (made.keys(), made, ["relu", "tanh"], (name for name in made)):
        assert Categorical(choices).choices == ("relu", "tanh")


# ------------------------------------------------------------------------------ whole points


@pytest.mark.parametrize("name", ["float", "grid", "integer", "choice", "mixed", "tree"])
def test_points_survive_decoding_and_encoding(spaces, name, rng):
    space = spaces[name]
    X = space.sample(200, rng)
    np.testing.assert_allclose(space.encode(space.decode(X)), X, atol=1e-12)
    np.testing.assert_array_equal(space.snap(X), X)


@given(st.lists(parameters, min_size=1, max_size=4), st.data())
def test_missing_parameters_stay_missing(kinds, data):
    space = Space({f"p{i}": p for i, p in enumerate(kinds)})
    X = space.sample(1, np.random.default_rng(0))
    X[:, data.draw(st.lists(st.booleans(), min_size=len(kinds), max_size=len(kinds)))] = np.nan
    params = space.decode(X)
    assert len(params[0]) == (~np.isnan(X)).sum()
    np.testing.assert_array_equal(np.isnan(space.encode(params)), np.isnan(X))


def test_fixed_values_are_taken_by_every_point_that_is_proposed(rng):
    space = Space(
        {"a": Float(0, 1), "b": Integer(1, 9), "c": Categorical("xyz")}, {"b": 7, "c": "y"}
    )
    others = Space(space.parameters).sample(50, rng)
    proposals = [
        space.sample(50, rng),
        space.sobol(0, 8, seed=0),
        space.snap(others),
        perturb(space, others, rng, [1.0]),
    ]
    for X in proposals:
        assert {(p["b"], p["c"]) for p in space.decode(X)} == {(7, "y")}
    assert space.free.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "parameter",
    [Integer(3, 9), Integer(0, 50, step=10), Float(0, 0.35, step=0.1), Categorical("abcde")],
)
def test_uniform_draws_are_fair(parameter, rng):
    values = Space({"p": parameter}).decode(Space({"p": parameter}).sample(20_000, rng))
    counts = np.unique([p["p"] for p in values], return_counts=True)[1]
    assert len(counts) == parameter.levels
    assert stats.chisquare(counts).pvalue > 1e-3


def test_uniform_draws_of_a_log_integer_follow_its_cells(rng):
    space = Space({"p": Integer(2, 30, log=True)})
    values = [p["p"] for p in space.decode(space.sample(20_000, rng))]
    grid = np.arange(2, 31)
    width = np.log((grid + 0.5) / (grid - 0.5)) / math.log(30.5 / 1.5)
    counts = np.bincount(values, minlength=31)[2:]
    assert stats.chisquare(counts, 20_000 * width).pvalue > 1e-3


def test_uniform_draws_of_a_float_are_uniform(spaces, rng):
    X = spaces["float"].sample(5_000, rng)
    assert all(stats.kstest(column, "uniform").pvalue > 1e-3 for column in X.T)


# ------------------------------------------------------------------------------- enumeration


def configurations(space, X):
    return [tuple(p.get(name, "absent") for name in space.parameters) for p in space.decode(X)]


def test_enumeration_holds_every_configuration_once():
    space = Space(
        {
            "a": Integer(1, 40, log=True),
            "b": Float(-1, 0, step=0.25),
            "c": Categorical((True, 1, None)),
            "d": Integer(0, 10, step=5),
            "e": Float(2, 2),
        }
    )
    found = configurations(space, space.enumerate())
    values = [range(1, 41), [-1.0, -0.75, -0.5, -0.25, 0.0], (True, 1, None), [0, 5, 10], [2.0]]
    wanted = list(itertools.product(*values))
    assert len(found) == space.size == len(wanted) == 1800
    # as text, in which True is not 1
    assert set(map(repr, found)) == set(map(repr, wanted))


def test_enumeration_leaves_out_what_is_fixed():
    space = Space(
        {"a": Integer(0, 9), "b": Categorical("xyz"), "c": Float(0, 1)}, {"a": 4, "c": 0.3}
    )
    assert space.size == 3
    assert configurations(space, space.enumerate()) == [(4, c, 0.3) for c in "xyz"]


def test_enumeration_of_a_small_space_of_many_parameters():
    """NumPy's grids have 32 axes at most."""
    fixed = {f"p{i}": Categorical(["only"]) for i in range(70)}
    space = Space(fixed | {"a": Categorical("xyz"), "b": Integer(0, 1)})
    assert space.size == 6
    found = configurations(space, space.enumerate())
    assert [row[-2:] for row in found] == [(a, b) for a in "xyz" for b in (0, 1)]


def test_enumeration_of_a_conditional_space_merges_what_is_inactive(rng):
    space = Space({"a": Categorical("xy"), "b": Integer(1, 5)})
    X = space.sample(40, rng)
    X[X[:, 0] < 0.5, 1] = np.nan
    space = Space(space.parameters, activity=learn_activity(X))
    found = configurations(space, space.enumerate())
    assert sorted(found, key=str) == sorted(
        [("x", "absent"), *(("y", b) for b in range(1, 6))], key=str
    )


@pytest.mark.parametrize("parameter", [Float(0, 1), Integer(1, 20_001)])
def test_enumerating_too_much_is_refused(parameter):
    space = Space({"p": parameter})
    assert not space.enumerable
    with pytest.raises(ValueError, match="cannot be enumerated"):
        space.enumerate()


def test_a_huge_space_has_an_infinite_size():
    assert Space({str(i): Integer(0, 999) for i in range(200)}).size == math.inf


# ------------------------------------------------------------------------- Sobol


@pytest.mark.parametrize("seed", [0, 1, 2**70])
def test_windows_of_the_sobol_sequence_agree(spaces, seed):
    space = spaces["mixed"]
    whole = space.sobol(0, 40, seed)
    for start, n in [(0, 1), (1, 1), (3, 8), (16, 24), (39, 1)]:
        np.testing.assert_array_equal(space.sobol(start, n, seed), whole[start : start + n])


def test_sobol_points_are_stratified_and_depend_on_the_seed(spaces):
    X = spaces["float"].sobol(0, 16, seed=5)
    for column in X.T:
        assert sorted(np.floor(column * 16)) == list(range(16))
    assert not np.array_equal(X, spaces["float"].sobol(0, 16, seed=6))


def test_sobol_goes_beyond_its_tabulated_dimensions(monkeypatch):
    monkeypatch.setattr("scipy.stats.qmc.Sobol.MAXDIM", 3)
    space = Space({str(i): Float(0, 1) for i in range(6)})
    X = space.sobol(0, 200, seed=0)
    assert all(stats.kstest(column, "uniform").pvalue > 1e-3 for column in X.T)


def test_choices_are_alike_where_they_are_the_same():
    space = Space(
        {
            "a": Categorical(("x", "y")),
            "b": Float(0, 1),
            "c": Categorical((True, False)),
            "d": Categorical(("x", "y")),
            "e": Categorical((1, 0)),
            "f": Categorical(("y", "x")),
        }
    )
    alike = space.alike
    assert alike[1] == -1
    assert alike[0] == alike[3]
    assert len(set(alike.tolist())) == 5
    assert (np.delete(alike, 1) >= 0).all()


@pytest.mark.parametrize(("low", "high", "step"), [(0.0, 1e300, 5e-324), (-1e300, 1e300, 0.1)])
def test_a_grid_finer_than_floats_is_a_continuum(low, high, step):
    p = Float(low, high, step=step)
    assert p.levels == math.inf
    np.testing.assert_allclose(
        p.from_unit(np.array([0.0, 0.5, 1.0])), [low, (low + high) / 2, high]
    )
    np.testing.assert_allclose(p.to_unit([low, high]), [0.0, 1.0])


# ------------------------------------------------------------------------- columns together


@pytest.mark.parametrize("fixed", [{}, {"b": 0.5, "h": "x"}])
def test_parameters_of_one_kind_are_treated_together_as_each_alone(fixed, rng):
    space = Space(
        {
            "a": Float(-3.0, 5.0),
            "b": Float(0, 1),
            "c": Float(1e-3, 10.0, log=True),
            "d": Float(0.0, 1.0, step=0.1),
            "e": Integer(1, 9, step=2),
            "f": Integer(1, 300, log=True),
            "g": Float(2.0, 2.0),
            "h": Categorical(("x", "y", "z")),
            "i": Float(-1e308, 1e308),
        },
        fixed,
    )
    X = rng.uniform(-0.2, 1.2, (50, 9))
    X[rng.random(X.shape) < 0.1] = np.nan
    each = [*space.parameters.values()]
    snapped = np.stack([p.snap(u) for p, u in zip(each, X.T, strict=True)], axis=1)
    for name, value in fixed.items():
        j = [*space.parameters].index(name)
        snapped[:, j] = space.parameters[name].to_unit([value])[0]
    np.testing.assert_array_equal(space.snap(X), snapped)
    known = ~np.isnan(X).any(axis=1)
    for gaps, k in zip(space.gaps(X[known]), (0, 1), strict=True):
        alone = [p.gaps(u)[k] for p, u in zip(each, X[known].T, strict=True)]
        np.testing.assert_array_equal(gaps, np.stack(alone, axis=1))
    decoded = space.decode(X)
    for params, x in zip(decoded, X, strict=True):
        alone = {
            name: p.from_unit(np.array([u]))[0]
            for (name, p), u in zip(space.parameters.items(), x, strict=True)
            if not np.isnan(u)
        }
        assert [*params.items()] == [*alone.items()]
        assert [type(v) for v in params.values()] == [type(v) for v in alone.values()]
    for rows in (decoded, [d for d, k in zip(decoded, known, strict=True) if k]):
        encoded = space.encode(rows)
        for params, x in zip(rows, encoded, strict=True):
            for (name, p), u in zip(space.parameters.items(), x, strict=True):
                if name not in params:
                    assert np.isnan(u)
                else:
                    assert u == p.to_unit([params[name]])[0]
    assert space.decode(X[:0]) == []
    assert Space({}).decode(np.empty((2, 0))) == [{}, {}]
