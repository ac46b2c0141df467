"""Earlier studies, or tables of their trials, that a study may start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import TrialState

from lamoo import History
from lamoo.arrays import Floats
from optuna_lamoo import columns, objectives


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Source:
    """The trials of an earlier study.

    Args:
        params: of each trial.
        values: of each trial, in the user's directions, shape ``(n, m)``.
        directions: signs that turn the values to minimisation ``(m,)``; ``None`` for those of the
            study at hand.
        limits: constraint values of each trial by name, kept where at most 0.
    """

    params: Sequence[Mapping[str, Any]]
    values: Floats
    directions: Floats | None
    limits: Sequence[Mapping[str, float]]

    def history(self, search_space: Mapping[str, BaseDistribution], signs: Floats) -> History:
        """Return the trials that share a parameter with the space, as the engine's history."""
        params = [columns.placed(each, search_space) for each in self.params]
        X = columns.to_space(search_space).encode(params)
        some = ~np.isnan(X).all(axis=1)
        if self.directions is not None:
            signs = self.directions
        elif len(signs) != self.values.shape[1]:
            signs = np.ones(self.values.shape[1])
        names = sorted({name for row in self.limits for name in row})
        rows = [[row.get(name, np.nan) for name in names] for row in self.limits]
        G = np.array(rows, dtype=float).reshape(len(rows), len(names))
        return History(X[some], signs * self.values[some], G[some])


def sources_of(warm_start: object) -> tuple[Source, ...]:
    """Return the trials of earlier studies or of tables like ``study.trials_dataframe()``.

    Raises:
        ValueError: if they are neither.
    """
    given = () if warm_start is None else warm_start
    if not isinstance(given, Sequence):
        given = (given,)
    return tuple(_source(each) for each in given)


def _source(given: Any) -> Source:
    if isinstance(given, Study):
        trials = given.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        m = len(given.directions)
        values = np.array([trial.values for trial in trials], dtype=float).reshape(-1, m)
        limits = [objectives.constraints(trial) for trial in trials]
        return Source(
            [t.params for t in trials], values, objectives.signs(given.directions), limits
        )
    columns = [str(name) for name in getattr(given, "columns", ())]
    params = [name for name in columns if name.startswith("params_")]
    measured = [name for name in columns if name == "value" or name.startswith("values_")]
    if not params or not measured:
        msg = (
            "warm_start must hold studies, or tables with columns 'params_...' and 'values_...' as "
            f"study.trials_dataframe() returns, got {type(given).__name__} {columns or given!r}"
        )
        raise ValueError(msg)
    rows = given.to_dict("records")
    table = np.array([[row[name] for name in measured] for row in rows], dtype=float)
    whole = ~np.isnan(table.reshape(-1, len(measured))).any(axis=1)
    prefix = len("params_")
    rows = [row for row, fine in zip(rows, whole, strict=True) if fine]
    return Source(
        [{name[prefix:]: row[name] for name in params if row[name] == row[name]} for row in rows],
        table[whole],
        None,
        [objectives.constraints_of_row(row) for row in rows],
    )
