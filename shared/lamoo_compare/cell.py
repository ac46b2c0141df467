"""One sampler with one seed: a study that is kept on disk trial by trial."""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo_compare.budget import Budget, costs, full_trainings, needed, trained
from lamoo_compare.errors import CompareError
from lamoo_compare.files import alone
from lamoo_compare.journal import Notes, epochs_of, kept_trials, noted, study_of
from lamoo_compare.problems import Problem
from lamoo_compare.program import check
from lamoo_compare.samplers import make_pruner, make_sampler, program_of
from lamoo_compare.target import Target, checked, is_failed, load_target, without_arguments
from lamoo_compare.watched import SamplerError, Watched
from optuna_lamoo import LaMOOSampler

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
    kept = study_of(cell.journal.absolute(), target.directions)
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
            kept.add_trial(_told(study, outcome, *sampler.taken()))
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


def _told(study: Study, outcome: Outcome, seconds: float, warned: Sequence[str]) -> FrozenTrial:
    """Return a trial that was told, as it is kept; the sampler took and said that in being told."""
    trial = study.get_trials(deepcopy=False)[outcome.trial.number]
    said = [*outcome.warned, *warned]
    return noted(trial, Notes(outcome.seconds + seconds, said, outcome.epochs, outcome.why))


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


def trials_of(cell: Cell) -> list[FrozenTrial]:
    """Return the finished trials that a cell has on disk, no more than it wants."""
    found = kept_trials(cell.journal)
    return found[: needed(costs([*map(epochs_of, found)], cell.budget), cell.trials)]


def is_done(cell: Cell) -> bool:
    """Tell whether all trials of a cell are on disk."""
    return _paid([*map(epochs_of, trials_of(cell))], cell) >= cell.trials
