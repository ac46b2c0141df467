"""Large problems in batches: hypervolume and CPU seconds against evaluations.

    python examples/benchmarks/large.py curves.csv --solvers gp nsga2
    PYTHONPATH=before/shared python examples/benchmarks/large.py curves.csv --as before-

Each row: problem, solver, seed, batch, evaluations, hypervolume, CPU seconds of all asks so far.
The engine is asked in this process, without a framework; NSGA-II is Optuna's, with a population of
100. A run is written when it has ended, and what is there is not run again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import optuna

from lamoo import History, Settings, Task, suggest
from lamoo_compare.problems import Problem, load

PROBLEMS = ("trajectory-d60", "choices-48", "dtlz2-d100-shifted", "dtlz2-d100-m3-shifted")
#: After every so many evaluations a row is written.
EVERY = 50

Row = tuple[int, float, float]


def by_lamoo(
    problem: Problem, solver: str, seed: int, batch: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield the values of each batch, and the CPU seconds that it was asked for."""
    space = problem.space
    X, Y = np.empty((0, space.dimension)), np.empty((0, len(problem.directions)))
    settings = Settings(solver=solver, seed=seed, n_startup=max(batch, 10))
    while True:
        began = time.process_time()
        rng = np.random.default_rng([seed, len(X)])
        new = suggest(Task(space, History(X, Y), settings), batch, rng)
        seconds = time.process_time() - began
        values = np.array([problem.evaluate(params) for params in space.decode(new)])
        X, Y = np.concatenate([X, new]), np.concatenate([Y, values])
        yield values, seconds


def by_nsga2(problem: Problem, seed: int, batch: int) -> Iterator[tuple[np.ndarray, float]]:
    """Yield the same of Optuna's NSGA-II."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(population_size=100, seed=seed)
    study = optuna.create_study(directions=[*problem.directions], sampler=sampler)

    def asked(trial: optuna.Trial) -> dict[str, object]:
        params: dict[str, object] = {}
        for name, parameter in problem.space.parameters.items():
            values = getattr(parameter, "choices", None)
            if values is None:
                params[name] = trial.suggest_float(name, parameter.low, parameter.high)
            else:
                params[name] = trial.suggest_categorical(name, values)
        return params

    while True:
        began = time.process_time()
        trials = [study.ask() for _ in range(batch)]
        points = [asked(trial) for trial in trials]
        seconds = time.process_time() - began
        values = [problem.evaluate(params) for params in points]
        began = time.process_time()
        for trial, each in zip(trials, values, strict=True):
            study.tell(trial, each)
        yield np.array(values), seconds + time.process_time() - began


def run(batches: Iterator[tuple[np.ndarray, float]], problem: Problem, most: int) -> Iterator[Row]:
    """Yield evaluations, hypervolume and CPU seconds."""
    Y, seconds, then = np.empty((0, len(problem.directions))), 0.0, 0
    for values, more in batches:
        Y, seconds = np.concatenate([Y, values]), seconds + more
        if len(Y) >= then + EVERY or len(Y) >= most:
            then = len(Y)
            yield len(Y), problem.hypervolume(Y), seconds
        if len(Y) >= most:
            return


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a CSV file, which grows")
    parser.add_argument("--problems", nargs="+", default=PROBLEMS, metavar="NAME")
    parser.add_argument("--solvers", nargs="+", default=["gp"], help="of lamoo, or nsga2")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--as", dest="prefix", default="", help="put before the solver's name")
    options = parser.parse_args(arguments)
    there: set[tuple[str, ...]] = set()
    if options.out.exists():
        with options.out.open(newline="") as file:
            there = {tuple(row[:4]) for row in csv.reader(file)}
    for seed in options.seeds:
        for name in options.problems:
            for solver in options.solvers:
                key = (name, options.prefix + solver, str(seed), str(options.batch))
                if key in there:
                    continue
                problem = load(name)
                if solver == "nsga2":
                    batches = by_nsga2(problem, seed, options.batch)
                else:
                    batches = by_lamoo(problem, solver, seed, options.batch)
                rows = [*run(batches, problem, options.trials)]
                with options.out.open("a", newline="") as file:
                    for n, volume, seconds in rows:
                        csv.writer(file).writerow([*key, n, f"{volume:.6g}", f"{seconds:.2f}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
