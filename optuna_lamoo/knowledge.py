"""What LaMOO knows of a study: the one door for figures, rules and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Settings, Space, Task, chosen_path
from lamoo.arrays import Floats
from lamoo.partition.tree import Node
from optuna_lamoo import columns, objectives, reports
from optuna_lamoo.arguments import check_study
from optuna_lamoo.messages import without_values
from optuna_lamoo.sampler import LaMOOSampler


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Stopped:
    """A trial that was stopped early, and its last report.

    Args:
        trial: the one.
        step: of the report.
        values: what was reported by then, in the study's directions, shape ``(m,)``; NaN for an
            objective of which nothing was.
    """

    trial: FrozenTrial
    step: int
    values: Floats


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Knowledge:
    """A study as the engine sees it.

    Args:
        trials: those with values, one for each row of the history.
        search_space: Optuna's distributions of all parameters that leave a choice.
        constants: those of the parameters that leave none.
        space: the same for the engine, with what the user of the sampler knows beforehand.
        history: of all trials, objectives turned to minimisation.
        settings: of the study's sampler, or the default ones if it is another.
    """

    trials: Sequence[FrozenTrial]
    search_space: Mapping[str, BaseDistribution]
    constants: Mapping[str, BaseDistribution]
    space: Space
    history: History
    settings: Settings

    @cached_property
    def path(self) -> tuple[Node, ...]:
        """The nodes from the root of the tree to the leaf that is chosen next."""
        return chosen_path(Task(self.space, self.history, self.settings))


def knowledge_of(study: Study) -> Knowledge:
    """Return what LaMOO knows of a study, whatever sampler filled it.

    Raises:
        ValueError: if no trial has values yet, or there is nothing to choose.
    """
    known = results_of(study)
    if not known.search_space:
        msg = f"study {study.study_name!r} has no parameter with more than one value"
        raise ValueError(msg)
    return known


def results_of(study: Study) -> Knowledge:
    """Return the same also where there is nothing to choose: then it is only of the results.

    Raises:
        ValueError: if no trial has values yet.
    """
    check_study(study)
    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not complete:
        raise ValueError(without_values(study))
    sampler = study.sampler if isinstance(study.sampler, LaMOOSampler) else LaMOOSampler(seed=0)
    search_space = sampler.view.search_space(trials)
    plain = columns.to_space(search_space)
    task = sampler.view.task(study, trials, search_space, plain)
    return Knowledge(
        trials=complete,
        search_space=search_space,
        constants=_constants(complete, search_space),
        space=task.space,
        history=task.history,
        settings=sampler.settings_for(study),
    )


def stopped_of(study: Study) -> Iterator[Stopped]:
    """Yield the trials that were stopped early, and are learned from."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
        curve = reports.curve(trial, study.directions, study.metric_names)
        if reports.stopped_early(trial, curve):
            values = objectives.signs(study.directions) * curve.values[-1]
            yield Stopped(trial, int(curve.steps[-1]), values)


def _constants(
    trials: Sequence[FrozenTrial], search_space: Mapping[str, BaseDistribution]
) -> dict[str, BaseDistribution]:
    """Return the distributions of parameters that leave no choice in any of the trials."""
    chosen = {name for trial in trials for name, d in trial.distributions.items() if not d.single()}
    return {
        name: distribution
        for trial in trials
        for name, distribution in trial.distributions.items()
        if name not in chosen | search_space.keys()
    }
