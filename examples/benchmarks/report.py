"""The report of a benchmark run: a table per problem, a CSV file of it, and a picture."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lamoo.problems import Problem, load

Floats = NDArray[np.float64]
Cells = Sequence[Mapping[str, Any]]

#: Hypervolumes are reported after these numbers of trials, and at the end.
CHECKPOINTS = (25, 50, 100, 200, 500)


def report(cells: Cells, folder: Path, console: Console) -> None:
    """Print one table per problem; write ``summary.csv`` and ``benchmarks.png`` to the folder.

    Args:
        cells: results as ``run.py`` writes them; with different numbers of trials, each problem is
            compared up to the smallest.
        folder: where to write.
        console: where to print.
    """
    if not cells:
        console.print("No results.")
        return
    shares = {name: shares_of(load(name), group) for name, group in by(cells, "problem").items()}
    rows = [row for name in shares for row in summarise(name, shares[name], cells)]
    for name in shares:
        console.print(table_of([row for row in rows if row["problem"] == name]))
    with (folder / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys(key for row in rows for key in row))
        writer.writeheader()
        writer.writerows(rows)
    draw(shares, cells, folder / "benchmarks.png")
    console.print(f"Written: {folder / 'summary.csv'}, {folder / 'benchmarks.png'}")


def by(cells: Cells, key: str) -> dict[str, list[Mapping[str, Any]]]:
    """Group cells by one of their fields, in order of appearance."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        groups[cell[key]].append(cell)
    return dict(groups)


def shares_of(problem: Problem, cells: Cells) -> dict[str, Floats]:
    """Return each sampler's shares of the best hypervolume known, shape ``(seeds, trials)``."""
    trials = min(cell["trials"] for cell in cells)
    return {
        sampler: np.array([problem.hypervolume_curve(cell["values"][:trials]) for cell in group])
        / problem.best_hypervolume
        for sampler, group in by(cells, "sampler").items()
    }


def summarise(
    problem: str, shares: Mapping[str, Floats], cells: Cells
) -> list[dict[str, str | float]]:
    """Return one row per sampler: medians over seeds."""
    medians = {sampler: np.median(curves, axis=0) for sampler, curves in shares.items()}
    trials = len(next(iter(medians.values())))
    points = [n for n in CHECKPOINTS if n < trials] + [trials]
    rivals = [curve for sampler, curve in medians.items() if not is_ours(sampler)]
    best = np.max(rivals, axis=0) if rivals else np.full(trials, np.nan)
    rows = []
    for sampler, curve in medians.items():
        mine = [c for c in cells if c["problem"] == problem and c["sampler"] == sampler]
        late = np.array([last_tenth(cell["ask_cpu_seconds"]) for cell in mine])
        row: dict[str, str | float] = {"problem": problem, "sampler": sampler, "seeds": len(mine)}
        row |= {f"share@{n}": round(float(curve[n - 1]), 4) for n in points}
        row["log10 gap"] = round(float(np.log10(np.clip(1 - curve[-1], 1e-6, 1))) + 0.0, 2)
        row |= {f"match@{n}": trials_to_reach(curve, best[n - 1]) for n in points}
        row["ask ms, median"] = round(1e3 * float(np.median(late)), 1)
        row["ask ms, mean"] = round(1e3 * float(np.mean(late)), 1)
        row["repeats"] = float(np.median([cell["repeats"] for cell in mine]))
        rows.append(row)
    return rows


def is_ours(sampler: str) -> bool:
    """Tell whether a sampler is LaMOO or a variant of it; the others are rivals."""
    return sampler.startswith("lamoo")


def last_tenth(values: Sequence[float]) -> Sequence[float]:
    """Return the last tenth of a list, at least one value."""
    return values[-max(1, len(values) // 10) :]


def trials_to_reach(curve: Floats, target: float) -> str | float:
    """Return after how many trials a curve reaches a value: a number, or "never"."""
    reached = np.flatnonzero(curve >= target)
    return int(reached[0]) + 1 if len(reached) else "never"


def table_of(rows: Sequence[Mapping[str, str | float]]) -> Table:
    """Return one problem's rows as a table; the best share after each number of trials is bold."""
    shares = [key for key in rows[0] if key.startswith("share@")]
    matches = [key for key in rows[0] if key.startswith("match@")]
    budgets = [key.removeprefix("share@") for key in shares]
    seeds = max(int(row["seeds"]) for row in rows)
    table = Table(title=f"{rows[0]['problem']}: medians over {seeds} seeds")
    table.add_column("sampler")
    for budget in budgets:
        table.add_column(f"share of best hv at {budget}", justify="right")
    table.add_column("log10 gap at end", justify="right")
    table.add_column(f"trials to match best rival at {', '.join(budgets)}", justify="right")
    table.add_column("ms per ask at end: median, mean", justify="right")
    table.add_column("repeats", justify="right")
    top = {key: max(float(row[key]) for row in rows) for key in shares}
    for row in rows:
        bold = ["[bold]" * (row[key] == top[key]) + f"{row[key]:.3f}" for key in shares]
        match = ", ".join(str(row[key]) for key in matches)
        ask = f"{row['ask ms, median']:.1f}, {row['ask ms, mean']:.1f}"
        cells = [*bold, f"{row['log10 gap']:.2f}", match, ask, f"{row['repeats']:g}"]
        # a run that was interrupted, or a cell that failed
        note = "" if row["seeds"] == seeds else f" (only {row['seeds']})"
        table.add_row(f"{row['sampler']}{note}", *cells)
    return table


def draw(shares: Mapping[str, Mapping[str, Floats]], cells: Cells, path: Path) -> None:
    """Draw hypervolume (above) and CPU seconds per ask (below) against trials, per problem."""
    figure = Figure(figsize=(4.2 * len(shares), 7), layout="constrained")
    axes = figure.subplots(2, len(shares), squeeze=False)
    samplers = list(by(cells, "sampler"))
    for (above, below), (name, curves) in zip(axes.T, shares.items(), strict=True):
        for sampler, share in curves.items():
            style = {"color": f"C{samplers.index(sampler)}", "lw": 2 if is_ours(sampler) else 1}
            group = [c for c in cells if c["problem"] == name and c["sampler"] == sampler]
            seconds = np.array([c["ask_cpu_seconds"][: share.shape[1]] for c in group])
            band(above, share, label=sampler, **style)
            band(below, np.maximum(seconds, 1e-5), label=sampler, **style)
        above.set(title=name, ylabel="share of the best hypervolume")
        below.set(xlabel="trials", ylabel="CPU seconds per ask", yscale="log")
    axes[0, 0].legend(fontsize="small")
    figure.savefig(path, dpi=120)


def band(axes: Axes, values: Floats, **style: Any) -> None:
    """Draw the median of values ``(seeds, trials)`` and the band between their quartiles."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    trials = np.arange(1, values.shape[1] + 1)
    axes.plot(trials, middle, **style)
    axes.fill_between(trials, low, high, color=style["color"], alpha=0.15, lw=0)
