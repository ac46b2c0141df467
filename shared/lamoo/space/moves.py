"""Small changes of points: the mutation that every search for neighbours uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamoo.arrays import Floats
from lamoo.space.space import Space

#: The expected number of changed parameters, drawn anew for each point. With one a single parameter
#: is refined; with three a point can follow several that only pay if they change together.
RATES = (1.0, 3.0)
#: The size of a step of a number is ``10 ** u`` of its range, u uniform between these: as often a
#: few thousandths, which refine, as a few tenths, which leave the neighbourhood.
EXPONENTS = (-2.5, -0.5)


def perturb(
    space: Space,
    X: Floats,
    rng: np.random.Generator,
    rates: Sequence[float] = RATES,
    spare: Floats | None = None,
) -> Floats:
    """Change a few parameters of each point, at least one, and snap; shape ``(n, d)``.

    A number moves by a normal step whose size is drawn log-uniformly (see :data:`EXPONENTS`), to
    the next value at least, and away from a bound that it sits on; a choice becomes another one.
    Only what is active in a point is changed, or the point would stay what it is; an inactive
    parameter gets its spare value, or a uniform one, in case the change activates it.

    Args:
        space: the points' space.
        X: points, shape ``(n, d)``.
        rng: the random generator.
        rates: expected numbers of changed parameters; each point draws one of them.
        spare: values for inactive parameters, shape ``(n, d)``, NaN for none.
    """
    n, d = X.shape
    rate = rng.choice(rates, n)
    filled = np.where(np.isnan(X), rng.random((n, d)), X)
    if spare is not None:
        filled = np.where(np.isnan(X) & ~np.isnan(spare), spare, filled)
    if not space.free.any():
        return space.snap(filled)
    columns = np.flatnonzero(space.free)
    active = ~np.isnan(X[:, columns])
    # a point without active parameters may change in all
    active |= ~active.any(axis=1, keepdims=True)
    count = active.sum(axis=1)
    change = np.zeros((n, d), dtype=bool)
    change[:, columns] = active & (rng.random((n, len(columns))) < rate[:, None] / count[:, None])
    # one of those that are active, where the draw is the place among all
    place = rng.integers(len(columns), size=n) * count // len(columns)
    one = columns[np.argmax(active.cumsum(axis=1) > place[:, None], axis=1)]
    change[np.arange(n), one] |= ~change.any(axis=1)
    return space.snap(np.where(change, _stepped(space, filled, rng), filled))


def _stepped(space: Space, X: Floats, rng: np.random.Generator) -> Floats:
    """Return points (n, d) with every parameter changed, as a number or as a choice."""
    n, d = X.shape
    sigma = 10 ** rng.uniform(*EXPONENTS, (n, 1))
    step = sigma * rng.standard_normal((n, d))  # drawn also where nothing is a number
    if space.categorical.all():
        return _turned(space, X, rng)
    up, down = space.gaps(X)
    rises = np.where(step > 0, X + up < 1, X - down <= 0)
    least = np.where(rises, up, down)
    step = np.where(rises, 1.0, -1.0) * np.maximum(np.abs(step), least)
    moved = np.clip(X + step, 0.0, 1.0)
    if not space.categorical.any():
        return np.asarray(moved)
    return np.where(space.categorical, _turned(space, X, rng), moved)


def _turned(space: Space, X: Floats, rng: np.random.Generator) -> Floats:
    """Return points (n, d) with another choice everywhere, each alike."""
    choices = np.where(space.categorical, space.levels, 2)
    # 1 to k - 1 cells on, round the end
    turn = rng.integers(1, np.maximum(choices, 2), X.shape) / space.levels
    return np.asarray((X + turn) % 1.0)
