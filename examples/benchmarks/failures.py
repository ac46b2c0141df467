"""Trials that fail for a reason: what does a search find where the best configurations do not run?

    python examples/benchmarks/failures.py
    python examples/benchmarks/failures.py --samplers lamoo tpe --seeds 5 --trials 100

A network that grows more accurate with its width and its batches, until both together no longer
fit into memory (half of the space; then the trial fails, and nothing tells by how much it was too
large). Printed are, over the seeds, the median and the quartiles of the share of the hypervolume
that can be had, and how many trials failed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import optuna
from asking import one_thread, positive
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lamoo import pareto
from lamoo_compare.samplers import SAMPLERS

COMPARED = ("lamoo", "lamoo-evolutionary", "tpe", "nsgaii-pop20", "gp", "random")
REFERENCE = np.array([1.5, 1.4])


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """Return an error and a time, or run out of memory."""
    width, batch, rate, drop = (trial.suggest_float(name, 0, 1) for name in "wbrd")
    if width + batch > 1:
        raise MemoryError
    error = 1 - 0.4 * (width + batch) + (rate - 0.4) ** 2 + (drop - 0.3) ** 2 / 2
    return error, 1 - batch + 0.3 * width


def best_hypervolume() -> float:
    """Return what can be had: the rate and the dropout at their best, the others on a fine grid."""
    width, batch = np.meshgrid(*2 * [np.linspace(0, 1, 401)])
    fits = width + batch <= 1
    Y = np.stack([1 - 0.4 * (width + batch), 1 - batch + 0.3 * width], axis=-1)[fits]
    return pareto.hypervolume(Y, REFERENCE)


def search(sampler: str, seed: int, trials: int) -> tuple[float, int]:
    """Return the share of the hypervolume that a study found, and how many of its trials failed."""
    study = optuna.create_study(directions=["minimize"] * 2, sampler=SAMPLERS[sampler](seed))
    for _ in range(trials):
        trial = study.ask()
        try:
            study.tell(trial, objective(trial))
        except MemoryError:
            study.tell(trial, state=TrialState.FAIL)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    Y = np.array([trial.values for trial in complete]).reshape(-1, 2)
    return pareto.hypervolume(Y, REFERENCE) / best_hypervolume(), trials - len(complete)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the samplers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=COMPARED, metavar="NAME")
    parser.add_argument("--seeds", type=positive, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=positive, default=60, help="per run")
    options = parser.parse_args(arguments)
    one_thread()
    optuna.logging.disable_default_handler()
    table = Table("sampler", "share of the hypervolume", "failed trials")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for sampler in options.samplers:
        runs = [search(sampler, s, options.trials) for s in track(seeds, sampler, transient=True)]
        shares, failed = zip(*runs, strict=True)
        low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75])
        table.add_row(sampler, f"{middle:.3f} ({low:.3f} to {high:.3f})", f"{np.median(failed):g}")
    Console().print(table)


if __name__ == "__main__":
    main()
