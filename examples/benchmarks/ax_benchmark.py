"""Ax's default strategy and LaMOO's through Ax's own benchmark suite, ``ax.benchmark``.

    python examples/benchmarks/ax_benchmark.py --problems BraninCurrin DTLZ2 --seeds 3 --trials 30

The problems are BoTorch's. A trace is the hypervolume of the trials so far, from the problem's own
reference point, as Ax computes it; the table says what share of the best possible it is.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
logging.disable(logging.WARNING)
try:
    from ax.api.utils.generation_strategy_dispatch import choose_generation_strategy
    from ax.api.utils.structs import GenerationStrategyDispatchStruct
    from ax.benchmark.benchmark import benchmark_replication
    from ax.benchmark.benchmark_method import BenchmarkMethod
    from ax.benchmark.benchmark_problem import BenchmarkProblem
    from ax.benchmark.problems.synthetic.from_botorch import create_problem_from_botorch
    from ax.generation_strategy.generation_strategy import GenerationStrategy
    from botorch.test_functions import multi_objective

    from ax_lamoo import lamoo_generation_strategy
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}: pip install 'lamoo[ax]'") from error

#: BoTorch's class -> its arguments. (BoTorch 0.18's C2DTLZ2 fails under Ax's runner.)
PROBLEMS: dict[str, dict[str, Any]] = {
    "BraninCurrin": {},
    "DTLZ2": {"dim": 10, "num_objectives": 2},
    "VehicleSafety": {},
    "ZDT1": {"dim": 30},
}


def ax_default(seed: int) -> GenerationStrategy:
    """Return what Ax's client begins with."""
    settings = GenerationStrategyDispatchStruct(initialization_random_seed=seed)
    return choose_generation_strategy(settings)


def lamoo(seed: int) -> GenerationStrategy:
    """Return LaMOO's strategy."""
    return lamoo_generation_strategy(seed=seed)


METHODS: dict[str, Callable[[int], GenerationStrategy]] = {
    "Ax's default": ax_default,
    "LaMOO": lamoo,
}


def run(problem: BenchmarkProblem, method: str, seed: int) -> tuple[list[float], float]:
    """Return a replication's trace and the CPU seconds it took."""
    strategy = METHODS[method](seed)
    start = time.process_time()
    result = benchmark_replication(
        problem=problem,
        method=BenchmarkMethod(name=method, generation_strategy=strategy),
        seed=seed,
    )
    return list(result.optimization_trace), time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the replications and print a table."""
    options = parse(arguments)
    console = Console()
    title = f"{options.trials} trials, medians of {options.seeds} seeds (worst to best)"
    table = Table("problem", "method", "share of best hypervolume", "CPU s per trial", title=title)
    for name in options.problems:
        problem = create_problem_from_botorch(
            test_problem_class=getattr(multi_objective, name),
            test_problem_kwargs=PROBLEMS[name],
            num_trials=options.trials,
            baseline_value=0.0,
        )
        for method in METHODS:
            runs = [run(problem, method, seed) for seed in range(options.seeds)]
            ends = np.array([trace[-1] for trace, _ in runs]) / problem.optimal_value
            seconds = np.median([cpu for _, cpu in runs]) / options.trials
            spread = f"{np.median(ends):.3f} ({ends.min():.3f} to {ends.max():.3f})"
            table.add_row(name, method, spread, f"{seconds:.2f}")
            console.print(f"{name}, {method}: {spread}", highlight=False)
    console.print(table)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--problems", nargs="+", choices=PROBLEMS, default=["BraninCurrin", "DTLZ2"]
    )
    parser.add_argument("--seeds", type=int, default=3, help="how many (3)")
    parser.add_argument("--trials", type=int, default=30, help="per run (30)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
