"""The figures of a report, in plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lamoo.arrays import Floats
from lamoo.report import figures as report
from lamoo_compare.summary import Comparison

#: Each colour has a dash and a symbol of its own, for print.
COLOURS = report.COLOURS[:6]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
#: So many samplers share a picture. More get one each, in which they stand beside the first.
MOST = len(COLOURS)
#: Pictures in a row.
ACROSS = 3
#: The height of a picture, and of one of several, in pixels.
HEIGHT, SMALL = 440, 230


def hypervolume(comparison: Comparison) -> go.Figure:
    """Draw each sampler's hypervolume against trials or epochs: median and quartiles over seeds."""
    share = comparison.best or 1.0
    bands = {
        sampler: (comparison.grid, curves / share)
        for sampler in comparison.samplers
        if len(curves := comparison.curves_of(sampler))
    }
    return _bands(
        comparison.samplers, bands, comparison.budget, "hypervolume, share of the best known"
    )


def ask_time(comparison: Comparison) -> go.Figure:
    """Draw the CPU seconds that proposing takes against trials, in the same manner."""
    bands = {}
    for sampler in comparison.samplers:
        seconds = [comparison.runs[k].ask for k in comparison.whole(sampler)]
        if seconds:
            least = min(map(len, seconds))  # who stops trials has more of them
            y = _smooth(np.maximum([each[:least] for each in seconds], 1e-5))
            bands[sampler] = (np.arange(1.0, least + 1), y)
    figure = _bands(comparison.samplers, bands, "trials", "CPU seconds per proposal")
    return figure.update_yaxes(type="log", dtick=1 if len(bands) > MOST else "D2", tickformat="~g")


def shown_fronts(comparison: Comparison) -> list[str]:
    """Return whose fronts are drawn: at most six, the first sampler and the best of the others."""
    first, *others = comparison.rows
    best = sorted(others, key=lambda row: -row.get("hypervolume", -1.0))[: MOST - 1]
    shown = {row["sampler"] for row in (first, *best)}
    return [sampler for sampler in comparison.samplers if sampler in shown]


def fronts(comparison: Comparison) -> go.Figure:
    """Draw the front that each sampler's runs found together, of :func:`shown_fronts`."""
    goals = zip(comparison.objectives, comparison.directions, strict=True)
    labels = [f"{name} ({direction[:3]}.)" for name, direction in goals]
    found = [(i, s, comparison.front(s)) for i, s in enumerate(shown_fronts(comparison))]
    if len(labels) == 2:
        figure = _figure(go.Figure()).update_xaxes(title=labels[0]).update_yaxes(title=labels[1])
        for i, sampler, front in found:
            figure.add_scatter(
                x=front[:, 0],
                y=front[:, 1],
                mode="markers",
                name=sampler,
                marker=_marker(i),
                hovertemplate="%{x:.6g}, %{y:.6g}",
            )
        return figure
    figure = _figure(go.Figure())
    for i, sampler, front in found:
        figure.add_splom(
            dimensions=[
                {"label": label, "values": front[:, j].tolist()} for j, label in enumerate(labels)
            ],
            name=sampler,
            marker=_marker(i),
            diagonal={"visible": False},
            showupperhalf=False,
            showlegend=True,
        )
    return figure.update_layout(height=150 + 170 * (len(labels) - 1))


def _figure(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=HEIGHT,
        margin={"l": 60, "r": 10, "t": 20, "b": 50},
        font={"size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    return figure.update_xaxes(automargin=True).update_yaxes(automargin=True)


def _bands(
    samplers: Sequence[str], bands: Mapping[str, tuple[Floats, Floats]], x: str, y: str
) -> go.Figure:
    """Draw a band for each sampler that has one.

    Of more than six, each has a picture of its own, with the first one's band for comparison.

    Args:
        samplers: all of them.
        bands: sampler -> where it is measured, shape ``(n,)``, and a curve per seed ``(seeds, n)``.
        x: the title of the axis across.
        y: the title of the axis up.
    """
    if len(bands) <= MOST:
        figure = _figure(go.Figure()).update_xaxes(title=x).update_yaxes(title=y)
        order = [*(samplers if len(samplers) <= MOST else bands)]
        for sampler, band in bands.items():
            _add_band(figure, *band, order.index(sampler), sampler)
        return figure
    first = samplers[0]
    others = [sampler for sampler in bands if sampler != first]
    rows = -(-len(others) // ACROSS)
    figure = _figure(
        make_subplots(
            rows=rows,
            cols=ACROSS,
            shared_xaxes="all",
            shared_yaxes="all",
            subplot_titles=others,
            x_title=x,
            y_title=y,
            horizontal_spacing=0.03,
            vertical_spacing=0.2 / rows,
        )
    )
    for k, other in enumerate(others):
        cell: dict[str, Any] = {"row": k // ACROSS + 1, "col": k % ACROSS + 1}
        _add_band(figure, *bands[other], 1, other, **cell, showlegend=False)
        if first in bands:
            _add_band(figure, *bands[first], 0, first, **cell, showlegend=k == 0)
        if k + ACROSS >= len(others):  # the lowest of its column
            figure.update_xaxes(showticklabels=True, **cell)
    figure.update_annotations(font_size=13)
    return figure.update_layout(height=SMALL * rows + 100, margin={"t": 70, "b": 60})


def _add_band(
    figure: go.Figure, x: Floats, curves: Floats, i: int, name: str, **where: Any
) -> None:
    """Add the median of curves (seeds, len(x)) as a line and the middle half as a band."""
    low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
    colour = COLOURS[i]
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=_faint(colour),
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=name,
        **where | {"showlegend": False},
    )
    figure.add_scatter(
        x=x,
        y=middle,
        name=name,
        legendgroup=name,
        mode="lines",
        line={"color": colour, "width": 3 if i == 0 else 2, "dash": DASHES[i]},
        zorder=2 if i == 0 else 1,
        hovertemplate="%{y:.4g} after %{x}",
        **where,
    )


def _smooth(seconds: Floats) -> Floats:
    """Return the running median over five trials, (seeds, trials): refits come now and then."""
    width = min(5, seconds.shape[1])
    padded = np.pad(seconds, ((0, 0), (width - 1, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.asarray(np.median(windows, axis=2))


def _marker(i: int) -> dict[str, Any]:
    return {
        "color": COLOURS[i],
        "symbol": SYMBOLS[i],
        "size": 8,
        "opacity": 0.8,
        "line": {"width": 0},
    }


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
