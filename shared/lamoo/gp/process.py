"""One Gaussian process: the posterior and its gradient, given hyperparameters.

========= ============ =====================================================================
symbol    shape        meaning
========= ============ =====================================================================
``X``     ``(n, d)``   observed points of the unit cube, NaN where inactive
``y``     ``(n,)``     standardised objective values
``Z``     ``(n, p)``   Euclidean features of ``X``, divided by length scales
``F``     ``(n, q)``   trend features of ``X``, times their standard deviations
``K``     ``(n, n)``   signal * Matern-5/2(distances of Z) + F F' + noise * I + diag(known)
========= ============ =====================================================================

Three things make it predict well from few points:

- a trend, linear and quadratic in every numeric parameter with Gaussian weights: it keeps a fit
  with many parameters from explaining a global slope as noise;
- features that say more than single parameters do (:mod:`lamoo.gp.embedding`);
- a hierarchical prior of the hyperparameters (:mod:`lamoo.gp.hyperparameters`).

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), algorithm 2.1 and
equation 5.12.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import blas, lapack

from lamoo.arrays import Bools, Floats, Ints
from lamoo.gp.embedding import Scaled, embed
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.kernel import matern

#: Candidates per block: larger temporary arrays cost page faults, and three times the time.
_CHUNK = 256
#: What is added to the diagonal, as a share of the mean variance, until the factorisation succeeds.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4)
#: The least variance of the noise of what is believed. It keeps the kernel matrix positive definite
#: where a point is believed twice: it is ten thousand times what rounding takes from an eigenvalue.
_LEAST_NOISE = 1e-6
#: Variances are at least this: rounding may make one negative.
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class GP:
    """A Gaussian process conditioned on data; made by :func:`condition`."""

    hyperparameters: Hyperparameters
    _scaled: Scaled
    _Z: Floats  # (n, p), and codes of choices after that
    _F: Floats  # (n, q)
    _root: Floats  # (n, n) inverse of the Cholesky factor of K
    _solved: Floats  # (n,) K^-1 y

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation ``(n,)`` of the noise-free value at points (n, d)."""
        mean, std = np.empty(len(X)), np.empty(len(X))
        for start in range(0, len(X), _CHUNK):
            block = slice(start, start + _CHUNK)
            Z, F = self._scaled(X[block])
            k = self.hyperparameters.signal * matern(self._squared(Z))[0] + F @ self._F.T
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
        correlation, slope = matern(self._squared(Z)[0])
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

        Means stay as they are, and standard deviations shrink near these points: the kriging
        believer. The Cholesky factor grows
        by ``b`` rows, which costs ``b`` times ``n^2`` where conditioning anew costs ``n^3``.

        Raises:
            numpy.linalg.LinAlgError: if the grown kernel matrix is singular.
        """
        h, n = self.hyperparameters, len(self._Z)
        Z, F = self._scaled(X)
        cross = self._covariance(Z, F) @ self._root.T  # (b, n)
        norms = self._scaled.norms(Z)
        rest = h.signal * matern(self._scaled.squared(norms, Z, norms, Z))[0] + F @ F.T
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
        k = h.signal * matern(self._scaled.squared(norms, Z, theirs, predicted.Z))[0]
        k += self._F[n:] @ predicted.F.T
        explained = rows[:, :n] @ predicted.covariance.T + rows[:, n:] @ k
        return _std(predicted.variance - (explained**2).sum(axis=0))

    def _covariance(self, Z: Floats, F: Floats) -> Floats:
        """Return prior covariances of scaled points with the data, shape ``(b, n)``."""
        return np.asarray(self.hyperparameters.signal * matern(self._squared(Z))[0] + F @ self._F.T)

    @cached_property
    def _norms(self) -> Floats:
        """The squared norms of the data, shape ``(n,)``."""
        return self._scaled.norms(self._Z)

    def _squared(self, Z: Floats) -> Floats:
        """Return squared distances of scaled features (b, p) to the data, shape ``(b, n)``."""
        norms = self._scaled.norms(Z)
        return self._scaled.squared(norms, Z, self._norms, self._Z)


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
        categorical: as for :func:`lamoo.gp.hyperparameters.fit`.
        hyperparameters: fitted with the same ``categorical`` and ``alike``.
        alike: as for :func:`lamoo.gp.hyperparameters.fit`.
        known: as for :func:`lamoo.gp.hyperparameters.fit`.

    Raises:
        numpy.linalg.LinAlgError: if the kernel matrix is singular even with the largest jitter.
    """
    h = hyperparameters
    embedding = embed(X, categorical, alike, h.chains)
    scaled = embedding.scaled(h.lengthscales, h.linear, h.quadratic)
    Z, F = scaled(X)
    norms = scaled.norms(Z)
    K = h.signal * matern(scaled.squared(norms, Z, norms, Z))[0] + F @ F.T
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
