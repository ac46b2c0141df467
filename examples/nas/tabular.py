"""Architecture search on tables of trained networks: ready objectives, with exact fronts.

    python examples/nas/tabular.py                                  # the tasks and their fronts
    python examples/nas/tabular.py nb201-cifar10-flops              # search one, with Optuna
    python examples/nas/tabular.py nbgraph-cora --framework ax      # or with Ax

NAS-Bench-201 (15,625 image classifiers, three data sets; seven devices whose latencies were
measured) and NAS-Bench-Graph (26,206 graph networks, eight data sets). All of a table is known, so
its best front and hypervolume are exact, and a trial takes no time. A task whose table is not on
this machine is skipped.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# several threads only get in each other's way in matrices this small
os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.append(str(Path(__file__).resolve().parents[1]))
from extras import needs, positive

try:
    import numpy as np
    import optuna
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from lamoo import pareto
    from lamoo_compare.problems import NASBENCH201_DEVICES, PROBLEMS, Problem, load
    from lamoo_compare.target import load_target
    from optuna_lamoo import LaMOOSampler

    sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    from asking import loadable
except ModuleNotFoundError as error:
    needs(error, "demo", "compare")

TASKS = tuple(name for name in PROBLEMS if name.startswith(("nb201-", "nbgraph-")))
#: The end of a task's name -> its objectives.
OBJECTIVES = {
    "size": "accuracy %, parameters M",
    "flops": "accuracy %, FLOPs M",
    "latency": "accuracy %, latency s",
    "three": "accuracy %, parameters M, latency s",
    "authors": "z-scores of test accuracy and -FLOPs",
} | dict.fromkeys(NASBENCH201_DEVICES, "accuracy %, latency ms")
GRAPH_OBJECTIVES = "accuracy, latency s, parameters M"

Values = list[tuple[float, ...]]


def told(problem: Problem) -> dict[str, Any]:
    """Return what LaMOO can be told of a task: costs that need no training, and the like."""
    known = {j: lambda params, j=j: problem.evaluate(params)[j] for j in problem.known}
    return {
        "known_objectives": known,
        "features": problem.features,
        "canonical": problem.canonical,
    }


def search_with_optuna(name: str, trials: int, seed: int) -> Values:
    """Search a task with LaMOO in Optuna, told what is known; return the values of the trials."""
    target = load_target(name)
    sampler = LaMOOSampler(seed=seed, **told(load(name)))
    study = optuna.create_study(directions=target.directions, sampler=sampler)
    for _ in track(range(trials), "trials"):
        study.optimize(target.objective, n_trials=1)
    return [tuple(trial.values) for trial in study.trials]


def search_with_ax(name: str, trials: int, seed: int) -> Values:
    """Search a task with LaMOO in Ax; return the values of the trials."""
    warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
    from ax_client import search  # noqa: PLC0415 - the rest runs without Ax

    return search(load(name), "lamoo", seed, trials)


FRAMEWORKS = {"optuna": search_with_optuna, "ax": search_with_ax}


def tasks_table(problems: dict[str, Problem]) -> Table:
    """Return the tasks with their exact fronts."""
    table = Table(title="Tasks, with their exact fronts")
    table.add_column("task", no_wrap=True)  # it is what the command takes
    table.add_column("objectives")
    table.add_column("architectures", justify="right")
    table.add_column("on the front", justify="right")
    table.add_column("reference point", justify="right")
    table.add_column("best hypervolume", justify="right")
    for name, problem in problems.items():
        kind = name.removeprefix("nb201-")
        objectives = OBJECTIVES.get(kind, OBJECTIVES.get(kind.rpartition("-")[2], GRAPH_OBJECTIVES))
        size = "26,206" if objectives == GRAPH_OBJECTIVES else f"{problem.space.size:,.0f}"
        corner = ", ".join(f"{value:.4g}" for value in problem.reference_point)
        front = str(len(set(problem.best_front)))
        table.add_row(name, objectives, size, front, corner, f"{problem.best_hypervolume:.6g}")
    return table


def found_table(problem: Problem, values: Values) -> Table:
    """Return the front that a search found, and which of it is on the exact front."""
    table = Table(title=f"Front found on {problem.name}")
    for j, direction in enumerate(problem.directions):
        table.add_column(f"objective {j} ({direction})", justify="right")
    table.add_column("on the exact front")
    distinct, exact = sorted(set(values), reverse=True), set(problem.best_front)
    signs = np.where(np.array(problem.directions) == "minimize", 1, -1)
    for i in np.flatnonzero(pareto.nondominated(signs * np.array(distinct))):
        row = distinct[i]
        table.add_row(*(f"{value:.5g}" for value in row), "yes" if row in exact else "")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """List the tasks, or search one; return 1 if its table is absent."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", nargs="?", choices=TASKS, metavar="TASK", help="one of the list")
    parser.add_argument("--framework", choices=FRAMEWORKS, default="optuna")
    parser.add_argument("--trials", type=positive, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console()
    problems = loadable([options.task] if options.task else TASKS, console)
    if options.task is None:
        console.print(tasks_table(problems))
        return 0
    if not problems:
        return 1
    problem = problems[options.task]
    values = FRAMEWORKS[options.framework](options.task, options.trials, options.seed)
    console.print(found_table(problem, values))
    share = problem.hypervolume(values) / problem.best_hypervolume
    console.print(f"{share:.2%} of the best hypervolume after {options.trials} trials")
    return 0


if __name__ == "__main__":
    sys.exit(main())
