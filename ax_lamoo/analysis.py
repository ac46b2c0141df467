"""What the partition learned, as Ax's analysis cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ax.adapter.base import Adapter
from ax.analysis.analysis import Analysis
from ax.analysis.plotly.plotly_analysis import PlotlyAnalysisCard, create_plotly_analysis_card
from ax.analysis.utils import extract_relevant_adapter
from ax.core.experiment import Experiment
from ax.exceptions.core import UserInputError
from ax.generation_strategy.generation_strategy import GenerationStrategy

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.explanation import existing
from ax_lamoo.reduction import moved_on
from ax_lamoo.task import Task
from lamoo import chosen_path, pareto
from lamoo.arrays import Floats
from lamoo.checks import two_names
from lamoo.partition.tree import Node
from lamoo.report import figures
from lamoo.report.maps import map_places, region_map, telling_pairs
from lamoo.report.rows import tree_rows
from lamoo.report.words import choice

#: Columns of the data frame of trials that are none of the user's.
OWN = ("arm_name", "dominance_number", "inside", "stopped_after")


def _relevant(
    experiment: Experiment | None,
    generation_strategy: GenerationStrategy | None,
    adapter: Adapter | None,
) -> Adapter:
    """Return the adapter to look at, with all data: the strategy's has those of its last proposal.

    Raises:
        UserInputError: if there is none yet.
    """
    if adapter is None and generation_strategy is not None and experiment is not None:
        adapter = generation_strategy.fit(experiment=experiment)
    return extract_relevant_adapter(experiment, generation_strategy, adapter)


class _Axis(NamedTuple):
    """Places along a parameter in the unit interval, and what is shown there."""

    places: Floats
    shown: figures.Axis


class _OfPartition(Analysis):
    """What both analyses ask for: LaMOO's adapter with observations."""

    def validate_applicable_state(
        self,
        experiment: Experiment | None = None,
        generation_strategy: GenerationStrategy | None = None,
        adapter: Adapter | None = None,
    ) -> str | None:
        """Say what is missing, ``None`` if nothing is."""
        try:
            found = _relevant(experiment, generation_strategy, adapter)
        except UserInputError as error:
            return str(error)
        if not isinstance(found, LaMOOAdapter):
            later = None if generation_strategy is None else moved_on(generation_strategy)
            return later or (
                "There is no partition yet: the experiment is initialising, or its generation "
                "strategy is not ax_lamoo.lamoo_generation_strategy(). Run more trials."
            )
        if not found.is_moo_problem:
            return "LaMOO partitions the search space only with two or more objectives."
        return self._lacking(found.task())

    def _lacking(self, task: Task) -> str | None:
        """Say what an experiment lacks, ``None`` if nothing."""
        if not task.history.n:
            return "No trial has all its objectives yet: complete some first."
        return None


class PartitionTree(_OfPartition):
    """The tree of regions, and the path to the leaf that is chosen next.

    The card's data frame has a row per node: ``node``, ``parent``, ``side``, ``depth``,
    ``trials``, ``pending``, ``stopped`` (early), ``hypervolume`` (as a share of the root's),
    ``ucb`` and ``chosen``.
    """

    def compute(
        self,
        experiment: Experiment | None = None,
        generation_strategy: GenerationStrategy | None = None,
        adapter: Adapter | None = None,
    ) -> PlotlyAnalysisCard:
        """Draw the tree."""
        adapter = _relevant(experiment, generation_strategy, adapter)
        task = adapter.task()
        chosen = chosen_path(task)
        rows = tree_rows(chosen)
        return create_plotly_analysis_card(
            name=type(self).__name__,
            title="Partition of the search space",
            subtitle=(
                "Each region is split into a better and a worse part by a boundary that was "
                "learned from dominance numbers. Width: trials inside. Colour: their hypervolume, "
                "as a share of that of all trials. Framed: the path to the region chosen next."
            ),
            df=pd.DataFrame([asdict(row) for row in rows]),
            fig=figures.partition(rows),
        )


class PartitionRegions(_OfPartition):
    """The region chosen next over two parameters, and the trials by dominance number.

    The card's data frame has a row per trial: ``arm_name``, the parameters that are shown, the
    outcomes that count, ``dominance_number`` and ``inside``. Trials that were stopped early come
    last, with what they measured last, at the step ``stopped_after``, and no dominance number.

    Args:
        parameters: the names of two, by default the first two that leave a choice. In a
            hierarchical search space there is a picture for each branch by default, of the two
            that tell most about the region there.
    """

    def __init__(self, parameters: Sequence[str] | None = None) -> None:
        """Keep the names.

        Raises:
            UserInputError: if it is not two of them.
        """
        self.parameters = two_names(parameters)
        if parameters is not None and self.parameters is None:
            raise UserInputError(f"parameters must be two different names, got {parameters!r}")

    def compute(
        self,
        experiment: Experiment | None = None,
        generation_strategy: GenerationStrategy | None = None,
        adapter: Adapter | None = None,
    ) -> PlotlyAnalysisCard:
        """Draw the region.

        Raises:
            UserInputError: if a parameter is not of the search space or leaves no choice.
        """
        adapter = _relevant(experiment, generation_strategy, adapter)
        task = adapter.task()
        leaf = chosen_path(task)[-1]
        pairs = self._pairs(task, leaf)
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        df = _trials(adapter, task, names, leaf)
        return create_plotly_analysis_card(
            name=type(self).__name__,
            title=f"Region chosen next: {'; '.join(f'{x} and {y}' for x, y in pairs)}",
            subtitle=(
                "Shading: of all settings of the other parameters, the share that lies in the "
                "region in which the next trial is searched. Points: trials, by how many others "
                "dominate them (0: on the Pareto front); crosses: trials that were stopped early."
            ),
            df=df,
            fig=figures.regions([_map(task, leaf, df, pair) for pair in pairs]),
        )

    def _lacking(self, task: Task) -> str | None:
        free = int(task.space.free.sum())
        if free < 2:
            return f"A region is drawn over two parameters that leave a choice; there is {free}."
        return super()._lacking(task)

    def _pairs(self, task: Task, leaf: Node) -> list[tuple[str, str]]:
        """Return the pairs of parameters that are shown, by name."""
        names = list(task.space.parameters)
        free = [n for n, f in zip(names, task.space.free, strict=True) if f]
        if self.parameters is None and task.space.activity.rules:
            telling = telling_pairs(leaf.region, task.history.X)
            return [(names[i], names[j]) for i, j in telling]
        wanted = list(self.parameters or free[:2])
        if len(wanted) < 2 or not set(wanted) <= set(free):
            raise UserInputError(f"parameters must be two of {free}, got {wanted}")
        return [(wanted[0], wanted[1])]


def _axis(task: Task, name: str, values: Sequence[Any], numbers: Sequence[int]) -> _Axis:
    """Return a parameter's axis for trials of given values and dominance numbers."""
    j = list(task.space.parameters).index(name)
    parameter = task.space.parameters[name]
    places = map_places(parameter, task.history.X[:, j], numbers)
    there = task.encoding.columns[name].from_unit(places)
    points, scale = [_known(value) for value in values], _scale(there)
    if scale == "category":
        there, points = [*map(choice, there)], [p if p is None else choice(p) for p in points]
    return _Axis(places, figures.Axis(name, scale, there, points, parameter.levels))


def _trials(adapter: LaMOOAdapter, task: Task, names: list[str], leaf: Node) -> pd.DataFrame:
    """Return the data frame's rows."""
    history, arms = task.history, adapter.arms_by_name
    ended = [*task.arms]
    stopped = {arm: c for arm, c in adapter.stopped_early().items() if arm not in ended}
    numbers = pareto.dominance_number(history.means, history.violation).tolist()
    X = task.encoding.encode([arms[arm].parameters for arm in stopped])
    frame: dict[str, Any] = {"arm_name": [*ended, *stopped]}
    for name in names:
        frame[_of_parameter(name)] = [arms[arm].parameters.get(name) for arm in frame["arm_name"]]
    measured = dict(zip(task.measured.metrics, task.measured.outcomes.T, strict=True))
    for metric in adapter.outcomes:
        values = measured[metric]
        last = [c.values[-1, adapter.outcomes.index(metric)] for c in stopped.values()]
        frame[_of_metric(metric, names)] = [*values.tolist(), *last]
    frame["dominance_number"] = numbers
    if stopped:  # whole numbers that may be missing
        frame["dominance_number"] = pd.array([*numbers, *[None] * len(stopped)], dtype="Int64")
    frame["inside"] = leaf.region.contains(np.concatenate([history.X, X]))
    frame["stopped_after"] = [*([np.nan] * len(ended)), *(c.steps[-1] for c in stopped.values())]
    return pd.DataFrame(frame)


def _of_parameter(name: str) -> str:
    """Return the column of a parameter in the data frame of trials."""
    return f"{name} (parameter)" if name in OWN else name


def _of_metric(name: str, parameters: Sequence[str]) -> str:
    """Return the column of a metric in a data frame that has these parameters, too."""
    return f"{name} (metric)" if name in (*OWN, *parameters) else name


def _map(task: Task, leaf: Node, df: pd.DataFrame, pair: tuple[str, str]) -> figures.Map:
    """Return what one picture shows."""
    order = list(task.space.parameters)
    columns = order.index(pair[0]), order.index(pair[1])
    numbers = df["dominance_number"].dropna().tolist()
    x, y = (_axis(task, name, df[_of_parameter(name)], numbers) for name in pair)
    texts = [
        "<br>".join(f"{key}: {value}" for key, value in row.items() if not pd.isna(value))
        for row in df.to_dict(orient="records")
    ]
    shares = region_map(leaf.region, columns, (x.places, y.places), task.history.X)
    return figures.Map(x.shown, y.shown, shares, numbers, texts, where=existing(task, columns))


def _known(value: Any) -> Any:
    """Return a parameter's value, ``None`` where it has none."""
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN


def _is_choice(axis: list[Any]) -> bool:
    return not all(isinstance(value, int | float) and not isinstance(value, bool) for value in axis)


def _scale(axis: list[Any]) -> figures.Scale:
    """Return plotly's type of an axis: logarithmic where the values are spread that way."""
    if _is_choice(axis):
        return "category"
    ratios = np.array(axis[1:], dtype=float) / np.where(np.array(axis[:-1]) > 0, axis[:-1], np.nan)
    return "log" if len(axis) > 2 and np.allclose(ratios, ratios[0]) else "linear"
