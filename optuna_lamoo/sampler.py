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
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, Partition, Settings, Space, Task, conclusive, exhausted, suggest
from lamoo.arrays import Floats, Ints
from lamoo.solvers import Solver
from lamoo.space.prior import Asked, Prior
from lamoo.space.rows import rows_in
from optuna_lamoo import convert
from optuna_lamoo.base import base_of
from optuna_lamoo.sources import sources_of
from optuna_lamoo.stale import Present, present
from optuna_lamoo.view import View

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
#: Trials at the start that are spread over the space, and over the known objectives.
STARTUP, STARTUP_KNOWN = 10, 5
#: Trials of which one may look whether a range has moved, before a study is stopped.
LOOK = 10


class LaMOOSampler(BaseSampler):
    """Multi-objective sampler that learns partitions of the search space.

    LaMOO (Zhao et al., "Multi-objective Optimization by Learning Space Partitions", ICLR 2022)
    grows a tree of regions from the finished trials, chooses a promising leaf by UCB on
    hypervolume and lets a solver propose inside it. The sampler keeps no state: what it suggests
    is a function of the seed, the trial's number and the trials in the storage. So seeded runs
    repeat exactly, also after a stop and resume, and workers share nothing but the storage.
    Trials that were running when their worker was killed are left out, see ``stale_after``.

    It handles any number of objectives in any direction, every distribution, conditional search
    spaces, constraints set with ``trial.set_constraint``, enqueued and partially fixed trials,
    and failed, pruned or infinite results. A configuration of a discrete space is not repeated
    while untried ones are left, unless ``reevaluate`` asks for it.

    Args:
        seed: of all random choices; ``None`` draws one.
        n_startup_trials: finished trials spread evenly over the space before anything is learned;
            by default 10, or 5 where objectives are known.
        solver: ``"gp"`` (Gaussian processes with expected hypervolume improvement: the fewest
            trials), ``"gp-fast"`` (the same with a third of the work per trial),
            ``"evolutionary"`` (a few milliseconds per trial, no model), ``"cma"`` (CMA-ES; extra
            ``cma``), ``"botorch"`` (BoTorch's qLogNEHVI; extra ``botorch``) or ``"random"``; or a
            :class:`lamoo.solvers.Solver`, such as ``botorch_solver(device="cuda")`` of there.
        base_sampler: any of Optuna's samplers, or of others, that is to propose inside the regions
            in place of ``solver``, as a function seed -> sampler: ``lambda seed:
            TPESampler(seed=seed)``. It is made anew for each trial; samplers of one objective are
            given the dominance number. A sampler is accepted, too, but its runs do not repeat.
        reference_point: where hypervolume is measured from, one value per objective in the
            study's directions, a little worse than what is still of interest; or limits for some
            of them, ``{"accuracy": 0.9}``, by metric name or index. What is not given is inferred.
        partition: settings of the tree, see :class:`lamoo.Partition`.
        known_objectives: objectives that follow from the parameters without a trial (number of
            weights, FLOPs, a latency table): index or metric name -> function of the parameter
            dictionary, in the study's direction. They are not modelled but used as they are.
            Answers are remembered; :class:`optuna_lamoo.vectorized` marks a function that takes
            many dictionaries at once.
        features: a function of the parameter dictionary that returns numbers which help to predict
            the other objectives (an architecture's depth, counts of its operations).
        known_constraints: functions of the parameter dictionary that must be at most 0. No trial
            is spent where one is not (but see ``search_space``).
        canonical: a function of the parameter dictionary that returns the same key (anything
            hashable) for configurations that are really the same; one of them is tried.
        search_space: name -> distribution, as far as they are known beforehand. Otherwise the
            first trial, which tells them, is drawn parameter by parameter, and functions of
            parameters know nothing of it.
        warm_start: earlier studies (or tables as ``study.trials_dataframe()`` returns) of a similar
            task with some of the same parameters. Their best points are among the first to be
            tried, and what a model of them predicts helps to predict this study's objectives, as
            far as it turns out to. They are not counted as results.
        reevaluate: for noisy objectives: every so many trials (5, say) one goes to the
            configuration that had the fewest, of the front and of those that the noise may keep
            from it: no lucky result stays unconfirmed, and no unlucky one is given up;
            :func:`optuna_lamoo.mean_front` returns the front of the means. ``None`` for never.
        stop_when_exhausted: whether to stop a study, with a message, that has tried every
            configuration of a discrete space; otherwise it goes on, with what is worth repeating.
            Trials without a result prove nothing, nor do fewer than five results, unless
            ``search_space`` tells what there is.
        stale_after: for how many seconds a trial may run before it is taken for dead: its
            configuration is free again (until three have died at it), but should it finish after
            all, it counts. With 0, for a study that has one worker, every other running trial is
            dead: a run that was killed goes on as if it had not been, at once. By default
            heartbeats tell, where the storage has them; or else a configuration is tried again
            after ten times as long as the longest completed trial took (at least ten minutes) if
            nothing else is left, and after a hundred times as long (at least a day) in any case.
        independent_sampler: for parameters that no trial had before; by default uniform.
        warn_independent_sampling: whether to log a warning when, after the startup trials, a
            parameter is sampled independently.

    Raises:
        ValueError: if an argument is outside what is listed here; on the first suggestion, if
            the reference point or a known objective is not one of the study's; when more trials
            report another value than the known one (by more than a millionth) than report that.
        RuntimeError: if one of the given functions raises or returns what it must not.

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

    def __init__(  # noqa: PLR0913  all are the user's choices, none is needed
        self,
        *,
        seed: int | None = None,
        n_startup_trials: int | None = None,
        solver: str | Solver = "gp",
        base_sampler: Callable[[int], BaseSampler] | BaseSampler | None = None,
        reference_point: Sequence[float] | Mapping[int | str, float] | None = None,
        partition: Partition | None = None,
        known_objectives: Mapping[int | str, Asked] | None = None,
        features: Asked | None = None,
        known_constraints: Sequence[Asked] | None = None,
        canonical: Asked | None = None,
        search_space: Mapping[str, BaseDistribution] | None = None,
        warm_start: Study | Any | Sequence[Study | Any] | None = None,
        reevaluate: int | None = None,
        stop_when_exhausted: bool = True,
        stale_after: float | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        """Check the arguments."""
        _check_seed(seed)
        _check_kind("n_startup_trials", n_startup_trials, Integral, type(None))
        _check_kind("solver", solver, str, Solver)
        _check_kind("partition", partition, Partition, type(None))
        _check_kind("independent_sampler", independent_sampler, BaseSampler, type(None))
        _check_kind("reevaluate", reevaluate, Integral, type(None))
        _check_kind("stop_when_exhausted", stop_when_exhausted, bool)
        _check_stale_after(stale_after)
        _check_kind("warn_independent_sampling", warn_independent_sampling, bool)
        self.view = View(
            Prior(known_objectives or {}, features, known_constraints or (), canonical),
            sources_of(warm_start),
            _checked_space(search_space),
        )
        if n_startup_trials is None:
            n_startup_trials = STARTUP_KNOWN if self.view.functions.objectives else STARTUP
        if n_startup_trials < 0:
            msg = f"n_startup_trials must be at least 0, got {n_startup_trials!r}"
            raise ValueError(msg)
        self._reference_point = _checked_point(reference_point)
        self._given_point = reference_point
        self._settings = Settings(
            solver=solver,
            n_startup=int(n_startup_trials),
            partition=partition or Partition(),
            seed=int(np.random.SeedSequence(seed).entropy),  # type: ignore[arg-type]
            reevaluate=None if reevaluate is None else int(reevaluate),
            logger=logger,
        )
        if base_sampler is not None and solver != "gp":
            msg = (
                f"base_sampler takes the place of solver: give one of them, not {solver!r} as well"
            )
            raise ValueError(msg)
        self._base = None if base_sampler is None else base_of(base_sampler)
        self._stop_when_exhausted = stop_when_exhausted
        self._stale_after = stale_after
        self._head = convert.Head()
        self._independent_sampler = independent_sampler
        self._warn_independent_sampling = warn_independent_sampling
        self._turn = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the lock, which a copy does not share, and what only saves time."""
        return {k: value for k, value in vars(self).items() if k not in ("_turn", "_head")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy with a lock of its own."""
        vars(self).update(state, _turn=threading.RLock(), _head=convert.Head())

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
        """Check known objectives, stop a study that has nothing left, and pass it on.

        Raises:
            ValueError: if a known objective is not what most trials reported.
        """
        if trial.distributions and all(d.single() for d in trial.distributions.values()):
            _warn_once(study.study_name, "every parameter has a single value: nothing to search")
        for name, distribution in trial.distributions.items():
            _warn_of_equal_choices(study.study_name, name, distribution)
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)
        if self._stop_when_exhausted:
            complete = values if state == TrialState.COMPLETE else None
            self._stop_if_exhausted(study, trial, complete)
        if state == TrialState.COMPLETE and values is not None:
            for sentence in self.view.contradictions(study, trial, values):
                logger.warning("Study %r: %s", study.study_name, sentence)

    def _stop_if_exhausted(
        self, study: Study, trial: FrozenTrial, values: Sequence[float] | None
    ) -> None:
        """Stop a study that tried every configuration, unless something is enqueued.

        What trials asked for need not be all there is (:func:`lamoo.conclusive`). And a single
        range of numbers may move on, none of which was asked for twice: one more trial looks
        whether it does, where that costs little.
        """
        if not convert.to_space(trial.distributions).enumerable:
            return  # without a look at all the trials
        found, done = self._present(study, trial)
        trials = found.certain
        search_space = self.view.search_space(trials)
        space = convert.to_space(search_space)
        if not search_space or not space.enumerable:
            return
        if any(trial.state == TrialState.WAITING for trial in trials):
            return
        if self.view.moved(trials):
            return  # what the next trial will have for a range is not known
        guessed = self.view.guessed(search_space)
        # Optuna keeps choices from changing
        numbers = [d for d in guessed if not isinstance(d, CategoricalDistribution)]
        if len(numbers) == len(search_space) == 1 and len(trials) > LOOK:
            trials = found.without(trial, done).certain
        history, space = self.view.of(study, trials, search_space, space)
        if guessed and not conclusive(_with(history.Y, values)):
            return
        if exhausted(Task(space, history)):
            _stop(study)

    def infer_relative_search_space(
        self,
        study: Study,
        trial: FrozenTrial,
    ) -> dict[str, BaseDistribution]:
        """Return every parameter that some trial of the study had and that leaves a choice."""
        return self.view.search_space(self._others(study, trial)[0].trials)

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
        asked = search_space.keys()
        held = convert.held(study.sampler)
        if held:  # nobody asks for those, but what trials had for them tells configurations apart
            known = self.view.search_space(self._others(study, trial)[0].trials)
            held = convert.possible(held, known)
            search_space = {n: d for n, d in known.items() if n in asked or n in held}
        if self._base is not None:
            settings = replace(settings, solver=self._base.solver(search_space))
        fixed = {**convert.enqueued(trial, search_space), **held, **trial.params}
        space = convert.to_space(search_space, fixed)

        def propose(history: History, space: Space, number: int, attempt: int) -> Floats:
            stubborn = attempt < STUBBORN_YIELDS
            wanted = settings if stubborn else replace(settings, solver="random")
            return suggest(Task(space, history, wanted), 1, self._generator(number, attempt))

        params = self._claim(study, trial, search_space, space, propose)
        return {name: value for name, value in params.items() if name in asked}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample a parameter on its own, by the given sampler or uniformly.

        Of some uniform draws, that is, the one that others, with the same parameters so far, had
        least often. A parameter that has several ranges has a proposal for each.
        """
        if self.view.several(param_name):
            proposed = convert.asked(trial, param_name, param_distribution)
            if proposed is not None:
                return proposed
        self._warn_independent(study, trial, param_name)
        if self._independent_sampler is not None:
            return self._independent_sampler.sample_independent(
                study, trial, param_name, param_distribution
            )
        search_space = {**trial.distributions, param_name: param_distribution}
        if not convert.countable(search_space):
            return self._draw(study, trial, param_name, param_distribution)
        space = convert.to_space(search_space, trial.params)
        purpose = _purpose(param_name)

        def propose(history: History, space: Space, number: int, attempt: int) -> Floats:
            X = space.sample(DRAWS, self._generator(number, purpose + attempt))
            often = np.isclose(history.tried[:, None], X, rtol=0).all(axis=2).sum(axis=0)
            return X[[int(np.argmin(often))]]

        return self._claim(study, trial, search_space, space, propose, alone=param_name)[param_name]

    def _draw(
        self, study: Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        """Draw a parameter where hardly any two trials draw the same configuration.

        The first draw that no other trial, with the same parameters so far, had. Nothing is noted:
        a space of a thousand parameters would have a thousand notes for its first trial.
        """
        others, _ = self._others(study, trial, at_once=False)
        rng = self._generator(others.number, _purpose(name))
        parameter = convert.parameter(distribution)
        value = None
        for _ in range(DRAWS):
            u = rng.random(len(trial.distributions) + 1)[-1:]
            value = parameter.from_unit(parameter.snap(u))[0]
            same = {**trial.params, name: value}.items()
            if not any(
                t.params.get(name) == value and same <= t.params.items() for t in others.trials
            ):
                break
        return value

    def _claim(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: Mapping[str, BaseDistribution],
        space: Space,
        propose: Callable[[History, Space, int, int], Floats],
        *,
        alone: str | None = None,
    ) -> dict[str, Any]:
        """Return the parameters of a point that no other worker has, and note them for the others.

        Threads take turns. Processes write their notes before they read those of others, so of two
        with the same point at least the later writer sees it, and asks for another.

        Args:
            study: whose trials have points already.
            trial: the one to find a point for.
            search_space: the distributions of the parameters to find.
            space: the same for the engine.
            propose: returns a point (1, d), given a history, the space, the trial's number and how
                many were proposed before.
            alone: the one parameter that is not fixed, if nothing is known of it beforehand.
        """
        params: dict[str, Any] = {}
        written = convert.written(trial)
        with self._turn:
            for attempt in range(MAX_YIELDS):
                others, done = self._others(study, trial)
                before, forgetful = others.trials, False
                if alone is not None:
                    history = self.view.history(study, before, search_space)
                else:
                    history, space = self.view.of(study, before, search_space, space)
                    forgetful = others.doubtful and exhausted(Task(space, history))
                if forgetful:  # nothing else is left than what may be lost
                    before = others.certain
                    history, space = self.view.of(study, before, search_space, space)
                x = propose(history, space, others.number, attempt)
                params = space.decode(x)[0]
                wanted = params if alone is None else {alone: params[alone]}
                note = convert.noted(trial) | convert.note(wanted, search_space)
                for key, text in convert.attributes(note, written).items():
                    if written.get(key) != text:
                        study._storage.set_trial_system_attr(trial._trial_id, key, text)
                        written[key] = text
                others, _ = self._others(study, trial)
                after = others.certain if forgetful else others.trials
                if not len(history.unseen(x)) or not _raced(
                    x, search_space, before[done:], after[done:], history.key
                ):
                    break
                time.sleep(self._generator(trial.number, attempt).uniform(0, BACKOFF))
        return params

    def _others(
        self, study: Study, trial: FrozenTrial, *, at_once: bool = True
    ) -> tuple[Present, int]:
        """Return the other trials that count, and how many leading ones are finished.

        Those do not change any more.

        Args:
            study: theirs.
            trial: the one.
            at_once: whether they are read now, or may be as they were when the trial began. To read
                them takes a storage long.
        """
        found, done = self._present(study, trial, at_once=at_once)
        return found.without(trial, done), done

    def _present(
        self, study: Study, trial: FrozenTrial, *, at_once: bool = True
    ) -> tuple[Present, int]:
        """Return the same with the trial at hand."""
        trials = study.get_trials(deepcopy=False) if at_once else _as_begun(study)
        done = self._head.finished(trials)
        return present(study, trials, trial, self._stale_after, done), done

    def _generator(self, number: int, purpose: int) -> np.random.Generator:
        """Return a random generator that belongs to one purpose within one trial."""
        return np.random.default_rng((self._settings.seed, number, purpose))

    def settings_for(self, study: Study) -> Settings:
        """Return the settings with the reference point turned to minimisation."""
        point = self._reference_point
        if point is None:
            return self._settings
        m, places = len(study.directions), convert.places(study, point, "reference_point")
        unknown = [key for key in point if key not in places]
        whole = not isinstance(self._given_point, Mapping)
        if unknown or (whole and len(point) != m):
            msg = (
                f"reference_point must hold one value per objective, or name some of them: the "
                f"study has {m} ({list(places)}), got {self._given_point!r}"
            )
            raise ValueError(msg)
        values = np.full(m, np.nan)
        values[[places[key] for key in point]] = list(point.values())
        signs = convert.signs(study.directions)
        names = {j: key if isinstance(key, str) else f"objective {j}" for key, j in places.items()}
        labels = tuple((names[j], float(sign)) for j, sign in enumerate(signs))
        turned = tuple((signs * values).tolist())
        return replace(self._settings, reference_point=turned, labels=labels)

    def _warn_independent(self, study: Study, trial: FrozenTrial, param_name: str) -> None:
        if not self._warn_independent_sampling:
            return
        finished = sum(t.state is TrialState.COMPLETE for t in _as_begun(study))
        if finished >= max(self._settings.n_startup, 1):
            logger.warning(
                "Parameter %r of trial %d is sampled independently, without LaMOO: no trial had "
                "it before under such conditions or in such a range. "
                "warn_independent_sampling=False turns this warning off.",
                param_name,
                trial.number,
            )


def _as_begun(study: Study) -> list[FrozenTrial]:
    """Return the trials as they were when this thread asked for its trial, as Optuna remembers.

    A study that shows only some of them, as under Hyperband, does not remember.
    """
    if type(study) is not Study:
        return study.get_trials(deepcopy=False)
    return study._get_trials(deepcopy=False, use_cache=True)  # noqa: SLF001 - as Optuna's samplers do


def _purpose(name: str) -> int:
    """Return a number that stands for a parameter among a trial's random generators."""
    return zlib.crc32(name.encode())


def _raced(
    x: Floats,
    search_space: Mapping[str, BaseDistribution],
    before: Sequence[FrozenTrial],
    after: Sequence[FrozenTrial],
    key: Callable[[Floats], Ints] | None,
) -> bool:
    """Tell whether a trial that was not finished before is now at the same point (1, d).

    Or at one with the same key.
    """
    # what is still the same object has not changed since, and is in the history
    known = {*map(id, before)}
    fresh = [t for t in after if id(t) not in known]
    if fresh:
        settled = {t._trial_id for t in before if t.state.is_finished()}
        fresh = [t for t in fresh if t._trial_id not in settled]
    points = convert.to_points(search_space, fresh)
    same = key is not None and len(points) > 0 and np.isin(key(x), key(points)).any()
    return bool(same or rows_in(x, points).any())


def _check_kind(name: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds):
        expected = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
        msg = f"{name} must be {expected}, got {value!r}"
        raise ValueError(msg)  # noqa: TRY004  one kind of error for a wrong argument


def _check_seed(seed: object) -> None:
    if seed is not None and not (isinstance(seed, Integral) and int(seed) >= 0):
        msg = f"seed must be a non-negative int or None, got {seed!r}"
        raise ValueError(msg)


def _check_stale_after(stale_after: object) -> None:
    fine = isinstance(stale_after, Real) and float(stale_after) >= 0  # which NaN is not
    if not (stale_after is None or fine):
        msg = f"stale_after must be a number of seconds, at least 0, or None, got {stale_after!r}"
        raise ValueError(msg)


def _checked_point(point: object) -> dict[int | str, float] | None:
    """Return a reference point as floats by index or metric name."""
    if point is None:
        return None
    if isinstance(point, Mapping):
        named: dict[Any, Any] = dict(point)
    else:
        named = dict(enumerate(point)) if isinstance(point, Iterable) else {}
    fine = all(isinstance(v, Real) and math.isfinite(v) for v in named.values())
    if not named or not fine or not all(isinstance(key, int | str) for key in named):
        msg = (
            "reference_point must be a sequence of one finite number per objective, or map "
            f"metric names or indices to them, got {point!r}"
        )
        raise ValueError(msg)
    return {key: float(value) for key, value in named.items()}


def _checked_space(search_space: object) -> dict[str, BaseDistribution]:
    """Return the distributions that leave a choice."""
    given = {} if search_space is None else search_space
    if not isinstance(given, Mapping) or not all(
        isinstance(d, BaseDistribution) for d in given.values()
    ):
        msg = f"search_space must map names to optuna distributions or be None, got {given!r}"
        raise ValueError(msg)
    return {name: d for name, d in given.items() if not d.single()}


def _with(Y: Floats, values: Sequence[float] | None) -> Floats:
    """Return observations (n, m) with those of the trial at hand, if it has some."""
    return Y if values is None else np.concatenate([Y, np.reshape(values, (1, Y.shape[1]))])


def _stop(study: Study) -> None:
    """Stop a study that has nothing left, and say so once.

    Whoever asks and tells has no loop that could be stopped, and is told what comes.
    """
    said = getattr(study, "_stop_flag", False)
    try:
        study.stop()
    except (RuntimeError, AttributeError):
        _warn_once(
            study.study_name,
            "every configuration was tried. Whoever asks and tells must stop by themselves: what "
            "is asked for now has been tried before",
        )
    else:
        if not said:
            logger.warning(
                "Study %r: every configuration was tried; stopping it.", study.study_name
            )


def _warn_of_equal_choices(study_name: str, name: str, distribution: BaseDistribution) -> None:
    pairs = convert.merged(distribution)
    if pairs:
        never = ", ".join(f"{choice!r} (for {first!r})" for choice, first in pairs[:5])
        _warn_once(
            study_name,
            f"Optuna takes some choices of {name!r} for equal and would store another one than was "
            f"tried, so these are never tried: {never}. Choose between strings, and look up in a "
            "dictionary what each stands for.",
        )


@lru_cache(maxsize=256)
def _warn_once(study_name: str, message: str) -> None:
    logger.warning("Study %r: %s", study_name, message)
