"""Objectives that need no training: tell the sampler, and it learns only the accuracy.

    python examples/known_costs.py

NAS-Bench-201 (CIFAR-10): choose six operations of a network's cell for accuracy and latency. The
accuracy costs a training run (here a table of real runs stands for it); the latency of a network
follows from the network, so it is handed over as a function. So are a few facts that anybody who
designs networks would compute: how often each operation is in use, how deep the cell is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median
from typing import Any

from extras import needs, positive

try:
    import optuna
    from rich.console import Console
    from rich.table import Table

    from lamoo_compare.problems import Problem, load
    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as error:
    needs(error, "demo")


def hypervolumes(problem: Problem, seed: int, trials: int, **settings: Any) -> Sequence[float]:
    """Search once, and return the share of the best hypervolume after each trial."""
    sampler = LaMOOSampler(seed=seed, **settings)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        choices = {name: p.choices for name, p in problem.space.parameters.items()}
        return problem.evaluate({n: trial.suggest_categorical(n, c) for n, c in choices.items()})

    study.optimize(objective, n_trials=trials)
    curve = problem.hypervolume_curve([trial.values for trial in study.trials])
    return [float(value) / problem.best_hypervolume for value in curve]


def main(arguments: Sequence[str] | None = None) -> None:
    """Search without and with what is known, and print both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=40)
    parser.add_argument("--seeds", type=positive, default=5)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    console = Console()
    try:
        problem = load("nb201-cifar10-latency")
    except ModuleNotFoundError as error:
        needs(error, "demo")

    def latency(params: dict[str, Any]) -> float:
        return problem.evaluate(params)[1]

    told = {
        "nothing": {},
        "latency": {"known_objectives": {1: latency}},
        "latency and features": {"known_objectives": {1: latency}, "features": problem.features},
    }
    steps = sorted({max(1, options.trials // 4), max(1, options.trials // 2), options.trials})
    table = Table("LaMOO is told", *(f"{n} trials" for n in steps))
    for name, settings in told.items():
        with console.status(f"searching: {name}"):
            runs = [
                hypervolumes(problem, seed, options.trials, **settings)
                for seed in range(options.seeds)
            ]
        table.add_row(name, *(f"{median(run[n - 1] for run in runs):.2%}" for n in steps))
    console.print(f"Share of the best hypervolume (median of {options.seeds} seeds)")
    console.print(table)


if __name__ == "__main__":
    main()
