"""A trial that takes reports of several objectives, in the place of Optuna's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeVar, cast, overload
from weakref import WeakKeyDictionary

from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.study import Study
from optuna.trial import BaseTrial, Trial

from lamoo.checks import plain
from optuna_lamoo import objectives, reports
from optuna_lamoo.early import EarlyStopping
from optuna_lamoo.messages import warn_once
from optuna_lamoo.reports import Values
from optuna_lamoo.sampler import LaMOOSampler

Other = TypeVar("Other", bound=BaseTrial)

#: What may be reported: one value per objective, or values by metric name or index.
Reported = float | Iterable[float | None] | Mapping[str, float] | Mapping[int, float]

# What decides for the study of a pruner that knows one objective only.
_in_place_of: WeakKeyDictionary[BasePruner, EarlyStopping] = WeakKeyDictionary()


@overload
def track(trial: Trial) -> TrackedTrial: ...
@overload
def track(trial: Other) -> Other: ...
def track(trial: BaseTrial) -> BaseTrial:
    """Return a trial whose ``report`` and ``should_prune`` work with several objectives.

    It is the same trial in all else. In an objective it stands in the first line::

        def objective(trial):
            trial = optuna_lamoo.track(trial)
            network = build(trial)
            for epoch in range(1, 31):
                error = train(network)
                trial.report([error, network.size], epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned
            return error, network.size

    Who is stopped is decided by the study's pruner if that is an
    :class:`~optuna_lamoo.EarlyStopping`; by one with its default settings if it is one of Optuna's,
    which know one objective only; nobody is under ``optuna.pruners.NopPruner``. With one objective
    everything is Optuna's own. How reports stand in the storage: :mod:`optuna_lamoo.reports`.

    Args:
        trial: as Optuna gives it to an objective, or as ``study.ask()`` returns it. One that stores
            nothing, such as ``optuna.trial.FixedTrial``, is returned as it is.
    """
    if isinstance(trial, Trial) and not isinstance(trial, TrackedTrial):
        return TrackedTrial(trial)
    return trial


class TrackedTrial(Trial):
    """One of Optuna's trials that takes a report of every objective, see :func:`track`."""

    def __init__(self, trial: Trial) -> None:
        """Share everything with the trial: what one is told the other knows."""
        self.__dict__ = trial.__dict__

    def report(self, value: Reported, step: int) -> None:
        """Store the objectives' values at a step.

        Args:
            value: one number per objective, in the study's order and directions (``None`` for one
                that is not given now), or a mapping from metric names (or indices) to numbers. An
                objective that is not given keeps its value; one that does not change with steps is
                given once. Those that the sampler knows (``known_objectives``) need not be given.
                NaN and infinity are stored: they say that the training went wrong.
            step: a non-negative integer, not smaller than the last one. At the last step again,
                objectives may be given that were not. Steps that a trial brought along, since it
                repeats one that failed (a retry of a stale trial), are passed over.

        Raises:
            TypeError: if a value or the step is not a number.
            ValueError: if there is not one value per objective, a name is not of the study, a step
                is not whole, beyond 2**53 or goes back, or an objective is given twice.
            optuna.exceptions.UpdateFinishedTrialError: if the trial has finished.
        """
        m = len(self.study.directions)
        if m == 1:
            super().report(_only(value), step)
            return
        values, step = _values(self.study, value), _step(step)
        there = reports.reports(self.user_attrs, m)
        last = max(there, default=-1)
        mine = vars(self).get("_lamoo_step", -1)  # of the last report of this run
        if step < mine:
            msg = f"step must not go back: step {step} after step {mine}"
            raise ValueError(msg)
        self._lamoo_step = step
        if step < last or (step == last > mine):
            return
        if not there:
            values = self._with_known(values)
        key, text = reports.attribute(
            self.user_attrs, step, _joined(there.get(step, ()), values, step)
        )
        self.set_user_attr(key, text)

    def should_prune(self) -> bool:
        """Tell whether it is better to stop here, by ``raise optuna.TrialPruned``."""
        if len(self.study.directions) == 1:
            return super().should_prune()
        return _decider(self.study).prune(self.study, self._get_latest_trial())

    def _with_known(self, values: Values) -> Values:
        """Return the values with those that the sampler knows where none is given."""
        sampler = self.study.sampler
        if not isinstance(sampler, LaMOOSampler) or None not in values:
            return values
        known = sampler.view.known_values(self.study, self)
        return [known.get(j) if v is None else v for j, v in enumerate(values)]


def _decider(study: Study) -> BasePruner:
    """Return the pruner that decides in a study of several objectives."""
    pruner = study.pruner
    # by module: whose pruner somebody else wrote knows what its trials report
    if isinstance(pruner, EarlyStopping | NopPruner) or not _of_optuna(pruner):
        return pruner
    if not isinstance(pruner, MedianPruner):  # which a study has if it was given none
        warn_once(
            study.study_name,
            f"{type(pruner).__name__} knows one objective only: EarlyStopping() decides in its "
            "place. Give the study pruner=optuna_lamoo.EarlyStopping(...).",
        )
    return _in_place_of.setdefault(pruner, EarlyStopping())


def _of_optuna(pruner: BasePruner) -> bool:
    return type(pruner).__module__.partition(".")[0] == "optuna"


def _values(study: Study, value: Reported) -> Values:
    """Return one value per objective, ``None`` where none is given.

    Raises:
        TypeError: if something is not a number.
        ValueError: if there are not as many as objectives, or a name is not of the study.
    """
    m = len(study.directions)
    if isinstance(value, Mapping):
        places = objectives.places(study, value, "report")
        unknown = [key for key in value if key not in places]
        if unknown:
            msg = f"report must name objectives by one of {[*places]}, got {unknown}"
            raise ValueError(msg)
        found: list[Any] = [None] * m
        for key, number in value.items():
            found[places[key]] = number
    else:
        listed = plain(value)  # an array without a dimension is a number, not iterable
        # a set has no order: whose value is whose?
        if not isinstance(listed, Iterable) or isinstance(listed, str | bytes | set | frozenset):
            msg = f"report takes one value per objective, of which the study has {m}, got {value!r}"
            raise TypeError(msg)
        found = [*listed]
    if len(found) != m:
        msg = f"report takes one value per objective, of which the study has {m}, got {value!r}"
        raise ValueError(msg)
    return [_number(v, value) for v in found]


def _number(value: Any, within: Reported) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError, OverflowError):  # the last one of integers beyond 1e308
        msg = f"report takes numbers, got {value!r} in {within!r}"
        raise TypeError(msg) from None


def _step(step: Any) -> int:
    try:
        found = int(step)
    except (TypeError, ValueError, OverflowError):  # the last one of infinity
        msg = f"step must be an integer, got {step!r}"
        raise TypeError(msg) from None
    if isinstance(step, Real) and found != step:  # 0.1 and 0.2 would be the same step
        msg = f"step must be an integer, got {step!r}"
        raise ValueError(msg)
    if not 0 <= found <= reports.FARTHEST:
        msg = f"step must not be negative nor beyond {reports.FARTHEST}, got {step!r}"
        raise ValueError(msg)
    return found


def _joined(before: Values, values: Values, step: int) -> Values:
    """Return what two reports of one step say.

    Raises:
        ValueError: if both give an objective.
    """
    if not before:
        return values
    twice = [j for j, pair in enumerate(zip(before, values, strict=True)) if None not in pair]
    if twice:
        msg = f"report must not give an objective twice at a step: {twice} at step {step}"
        raise ValueError(msg)
    return [v if b is None else b for b, v in zip(before, values, strict=True)]


def _only(value: Any) -> float:
    """Return the value of the only objective, which Optuna checks.

    Raises:
        ValueError: if there are several.
    """
    found = [*value.values()] if isinstance(value, Mapping) else value
    several = isinstance(found, Sequence) and not isinstance(found, str | bytes)
    if several or getattr(found, "ndim", False):  # an array's single number has no dimension
        if len(found) != 1:
            msg = f"report takes the value of the study's only objective, got {value!r}"
            raise ValueError(msg)
        found = found[0]
    return cast(float, found)
