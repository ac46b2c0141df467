"""What an experiment measured along curves, and which trials were stopped before their ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from ax.core.data import MAP_KEY
from ax.core.experiment import Experiment
from ax.core.trial_status import TrialStatus

from lamoo.arrays import Bools
from lamoo.curves import Curve, held


def cut_short(experiment: Experiment) -> set[int]:
    """Return the trials that were stopped early: before the last step of the longest complete one.

    Their last values are not final. One that was stopped at that step, or has no steps, is as good
    as complete.
    """
    stopped = experiment.trial_indices_by_status[TrialStatus.EARLY_STOPPED]
    data = experiment.lookup_data().full_df if stopped else None
    if data is None or MAP_KEY not in data:
        return set()
    last = data.groupby("trial_index")[MAP_KEY].max().dropna()
    complete = experiment.trial_indices_by_status[TrialStatus.COMPLETED]
    longest = last[last.index.isin(complete)].max()  # NaN without any
    return {i for i in stopped if i in last.index and not last[i] >= longest}


def stopped_curves(experiment: Experiment, metrics: Sequence[str]) -> dict[str, Curve]:
    """Return what arms measured whose trials were stopped early, by name.

    Args:
        experiment: has the data.
        metrics: the signatures of the outcomes, in the user's units.
    """
    index = [
        (i, arm.name) for i in sorted(cut_short(experiment)) for arm in experiment.trials[i].arms
    ]
    curves, _ = curves_along(experiment, index, metrics)
    return {name: curve for (_, name), curve in zip(index, curves, strict=True) if len(curve)}


def curves_along(
    experiment: Experiment, index: Sequence[tuple[int, str]] | pd.Index, metrics: Sequence[str]
) -> tuple[tuple[Curve, ...], Bools]:
    """Return what each arm measured at each step, an outcome that was not measured there held.

    What was attached without a step, and never with one, holds at all of them. What is no finite
    number is ``inf``, see :func:`lamoo.curves.held`.

    Args:
        experiment: has the data.
        index: trial and name of each of ``n`` arms.
        metrics: the signatures of ``k`` outcomes.

    Returns:
        The curves, of the outcomes in the user's units; and which outcomes were measured along
        them, shape ``(n, k)``.
    """
    data, nothing = experiment.lookup_data(), Curve.nothing(len(metrics))
    curves, changing = [nothing] * len(index), np.zeros((len(index), len(metrics)), dtype=bool)
    if not len(index) or not data.has_step_column:
        return tuple(curves), changing
    frame = data.full_df
    frame = frame[frame["metric_signature"].isin(metrics)]
    keys = ["trial_index", "arm_name"]
    along = frame.loc[frame[MAP_KEY].notna(), keys].drop_duplicates()
    of_arm = dict(iter(frame.merge(along, on=keys).groupby(keys)))  # Ax always has the column
    for row, key in enumerate(index):
        if key in of_arm:
            curves[row], changing[row] = _along(of_arm[key], metrics)
    return tuple(curves), changing


def _along(frame: pd.DataFrame, metrics: Sequence[str]) -> tuple[Curve, Bools]:
    """Return what one arm measured, and which outcomes (k,) it measured at steps."""
    step = frame[MAP_KEY].to_numpy(dtype=float)
    column = np.array([metrics.index(name) for name in frame["metric_signature"]], dtype=np.intp)
    mean, stepped = frame["mean"].to_numpy(dtype=float), ~np.isnan(step)
    steps = np.unique(step[stepped])
    outcomes = np.full((len(steps), len(metrics)), np.nan)
    given = np.zeros(outcomes.shape, dtype=bool)
    at = np.searchsorted(steps, step[stepped]), column[stepped]
    outcomes[at], given[at] = mean[stepped], True
    changing = np.asarray(given.any(axis=0))
    once = ~stepped & ~changing[column]
    if len(steps):
        outcomes[0, column[once]], given[0, column[once]] = mean[once], True
    return Curve(steps, held(outcomes, given)), changing
