"""Keep the sampler you trust: it proposes inside the regions that LaMOO learns.

    python examples/keep_your_sampler.py

A car's front for mass, acceleration in a crash and intrusion (VehicleSafety), by samplers of Optuna
alone and inside LaMOO's regions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from statistics import median

from extras import needs, positive

try:
    import optuna
    from optuna.samplers import BaseSampler, CmaEsSampler, NSGAIISampler, TPESampler
    from rich.console import Console
    from rich.table import Table

    from lamoo_compare.problems import Problem, load
    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as error:
    needs(error, "cma", "demo")

#: name -> function seed -> sampler
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "TPE": lambda seed: TPESampler(seed=seed, multivariate=True),
    "NSGA-II": lambda seed: NSGAIISampler(seed=seed, population_size=20),
    # alone it takes one objective; LaMOO gives it the number of trials that dominate a trial
    "CMA-ES": lambda seed: CmaEsSampler(seed=seed),
}
SINGLE = {"CMA-ES"}


def share(problem: Problem, sampler: BaseSampler, trials: int) -> float:
    """Search once, and return the share of the best hypervolume."""
    study = optuna.create_study(directions=problem.directions, sampler=sampler)

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        bounds = {name: (p.low, p.high) for name, p in problem.space.parameters.items()}
        return problem.evaluate({n: trial.suggest_float(n, *b) for n, b in bounds.items()})

    study.optimize(objective, n_trials=trials)
    found = problem.hypervolume([trial.values for trial in study.trials])
    return float(found) / problem.best_hypervolume


def main(arguments: Sequence[str] | None = None) -> None:
    """Search with each sampler alone and inside LaMOO's regions, and print both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=60)
    parser.add_argument("--seeds", type=positive, default=5)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem, console = load("vehicle-safety"), Console()
    table = Table("sampler", "alone", "inside LaMOO's regions")
    for name, make in SAMPLERS.items():
        with console.status(f"searching: {name}"):
            alone, inside = [], []
            for seed in range(options.seeds):
                if name not in SINGLE:
                    alone.append(share(problem, make(seed), options.trials))
                sampler = LaMOOSampler(seed=seed, base_sampler=make)
                inside.append(share(problem, sampler, options.trials))
        table.add_row(name, f"{median(alone):.1%}" if alone else "-", f"{median(inside):.1%}")
    console.print(
        f"Share of the best hypervolume after {options.trials} trials "
        f"(median of {options.seeds} seeds)"
    )
    console.print(table)


if __name__ == "__main__":
    main()
