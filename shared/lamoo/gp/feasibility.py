"""Processes of what makes a point infeasible: constraints that were violated, and failures."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from lamoo.arrays import Floats
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.inputs import inputs_of
from lamoo.gp.process import GP
from lamoo.gp.sample import fit_to, process_of
from lamoo.gp.training import points_of, training_set
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.schedule import begun, scheduled

#: It is learned where evaluations fail from this many evaluations, and as many failures, at most.
MAX_OUTCOMES = 64


def constraint_processes(
    space: Space, history: History, data: History, size: int
) -> tuple[GP, ...]:
    """Return one process per constraint that was ever violated, feasible where ``<= 0``."""
    G = np.concatenate([data.G, data.partial.G])
    violated = np.flatnonzero((G > 0).any(axis=0)).tolist()
    if not violated:
        return ()
    set_of = cache(lambda n, k: training_set(_first(history, n, k), size))
    counts = history.n, len(history.partial.X)
    early, late = (set_of(*map(length, counts)) for length in (begun, scheduled))
    processes = []
    for c in violated:
        now, then, before = (_reports(space, part, c) for part in (data, late, early))
        then = then if len(then[1]) else now
        hyperparameters = _adjusted(before if len(before[1]) else then, then, space)
        processes.append(process_of(*now, space, hyperparameters))
    return tuple(processes)


def _first(history: History, n: int, k: int) -> History:
    """Return only the first ``n`` evaluations, and the first ``k`` points of what is partial."""
    first, partially = history.first(n), history.partial
    return first if k == len(partially.X) else first.replaced(partial=partially.at(np.arange(k)))


def _adjusted(
    early: tuple[Floats, Floats], late: tuple[Floats, Floats], space: Space
) -> Hyperparameters:
    """Return hyperparameters fitted to inputs (k, p) and values (k,), adjusted to later ones."""
    fitted = fit_to(*early, space)
    same = map(partial(np.array_equal, equal_nan=True), early, late)
    return fitted if all(same) else fit_to(*late, space, fitted)


def failure_process(space: Space, history: History) -> tuple[GP, ...]:
    """Return a process that is negative where evaluations gave values, positive where they failed.

    Failures mostly have a cause in the parameters: a network that does not fit into memory, a
    learning rate that diverges. Where they happen by chance, the process explains them as noise,
    and predicts about the same everywhere.
    """
    outcomes = cache(lambda f, n, s: _outcomes(space, history, f, n, s))
    counts = len(history.failed), history.n, len(history.stopped)
    now = outcomes(*counts)
    if now is None:
        return ()
    early, late = (outcomes(*map(length, counts)) or now for length in (begun, scheduled))
    return (process_of(*now, space, _adjusted(early, late, space)),)


def _outcomes(
    space: Space, history: History, failed: int, evaluated: int, stopped: int
) -> tuple[Floats, Floats] | None:
    """Return the inputs (k, p) of evaluations and failures, and -1 or 1 (k,).

    Args:
        space: theirs.
        history: theirs.
        failed: how many failures count, the first ones.
        evaluated: how many evaluations.
        stopped: how many trainings that were stopped, which had not failed by then.
    """
    known = history.failures(MAX_OUTCOMES, failed)
    if not len(known):
        return None
    good = training_set(history.first(evaluated), MAX_OUTCOMES).X
    good = np.concatenate([good, _spread(history.stopped[:stopped])])
    outcome = np.repeat([-1.0, 1.0], [len(good), len(known)])
    return inputs_of(space, np.concatenate([good, known])), outcome


def _spread(X: Floats) -> Floats:
    """Return points (k, d), at most :data:`MAX_OUTCOMES`, spread over all of X (n, d)."""
    return X[np.linspace(0, len(X) - 1, min(len(X), MAX_OUTCOMES)).astype(np.intp)]


def _reports(space: Space, data: History, constraint: int) -> tuple[Floats, Floats]:
    """Return the inputs (k, p) at which a constraint was reported, its compressed values (k,)."""
    g = np.concatenate([data.G[:, constraint], data.partial.G[:, constraint]])
    reported = ~np.isnan(g)
    return inputs_of(space, points_of(data)[reported]), signed_log(g[reported])


def signed_log(g: Floats) -> Floats:
    """Compress constraint values (n,) to logarithms of their magnitude, sign and 0 unchanged."""
    largest = 1e300  # such that the mean of two, which a median may be, does not overflow
    g = np.clip(g, -largest, largest)
    scale = float(np.median(np.abs(g))) or 1.0
    with np.errstate(over="ignore"):
        return np.asarray(np.sign(g) * np.log1p(np.minimum(np.abs(g) / scale, largest)))
