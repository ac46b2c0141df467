"""Two versions of the engine on the same problems and seeds: is the new one better?

    PYTHONPATH=before/shared python examples/benchmarks/builds.py before.csv
    PYTHONPATH=after/shared python examples/benchmarks/builds.py after.csv
    python examples/benchmarks/builds.py after.csv --against before.csv --trials 0

The engine is asked in this process, without a framework, so a run costs what its asks cost. Each
run's share of the best hypervolume, after each number of trials that ``--after`` names, is written
when it has ended; what is there is not run again.
By default the problems are drawn from a seed (lamoo_compare/problems/drawn.py): decide on some,
judge on others.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lamoo import Optimizer, Settings
from lamoo_compare.problems import FAMILIES, Problem, load

#: After how many trials a run is looked at, by default.
AFTER = (20, 30, 50)
#: Shares beyond this count as this: what is missing of them is chance.
FULL = 0.9999

Shares = dict[tuple[str, str], list[float]]


def search(
    problem: Problem, seed: int, trials: int, settings: Settings, after: Sequence[int] = AFTER
) -> list[float]:
    """Return the share of the best hypervolume after each of these numbers of trials."""
    rng = np.random.default_rng((seed, 0))
    optimizer = Optimizer(problem.space, problem.directions, settings, seed)
    scored = []
    for _ in range(trials):
        asked, params = optimizer.ask(), {}
        for name in problem.active(params):
            params[name] = asked[name]
        values = problem.observe(problem.evaluate(params), rng)
        optimizer.tell(params, values, problem.constrain(params))
        scored.append(problem.scored(params))
    curve = problem.hypervolume_curve(scored) / problem.best_hypervolume
    return [float(curve[min(n, trials) - 1]) for n in after]


def read(path: Path) -> Shares:
    """Read what has run: problem and seed -> shares."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(name, seed): list(map(float, shares)) for name, seed, *shares in csv.reader(file)}


def compare(new: Shares, old: Shares, after: Sequence[int] = AFTER) -> str:
    """Return by how much log10 of the missing share differs, mean and standard error of pairs."""
    pairs = sorted(new.keys() & old.keys())

    def missing(runs: Mapping[tuple[str, str], Sequence[float]]) -> np.ndarray:
        return np.log10(1 - np.minimum([runs[pair] for pair in pairs], FULL))

    gaps = missing(new) - missing(old)
    errors = gaps.std(axis=0, ddof=min(1, len(gaps) - 1)) / np.sqrt(len(gaps))
    lines = [f"{len(pairs)} pairs of runs; log10 of the missing share, new less old"]
    for n, gap, error, each in zip(after, gaps.mean(axis=0), errors, gaps.T, strict=True):
        won, lost = int((each < 0).sum()), int((each > 0).sum())
        lines.append(f"after {n} trials: {gap:+.3f} (se {error:.3f}), won {won}, lost {lost}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not there yet, and compare."""
    drawn = [f"drawn-{family}-{n}" for family in FAMILIES for n in range(4)]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a CSV file, which grows")
    parser.add_argument("--problems", nargs="+", default=drawn, metavar="NAME")
    parser.add_argument("--seeds", type=int, default=2, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=int, default=AFTER[-1], help="per run, 0 for no runs")
    parser.add_argument("--after", type=int, nargs="+", default=AFTER, metavar="TRIALS")
    parser.add_argument("--solver", default="gp")
    parser.add_argument("--against", type=Path, metavar="CSV", help="the other version's file")
    options = parser.parse_args(arguments)
    done, before = read(options.out), read(options.against) if options.against else {}
    if any(len(shares) != len(options.after) for shares in [*done.values(), *before.values()]):
        parser.error(f"--after names {len(options.after)} numbers, a file has other columns")
    wanted = range(options.first_seed, options.first_seed + options.seeds)
    settings = Settings(solver=options.solver)
    for name in options.problems if options.trials else ():
        seeds = [seed for seed in wanted if (name, str(seed)) not in done]
        problem = load(name) if seeds else None
        for seed in seeds:
            shares = search(problem, seed, options.trials, settings, options.after)
            with options.out.open("a", newline="") as file:
                row = [name, seed, *(f"{share:.6f}" for share in shares)]
                csv.writer(file, lineterminator="\n").writerow(row)
    if options.against:
        sys.stdout.write(compare(read(options.out), before, options.after) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
