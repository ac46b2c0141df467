"""What the partition learned, as Ax's analysis cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from ax.adapter.base import Adapter
from ax.adapter.transforms.cast import Cast
from ax.analysis.analysis import Analysis
from ax.analysis.plotly.plotly_analysis import PlotlyAnalysisCard, create_plotly_analysis_card
from ax.analysis.utils import extract_relevant_adapter
from ax.core.experiment import Experiment
from ax.core.observation import ObservationFeatures
from ax.exceptions.core import UserInputError
from ax.generation_strategy.generation_strategy import GenerationStrategy
from plotly import graph_objects as go

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.generator import Task
from lamoo import pareto, path
from lamoo.arrays import Floats
from lamoo.tree import Node, score, walk

#: Places per axis where a parameter has more values, and completions per place.
GRID, COMPLETIONS = 41, 64
CHOSEN = "#d62728"


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
            return (
                "There is no partition yet: the experiment is initialising, or its generation "
                "strategy is not ax_lamoo.lamoo_generation_strategy(). Run more trials."
            )
        if not found.is_moo_problem:
            return "LaMOO partitions the search space only with two or more objectives."
        if not found.task().history.n:
            return "No trial has all its objectives yet: complete some first."
        return None


class PartitionTree(_OfPartition):
    """The tree of regions, and the path to the leaf that is chosen next.

    The card's data frame has a row per node: ``node``, ``parent``, ``side``, ``depth``,
    ``trials``, ``pending``, ``hypervolume`` (as a share of the root's), ``ucb`` and ``chosen``.
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
        chosen = path(task.space, task.history, task.settings)
        df = pd.DataFrame([_row(nodes, chosen) for nodes in walk(chosen[0])])
        return create_plotly_analysis_card(
            name=type(self).__name__,
            title="Partition of the search space",
            subtitle=(
                "Each region is split into a better and a worse part by a boundary that was "
                "learned from dominance numbers. Width: trials inside. Colour: their hypervolume, "
                "as a share of that of all trials. Framed: the path to the region chosen next."
            ),
            df=df,
            fig=_icicle(df),
        )


def _row(nodes: tuple[Node, ...], chosen: tuple[Node, ...]) -> dict[str, Any]:
    """Return what the data frame says of the last node of a path."""
    root, node = nodes[0], nodes[-1]
    sides = ["good" if good else "bad" for _, good in node.region.sides]
    return {
        "node": " > ".join(["all", *sides]),
        "parent": " > ".join(["all", *sides[:-1]]) if sides else "",
        "side": sides[-1] if sides else "",
        "depth": len(sides),
        "trials": len(node.rows),
        "pending": len(node.pending),
        "hypervolume": node.hypervolume / root.hypervolume if root.hypervolume else 0.0,
        "ucb": score(nodes) / root.hypervolume if root.hypervolume else 0.0,
        "chosen": any(node is other for other in chosen),
    }


def _icicle(df: pd.DataFrame) -> go.Figure:
    hover = [
        f"{row.node}<br>{row.trials} trials, {row.pending} pending<br>"
        f"hypervolume {row.hypervolume:.1%}<br>UCB {row.ucb:.3f}"
        + ("<br>on the path chosen next" if row.chosen else "")
        for row in df.itertuples()
    ]
    return go.Figure(
        go.Icicle(
            ids=df["node"],
            labels=df["side"].where(df["side"] != "", "all"),
            parents=df["parent"],
            values=df["trials"],
            branchvalues="total",
            text=[f"{value:.0%}" for value in df["hypervolume"]],
            hovertext=hover,
            hoverinfo="text",
            tiling={"orientation": "v"},
            marker={
                "colors": df["hypervolume"],
                "colorscale": "Viridis",
                "cmin": 0,
                "cmax": 1,
                "colorbar": {"title": "hypervolume"},
                "line": {
                    "width": [4 if chosen else 1 for chosen in df["chosen"]],
                    "color": [CHOSEN if chosen else "white" for chosen in df["chosen"]],
                },
            },
        )
    )


class PartitionRegions(_OfPartition):
    """The region chosen next over two parameters, and the trials by dominance number.

    The card's data frame has a row per trial: ``arm_name``, the two parameters, the outcomes that
    count, ``dominance_number`` and ``inside``.

    Args:
        parameters: the names of two, by default the first two that leave a choice.
    """

    def __init__(self, parameters: Sequence[str] | None = None) -> None:
        """Keep the names.

        Raises:
            UserInputError: if it is not two of them.
        """
        if parameters is not None and (isinstance(parameters, str) or len(set(parameters)) != 2):
            raise UserInputError(f"parameters must be two different names, got {parameters!r}")
        self.parameters = parameters

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
        names = self._names(task)
        leaf = path(task.space, task.history, task.settings)[-1]
        axes = [_axis(adapter, task, name) for name in names]
        partial = np.full((len(axes[0][0]) * len(axes[1][0]), task.space.dimension), np.nan)
        order = list(task.space.parameters)
        grid = np.meshgrid(axes[0][0], axes[1][0])
        for name, places in zip(names, grid, strict=True):
            partial[:, order.index(name)] = places.ravel()
        shares = leaf.region.share(partial, COMPLETIONS, np.random.default_rng(0))
        df = _trials(adapter, task, names, leaf)
        return create_plotly_analysis_card(
            name=type(self).__name__,
            title=f"Region chosen next: {names[0]} and {names[1]}",
            subtitle=(
                "Shading: of all settings of the other parameters, the share that lies in the "
                "region in which the next trial is searched. Points: trials, by how many others "
                "dominate them (0: on the Pareto front)."
            ),
            df=df,
            fig=_map(df, names, [values for _, values in axes], shares.reshape(grid[0].shape)),
        )

    def _names(self, task: Task) -> list[str]:
        free = [n for n, f in zip(task.space.parameters, task.space.free, strict=True) if f]
        names = list(self.parameters or free[:2])
        if len(names) < 2 or not set(names) <= set(free):
            raise UserInputError(f"parameters must be two of {free}, got {names}")
        return names


def _axis(adapter: LaMOOAdapter, task: Task, name: str) -> tuple[Floats, list[Any]]:
    """Return places along a parameter in the unit interval, and its values there."""
    j = list(task.space.parameters).index(name)
    column = task.columns.columns[j]
    places = column.places() if 0 < len(column.choices) <= GRID else np.linspace(0, 1, GRID)
    X = np.full((len(places), task.space.dimension), 0.5)
    X[:, j] = places
    rows = [
        ObservationFeatures(parameters=dict(zip(adapter.parameters, row, strict=True)))
        for row in task.columns.decode(X).tolist()
    ]
    for transform in reversed(list(adapter.transforms.values())):
        if not isinstance(transform, Cast):  # which would drop what is not active
            rows = transform.untransform_observation_features(rows)
    return places, [row.parameters[name] for row in rows]


def _trials(adapter: LaMOOAdapter, task: Task, names: list[str], leaf: Node) -> pd.DataFrame:
    """Return the data frame's rows."""
    history, arms = task.history, adapter.arms_by_name
    frame: dict[str, Any] = {"arm_name": list(task.arms)}
    for name in names:
        frame[name] = [arms[arm].parameters.get(name) for arm in task.arms]
    frame |= adapter.outcomes_of(task.arms)
    frame["dominance_number"] = pareto.dominance_number(history.Y, history.violation)
    frame["inside"] = leaf.region.contains(history.X)
    return pd.DataFrame(frame)


def _map(df: pd.DataFrame, names: list[str], axes: list[list[Any]], shares: Floats) -> go.Figure:
    hover = [
        "<br>".join(f"{key}: {value}" for key, value in row.items())
        for row in df.to_dict(orient="records")
    ]
    figure = go.Figure()
    x, y = ([str(v) if _is_choice(axis) else v for v in axis] for axis in axes)
    figure.add_heatmap(
        x=x,
        y=y,
        z=shares.tolist(),
        zmin=0,
        zmax=1,
        colorscale="Greens",
        name="share inside",
        colorbar={"title": "inside", "x": 1.02},
    )
    figure.add_scatter(
        x=[str(v) if _is_choice(axes[0]) else v for v in df[names[0]]],
        y=[str(v) if _is_choice(axes[1]) else v for v in df[names[1]]],
        mode="markers",
        name="trials",
        hovertext=hover,
        hoverinfo="text",
        marker={
            "color": df["dominance_number"],
            "colorscale": "Reds_r",
            "colorbar": {"title": "dominated by", "x": 1.14},
            "size": 9,
            "line": {"width": 1, "color": "black"},
        },
    )
    for update, name, axis in zip(
        (figure.update_xaxes, figure.update_yaxes), names, axes, strict=True
    ):
        update(title=name, type=_axis_type(axis))
    return figure


def _is_choice(axis: list[Any]) -> bool:
    return not all(isinstance(value, int | float) and not isinstance(value, bool) for value in axis)


def _axis_type(axis: list[Any]) -> str:
    """Return plotly's type of an axis: logarithmic where the values are spread that way."""
    if _is_choice(axis):
        return "category"
    ratios = np.array(axis[1:], dtype=float) / np.where(np.array(axis[:-1]) > 0, axis[:-1], np.nan)
    return "log" if len(axis) > 2 and np.allclose(ratios, ratios[0]) else "linear"
