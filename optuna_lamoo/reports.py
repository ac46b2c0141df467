"""How a trial's intermediate values stand in the storage, for any number of objectives.

Optuna stores one number per step, which does for one objective: ``trial.intermediate_values``. A
trial of several objectives holds its reports in the user attribute :data:`KEY`, as JSON in a text
that any tool can show: one row per step, ``[step, value, value, ...]``, the objectives in the
study's order and directions::

    trial.user_attrs["lamoo:reports"] == '[[1, 0.61, 11274.0], [2, 0.68, null], [3, 0.71, null]]'

``null`` stands for an objective that was not given at that step: it keeps its value. What is no
finite number stands as ``"nan"``, ``"inf"`` or ``"-inf"``. A text that has reached :data:`ROOM`
characters (about 50 steps of two objectives) is not touched again: later steps are in
``"lamoo:reports:1"``, ``"lamoo:reports:2"``, ... So a database's columns are wide enough, and a
storage that keeps every version of an attribute, as a journal does, stays small. What does not
read as such rows counts as not reported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, takewhile
from typing import Any

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lamoo.curves import Curve, held
from optuna_lamoo.objectives import constraints, signs

#: The user attribute that holds a trial's reports, and that the names of its sequels begin with.
KEY = "lamoo:reports"
#: How many characters an attribute may reach before another one is begun.
ROOM = 2_000

#: Integers up to this are different numbers for floats, too. No training has more steps.
FARTHEST = 2**53

#: The user attribute of OptunaHub's ``multi_metric_pruner``.
HUB_KEY = "multi_pruner:values"

#: The values of one report, one per objective; ``None`` where it was not given.
Values = Sequence[float | None]


def reports(attrs: Mapping[str, Any], m: int) -> dict[int, Values]:
    """Return what a trial reported: step -> values, by increasing step.

    Args:
        attrs: the user attributes of the trial.
        m: the number of objectives; rows of other lengths (copied from another study) are left out.
    """
    found: dict[int, Values] = {}
    for key in _keys(attrs):
        found |= _parsed(attrs[key])
    return {step: row for step, row in _in_order(found).items() if len(row) == m}


def attribute(attrs: Mapping[str, Any], step: int, values: Values) -> tuple[str, str]:
    """Return the user attribute, key and text, that a report is written into.

    Args:
        attrs: the user attributes of the trial as they are.
        step: no smaller than those that are there; the last one is written anew.
        values: one per objective.
    """
    keys = [*_keys(attrs)]
    key = keys[-1] if keys else KEY
    text = attrs.get(key, "")
    mine = _parsed(text)
    if mine and step not in mine and len(text) >= ROOM:
        key, mine = f"{KEY}:{len(keys)}", {}
    rows = [[s, *map(_plain, row)] for s, row in (mine | {step: values}).items()]
    return key, json.dumps(rows)


def curve(
    trial: FrozenTrial, directions: Sequence[StudyDirection], names: Sequence[str] | None = None
) -> Curve:
    """Return what a trial reported, all objectives turned to minimisation.

    Args:
        trial: of any state.
        directions: of its study.
        names: of its objectives, if they have some: then what OptunaHub's ``multi_metric_pruner``
            stores is read, too.
    """
    m = len(directions)
    found: Mapping[int, Values]
    if m == 1:
        found = _in_order({step: [value] for step, value in trial.intermediate_values.items()})
    else:
        found = reports(trial.user_attrs, m) or _of_hub(trial.user_attrs, names or ())
    rows = [*found.values()]
    given = np.array([[v is not None for v in row] for row in rows], dtype=bool).reshape(-1, m)
    values = np.array([[math.nan if v is None else v for v in row] for row in rows], dtype=float)
    final = trial.values if trial.state is TrialState.COMPLETE else None
    turn = signs(directions)
    return Curve(
        steps=np.array([*found], dtype=float),
        values=held(turn * values.reshape(-1, m), given),
        final=None if final is None else turn * np.array(final, dtype=float),
        # asked of results only: of a trial at hand, its constraints cost a database another look
        feasible=final is None or all(g <= 0 for g in constraints(trial).values()),
    )


def stopped_early(trial: FrozenTrial, curve: Curve) -> bool:
    """Tell whether a trial was stopped after reports that are learned: it did not fail by then."""
    return trial.state == TrialState.PRUNED and curve.sound


def _of_hub(attrs: Mapping[str, Any], names: Sequence[str]) -> dict[int, Values]:
    """Return what a trial reported through OptunaHub's pruner of several metrics.

    That stores ``{"3": {"error": 0.3}, ...}`` and knows metrics by names of its own: those count
    that are names of objectives.
    """
    stored = attrs.get(HUB_KEY, {})
    try:
        rows = {int(step): [row.get(name) for name in names] for step, row in stored.items()}
        found = {s: [None if v is None else float(v) for v in row] for s, row in rows.items()}
    except (AttributeError, TypeError, ValueError):
        return {}
    return {s: row for s, row in _in_order(found).items() if any(v is not None for v in row)}


def _in_order(rows: Mapping[int, Values]) -> dict[int, Values]:
    """Return reports by increasing step, but for steps that are too far to be computed with."""
    return {step: rows[step] for step in sorted(rows) if abs(step) <= FARTHEST}


def _keys(attrs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the attributes that hold reports."""
    names = (f"{KEY}:{k}" if k else KEY for k in count())
    return takewhile(attrs.__contains__, names)


def _parsed(text: Any) -> dict[int, Values]:
    """Return the reports that an attribute holds, none if somebody else wrote it."""
    try:
        rows = json.loads(text)
        return {int(step): [None if v is None else float(v) for v in row] for step, *row in rows}
    except (TypeError, ValueError, OverflowError, RecursionError):
        return {}


def _plain(value: float | None) -> float | str | None:
    """Return a value as JSON has it, which knows finite numbers only."""
    return value if value is None or math.isfinite(value) else str(value)
