"""How a sampler sees a study: the engine's history and space, with all that the user knows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from lamoo import History, Space, Task
from lamoo.arrays import Bools, Floats
from lamoo.gp.transfer import SourceModel, with_sources
from lamoo.space.evidence import Evidence
from lamoo.space.known import Complete, Known
from lamoo.space.prior import Prior
from optuna_lamoo import columns, distributions, objectives
from optuna_lamoo.ranges import Ranges
from optuna_lamoo.reader import Reader
from optuna_lamoo.reports import HUB_KEY
from optuna_lamoo.sources import Source

#: How many trials are looked at for reports of OptunaHub's pruner: all workers report alike.
LATEST = 8


@dataclass(frozen=True)
class _Beforehand:
    """What is known beforehand of the points of one space.

    Args:
        about: the columns and objectives that it was found for.
        known: by the user's functions.
        sources: of earlier studies.
    """

    about: Any
    known: Known
    sources: Sequence[SourceModel]


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
        if self._search_space and self.functions:
            space = columns.to_space(self._search_space)
            self.functions.rehearse(space, space.decode)

    def misnamed(self, trial: FrozenTrial) -> Iterator[str]:
        """Yield a sentence for each name in the search space that may be another in a trial."""
        asked = trial.params.keys() - self._search_space.keys()
        for name in self._search_space.keys() - trial.params.keys():
            for alike in get_close_matches(name, sorted(asked), n=1):
                yield (
                    f"search_space names {name!r}, but trial {trial.number} asked for {alike!r} "
                    "and not for that: is it a typing error?"
                )

    def _forget(self) -> None:
        self._turn = threading.RLock()
        self._ranges = Ranges()
        # of the columns that are searched, and of all that functions are told of
        self._reader, self._reader_of_all = Reader(), Reader()
        self._beforehand: _Beforehand | None = None
        # the parameters that had several ranges
        self._several: frozenset[str] = frozenset()
        # name -> the user's own choices, and these with a storage's copy that equals them
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
        """Return the parameters of which only a storage's copy of the choices can be proposed.

        The user's own are not known yet, or do not equal it: a storage makes lists of tuples.
        """
        return frozenset(
            name
            for name, distribution in search_space.items()
            if isinstance(distribution, CategoricalDistribution)
            and (own := self._own.get(name)) is not distribution
            and own != distribution
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

    def _meant(self, name: str, distribution: BaseDistribution) -> BaseDistribution:
        """Return the user's own choices in the place of the storage's copy, equal to it or not."""
        equal = self._as_given(name, distribution)
        own = self._own.get(name, equal)
        return own if own is not equal and distributions.copied(own, distribution) else equal

    def _params(self, trial: FrozenTrial | Trial) -> dict[str, Any]:
        """Return a trial's parameters, choices as the user gave them."""
        found = dict(trial.params)
        for name in [name for name in found if name in self._own]:
            stored = trial.distributions[name]
            own = self._meant(name, stored)
            found[name] = own.to_external_repr(stored.to_internal_repr(found[name]))
        return found

    def unsettled(self, trials: Sequence[FrozenTrial]) -> frozenset[str]:
        """Return the parameters whose range changed so recently that it may change again."""
        return self._ranges.read(trials).unsettled

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
            return self._reader.history(
                search_space, trials, study.directions, self._names(study, trials)
            )

    def _names(self, study: Study, trials: Sequence[FrozenTrial]) -> Sequence[str] | None:
        """Return the names of the objectives where some are needed: that takes a storage long."""
        if any(HUB_KEY in t.user_attrs for t in trials[-LATEST:]):
            return objectives.metric_names(study)
        return None

    def task(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
        space: Space,
    ) -> Task:
        """Return the study in the engine's terms, with what is known of the space's points.

        Args:
            study: whose directions and names of objectives count.
            trials: of it.
            search_space: the distributions of all columns.
            space: the same for the engine.

        Raises:
            ValueError: if a known objective is not one of the study's.
        """
        task = Task(space, self.history(study, trials, search_space))
        if not self.functions and not self._sources:
            return task
        with self._turn:
            everything = self._configurations(trials, search_space)
            found = self._found(study, search_space, space, everything)
            known = found.known
            if self.functions:
                complete = self._complete(study, trials, search_space, everything, task)
                known = known.where(complete)
        known = with_sources(known, found.sources, task.history)
        return replace(task, space=replace(space, known=known))

    def contradictions(
        self, study: Study, trial: FrozenTrial, values: Sequence[float]
    ) -> Iterator[str]:
        """Yield a sentence for each known objective that is not what a trial reported.

        Raises:
            ValueError: if it is not what most trials reported, see
                :func:`lamoo.space.prior.contradictions`.
            RuntimeError: if a function cannot be asked about what the trial had.
        """
        if np.isfinite(values).all():  # others may have ended before they had everything
            self.functions.check(self._params(trial))
        for j, key in self._objectives(study).items():
            try:
                self.functions.contradicted(key, [self._params(trial)], [values[j]])
            except ValueError:  # the other trials tell whether it is the function's fault
                done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
                params = [self._params(t) for t in [*done, trial]]
                reported = [*(t.values[j] for t in done), values[j]]
                yield self.functions.contradicted(key, params, reported)[-1]

    def known_values(self, study: Study, trial: Trial) -> dict[int, float]:
        """Return the known objectives of a trial: index -> value in the study's direction.

        Raises:
            ValueError: if a known objective is not one of the study's.
            RuntimeError: if a function raises or returns no number.
        """
        return {
            j: self.functions.value(key, self._params(trial))
            for j, key in self._objectives(study).items()
        }

    def _objectives(self, study: Study) -> dict[int, int | str]:
        return self.functions.keys(
            objectives.places(study, self.functions.objectives, "known_objectives")
        )

    def _configurations(
        self, trials: Sequence[FrozenTrial], search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, BaseDistribution]:
        """Return the distributions of all columns that functions are told of.

        Those that are searched, and what leaves no choice. A parameter whose range has changed has
        a column for each: it may turn out to have one per branch.
        """
        seen = self._ranges.read(trials)
        every = seen.union(shares=False, single=True).items()
        found = {name: self._as_given(name, d) for name, d in every if d.single()}
        found |= search_space
        for name in sorted((seen.moved - seen.following) & found.keys()):
            del found[name]
            found |= {
                columns.column(name, r.distribution): r.distribution for r in seen.ranges[name]
            }
        return found

    def _found(
        self,
        study: Study,
        search_space: Mapping[str, BaseDistribution],
        space: Space,
        everything: Mapping[str, BaseDistribution],
    ) -> _Beforehand:
        """Return what the user knows, bound to the points of a space with its constants.

        The last one is remembered.
        """
        everything = {name: self._meant(name, d) for name, d in everything.items()}
        signs = objectives.signs(study.directions)
        exact = {j: (key, float(signs[j])) for j, key in self._objectives(study).items()}
        parameters = columns.to_space(everything).parameters
        about = (list(parameters.items()), list(space.parameters.items()), exact, signs.tolist())
        if self._beforehand is None or self._beforehand.about != about:
            plain = Space(space.parameters)
            earlier = [source.history(search_space, signs) for source in self._sources]
            models = [SourceModel(plain, history) for history in earlier if history.n]
            self._beforehand = _Beforehand(about, self._bind(exact, everything), models)
        return self._beforehand

    def _bind(
        self,
        exact: Mapping[int, tuple[int | str, float]],
        everything: Mapping[str, BaseDistribution],
    ) -> Known:
        """Return the user's functions of the points of all columns."""
        plain = columns.to_space(everything)

        def decode(X: Floats) -> list[dict[str, Any]]:
            return [columns.named(params, everything) for params in plain.decode(X)]

        names = None
        if self._search_space:
            names = {*columns.named(everything, everything), *self._search_space}
        return self.functions.bind(exact, decode, names)

    def _complete(
        self,
        study: Study,
        trials: Sequence[FrozenTrial],
        search_space: Mapping[str, BaseDistribution],
        everything: Mapping[str, BaseDistribution],
        task: Task,
    ) -> Complete:
        """Return what makes configurations of the engine's points, as far as trials tell.

        Args:
            study: the one.
            trials: of the study.
            search_space: the distributions of the columns of points.
            everything: those of the columns of configurations, which have constants, too.
            task: the study in the engine's terms.
        """
        space, X = task.space, task.history.X
        if everything.keys() != search_space.keys():
            space = columns.to_space(everything)
            X = self._reader_of_all.history(everything, trials, study.directions).X
        names = [*everything]
        now = [c if c in everything else columns.column(c, d) for c, d in search_space.items()]
        mine = np.array([names.index(name) for name in now], dtype=np.intp)
        X = X[task.rows]
        shown = X[~np.isnan(X[:, mine]).all(axis=1)]
        evidence = Evidence(shown, space.kinds)

        blank = np.array([0.5 if d.single() else np.nan for d in everything.values()])

        def complete(X: Floats) -> tuple[Floats, Bools]:
            whole = np.tile(blank, (len(X), 1))
            whole[:, mine] = X
            return evidence.complete(whole)

        return complete
