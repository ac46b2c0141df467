"""Trials whose worker was killed run for ever; after a while they are not counted any more."""

import itertools
import warnings
from datetime import datetime, timedelta

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from optuna_lamoo import LaMOOSampler
from optuna_lamoo.notes import NOTE
from optuna_lamoo.stale import living, present

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as naive as Optuna's
SPACE = {"a": CategoricalDistribution((0, 1, 2)), "b": CategoricalDistribution((0, 1))}
LINE = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}


def trial(number, began, state=TrialState.RUNNING, *, took=0.0, note=None, params=None):
    """Return a trial that began so many seconds after noon."""
    start = None if began is None else NOON + timedelta(seconds=began)
    complete = state == TrialState.COMPLETE
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=[0.0, 0.0] if complete else None,
        datetime_start=start,
        datetime_complete=start + timedelta(seconds=took) if complete else None,
        params=params or {},
        distributions={name: LINE[name] for name in params or {}},
        user_attrs={},
        system_attrs={} if note is None else {NOTE: note},
        intermediate_values={},
    )


def numbers(trials, seconds, stale_after=None):
    """Return the numbers of those that live so many seconds after noon."""
    return [t.number for t in living(trials, NOON + timedelta(seconds=seconds), stale_after)]


def complete(number, took, began=0):
    return trial(number, began, TrialState.COMPLETE, took=took)


@pytest.mark.parametrize(
    ("longest", "limit"),
    [(0.01, 600), (59, 600), (61, 610), (3_600, 36_000)],  # 10 min, or 10 times the longest
)
def test_the_limit_is_ten_times_the_longest_but_at_least_ten_minutes(longest, limit):
    trials = [complete(0, longest / 2), complete(1, longest), trial(2, 0), trial(3, limit - 5)]
    assert numbers(trials, limit) == [0, 1, 2, 3]
    assert numbers(trials, limit + 1) == [0, 1, 3]


def test_before_any_trial_is_complete_none_is_dead():
    trials = [trial(0, 0), trial(1, 0, TrialState.FAIL), trial(2, 0, TrialState.WAITING)]
    assert numbers(trials, 1e7) == [0, 1, 2]
    assert numbers(trials, 1e7, 60) == [1, 2]  # unless the user says so


def test_only_running_trials_die():
    states = [state for state in TrialState if state != TrialState.RUNNING]
    trials = [trial(i, 0, state) for i, state in enumerate(states)]
    assert numbers(trials, 1e9, 0) == [*range(len(states))]


def test_a_limit_of_nothing_leaves_only_those_that_begin_later():
    trials = [complete(0, 5), trial(1, 9), trial(2, 10), trial(3, 11)]
    assert numbers(trials, 10, 0) == [0, 2, 3]  # number 2 is the one at hand


def test_endless_patience_and_unknown_times():
    trials = [complete(0, 5), trial(1, 9), trial(2, None)]
    assert numbers(trials, 1e9, float("inf")) == [0, 1, 2]
    assert numbers(trials, 1e9) == [0, 2]
    assert [t.number for t in living(trials, None, 0)] == [0, 1, 2]


@pytest.mark.parametrize("given", ["note", "params"])
def test_a_configuration_that_three_died_at_is_never_free_again(given):
    here, there = {given: {"x": 0.5, "y": 0.25}}, {given: {"x": 0.5, "y": 0.75}}
    died = [trial(1, 1, **here), trial(2, 2, **there), trial(3, 3, **here)]
    assert numbers([*died, trial(4, 4)], 10, 0) == []
    assert numbers([*died, trial(4, 4), trial(5, 5, **here)], 10, 0) == [1, 3, 5]
    nowhere = [trial(i, i) for i in range(5)]  # died before they were given anything
    assert numbers(nowhere, 10, 0) == []


@pytest.mark.parametrize("note", ["text", 7, ["x"], {"x": [0.5]}])
def test_a_note_that_is_none_of_ours_breaks_nothing(note):
    assert numbers([trial(i, i, note=note) for i in range(2)], 10, 0) == []


@pytest.mark.parametrize("wrong", [-1, float("nan"), "10", [5]])
def test_a_wrong_limit_is_refused(wrong):
    with pytest.raises(ValueError, match="stale_after must be"):
        LaMOOSampler(stale_after=wrong)


# ---- What the sampler makes of it ----------------------------------------------------------------


def objective(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return x**2 + y, (x - 1) ** 2 + y


def study_of(n_trials, stale_after=None, *, seed=3, solver="gp"):
    sampler = LaMOOSampler(seed=seed, n_startup_trials=4, solver=solver, stale_after=stale_after)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=n_trials)
    return study


def leave_running(study, seconds, distributions=LINE):
    """Ask for a trial as if it had been so many seconds ago, and never tell it."""
    asked = study.ask(distributions)
    stored = study._storage._get_trial(asked._trial_id)
    stored.datetime_start -= timedelta(seconds=seconds)
    return asked


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
@pytest.mark.parametrize("n_trials", [0, 2, 7])
def test_a_proposal_is_the_same_as_if_the_dead_had_never_been(solver, n_trials):
    study, clean = study_of(n_trials, 60, solver=solver), study_of(n_trials, 60, solver=solver)
    dead = leave_running(study, 61)
    for _ in range(3):
        ours, other = study.ask(LINE), clean.ask(LINE)
        assert ours.params == other.params
        assert ours.number == other.number + 1
    assert dead.params == clean.trials[n_trials].params  # it is tried again


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_a_living_trial_is_pending(solver):
    study, clean = study_of(7, 60, solver=solver), study_of(7, 60, solver=solver)
    leave_running(study, 50)
    assert study.ask(LINE).params != clean.ask(LINE).params


# Known results that are told at once, then trials of hours: nobody knows that yet.
KNOWN_RESULTS = 12
LETTERS = {"letter": CategoricalDistribution(tuple("ABCDEFGHIJKLMNOPQRSTUVWX"))}


def with_workers(storage, space, began, *, took=0.04):
    """Return a study of results that took so long, and of trials that began so many minutes ago."""
    sampler = LaMOOSampler(seed=0, n_startup_trials=4, solver="evolutionary")
    study = optuna.create_study(
        directions=["minimize", "minimize"], sampler=sampler, storage=storage
    )
    now = datetime.now()  # noqa: DTZ005 - as naive as Optuna's
    spots = np.random.default_rng(0).permutation(len("ABCDEFGHIJKLMNOPQRSTUVWX"))
    for i in range(KNOWN_RESULTS):
        params = {
            name: d.choices[spots[i]] if isinstance(d, CategoricalDistribution) else i / 16
            for name, d in space.items()
        }
        begun = now - timedelta(days=3) + timedelta(seconds=i)
        study.add_trial(
            stored(TrialState.COMPLETE, params, space, begun, begun + timedelta(seconds=took))
        )
    for minutes, params in began:
        begun = now - timedelta(minutes=minutes)
        study.add_trial(stored(TrialState.RUNNING, params, space, begun, None))
    return study


def stored(state, params, space, begun, ended):
    return FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=None,
        values=[1.0, float(len(str(params)))] if ended else None,
        datetime_start=begun,
        datetime_complete=ended,
        params=params,
        distributions=space,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


@pytest.mark.parametrize("kind", ["memory", "journal", "sqlite"])
@pytest.mark.parametrize("space", [LETTERS, LINE], ids=["letters", "line"])
def test_workers_that_start_minutes_apart_get_different_configurations(make_storage, kind, space):
    storage, given = make_storage(kind), []
    for i in range(6):
        began = [(15 * (i - j), params) for j, params in enumerate(given)]
        given.append(with_workers(storage, space, began).ask(space).params)
    assert len({str(params) for params in given}) == 6


def test_nor_do_they_draw_the_same_where_a_parameter_is_asked_for_alone():
    space, given = {}, []
    for i in range(6):
        began = [(15 * (i - j), {}) for j in range(i)]  # without a note they are nowhere
        study = with_workers(None, space, began)
        given.append(study.ask().suggest_float("x", 0, 1))
    assert len({*given}) == 6


@pytest.mark.parametrize(
    ("took", "hours", "free"),
    [
        (0.04, 25, False),
        (0.04, 1e5, False),
        (3, 23, False),
        (3, 25, True),
        (3_600, 99, False),
        (3_600, 101, True),
    ],
)
def test_much_later_it_is_forgotten(took, hours, free):
    """A hundred times as long as the longest took, and at least a day; what was told tells none."""
    study = with_workers(None, LETTERS, [(60 * hours, {"letter": "A"})], took=took)
    at = fresh(study)
    found = present(study, study.trials, at, None, 0)
    assert (len(found.trials) == len(study.trials) - 1) is free
    assert found.number == at.number  # nothing is drawn twice


def fresh(study):
    """Return a trial that begins now."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # heartbeats are for study.optimize
        return study._storage.get_trial(study.ask()._trial_id)


def test_where_nothing_else_is_left_it_is_tried_again_after_ten_minutes():
    left = sorted(
        {*"ABCDEFGHIJKLMNOPQRSTUVWX"}
        - {t.params["letter"] for t in with_workers(None, LETTERS, []).trials}
    )
    began = [(15 if letter == left[3] else 5, {"letter": letter}) for letter in left]
    study = with_workers(None, LETTERS, began)
    assert study.ask(LETTERS).params == {"letter": left[3]}
    assert study.ask(LETTERS).params != {"letter": left[3]}  # somebody has just begun it again


@pytest.mark.parametrize("stale_after", [20, 60])
def test_nothing_is_drawn_twice_where_the_user_sets_a_limit(stale_after):
    """Some began before others were taken for dead: they keep the numbers that they drew by."""
    ages = [300, 290, 100, 95, 70, 50, 45, 21, 19, 10]
    trials = [trial(i, -age) for i, age in enumerate(ages)]
    drawn = []
    for i, age in enumerate(ages):
        alive = [t for t in trials[:i] if ages[t.number] - age <= stale_after]
        number = present(study_of(0), trials[: i + 1], trials[i], stale_after, 0).number
        living_draws = [drawn[t.number] for t in alive]
        assert number not in living_draws
        drawn.append(number)
    assert drawn != [*range(len(ages))]  # some take the place of the dead


def test_heartbeats_tell_who_lives(make_storage):
    """A slow trial that beats lives, a short one that does not is dead, whatever their ages."""
    storage = make_storage("sqlite-heartbeat")
    study = with_workers(storage, LETTERS, [(1e6, {"letter": "A"}), (1, {"letter": "B"})], took=3)
    slow, short = study.trials[-2:]
    for running in (slow, short):
        storage.record_heartbeat(running._trial_id)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour') WHERE trial_id = ?",
            (short._trial_id,),
        )
    at = fresh(study)
    found = present(study, study.trials, at, None, 0)
    numbers = [t.number for t in found.trials]
    assert slow.number in numbers
    assert short.number not in numbers
    assert at.number in numbers
    assert not found.doubtful


def tell(study, asked):
    study.tell(asked, [float(sum(asked.params.values())), float(asked.params["a"] == 1)])


def test_a_discrete_space_is_finished_although_a_worker_died():
    study = study_of(0)
    tell(study, study.ask(SPACE))
    dead = leave_running(study, 700, SPACE)
    for _ in range(5):
        tell(study, study.ask(SPACE))
    done = {frozenset(t.params.items()) for t in study.get_trials(states=[TrialState.COMPLETE])}
    assert frozenset(dead.params.items()) in done
    assert len(done) == 6


def test_a_study_does_not_stop_before_the_configurations_of_the_dead_were_tried(complaints):
    def tabulate(trial):
        return trial.suggest_int("a", 0, 2), trial.suggest_int("b", 0, 1)

    study = study_of(0)
    study.optimize(tabulate, n_trials=1)
    leave_running(study, 700, study.trials[0].distributions)
    study.optimize(tabulate, n_trials=20)
    done = [t.params for t in study.get_trials(states=[TrialState.COMPLETE])]
    assert len(done) == 6
    assert {tuple(p[name] for name in "ab") for p in done} == set(
        itertools.product(range(3), range(2))
    )
    assert "stopping it" in " ".join(complaints())


def test_a_configuration_that_kills_is_left_after_three_times():
    study = study_of(0, stale_after=0)
    tell(study, study.ask(SPACE))
    killer = study.ask(SPACE).params  # for one, out of memory; the same script starts again
    died, tried = 1, []
    while len(tried) < 4:
        asked = study.ask(SPACE)
        if asked.params == killer:
            died += 1
        else:
            tell(study, asked)
            tried.append(asked.params)
    assert died == 3
    assert len({frozenset(params.items()) for params in tried}) == 4


def test_a_trial_that_was_taken_for_dead_counts_when_it_is_told():
    study = study_of(5, stale_after=60)
    late = leave_running(study, 61)
    study.tell(late, [-1.0, -1.0])
    assert [trial.number for trial in study.best_trials] == [5]
    assert study.ask(LINE).params != late.params
