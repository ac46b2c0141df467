"""Solvers: exchangeable ways of proposing one point inside a region."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

import numpy as np

from lamoo.arrays import Floats, Ints
from lamoo.partition.region import Region
from lamoo.solvers import evolutionary, gp, random
from lamoo.space.history import History


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
        needs: a package that the engine does without, and the extra of lamoo that installs it.
    """

    propose: Propose
    roams: bool = False
    needs: tuple[str, str] | None = None

    def check(self) -> None:
        """Raise ``ModuleNotFoundError``, saying what to install, if a package is missing."""
        if self.needs is None:
            return
        package, extra = self.needs
        if find_spec(package) is None:
            msg = f"this solver needs the package {package}: pip install 'lamoo[{extra}]'"
            raise ModuleNotFoundError(msg, name=package)


@dataclass(frozen=True)
class Later:
    """The proposal function of a module of this package, imported when it first proposes.

    Args:
        module: its name.
    """

    module: str

    def __call__(self, *arguments: Any, **options: Any) -> Floats | None:
        """Propose, see :class:`Propose`."""
        return cast(Propose, self.imported.propose)(*arguments, **options)

    @property
    def imported(self) -> Any:
        """The module."""
        return import_module(f"lamoo.solvers.{self.module}")


SOLVERS: dict[str, Solver] = {
    "gp": Solver(gp.propose, roams=True),
    "gp-fast": Solver(partial(gp.propose, effort=gp.FAST), roams=True),
    "evolutionary": Solver(evolutionary.propose),
    "random": Solver(random.propose),
    "cma": Solver(Later("cma"), needs=("cmaes", "cma")),
    "botorch": Solver(Later("botorch"), roams=True, needs=("botorch", "botorch")),
}


def botorch_solver(*, device: str) -> Solver:
    """Return the solver ``"botorch"`` on a device of torch's, such as ``"cuda"``.

    Raises:
        ModuleNotFoundError: if BoTorch is not installed.
        ValueError: if torch cannot compute there.
    """
    solver = SOLVERS["botorch"]
    solver.check()
    Later("botorch").imported.check_device(device)
    return replace(solver, propose=partial(Later("botorch"), device=device))
