"""The two figures of a partition that every framework shows: the tree and a map (plotly)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lamoo.arrays import Floats
from lamoo.report.extras import needing
from lamoo.report.rows import NodeRow

if TYPE_CHECKING:
    from plotly.graph_objects import Bar, Figure, Heatmap, Scatter

Scale = Literal["linear", "log", "category"]

#: Okabe and Ito's colours, which people with any colour vision can tell apart. The last one is hard
#: to see as a thin line on white.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
#: Vermillion for what is chosen, blue for shades.
CHOSEN, SHADE = COLOURS[0], "Blues"
#: What is told from trials that ended: a dark grey, and words.
STOPPED, STOPPED_EARLY = "#555555", "stopped early"
#: A light grey: where there is nothing that could be shaded.
NOTHING = "#E0E0E0"
#: Maps in a row.
ACROSS = 2
#: The golden ratio and the silver ratio, less their whole numbers: multiples of such numbers,
#: taken modulo 1, spread evenly over the unit interval (Weyl), so that no points coincide.
_GOLDEN, _SILVER = 0.6180339887, 0.4142135624


@dataclass(frozen=True)
class Axis:
    """One axis of a map.

    Args:
        name: of the parameter.
        scale: ``"category"`` where values have no order.
        values: at the places of the map; choices in words, see :func:`lamoo.report.words.choice`.
        points: of each trial of the map, likewise; ``None`` where it had none.
        levels: how many values there are; places may be fewer.
    """

    name: str
    scale: Scale
    values: Sequence[Any]
    points: Sequence[Any]
    levels: float = 0.0

    @property
    def title(self) -> str:
        """The name, and of how many choices only some have a place."""
        some = self.scale == "category" and len(self.values) < self.levels
        return f"{self.name} ({len(self.values)} of {self.levels:.0f})" if some else self.name

    @property
    def shown(self) -> list[bool]:
        """Whether each trial has a place: a number, or a choice of those that are here."""
        if self.scale != "category":
            return [point is not None for point in self.points]
        ticks = set(self.ticks)
        return [point is not None and point in ticks for point in self.points]

    @property
    def ticks(self) -> list[str]:
        """The choices in words; empty for a numeric axis."""
        return [*self.values] if self.scale == "category" else []

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
        return [choice[self.points[i]] + 0.6 * (i * step % 1 - 0.5) for i in trials]


@dataclass(frozen=True)
class Map:
    """A region over two parameters, and the trials.

    Args:
        x: the axis across.
        y: the axis up.
        shares: how much of the other parameters' settings is inside, shape ``(ny, nx)``.
        numbers: the dominance number of each trial that ended. The trials after these were stopped
            early: they have no values that could dominate or be dominated.
        texts: what is said of each trial, in lines of HTML.
        where: which branch has both parameters, in words; empty if every one has.
    """

    x: Axis
    y: Axis
    shares: Floats
    numbers: Sequence[int]
    texts: Sequence[str]
    where: str = ""

    @property
    def gaps(self) -> bool:
        """Whether the two do not exist together at some places."""
        return bool(np.isnan(self.shares).any())

    @property
    def drawn(self) -> list[int]:
        """The trials that ended and have both parameters, the least dominated last: they show.

        Those of choices that have no place are left out.
        """
        ended = [i for i in self._placed if i < len(self.numbers)]
        return sorted(ended, key=lambda i: -self.numbers[i])

    @property
    def stopped(self) -> list[int]:
        """The trials that were stopped early and have both parameters, as in :attr:`drawn`."""
        return [i for i in self._placed if i >= len(self.numbers)]

    @property
    def _placed(self) -> list[int]:
        shown = zip(self.x.shown, self.y.shown, strict=True)
        return [i for i, pair in enumerate(shown) if all(pair)]

    def at(self, trials: Sequence[int]) -> tuple[list[float], list[float]]:
        """Return where trials stand, across and up."""
        # a step for each axis, or the trials of a pair of choices would stand along a line
        return self.x.at(trials, _GOLDEN), self.y.at(trials, _SILVER)


def deepest(maps: Sequence[Map]) -> float:
    """Return the share that has the darkest shade."""
    return max(float(np.nanmax(each.shares, initial=0.0)) for each in maps) or 1.0


def worst(maps: Sequence[Map]) -> int:
    """Return the dominance number that has the palest colour, at least 1."""
    return max([1, *(each.numbers[i] for each in maps for i in each.drawn)])


@dataclass(frozen=True)
class DrawnNode:
    """Where a node of the tree is drawn, and what it says.

    Args:
        row: the node.
        left: where it begins; it is as wide as it has trials.
    """

    row: NodeRow
    left: int

    @property
    def text(self) -> str:
        """Its side, its hypervolume and its trials (the root says so), in lines."""
        trials = f"{self.row.trials}" if self.row.side else f"{self.row.trials} trials"
        return f"{self.row.side or 'all'}\n{self.row.hypervolume:.0%}\n{trials}"


def drawn_nodes(rows: Sequence[NodeRow]) -> list[DrawnNode]:
    """Return where the nodes of a tree are drawn: children side by side below their parent."""
    start: dict[str, int] = {}  # where the next child of a node begins
    drawn = []
    for row in rows:
        left = start.get(row.parent, 0)
        start[row.parent] = left + row.trials
        start[row.node] = left
        drawn.append(DrawnNode(row, left))
    return drawn


@needing("plotly", "plots")
def partition(rows: Sequence[NodeRow]) -> Figure:
    """Draw the tree: a node is as wide as it has trials, its colour is its hypervolume.

    The path that is chosen next has a frame.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    drawn = drawn_nodes(rows)
    figure = go.Figure()
    figure.add_trace(_nodes(drawn))
    figure.add_trace(_frames([node for node in drawn if node.row.chosen]))
    lowest = max(row.depth for row in rows)
    figure.update_xaxes(title="trials", range=[0, rows[0].trials])
    figure.update_yaxes(title="depth", range=[lowest + 0.55, -0.55], dtick=1)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(showgrid=False, zeroline=False)
    return figure.update_layout(
        template="plotly_white",
        barmode="overlay",
        bargap=0,
        margin={"t": 80},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "xanchor": "right", "x": 1},
    )


def _nodes(drawn: Sequence[DrawnNode]) -> Bar:
    """Return all nodes."""
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    return go.Bar(
        **_places(drawn),
        ids=[node.row.node for node in drawn],
        text=[node.text.replace("\n", "<br>") for node in drawn],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        hovertext=[_about(node.row) for node in drawn],
        hoverinfo="text",
        showlegend=False,
        marker={
            "color": [node.row.hypervolume for node in drawn],
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": "hypervolume,<br>share of all", "tickformat": ".0%"},
            "line": {"width": 1, "color": "white"},
        },
    )


def _frames(drawn: Sequence[DrawnNode]) -> Bar:
    """Return frames around nodes, with a line in the legend."""
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    return go.Bar(
        **_places(drawn),
        ids=[node.row.node for node in drawn],
        name="chosen next",
        hoverinfo="skip",
        showlegend=True,
        marker={"color": "rgba(0,0,0,0)", "line": {"width": 4, "color": CHOSEN}},
    )


def _places(drawn: Sequence[DrawnNode]) -> dict[str, Any]:
    """Return plotly's words for where nodes are drawn."""
    return {
        "orientation": "h",
        "base": [node.left for node in drawn],
        "x": [node.row.trials for node in drawn],
        "y": [node.row.depth for node in drawn],
        "width": 1,
    }


def _about(row: NodeRow) -> str:
    """Return what is said of a node, in lines of HTML."""
    return (
        f"{row.node}<br>{row.trials} trials, {row.pending} pending"
        + (f", {row.stopped} stopped early" if row.stopped else "")
        + "<br>"
        f"hypervolume {row.hypervolume:.1%}<br>UCB {row.ucb:.3f}"
        + ("<br>on the path chosen next" if row.chosen else "")
    )


@needing("plotly", "plots")
def regions(maps: Sequence[Map]) -> Figure:
    """Draw maps: the region as a shade, the trials as points coloured by dominance number.

    Trials that were stopped early are crosses without a colour of their own, below the others.
    Places where the two parameters do not exist together are grey.

    Args:
        maps: one or more, side by side in rows of two, with one scale of each colour.
    """
    from plotly.subplots import make_subplots  # noqa: PLC0415 - an engine without pictures needs none

    across = min(len(maps), ACROSS)
    figure = make_subplots(
        rows=-(-len(maps) // ACROSS),
        cols=across,
        subplot_titles=[each.where for each in maps] if any(each.where for each in maps) else None,
        horizontal_spacing=0.24 / across,
    )
    darkest, palest = deepest(maps), worst(maps)
    named = next((k for k, each in enumerate(maps) if each.stopped), None)
    for k, each in enumerate(maps):
        cell = {"row": k // ACROSS + 1, "col": k % ACROSS + 1}
        figure.add_trace(_shade(each, darkest, scale=k == 0), **cell)
        if each.stopped:
            figure.add_trace(_stopped(each, named=k == named), **cell)
        figure.add_trace(_trials(each, palest, scale=k == 0), **cell)
        _name_axes(figure, each, cell)
    look = {"template": "plotly_white", "showlegend": named is not None, "margin": {"t": 60}}
    if len(maps) > 1:
        look |= {"margin": {"t": 80}, "height": 450 * -(-len(maps) // ACROSS)}
    if named is not None:
        look["legend"] = {"yanchor": "bottom", "y": 1.04, "xanchor": "right", "x": 1}
    return figure.update_layout(**look)


def _shade(drawing: Map, darkest: float, *, scale: bool) -> Heatmap:
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    return go.Heatmap(
        x=drawing.x.cells,
        y=drawing.y.cells,
        z=drawing.shares.tolist(),
        zmin=0,
        zmax=darkest,
        colorscale=SHADE,
        name="share inside",
        showscale=scale,
        hoverongaps=False,
        colorbar={"title": "inside", "x": 1.02, "tickformat": ".0%"},
    )


def _trials(drawing: Map, palest: int, *, scale: bool) -> Scatter:
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    order = drawing.drawn
    x, y = drawing.at(order)
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name="trials",
        hovertext=[drawing.texts[i] for i in order],
        hoverinfo="text",
        showlegend=False,
        marker={
            "color": [drawing.numbers[i] for i in order],
            "colorscale": "Oranges_r",
            "cmin": 0,
            "cmax": palest,
            "showscale": scale,
            "colorbar": {"title": "dominated by", "x": 1.16},
            "size": 9,
            "line": {"width": 1, "color": "black"},
        },
    )


def _stopped(drawing: Map, *, named: bool) -> Scatter:
    import plotly.graph_objects as go  # noqa: PLC0415 - an engine without pictures needs none

    x, y = drawing.at(drawing.stopped)
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=STOPPED_EARLY,
        hovertext=[drawing.texts[i] for i in drawing.stopped],
        hoverinfo="text",
        showlegend=named,
        marker={"symbol": "x-thin", "size": 8, "line": {"width": 2, "color": STOPPED}},
    )


def _name_axes(figure: Figure, drawing: Map, cell: dict[str, int]) -> None:
    for axis, update in ((drawing.x, figure.update_xaxes), (drawing.y, figure.update_yaxes)):
        update(title=axis.title, type="log" if axis.scale == "log" else "linear", **cell)
        if axis.ticks:
            update(tickvals=axis.cells, ticktext=axis.ticks, zeroline=False, **cell)
    if drawing.gaps:  # a grey ground, of which shades leave nothing but the gaps
        for update in (figure.update_xaxes, figure.update_yaxes):
            update(showgrid=False, zeroline=False, **cell)
        where = next(figure.select_xaxes(**cell)).plotly_name.removeprefix("xaxis")
        figure.add_shape(
            type="rect",
            xref=f"x{where} domain",
            yref=f"y{where} domain",
            x0=0, x1=1, y0=0, y1=1,
            fillcolor=NOTHING,
            line_width=0,
            layer="below",
        )  # fmt: skip
