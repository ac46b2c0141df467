"""What asking costs: CPU seconds per ask against the number of trials and of objectives.

    python examples/benchmarks/ask_time.py
    python examples/benchmarks/ask_time.py --samplers gp --cases 2x1000
    python examples/benchmarks/ask_time.py --memory

A study is filled with trials of DTLZ2 close to its front, as late in a good search: ten random
ones, then distance parameters of 0.5 and a little noise. Then come real rounds of ask and tell,
each case in a process of its own with one thread for linear algebra. The table goes to
``ask_time.csv``, where rows of other cases are kept; plots.py draws it.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import resource
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from asking import ask, one_thread, positive
from optuna.distributions import BaseDistribution, FloatDistribution
from rich.console import Console

from lamoo_compare.problems import Problem, dtlz2
from lamoo_compare.samplers import SAMPLERS

Case = tuple[int, int]  # objectives, trials

CASES: tuple[Case, ...] = ((2, 50), (2, 200), (2, 1000), (2, 5000), (3, 200), (5, 200), (10, 200))
#: Those that take a sampler too long are run when they are asked for.
FEWER: dict[str, tuple[Case, ...]] = {"gp": ((2, 50), (2, 200))}
#: name -> seed -> sampler
COMPARED = ("lamoo", "lamoo-evolutionary", "tpe", "gp")
#: For the memory that a long study takes.
LONG: Case = (2, 10_000)
#: Enough consecutive asks to contain refits that come every so many.
ROUNDS = 16


def measure(sampler: str, objectives: int, trials: int, rounds: int) -> dict[str, Any]:
    """Return CPU seconds per ask after so many trials, and the process's peak memory.

    The first ask reads all of the history, so it stands apart from the ``rounds`` that follow.
    """
    optuna.logging.disable_default_handler()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    problem = dtlz2(max(6, objectives + 1), objectives)
    study = optuna.create_study(directions=problem.directions, sampler=SAMPLERS[sampler](0))
    study.add_trials(history(problem, trials))
    seconds = []
    for _ in range(1 + rounds):
        trial, params, (_, cpu) = ask(study, problem)
        study.tell(trial, problem.evaluate(params))
        seconds.append(cpu)
    return {
        "sampler": sampler,
        "objectives": objectives,
        "trials": trials,
        "mean": round(float(np.mean(seconds[1:])), 5),
        "median": round(float(np.median(seconds[1:])), 5),
        "first": round(seconds[0], 5),
        "peak_mb": round(peak_memory() / 1e6),
    }


def history(problem: Problem, trials: int) -> list[optuna.trial.FrozenTrial]:
    """Return finished trials of DTLZ2: ten at random, the others close to the front."""
    names, m = [*problem.space.parameters], len(problem.directions)
    rng = np.random.default_rng(0)
    X = rng.random((trials, len(names)))
    X[10:, m - 1 :] = np.clip(0.5 + 0.02 * rng.standard_normal(X[10:, m - 1 :].shape), 0, 1)
    unit = FloatDistribution(0.0, 1.0)
    distributions: dict[str, BaseDistribution] = dict.fromkeys(names, unit)
    rows = [dict(zip(names, x, strict=True)) for x in X.tolist()]
    return [
        optuna.trial.create_trial(
            params=row, distributions=distributions, values=problem.evaluate(row)
        )
        for row in rows
    ]


def peak_memory() -> int:
    """Return the most bytes of memory that this process has had."""
    # Linux counts in kilobytes; what getrusage says there may be what the parent had before
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    # macOS counts in bytes
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases one after the other; write the table after each."""
    options = parse(arguments)
    console = Console()
    one_thread()
    context = multiprocessing.get_context("spawn")
    options.out.mkdir(parents=True, exist_ok=True)
    for sampler in options.samplers:
        for objectives, trials in options.cases or FEWER.get(sampler, CASES):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                task = pool.submit(measure, sampler, objectives, trials, options.rounds)
                row = {key: str(value) for key, value in task.result().items()}
            console.print(", ".join(f"{key} {value}" for key, value in row.items()))
            enter(row, options.out / "ask_time.csv")


def enter(row: dict[str, str], path: Path) -> None:
    """Write a row into a table, in the place of an earlier row of the same case."""
    rows = csv.DictReader(path.read_text().splitlines() if path.exists() else [])
    table = {(r["sampler"], r["objectives"], r["trials"]): r for r in [*rows, row]}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.values())


def case(text: str) -> Case:
    """Read a number of objectives and one of trials, like ``2x1000``."""
    objectives, trials = text.split("x")
    return positive(objectives), positive(trials)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, metavar="NAME")
    parser.add_argument("--cases", nargs="+", type=case, metavar="OBJECTIVESxTRIALS")
    parser.add_argument("--memory", action="store_true", help="only lamoo after 10,000 trials")
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help="asks per case")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the table")
    options = parser.parse_args(arguments)
    options.samplers = options.samplers or (("lamoo",) if options.memory else COMPARED)
    options.cases = options.cases or ((LONG,) if options.memory else None)
    return options


if __name__ == "__main__":
    main()
