"""Pick one trial of a study's front; :mod:`lamoo.report.decision` does the mathematics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo.arrays import Floats
from lamoo.checks import is_whole, numbers
from lamoo.report import decision
from optuna_lamoo import objectives
from optuna_lamoo.arguments import check_study


def knee(study: Study) -> FrozenTrial:
    """Return the trial where giving up a little of one objective no longer gains much of another.

    See :func:`lamoo.report.decision.knee`. Trials that stand for a failure, with infinite values
    for instance, are left out as long as there are others, here and below.

    Raises:
        ValueError: if no feasible trial has values.
        ModuleNotFoundError: if pymoo is not installed.
    """
    trials, Y = _feasible(study)
    return trials[decision.knee(Y)]


def closest(
    study: Study, ideal: Sequence[float] | Mapping[int | str, float] | None = None
) -> FrozenTrial:
    """Return the trial of the front that is nearest to an ideal point.

    Nearest by the objective that misses the ideal by most of the front's range, see
    :func:`lamoo.report.decision.closest`.

    Args:
        study: any study.
        ideal: one value per objective, or index or name -> value; by default, and for those that
            are missing, the best on the front.

    Raises:
        ValueError: if no feasible trial has values, or ``ideal`` is none of this.
        ModuleNotFoundError: if pymoo is not installed.
    """
    trials, Y = _feasible(study)
    if ideal is None:
        return trials[decision.closest(Y)]
    point = _values(study, "ideal", ideal, np.nan)
    if point is None:
        msg = f"ideal must hold {Y.shape[1]} finite numbers{_BY_NAME}, got {ideal!r}"
        raise ValueError(msg)
    return trials[decision.closest(Y, (objectives.signs(study.directions) * point).tolist())]


def weighted(study: Study, weights: Sequence[float] | Mapping[int | str, float]) -> FrozenTrial:
    """Return the trial of the front whose pseudo-weights are nearest to the weights given.

    A pseudo-weight says how near a trial is to the best of an objective, in shares that add up to
    one (:func:`lamoo.report.decision.weighted`): ``[1, 0]`` asks for the best of the first
    objective.

    Args:
        study: any study.
        weights: one number of at least 0 per objective, some above; or index or name -> number,
            0 for those that are missing.

    Raises:
        ValueError: if no feasible trial has values, or the weights are none of this.
        ModuleNotFoundError: if pymoo is not installed.
    """
    trials, Y = _feasible(study)
    shares = _values(study, "weights", weights, 0.0)
    if shares is None or (shares < 0).any() or not shares.any():
        msg = (
            f"weights must hold {Y.shape[1]} numbers of at least 0, some above{_BY_NAME}, got "
            f"{weights!r}"
        )
        raise ValueError(msg)
    return trials[decision.weighted(Y, shares.tolist())]


def best_under_limits(
    study: Study, objective: int | str, limits: Mapping[int | str, float]
) -> FrozenTrial:
    """Return the best trial in one objective among those that keep limits on others.

    Args:
        study: any study.
        objective: its index, or its name if the study has metric names.
        limits: index or name of an objective -> the worst value that will do: at most that where
            it is minimised, at least that where it is maximised.

    Raises:
        ValueError: if no feasible trial has values, an objective is unknown, or no trial keeps the
            limits; the nearest one is named then.
    """
    trials, Y = _feasible(study)
    signs = objectives.signs(study.directions)
    j = _index(study, objective)
    given: Any = limits  # whatever it is
    worst = _values(study, "limits", given, np.nan) if isinstance(given, Mapping) else None
    if worst is None:
        msg = f"limits must map an objective's index or name to a finite number, got {given!r}"
        raise ValueError(msg)
    bound = np.where(np.isnan(worst), np.inf, signs * worst)
    i, keeps = decision.best_under_limits(Y, j, bound)
    if not keeps:
        msg = (
            f"limits {dict(limits)}: no trial keeps them; trial {trials[i].number} is the nearest, "
            f"with values {trials[i].values}"
        )
        raise ValueError(msg)
    return trials[i]


#: What a message says of the other way to give numbers.
_BY_NAME = ", or map objectives' indices or names to them"


def _values(study: Study, argument: str, given: object, missing: float) -> Floats | None:
    """Return one number per objective (m,), ``None`` where these are not finite numbers.

    Raises:
        ValueError: if they are given by objectives, and the study has no such one.
    """
    m = len(study.directions)
    if not isinstance(given, Mapping):
        row = numbers(given)
        return row if row is not None and row.shape == (m,) and np.isfinite(row).all() else None
    row = numbers([*given.values()])
    if row is None or not np.isfinite(row).all():
        return None
    values = np.full(m, missing)
    values[[_index(study, key, argument) for key in given]] = row
    return values


def _index(study: Study, objective: int | str, argument: str = "objective") -> int:
    names = study.metric_names or []
    m = len(study.directions)
    if isinstance(objective, str) and objective in names:
        return names.index(objective)
    if is_whole(objective, 0) and int(objective) < m:
        return int(objective)
    by_name = f"one of {names}" if names else "a name of study.set_metric_names([...])"
    known = f"0 to {m - 1} or {by_name}"
    verb = "must be" if argument == "objective" else "must name objectives,"
    msg = f"{argument} {verb} {known}, got {objective!r}"
    raise ValueError(msg)


def _feasible(study: Study) -> tuple[list[FrozenTrial], Floats]:
    """Return the feasible trials and their values (n, m), minimised."""
    check_study(study)
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials = [t for t in done if all(v <= 0 for v in objectives.constraints(t).values())]
    if not trials:
        msg = f"study {study.study_name!r} has no finished feasible trial to pick from"
        raise ValueError(msg)
    Y = np.array([trial.values for trial in trials], dtype=float)
    return trials, objectives.signs(study.directions) * Y
