"""A follow-up experiment's parameters, narrowed to what is good."""

import math

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import UserInputError

from ax_lamoo import lamoo_generation_strategy, reduced_space
from ax_lamoo.reduction import kept_values
from lamoo.report.boxes import Box


def client_of(parameters, evaluate, trials, seed=0):
    client = Client(random_seed=seed)
    client.configure_experiment(parameters)
    client.configure_optimization("-f0, -f1")
    client.set_generation_strategy(lamoo_generation_strategy(seed=seed, solver="random"))
    for _ in range(trials):
        for index, params in client.get_next_trials(1).items():
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


def test_the_known_region_is_recovered_and_searched():
    client = client_of(PARAMETERS, evaluate, 120)
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


def test_before_the_partition_it_says_so():
    client = client_of(PARAMETERS, evaluate, 3)
    with pytest.raises(UserInputError, match="no partition yet"):
        reduced_space(client)
