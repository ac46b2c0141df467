"""What Ax knows of an experiment's arms: what they measured, which were lost, which are near."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np
from ax.adapter.data_utils import ExperimentData
from ax.core.arm import Arm
from ax.core.data import MAP_KEY
from ax.core.experiment import Experiment
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.search_space import SearchSpace
from ax.core.trial_status import TrialStatus
from pandas import DataFrame

from ax_lamoo.curves import curves_along, cut_short
from ax_lamoo.encoding import Params
from lamoo.arrays import Bools, Floats
from lamoo.curves import Curve

#: So many arms tell an experiment from another.
FIRST_ARMS = 32
#: How a trial ends that will report nothing more.
ENDED = (TrialStatus.FAILED, TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Measured:
    """The arms that have data, in the user's units.

    Args:
        arms: their names, ``n``.
        parameters: their parameters, ``n``.
        metrics: the signatures of the outcomes, ``k``.
        outcomes: their outcomes, shape ``(n, k)``, NaN where one is missing.
        sems: standard errors of the outcomes, shape ``(n, k)``, NaN where unknown.
        running: whether more may be reported, shape ``(n,)``.
        curves: the outcomes of each arm along the way, ``n``; nothing of those without a curve.
    """

    arms: tuple[str, ...]
    parameters: tuple[Params, ...]
    metrics: tuple[str, ...]
    outcomes: Floats
    sems: Floats
    running: Bools
    curves: tuple[Curve, ...]

    @classmethod
    def nothing(cls, metrics: Sequence[str]) -> Measured:
        """Return what is measured before the first outcome."""
        none = np.empty((0, len(metrics)))
        return cls((), (), tuple(metrics), none, none, np.empty(0, dtype=bool), ())

    def at(self, kept: Bools) -> Measured:
        """Return only some of the arms (n,)."""
        return Measured(
            tuple(kept_items(self.arms, kept)),
            tuple(kept_items(self.parameters, kept)),
            self.metrics,
            self.outcomes[kept],
            self.sems[kept],
            self.running[kept],
            tuple(kept_items(self.curves, kept)),
        )


def measured_of(
    experiment: Experiment,
    training: ExperimentData,
    inside: Sequence[bool],
    metrics: Sequence[str],
    curve: RangeParameter | None,
) -> Measured:
    """Return the arms that have data, and their outcomes.

    Of an arm that was measured along a curve, the last measurement counts, once the trial has
    ended, unless it was cut short (:func:`cut_short`).

    Args:
        experiment: has the arms.
        training: their data, a row per arm of a trial, or per measurement along a curve.
        inside: whether each arm of these is in the search space, or as near as Ax models.
        metrics: signatures of the outcomes.
        curve: where on its curve an arm was measured becomes one of its parameters, unless this is
            ``None``.
    """
    means, sems = (_last_rows(training, part, inside, metrics) for part in ("mean", "sem"))
    outcomes = means[list(metrics)].to_numpy(dtype=float, copy=True)
    names = means.index.get_level_values("arm_name")
    indices = means.index.get_level_values("trial_index")
    running = np.array([not experiment.trials[i].status.is_terminal for i in indices], dtype=bool)
    parameters: list[dict[str, Any]] = [
        dict(experiment.arms_by_name[name].parameters) for name in names
    ]
    curves, changing = curves_along(experiment, means.index, metrics)
    short = np.isin(indices, [*cut_short(experiment)]) & (curve is None)
    for row, along in enumerate(curves):
        if len(along):  # what was attached once, without a step, is in no last row
            outcomes[row] = np.where(changing[row], outcomes[row], along.values[-1])
    outcomes[changing & (running | short)[:, None]] = np.nan
    if curve is not None:
        steps = means[MAP_KEY].fillna(curve.upper).tolist()
        parameters = [{**p, MAP_KEY: step} for p, step in zip(parameters, steps, strict=True)]
    return Measured(
        arms=tuple(names),
        parameters=tuple(parameters),
        metrics=tuple(metrics),
        outcomes=outcomes,
        sems=sems[list(metrics)].to_numpy(dtype=float),
        running=running,
        curves=curves if curve is None else tuple(Curve.nothing(len(metrics)) for _ in names),
    )


def _last_rows(
    training: ExperimentData, part: str, inside: Sequence[bool], metrics: Sequence[str]
) -> DataFrame:
    """Return the last known mean or standard error (``part``) of each metric, a row per arm.

    Where on its curve each arm was measured last is one more column, if anywhere.
    """
    keys = ["trial_index", "arm_name"]
    frame = training.observation_data[part].reindex(columns=list(metrics))
    frame = frame.reset_index(frame.index.names.difference(keys)).groupby(level=keys).last()
    return frame[frame.index.isin(training.arm_data.index[list(inside)])]


def curve_of(training: ExperimentData) -> RangeParameter | None:
    """Return where on their curves arms were measured, as a parameter, ``None`` without curves."""
    index = training.observation_data.index
    if MAP_KEY not in index.names:
        return None
    steps = index.get_level_values(MAP_KEY).dropna().unique()
    if len(steps) < 2:
        return None
    return RangeParameter(MAP_KEY, ParameterType.FLOAT, float(steps.min()), float(steps.max()))


def with_whole_sems(data: ExperimentData) -> ExperimentData:
    """Return data without the standard errors of metrics that have them for some arms only."""
    frame = data.observation_data
    names = []
    for name in () if frame.empty else frame["sem"]:
        known = ~np.isnan(frame["sem", name].to_numpy(float)[~np.isnan(frame["mean", name])])
        if known.any() and not known.all():
            names.append(name)
    if not names:
        return data
    frame = frame.copy()
    frame.loc[:, [("sem", name) for name in names]] = np.nan
    return ExperimentData(arm_data=data.arm_data, observation_data=frame)


def without_steps(data: ExperimentData) -> ExperimentData:
    """Return data with the last measurements along curves only, as if there had been no others."""
    index = data.observation_data.index
    if MAP_KEY not in index.names:
        return data
    frame = data.observation_data.groupby(level=["trial_index", "arm_name"], sort=False).last()
    return ExperimentData(arm_data=data.arm_data, observation_data=frame)


def inside_of(arms: Iterable[Arm], model_space: SearchSpace) -> Iterator[Arm]:
    """Yield the arms that are in the space that Ax models."""
    filled = model_space.backfill_values()
    for arm in arms:
        if model_space.check_membership({**filled, **arm.parameters}):
            yield arm


def unmeasured_of(
    experiment: Experiment, training: ExperimentData, model_space: SearchSpace
) -> tuple[list[Params], list[Params]]:
    """Return the parameters of arms without any data, of those in the space that Ax models.

    First those whose trial has ended, which are lost, then those that wait: they are yet to run or
    running, also beside arms of their batch that reported, or were abandoned, with their trial or
    in a batch that ended. What an abandoned trial measured is left out by Ax, which takes it for
    pending only where it measured nothing.
    """
    measured = set(training.observation_data.index.get_level_values("arm_name"))
    # those alone are looked up in the space, which takes Ax long where parameters are many
    others = [arm for name, arm in experiment.arms_by_name.items() if name not in measured]
    possible = {arm.name for arm in inside_of(others, model_space)}
    lost: list[Params] = []
    waiting: list[Params] = []
    for trial in experiment.trials.values():
        given_up = {arm.name for arm in trial.abandoned_arms}
        for arm in (arm for arm in trial.arms if arm.name in possible):
            ended = trial.status in ENDED and arm.name not in given_up
            (lost if ended else waiting).append(arm.parameters)
    return lost, waiting


def own_seed(experiment: Experiment) -> int | None:
    """Return a number that belongs to this experiment, wherever it was loaded.

    That of its first arms; they follow ``Client(random_seed=...)``, which Ax does not store.
    ``None`` while there are none.
    """
    trials = experiment.trials.values()
    first = islice((arm for trial in trials for arm in trial.arms), FIRST_ARMS)
    names = [arm.signature for arm in first]
    return crc32("".join(names).encode()) if names else None


def kept_items(items: Sequence[Any], kept: Bools) -> list[Any]:
    """Return some of the items (n,)."""
    return [item for item, keep in zip(items, kept, strict=True) if keep]
