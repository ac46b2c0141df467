"""Starting from what earlier experiments found."""

import logging

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.exceptions.core import UserInputError

import ax_lamoo
from ax_lamoo.goals import goals_of
from ax_lamoo.sources import sources_of
from lamoo import pareto
from lamoo_compare.problems import load

from .conftest import SPACES, values
from .test_prior import advance, started, task_of

pd = pytest.importorskip("pandas")
problem = load("nb201-cifar10-size")
OTHER = load("nb201-cifar100-size")
OPERATIONS = list(problem.space.parameters["Op0"].choices)
CELL = [
    ChoiceParameterConfig(name=f"Op{i}", parameter_type="str", values=OPERATIONS, is_ordered=False)
    for i in range(6)
]


def evaluate(task):
    names = ("accuracy", "size")
    return lambda params: dict(zip(names, task.evaluate(params), strict=True))


def given(objective="accuracy, -size", n=60):
    """Return an experiment on some cells, drawn anyhow, of the same networks on other images."""
    rng = np.random.default_rng(9)
    client = Client(random_seed=0)
    client.configure_experiment(CELL)
    client.configure_optimization(objective)
    client.configure_generation_strategy(initialization_budget=1000)
    for params in OTHER.space.decode(OTHER.space.sample(n, rng)):
        index = client.attach_trial(params)
        reported = evaluate(OTHER)(params)
        client.complete_trial(index, {m: v for m, v in reported.items() if m in objective})
    return client


@pytest.fixture(scope="module")
def earlier():
    return given()


def warm(earlier, seed=0, n=12, **settings):
    settings = {"initialization_budget": 6, "seed": seed, "solver": "gp", **settings}
    client = started(CELL, "accuracy, -size", warm_start=earlier, **settings)
    return client, advance(client, n, evaluate(problem))


def models_of(client):
    prior = client._generation_strategy._nodes[-1].generator_specs[0].generator_kwargs["prior"]
    return prior._models[1]


def share(found):
    rows = [problem.evaluate(params) for params in found]
    return problem.hypervolume(rows) / problem.best_hypervolume


@pytest.mark.parametrize("seeds", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_another_data_set_saves_trials(earlier, seeds):
    cold = [share(warm(None, seed, 8)[1]) for seed in range(seeds)]
    helped = [share(warm(earlier, seed, 8)[1]) for seed in range(seeds)]
    assert min(helped) > max(cold)


def test_the_first_trials_include_the_earlier_front(earlier):
    _, found = warm(earlier, n=8, initialization_budget=8)
    table = earlier.summarize()
    Y = table[["accuracy", "size"]].to_numpy() * [-1, 1]
    best = table[[p.name for p in CELL]][pareto.nondominated(Y)].to_dict("records")
    assert sum(params in best for params in found) >= 3


def test_it_is_never_counted_as_a_result(earlier):
    client, found = warm(earlier, n=6)
    assert len(client.summarize()) == 6
    assert all(point.parameters in found for point in ax_lamoo.front(client))


def test_a_table_and_axs_experiment_are_as_good_as_the_client(earlier, tmp_path):
    table = earlier.summarize()
    table.loc[len(table)] = [None] * len(table.columns)  # a trial without values
    table.to_csv(tmp_path / "saved.csv", index=False)
    earlier.save_to_json_file(str(tmp_path / "saved.json"))
    forms = [
        earlier._experiment,
        [table],
        pd.read_csv(tmp_path / "saved.csv"),
        Client.load_from_json_file(str(tmp_path / "saved.json")),
    ]
    client, expected = warm([earlier], n=4, solver="evolutionary", initialization_budget=3)
    (model,) = models_of(client)
    assert model.history.n == len(earlier.summarize())
    for form in forms:
        again, found = warm(form, n=4, solver="evolutionary", initialization_budget=3)
        np.testing.assert_array_equal(models_of(again)[0].history.X, model.history.X)
        np.testing.assert_allclose(models_of(again)[0].history.Y, model.history.Y, atol=1e-9)
        assert found == expected


@pytest.mark.parametrize("kind", SPACES)
def test_every_parameter_is_where_the_experiment_has_its_own(kind):
    """Compared with the points of the experiment's own trials, the same configurations."""
    first = started(SPACES[kind], "-a, -b", solver="random")
    advance(first, 7, values)
    client = started(SPACES[kind], "-a, -b", warm_start=[first, first.summarize()])
    advance(client, 5, values)
    _, task = task_of(first)
    for model in models_of(client):
        np.testing.assert_allclose(model.history.X, task.history.X, rtol=0, atol=1e-9)
        np.testing.assert_allclose(model.history.Y, task.history.Y)


def test_metrics_are_matched_by_name_in_the_directions_at_hand(earlier):
    """Earlier experiments had other goals, other weights, more metrics or other names."""
    others = [given(objective, n=12) for objective in ("-accuracy, 3*size", "size", "-size")]
    client, _ = warm(others, n=7)
    both, size, other = models_of(client)
    table = given(n=12).summarize()
    np.testing.assert_allclose(both.history.Y[:, 0], -table["accuracy"])
    np.testing.assert_allclose(both.history.Y[:, 1], table["size"])
    for each in (size, other):
        np.testing.assert_allclose(each.history.Y[:, 0], table["size"])
    renamed = started(CELL, "top1, -params", warm_start=earlier, initialization_budget=3)
    advance(renamed, 5, lambda p: dict(zip(("top1", "params"), problem.evaluate(p), strict=True)))
    (own,) = models_of(renamed)  # its own objectives, which may still help to predict
    np.testing.assert_allclose(own.history.Y[:, 0], -earlier.summarize()["accuracy"])


SQUARE = [
    RangeParameterConfig(name=name, parameter_type="float", bounds=(0, 1)) for name in ("x", "y")
]


def square(params):
    """Return two objectives of which one at least is better the smaller x is, and 1 - x."""
    x, y = params["x"], params["y"]
    return {"a": x + y, "b": x - y, "left": 1 - x}


@pytest.fixture(scope="module")
def bounded():
    """Return an experiment with a constraint on x."""
    client = Client(random_seed=0)
    client.configure_experiment(SQUARE)
    client.configure_optimization("-a, -b", outcome_constraints=["left <= 0.5"])
    for x, y in np.random.default_rng(0).random((30, 2)).tolist():
        client.complete_trial(client.attach_trial({"x": x, "y": y}), square({"x": x, "y": y}))
    return client


@pytest.mark.parametrize(
    ("objective", "bound"), [("-a, -b", 0.3), ("-b, -other", 0.3), ("-other, -another", 0.5)]
)
def test_constraints_are_those_at_hand_or_else_the_earlier_ones(bounded, objective, bound):
    """As objectives are; a constraint on what was not measured is none."""
    client = Client()
    client.configure_experiment(SQUARE)
    client.configure_optimization(objective, ["left <= 0.3", "unheard <= 3"])
    metrics = ["a", "b", "left", "unheard", "other", "another"]
    goals = goals_of(client._experiment.optimization_config, metrics)
    (source,) = sources_of(bounded)

    def encode(rows):
        return np.array([[row["x"], row["y"]] for row in rows])

    found = source.history(encode, ["x", "y"], metrics, goals)
    np.testing.assert_allclose(found.G, 1 - found.X[:, :1] - bound)


@pytest.mark.parametrize("measured", [True, False])
def test_constraints_relative_to_the_earlier_baseline(measured):
    """They are in the units of what it measured; without that there are none."""
    client = Client()
    client.configure_experiment(SQUARE)
    limits = ["y <= 0.5", "left <= 0.8*baseline", "a <= 0.9*baseline"]
    client.configure_optimization("-a, -b", outcome_constraints=limits)
    baseline, place = {"x": 0.25, "y": 0.375}, {"x": 0.75, "y": 0.625}
    index = client.attach_baseline(baseline)
    if measured:
        client.complete_trial(index, {**square(baseline), "y": baseline["y"]})
    client.complete_trial(client.attach_trial(place), {**square(place), "y": place["y"]})
    (source,) = sources_of(client)
    other = Client()
    other.configure_experiment(SQUARE)
    other.configure_optimization("-other, -another")
    metrics = ["other", "another"]
    goals = goals_of(other._experiment.optimization_config, metrics)

    def encode(rows):
        return np.array([[row["x"], row["y"]] for row in rows])

    found = source.history(encode, ["x", "y"], metrics, goals)
    G = {"y": found.X[:, 1] - 0.5}
    if measured:
        G["left"] = 1 - found.X[:, 0] - 0.8 * (1 - baseline["x"])
    np.testing.assert_allclose(sorted(found.G.T.tolist()), sorted(g.tolist() for g in G.values()))


@pytest.mark.parametrize("form", ["client", "table"])
def test_the_front_that_is_tried_first_keeps_the_constraints(bounded, form):
    table = bounded.summarize()
    client = Client(random_seed=0)
    client.configure_experiment(SQUARE)
    client.configure_optimization("-a, -b", outcome_constraints=["left <= 0.5"])
    strategy = ax_lamoo.lamoo_generation_strategy(
        seed=0, warm_start=bounded if form == "client" else table
    )
    client.set_generation_strategy(strategy)
    found = advance(client, 8, square)
    kept = table[table["left"] <= 0.5]
    best = kept[pareto.nondominated(kept[["a", "b"]].to_numpy())]
    again = [params for params in found if params["x"] in table["x"].to_numpy()]
    assert len(again) >= 3
    assert {params["x"] for params in again} <= {*best["x"]}


@pytest.mark.parametrize("solver", ["gp", pytest.param("evolutionary", marks=pytest.mark.slow)])
def test_other_parameters_other_ranges_and_other_choices_do_no_harm(solver, caplog):
    def width(low, high):
        return RangeParameterConfig("width", (low, high), "int", scaling="log")

    def kind(*choices):
        return ChoiceParameterConfig("kind", [*choices], "str", is_ordered=False)

    gone = RangeParameterConfig("gone", (0, 1), "float")
    old = started([width(1, 200), kind("a", "b", "c"), gone], "-a, -b")
    advance(old, 8, values)
    new = [width(10, 100), kind("a", "b", "d"), RangeParameterConfig("new", (0, 1), "float")]
    unrelated = pd.DataFrame({"epochs": [1, 2], "a": [0.5, 0.7]})
    wild = pd.DataFrame({"width": [0, -3, "many", 50], "kind": [1, None, "b", "b"], "a": range(4)})
    with caplog.at_level(logging.WARNING, logger="ax.ax_lamoo"):
        client = started(new, "-a, -b", solver=solver, warm_start=[old, unrelated, wild])
        found = advance(client, 8, values)
    assert len({str(params) for params in found}) == 8
    assert "no finished trial that shares a parameter" in caplog.text
    (model, other) = models_of(client)
    assert model.history.n == 8
    assert other.history.n == 2
    assert np.isnan(model.history.X[:, 2]).all()


def test_saved_experiments_are_asked_for_again(earlier, tmp_path):
    client, _ = warm(earlier, n=8)
    client.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    message = r"lamoo_generation_strategy\(warm_start=..., initialization_budget=0\)"
    with pytest.raises(UserInputError, match=message):
        again.get_next_trials(max_trials=1)
    again.set_generation_strategy(
        ax_lamoo.lamoo_generation_strategy(
            warm_start=earlier, seed=0, solver="gp", initialization_budget=0
        )
    )
    assert advance(again, 2, evaluate(problem)) == advance(client, 2, evaluate(problem))


@pytest.mark.parametrize("wrong", [3, "experiment", [None], [{"lr": 1}]])
def test_what_is_no_experiment_is_named(wrong):
    with pytest.raises(
        UserInputError, match="warm_start must hold clients, experiments, or tables"
    ):
        ax_lamoo.lamoo_generation_strategy(warm_start=wrong)


def test_a_table_without_an_objective_is_named():
    table = pd.DataFrame({"Op0": [OPERATIONS[0]], "loss": [2.0]})
    with pytest.raises(UserInputError, match=r"column for an objective, of \['accuracy', 'size'\]"):
        warm(table, n=8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "qlognehvi"}, "solver must be one of the engine's"),
        ({"objective": "accuracy"}, "warm_start: LaMOO leaves one objective to Ax"),
    ],
)
def test_where_it_cannot_be_told_it_says_so(earlier, settings, message):
    with pytest.raises(UserInputError, match=message):
        advance(started(CELL, warm_start=earlier, **settings), 6, evaluate(problem))


def test_metrics_and_parameters_may_share_a_name():
    """Of a table, which has the parameter of the two only, what is told is not what is measured."""

    def named(params):
        return {"x": 5 - params["x"], "b": params["x"] - params["y"]}

    first = started(SQUARE, "-x, -b")
    advance(first, 7, named)
    client = started(SQUARE, "-x, -b", warm_start=[first, first.summarize()])
    advance(client, 5, named)
    _, task = task_of(first)
    own, table = models_of(client)
    for model in (own, table):
        np.testing.assert_allclose(model.history.X, task.history.X)
    np.testing.assert_allclose(own.history.Y, task.history.Y)
    np.testing.assert_allclose(table.history.Y, task.history.Y[:, 1:])
