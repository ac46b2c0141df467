"""Warnings that a study's users get once, in Optuna's own log."""

from __future__ import annotations

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import TrialState

from lamoo import task
from optuna_lamoo.distributions import merged

# Below "optuna", so that its handler and optuna.logging.set_verbosity apply.
logger = optuna.logging.get_logger("optuna.lamoo")


def warn_once(study_name: str, message: str) -> None:
    """Warn of something about a study, unless it was said already."""
    task.warn_once(logger, f"Study {study_name!r}: {message}")


def warn_of_equal_choices(study_name: str, name: str, distribution: BaseDistribution) -> None:
    """Say which choices of a parameter are never tried, since Optuna would store others."""
    pairs = merged(distribution)
    if pairs:
        never = ", ".join(f"{choice!r} (for {first!r})" for choice, first in pairs[:5])
        warn_once(
            study_name,
            f"Optuna takes some choices of {name!r} for equal and would store another one than was "
            f"tried, so these are never tried: {never}. Choose between strings, and look up in a "
            "dictionary what each stands for.",
        )


def without_values(study: Study) -> str:
    """Return what is said of a study none of whose trials has values."""
    lost = [
        f"{len(found)} {how}"
        for state, how in ((TrialState.FAIL, "failed"), (TrialState.PRUNED, "pruned"))
        if (found := study.get_trials(deepcopy=False, states=(state,)))
    ]
    if not lost:
        return f"study {study.study_name!r} has no finished trial yet: run some first"
    return f"study {study.study_name!r} has no trial with values: {' and '.join(lost)}"
