"""What is left of a finite search space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ax.core.arm import Arm
from ax.core.experiment import Experiment
from ax.core.observation import ObservationFeatures
from ax.core.search_space import SearchSpace
from ax.core.trial_status import TrialStatus
from ax.exceptions.core import SearchSpaceExhausted
from ax.generation_strategy.transition_criterion import (
    MaxTrialsAwaitingData,
    MinTrials,
    TrialCountPausingCriterion,
)

from ax_lamoo.encoding import Encoding, Params, encoding_of
from ax_lamoo.measured import inside_of
from ax_lamoo.task import Task
from lamoo.arrays import Floats
from lamoo.partition.place import Place
from lamoo.space.rows import first_rows, rows_in

#: As good as no limit of the trials that are asked for at once.
ENDLESS = 10**9


class ConfigurationsLeft(TrialCountPausingCriterion):
    """Limits trials that are asked for at once to the configurations that were never tried.

    Ax asks its nodes for one trial after another, and gives none of them where the last cannot be
    (Ax 1.3.1): of three configurations that are left, eight at a time tried none.
    """

    def __init__(self) -> None:
        """Have no limit in numbers."""
        super().__init__(threshold=0)

    def num_till_threshold(
        self,
        experiment: Experiment,
        trials_from_node: set[int],  # noqa: ARG002  Ax's signature
    ) -> int:
        """Return how many are left, 1 if none is: the generator says so."""
        left = untried(experiment.arms_by_name.values(), encoding_of(experiment.search_space))
        return int(min(max(left, 1), ENDLESS))

    def is_met(self, *_: object, **__: object) -> bool:
        """Return ``False``: the generator says that nothing is left."""
        return False

    def block_continued_generation_error(self, *_: object, **__: object) -> None:
        """Raise nothing, since it is never met."""


class StartFull(MaxTrialsAwaitingData):
    """Ax's criterion of a start that is full, and limits nothing once it is over.

    Ax asks how many trials the start has left before it moves on from it, so that the first call
    after a full start gives one trial, however many are asked for; and takes a negative number for
    no limit at all, whatever others say (Ax 1.3.1).

    Args:
        threshold: how many trials a start has; this and the next four as in Ax.
        only_in_statuses: those that count.
        not_in_statuses: those that do not.
        use_all_trials_in_exp: whether those of others count, too.
        count_only_trials_with_data: whether others do not.
        over: what is all met where the start is over; nothing if that is unknown.
    """

    def __init__(
        self,
        threshold: int,
        only_in_statuses: list[TrialStatus] | None = None,
        not_in_statuses: list[TrialStatus] | None = None,
        use_all_trials_in_exp: bool = False,  # noqa: FBT001, FBT002  Ax's signature
        count_only_trials_with_data: bool = False,  # noqa: FBT001, FBT002  Ax's signature
        over: Sequence[MinTrials] = (),
    ) -> None:
        """Keep what tells that the start is over."""
        super().__init__(
            threshold,
            only_in_statuses,
            not_in_statuses,
            use_all_trials_in_exp,
            count_only_trials_with_data,
        )
        self.over = over

    def num_till_threshold(self, experiment: Experiment, trials_from_node: set[int]) -> int:
        """Return how many are left."""
        left: int = super().num_till_threshold(experiment, trials_from_node)
        over = bool(self.over) and all(
            each.num_contributing_to_threshold(experiment, trials_from_node) >= each.threshold
            for each in self.over
        )
        return ENDLESS if over or left < 0 else left


def untried(arms: Iterable[Arm], encoding: Encoding, pending: Sequence[Params] = ()) -> float:
    """Return how many configurations of a search space were never tried.

    ``inf`` where they cannot be counted: some parameter is real, or they are too many.

    Args:
        arms: those that were tried.
        encoding: of the search space, with its linear constraints and what is fixed.
        pending: what else was proposed.
    """
    if not encoding.space.enumerable:
        return math.inf
    tried = [*(arm.parameters for arm in inside_of(arms, encoding.search_space)), *pending]
    if not encoding.columns:  # nothing is tuned
        return float(not tried)
    X = encoding.space.enumerate()
    X = first_rows(X[encoding.space.allows(X)])
    return float((~rows_in(X, encoding.encode(tried))).sum())


def check_left(
    n: int,
    experiment: Experiment,
    space: SearchSpace,
    fixed: ObservationFeatures | None,
    pending: Mapping[str, Sequence[ObservationFeatures]] | None,
) -> int:
    """Return how many of ``n`` trials there can be by one of Ax's generators.

    Raises:
        SearchSpaceExhausted: if it is none. They would draw for minutes before they say so.
    """
    encoding = encoding_of(space, fixed.parameters if fixed is not None else None)
    proposed = [row.parameters for rows in (pending or {}).values() for row in rows]
    arms = experiment.arms_by_signature_for_deduplication.values()  # Ax repeats what failed
    left = untried(arms, encoding, proposed)
    if left == 0:
        kept = untried((), encoding)
        text = encoding.all_tried if kept else encoding.nothing_keeps(encoding.space)
        raise SearchSpaceExhausted(text)
    return int(min(n, left))


def all_left(task: Task, experiment: Experiment) -> Floats | None:
    """Return all points (k, d) that were never tried, ``None`` where they cannot be counted.

    Neither by the task, which has some arms elsewhere on their curves, nor by Ax, which takes none
    of its arms again but those that failed.

    Raises:
        SearchSpaceExhausted: if there is none.
    """
    if not task.space.enumerable:
        return None
    X, encoding = Place.everywhere(task.domain, task.history).left(), task.encoding
    arms = experiment.arms_by_signature_for_deduplication.values()
    tried = [arm.parameters for arm in inside_of(arms, encoding.search_space)]
    X = X[~rows_in(X, encoding.encode(tried))]
    if not len(X):
        raise SearchSpaceExhausted(task.encoding.all_tried)
    return X
