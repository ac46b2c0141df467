"""BoTorch's qLogNEHVI, confined to a region, for people who have torch.

Daulton, Balandat and Bakshy, "Parallel Bayesian Optimization of Multiple Noisy Objectives with
Expected Hypervolume Improvement" (NeurIPS 2021), in the logarithmic form of Ament et al. (2023):
what took the place of the papers' qEHVI in BoTorch. Models, acquisition and gradients are the
library's; candidates, and the region they must not leave, are those of the built-in surrogate.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.logei import qLogNoisyExpectedImprovement, qLogProbabilityOfFeasibility
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.acquisition.multi_objective.utils import get_default_partitioning_alpha
from botorch.acquisition.objective import GenericMCObjective
from botorch.exceptions import ModelFittingError
from botorch.fit import fit_gpytorch_mll
from botorch.models import MixedSingleTaskGP, ModelListGP, SingleTaskGP
from botorch.models.model import Model
from botorch.sampling import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from lamoo.arrays import Floats
from lamoo.gp.acquisition import MANY_OBJECTIVES
from lamoo.gp.feasibility import signed_log
from lamoo.gp.reference_point import Expectation, current_ref_point
from lamoo.gp.targets import Transform, compress
from lamoo.gp.training import apply, points_of, training_set, transforms_of, values_of
from lamoo.partition.place import Place
from lamoo.solvers.gp import candidates, maximise
from lamoo.space import Space
from lamoo.space.history import History

#: Posterior samples of the acquisition; fewer where each one's boxes are many.
SAMPLES, FEW_SAMPLES = 64, 16
#: Candidates that are scored at once.
BLOCK = 256
#: Steps of a fit at most: beyond, hyperparameters hardly move, at several times the cost.
ITERATIONS = 75
#: Of the floats that a model's priors and their bounds are kept in, at least.
ENOUGH_BITS = 32
#: Variances below this make kernel matrices singular.
LEAST_NOISE = 1e-6


def propose(place: Place, rng: np.random.Generator, device: str = "cpu") -> Floats | None:
    """Return the never tried point (d,) of the region with the best acquisition.

    Points under evaluation are BoTorch's pending points, so that a batch is chosen greedily, one
    after the other. Features and known objectives are not used; known constraints are kept.

    See :class:`lamoo.solvers.Propose` for the arguments; ``device`` is where torch computes.

    Raises:
        ArithmeticError: if BoTorch cannot fit its models; use a simpler solver then.
    """
    X = candidates(place, rng)
    if not len(X):
        return None
    seed = int(rng.integers(2**31))
    with _own_state():
        torch.manual_seed(seed)  # fits that fail are tried again from random values
        try:
            return maximise(learn(place, seed, device), X, place, rng)
        except (ModelFittingError, RuntimeError) as error:
            raise ArithmeticError(str(error)) from error


@contextmanager
def _own_state() -> Iterator[None]:
    """Make torch behave as in a fresh process, with gradients and a random stream of its own.

    Those who ask inside ``torch.no_grad()`` or with another default device mean their network.
    """
    with ExitStack() as changed:
        for context in (
            warnings.catch_warnings(),
            torch.random.fork_rng(),
            torch.inference_mode(mode=False),
            torch.enable_grad(),
            torch.autocast("cpu", enabled=False),
        ):
            changed.enter_context(context)
        # noise in the kernel matrix and the like, which nobody can do anything about
        warnings.simplefilter("ignore")
        if torch.get_default_device().type != "cpu":
            changed.enter_context(torch.device("cpu"))
        default = torch.get_default_dtype()
        # it belongs to the whole process, and other threads may be evaluating: changed only where
        # it takes digits from the priors and their bounds
        if torch.finfo(default).bits < ENOUGH_BITS:
            changed.callback(torch.set_default_dtype, default)
            torch.set_default_dtype(torch.float32)
        yield


def check_device(device: str) -> None:
    """Raise ``ValueError`` unless torch can compute on a device."""
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        msg = f"device must be one that torch can use, got {device!r}: {error}"
        raise ValueError(msg) from error


@dataclass(frozen=True)
class Scored:
    """BoTorch's acquisition of the engine's points, as :func:`lamoo.solvers.gp.maximise` asks it.

    Args:
        acquisition: of points as :func:`encoded` gives them.
        space: whose points are judged.
        device: where torch computes.
    """

    acquisition: AcquisitionFunction
    space: Space
    device: str

    def score(self, X: Floats, *, screening: bool = False) -> Floats:  # noqa: ARG002  none is cheaper
        """Return the log acquisition of points (n, d), shape ``(n,)``."""
        with torch.no_grad():
            blocks = encoded(X, self.space, self.device)[:, None].split(BLOCK)
            return np.concatenate([self.acquisition(block).cpu().numpy() for block in blocks])

    def score_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Return the log acquisition of one point (d,) and its gradient (d,)."""
        point = encoded(x[None], self.space, self.device).requires_grad_()
        value = self.acquisition(point)
        value.sum().backward()
        return float(value.detach()), point.grad[0].cpu().numpy()


def encoded(X: Floats, space: Space, device: str) -> Tensor:
    """Return points (n, d) for BoTorch: numbers as they are, choices counted, shape ``(n, d)``.

    An inactive number becomes a half, an inactive choice one more choice.
    """
    levels = np.where(space.categorical, space.levels, 1.0)
    counted = np.where(space.categorical, np.floor(X * levels), X)
    absent = np.where(space.categorical, levels, 0.5)
    return torch.tensor(np.where(np.isnan(X), absent, counted), dtype=torch.double, device=device)


def learn(place: Place, seed: int, device: str) -> Scored:
    """Return the acquisition after a history with at least one observation."""
    history, space = place.history, place.region.space
    data, m = training_set(history), history.Y.shape[1]
    transforms = transforms_of(data, [compress] * m)
    constrained = _constraint_models(space, data, device)
    samples = FEW_SAMPLES if m >= MANY_OBJECTIVES else SAMPLES
    shared: dict[str, Any] = {
        "sampler": SobolQMCNormalSampler(torch.Size([samples]), seed=seed),
        "X_pending": encoded(history.open, space, device) if len(history.open) else None,
    }
    if not (data.violation == 0).any():  # before that, only feasibility counts
        limits = [lambda Z, i=i: Z[..., i] for i in range(len(constrained))]
        model = ModelListGP(*constrained)
        return Scored(qLogProbabilityOfFeasibility(model, limits, **shared), space, device)
    model = ModelListGP(*_objective_models(space, data, transforms, device), *constrained)
    shared["constraints"] = [lambda Z, i=m + i: Z[..., i] for i in range(len(constrained))] or None
    shared |= {"X_baseline": encoded(data.X, space, device), "prune_baseline": True}
    if m == 1:
        first = GenericMCObjective(lambda Z, X=None: Z[..., 0])  # noqa: ARG005  their signature
        return Scored(qLogNoisyExpectedImprovement(model, objective=first, **shared), space, device)
    ref_point = _ref_point(place, data, transforms, _expectation(model, m, space, device))
    acquisition = qLogNoisyExpectedHypervolumeImprovement(
        model,
        (-ref_point).tolist(),
        objective=IdentityMCMultiOutputObjective(outcomes=[*range(m)]),
        alpha=get_default_partitioning_alpha(m),
        **shared,
    )
    return Scored(acquisition, space, device)


def _ref_point(
    place: Place, data: History, transforms: Sequence[Transform], expect: Expectation
) -> Floats:
    """Return the reference point (m,), minimised, on the scale of the transforms."""
    if place.reference_point is not None:
        return np.asarray(apply(transforms, place.reference_point[None])[0])
    targets = apply(transforms, data.Y)
    return current_ref_point(place.region.space, place.history, targets, data.violation, expect)


def _constraint_models(space: Space, data: History, device: str) -> list[Model]:
    """Return a model of each constraint that was ever violated; it holds where it is <= 0."""
    models = []
    for g in data.G.T[(data.G > 0).any(axis=0)]:
        reported = ~np.isnan(g)
        models.append(model_of(data.X[reported], signed_log(g[reported]), space, device))
    return models


def _objective_models(
    space: Space, data: History, transforms: Sequence[Transform], device: str
) -> list[Model]:
    """Return a model of each objective, transformed and with its sign turned: BoTorch maximises."""
    points, models = points_of(data), []
    for values, transform in zip(values_of(data), transforms, strict=True):
        known = values.transformed(transform)
        noise = None if np.isnan(values.noise).any() else known.noise
        models.append(model_of(points[values.rows], -known.y, space, device, noise))
    return models


def _expectation(model: Model, m: int, space: Space, device: str) -> Expectation:
    """Return what a model of ``m`` objectives, maximised, and constraints expects of points."""

    def means(X: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(model.posterior(encoded(X, space, device)).mean.cpu().numpy())

    return Expectation(lambda X: -means(X)[:, :m], lambda X: means(X)[:, m:])


def model_of(X: Floats, y: Floats, space: Space, device: str, noise: Floats | None = None) -> Model:
    """Return BoTorch's default Gaussian process, fitted to points (n, d) and values (n,).

    With noise of known variances (n,), or, as it is by default, of one that is fitted.
    """
    inputs = encoded(X, space, device)
    values = torch.tensor(y[:, None], dtype=torch.double, device=device)
    known: dict[str, Any] = {}
    if noise is not None:
        variances = np.maximum(noise, LEAST_NOISE)[:, None]
        known["train_Yvar"] = torch.tensor(variances, dtype=torch.double, device=device)
    choices = np.flatnonzero(space.categorical).tolist()
    model = (
        MixedSingleTaskGP(inputs, values, choices, **known)
        if choices
        else SingleTaskGP(inputs, values, **known)
    )
    likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
    fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": ITERATIONS}})
    return model
