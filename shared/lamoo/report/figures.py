"""The two figures of a partition that every framework shows: the tree and a map (plotly)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lamoo.arrays import Floats
from lamoo.report.rows import NodeRow

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Scale = Literal["linear", "log", "category"]

#: Vermillion and blue, which people with any colour vision can tell apart.
CHOSEN, SHADE = "#D55E00", "Blues"
#: The golden ratio and the silver ratio, less their whole numbers: multiples of such numbers,
#: taken modulo 1, spread evenly over the unit interval (Weyl), so that no points coincide.
_GOLDEN, _SILVER = 0.6180339887, 0.4142135624


@dataclass(frozen=True)
class Axis:
    """One axis of a map.

    Args:
        name: of the parameter.
        scale: ``"category"`` where values have no order.
        values: at the places of the map.
        points: of each trial; ``None`` where it had none.
    """

    name: str
    scale: Scale
    values: Sequence[Any]
    points: Sequence[Any]

    @property
    def ticks(self) -> list[str]:
        """The choices in words; empty for a numeric axis."""
        return [str(v) for v in self.values] if self.scale == "category" else []

    @property
    def cells(self) -> list[float]:
        """Where the places of the map stand; choices are numbered."""
        if self.scale == "category":
            return [float(i) for i in range(len(self.values))]
        return [float(v) for v in self.values]

    def at(self, trials: Sequence[int], step: float) -> list[float]:
        """Return where trials stand; those of one choice spread out, by multiples of ``step``."""
        if self.scale != "category":
            return [float(self.points[i]) for i in trials]
        choice = {tick: number for number, tick in enumerate(self.ticks)}
        return [choice[str(self.points[i])] + 0.6 * (i * step % 1 - 0.5) for i in trials]


@dataclass(frozen=True)
class Map:
    """A region over two parameters, and the trials.

    Args:
        x: the axis across.
        y: the axis up.
        shares: how much of the other parameters' settings is inside, shape ``(ny, nx)``.
        numbers: each trial's dominance number.
        texts: what is said of each trial, in lines of HTML.
    """

    x: Axis
    y: Axis
    shares: Floats
    numbers: Sequence[int]
    texts: Sequence[str]

    @property
    def deepest(self) -> float:
        """The share that has the darkest shade."""
        return float(self.shares.max()) or 1.0

    @property
    def drawn(self) -> list[int]:
        """The trials that have both parameters, the least dominated last, so that they show."""
        both = [
            i
            for i, pair in enumerate(zip(self.x.points, self.y.points, strict=True))
            if pair[0] is not None and pair[1] is not None
        ]
        return sorted(both, key=lambda i: -self.numbers[i])

    @property
    def points(self) -> tuple[list[float], list[float]]:
        """Where the drawn trials stand, across and up."""
        # a step for each axis, or the trials of a pair of choices would stand along a line
        return self.x.at(self.drawn, _GOLDEN), self.y.at(self.drawn, _SILVER)


def partition(rows: Sequence[NodeRow]) -> Figure:
    """Draw the tree: a node is as wide as it has trials, its colour is its hypervolume.

    The path that is chosen next has a frame.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    figure = go.Figure(
        go.Icicle(
            ids=[row.node for row in rows],
            labels=[row.side or "all" for row in rows],
            parents=[row.parent for row in rows],
            values=[row.trials for row in rows],
            branchvalues="total",
            text=[f"{row.hypervolume:.0%}" for row in rows],
            hovertext=[_about(row) for row in rows],
            hoverinfo="text",
            tiling={"orientation": "v"},
            marker={
                "colors": [row.hypervolume for row in rows],
                "colorscale": "Cividis",
                "cmin": 0,
                "cmax": 1,
                "colorbar": {"title": "hypervolume", "tickformat": ".0%"},
                "line": {
                    "width": [4 if row.chosen else 1 for row in rows],
                    "color": [CHOSEN if row.chosen else "white" for row in rows],
                },
            },
        )
    )
    return figure.update_layout(margin={"t": 40, "l": 10, "r": 10, "b": 10})


def _about(row: NodeRow) -> str:
    """Return what is said of a node, in lines of HTML."""
    return (
        f"{row.node}<br>{row.trials} trials, {row.pending} pending<br>"
        f"hypervolume {row.hypervolume:.1%}<br>UCB {row.ucb:.3f}"
        + ("<br>on the path chosen next" if row.chosen else "")
    )


def regions(drawing: Map) -> Figure:
    """Draw a map: the region as a shade, the trials as points coloured by dominance number."""
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    x, y, order = drawing.x, drawing.y, drawing.drawn
    figure = go.Figure()
    figure.add_heatmap(
        x=x.cells,
        y=y.cells,
        z=drawing.shares.tolist(),
        zmin=0,
        zmax=drawing.deepest,
        colorscale=SHADE,
        name="share inside",
        colorbar={"title": "inside", "x": 1.02, "tickformat": ".0%"},
    )
    figure.add_scatter(
        x=drawing.points[0],
        y=drawing.points[1],
        mode="markers",
        name="trials",
        hovertext=[drawing.texts[i] for i in order],
        hoverinfo="text",
        marker={
            "color": [drawing.numbers[i] for i in order],
            "colorscale": "Oranges_r",
            "cmin": 0,
            "colorbar": {"title": "dominated by", "x": 1.16},
            "size": 9,
            "line": {"width": 1, "color": "black"},
        },
    )
    for axis, update in ((x, figure.update_xaxes), (y, figure.update_yaxes)):
        update(title=axis.name, type="log" if axis.scale == "log" else "linear")
        if axis.ticks:
            update(tickvals=axis.cells, ticktext=axis.ticks, zeroline=False)
    return figure.update_layout(template="plotly_white", margin={"t": 40})
