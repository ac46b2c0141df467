"""From what an experiment measured to the engine's history, all objectives minimised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ax_lamoo.encoding import Encoding, Params
from ax_lamoo.goals import Goals, weighted
from ax_lamoo.measured import Measured, kept_items
from lamoo import History
from lamoo.arrays import Bools
from lamoo.curves import Curve, Curves
from lamoo.space.partial import Partial
from lamoo.space.rows import first_rows, rows_in


def history_of(
    encoding: Encoding,
    measured: Measured,
    goals: Goals,
    pending: Sequence[Params],
    failed: Sequence[Params],
) -> tuple[History, Measured]:
    """Return what is known of the experiment, and the arms that have all outcomes, in its order.

    Of a trial that lacks some of the outcomes that count, the others are learned, and what it
    measured along a curve. It may still be running, or have been stopped early; a trial that ended
    without any of them has failed, or whose last measurement along a curve was infinite. Arms that
    break an equality constraint have no place where one parameter follows from the others, and are
    left out.

    Args:
        encoding: of the search space.
        measured: the arms that have data.
        goals: what is optimized, of the same metrics.
        pending: parameters that wait for an outcome.
        failed: parameters of arms that ended without data.
    """
    measured = measured.at(encoding.on_plane(measured.parameters))
    pending, failed = (kept_items(some, encoding.on_plane(some)) for some in (pending, failed))
    A, b = goals.constraints
    X, running = encoding.encode(measured.parameters), measured.running
    Y = -weighted(measured.outcomes, goals.weights)
    G = weighted(measured.outcomes, A) - b
    with np.errstate(over="ignore"):
        noise = weighted(measured.sems**2, goals.weights**2)
    used = (np.concatenate([goals.weights, A]) != 0).any(axis=0)
    counting = ~np.isnan(measured.outcomes[:, used])
    whole = np.asarray(counting.all(axis=1))
    curves = [
        Curve(along.steps, -weighted(along.values, goals.weights), y if ended else None)
        for along, y, ended in zip(measured.curves, Y, whole, strict=True)
    ]
    reported = np.array([curve.sound for curve in curves], dtype=bool)
    some = (counting.any(axis=1) | reported) & ~whole
    waiting = first_rows(np.concatenate([encoding.encode(pending), X[running & ~whole]]))
    done = rows_in(waiting, X[whole | (some & ~running)])
    history = History(
        X[whole],
        Y[whole],
        G[whole],
        waiting[~done],
        np.concatenate([X[~whole & ~some & ~running], encoding.encode(failed)]),
        noise=noise[whole],
        partial=Partial(X[some], Y[some], G[some], noise[some], _of(curves, some)),
        curves=_of(curves, whole),
    )
    return history, measured.at(whole)


def _of(curves: Sequence[Curve], rows: Bools) -> Curves | None:
    """Return the curves of some rows, ``None`` if no arm has any."""
    if not any(map(len, curves)):
        return None
    kept = kept_items(curves, rows)
    return Curves.of(kept, curves[0].values.shape[1])
