"""The front of noisy objectives, by the means of repeated evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, failures, pareto
from optuna_lamoo import objectives, ranges
from optuna_lamoo.arguments import check_study
from optuna_lamoo.messages import without_values
from optuna_lamoo.reader import Reader


@dataclass(frozen=True)
class Repeated:
    """A configuration and what its trials measured.

    Args:
        params: of the configuration.
        values: the mean of each objective.
        std: the standard deviation of each objective between its trials, NaN for a single trial.
        trials: that evaluated it, in their order.
    """

    params: Mapping[str, Any]
    values: tuple[float, ...]
    std: tuple[float, ...]
    trials: tuple[FrozenTrial, ...]


def mean_front(study: Study, *, min_trials: int = 1) -> list[Repeated]:
    """Return the configurations that nobody dominates by the means of their trials.

    ``study.best_trials`` holds the luckiest trials of a noisy study; a configuration that was
    repeated counts here by its mean (see ``LaMOOSampler(reevaluate=)``). Configurations with a
    broken constraint, by the mean of its values, are left out.

    Args:
        study: whatever sampler filled it.
        min_trials: configurations with fewer finished trials are left out: 2 trusts none that
            was measured once.

    Raises:
        ValueError: if no trial has finished, or ``min_trials`` is no whole number of at least 1.

    Example:
        >>> import optuna
        >>> study = optuna.create_study(directions=["minimize", "minimize"])
        >>> for x, loss in [(1, 0.1), (1, 0.9), (2, 0.4)]:  # the first was lucky
        ...     d = {"x": optuna.distributions.IntDistribution(1, 2)}
        ...     study.add_trial(
        ...         optuna.create_trial(params={"x": x}, distributions=d, values=[loss, 1.0])
        ...     )
        >>> [(member.params, member.values) for member in mean_front(study)]
        [({'x': 2}, (0.4, 1.0))]
    """
    check_study(study)
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    history = _history(study, trials)
    rows = np.flatnonzero(history.confirmed(min_trials))
    if not trials:
        raise ValueError(without_values(study))
    rows = rows[failures.sound(history.means[rows])]
    rows = rows[pareto.nondominated(history.means[rows])] if len(rows) else rows
    signs = objectives.signs(study.directions)
    found = []
    for group in dict.fromkeys(history.group[rows].tolist()):
        members = np.flatnonzero(history.group == group)
        Y, several = history.Y[members], len(members) > 1
        std = Y.std(axis=0, ddof=1) if several else np.full(Y.shape[1], np.nan)
        found.append(
            Repeated(
                params=dict(trials[members[0]].params),
                values=tuple((signs * history.means[members[0]]).tolist()),
                std=tuple(std.tolist()),
                trials=tuple(trials[i] for i in members),
            )
        )
    return found


def _history(study: Study, trials: Sequence[FrozenTrial]) -> History:
    """Return values and constraints of complete trials, at points that number configurations.

    By their parameters, and not where they lie in the search space, whose ranges may have changed.
    """
    read = Reader().history(ranges.union(trials), trials, study.directions)
    numbers: dict[frozenset[tuple[str, float]], float] = {}
    points = [numbers.setdefault(_configuration(trial), len(numbers)) for trial in trials]
    return History(np.array(points, dtype=float)[:, None], read.Y, read.G)


def _configuration(trial: FrozenTrial) -> frozenset[tuple[str, float]]:
    """Return a trial's parameters, equal for values equal to nine digits, as when proposed anew."""
    internal = {n: d.to_internal_repr(trial.params[n]) for n, d in trial.distributions.items()}
    return frozenset((name, float(f"{value:.9g}")) for name, value in internal.items())
