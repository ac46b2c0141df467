"""The problems in which choices open other choices: what exists when, and the fronts they claim."""

import itertools
import math

import numpy as np
import pytest

from lamoo.space import Categorical
from lamoo_compare.problems import PROBLEMS, load
from lamoo_compare.problems.branches import SIZES, random_tree
from lamoo_compare.problems.conditional import CHANNELS

RANDOM = range(12)


@pytest.fixture(params=[0], ids="seed{}".format)
def rng(request):
    return np.random.default_rng(request.param)


def existing(problem, full):
    """Return only those of all parameters that exist."""
    params = {}
    for name in problem.active(params):
        params[name] = full[name]
    return params


def draw(problem, n, rng):
    X = problem.space.sample(n, rng)
    return [existing(problem, full) for full in problem.space.decode(X)]


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("linear", ["model", "rate"]),
        ("trees", ["model", "rate", "trees", "depth"]),
        ("network", ["model", "rate", "width", "layers", "dropout", "normalise"]),
    ],
)
def test_model_search_has_the_parameters_of_its_model(model, names):
    assert list(load("model-search").active({"model": model})) == names


def test_model_search_is_best_at_the_best_rate(rng):
    problem = load("model-search")
    best = {"linear": 1e-1, "trees": 10**-1.5, "network": 10**-2.5}
    for params in draw(problem, 200, rng):
        error, size = problem.evaluate(params)
        lowest, same = problem.evaluate(params | {"rate": best[params["model"]]})
        assert lowest <= error
        assert size == same


# --- depth and width ------------------------------------------------------------------------------


def test_a_network_has_the_channels_of_its_layers():
    problem = load("depth-and-width-3")
    for depth in (1, 2, 3):
        names = [name for name in problem.active({"depth": depth}) if name.startswith("channels")]
        assert names == [f"channels{i}" for i in range(depth)]


def test_the_weights_of_a_network_are_those_of_the_tutorials(rng):
    torch = pytest.importorskip("torch")
    problem = load("depth-and-width-3")
    for params in draw(problem, 20, rng):
        layers, inputs, kernel = [], 1, params["kernel"]
        for i in range(params["depth"]):
            layers.append(torch.nn.Conv2d(inputs, params[f"channels{i}"], kernel))
            inputs = params[f"channels{i}"]
        inputs *= 16
        if params["hidden"]:
            layers.append(torch.nn.Linear(inputs, params["hidden"]))
            inputs = params["hidden"]
        layers.append(torch.nn.Linear(inputs, 10))
        counted = sum(p.numel() for layer in layers for p in layer.parameters())
        assert problem.evaluate(params)[1] == pytest.approx(math.log10(counted), abs=1e-12)


def test_the_best_networks_are_those_of_all_at_the_best_of_many_rates():
    problem = load("depth-and-width-3")
    values = []
    for depth in (1, 2, 3):
        for channels in itertools.product(CHANNELS, repeat=depth):
            named = {f"channels{i}": c for i, c in enumerate(channels)}
            for kernel, hidden in itertools.product((1, 3), (0, 32, 128)):
                params = {"depth": depth, **named, "kernel": kernel, "hidden": hidden}
                rates = np.geomspace(1e-4, 3e-2, 41)
                each = [problem.evaluate(params | {"lr": float(rate)}) for rate in rates]
                values.append(min(each))
    share = problem.hypervolume(values) / problem.best_hypervolume
    assert 0.999 < share <= 1


# --- trained models -------------------------------------------------------------------------------


def test_families_train_what_they_say_and_repeat_themselves(rng):
    problem = load("families-cancer")
    seen = set()
    for params in draw(problem, 12, rng):
        values = problem.evaluate(params)
        assert values == problem.evaluate(params)
        assert all(type(value) is float for value in values)
        assert 0 <= values[0] < 0.5
        assert ("components" in params) == (params["family"] in ("logistic", "neighbours"))
        seen.add(params["family"])
    assert len(seen) == 4
    # a stump reads one feature and a threshold, and passes one node and a leaf
    stump = {"family": "tree", "tree_depth": 1, "min_leaf": 1, "criterion": "gini"}
    assert problem.evaluate(stump)[1] == pytest.approx(math.log10(4))
    # 30 weights for each of two components, one for each of the two, and an intercept
    line = {"family": "logistic", "components": 2, "C": 1.0, "intercept": True}
    assert problem.evaluate(line)[1] == pytest.approx(math.log10(63))


def test_support_vector_machines_train_what_they_say_and_repeat_themselves(rng):
    problem = load("svm-parity")
    for params in draw(problem, 12, rng):
        values = problem.evaluate(params)
        assert values == problem.evaluate(params)
        assert all(type(value) is float for value in values)
        assert 0 <= values[0] < 0.7
        assert ("gamma" in params) == (params["kernel"] != "linear")
        assert ("degree" in params) == (params["kernel"] == "poly")
        # at most all 250 training images, of as many numbers as there are components
        assert values[1] % 2 ** (1 + params["components"]) == 0
        assert values[1] <= 250 * 2 ** (1 + params["components"])
    # all are support vectors where hardly any error is punished; the larger class is predicted
    nothing = {"kernel": "rbf", "C": 0, "scale": "minmax", "components": 0, "gamma": 0}
    assert problem.evaluate(nothing) == (0.475, 472.0)


# --- random trees ---------------------------------------------------------------------------------


def depth_of(problem, name):
    above = problem.conditions.get(name)
    return 0 if above is None else 1 + depth_of(problem, above[0])


@pytest.mark.parametrize("seed", RANDOM)
def test_a_random_tree_is_as_its_description_says(seed, rng):
    problem = random_tree(seed)
    names = list(problem.space.parameters)
    assert SIZES[0] <= len(names) <= SIZES[1]
    assert problem.name in PROBLEMS
    assert problem.space.parameters == load(problem.name).space.parameters  # the same each time
    for name, (parent, values) in problem.conditions.items():
        assert names.index(parent) < names.index(name)
        assert set(values) < set(problem.space.parameters[parent].choices)
    opening = {parent for parent, _ in problem.conditions.values()}
    assert max(depth_of(problem, name) for name in opening) < 2 + seed % 2
    for params in draw(problem, 100, rng):
        # what exists, by definition
        for name in names:
            parent, values = problem.conditions.get(name, (None, ()))
            assert (name in params) == (parent is None or params.get(parent) in values)
        values = problem.evaluate(params)
        assert np.isfinite(values).all() or np.isnan(values).all()
        assert problem.hypervolume([values]) <= problem.best_hypervolume


def test_random_trees_differ_share_parameters_and_fail_in_places(rng):
    problems = [random_tree(seed) for seed in RANDOM]
    assert len({len(problem.space.parameters) for problem in problems}) > 5
    assert any(len(values) > 1 for p in problems for _, values in p.conditions.values())
    failed = [np.isnan([p.evaluate(q) for q in draw(p, 100, rng)])[:, 0].mean() for p in problems]
    assert sum(share > 0.02 for share in failed) >= 4
    assert max(failed) < 0.5


@pytest.mark.parametrize("seed", [2, 7, 12, pytest.param(9, marks=pytest.mark.slow)])
def test_the_best_front_of_a_random_tree_is_found_one_parameter_at_a_time(seed):
    """Everything but the traders only adds to the error, so each has a best value of its own."""
    problem = random_tree(seed)
    parameters = problem.space.parameters
    grid = np.linspace(0.0, 1.0, 101)
    levels = {
        name: list(dict.fromkeys(p.from_unit(p.snap(grid)))) for name, p in parameters.items()
    }
    opening = [n for n in parameters if n.startswith("choice")]
    values = []
    for chosen in itertools.product(*(parameters[name].choices for name in opening)):
        start = {n: levels[n][len(levels[n]) // 2] for n in parameters}
        params = existing(problem, start | dict(zip(opening, chosen, strict=True)))
        traders = []
        for name in (n for n in params if n not in opening):
            tried = {v: problem.evaluate(params | {name: v}) for v in levels[name]}
            tried = {v: y for v, y in tried.items() if not math.isnan(y[0])}
            costs = {y[1] for y in tried.values()}
            if not tried:
                continue  # another one decides whether anything is given
            if len(costs) > 1:
                traders.append(name)
            else:
                params[name] = min(tried, key=lambda v: tried[v][0])
        for u in grid:
            place = {
                n: parameters[n].from_unit(parameters[n].snap(np.array([u])))[0] for n in traders
            }
            values.append(problem.evaluate(params | place))
    share = problem.hypervolume(values) / problem.best_hypervolume
    assert 0.97 < share <= 1
    assert all(isinstance(parameters[name], Categorical) for name in opening)
