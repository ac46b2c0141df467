"""Repeat the experiments of the LaMOO papers: 10 first points, batches of 5, 100 evaluations.

    python examples/benchmarks/paper.py
    python examples/benchmarks/paper.py --methods paper-botorch alone-botorch --seeds 3

Methods that begin with "paper-" partition as the papers describe it (lamoo.PAPER: polynomial
support vector machines, path selection, C_p a tenth of the hypervolume), always propose inside the
chosen region and know the reference point. "lamoo" is the default, which does not; "alone-" are the
solvers in the whole space. nb201-authors starts from the authors' own first points, of ten runs;
the other problems from Sobol points. Runs that the CSV file holds are not run again.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from asking import loadable, positive
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lamoo import ALONE, PAPER, Optimizer, Settings
from lamoo.solvers import SOLVERS
from lamoo_compare.problems import Problem, tables_folder

PROBLEMS = (
    "nb201-authors",
    "nb201-cifar10-size",
    "nb201-cifar10-latency",
    "branin-currin",
    "vehicle-safety",
)
FIRST, BATCH = 10, 5
#: Shares are shown after these shares of the evaluations.
SHOWN = (0.25, 0.5, 1.0)


def paper(solver: str) -> Callable[[Problem], Settings]:
    """Return the papers' settings with a solver: always in the chosen region."""
    confined = replace(SOLVERS[solver], global_turns=False)
    return lambda problem: Settings(
        confined, reference_point=problem.reference_point, partition=PAPER
    )


def alone(solver: str) -> Callable[[Problem], Settings]:
    """Return settings without a partition, with the papers' reference point."""
    return lambda problem: Settings(
        solver, reference_point=problem.reference_point, partition=ALONE
    )


#: name -> problem -> settings
METHODS: dict[str, Callable[[Problem], Settings]] = {
    **{f"paper-{solver}": paper(solver) for solver in SOLVERS},
    "lamoo": lambda _: Settings(),
    **{f"alone-{solver}": alone(solver) for solver in SOLVERS},
}
#: BoTorch's are left out: seconds per evaluation.
DEFAULT = tuple(name for name in METHODS if "botorch" not in name)


def initial_file() -> Path:
    """Return where the authors' first points lie: beside the table of nb201-authors."""
    return tables_folder() / "lamoo_nb201_initial.json"


def first_points(problem: Problem, seed: int) -> list[dict[str, Any]]:
    """Return the first points of the authors' run of that number, none for other problems."""
    if problem.name != "nb201-authors":
        return []
    recorded = json.loads(initial_file().read_text())
    points = [point["arch"] for point in recorded if point["run"] == seed % 10]
    return [dict(zip(problem.space.parameters, point, strict=True)) for point in points]


def search(problem: Problem, settings: Settings, seed: int, evaluations: int) -> list[float]:
    """Return the share of the best hypervolume after each evaluation."""
    given = first_points(problem, seed)
    settings = replace(settings, n_startup=0 if given else FIRST)
    optimizer = Optimizer(problem.space, problem.directions, settings, seed=seed)
    values = []
    while len(values) < evaluations:
        size = min(BATCH if len(values) >= FIRST else FIRST, evaluations - len(values))
        batch = given[:size] or [optimizer.ask() for _ in range(size)]
        given = given[size:]
        for params in batch:
            values.append(problem.evaluate(params))
            optimizer.tell(params, values[-1])
    return (problem.hypervolume_curve(values) / problem.best_hypervolume).tolist()


def shown(evaluations: int) -> list[int]:
    """Return after how many evaluations shares are kept and shown."""
    return [max(1, round(share * evaluations)) for share in SHOWN]


def read(file: Path) -> dict[tuple[str, str, int, int], list[float]]:
    """Return the runs that a CSV file holds: what was run -> the shares shown."""
    if not file.exists():
        return {}
    with file.open(newline="") as lines:
        return {
            (row["problem"], row["method"], int(row["seed"]), int(row["evaluations"])): [
                float(row[f"share{100 * share:.0f}%"]) for share in SHOWN
            ]
            for row in csv.DictReader(lines)
        }


def write(file: Path, runs: dict[tuple[str, str, int, int], list[float]]) -> None:
    """Write the runs, in order, so that equal runs give an equal file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".partial")
    with aside.open("w", newline="") as lines:
        out = csv.writer(lines, lineterminator="\n")
        after = [f"share{100 * share:.0f}%" for share in SHOWN]
        out.writerow(["problem", "method", "seed", "evaluations", *after])
        for key in sorted(runs):
            out.writerow([*key, *(f"{share:.4f}" for share in runs[key])])
    aside.replace(file)


def table(runs: dict[tuple[str, str, int, int], list[float]], options: argparse.Namespace) -> Table:
    """Return medians over seeds: a row per method, a column per problem."""
    after = " / ".join(map(str, shown(options.evaluations)))
    out = Table(title=f"Share of the best hypervolume after {after} evaluations (medians)")
    out.add_column("method")
    for name in options.problems:
        out.add_column(name)
    for method in options.methods:
        cells = []
        for name in options.problems:
            shares = [
                runs[key]
                for seed in range(options.seeds)
                if (key := (name, method, seed, options.evaluations)) in runs
            ]
            medians = np.median(shares, axis=0) if shares else []
            cells.append(" ".join(f"{m:.3f}".lstrip("0") for m in medians) or "-")
        out.add_row(method, *cells)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=PROBLEMS)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=DEFAULT)
    parser.add_argument("--seeds", type=positive, default=5, help="how many (default 5)")
    parser.add_argument("--evaluations", type=positive, default=100, help="per run (default 100)")
    parser.add_argument("--out", type=Path, default=Path("paper.csv"), help="where runs are kept")
    options = parser.parse_args(arguments)
    console = Console()
    problems = loadable(options.problems, console)
    options.problems = [*problems]
    runs = read(options.out)
    wanted = [
        (name, method, seed, options.evaluations)
        for seed in range(options.seeds)
        for name in problems
        for method in options.methods
    ]
    missing = [key for key in wanted if key not in runs]
    with Progress(console=console) as progress:
        for key in progress.track(missing, description="runs"):
            name, method, seed, evaluations = key
            shares = search(problems[name], METHODS[method](problems[name]), seed, evaluations)
            runs[key] = [shares[n - 1] for n in shown(evaluations)]
            write(options.out, runs)
    console.print(table(runs, options))
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
