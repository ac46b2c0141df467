"""Where do the first fifty trials lose? The default against itself with one thing changed.

    python examples/benchmarks/losses.py losses.csv --problems drawn-system-20 --seeds 3

Some variants are told what no search can know: the hyperparameters that 250 evaluations teach
(``kernel``), those evaluations, too (``data``), all values (``truth``), the reference point that is
scored from (``reference``), or both (``all``). What does not help then need not be looked for.
Others leave something out: the partition (``alone``), the turns of its own solver (``no-turns``),
four of the ten start-up trials (``six``). Each run is compared with the default's of the same
problem and seed.
What is in the file is not run again.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from builds import AFTER, Shares, compare, search

from lamoo import ALONE, History, Settings, pareto
from lamoo.arrays import Floats
from lamoo.gp.acquisition import Acquisition, Factor, Process, improvement
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.forms import ObjectiveFit
from lamoo.gp.model import WIDENING, learn
from lamoo.gp.reference_point import inferred_ref_point
from lamoo.gp.sample import objective_process
from lamoo.gp.targets import Transform, compress
from lamoo.gp.training import Values, apply, transforms_of
from lamoo.partition.place import Place
from lamoo.solvers import Solver
from lamoo.solvers.gp import candidates, maximise
from lamoo_compare.problems import Problem, load
from lamoo_compare.problems.base import signs

#: What hindsight sees: as many uniform points as there are representative ones among more of them.
HINDSIGHT, AMONG = 125, 1000
#: Half the width of a difference, and the deviation of what is known.
STEP, CERTAIN = 1e-5, 1e-3


def minimised(problem: Problem, X: Floats) -> Floats:
    """Return the true values (n, m) of points (n, d), minimised."""
    values = [problem.evaluate(params) for params in problem.space.decode(X)]
    return signs(problem.directions) * np.array(values, dtype=float)


@dataclass(frozen=True)
class Truth:
    """The process of an objective that is known everywhere.

    Args:
        problem: whose objective.
        objective: its index.
        transform: of its values.
    """

    problem: Problem
    objective: int
    transform: Transform

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Return true values and hardly any deviation, ``(n,)``."""
        values = self.transform(minimised(self.problem, X)[:, self.objective])
        return values, np.full(len(X), CERTAIN)

    def predict_gradient(self, x: Floats) -> tuple[float, float, Floats, Floats]:
        """Return :meth:`predict` at one point (d,), and the gradients ``(d,)`` by differences."""
        shift = STEP * np.eye(len(x))
        above, below = np.minimum(x + shift, 1.0), np.maximum(x - shift, 0.0)
        y = self.predict(np.concatenate([x[None], above, below]))[0]
        slope = (y[1 : len(x) + 1] - y[len(x) + 1 :]) / np.diag(above - below)
        return float(y[0]), CERTAIN, slope, np.zeros(len(x))


#: Learns the transform of an objective's values from values (n,) and a bound.
Learner = Callable[[Floats, float], Transform]
#: The processes of all objectives from a history and the transforms of its values.
Predict = Callable[[History, Sequence[Transform]], tuple[Process, ...]]


def knowing(problem: Problem, learners: Sequence[Learner], predict: Predict) -> Solver:
    """Return the default solver with other processes, and without the partition's own turns."""

    def propose(place: Place, rng: np.random.Generator) -> Floats | None:
        X, history = candidates(place, rng), place.history
        if not len(X):
            return None
        transforms = transforms_of(history, learners)
        targets, violation = apply(transforms, history.Y), history.violation
        if place.reference_point is None:
            reference_point = inferred_ref_point(targets, violation, len(history.tried))
        else:
            reference_point = apply(transforms, place.reference_point[None])[0]
        exact, screening = improvement(targets, reference_point, rng)
        factor = Factor(predict(history, transforms), exact, screening, WIDENING)
        return maximise(Acquisition(problem.space, (factor,)), X, place, rng)

    return Solver(propose, global_turns=True)


def hindsight(problem: Problem) -> tuple[History, list[ObjectiveFit]]:
    """Return 250 evaluations, spread and good ones, and the hyperparameters that they teach."""
    X = problem.space.sample(HINDSIGHT + AMONG, np.random.default_rng(0))
    Y = minimised(problem, X)
    good = pareto.representative(Y[HINDSIGHT:], np.zeros(AMONG), HINDSIGHT)
    rows = np.concatenate([np.arange(HINDSIGHT), HINDSIGHT + good])
    seen = History(X[rows], Y[rows])
    return seen, fit_objectives(problem.space, seen)


def learned(problem: Problem, *, data: bool) -> Solver:
    """Return the solver that has hyperparameters, and with ``data`` also evaluations, for free."""
    space, (seen, fits) = problem.space, hindsight(problem)

    def predict(history: History, transforms: Sequence[Transform]) -> tuple[Process, ...]:
        X, Y = history.X, history.Y
        if data:
            X, Y = np.concatenate([X, seen.X]), np.concatenate([Y, seen.Y])
        rows, no_noise = np.arange(len(X)), np.zeros(len(X))
        return tuple(
            objective_process(X, Values(rows, f(y), no_noise), space, fitted.hyperparameters)
            for f, y, fitted in zip(transforms, Y.T, fits, strict=True)
        )

    return knowing(problem, [fitted.learn_transform for fitted in fits], predict)


def truth(problem: Problem) -> Solver:
    """Return the solver that knows all values."""

    def predict(_: History, transforms: Sequence[Transform]) -> tuple[Process, ...]:
        return tuple(Truth(problem, j, transform) for j, transform in enumerate(transforms))

    return knowing(problem, [compress] * len(problem.directions), predict)


def _without_turns(place: Place, rng: np.random.Generator) -> Floats | None:
    X = candidates(place, rng)
    if not len(X):
        return None
    model = learn(place.region.space, place.history, rng, place.reference_point)
    return maximise(model, X, place, rng)


def scored_from(problem: Problem) -> Settings:
    """Return the settings with the reference point that the problem is scored from."""
    return Settings(reference_point=tuple(signs(problem.directions) * problem.reference_point))


#: name -> problem -> settings.
VARIANTS: Mapping[str, Callable[[Problem], Settings]] = {
    "default": lambda _: Settings(),
    "six": lambda _: Settings(n_startup=6),
    "alone": lambda _: Settings(partition=ALONE),
    "no-turns": lambda _: Settings(solver=Solver(_without_turns, global_turns=True)),
    "reference": scored_from,
    "kernel": lambda problem: Settings(solver=learned(problem, data=False)),
    "data": lambda problem: Settings(solver=learned(problem, data=True)),
    "truth": lambda problem: Settings(solver=truth(problem)),
    "all": lambda problem: replace(scored_from(problem), solver=truth(problem)),
}


def read(path: Path) -> dict[str, Shares]:
    """Read what has run: variant -> problem and seed -> shares."""
    runs: dict[str, Shares] = {}
    if path.exists():
        with path.open(newline="") as file:
            for variant, name, seed, *shares in csv.reader(file):
                runs.setdefault(variant, {})[name, seed] = [*map(float, shares)]
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not there yet, and compare each variant with the default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a CSV file, which grows")
    parser.add_argument("--problems", nargs="+", default=["drawn-system-20"], metavar="NAME")
    parser.add_argument("--variants", nargs="+", default=[*VARIANTS], choices=[*VARIANTS])
    parser.add_argument("--seeds", type=int, default=2, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=int, default=AFTER[-1], help="per run")
    parser.add_argument("--after", type=int, nargs="+", default=AFTER, metavar="TRIALS")
    options = parser.parse_args(arguments)
    done = read(options.out)
    looks = [shares for runs in done.values() for shares in runs.values()]
    if any(len(shares) != len(options.after) for shares in looks):
        parser.error(f"--after names {len(options.after)} numbers, the file has other columns")
    wanted = range(options.first_seed, options.first_seed + options.seeds)
    for name in options.problems:
        problem = load(name)
        for variant in options.variants:
            seeds = [s for s in wanted if (name, str(s)) not in done.get(variant, {})]
            settings = VARIANTS[variant](problem) if seeds else Settings()
            for seed in seeds:
                shares = search(problem, seed, options.trials, settings, options.after)
                with options.out.open("a", newline="") as file:
                    row = [variant, name, seed, *(f"{share:.6f}" for share in shares)]
                    csv.writer(file, lineterminator="\n").writerow(row)
    runs = read(options.out)
    for variant in options.variants:
        if variant != "default" and runs.get("default", {}).keys() & runs[variant].keys():
            said = compare(runs[variant], runs["default"], options.after)
            sys.stdout.write(f"{variant}: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
