"""A client with LaMOO's strategy: every space, every result, and like Ax wherever Ax decides."""

import logging
import math

import numpy as np
import pandas as pd
import pytest
from ax.api.client import Client
from ax.api.configs import (
    ChoiceParameterConfig,
    DerivedParameterConfig,
    RangeParameterConfig,
)
from ax.api.protocols.metric import IMetric
from ax.api.protocols.runner import IRunner
from ax.core.arm import Arm
from ax.core.auxiliary import AuxiliaryExperiment, AuxiliaryExperimentPurpose
from ax.core.data import Data
from ax.core.optimization_config import PreferenceOptimizationConfig
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.parameter_constraint import ParameterConstraint
from ax.core.search_space import SearchSpace
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import SearchSpaceExhausted, UserInputError
from ax.service.ax_client import AxClient, ObjectiveProperties
from ax.utils.testing.preference_stubs import get_pbo_experiment

import ax_lamoo
from lamoo import Partition

from .conftest import SPACES

FLOAT = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"]
COLOUR = ChoiceParameterConfig(
    name="colour", parameter_type="str", values=["r", "g", "b"], is_ordered=False
)
ENGINE = ("gp", "gp-fast", "evolutionary", "random", "cma", "botorch")


def pairs(others, one):
    """Pair all solvers with some things: by default one solver with all, and all with one thing.

    What the plugin makes of a search space is the same for every solver; what solvers make of
    spaces is tested in tests/lamoo.
    """
    return [
        pytest.param(solver, k, marks=() if solver == "gp" or k == one else pytest.mark.slow)
        for solver in ENGINE
        for k in others
    ]


def both(params):
    return {"a": params["x"] ** 2 + params["y"], "b": (params["x"] - 1) ** 2 + params["y"]}


def proposed_by(client):
    return client.summarize()["generation_node"].value_counts().to_dict()


def adapter_of(client):
    return client._generation_strategy.adapter


@pytest.mark.parametrize(("solver", "space"), pairs(SPACES, "mixed"))
def test_every_kind_of_space(solver, space, client, run):
    experiment = client(SPACES[space], solver=solver)
    asked = run(experiment, 7)
    assert proposed_by(experiment)["LaMOO"] == 4
    keys = [str(sorted(params.items())) for params in asked]
    assert len(set(keys)) == len(keys)
    found = experiment._experiment.search_space
    assert all(found.check_membership(params) for params in asked)


@pytest.mark.parametrize(("solver", "space"), pairs(SPACES, None))
def test_batches_are_distinct(solver, space, client, run):
    asked = run(client(SPACES[space], solver=solver), 8, q=4)
    keys = {str(sorted(params.items())) for params in asked}
    assert len(keys) == len(asked)


LARGE = {
    "choices": ChoiceParameterConfig(
        name="n", parameter_type="int", values=[50, 100, 150], is_ordered=True
    ),
    "steps": RangeParameterConfig(name="n", parameter_type="float", bounds=(20, 80), step_size=30),
}


@pytest.mark.parametrize(("solver", "numbers"), pairs(LARGE, None))
def test_every_large_number_is_proposed(solver, numbers, client, run):
    experiment = client([LARGE[numbers], COLOUR], solver=solver)
    asked = run(experiment, 9)
    assert len({(params["n"], params["colour"]) for params in asked}) == 9
    with pytest.raises(SearchSpaceExhausted):
        experiment.get_next_trials(max_trials=1)


@pytest.mark.parametrize(
    ("solver", "objective"), [("gp", "-a, -b"), ("qlognehvi", "-a, -b"), ("gp", "-a")]
)
def test_integers_of_a_billion_values_cost_no_memory(solver, objective, client, run):
    # Ax lists every value: 40 gigabytes, or a MemoryError
    n = RangeParameterConfig(name="n", parameter_type="int", bounds=(0, 10**12))
    log = RangeParameterConfig(name="log", parameter_type="int", bounds=(1, 10**12), scaling="log")
    experiment = client([n, log], objective, solver=solver)
    asked = run(
        experiment, 5, lambda p: {"a": p["n"] / 1e12, "b": np.log10(p["log"]) - p["n"] / 1e12}
    )
    assert proposed_by(experiment)["LaMOO"] == 2
    assert all(type(params["n"]) is type(params["log"]) is int for params in asked)
    assert set(experiment.predict([asked[-1]])[0]) >= {"a"}


def test_linear_constraints_hold(client, run):
    z = RangeParameterConfig(name="z", parameter_type="int", bounds=(0, 9))
    limits = ["x + y <= 0.2", "z + 5*x >= 3"]
    for params in run(client([*FLOAT, z], parameter_constraints=limits), 8, both):
        assert params["x"] + params["y"] <= 0.2
        assert params["z"] + 5 * params["x"] >= 3


@pytest.mark.parametrize(
    ("parameters", "limit"),
    [
        (
            [
                RangeParameterConfig("st", (0, 100), "int", step_size=10),
                RangeParameterConfig("i", (0, 100), "int"),
            ],
            "st + i <= 60",
        ),
        (
            [
                RangeParameterConfig("f", (0.0, 60.0), "float"),
                ChoiceParameterConfig("c", [10, 50, 90], "int", is_ordered=True),
            ],
            "f - c <= -40",
        ),
        (  # two of 441 configurations
            [RangeParameterConfig(n, (-1.0, 1.0), "float", step_size=0.1) for n in "ef"],
            "e - f >= 1.85",
        ),
    ],
    ids=["steps", "choices", "thin"],
)
@pytest.mark.parametrize("saved", [False, True])
def test_constraints_on_steps_and_choices_hold_from_the_first_trial(
    parameters, limit, saved, client, tmp_path
):
    experiment = client(parameters, parameter_constraints=[limit], initialization_budget=6)
    trials = 2 if limit.startswith("e") else 6
    for _ in range(trials):
        if saved:
            experiment.save_to_json_file(str(tmp_path / "saved.json"))
            experiment = Client.load_from_json_file(str(tmp_path / "saved.json"))
        ((_, params),) = experiment.get_next_trials(max_trials=1).items()
        assert experiment._experiment.search_space.check_membership(params)
    asked = [trial.arm.parameters for trial in experiment._experiment.trials.values()]
    assert len({str(params) for params in asked}) == trials


def test_what_nothing_satisfies_is_told(client):
    z = RangeParameterConfig("z", (0, 10), "int", step_size=5)
    with pytest.raises(SearchSpaceExhausted, match=r"'x \+ z <= -1'.*no configuration"):
        client([*FLOAT, z], parameter_constraints=["x + z <= -1"]).get_next_trials(max_trials=1)


def test_the_start_knows_what_was_told(client, run):
    experiment = client(
        FLOAT,
        known_constraints=[lambda params: params["x"] + params["y"] - 0.2],
        initialization_budget=6,
        solver="evolutionary",
    )
    for params in run(experiment, 9, both):
        assert params["x"] + params["y"] <= 0.2
    assert proposed_by(experiment) == {"Sobol": 6, "LaMOO": 3}


def test_nothing_is_proposed_twice_that_is_the_same(client, run):
    experiment = client(
        [COLOUR, RangeParameterConfig("i", (1, 3), "int")],
        canonical=lambda params: (params["colour"], params["i"] > 1),
        initialization_budget=6,
    )
    asked = run(experiment, 6)
    assert len({(params["colour"], params["i"] > 1) for params in asked}) == 6


def test_the_first_proposals_need_no_data(client, run, parameters):
    experiment = client(parameters, initialization_budget=0)
    trials = experiment.get_next_trials(max_trials=3)
    assert len({str(sorted(params.items())) for params in trials.values()}) == 3
    for index in trials:
        experiment.complete_trial(trial_index=index, raw_data={"a": index, "b": -index})
    run(experiment, 2)
    assert proposed_by(experiment) == {"LaMOO": 5}
    assert adapter_of(experiment).task().history.n == 4


def test_what_cannot_be_is_not_fixed(client, run):
    wrong = [
        ({"x": 2.0}, r"fixed_parameters holds x=2\.0"),
        ({"x": None}, "fixed_parameters holds x=None"),
        ({"i": float("inf")}, "fixed_parameters holds i=inf"),
        ({"i": 0}, "fixed_parameters holds i=0"),
        ({"i": 2.5}, r"fixed_parameters holds i=2\.5"),
        ({"n": 60}, "fixed_parameters holds n=60"),
        ({"colour": "k"}, "fixed_parameters holds colour='k'"),
        ({"z": 1}, "fixed_parameters names 'z', which is not one of"),
    ]
    n = ChoiceParameterConfig("n", [50, 100, 150], "int", is_ordered=True)
    i = RangeParameterConfig("i", (1, 9), "int")
    experiment = client([*FLOAT, n, i, COLOUR], solver="evolutionary")
    for _ in ("at first", "at the start", "later"):
        for fixed, said in wrong:
            with pytest.raises(UserInputError, match=said):
                experiment.get_next_trials(max_trials=1, fixed_parameters=fixed)
        run(experiment, 2)
    ((_, params),) = experiment.get_next_trials(
        max_trials=1, fixed_parameters={"x": 1, "n": 150.0}
    ).items()
    assert (params["x"], params["n"]) == (1.0, 150)


def test_a_thin_slice_is_searched(client, run):
    names = [f"x{j}" for j in range(8)]
    cube = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in names]

    def f(params):
        total = sum(params.values())
        return {"a": total, "b": (params["x0"] - 1) ** 2 + total}

    # a hundred-thousandth of the cube
    experiment = client(cube, parameter_constraints=[" + ".join(names) + " <= 0.9"])
    asked = run(experiment, 8, f)
    assert all(sum(params.values()) <= 0.9 for params in asked)
    assert proposed_by(experiment)["LaMOO"] == 5


def test_derived_parameters_are_computed(client, run):
    derived = DerivedParameterConfig(name="d", parameter_type="float", expression_str="2*x + y")
    for params in run(client([*FLOAT, derived]), 8, both):
        assert params["d"] == pytest.approx(2 * params["x"] + params["y"])


def test_fixed_parameters_are_kept(client, run, parameters):
    experiment = client(parameters)
    first = run(experiment, 4, q=4)[-1]
    name = next(n for n in ("x", "colour", "size") if n in first)
    more = run(experiment, 2, fixed_parameters={name: first[name]})
    assert [params[name] for params in more] == [first[name]] * 2


@pytest.mark.parametrize("initialized", ["with the center", "by Sobol"])
def test_fixed_parameters_are_kept_from_the_first_trial_on(initialized, client, run):
    derived = DerivedParameterConfig(name="d", parameter_type="float", expression_str="2*x + y")
    size = RangeParameterConfig("size", (1, 9), "int")
    experiment = client(
        [*FLOAT, COLOUR, size, derived], initialize_with_center=initialized == "with the center"
    )
    fixed = {"x": 0.125, "colour": "r", "size": 2}
    ((_, first),) = experiment.get_next_trials(max_trials=1, fixed_parameters=fixed).items()
    assert first.items() >= fixed.items()
    assert first["d"] == pytest.approx(0.25 + first["y"])
    if initialized == "with the center":
        assert first["y"] == 0.5
    again = Client._from_json_snapshot(experiment._to_json_snapshot())
    for params in run(again, 6, both, fixed_parameters=fixed):
        assert params.items() >= fixed.items()


def test_a_center_in_another_branch_is_left_out(client, run):
    model = ChoiceParameterConfig(
        "model", ["a", "b", "c"], "str", dependent_parameters={"a": ["x"], "b": ["y"], "c": []}
    )
    experiment = client([*FLOAT, model])
    ((_, first),) = experiment.get_next_trials(
        max_trials=1, fixed_parameters={"model": "a"}
    ).items()
    assert first.keys() == {"model", "x"}
    assert first["model"] == "a"


@pytest.mark.parametrize("initialize_with_center", [True, False])
def test_a_constraint_inside_a_branch_is_refused_before_a_trial_is_spent(
    initialize_with_center, client
):
    model = ChoiceParameterConfig(
        "model",
        ["a", "b"],
        "str",
        is_ordered=False,
        dependent_parameters={"a": ["x", "y"], "b": []},
    )
    options = {"initialize_with_center": initialize_with_center}
    experiment = client([*FLOAT, model], parameter_constraints=["x + y <= 1"], **options)
    with pytest.raises(UserInputError, match=r"'x' exists in one branch.*known_constraints"):
        experiment.get_next_trials(max_trials=1)

    def sum_is_large(params):
        return params.get("x", 0) + params.get("y", 0) - 1

    experiment = client([*FLOAT, model], known_constraints=[sum_is_large], **options)
    for _ in range(6):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        assert sum_is_large(params) <= 0
        experiment.complete_trial(trial_index=index, raw_data={"a": len(params), "b": index})


@pytest.mark.parametrize("initialize_with_center", [True, False])
def test_a_derived_parameter_beside_branches_is_refused_before_a_trial_is_spent(
    initialize_with_center, client
):
    # Ax ends in a NotImplementedError at its second trial
    derived = DerivedParameterConfig(name="double", expression_str="2*x", parameter_type="float")
    experiment = client(
        [*SPACES["hierarchical"], derived], initialize_with_center=initialize_with_center
    )
    with pytest.raises(UserInputError, match="derived parameter, here 'double'"):
        experiment.get_next_trials(max_trials=1)


@pytest.mark.parametrize("options", [{}, {"initialize_with_center": False}], ids=str)
def test_a_fidelity_is_refused_before_a_trial_is_spent(options, client):
    # Ax's default ends in a TypeError about target_fidelities at its sixth trial
    experiment = client(FLOAT, **options)
    data = RangeParameter(
        "data", ParameterType.FLOAT, lower=0.1, upper=1, is_fidelity=True, target_value=1
    )
    experiment._experiment.search_space = SearchSpace(
        [*experiment._experiment.search_space.parameters.values(), data]
    )
    with pytest.raises(UserInputError, match=r"fidelity \(is_fidelity\), here 'data'"):
        experiment.get_next_trials(max_trials=1)


def test_constraints_are_learned(client, run):
    def f(params):
        return {**both(params), "c": params["x"]}

    asked = run(client(FLOAT, outcome_constraints=["c >= 0.7"]), 20, f)
    assert np.mean([params["x"] >= 0.7 for params in asked[8:]]) > 0.6


def test_a_bound_that_ax_misreads_is_refused_whenever_it_comes(client, run):
    def f(params):
        return {**both(params), "c": params["x"]}

    experiment = client(FLOAT, solver="evolutionary")
    baseline = experiment.attach_baseline({"x": 0.5, "y": 1.0})
    experiment.complete_trial(baseline, raw_data=f({"x": 0.5, "y": 1.0}))
    run(experiment, 5, f)
    experiment.configure_optimization("-a, -b", outcome_constraints=["c <= baseline + 0.1"])
    for asked in (lambda: run(experiment, 1, f), lambda: ax_lamoo.front(experiment)):
        with pytest.raises(UserInputError, match=r"as 1\.1 times what the baseline measured"):
            asked()


@pytest.mark.parametrize("limit", ["c + 2*d <= 1", "c + 2*d <= 0.4*baseline"])
@pytest.mark.parametrize("solver", ["gp", pytest.param("qlognehvi", marks=pytest.mark.slow)])
def test_a_constraint_on_a_sum_is_learned(solver, limit, client, run):
    def f(params):
        return {**both(params), "c": params["x"], "d": params["y"]}

    experiment = client(FLOAT, outcome_constraints=[limit], solver=solver)
    baseline = experiment.attach_baseline({"x": 0.5, "y": 1.0})  # whose sum is 2.5
    experiment.complete_trial(baseline, raw_data=f({"x": 0.5, "y": 1.0}))
    asked = run(experiment, 14 if solver == "gp" else 9, f)
    kept = [params["x"] + 2 * params["y"] <= 1 + 1e-6 for params in asked[6:]]
    assert np.mean(kept) > 0.6


def test_a_constraint_relative_to_the_status_quo(client, run):
    experiment = client(FLOAT, outcome_constraints=["c >= 1.1 * baseline"])
    experiment._experiment.status_quo = Arm(parameters={"x": 0.5, "y": 0.5}, name="status_quo")
    start = experiment.attach_trial(parameters={"x": 0.5, "y": 0.5}, arm_name="status_quo")

    def f(params):
        return {**both(params), "c": 1 + params["x"]}

    experiment.complete_trial(trial_index=start, raw_data=f({"x": 0.5, "y": 0.5}))
    asked = run(experiment, 16, f)
    assert proposed_by(experiment)["LaMOO"] >= 12
    assert np.mean([params["x"] >= 0.65 for params in asked[6:]]) > 0.6


def test_a_limit_relative_to_a_baseline_waits_until_that_is_measured(client, run, caplog):
    def f(params):
        return {**both(params), "c": 1 + params["x"]}

    limited, free = client(FLOAT, outcome_constraints=["c >= 1.1 * baseline"]), client(FLOAT)
    with caplog.at_level(logging.WARNING, logger="ax.ax_lamoo"):
        assert run(limited, 5, f) == run(free, 5, f)
    assert "until the baseline has measured c" in caplog.text
    baseline = limited.attach_baseline({"x": 0.5, "y": 0.25})
    limited.complete_trial(baseline, raw_data={"a": 0.5, "b": 0.5})  # "c" is missing
    run(limited, 1, f)
    limited.attach_data(baseline, raw_data={"c": 1.5})
    asked = run(limited, 8, f)
    assert np.mean([params["x"] >= 0.65 for params in asked]) > 0.6


@pytest.mark.parametrize(
    ("solver", "objective"),
    [
        ("gp", "-a, -b"),
        ("evolutionary", "-a, -b"),
        pytest.param("qlognehvi", "-a, -b", marks=pytest.mark.slow),
        ("gp", "-a"),
    ],
)
def test_a_limit_of_what_nobody_measured_yet_waits(solver, objective, client, run):
    def f(params):
        return {**both(params), "d": params["x"]}

    limited, free = (client(FLOAT, objective, solver=solver) for _ in range(2))
    for experiment, limits in ((limited, ["d <= 0.5"]), (free, [])):
        run(experiment, 4, both)
        experiment.configure_optimization(objective, outcome_constraints=limits)
    assert run(limited, 1, f) == run(free, 1, f)
    if solver != "qlognehvi" and objective != "-a":  # Ax's acquisition takes seconds
        run(limited, 3, f)
        assert all(point.parameters["x"] <= 0.5 for point in ax_lamoo.front(limited))


@pytest.mark.parametrize(
    ("solver", "objective"),
    [("gp", "-a, -d"), ("evolutionary", "-a, -d"), ("qlognehvi", "-a, -d"), ("gp", "-d")],
)
def test_an_objective_that_nobody_measured_yet(solver, objective, client, run):
    experiment = client(FLOAT, solver=solver)
    run(experiment, 4, lambda params: {**both(params), "c": params["y"]})
    experiment.configure_optimization(objective, outcome_constraints=["c <= 0.5"])
    (first,) = run(experiment, 1, lambda params: {**both(params), "c": params["y"], "d": 1.0})
    assert first not in [arm.parameters for arm in experiment._experiment.arms_by_name.values()][:4]


def test_nothing_feasible_is_no_obstacle(client, run):
    def f(params):
        return {**both(params), "c": 1 + params["x"]}

    asked = run(client(FLOAT, outcome_constraints=["c <= 0.9"]), 12, f)
    assert min(params["x"] for params in asked) < 0.05


def _number(low, high, **options):
    return RangeParameterConfig("n", (low, high), "int", **options)


def _choice(kind, *values, is_ordered):
    return ChoiceParameterConfig("n", list(values), kind, is_ordered=is_ordered)


@pytest.mark.parametrize(
    ("wide", "narrow", "before", "left"),
    [
        (_number(1, 20), _number(4, 7), [1, 2, 3, 4, 8, 9, 20], {5, 6, 7}),
        (
            _number(1, 20, scaling="log"),
            _number(4, 7, scaling="log"),
            [1, 2, 3, 4, 8, 9, 20],
            {5, 6, 7},
        ),
        (
            _number(0, 200, step_size=10),
            _number(50, 80, step_size=10),
            [0, 10, 40, 80, 90, 200],
            {50, 60, 70},
        ),
        (
            _choice("int", *range(16, 160, 16), is_ordered=True),
            _choice("int", 32, 64, 128, is_ordered=True),
            [16, 48, 80, 128, 144],
            {32, 64},
        ),
        (
            _choice("str", *"abcdef", is_ordered=False),
            _choice("str", *"cde", is_ordered=False),
            [*"abcf"],
            set("de"),
        ),
        (
            _choice("str", *"abcdef", is_ordered=False),
            _choice("str", *"ce", is_ordered=False),
            [*"abcf"],
            set("e"),
        ),
        (
            _choice("str", *"abcdef", is_ordered=True),
            _choice("str", *"cde", is_ordered=True),
            [*"abcf"],
            set("de"),
        ),
        (
            _choice("int", *range(1, 9), is_ordered=False),
            _choice("int", 3, 5, 8, is_ordered=False),
            [1, 2, 3, 4, 6, 7],
            {5, 8},
        ),
    ],
    ids=["int", "log int", "steps", "numbers", "choices", "two choices", "ordered", "unordered"],
)
def test_a_narrowed_space_is_searched_whatever_was_tried_outside(
    wide, narrow, before, left, client
):
    def f(params):
        number = str(params["n"])
        return {"a": float(len(number) + ord(number[0])), "b": -float(ord(number[0]))}

    experiment = client([wide], solver="evolutionary", initialization_budget=0)
    for value in before:
        index = experiment.attach_trial(parameters={"n": value})
        if value != before[1]:  # which still runs
            experiment.complete_trial(trial_index=index, raw_data=f({"n": value}))
    experiment._experiment.search_space = client([narrow])._experiment.search_space
    asked = []
    for _ in left:
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        experiment.complete_trial(trial_index=index, raw_data=f(params))
        asked.append(params["n"])
    assert sorted(asked) == sorted(left)
    with pytest.raises(SearchSpaceExhausted):
        experiment.get_next_trials(max_trials=1)


def test_what_lies_outside_is_learned_from_where_it_is(client):
    cube = [RangeParameterConfig(n, (0.0, 1.0), "float") for n in "xy"]
    part = [RangeParameterConfig(n, (0.5, 0.7), "float") for n in "xy"]
    experiment = client(cube, initialization_budget=0)
    told = [0.05, 0.3, 0.45, 0.52, 0.6, 0.69, 0.75, 0.95]
    for value in told:
        params = {"x": value, "y": 1 - value}
        index = experiment.attach_trial(parameters=params)
        experiment.complete_trial(trial_index=index, raw_data=both(params))
    experiment._experiment.search_space = client(part)._experiment.search_space
    ((_, params),) = experiment.get_next_trials(max_trials=1).items()
    assert all(0.5 <= value <= 0.7 for value in params.values())
    task = adapter_of(experiment).task()
    expected = task.space.encode([{"x": value, "y": 1 - value} for value in told])
    np.testing.assert_allclose(task.history.X, expected, atol=1e-12)
    assert len(np.unique(task.history.X[:, 0])) == len(told)


def test_thresholds_and_reference_point_agree(client, run):
    cheap = {"solver": "evolutionary"}
    by_threshold = client(FLOAT, outcome_constraints=["a <= 1.5", "b <= 1.2"], **cheap)
    by_argument = client(FLOAT, reference_point={"a": 1.5, "b": 1.2}, **cheap)
    assert run(by_threshold, 4, both) == run(by_argument, 4, both)
    points = [adapter_of(c).task().settings.reference_point for c in (by_threshold, by_argument)]
    assert points[0] == pytest.approx(points[1])
    better = client(FLOAT, "-a, -b", reference_point={"a": 1.5}, **cheap)
    run(better, 4, both)
    assert adapter_of(better).task().settings.reference_point[0] == pytest.approx(points[0][0], 1)


def test_failed_abandoned_and_partial_trials(client):
    experiment = client(FLOAT, solver="evolutionary")
    asked, failing = [], []
    for number in range(16):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        asked.append(str(params))
        if number % 4 == 1:
            experiment.mark_trial_failed(trial_index=index)
            failing.append(params)
        elif number % 4 == 2:
            experiment.mark_trial_abandoned(trial_index=index)
        elif number % 8 == 3:
            experiment.complete_trial(trial_index=index, raw_data={"a": 1.0})
        else:
            experiment.complete_trial(trial_index=index, raw_data=both(params))
    assert len(set(asked)) == 16
    assert proposed_by(experiment)["LaMOO"] > 8
    task = adapter_of(experiment).task()
    assert task.history.n == sum(n % 4 == 0 or n % 8 == 7 for n in range(15))
    assert len(task.history.partial.X) == sum(n % 8 == 3 for n in range(15))
    lost = task.space.encode(failing)
    assert all(np.isclose(task.history.failed, point).all(axis=1).any() for point in lost[:-1])


@pytest.mark.parametrize(
    "reported", [{}, {"a": 0.0, "b": 0.0}, pytest.param({"a": 0.0}, marks=pytest.mark.slow)]
)
def test_abandoned_trials_are_pending_whatever_they_reported(
    client, run, reported, tmp_path, caplog
):
    experiment = client(FLOAT, solver="cma")
    # whole numbers come back from Ax's storage to the last bit
    run(experiment, 7, lambda p: {k: round(64 * v) for k, v in both(p).items()})
    (index, params), (other, _) = experiment.get_next_trials(max_trials=2).items()
    if reported:
        experiment.attach_data(index, reported)
    experiment.mark_trial_abandoned(index)
    experiment.complete_trial(other, {"a": 20.0, "b": 20.0})
    experiment.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    asked = [list(c.get_next_trials(max_trials=2).values()) for c in (experiment, again)]
    assert asked[0] == asked[1]
    assert params not in asked[0]
    assert "unique parameterization" not in caplog.text


@pytest.mark.parametrize("saved", [False, True])
def test_the_first_batch_after_a_full_start_is_whole(saved, client, run, tmp_path):
    """Of Ax's own strategies it is one trial (1.3.1), see findings."""
    experiment = client(FLOAT, initialization_budget=4, solver="evolutionary")
    ran = [len(run(experiment, 1, both, q=4))]
    if saved:
        experiment.save_to_json_file(str(tmp_path / "saved.json"))
        experiment = Client.load_from_json_file(str(tmp_path / "saved.json"))
    waiting = experiment.get_next_trials(max_trials=3)
    assert [*ran, len(waiting), len(experiment.get_next_trials(max_trials=3))] == [4, 3, 3]
    assert proposed_by(experiment)["LaMOO"] == 6


@pytest.mark.parametrize("abandoned", [False, True])
def test_arms_of_a_batch_are_not_proposed_before_they_report(client, abandoned, caplog):
    flags = [ChoiceParameterConfig(name=n, parameter_type="int", values=[0, 1]) for n in "uv"]
    experiment = client(flags, initialization_budget=0)
    if abandoned:
        index = experiment.attach_trial({"u": 0, "v": 1})
        experiment.attach_data(index, {"a": 2.0, "b": 0.0})
        experiment.mark_trial_abandoned(index)
    batch = experiment._experiment.new_batch_trial()
    for u in (1, 0):
        batch.add_arm(Arm({"u": u, "v": u}))
    batch.mark_running(no_runner_required=True)
    row = {"trial_index": batch.index, "arm_name": batch.arms[1].name, "mean": 1.0, "sem": 0.1}
    rows = [{**row, "metric_name": name, "metric_signature": name} for name in "ab"]
    experiment._experiment.attach_data(Data(df=pd.DataFrame(rows)))
    left = [(1, 0)] if abandoned else [(0, 1), (1, 0)]
    asked = list(experiment.get_next_trials(max_trials=len(left)).values())
    assert sorted((params["u"], params["v"]) for params in asked) == left
    with pytest.raises(SearchSpaceExhausted, match="Every configuration"):
        experiment.get_next_trials(max_trials=1)
    assert "unique parameterization" not in caplog.text


def test_a_choice_that_always_fails_is_not_proposed_for_ever(client):
    parameters = [
        ChoiceParameterConfig(
            name=n, parameter_type="str", values=["r", "g", "b", "k"], is_ordered=False
        )
        for n in "uv"
    ]
    experiment = client(parameters)
    asked = []
    for _ in range(16):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        asked.append(str(params))
        if params["u"] == "r":
            experiment.mark_trial_failed(trial_index=index)
        else:
            score = float("rgbk".index(params["u"]) + "rgbk".index(params["v"]))
            experiment.complete_trial(trial_index=index, raw_data={"a": score, "b": -score})
    assert len(set(asked)) == 16
    with pytest.raises(SearchSpaceExhausted):
        experiment.get_next_trials(max_trials=1)


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan, 1e300])
def test_odd_values_stop_nothing(odd, client, run):
    count = iter(range(100))

    def f(params):
        return {"a": odd, "b": 1.0} if next(count) % 4 == 3 else both(params)

    asked = run(client(FLOAT), 9, f)  # of which two are odd
    assert len({str(params) for params in asked}) == 9


def test_only_infinite_values_stop_nothing(client, run):
    assert len(run(client(FLOAT), 8, lambda _: {"a": math.inf, "b": 1.0})) == 8


def test_noise_and_tracking_metrics(client, run):
    def f(params):
        return {**{name: (v, 0.1) for name, v in both(params).items()}, "seconds": params["x"]}

    experiment = client(FLOAT)
    run(experiment, 7, f)
    assert adapter_of(experiment).task().history.n == 6
    assert proposed_by(experiment)["LaMOO"] == 4


@pytest.mark.parametrize(("objective", "m"), [("a + b, -c", 2), ("-a, -b, -c, -d, -e", 5)])
def test_scalarised_and_many_objectives(objective, m, client, run):
    def f(params):
        x, y = params["x"], params["y"]
        return {name: (j + 1) * x + (-1) ** j * y for j, name in enumerate("abcde")}

    experiment = client(FLOAT, objective)
    run(experiment, 8, f)
    task = adapter_of(experiment).task()
    assert task.history.Y.shape == (7, m)  # Ax takes a sum apart


def test_trials_that_were_there_before(client, run):
    experiment = client(FLOAT, initialization_budget=5)
    for k in range(8):
        params = {"x": k / 8, "y": k / 8}
        index = experiment.attach_trial(parameters=params)
        experiment.complete_trial(trial_index=index, raw_data=both(params))
    copy = Client()
    copy.set_experiment(experiment._experiment.clone_with(name="copy"))
    copy.set_generation_strategy(
        ax_lamoo.lamoo_generation_strategy(seed=0, initialization_budget=5)
    )
    assert run(copy, 3, both) == run(experiment, 3, both)
    assert proposed_by(experiment) == {"LaMOO": 3}


def test_one_objective_is_proposed_for_as_by_ax(client, run):
    def f(params):
        return {"a": both(params)["a"]}

    ours = client(FLOAT, "-a", seed=3, initialization_budget=5)
    theirs = client(FLOAT, "-a", lamoo=False, initialization_random_seed=3)
    assert run(ours, 7, f) == run(theirs, 7, f)


def test_initialization_is_that_of_ax(client, run):
    ours = client(FLOAT, seed=3, initialization_budget=5)
    theirs = client(FLOAT, lamoo=False, initialization_random_seed=3, initialization_budget=5)
    assert run(ours, 5, both) == run(theirs, 5, both)


@pytest.mark.parametrize(
    ("options", "nodes"),
    [
        ({"initialization_budget": 0}, ["LaMOO"]),
        ({"initialization_budget": 1}, ["CenterOfSearchSpace", "LaMOO"]),
        ({"initialization_budget": 2, "initialize_with_center": False}, ["Sobol", "LaMOO"]),
        ({}, ["CenterOfSearchSpace", "Sobol", "LaMOO"]),
    ],
)
def test_nodes(options, nodes):
    strategy = ax_lamoo.lamoo_generation_strategy(**options)
    assert [node.name for node in strategy._nodes] == nodes


def test_a_seed_repeats_a_run(client, run):
    runs = [run(client(FLOAT, seed=seed, initialization_budget=2), 7, both) for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]


def test_without_a_seed_the_clients_counts(client, run):
    runs = [run(client(FLOAT, seed=None), 7, both) for _ in range(2)]
    assert runs[0][-1] == runs[1][-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"solver": "cmaes"}, r"solver must be one of .*'gp'.*got 'cmaes'"),
        ({"partition": {"leaf_size": 3}}, r"partition must be Partition or None"),
        ({"seed": -1}, r"seed must be at least 0, a whole number, or None, got -1"),
        (
            {"initialization_budget": 2.5},
            r"initialization_budget must be at least 0, a whole number",
        ),
        ({"reference_point": [1, 2]}, r"reference_point must be Mapping or None"),
        ({"reference_point": {"a": math.nan}}, r"reference_point must map metric names to finite"),
        ({"initialize_with_center": "no"}, r"initialize_with_center must be bool"),
        ({"torch_device": "abacus"}, r"torch_device must be a device .* got 'abacus'"),
        ({"torch_device": 10**400}, r"torch_device must be a device"),
        ({"solver": np.array(["gp", "cma"])}, r"solver must be one of"),
        ({"seed": True}, r"seed must be at least 0, a whole number, or None, got True"),
        (
            {"initialization_budget": None},
            r"initialization_budget must be at least 0, a whole number",
        ),
        ({"known_constraints": np.array([1, 2])}, r"known_constraints must be a list"),
    ],
)
def test_wrong_arguments_are_named(options, said):
    with pytest.raises(UserInputError, match=said):
        ax_lamoo.lamoo_generation_strategy(**options)


def test_a_reference_point_for_no_objective_is_told_before_a_trial_is_lost(client, run):
    experiment = client(FLOAT, reference_point={"z": 1.0})
    run(experiment, 3, both)
    with pytest.raises(UserInputError, match=r"reference_point names \['z'\].*\['a', 'b'\]"):
        experiment.get_next_trials(max_trials=1)
    assert len(experiment.summarize()) == 3


def test_partition_settings_arrive(client, run):
    chosen = Partition(leaf_size=4, kernel="rbf", selection="leaf", c_p=0.3)
    experiment = client(FLOAT, partition=chosen, solver="evolutionary")
    run(experiment, 6, both)
    settings = adapter_of(experiment).task().settings
    assert settings.partition == chosen
    assert settings.solver == "evolutionary"


MIXTURE = [RangeParameterConfig(n, (0.0, 1.0), "float") for n in ("m", "o", "x", "y")]
COUNTS = [RangeParameterConfig(n, (1, 9), "int") for n in "ij"]
STEPS = RangeParameterConfig("st", (0, 100), "int", step_size=10)


def constrain(experiment, *equalities):
    """Add equality constraints, which Ax's client takes no text for."""
    experiment._experiment.search_space.add_parameter_constraints(
        [ParameterConstraint(equality=equality) for equality in equalities]
    )


EQUALITIES = {
    "mixture": (MIXTURE, ["m + o + x + y == 1"]),
    "two": (MIXTURE, ["m + 2*o - x == 0.5", "x + y == 0.7"]),
    "an integer": ([*MIXTURE, *COUNTS[:1]], ["x + y + 0.1*i == 1"]),
    "integers": ([*MIXTURE, *COUNTS], ["i + j == 10", "2*x - y == 0"]),
    "steps": ([*MIXTURE[:2], STEPS], ["m + 0.01*st == 1"]),
}


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        *(("evolutionary", name) for name in EQUALITIES),
        *(
            pytest.param("gp", name, marks=() if name == "integers" else pytest.mark.slow)
            for name in EQUALITIES
        ),
    ],
)
def test_equality_constraints_hold(solver, name, client, run):
    parameters, equalities = EQUALITIES[name]
    experiment = client(parameters, solver=solver)
    constrain(experiment, *equalities)

    def f(params):
        return {"a": sum(params.values()), "b": params["m"] - 2 * params["o"]}

    asked = run(experiment, 7, f)
    space = experiment._experiment.search_space
    assert all(space.check_membership(params) for params in asked)
    assert len({str(params) for params in asked}) == 7
    assert proposed_by(experiment)["LaMOO"] == 4


def test_arms_off_an_equality_constraint_are_left_out(client, run):
    experiment = client(FLOAT, solver="evolutionary")
    off = {"x": 0.2, "y": 0.2}
    index = experiment.attach_trial(parameters=off)
    experiment.complete_trial(trial_index=index, raw_data=both(off))
    constrain(experiment, "x + y == 1")
    asked = run(experiment, 6, both)
    task = adapter_of(experiment).task()
    found = task.encoding.complete(task.history.X)
    for params, expected in zip(found, asked, strict=False):
        assert params == pytest.approx(expected, abs=1e-9)
    assert len(found) == task.history.n == 6 - 1


def test_a_limit_and_an_equality_hold_together(client, run):
    experiment = client(MIXTURE, parameter_constraints=["m - o >= 0.4"])
    constrain(experiment, "m + o + x + y == 1")
    for params in run(experiment, 8, lambda p: {"a": p["m"], "b": p["x"] - p["y"]}):
        assert params["m"] - params["o"] >= 0.4 - 1e-9
        assert sum(params.values()) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_old_client_while_it_exists():
    client = AxClient(
        generation_strategy=ax_lamoo.lamoo_generation_strategy(seed=0, initialization_budget=3),
        verbose_logging=False,
    )
    client.create_experiment(
        name="old",
        parameters=[{"name": n, "type": "range", "bounds": [0.0, 1.0]} for n in "xy"],
        objectives={n: ObjectiveProperties(minimize=True, threshold=2.0) for n in "ab"},
    )
    for _ in range(8):
        params, index = client.get_next_trial()
        client.complete_trial(trial_index=index, raw_data=both(params))
    frame = client.get_trials_data_frame()
    assert frame["generation_node"].tolist()[3:] == ["LaMOO"] * 5
    assert client.generation_strategy.adapter.task().settings.reference_point == (2.0, 2.0)


def test_run_trials_with_a_runner(client):
    class Runner(IRunner):
        def run_trial(self, trial_index, parameterization):
            return dict(parameterization)

        def poll_trial(self, trial_index, trial_metadata):
            return TrialStatus.COMPLETED

        def stop_trial(self, trial_index, trial_metadata):
            return {}

    class Value(IMetric):
        def fetch(self, trial_index, trial_metadata):
            return 0, both(trial_metadata)[self.name]

    experiment = client(FLOAT)
    experiment.configure_runner(runner=Runner())
    experiment.configure_metrics(metrics=[Value(name="a"), Value(name="b")])
    experiment.run_trials(max_trials=7, parallelism=2, initial_seconds_between_polls=0)
    assert proposed_by(experiment)["LaMOO"] == 4


def test_a_measurement_along_a_curve_counts_where_it_ends(client):
    experiment = client(FLOAT, "-a, -y")  # an outcome may be named like a parameter
    asked = []
    for number in range(8):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        asked.append(params)
        for step in (1, 2, 4):
            data = {"a": params["x"] + 1 / step, "y": params["y"] - 1 / step}
            experiment.attach_data(trial_index=index, raw_data=data, progression=step)
        if number == 5:
            experiment.mark_trial_early_stopped(trial_index=index)
        else:
            experiment.complete_trial(trial_index=index)
    history = adapter_of(experiment).task().history
    expected = [(params["x"] + 0.25, params["y"] - 0.25) for params in asked[:7]]
    np.testing.assert_allclose(history.Y, expected)


def test_goals_that_nobody_can_follow_cost_no_trial(client):
    started = client(FLOAT, objective="1/a, -b", initialize_with_center=False)
    with pytest.raises(UserInputError, match="not linear"):
        started.get_next_trials(max_trials=1)


@pytest.mark.parametrize("fixed", [{"net": "cnn"}, {"momentum": 0.25}, {"units": 7}])
def test_what_is_fixed_in_a_branch_is_so_from_the_first_trial_on(fixed, client, run):
    made = client(SPACES["hierarchical"], solver="evolutionary", initialization_budget=4)
    branch = {"net": {}, "momentum": {"net": "cnn", "norm": "batch"}, "units": {"net": "mlp"}}
    asked = run(made, 8, fixed_parameters=fixed)
    for params in asked:
        assert fixed.items() <= params.items()
        assert branch[next(iter(fixed))].items() <= params.items()
    assert len({tuple(sorted(params.items())) for params in asked}) == len(asked)


def test_an_experiment_can_be_followed(client, run, caplog):
    logger = logging.getLogger("ax.ax_lamoo.task")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG, logger.name):
            run(client(FLOAT, seed=0, initialization_budget=3, solver="evolutionary"), 6, both)
    finally:
        logger.setLevel(level)
    mine = [r for r in caplog.records if r.name == logger.name]
    (began,) = [r.getMessage() for r in mine if r.levelname == "INFO"]
    assert "model phase, from 3 results on: solver evolutionary, inferred reference" in began
    lines = [r.getMessage() for r in mine if r.levelname == "DEBUG"]
    assert sum("start-up" in line for line in lines) == 2  # besides the center
    assert sum("solver evolutionary in the leaf at depth 0" in line for line in lines) == 3


DISABLED = ({"w": 3}, {"x": 0.5}, {"net": "mlp"}, {"net": "cnn", "k": 3})


@pytest.mark.parametrize("disabled", DISABLED, ids=str)
def test_what_is_disabled_in_a_hierarchical_space_is_so_from_the_first_trial_on(
    disabled, client, run
):
    made = client(
        [
            ChoiceParameterConfig(
                "net", ["mlp", "cnn"], "str", dependent_parameters={"mlp": ["w"], "cnn": ["k"]}
            ),
            RangeParameterConfig("w", (1, 9), "int"),
            RangeParameterConfig("k", (1, 5), "int"),
            RangeParameterConfig("x", (0.0, 1.0), "float"),
        ],
        solver="evolutionary",
    )
    made._experiment.disable_parameters_in_search_space(disabled)
    asked = run(made, 7, lambda p: {"a": p["x"] + p.get("w", 0), "b": p.get("k", 0) - p["x"]})
    assert all(params.get(name, v) == v for params in asked for name, v in disabled.items())
    assert len({str(sorted(params.items())) for params in asked}) == 7


def test_the_center_of_a_space_has_what_is_disabled(client, run):
    made = client([*FLOAT, RangeParameterConfig("i", (0, 9), "int")])
    made._experiment.disable_parameters_in_search_space({"i": 2})
    (params,) = run(made, 1, both)
    assert params == {"x": 0.5, "y": 0.5, "i": 2}


@pytest.mark.parametrize("options", [{}, {"initialization_budget": 0}], ids=str)
def test_learned_preferences_are_refused_before_any_trial(options, client):
    made = client(FLOAT, **options)
    objective = made._experiment.optimization_config.objective
    answers = get_pbo_experiment(
        num_parameters=2,
        num_experimental_metrics=0,
        parameter_names=["a", "b"],
        num_experimental_trials=0,
        num_preference_trials=3,
        num_preference_trials_w_repeated_arm=0,
        unbounded_search_space=True,
        experiment_name="answers",
    )
    made._experiment.add_auxiliary_experiment(
        purpose=AuxiliaryExperimentPurpose.PE_EXPERIMENT,
        auxiliary_experiment=AuxiliaryExperiment(experiment=answers),
    )
    made.set_optimization_config(
        PreferenceOptimizationConfig(objective=objective, preference_profile_name="answers")
    )
    with pytest.raises(UserInputError, match="cannot learn preferences"):
        made.get_next_trials(max_trials=1)
    assert not made._experiment.trials
