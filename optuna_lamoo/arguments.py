"""Checks of the sampler's arguments: whatever is wrong is told before any trial is lost."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.distributions import BaseDistribution
from optuna.study import Study

from lamoo.checks import check, is_number


def check_study(study: object) -> None:
    """Check that an argument is a study."""
    expected = "one of optuna.create_study or load_study"
    check("study", study, expected, fine=isinstance(study, Study))


def check_stale_after(stale_after: object) -> None:
    """Check that it is a number of seconds, or none."""
    fine = stale_after is None or is_number(stale_after, 0)
    check("stale_after", stale_after, "a number of seconds, at least 0, or None", fine=fine)


def checked_space(search_space: object) -> dict[str, BaseDistribution]:
    """Return the distributions that leave a choice."""
    given = {} if search_space is None else search_space
    if not isinstance(given, Mapping) or not all(
        isinstance(d, BaseDistribution) for d in given.values()
    ):
        msg = f"search_space must map names to optuna distributions or be None, got {given!r}"
        raise ValueError(msg)
    return {name: d for name, d in given.items() if not d.single()}
