"""Compare samplers on test problems: hypervolume against trials, and the cost of asking.

    python examples/benchmarks/run.py --quick
    python examples/benchmarks/run.py --problems nb201-cifar10-latency --samplers lamoo tpe gp

Every problem x sampler x seed is a cell: one process with one thread for linear algebra, one small
JSON file. Cells whose file exists are not run again, so an interrupted run goes on where it
stopped and a new sampler joins an old table. The report (report.py) reads those files. A problem
whose table is not on this machine is skipped.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from boxes import boxed
from curves import loadable, run_of
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from rich.console import Console
from rich.progress import Progress

from lamoo import Partition
from lamoo.solvers import Solver
from lamoo_compare.comparison import versions
from lamoo_compare.problems import PROBLEMS, Problem, load
from lamoo_compare.target import suggest
from optuna_lamoo import LaMOOSampler

SUITE = (
    "nb201-cifar10-size",
    "nb201-cifar10-latency",
    "nb201-cifar10-three",
    "nb201-authors",
    "nbgraph-cora",
    "nbgraph-arxiv",
    "hpobench-credit_g",
    "hpolib-slice_localization",
    "model-search",
    "branin-currin",
    "vehicle-safety",
    "dtlz2-d10",
    "dtlz2-d10-noisy",
    "dtlz2-d10-m5",
    "dtlz2-d100",
    "dtlz7-d20",
    "zdt1-d30",
    "zdt4-d10",
    "wfg4-d12",
    "kursawe",
)
QUICK = ("nb201-cifar10-latency", "hpobench-credit_g", "branin-currin", "dtlz2-d10")


def _lamoo(
    solver: str | Solver = "gp", partition: Partition | None = None
) -> Callable[[int], BaseSampler]:
    return lambda seed: LaMOOSampler(seed=seed, solver=solver, partition=partition)


# A leaf that is never full is never split, which leaves the solver alone.
ALONE = Partition(leaf_size=sys.maxsize)

#: name -> seed -> sampler. Rivals have their default settings unless the name says otherwise.
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "lamoo": lambda seed: LaMOOSampler(seed=seed),
    "lamoo-gp-fast": _lamoo("gp-fast"),
    "lamoo-evolutionary": _lamoo("evolutionary"),
    "lamoo-random": _lamoo("random"),
    "lamoo-cma": _lamoo("cma"),
    "lamoo-botorch": _lamoo("botorch"),
    "lamoo-gp-alone": _lamoo("gp", ALONE),
    "lamoo-gp-fast-alone": _lamoo("gp-fast", ALONE),
    "lamoo-evolutionary-alone": _lamoo("evolutionary", ALONE),
    "lamoo-cma-alone": _lamoo("cma", ALONE),
    "lamoo-botorch-alone": _lamoo("botorch", ALONE),
    "lamoo-gp-box": _lamoo(boxed("gp"), ALONE),
    "lamoo-gp-fast-box": _lamoo(boxed("gp-fast"), ALONE),
    "lamoo-evolutionary-box": _lamoo(boxed("evolutionary"), ALONE),
    "tpe": lambda seed: TPESampler(seed=seed),
    "tpe-multivariate": lambda seed: TPESampler(seed=seed, multivariate=True),
    "nsgaii": lambda seed: NSGAIISampler(seed=seed),
    "nsgaii-pop20": lambda seed: NSGAIISampler(seed=seed, population_size=20),
    "gp": lambda seed: GPSampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}


def _cmaes(seed: int) -> BaseSampler:
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _qmc(seed: int) -> BaseSampler:
    return QMCSampler(seed=seed, warn_independent_sampling=False)


def _in_lamoo(
    base: Callable[[int], BaseSampler], partition: Partition | None = None
) -> Callable[[int], BaseSampler]:
    return lambda seed: LaMOOSampler(seed=seed, base_sampler=base, partition=partition)


#: Samplers of Optuna inside LaMOO's regions, and those to compare them with that have no row above.
#: CMA-ES takes one objective: alone, too, LaMOO gives it the dominance number, but grows no tree.
BASES: dict[str, Callable[[int], BaseSampler]] = {
    "qmc": _qmc,
    "cmaes": _in_lamoo(_cmaes, ALONE),
    "lamoo-qmc": _in_lamoo(_qmc),
    "lamoo-cmaes": _in_lamoo(_cmaes),
    **{
        f"lamoo-{name}": _in_lamoo(SAMPLERS[name])
        for name in ("tpe", "tpe-multivariate", "nsgaii", "nsgaii-pop20", "gp")
    },
    # lamoo-random is the engine's own
    "lamoo-random-sampler": _in_lamoo(SAMPLERS["random"]),
    "random-sampler": SAMPLERS["random"],
}
#: BoTorch's solver is left out: seconds per ask, and it needs torch.
DEFAULT = tuple(name for name in SAMPLERS if "botorch" not in name)
#: LaMOO told of the objectives that need no training, without and with features.
KNOWING = {"lamoo-known": False, "lamoo-known-features": True}
#: Strategies of Ax, which ax_cells.py holds: it needs ax-platform.
AX = (
    "ax",
    "ax-random",
    "ax-lamoo",
    "ax-lamoo-evolutionary",
    "ax-lamoo-qlognehvi",
    "ax-lamoo-gp-alone",
)


@dataclass(frozen=True)
class Cell:
    """One run: a problem, a sampler, a seed, a number of trials, and how many run at a time."""

    problem: str
    sampler: str
    seed: int
    trials: int
    workers: int = 1

    def path(self, folder: Path) -> Path:
        """Return the file that holds the cell's result."""
        workers = f"_w{self.workers}" if self.workers > 1 else ""
        return folder / f"{self.problem}_{self.sampler}_{self.trials}_{self.seed}{workers}.json"


def run(cell: Cell, folder: Path) -> None:
    """Run one cell and write its file."""
    asks, values, configurations = (search_in_ax if cell.sampler in AX else search_in_optuna)(cell)
    result = {
        "problem": cell.problem,
        "sampler": cell.sampler,
        "seed": cell.seed,
        "trials": cell.trials,
        "workers": cell.workers,
        "values": values,
        "ask_seconds": [round(wall, 6) for wall, _ in asks],
        "ask_cpu_seconds": [round(cpu, 6) for _, cpu in asks],
        "repeats": repeats(configurations),
        "versions": versions(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    # written aside and then moved: a run killed while writing leaves no half of a file
    aside = cell.path(folder).with_suffix(".partial")
    aside.write_text(json.dumps(result))
    aside.replace(cell.path(folder))


#: Wall-clock and CPU seconds of each ask, the values that are scored, and the parameters.
Trials = tuple[list[tuple[float, float]], list[tuple[float, ...]], list[dict[str, Any]]]


def search_in_ax(cell: Cell) -> Trials:
    """Run a cell's trials in Ax. With several workers, so many are asked for and told at once."""
    warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
    from ax_cells import search  # noqa: PLC0415 - the others run without Ax

    return search(load(cell.problem), cell.sampler, cell.seed, cell.trials, cell.workers)


def search_in_optuna(cell: Cell) -> Trials:
    """Run a cell's trials in Optuna."""
    optuna.logging.disable_default_handler()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    problem = load(cell.problem)
    knows = cell.sampler in KNOWING
    sampler = knowing(cell, problem) if knows else {**SAMPLERS, **BASES}[cell.sampler](cell.seed)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    asks, values = search(study, problem, cell)
    return asks, values, [trial.params for trial in study.trials]


def knowing(cell: Cell, problem: Problem) -> BaseSampler:
    """Return LaMOO, told which objectives need no training and what is the same network."""
    known = {j: lambda params, j=j: problem.evaluate(params)[j] for j in problem.known}
    if not known:
        raise ValueError(f"{cell.sampler} needs a known objective, {cell.problem} has none")
    features = problem.features if KNOWING[cell.sampler] else None
    return LaMOOSampler(
        seed=cell.seed,
        known_objectives=known,
        features=features,
        canonical=problem.canonical,
    )


def search(
    study: optuna.Study, problem: Problem, cell: Cell
) -> tuple[list[tuple[float, float]], list[tuple[float, ...]]]:
    """Run a cell's trials; return the wall-clock and CPU seconds of each ask, and what is scored.

    With several workers, so many trials are always running: they all are asked for before the
    oldest is told, and then one is asked for whenever one was told.
    """
    rng = np.random.default_rng(cell.seed)
    running: deque[tuple[optuna.Trial, dict[str, Any]]] = deque()
    asks, values = [], []
    for i in range(cell.trials + cell.workers):
        if i >= cell.workers:
            trial, params = running.popleft()
            values.append(problem.scored(params))
            for j, value in enumerate(problem.constrain(params)):
                trial.set_constraint(f"c{j}", value)
            study.tell(trial, problem.observe(problem.evaluate(params), rng))
        if i < cell.trials:
            trial, params, seconds = ask(study, problem)
            running.append((trial, params))
            asks.append(seconds)
    return asks, values


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


def repeats(configurations: Any) -> int:
    """Count the configurations that were evaluated before."""
    keys = [tuple(sorted(params.items())) for params in configurations]
    return len(keys) - len(set(keys))


def one_thread() -> None:
    """Make the processes started from now on use one thread for linear algebra."""
    # read when they import NumPy; times are comparable then
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def run_all(cells: Sequence[Cell], folder: Path, jobs: int, console: Console) -> int:
    """Run the cells, each in its own process, and return how many failed."""
    one_thread()
    context = multiprocessing.get_context("spawn")
    failed = 0
    with (
        Progress(console=console) as progress,
        ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool,
    ):
        task = progress.add_task("cells", total=len(cells))
        running: dict[Future[None], Cell] = {pool.submit(run, c, folder): c for c in cells}
        for future in as_completed(running):
            progress.advance(task)
            if error := future.exception():
                failed += 1
                cell = running[future]
                progress.console.print(f"{cell.problem} {cell.sampler} {cell.seed}: {error!r}")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cells that have no file yet, then report; return 1 if a cell failed."""
    from report import report  # noqa: PLC0415 - the cells' processes run without matplotlib

    options = parse(arguments)
    console = Console()
    problems = loadable(options.problems, console)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    cells = [
        Cell(problem, sampler, seed, options.trials, options.workers)
        for problem in problems
        for seed in seeds
        for sampler in options.samplers
    ]
    missing = [cell for cell in cells if not cell.path(options.out).exists()]
    failed = run_all(missing, options.out, options.jobs, console) if missing else 0
    done = [cell for cell in cells if cell.path(options.out).exists()]
    results = (json.loads(cell.path(options.out).read_text()) for cell in done)
    runs = [run_of(result, problems[result["problem"]]) for result in results]
    report(runs, options.out, console)
    return int(failed > 0)


def positive(text: str) -> int:
    """Read a number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*SAMPLERS, *BASES, *KNOWING, *AX]
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, metavar="NAME")
    parser.add_argument("--samplers", nargs="+", choices=names, metavar="NAME")
    parser.add_argument("--seeds", type=positive, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=positive, help="per run")
    parser.add_argument("--workers", type=positive, default=1, help="trials at a time in a run")
    parser.add_argument("--jobs", type=positive, default=1, help="processes at a time")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the results")
    parser.add_argument("--quick", action="store_true", help="a small table in a few minutes")
    parser.epilog = f"problems: {', '.join(PROBLEMS)}\n\nsamplers: {', '.join(names)}"
    options = parser.parse_args(arguments)
    quick = options.quick
    options.problems = options.problems or (QUICK if quick else SUITE)
    options.samplers = options.samplers or (("lamoo", "tpe", "random") if quick else DEFAULT)
    options.seeds = options.seeds or (3 if quick else 5)
    options.trials = options.trials or (50 if quick else 100)
    return options


if __name__ == "__main__":
    sys.exit(main())
