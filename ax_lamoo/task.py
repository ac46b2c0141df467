"""An experiment in the engine's terms."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from ax.core.experiment import Experiment
from ax.utils.common.logger import get_logger

import lamoo
from ax_lamoo.encoding import Encoding, Params
from ax_lamoo.goals import Goals
from ax_lamoo.history import history_of
from ax_lamoo.measured import Measured
from ax_lamoo.prior import PriorKnowledge
from lamoo import Settings, Space
from lamoo.gp.transfer import with_sources
from lamoo.search import beginning
from lamoo.space.known import Known, total_violation
from lamoo.task import warn_once

logger = get_logger(__name__)
#: When the experiments were made of which it was told that their start is over.
_announced: set[datetime] = set()

#: Trials inside a space that was narrowed, before anything is learned again. Elsewhere that is the
#: business of the strategy's first nodes.
STARTUP_NARROWED = 8


@dataclass(frozen=True, eq=False)
class Task(lamoo.Task):
    """An experiment as a task of the engine.

    Args:
        measured: the arms that the history holds, one for each of its rows: one that ran in several
            trials has several.
        encoding: of the search space.
    """

    measured: Measured = field(kw_only=True)
    encoding: Encoding = field(kw_only=True)

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms that the history holds."""
        return self.measured.arms


def task_of(
    encoding: Encoding,
    goals: Goals,
    measured: Measured,
    pending: Sequence[Params],
    failed: Sequence[Params],
    *,
    settings: Settings,
    prior: PriorKnowledge | None = None,
) -> Task:
    """Return an experiment in the engine's terms.

    Args:
        encoding: of the search space.
        goals: what is optimized.
        measured: the arms that have data, of the same metrics.
        pending: parameters that wait for an outcome.
        failed: parameters of arms that ended without data.
        settings: how to search; reference point and labels are those of the goals.
        prior: the user's functions of parameters, and earlier experiments.
    """
    history, whole = history_of(encoding, measured, goals, pending, failed)
    given = not np.isnan(goals.thresholds).all()
    settings = replace(
        settings,
        # NaN where an objective has no threshold: the engine infers it
        reference_point=tuple(goals.thresholds.tolist()) if given else None,
        labels=tuple(zip(goals.objectives, goals.factors.tolist(), strict=True)),
    )
    if not history.inside.all():
        settings = replace(settings, n_startup=STARTUP_NARROWED)
    task = Task(encoding.space, history, settings, measured=whole, encoding=encoding)
    return task if prior is None else _with_prior(task, goals, measured.metrics, prior)


def _with_prior(task: Task, goals: Goals, metrics: Sequence[str], prior: PriorKnowledge) -> Task:
    """Return a task with the user's functions of parameters, and earlier experiments."""
    encoding, space, history = task.encoding, task.space, task.history
    about = repr(encoding.search_space.parameters), space.parameters
    names = encoding.search_space.parameters.keys()
    bound = prior.bound(about, goals.weights, metrics, space, encoding.decode, names)
    bound.check(history.X[history.inside & space.activity.complete(history.X)[1]])
    for sentence in bound.contradictions(history, task.arms):
        warn_once(logger, sentence)
    plain = Space(space.parameters, activity=space.activity)
    sources = prior.source_models(about, goals, metrics, plain, encoding.encode_others)
    known = with_sources(bound.known.where(space.activity.complete), sources, history)
    return replace(task, space=replace(space, known=_together(space.known, known)))


def _together(own: Known, users: Known) -> Known:
    """Return what the user knows of points, with the constraints of both."""
    violations = [v for v in (own.violation, users.violation) if v is not None]
    limits = tuple(name for k in (own, users) if k.violation is not None for name in k.limits)
    users = replace(users, draw=own.draw, limits=limits)
    if len(violations) < 2:
        return replace(users, violation=violations[0] if violations else None)
    return replace(users, violation=lambda X: total_violation([v(X) for v in violations]))


def announce(task: Task, experiment: Experiment, solver: str) -> None:
    """Tell once of each experiment that the start is over."""
    created = experiment.time_created
    if created in _announced or not logger.isEnabledFor(logging.INFO):
        return
    if (text := beginning(task, solver)) is not None:
        _announced.add(created)
        name = f" {experiment.name!r}" if experiment.has_name else ""
        logger.info("Experiment%s: %s", name, text)
