"""Branches that were tried too little: which there are, against the declared conditions."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Optimizer, Settings, Space
from lamoo.partition.branches import ENOUGH, FEW, MOST_VALUES, neglected, openers
from lamoo.space.activity import Activity, OneOf
from lamoo_compare.problems import load

TREES = [f"branches-{seed}" for seed in range(8)]


def declared(problem):
    """Return a problem's space with its conditions."""
    names = list(problem.space.parameters)
    rules = []
    for name, (parent, values) in problem.conditions.items():
        units = problem.space.parameters[parent].to_unit(list(values))
        parents = np.array([names.index(parent)])
        rules.append((names.index(name), parents, OneOf(tuple(units.tolist()))))
    return replace(problem.space, activity=Activity(tuple(rules)))


def opening(problem):
    return sorted({parent for parent, _ in problem.conditions.values()})


def path(problem, params):
    """Return the branch of a configuration by the values that open others."""
    return tuple((name, params[name]) for name in opening(problem) if name in params)


@pytest.mark.parametrize("name", [*TREES, "model-search", "depth-and-width-6"])
def test_what_opens_others_is_what_conditions_name(name):
    problem = load(name)
    names = list(problem.space.parameters)
    assert sorted(names[j] for j in openers(declared(problem))) == opening(problem)


@pytest.mark.parametrize("name", [*TREES, "model-search"])
@pytest.mark.parametrize("n", [10, 40])
def test_a_branch_is_neglected_until_it_was_tried_often_enough(name, n, rng):
    problem = load(name)
    space = declared(problem)
    X, Y = space.sample(n, rng), rng.random((n, 2))
    tried = [path(problem, params) for params in space.decode(X)]
    # by definition: as often as the rarest of its values, more is asked of those of the front
    values = Counter(value for each in tried for value in each)
    dominated = (Y[:, None] <= Y).all(axis=2) & (Y[:, None] < Y).any(axis=2)
    front = {each for each, worse in zip(tried, dominated.any(axis=0), strict=True) if not worse}
    branches = {path(problem, params) for params in space.decode(space.sample(4_000, rng))}
    count = {each: min(values[value] for value in each) for each in branches}
    expected = {each for each in branches if count[each] < (ENOUGH if each in front else FEW)}
    found = []
    for confined, unknown in neglected(space, History(X, Y)):
        inside = {path(problem, params) for params in confined.decode(confined.sample(50, rng))}
        assert len(inside) == 1
        found += inside
        # by definition: one of its values was in no trial that gave values
        assert unknown == any(values[value] == 0 for each in inside for value in each)
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert [count[each] for each in found] == sorted(count[each] for each in found)


@pytest.mark.parametrize("name", ["branin-currin", "hpobench-car"])
def test_a_flat_space_has_no_branches(name, rng):
    space = load(name).space
    assert not [*neglected(space, History(space.sample(5, rng), rng.random((5, 2))))]


def test_a_parameter_of_many_values_opens_no_branch_with_each(rng):
    many = Categorical(tuple(range(MOST_VALUES + 1)))
    rule = (1, np.array([0]), OneOf((0.5 / many.levels,)))
    space = Space({"a": many, "b": Float(0, 1)}, activity=Activity((rule,)))
    assert not len(openers(space))
    assert not [*neglected(space, History(space.sample(5, rng), rng.random((5, 2))))]


def test_what_is_fixed_stays_fixed_and_forbidden_branches_are_not_entered(rng):
    problem = load("branches-2")
    space = declared(problem)
    fixed = replace(space, fixed={"choice": "a"})
    history = History(space.sample(3, rng), rng.random((3, 2)))
    for confined, _ in neglected(fixed, history):
        assert {p["choice"] for p in confined.decode(confined.sample(9, rng))} == {"a"}


@pytest.mark.parametrize("solver", ["evolutionary", "gp-fast"])
def test_no_branch_of_the_best_front_is_left_after_a_few_trials(solver):
    # linear models, trees and networks each hold a part of it
    problem = load("model-search")
    optimizer = Optimizer(declared(problem), problem.directions, Settings(solver=solver), seed=0)
    counts = Counter()
    for _ in range(60 if solver == "evolutionary" else 40):
        asked = optimizer.ask()
        params: dict[str, object] = {}
        for name in problem.active(params):
            params[name] = asked[name]
        optimizer.tell(params, problem.evaluate(params))
        counts[params["model"]] += 1
    assert min(counts[model] for model in ("linear", "trees", "network")) >= FEW


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_a_branch_without_results_is_tried_as_at_the_start(solver, caplog):
    """A model knows nothing of it, and goes to its corners, where here all trials fail."""
    space = Space({"kind": Categorical("ab"), "x": Float(0, 1), "y": Float(0, 1)})
    optimizer = Optimizer(space, ["minimize"] * 2, Settings(solver=solver, n_startup=2), seed=0)
    tried = []
    with caplog.at_level("DEBUG", logger="lamoo"):
        for _ in range(24):
            asked = optimizer.ask()
            if asked["kind"] == "a":
                params = {"kind": "a", "x": asked["x"]}
                optimizer.tell(params, (asked["x"], (1 - asked["x"]) ** 2))
            else:
                params = {"kind": "b", "y": asked["y"]}
                tried.append(asked["y"])
                optimizer.tell(params, None)
    assert len(tried) >= FEW
    first = np.sort(tried[:FEW])
    assert 0.02 < first[0]
    assert first[-1] < 0.98
    assert np.diff(first).min() > 0
    assert "in a branch without results" in caplog.text
