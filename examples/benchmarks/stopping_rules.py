"""What a rule stops: replays of recorded learning curves, in random order.

    python examples/benchmarks/stopping_rules.py
    python examples/benchmarks/stopping_rules.py digits-curves --networks 200 --seeds 12

Networks of a table (`fashion-curves`) are trained one after the other, as a rule lets them. A row
is a rule, with means over seeds: which share of the epochs was spent; of the networks on the front
that training all of them would have given, the share that was stopped (wrongly); and log10 of the
share of that front's hypervolume that is missing, beside what a rule would have spent that knew the
last epoch beforehand (`oracle`: it lets nobody train for more than one epoch whom a finished
network dominates in the end).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from asking import one_thread, positive
from rich.console import Console
from rich.table import Table

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.curves import Curve, Curves
from lamoo.early import Extrapolation, Halving, stops
from lamoo_compare.problems import load
from lamoo_compare.problems.base import signs
from lamoo_compare.problems.curves import RECORDED

#: Tells whether to stop a training: its curve so far, those of all others, its values at the end.
Stops = Callable[[Curve, Curves, Floats], bool]


def by(rule: Extrapolation | Halving) -> Stops:
    """Return a rule as one that does not look ahead."""
    return lambda curve, others, _: stops(rule, curve, others)


def _oracle(_: Curve, others: Curves, final: Floats) -> bool:
    ended = others.finals[others.ended]
    return bool((np.all(ended <= final, axis=1) & np.any(ended < final, axis=1)).any())


RULES: dict[str, Stops] = {
    "curves": by(Extrapolation()),
    "Extrapolation(chance=0.04)": by(Extrapolation(chance=0.04)),
    "Extrapolation(chance=0.15)": by(Extrapolation(chance=0.15)),
    "halving": by(Halving()),
    "Halving(min_step=3)": by(Halving(min_step=3)),
    "Halving(min_step=9)": by(Halving(min_step=9)),
    "oracle": _oracle,
}


@dataclass(frozen=True)
class Outcome:
    """What a rule did with some networks.

    Args:
        spent: of all their epochs.
        wrong: of the front's members, which share was stopped.
        gap: log10 of the missing share of the front's hypervolume, at least -6.
    """

    spent: float
    wrong: float
    gap: float


def recorded(name: str) -> Floats:
    """Return the curves of all networks of a table, minimised, shape ``(n, epochs, 2)``."""
    problem = load(name)
    every = np.array([problem.curves(params) for params in RECORDED[name].configurations()])
    return np.asarray(signs(problem.directions) * every)


def replay(curves: Floats, rule: Stops) -> Outcome:
    """Return what a rule does with networks that are trained in this order.

    Args:
        curves: of the networks, minimised, shape ``(n, epochs, m)``.
        rule: stops them.
    """
    n, epochs, m = curves.shape
    steps = np.arange(1.0, epochs + 1)
    others, spent = Curves.of([], m), np.empty(n, dtype=int)
    for i, values in enumerate(curves):
        trained = (Curve(steps[:k], values[:k]) for k in range(1, epochs))
        spent[i] = next((len(c) for c in trained if rule(c, others, values[-1])), epochs)
        end = values[-1] if spent[i] == epochs else None
        others = others.and_of(Curves.of([Curve(steps[: spent[i]], values[: spent[i]], end)], m))
    finals, ended = curves[:, -1], spent == epochs
    front = pareto.nondominated(finals)
    reference = pareto.inferred_reference_point(finals)
    missing = 1 - pareto.hypervolume(finals[ended], reference) / pareto.hypervolume(
        finals, reference
    )
    return Outcome(spent.mean() / epochs, 1 - ended[front].mean(), np.log10(max(missing, 1e-6)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Replay, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problem", nargs="?", choices=RECORDED, default="fashion-curves")
    parser.add_argument("--networks", type=positive, default=100, help="of each replay (100)")
    parser.add_argument("--seeds", type=positive, default=12, help="how many orders (12)")
    parser.add_argument("--first-seed", type=int, default=100)
    options = parser.parse_args(arguments)
    one_thread()
    curves = recorded(options.problem)
    table = Table("rule", "epochs spent", "wrongly stopped", "log10 of the gap")
    for name, rule in RULES.items():
        found = [
            replay(
                curves[np.random.default_rng(seed).permutation(len(curves))[: options.networks]],
                rule,
            )
            for seed in range(options.first_seed, options.first_seed + options.seeds)
        ]
        spent, wrong, gap = (
            float(np.mean([getattr(each, column) for each in found]))
            for column in ("spent", "wrong", "gap")
        )
        table.add_row(name, f"{spent:.0%}", f"{wrong:.0%}", f"{gap:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
