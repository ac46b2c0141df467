"""A study's objectives and constraints: their names, directions and values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from lamoo.arrays import Floats
from lamoo.checks import is_number, numbers

_CONSTRAINTS = "constraints"  # where Optuna before 5.0 keeps constraint values


def metric_names(study: Study) -> list[str] | None:
    """Return what a study calls its objectives, ``None`` if they have no names.

    It takes a storage long. Under Hyperband a sampler is shown a study that refuses the attribute,
    and only that: so the property is asked.
    """
    names: list[str] | None = vars(Study)["metric_names"].__get__(study)
    return names


def places(study: Study, keys: Iterable[int | str], argument: str) -> dict[int | str, int]:
    """Return index or metric name -> index of each objective, names only if a key is one.

    Raises:
        ValueError: if a key is a name and the study has none; it names the argument.
    """
    found: dict[int | str, int] = {j: j for j in range(len(study.directions))}
    named = [key for key in keys if isinstance(key, str)]
    if not named:
        return found
    names = metric_names(study)
    if names is None:
        msg = (
            f"{argument} names {named}, but the study's objectives have no names: call "
            f"study.set_metric_names([...]) first, or use indices, {list(found)}"
        )
        raise ValueError(msg)
    return found | {name: j for j, name in enumerate(names)}


def signs(directions: Sequence[StudyDirection]) -> Floats:
    """Return 1 for each objective to minimise and -1 for each to maximise."""
    return np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in directions])


def labels(study: Study, *, named: bool = True) -> tuple[tuple[str, float], ...]:
    """Return what messages call each objective, and its sign, see :class:`lamoo.Settings`.

    Args:
        study: whose objectives they are.
        named: whether to look for their names, which takes a storage long.
    """
    names = metric_names(study) if named else None
    names = names or [f"objective {j}" for j in range(len(study.directions))]
    return tuple(zip(names, signs(study.directions).tolist(), strict=True))


def constraints(trial: FrozenTrial) -> dict[str, float]:
    """Return a trial's constraint values by name, also those that Optuna before 5.0 wrote."""
    try:
        recorded: Any = getattr(trial, "constraints", None)
    except (TypeError, ValueError):  # what somebody else wrote there is none
        recorded = None
    return _numbers(recorded or _listed(trial.system_attrs.get(_CONSTRAINTS)))


def constraints_of_row(row: Mapping[Any, Any]) -> dict[str, float]:
    """Return a trial's constraint values by name, given its row of ``trials_dataframe()``."""
    prefix = f"system_attrs_{_CONSTRAINTS}:"
    recorded = {str(k)[len(prefix) :]: v for k, v in row.items() if str(k).startswith(prefix)}
    return _numbers(recorded or _listed(row.get(f"system_attrs_{_CONSTRAINTS}")))


def _listed(values: Any) -> dict[int, Any]:
    """Return what Optuna before 5.0 wrote, numbered; nothing if it is no list."""
    return dict(enumerate(values)) if isinstance(values, list | tuple) else {}


def _numbers(recorded: Mapping[Any, Any]) -> dict[str, float]:
    """Return what is a number, by name."""
    return {str(name): float(value) for name, value in recorded.items() if isinstance(value, Real)}


def record_constraints(
    function: Callable[[FrozenTrial], Sequence[float]], study: Study, trial: FrozenTrial
) -> None:
    """Write what a function says of a finished trial to where Optuna's samplers write it.

    Raises:
        ValueError: if it returns anything but numbers; NaN is none.
    """
    given = function(trial)
    limits = numbers(given)
    if limits is None or np.isnan(limits).any():
        msg = (
            "constraints_func must return a list of numbers, at most 0 where a trial is feasible, "
            f"got {given!r} for trial {trial.number}"
        )
        raise ValueError(msg)
    # a tuple, as other samplers write it, and not NumPy's numbers, which no storage takes
    study._storage.set_trial_system_attr(trial._trial_id, _CONSTRAINTS, (*limits.tolist(),))


def constraint_note(g: Floats) -> dict[str, list[float]]:
    """Return constraint values (c,) as all versions of Optuna read them from a trial."""
    return {_CONSTRAINTS: np.nan_to_num(g).tolist()} if len(g) else {}


@dataclass(frozen=True)
class ReferencePoint:
    """Where hypervolume is measured from, as the user said it.

    Args:
        point: what was given, for messages.
        values: the same by index or metric name.
        whole: whether it must hold every objective, since it is a sequence.
    """

    point: object
    values: Mapping[int | str, float]
    whole: bool

    @classmethod
    def given(cls, point: object) -> ReferencePoint | None:
        """Return the reference point that an argument holds, ``None`` if that is ``None``.

        Raises:
            ValueError: if it is neither numbers nor numbers by index or metric name.
        """
        if point is None:
            return None
        if isinstance(point, Mapping):
            named: dict[Any, Any] = dict(point)
        else:
            row = numbers(point)
            named = {} if row is None else dict(enumerate(row.tolist()))
        fine = all(is_number(v) and math.isfinite(v) for v in named.values())
        if not named or not fine or not all(isinstance(key, str | Integral) for key in named):
            msg = (
                "reference_point must be a sequence of one finite number per objective, or map "
                f"metric names or indices to them, got {point!r}"
            )
            raise ValueError(msg)
        values = {key: float(value) for key, value in named.items()}
        return cls(point, values, whole=not isinstance(point, Mapping))

    def turned(self, study: Study) -> tuple[tuple[float, ...], tuple[tuple[str, float], ...]]:
        """Return one value per objective of a study, minimised, and what it calls each objective.

        NaN for an objective that it leaves open. The latter are names and signs, see
        :class:`lamoo.Settings`.

        Raises:
            ValueError: if it does not fit the study's objectives.
        """
        m, found = len(study.directions), places(study, self.values, "reference_point")
        unknown = [key for key in self.values if key not in found]
        if unknown or (self.whole and len(self.values) != m):
            msg = (
                f"reference_point must hold one value per objective, or name some of them: the "
                f"study has {m} ({list(found)}), got {self.point!r}"
            )
            raise ValueError(msg)
        values = np.full(m, np.nan)
        values[[found[key] for key in self.values]] = list(self.values.values())
        return tuple((signs(study.directions) * values).tolist()), labels(study)
