"""Any Optuna sampler as a solver: it proposes in a study in memory that shows what LaMOO knows."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from lamoo import Space, failures, pareto
from lamoo.arrays import Floats, Ints
from lamoo.partition.place import Place
from lamoo.solvers import Solver, evolutionary
from lamoo.space.rows import repeats
from optuna_lamoo import objectives
from optuna_lamoo.messages import logger

#: Trials that the base sees: the region's, then those that come nearest to it. Of more in the
#: region one without a model sees those that stand for all, in half the time. A model learns from
#: all: from 100 of 200 trials multivariate TPE had .93 of BraninCurrin, not .95, and .82 of
#: VehicleSafety, not .84 (three seeds).
SEEN = 100
#: How many mixtures of an outside proposal and the region's trials are looked at, and how many of
#: them, the nearest, compete.
MIXTURES, NEAR = 256, 64
#: Trials of the small study that shows whether it learns: more than most start with.
PROBE = 16
#: The shadow study's name. One is made for each proposal, and Optuna would tell of each.
NAME = "lamoo:shadow"
logging.getLogger("optuna.storages._in_memory").addFilter(
    lambda record: NAME not in record.getMessage()
)

Factory = Callable[[int], BaseSampler]


@dataclass(frozen=True)
class Copies:
    """A factory of samplers that are copies of one.

    Args:
        sampler: the one, which is never asked itself.
    """

    sampler: BaseSampler

    def __call__(self, seed: int) -> BaseSampler:  # noqa: ARG002  no sampler takes one afterwards
        """Return a copy with a random stream of its own, which no seed decides."""
        sampler = copy.deepcopy(self.sampler)
        sampler.reseed_rng()
        return sampler


@dataclass
class Base:
    """A sampler that proposes inside regions.

    It is made anew for each proposal, and asked in a study in memory, its shadow study. So it
    keeps no state, but for whether its user was warned of an error, and writes nothing into the
    user's study.

    Args:
        make: seed -> sampler.
        single: whether it takes one objective only; it then minimises the dominance number.
        marks: the system attributes, numbers of generations, that it sets on the first trial of a
            study. Finished trials are shown to it with them, so that it takes them for the
            generation that the new trial descends from.
    """

    make: Factory
    single: bool = False
    marks: Mapping[str, int] = field(default_factory=dict)
    _complained: bool = field(default=False, init=False, repr=False, compare=False)

    def solver(self, search_space: Mapping[str, BaseDistribution]) -> Solver:
        """Return the engine's solver for a search space, given by its columns' distributions."""

        def propose(place: Place, rng: np.random.Generator) -> Floats | None:
            try:
                x = self._propose(search_space, place, rng)
            except Exception as error:  # noqa: BLE001  nobody knows what others' samplers raise
                self._complain(error)
                x = None
            if x is None:
                return evolutionary.propose(place, rng)
            return x

        return Solver(propose, global_turns=self._learns, name=self._name)

    @cached_property
    def _name(self) -> str:
        """What logs call it."""
        return type(self.make(0)).__name__

    @cached_property
    def _learns(self) -> bool:
        """Whether it has a model: it leaves no marks, and other values change what it proposes.

        Like a surrogate, it knows more than which half is better. See :class:`Solver`.
        """
        if self.marks:
            return False
        m = 1 if self.single else 2
        with contextlib.suppress(Exception):  # a small study may not be to its liking
            up, down = (_tried(self.make(0), m, sign).params for sign in (1.0, -1.0))
            return up != down
        return False

    def _propose(
        self,
        search_space: Mapping[str, BaseDistribution],
        place: Place,
        rng: np.random.Generator,
    ) -> Floats | None:
        """Return a never tried point (d,) inside the region, ``None`` if there is none.

        What the base proposes, or if that lies outside, of what is near it inside the most surely
        inside. It is asked once, because nobody knows what asking costs.
        """
        history, region, members = place.history, place.region, place.members
        shadow = self._shadow(search_space, place, int(rng.integers(2**31)))
        whole = _ask(shadow, search_space, region.space, len(history.tried))
        x = history.unseen(region.space.snap(whole))
        if region.contains(x).any() and not repeats(x, history.X).any():
            return np.asarray(x[0])
        near = history.unseen(region.approach(whole, history.X[members], MIXTURES, rng))[:NEAR]
        return near[int(np.argmax(region.log_chance(near)))] if len(near) else None

    def _shadow(
        self, search_space: Mapping[str, BaseDistribution], place: Place, seed: int
    ) -> Study:
        """Return the study that the base is asked in, everything minimised."""
        space = place.region.space
        part = place.history.at(self._seen(place))
        values = failures.finite(part.Y)
        if self.single:
            number = pareto.dominance_number(part.means, part.violation)
            # the best are the generation that it learns from
            order = np.argsort(number, kind="stable")
            part, values = part.at(order), number[order, None].astype(float)
        shadow = _new_study(values.shape[1], self.make(seed))
        for params, y, g in zip(space.decode(part.X), values, part.G, strict=True):
            attributes = {**self.marks, **objectives.constraint_note(g)}
            _show(shadow, search_space, params, values=y.tolist(), system_attrs=attributes)
        for params in space.decode(place.history.pending):
            _show(shadow, search_space, params, state=TrialState.RUNNING)
        return shadow

    def _seen(self, place: Place) -> Ints:
        """Return the indices of the observations that the base sees, in their order."""
        history, members = place.history, place.members
        if len(members) > SEEN and not self._learns:
            Y, violation = history.means[members], history.violation[members]
            return np.asarray(members[pareto.representative(Y, violation, SEEN)])
        order = np.argsort(-place.region.margin(history.X), kind="stable")
        outside = order[~np.isin(order, members)]
        return np.sort(np.concatenate([members, outside[: max(SEEN - len(members), 0)]]))

    def _complain(self, error: Exception) -> None:
        """Warn of an error, once."""
        if not self._complained:
            self._complained = True
            logger.warning("base_sampler raised %r: LaMOO proposes in its place", error)
        logger.debug("base_sampler", exc_info=error)


def _new_study(m: int, sampler: BaseSampler) -> Study:
    """Return a study in memory of ``m`` objectives, all minimised."""
    return optuna.create_study(
        directions=["minimize"] * m, storage=InMemoryStorage(), study_name=NAME, sampler=sampler
    )


class _Shared(dict[str, BaseDistribution]):
    """Distributions that trials share: storages copy all of a trial, and these take longest."""

    def __deepcopy__(self, memo: object) -> _Shared:
        """Return the same: nobody changes a distribution."""
        return self


def _show(
    shadow: Study, search_space: Mapping[str, BaseDistribution], params: dict[str, Any], **rest: Any
) -> None:
    """Add a trial with these parameters to a study."""
    distributions = {name: search_space[name] for name in params}
    trial = create_trial(params=params, distributions=distributions, **rest)
    trial.distributions = _Shared(distributions)
    shadow.add_trial(trial)


def _ask(
    shadow: Study, search_space: Mapping[str, BaseDistribution], space: Space, tried: int
) -> Floats:
    """Return what the shadow's sampler proposes, a point (1, d) without inactive parameters.

    A sampler that counts its proposals in the study, as those of sequences do, is told of those
    before.
    """
    if space.fixed:
        shadow.enqueue_trial(dict(space.fixed))
    trial = shadow.ask(dict(search_space))
    noted = shadow._storage.get_study_system_attrs(shadow._study_id)
    fresh = [name for name, value in noted.items() if type(value) is int and value == 0]
    for name in fresh:
        shadow._storage.set_study_system_attr(shadow._study_id, name, tried)
    return _ask(shadow, search_space, space, tried) if fresh else space.encode([trial.params])


def base_of(base_sampler: object) -> Base:
    """Return the sampler that proposes inside regions, checked as far as that is possible.

    Raises:
        ValueError: if it is neither a sampler nor a function seed -> sampler.
    """
    if isinstance(base_sampler, BaseSampler):
        logger.warning(
            "base_sampler: %s is copied for each trial, with a random stream that no seed decides. "
            "Give a function seed -> sampler instead, and seeded runs repeat.",
            type(base_sampler).__name__,
        )
        base_sampler = Copies(base_sampler)
    expected = "base_sampler must be a function that takes a seed (an int) and returns a sampler"
    if not callable(base_sampler) or isinstance(base_sampler, type):
        raise ValueError(f"{expected}, got {base_sampler!r}")
    make: Any = base_sampler
    try:
        sampler = make(0)
    except Exception as error:
        raise ValueError(f"{expected}, but base_sampler(0) raised {error!r}") from error
    if not isinstance(sampler, BaseSampler):
        raise ValueError(f"{expected}, but base_sampler(0) returned {sampler!r}")
    for m in (2, 1):
        # a sampler to which a small study is not to its liking may like the user's
        with contextlib.suppress(Exception):
            noted = _tried(make(0), m, n=2).system_attrs
            numbers = all(type(value) is int for value in noted.values())
            return Base(make, single=m == 1, marks=dict(noted) if numbers else {})
    return Base(make)


def _tried(sampler: BaseSampler, m: int, sign: float = 1.0, n: int = PROBE) -> FrozenTrial:
    """Return what a sampler proposes in a small study, whose values a sign turns round."""
    study = _new_study(m, sampler)
    space: dict[str, BaseDistribution] = {name: FloatDistribution(0, 1) for name in ("x", "y")}
    for u in np.linspace(0.02, 0.98, n).tolist():
        params = {"x": u, "y": u}
        study.add_trial(create_trial(values=[sign * u] * m, params=params, distributions=space))
    study.ask(space)
    return study.get_trials(deepcopy=False)[-1]
