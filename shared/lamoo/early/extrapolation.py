"""Stopping by extrapolation: what trials ended with, from where they were at the same step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtrit
from scipy.stats import qmc

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats, frozen
from lamoo.checks import check, check_whole, is_number
from lamoo.curves import Curve, Curves

#: How many draws of what a trial may end with tell how likely it is to reach the front.
DRAWS = 256


@dataclass(frozen=True)
class Extrapolation:
    """Stops a trial that is unlikely to reach the front, after this report and the one before.

    How likely that is follows from the trials that finished, see :func:`reaching`. Two verdicts in
    a row are asked for, since one report may be a slip.

    Args:
        chance: the least probability of reaching the front that is worth going on for, between 0
            and 1. A trial that will reach it is stopped less often than that: most are not in doubt
            for long.
        n_startup: trials that finish before any is stopped, at least 4.

    Raises:
        ValueError: if one is outside what is listed here.
    """

    chance: float = 0.08
    n_startup: int = 6

    def __post_init__(self) -> None:
        """Check the arguments."""
        fine = is_number(self.chance, 0) and self.chance <= 1
        check("chance", self.chance, "between 0 and 1", fine=fine)
        check_whole("n_startup", self.n_startup, 4)

    def stops(self, curve: Curve, others: Curves) -> bool:
        """Tell whether to stop a trial that has just made its last report.

        Args:
            curve: of the trial, with a value of each objective.
            others: all other trials of the study.
        """
        if len(curve) < 2 or others.ended.sum() < self.n_startup:
            return False
        before = Curve(curve.steps[:-1], curve.values[:-1])
        return all(reaching(c, others, self.n_startup) < self.chance for c in (curve, before))


def reaching(curve: Curve, others: Curves, fewest: int = 4) -> float:
    """Return how likely a trial is to end with values that no finished one dominates or equals.

    What an objective will be is extrapolated (:func:`extrapolate`) from the last reports, and from
    the best so far, of which the more hopeful answer counts: the last report may be a slip, and
    some objectives only grow. Objectives that do not change with steps
    (:attr:`lamoo.curves.Curves.constant`) are exact, and the errors of the others are taken to be
    independent. A training that has gone wrong (``inf``) never recovers, unless some finished one
    did.

    Args:
        curve: of the trial, with a value of each objective.
        others: all other trials of the study.
        fewest: with fewer finished trials that came as far the answer is 1: nobody knows.
    """
    own, bests = curve.values[-1], curve.values.min(axis=0)
    changing = ~others.constant
    there, last, best = others.until(curve.steps[-1])
    finals = others.finals[there]
    sane = _sane(finals, last, best, np.stack([own, bests]))
    known = (sane[0] & sane[1] & sane[2]).all(axis=1)
    front = finished_front(others)
    rivals = front[(front[:, ~changing] <= own[~changing]).all(axis=1)][:, changing]
    if known.sum() < fewest or not len(rivals):
        return 1.0
    if not sane[3].all():
        return float(_recovered(others))
    seen = [each[known][:, changing] for each in (last, best)]
    finals = finals[known][:, changing]
    at = [own[changing], bests[changing]]
    # whatever the unit: squares of 1e-170 are 0, those of 1e160 infinite
    unit = np.frexp(np.abs(np.vstack([*seen, finals, *at])).max(axis=0))[1]
    rivals = np.ldexp(rivals, -unit)
    return max(
        _better(_draws(*(np.ldexp(part, -unit) for part in (x, finals, y))), rivals)
        for x, y in zip(seen, at, strict=True)
    )


def _draws(seen: Floats, finals: Floats, at: Floats) -> Floats:
    """Return draws (k, m) of what a trial ends with, given values ``at`` (m,) at some step.

    Args:
        seen: what others had at the step, shape ``(n, m)``.
        finals: what they ended with, shape ``(n, m)``.
        at: what the trial has.
    """
    draws = np.empty((DRAWS, len(at)))
    for j, uniform in enumerate(_uniform(len(at)).T):
        mean, std, freedom = extrapolate(seen[:, j], finals[:, j], at[j])
        draws[:, j] = mean + std * stdtrit(freedom, uniform)
    return draws


def _better(draws: Floats, rivals: Floats) -> float:
    """Return which share of draws (k, m) no rival (r, m) dominates or equals."""
    worse = np.all(rivals[None] <= draws[:, None], axis=2)  # (k, r)
    return float(1.0 - np.any(worse, axis=1).mean())


@lru_cache(maxsize=1)  # both verdicts ask for it, and all candidates to be asked again
def finished_front(curves: Curves) -> Floats:
    """Return the best values (f, m) that trials ended with; none dominates another.

    Without those that broke a constraint, and those whose values stand for a failure. Nobody can
    write to them.
    """
    finals = curves.finals[curves.feasible & np.isfinite(curves.finals).all(axis=1)]
    finals = finals[failures.sound(finals)]
    return frozen(finals[pareto.nondominated(finals)] if len(finals) else finals)


def extrapolate(x: Floats, y: Floats, at: float) -> tuple[float, float, float]:
    """Return what ``y`` is expected to be at a place, the error of that, and its freedom.

    A local linear regression (loess, Cleveland 1979): the nearer a pair the more it counts, by the
    tricube of its distance as a share of the largest. The forecast is Student's t: the expected
    value, plus the standard error of a new pair times t with the returned degrees of freedom (the
    effective number of pairs less two, at least 1). So a few pairs promise little, and so does a
    place far outside of them.

    Args:
        x: where pairs were observed, shape ``(n,)``, at least 3.
        y: what they led to, shape ``(n,)``.
        at: the place.
    """
    distance = np.abs(x - at)
    widest = distance.max()
    w = (1.0 - (distance / widest) ** 3) ** 3 if widest > 0 else np.ones(len(x))
    w = w / w.sum() if w.any() else np.full(len(x), 1.0 / len(x))  # all may be as far away
    centre = w @ x
    spread = w @ (x - centre) ** 2
    pull = (at - centre) * (x - centre) / spread if spread > 0 else np.zeros(len(x))
    lever = w * (1.0 + pull)  # the expected value is linear in y
    slope = w @ ((x - centre) * y) / spread if spread > 0 else 0.0
    error = y - w @ y - slope * (x - centre)
    pairs = 1.0 / (w @ w)
    freedom = max(pairs - 2.0, 1.0)
    variance = (w @ error**2) * pairs / freedom
    return float(lever @ y), float(np.sqrt(variance * (1.0 + lever @ lever))), float(freedom)


def _sane(*values: Floats) -> list[Bools]:
    """Tell which values (n, m) are measurements, judged by all of them."""
    good = failures.measured(np.concatenate(values))
    return np.split(good, np.cumsum([len(each) for each in values])[:-1])


def _recovered(curves: Curves) -> bool:
    """Tell whether any trial ended with sane values after a report that was not."""
    owner = np.repeat(np.arange(len(curves)), curves.ends - curves.begins)
    ended, reported = _sane(curves.finals, curves.values)
    # NaN, which nobody reported, is not meant
    wrong = owner[(~reported & ~np.isnan(curves.values)).any(axis=1)]
    return bool(ended[wrong].all(axis=1).any())


@lru_cache(maxsize=8)
def _uniform(dimensions: int) -> Floats:
    """Return points that fill the unit cube evenly, shape ``(DRAWS, dimensions)``."""
    return np.asarray(qmc.Sobol(dimensions, seed=0).random(DRAWS))
