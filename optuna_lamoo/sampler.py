"""The Optuna sampler: converts the study's trials, asks the engine, converts back."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import NothingAllowed, Partition, Settings, Task, suggest
from lamoo.arrays import Floats
from lamoo.checks import check_callable, check_kind, check_whole
from lamoo.search import beginning
from lamoo.solvers import Solver
from lamoo.space.answers import Asked
from lamoo.space.prior import Prior
from optuna_lamoo import columns, distributions, exhaustion, notes, objectives
from optuna_lamoo.arguments import check_stale_after, checked_space
from optuna_lamoo.base import base_of
from optuna_lamoo.claims import Begun, Claims, Propose, as_begun, generator
from optuna_lamoo.messages import logger, warn_of_equal_choices, warn_once
from optuna_lamoo.objectives import ReferencePoint
from optuna_lamoo.sources import sources_of
from optuna_lamoo.view import View

#: How often a worker that gives way to others asks for the best again. After that it steps out of
#: their way, to a random place.
STUBBORN_YIELDS = 4
#: How many values are drawn for a parameter on its own, to find one that was tried least.
DRAWS = 32
#: Trials at the start that are spread over the space, and over the known objectives.
STARTUP, STARTUP_KNOWN = 10, 5


class LaMOOSampler(BaseSampler):
    """Multi-objective sampler that learns partitions of the search space.

    LaMOO (Zhao et al., "Multi-objective Optimization by Learning Space Partitions", ICLR 2022)
    grows a tree of regions from the finished trials, chooses a promising leaf by UCB on
    hypervolume and lets a solver propose inside it. The sampler keeps no state: what it suggests
    is a function of the seed, the trial's number and the trials in the storage. So seeded runs
    repeat exactly, also after a stop and resume, and workers share nothing but the storage.
    Trials that were running when their worker was killed are left out, see ``stale_after``.

    It handles any number of objectives in any direction, every distribution, conditional search
    spaces, constraints set with ``trial.set_constraint`` or by ``constraints_func``, enqueued and
    partially fixed trials, and failed, pruned or infinite results. A configuration of a discrete
    space is not repeated while untried ones are left, unless ``reevaluate`` asks for it.

    Args:
        seed: of all random choices; ``None`` draws one.
        n_startup_trials: finished trials spread evenly over the space before anything is learned;
            by default 10, or 5 where objectives are known. With ``"gp"`` and ``"gp-fast"``
            twice as many do that were stopped early after reports, but for two.
        solver: one that :mod:`lamoo.solvers` describes, ``"gp"`` (the fewest trials),
            ``"gp-fast"``, ``"evolutionary"`` (the cheapest proposals), ``"cma"``, ``"botorch"`` or
            ``"random"``; or a :class:`lamoo.solvers.Solver`, such as
            ``botorch_solver(device="cuda")`` of there.
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
            many dictionaries at once. This and the other functions are asked about what the
            objective would ask for, as far as the trials tell; a ``KeyError`` for a parameter that
            is not there means that the answer is unknown.
        features: a function of the parameter dictionary that returns numbers which help to predict
            the other objectives (an architecture's depth, counts of its operations).
        known_constraints: functions of the parameter dictionary that must be at most 0. No trial
            is spent where one is not (but see ``search_space``). A truth value is refused: for
            ``x < 2`` return ``x - 2``. Where none is found that keeps them, a trial raises
            :class:`lamoo.NothingAllowed` and the study ends.
        canonical: a function of the parameter dictionary that returns the same key (anything
            hashable) for configurations that are really the same; one of them is tried.
        constraints_func: a function of a finished trial that returns its constraint values, at most
            0 where they are kept, as Optuna's own samplers take it: for what is measured, when
            ``trial.set_constraint`` is not there (Optuna 4.8) or a program was written without.
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
            parameter is sampled independently, once for each; for those that no trial had before,
            as in a branch that is entered for the first time, once in all.

    Raises:
        ValueError: if an argument is outside what is listed here; on the first suggestion, if
            the reference point or a known objective is not one of the study's; when more trials
            report another value than the known one (by more than a millionth) than report that.
        RuntimeError: if one of the given functions raises or returns what it must not: before the
            first trial runs, where ``search_space`` tells what it will be asked about.

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
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        search_space: Mapping[str, BaseDistribution] | None = None,
        warm_start: Study | Any | Sequence[Study | Any] | None = None,
        reevaluate: int | None = None,
        stop_when_exhausted: bool = True,
        stale_after: float | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        """Check the arguments."""
        check_whole("seed", seed, 0, optional=True)
        check_whole("n_startup_trials", n_startup_trials, 0, optional=True)
        check_kind("solver", solver, str, Solver)
        check_kind("partition", partition, Partition, type(None))
        check_kind("independent_sampler", independent_sampler, BaseSampler, type(None))
        check_whole("reevaluate", reevaluate, 2, optional=True)
        check_kind("stop_when_exhausted", stop_when_exhausted, bool)
        check_stale_after(stale_after)
        check_kind("warn_independent_sampling", warn_independent_sampling, bool)
        check_callable("constraints_func", constraints_func)
        self.view = View(
            Prior(
                {} if known_objectives is None else known_objectives,
                features,
                () if known_constraints is None else known_constraints,
                canonical,
            ),
            sources_of(warm_start),
            checked_space(search_space),
        )
        if n_startup_trials is None:
            n_startup_trials = STARTUP_KNOWN if self.view.functions.objectives else STARTUP
        self._reference_point = ReferencePoint.given(reference_point)
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
        self._constraints_func = constraints_func
        self._stop_when_exhausted = stop_when_exhausted
        self._stale_after = stale_after
        self._independent_sampler = independent_sampler
        self._warn_independent_sampling = warn_independent_sampling
        # studies, of which something was told or looked at already
        self._start_anew()

    def _start_anew(self) -> None:
        """Forget what only saves time, and what was said."""
        self._claims = Claims(self.view, self._stale_after, self._settings.seed)
        # names of studies whose users were told that the start is over, and of misspelt parameters
        self._announced: set[str] = set()
        self._compared: set[str] = set()
        # name of a study, and of a parameter whose independent sampling was told, None for new ones
        self._warned: set[tuple[str, str | None]] = set()
        # parameters that some trial failed to be given
        self._refused: frozenset[str] = frozenset()

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the lock, which a copy does not share, and what it need not remember."""
        passing = {"_claims", "_announced", "_compared", "_warned", "_refused"}
        return {name: value for name, value in vars(self).items() if name not in passing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy with a lock of its own."""
        vars(self).update(state)
        self._start_anew()

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
            ValueError: if a known objective is not what most trials reported, or
                ``constraints_func`` returns anything but numbers.
        """
        if self._constraints_func is not None and state != TrialState.FAIL:
            objectives.record_constraints(self._constraints_func, study, trial)
        if state == TrialState.COMPLETE:
            self._compare_names(study, trial)
        if trial.distributions and all(d.single() for d in trial.distributions.values()):
            warn_once(study.study_name, "every parameter has a single value: nothing to search")
        for name, distribution in trial.distributions.items():
            warn_of_equal_choices(study.study_name, name, distribution)
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)
        # a trial of endlessly many configurations spares a look at all the others
        if self._stop_when_exhausted and distributions.countable(trial.distributions):
            complete = values if state == TrialState.COMPLETE else None
            snapshot = self._claims.snapshot(study, trial)
            if exhaustion.nothing_left(self.view, study, trial, snapshot, complete):
                exhaustion.stop(study)
        if state == TrialState.COMPLETE and values is not None:
            for sentence in self.view.contradictions(study, trial, values):
                logger.warning("Study %r: %s", study.study_name, sentence)

    def infer_relative_search_space(
        self,
        study: Study,
        trial: FrozenTrial,
    ) -> dict[str, BaseDistribution]:
        """Return every parameter that some trial of the study had and that leaves a choice.

        Left out are those that wait for the objective's own distribution: :meth:`sample_relative`
        proposes a value for them, too, and :meth:`sample_independent` hands it out.
        """
        begun = self._claims.begin(study, trial)
        known, waiting = begun.search_space, self._waiting(begun)
        return {name: d for name, d in known.items() if name not in waiting}

    def _waiting(self, begun: Begun) -> frozenset[str]:
        """Return the parameters that are handed out only when the objective asks for them.

        Those of which only the storage's copy of the choices is known so far, and those of which a
        trial may have failed to be given (:func:`optuna_lamoo.notes.refused`).
        """
        refused = notes.refused(begun.others.trials) & begun.search_space.keys()
        self._refused |= refused
        return self.view.unmet(begun.search_space) | refused

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the engine for a point in all parameters that are not fixed."""
        settings = self.settings_for(study)
        begun = self._claims.begun(study, trial)
        known = begun.search_space
        # nobody asks for what is held, but what trials had for it tells configurations apart
        held = columns.possible(notes.held(study.sampler), known)
        asked, later = search_space.keys(), self._waiting(begun) - held.keys()
        if not asked and not later:
            logger.debug(
                "Study %r: trial %d has no parameter yet that is known: each is drawn on its own",
                study.study_name,
                trial.number,
            )
            return {}
        if held or later:
            wanted, both = {*asked, *held, *later}, {**known, **search_space}
            search_space = {name: both[name] for name in sorted(both) if name in wanted}
        if self._base is not None:
            settings = replace(settings, solver=self._base.solver(search_space))
        fixed = {**notes.enqueued(trial, search_space), **held, **trial.params}
        space, propose = columns.to_space(search_space, fixed), self._proposing(study, settings)
        began = time.perf_counter()
        try:
            params = self._claims.claim(study, trial, search_space, space, propose)
        except NothingAllowed:
            exhaustion.end(study)  # the others would only fail, too, where failures are caught
            raise
        logger.debug(
            "Study %r: trial %d gets %s, after %.3f s",
            study.study_name,
            trial.number,
            params,
            time.perf_counter() - began,
        )
        return {name: value for name, value in params.items() if name in asked}

    def _proposing(self, study: Study, settings: Settings) -> Propose:
        """Return what asks the engine for a point, again for whoever gave way to another worker."""

        def propose(task: Task, number: int, attempt: int) -> Floats:
            stubborn = attempt < STUBBORN_YIELDS
            wanted = settings if stubborn else replace(settings, solver="random")
            task = replace(task, settings=wanted)
            x = suggest(task, 1, generator(settings.seed, number, attempt))
            self._announce(study, task)
            return x

        return propose

    def _compare_names(self, study: Study, trial: FrozenTrial) -> None:
        """Warn of names in ``search_space`` that look mistyped, at a study's first trial."""
        if study.study_name not in self._compared:
            self._compared.add(study.study_name)
            for sentence in self.view.misnamed(trial):
                warn_once(study.study_name, sentence)

    def _announce(self, study: Study, task: Task) -> None:
        """Tell once of each study that the start is over."""
        if self._to_announce(study) and (text := beginning(task)) is not None:
            self._announced.add(study.study_name)
            logger.info("Study %r: %s", study.study_name, text)

    def _to_announce(self, study: Study) -> bool:
        """Tell whether it is still to be told of a study that the start is over."""
        return study.study_name not in self._announced and logger.isEnabledFor(logging.INFO)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Sample a parameter on its own, by the given sampler or uniformly.

        Of some uniform draws, that is, the one that others, with the same parameters so far, had
        least often. One that waited for its own distribution, or that has several ranges, has a
        proposal.
        """
        met = self.view.meet(param_name, param_distribution)
        if met or param_name in self._refused or self.view.several(param_name):
            proposed = notes.asked(trial, param_name, param_distribution)
            if proposed:
                return proposed[param_name]
        self._warn_independent(study, trial, param_name)
        if self._independent_sampler is not None:
            return self._independent_sampler.sample_independent(
                study, trial, param_name, param_distribution
            )
        search_space = {**trial.distributions, param_name: param_distribution}
        if not distributions.countable(search_space):
            return self._draw(study, trial, param_name, param_distribution)
        space = columns.to_space(search_space, trial.params)
        seed, purpose = self._settings.seed, _purpose(param_name)

        def propose(task: Task, number: int, attempt: int) -> Floats:
            X = task.space.sample(DRAWS, generator(seed, number, purpose + attempt))
            often = np.isclose(task.history.tried[:, None], X, rtol=0).all(axis=2).sum(axis=0)
            return X[[int(np.argmin(often))]]

        found = self._claims.claim(study, trial, search_space, space, propose, alone=param_name)
        return found[param_name]

    def _draw(
        self, study: Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        """Draw a parameter where hardly any two trials draw the same configuration.

        The first draw that no other trial, with the same parameters so far, had. Nothing is noted:
        a space of a thousand parameters would have a thousand notes for its first trial.
        """
        others = self._claims.snapshot(study, trial, at_once=False).without(trial)
        rng = generator(self._settings.seed, others.number, _purpose(name))
        parameter = distributions.parameter(distribution)
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

    def settings_for(self, study: Study) -> Settings:
        """Return the settings with the reference point turned to minimisation."""
        if self._reference_point is None:
            named = logger.isEnabledFor(logging.DEBUG) or self._to_announce(study)
            return replace(self._settings, labels=objectives.labels(study, named=named))
        values, labels = self._reference_point.turned(study)
        return replace(self._settings, reference_point=values, labels=labels)

    def _warn_independent(self, study: Study, trial: FrozenTrial, param_name: str) -> None:
        """Warn of each parameter once, and once in a study of what is new in it.

        A program that has branches asks for something new now and then, which is no fault. One
        whose names change from trial to trial does so always.
        """
        if not self._warn_independent_sampling:
            return
        trials = as_begun(study)
        finished = sum(t.state is TrialState.COMPLETE for t in trials)
        if finished < max(self._settings.n_startup, 1):
            return
        known = any(param_name in t.params for t in trials)
        about = study.study_name, param_name if known else None
        if about in self._warned:
            return
        self._warned.add(about)
        why = (
            "no trial had it before under such conditions or in such a range. This is said once of "
            "each parameter;"
            if known
            else "no trial had it before. It is searched from now on. This is said once of what is "
            "new in a study; search_space= tells beforehand what there is, and"
        )
        logger.warning(
            "Parameter %r of trial %d is sampled independently, without LaMOO: %s "
            "warn_independent_sampling=False turns this warning off.",
            param_name,
            trial.number,
            why,
        )


def _purpose(name: str) -> int:
    """Return a number that stands for a parameter among a trial's random generators."""
    return zlib.crc32(name.encode())
