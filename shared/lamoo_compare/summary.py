"""What a comparison says: curves, shares, trials to match, tests. Pure functions over runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from lamoo import failures, pareto
from lamoo.arrays import Bools, Floats
from lamoo_compare.budget import Budget, costs, full_trainings
from lamoo_compare.errors import CompareError
from lamoo_compare.problems.base import signs

#: Gaps below are reported as this.
SMALLEST_GAP = 1e-6
#: With fewer pairs no signed-rank test can be below .05, whatever was found: of n it is at least
#: two of 2^n ways to give signs (Wilcoxon 1945).
FEWEST_SEEDS = 6


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Run:
    """One sampler with one seed, as far as it got.

    Args:
        sampler: its name.
        seed: its seed.
        values: objective values in the user's directions, shape ``(n, m)``, NaN where a trial
            failed, was pruned or violates a constraint.
        states: how each trial ended.
        params: each trial's parameters.
        ask: CPU seconds that the sampler took for each trial, shape ``(n,)``.
        error: why it ended early, ``None`` if it did not.
        warned: what the sampler warned of, in order.
        epochs: how many each trial trained, see :func:`lamoo_compare.journal.epochs_of`; not needed
            where trials are what is counted.
    """

    sampler: str
    seed: int
    values: Floats
    states: Sequence[str]
    params: Sequence[Mapping[str, Any]]
    ask: Floats
    error: str | None = None
    warned: Sequence[str] = ()
    epochs: Sequence[int] = ()

    def costs(self, budget: Budget) -> Floats:
        """Return what each trial cost, shape ``(n,)``."""
        return costs(self.epochs or [0] * len(self.values), budget)

    def paid(self, budget: Budget) -> float:
        """Return how many full trainings the run has paid for."""
        return float(full_trainings(self.costs(budget))[-1]) if len(self.values) else 0.0

    @cached_property
    def duplicates(self) -> int:
        """How many trials had the parameters of an earlier one."""
        keys = [repr(sorted(params.items())) for params in self.params]
        return len(keys) - len(set(keys))


@dataclass(frozen=True, eq=False)
class Comparison:
    """All runs of one objective.

    Args:
        source: the objective's file, module or name.
        directions: one per objective.
        trials: how many each run was to have or, with a budget of epochs, to have the epochs of.
        samplers: their names; the first is the one that the others are compared with.
        runs: of every sampler and seed.
        reference_point: where hypervolume is measured from, in the user's directions.
        best: the best hypervolume known: the built-in problem's, or that of all runs together.
        versions: of what decides the result.
        command: what repeats it.
        budget: what is counted: ``"trials"`` or ``"epochs"``.
        metric_names: what the objectives are called, one each or none.
    """

    source: str
    directions: tuple[str, ...]
    trials: int
    samplers: tuple[str, ...]
    runs: Sequence[Run]
    reference_point: tuple[float, ...]
    best: float
    versions: Mapping[str, str]
    command: str
    budget: Budget = "trials"
    metric_names: tuple[str, ...] = ()

    @property
    def objectives(self) -> tuple[str, ...]:
        """What to call each objective."""
        numbered = tuple(f"objective {j}" for j in range(len(self.directions)))
        return self.metric_names or numbered

    @cached_property
    def curves(self) -> list[Floats]:
        """Each run's hypervolume after each of its trials."""
        reference = signs(self.directions) * self.reference_point
        return [
            pareto.hypervolume_curve(signs(self.directions) * values, reference)
            for values in self.counted
        ]

    @cached_property
    def counted(self) -> list[Floats]:
        """Each run's values, NaN in trials that hold infinite or absurd ones.

        What is absurd is told from all runs together.
        """
        values = [run.values for run in self.runs]
        Y = np.concatenate([*values, np.empty((0, len(self.directions)))])
        Y[~_known(Y)] = np.nan
        return np.split(Y, np.cumsum([len(each) for each in values])[:-1])

    @cached_property
    def full(self) -> float:
        """What a full training costs: a trial, or the epochs of the longest that any run had."""
        every: list[float] = [
            1.0,
            *(cost for run in self.runs for cost in run.costs(self.budget).tolist()),
        ]
        return max(every)

    @property
    def end(self) -> int:
        """What a run may spend: trials, or the epochs of so many full trainings."""
        return int(self.trials * self.full)

    @cached_property
    def grid(self) -> Floats:
        """What may have been spent when somebody found something, increasing up to the end."""
        spent = np.unique(np.concatenate([np.cumsum(r.costs(self.budget)) for r in self.runs]))
        return np.append(spent[spent < self.end], self.end)

    def whole(self, sampler: str) -> list[int]:
        """Return the indices of a sampler's runs that have had all their budget."""
        return [
            i
            for i, run in enumerate(self.runs)
            if run.sampler == sampler and run.paid(self.budget) >= self.trials
        ]

    def curve_of(self, i: int) -> Floats:
        """Return a run's hypervolume when it had spent what :attr:`grid` says, same shape.

        A trial counts once it has ended and been paid for.
        """
        spent = np.cumsum(self.runs[i].costs(self.budget))
        after = np.concatenate([[0.0], self.curves[i]])
        return np.asarray(after[np.searchsorted(spent, self.grid, side="right")])

    def curves_of(self, sampler: str) -> Floats:
        """Return the curves of a sampler's whole runs, shape ``(seeds, len(grid))``."""
        return np.array([self.curve_of(i) for i in self.whole(sampler)]).reshape(-1, len(self.grid))

    def at(self, trials: int | None) -> int:
        """Return the place in :attr:`grid` of so many full trainings, by default of all."""
        n = self.trials if trials is None else trials
        return int(np.searchsorted(self.grid, n * self.full, side="right")) - 1

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row per sampler, ``None`` where there is nothing to say.

        ``hypervolume`` (median over seeds, with ``lower`` and ``upper`` quartile), ``share`` of the
        best known, ``log10_gap`` of what is missing to it, ``match`` (other sampler -> number of
        trials, or epochs, after which this one's median is what the other ends with, ``None`` if
        never), ``ratio`` (of the budget to the first sampler's match of this one: its sample
        efficiency over this one), ``p`` (two-sided Wilcoxon signed-rank test of this against the
        first, paired by seed), ``ask_seconds`` (mean of a run, median over seeds), ``duplicates``
        and ``not_counted`` (trials that failed, diverged, were pruned or are infeasible; medians
        over seeds), ``trials`` and ``stopped`` (how many there were and how many of them were
        pruned; medians over seeds), ``runs`` and ``incomplete`` (how many), ``warnings`` (of the
        sampler, in all runs).
        """
        return [self._row(sampler) for sampler in self.samplers]

    def _row(self, sampler: str) -> dict[str, Any]:
        mine = [run for run in self.runs if run.sampler == sampler]
        whole = [self.runs[i] for i in self.whole(sampler)]
        row: dict[str, Any] = {"sampler": sampler, "runs": len(mine)}
        row["incomplete"] = len(mine) - len(whole)
        row["errors"] = sorted({run.error for run in mine if run.error})
        row["warnings"] = sum(len(run.warned) for run in mine)
        if not whole:
            return row
        lower, middle, upper = np.quantile(self.curves_of(sampler)[:, -1], [0.25, 0.5, 0.75])
        share = float(middle / self.best) if self.best > 0 else 0.0
        match = {other: self.match(sampler, other) for other in self.samplers if other != sampler}
        first = self.match(self.samplers[0], sampler) if sampler != self.samplers[0] else None
        return row | {
            "hypervolume": float(middle),
            "lower": float(lower),
            "upper": float(upper),
            "share": share,
            "log10_gap": log10_gap(share),
            "match": match,
            "ratio": self.end / first if first else None,
            "p": self.p_value(sampler),
            "ask_seconds": float(np.median([run.ask.mean() for run in whole])),
            "duplicates": float(np.median([run.duplicates for run in whole])),
            "not_counted": float(
                np.median(
                    [np.isnan(self.counted[i]).any(axis=1).sum() for i in self.whole(sampler)]
                )
            ),
            "trials": float(np.median([len(run.values) for run in whole])),
            "stopped": float(np.median([[*run.states].count("PRUNED") for run in whole])),
        }

    def match(self, sampler: str, other: str, after: int | None = None) -> int | None:
        """Return after how many trials, or epochs, a sampler's median is what another's is at last.

        ``None`` if that never happens, one of them has no whole run, or the other's median is 0:
        who has nothing cannot be matched, see :meth:`has_any`.

        Args:
            sampler: whose trials or epochs are counted.
            other: who is matched.
            after: how many full trainings the other has had, by default all.
        """
        mine, theirs = self.curves_of(sampler), self.curves_of(other)
        if not len(mine) or not len(theirs):
            return None
        middle, target = np.median(mine, axis=0), np.median(theirs[:, self.at(after)])
        reached = np.flatnonzero((middle >= target) & (target > 0))
        return int(self.grid[reached[0]]) if len(reached) else None

    def p_value(self, sampler: str, after: int | None = None) -> float | None:
        """Return p of the paired test against the first sampler, over the seeds that both have.

        ``after`` is the number of full trainings after which they are compared, by default all.
        """
        pairs = self._pairs(sampler, after)
        if sampler == self.samplers[0] or len(pairs) < 2:
            return None
        differences = np.subtract(*np.array(pairs).T)
        if not differences.any():
            return 1.0
        return float(wilcoxon(differences).pvalue)

    def pairs(self, sampler: str) -> int:
        """Return how many seeds a sampler and the first have both finished."""
        return len(self._pairs(sampler, None))

    def _pairs(self, sampler: str, after: int | None) -> list[tuple[float, float]]:
        """Return the hypervolumes of a sampler and of the first, for each seed that both have."""
        at = self.at(after)
        ends = [
            {self.runs[i].seed: float(self.curve_of(i)[at]) for i in self.whole(name)}
            for name in (sampler, self.samplers[0])
        ]
        return [(ends[0][seed], ends[1][seed]) for seed in ends[0] if seed in ends[1]]

    def has_any(self, sampler: str, after: int | None = None) -> bool:
        """Tell whether a sampler's median is above 0 after so many full trainings, or at last."""
        curves = self.curves_of(sampler)
        return len(curves) > 0 and float(np.median(curves[:, self.at(after)])) > 0

    def front(self, sampler: str) -> Floats:
        """Return the front of all runs of a sampler together, in the user's directions, (k, m)."""
        pairs = zip(self.runs, self.counted, strict=True)
        return front_of([Y for run, Y in pairs if run.sampler == sampler], self.directions)


def log10_gap(share: float) -> float:
    """Return log10 of what is missing to 1."""
    return float(np.log10(max(1 - share, SMALLEST_GAP)))


def front_of(values: Sequence[Floats], directions: Sequence[str]) -> Floats:
    """Return the distinct points that nobody dominates, in the user's directions."""
    Y = np.unique(_counting(values, directions), axis=0)
    front: Floats = signs(directions) * Y[pareto.nondominated(Y)] if len(Y) else Y
    return front


def _counting(values: Sequence[Floats], directions: Sequence[str]) -> Floats:
    """Return the values of all runs together (n, m), minimised, of the trials that count.

    Args:
        values: of each run, in the user's directions.
        directions: one per objective.
    """
    Y = signs(directions) * np.concatenate([*values, np.empty((0, len(directions)))])
    return np.asarray(Y[_known(Y)])


def _known(Y: Floats) -> Bools:
    """Tell which values (n, m) are of trials that have some, none of them infinite or absurd."""
    return np.asarray(np.isfinite(Y).all(axis=1) & failures.sound(Y))


def infer_reference(values: Sequence[Floats], directions: Sequence[str]) -> tuple[float, ...]:
    """Return where to measure hypervolume from, beyond nearly everything that any run found.

    Objective values are in the user's directions, and so is the answer; without any, it is 0.
    """
    Y = failures.finite(_counting(values, directions))
    if not len(Y):
        return (0.0,) * len(directions)
    point = signs(directions) * pareto.reference_point(Y, of_front=False)
    return tuple((point + 0.0).tolist())


def check_volumes(
    values: Sequence[Floats], directions: Sequence[str], reference_point: Sequence[float]
) -> None:
    """Check that hypervolumes of all runs are numbers that a float can hold.

    Raises:
        CompareError: if they are not: all would be 0 or infinite.
    """
    Y = _counting(values, directions)
    if not pareto.expressible(Y, signs(directions) * np.asarray(reference_point)):
        raise CompareError(f"{pareto.INEXPRESSIBLE} (reference point {list(reference_point)})")


def best_of(
    values: Sequence[Floats], directions: Sequence[str], reference_point: Sequence[float]
) -> float:
    """Return the hypervolume of all runs together."""
    Y = _counting(values, directions)
    return pareto.hypervolume(Y, signs(directions) * np.asarray(reference_point))
