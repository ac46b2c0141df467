"""Earlier experiments, or tables of their trials, that an experiment may start from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.core.experiment import Experiment
from ax.core.parameter import ChoiceParameter, Parameter, ParameterType, RangeParameter
from ax.exceptions.core import UserInputError

from ax_lamoo.goals import Goals, goals_beforehand, goals_of, weighted
from ax_lamoo.results import FINISHED, measurements_of, settled
from lamoo import History
from lamoo.arrays import Floats


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Source:
    """The trials of an earlier experiment.

    Args:
        parameters: name -> value of each trial.
        outcomes: name -> value of each trial, metrics in their units; a table's columns are both.
        goals: its own objectives; ``None`` for a table, which does not tell them.
        metrics: their names; ``None`` for a table, where any column may be one.
    """

    parameters: Sequence[Mapping[str, Any]]
    outcomes: Sequence[Mapping[str, Any]]
    goals: Goals | None = None
    metrics: tuple[str, ...] | None = None

    def history(
        self,
        encode: Callable[[Sequence[Mapping[str, Any]]], Floats],
        names: Sequence[str],
        metrics: Sequence[str],
        goals: Goals,
    ) -> History:
        """Return the trials that share a parameter with the experiment at hand.

        Their objectives are those of the experiment at hand, in its directions, as far as they were
        measured; if none was they are the earlier experiment's own. So are their constraints.

        Args:
            encode: returns the points (n, d) of parameters, NaN where one is missing or unknown.
            names: of the parameters at hand.
            metrics: at hand, ``k``.
            goals: at hand, about these metrics.

        Raises:
            UserInputError: if a table has none of the objectives.
        """
        # of a parameter and a metric with one name summarize() keeps the parameter (Ax 1.3.1)
        columns = self._columns() - {*names}
        known = set(self.metrics) if self.metrics is not None else columns
        used = _used(goals.weights, metrics)
        shared = np.array([{*needed} <= known for needed in used], dtype=bool)
        A, b = goals.constraints
        if shared.any():
            Y = -self._outcomes(metrics, goals.weights[shared])
            judged = np.array([{*n} <= known for n in _used(A, metrics)], dtype=bool)
            G = self._outcomes(metrics, A[judged]) - b[judged]
        elif self.goals is not None and self.metrics is not None:
            Y = -self._outcomes(self.metrics, self.goals.weights)
            A, b = self.goals.constraints
            G = self._outcomes(self.metrics, A) - b
        else:
            wanted = sorted({name for needed in used for name in needed})
            raise UserInputError(
                f"warm_start: a table must have a column for an objective, of {wanted}, got "
                f"{sorted(known)}"
            )
        params = [{n: row[n] for n in names if _given(row.get(n))} for row in self.parameters]
        X = encode(params)
        whole = ~np.isnan(Y).any(axis=1) & ~np.isnan(X).all(axis=1)
        return History(X[whole], Y[whole], G[whole])

    def _columns(self) -> set[str]:
        return {str(name) for name in (self.outcomes[0] if self.outcomes else ())}

    def _outcomes(self, metrics: Sequence[str], weights: Floats) -> Floats:
        """Return weighted sums (n, j) of metrics, given weights (j, k); NaN if one is missing."""
        columns = np.full((len(self.outcomes), len(metrics)), np.nan)
        for k in np.flatnonzero((weights != 0).any(axis=0)).tolist():
            columns[:, k] = [_number(row.get(metrics[k])) for row in self.outcomes]
        return weighted(columns, weights)


def sources_of(warm_start: object) -> tuple[Source, ...]:
    """Return the trials of clients, experiments or tables as ``client.summarize()`` returns.

    Raises:
        UserInputError: if they are none of these.
    """
    given = () if warm_start is None else warm_start
    if not isinstance(given, Sequence) or isinstance(given, str):
        given = (given,)
    return tuple(_source(each) for each in given)


def known_value(parameter: Parameter, value: Any) -> Any:
    """Return a value as a parameter of a search space has it, ``None`` if it cannot.

    Numbers may lie outside its range; choices are those it has, numbers equal to nine digits.
    """
    if not _given(value):
        return None
    try:
        cast = parameter.cast(value)
        number = math.nan if isinstance(cast, str) else float(value)
    except (TypeError, ValueError):
        return None
    if isinstance(parameter, RangeParameter):
        fine = math.isfinite(number) and (number > 0 or not parameter.log_scale)
        return number if fine else None
    if not isinstance(parameter, ChoiceParameter):
        return None
    same = [
        v
        for v in parameter.values
        if v == cast
        or (parameter.parameter_type == ParameterType.FLOAT and math.isclose(v, number))
    ]
    # a text that reads as true is no value of a bool
    exact = parameter.parameter_type == ParameterType.STRING or cast == value
    return same[0] if same and exact else None


def _source(given: Any) -> Source:
    if isinstance(given, Client):
        given = given._experiment  # noqa: SLF001 - no public way
    if isinstance(given, Experiment):
        measured, config = measurements_of(given), given.optimization_config
        outcomes = [
            {m: v for m, v in zip(measured.metrics, row, strict=True) if not np.isnan(v)}
            for row in measured.means.tolist()
        ]
        parameters, metrics = measured.parameters, measured.metrics
        if config is None:
            return Source(parameters, outcomes, None, metrics)
        if not parameters:
            return Source((), (), goals_beforehand(config, metrics), metrics)
        config = settled(config, given, given.lookup_data().df)
        return Source(parameters, outcomes, goals_of(config, metrics), metrics)
    if not hasattr(given, "columns") or not hasattr(given, "to_dict"):
        raise UserInputError(
            "warm_start must hold clients, experiments, or tables with columns named as parameters "
            f"and metrics are, as client.summarize() returns, got {given!r}"
        )
    ended = {None, *(status.name for status in FINISHED)}
    rows = [row for row in given.to_dict("records") if row.get("trial_status") in ended]
    return Source(rows, rows)


def _used(weights: Floats, metrics: Sequence[str]) -> list[list[str]]:
    """Return the names of the metrics (k) that have a weight in each row of weights (j, k)."""
    return [[m for m, w in zip(metrics, row, strict=True) if w] for row in weights]


def _given(value: object) -> bool:
    """Tell whether a cell of a table holds something."""
    return value is not None and value == value  # noqa: PLR0124 - NaN


def _number(value: Any) -> float:
    """Return a metric's value, NaN if there is none.

    Raises:
        UserInputError: if it is no number.
    """
    try:
        return float(value) if value is not None else np.nan
    except (TypeError, ValueError) as error:
        raise UserInputError(f"warm_start: a metric must be a number, got {value!r}") from error
