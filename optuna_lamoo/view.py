"""How a sampler sees a study: the engine's history and space, with all that the user knows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Space
from lamoo.arrays import Floats
from lamoo.gp.transfer import Lesson, taught
from lamoo.space.prior import Bound, Prior
from optuna_lamoo import columns, objectives, ranges
from optuna_lamoo.ranges import Ranges
from optuna_lamoo.reader import Reader
from optuna_lamoo.sources import Source


@dataclass(frozen=True)
class _Prior:
    """What the user knows beforehand, for the points of one space.

    Args:
        about: the columns, constants and objectives that it was bound to.
        bound: the user's functions.
        lessons: of earlier studies.
    """

    about: Any
    bound: Bound
    lessons: Sequence[Lesson]


class View:
    """Turns studies into the engine's terms. It remembers only what saves time.

    Args:
        functions: the user's functions of parameters.
        sources: earlier studies.
        search_space: distributions that are known before any trial.
    """

    def __init__(
        self,
        functions: Prior,
        sources: Sequence[Source],
        search_space: Mapping[str, BaseDistribution],
    ) -> None:
        """Start without memories."""
        self.functions = functions
        self._sources = tuple(sources)
        self._search_space = dict(search_space)
        self._forget()

    def _forget(self) -> None:
        self._turn = threading.RLock()
        self._reader, self._ranges = Reader(), Ranges()
        self._prior: _Prior | None = None
        self._several: frozenset[str] = frozenset()
        self._own: dict[str, BaseDistribution] = {}
        self._copies: dict[str, tuple[BaseDistribution, BaseDistribution]] = {}
        for name, distribution in self._search_space.items():
            self.meet(name, distribution)

    def __getstate__(self) -> dict[str, Any]:
        """Return what was given."""
        return {name: vars(self)[name] for name in ("functions", "_sources", "_search_space")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy without memories."""
        vars(self).update(state)
        self._forget()

    def search_space(self, trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
        """Return the distributions of all parameters that leave a choice, sorted by name.

        A parameter that has a range per branch has a column for each, see
        :func:`optuna_lamoo.columns.column`. One whose ranges follow from other values has one for
        all of them (:func:`optuna_lamoo.columns.share`), but for functions and earlier studies,
        which mean values, its latest range.
        """
        shares = not self.functions and not self._sources
        seen = self._ranges.read(trials)
        several = seen.branched | (seen.following if shares else frozenset())
        self._several |= several
        given = {name: d for name, d in self._search_space.items() if name not in several}
        found = given | seen.union(shares=shares)
        return {name: self._as_given(name, found[name]) for name in sorted(found)}

    def meet(self, name: str, distribution: BaseDistribution) -> bool:
        """Remember the user's own choices, if a parameter has some, and tell whether it has.

        A storage writes choices as JSON. Members of an ``IntEnum`` or ``StrEnum`` come back from it
        as plain numbers and strings, which are equal to them but have no ``name``.
        """
        if not isinstance(distribution, CategoricalDistribution):
            return False
        self._own[name] = distribution
        return True

    def unmet(self, search_space: Mapping[str, BaseDistribution]) -> frozenset[str]:
        """Return the parameters of which only a storage's copy of the choices is known."""
        return frozenset(
            name
            for name, distribution in search_space.items()
            if isinstance(distribution, CategoricalDistribution) and name not in self._own
        )

    def _as_given(self, name: str, distribution: BaseDistribution) -> BaseDistribution:
        """Return the user's own choices in the place of the storage's copy."""
        own = self._own.get(name)
        if own is None:
            return distribution
        known, copy = self._copies.get(name, (None, None))
        if known is own and copy is distribution:  # to compare a thousand choices takes long
            return own
        if own != distribution:
            return distribution
        self._copies[name] = (own, distribution)
        return own

    def _params(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return a trial's parameters, choices as the user gave them."""
        found = dict(trial.params)
        for name in [name for name in found if name in self._own]:
            stored = trial.distributions[name]
            own = self._as_given(name, stored)
            found[name] = own.to_external_repr(stored.to_internal_repr(found[name]))
        return found

    def moved(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters whose range changed while the study went on."""
        return self._ranges.read(trials).moved

    def several(self, name: str) -> bool:
        """Tell whether a parameter may have several ranges, as far as trials were looked at."""
        return name in self._several

    def guessed(self, search_space: Mapping[str, BaseDistribution]) -> list[BaseDistribution]:
        """Return the distributions that only trials tell of, since they were not given."""
        return [d for name, d in search_space.items() if name not in self._search_space]

    def history(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
    ) -> History:
        """Return only what the trials say."""
        with self._turn:
            return self._reader.history(search_space, trials, study.directions)

    def of(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
        space: Space,
    ) -> tuple[History, Space]:
        """Return the history, and the space with what is known of its points.

        Raises:
            ValueError: if a known objective is not one of the study's.
        """
        history = self.history(study, trials, search_space)
        if not self.functions and not self._sources:
            return history, space
        with self._turn:
            prior = self._bound(study, trials, search_space, space)
        known = taught(prior.bound.known, prior.lessons, history)
        return replace(history, key=prior.bound.key), replace(space, known=known)

    def contradictions(
        self, study: Study, trial: FrozenTrial, values: Sequence[float]
    ) -> Iterator[str]:
        """Yield a sentence for each known objective that is not what a trial reported.

        Raises:
            ValueError: if it is not what most trials reported, see
                :func:`lamoo.space.prior.contradictions`.
        """
        for j, key in self._objectives(study).items():
            try:
                self.functions.contradicted(key, [self._params(trial)], [values[j]])
            except ValueError:  # the other trials tell whether it is the function's fault
                done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
                params = [self._params(t) for t in [*done, trial]]
                reported = [*(t.values[j] for t in done), values[j]]
                yield self.functions.contradicted(key, params, reported)[-1]

    def _objectives(self, study: Study) -> dict[int, int | str]:
        return self.functions.keys(
            objectives.places(study, self.functions.objectives, "known_objectives")
        )

    def _bound(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
        space: Space,
    ) -> _Prior:
        """Return what the user knows, bound to a space; the last one is remembered."""
        signs = objectives.signs(study.directions)
        constants = ranges.constants(trials, self._ranges.read(trials).branched)
        exact = {j: (key, float(signs[j])) for j, key in self._objectives(study).items()}
        always = _always(trials, search_space)
        about = (list(space.parameters.items()), constants, exact, signs.tolist(), always)
        if self._prior is None or self._prior.about != about:
            plain = Space(space.parameters)

            def decode(X: Floats) -> list[dict[str, Any]]:
                X = X.copy()
                for mine in always:
                    X[np.isnan(X[:, mine]).all(axis=1), mine[0]] = 0.5
                return [constants | columns.named(p, search_space) for p in plain.decode(X)]

            earlier = [source.history(search_space, signs) for source in self._sources]
            lessons = [Lesson(history, plain) for history in earlier if history.n]
            self._prior = _Prior(about, self.functions.bind(exact, decode), lessons)
        return self._prior


def _always(
    trials: Sequence[FrozenTrial], search_space: Mapping[str, BaseDistribution]
) -> list[list[int]]:
    """Return the columns of each parameter with a range per branch that every branch has.

    Which branch has which range is learned, and wrong at times. Then a point may have none of them,
    but functions may rely on the parameter.
    """
    places = {column: j for j, column in enumerate(search_space)}
    done = [trial.params for trial in trials if trial.state is TrialState.COMPLETE]
    return [
        [places[column] for column in mine]
        for name, mine in columns.branches(search_space).items()
        if all(name in params for params in done)
    ]
