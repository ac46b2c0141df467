"""Optuna's trials as the engine's arrays: every state, every distribution, every odd value."""

import copy
import json
import warnings
from datetime import datetime

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from lamoo import Categorical, Float, Integer
from lamoo.space import points
from optuna_lamoo import columns, distributions, notes
from optuna_lamoo.ranges import Ranges, union
from optuna_lamoo.reader import Reader, to_points

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
SPACE = {
    "c": CategoricalDistribution(("a", "b")),
    "i": IntDistribution(0, 9),
    "x": FloatDistribution(0.0, 1.0),
}


def trial(params, values=None, state=TrialState.COMPLETE, distributions=SPACE, **rest):
    return create_trial(
        state=state,
        params=params,
        distributions={name: distributions[name] for name in params},
        values=values,
        **rest,
    )


@pytest.mark.parametrize(
    ("distribution", "parameter"),
    [
        (FloatDistribution(-1, 2), Float(-1.0, 2.0)),
        (FloatDistribution(1e-3, 2, log=True), Float(1e-3, 2.0, log=True)),
        (FloatDistribution(0, 1, step=0.25), Float(0.0, 1.0, step=0.25)),
        (IntDistribution(-3, 7, step=5), Integer(-3, 7, step=5)),
        (IntDistribution(1, 64, log=True), Integer(1, 64, log=True)),
        (CategoricalDistribution(("a", None, 2.5)), Categorical(("a", None, 2.5))),
        # Optuna stores an equal choice as the first one, so the others are never had.
        (
            CategoricalDistribution((True, 1, None, "a", False, 0.0)),
            Categorical((True, None, "a", False)),
        ),
    ],
)
def test_each_distribution_has_its_parameter(distribution, parameter):
    assert repr(distributions.parameter(distribution)) == repr(parameter)


def test_a_foreign_distribution_is_refused_by_name():
    class Strange(BaseDistribution):
        def to_internal_repr(self, param_value_in_external_repr):
            return 0.0

        def single(self):
            return False

        def _contains(self, param_value_in_internal_repr):
            return True

    with pytest.raises(NotImplementedError, match="Strange"):
        distributions.parameter(Strange())


def grid(start, k, step):
    with warnings.catch_warnings():  # that rounding left the upper end beside the grid
        warnings.simplefilter("ignore", UserWarning)
        return FloatDistribution(start * step, (start + k) * step, step=step)


DISTRIBUTIONS = st.one_of(
    st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)).map(
        lambda b: FloatDistribution(b[0], b[0] + b[1])
    ),
    st.tuples(st.floats(1e-9, 1e3), st.floats(1, 1e6)).map(
        lambda b: FloatDistribution(b[0], b[0] * b[1], log=True)
    ),
    st.builds(
        grid, st.integers(-50, 50), st.integers(0, 40), st.sampled_from([0.1, 0.25, 0.3, 7.0])
    ),
    st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers(1, 9)).map(
        lambda b: IntDistribution(b[0], b[0] + b[1] * b[2], step=b[2])
    ),
    st.tuples(st.integers(1, 100), st.integers(0, 10**6)).map(
        lambda b: IntDistribution(b[0], b[0] + b[1], log=True)
    ),
    st.lists(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
        min_size=1,
        max_size=6,
    ).map(CategoricalDistribution),
)


@settings(max_examples=50)
@given(
    distributions=st.lists(DISTRIBUTIONS, min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_proposals_are_what_optuna_accepts_and_survive_the_note(distributions, seed):
    search_space = {f"p{k}": distribution for k, distribution in enumerate(distributions)}
    space = columns.to_space(search_space)
    X = space.sample(5, np.random.default_rng(seed))
    for params in space.decode(X):
        for name, value in params.items():
            distribution = search_space[name]
            assert distribution._contains(distribution.to_internal_repr(value))
            assert not isinstance(value, np.generic)
        running = trial(
            {},
            state=TrialState.RUNNING,
            system_attrs=json.loads(json.dumps(notes.attributes(notes.note(params, search_space)))),
        )
        assert repr(notes.proposal(running, search_space)) == repr(params)
        np.testing.assert_array_equal(
            to_points(search_space, space, [running]), space.encode([params])
        )


@pytest.mark.parametrize("name", ["x{}", "layer.{}.weight" * 20, "Größe {}", '"quoted"\\ {}'])
@pytest.mark.parametrize("n", [0, 1, 40, 3_000])
def test_a_note_of_any_length_fits_into_a_storage(name, n, rng):
    def noted(attributes):
        return notes.noted(trial({}, state=TrialState.RUNNING, system_attrs=attributes))

    note = {name.replace("{}", str(k)): float(rng.random()) for k in range(n)}
    attributes = notes.attributes(note)
    assert noted(attributes) == note
    assert noted(dict(reversed(attributes.items()))) == note
    assert (len(attributes) == 1) == (n <= 40)
    # MySQL's TEXT, into which Optuna writes JSON
    assert max(len(json.dumps(text).encode()) for text in attributes.values()) < 2**16
    # a shorter note in its place leaves nothing of it
    shorter = dict(list(note.items())[: n // 2])
    assert noted(attributes | notes.attributes(shorter, attributes)) == shorter


def test_notes_of_earlier_versions_are_read():
    params = {"c": "b", "i": 3, "x": 0.25}
    before = {notes.NOTE: {"c": 1, "i": 3.0, "x": 0.25}}
    running = trial({}, state=TrialState.RUNNING, system_attrs=before)
    assert notes.proposal(running, SPACE) == params


def test_fixed_values_that_nobody_could_take_are_not_fixed():
    odd = {"c": "z", "i": None, "x": "half", "y": 1.0}
    assert columns.to_space(SPACE, odd).fixed == {}
    assert columns.to_space(SPACE, {"x": float("nan")}).fixed == {}
    assert columns.to_space(SPACE, {"x": float("inf")}).fixed == {}
    assert columns.to_space(SPACE, {"c": "b", "i": 3.0, "x": True}).fixed == {
        "c": "b",
        "i": 3.0,
        "x": True,
    }


def test_union_holds_what_any_trial_had_in_its_latest_range_by_name():
    wide = {"x": FloatDistribution(0, 5), "only": IntDistribution(4, 4)}
    trials = [
        trial({"x": 0.5, "i": 3}, [1.0]),
        trial({"x": 4.0, "only": 4}, [1.0], distributions=wide),
        trial({"c": "a"}, state=TrialState.RUNNING),
    ]
    assert list(union(trials)) == ["c", "i", "x"]
    assert union(trials)["x"] == wide["x"]
    assert union(trials[::-1])["x"] == SPACE["x"]
    assert union([]) == {}


def test_history_sorts_trials_by_what_is_known_of_them():
    note = {notes.NOTE: {"c": 0, "i": 5.0, "x": 0.25, "gone": 3.0}}
    fixed = {"fixed_params": {"x": 0.75, "i": "what?"}}
    trials = [
        trial({"c": "a", "i": 0, "x": 1.0}, [1.0, 2.0]),
        trial({"c": "b"}, state=TrialState.PRUNED),
        trial({}, state=TrialState.RUNNING),
        trial({"c": "b"}, state=TrialState.RUNNING, system_attrs=note | fixed),
        trial({}, state=TrialState.WAITING, system_attrs=fixed),
        trial({"x": 0.5}, [float("inf"), -3.0]),
        trial({"x": 0.125}, state=TrialState.FAIL),
        trial({}, state=TrialState.FAIL, system_attrs=note),
    ]
    history = Reader().history(SPACE, trials, [MINIMIZE, MAXIMIZE])
    nan = np.nan
    np.testing.assert_allclose(history.X, [[0.25, 0.05, 1.0], [nan, nan, 0.5]])
    np.testing.assert_array_equal(history.Y, [[1.0, -2.0], [np.inf, 3.0]])
    np.testing.assert_array_equal(history.failed, [[0.75, nan, nan], [nan, nan, 0.125]])
    # what a trial has, before what was enqueued for it, before what it was given
    np.testing.assert_allclose(history.pending, [[0.75, 0.55, 0.75], [nan, nan, 0.75]])
    assert history.G.shape == (2, 0)


def test_history_of_nothing_has_the_right_shapes():
    history = Reader().history(SPACE, [], [MINIMIZE, MAXIMIZE, MINIMIZE])
    assert history.X.shape == (0, 3)
    assert history.Y.shape == (0, 3)
    assert history.tried.shape == (0, 3)


def test_constraints_that_optuna_before_5_wrote():
    trials = [
        trial({"x": 0.1}, [1.0], system_attrs={"constraints": [-1.0, 2.0]}),
        trial({"x": 0.2}, [1.0]),
        trial({"x": 0.3}, [1.0], system_attrs={"constraints": (0.0, -3.0)}),
    ]
    history = Reader().history(SPACE, trials, [MINIMIZE])
    np.testing.assert_array_equal(history.G, [[-1.0, 2.0], [np.nan] * 2, [0.0, -3.0]])
    assert history.violation.tolist() == [2.0, 0.0, 0.0]


@pytest.mark.skipif(
    not hasattr(optuna.trial.Trial, "set_constraint"), reason="constraints by name are Optuna 5's"
)
def test_constraints_by_name():
    trials = [
        trial({"x": 0.1}, [1.0], constraints={"memory": 0.5}),
        trial({"x": 0.2}, [1.0]),
        trial({"x": 0.3}, [1.0], constraints={"latency": 2.0, "memory": -1.0}),
    ]
    history = Reader().history(SPACE, trials, [MINIMIZE])
    nan = np.nan
    np.testing.assert_array_equal(history.G, [[nan, 0.5], [nan, nan], [2.0, -1.0]])
    assert history.violation.tolist() == [0.5, 0.0, 2.0]


def test_what_a_reader_remembers_changes_nothing():
    states = [TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING]
    trials = [
        trial({"x": 0.1 * k}, [float(k)] if k % 3 == 0 else None, state=states[k % 3])
        for k in range(9)
    ]
    reader = Reader()
    wider = {**SPACE, "y": FloatDistribution(0, 1)}
    other = [trial({"x": 0.7}, [1.0]) for k in range(9)]  # of another study
    backwards = dict(reversed(SPACE.items()))
    calls = [(SPACE, trials[:4]), (SPACE, trials), (wider, trials), (SPACE, other)]
    for space, now in [*calls, (backwards, other)]:
        old, new = (r.history(space, now, [MINIMIZE]) for r in (reader, Reader()))
        for name in ("X", "Y", "G", "pending", "failed"):
            np.testing.assert_array_equal(getattr(old, name), getattr(new, name))


@pytest.mark.parametrize("same_objects", [True, False])
def test_trials_that_finish_in_any_order_are_read_as_if_for_the_first_time(rng, same_objects):
    reader, trials = Reader(), []
    for number in range(60):
        trials.append(trial({"x": number / 100}, None, state=TrialState.RUNNING))
        for k in rng.choice(number + 1, 2):  # several run at a time, and some never finish
            if not trials[k].state.is_finished():
                values = [float(k)] if rng.random() < 0.8 else None
                state = TrialState.FAIL if values is None else TrialState.COMPLETE
                trials[k] = trial(trials[k].params, values, state=state)
        for now in (trials, trials[:-1], trials[number // 2 :]):
            now = now if same_objects else copy.deepcopy(now)  # noqa: PLW2901
            old, new = (r.history(SPACE, now, [MINIMIZE]) for r in (reader, Reader()))
            for name in ("X", "Y", "G", "pending", "failed"):
                np.testing.assert_array_equal(getattr(old, name), getattr(new, name))


def test_a_trial_more_is_looked_at_alone(monkeypatch):
    looked, keys_of = [], points.keys_of

    def counted(X):
        looked.append(len(X))
        return keys_of(X)

    monkeypatch.setattr(points, "keys_of", counted)
    trials = [trial({"x": k / 100}, [float(k)]) for k in range(60)]
    trials[3:3] = [trial({"x": 0.999}, None, state=TrialState.FAIL)]
    reader = Reader()
    for n in range(50, 61):
        assert reader.history(SPACE, trials[:n], [MINIMIZE]).points.distinct
    assert sum(looked) == 60 - 1


def test_ranges_that_are_remembered_are_the_latest(rng):
    ranges, trials = Ranges(), []
    for number in range(60):
        # several run at a time; which is finished next is a matter of chance, and some never are
        # ranges only ever move on
        name, high = str(rng.choice(["x", "y", "z"])), float(number // 15)
        trials.append(
            FrozenTrial(
                number=number,
                trial_id=number,
                state=TrialState.RUNNING,
                value=None,
                values=None,
                datetime_start=datetime(2026, 1, 1),  # noqa: DTZ001  as Optuna stores it
                datetime_complete=None,
                params={name: 0.0},
                distributions={name: FloatDistribution(0.0, high)},
                user_attrs={},
                system_attrs={},
                intermediate_values={},
            )
        )
        for k in rng.choice(number + 1, 2):
            if not trials[k].state.is_finished():
                trials[k] = copy.copy(trials[k])
                trials[k].state, trials[k].values = TrialState.COMPLETE, [0.0]
                trials[k].datetime_complete = datetime(2026, 1, 2)  # noqa: DTZ001
        for now in (trials, trials[:-1]):
            assert ranges.read(now).union() == union(now)
    other = [trial({"x": 0.7}, [1.0])]  # of another study
    assert ranges.read(other).union() == union(other)
    assert ranges.read(trials).union() == union(trials)


@pytest.mark.parametrize(
    "choices",
    [
        [1.0, 1, "sqrt", True, 0, False, 2.5],
        [float("nan"), 1.0, np.float64("nan"), None],
        [[1], [1.0], [2], [1]],  # without hashes
        ["a", "b", "a"],
        [(1,), (1.0,), (2,)],
    ],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_choices_that_are_equal_to_optuna_are_one(choices):
    distribution = CategoricalDistribution(choices)
    stored = [int(distribution.to_internal_repr(choice)) for choice in choices]
    kept = distributions.parameter(distribution).choices
    assert [*map(repr, kept)] == [repr(choices[i]) for i in sorted({*stored})]
    never = [(repr(choices[i]), repr(choices[k])) for i, k in enumerate(stored) if i != k]
    assert [(repr(a), repr(b)) for a, b in distributions.merged(distribution)] == never


def test_thousands_of_choices_are_each_looked_at_once():
    compared = 0

    class Choice:
        def __init__(self, number):
            self.number = number

        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return isinstance(other, Choice) and self.number == other.number

        def __hash__(self):
            return hash(self.number)

    with warnings.catch_warnings(action="ignore"):  # Optuna's, of what cannot be stored
        distribution = CategoricalDistribution([Choice(i) for i in range(1000)])
    assert len(distributions.parameter(distribution).choices) == 1000
    assert compared < 10_000
