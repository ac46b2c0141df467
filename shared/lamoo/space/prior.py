"""What the user knows before a trial runs, and what follows from it for the points of a space.

The user gives functions of a parameter dictionary (:class:`Prior`): objectives that need no trial,
features that help to predict the others, constraints, and a key that equal configurations share.
Bound to a space (:meth:`Prior.bind`) they are functions of its points
(:class:`lamoo.space.known.Known`), each asked once about each point
(:mod:`lamoo.space.answers`). Both frameworks pass on one :class:`Prior`. What is unknown after all
is modelled, as if nobody had told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np

from lamoo.arrays import Floats
from lamoo.space.answers import (
    Answers,
    Asked,
    Params,
    ask,
    lacks,
    read_keys,
    read_limit,
    read_number,
    read_numbers,
    read_signed,
)
from lamoo.space.known import Known, keys, total_violation
from lamoo.space.space import Space

#: How far a reported value may be from the known one, as a share of it: single precision has seven
#: digits.
TOLERANCE = 1e-6
#: Configurations that functions are asked about before they are needed, until one has an answer.
TRIES = 8


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
            not isinstance(key, bool) and isinstance(key, str | Integral) and callable(function)
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
        return float(ask(_name(key), self.objectives[key], [params], read_number)[0])

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
        expected = ask(_name(key), self.objectives[key], params, read_number)
        labels = [str(dict(p)) for p in params]
        return contradictions(key, labels, np.array(expected), np.array(reported, float)[rows])

    def check(self, params: Params) -> None:
        """Ask the functions, but for objectives, about a trial that ran.

        Raises:
            RuntimeError: if one raises or returns what it must not; a parameter that is missing
                here is missing wherever it is read.
        """
        for i, function in enumerate(self.constraints):
            ask(f"known_constraints[{i}]", function, [params], read_limit)
        for name, function, read in self._predictors():
            ask(name, function, [params], read)

    def rehearse(self, space: Space, decode: Callable[[Floats], Sequence[Params]]) -> None:
        """Ask the functions about random configurations, each until it gives an answer.

        Not those of objectives and constraints, which are asked before anything else is proposed.
        These hold every parameter that is declared, which in a space of branches no trial has; so
        what is wrong counts only if it is wrong of all. Others may be declared later, but a name
        that is missing and much like one of these is a typing error.

        Args:
            space: what they are drawn from.
            decode: returns the parameter dictionaries of its points (n, d).

        Raises:
            RuntimeError: if a function raises or returns what it must not, asked about any.
        """
        params = decode(space.sample(TRIES, np.random.default_rng(0)))
        for name, function, read in self._predictors():
            for k, each in enumerate(params):
                try:
                    ask(name, function, [each], read)
                except RuntimeError as error:
                    if k == len(params) - 1 and not _undeclared(error.__cause__, each):
                        raise
                else:
                    break

    def _predictors(self) -> Iterator[tuple[str, Asked, Callable[[Any], Any]]]:
        """Yield features and key: how errors call it, and what reads its answers."""
        if self.features is not None:
            yield "features", self.features, read_numbers
        if self.canonical is not None:
            yield "canonical", self.canonical, read_keys()

    def bind(
        self,
        objectives: Mapping[int, tuple[int | str, float]],
        decode: Callable[[Floats], Sequence[Params]],
        names: Collection[str] | None = None,
    ) -> Known:
        """Return the functions bound to a space, where each is asked once about each point.

        What one raises becomes a ``RuntimeError`` that names it and the parameters, but for a
        ``KeyError`` of a parameter that is not there: that answer is unknown.

        Args:
            objectives: index of a known objective -> how the user called it, and the sign that
                turns it to minimisation.
            decode: returns the parameter dictionaries of the space's points (n, d).
            names: of all parameters that a configuration may have, ``None`` if nobody knows.
        """
        answers, features, canonical = Answers(decode, names), self.features, self.canonical
        return Known(
            objectives={
                j: answers.of(_name(key), self.objectives[key], read_signed(sign))
                for j, (key, sign) in objectives.items()
            },
            features=None
            if features is None
            else answers.of("features", features, read_numbers, several=True),
            violation=self._violation(answers) if self.constraints else None,
            key=None
            if canonical is None
            else keys(answers.of("canonical", canonical, read_keys())),
        )

    def _violation(self, answers: Answers) -> Callable[[Floats], Floats]:
        """Return the sum of the constraints' violations as a function of points (n, d)."""
        limits = [
            answers.of(f"known_constraints[{i}]", function, read_limit)
            for i, function in enumerate(self.constraints)
        ]
        return lambda X: total_violation([limit(X) for limit in limits])


def _undeclared(error: BaseException | None, params: Params) -> bool:
    """Tell whether an error is about a parameter that is not there, and like none that is."""
    if not isinstance(error, KeyError) or not lacks(params, error, None):
        return False
    return not get_close_matches(str(error.args[0]), [*params])


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
