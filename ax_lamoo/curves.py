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


def curves_along(
    experiment: Experiment, index: pd.Index, metrics: Sequence[str]
) -> tuple[tuple[Curve, ...], Bools]:
    """Return what each arm measured at each step, an outcome that was not measured there held.

    What was attached without a step holds at all of them.

    Args:
        experiment: has the data.
        index: trials and names of ``n`` arms.
        metrics: the signatures of ``k`` outcomes.

    Returns:
        The curves, of the outcomes in the user's units; and which outcomes were measured along
        them, shape ``(n, k)``.
    """
    data, nothing = experiment.lookup_data(), Curve.nothing(len(metrics))
    curves, changing = [nothing] * len(index), np.zeros((len(index), len(metrics)), dtype=bool)
    if not len(index) or not data.has_step_column:
        return tuple(curves), changing
    frame = data.full_df[data.full_df["metric_signature"].isin(metrics)]
    wide = frame[frame[MAP_KEY].notna()].pivot_table(
        index=["trial_index", "arm_name", MAP_KEY],
        columns="metric_signature",
        values="mean",
        aggfunc="last",
        dropna=False,
    )
    at_once = (
        frame[frame[MAP_KEY].isna()]
        .groupby(["trial_index", "arm_name", "metric_signature"])["mean"]
        .last()
    )
    for row, key in enumerate(index):
        if key not in wide.index:
            continue
        mine = wide.loc[key].dropna(how="all").reindex(columns=list(metrics))
        values = mine.to_numpy(dtype=float, copy=True)
        changing[row] = ~np.isnan(values).all(axis=0)
        for column, metric in enumerate(metrics):
            if not changing[row, column] and (*key, metric) in at_once.index:
                values[:, column] = at_once[(*key, metric)]
        curves[row] = Curve(mine.index.to_numpy(dtype=float), held(values, ~np.isnan(values)))
    return tuple(curves), changing
