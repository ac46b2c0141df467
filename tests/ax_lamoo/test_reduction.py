"""A follow-up experiment's parameters, narrowed to what is good."""

import math

import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import UserInputError

from ax_lamoo import lamoo_generation_strategy, reduced_space


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


def test_before_the_partition_it_says_so():
    client = client_of(PARAMETERS, evaluate, 3)
    with pytest.raises(UserInputError, match="no partition yet"):
        reduced_space(client)
