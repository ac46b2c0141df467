"""The figures of a report, in plotly."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from lamoo.arrays import Floats
from lamoo_compare.summary import Comparison

#: Okabe and Ito's colours, which people with any colour vision can tell apart.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#8A8A8A", "#E69F00")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")
DASHES = ("solid", "dash", "dot", "dashdot")


def hypervolume(comparison: Comparison) -> go.Figure:
    """Draw each sampler's hypervolume against trials or epochs: median and quartiles over seeds."""
    share = comparison.best or 1.0
    figure = _figure(comparison.budget, "hypervolume, share of the best known")
    for i, sampler in enumerate(comparison.samplers):
        curves = comparison.curves_of(sampler)
        if len(curves):
            _band(figure, comparison.grid, curves / share, i, sampler)
    return figure


def ask_time(comparison: Comparison) -> go.Figure:
    """Draw the CPU seconds that proposing takes against trials, in the same manner."""
    figure = _figure("trials", "CPU seconds per proposal")
    for i, sampler in enumerate(comparison.samplers):
        seconds = [comparison.runs[k].ask for k in comparison.whole(sampler)]
        if seconds:
            least = min(map(len, seconds))  # who stops trials has more of them
            y = _smooth(np.maximum([each[:least] for each in seconds], 1e-5))
            _band(figure, np.arange(1.0, least + 1), y, i, sampler)
    return figure.update_yaxes(type="log", dtick="D2", tickformat="~g")


def fronts(comparison: Comparison) -> go.Figure:
    """Draw the front that each sampler's runs found together."""
    m = len(comparison.directions)
    labels = [f"objective {j} ({d[:3]}.)" for j, d in enumerate(comparison.directions)]
    found = [(i, s, comparison.front(s)) for i, s in enumerate(comparison.samplers)]
    if m == 2:
        figure = _figure(*labels)
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
    figure = _figure(None, None)
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
    return figure.update_layout(height=150 + 170 * (m - 1))


def _figure(x: str | None, y: str | None) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=440,
        margin={"l": 60, "r": 10, "t": 20, "b": 50},
        font={"size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    return figure.update_xaxes(title=x, automargin=True).update_yaxes(title=y, automargin=True)


def _band(figure: go.Figure, x: Floats, curves: Floats, i: int, name: str) -> None:
    """Add the median of curves (seeds, len(x)) as a line and the middle half as a band."""
    low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
    colour = COLOURS[i % len(COLOURS)]
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=_faint(colour),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=name,
    )
    figure.add_scatter(
        x=x,
        y=middle,
        name=name,
        legendgroup=name,
        mode="lines",
        line={"color": colour, "width": 3 if i == 0 else 2, "dash": DASHES[i % len(DASHES)]},
        hovertemplate="%{y:.4g} after %{x}",
    )


def _smooth(seconds: Floats) -> Floats:
    """Return the running median over five trials, (seeds, trials): refits come now and then."""
    width = min(5, seconds.shape[1])
    padded = np.pad(seconds, ((0, 0), (width - 1, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.asarray(np.median(windows, axis=2))


def _marker(i: int) -> dict[str, Any]:
    return {
        "color": COLOURS[i % len(COLOURS)],
        "symbol": SYMBOLS[i % len(SYMBOLS)],
        "size": 8,
        "opacity": 0.8,
        "line": {"width": 0},
    }


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
