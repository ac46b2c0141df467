"""Hyperparameters of a Gaussian process: their prior, and how they are fitted.

``theta`` holds the logarithms of lengthscales, signal, noise, linear, quadratic, shape ``(t,)``;
the other symbols are those of :mod:`lamoo.gp.process`.

The prior is hierarchical: length scales share an unknown common factor and differ less than it
does. The fit is the mode of the posterior. Source: Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006), equations 5.8 and 5.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize
from scipy.sparse import csr_array

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.embedding import Chains, Embedding, embed
from lamoo.gp.kernel import matern, squared_distances

#: L-BFGS iterations from each start at most. The last one is that which gains less than this share
#: of the negative log density: it ends a few thousandths off the mode, in two thirds of the time.
_ITERATIONS, _LITTLE = 60, 1e-4
#: Stands for 0 where a logarithm is taken.
_TINY = 1e-300
#: Stands for a posterior density of 0, in negative logarithms: the line search steps back.
_HOPELESS = 1e10


class _Normal(NamedTuple):
    """A normal prior of the logarithm of one variance.

    Args:
        mean: of the logarithm.
        std: of the logarithm.
    """

    mean: float
    std: float


class _Shared(NamedTuple):
    """A normal prior of the logarithms of the length scales of one kind, which share a factor.

    The mean grows by ln(d) / 2, because distances grow with the root of the dimension (Hvarfner,
    Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high dimensions", 2024):
    of the number of parameters that exist at a time.

    Args:
        mean: of each logarithm in one dimension.
        shared: standard deviation of what all have in common.
        own: standard deviation of what each adds.
    """

    mean: float
    shared: float
    own: float


# Numbers: total standard deviation 1.8, near the 1.73 of Hvarfner et al., whose mean is 1.41.
_NUMBER = _Shared(1.0, 1.5, 1.0)
# Choices lie 1 apart, whatever they are: less is unknown of their scales, which differ less, too.
_CHOICE = _Shared(0.5, 0.7, 0.25)
# Counts of choices: there are few groups, which have nothing in common.
_COUNT = _Shared(0.0, 0.0, 0.7)
# Targets have unit variance, which the signal explains; noise is .25 % of it, within a factor of 7.
_SIGNAL = _Normal(0.0, 1.0)
_NOISE = _Normal(-6.0, 2.0)
# The weights of the trend, linear and quadratic: a variance of .3, within a factor of 4.5.
_TREND = _Normal(-1.2, 1.5)
#: Length scales are searched this far to either side of the prior's mean, in logarithms.
_LENGTHSCALE_RANGE = 5.0
# Where variances are searched. With less noise than that kernel matrices become singular, with more
# nothing would be learned.
_SIGNAL_BOUNDS = (0.01, 100.0)
_NOISE_BOUNDS = (1e-6, 0.5)
_TREND_BOUNDS = (1e-4, 100.0)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==; equal data, same object
class Hyperparameters:
    """Length scales and variances of one Gaussian process.

    Args:
        lengthscales: one per parameter, in units of the cube (a categorical parameter's choices
            lie 1 apart), then one per group of parameters alike; shape ``(d + groups,)``.
        signal: variance of the Matern process.
        noise: variance of the noise of all observations, besides what is known of each.
        linear: prior variance of the linear trend's weights, 0 without one.
        quadratic: prior variance of the quadratic trend's weights, 0 without one.
        chains: of each chain of increments, which of the numbers those are, in their order; they
            count by their cumulative sums. Empty where all numbers count by themselves.
    """

    lengthscales: Floats
    signal: float
    noise: float
    linear: float
    quadratic: float
    chains: Chains = ()


@dataclass(frozen=True)
class _Prior:
    """A normal prior of theta within bounds."""

    mean: Floats
    precision: Floats
    bounds: Floats

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the negative log density, up to a constant, and its gradient."""
        gradient = self.precision @ (theta - self.mean)
        return 0.5 * float((theta - self.mean) @ gradient), gradient


def _prior(embedding: Embedding, variances: int) -> _Prior:
    """Return the prior of theta for an embedding and a number of variances (2 to 4)."""
    d, groups = len(embedding.categorical), len(embedding.groups)
    blocks = [
        (np.flatnonzero(~embedding.categorical), _NUMBER),
        (np.flatnonzero(embedding.categorical), _CHOICE),
        (d + np.arange(groups), _COUNT),
    ]
    scales = d + groups
    rows = np.array([_SIGNAL, _NOISE, _TREND, _TREND])[:variances]
    mean = np.concatenate([np.zeros(scales), rows[:, 0]])
    covariance = np.diag(np.concatenate([np.zeros(scales), rows[:, 1] ** 2]))
    for index, (centre, shared, own) in blocks:
        mean[index] = centre + 0.5 * np.log(max(embedding.dimension, 1.0))
        covariance[np.ix_(index, index)] = shared**2 + own**2 * np.eye(len(index))
    ranges = mean[:scales, None] + _LENGTHSCALE_RANGE * np.array([-1.0, 1.0])
    limits = np.log([_SIGNAL_BOUNDS, _NOISE_BOUNDS, _TREND_BOUNDS, _TREND_BOUNDS])[:variances]
    return _Prior(mean, np.linalg.inv(covariance), np.concatenate([ranges, limits]))


class _Objective:
    """The negative log posterior of theta and its gradient, on fixed data."""

    def __init__(
        self,
        X: Floats,
        y: Floats,
        categorical: Bools,
        alike: Ints | None,
        known: Floats | float = 0.0,
        chains: Chains = (),
    ) -> None:
        embedding = embed(X, categorical, alike, chains)
        self._y = y
        self._known = known
        self._owner = embedding.owner
        self._features, *trends = embedding.features(X)
        self._coded, self._agree = embedding.coded, _pairs(embedding.codes(X))
        self._trends = [F @ F.T for F in trends if F.shape[1]]
        self.scales = len(categorical) + len(embedding.groups)
        self.prior = _prior(embedding, 2 + len(self._trends))

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the negative log posterior at theta, up to a constant, and its gradient."""
        values = np.exp(theta)
        signal, noise, *weights = values[self.scales :]
        Z = self._features / values[self._owner]
        norms = (Z**2).sum(axis=1)
        squared = squared_distances(norms, Z, norms, Z)
        inverse_squares = values[self._coded] ** -2
        if len(self._coded):
            agree = self._agree.T @ inverse_squares
            squared += inverse_squares.sum() - agree.reshape(squared.shape)
        correlation, slope = matern(squared)
        K = signal * correlation
        for weight, trend in zip(weights, self._trends, strict=True):
            K += weight * trend
        K.flat[:: len(K) + 1] += noise + self._known
        factor, info = lapack.dpotrf(K, lower=True)
        if info != 0:  # not positive definite
            return _HOPELESS, np.zeros_like(theta)
        inverse, _ = lapack.dpotri(factor, lower=True)  # its lower triangle, above it zeros
        inverse = inverse.T + inverse
        inverse.flat[:: len(K) + 1] *= 0.5
        solved = inverse @ self._y
        value, gradient = self.prior(theta)
        value += 0.5 * float(self._y @ solved) + float(np.log(np.diag(factor)).sum())
        # d value / d theta_j = sum of G * dK / d theta_j (equation 5.9)
        G = 0.5 * (inverse - solved[:, None] * solved)
        W = signal * G * slope
        gradient[: self.scales] += self._lengthscale_gradient(Z, W)
        if len(self._coded):
            gradient[self._coded] += inverse_squares * (W.sum() - self._agree @ W.ravel())
        sums = [np.vdot(G, correlation), np.trace(G), *[np.vdot(G, T) for T in self._trends]]
        gradient[self.scales :] += values[self.scales :] * sums
        return value, gradient

    def _lengthscale_gradient(self, Z: Floats, W: Floats) -> Floats:
        """Return, per length scale, the sum of W_ij (z_i - z_j)^2 over pairs and features.

        That is 2 (sum_i w_i z_i^2 - z' W z) with row sums w.
        """
        each = 2.0 * (W.sum(axis=1) @ Z**2 - (Z * (W @ Z)).sum(axis=0))
        return np.bincount(self._owner, each, self.scales).astype(np.float64)


def _pairs(codes: Floats) -> csr_array:
    """Tell in which columns of codes (n, c) which of all pairs of rows agree, ``(c, n * n)``."""
    rows = [np.flatnonzero(column[:, None] == column) for column in codes.T]
    ends = np.cumsum([0, *map(len, rows)])
    places = np.concatenate([np.empty(0, dtype=np.intp), *rows])
    return csr_array((np.ones(len(places)), places, ends), shape=(len(rows), len(codes) ** 2))


def fit(
    X: Floats,
    y: Floats,
    categorical: Bools,
    *,
    alike: Ints | None = None,
    known: Floats | float = 0.0,
    start: Hyperparameters | None = None,
    chains: Chains = (),
) -> Hyperparameters:
    """Return the hyperparameters of highest posterior density.

    Args:
        X: points of the unit cube ``(n, d)``; NaN marks an inactive parameter.
        y: values ``(n,)`` of about zero mean and unit variance.
        categorical: which columns hold choices, compared by equality, shape ``(d,)``.
        alike: labels ``(d,)``; categorical columns with equal labels >= 0 have the same choices.
        known: variances ``(n,)`` of the noise in ``y`` as far as they are known. The noise that is
            fitted comes on top: what the kernel cannot explain, and noise that nobody knows.
        start: hyperparameters that suited much of the data, or values alike, to be adjusted; by
            default the search is thorough, from two fixed starts.
        chains: of the result, unless ``start`` has its own.
    """
    if start is not None:
        chains = start.chains
    objective = _Objective(X, y, categorical, alike, known, chains)
    if start is None:
        shorter = objective.prior.mean.copy()
        shorter[: objective.scales] -= 1.0
        starts = [objective.prior.mean, shorter]
    else:
        variances = [start.signal, start.noise, start.linear, start.quadratic]
        theta = np.log(np.maximum(np.concatenate([start.lengthscales, variances]), _TINY))
        starts = [theta[: len(objective.prior.mean)]]
    results = [
        minimize(
            objective,
            np.clip(theta, *objective.prior.bounds.T),
            jac=True,
            method="L-BFGS-B",
            bounds=objective.prior.bounds,
            options={"maxiter": _ITERATIONS, "ftol": _LITTLE},
        )
        for theta in starts
    ]
    best = min(results, key=lambda result: float(result.fun))
    values = np.exp(best.x)
    signal, noise, linear, quadratic = [*values[objective.scales :], 0.0, 0.0][:4]
    return Hyperparameters(
        values[: objective.scales],
        float(signal),
        float(noise),
        float(linear),
        float(quadratic),
        chains,
    )
