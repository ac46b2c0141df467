"""What a run may spend: trials, or the epochs of so many full trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from optuna.trial import FrozenTrial

from lamoo.arrays import Floats
from optuna_lamoo import reports

Budget = Literal["trials", "epochs"]
BUDGETS: tuple[Budget, ...] = get_args(Budget)


def trained(trial: FrozenTrial, m: int) -> int:
    """Return for how many epochs a trial trained: the last step that it reported, 0 without any.

    Where the first is step 0, steps are counted from there, and the last is one epoch more.

    Args:
        trial: of any state.
        m: the number of objectives.
    """
    steps = [*reports.reports(trial.user_attrs, m)]
    return steps[-1] + (steps[0] == 0) if steps else 0


def costs(epochs: Sequence[int], budget: Budget) -> Floats:
    """Return what each trial of a run cost, shape ``(n,)``: 1, or its epochs.

    A trial that ended before its first report cost one epoch: so a run ends even where all fail.
    """
    return np.ones(len(epochs)) if budget == "trials" else np.maximum(np.array(epochs, float), 1)


def full_trainings(costs: Floats) -> Floats:
    """Return how many full trainings a run had paid for after each trial, shape ``(n,)``.

    A full training is the dearest trial until then.

    Example:
        >>> full_trainings(costs([27, 3, 27, 9, 3], "epochs")).round(1).tolist()
        [1.0, 1.1, 2.1, 2.4, 2.6]
        >>> full_trainings(costs([27, 3, 27], "trials")).tolist()
        [1.0, 2.0, 3.0]
    """
    return np.asarray(np.cumsum(costs) / np.maximum.accumulate(costs))


def needed(costs: Floats, trainings: int) -> int:
    """Return after how many trials a run first had paid for so many full trainings.

    That is when it ends, although it may seem to have paid for fewer of them if it goes on and a
    longer trial comes. All trials if it has not paid for as many yet.

    Example:
        >>> needed(costs([9, 3, 9, 9], "epochs"), 2), needed(costs([1, 1, 27], "epochs"), 2)
        (3, 2)
    """
    reached = full_trainings(costs) >= trainings
    return int(reached.argmax()) + 1 if reached.any() else len(costs)
