"""The file that keeps a run trial by trial, an Optuna journal, and what is noted there of each."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study
from optuna.trial import FrozenTrial

from lamoo_compare.errors import CompareError
from lamoo_compare.files import is_json
from lamoo_compare.problems import Direction

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


@dataclass(frozen=True)
class Notes:
    """What is kept of a trial beside what Optuna keeps.

    Args:
        ask: CPU seconds that the sampler took for it.
        warned: what the sampler warned of.
        epochs: for how many it trained, 0 if it reported nothing.
        why: the reason if it failed, else empty.
    """

    ask: float
    warned: Sequence[str]
    epochs: int
    why: str


def noted(trial: FrozenTrial, notes: Notes) -> FrozenTrial:
    """Return a trial that was told as it is kept, with notes.

    What the objective noted there is kept as far as a file can hold it: not a model, say.

    Raises:
        CompareError: if a parameter has choices that no file can hold.
    """
    trial = copy(trial)
    for name, distribution in trial.distributions.items():
        choices = getattr(distribution, "choices", ())
        if not is_json(choices):
            raise CompareError(
                f"the choices of {name!r} cannot be kept in a file, {choices!r}: choose between "
                "texts or numbers, and look up in the objective what they stand for"
            )
    trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if is_json(value)}
    trial.user_attrs[ASK] = notes.ask
    if notes.warned:
        trial.user_attrs[WARNED] = [*notes.warned]
    if notes.epochs:
        trial.user_attrs[EPOCHS] = notes.epochs
    if notes.why:
        trial.user_attrs[WHY] = notes.why
    return trial


def epochs_of(trial: FrozenTrial) -> int:
    """Return for how many epochs a kept trial trained, 0 if it reported nothing."""
    return int(trial.user_attrs.get(EPOCHS, 0))


def study_of(journal: Path, directions: Sequence[Direction]) -> Study:
    """Return the study that a journal keeps, made if it is not there.

    Raises:
        CompareError: if the file is damaged.
    """
    _mend(journal)
    storage = _opened(journal)
    return optuna.create_study(
        storage=storage, study_name="run", directions=list(directions), load_if_exists=True
    )


def kept_trials(journal: Path) -> list[FrozenTrial]:
    """Return the trials that a journal keeps, none if there is no such file.

    Raises:
        CompareError: if the file is damaged.
    """
    if not journal.exists():
        return []
    storage = _opened(journal)
    studies = storage.get_all_studies()
    return storage.get_all_trials(studies[0]._study_id, deepcopy=False) if studies else []


def _opened(journal: Path) -> JournalStorage:
    """Return the storage of a journal that is there, see :func:`kept_trials` for the error."""
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
