"""What the user tells beforehand reaches the engine, and is not lost silently."""

import copy
import itertools
import logging
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import SearchSpaceExhausted, UserInputError

import ax_lamoo
from ax_lamoo.adapter import LaMOOAdapter
from lamoo.space.answers import vectorized

from .conftest import NET, SPACES

OPERATIONS = ("none", "skip", "conv")
CELL = [
    ChoiceParameterConfig(
        name=f"op{i}", parameter_type="str", values=list(OPERATIONS), is_ordered=False
    )
    for i in range(4)
]
ALL = [
    dict(zip((p.name for p in CELL), c, strict=True))
    for c in itertools.product(OPERATIONS, repeat=4)
]


def size(params):
    return 1e3 + 1e5 * sum(value == "conv" for value in params.values())


def accuracy(params):
    return sum((params[f"op{i}"] == "conv") / (1 + i) for i in range(4)) - (params["op0"] == "none")


def started(parameters=CELL, objective="accuracy, -size", **settings):
    client = Client()
    client.configure_experiment(parameters=parameters, name="told")
    client.configure_optimization(objective=objective)
    settings = {"seed": 3, "initialization_budget": 4} | settings
    client.set_generation_strategy(ax_lamoo.lamoo_generation_strategy(**settings))
    return client


def train(params):
    return {"accuracy": accuracy(params), "size": size(params)}


def advance(client, n, evaluate=train):
    """Return the parameters of further trials."""
    out = []
    for _ in range(n):
        for index, params in client.get_next_trials(max_trials=1).items():
            client.complete_trial(trial_index=index, raw_data=evaluate(params))
            out.append(params)
    return out


def task_of(client):
    adapter = client._generation_strategy.fit(experiment=client._experiment)
    assert isinstance(adapter, LaMOOAdapter)
    return adapter, adapter.task()


@pytest.mark.parametrize("many", [False, True])
def test_known_objectives_and_features_reach_the_engine(many):
    known = vectorized(lambda several: [size(p) for p in several]) if many else size
    client = started(known_objectives={"size": known}, features=lambda p: [len(p), accuracy(p)])
    advance(client, 8)
    _, task = task_of(client)
    X = task.space.enumerate()
    assert len(X) == len(ALL)
    users = task.encoding.complete(X)
    np.testing.assert_array_equal(
        task.space.known.predictors(X), [[size(p), 4, accuracy(p)] for p in users]
    )
    assert sorted(map(str, users)) == sorted(map(str, ALL))


def test_a_maximised_known_objective_has_its_sign():
    client = started(known_objectives={"accuracy": accuracy})
    advance(client, 6)
    _, task = task_of(client)
    np.testing.assert_allclose(task.space.known.objectives[0](task.history.X), task.history.Y[:, 0])


@pytest.mark.parametrize("name", [*SPACES])
def test_functions_see_the_users_parameters(name):
    """Compared with what each trial was given, in every kind of space."""
    asked = []

    def known(params):
        asked.append(params)
        return float(len(params))

    def evaluate(params):
        return {"b": float(sum(map(len, map(str, params.values())))), "a": float(len(params))}

    client = started(SPACES[name], "a, -b", features=lambda params: [known(params)])
    given = advance(client, 7, evaluate)
    _, task = task_of(client)
    seen = task.encoding.decode(task.history.X)
    for params in given:
        near = [
            s
            for s in seen
            if s.keys() == params.keys()
            and all(
                math.isclose(s[k], v, rel_tol=1e-9) if isinstance(v, float) else s[k] == v
                for k, v in params.items()
            )
        ]
        assert len(near) == 1, (params, seen)
    assert asked


def test_known_constraints_and_keys_are_kept_after_the_start():
    def key(params):
        return tuple(sorted(params.values()))

    client = started(known_constraints=[lambda p: size(p) - 2.5e5], canonical=key)
    advance(client, 4)
    later = advance(client, 8)
    assert all(size(params) <= 2.5e5 for params in later)
    assert len({key(params) for params in later}) == 8


def test_a_value_that_a_trial_contradicts_is_an_error():
    client = started(known_objectives={"size": lambda params: size(params) * 1.001})
    expected = r"known_objectives\['size'\] is .* for arm .* reported .*0\.9990\d* times\)"
    with pytest.raises(UserInputError, match=expected):
        advance(client, 6)


def test_a_table_with_an_error_does_not_stop_a_search(caplog):
    tried = []

    def read(params):
        tried.append(params)
        return train(params) | ({"size": 2 * size(params)} if len(tried) == 3 else {})

    client = started(known_objectives={"size": size})
    with caplog.at_level(logging.WARNING, "ax_lamoo"):
        advance(client, 9, read)
    (said,) = [record.getMessage() for record in caplog.records if "reported" in record.message]
    third = size(tried[2])
    assert f"known_objectives['size'] is {third} for arm 2_0" in said
    assert f"reported {2 * third}: {third:.3g} more (2 times)" in said


def test_saved_functions_are_asked_for_again(tmp_path):
    client = started(known_objectives={"size": size}, features=lambda p: [accuracy(p)])
    advance(client, 7)
    file = str(tmp_path / "saved.json")
    client.save_to_json_file(file)
    again = Client.load_from_json_file(file)
    with pytest.raises(UserInputError, match=r"known_objectives=..., features=\.\.\."):
        again.get_next_trials(max_trials=1)
    strategy = ax_lamoo.lamoo_generation_strategy(
        known_objectives={"size": size},
        features=lambda p: [accuracy(p)],
        seed=3,
        initialization_budget=0,
    )
    again.set_generation_strategy(strategy)
    assert advance(again, 2) == advance(client, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"known_objectives": [size]}, "known_objectives must map"),
        ({"known_constraints": size}, "known_constraints must be a list"),
        ({"features": 3}, "features must be a function"),
        ({"canonical": "op0"}, "canonical must be a function"),
        ({"features": accuracy, "solver": "qlognehvi"}, "solver must be one of the engine's"),
    ],
)
def test_a_wrong_argument_is_named(settings, message):
    with pytest.raises(UserInputError, match=message):
        started(**settings)


def test_what_is_no_objective_or_left_to_ax_is_named():
    with pytest.raises(UserInputError, match="known_objectives must name"):
        advance(started(known_objectives={"speed": size}), 6)
    with pytest.raises(UserInputError, match="features: LaMOO leaves one objective to Ax"):
        advance(started(objective="accuracy", features=lambda p: [1.0]), 6)


def test_a_function_that_fails_is_named():
    with pytest.raises(RuntimeError, match=r"features raised KeyError"):
        advance(
            started(NET, "a, -b", features=lambda p: [p["unheard of"]]),
            6,
            lambda _: {"a": 1.0, "b": 2.0},
        )


@pytest.mark.parametrize(
    "given",
    [
        {"features": lambda params: "deep"},
        {"canonical": lambda params: [*params]},
        {"features": lambda params: 1 / 0},
    ],
)
def test_functions_are_tried_before_the_start_is_paid_for(given):
    with pytest.raises(RuntimeError, match=next(iter(given))):
        advance(
            started(NET, "a, -b", initialize_with_center=False, **given),
            1,
            lambda _: {"a": 1.0, "b": 2.0},
        )


# ------------------------------------------------------------------ choices that open others

PIPELINE = [
    ChoiceParameterConfig(
        name="kind",
        parameter_type="str",
        values=["svm", "net"],
        is_ordered=False,
        dependent_parameters={"svm": ["C"], "net": ["depth"]},
    ),
    RangeParameterConfig("C", (0.1, 10.0), "float"),
    ChoiceParameterConfig(
        name="depth",
        parameter_type="int",
        values=[1, 2],
        is_ordered=True,
        dependent_parameters={2: ["width"]},
    ),
    RangeParameterConfig("width", (1, 8), "int"),
    RangeParameterConfig("lr", (0.0, 1.0), "float"),
]


def weights(params):
    """Return a cost, which exists only for what the search space makes."""
    mine = {"kind", "lr"} | ({"C"} if params["kind"] == "svm" else {"depth"})
    mine |= {"width"} if params.get("depth") == 2 else set()
    assert params.keys() == mine
    if params["kind"] == "svm":
        return params["C"]
    return 2 * params["depth"] + (params["width"] if params["depth"] == 2 else 0)


def fitted(params):
    return {"error": params["lr"] + 1 / (1 + weights(params)), "weights": float(weights(params))}


@pytest.mark.parametrize(
    "solver", ["gp", *(pytest.param(s, marks=pytest.mark.slow) for s in ("evolutionary", "random"))]
)
def test_functions_see_what_a_hierarchical_space_makes(solver):
    client = started(
        PIPELINE,
        "-error, -weights",
        solver=solver,
        known_objectives={"weights": weights},
        features=lambda params: [weights(params)],
        known_constraints=[lambda params: weights(params) - 9],
        canonical=lambda params: (weights(params), *sorted(map(str, params.items()))),
    )
    tried = advance(client, 11, fitted)
    assert all(weights(params) <= 9 for params in tried)
    ax_lamoo.explain(client)  # which redraws one parameter of points at a time


def counted(params):
    return [weights(params)]


def excess(params):
    return weights(params) - 9


def alike(params):
    return tuple(sorted(map(str, params.items())))


def test_a_copy_of_a_client_with_importable_functions_goes_on_like_the_original():
    client = started(
        PIPELINE,
        "-error, -weights",
        known_objectives={"weights": weights},
        features=counted,
        known_constraints=[excess],
        canonical=alike,
        warm_start=pd.DataFrame({"lr": [0.1, 0.5], "error": [0.6, 1.0], "weights": [1.0, 2.0]}),
    )
    fresh = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    before = advance(client, 5, fitted)
    assert advance(fresh, 5, fitted) == before
    copies = pickle.loads(pickle.dumps(client)), copy.deepcopy(client)  # noqa: S301
    after = advance(client, 1, fitted)
    assert [advance(each, 1, fitted) for each in copies] == [after] * 2


def test_a_function_that_reads_another_branch_is_named():
    for argument in ({"known_objectives": {"weights": lambda p: p["C"]}}, {"features": cs}):
        with pytest.raises(RuntimeError, match=r"raised KeyError\('C'\) for .*'net'"):
            advance(started(PIPELINE, "-error, -weights", **argument), 12, fitted)


def cs(params):
    return [params["C"]]


def test_a_constraint_that_is_a_truth_value_is_refused_before_any_trial():
    for of in (bool, np.bool_):
        client = started(known_constraints=[lambda params, of=of: of(params["op0"] == "conv")])
        with pytest.raises(RuntimeError, match=r"known_constraints\[0\] must return .*no truth"):
            advance(client, 1)
        assert not client._experiment.trials


@pytest.mark.parametrize("parameters", [CELL, PIPELINE])
def test_constraints_that_nothing_keeps_are_named_before_any_trial(parameters):
    client = started(parameters, "-a, -b", known_constraints=[len])
    with pytest.raises(SearchSpaceExhausted, match=r"known_constraints: no.*breaks them least"):
        advance(client, 1)
    assert not client._experiment.trials
