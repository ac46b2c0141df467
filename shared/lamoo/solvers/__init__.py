"""Solvers: exchangeable ways of proposing one point inside a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.history import History
from lamoo.region import Region
from lamoo.solvers import evolutionary, gp, random


class Propose(Protocol):
    """The signature that all solvers share."""

    def __call__(
        self,
        history: History,
        region: Region,
        members: Ints,
        rng: np.random.Generator,
        reference: Floats | None = None,
    ) -> Floats | None:
        """Return a never tried point (d,) inside the region, ``None`` if it finds none.

        Args:
            history: all observations, at least one.
            region: where the point must lie.
            members: indices of the observations inside the region.
            rng: the random generator.
            reference: the user's reference point (m,), ``None`` to infer one.
        """


@dataclass(frozen=True)
class Solver:
    """A way of proposing, and how it wants to be led.

    Args:
        propose: the proposal function.
        roams: whether every other proposal is made in the whole space. A surrogate knows more
            than which half is better, so half of its proposals are left unconfined.
    """

    propose: Propose
    roams: bool = False


SOLVERS: dict[str, Solver] = {
    "gp": Solver(gp.propose, roams=True),
    "evolutionary": Solver(evolutionary.propose),
    "random": Solver(random.propose),
}
