"""Ax's acquisition, confined to a region of the partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ax.core.search_space import SearchSpaceDigest
from ax.generators.torch.botorch_modular.acquisition import Acquisition
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from ax_lamoo.features import Features
from lamoo.arrays import Floats
from lamoo.partition.place import Place

#: How many points of the region compete where the optimiser ended outside.
COMPETITORS = 256
#: Of a feature's range: the step of the chance's numerical gradient.
STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Leaf:
    """Where proposals must lie.

    Args:
        features: between Ax's features and points.
        place: the leaf's region, and what is known.
        rng: the random generator.
        left: all points (k, d) inside that were never tried, where they can be counted.
    """

    features: Features
    place: Place
    rng: np.random.Generator
    left: Floats | None = None

    def log_chance(self, F: Floats) -> Floats:
        """Return how surely feature rows (n, f) are inside, ``(n,)``."""
        return self.place.region.log_chance(self.features.encode(F))

    def contains(self, F: Floats) -> bool:
        """Tell whether a feature row (1, f) is inside."""
        return bool(self.place.region.contains(self.features.encode(F))[0])

    def sample(self) -> Floats:
        """Draw feature rows (k, f) inside that were never tried, none if none is found."""
        history = self.place.history
        X = self.place.region.sample(COMPETITORS, history.X[self.place.members], self.rng)
        return self.features.decode(history.unseen(X))


class LaMOOAcquisition(Acquisition):
    """Ax's acquisition with the option ``leaf``, a :class:`Leaf` that all candidates lie in.

    Without the option, or with ``None``, it is Ax's. A region in which no untried point is found
    confines nothing. What is left of a finite space is what is chosen among: Ax climbs between
    choices, for minutes where few are left, and rounds to what was tried (Ax 1.3.1).
    """

    acqf: AcquisitionFunction
    acq_function_sequence: list[AcquisitionFunction] | None

    def optimize(
        self,
        n: int,
        search_space_digest: SearchSpaceDigest,
        inequality_constraints: list[tuple[Tensor, Tensor, float]] | None = None,
        equality_constraints: list[tuple[Tensor, Tensor, float]] | None = None,
        fixed_features: dict[int, float] | None = None,
        rounding_func: Callable[[Tensor], Tensor] | None = None,
        optimizer_options: dict[str, Any] | None = None,
        **others: Any,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Maximise the acquisition inside the leaf."""
        leaf: Leaf | None = self.options.get("leaf")
        if leaf is not None and leaf.left is not None:
            rows = leaf.features.decode(leaf.left)
            among = torch.as_tensor(rows, dtype=self.dtype, device=self.device)
            chosen: tuple[Tensor, Tensor, Tensor] = self.select_from_candidate_set(n, among)
            return chosen
        plain, sequence = self.acqf, self.acq_function_sequence
        if leaf is not None:
            ranges = np.ptp(np.array(search_space_digest.bounds, dtype=float), axis=1)
            self.acqf = Confined(plain, leaf, ranges)
            self.acq_function_sequence = sequence and [Confined(f, leaf, ranges) for f in sequence]
        try:
            candidates, values, weights = super().optimize(
                n=n,
                search_space_digest=search_space_digest,
                inequality_constraints=inequality_constraints,
                equality_constraints=equality_constraints,
                fixed_features=fixed_features,
                rounding_func=rounding_func,
                optimizer_options=optimizer_options,
                **others,
            )
        finally:
            self.acqf, self.acq_function_sequence = plain, sequence
        if leaf is not None:
            candidates = self._moved_inside(candidates, leaf)
        return candidates, values, weights

    def _moved_inside(self, candidates: Tensor, leaf: Leaf) -> Tensor:
        """Replace candidates (n, f) outside by the best of some points inside."""
        pending = self.acqf.X_pending
        inside = candidates.clone()
        for i, candidate in enumerate(candidates):
            if leaf.contains(array(candidate[None])):
                continue
            others = torch.as_tensor(leaf.sample()).to(candidates)
            if not len(others):
                continue
            taken = inside[:i] if pending is None else torch.cat([pending, inside[:i]])
            self.acqf.set_X_pending(taken if len(taken) else None)
            with torch.no_grad():
                inside[i] = others[int(self.acqf(others[:, None]).argmax())]
        self.acqf.set_X_pending(pending)
        return inside


class Confined(AcquisitionFunction):
    """A log acquisition plus the log chance to be inside a leaf.

    Args:
        acqf: the acquisition function, in logs.
        leaf: where its candidates shall lie.
        ranges: the width of each feature, shape ``(f,)``.
    """

    def __init__(self, acqf: AcquisitionFunction, leaf: Leaf, ranges: Floats) -> None:
        """Wrap an acquisition function."""
        super().__init__(model=acqf.model)
        self.acqf, self.leaf, self.ranges = acqf, leaf, ranges

    @property
    def X_pending(self) -> Tensor | None:  # noqa: D102, N802  BoTorch's name
        return self.acqf.X_pending

    def set_X_pending(self, X_pending: Tensor | None = None) -> None:  # noqa: N802
        """Pass it on."""
        self.acqf.set_X_pending(X_pending)

    def forward(self, X: Tensor) -> Tensor:
        """Return the value (b,) of batches (b, q, f)."""
        chance: Tensor = _LogChance.apply(X, self.leaf.log_chance, STEP * self.ranges)
        return self.acqf(X) + chance.sum(dim=-1)


class _LogChance(torch.autograd.Function):
    """The log chance of points (..., f), and its gradient by central differences."""

    @staticmethod
    def forward(
        ctx: Any, X: Tensor, log_chance: Callable[[Floats], Floats], step: Floats
    ) -> Tensor:
        ctx.save_for_backward(X)
        ctx.log_chance, ctx.step = log_chance, step
        value = log_chance(array(X).reshape(-1, X.shape[-1]))
        return torch.as_tensor(value).to(X).reshape(X.shape[:-1])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        (X,) = ctx.saved_tensors
        f = X.shape[-1]
        rows = array(X).reshape(-1, 1, f)
        around = np.concatenate([rows + np.diag(ctx.step), rows - np.diag(ctx.step)], axis=1)
        values = ctx.log_chance(around.reshape(-1, f)).reshape(-1, 2, f)
        gradient = (values[:, 0] - values[:, 1]) / (2 * ctx.step)
        return slope[..., None] * torch.as_tensor(gradient).to(X).reshape(X.shape), None, None


def array(tensor: Tensor) -> Floats:
    """Return a tensor as an array of floats."""
    return np.asarray(tensor.detach().cpu().numpy(), dtype=float)
