"""The pictures of a benchmark.

python examples/benchmarks/plots.py results                   # of curves.csv and ask_time.csv there
python examples/benchmarks/plots.py docs/benchmarks --ours lamoo --samplers lamoo tpe gp
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import curves
import numpy as np
from curves import Run
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

#: A sampler has the same colour in every picture. Variants of ours without one are for ablations
#: and stand in the tables only; rivals without one are grey.
COLOURS = {
    "lamoo": "#d62728",
    "lamoo-gp-fast": "#e377c2",
    "lamoo-evolutionary": "#ff9f1c",
    "ax-lamoo": "#d62728",
    "ax-lamoo-evolutionary": "#ff9f1c",
    "ax": "#1f5fbf",
    "gp": "#1f5fbf",
    "tpe": "#1b8a3a",
    "tpe-multivariate": "#7fce5b",
    "nsgaii": "#7b3fa0",
    "nsgaii-pop20": "#c79be0",
    "random": "#9a9a9a",
}
COLUMNS = 4
#: Gaps below are drawn as this, the precision of ``curves.csv``.
SMALLEST_GAP = 1e-4
#: Lines begin after so many trials.
EARLIEST = 5


def is_ours(sampler: str) -> bool:
    """Tell whether a sampler is LaMOO or a variant of it, also in Ax; the others are rivals."""
    return sampler.removeprefix("ax-").startswith("lamoo")


def draw(table: Path, ours: str, path: Path, samplers: Sequence[str] = ()) -> None:
    """Draw a ``curves.csv``, all samplers or some."""
    runs = [run for run in curves.read(table) if not samplers or run.sampler in samplers]
    draw_hypervolume(runs, ours, path)


def draw_hypervolume(runs: Sequence[Run], ours: str, path: Path) -> None:
    """Draw, per problem, how much of the best hypervolume is missing after how many trials.

    Lines are medians over seeds and bands reach from quartile to quartile.
    """
    problems = curves.grouped(runs)
    columns = min(COLUMNS, len(problems))
    rows = -(-len(problems) // columns)
    figure = Figure(figsize=(1 + 3 * columns, 1 + 2.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (problem, groups) in zip(grid.flat, problems.items(), strict=False):
        draw_problem(axes, groups, ours)
        axes.set_title(problem, fontsize="medium")
    for axes in grid.flat[len(problems) :]:
        axes.set_axis_off()
    figure.supxlabel("trials")
    figure.supylabel("missing share of hypervolume")
    finish(figure, path)


def draw_problem(axes: Axes, groups: Mapping[str, Sequence[Run]], ours: str) -> None:
    """Draw one problem's panel."""
    points = curves.points_of(groups)
    points = [n for n in points if n >= EARLIEST] or points
    for sampler, runs in groups.items():
        if is_ours(sampler) and sampler != ours and plain(sampler) not in COLOURS:
            continue
        gaps = np.maximum(1 - curves.shares_of(runs, points), SMALLEST_GAP)
        low, middle, high = np.quantile(gaps, [0.25, 0.5, 0.75], axis=0)
        look = style(sampler)
        order = 2 + is_ours(sampler) + (sampler == ours)
        axes.plot(points, middle, label=sampler, zorder=order, **look)
        axes.fill_between(points, low, high, color=look["color"], alpha=0.12, lw=0, zorder=order)
    log_scale(axes)
    axes.set_ylim(top=min(1.05, axes.get_ylim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def draw_ask_time(table: Path, path: Path) -> None:
    """Draw CPU seconds per ask against the number of trials, and of objectives."""
    rows = list(csv.DictReader(table.read_text().splitlines()))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    panels = (
        (left, "trials", "objectives", "2", "2 objectives"),
        (right, "objectives", "trials", "200", "200 trials"),
    )
    for axes, across, fixed, value, title in panels:
        chosen = [row for row in rows if row[fixed] == value]
        for sampler in dict.fromkeys(row["sampler"] for row in rows):
            mine = [row for row in chosen if row["sampler"] == sampler]
            points = sorted((int(row[across]), float(row["mean"])) for row in mine)
            axes.plot(*zip(*points, strict=True), marker="o", ms=4, label=sampler, **style(sampler))
        axes.set(xlabel=across, xscale="log", title=title)
        log_scale(axes)
        ticks = sorted({int(row[across]) for row in chosen})
        axes.set_xticks(ticks, map("{:,}".format, ticks))
        axes.set_xticks([], minor=True)
    left.set_ylabel("CPU seconds per ask")
    finish(figure, path)


def log_scale(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with a few plain numbers on it."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    digits = (1.0, 2.0, 5.0) if high > 5 * low else range(1, 10)
    axes.yaxis.set_major_locator(LogLocator(subs=digits))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize="small")
    axes.grid(visible=True, color="0.93")


def plain(sampler: str) -> str:
    """Return a sampler's name without the number of workers."""
    return sampler.split(" x", maxsplit=1)[0]


def style(sampler: str) -> dict[str, Any]:
    """Return how a sampler's line looks: ours thick, several workers dashed."""
    return {
        "color": COLOURS.get(plain(sampler), "0.5"),
        "lw": 2.4 if is_ours(sampler) else 1.3,
        "ls": "-" if sampler == plain(sampler) else "--",
    }


def finish(figure: Figure, path: Path) -> None:
    """Add one legend for all panels and write the picture."""
    handles = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside upper center",
        ncols=max(2, int(figure.get_figwidth() / 1.6)),
        frameon=False,
    )
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110)
    # a palette makes the file a third as large
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what a folder holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of curves.csv, ask_time.csv or both")
    parser.add_argument("--ours", metavar="NAME", default="lamoo", help="drawn on top (lamoo)")
    parser.add_argument("--samplers", nargs="+", metavar="NAME", default=(), help="all by default")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="by default the same")
    options = parser.parse_args(arguments)
    out = options.out or options.folder
    out.mkdir(parents=True, exist_ok=True)
    if (table := options.folder / "curves.csv").exists():
        draw(table, options.ours, out / "hypervolume.png", options.samplers)
    if (table := options.folder / "ask_time.csv").exists():
        draw_ask_time(table, out / "ask_time.png")


if __name__ == "__main__":
    main()
