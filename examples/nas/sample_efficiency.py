"""The papers' main table: how many trials LaMOO saves, solver by solver.

    python examples/nas/sample_efficiency.py                # half an hour of one core; --jobs 2
    python examples/nas/sample_efficiency.py --seeds 3 --trials 50

LaMOO with each of its solvers, against the same solver alone, NSGA-II and random search, on
NAS-Bench-201: the LaMOO authors' task (test accuracy and FLOPs; validation accuracy and FLOPs where
their table is absent) and accuracy against the measured latency of devices. Runs are kept, and the
same command goes on where an interrupted one stopped.

Sample efficiency is how many times fewer trials LaMOO needs to the same hypervolume: the rival's
median after so many trials is the target, the rival's trials are when its median got there, and
each of LaMOO's seeds has its own. Quartiles are over LaMOO's seeds. The papers report 2.25 on
NAS-Bench-201, for their qEHVI with and without the partition.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rich.console import Console

from lamoo.problems import PROBLEMS

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
import curves
import plots
import report
import run

AUTHORS, OTHERWISE = "nb201-authors", "nb201-cifar10-flops"
TASKS = (AUTHORS, "nb201-raspi4", "nb201-pixel3", "nb201-fpga", "nb201-gtx1080ti")
#: A population of 20: of 50, the default, 100 trials are two generations.
COMMON = ("nsgaii-pop20", "random")
#: LaMOO with a solver -> its rivals, first the solver alone (which is "random" for itself).
RIVALS = {
    "lamoo": ("lamoo-gp-alone", *COMMON),
    "lamoo-evolutionary": ("lamoo-evolutionary-alone", *COMMON),
    "lamoo-random": ("random", "nsgaii-pop20"),
}
SAMPLERS = tuple(dict.fromkeys([*RIVALS, *(name for group in RIVALS.values() for name in group)]))
QUARTILES = (0.25, 0.5, 0.75)

Row = dict[str, str | float]


def first_reached(curve: curves.Floats, points: Sequence[int], target: float) -> float:
    """Return after how many trials a curve (points,) reaches a target, infinity if never."""
    reached = np.flatnonzero(curve >= target)
    return float(points[reached[0]]) if len(reached) else np.inf


def efficiency(
    ours: Sequence[curves.Run], rival: Sequence[curves.Run], points: Sequence[int]
) -> tuple[float, float, list[float]]:
    """Return the rival's final share and its trials to it, and how many times fewer ours take.

    The last is 25, 50 and 75 % of our seeds: 0 where a run does not get there. No value is
    interpolated, and with an even number of seeds the median is the lower of the middle two.
    """
    median = np.median(curves.shares_of(rival, points), axis=0)
    target = float(median[-1])
    trials = first_reached(median, points, target)
    ratios = [trials / first_reached(c, points, target) for c in curves.shares_of(ours, points)]
    quartiles = np.quantile(ratios, QUARTILES, method="inverted_cdf")
    return target, trials, quartiles.tolist()


def rows_of(runs: Iterable[curves.Run], budgets: Sequence[int]) -> list[Row]:
    """Return one row per task, solver, rival and budget that the runs allow."""
    rows: list[Row] = []
    for task, groups in curves.grouped(runs).items():
        points = curves.points_of(groups)
        for n in (n for n in budgets if n in points):
            until = points[: points.index(n) + 1]
            rows += [row_of(task, groups, pair, until) for pair in pairs_in(groups)]
    return rows


def pairs_in(groups: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return LaMOO's solvers and their rivals, as far as there are runs of both."""
    return [(s, r) for s, rivals in RIVALS.items() for r in rivals if {s, r} <= groups.keys()]


def row_of(
    task: str,
    groups: Mapping[str, Sequence[curves.Run]],
    pair: tuple[str, str],
    points: Sequence[int],
) -> Row:
    """Return how one pair compares at the last of the points."""
    solver, rival = pair
    share, trials, ratios = efficiency(groups[solver], groups[rival], points)
    return {
        "task": task,
        "trials": points[-1],
        "LaMOO": solver,
        "rival": rival,
        "seeds": len(groups[solver]),
        "its share": f"{share:.4f}",
        "its trials": int(trials),
        "LaMOO's": said([trials / ratio if ratio else np.inf for ratio in ratios][::-1], "{:.0f}"),
        "sample efficiency": said(ratios, "{:.2f}", below=trials / points[-1]),
    }


def said(quartiles: Sequence[float], form: str, below: float = 0.0) -> str:
    """Return quartiles as text, the median first; what was not reached is "never" or a bound."""

    def word(value: float) -> str:
        if value == 0:
            return f"<{form.format(below)}"
        return form.format(value) if np.isfinite(value) else "never"

    low, middle, high = map(word, quartiles)
    return f"{middle} ({low} to {high})"


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [[*rows[0]], ["---"] * len(rows[0]), *([str(v) for v in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, and print and write the table; return 1 if a run failed."""
    options = parse(arguments)
    console = Console()
    problems = curves.loadable(options.tasks, console)
    if AUTHORS in options.tasks and AUTHORS not in problems:
        console.print(f"In its place: {OTHERWISE}", highlight=False)
        problems |= curves.loadable([OTHERWISE], console)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    cells = [
        run.Cell(task, sampler, seed, options.trials)
        for seed in seeds
        for task in problems
        for sampler in SAMPLERS
    ]
    missing = [cell for cell in cells if not cell.path(options.out).exists()]
    console.print(f"{len(cells)} runs, {len(missing)} of them to be made; kept in {options.out}")
    failed = run.run_all(missing, options.out, options.jobs, console) if missing else 0
    asked = {(cell.problem, cell.sampler, cell.seed) for cell in cells}
    found = report.runs_in(options.out, console) if options.out.exists() else []
    runs = curves.in_order(r for r in found if (r.problem, r.sampler, r.seed) in asked)
    if not runs:
        console.print("No results.")
        return 1
    budgets = sorted({n for n in (options.trials // 2, options.trials) if n})
    rows = rows_of(runs, budgets)
    console.out(markdown(rows), highlight=False)
    report.write(rows, options.out / "efficiency.csv")
    (options.out / "efficiency.md").write_text(markdown(rows), encoding="utf-8")
    curves.write(runs, options.out / "curves.csv")
    plots.draw_hypervolume(runs, "lamoo", options.out / "hypervolume.png")
    console.print(f"Written to {options.out}", soft_wrap=True)
    return int(failed > 0)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tabular = [name for name in PROBLEMS if name.startswith(("nb201-", "nbgraph-"))]
    parser.add_argument("--tasks", nargs="+", choices=tabular, metavar="TASK", default=TASKS)
    parser.add_argument("--seeds", type=run.positive, default=10, help="per sampler (10)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=run.positive, default=200, help="per run (200)")
    parser.add_argument("--jobs", type=run.positive, default=1, help="processes at a time (1)")
    parser.add_argument("--out", type=Path, default=Path("nas-results"), help="folder of the runs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
