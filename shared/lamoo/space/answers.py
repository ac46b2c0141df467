"""Functions of the user's: each is asked once about each point, and what it returns is checked.

An answer may be *unknown*, NaN: where parameters depend on others (a width for each of ``depth``
layers), a point may lack some that its configuration has. A function says so itself by a
``KeyError`` for a parameter that is not there.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from lamoo.arrays import Floats
from lamoo.checks import numbers, plain

Params = Mapping[str, Any]
#: A function's answers are remembered for this many points, then all are forgotten: a few tens of
#: megabytes, and more points than a study looks at between two trials.
MEMORY = 1 << 16


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
            raise ValueError(msg)

    def __call__(self, many: Sequence[Params]) -> Sequence[Any]:
        """Call the function."""
        return self.function(many)


Asked = Callable[[Params], Any] | vectorized


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
        self, name: str, function: Asked, read: Callable[[Any], Any], *, several: bool = False
    ) -> Callable[[Floats], Floats]:
        """Return a function of points (n, d): its answers, one row each, NaN where unknown.

        Args:
            name: how errors call it.
            function: of parameters.
            read: checks one answer and returns what is remembered of it.
            several: whether an answer is a list of numbers, always of the same length.
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
                    found = ask(name, function, params, read, self._names)
                    memory.update(zip(new, found, strict=True))
                return [memory[key] for key in keys]

        def asked(X: Floats) -> Floats:
            answers = remembered(X)
            given = [answer for answer in answers if not isinstance(answer, _Lacking)]
            if several:
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


def ask(
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
        if isinstance(error, KeyError) and any(lacks(p, error, names) for p in params):
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
        if isinstance(error, KeyError) and lacks(params, error, names):
            return _Lacking()
        msg = (
            f"{name} raised {error!r} for {dict(params)}: it is asked about any configuration "
            "whose parameters are known, those of inactive branches left out"
        )
        raise RuntimeError(msg) from error


def lacks(params: Params, error: KeyError, names: Collection[str] | None) -> bool:
    """Tell whether an error is about a parameter that is not there.

    Where nobody knows all parameters, a text that is no value of another, by which a table may have
    been asked, is taken for the name of one.
    """
    (key, *_) = error.args or (None,)
    if not isinstance(key, str) or key in params:
        return False
    return key in names if names is not None else key not in params.values()


def read_number(answer: object) -> float:
    """Read one finite number, also an array or tensor of no dimension.

    Raises:
        TypeError: if the answer is none; its text is the end of a sentence that begins with the
            function's name, here and below.
    """
    answer = plain(answer)
    if not isinstance(answer, Real) or not math.isfinite(answer):
        msg = "must return a finite number"
        raise TypeError(msg)
    return float(answer)


def read_limit(answer: object) -> float:
    """Read a constraint's value. A truth value is refused: true is 1, and would be a violation."""
    if isinstance(plain(answer), bool):
        msg = (
            "must return a number that is at most 0 where a configuration may be tried, and no "
            "truth value: for x < 2 return params['x'] - 2"
        )
        raise TypeError(msg)
    return read_number(answer)


def read_signed(sign: float) -> Callable[[object], float]:
    """Return what reads one finite number and multiplies it by a sign."""
    return lambda answer: sign * read_number(answer)


def read_numbers(answer: Any) -> list[float]:
    """Read a sequence of finite numbers, at least one."""
    row = numbers(answer)
    if row is None or not len(row) or not np.isfinite(row).all():
        msg = "must return a sequence of finite numbers, at least one"
        raise TypeError(msg)
    return [float(number) for number in row]


def read_keys() -> Callable[[Any], float]:
    """Return a function that numbers answers as they come, equal ones alike."""
    seen: dict[Hashable, int] = {}

    def number(answer: Any) -> float:
        if not isinstance(answer, Hashable):
            msg = "must be hashable, for instance a string or a tuple"
            raise TypeError(msg)
        return seen.setdefault(answer, len(seen))

    return number
