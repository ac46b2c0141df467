"""Solvers: exchangeable ways of proposing one point inside a region.

================== ==================================================================== ===========
name               how it proposes                                                      per trial
================== ==================================================================== ===========
``"gp"``           Gaussian processes, expected hypervolume improvement: fewest trials  tens of ms
``"gp-fast"``      the same with a third of the work                                    10 to 15 ms
``"evolutionary"`` crossover and mutation, ranked by the boundaries; no model           a few ms
``"cma"``          CMA-ES; needs the extra ``cma``                                      9 to 19 ms
``"botorch"``      BoTorch's qLogNEHVI; needs the extra ``botorch``                     seconds
``"random"``       uniformly, for what the partition alone is worth                     a few ms
================== ==================================================================== ===========
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

import numpy as np

from lamoo.arrays import Floats
from lamoo.checks import check, is_flag, is_number
from lamoo.partition.place import Place
from lamoo.solvers import evolutionary, gp, large, random
from lamoo.space import Space
from lamoo.space.history import History

__all__ = ["SOLVERS", "Propose", "Solver", "botorch_solver", "is_global"]


class Propose(Protocol):
    """The signature that all solvers share."""

    def __call__(self, place: Place, rng: np.random.Generator) -> Floats | None:
        """Return a never tried point (d,) inside the region, ``None`` if it finds none.

        Args:
            place: the region, what was observed (at least once) and the reference point.
            rng: the random generator.
        """


@dataclass(frozen=True)
class Solver:
    """A proposal function, and when and where the search calls it.

    Args:
        propose: the function.
        global_turns: whether every other pair of proposals is made in the whole space (see
            :func:`is_global`). A surrogate knows more than which half is better, so half of its
            proposals are not confined to a leaf.
        needs: a package that the engine does without, and the extra of lamoo that installs it.
        name: what logs call it.
        large: another function for large problems (:func:`lamoo.solvers.large.applies`), which
            proposes in the whole space; by default the same one.
        early: from how many observations on the partition's boundaries are those that were learned
            at the last scheduled history length; by default only where they have many features, see
            :func:`lamoo.partition.tree.grow`.
        learns_stopped: whether it learns from what trainings reported that were stopped early. Then
            they count in the start-up.

    Raises:
        ValueError: if an argument is none of these.
    """

    propose: Propose
    global_turns: bool = False
    needs: tuple[str, str] | None = None
    name: str = "of your own"
    large: Propose | None = None
    early: float = np.inf
    learns_stopped: bool = False

    def __post_init__(self) -> None:
        """Check what they are."""
        needs: Any = self.needs  # whatever was given, and so for the others
        named = isinstance(needs, tuple) and [*map(type, needs)] == [str, str]
        checks = [
            ("propose", callable(self.propose), "a function (place, rng) -> point or None"),
            ("global_turns", is_flag(self.global_turns), "True or False"),
            ("needs", needs is None or named, "None or a pair of names, (package, extra)"),
            ("name", isinstance(self.name, str), "a text"),
            ("large", self.large is None or callable(self.large), "None or a function as propose"),
            ("early", is_number(self.early, 0), "a number of observations"),
            ("learns_stopped", is_flag(self.learns_stopped), "True or False"),
        ]
        for name, fine, expected in checks:
            check(f"{name} of a solver", vars(self)[name], expected, fine=fine)

    def proposing(self, space: Space, history: History) -> tuple[Propose, bool]:
        """Return how to propose, and whether that is in the whole space.

        Args:
            space: the search space.
            history: what was observed in it.
        """
        if self.large is not None and large.applies(space, history):
            return self.large, True
        return self.propose, self.global_turns and is_global(history)

    def check(self) -> None:
        """Raise ``ModuleNotFoundError``, saying what to install, if a package is missing."""
        if self.needs is None:
            return
        package, extra = self.needs
        if find_spec(package) is None:
            msg = f"this solver needs the package {package}: pip install 'lamoo[{extra}]'"
            raise ModuleNotFoundError(msg, name=package)


def is_global(history: History) -> bool:
    """Tell whether the next proposal is a global turn, for solvers that have those.

    Two proposals in the whole space, then two in the chosen leaf, and so on. In pairs, because a
    solver may itself alternate between two things from one proposal to the next, as ``"gp"`` does
    between reference points: in either place both come.
    """
    return (len(history.tried) // 2) % 2 == 0


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


_ALL = (
    Solver(gp.propose, global_turns=True, name="gp", large=large.propose, learns_stopped=True),
    Solver(
        gp.propose_fast,
        global_turns=True,
        name="gp-fast",
        large=large.propose,
        early=gp.LONG,
        learns_stopped=True,
    ),
    Solver(evolutionary.propose, name="evolutionary"),
    Solver(random.propose, name="random"),
    Solver(Later("cma"), needs=("cmaes", "cma"), name="cma"),
    Solver(Later("botorch"), global_turns=True, needs=("botorch", "botorch"), name="botorch"),
)
SOLVERS: dict[str, Solver] = {solver.name: solver for solver in _ALL}


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
