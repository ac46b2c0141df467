"""Whether numbers are increments, so that objectives are better fitted to their cumulative sums.

What increments and chains are: :mod:`lamoo.gp.embedding`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamoo.arrays import Floats
from lamoo.gp.embedding import Chains
from lamoo.gp.forms import ObjectiveFit
from lamoo.gp.sample import Sample, fit_winsorised, tau_of
from lamoo.space import Space

#: From so many numbers on they may be increments (:mod:`lamoo.gp.embedding`), which so many
#: observations show: of one chain, or of two or three that take turns, as the coordinates of
#: displacements do. In 32 observations increments were seen where there are none.
MANY_INCREMENTS, ENOUGH_FOR_CHAINS, STRIDES = 40, 50, (1, 2, 3)
#: They are increments if, of the order of one objective's left-out values that was missing (1 less
#: Kendall's tau), at most this share still is. Each objective is then fitted to sums, unless its
#: missing order grows by the inverse of this factor or more.
CLEARLY = 0.75
#: Differences of Kendall's tau below this say nothing.
_EQUAL = 1e-3


def candidates(space: Space, n: int) -> list[Chains]:
    """Return the chains that numbers may be increments of, none if n observations show none."""
    many = int((~space.categorical).sum()) >= MANY_INCREMENTS and n >= ENOUGH_FOR_CHAINS
    return [_chains(space, stride) for stride in STRIDES] if many else []


def _chains(space: Space, stride: int) -> Chains:
    """Return the chains that numbers may be increments of, so many that take turns.

    Numbers follow one another by the numbers in their names (``x2`` before ``x10``, ``y0`` between
    ``x0`` and ``x1``): Optuna's spaces are in the order of the alphabet. Otherwise as declared.
    """
    names = [name for name, p in space.parameters.items() if p.ordered]
    numbered = [[int(digits) for digits in re.findall(r"\d+", name)] for name in names]
    order = sorted(range(len(names)), key=numbered.__getitem__)
    return tuple(tuple(order[first::stride]) for first in range(stride))


def as_chains(
    samples: Sequence[Sample], fits: Sequence[ObjectiveFit], each_chains: Sequence[Chains]
) -> list[ObjectiveFit]:
    """Return fits to the sums of increments, where that predicts left-out values better.

    Whether numbers are increments is a property of them, so that all objectives say it together;
    which objectives depend on the sums, each says of itself.

    Args:
        samples: of the transformed final values of each objective.
        fits: of each, to the numbers themselves.
        each_chains: the chains that they may be increments of, see :func:`candidates`.
    """
    missing = _missing(fits)
    others = [
        [_fit_as_chains(*each, chains) for each in zip(samples, fits, strict=True)]
        for chains in each_chains
    ]
    ratios = [_missing(other) / missing for other in others]
    other, ratio = min(
        zip(others, ratios, strict=True), key=lambda each: float(np.minimum(each[1], 1.0).prod())
    )
    if ratio.min() > CLEARLY:
        return [*fits]
    each = zip(fits, other, (ratio * CLEARLY < 1.0).tolist(), strict=True)
    return [new if well else fitted for fitted, new, well in each]


def _missing(fits: Sequence[ObjectiveFit]) -> Floats:
    """Return how much of the order of left-out values each fit misses, 1 less Kendall's tau."""
    return np.array([1.0 + _EQUAL - fitted.tau for fitted in fits])


def _fit_as_chains(sample: Sample, fitted: ObjectiveFit, chains: Chains) -> ObjectiveFit:
    if fitted.stepwise:
        return fitted
    hyperparameters = fit_winsorised(sample, None, chains)
    return replace(fitted, hyperparameters=hyperparameters, tau=tau_of(sample, hyperparameters))
