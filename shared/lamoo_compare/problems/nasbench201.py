"""NAS-Bench-201: 15,625 trained networks, their costs, and latencies on devices."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Categorical, Space
from lamoo_compare.problems.base import Direction, Params, Problem
from lamoo_compare.problems.tables import seed_means, tabular

NASBENCH201_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
_OP_SPACE = Space({f"Op{i}": Categorical(NASBENCH201_OPERATIONS) for i in range(6)})
#: What the table holds of each network, and what follows from its cell. The table's numbers of
#: parameters are not used: 204 networks have another one in some training seed.
_MEASURED, _COMPUTED = ("val_acc", "latency"), ("params", "flops")


def nasbench201_data(data: str, objectives: tuple[str, ...], name: str = "nb201") -> Problem:
    """Return NAS-Bench-201 (Dong and Yang, ICLR 2020): choose six operations of a cell.

    Args:
        data: ``"cifar10"``, ``"cifar100"`` or ``"imagenet"`` (ImageNet16-120).
        objectives: from ``val_acc`` (percent, mean over two or three training seeds),
            ``latency`` (seconds), ``params`` and ``flops`` (millions, exact, see
            :func:`nasbench201_costs`).
        name: the problem's name.
    """
    measured = tuple(objective for objective in objectives if objective in _MEASURED)
    columns = dict(zip(measured, seed_means("NASBench201", data, measured).T, strict=True))
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
    problem = tabular(name, _OP_SPACE, choices, table, directions, of_front=False)
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


def nasbench201_authors() -> Problem:
    """Return the LaMOO authors' task: z-scores of test accuracy, less 2, and of -FLOPs, less 2.

    Zhao, Wang and Guo (arXiv 2406.00291). It needs ``nb201_v11.npz``, the accuracies of
    NAS-Bench-201 v1.1, in :func:`tables_folder`.
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


#: The file with accuracies of NAS-Bench-201 v1.1 and latencies on devices.
TABLE = "nb201_v11.npz"


def tables_folder() -> Path:
    """Return where tables lie that no package brings.

    It is what the environment variable ``LAMOO_TABLES`` names, or the current folder.
    """
    return Path(os.environ.get("LAMOO_TABLES", ""))


def _nasbench201_v11(name: str) -> dict[str, Floats]:
    """Return the columns of ``nb201_v11.npz``, rows in the order of the cells.

    Raises:
        FileNotFoundError: if there is no such file, with the problem's name and where it should be.
    """
    path = tables_folder() / TABLE
    if not path.exists():
        raise FileNotFoundError(f"{name} needs {path}: set LAMOO_TABLES to the folder of {TABLE}")
    with np.load(path) as file:
        order = np.lexsort(file["ops"].T[::-1])
        return {column: file[column][order].astype(float) for column in file.files}


def _zscore(values: Floats) -> Floats:
    """Return values less their mean, over the population's standard deviation."""
    return np.asarray((values - values.mean()) / values.std())
