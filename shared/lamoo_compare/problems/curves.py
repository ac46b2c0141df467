"""Learning curves of real trainings: every network of a small space, on two data sets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np

from lamoo.arrays import Floats
from lamoo.space import Space
from lamoo_compare.problems.base import Params, Problem
from lamoo_compare.problems.tables import ordered, tabular

#: How long each network was trained.
EPOCHS = 27


@dataclass(frozen=True, eq=False)
class Recorded:
    """A space of networks and recipes all of which were trained, by ``examples/nas/record.py``.

    Args:
        name: of the problem. The table is the ``.npz`` of that name in this folder, with underlines
            for hyphens.
        choices: what is searched: parameter -> its values, all of them combined. ``width`` is the
            position in ``widths``.
        widths: of the layers.
    """

    name: str
    choices: Mapping[str, tuple[Any, ...]]
    widths: tuple[int, ...]

    def configurations(self) -> Iterator[dict[str, Any]]:
        """Yield all configurations in the order of the table."""
        for values in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, values, strict=True))

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The columns of the table, rows in the order of :meth:`configurations`.

        ``valid`` and ``test``: accuracy in percent after each epoch, shape ``(n, epochs)``;
        ``parameters`` and ``macs`` (multiply-adds for one image); ``seconds`` of training, of one
        core that was shared with other work.
        """
        file = resources.files(__package__) / f"{self.name.replace('-', '_')}.npz"
        with file.open("rb") as stream, np.load(stream) as table:
            return dict(table)

    def problem(self) -> Problem:
        """Return the problem of finding the best of these networks.

        Objectives are the accuracy on validation images (percent) after the last epoch and log10 of
        the multiply-adds, which are known without training. One training of each, with one seed, at
        a constant learning rate; what is judged is a running average of the weights.
        ``curves`` gives both after each epoch.
        """
        valid, macs = self.columns["valid"], np.log10(self.columns["macs"])
        curves = np.stack([valid, np.broadcast_to(macs[:, None], valid.shape)], 2)
        rows = {tuple(params.values()): i for i, params in enumerate(self.configurations())}

        def curves_of(params: Params) -> Floats:
            return np.asarray(curves[rows[tuple(params[name] for name in self.choices)]])

        problem = tabular(
            self.name,
            Space({name: ordered(values) for name, values in self.choices.items()}),
            list(self.choices.values()),
            curves[:, -1],
            ("maximize", "minimize"),
            of_front=True,
        )
        return replace(problem, known=(1,), curves=curves_of)


#: 320 convolutional networks, trained on 2,048 images of Fashion-MNIST and judged by 4,000.
#: ``width`` is that of the first stage, the second has twice as many channels; ``depth`` is the
#: number of blocks in the second stage.
FASHION = Recorded(
    "fashion-curves",
    {
        "width": tuple(range(5)),
        "depth": (1, 2),
        "block": ("conv", "mbconv"),
        "kernel": (3, 5),
        "optimizer": ("sgd", "adamw"),
        "log10_learning_rate": (-3, -2, -1, 0),
    },
    widths=(3, 4, 6, 8, 12),
)
#: 288 perceptrons of one hidden layer, trained on 768 images of handwritten digits and judged by
#: 700. ``pixels`` is the side of what they see of these: all, or means of four.
DIGITS = Recorded(
    "digits-curves",
    {
        "width": tuple(range(9)),
        "pixels": (4, 8),
        "optimizer": ("sgd", "adamw"),
        "log2_learning_rate": (-10, -8, -6, -4),
        "log2_batch": (4, 6),
    },
    widths=(3, 4, 6, 8, 11, 15, 20, 28, 40),
)
#: By the names of their problems.
RECORDED = {each.name: each for each in (FASHION, DIGITS)}
