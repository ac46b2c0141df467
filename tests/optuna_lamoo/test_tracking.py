"""Reports of several objectives: stored and read back on every storage, wrong ones told."""

import json
import pickle

import numpy as np
import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FixedTrial, Trial, TrialState

from lamoo.curves import Curves
from optuna_lamoo import EarlyStopping, LaMOOSampler, reports, track
from optuna_lamoo.reports import KEY, ROOM, curve

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # names


def study_of(directions=("minimize", "maximize"), names=("error", "speed"), **options):
    options = {"sampler": optuna.samplers.RandomSampler(seed=0)} | options
    study = optuna.create_study(directions=list(directions), **options)
    if names:
        study.set_metric_names(list(names))
    return study


def stored(study, number=0):
    return reports.reports(study.trials[number].user_attrs, len(study.directions))


def test_one_key_holds_rows_of_a_step_and_a_value_per_objective():
    study = study_of()
    trial = track(study.ask())
    trial.report([0.61, 11274], 1)
    trial.report([np.float32(0.5), None], 2)
    trial.report({"error": np.array(0.25)}, step=7)
    trial.report({0: 0.125, 1: 12}, 9)
    text = "[[1, 0.61, 11274.0], [2, 0.5, null], [7, 0.25, null], [9, 0.125, 12.0]]"
    assert study.trials[0].user_attrs == {KEY: text}
    assert study.trials[0].intermediate_values == {}


@pytest.mark.parametrize(
    "kind",
    ["memory", "sqlite", "journal", "grpc", pytest.param("postgresql", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("m", [2, 3])
def test_what_is_reported_is_read_back_from_every_storage(make_storage, kind, m, rng):
    storage = make_storage(kind)
    name = f"{kind} {m}"
    study = study_of(["minimize"] * m, None, storage=storage, study_name=name)
    expected = rng.random((80, m)).tolist()
    expected[3][0], expected[4][1], expected[5][0] = np.nan, np.inf, -np.inf
    trial = track(study.ask())
    for step, row in enumerate(expected):
        trial.report(row, step)
    again = optuna.load_study(study_name=name, storage=storage)
    attrs = again.trials[0].user_attrs
    np.testing.assert_array_equal([*stored(again).values()], expected)
    assert [*stored(again)] == [*range(80)]
    assert {*attrs} == {KEY, *(f"{KEY}:{k}" for k in range(1, len(attrs)))}  # in any order
    assert max(map(len, attrs.values())) < ROOM + 25 * (m + 1)
    for text in attrs.values():
        json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_it_reads_as_curves_that_are_minimised():
    study = study_of()
    trial = track(study.ask())
    trial.report({"error": 0.5}, 1)
    trial.report({"speed": 3.0}, 2)
    trial.report({"error": float("nan")}, 3)
    found = curve(study.trials[0], study.directions)
    assert found.steps.tolist() == [1, 2, 3]
    assert found.values.tolist() == [[0.5, -3], [0.5, -3], [np.inf, -3]]
    assert found.final is None
    study.tell(trial, [0.4, 5.0])
    assert curve(study.trials[0], study.directions).final.tolist() == [0.4, -5]


def test_with_one_objective_it_is_optunas_own():
    study = optuna.create_study(direction="maximize")
    trial = track(study.ask())
    for step, value in enumerate([1, [2.0], {"accuracy": 3}, np.array([4.0]), np.float32(5)]):
        trial.report(value, step)
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert study.trials[0].intermediate_values == dict(enumerate(values))
    assert study.trials[0].user_attrs == {}
    found = curve(study.trials[0], study.directions)
    assert found.values.ravel().tolist() == [-v for v in values]
    assert trial.should_prune() is False
    with pytest.raises(ValueError, match="only objective"):
        trial.report([1, 2], 9)
    with pytest.raises(TypeError, match="float"):
        trial.report("bad", 9)


def test_all_else_is_the_same_trial():
    study = study_of()
    plain = study.ask()
    trial = track(plain)
    assert isinstance(trial, Trial)
    assert track(trial) is trial
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr("note", 1)
    assert plain.params == trial.params == {"x": x}
    assert plain.suggest_float("x", 0, 1) == x
    assert trial.number == plain.number == 0
    trial.report([1, 2], 0)
    assert study.tell(trial, [1, 2]).values == [1, 2]
    assert track(study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})).params.keys() == {
        "x"
    }


def test_a_trial_that_stores_nothing_is_returned_as_it_is():
    fixed = FixedTrial({"x": 0.5})
    assert track(fixed) is fixed
    fixed.report([1, 2], 3)
    assert fixed.should_prune() is False


def test_what_is_wrong_is_told_before_anything_is_stored():
    study = study_of()
    trial = track(study.ask())
    trial.report({"error": 0.5}, 3)
    before = study.trials[0].user_attrs
    for value, step, error, words in [
        ([1, 2, 3], 4, ValueError, r"one value per objective, of which the study has 2, got \[1"),
        ([1], 4, ValueError, "one value per objective"),
        (0.5, 4, TypeError, "one value per objective, of which the study has 2, got 0.5"),
        ("12", 4, TypeError, "one value per objective"),
        (np.array(0.5), 4, TypeError, r"one value per objective.* got array\(0.5\)"),
        ({0.5, 1.5}, 4, TypeError, "one value per objective"),
        ({"loss": 1.0}, 4, ValueError, "report must name objectives by one of .*speed.*loss"),
        ({5: 1.0}, 4, ValueError, "report must name objectives"),
        (["a", 1], 4, TypeError, "report takes numbers, got 'a'"),
        ([1, 2], 2, ValueError, "step must not go back: step 2 after step 3"),
        ([1, 2], -1, ValueError, "step must not be negative"),
        ([1, 2], 2**53 + 1, ValueError, "step must not be .* beyond 9007199254740992"),
        ([1, 2], 10**400, ValueError, "step must not be .* beyond"),
        ([1, 2], "late", TypeError, "step must be an integer"),
        ([1, 2], 2.5, ValueError, "step must be an integer, got 2.5"),
        ([1, 2], float("inf"), TypeError, "step must be an integer, got inf"),
        ([10**400, 2], 4, TypeError, "report takes numbers, got 1000"),
        ([1, 2], 3, ValueError, r"an objective twice at a step: \[0\] at step 3"),
    ]:
        with pytest.raises(error, match=words):
            trial.report(value, step)
    assert study.trials[0].user_attrs == before
    trial.report({"speed": 2}, 3)  # what was not given yet
    assert stored(study) == {3: [0.5, 2]}
    study.tell(trial, [1, 2])
    with pytest.raises(UpdateFinishedTrialError):
        trial.report([1, 2], 4)
    unnamed = track(study_of(names=None).ask())
    with pytest.raises(ValueError, match=r"report names .*set_metric_names"):
        unnamed.report({"error": 1.0}, 1)


def test_known_objectives_need_not_be_given():
    sampler = LaMOOSampler(seed=0, known_objectives={"speed": lambda params: 10 * params["x"]})
    study = study_of(sampler=sampler)
    trial = track(study.ask())
    x = trial.suggest_float("x", 0, 1)
    for step in (1, 2):
        trial.report({"error": 0.5}, step)
    assert stored(study) == {1: [0.5, 10 * x], 2: [0.5, None]}


def test_a_trial_that_repeats_one_that_failed_may_begin_anew():
    study = study_of()
    trial = track(study.ask())
    for step in (1, 2, 3):
        trial.report([step, step], step)
    study.tell(trial, state=TrialState.FAIL)
    brought = study.trials[0].user_attrs  # as Optuna's RetryHeartbeatStaleTrialCallback does
    study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, user_attrs=brought))
    again = track(study.ask())
    assert again.number == 1
    for step in (1, 2, 3, 4):
        again.report([step, 9], step)
    assert stored(study, 1) == {1: [1, 1], 2: [2, 2], 3: [3, 3], 4: [4, 9]}
    with pytest.raises(ValueError, match="go back"):
        again.report([1, 1], 2)


@pytest.mark.parametrize(
    "junk",
    [
        *(
            "",
            "{",
            "1",
            "null",
            '"a"',
            "[1]",
            "[[]]",
            '[["a", 1, 2]]',
            "[[1, {}, 2]]",
            "[[1e999, 1, 2]]",
            f"[[1{'0' * 400}, 1, 2]]",
        ),
        *("[" * 100_000, [[1, 2, 3]], {"1": [2, 3]}, 5, None, "[[1, 2]]", "[[1, 2, 3, 4]]"),
    ],
)
def test_what_somebody_else_wrote_there_counts_as_not_reported(junk):
    study = study_of(pruner=EarlyStopping())
    params = {"user_attrs": {KEY: junk}, "values": [1.0, 2.0]}
    study.add_trial(optuna.trial.create_trial(**params))
    assert stored(study) == {}
    trial = track(study.ask())
    trial.set_user_attr(KEY, junk)
    trial.report([1, 2], 1)
    assert stored(study, 1) == {1: [1, 2]}
    assert trial.should_prune() is False


def test_it_can_be_pickled():
    study = study_of(pruner=EarlyStopping())
    trial = track(study.ask())
    trial.report([1, 2], 1)
    assert trial.should_prune() is False
    again = pickle.loads(pickle.dumps(study.pruner))  # noqa: S301 - our own
    assert again.prune(study, study.trials[0]) is False
    assert len(Curves.of([curve(t, study.directions) for t in study.trials], 2)) == 1
