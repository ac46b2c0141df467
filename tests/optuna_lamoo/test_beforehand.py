"""Functions of the parameters that the user knows before a trial runs."""

import copy
import itertools
import logging
import math
import pickle
import re
import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from lamoo import pareto
from lamoo_compare.problems import load
from optuna_lamoo import LaMOOSampler, vectorized

OPERATIONS = ("none", "skip", "conv")
SPACE = {f"op{i}": CategoricalDistribution(OPERATIONS) for i in range(4)}


def size(params):
    """Return an exact cost of a network."""
    return 1e3 + 1e5 * sum(params[f"op{i}"] == "conv" for i in range(4)) + 10.0 * len(params)


def accuracy(params):
    """Return something like an accuracy: convolutions help, early ones more."""
    return sum((4 - i) ** 0.5 * (params[f"op{i}"] == "conv") for i in range(4)) + 0.1 * (
        params["op0"] == "skip"
    )


def name_metrics(study, *names):
    """Name the objectives, which Optuna calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(names)


def train(trial):
    params = {name: trial.suggest_categorical(name, OPERATIONS) for name in SPACE}
    return accuracy(params), size(params)


def searched(objective=train, n_trials=25, directions=("maximize", "minimize"), **settings):
    """Return a study after some trials."""
    sampler = LaMOOSampler(seed=0, **settings)
    study = optuna.create_study(directions=directions, sampler=sampler)
    study.optimize(objective, n_trials=n_trials)
    return study


# ------------------------------------------------------------------------- known objectives


def test_a_known_objective_is_given_by_index_or_name_alone_or_many_at_once():
    def configurations(names, **settings):
        sampler = LaMOOSampler(seed=3, search_space=SPACE, **settings)
        study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        if names:
            name_metrics(study, "accuracy", "size")
        study.optimize(train, n_trials=12)
        return [trial.params for trial in study.trials]

    many = vectorized(lambda many: np.array([size(params) for params in many]))
    by_index = configurations(names=False, known_objectives={1: size})
    assert configurations(names=True, known_objectives={"size": size}) == by_index
    assert configurations(names=False, known_objectives={1: many}) == by_index
    assert configurations(names=False) != by_index


@pytest.mark.slow  # that what is known is used is tested above and below
def test_what_is_known_saves_trials_on_real_networks():
    problem = load("nb201-cifar10-latency")

    def objective(trial):
        parameters = problem.space.parameters.items()
        return problem.evaluate({n: trial.suggest_categorical(n, p.choices) for n, p in parameters})

    def share(**settings):
        ends = []
        for seed in range(3):
            sampler = LaMOOSampler(seed=seed, **settings)
            study = optuna.create_study(directions=problem.directions, sampler=sampler)
            study.optimize(objective, n_trials=25)
            ends.append(problem.hypervolume([trial.values for trial in study.trials]))
        return np.median(ends) / problem.best_hypervolume

    def latency(params):
        return problem.evaluate(params)[1]

    alone = share()
    assert share(known_objectives={1: latency}) > alone
    assert share(known_objectives={1: latency}, features=problem.features) > alone


@pytest.mark.parametrize("many", [False, True])
def test_each_configuration_is_asked_about_once(many):
    asked = []

    def slow(params):
        asked.append(tuple(sorted(params.items())))
        return size(params)

    def slow_many(several):
        return [slow(params) for params in several]

    known = {1: vectorized(slow_many) if many else slow}
    sampler = LaMOOSampler(seed=0, known_objectives=known, search_space=SPACE)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for _ in range(12):
        trial = study.ask()
        values = train(trial)
        before = len(asked)
        study.tell(trial, values)
        assert len(asked) <= before + 1  # the check of what was reported
    told = 12
    assert len(asked) - told <= len(OPERATIONS) ** len(SPACE)


def test_a_known_value_that_the_trial_contradicts_is_an_error_after_the_trial_is_stored():
    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=LaMOOSampler(seed=0, known_objectives={1: lambda params: size(params) * 1.001}),
    )
    with pytest.raises(ValueError, match=r"known_objectives\[1\] is .* reported"):
        study.optimize(train, n_trials=1)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]
    # within a millionth, and where nothing finite was reported, there is none
    searched(known_objectives={1: lambda params: size(params) * (1 + 1e-7)}, n_trials=8)
    searched(lambda t: (train(t)[0], math.inf), known_objectives={1: size}, n_trials=8)


def test_a_table_with_an_error_does_not_stop_a_study(caplog):
    def read(trial):
        first, second = train(trial)
        return first, 1000 * second if trial.number in (4, 11) else second

    optuna.logging.enable_propagation()
    try:
        study = searched(read, n_trials=15, known_objectives={1: size})
    finally:
        optuna.logging.disable_propagation()
    assert len(study.get_trials(states=(TrialState.COMPLETE,))) == 15
    said = [r.getMessage() for r in caplog.records if "reported" in r.getMessage()]
    for sentence, number in zip(said, (4, 11), strict=True):
        params = study.trials[number].params
        assert f"known_objectives[1] is {size(params)} for {params}" in sentence
        assert f"{999 * size(params):.3g} more (1000 times)" in sentence
        assert "check unit, sign and rounding" in sentence


def test_a_known_value_that_most_trials_contradict_ends_the_study():
    def half(params):
        return size(params) if params["op0"] == params["op1"] == "conv" else -size(params)

    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=LaMOOSampler(seed=0, known_objectives={1: half}),
    )
    study.enqueue_trial(dict.fromkeys(SPACE, "conv"))
    with pytest.raises(ValueError, match=r"is -.* more \(-1 times\)"):
        study.optimize(train, n_trials=20)
    assert len(study.trials) == 3


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda params: params["unheard of"], r"known_objectives\[1\] raised KeyError"),
        (lambda params: "large", r"known_objectives\[1\] must return a finite number, got 'large'"),
        (lambda params: math.nan, r"must return a finite number, got nan"),
        (lambda params: None, r"must return a finite number, got None"),
        (vectorized(lambda many: [1.0]), r"must return \d+ answers for as many"),
        (vectorized(lambda many: 1 / 0), r"known_objectives\[1\] raised ZeroDivisionError"),
    ],
)
def test_a_function_that_fails_is_named(function, message):
    with pytest.raises(RuntimeError, match=message):
        searched(known_objectives={1: function}, search_space=SPACE)


@pytest.mark.parametrize("wrapped", [np.array, np.float32, lambda value: np.array(value)[()]])
def test_a_number_may_be_an_array_of_no_dimension(wrapped):
    plain = {
        "known_objectives": {1: size},
        "known_constraints": [lambda params: size(params) - 250_000],
    }
    given = {
        "known_objectives": {1: lambda params: wrapped(size(params))},
        "known_constraints": [lambda params: wrapped(size(params) - 250_000)],
    }
    found, expected = (searched(n_trials=14, search_space=SPACE, **each) for each in (given, plain))
    assert [t.params for t in found.trials] == [t.params for t in expected.trials]


@pytest.mark.parametrize("value", [np.array([1.0]), np.ma.masked, np.array(math.nan)])
def test_an_array_of_one_dimension_is_no_number(value):
    with pytest.raises(RuntimeError, match="must return a finite number"):
        searched(known_objectives={1: lambda params: value}, search_space=SPACE)


@pytest.mark.parametrize("value", [np.bool_(False), np.array(True)])
def test_a_truth_value_is_no_limit_also_as_an_array(value):
    with pytest.raises(RuntimeError, match="no truth value"):
        searched(known_constraints=[lambda params: value], search_space=SPACE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"known_objectives": [size]}, "known_objectives must map"),
        ({"known_objectives": {1: 3}}, "known_objectives must map"),
        ({"known_constraints": size}, "known_constraints must be a list"),
        ({"known_constraints": [3]}, "known_constraints must be a list"),
        ({"features": 3}, "features must be a function"),
        ({"canonical": "op0"}, "canonical must be a function"),
        ({"search_space": {"x": (0, 1)}}, "search_space must map names"),
        ({"search_space": ["x"]}, "search_space must map names"),
        ({"constraints_func": [0.0]}, "constraints_func must be a function"),
    ],
)
def test_a_wrong_argument_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        LaMOOSampler(**settings)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (2, "known_objectives must name"),
        (-1, "known_objectives must name"),
        ("size", r"known_objectives names \['size'\], but .* call study.set_metric_names"),
    ],
)
def test_an_objective_that_the_study_does_not_have_is_named_before_any_trial_is_lost(key, message):
    with pytest.raises(ValueError, match=message):
        searched(known_objectives={key: size}, search_space=SPACE)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda params: 3.0, "features must return a sequence of finite numbers"),
        (lambda params: [math.nan], "features must return a sequence of finite numbers"),
        (lambda params: ["a"], "features must return a sequence of finite numbers"),
        (lambda params: [1.0] * (1 + (params["op0"] == "conv")), "equally many"),
    ],
)
def test_features_that_are_none_are_an_error(answer, message):
    with pytest.raises(RuntimeError, match=message):
        searched(features=answer, search_space=SPACE)


@pytest.mark.parametrize(
    ("solver", "known"),
    [
        ("gp", (0, 1)),
        ("evolutionary", (1,)),
        ("random", (0, 1)),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [("gp", (0,)), ("gp", (1,)), ("evolutionary", (0, 1))]
        ),
    ],
)
def test_any_objectives_of_a_mixed_conditional_space_may_be_known(solver, known):
    def values(params):
        width = params.get("width", 1)
        return params["lr"] + width, params["constant"] / (width + params["lr"])

    def objective(trial):
        params = {"lr": trial.suggest_float("lr", 1e-4, 1.0, log=True)}
        params["constant"] = trial.suggest_int("constant", 7, 7)
        if trial.suggest_categorical("kind", ["linear", "net"]) == "net":
            params["width"] = trial.suggest_int("width", 1, 64)
        return values(params)

    functions = {j: lambda params, j=j: values(params)[j] for j in known}
    study = searched(objective, 15, ("minimize",) * 2, known_objectives=functions, solver=solver)
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)


def test_a_continuous_known_objective_is_met_by_the_front():
    # cost is x exactly; error falls with x, so every point with y = .3 is on the front
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return 1 - x + (y - 0.3) ** 2, x

    def volume(**settings):
        study = searched(objective, 25, ("minimize",) * 2, **settings)
        return pareto.hypervolume(np.array([t.values for t in study.trials]), np.ones(2))

    assert volume(known_objectives={1: lambda params: params["x"]}) > 0.46  # of .5


def branched(trial):
    params = {"lr": trial.suggest_float("lr", 0, 1)}
    if trial.suggest_categorical("net", ["deep", "flat"]) == "deep":
        params["depth"] = trial.suggest_int("depth", 2, 9)
    return params["lr"], depth_of(params)


def depth_of(params):
    return float(params.get("depth", 1))


def seen(params):
    return [depth_of(params)]


def deeper(params):
    return depth_of(params) - 7


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])  # noqa: S301
def test_a_copy_of_what_searches_branches_goes_on_like_the_original(duplicate):
    study = searched(
        branched,
        14,
        ("minimize", "minimize"),
        known_objectives={1: depth_of},
        features=seen,
        known_constraints=[deeper],
        canonical=depth_of,
    )
    again = duplicate(study)
    for each in (study, again):
        each.optimize(branched, n_trials=2)
    assert [t.params for t in again.trials] == [t.params for t in study.trials]


def test_a_sampler_with_importable_functions_is_pickled_without_its_answers():
    study = searched(known_objectives={1: size}, n_trials=12)
    data = pickle.dumps(study.sampler)
    assert len(data) < 3_000
    again = optuna.create_study(directions=["maximize", "minimize"], sampler=pickle.loads(data))  # noqa: S301
    again.optimize(train, n_trials=12)
    assert [t.params for t in again.trials] == [t.params for t in study.trials]


# ------------------------------------------------------------------------ known constraints


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
def test_no_trial_is_spent_where_a_known_constraint_is_broken(solver):
    study = searched(
        known_constraints=[lambda p: size(p) - 2.5e5], search_space=SPACE, solver=solver
    )
    assert all(size(trial.params) <= 2.5e5 for trial in study.trials)
    # and none of those that keep it is missed: 3 ** 4 in all, those with three or four are out
    assert len({tuple(t.params.values()) for t in study.trials}) == len(study.trials)


@pytest.mark.parametrize(
    ("solver", "trials"),
    [("gp", 8), pytest.param("evolutionary", 14, marks=pytest.mark.slow)],
)
def test_a_sliver_that_random_points_never_hit_is_found(solver, trials):
    space = {f"x{i}": FloatDistribution(0, 1) for i in range(5)}

    def objective(trial):
        x = [trial.suggest_float(name, 0, 1) for name in space]
        return sum(x[:3]), 1 - x[0]

    def far(params):
        return abs(sum(params.values()) - 3.0) - 1e-3

    def corner(params):
        return 0.9 - params["x0"]

    study = searched(
        objective,
        trials,
        ("minimize",) * 2,
        known_constraints=[far, corner],
        search_space=space,
        solver=solver,
    )
    assert all(far(t.params) <= 1e-9 and corner(t.params) <= 1e-9 for t in study.trials)


def ints(trial):
    return trial.suggest_int("x", 0, 5), -trial.suggest_int("y", 0, 5)


def floats(trial):
    return trial.suggest_float("x", 0, 5), -trial.suggest_float("y", 0, 5)


@pytest.mark.parametrize("objective", [ints, floats])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_where_nothing_keeps_the_constraints_the_study_ends_and_says_so(objective, given, solver):
    asked = []

    def above(params):
        asked.append(params)
        return params["x"] + 1

    kind = IntDistribution if objective is ints else FloatDistribution
    sampler = LaMOOSampler(
        seed=0,
        solver=solver,
        known_constraints=[above],
        search_space={name: kind(0, 5) for name in "xy"} if given else None,
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    with pytest.raises(
        ValueError, match=r"known_constraints: no.* keeps them.*at most 0"
    ) as caught:
        study.optimize(objective, n_trials=20)
    # no trial was paid for that could be spared: the first one tells what there is
    assert len(study.get_trials(states=[TrialState.COMPLETE])) == (not given)
    assert "breaks them least" in str(caught.value)
    assert "loosen them" in str(caught.value)
    assert len(asked) < 25_000  # one search, in all
    # where errors are caught, it ends all the same
    again = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    again.optimize(objective, n_trials=20, catch=Exception)
    assert len(again.trials) <= 2


def test_what_is_enqueued_or_held_breaks_what_it_must(complaints):
    sampler = LaMOOSampler(
        seed=0,
        known_constraints=[lambda params: params["x"] - 2],
        search_space={name: FloatDistribution(0, 5) for name in "xy"},
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.enqueue_trial({"x": 4.0})
    study.optimize(floats, n_trials=3)
    assert [trial.params["x"] > 2 for trial in study.trials] == [True, False, False]
    (said,) = complaints()
    assert said.startswith("with {'x': 4.0} fixed, known_constraints: no configuration was found")


@pytest.mark.parametrize("of", [bool, np.bool_, np.array])
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("given", [True, False])
def test_a_truth_value_is_no_constraint(of, many, given):
    def small(params):
        return of(params["x"] < 2)

    function = vectorized(lambda many: [small(p) for p in many]) if many else small
    if many and of is np.array:
        function = vectorized(lambda many: np.array([p["x"] < 2 for p in many]))
    sampler = LaMOOSampler(
        seed=0,
        known_constraints=[function],
        search_space={name: FloatDistribution(0, 5) for name in "xy"} if given else None,
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    with pytest.raises(
        RuntimeError, match=r"known_constraints\[0\] must return a .*number.*, got .*(True|False)"
    ):
        study.optimize(floats, n_trials=3)
    assert len(study.get_trials(states=[TrialState.COMPLETE])) == (not given)


def test_a_constraint_may_be_any_kind_of_number():
    for kind in (float, int, np.float32, np.float64, np.int64):
        study = searched(
            floats,
            4,
            ("minimize",) * 2,
            known_constraints=[lambda params, kind=kind: kind(round(params["x"]) - 2)],
            search_space={name: FloatDistribution(0, 5) for name in "xy"},
        )
        assert all(trial.params["x"] <= 2.5 for trial in study.trials)


# -------------------------------------------------------------------- never the same twice


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
def test_equal_keys_are_tried_once_and_then_the_study_is_told(solver, complaints):
    def key(params):
        return tuple(sorted(params.values()))

    study = searched(canonical=key, n_trials=100, solver=solver)
    tried = [key(trial.params) for trial in study.trials]
    all_keys = {tuple(sorted(c)) for c in itertools.product(OPERATIONS, repeat=4)}
    assert sorted(tried) == sorted(all_keys)
    assert "every configuration was tried" in str(complaints())


def test_a_key_must_be_hashable():
    with pytest.raises(RuntimeError, match="canonical must be hashable"):
        searched(canonical=lambda params: list(params.values()))


def test_a_study_ends_when_everything_was_tried_failed_ones_included():
    def objective(trial):
        x = trial.suggest_int("x", 0, 5)
        if x == 3:
            raise ValueError
        return x, -x

    study = optuna.create_study(directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0))
    study.optimize(objective, n_trials=50, catch=ValueError)
    assert sorted(trial.params["x"] for trial in study.trials) == [0, 1, 2, 3, 4, 5]


def test_a_study_may_go_on_and_repeat():
    study = searched(
        lambda t: (t.suggest_int("x", 0, 2), 0.0), 9, ("minimize",) * 2, stop_when_exhausted=False
    )
    assert len(study.trials) == 9
    assert {trial.params["x"] for trial in study.trials[:3]} == {0, 1, 2}


def test_what_is_enqueued_runs_before_an_exhausted_study_ends():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0))
    for _ in range(5):
        study.enqueue_trial({"x": 1})
    study.optimize(lambda t: (t.suggest_int("x", 0, 1), 0.0), n_trials=50)
    assert [trial.params["x"] for trial in study.trials[:5]] == [1] * 5
    assert {trial.params["x"] for trial in study.trials} == {0, 1}


def test_two_threads_do_not_take_equal_keys():
    def key(params):
        return frozenset((params["a"], params["b"]))

    def objective(trial):
        a, b = trial.suggest_int("a", 0, 9), trial.suggest_int("b", 0, 9)
        return a + b, -a * b

    space = {"a": IntDistribution(0, 9), "b": IntDistribution(0, 9)}
    sampler = LaMOOSampler(seed=0, canonical=key, search_space=space, solver="evolutionary")
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=40, n_jobs=4)
    keys = [key(trial.params) for trial in study.trials]
    assert len(set(keys)) == len(keys) == 40


# -------------------------------------------------------------------------- limits


def test_limits_for_some_objectives_focus_the_search():
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x, 1 - x**0.5 + (y - 0.4) ** 2

    def costs(n_trials, **settings):
        sampler = LaMOOSampler(seed=1, **settings)
        study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
        name_metrics(study, "cost", "error")
        study.optimize(objective, n_trials)
        return np.array([trial.values[0] for trial in study.trials])

    by_name, without = costs(40, reference_point={"cost": 0.2}), costs(40)
    assert np.sum(by_name < 0.2) > 1.3 * np.sum(without < 0.2)
    by_index = costs(16, reference_point={0: 0.2})
    assert by_index.tolist() == by_name[:16].tolist() != without[:16].tolist()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"speed": 1.0}, r"reference_point names \['speed'\], but .* call study.set_metric_names"),
        ({2: 1.0}, "reference_point must hold"),
        ([1.0], "reference_point must hold"),
        ([1.0, 2.0, 3.0], "reference_point must hold"),
    ],
)
def test_limits_of_objectives_that_do_not_exist_are_named(point, message):
    with pytest.raises(ValueError, match=message):
        searched(reference_point=point, n_trials=1)


def test_limits_that_nothing_reaches_are_told_with_the_nearest_point(complaints):
    space = {"x": FloatDistribution(0, 1)}
    searched(
        lambda t: ((x := t.suggest_float("x", 0, 1)), 1 - x),
        22,
        ("minimize",) * 2,
        reference_point=[0.1, 0.1],
        search_space=space,
        solver="evolutionary",
    )
    assert "is not dominated by any" in str(complaints())
    assert "nearest is" in str(complaints())


# ------------------------------------------------------------------- before a trial is paid for


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": lambda params: params["op9"]}, r"features raised KeyError\('op9'\)"),
        ({"features": lambda params: "deep"}, r"features must return a sequence of finite numbers"),
        ({"features": lambda params: params["op0"].depth}, r"features raised AttributeError"),
        ({"canonical": lambda params: [*params]}, r"canonical must be hashable"),
    ],
)
def test_functions_are_tried_when_the_space_is_known(given, message):
    with pytest.raises(RuntimeError, match=message):
        LaMOOSampler(search_space=SPACE, **given)


def test_a_function_may_rely_on_what_nobody_declared_and_on_branches():
    def features(params):
        assert params["op0"] == "conv" or "op1" not in params
        return [params["momentum"]]

    LaMOOSampler(search_space=SPACE, features=features, canonical=lambda params: params["op0"])


def test_a_typing_error_in_the_search_space_is_told_at_the_first_trial(complaints):
    space = {"widht": IntDistribution(1, 8), "lr": FloatDistribution(0, 1)}
    sampler = LaMOOSampler(seed=0, search_space=space)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(lambda t: (t.suggest_int("width", 1, 8), t.suggest_float("lr", 0, 1)), 3)
    (told,) = [line for line in complaints() if "'widht'" in line]
    assert "search_space names 'widht', but trial 0 asked for 'width' and not for that" in told


@pytest.mark.filterwarnings("ignore:.*constraints_func:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*constraints_func:optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("kind", [tuple, list, np.array])
def test_constraints_are_taken_as_optunas_samplers_take_them(kind):
    def limits(trial):
        return kind([trial.params["x"] - 0.5, 0.2 - trial.params["y"]])

    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        if trial.number == 2:
            raise optuna.TrialPruned
        if trial.number == 3:
            raise ValueError
        return 1 - x, y

    lamoo = LaMOOSampler(seed=0, constraints_func=limits, solver="evolutionary")
    study = optuna.create_study(directions=["minimize"] * 2, sampler=lamoo)
    study.optimize(objective, n_trials=25, catch=ValueError)
    reference = optuna.samplers.NSGAIISampler(
        seed=0, constraints_func=lambda trial: tuple(map(float, limits(trial)))
    )
    other = optuna.create_study(directions=["minimize"] * 2, sampler=reference)
    for trial in study.trials:
        other.enqueue_trial(trial.params)
    other.optimize(objective, n_trials=25, catch=ValueError)
    recorded = [trial.system_attrs.get("constraints") for trial in study.trials]
    assert recorded == [trial.system_attrs.get("constraints") for trial in other.trials]
    assert recorded[2] is not None
    assert recorded[3] is None
    assert all(t.params["x"] <= 0.5 and t.params["y"] >= 0.2 for t in study.best_trials)
    late = [t.params["x"] <= 0.5 for t in study.trials[15:]]
    assert sum(late) > 7  # half of them if they were not learned from


@pytest.mark.parametrize("limits", [3.0, [float("nan")], "ok", None])
def test_constraints_that_are_no_numbers_are_named(limits):
    sampler = LaMOOSampler(seed=0, constraints_func=lambda trial: limits)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    with pytest.raises(ValueError, match=r"constraints_func must return a list of numbers"):
        study.optimize(lambda t: (t.suggest_float("x", 0, 1), 0.0), n_trials=1)


# ------------------------------------------------------------------------------ what can be seen


def test_a_study_can_be_followed(caplog):
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    sampler = LaMOOSampler(seed=0, n_startup_trials=3, solver="random")
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.params["x"]), n_trials=6)
    mine = [r for r in caplog.records if r.name == "optuna.lamoo"]
    (began,) = [r.getMessage() for r in mine if r.levelname == "INFO"]
    assert began.startswith(
        f"Study {study.study_name!r}: model phase, from 3 results on: solver ra"
    )
    lines = [r.getMessage() for r in mine if r.levelname == "DEBUG"]
    assert [sum(f"trial {n} " in line for line in lines) for n in range(6)] == [1] * 6
    assert sum("start-up" in line for line in lines) == 2  # after the first, of which none is known
    assert sum("solver random in the leaf at depth 0" in line for line in lines) == 3


@pytest.mark.filterwarnings("ignore:.*set_metric_names is experimental")
@pytest.mark.parametrize("limits", [None, [0.5, 0.5]])
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_what_can_be_followed_is_told_by_the_names_of_the_objectives(caplog, limits, level):
    optuna.logging.set_verbosity(getattr(logging, level))
    sampler = LaMOOSampler(seed=0, n_startup_trials=3, solver="random", reference_point=limits)
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.set_metric_names(["loss", "accuracy"])
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.params["x"]), n_trials=6)
    told = [r.getMessage() for r in caplog.records if "reference point (" in r.getMessage()]
    assert len(told) == (1 if level == "INFO" else 6)  # five asks, and when it begins
    assert all(re.search(r"reference point \(loss = .*, accuracy = ", line) for line in told)
