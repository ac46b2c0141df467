"""What the user knows before a trial runs, and what follows from it for the points of a space.

The user gives functions of a parameter dictionary (:class:`Prior`): objectives that need no trial,
features that help to predict the others, constraints, and a key that equal configurations share.
Bound to a space (:meth:`Prior.bind`) they are functions of its points (:class:`Known`), each asked
once about each point. Both frameworks pass on one :class:`Prior`.

An answer may be *unknown*, NaN: where parameters depend on others (a width for each of ``depth``
layers), a point may lack some that its configuration has. A function says so itself by a
``KeyError`` for a parameter that is not there. What is unknown is modelled, as if nobody had told.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from itertools import count
from numbers import Real
from typing import Any

import numpy as np

from lamoo.arrays import Bools, Floats, Ints

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

    NaN stands for what is unknown after all.

    Args:
        objectives: index of an objective -> its values (n,), minimised.
        features: what helps to predict the other objectives, shape ``(n, k)``.
        first: points that are worth trying first, shape ``(k, d)``; ``None`` for none.
        violation: how far points are from what may be proposed, shape ``(n,)``, at most 0 where
            they may be, or where that is unknown. Observed points may lie elsewhere.
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

    def where(self, complete: Complete) -> Known:
        """Return the same, asked about nothing but configurations that are known to be complete."""
        return replace(
            self,
            objectives={j: _asked_where(f, complete) for j, f in self.objectives.items()},
            features=None if self.features is None else _asked_where(self.features, complete),
            violation=(
                None
                if self.violation is None
                else _asked_where(partial(amounts, self.violation), complete)
            ),
        )


#: Returns points (n, d) with the parameters that their configurations have, and which (n,) are
#: known to be complete.
Complete = Callable[[Floats], tuple[Floats, Bools]]


def _asked_where(function: Callable[[Floats], Floats], complete: Complete) -> _Answers:
    """Return a function of points (n, d) that is asked about complete ones, NaN elsewhere."""

    def answers(X: Floats) -> Floats:
        X, sure = complete(X)
        given = function(X[sure])
        out = np.full((len(X), *given.shape[1:]), np.nan)
        out[sure] = given
        return out

    return answers


_Answers = Callable[[Floats], Floats]


def amounts(violation: Callable[[Floats], Floats], X: Floats) -> Floats:
    """Return the violation of points (n, d), shape ``(n,)``.

    Raises:
        TypeError: if it is told in truth values, of which true would be a 1.
    """
    found = np.asarray(violation(X))
    if found.dtype == bool:
        msg = "violation must return numbers, at most 0 where points may be, and no truth values"
        raise TypeError(msg)
    return found


def total_violation(amounts: Sequence[Floats]) -> Floats:
    """Return the sum of constraints' violations (n,), at most 0 where each is kept.

    NaN where one is unknown and no other is broken.
    """
    each = np.maximum(np.stack(amounts), 0.0)  # of NaN it is NaN
    total = np.nansum(each, axis=0)
    return np.where(np.isnan(each).any(axis=0) & (total == 0), np.nan, total)


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

    def where(self, complete: Complete) -> Bound:
        """Return the same, asked about nothing but configurations that are known to be complete."""
        key = self.key
        if key is not None:
            asked = _asked_where(key, complete)  # type: ignore[arg-type]
            key = _unlike_where_unknown(asked)
        return replace(self, known=self.known.where(complete), key=key)


@dataclass(frozen=True)
class vectorized:  # noqa: N801  used like a decorator
    """Mark a function that takes a list of parameter dictionaries and returns as many answers.

    Args:
        function: the answers may be any sequence, or an array with one row each.

    Raises:
        ValueError: if it is no function.

    Example:
        >>> sizes = vectorized(lambda many: [params["width"] ** 2 for params in many])
        >>> sizes([{"width": 2}, {"width": 3}])
        [4, 9]
    """

    function: Callable[[Sequence[Params]], Sequence[Any]]

    def __post_init__(self) -> None:
        """Check that it is a function."""
        function: Any = self.function  # whatever was given
        if not callable(function):
            msg = (
                "vectorized must be given a function of a list of parameter dictionaries, got "
                f"{function!r}"
            )
            raise ValueError(msg)  # noqa: TRY004  one kind of error for a wrong argument

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
        constraints: numbers that must be at most 0. A truth value is none: ``x < 2`` is 1 where it
            holds.
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

    def value(self, key: int | str, params: Params) -> float:
        """Return a known objective of one configuration, in the user's direction.

        Args:
            key: how the user called it.
            params: the configuration.

        Raises:
            RuntimeError: if the function raises or returns no number.
        """
        return float(_ask(_name(key), self.objectives[key], [params], _number)[0])

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
        # a trial that reported something else may have ended before it had all parameters
        rows = np.flatnonzero(np.isfinite(np.asarray(reported, dtype=float)))
        params = [params[i] for i in rows.tolist()]
        expected = _ask(_name(key), self.objectives[key], params, _number)
        labels = [str(dict(p)) for p in params]
        return contradictions(key, labels, np.array(expected), np.array(reported, float)[rows])

    def check(self, params: Params) -> None:
        """Ask the functions, but for objectives, about a trial that ran.

        Raises:
            RuntimeError: if one raises or returns what it must not; a parameter that is missing
                here is missing wherever it is read.
        """
        for i, function in enumerate(self.constraints):
            _ask(f"known_constraints[{i}]", function, [params], _limit)
        for name, function, read in self._predictors():
            _ask(name, function, [params], read)

    def rehearse(self, params: Sequence[Params]) -> None:
        """Ask the functions about some configurations, each until it gives an answer.

        Not those of objectives and constraints, which are asked before anything else is proposed.
        These hold every parameter that is declared, which in a space of branches no trial has; so
        what is wrong counts only if it is wrong of all. Others may be declared later, but a name
        that is missing and much like one of these is a typing error.

        Args:
            params: parameter dictionaries, at least one.

        Raises:
            RuntimeError: if a function raises or returns what it must not, asked about any.
        """
        for name, function, read in self._predictors():
            for k, each in enumerate(params):
                try:
                    _ask(name, function, [each], read)
                except RuntimeError as error:
                    if k == len(params) - 1 and not _undeclared(error.__cause__, each):
                        raise
                else:
                    break

    def _predictors(self) -> Iterator[tuple[str, Asked, Callable[[Any], Any]]]:
        """Yield features and key: how errors call it, and what reads its answers."""
        if self.features is not None:
            yield "features", self.features, _numbers
        if self.canonical is not None:
            yield "canonical", self.canonical, _numbering()

    def bind(
        self,
        objectives: Mapping[int, tuple[int | str, float]],
        decode: Callable[[Floats], Sequence[Params]],
        names: Collection[str] | None = None,
    ) -> Bound:
        """Return the functions bound to a space, where each is asked once about each point.

        What one raises becomes a ``RuntimeError`` that names it and the parameters, but for a
        ``KeyError`` of a parameter that is not there: that answer is unknown.

        Args:
            objectives: index of a known objective -> how the user called it, and the sign that
                turns it to minimisation.
            decode: returns the parameter dictionaries of the space's points (n, d).
            names: of all parameters that a configuration may have, ``None`` if nobody knows.
        """
        answers, features = Answers(decode, names), self.features
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
            answers.of(f"known_constraints[{i}]", function, _limit)
            for i, function in enumerate(self.constraints)
        ]
        return lambda X: total_violation([limit(X) for limit in limits])


def _numbered(answers: Answers, canonical: Asked) -> Callable[[Floats], Ints]:
    """Return the numbers of canonical keys as a function of points (n, d), shape ``(n,)``."""
    return _unlike_where_unknown(answers.of("canonical", canonical, _numbering()))


def _unlike_where_unknown(numbers: Callable[[Floats], Floats]) -> Callable[[Floats], Ints]:
    """Return numbers of points (n, d) with one of its own, negative, wherever one is unknown."""
    unused = count(1)

    def keys(X: Floats) -> Ints:
        found = numbers(X)
        unknown = np.flatnonzero(np.isnan(found))
        found[unknown] = [-next(unused) for _ in unknown]
        return found.astype(np.intp)

    return keys


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


@dataclass(frozen=True)
class _Lacking:
    """Stands for the answer of a function that reads a parameter which is not there."""


class Answers:
    """Turns functions of parameters into functions of points, and remembers what they returned.

    Args:
        decode: returns the parameter dictionaries of points (n, d).
        names: of all parameters that a configuration may have, ``None`` if nobody knows.
    """

    def __init__(
        self,
        decode: Callable[[Floats], Sequence[Params]],
        names: Collection[str] | None = None,
    ) -> None:
        """Start without answers."""
        self._decode = decode
        self._names = names
        self._turn = threading.RLock()  # threads of one study ask about the same points

    def of(
        self, name: str, function: Asked, read: Callable[[Any], Any]
    ) -> Callable[[Floats], Floats]:
        """Return a function of points (n, d): its answers, one row each, NaN where unknown.

        Args:
            name: how errors call it.
            function: of parameters.
            read: checks one answer and returns what is remembered of it.
        """
        memory: dict[bytes, Any] = {}
        width: list[int] = []  # of the answers, once there was one

        def remembered(X: Floats) -> list[Any]:
            rows, size = np.ascontiguousarray(X, dtype=float).tobytes(), 8 * X.shape[1]
            keys = [rows[i : i + size] for i in range(0, len(rows), size)]
            with self._turn:
                if len(memory) > MEMORY:
                    memory.clear()
                new = {key: i for i, key in enumerate(keys) if key not in memory}
                if new:
                    params = self._decode(X[list(new.values())])
                    found = _ask(name, function, params, read, self._names)
                    memory.update(zip(new, found, strict=True))
                return [memory[key] for key in keys]

        def asked(X: Floats) -> Floats:
            answers = remembered(X)
            given = [answer for answer in answers if not isinstance(answer, _Lacking)]
            if read is _numbers:
                width[:] = width or [len(answer) for answer in given[:1]]
                # without an answer, nobody knows how many there are
                blank: Any = [np.nan] * (width[0] if width else 0)
                if not answers:
                    return np.empty((0, len(blank)))
            else:
                blank = np.nan
            answers = [blank if isinstance(answer, _Lacking) else answer for answer in answers]
            try:
                return np.array(answers, dtype=float)
            except ValueError as error:
                msg = f"{name} must return equally many numbers for all parameters"
                raise RuntimeError(msg) from error

        return asked


def _ask(
    name: str,
    function: Asked,
    params: Sequence[Params],
    read: Callable[[Any], Any],
    names: Collection[str] | None = (),
) -> list[Any]:
    """Call a user's function on each of some parameter dictionaries, and check what it returns.

    Args:
        name: how errors call it.
        function: of parameters.
        params: the dictionaries.
        read: checks one answer and returns what is remembered of it.
        names: of the parameters that a dictionary may lack, ``None`` for any.

    Raises:
        RuntimeError: if it raises or returns what it must not.
    """
    if isinstance(function, vectorized):
        answers = _call_many(name, function, params, names)
    else:
        answers = [_call(name, function, p, names) for p in params]
    return [_read(name, p, each, read) for p, each in zip(params, answers, strict=True)]


def _read(name: str, params: Params, answer: Any, read: Callable[[Any], Any]) -> Any:
    if isinstance(answer, _Lacking):
        return answer
    try:
        return read(answer)
    except TypeError as error:
        msg = f"{name} {error}, got {answer!r} for {dict(params)}"
        raise RuntimeError(msg) from error


def _call_many(
    name: str, function: vectorized, params: Sequence[Params], names: Collection[str] | None
) -> list[Any]:
    """Return the answers of a function of many dictionaries; it does not say which lacks what."""
    try:
        answers = list(function(params))
    except Exception as error:
        if isinstance(error, KeyError) and any(_lacks(p, error, names) for p in params):
            if len(params) > 1:
                halves = params[: len(params) // 2], params[len(params) // 2 :]
                return [a for half in halves for a in _call_many(name, function, half, names)]
            return [_Lacking()]
        msg = f"{name} raised {error!r} for {len(params)} parameter dictionaries"
        raise RuntimeError(msg) from error
    if len(answers) != len(params):
        msg = f"{name} must return {len(params)} answers for as many dictionaries"
        raise RuntimeError(f"{msg}, got {len(answers)}")
    return answers


def _call(
    name: str,
    function: Callable[[Params], Any],
    params: Params,
    names: Collection[str] | None,
) -> object:
    try:
        return function(params)
    except Exception as error:
        if isinstance(error, KeyError) and _lacks(params, error, names):
            return _Lacking()
        msg = (
            f"{name} raised {error!r} for {dict(params)}: it is asked about any configuration "
            "whose parameters are known, those of inactive branches left out"
        )
        raise RuntimeError(msg) from error


def _lacks(params: Params, error: KeyError, names: Collection[str] | None) -> bool:
    """Tell whether an error is about a parameter that is not there.

    Where nobody knows all parameters, a text that is no value of another, by which a table may have
    been asked, is taken for the name of one.
    """
    (key, *_) = error.args or (None,)
    if not isinstance(key, str) or key in params:
        return False
    return key in names if names is not None else key not in params.values()


def _undeclared(error: BaseException | None, params: Params) -> bool:
    """Tell whether an error is about a parameter that is not there, and like none that is."""
    if not isinstance(error, KeyError) or not _lacks(params, error, None):
        return False
    return not get_close_matches(str(error.args[0]), [*params])


def _number(answer: object) -> float:
    if not isinstance(answer, Real) or not math.isfinite(answer):
        msg = "must return a finite number"
        raise TypeError(msg)
    return float(answer)


def _limit(answer: object) -> float:
    """Read a constraint's value. A truth value is refused: true is 1, and would be a violation."""
    if isinstance(answer, bool | np.bool_):
        msg = (
            "must return a number that is at most 0 where a configuration may be tried, and no "
            "truth value: for x < 2 return params['x'] - 2"
        )
        raise TypeError(msg)
    return _number(answer)


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
