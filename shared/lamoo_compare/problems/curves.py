"""Learning curves of real trainings: every network of a small space on Fashion-MNIST."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Categorical, Integer, Space
from lamoo_compare.problems.base import Params, Problem
from lamoo_compare.problems.tables import tabular

#: Channels of the first stage; the second has twice as many.
WIDTHS = (3, 4, 6, 8, 12)
#: What is searched: parameter -> its values, all of them combined. ``width`` is the position in
#: :data:`WIDTHS`, ``depth`` the number of blocks in the second stage.
CHOICES: dict[str, tuple[Any, ...]] = {
    "width": tuple(range(len(WIDTHS))),
    "depth": (1, 2),
    "block": ("conv", "mbconv"),
    "kernel": (3, 5),
    "optimizer": ("sgd", "adamw"),
    "log10_learning_rate": (-3, -2, -1, 0),
}
#: How long each network was trained.
EPOCHS = 27
#: The table, in this folder. ``examples/nas/record.py`` made it.
TABLE = "fashion_curves.npz"


def configurations() -> Iterator[dict[str, Any]]:
    """Yield all configurations in the order of the table."""
    for values in itertools.product(*CHOICES.values()):
        yield dict(zip(CHOICES, values, strict=True))


def fashion_curves() -> Problem:
    """Return 320 convolutional networks, trained on Fashion-MNIST for 27 epochs.

    Objectives are the accuracy on 4,000 validation images (percent) after the last epoch and log10
    of the multiply-adds, which are known without training. One training of each, with one seed, at
    a constant learning rate; what is judged is a running average of the weights.
    ``curves`` gives both after each epoch.
    """
    table = columns()
    macs = np.log10(table["macs"])
    curves = np.stack([table["valid"], np.broadcast_to(macs[:, None], table["valid"].shape)], 2)
    numbers = {"kernel": Integer(3, 5, step=2), "log10_learning_rate": Integer(-3, 0)}
    ordered = {"width": Integer(0, len(WIDTHS) - 1), "depth": Integer(1, 2), **numbers}
    space = Space({name: ordered.get(name, Categorical(CHOICES[name])) for name in CHOICES})
    rows = {tuple(params.values()): i for i, params in enumerate(configurations())}

    def curves_of(params: Params) -> Floats:
        return np.asarray(curves[rows[tuple(params[name] for name in CHOICES)]])

    problem = tabular(
        "fashion-curves",
        space,
        list(CHOICES.values()),
        curves[:, -1],
        ("maximize", "minimize"),
        of_front=True,
    )
    return replace(problem, known=(1,), curves=curves_of)


@lru_cache(maxsize=1)
def columns() -> dict[str, Any]:
    """Return the columns of the table, rows in the order of :func:`configurations`.

    ``valid`` and ``test``: accuracy in percent after each epoch, shape ``(320, 27)``;
    ``parameters`` and ``macs`` (multiply-adds for one image); ``seconds`` of training, of one core
    that was shared with other work.
    """
    with (resources.files(__package__) / TABLE).open("rb") as file, np.load(file) as table:
        return dict(table)
