"""The figures of :mod:`optuna_lamoo.visualization` in matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from optuna.study import Study

from lamoo.report.extras import needing
from lamoo.report.figures import (
    ACROSS,
    CHOSEN,
    COLOURS,
    NOTHING,
    SHADE,
    STOPPED,
    STOPPED_EARLY,
    Map,
    deepest,
    drawn_nodes,
    worst,
)
from optuna_lamoo.visualization import _info

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_hypervolume_history", "plot_partition", "plot_region_history", "plot_regions"]

#: Dashes, for more studies than there are colours.
LINES = ("-", "--", ":")
#: More words than this along an axis are written small.
CROWDED = 20


@needing("matplotlib", "plots")
def plot_partition(study: Study) -> Axes:
    """Plot the tree, see :func:`optuna_lamoo.visualization.plot_partition`."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - matplotlib is an extra
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    rows = _info.partition(study)
    _, axes = plt.subplots(layout="constrained")
    colours = plt.get_cmap("cividis")
    for node in drawn_nodes(rows):
        row = node.row
        look = {"edgecolor": CHOSEN, "lw": 3, "zorder": 3} if row.chosen else {"edgecolor": "w"}
        axes.add_patch(
            Rectangle((node.left, row.depth), row.trials, 1, fc=colours(row.hypervolume), **look)
        )
        if row.trials > 0.08 * rows[0].trials:
            axes.text(
                node.left + row.trials / 2,
                row.depth + 0.5,
                node.text,
                ha="center",
                va="center",
                color="black" if row.hypervolume > 0.6 else "white",
                zorder=4,
            )
    levels = 1 + max(row.depth for row in rows)
    axes.set(xlim=(0, rows[0].trials), ylim=(levels + 0.05, -0.05))
    axes.set_yticks(np.arange(levels) + 0.5, [*map(str, range(levels))])
    axes.set(xlabel="trials", ylabel="depth", title="Partition")
    frame = Rectangle((0, 0), 1, 1, fc="none", edgecolor=CHOSEN, lw=3, label="chosen next")
    axes.legend(
        handles=[frame], loc="lower right", bbox_to_anchor=(1, 1), frameon=False, borderaxespad=0.2
    )
    mappable = plt.cm.ScalarMappable(cmap=colours)
    axes.figure.colorbar(mappable, ax=axes, label="hypervolume, share of all")
    return axes


@needing("matplotlib", "plots")
def plot_regions(study: Study, params: Sequence[str] | None = None) -> Axes | NDArray[np.object_]:
    """Plot a map, see :func:`optuna_lamoo.visualization.plot_regions`.

    Where there are several, an array of their axes is returned.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415 - matplotlib is an extra

    maps = _info.regions(study, params)
    rows, across = -(-len(maps) // ACROSS), min(len(maps), ACROSS)
    size = None if len(maps) == 1 else (5.5 * across, 4.5 * rows)
    figure, grid = plt.subplots(rows, across, layout="constrained", figsize=size, squeeze=False)
    darkest, palest = deepest(maps), worst(maps)
    drawn = [
        _draw_map(axes, each, darkest, palest) for axes, each in zip(grid.flat, maps, strict=False)
    ]
    for empty in grid.flat[len(maps) :]:
        empty.remove()
    shade, points = drawn[0]
    figure.colorbar(shade, ax=grid, label="share inside")
    figure.colorbar(points, ax=grid, label="dominated by")
    crosses = [axes for axes, each in zip(grid.flat, maps, strict=False) if each.stopped]
    if crosses:
        figure.legend(*crosses[0].get_legend_handles_labels(), loc="outside lower right")
    if len(maps) == 1:
        where = f" ({_plain(maps[0].where)})" if maps[0].where else ""
        grid[0, 0].set_title(f"Region chosen next{where}")
        return cast("Axes", grid[0, 0])
    figure.suptitle("Region chosen next")
    return grid.ravel()[: len(maps)]


def _draw_map(axes: Axes, drawing: Map, darkest: float, palest: int) -> tuple[Any, Any]:
    """Draw one map and return its shade and its points."""
    x, y, order = drawing.x, drawing.y, drawing.drawn
    axes.set_facecolor(NOTHING if drawing.gaps else "white")
    shade = axes.pcolormesh(
        x.cells, y.cells, drawing.shares, cmap=SHADE, vmin=0, vmax=darkest, shading="nearest"
    )
    if drawing.stopped:
        axes.scatter(*drawing.at(drawing.stopped), c=STOPPED, marker="x", label=STOPPED_EARLY)
    points = axes.scatter(
        *drawing.at(order),
        c=[drawing.numbers[i] for i in order],
        cmap="Oranges_r",
        vmin=0,
        vmax=palest,
        edgecolors="black",
    )
    axes.set(xlabel=_plain(x.title), ylabel=_plain(y.title), title=_plain(drawing.where))
    for axis, scale, ticks in ((x, axes.set_xscale, axes.set_xticks),
                               (y, axes.set_yscale, axes.set_yticks)):  # fmt: skip
        if axis.scale == "log":
            scale("log")
        if axis.ticks:
            size = "medium" if len(axis.ticks) <= CROWDED else "xx-small"
            ticks(axis.cells, [*map(_plain, axis.ticks)], fontsize=size)
    if x.ticks:
        axes.tick_params(axis="x", rotation=20)
    return shade, points


@needing("matplotlib", "plots")
def plot_region_history(study: Study) -> Axes:
    """Plot the region over time, see :func:`optuna_lamoo.visualization.plot_region_history`."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - matplotlib is an extra

    stages = _info.region_history(study)
    x = [stage.n for stage in stages]
    _, axes = plt.subplots(layout="constrained")
    lines = {
        "of the hypervolume": [stage.hypervolume for stage in stages],
        "of the trials": [stage.trials / stage.n for stage in stages],
        "of the search space": [stage.share for stage in stages],
    }
    for (name, y), colour in zip(lines.items(), COLOURS, strict=False):
        axes.plot(x, y, color=colour, label=name)
    axes.set(xlabel="trials", ylabel="share inside", ylim=(0, 1.02))
    depth = axes.twinx()
    depth.step(x, [stage.depth for stage in stages], where="post", color="0.6", ls=":")
    depth.set_ylabel("depth of leaf (dotted)")
    depth.set_yticks(np.arange(max(stage.depth for stage in stages) + 1))
    axes.set_title("Region chosen next, over time")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False)
    return axes


@needing("matplotlib", "plots")
def plot_hypervolume_history(
    studies: _info.Studies, reference_point: Sequence[float] | None = None
) -> Axes:
    """Plot curves, see :func:`optuna_lamoo.visualization.plot_hypervolume_history`."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - matplotlib is an extra

    shown = _info.hypervolumes(studies, reference_point)
    _, axes = plt.subplots(layout="constrained")
    for i, curve in enumerate(shown.curves):
        axes.step(
            curve.numbers,
            curve.hypervolume,
            where="post",
            color=COLOURS[i % len(COLOURS)],
            linestyle=LINES[i // len(COLOURS) % len(LINES)],
            label=_plain(curve.name),
        )
    axes.set(xlabel="trial", ylabel="hypervolume")
    axes.set_title(f"Hypervolume history\n{_plain(shown.reference)}", fontsize="medium")
    axes.legend()
    return axes


def _plain(text: str) -> str:
    """Return what matplotlib draws as this text: between dollars it would read mathematics."""
    return text.replace("$", r"\$")
