"""The report of a benchmark run: tables, small files of them, and pictures.

python examples/benchmarks/report.py results                      # from a folder of cells
python examples/benchmarks/report.py docs/benchmarks/curves.csv   # from an earlier report
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import curves
import numpy as np
import plots
from curves import Floats, Run, is_ours
from rich.console import Console
from rich.table import Table
from scipy.stats import mannwhitneyu

Row = dict[str, str | float]

#: Hypervolumes are reported after these numbers of trials, and at the end.
CHECKPOINTS = (25, 50, 100, 200, 500)
#: The overview compares after these or, where a problem has neither, at the end.
BUDGETS = (50, 100)


def report(
    runs: Iterable[Run],
    folder: Path,
    console: Console,
    *,
    ours: str | None = None,
    samplers: Sequence[str] | None = None,
) -> None:
    """Print a table per problem and one over all; write them, the curves and the pictures.

    Args:
        runs: what to report; with different numbers of trials, each problem is compared up to the
            smallest.
        folder: where to write; an ``ask_time.csv`` found there is drawn, too.
        console: where to print.
        ours: the sampler that the overview compares with the rivals, by default the first of ours.
        samplers: those that tables and pictures are of, by default all; the curves are of all.
    """
    everything = curves.in_order(runs)
    runs = [run for run in everything if samplers is None or run.sampler in samplers]
    if not runs:
        console.print("No results.")
        return
    ours = ours or min(filter(is_ours, (run.sampler for run in runs)), default="lamoo")
    tables = [summarise(name, groups) for name, groups in curves.grouped(runs).items()]
    for rows in tables:
        console.print(table_of(rows))
    compared = overview(runs, ours)
    text = f"{markdown(compared)}\n\n{count(compared, ours)}\n"
    console.out(text, highlight=False)

    folder.mkdir(parents=True, exist_ok=True)
    curves.write(everything, folder / "curves.csv")
    write([row for rows in tables for row in rows], folder / "summary.csv")
    write(compared, folder / "overview.csv")
    (folder / "overview.md").write_text(text, encoding="utf-8")
    plots.draw_hypervolume(runs, ours, folder / "hypervolume.png")
    if (folder / "ask_time.csv").exists():
        plots.draw_ask_time(folder / "ask_time.csv", folder / "ask_time.png")
    console.print(f"Written to {folder}", soft_wrap=True)


def write(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV; a row may lack some columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        header = dict.fromkeys(key for row in rows for key in row)
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def medians_of(groups: Mapping[str, Sequence[Run]], points: Sequence[int]) -> dict[str, Floats]:
    """Return each sampler's median share after these numbers of trials, shape ``(points,)``."""
    return {
        sampler: np.median(curves.shares_of(runs, points), axis=0)
        for sampler, runs in groups.items()
    }


def best_rival(medians: Mapping[str, Floats], at: int) -> str | None:
    """Return the rival with the highest median there, or ``None`` if there are no rivals."""
    rivals = (sampler for sampler in medians if not is_ours(sampler))
    return max(rivals, key=lambda sampler: medians[sampler][at], default=None)


def trials_to_reach(curve: Floats, points: Sequence[int], target: float) -> str | int:
    """Return after how many trials a curve reaches a value: one of ``points``, or "never".

    A curve at 0 has reached nothing: where the target is 0, it must get above it.
    """
    reached = np.flatnonzero((curve >= target) & (curve > 0))
    return points[reached[0]] if len(reached) else "never"


def log_gap(share: float) -> float:
    """Return log10 of what is missing to 1; gaps below 10^-4, the files' precision, are that."""
    return round(float(np.log10(max(1 - share, 1e-4))) + 0.0, 2)  # never -0.0


# --- a table per problem --------------------------------------------------------------------------


def summarise(problem: str, groups: Mapping[str, Sequence[Run]]) -> list[Row]:
    """Return one row per sampler: medians over seeds."""
    points = curves.points_of(groups)
    medians = medians_of(groups, points)
    shown = [i for i, n in enumerate(points[:-1]) if n in CHECKPOINTS] + [len(points) - 1]
    targets = {i: medians[best][i] if (best := best_rival(medians, i)) else np.nan for i in shown}
    rows = []
    for sampler, curve in medians.items():
        runs = groups[sampler]
        row: Row = {"problem": problem, "sampler": sampler, "seeds": len(runs)}
        row |= {f"share@{points[i]}": round(float(curve[i]), 4) for i in shown}
        row["log10 gap"] = log_gap(curve[-1])
        row |= {f"match@{points[i]}": trials_to_reach(curve, points, targets[i]) for i in shown}
        row["ask ms, median"] = round(float(np.median([run.ask_median for run in runs])), 1)
        row["ask ms, mean"] = round(float(np.mean([run.ask_mean for run in runs])), 1)
        row["repeats"] = float(np.median([run.repeats for run in runs]))
        rows.append(row)
    return rows


def table_of(rows: Sequence[Row]) -> Table:
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


# --- one table over all problems ------------------------------------------------------------------


def overview(runs: Sequence[Run], ours: str) -> list[Row]:
    """Return one row per problem: ours against the best rival at each budget."""
    rivals = {run.sampler for run in runs if not is_ours(run.sampler)}
    return [
        {"problem": name} | versus(groups, ours) | {"compared with": present(groups, rivals)}
        for name, groups in curves.grouped(runs).items()
    ]


def versus(groups: Mapping[str, Sequence[Run]], ours: str) -> Row:
    """Return how ours compares on one problem; without ours, or without rivals, only a part.

    ``match`` is the number of trials after which our median reaches what the best rival's is at
    the budget, ``ratio`` the budget over it, and ``p`` of the two-sided Mann-Whitney test on the
    shares of the seeds at the budget, not paired.
    """
    points = curves.points_of(groups)
    medians = medians_of(groups, points)
    row: Row = {}
    for n in [n for n in BUDGETS if n in points] or points[-1:]:
        at = points.index(n)
        best = best_rival(medians, at)
        if best:
            row |= {f"rival@{n}": best, f"its share@{n}": f"{medians[best][at]:.4f}"}
        if ours in medians:
            row[f"{ours}@{n}"] = f"{medians[ours][at]:.4f}"
            row[f"log10 gap@{n}"] = f"{log_gap(medians[ours][at]):.2f}"
        if best and ours in medians:
            match = trials_to_reach(medians[ours], points, medians[best][at])
            test = mannwhitneyu(*(curves.shares_of(groups[s], [n])[:, 0] for s in (ours, best)))
            row[f"match@{n}"] = match
            row[f"ratio@{n}"] = "-" if isinstance(match, str) else f"{n / match:.2f}"
            row[f"p@{n}"] = f"{test.pvalue:.3f}"
    return row


def present(groups: Mapping[str, Sequence[Run]], rivals: Iterable[str]) -> str:
    """Return which rivals a problem has, "all" if none is missing, and who has fewer seeds."""
    seeds = {rival: len(groups.get(rival, ())) for rival in sorted(rivals)}
    most = max((len(runs) for runs in groups.values()), default=0)
    if all(number == most for number in seeds.values()):
        return "all"
    return ", ".join(
        rival if number == most else f"{rival} ({number} of {most} seeds)"
        for rival, number in seeds.items()
        if number
    )


def count(rows: Sequence[Row], ours: str) -> str:
    """Return, for each budget, on how many problems ours needs half the trials, and no more."""
    budgets = sorted(
        {int(key.removeprefix("match@")) for row in rows for key in row if "match@" in key}
    )
    lines = []
    for n in budgets:
        matches = [row[f"match@{n}"] for row in rows if f"match@{n}" in row]
        reached = [n / match for match in matches if not isinstance(match, str)]
        lines.append(
            f"{ours} at N = {n}: ratio >= 2 on {sum(ratio >= 2 for ratio in reached)}, "
            f">= 1 on {sum(ratio >= 1 for ratio in reached)} of {len(matches)} problems."
        )
    return "\n\n".join(lines) or f"Nothing to compare: it takes {ours} and a rival."


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table, its columns aligned; what a row lacks is a dash."""
    columns = dict.fromkeys(key for row in rows for key in row)
    if "compared with" in columns:
        columns["compared with"] = columns.pop("compared with")
    lines = [[*columns], *([str(row.get(key, "-")) for key in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([c.ljust(w) for c, w in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


# --- the command line -----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Report what a folder of cells or a file of curves holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder of cells, or curves.csv")
    parser.add_argument("--samplers", nargs="+", metavar="NAME", help="all unless given")
    parser.add_argument("--ours", metavar="NAME", help="sampler for the overview (lamoo)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="beside the source unless given")
    options = parser.parse_args(arguments)
    console = Console()
    source: Path = options.source
    folder = source if source.is_dir() else source.parent
    runs = runs_in(source, console) if source.is_dir() else curves.read(source)
    out = options.out or folder
    report(runs, out, console, ours=options.ours, samplers=options.samplers)


def runs_in(folder: Path, console: Console) -> list[Run]:
    """Return the runs of a folder of cells: of several with the same seed, the longest."""
    cells = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    problems = curves.loadable(dict.fromkeys(cell["problem"] for cell in cells), console)
    runs = [curves.run_of(c, problems[c["problem"]]) for c in cells if c["problem"] in problems]
    runs.sort(key=lambda run: len(run.shares))
    return list({(run.problem, run.sampler, run.seed): run for run in runs}.values())


if __name__ == "__main__":
    main()
