"""A follow-up experiment's parameters, narrowed to what is good."""

import functools
import math

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, DerivedParameterConfig, RangeParameterConfig

from ax_lamoo import explain, lamoo_generation_strategy, reduced_space
from ax_lamoo.reduction import _config, kept_values
from lamoo.report.box import Box


def client_of(parameters, evaluate, trials, **options):
    """Return a client after one batch of Sobol points and one trial by LaMOO."""
    client = Client(random_seed=0)
    client.configure_experiment(parameters, **options)
    client.configure_optimization("-f0, -f1")
    client.set_generation_strategy(
        lamoo_generation_strategy(
            seed=0, solver="random", initialize_with_center=False, initialization_budget=trials - 1
        )
    )
    for size in (trials - 1, 1):
        for index, params in client.get_next_trials(size).items():
            client.complete_trial(index, dict(zip(("f0", "f1"), evaluate(params), strict=True)))
    return client


PARAMETERS = [
    RangeParameterConfig("lr", (1e-5, 1e-1), "float", scaling="log"),
    RangeParameterConfig("width", (1, 64), "int"),
    RangeParameterConfig("noise", (0.0, 1.0), "float"),
    ChoiceParameterConfig("op", ["a", "b", "c", "d"], "str", is_ordered=False),
    ChoiceParameterConfig("batch", [16, 32, 64, 128], "int", is_ordered=True),
]


def evaluate(params):
    """The Pareto set: lr from 10^-3.3 to 10^-2.7, op a or b, width 32; noise has no effect."""
    u = math.log10(params["lr"])
    bad = 2 * (params["op"] in "cd") + ((params["width"] - 32) / 32) ** 2
    bad += params["batch"] / 128
    return (u + 3.3) ** 2 + bad, (u + 2.7) ** 2 + bad


@functools.cache
def known_region():
    """Return a client of ninety trials, to read: test_explanation.py reads it too."""
    return client_of(PARAMETERS, evaluate, 90)


def test_the_known_region_is_recovered_and_searched():
    client = known_region()
    found = {config.name: config for config in reduced_space(client)}
    assert list(found) == [config.name for config in PARAMETERS]
    low, high = found["lr"].bounds
    assert 1e-5 < low < 10**-2.9
    assert 10**-3.1 < high < 1e-1
    assert found["lr"].scaling == "log"
    assert set(found["op"].values) <= {"a", "b"}
    assert found["op"].is_ordered is False
    assert 16 in found["batch"].values
    for config, before in zip(found.values(), PARAMETERS, strict=True):
        assert config.parameter_type == before.parameter_type
        if isinstance(before, RangeParameterConfig):
            assert before.bounds[0] <= config.bounds[0] < config.bounds[1] <= before.bounds[1]
        else:
            assert set(config.values) <= set(before.values)
    again = client_of(list(found.values()), evaluate, 12)
    assert len(again._experiment.trials) == 12


@pytest.mark.parametrize(
    "parameter",
    [
        RangeParameterConfig("n", (1, 3), "int", scaling="log"),
        RangeParameterConfig("n", (1, 30), "int", scaling="log"),
        RangeParameterConfig("n", (3, 7), "int"),
        RangeParameterConfig("n", (0.0, 1.0), "float", step_size=0.25),
        ChoiceParameterConfig("n", [16, 32, 64, 128], "int", is_ordered=True),
    ],
    ids=["few", "log", "linear", "steps", "choices"],
)
def test_a_box_holds_the_values_between_its_ends(parameter):
    x = RangeParameterConfig("x", (0.0, 1.0), "float")
    client = client_of([parameter, x], lambda p: (p["n"] + p["x"], -p["n"]), 12)
    adapter = client._generation_strategy.adapter
    task = adapter.task()
    values = sorted(p["n"] for p in task.encoding.complete(_points(task)))
    assert len(values) == task.space.levels[0]
    for first in range(len(values)):
        for last in range(first, len(values)):
            # the ends are where those values sit, which the parameter itself tells
            low, high = np.sort(_points(task)[:, 0])[[first, last]]
            box = Box(np.array([low, 0.0]), np.array([high, 1.0]), (None, None))
            found = kept_values(task, box).get("n", values)
            assert (found[0], found[-1]) == (values[first], values[last])
            if isinstance(parameter, ChoiceParameterConfig):
                assert found == values[first : last + 1]


def _points(task):
    """Return a point (2,) for each value of the first parameter."""
    parameter = task.space.parameters["n"]
    u = parameter.to_unit(range(parameter.low, parameter.high + 1))
    return np.stack([u, np.full(len(u), 0.5)], axis=1)


FAMILIES = [
    ChoiceParameterConfig(
        "model",
        ["svm", "forest", "net"],
        "str",
        is_ordered=False,
        dependent_parameters={
            "svm": ["c", "kernel"],
            "forest": ["trees", "seed"],
            "net": ["units"],
        },
    ),
    RangeParameterConfig("c", (1e-3, 1e3), "float", scaling="log"),
    ChoiceParameterConfig(
        "kernel", ["linear", "rbf"], "str", is_ordered=True, dependent_parameters={"rbf": ["gamma"]}
    ),
    RangeParameterConfig("gamma", (0.0, 1.0), "float"),
    RangeParameterConfig("trees", (1, 100), "int"),
    ChoiceParameterConfig("seed", [7], "int", is_ordered=True),
    RangeParameterConfig("units", (1, 9), "int"),
    RangeParameterConfig("a", (0, 9), "int"),
    RangeParameterConfig("b", (0.0, 9.0), "float"),
]


def families(params):
    """Nets are bad, of the others a is best at 4 and c at 1; an error where one is missing."""
    match params["model"]:
        case "svm":
            bad = abs(math.log10(params["c"]))
            bad += params["gamma"] if params["kernel"] == "rbf" else 0.5
        case "forest":
            bad = abs(params["trees"] - 20) / 40 + (params["seed"] != 7)
        case _:
            bad = 6 + params["units"]
    bad += abs(params["a"] - 4)
    return bad + params["b"] / 9, bad - params["b"] / 9


def children(config):
    return {
        name
        for names in (getattr(config, "dependent_parameters", None) or {}).values()
        for name in names
    }


@pytest.fixture(scope="module")
def hierarchical():
    return client_of(FAMILIES, families, 80, parameter_constraints=["a + b <= 12"])


def test_a_hierarchical_space_stays_one(hierarchical):
    found, before = reduced_space(hierarchical), {config.name: config for config in FAMILIES}
    names = [config.name for config in found]
    assert names == [name for name in before if name in names]
    kept = {config.name: config for config in found}
    assert set(kept["model"].values) <= {"svm", "forest"}
    assert "units" not in kept
    # a tree of the same parents, without what nothing opens any more
    opened = set().union(*map(children, found))
    assert opened | {"model", "a", "b"} == set(names)
    for config in found:
        for value, names_of in (getattr(config, "dependent_parameters", None) or {}).items():
            assert value in config.values
            assert list(names_of) == list(before[config.name].dependent_parameters[value])
    rules = explain(hierarchical)
    assert rules.rules.keys() | rules.importance.keys() <= kept.keys()


def test_a_follow_up_keeps_branches_constraints_and_what_is_fixed(hierarchical):
    again = Client(random_seed=1)
    again.configure_experiment(reduced_space(hierarchical), parameter_constraints=["a + b <= 12"])
    again.configure_optimization("-f0, -f1")
    again.set_generation_strategy(
        lamoo_generation_strategy(seed=1, solver="evolutionary", initialization_budget=4)
    )
    rules = explain(hierarchical)
    for _ in range(8):
        for index, params in again.get_next_trials(1).items():
            again.complete_trial(index, dict(zip(("f0", "f1"), families(params), strict=True)))
            assert params["a"] + params["b"] <= 12 + 1e-9
            assert params.get("seed", 7) == 7
            for name, rule in rules.rules.items():
                if name in params and name in rules.choices:
                    assert params[name] in rule
                elif name in params:
                    assert rule[0] <= params[name] <= rule[1]


def test_what_a_constraint_is_about_keeps_a_range():
    parameters = [
        RangeParameterConfig("a", (0, 9), "int"),
        RangeParameterConfig("b", (0.0, 9.0), "float"),
        ChoiceParameterConfig("n", [10, 20, 30, 40], "int", is_ordered=True),
    ]
    a, b, n = ({p.name: p for p in parameters}[name] for name in "abn")
    space = Client()
    space.configure_experiment(parameters)
    own = space._experiment.search_space.parameters
    for least, ends in ((1, (4, 4)), (2, (3, 5))):
        config = _config(own["a"], [4], least)
        low, high = getattr(config, "bounds", None) or (config.values[0], config.values[-1])
        assert (low, high) == ends
    assert _config(own["a"], [0], 2).bounds == (0, 1)
    assert _config(own["b"], [4.0], 2).bounds == b.bounds
    assert _config(own["n"], [10], 2).values == [10, 20]
    assert _config(own["n"], [30], 2).values == [20, 30, 40]
    assert _config(own["n"], [30], 1).values == [30]
    assert (a.bounds, n.values) == (
        _config(own["a"], (), 2).bounds,
        _config(own["n"], (), 2).values,
    )


def test_derived_parameters_are_kept_with_what_they_are_made_of():
    parameters = [*PARAMETERS[:3], DerivedParameterConfig("twice", "2 * noise", "float")]
    client = client_of(parameters, lambda p: (p["lr"], p["twice"] - p["width"]), 12)
    found = reduced_space(client)
    assert found[-1] == parameters[-1]
    client_of(found, lambda p: (p["lr"], p["twice"] - p["width"]), 2)
