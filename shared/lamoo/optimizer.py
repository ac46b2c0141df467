"""Ask and tell, for people without a framework."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lamoo.arrays import Floats
from lamoo.checks import check, is_one_of, numbers
from lamoo.search import beginning, suggest
from lamoo.space import Space
from lamoo.space.evidence import Evidence
from lamoo.space.history import History
from lamoo.task import Settings, Task

#: How far a real parameter that is told may be from what was asked for, as a share of its range:
#: who sends it through a file or in single precision rounds it, and it would seem to run for ever.
ROUNDING = 1e-3


class Evaluation(NamedTuple):
    """What was evaluated, and what came of it.

    Args:
        params: the parameters that were evaluated.
        values: the objective values in the user's directions, the mean of all evaluations.
    """

    params: dict[str, Any]
    values: tuple[float, ...]


class Optimizer:
    """Ask and tell, for people without a framework.

    Any number may be asked for before the first is told, in any order, and what was not asked for
    may be told as well. The logger ``"lamoo"`` has a line at level INFO when the model phase begins
    and one at DEBUG for each point. :attr:`history` is all that an optimizer knows: another one
    that is given it (``other.history = optimizer.history``) goes on as this one would.

    Args:
        space: the search space.
        directions: ``"minimize"`` or ``"maximize"`` for each objective.
        settings: how to search; the reference point is in the user's directions here.
        seed: of all random choices, by default that of the settings.

    Raises:
        ValueError: if an argument is none of these.

    Example:
        >>> from lamoo import Float, Space
        >>> optimizer = Optimizer(Space({"x": Float(-2.0, 2.0)}), ["minimize", "minimize"])
        >>> for _ in range(12):
        ...     params = optimizer.ask()
        ...     optimizer.tell(params, [params["x"] ** 2, (params["x"] - 1) ** 2])
        >>> optimizer.history.Y.shape
        (12, 2)
        >>> all(-0.1 < params["x"] < 1.1 for params, values in optimizer.front())
        True
    """

    def __init__(
        self,
        space: Space,
        directions: Sequence[str],
        settings: Settings | None = None,
        seed: int | None = None,
    ) -> None:
        """Start without observations."""
        _check(space, directions, settings)
        self.space = space
        self._signs = np.array([1.0 if d == "minimize" else -1.0 for d in directions])
        settings = settings or Settings()
        settings = settings if seed is None else replace(settings, seed=seed)
        point = settings.reference_point
        if point is not None and len(point) != len(directions):
            msg = f"reference_point must hold {len(directions)} values, got {[*point]!r}"
            raise ValueError(msg)
        signed = None if point is None else tuple((self._signs * np.asarray(point)).tolist())
        labels = [(f"objective {j}", sign) for j, sign in enumerate(self._signs.tolist())]
        self._settings = replace(settings, reference_point=signed, labels=settings.labels or labels)
        self.history = History(np.empty((0, space.dimension)), np.empty((0, len(directions))))
        self._announced = False

    def ask(self) -> dict[str, Any]:
        """Return the parameters to evaluate next; they count as running until told.

        All parameters have a value, also those that seem not to exist under the others' values:
        a condition learned from few trials may be wrong. Tell only those that were used.
        """
        rng = np.random.default_rng((self._settings.seed, len(self.history.tried)))
        task = self._task()
        x = suggest(task, 1, rng)[0]
        self._announce(task)
        params = self.space.decode(np.where(np.isnan(x), self.space.sample(1, rng), x))
        # encoded anew, so that rounding cannot hide from `tell` what it answers
        asked = np.where(np.isnan(x), np.nan, self.space.encode(params)[0])
        self.history = self.history.with_pending(asked)
        return params[0]

    def front(self) -> list[Evaluation]:
        """Return what nobody dominates, in the order of the evaluations.

        What was evaluated repeatedly counts once, by the mean of its values. Left out are
        evaluations that break a constraint, and infinite ones as long as there are others.

        Example:
            >>> from lamoo import Integer, Space
            >>> optimizer = Optimizer(Space({"n": Integer(1, 4)}), ["minimize", "maximize"])
            >>> for n, accuracy in [(1, 0.5), (3, 0.7), (2, 0.8)]:
            ...     optimizer.tell({"n": n}, [n, accuracy])
            >>> [(params["n"], values) for params, values in optimizer.front()]
            [(1, (1.0, 0.5)), (2, (2.0, 0.8))]
        """
        rows = Task(self.space, self.history, self._settings).front
        params = self.space.decode(self.history.X[rows])
        values = (self._signs * self.history.means[rows] + 0.0).tolist()
        return [Evaluation(p, tuple(v)) for p, v in zip(params, values, strict=True)]

    def _announce(self, task: Task) -> None:
        """Tell once that the start is over."""
        if not self._announced and (text := beginning(task)) is not None:
            self._announced = True
            self._settings.logger.info(text)

    def _task(self) -> Task:
        """Return the task; its known functions are asked about complete configurations only.

        Those are told by the space's conditions or, without any, by what was observed.
        """
        space, task = self.space, Task(self.space, self.history, self._settings)
        complete = space.activity.complete
        if not space.activity.rules:
            complete = Evidence(task.sound.X, space.kinds).complete
        return replace(task, space=replace(space, known=space.known.where(complete)))

    def tell(
        self,
        params: Mapping[str, Any],
        values: Sequence[float] | None,
        constraints: Sequence[float] = (),
    ) -> None:
        """Report an evaluation, asked for or not.

        Args:
            params: the parameters that were evaluated; what was asked for may be rounded, to about
                a thousandth of a real parameter's range: what is that near to it is taken for it.
            values: the objective values in the user's directions; ``None`` or any NaN means that
                the evaluation failed, and the point is not proposed again.
            constraints: constraint values, satisfied where ``<= 0``; any NaN means that the
                evaluation failed, as with values.

        Raises:
            ValueError: if the number of values is not the number of objectives, a parameter or
                its value is not one of the space's, or the constraints are no numbers.
        """
        limits = numbers(constraints)
        if limits is None:
            msg = f"constraints must be a list of numbers, got {constraints!r}"
            raise ValueError(msg)
        checked = None if values is None else self._signs * self._checked(values)
        # whether a limit is kept that could not be measured is unknown, and a front is of what is
        lost = bool(np.isnan(limits).any())
        rounding = np.where(np.isinf(self.space.levels), ROUNDING, 0.0)
        self.history = self.history.with_outcome(
            self._point(params), None if lost else checked, limits, rounding
        )

    def _point(self, params: Mapping[str, Any]) -> Floats:
        parameters = dict(self.space.parameters)
        x: Floats | None = None
        given: Any = params
        given = given if isinstance(given, Mapping) else None
        # whatever is given: no dictionary, texts for numbers, or integers beyond 1e308
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            x = self.space.encode([given])[0]
        known = [x is not None and name in params for name in parameters]
        if x is None or sum(known) < len(params) or not self.space.holds(x[None])[0][known].all():
            msg = f"params must be of {parameters}, got {params!r}"
            raise ValueError(msg)
        return x

    def _checked(self, values: Sequence[float]) -> Floats:
        array = numbers(values)
        if array is None or array.shape != self._signs.shape:
            msg = f"values must hold one number per objective ({len(self._signs)}), got {values!r}"
            raise ValueError(msg)
        return array


def _check(space: object, directions: object, settings: object) -> None:
    """Check the kinds of an optimizer's arguments."""
    if not isinstance(space, Space):
        msg = f"space must be a lamoo.Space, such as Space({{'x': Float(0, 1)}}), got {space!r}"
        raise ValueError(msg)
    if not space.parameters:
        msg = "space must have a parameter, such as Space({'x': Float(0, 1)}), got none"
        raise ValueError(msg)
    fine = isinstance(settings, Settings | None)
    check("settings", settings, "lamoo.Settings or None", fine=fine)
    listed = directions if isinstance(directions, Sequence) else ()
    if not listed or not all(is_one_of(d, ("minimize", "maximize")) for d in listed):
        msg = (
            "directions must be 'minimize' or 'maximize' per objective, in a list, got "
            f"{directions!r}"
        )
        raise ValueError(msg)
