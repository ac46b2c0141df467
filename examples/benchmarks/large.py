"""Large problems in batches: hypervolume and CPU seconds against evaluations.

    python examples/benchmarks/large.py curves.csv --solvers gp nsga2
    PYTHONPATH=before/shared python examples/benchmarks/large.py curves.csv --as before-
    pip install pymoo fcmaes
    python examples/benchmarks/large.py curves.csv --solvers sms-emoa mode

Each row: problem, solver, seed, batch, evaluations, hypervolume, CPU seconds of all asks so far.
The engine is asked in this process, without a framework. NSGA-II (a population of 100) and TPE are
Optuna's, SMS-EMOA (100) is pymoo's, MODE (as many as a batch) fcmaes'; the last two search the unit
cube, in which each choice has a part of an axis. A run is written when it has ended, and what is
there is not run again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from lamoo import History, Settings, Task, suggest
from lamoo_compare.problems import Problem, load

PROBLEMS = (
    "trajectory-d60",
    "choices-48",
    "choices-48-limited",
    "dtlz2-d100-shifted",
    "dtlz2-d100-m3-shifted",
    "dtlz2-d100-m4-shifted",
    "wfg4-d100",
    "wfg4-d100-m3",
    "wfg4-d100-m4",
)
#: After every so many evaluations a row is written.
EVERY = 50
#: Members of the populations of NSGA-II and SMS-EMOA.
POPULATION = 100

Row = tuple[int, float, float]
#: Configurations that were evaluated, and the CPU seconds that a solver spent on them.
Batch = tuple[list[dict[str, Any]], float]


def minimised(problem: Problem, params: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return objective values (m,), all minimised, and constraint values (c,)."""
    sign = np.where(np.array(problem.directions) == "minimize", 1.0, -1.0)
    return sign * problem.evaluate(params), np.array(problem.constrain(params))


def all_minimised(problem: Problem, X: np.ndarray) -> tuple[list[Any], np.ndarray, np.ndarray]:
    """Return the configurations, values and constraint values of points (n, d) of the cube."""
    batch = problem.space.decode(X)
    Y, G = zip(*[minimised(problem, params) for params in batch], strict=True)
    return batch, np.array(Y), np.array(G).reshape(len(X), -1)


def by_lamoo(problem: Problem, seed: int, batch: int, solver: str) -> Iterator[Batch]:
    """Yield what the engine proposes."""
    settings = Settings(solver=solver, seed=seed, n_startup=max(batch, 10))
    X, Y, G = (np.empty((0, k)) for k in _widths(problem))
    while True:
        began = time.process_time()
        rng = np.random.default_rng([seed, len(X)])
        new = suggest(Task(problem.space, History(X, Y, G), settings), batch, rng)
        seconds = time.process_time() - began
        points, values, constraints = all_minimised(problem, new)
        X, Y = np.concatenate([X, new]), np.concatenate([Y, values])
        G = np.concatenate([G, constraints])
        yield points, seconds


def _widths(problem: Problem) -> tuple[int, int, int]:
    return problem.space.dimension, len(problem.directions), problem.constraints


def by_optuna(problem: Problem, seed: int, batch: int, solver: str) -> Iterator[Batch]:
    """Yield what a sampler of Optuna's proposes."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if solver == "nsga2":
        sampler: Any = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(n_startup_trials=batch, seed=seed)
    study = optuna.create_study(directions=[*problem.directions], sampler=sampler)

    def asked(trial: optuna.Trial) -> dict[str, Any]:
        params: dict[str, Any] = {}
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
        for trial, params in zip(trials, points, strict=True):
            values = problem.evaluate(params)
            for i, value in enumerate(problem.constrain(params)):
                trial.set_constraint(f"c{i}", value)
            began = time.process_time()
            study.tell(trial, values)
            seconds += time.process_time() - began
        yield points, seconds


def by_pymoo(problem: Problem, seed: int, batch: int, solver: str) -> Iterator[Batch]:  # noqa: ARG001
    """Yield what pymoo's SMS-EMOA proposes, a batch at a time once its population is evaluated."""
    from pymoo.algorithms.moo.sms import SMSEMOA  # noqa: PLC0415  a package of its own
    from pymoo.core.evaluator import Evaluator  # noqa: PLC0415
    from pymoo.core.problem import Problem as Pymoo  # noqa: PLC0415
    from pymoo.problems.static import StaticProblem  # noqa: PLC0415

    d, m, c = _widths(problem)
    box = Pymoo(n_var=d, n_obj=m, n_ieq_constr=c, xl=np.zeros(d), xu=np.ones(d))
    algorithm = SMSEMOA(pop_size=POPULATION, n_offsprings=batch)
    algorithm.setup(box, seed=seed, verbose=False)
    while True:
        began = time.process_time()
        population = algorithm.ask()
        seconds = time.process_time() - began
        points, Y, G = all_minimised(problem, population.get("X"))
        began = time.process_time()
        Evaluator().eval(StaticProblem(box, F=Y, G=G), population)
        algorithm.tell(infills=population)
        yield points, seconds + time.process_time() - began


def by_fcmaes(problem: Problem, seed: int, batch: int, solver: str) -> Iterator[Batch]:  # noqa: ARG001
    """Yield what fcmaes' MODE proposes."""
    from fcmaes.mode import MODE  # noqa: PLC0415  a package of its own
    from scipy.optimize import Bounds  # noqa: PLC0415

    d, m, c = _widths(problem)
    rng = np.random.Generator(np.random.PCG64DXSM(seed))
    solution = MODE(m, c, Bounds(np.zeros(d), np.ones(d)), popsize=batch, rg=rng)
    while True:
        began = time.process_time()
        X = np.array(solution.ask())
        seconds = time.process_time() - began
        points, Y, G = all_minimised(problem, X)
        began = time.process_time()
        solution.tell(np.hstack([Y, G]))
        yield points, seconds + time.process_time() - began


RIVALS: dict[str, Callable[[Problem, int, int, str], Iterator[Batch]]] = {
    "nsga2": by_optuna,
    "tpe": by_optuna,
    "sms-emoa": by_pymoo,
    "mode": by_fcmaes,
}


def run(batches: Iterator[Batch], problem: Problem, most: int) -> Iterator[Row]:
    """Yield evaluations, hypervolume and CPU seconds."""
    Y, seconds, then = np.empty((0, len(problem.directions))), 0.0, 0
    for points, more in batches:
        scored = [problem.scored(params) for params in points]
        Y, seconds = np.concatenate([Y, scored]), seconds + more
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
    parser.add_argument(
        "--solvers", nargs="+", default=["gp"], help=f"of lamoo, or {', '.join(RIVALS)}"
    )
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
                batches = RIVALS.get(solver, by_lamoo)(problem, seed, options.batch, solver)
                rows = [
                    [*key, n, f"{volume:.6g}", f"{seconds:.2f}"]
                    for n, volume, seconds in run(batches, problem, options.trials)
                ]
                with options.out.open("a", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
