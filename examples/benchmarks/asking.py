"""What the measurements of asking share: one trial of a problem, and its clock."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import optuna
    from rich.console import Console

    from lamoo_compare.problems import Problem, load
    from lamoo_compare.target import suggest
except ModuleNotFoundError as error:
    needs(error, "demo", "compare")

__all__ = ["ask", "loadable", "one_thread", "positive", "repeats"]


def ask(
    study: optuna.Study, problem: Problem
) -> tuple[optuna.Trial, dict[str, Any], tuple[float, float]]:
    """Return a new trial, its parameters, and the wall-clock and CPU seconds that they took.

    Samplers work lazily, at the first suggestion, so asking ends with the last one.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    trial = study.ask()
    params = suggest(trial, problem)
    return trial, params, (time.perf_counter() - wall, time.process_time() - cpu)


def repeats(configurations: Iterable[Mapping[str, Any]]) -> int:
    """Count the configurations that were evaluated before."""
    keys = [tuple(sorted(params.items())) for params in configurations]
    return len(keys) - len(set(keys))


def one_thread() -> None:
    """Make the processes started from now on use one thread for linear algebra."""
    # read when they import NumPy; times are comparable then
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def loadable(names: Iterable[str], console: Console) -> dict[str, Problem]:
    """Return the problems of these names; say which are skipped because their table is absent."""
    problems = {}
    for name in names:
        try:
            problems[name] = load(name)
        except (FileNotFoundError, ModuleNotFoundError) as error:
            console.print(f"Skipped: {name}: {error}", soft_wrap=True, highlight=False)
    return problems
