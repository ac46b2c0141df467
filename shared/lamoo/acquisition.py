"""How much a candidate is worth: expected hypervolume improvement, probability of feasibility.

Everything is minimised. A candidate's objectives are independent normals with ``mean`` and
``std`` (n, m); ``front`` (f, m) holds the observed values and ``reference`` (m,) bounds the
objective space of interest from above. Values are natural logarithms, finite far into the tails:
candidates that will hardly improve anything are still ranked.

Up to three objectives: :func:`box_decomposition`, then :func:`log_ehvi` (exact). From four, where
the number of boxes explodes: :func:`random_rays`, :func:`ray_lengths`, then :func:`log_ray_ehvi`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx, gammaln, log_ndtr

from lamoo.arrays import Floats, Ints

_LOG_2PI = float(np.log(2.0 * np.pi))
_SMALLEST_STD = 1e-9  # below it an objective counts as known
_LARGEST_Z = 1e60  # stands for infinity: its fourth power is still finite
_CELLS = 1 << 16  # array elements per block of candidates: a block stays in the cache
_DROPPED = 20.0  # rays that much less probable (in logs) than a candidate's best are left out
_CERTAIN = 5.0  # standard deviations at which a probability counts as 1
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(6)


# ------------------------------------------------------------------------------- boxes


def box_decomposition(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return disjoint boxes ``[lower, upper)`` that hold all improvements, shape ``(b, m)`` each.

    Their union is the set of vectors below the reference point that no point of the front weakly
    dominates. Lower corners are -inf in at least the first objective.

    Sources: local upper bounds by Lacour, Klamroth and Fonseca, "A box decomposition algorithm to
    compute the hypervolume indicator" (2017), algorithm 2 and equation 2; every box is extended
    downwards, as in Dächert et al., "Efficient computation of the search region" (2017).

    Args:
        front: values ``(f, m)``; f may be 0. Dominated points, ties, duplicates and points beyond
            the reference point do no harm.
        reference: upper corner ``(m,)``.

    Example:
        >>> lower, upper = box_decomposition(np.array([[1.0, 2.0]]), np.array([3.0, 3.0]))
        >>> lower.tolist(), upper.tolist()
        ([[-inf, 2.0], [-inf, -inf]], [[1.0, 3.0], [3.0, 2.0]])
    """
    points = front[(front < reference).all(axis=1)]
    # In lexicographic order no point dominates an earlier one, and ties are broken consistently:
    # the later of two equal coordinates counts as infinitesimally larger.
    points = points[np.lexsort(points.T[::-1])]
    m = len(reference)
    if m == 1:
        best = np.minimum(reference, points.min(axis=0, initial=np.inf))
        return np.full((1, 1), -np.inf), best[None, :]
    if m == 2:
        return _staircase(points, reference)
    upper, defining = _local_upper_bounds(points, reference)
    lower = np.full_like(upper, -np.inf)
    for j in range(1, m):
        lower[:, j] = defining[:, :j, j].max(axis=1)
    full = (lower < upper).all(axis=1)
    return lower[full], upper[full]


def _staircase(points: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return the boxes of lexicographically sorted points ``(f, 2)``: one per step."""
    before = np.minimum.accumulate(np.append(np.inf, points[:, 1]))[:-1]
    steps = points[points[:, 1] < before]
    right = np.append(steps[:, 0], reference[0])
    top = np.append(reference[1], steps[:, 1])
    bottom = np.append(steps[:, 1], -np.inf)
    return (
        np.column_stack([np.full(len(right), -np.inf), bottom]),
        np.column_stack([right, top]),
    )


def _local_upper_bounds(points: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return local upper bounds ``(b, m)`` and the points defining them ``(b, m, m)``.

    The j-th defining point of a bound u shares its j-th coordinate and lies below u in the others.
    """
    m = len(reference)
    bounds = reference[None, :].copy()
    defining = np.full((1, m, m), -np.inf)
    defining[0, range(m), range(m)] = reference
    for point in points:
        hit = (point < bounds).all(axis=1)
        parents, owners = bounds[hit], defining[hit]
        new_bounds, new_defining = [bounds[~hit]], [defining[~hit]]
        for j in range(m):
            others = [k for k in range(m) if k != j]
            splits = point[j] >= owners[:, others, j].max(axis=1)
            child, child_owner = parents[splits], owners[splits]
            child[:, j] = point[j]
            child_owner[:, j] = point
            new_bounds.append(child)
            new_defining.append(child_owner)
        bounds, defining = np.concatenate(new_bounds), np.concatenate(new_defining)
    return bounds, defining


# ----------------------------------------------------------------- exact improvement


def log_ehvi(mean: Floats, std: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the log expected hypervolume improvement of candidates, shape ``(n,)``.

    E = sum over boxes of the product over objectives of the integral of P(objective <= t) from
    lower to upper: the mean volume of each box that the candidate would dominate.

    Args:
        mean: posterior means ``(n, m)``.
        std: posterior standard deviations ``(n, m)``; 0 is allowed.
        lower: lower corners ``(b, m)`` of :func:`box_decomposition`.
        upper: upper corners ``(b, m)``.
    """
    rows = max(1, _CELLS // max(lower.size, 1))
    blocks = [slice(i, i + rows) for i in range(0, len(mean), rows)]
    values = [_log_sum(_log_widths(mean[b], std[b], lower, upper).sum(axis=2)) for b in blocks]
    return np.concatenate(values) if values else np.empty(0)


def log_ehvi_gradient(
    mean: Floats, std: Floats, lower: Floats, upper: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return :func:`log_ehvi` ``(n,)`` and its gradients ``(n, m)`` in mean and in std.

    For a few candidates: memory grows with n x b x m.
    """
    widths = _log_widths(mean, std, lower, upper)
    volumes = widths.sum(axis=2)
    value = _log_sum(volumes)
    share = np.exp(volumes - value[:, None])[:, :, None]
    s = np.maximum(std, _SMALLEST_STD)[:, None, :]
    above = _standardise(upper[None], mean[:, None, :], s)
    below = _standardise(lower[None], mean[:, None, :], s)
    # d width / d mean = cdf(below) - cdf(above); d width / d std = pdf(above) - pdf(below)
    cdf_above, cdf_below = log_ndtr(above), log_ndtr(below)
    counts = np.broadcast_to(share > 0, widths.shape)  # elsewhere widths of 0 would divide
    widths = np.where(counts, widths, 0.0)
    dmean = np.exp(np.where(counts, cdf_above, -np.inf) - widths)
    dmean *= np.expm1(np.where(counts, cdf_below - cdf_above, 0.0))
    pdf_above, pdf_below = (np.where(counts, _log_pdf(z), -np.inf) for z in (above, below))
    uncertain = std[:, None, :] > _SMALLEST_STD
    pdf_above, pdf_below = (np.where(uncertain, pdf, -np.inf) for pdf in (pdf_above, pdf_below))
    dstd = np.exp(pdf_above - widths) - np.exp(pdf_below - widths)
    return value, (share * dmean).sum(axis=1), (share * dstd).sum(axis=1)


def _log_widths(mean: Floats, std: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return logs ``(n, b, m)`` of the integrals of P(objective <= t) over the boxes' sides."""
    result = np.empty((len(mean), *lower.shape))
    for j in range(lower.shape[1]):
        edges, where = np.unique(np.concatenate([lower[:, j], upper[:, j]]), return_inverse=True)
        scale = np.maximum(std[:, [j]], _SMALLEST_STD)
        z = _standardise(edges, mean[:, [j]], scale)
        result[:, :, j] = np.log(scale) + _log_difference(z, *np.split(where, 2))
    return result


def _log_difference(z: Floats, low: Ints, high: Ints) -> Floats:
    """Return ``log(h(z[:, high]) - h(z[:, low]))`` for the h of :func:`_log_h`."""
    values = _log_h(z)
    gap = values[:, low] - values[:, high]
    width, middle = z[:, high] - z[:, low], 0.5 * (z[:, high] + z[:, low])
    # where the difference would cancel, h' = cdf at the middle is accurate
    narrow = width * (1.0 + np.abs(middle)) < 1e-4
    result = values[:, high] + np.log1p(-np.exp(np.where(narrow, -1.0, gap)))
    if narrow.any():
        with np.errstate(divide="ignore"):
            result[narrow] = np.log(width[narrow]) + log_ndtr(middle[narrow])
    return np.asarray(result)


def _log_h(z: Floats) -> Floats:
    """Return the log of h(z) = pdf(z) + z cdf(z), the integral of the normal cdf up to z.

    With a = abs(z), h(-a) = pdf(a) (1 - a sqrt(pi/2) erfcx(a / sqrt 2)) and h(a) = a + h(-a). The
    bracket cancels for large a, where its lower bound 1/a^2 - 3/a^4 is tight.
    """
    a = np.abs(z)
    square = a * a
    bracket = 1.0 - a * np.sqrt(0.5 * np.pi) * erfcx(a / np.sqrt(2.0))
    bracket = np.maximum(bracket, (square - 3.0) / (square * square + 1e-300))
    below = np.log(bracket) + _log_pdf(a)
    positive = z > 0.0
    return np.where(positive, np.log(np.where(positive, z + np.exp(below), 1.0)), below)


def _standardise(edges: Floats, mean: Floats, std: Floats) -> Floats:
    """Return (edges - mean) / std, clipped so that it can be squared."""
    return np.clip((edges - mean) / std, -_LARGEST_Z, _LARGEST_Z)


def _log_pdf(z: Floats) -> Floats:
    """Return the log density of the standard normal."""
    return np.asarray(-0.5 * (z * z + _LOG_2PI))


def _log_sum(terms: Floats) -> Floats:
    """Return the log of the sum of exponentials along the second axis, shape ``(n,)``."""
    largest = terms.max(axis=1)
    return np.asarray(largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1)))


# ------------------------------------------------------------- improvement along rays


def random_rays(count: int, m: int, rng: np.random.Generator) -> Floats:
    """Return random unit vectors of the positive orthant, shape ``(count, m)``."""
    rays = np.abs(rng.standard_normal((count, m)))
    rays = np.maximum(rays, 1e-6)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def ray_lengths(front: Floats, reference: Floats, rays: Floats) -> Floats:
    """Return how far each ray from the reference point runs inside the set the front dominates.

    Args:
        front: values ``(f, m)``; f may be 0.
        reference: reference point ``(m,)``.
        rays: directions ``(r, m)``.

    Returns:
        Lengths, shape ``(r,)``.
    """
    gain = np.maximum(reference - front, 0.0)
    return np.asarray((gain[:, None, :] / rays).min(axis=2).max(axis=0, initial=0.0))


def log_ray_ehvi(
    mean: Floats, std: Floats, reference: Floats, rays: Floats, start: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return an estimate of the log EHVI ``(n,)`` and its gradients ``(n, m)`` in mean and std.

    A hypervolume is the mean over rays from the reference point of c t^m, t being how far the ray
    runs inside the dominated set and c the volume of the unit ball in one orthant. So the
    improvement along a ray that leaves the front's set at b is the integral over t > b of
    c m t^(m-1) P(candidate dominates the ray's point at t): in closed form where P is 1, then by
    quadrature. The cost does not depend on the number of points in the front, and there is no noise
    but the rays'.

    Sources: Deng and Zhang, "Approximating hypervolume and hypervolume contributions using polar
    coordinate" (2019); Golovin and Zhang, "Random hypervolume scalarizations" (2020), lemma 5.

    Args:
        mean: posterior means ``(n, m)``.
        std: posterior standard deviations ``(n, m)``.
        reference: reference point ``(m,)``.
        rays: directions ``(r, m)`` of :func:`random_rays`; keep them fixed within one search.
        start: how far each ray runs inside the front's set, from :func:`ray_lengths`, ``(r,)``.
    """
    m = len(reference)
    std = np.maximum(std, _SMALLEST_STD)
    i, r, z, slope = _likely_rays(reference - mean, std, rays, start)
    # as long as all z exceed _CERTAIN the probability is 1 and the integral a power of t
    certain = np.maximum(((z - _CERTAIN) / slope).min(axis=1), 0.0)
    begin = start[r] + certain
    known = (begin**m - start[r] ** m) / m
    z = z - certain[:, None] * slope
    # where the integrand has died down: z falls by `drop` from its value at the start
    tail = np.minimum(z, 0.0)
    drop = np.maximum(z, 0.0) + 16.0 / (np.sqrt(tail**2 + 16.0) - tail)
    length = (drop / slope).min(axis=1, keepdims=True)
    steps = 0.5 * length * (1.0 + _NODES)  # (pairs, nodes)
    t = begin[:, None] + steps
    z = z[:, None, :] - steps[:, :, None] * slope[:, None, :]  # (pairs, nodes, m)
    log_cdf = log_ndtr(z)
    terms = np.log(0.5 * length * _NODE_WEIGHTS) + (m - 1) * np.log(t) + log_cdf.sum(axis=2)
    first = np.searchsorted(i, np.arange(len(mean)))
    log_known = np.full(len(known), -np.inf)
    np.log(known, out=log_known, where=known > 0)
    largest = np.maximum.reduceat(np.maximum(terms.max(axis=1), log_known), first)
    weight = np.exp(terms - largest[i, None])
    total = np.add.reduceat(weight.sum(axis=1) + np.exp(log_known - largest[i]), first)
    # d log cdf(z) / d mean = -slope / std, and z times that for std
    pull = weight[:, :, None] * _log_cdf_slope(z) / std[i, None, :]
    dmean = -np.add.reduceat(pull.sum(axis=1), first) / total[:, None]
    dstd = -np.add.reduceat((pull * z).sum(axis=1), first) / total[:, None]
    dstd = np.where(std > _SMALLEST_STD, dstd, 0.0)
    # c m / number of rays
    constant = 0.5 * m * np.log(np.pi / 4.0) - gammaln(0.5 * m + 1.0) + np.log(m / len(rays))
    return constant + largest + np.log(total), dmean, dstd


def _likely_rays(
    slack: Floats, std: Floats, rays: Floats, start: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return pairs (candidate i, ray r) that matter, z there ``(p, m)`` and z's slope ``(p, m)``.

    z = (slack - t ray) / std at t = start; the candidate passes t with probability prod cdf(z).
    """
    depth = np.zeros((len(slack), len(rays)))
    for j in range(slack.shape[1]):
        z = (slack[:, [j]] - start * rays[:, j]) / std[:, [j]]
        depth -= 0.5 * np.minimum(z, 0.0) ** 2
    i, r = np.nonzero(depth >= depth.max(axis=1, keepdims=True) - _DROPPED)
    return i, r, (slack[i] - start[r, None] * rays[r]) / std[i], rays[r] / std[i]


# ---------------------------------------------------------------------- feasibility


def log_feasibility(mean: Floats, std: Floats) -> Floats:
    """Return the log probability that every constraint is <= 0, shape ``(n,)``.

    Args:
        mean: posterior means ``(n, c)`` of independent constraint values; c may be 0.
        std: posterior standard deviations ``(n, c)``.
    """
    return np.asarray(log_ndtr(-mean / np.maximum(std, _SMALLEST_STD)).sum(axis=1))


def log_feasibility_gradient(mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
    """Return :func:`log_feasibility` ``(n,)`` and its gradients ``(n, c)`` in mean and in std."""
    s = np.maximum(std, _SMALLEST_STD)
    z = -mean / s
    pull = _log_cdf_slope(z) / s
    return log_feasibility(mean, std), -pull, -pull * z


def _log_cdf_slope(z: Floats) -> Floats:
    """Return pdf / cdf of the standard normal, the derivative of the log cdf."""
    return np.asarray(np.sqrt(2.0 / np.pi) / erfcx(-z / np.sqrt(2.0)))
