"""From trials to the engine's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Space
from lamoo.arrays import Floats, Ints, frozen
from lamoo.curves import Curve, Curves
from lamoo.space.partial import Partial
from lamoo.space.points import Points
from optuna_lamoo.columns import answers, to_space
from optuna_lamoo.memory import Finished, News
from optuna_lamoo.notes import enqueued, proposal
from optuna_lamoo.objectives import constraints, signs
from optuna_lamoo.reports import curve, stopped_early


class Reader:
    """Reads histories from trials, and remembers the finished ones, which do not change any more.

    One thread at a time.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._finished = Finished()
        self._columns: list[tuple[str, BaseDistribution]] = []
        self._space = to_space({})
        self._rows, self._points = np.empty(0, dtype=np.intp), Points(np.empty((0, 0)))

    def history(
        self,
        search_space: Mapping[str, BaseDistribution],
        trials: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
        names: Sequence[str] | None = None,
    ) -> History:
        """Return what the trials say, with all objectives turned to minimisation.

        Pruned and failed trials have no objective values. What those, and running ones, reported
        along the way is partial knowledge. A trial that was pruned without any report, or whose
        last one was no number, failed.

        Args:
            search_space: the distributions of the columns.
            trials: of one study.
            directions: of its objectives.
            names: of its objectives, see :func:`optuna_lamoo.reports.curve`.
        """
        columns = list(search_space.items())  # their order counts
        if self._columns != columns:
            self._finished = Finished()  # before the columns: somebody may press Ctrl-C here, too
            self._columns = columns
        with self._finished.read(trials) as news:
            self._remember(search_space, news, directions, names)
            complete = ~np.isnan(self._values[news.rows]).any(axis=1)
            evaluated, lost = news.rows[complete], news.rows[~complete]
            points = self._evaluated(evaluated)
        failed = lost[~self._stopped[lost]]
        history = History(
            X=points.X,
            Y=signs(directions) * self._values[evaluated],
            G=self._G[evaluated],
            pending=to_points(search_space, self._space, news.unfinished),
            failed=_somewhere(self._X[failed]),
        ).knowing(points)
        going = [(t, curve(t, directions, names)) for t in news.unfinished]
        return self._with_reports(history, evaluated, lost, search_space, going)

    def _evaluated(self, rows: Ints) -> Points:
        """Return evaluated points, by their rows, of which the last time's are known."""
        X, k = _rows(self._X, rows), len(self._rows)
        same = k <= len(rows) and bool((rows[:k] == self._rows).all())
        self._points = self._points.extended(X) if same else Points(X)
        self._rows = rows
        return self._points

    def _with_reports(
        self,
        history: History,
        evaluated: Ints,
        lost: Ints,
        search_space: Mapping[str, BaseDistribution],
        going: Sequence[tuple[FrozenTrial, Curve]],
    ) -> History:
        """Return a history with what was reported along the way, if anything was.

        Args:
            history: without.
            evaluated: the rows of its evaluations.
            lost: the rows of trials that ended without values.
            search_space: the distributions of the columns.
            going: unfinished trials, and their curves.
        """
        m = history.Y.shape[1]
        told = lost[self._sound[lost]]
        now = [(trial, reports) for trial, reports in going if reports.sound]
        if not len(told) and not now:
            return history
        X = np.concatenate(
            [self._X[told], _points(search_space, self._space, [trial for trial, _ in now])]
        )
        somewhere = ~np.isnan(X).all(axis=1)
        curves = Curves.of([*(self._curves[i] for i in told), *(c for _, c in now)], m)
        missing = np.full((len(now), self._G.shape[1]), np.nan)
        unknown = np.full((len(X), m), np.nan)
        partial = Partial(X, unknown, np.concatenate([self._G[told], missing]), unknown, curves)
        return replace(
            history,
            partial=partial.at(np.flatnonzero(somewhere)),
            curves=Curves.of([self._curves[i] for i in evaluated], m),
            retrains=True,
        )

    def _remember(
        self,
        search_space: Mapping[str, BaseDistribution],
        news: News,
        directions: Sequence[StudyDirection],
        names: Sequence[str] | None,
    ) -> None:
        new, m = news.finished, len(directions)
        if news.anew:
            self._space = to_space(search_space)
            self._X, self._values = frozen(np.empty((0, len(search_space)))), np.empty((0, m))
            self._rows, self._points = news.rows[:0], Points(self._X)
            self._names: list[str] = []
            self._G = np.empty((0, 0))
            self._curves: list[Curve] = []
            self._stopped = self._sound = np.empty(0, dtype=bool)
        values = [_values(trial) or [np.nan] * m for trial in new]
        self._values = np.concatenate([self._values, np.array(values).reshape(len(new), m)])
        X = self._space.encode([answers(t, search_space) for t in new])
        if len(X):
            self._X = frozen(np.concatenate([self._X, X]))
        curves = [curve(t, directions, names) for t in new]
        stopped = [stopped_early(t, c) for t, c in zip(new, curves, strict=True)]
        self._curves += curves
        self._stopped = np.concatenate([self._stopped, np.array(stopped, dtype=bool)])
        sound = np.array([c.sound for c in curves], dtype=bool)
        self._sound = np.concatenate([self._sound, sound])
        counting = [_values(t) is not None or s for t, s in zip(new, stopped, strict=True)]
        self._G = self._with_columns(
            [constraints(t) if c else {} for t, c in zip(new, counting, strict=True)]
        )

    def _with_columns(self, reported: Sequence[Mapping[str, float]]) -> Floats:
        """Return the constraint values of all trials, one column per constraint, sorted by name.

        NaN where a trial does not report one.
        """
        names = sorted({*self._names, *(name for row in reported for name in row)})
        G = np.full((len(self._G) + len(reported), len(names)), np.nan)
        G[: len(self._G), [names.index(name) for name in self._names]] = self._G
        for i, row in enumerate(reported, len(self._G)):
            G[i, [names.index(name) for name in row]] = [*row.values()]
        self._names = names
        return G


def _rows(X: Floats, rows: Ints) -> Floats:
    """Return rows of points (n, d) that nobody can write: the same array if it is all of them."""
    everything = len(rows) == len(X) and bool((rows == np.arange(len(X))).all())
    return X if everything else frozen(X[rows])


def _values(trial: FrozenTrial) -> list[float] | None:
    """Return the objective values of a complete trial."""
    return trial.values if trial.state == TrialState.COMPLETE else None


def to_points(
    search_space: Mapping[str, BaseDistribution], space: Space, trials: Sequence[FrozenTrial]
) -> Floats:
    """Return where trials are, or will be as far as is known, one row for each that is anywhere.

    What a trial has goes before what the user enqueued for it, and that before its note.

    Args:
        search_space: the distributions of the columns.
        space: the same for the engine.
        trials: of one study.
    """
    return _somewhere(_points(search_space, space, trials))


def _points(
    search_space: Mapping[str, BaseDistribution], space: Space, trials: Sequence[FrozenTrial]
) -> Floats:
    """Return where trials are, or will be as far as is known, one row for each."""
    known = [
        answers(trial, search_space)
        if trial.state.is_finished()
        else proposal(trial, search_space)
        | enqueued(trial, search_space)
        | dict(answers(trial, search_space))
        for trial in trials
    ]
    return space.encode(known)


def _somewhere(X: Floats) -> Floats:
    """Return the points (n, d) that have any parameter."""
    return X[~np.isnan(X).all(axis=1)]
