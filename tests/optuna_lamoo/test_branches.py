"""A parameter whose range depends on the branch: a range each, learned when it holds."""

import copy
import itertools
import warnings
from datetime import datetime
from importlib.util import find_spec

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from lamoo.space.activity import learn_activity
from optuna_lamoo import LaMOOSampler, columns, explain, notes, ranges, reduced_space
from optuna_lamoo.knowledge import knowledge_of
from optuna_lamoo.ranges import Ranges
from optuna_lamoo.visualization import plot_regions

RANGES = {"sgd": (1e-3, 1.0), "adam": (1e-6, 1e-3)}
COLUMNS = {"sgd": "lr@[0.001, 1.0]", "adam": "lr@[1e-06, 0.001]"}
SAMPLERS = [
    {"solver": "gp"},
    {"solver": "gp-fast"},
    {"solver": "evolutionary"},
    {"solver": "random"},
    {"solver": "cma"},
    {"base_sampler": lambda seed: TPESampler(seed=seed)},
]


def new_study(sampler=None, **arguments):
    arguments = {"seed": 1, "n_startup_trials": 10, **arguments}
    return optuna.create_study(
        directions=["minimize"] * 2, sampler=sampler or LaMOOSampler(**arguments)
    )


def tuned(trial, name="lr"):
    kind = trial.suggest_categorical("kind", ["sgd", "adam"])
    rate = trial.suggest_float(name.format(kind=kind), *RANGES[kind], log=True)
    width = trial.suggest_int("width", 1, 64)
    best = {"sgd": -1.2, "adam": -3.7}[kind]
    error = (np.log10(rate) - best) ** 2 / 9 + 1 / width + 0.1 * (kind == "sgd")
    return error, width / 64 + 0.2 * (kind == "adam")


def running(number, distributions):
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=TrialState.RUNNING,
        value=None,
        values=None,
        datetime_start=datetime(2026, 1, 1),  # noqa: DTZ001  as Optuna stores it
        datetime_complete=None,
        params={name: d.low for name, d in distributions.items()},
        distributions=distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


# ---- Which parameters have a range per branch ---------------------------------------------------


def test_ranges_that_take_turns_are_branches_and_others_have_moved(rng):
    for _ in range(200):
        names = np.repeat(rng.choice(["x", "y"], rng.integers(1, 12)), rng.integers(1, 8))
        highs = np.repeat(rng.integers(0, 4, len(names)), rng.integers(1, 8))
        asked = [
            {str(name): IntDistribution(0, int(high))}
            for name, high in zip(names, highs, strict=False)
        ]
        trials = [running(number, found) for number, found in enumerate(asked)]
        order = rng.permutation(len(trials))
        ranges = Ranges()
        expected, moved, branched = {}, set(), set()
        for name in {*names.tolist()}:
            had = [d[name] for d in asked if name in d]
            where = [number for number, d in enumerate(asked) if name in d]
            several = list(dict.fromkeys(had))
            if len(several) >= 4 and len(several) > (where[-1] - where[0] + 1) / 2:
                moved.add(name)  # nearly every trial has a new one: they follow from something
                expected[f"{name}@share"] = FloatDistribution(0, 1)
                continue
            runs = [len([*run]) for _, run in itertools.groupby(had)]
            returns = len(runs) - len(several)
            # one that comes back after another, but not of somebody who undoes a change
            if returns >= 2 or (returns == 1 and min(runs[1:-1]) < 5):
                branched.add(name)
                expected |= {f"{name}@[0, {d.high}]": d for d in several if d.high}
            else:
                moved |= {name} if len(several) > 1 else set()
                # one that became a single value tells what was tried from what it is now
                expected |= {name: had[-1]} if had[-1].high or len(several) > 1 else {}
        for now in (trials, [trials[k] for k in order]):
            assert ranges.read(now).branched == branched
            assert ranges.read(now).moved == moved
            assert ranges.read(now).union() == expected


@pytest.mark.parametrize("every", [1, 2, 7, 12])
def test_what_is_remembered_of_ranges_does_not_change_them(every, rng):
    # as a study that goes on is read, and as it is when it is resumed
    ranges, trials = Ranges(), []
    for number in range(60):
        found = {
            "turns": IntDistribution(0, 1 + (number // every) % 2),
            "any": FloatDistribution(0, 1 + int(rng.integers(3))),
            "new": FloatDistribution(0, 1 + number // every),
        }
        trials.append(running(number, found))
        k = int(rng.integers(number + 1))
        if not trials[k].state.is_finished():
            done = copy.copy(trials[k])
            done.state, done.values = TrialState.COMPLETE, [0.0]
            trials[k] = done
        for now in (trials, trials[:-1]):
            fresh = Ranges()
            assert ranges.read(now).union() == fresh.read(now).union()
            assert ranges.read(now).branched == fresh.read(now).branched
            assert ranges.read(now).following == fresh.read(now).following


def test_a_range_that_follows_from_a_value_is_no_branch():
    space = [{"x": FloatDistribution(k, 50)} for k in [*range(ranges.BRANCHES + 1)] * 2]
    trials = [running(number, found) for number, found in enumerate(space)]
    few = [t for t in trials if t.distributions["x"].low < ranges.BRANCHES]
    assert Ranges().read(trials).branched == frozenset()
    assert Ranges().read(trials).following == Ranges().read(trials).moved == {"x"}
    assert Ranges().read(few).branched == {"x"}
    assert Ranges().read(few).following == frozenset()


def test_columns_have_names_of_their_own():
    several = [
        FloatDistribution(0, 1),
        FloatDistribution(0, 1, step=0.5),
        FloatDistribution(0, 0.5),
        IntDistribution(1, 9, step=2),
        IntDistribution(1, 9),
    ]
    found = {columns.column("x", d): d for d in several}
    assert len(found) == len(several)
    assert columns.branches(found) == {"x": [*found]}
    assert columns.named(dict.fromkeys(found, 0.0), found) == {"x": 0.0}
    # a name that looks like a column is still a name
    for odd in ("x@[0.0, 1.0]", "]", "@[0, 1]", ""):
        space = {odd: IntDistribution(0, 7)}
        assert columns.branches(space) == {}
        assert columns.named({odd: 3}, space) == {odd: 3}
    taken = [
        {"x": IntDistribution(0, 1 + k % 2), "x@[0, 1]": IntDistribution(0, 9)} for k in range(4)
    ]
    trials = [running(number, found) for number, found in enumerate(taken)]
    assert [*Ranges().read(trials).union()] == ["x", "x@[0, 1]"]
    follow = [{"x": IntDistribution(0, k + 1), "x@share": IntDistribution(0, 9)} for k in range(9)]
    trials = [running(number, found) for number, found in enumerate(follow)]
    assert [*Ranges().read(trials).union()] == ["x", "x@share"]


def test_the_engine_sees_what_it_would_if_the_ranges_had_names():
    shared, named = new_study(RandomSampler(seed=0)), new_study()
    shared.optimize(tuned, n_trials=30)
    for trial in shared.trials:
        kind = trial.params["kind"]
        rename = {"lr": COLUMNS[kind]}
        named.add_trial(
            create_trial(
                params={rename.get(n, n): v for n, v in trial.params.items()},
                distributions={rename.get(n, n): d for n, d in trial.distributions.items()},
                values=trial.values,
            )
        )
    mine, theirs = knowledge_of(shared), knowledge_of(named)
    assert mine.search_space == theirs.search_space
    assert [*mine.search_space] == ["kind", COLUMNS["sgd"], COLUMNS["adam"], "width"]
    np.testing.assert_array_equal(mine.history.X, theirs.history.X)
    columns = [int(rule[0]) for rule in learn_activity(mine.history.X).rules]
    assert sorted(columns) == [1, 2]
    assert str(explain(shared)) == str(explain(named))


# ---- Ranges that follow from other parameters' values -------------------------------------------


def tapered(trial):
    low = trial.suggest_float("low", 0.0, 1.0)
    high = trial.suggest_float("high", low, 1.0)
    first = trial.suggest_int("first", 8, 64)
    last = trial.suggest_int("last", 4, first)
    return (low - 0.3) ** 2 + (high - 0.6) ** 2 + 1 / last, first / 64 + last / 64


@pytest.mark.parametrize("arguments", SAMPLERS, ids=lambda a: a.get("solver", "base_sampler"))
def test_what_follows_from_other_values_is_a_share_of_its_own_range(arguments, complaints):
    study = new_study(**arguments)
    study.optimize(tapered, n_trials=18)
    assert complaints() == []
    known = knowledge_of(study)
    assert [*known.search_space] == ["first", "high@share", "last@share", "low"]
    for trial, x in zip(study.trials, known.history.X, strict=True):
        low, high = trial.params["low"], trial.params["high"]
        first, last = trial.params["first"], trial.params["last"]
        assert low <= high <= 1
        assert 4 <= last <= first
        # where a range is a single value there is nothing to choose
        assert x[1] == pytest.approx((high - low) / (1 - low) if low < 1 else 0.5)
        assert x[2] == pytest.approx((last - 4 + 0.5) / (first - 4 + 1))
        note = notes.noted(trial)
        if "high@share" in note:
            assert low == 1 or note["high@share"] == pytest.approx(x[1])
            assert abs(note["last@share"] - x[2]) <= 0.5 / (first - 4 + 1) + 1e-9
    assert sum("high@share" in notes.noted(t) for t in study.trials) >= 12


def test_functions_of_parameters_are_told_values_and_not_shares():
    seen = []
    study = new_study(
        solver="evolutionary",
        features=lambda params: seen.append(params) or [0.0],
        warn_independent_sampling=False,
    )
    study.optimize(tapered, n_trials=15)
    assert seen
    assert all(params.keys() <= {"low", "high", "first", "last"} for params in seen)


# ---- What a user meets --------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", SAMPLERS, ids=lambda a: a.get("solver", "base_sampler"))
def test_nothing_is_drawn_on_its_own_once_the_branches_are_known(arguments, complaints):
    study = new_study(**arguments)
    study.optimize(tuned, n_trials=22)
    assert complaints() == []
    for trial in study.trials[10:]:
        note = notes.noted(trial)
        column = COLUMNS[trial.params["kind"]]
        assert note[column] == trial.params["lr"]


def test_every_configuration_of_discrete_branches_is_tried_once():
    study = new_study(n_startup_trials=4)

    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        depth = trial.suggest_int("depth", 1, {"a": 3, "b": 6}[kind])
        return depth + (kind == "a"), -depth

    study.optimize(objective, n_trials=40)
    assert sorted((t.params["kind"], t.params["depth"]) for t in study.trials) == [
        *(("a", depth) for depth in range(1, 4)),
        *(("b", depth) for depth in range(1, 7)),
    ]


def test_a_branch_with_a_single_value_is_one_of_them(complaints):
    known = []

    def count(params):
        known.append(params)
        return params["depth"]

    study = new_study(known_objectives={1: count})

    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        depth = trial.suggest_int("depth", *{"a": (2, 2), "b": (1, 9)}[kind])
        return trial.suggest_float("x", 0, 1) / depth, depth

    study.optimize(objective, n_trials=25)
    assert complaints() == []
    assert [*knowledge_of(study).search_space] == ["depth@[1, 9]", "kind", "x"]
    assert all(params.keys() <= {"depth", "kind", "x"} for params in known)
    assert {p["depth"] for p in known if p.get("kind") == "a"} >= {2}


def test_enqueued_and_held_values_count_where_their_range_holds():
    study = new_study()
    study.optimize(tuned, n_trials=12)
    sampler = study.sampler
    study.enqueue_trial({"kind": "adam", "lr": 1e-5})
    study.optimize(tuned, n_trials=1)
    assert study.trials[-1].params == {"kind": "adam", "lr": 1e-5} | {
        "width": notes.noted(study.trials[-1])["width"]
    }
    assert notes.noted(study.trials[-1])[COLUMNS["adam"]] == pytest.approx(1e-5)
    study.enqueue_trial({"lr": 1e-5})
    space = sampler.view.search_space(study.trials)
    assert notes.enqueued(study.trials[-1], space) == {COLUMNS["adam"]: 1e-5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wrapper is experimental
        study.sampler = PartialFixedSampler({"kind": "sgd", "lr": 0.5}, sampler)
    study.ask()  # the waiting one
    asked = study.ask()
    tuned(asked)
    assert asked.params["kind"] == "sgd"
    assert asked.params["lr"] == 0.5
    assert notes.noted(study.trials[-1])[COLUMNS["sgd"]] == pytest.approx(0.5)


def test_functions_earlier_studies_and_figures_know_the_parameters_name():
    earlier = new_study(RandomSampler(seed=5))
    earlier.optimize(tuned, n_trials=20)
    seen = []

    def cost(params):
        seen.append(params)
        return params["width"] / 64 + 0.2 * (params["kind"] == "adam")

    study = new_study(
        solver="evolutionary",
        warm_start=[earlier, *([earlier.trials_dataframe()] if find_spec("pandas") else [])],
        known_objectives={1: cost},
        canonical=lambda params: tuple(sorted(params.items())),
    )
    study.optimize(tuned, n_trials=40)
    assert all(params.keys() <= {"kind", "lr", "width"} for params in seen)
    sources = study.sampler.view._beforehand.sources
    for source in sources:
        rows = source.history.X[:, 1:3]
        assert (np.isnan(rows).sum(axis=1) == 1).all()  # each in the column whose range holds it
    names = {"kind", "width", *COLUMNS.values()}
    assert explain(study).importance.keys() == names
    narrowed = reduced_space(study)
    assert narrowed.keys() == names
    for kind, (low, high) in RANGES.items():
        assert low <= narrowed[COLUMNS[kind]].low < narrowed[COLUMNS[kind]].high <= high
    figure = plot_regions(study, [COLUMNS["sgd"], "width"])
    assert figure.layout.xaxis.title.text == COLUMNS["sgd"]


def test_a_range_that_the_user_moves_is_not_a_branch():
    study = new_study()
    for high in (1.0, 0.5, 2.0, 0.5):  # and back
        study.optimize(lambda trial, high=high: [trial.suggest_float("x", 0, high)] * 2, n_trials=6)
        space = study.sampler.view.search_space(study.trials)
        assert space == {"x": FloatDistribution(0, high)}


def test_choices_that_differ_by_branch_are_refused_by_optuna_itself():
    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return [len(trial.suggest_categorical("op", {"a": "xy", "b": "xyz"}[kind]))] * 2

    for sampler in (LaMOOSampler(seed=0), RandomSampler(seed=0)):
        with pytest.raises(ValueError, match="does not support dynamic value space"):
            new_study(sampler).optimize(objective, n_trials=10)
    assert CategoricalDistribution("xy") != CategoricalDistribution("xyz")


@pytest.mark.parametrize("seed", range(5))
def test_functions_may_rely_on_what_every_branch_has(seed):
    ranges = {"sgd": (1e-3, 1.0), "adam": (1e-6, 1e-3), "lamb": (1e-4, 1e-2)}

    def objective(trial):
        kind = trial.suggest_categorical("kind", list(ranges))
        rate = trial.suggest_float("rate", *ranges[kind], log=True)
        depth = trial.suggest_int("depth", 1, 4 if kind == "sgd" else 8)
        return rate * depth, depth

    sampler = LaMOOSampler(
        seed=seed,
        solver="evolutionary",
        canonical=lambda params: (params["kind"], params["depth"], params["rate"]),
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=20)
    assert len(study.trials) == 20
