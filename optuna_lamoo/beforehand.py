"""What the user knows before a trial runs: his functions of parameters as functions of points."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import TrialState

from lamoo import History, Space
from lamoo.arrays import Floats, Ints
from lamoo.known import Known
from lamoo.transfer import best_points, predictions, relevant
from optuna_lamoo import convert

Params = Mapping[str, Any]
#: How far a reported value may be from the known one, as a share of it.
TOLERANCE = 1e-6
#: How many points a function's answers are remembered for; then all are forgotten.
MEMORY = 1 << 16
#: How many points of an earlier study's front are tried first.
FIRST = 5


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
class Beforehand:
    """The user's functions, and their answers so far.

    Args:
        objectives: index or metric name -> value in the user's direction.
        features: numbers that help to predict the other objectives.
        constraints: values that must be at most 0.
        canonical: a key that equal configurations share.
        sources: earlier studies.
    """

    objectives: Mapping[int | str, Asked]
    features: Asked | None
    constraints: tuple[Asked, ...]
    canonical: Asked | None
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        """Start without answers."""
        object.__setattr__(self, "_columns", None)
        object.__setattr__(self, "_answers", {})
        object.__setattr__(self, "_keys", {})
        object.__setattr__(self, "_learned", [])

    def __bool__(self) -> bool:
        """Tell whether there is any function."""
        given = (self.objectives, self.constraints, self.sources)
        return any(given) or self.features is not None or self.canonical is not None

    def __reduce__(self) -> tuple[type[Beforehand], tuple[Any, ...]]:
        """Leave the answers behind: they only save time."""
        functions = (self.objectives, self.features, self.constraints, self.canonical)
        given = (*functions, self.sources)
        return Beforehand, given

    def indices(self, study: Study) -> dict[int, tuple[str, Asked]]:
        """Return index -> (how the user called it, function) of the known objectives.

        Raises:
            ValueError: if the study has no such objective.
        """
        places = convert.places(study, self.objectives)
        found: dict[int, tuple[str, Asked]] = {}
        for key, function in self.objectives.items():
            index = places.get(key)
            if index is None or index in found:
                msg = (
                    f"known_objectives must name each objective at most once, by one of "
                    f"{list(places)}, got {key!r}"
                )
                raise ValueError(msg)
            found[index] = f"known_objectives[{key!r}]", function
        return found

    def known(self, study: Study, space: Space, history: History, constants: Params) -> Known:
        """Return the functions for the engine.

        Args:
            study: tells names and directions.
            space: whose points they are of.
            history: shows which earlier studies are still of use.
            constants: parameters that have a single value, which the space leaves out.
        """
        self._forget_if_other(space, constants)
        signs = convert.signs(study.directions)

        def numbers(name: str, function: Asked, sign: float = 1.0) -> Callable[[Floats], Floats]:
            return lambda X: sign * self._answer(name, function, space, constants, X, _number)

        objectives = {
            j: numbers(name, function, float(signs[j]))
            for j, (name, function) in self.indices(study).items()
        }
        limits = [numbers(f"known_constraints[{i}]", f) for i, f in enumerate(self.constraints)]

        def violation(X: Floats) -> Floats:
            return np.asarray(sum(np.maximum(limit(X), 0.0) for limit in limits))

        blocks: list[Callable[[Floats], Floats]] = []
        for predict, _ in self._transferred(study, space):
            keep = relevant(predict(history.X), history.Y)
            if keep.any():
                blocks.append(lambda X, predict=predict, keep=keep: predict(X)[:, keep])  # type: ignore[misc]
        if self.features is not None:
            own = self.features
            blocks.append(lambda X: self._answer("features", own, space, constants, X, _numbers))

        def features(X: Floats) -> Floats:
            return np.concatenate([block(X) for block in blocks], axis=1)

        first = [points for _, points in self._transferred(study, space)]
        return Known(
            objectives=objectives,
            features=features if blocks else None,
            first=np.concatenate(first) if first else None,
            violation=violation if limits else None,
        )

    def _transferred(
        self, study: Study, space: Space
    ) -> list[tuple[Callable[[Floats], Floats], Floats]]:
        """Return what each earlier study predicts, and its points worth trying first."""
        learned: Any = self._learned  # type: ignore[attr-defined]
        if not learned:
            for source in self.sources:
                history = source.history(space, convert.signs(study.directions))
                if history.n:
                    points = best_points(history, space, FIRST)
                    learned.append((predictions(history, space), points))
        return list(learned)

    def key(self, space: Space, constants: Params) -> Callable[[Floats], Ints] | None:
        """Return the function of points (n, d) that numbers their canonical keys, ``(n,)``."""
        if self.canonical is None:
            return None
        canonical = self.canonical
        self._forget_if_other(space, constants)

        def numbered(answer: Any) -> float:
            if not isinstance(answer, Hashable):
                msg = "must be hashable, for instance a string or a tuple"
                raise TypeError(msg)
            return self._keys.setdefault(answer, len(self._keys))  # type: ignore[attr-defined,no-any-return]

        def keys(X: Floats) -> Ints:
            return self._answer("canonical", canonical, space, constants, X, numbered).astype(
                np.intp
            )

        return keys

    def check(self, study: Study, params: Params, values: Sequence[float]) -> None:
        """Raise if a known objective is not what a trial reported.

        Raises:
            ValueError: if they differ by more than a millionth.
        """
        for j, (name, function) in self.indices(study).items():
            expected = _ask(name, function, [params], _number)[0]
            if math.isfinite(values[j]) and not math.isclose(
                expected, values[j], rel_tol=TOLERANCE, abs_tol=1e-12
            ):
                msg = (
                    f"{name} is {expected!r} for {dict(params)}, but the trial reported "
                    f"{values[j]!r}: they must agree to a millionth"
                )
                raise ValueError(msg)

    def _forget_if_other(self, space: Space, constants: Params) -> None:
        columns = (list(space.parameters.items()), dict(constants))
        if self._columns != columns:  # type: ignore[attr-defined]
            object.__setattr__(self, "_columns", columns)
            object.__setattr__(self, "_answers", {})
            object.__setattr__(self, "_learned", [])

    def _answer(
        self,
        name: str,
        function: Asked,
        space: Space,
        constants: Params,
        X: Floats,
        read: Callable[[Any], Any],
    ) -> Floats:
        """Return a function's answers at points (n, d), remembered ones where there are any."""
        memory = self._answers.setdefault(name, {})  # type: ignore[attr-defined]
        if len(memory) > MEMORY:
            memory.clear()
        rows, size = np.ascontiguousarray(X, dtype=float).tobytes(), 8 * X.shape[1]
        keys = [rows[i : i + size] for i in range(0, len(rows), size)]
        new = {key: i for i, key in enumerate(keys) if key not in memory}
        if new:
            params = [{**constants, **p} for p in space.decode(X[list(new.values())])]
            memory.update(zip(new, _ask(name, function, params, read), strict=True))
        answers = [memory[key] for key in keys]
        if not answers and read is _numbers:  # the width is not known without a point
            return np.empty((0, 0))
        try:
            return np.array(answers, dtype=float)
        except ValueError as error:
            msg = f"{name} must return equally many numbers for all parameters"
            raise RuntimeError(msg) from error


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
            "search space, those of inactive branches left out"
        )
        raise RuntimeError(msg) from error


def _number(answer: object) -> float:
    if not isinstance(answer, Real) or not math.isfinite(answer):
        msg = "must return a finite number"
        raise TypeError(msg)
    return float(answer)


def _numbers(answer: Any) -> list[float]:
    message = "must return a sequence of finite numbers, at least one"
    try:
        numbers = np.asarray(answer, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(message) from error
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise TypeError(message)
    return [float(number) for number in numbers]


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Source:
    """The trials of an earlier study.

    Args:
        params: of each trial.
        values: of each trial, in the user's directions, shape ``(n, m)``.
        directions: signs that turn the values to minimisation ``(m,)``; ``None`` for those of the
            study at hand.
    """

    params: Sequence[Params]
    values: Floats
    directions: Floats | None

    def history(self, space: Space, signs: Floats) -> History:
        """Return the trials that share a parameter with the space, as the engine's history."""
        X = space.encode(self.params)
        some = ~np.isnan(X).all(axis=1)
        if self.directions is not None:
            signs = self.directions
        elif len(signs) != self.values.shape[1]:
            signs = np.ones(self.values.shape[1])
        return History(X[some], signs * self.values[some])


def sources_of(warm_start: object) -> tuple[Source, ...]:
    """Return the trials of earlier studies or of tables like ``study.trials_dataframe()``.

    Raises:
        ValueError: if they are neither.
    """
    given = () if warm_start is None else warm_start
    if not isinstance(given, Sequence):
        given = (given,)
    return tuple(_source(each) for each in given)


def _source(given: Any) -> Source:
    if isinstance(given, Study):
        trials = given.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        m = len(given.directions)
        values = np.array([trial.values for trial in trials], dtype=float).reshape(-1, m)
        return Source([t.params for t in trials], values, convert.signs(given.directions))
    columns = [str(name) for name in getattr(given, "columns", ())]
    params = [name for name in columns if name.startswith("params_")]
    measured = [name for name in columns if name == "value" or name.startswith("values_")]
    if not params or not measured:
        msg = (
            "warm_start must hold studies, or tables with columns 'params_...' and 'values_...' as "
            f"study.trials_dataframe() returns, got {type(given).__name__} {columns or given!r}"
        )
        raise ValueError(msg)
    rows = given.to_dict("records")
    table = np.array([[row[name] for name in measured] for row in rows], dtype=float)
    whole = ~np.isnan(table.reshape(-1, len(measured))).any(axis=1)
    prefix = len("params_")
    return Source(
        [
            {name[prefix:]: row[name] for name in params if row[name] == row[name]}
            for row, fine in zip(rows, whole, strict=True)
            if fine
        ],
        table[whole],
        None,
    )


def beforehand(
    known_objectives: object,
    features: object,
    known_constraints: object,
    canonical: object,
    warm_start: object,
) -> Beforehand:
    """Return the user's functions, checked as far as that is possible without calling them.

    Raises:
        ValueError: if an argument is not of the kind expected.
    """
    objectives = known_objectives or {}
    fine = isinstance(objectives, Mapping) and all(
        isinstance(key, int | str) and not isinstance(key, bool) and callable(function)
        for key, function in objectives.items()
    )
    if not fine:
        msg = (
            "known_objectives must map an objective's index or metric name to a function of the "
            f"parameters, got {known_objectives!r}"
        )
        raise ValueError(msg)
    constraints = known_constraints or ()
    if not isinstance(constraints, Sequence) or not all(callable(f) for f in constraints):
        msg = f"known_constraints must be a list of functions, got {known_constraints!r}"
        raise ValueError(msg)
    for name, function in (("features", features), ("canonical", canonical)):
        if function is not None and not callable(function):
            msg = f"{name} must be a function of the parameters or None, got {function!r}"
            raise ValueError(msg)
    given: Any = (objectives, features, tuple(constraints), canonical, sources_of(warm_start))
    return Beforehand(*given)
