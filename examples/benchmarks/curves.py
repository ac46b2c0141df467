"""What the report is made of: the hypervolume of each run after each number of trials.

``curves.csv`` holds it, thinned, in a line per run: small enough to be committed, and enough to
make every table and picture again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from lamoo_compare.problems import PROBLEMS, Problem, load

Floats = NDArray[np.float64]

#: ``curves.csv`` holds every so many trials, and the last.
STEP = 5


@dataclass(frozen=True)
class Run:
    """One search.

    Args:
        problem: its name.
        sampler: its name, with ``" x8"`` behind it if eight trials ran at a time.
        seed: of the sampler.
        repeats: configurations evaluated that had been evaluated before.
        ask_median: CPU milliseconds per ask, of the last tenth of the asks.
        ask_mean: the same.
        shares: number of trials -> hypervolume after it, as a share of the best known.
    """

    problem: str
    sampler: str
    seed: int
    repeats: int
    ask_median: float
    ask_mean: float
    shares: Mapping[int, float]


def loadable(names: Iterable[str], console: Console) -> dict[str, Problem]:
    """Return the problems of these names; say which are skipped because their table is absent."""
    problems = {}
    for name in names:
        try:
            problems[name] = load(name)
        except (FileNotFoundError, ModuleNotFoundError) as error:
            console.print(f"Skipped: {name}: {error}", soft_wrap=True, highlight=False)
    return problems


def run_of(cell: Mapping[str, Any], problem: Problem) -> Run:
    """Return what the report needs of a cell, as ``run.py`` writes it."""
    workers = cell.get("workers", 1)
    late = 1e3 * np.array(last_tenth(cell["ask_cpu_seconds"]))
    shares = problem.hypervolume_curve(cell["values"]) / problem.best_hypervolume
    return Run(
        problem=cell["problem"],
        sampler=cell["sampler"] + (f" x{workers}" if workers > 1 else ""),
        seed=cell["seed"],
        repeats=cell["repeats"],
        ask_median=float(np.median(late)),
        ask_mean=float(np.mean(late)),
        shares=dict(enumerate(shares.tolist(), start=1)),
    )


def last_tenth(values: Sequence[float]) -> Sequence[float]:
    """Return the last tenth of a list, at least one value."""
    return values[-max(1, len(values) // 10) :]


def is_ours(sampler: str) -> bool:
    """Tell whether a sampler is LaMOO or a variant of it, also in Ax; the others are rivals."""
    return sampler.removeprefix("ax-").startswith("lamoo")


def in_order(runs: Iterable[Run]) -> list[Run]:
    """Sort runs by problem, in the order of ``PROBLEMS``, then ours first, by name and by seed."""
    rank = {name: i for i, name in enumerate(PROBLEMS)}

    def key(run: Run) -> tuple[int, str, bool, str, int]:
        last = len(rank)
        ours = is_ours(run.sampler)
        return rank.get(run.problem, last), run.problem, not ours, run.sampler, run.seed

    return sorted(runs, key=key)


def grouped(runs: Iterable[Run]) -> dict[str, dict[str, list[Run]]]:
    """Return the runs of each sampler on each problem."""
    groups: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault(run.problem, {}).setdefault(run.sampler, []).append(run)
    return groups


def points_of(groups: Mapping[str, Sequence[Run]]) -> list[int]:
    """Return the numbers of trials that all runs on a problem have, ascending."""
    return sorted(set.intersection(*(set(run.shares) for runs in groups.values() for run in runs)))


def shares_of(runs: Sequence[Run], points: Sequence[int]) -> Floats:
    """Return the shares after these numbers of trials, shape ``(seeds, points)``."""
    return np.array([[run.shares[n] for n in points] for run in runs])


def thinned(run: Run) -> Run:
    """Return the run as ``curves.csv`` holds it."""
    last = max(run.shares)
    kept = {n: round(s, 4) for n, s in run.shares.items() if n % STEP == 0 or n == last}
    median, mean = round(run.ask_median, 2), round(run.ask_mean, 2)
    return replace(run, shares=kept, ask_median=median, ask_mean=mean)


def write(runs: Iterable[Run], path: Path) -> None:
    """Write runs as CSV, thinned: a line per run, a column per number of trials."""
    rows = [thinned(run) for run in runs]
    points = sorted({n for run in rows for n in run.shares})
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["problem", "sampler", "seed", "repeats", "ask_median", "ask_mean", *points]
        )
        for run in rows:
            about = [run.problem, run.sampler, run.seed, run.repeats, run.ask_median, run.ask_mean]
            writer.writerow([*about, *(run.shares.get(n) for n in points)])


def read(path: Path) -> list[Run]:
    """Read what :func:`write` wrote."""
    with path.open(newline="") as file:
        return [
            Run(
                problem=row["problem"],
                sampler=row["sampler"],
                seed=int(row["seed"]),
                repeats=int(row["repeats"]),
                ask_median=float(row["ask_median"]),
                ask_mean=float(row["ask_mean"]),
                shares={int(n): float(s) for n, s in row.items() if n.isdigit() and s},
            )
            for row in csv.DictReader(file)
        ]
