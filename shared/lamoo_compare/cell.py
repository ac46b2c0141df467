"""One sampler with one seed: a study that is kept on disk trial by trial."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo_compare.budget import Budget, costs, full_trainings, needed, trained
from lamoo_compare.errors import CompareError
from lamoo_compare.files import alone, is_json
from lamoo_compare.problems import Direction, Problem
from lamoo_compare.program import check
from lamoo_compare.samplers import make_pruner, make_sampler, program_of
from lamoo_compare.target import Target, checked, is_failed, load_target, without_arguments
from optuna_lamoo import LaMOOSampler

#: Where a trial holds the CPU seconds that its sampler took for it.
ASK = "lamoo_compare:ask_cpu_seconds"
#: Where a trial holds what its sampler warned of.
WARNED = "lamoo_compare:warnings"
#: Where a trial that reported holds for how many epochs it trained.
EPOCHS = "lamoo_compare:epochs"
#: Where a failed trial says why.
WHY = "lamoo_compare:error"
#: After so many seconds a journal's lock was left by a process that was killed: writing takes less.
GRACE = 3
#: So many failures and no success from the start on: the objective always fails.
HOPELESS = 10


@dataclass(frozen=True)
class Cell:
    """One run.

    Args:
        source: the objective, see :func:`lamoo_compare.target.load_target`.
        directions: one per objective, ``None`` for the file's own.
        sampler: name or factory, and the rule that stops its trials, if any.
        seed: of the sampler.
        trials: how many are wanted.
        folder: where the comparison is kept.
        workers: how many trials run at a time: so many are asked for before the first is told,
            then the oldest is told and a new one asked for.
        budget: with ``"epochs"`` the run goes on until it has had the epochs of so many trials.
    """

    source: str
    directions: tuple[str, ...] | None
    sampler: str
    seed: int
    trials: int
    folder: Path
    workers: int = 1
    budget: Budget = "trials"

    @property
    def name(self) -> str:
        """The cell in words."""
        return f"{self.sampler}, seed {self.seed}"

    @property
    def journal(self) -> Path:
        """The file that holds its trials: an Optuna journal storage with one study, ``run``."""
        safe = re.sub(r"[^\w.+-]+", "-", self.sampler)
        workers = f"_w{self.workers}" if self.workers > 1 else ""
        return self.folder / "runs" / f"{safe}_{self.seed}{workers}.journal"

    @property
    def failure(self) -> Path:
        """The file that says why it could not be finished, absent if it could."""
        return self.journal.with_suffix(".error")


class SamplerError(Exception):
    """A sampler raised; the cell cannot go on."""


class Watched(BaseSampler):
    """A sampler whose CPU time is measured and whose errors are told from the objective's.

    What it warns of or logs as a warning is collected, and not printed once per trial.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        """Start the clock at zero."""
        self.sampler = sampler
        self.seconds = 0.0
        self.warned: list[str] = []

    def taken(self) -> tuple[float, list[str]]:
        """Return the CPU seconds and the warnings since this was called last."""
        taken = self.seconds, self.warned
        self.seconds, self.warned = 0.0, []
        return taken

    def _call(self, method: Callable[..., Any], *args: Any) -> Any:
        start = time.process_time()
        try:
            with _collected(self.warned):
                return method(*args)
        except Exception as error:
            raise SamplerError(f"{type(error).__name__}: {error}") from error
        finally:
            self.seconds += time.process_time() - start

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Pass it on."""
        space: dict[str, BaseDistribution] = self._call(
            self.sampler.infer_relative_search_space, study, trial
        )
        return space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Pass it on."""
        params: dict[str, Any] = self._call(
            self.sampler.sample_relative, study, trial, search_space
        )
        return params

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Pass it on."""
        return self._call(
            self.sampler.sample_independent, study, trial, param_name, param_distribution
        )

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Pass it on."""
        self._call(self.sampler.before_trial, study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Pass it on."""
        self._call(self.sampler.after_trial, study, trial, state, values)

    def reseed_rng(self) -> None:
        """Pass it on."""
        self.sampler.reseed_rng()


class _Collector(logging.Handler):
    """Keeps the messages that are logged as warnings or errors."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _collected(messages: list[str]) -> Iterator[None]:
    """Append what is warned of and logged meanwhile to a list, in place of printing it."""
    handler = _Collector(messages)
    # Optuna's logger passes nothing on to the root
    loggers = [logging.getLogger(), logging.getLogger("optuna")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        messages += [f"{each.category.__name__}: {each.message}" for each in caught]


@dataclass(frozen=True)
class Outcome:
    """A trial that was run and not yet told.

    Args:
        trial: which.
        state: how it ended.
        values: what it gave, ``None`` unless it is complete.
        why: the reason if it failed.
        epochs: for how many it trained, as far as it reported.
        seconds: CPU seconds that the sampler took for it so far.
        warned: what the sampler warned of.
    """

    trial: optuna.Trial
    state: TrialState
    values: list[float] | None
    why: str
    epochs: int = 0
    seconds: float = 0.0
    warned: Sequence[str] = ()


def run(
    cell: Cell,
    progress: Callable[[int], None] = lambda _: None,
    waiting: Callable[[], None] = lambda: None,
) -> None:
    """Run the trials that a cell still misses; each is on disk before the next begins.

    The search itself is in memory, so that the samplers' times are not the storage's.

    Args:
        cell: which.
        progress: called at the start and after each trial with how many of the cell's trials, or
            of the full trainings that they cost, have finished.
        waiting: called if another process runs the same cell, whose end is waited for.

    Raises:
        CompareError: if the objective cannot be used, see :func:`lamoo_compare.target.checked`, or
            was edited, see :func:`lamoo_compare.program.check`.
        SamplerError: if the sampler raised.
    """
    target = load_target(cell.source, cell.directions, cell.seed)
    # it may have been edited while other cells ran
    check(cell.folder, cell.source, target.program)
    check(cell.folder, cell.sampler, program_of(cell.sampler))
    optuna.logging.disable_default_handler()
    cell.journal.parent.mkdir(parents=True, exist_ok=True)
    with alone(cell.journal.with_suffix(".lock"), waiting):
        _run(cell, target, progress)


def _run(cell: Cell, target: Target, progress: Callable[[int], None]) -> None:
    """Run the trials that a cell still misses, while nobody else does."""
    kept = _study_of(cell.journal.absolute(), target.directions)
    done = kept.get_trials(deepcopy=False)
    study, sampler = _in_memory(cell, target, done)
    succeeded = any(trial.state != TrialState.FAIL for trial in done)
    epochs = [*map(epochs_of, done)]  # and of those that are running
    finished = len(done)
    progress(_paid(epochs, cell))
    running: deque[Outcome] = deque()
    with chdir(target.folder):
        while running or _paid(epochs, cell) < cell.trials:
            while len(running) < cell.workers and _paid(epochs, cell) < cell.trials:
                outcome = _evaluate(study, target, cell.source)
                seconds, warned = sampler.taken()
                running.append(replace(outcome, seconds=seconds, warned=warned))
                epochs.append(outcome.epochs)
                _check_reports(epochs, outcome, cell)
            outcome = running.popleft()
            study.tell(outcome.trial, outcome.values, state=outcome.state)
            kept.add_trial(_noted(study, outcome, *sampler.taken()))
            finished += 1
            progress(_paid(epochs[:finished], cell))
            succeeded |= outcome.state != TrialState.FAIL
            if not succeeded and finished >= min(HOPELESS, cell.trials):
                raise CompareError(
                    f"{cell.source}: all of the first {finished} trials failed: {outcome.why}"
                )


def _in_memory(cell: Cell, target: Target, done: Sequence[FrozenTrial]) -> tuple[Study, Watched]:
    """Return a study in memory that has some of a cell's trials already, and its sampler."""
    seed = seed_after(cell, len(done), target.problem)
    sampler = Watched(make_sampler(cell.sampler, seed, target.problem))
    study = optuna.create_study(
        directions=target.directions, sampler=sampler, pruner=make_pruner(cell.sampler)
    )
    if target.metric_names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(target.metric_names))
    study.add_trials(done)
    return study, sampler


def _paid(epochs: Sequence[int], cell: Cell) -> int:
    """Return how many of a cell's trials, or full trainings, have been paid for."""
    return int(full_trainings(costs(epochs, cell.budget))[-1]) if epochs else 0


def _check_reports(epochs: Sequence[int], outcome: Outcome, cell: Cell) -> None:
    """Raise an error where epochs are to be counted, and a whole training reported none."""
    if cell.budget == "epochs" and outcome.state == TrialState.COMPLETE and not any(epochs):
        raise CompareError(
            f"{cell.source}: epochs are counted by what a trial reports, and trial "
            f"{outcome.trial.number} ended without a report: in the objective write "
            "trial = optuna_lamoo.track(trial), and after each epoch trial.report(values, epoch)"
        )


def _noted(study: Study, outcome: Outcome, seconds: float, warned: Sequence[str]) -> FrozenTrial:
    """Return a trial that was told, with notes of what its sampler took and said.

    What the objective noted there is kept as far as a file can hold it: not a model, say.

    Raises:
        CompareError: if a parameter has choices that no file can hold.
    """
    trial = copy(study.get_trials(deepcopy=False)[outcome.trial.number])
    for name, distribution in trial.distributions.items():
        choices = getattr(distribution, "choices", ())
        if not is_json(choices):
            raise CompareError(
                f"the choices of {name!r} cannot be kept in a file, {choices!r}: choose between "
                "texts or numbers, and look up in the objective what they stand for"
            )
    trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if is_json(value)}
    trial.user_attrs[ASK] = outcome.seconds + seconds
    if said := [*outcome.warned, *warned]:
        trial.user_attrs[WARNED] = said
    if outcome.epochs:
        trial.user_attrs[EPOCHS] = outcome.epochs
    if outcome.why:
        trial.user_attrs[WHY] = outcome.why
    return trial


def seed_after(cell: Cell, done: int, problem: Problem | None = None) -> int:
    """Return the seed for a cell that has some trials already.

    A sampler that draws from a stream would begin it anew and repeat what it drew, so it gets
    another one. LaMOO's choices are a function of the seed and the trial's number: it goes on as if
    nothing had happened.
    """
    stateless = isinstance(make_sampler(cell.sampler, cell.seed, problem), LaMOOSampler)
    if not done or stateless:
        return cell.seed
    return int(np.random.SeedSequence((cell.seed, done)).generate_state(1)[0] >> 1)


def _evaluate(study: Study, target: Target, source: str) -> Outcome:
    """Run one trial as ``study.optimize`` would, without telling how it ended."""
    trial = study.ask()
    outcome = _outcome(trial, target, source)
    frozen = study.get_trials(deepcopy=False)[trial.number]
    return replace(outcome, epochs=trained(frozen, len(target.directions)))


def _outcome(trial: optuna.Trial, target: Target, source: str) -> Outcome:
    try:
        with warnings.catch_warnings(), without_arguments(source):
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            returned = target.objective(trial)
    except optuna.TrialPruned:
        return Outcome(trial, TrialState.PRUNED, None, "")
    except SamplerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever an objective raises
        return Outcome(trial, TrialState.FAIL, None, f"{type(error).__name__}: {error}")
    values = checked(returned, target, source)
    if is_failed(values):
        return Outcome(trial, TrialState.FAIL, None, f"it returned {values}")
    return Outcome(trial, TrialState.COMPLETE, values, "")


def _study_of(journal: Path, directions: Sequence[Direction]) -> Study:
    _mend(journal)
    storage = _open(journal)
    return optuna.create_study(
        storage=storage, study_name="run", directions=list(directions), load_if_exists=True
    )


def _open(journal: Path) -> JournalStorage:
    # Optuna's other lock is a link. Where it leads nowhere (a relative path, no journal yet), who
    # waits for a process that was killed waits for ever
    lock = JournalFileOpenLock(str(journal), grace_period=GRACE)
    try:
        return JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))
    except ValueError as error:  # JSON's and Optuna's
        raise CompareError(f"{journal} is damaged ({error}): remove it to run it again") from error


def _mend(journal: Path) -> None:
    """Make the file, or cut off half a line of a process that was killed while it wrote.

    Optuna reads over it, but what was written behind it would be lost with it.
    """
    journal.touch()
    with journal.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def trials_of(cell: Cell) -> list[FrozenTrial]:
    """Return the finished trials that a cell has on disk, no more than it wants."""
    if not cell.journal.exists():
        return []
    storage = _open(cell.journal)
    studies = storage.get_all_studies()
    if not studies:
        return []
    found = storage.get_all_trials(studies[0]._study_id, deepcopy=False)
    return found[: needed(costs([*map(epochs_of, found)], cell.budget), cell.trials)]


def epochs_of(trial: FrozenTrial) -> int:
    """Return for how many epochs a kept trial trained, 0 if it reported nothing."""
    return int(trial.user_attrs.get(EPOCHS, 0))


def is_done(cell: Cell) -> bool:
    """Tell whether all trials of a cell are on disk."""
    return _paid([*map(epochs_of, trials_of(cell))], cell) >= cell.trials
