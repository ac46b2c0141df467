"""Where hypervolume is measured from while the next point is looked for.

A user's reference point is taken as it is. Otherwise one is inferred anew for each proposal, from
what was observed, what is expected, and what is known; all points are transformed values here, as
the processes see them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.gp.acquisition import Process, predict
from lamoo.gp.inputs import inputs_of, known_everywhere, known_range
from lamoo.gp.targets import Transform
from lamoo.space import Space
from lamoo.space.history import History

#: Points of a space at which the front is expected, see :func:`_with_expected_ends`.
EXPECTED = 1024


@dataclass(frozen=True)
class Expectation:
    """What a model expects of points (n, d).

    Args:
        objectives: their transformed values, shape ``(n, m)``.
        constraints: those of constraints, shape ``(n, c)``, kept where ``<= 0``; ``None`` for none.
    """

    objectives: Callable[[Floats], Floats]
    constraints: Callable[[Floats], Floats] | None = None


def expectation(
    objectives: Sequence[Process], constraints: Sequence[Process], space: Space
) -> Expectation:
    """Return what the processes of objectives and constraints expect of a space's points."""

    def means(processes: Sequence[Process], X: Floats) -> Floats:
        return predict(processes, inputs_of(space, X))[0]

    limits = partial(means, constraints) if constraints else None
    return Expectation(partial(means, objectives), limits)


def current_ref_point(
    space: Space, history: History, targets: Floats, violation: Floats, expect: Expectation
) -> Floats:
    """Infer the reference point (m,) for the next proposal, transformed.

    Of the two that take turns (:func:`inferred_ref_point`) the far one is such that the front that
    is expected gains hypervolume, where trainings were stopped.

    Args:
        space: theirs.
        history: what was tried, and what was stopped.
        targets: transformed values of results, minimised, shape ``(n, m)``.
        violation: of each, ``(n,)``, 0 where feasible; at least one is.
        expect: what else is expected.
    """
    turn = len(history.tried)
    ref_point = inferred_ref_point(targets, violation, turn)
    if not len(history.stopped) or _is_near(len(ref_point), turn):
        return ref_point
    return _with_expected_ends(ref_point, targets[violation == 0], space, expect)


def _with_expected_ends(
    ref_point: Floats, targets: Floats, space: Space, expect: Expectation
) -> Floats:
    """Return the far reference point (m,) such that the front that is expected gains hypervolume.

    Where trainings are stopped, only what is good comes to its end. The largest networks are
    stopped unless one is the best of all: results tell then of none that is so large, and beyond
    the point that they infer nothing would be gained. It costs little to look: what is not as good
    as expected is stopped. Of the front is only what is expected to keep the constraints, and not
    to fail.

    Args:
        ref_point: as results infer it.
        targets: of feasible results, transformed, shape ``(n, m)``.
        space: theirs, looked at whole or at :data:`EXPECTED` random points.
        expect: of its points.
    """
    whole = space.size <= EXPECTED
    X = space.enumerate() if whole else space.sample(EXPECTED, np.random.default_rng(0))
    X = X[space.allows(X)]
    if len(X) and expect.constraints is not None:
        X = X[(expect.constraints(X) <= 0).all(axis=1)]
    if not len(X):
        return ref_point
    everything = np.concatenate([targets, expect.objectives(X)])
    return np.maximum(ref_point, pareto.reference_point(everything, of_front=True))


def _is_near(m: int, turn: int) -> bool:
    """Tell whether the inferred reference point is the near one of two that take turns."""
    return m == 2 and turn % 2 == 1


def inferred_ref_point(targets: Floats, violation: Floats, turn: int) -> Floats:
    """Infer the reference point (m,) from targets (n, m).

    With two objectives a near and a far reference point take turns: the near one, which the front
    infers, alone neglects the front's ends, the far one, which all values infer, alone its middle.
    With three, the far one and one twice as far: a front that reaches beyond the worst value
    observed so far gains hardly anything otherwise (VehicleSafety, five seeds: 67 trials to where
    it took 81).

    Args:
        targets: transformed values, minimised.
        violation: of each point, ``(n,)``, 0 where feasible.
        turn: the number of points tried so far.
    """
    m, near = targets.shape[1], _is_near(targets.shape[1], turn)
    ref_point = pareto.reference_point(targets, of_front=near, violation=violation)
    if m == 3 and turn % 2 == 1:
        best = targets[pareto.nondominated(targets, violation)].min(axis=0)
        ref_point = 2 * ref_point - best
    return np.asarray(ref_point)


def known_ref_point(
    targets: Floats, violation: Floats, space: Space, transforms: Sequence[Transform]
) -> Floats:
    """Infer the reference point (m,) where objectives are known: 10 % beyond the space's worst.

    What a known objective can be at worst need not be inferred from the trials, and the front's
    ends are worth reaching, since it is certain where they are. After 25 trials of
    NAS-Bench-201 (accuracy and size, features given; median of four seeds) .993 instead of .991
    of the hypervolume, on the authors' task .965 instead of .949.
    """
    ref_point = pareto.reference_point(targets, of_front=False, violation=violation)
    for j in space.known.objectives:
        best, worst = known_range(space, j)
        far = transforms[j](np.array([worst + 0.1 * (worst - best)]))[0]
        # what is not known may be worse
        ref_point[j] = far if known_everywhere(space, j) else max(far, ref_point[j])
    return ref_point
