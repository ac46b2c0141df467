"""One Gaussian process: the fit, the posterior and the posterior's gradient.

========= ============ =====================================================================
symbol    shape        meaning
========= ============ =====================================================================
``X``     ``(n, d)``   observed points of the unit cube, NaN where inactive
``y``     ``(n,)``     standardised objective values
``Z``     ``(n, p)``   Euclidean features of ``X``, divided by length scales
``F``     ``(n, q)``   trend features of ``X``, times their standard deviations
``K``     ``(n, n)``   signal * Matern-5/2(distances of Z) + F F' + noise * I + diag(known)
``theta`` ``(t,)``     logarithms of lengthscales, signal, noise, linear, quadratic
========= ============ =====================================================================

Three things make it predict well from few points:

- a trend, linear and quadratic in every numeric parameter with Gaussian weights: it keeps a fit
  with many parameters from explaining a global slope as noise;
- features that say more than single parameters do (:mod:`lamoo.gp.embedding`);
- a hierarchical prior: length scales share an unknown common factor and differ less than it does.

The fit is the mode of the posterior. Source: Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006): algorithm 2.1, equations 5.8 and 5.9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg import blas, lapack
from scipy.optimize import minimize

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.embedding import Chains, Embedding, Scaled, embed

#: Candidates per block: larger temporary arrays cost page faults, and three times the time.
_CHUNK = 256
#: L-BFGS iterations from each start at most. The last one is that which gains less than this share
#: of the negative log density: it ends a few thousandths off the mode, in two thirds of the time.
_ITERATIONS, _LITTLE = 60, 1e-4
#: What is added to the diagonal, as a share of the mean variance, until the factorisation succeeds.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4)
#: What is believed counts as observed with at least this variance: a point may be believed twice.
#: That is its jitter, ten thousand times what rounding takes from an eigenvalue within all bounds.
_LEAST_NOISE = 1e-6
#: Variances are at least this: rounding may make one negative.
_LEAST_VARIANCE = 1e-12
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


# --------------------------------------------------------------------------- kernel


def _squared_distances(norms_a: Floats, A: Floats, norms_b: Floats, B: Floats) -> Floats:
    """Return squared distances between the rows of A (a, p) and B (b, p), shape ``(a, b)``."""
    product = A @ B.T
    product *= -2.0
    product += norms_a[:, None]
    product += norms_b
    return np.asarray(product)


def _matern(squared: Floats) -> tuple[Floats, Floats]:
    """Return the Matern-5/2 correlation of squared distances, and -2 times its derivative.

    With s = sqrt(5 r^2): (1 + s + s^2 / 3) exp(-s), and 5/3 (1 + s) exp(-s).
    """
    s = np.sqrt(np.maximum(5.0 * squared, 0.0))
    decay = np.exp(-s)
    slope = (s + 1.0) * decay
    s *= s
    s *= decay
    s /= 3.0
    s += slope
    slope *= 5.0 / 3.0
    return s, slope


# ------------------------------------------------------------------ hyperparameters


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
        self._trends = [F @ F.T for F in trends if F.shape[1]]
        self.scales = len(categorical) + len(embedding.groups)
        self.prior = _prior(embedding, 2 + len(self._trends))

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the negative log posterior at theta, up to a constant, and its gradient."""
        values = np.exp(theta)
        signal, noise, *weights = values[self.scales :]
        Z = self._features / values[self._owner]
        norms = (Z**2).sum(axis=1)
        correlation, slope = _matern(_squared_distances(norms, Z, norms, Z))
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
        gradient[: self.scales] += self._lengthscale_gradient(Z, signal * G * slope)
        sums = [np.vdot(G, correlation), np.trace(G), *[np.vdot(G, T) for T in self._trends]]
        gradient[self.scales :] += values[self.scales :] * sums
        return value, gradient

    def _lengthscale_gradient(self, Z: Floats, W: Floats) -> Floats:
        """Return, per length scale, the sum of W_ij (z_i - z_j)^2 over pairs and features.

        That is 2 (sum_i w_i z_i^2 - z' W z) with row sums w.
        """
        each = 2.0 * (W.sum(axis=1) @ Z**2 - (Z * (W @ Z)).sum(axis=0))
        return np.bincount(self._owner, each, self.scales).astype(np.float64)


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


# ------------------------------------------------------------------------ posterior


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class GP:
    """A Gaussian process conditioned on data; made by :func:`condition`."""

    hyperparameters: Hyperparameters
    _scaled: Scaled
    _Z: Floats  # (n, p)
    _F: Floats  # (n, q)
    _root: Floats  # (n, n) inverse of the Cholesky factor of K
    _solved: Floats  # (n,) K^-1 y

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation ``(n,)`` of the noise-free value at points (n, d)."""
        mean, std = np.empty(len(X)), np.empty(len(X))
        for start in range(0, len(X), _CHUNK):
            block = slice(start, start + _CHUNK)
            Z, F = self._scaled(X[block])
            k = self.hyperparameters.signal * _matern(self._squared(Z))[0] + F @ self._F.T
            mean[block] = k @ self._solved
            explained = blas.dtrmm(1.0, self._root, k.T, lower=True, overwrite_b=True).T
            variance = self.hyperparameters.signal + (F**2).sum(axis=1)
            std[block] = _std(variance - np.einsum("ij,ij->i", explained, explained))
        return mean, std

    def left_out(self, y: Floats, together: Ints | None = None) -> Floats:
        """Return what is predicted at each data point (n,) from all others.

        Rasmussen and Williams (2006), equation 5.12; where several are left out together, its
        generalisation to blocks of the inverse kernel matrix.

        Args:
            y: the values that were conditioned on, shape ``(n,)``.
            together: equal for those that are left out together, shape ``(n,)``; by default each
                alone.
        """
        if together is None:
            return np.asarray(y - self._solved / (self._root**2).sum(axis=0))
        precision, predicted = self._root.T @ self._root, y.copy()
        order = np.argsort(together, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(together[order])) + 1):
            block = precision[np.ix_(rows, rows)]
            predicted[rows] -= np.linalg.solve(block, self._solved[rows])
        return predicted

    def winsorised(self, y: Floats, most: float) -> tuple[GP, Floats]:
        """Return the process conditioned on winsorised values, and those values (n,).

        A value more than ``most`` standard deviations above what all others predict (Rasmussen and
        Williams, 2006, equation 5.12) counts as if it were just that far above. Twice, because one
        outlier hides another.

        Args:
            y: the values that were conditioned on, shape ``(n,)``.
            most: how many standard deviations are allowed, positive.
        """
        process = self
        width = most / np.sqrt((self._root**2).sum(axis=0))
        for _ in range(2):
            y = np.minimum(y, process.left_out(y) + width)
            process = replace(self, _solved=self._root.T @ (self._root @ y))
        return process, y

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return :meth:`predict` of one point x (d,), and the gradients (d,) of mean and std.

        The gradients are 0 in categorical and in inactive columns.
        """
        h, columns = self.hyperparameters, self._scaled.embedding.numbers
        q = len(columns)
        Z, F = self._scaled(x[None])
        z, f = Z[0, :q], F[0]
        correlation, slope = _matern(self._squared(Z)[0])
        k = h.signal * correlation + self._F @ f
        explained = self._root @ k
        weights = np.array([self._solved, explained @ self._root])  # K^-1 y and K^-1 k
        mean = float(self._solved @ k)
        std = math.sqrt(max(h.signal + f @ f - explained @ explained, _LEAST_VARIANCE))
        # sums over data of weights (2, n) times the gradient of k, shape (2, q)
        pull = weights * slope
        local = pull @ self._Z[:, :q] - pull.sum(axis=1, keepdims=True) * z
        scales, trend = h.lengthscales[columns], weights @ self._F
        dlinear = self._scaled.linear
        dquadratic = 2.0 * self._scaled.quadratic * z * scales
        last = len(f) - q
        sums = h.signal / scales * local + dlinear * trend[:, :q] + dquadratic * trend[:, last:]
        prior = dlinear * f[:q] + dquadratic * f[last:]  # half the gradient of k(x, x)
        slopes = np.stack([sums[0], prior - sums[1]])
        if h.chains:
            slopes = slopes @ self._scaled.embedding.sums
        active = ~np.isnan(x[columns])
        dmean, dstd = np.zeros(len(x)), np.zeros(len(x))
        dmean[columns] = slopes[0] * active
        dstd[columns] = slopes[1] * active / std
        return mean, std, dmean, dstd

    def believing(self, X: Floats) -> GP:
        """Return the process conditioned also on its own means at points (b, d), as if observed.

        No mean changes by that, only what is sure: the kriging believer. The Cholesky factor grows
        by ``b`` rows, which costs ``b`` times ``n^2`` where conditioning anew costs ``n^3``.

        Raises:
            numpy.linalg.LinAlgError: if the grown kernel matrix is singular.
        """
        h, n = self.hyperparameters, len(self._Z)
        Z, F = self._scaled(X)
        cross = self._covariance(Z, F) @ self._root.T  # (b, n)
        norms = self._scaled.norms(Z)
        rest = h.signal * _matern(_squared_distances(norms, Z, norms, Z))[0] + F @ F.T
        rest -= cross @ cross.T
        rest.flat[:: len(X) + 1] += max(h.noise, _LEAST_NOISE)
        inverse = np.linalg.inv(np.linalg.cholesky(rest))
        root = np.zeros((n + len(X), n + len(X)))
        root[:n, :n], root[n:, n:] = self._root, inverse
        root[n:, :n] = -inverse @ cross @ self._root
        return replace(
            self,
            _Z=np.concatenate([self._Z, Z]),
            _F=np.concatenate([self._F, F]),
            _root=root,
            _solved=np.concatenate([self._solved, np.zeros(len(X))]),
        )

    def at(self, X: Floats) -> Prediction:
        """Return what is predicted at points (c, d), to be kept for when more is believed."""
        h = self.hyperparameters
        Z, F = self._scaled(X)
        k = self._covariance(Z, F)
        explained = blas.dtrmm(1.0, self._root, k.T, lower=True)
        variance = h.signal + (F**2).sum(axis=1) - (explained**2).sum(axis=0)
        return Prediction(Z, F, k, k @ self._solved, variance)

    def std(self, predicted: Prediction) -> Floats:
        """Return standard deviations (c,) at points that were predicted before, and believed since.

        Args:
            predicted: by this process, or by the one whose :meth:`believing` returned this.
        """
        n = predicted.covariance.shape[1]
        Z, rows = self._Z[n:], self._root[n:]  # (b, p) and (b, n + b)
        h = self.hyperparameters
        norms = self._scaled.norms(Z)
        theirs = self._scaled.norms(predicted.Z)
        k = h.signal * _matern(_squared_distances(norms, Z, theirs, predicted.Z))[0]
        k += self._F[n:] @ predicted.F.T
        explained = rows[:, :n] @ predicted.covariance.T + rows[:, n:] @ k
        return _std(predicted.variance - (explained**2).sum(axis=0))

    def _covariance(self, Z: Floats, F: Floats) -> Floats:
        """Return prior covariances of scaled points with the data, shape ``(b, n)``."""
        return np.asarray(
            self.hyperparameters.signal * _matern(self._squared(Z))[0] + F @ self._F.T
        )

    @cached_property
    def _norms(self) -> Floats:
        """The squared norms of the data, shape ``(n,)``."""
        return self._scaled.norms(self._Z)

    def _squared(self, Z: Floats) -> Floats:
        """Return squared distances of scaled features (b, p) to the data, shape ``(b, n)``."""
        norms = self._scaled.norms(Z)
        return _squared_distances(norms, Z, self._norms, self._Z)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Prediction:
    """What a process predicts at some points, see :meth:`GP.at`.

    Args:
        Z: scaled features of the points, shape ``(c, p)``.
        F: their trend features, shape ``(c, q)``.
        covariance: of the points with the data, shape ``(c, n)``.
        mean: at each point, shape ``(c,)``.
        variance: at each point, shape ``(c,)``.
    """

    Z: Floats
    F: Floats
    covariance: Floats
    mean: Floats
    variance: Floats


def condition(
    X: Floats,
    y: Floats,
    categorical: Bools,
    hyperparameters: Hyperparameters,
    *,
    alike: Ints | None = None,
    known: Floats | float = 0.0,
) -> GP:
    """Return the process conditioned on values y (n,) observed at points X (n, d).

    Args:
        X: points of the unit cube; NaN marks an inactive parameter.
        y: standardised values.
        categorical: as for :func:`fit`.
        hyperparameters: from :func:`fit`, with the same ``categorical`` and ``alike``.
        alike: as for :func:`fit`.
        known: as for :func:`fit`.

    Raises:
        numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
    """
    h = hyperparameters
    embedding = embed(X, categorical, alike, h.chains)
    scaled = embedding.scaled(h.lengthscales, h.linear, h.quadratic)
    Z, F = scaled(X)
    norms = scaled.norms(Z)
    K = h.signal * _matern(_squared_distances(norms, Z, norms, Z))[0] + F @ F.T
    K.flat[:: len(K) + 1] += known
    variance = float(np.trace(K)) / max(len(K), 1)
    for jitter in _JITTERS:
        noisy = K.copy()
        noisy.flat[:: len(K) + 1] += h.noise + jitter * variance
        factor, info = lapack.dpotrf(noisy, lower=True)
        if info == 0 and np.isfinite(factor).all():
            root, _ = lapack.dtrtri(factor, lower=True)
            return GP(h, scaled, Z, F, root, root.T @ (root @ y))
    message = "the kernel matrix is not positive definite"
    raise np.linalg.LinAlgError(message)


def _std(variance: Floats) -> Floats:
    """Return square roots of variances that rounding may have made negative."""
    return np.asarray(np.sqrt(np.maximum(variance, _LEAST_VARIANCE)))
