"""How a sampler sees a study: the engine's history and space, with all that the user told it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Space
from lamoo.arrays import Floats
from lamoo.gp.transfer import Lesson, taught
from lamoo.space.prior import Bound, Prior
from optuna_lamoo import convert
from optuna_lamoo.sources import Source


@dataclass(frozen=True)
class _Told:
    """What the user told, for the points of one space.

    Args:
        about: the columns, constants and objectives that it was bound to.
        bound: their functions.
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
        self._reader, self._ranges = convert.Reader(), convert.Ranges()
        self._told: _Told | None = None
        self._several: frozenset[str] = frozenset()

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
        :func:`optuna_lamoo.convert.column`. One whose ranges follow from other values has one for
        all of them (:func:`optuna_lamoo.convert.share`), but for functions and earlier studies,
        which mean values, its latest range.
        """
        shares = not self.functions and not self._sources
        several = self._ranges.branched(trials)
        if shares:
            several |= self._ranges.following(trials)
        self._several |= several
        given = {name: d for name, d in self._search_space.items() if name not in several}
        found = given | self._ranges.union(trials, shares=shares)
        return {name: found[name] for name in sorted(found)}

    def moved(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters whose range changed while the study went on."""
        return self._ranges.moved(trials)

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
            told = self._bound(study, trials, search_space, space)
        known = taught(told.bound.known, told.lessons, history)
        return replace(history, key=told.bound.key), replace(space, known=known)

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
                self.functions.contradicted(key, [trial.params], [values[j]])
            except ValueError:  # the other trials tell whether it is the function's fault
                done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
                params = [*(t.params for t in done), trial.params]
                reported = [*(t.values[j] for t in done), values[j]]
                yield self.functions.contradicted(key, params, reported)[-1]

    def _objectives(self, study: Study) -> dict[int, int | str]:
        return self.functions.keys(
            convert.places(study, self.functions.objectives, "known_objectives")
        )

    def _bound(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
        space: Space,
    ) -> _Told:
        """Return what the user told, bound to a space; the last one is remembered."""
        signs = convert.signs(study.directions)
        constants = convert.constants(trials, self._ranges.branched(trials))
        objectives = {j: (key, float(signs[j])) for j, key in self._objectives(study).items()}
        about = (list(space.parameters.items()), constants, objectives, signs.tolist())
        if self._told is None or self._told.about != about:
            plain = Space(space.parameters)

            def decode(X: Floats) -> list[dict[str, Any]]:
                return [constants | convert.named(p, search_space) for p in plain.decode(X)]

            earlier = [source.history(search_space, signs) for source in self._sources]
            lessons = [Lesson(history, plain) for history in earlier if history.n]
            self._told = _Told(about, self.functions.bind(objectives, decode), lessons)
        return self._told
