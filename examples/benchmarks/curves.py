"""The hypervolume of each run after each number of trials, as ``curves.csv`` holds it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lamoo_compare import Comparison

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One search.

    Args:
        problem: its name.
        sampler: its name.
        seed: of the sampler.
        shares: number of trials -> hypervolume after it, as a share of the best known.
    """

    problem: str
    sampler: str
    seed: int
    shares: Mapping[int, float]


def runs_of(comparison: Comparison) -> Iterator[Run]:
    """Yield the whole runs of a comparison."""
    for run, curve in zip(comparison.runs, comparison.curves, strict=True):
        if len(curve) == comparison.trials:
            shares = (curve / (comparison.best or 1.0)).tolist()
            yield Run(comparison.source, run.sampler, run.seed, dict(enumerate(shares, 1)))


def read(path: Path) -> list[Run]:
    """Read a ``curves.csv``: a line per run, a column per number of trials."""
    with path.open(newline="") as file:
        return [
            Run(
                problem=row["problem"],
                sampler=row["sampler"],
                seed=int(row["seed"]),
                shares={int(n): float(s) for n, s in row.items() if n.isdigit() and s},
            )
            for row in csv.DictReader(file)
        ]


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
