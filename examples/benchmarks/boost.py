"""How much sooner samplers get there inside LaMOO's regions than alone.

python examples/benchmarks/boost.py results                            # a folder of cells
python examples/benchmarks/boost.py docs/benchmarks/bases/curves.csv   # an earlier report

Compares each sampler NAME with lamoo-NAME (see BASES in run.py), problem by problem, by medians.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import curves
import numpy as np
from curves import Floats, Run
from report import Row, markdown, runs_in, trials_to_reach, write
from rich.console import Console

PREFIX = "lamoo-"


def boosts(runs: Iterable[Run], budgets: Sequence[int]) -> list[Row]:
    """Return a row per problem and base: both shares and the boost in trials at each budget."""
    rows = []
    for problem, groups in curves.grouped(runs).items():
        for name in sorted(groups):
            inside = PREFIX + name
            if inside in groups:
                pair = {key: groups[key] for key in (name, inside)}
                rows.append({"problem": problem, "base": name, **compared(pair, name, budgets)})
    return rows


def compared(groups: Mapping[str, Sequence[Run]], name: str, budgets: Sequence[int]) -> Row:
    """Return shares and boosts of one base on one problem; both have as many trials."""
    points = curves.points_of(groups)
    alone, inside = (
        np.median(curves.shares_of(groups[key], points), axis=0) for key in (name, PREFIX + name)
    )
    row: Row = {}
    for n in dict.fromkeys(min(budget, points[-1]) for budget in budgets):
        at = points.index(n)
        row[f"alone@{n}"] = f"{alone[at]:.3f}"
        row[f"in LaMOO@{n}"] = f"{inside[at]:.3f}"
        row[f"boost@{n}"] = f"{boost(alone, inside, points, n):.2f}"
    return row


def boost(alone: Floats, inside: Floats, points: Sequence[int], n: int) -> float:
    """Return how many times sooner the base inside LaMOO has what it has alone after ``n`` trials.

    Where it has less by then, the inverse: the share of ``n`` trials after which the base alone
    has what it has inside LaMOO after ``n``.
    """
    at = points.index(n)
    if alone[at] == inside[at] == 0:
        return 1.0
    match = trials_to_reach(inside, points, float(alone[at]))
    if not isinstance(match, str) and match <= n:
        return n / match
    return float(trials_to_reach(alone, points, float(inside[at]))) / n


def summary(rows: Sequence[Row], budgets: Sequence[int]) -> str:
    """Return a line per base: the median boost, and on how many problems it is at least 1."""
    lines = []
    for name in dict.fromkeys(str(row["base"]) for row in rows):
        own = [row for row in rows if row["base"] == name]
        for n in budgets:
            found = [float(row[f"boost@{n}"]) for row in own if f"boost@{n}" in row]
            if found:
                lines.append(
                    f"{name}: at {n} trials median boost {np.median(found):.2f}, >= 1 on "
                    f"{sum(b >= 1 for b in found)} of {len(found)} problems, "
                    f"from {min(found):.2f} to {max(found):.2f}"
                )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read cells or curves; print the table, and write it where --out says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="a folder of cells, or curves.csv")
    parser.add_argument("--budgets", nargs="+", type=int, default=[50, 100], metavar="TRIALS")
    parser.add_argument("--out", type=Path, help="folder for boost.csv and curves.csv")
    options = parser.parse_args(arguments)
    console = Console()
    folder = options.source.is_dir()
    runs = runs_in(options.source, console) if folder else curves.read(options.source)
    runs = [curves.thinned(run) for run in curves.in_order(runs)]
    rows = boosts(runs, options.budgets)
    console.out(markdown(rows), "\n", highlight=False)
    console.out(summary(rows, options.budgets), highlight=False)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        write(rows, options.out / "boost.csv")
        curves.write(runs, options.out / "curves.csv")


if __name__ == "__main__":
    main()
