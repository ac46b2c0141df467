"""The papers' main table: how many trials LaMOO saves, solver by solver.

    python examples/nas/sample_efficiency.py                # twenty minutes of one core
    python examples/nas/sample_efficiency.py --seeds 3 --trials 50

LaMOO with each of its solvers, against the same solver alone, NSGA-II and random search, on
NAS-Bench-201: the LaMOO authors' task (test accuracy and FLOPs; validation accuracy and FLOPs where
their table is absent) and accuracy against the measured latency of devices. Runs are kept, and the
same command goes on where an interrupted one stopped.

Sample efficiency is how many times fewer trials LaMOO needs to the same hypervolume: the rival's
median after so many trials is the target, the rival's trials are when its median got there, and
each of LaMOO's seeds has its own. Medians and quartiles are over LaMOO's seeds; a dash means that
the run ended before it was there. The papers report 2.25 on NAS-Bench-201, for their qEHVI with and
without the partition.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs

try:
    import numpy as np
    from rich.console import Console
    from rich.progress import track

    from lamoo_compare.problems import PROBLEMS

    sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    import curves
    import plots
    from asking import loadable, positive

    from lamoo_compare import compare as compare_samplers
except ModuleNotFoundError as error:
    needs(error, "demo", "compare")

AUTHORS, OTHERWISE = "nb201-authors", "nb201-cifar10-flops"
TASKS = (AUTHORS, "nb201-raspi4", "nb201-pixel3", "nb201-fpga", "nb201-gtx1080ti")
#: NSGA-II with a population of 20: of 50, the default, 100 trials are two generations.
NSGAII, RANDOM = "nsgaii-pop20", "random"
#: LaMOO with a solver -> the same solver alone.
ALONE = {
    "lamoo": "lamoo-gp-alone",
    "lamoo-evolutionary": "lamoo-evolutionary-alone",
    "lamoo-random": RANDOM,
}
SAMPLERS = (*ALONE, "lamoo-gp-alone", "lamoo-evolutionary-alone", NSGAII, RANDOM)
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Comparison:
    """How LaMOO with a solver compares with a rival.

    Args:
        task: its name, or "all tasks".
        budget: the rival's trials, LaMOO may take more as far as its runs go.
        solver: LaMOO's name.
        rival: its name.
        share: the rival's median share of the best hypervolume, which is the target.
        trials: after how many its median got there.
        ratios: of each of our seeds, how many times fewer trials it took; 0 if it did not.
    """

    task: str
    budget: int
    solver: str
    rival: str
    share: float
    trials: float
    ratios: tuple[float, ...]


def first_reached(curve: curves.Floats, points: Sequence[int], target: float) -> float:
    """Return after how many trials a curve (points,) reaches a target, infinity if never."""
    reached = np.flatnonzero(curve >= target)
    return float(points[reached[0]]) if len(reached) else np.inf


def compare(
    task: str, groups: Mapping[str, Sequence[curves.Run]], pair: tuple[str, str], budget: int
) -> Comparison:
    """Return how LaMOO's solver compares with what a rival has after a number of trials."""
    points = curves.points_of(groups)
    ours, rival = (curves.shares_of(groups[name], points) for name in pair)
    median = np.median(rival, axis=0)
    share = float(median[points.index(budget)])
    trials = first_reached(median, points, share)
    ratios = tuple(trials / first_reached(curve, points, share) for curve in ours)
    return Comparison(task, budget, *pair, share, trials, ratios)


def comparisons(runs: Iterable[curves.Run], budgets: Sequence[int]) -> list[Comparison]:
    """Return all comparisons that the runs allow, task by task."""
    return [
        compare(task, groups, pair, budget)
        for task, groups in curves.grouped(runs).items()
        for budget in budgets
        if budget in curves.points_of(groups)
        for pair in pairs()
        if set(pair) <= groups.keys()
    ]


def pairs() -> list[tuple[str, str]]:
    """Return LaMOO's solvers with their rivals, each once."""
    return [(s, r) for s, alone in ALONE.items() for r in dict.fromkeys((alone, NSGAII, RANDOM))]


def pooled(found: Sequence[Comparison]) -> list[Comparison]:
    """Return one comparison over all tasks for each solver, rival and budget."""
    groups: dict[tuple[int, str, str], list[Comparison]] = {}
    for each in found:
        groups.setdefault((each.budget, each.solver, each.rival), []).append(each)
    return [
        Comparison("all tasks", *key, np.nan, np.nan, tuple(r for c in group for r in c.ratios))
        for key, group in groups.items()
    ]


def quartiles(ratios: Sequence[float]) -> list[float]:
    """Return 25, 50 and 75 % without interpolation: of two in the middle the smaller."""
    return [float(q) for q in np.quantile(ratios, QUARTILES, method="inverted_cdf")]


def said(ratios: Sequence[float]) -> str:
    """Return the median and the quartiles of ratios as text, a dash where it is not reached."""
    low, middle, high = (f"{ratio:.2f}" if ratio else "-" for ratio in quartiles(ratios))
    return f"{middle} ({low} to {high})"


def markdown(found: Sequence[Comparison]) -> str:
    """Return the papers' table: per task, budget and solver a row, per rival a column."""
    cells = {(c.task, c.budget, c.solver, c.rival): said(c.ratios) for c in found}
    rows = dict.fromkeys((c.budget, c.task, c.solver) for c in found)
    lines = [
        ["trials", "task", "LaMOO", "the solver alone", "NSGA-II", "random"],
        ["---"] * 6,
        *(
            [str(budget), task, solver]
            + [cells.get((task, budget, solver, r), "") for r in (ALONE[solver], NSGAII, RANDOM)]
            for budget, task, solver in sorted(rows, key=lambda row: row[0])
        ),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def row_of(found: Comparison) -> dict[str, str | float]:
    """Return a comparison as a row of ``efficiency.csv``."""
    low, middle, high = quartiles(found.ratios)
    # the largest ratio is the smallest number of trials
    trials = [found.trials / ratio if ratio else np.inf for ratio in (high, middle, low)]
    return {
        "task": found.task,
        "budget": found.budget,
        "lamoo": found.solver,
        "rival": found.rival,
        "seeds": len(found.ratios),
        "rival share": round(found.share, 4),
        "rival trials": found.trials,
        **dict(zip(("trials 25%", "trials 50%", "trials 75%"), trials, strict=True)),
        "efficiency 25%": round(low, 3),
        "efficiency 50%": round(middle, 3),
        "efficiency 75%": round(high, 3),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, and print and write the table; return 1 if a run failed."""
    options = parse(arguments)
    console = Console()
    tasks = [*loadable(options.tasks, console)]
    if AUTHORS in options.tasks and AUTHORS not in tasks:
        console.print(f"In its place: {OTHERWISE}", highlight=False)
        tasks += [task for task in loadable([OTHERWISE], console) if task not in tasks]
    console.print(
        f"{options.seeds * len(tasks) * len(SAMPLERS)} runs; what there is in {options.out} is "
        "not run again"
    )
    results = [
        compare_samplers(
            task,
            samplers=SAMPLERS,
            seeds=range(options.first_seed, options.first_seed + options.seeds),
            trials=options.trials,
            jobs=options.jobs,
            out=options.out / task,
        )
        for task in track(tasks, "tasks", console=console)
    ]
    runs = [run for result in results for run in curves.runs_of(result)]
    if not runs:
        console.print("No results.")
        return 1
    budgets = sorted({n for n in (options.trials // 2, options.trials) if n})
    found = comparisons(runs, budgets)
    text = markdown([*found, *pooled(found)])
    console.out(text, highlight=False)
    (options.out / "efficiency.md").write_text(text, encoding="utf-8")
    rows = [row_of(each) for each in found]
    with (options.out / "efficiency.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0] if rows else (), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    plots.draw_hypervolume(runs, "lamoo", options.out / "hypervolume.png")
    console.print(f"Written to {options.out}", soft_wrap=True)
    return int(any(run.error for result in results for run in result.runs))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tabular = [name for name in PROBLEMS if name.startswith(("nb201-", "nbgraph-"))]
    parser.add_argument("--tasks", nargs="+", choices=tabular, metavar="TASK", default=TASKS)
    parser.add_argument("--seeds", type=positive, default=10, help="per sampler (10)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=positive, default=100, help="per run (100)")
    parser.add_argument("--jobs", type=positive, default=1, help="processes at a time (1)")
    parser.add_argument("--out", type=Path, default=Path("nas-results"), help="folder of the runs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
