"""The Optuna sampler: converts the study's trials, asks the engine, converts back."""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from numbers import Integral, Real
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Partition, Settings, Space, suggest
from lamoo.arrays import Floats
from lamoo.space import rows_in
from optuna_lamoo import convert

# Below "optuna", so that its handler and optuna.logging.set_verbosity apply.
logger = optuna.logging.get_logger("optuna.lamoo")

#: How often a worker gives way to another that was just given the same configuration. After the
#: first few it steps out of the others' way, to a random place.
MAX_YIELDS = 16
STUBBORN_YIELDS = 4
#: Seconds that it waits at most before it tries again: two workers in step would meet for ever.
BACKOFF = 0.02
#: How many values are drawn for a parameter on its own, to find one that was tried least.
DRAWS = 32


class LaMOOSampler(BaseSampler):
    """Multi-objective sampler that learns partitions of the search space.

    LaMOO (Zhao et al., "Multi-objective Optimization by Learning Space Partitions", ICLR 2022)
    grows a tree of regions from the finished trials, chooses a promising leaf by UCB on
    hypervolume and lets a solver propose inside it. The sampler keeps no state: what it suggests
    is a function of the seed, the trial's number and the trials in the storage. So seeded runs
    repeat exactly, also after a stop and resume, and workers share nothing but the storage.

    It handles any number of objectives in any direction, every distribution, conditional search
    spaces, constraints set with ``trial.set_constraint``, enqueued and partially fixed trials,
    and failed, pruned or infinite results. A configuration of a discrete space is not repeated
    while untried ones are left.

    Args:
        seed: of all random choices; ``None`` draws one.
        n_startup_trials: finished trials spread evenly over the space before anything is learned.
        solver: ``"gp"`` (Gaussian processes with expected hypervolume improvement: the fewest
            trials), ``"evolutionary"`` (a few milliseconds per trial) or ``"random"``.
        reference_point: where hypervolume is measured from, one value per objective in the
            study's directions, a little worse than what is still of interest. ``None`` infers it.
        partition: settings of the tree, see :class:`lamoo.Partition`.
        independent_sampler: for parameters that no trial had before; by default uniform.
        warn_independent_sampling: whether to log a warning when, after the startup trials, a
            parameter is sampled independently.

    Raises:
        ValueError: if an argument is outside what is listed here; on the first suggestion, if
            the reference point has not one value per objective.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study(
        ...     directions=["minimize", "maximize"], sampler=LaMOOSampler(seed=1)
        ... )
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", -5, 5)
        ...     return x**2, -((x - 2) ** 2)
        >>> study.optimize(objective, n_trials=20)
        >>> len(study.best_trials) > 1
        True
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        n_startup_trials: int = 10,
        solver: str = "gp",
        reference_point: Sequence[float] | None = None,
        partition: Partition | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        """Check the arguments."""
        _check_seed(seed)
        _check_kind("n_startup_trials", n_startup_trials, Integral)
        _check_kind("solver", solver, str)
        _check_kind("partition", partition, Partition, type(None))
        _check_kind("independent_sampler", independent_sampler, BaseSampler, type(None))
        _check_kind("warn_independent_sampling", warn_independent_sampling, bool)
        if n_startup_trials < 0:
            msg = f"n_startup_trials must be at least 0, got {n_startup_trials!r}"
            raise ValueError(msg)
        self._reference_point = _checked_point(reference_point)
        self._settings = Settings(
            solver=solver,
            n_startup=int(n_startup_trials),
            partition=partition or Partition(),
            seed=int(np.random.SeedSequence(seed).entropy),  # type: ignore[arg-type]
        )
        self._independent_sampler = independent_sampler
        self._warn_independent_sampling = warn_independent_sampling
        self._turn = threading.RLock()
        self._reader = convert.Reader()

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the lock, which a copy does not share, and what only saves time."""
        return {name: v for name, v in vars(self).items() if name not in ("_turn", "_reader")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy with a lock of its own."""
        vars(self).update(state, _turn=threading.RLock(), _reader=convert.Reader())

    def reseed_rng(self) -> None:
        """Pass it on. Here each trial has a generator of its own, derived from its number."""
        if self._independent_sampler is not None:
            self._independent_sampler.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Pass it on to the independent sampler."""
        if self._independent_sampler is not None:
            self._independent_sampler.before_trial(study, trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Warn if there was nothing to search, and pass it on to the independent sampler."""
        if trial.distributions and all(d.single() for d in trial.distributions.values()):
            _warn_once(study.study_name, "every parameter has a single value: nothing to search")
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(
        self,
        study: Study,
        trial: FrozenTrial,
    ) -> dict[str, BaseDistribution]:
        """Return every parameter that some trial of the study had and that leaves a choice."""
        return convert.union(_others(study, trial))

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the engine for a point in all parameters that are not fixed."""
        settings = self.settings_for(study)
        if not search_space:
            return {}
        fixed = {**convert.enqueued(trial, search_space), **trial.params}
        space = convert.to_space(search_space, fixed)

        def propose(history: History, attempt: int) -> Floats:
            stubborn = attempt < STUBBORN_YIELDS
            wanted = settings if stubborn else replace(settings, solver="random")
            return suggest(space, history, 1, self._generator(trial, attempt), wanted)

        return self._claim(study, trial, search_space, space, propose)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample a parameter on its own, by the given sampler or uniformly.

        Of some uniform draws, that is, the one that others, with the same parameters so far, had
        least often.
        """
        self._warn_independent(study, trial, param_name)
        if self._independent_sampler is not None:
            return self._independent_sampler.sample_independent(
                study, trial, param_name, param_distribution
            )
        search_space = {**trial.distributions, param_name: param_distribution}
        space = convert.to_space(search_space, trial.params)
        name = zlib.crc32(param_name.encode())

        def propose(history: History, attempt: int) -> Floats:
            X = space.sample(DRAWS, self._generator(trial, name + attempt))
            often = np.isclose(history.tried[:, None], X, rtol=0).all(axis=2).sum(axis=0)
            return X[[int(np.argmin(often))]]

        return self._claim(study, trial, search_space, space, propose)[param_name]

    def _claim(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: Mapping[str, BaseDistribution],
        space: Space,
        propose: Callable[[History, int], Floats],
    ) -> dict[str, Any]:
        """Return the parameters of a point that no other worker has, and note them for the others.

        Threads take turns. Processes write their notes before they read those of others, so of two
        with the same point at least the later writer sees it, and asks for another.

        Args:
            study: whose trials have points already.
            trial: the one to find a point for.
            search_space: the distributions of the parameters to find.
            space: the same for the engine.
            propose: returns a point (1, d), given a history and how many were proposed before.
        """
        params: dict[str, Any] = {}
        with self._turn:
            for attempt in range(MAX_YIELDS):
                before = _others(study, trial)
                history = self._reader.history(search_space, before, study.directions)
                x = propose(history, attempt)
                params = space.decode(x)[0]
                note = trial.system_attrs.get(convert.NOTE, {}) | convert.note(params, search_space)
                study._storage.set_trial_system_attr(trial._trial_id, convert.NOTE, note)
                after = _others(study, trial)
                if not len(history.unseen(x)) or not _raced(x, search_space, before, after):
                    break
                time.sleep(self._generator(trial, attempt).uniform(0, BACKOFF))
        return params

    def _generator(self, trial: FrozenTrial, purpose: int) -> np.random.Generator:
        """Return a random generator that belongs to one purpose within one trial."""
        return np.random.default_rng((self._settings.seed, trial.number, purpose))

    def settings_for(self, study: Study) -> Settings:
        """Return the settings with the reference point turned to minimisation."""
        point = self._reference_point
        if point is None:
            return self._settings
        if len(point) != len(study.directions):
            msg = (
                f"reference_point must hold one value per objective: the study has "
                f"{len(study.directions)}, got {list(point)}"
            )
            raise ValueError(msg)
        turned = convert.signs(study.directions) * point
        return replace(self._settings, reference_point=tuple(turned.tolist()))

    def _warn_independent(self, study: Study, trial: FrozenTrial, param_name: str) -> None:
        if not self._warn_independent_sampling:
            return
        finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(finished) >= max(self._settings.n_startup, 1):
            logger.warning(
                "Parameter %r of trial %d is sampled independently, without LaMOO: no trial had "
                "it before under such conditions or in such a range. "
                "warn_independent_sampling=False turns this warning off.",
                param_name,
                trial.number,
            )


def _others(study: Study, trial: FrozenTrial) -> list[FrozenTrial]:
    """Return all trials of the study but the one at hand."""
    own = trial._trial_id  # a plain attribute, several times faster than the property `number`
    return [t for t in study.get_trials(deepcopy=False) if t._trial_id != own]


def _raced(
    x: Floats,
    search_space: Mapping[str, BaseDistribution],
    before: Sequence[FrozenTrial],
    after: Sequence[FrozenTrial],
) -> bool:
    """Tell whether a trial that was not finished before is now at the same point (1, d)."""
    settled = {t._trial_id for t in before if t.state.is_finished()}
    fresh = [t for t in after if t._trial_id not in settled]
    return bool(rows_in(x, convert.to_points(search_space, fresh)).any())


def _check_kind(name: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds):
        expected = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
        msg = f"{name} must be {expected}, got {value!r}"
        raise ValueError(msg)  # noqa: TRY004  one kind of error for a wrong argument


def _check_seed(seed: object) -> None:
    if seed is not None and not (isinstance(seed, Integral) and int(seed) >= 0):
        msg = f"seed must be a non-negative int or None, got {seed!r}"
        raise ValueError(msg)


def _checked_point(point: object) -> tuple[float, ...] | None:
    """Return a reference point as floats."""
    if point is None:
        return None
    values = list(point) if isinstance(point, Iterable) else []
    if not values or not all(isinstance(v, Real) and math.isfinite(v) for v in values):
        msg = (
            f"reference_point must be a sequence of one finite number per objective, got {point!r}"
        )
        raise ValueError(msg)
    return tuple(float(value) for value in values)


@lru_cache(maxsize=256)
def _warn_once(study_name: str, message: str) -> None:
    logger.warning("Study %r: %s", study_name, message)
