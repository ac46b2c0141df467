"""Rules recover a region that is known, in the user's names and values."""

import pytest
from ax.api.client import Client
from ax.exceptions.core import UserInputError

from ax_lamoo import Explanation, explain, lamoo_generation_strategy, reduced_space

from .conftest import SPACES, values
from .test_reduction import PARAMETERS, client_of, evaluate, known_region


@pytest.fixture(scope="module")
def client():
    return known_region()


def test_rules_recover_the_known_region(client):
    found = explain(client)
    assert isinstance(found, Explanation)
    low, high = found.rules["lr"]
    assert 1e-5 < low < 10**-2.9
    assert 10**-3.1 < high < 1e-1
    assert float(f"{low:.2g}") == low
    assert float(f"{high:.2g}") == high
    assert set(found.rules["op"]) <= {"a", "b"}
    assert found.importance["noise"] < min(found.importance["lr"], found.importance["op"])
    assert found.trials == 90
    assert 0.5 < found.confidence <= 1
    text = str(found)
    assert f"lr in [{low:g}, {high:g}]" in text
    assert "op in {" in text


def test_it_is_the_box_that_reduced_space_makes_parameters_of(client):
    found = explain(client).rules
    for config in reduced_space(client):
        rule = found.get(config.name)
        if rule is None:
            whole = next(p for p in PARAMETERS if p.name == config.name)
            limits = "values" if hasattr(config, "values") else "bounds"
            assert list(getattr(config, limits)) == list(getattr(whole, limits))
        elif hasattr(config, "values"):
            assert list(rule) == list(config.values)
        else:
            assert rule[0] <= config.bounds[0] < config.bounds[1] <= rule[1]


def test_it_is_the_same_after_loading(client, tmp_path):
    client.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    assert explain(again) == explain(client)


@pytest.mark.parametrize("name", SPACES)
def test_every_kind_of_space(name):
    def pair(params):
        return tuple(values(params).values())

    found = explain(client_of(SPACES[name], pair, 13))
    known = {p.name: p for p in SPACES[name]}
    assert set(found.importance) <= set(known)
    for parameter, rule in found.rules.items():
        config = known[parameter]
        if hasattr(config, "values"):
            assert set(rule) < set(config.values)
            assert parameter in found.choices
        else:
            low, high = rule
            assert config.bounds[0] <= low <= high <= config.bounds[1]
    assert str(found)


def test_before_the_partition_it_says_so():
    client = Client()
    client.configure_experiment(PARAMETERS)
    client.configure_optimization("-f0, -f1")
    client.set_generation_strategy(lamoo_generation_strategy())
    for index, params in client.get_next_trials(1).items():
        client.complete_trial(index, dict(zip(("f0", "f1"), evaluate(params), strict=True)))
    with pytest.raises(UserInputError, match="no partition yet: explain asks"):
        explain(client)
    with pytest.raises(UserInputError, match="no partition yet"):
        reduced_space(client)
