"""The cards: they say what the engine's tree says, before and after a reload."""

import numpy as np
import pandas as pd
import pytest
from ax.adapter.registry import Generators
from ax.analysis.plotly.plotly_analysis import PlotlyAnalysisCard
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.core.analysis_card import ErrorAnalysisCard
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import UserInputError
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec
from ax.generation_strategy.transition_criterion import MinTrials

from ax_lamoo import (
    PartitionRegions,
    PartitionTree,
    explain,
    lamoo_generation_strategy,
    reduced_space,
)
from lamoo import chosen_path, pareto
from lamoo.partition.selection import walk

from .conftest import SPACES

PARAMETERS = [
    RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1)),
    RangeParameterConfig(name="rate", parameter_type="float", bounds=(1e-3, 1), scaling="log"),
    RangeParameterConfig(name="width", parameter_type="int", bounds=(8, 16), scaling="log"),
    ChoiceParameterConfig(
        name="kind", parameter_type="str", values=["round", "flat", "none"], is_ordered=False
    ),
]


def both(params):
    worse = 0.1 * (params["kind"] == "flat") + params["width"] / 100 - np.log10(params["rate"])
    return {"a": params["x"] ** 2 + worse, "b": (params["x"] - 1) ** 2 + worse}


@pytest.fixture(scope="module")  # nobody changes it
def experiment(client, run):
    made = client(PARAMETERS, solver="evolutionary", initialization_budget=36)
    run(made, 36, both, q=36)
    run(made, 4, both)
    made.attach_trial(parameters={"x": 0.1, "rate": 0.5, "width": 9, "kind": "none"})
    return made


def card_of(client, analysis):
    (card,) = client.compute_analyses([analysis], display=False)
    assert isinstance(card, PlotlyAnalysisCard), card
    return card


def test_the_tree_is_the_engines(experiment):
    df = card_of(experiment, PartitionTree()).df
    task = experiment._generation_strategy.adapter.task()
    chosen = chosen_path(task)
    nodes = list(walk(chosen[0]))
    assert len(df) == len(nodes) > 3
    assert df["trials"].tolist() == [len(nodes[-1].rows) for nodes in nodes]
    assert df["hypervolume"].max() == df["hypervolume"][0] == 1.0
    leaves = df[~df["node"].isin(df["parent"])]
    assert leaves["trials"].sum() == df["trials"][0] == task.history.n
    sides = [">".join("good" if g else "bad" for _, g in node.region.sides) for node in chosen]
    shown = [name.removeprefix("all").removeprefix(" > ") for name in df["node"][df["chosen"]]]
    assert [name.replace(" > ", ">") for name in shown] == sides


@pytest.mark.parametrize("names", [None, ("rate", "width"), ("kind", "x"), ("kind", "width")])
def test_the_region_is_the_engines(names, experiment):
    card = card_of(experiment, PartitionRegions(names))
    task = experiment._generation_strategy.adapter.task()
    leaf = chosen_path(task)[-1]
    first, second = names or ("x", "rate")
    heat, points = card.get_figure().data
    df = card.df
    assert len(df) == len(points.x) == task.history.n
    number = pareto.dominance_number(task.history.Y, task.history.violation)
    assert df["dominance_number"].tolist() == number.tolist()
    assert df["inside"].sum() == len(leaf.members)
    arms = experiment._experiment.arms_by_name
    assert [arms[name].parameters[first] for name in df["arm_name"]] == df[first].tolist()
    # one cell by brute force: the user's values there, anything elsewhere
    z = np.array(heat.z)
    assert z.shape == (len(heat.y), len(heat.x))
    row, column = z.shape[0] // 2, z.shape[1] // 3
    X = task.space.sample(4_000, np.random.default_rng(1))
    for name, value in ((first, heat.x[column]), (second, heat.y[row])):
        u = {
            "x": lambda v: v,
            "rate": lambda v: (np.log10(v) + 3) / 3,
            "width": lambda v: task.space.parameters["width"].to_unit([v])[0],
            "kind": lambda v: (v + 0.5) / 3,  # choices are numbered
        }[name](value)
        X[:, list(task.space.parameters).index(name)] = u
    assert z[row, column] == pytest.approx(leaf.region.contains(X).mean(), abs=0.25)
    assert set(np.round(z.ravel() * 64, 6) % 1) == {0.0}


def test_each_branch_of_a_hierarchical_space_has_a_picture(client, run):
    made = client(SPACES["hierarchical"], solver="random", initialization_budget=40)
    run(made, 40, q=40)
    run(made, 1)
    card = card_of(made, PartitionRegions())
    arms = made._experiment.arms_by_name
    figure, df = card.get_figure(), card.df
    shown = [{figure.layout[f"{axis}axis{k}"].title.text for axis in "xy"} for k in ("", "2")]
    assert len(figure.data) == 4
    assert [bool(pair & {"units"}) for pair in shown].count(True) == 1
    assert [bool(pair & {"kernel", "norm", "momentum"}) for pair in shown].count(True) == 1
    assert set().union(*shown) <= set(df)
    titles = [note.text for note in figure.layout.annotations]
    for pair, title, dots in zip(shown, titles, figure.data[1::2], strict=True):
        having = [name for name in df["arm_name"] if pair <= arms[name].parameters.keys()]
        assert len(dots.x) == len(having) >= 5
        assert title in ("net = mlp", "net = cnn", "norm = batch")
        key, value = title.split(" = ")
        assert {arms[name].parameters[key] for name in having} == {value}


def test_axes_show_the_users_values(experiment):
    figure = card_of(experiment, PartitionRegions(("kind", "rate"))).get_figure()
    heat, points = figure.data
    assert list(heat.x) == list(figure.layout.xaxis.tickvals) == [0, 1, 2]
    assert list(figure.layout.xaxis.ticktext) == ["round", "flat", "none"]
    assert min(heat.y) == pytest.approx(1e-3)
    assert max(heat.y) == pytest.approx(1)
    assert {round(x) for x in points.x} <= {0, 1, 2}
    figure = card_of(experiment, PartitionRegions(("width", "rate"))).get_figure()
    assert figure.layout.yaxis.type == "log"
    assert list(figure.data[0].x) == list(range(8, 17))


def test_each_trial_of_an_arm_has_its_own_outcomes_and_the_arm_is_judged_by_their_mean(client, run):
    made = client(PARAMETERS[:2], solver="evolutionary", initialization_budget=2)
    # the first trial of the first arm was lucky: by its mean, (2, 9), two others dominate it
    trials = [(0.1, 1.0, 9.0), (0.1, 3.0, 9.0), (0.5, 2.0, 2.0), (0.9, 9.0, 1.0), (0.3, 1.5, 8.0)]
    for x, a, b in trials:
        index = made.attach_trial({"x": x, "rate": 0.5})
        made.complete_trial(index, {"a": a, "b": b})
    run(made, 1, lambda _: {"a": 9.5, "b": 9.5})
    df = card_of(made, PartitionRegions()).df
    assert df["arm_name"].tolist()[:5] == ["0_0", "0_0", "2_0", "3_0", "4_0"]
    assert list(zip(df["x"][:5], df["a"][:5], df["b"][:5], strict=True)) == trials
    assert df["dominance_number"].tolist()[:5] == [2, 2, 0, 0, 0]


def test_of_many_choices_the_best_trials_are_drawn(client):
    names = [f"op{k}" for k in range(60)]
    kind = ChoiceParameterConfig(name="op", parameter_type="str", values=names, is_ordered=False)
    made = client([kind, PARAMETERS[0]], solver="random", initialization_budget=0)
    for k, name in enumerate(names):
        index = made.attach_trial(parameters={"op": name, "x": k / 60})
        made.complete_trial(index, raw_data={"a": (k - 30) ** 2, "b": (k - 40) ** 2})
    figure = card_of(made, PartitionRegions()).get_figure()
    # the front, from 30 to 40, and what is nearest to it
    assert list(figure.layout.xaxis.ticktext) == names[15:56]
    assert figure.layout.xaxis.title.text == "op (41 of 60)"
    assert sorted(round(x) for x in figure.data[1].x) == [*range(41)]


def test_cards_after_a_reload_are_the_same(experiment, tmp_path):
    analyses = [PartitionTree(), PartitionRegions()]
    before = [card_of(experiment, analysis).df for analysis in analyses]
    experiment.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    for analysis, df in zip(analyses, before, strict=True):
        after = card_of(again, analysis).df
        np.testing.assert_allclose(
            after.select_dtypes("number"), df.select_dtypes("number"), atol=1e-6
        )
        for name in df.select_dtypes(exclude="number"):
            assert after[name].tolist() == df[name].tolist()


def test_before_there_is_a_partition_the_card_says_so(client, run):
    for made, trials, said in (
        (client(PARAMETERS), 1, "initialising"),
        (client(PARAMETERS, lamoo=False), 1, "initialising"),
        (client(PARAMETERS, "-a", initialization_budget=0), 1, "two or more objectives"),
    ):
        run(made, trials, both)
        (card,) = made.compute_analyses([PartitionTree()], display=False)
        assert isinstance(card, ErrorAnalysisCard) or said in card.blob
        assert said in f"{card.subtitle} {card.blob} {card.df}"


def test_a_region_of_one_parameter_is_not_drawn_and_the_tree_is(client, run):
    made = client(PARAMETERS[:1])
    run(made, 5, lambda p: {"a": p["x"], "b": -p["x"]})
    tree, region = made.compute_analyses([PartitionTree(), PartitionRegions()], display=False)
    assert type(tree).__name__ == "PlotlyAnalysisCard"
    assert type(region).__name__ == "NotApplicableStateAnalysisCard"
    assert "two parameters that leave a choice" in region.blob


def test_parameters_may_come_in_an_array_or_a_column():
    for given in (np.array(["x", "y"]), pd.Index(["x", "y"])):
        assert PartitionRegions(given).parameters == ["x", "y"]


def test_wrong_parameters_are_named(experiment):
    with pytest.raises(UserInputError, match=r"parameters must be two different names, got 'x'"):
        PartitionRegions("x")
    with pytest.raises(UserInputError, match=r"two of \['x', 'rate', 'width', 'kind'\].*'z'"):
        PartitionRegions(("x", "z")).compute(
            experiment._experiment, experiment._generation_strategy
        )


@pytest.mark.slow  # they fit Ax's models again and again
def test_the_default_analyses_of_ax_work(client, run):
    floats = PARAMETERS[:2]
    made = client(floats, solver="evolutionary")
    run(made, 12, lambda params: both({**params, "kind": "", "width": 8}))
    cards = made.compute_analyses(display=False)
    flat = [card for group in cards for card in group.flatten()]
    assert len(flat) > 3
    broken = [card.title for card in flat if "Failed" in str(card.blob)]
    assert not broken


def test_a_strategy_that_has_moved_on_is_told_from_a_start(client, run):
    nodes = lamoo_generation_strategy(initialization_budget=0, solver="evolutionary")._nodes
    own = nodes[0]
    own._transition_criteria = [
        MinTrials(threshold=2, transition_to="end", only_in_statuses=[TrialStatus.COMPLETED])
    ]
    end = GenerationNode(name="end", generator_specs=[GeneratorSpec(Generators.SOBOL)])
    made = client(PARAMETERS)
    made.set_generation_strategy(GenerationStrategy(name="mine", nodes=[own, end]))
    run(made, 3, both)
    for ask in (explain, reduced_space):
        with pytest.raises(UserInputError, match="moved on from LaMOO's node 'LaMOO' to 'end'"):
            ask(made)
    (card,) = made.compute_analyses([PartitionTree()], display=False)
    assert "moved on from LaMOO's node" in f"{card.subtitle} {card.blob} {card.df}"


def test_metrics_and_parameters_may_share_a_name(client, run):
    floats = [
        RangeParameterConfig(name=name, parameter_type="float", bounds=(0, 1))
        for name in ("x", "arm_name")
    ]
    made = client(floats, "-x, -inside", solver="random", initialization_budget=16)

    def swapped(params):
        return {"x": 5 - params["x"], "inside": params["x"] + params["arm_name"]}

    run(made, 16, swapped, q=16)
    run(made, 4, swapped)
    df = card_of(made, PartitionRegions()).df
    arms = [made._experiment.arms_by_name[name].parameters for name in df["arm_name"]]
    assert df["x"].tolist() == [params["x"] for params in arms]
    assert df["arm_name (parameter)"].tolist() == [params["arm_name"] for params in arms]
    for metric in ("x", "inside"):
        assert df[f"{metric} (metric)"].tolist() == [swapped(params)[metric] for params in arms]
    assert df["inside"].dtype == bool
