"""What the user knows before a trial runs, and what follows from it for the points of a space.

The user gives functions of a parameter dictionary (:class:`Prior`): objectives that need no trial,
features that help to predict the others, constraints, and a key that equal configurations share.
Bound to a space (:meth:`Prior.bind`) they are functions of its points (:class:`Known`), each asked
once about each point. Both frameworks pass on one :class:`Prior`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from lamoo.arrays import Floats, Ints

Params = Mapping[str, Any]
#: How far a reported value may be from the known one, as a share of it: single precision has seven
#: digits.
TOLERANCE = 1e-6
#: A function's answers are remembered for this many points, then all are forgotten: a few tens of
#: megabytes, and more points than a study looks at between two trials.
MEMORY = 1 << 16


@dataclass(frozen=True)
class Known:
    """What is known of points (n, d) without an evaluation: exact functions of them.

    In an architecture search the number of parameters, FLOPs or a latency table follow from the
    architecture; only accuracy costs a training run.

    Args:
        objectives: index of an objective -> its values (n,), minimised.
        features: what helps to predict the other objectives, shape ``(n, k)``.
        first: points that are worth trying first, shape ``(k, d)``; ``None`` for none.
        violation: how far points are from what may be proposed, shape ``(n,)``, at most 0 where
            they may be. Observed points may lie elsewhere.
    """

    objectives: Mapping[int, Callable[[Floats], Floats]] = field(default_factory=dict)
    features: Callable[[Floats], Floats] | None = None
    first: Floats | None = None
    violation: Callable[[Floats], Floats] | None = None

    @property
    def predicts(self) -> bool:
        """Whether there is anything that a model may learn from."""
        return bool(self.objectives) or self.features is not None

    def predictors(self, X: Floats) -> Floats:
        """Return what a model may learn from besides the points, shape ``(n, k)``.

        The known objectives in the order of their indices, then the features.
        """
        blocks = [self.objectives[j](X)[:, None] for j in sorted(self.objectives)]
        if self.features is not None:
            blocks.append(self.features(X))
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(X), 0))


@dataclass(frozen=True)
class Bound:
    """The user's functions as functions of one space's points.

    Args:
        known: what the space knows of points.
        key: numbers points (n, d), shape ``(n,)``, the same where their canonical keys are equal;
            ``None`` without such keys.
    """

    known: Known
    key: Callable[[Floats], Ints] | None


@dataclass(frozen=True)
class vectorized:  # noqa: N801  used like a decorator
    """Mark a function that takes a list of parameter dictionaries and returns as many answers.

    Args:
        function: the answers may be any sequence, or an array with one row each.

    Example:
        >>> sizes = vectorized(lambda many: [params["width"] ** 2 for params in many])
        >>> sizes([{"width": 2}, {"width": 3}])
        [4, 9]
    """

    function: Callable[[Sequence[Params]], Sequence[Any]]

    def __call__(self, many: Sequence[Params]) -> Sequence[Any]:
        """Call the function."""
        return self.function(many)


Asked = Callable[[Params], Any] | vectorized


@dataclass(frozen=True)
class Prior:
    """What the user knows before a trial runs, as functions of a parameter dictionary.

    Args:
        objectives: index or metric name -> value in the user's direction.
        features: numbers that help to predict the other objectives.
        constraints: values that must be at most 0.
        canonical: a key that equal configurations share.

    Raises:
        ValueError: if one is not of that kind, as far as can be told without calling it.
    """

    objectives: Mapping[Any, Asked] = field(default_factory=dict)  # by int or str
    features: Asked | None = None
    constraints: Sequence[Asked] = ()
    canonical: Asked | None = None

    def __post_init__(self) -> None:
        """Check the functions, named as both plugins name their arguments."""
        objectives: Any = self.objectives  # whatever was given
        fine = isinstance(objectives, Mapping) and all(
            isinstance(key, int | str) and not isinstance(key, bool) and callable(function)
            for key, function in objectives.items()
        )
        if not fine:
            msg = (
                "known_objectives must map an objective's index or metric name to a function of "
                f"the parameters, got {objectives!r}"
            )
            raise ValueError(msg)
        constraints: Any = self.constraints
        if not isinstance(constraints, Sequence) or not all(callable(f) for f in constraints):
            msg = f"known_constraints must be a list of functions, got {constraints!r}"
            raise ValueError(msg)
        optional: dict[str, Any] = {"features": self.features, "canonical": self.canonical}
        for name, function in optional.items():
            if function is not None and not callable(function):
                msg = f"{name} must be a function of the parameters or None, got {function!r}"
                raise ValueError(msg)

    def __bool__(self) -> bool:
        """Tell whether there is any function."""
        functions = (self.objectives, self.constraints)
        return any(functions) or self.features is not None or self.canonical is not None

    def keys(self, places: Mapping[int | str, int]) -> dict[int, int | str]:
        """Return the index of each known objective, and how the user called it.

        Args:
            places: index or metric name -> index of each of the study's objectives.

        Raises:
            ValueError: if the study has no such objective, or one is named twice.
        """
        found: dict[int, int | str] = {}
        for key in self.objectives:
            index = places.get(key)
            if index is None or index in found:
                msg = (
                    f"known_objectives must name each objective at most once, by one of "
                    f"{list(places)}, got {key!r}"
                )
                raise ValueError(msg)
            found[index] = key
        return found

    def contradicted(
        self, key: int | str, params: Sequence[Params], reported: Sequence[float]
    ) -> list[str]:
        """Return what :func:`contradictions` does of a known objective, in the user's direction.

        Args:
            key: how the user called it.
            params: of each trial.
            reported: its value, shape ``(n,)``.

        Raises:
            ValueError: see there.
            RuntimeError: if the function raises or returns no number.
        """
        expected = _ask(_name(key), self.objectives[key], params, _number)
        labels = [str(dict(p)) for p in params]
        return contradictions(key, labels, np.array(expected), np.asarray(reported, dtype=float))

    def bind(
        self,
        objectives: Mapping[int, tuple[int | str, float]],
        decode: Callable[[Floats], Sequence[Params]],
    ) -> Bound:
        """Return the functions bound to a space, where each is asked once about each point.

        What one raises becomes a ``RuntimeError`` that names it and the parameters.

        Args:
            objectives: index of a known objective -> how the user called it, and the sign that
                turns it to minimisation.
            decode: returns the parameter dictionaries of the space's points (n, d).
        """
        answers, features = Answers(decode), self.features
        return Bound(
            Known(
                objectives={
                    j: answers.of(_name(key), self.objectives[key], _signed(sign))
                    for j, (key, sign) in objectives.items()
                },
                features=None if features is None else answers.of("features", features, _numbers),
                violation=self._violation(answers) if self.constraints else None,
            ),
            None if self.canonical is None else _numbered(answers, self.canonical),
        )

    def _violation(self, answers: Answers) -> Callable[[Floats], Floats]:
        """Return the sum of the constraints' violations as a function of points (n, d)."""
        limits = [
            answers.of(f"known_constraints[{i}]", function, _number)
            for i, function in enumerate(self.constraints)
        ]
        return lambda X: np.asarray(sum(np.maximum(limit(X), 0.0) for limit in limits))


def _numbered(answers: Answers, canonical: Asked) -> Callable[[Floats], Ints]:
    """Return the numbers of canonical keys as a function of points (n, d), shape ``(n,)``."""
    numbered = answers.of("canonical", canonical, _numbering())
    return lambda X: numbered(X).astype(np.intp)


def contradictions(
    key: int | str, labels: Sequence[str], expected: Floats, reported: Floats, atol: float = 1e-12
) -> list[str]:
    """Return a sentence for each trial that reported another value than the known one.

    If only a few do, what reports is at fault (a table with errors, say), and the study goes on.
    Infinite values and NaN count as no report.

    Args:
        key: how the user called the objective.
        labels: what each trial is called.
        expected: known values ``(n,)``, in the user's direction, as the reported ones.
        reported: values ``(n,)``.
        atol: how far they may be apart, beside a millionth of the known value.

    Raises:
        ValueError: the last sentence, if more trials differ than agree: the function is wrong.
    """
    compared = np.isfinite(reported)
    wrong = compared & ~np.isclose(reported, expected, rtol=TOLERANCE, atol=atol)
    sentences = [
        _contradiction(key, labels[i], float(expected[i]), float(reported[i]))
        for i in np.flatnonzero(wrong).tolist()
    ]
    if 2 * wrong.sum() > compared.sum():
        raise ValueError(sentences[-1])
    return sentences


def _contradiction(key: int | str, label: str, expected: float, reported: float) -> str:
    times = f" ({reported / expected:.7g} times)" if expected else ""
    return (
        f"{_name(key)} is {expected!r} for {label}, but the trial reported {reported!r}: "
        f"{abs(reported - expected):.3g} {'more' if reported > expected else 'less'}{times}. They "
        "must agree to a millionth: check unit, sign and rounding, and whether the objective reads "
        "a table that has errors or means; what is measured anew in each trial is not known."
    )


def _name(key: int | str) -> str:
    return f"known_objectives[{key!r}]"


class Answers:
    """Turns functions of parameters into functions of points, and remembers what they returned.

    Args:
        decode: returns the parameter dictionaries of points (n, d).
    """

    def __init__(self, decode: Callable[[Floats], Sequence[Params]]) -> None:
        """Start without answers."""
        self._decode = decode
        self._turn = threading.RLock()  # threads of one study ask about the same points

    def of(
        self, name: str, function: Asked, read: Callable[[Any], Any]
    ) -> Callable[[Floats], Floats]:
        """Return a function of points (n, d): its answers, one row each.

        Args:
            name: how errors call it.
            function: of parameters.
            read: checks one answer and returns what is remembered of it.
        """
        memory: dict[bytes, Any] = {}

        def asked(X: Floats) -> Floats:
            rows, size = np.ascontiguousarray(X, dtype=float).tobytes(), 8 * X.shape[1]
            keys = [rows[i : i + size] for i in range(0, len(rows), size)]
            with self._turn:
                if len(memory) > MEMORY:
                    memory.clear()
                new = {key: i for i, key in enumerate(keys) if key not in memory}
                if new:
                    params = self._decode(X[list(new.values())])
                    memory.update(zip(new, _ask(name, function, params, read), strict=True))
                answers = [memory[key] for key in keys]
            if not answers and read is _numbers:  # without a point, nobody knows how many there are
                return np.empty((0, 0))
            try:
                return np.array(answers, dtype=float)
            except ValueError as error:
                msg = f"{name} must return equally many numbers for all parameters"
                raise RuntimeError(msg) from error

        return asked


def _ask(
    name: str, function: Asked, params: Sequence[Params], read: Callable[[Any], Any]
) -> list[Any]:
    """Call a user's function on each of some parameter dictionaries, and check what it returns.

    Raises:
        RuntimeError: if it raises or returns what it must not.
    """
    if isinstance(function, vectorized):
        try:
            answers = list(function(params))
        except Exception as error:
            msg = f"{name} raised {error!r} for {len(params)} parameter dictionaries"
            raise RuntimeError(msg) from error
        if len(answers) != len(params):
            msg = f"{name} must return {len(params)} answers for as many dictionaries"
            raise RuntimeError(f"{msg}, got {len(answers)}")
        each = zip(params, answers, strict=True)
    else:
        each = ((p, _call(name, function, p)) for p in params)  # type: ignore[assignment]
    out = []
    for p, answer in each:
        try:
            out.append(read(answer))
        except TypeError as error:
            msg = f"{name} {error}, got {answer!r} for {dict(p)}"
            raise RuntimeError(msg) from error
    return out


def _call(name: str, function: Callable[[Params], Any], params: Params) -> object:
    try:
        return function(params)
    except Exception as error:
        msg = (
            f"{name} raised {error!r} for {dict(params)}: it is asked about any parameters of the "
            "search space that is given or known, those of inactive branches left out"
        )
        raise RuntimeError(msg) from error


def _number(answer: object) -> float:
    if not isinstance(answer, Real) or not math.isfinite(answer):
        msg = "must return a finite number"
        raise TypeError(msg)
    return float(answer)


def _signed(sign: float) -> Callable[[object], float]:
    return lambda answer: sign * _number(answer)


def _numbers(answer: Any) -> list[float]:
    message = "must return a sequence of finite numbers, at least one"
    try:
        numbers = np.asarray(answer, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(message) from error
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise TypeError(message)
    return [float(number) for number in numbers]


def _numbering() -> Callable[[Any], float]:
    """Return a function that numbers answers as they come, equal ones alike."""
    numbers: dict[Hashable, int] = {}

    def number(answer: Any) -> float:
        if not isinstance(answer, Hashable):
            msg = "must be hashable, for instance a string or a tuple"
            raise TypeError(msg)
        return numbers.setdefault(answer, len(numbers))

    return number
