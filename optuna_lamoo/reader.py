"""From trials to the engine's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Space
from lamoo.arrays import Floats
from optuna_lamoo.columns import answers, to_space
from optuna_lamoo.memory import Finished, News
from optuna_lamoo.notes import enqueued, proposal
from optuna_lamoo.objectives import constraints, signs


class Reader:
    """Reads histories from trials, and remembers the finished ones, which do not change any more.

    One thread at a time.
    """

    def __init__(self) -> None:
        """Start without memories."""
        self._finished = Finished()
        self._columns: list[tuple[str, BaseDistribution]] = []
        self._space = to_space({})

    def history(
        self,
        search_space: Mapping[str, BaseDistribution],
        trials: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
    ) -> History:
        """Return what the trials say, with all objectives turned to minimisation.

        Pruned and failed trials have no objective values; their points are only never proposed
        again.
        """
        columns = list(search_space.items())  # their order counts
        if self._columns != columns:
            self._columns, self._finished = columns, Finished()
            self._space = to_space(search_space)
        news = self._finished.read(trials)
        self._remember(search_space, news, len(directions))
        complete = ~np.isnan(self._values[news.rows]).any(axis=1)
        evaluated, failed = news.rows[complete], news.rows[~complete]
        return History(
            X=self._X[evaluated],
            Y=signs(directions) * self._values[evaluated],
            G=self._G[evaluated],
            pending=to_points(search_space, self._space, news.unfinished),
            failed=_somewhere(self._X[failed]),
        )

    def _remember(self, search_space: Mapping[str, BaseDistribution], news: News, m: int) -> None:
        new = news.finished
        if len(new) == len(news.rows):  # nothing was known before
            self._X, self._values = np.empty((0, len(search_space))), np.empty((0, m))
            self._names: list[str] = []
            self._G = np.empty((0, 0))
        values = [_values(trial) or [np.nan] * m for trial in new]
        self._values = np.concatenate([self._values, np.array(values).reshape(len(new), m)])
        X = self._space.encode([answers(t, search_space) for t in new])
        self._X = np.concatenate([self._X, X])
        self._G = self._with_columns([constraints(t) if _values(t) else {} for t in new])

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
    known = [
        answers(trial, search_space)
        if trial.state.is_finished()
        else proposal(trial, search_space)
        | enqueued(trial, search_space)
        | dict(answers(trial, search_space))
        for trial in trials
    ]
    return _somewhere(space.encode(known))


def _somewhere(X: Floats) -> Floats:
    """Return the points (n, d) that have any parameter."""
    return X[~np.isnan(X).all(axis=1)]
