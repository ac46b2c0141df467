"""Ranges that are narrowed in mid-study: are old trials worth having?

    python examples/benchmarks/narrowed.py
    python examples/benchmarks/narrowed.py --samplers lamoo tpe --seeds 10

Five parameters, whose good values lie in a seventh of their ranges. After some trials the study
goes on in that seventh, or as it was, or somebody begins afresh there. Printed is, over the seeds,
the median hypervolume of the trials since.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import optuna
from asking import one_thread, positive
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lamoo import pareto
from lamoo_compare.samplers import SAMPLERS

WHOLE, NARROW = (0.0, 1.0), (0.55, 0.7)
REFERENCE = np.array([1.1, 1.1])


def evaluate(trial: optuna.Trial, bounds: tuple[float, float]) -> tuple[float, float]:
    """Return two values, which conflict from one end of the narrow range to the other."""
    x = np.array([trial.suggest_float(f"x{i}", *bounds) for i in range(5)])
    along = (x[0] - NARROW[0]) / (NARROW[1] - NARROW[0])
    away = 9 * float(((x[1:] - 0.6) ** 2).sum())
    return along**2 + away, (along - 1) ** 2 + away


def search(sampler: str, seed: int, before: int, bounds: tuple[float, float], after: int) -> float:
    """Return the hypervolume of the last trials, within some bounds, of a study."""
    study = optuna.create_study(directions=["minimize"] * 2, sampler=SAMPLERS[sampler](seed))
    study.optimize(lambda trial: evaluate(trial, WHOLE), n_trials=before)
    study.optimize(lambda trial: evaluate(trial, bounds), n_trials=after)
    Y = np.array([trial.values for trial in study.get_trials(deepcopy=False)[before:]])
    return pareto.hypervolume(Y, REFERENCE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare going on, narrowed or not, with beginning afresh."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--samplers", nargs="+", choices=SAMPLERS, default=["lamoo", "tpe"], metavar="NAME"
    )
    parser.add_argument("--seeds", type=positive, default=5, help="how many")
    parser.add_argument("--before", type=positive, default=20, help="trials in the whole ranges")
    parser.add_argument("--after", type=positive, default=18, help="trials since")
    options = parser.parse_args(arguments)
    one_thread()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = Table("sampler", "narrowed", "not narrowed", "afresh")
    ways = ((options.before, NARROW), (options.before, WHOLE), (0, NARROW))
    for sampler in options.samplers:
        runs = [
            [search(sampler, seed, before, bounds, options.after) for before, bounds in ways]
            for seed in track(range(options.seeds), sampler, transient=True)
        ]
        table.add_row(sampler, *(f"{median:.3f}" for median in np.median(runs, axis=0)))
    Console().print(table)


if __name__ == "__main__":
    main()
