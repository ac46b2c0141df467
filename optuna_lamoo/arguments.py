"""Checks of the sampler's arguments: whatever is wrong is told before any trial is lost."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.distributions import BaseDistribution
from optuna.study import Study

from lamoo.arrays import is_number, is_whole


def check_kind(name: str, value: object, *kinds: type) -> None:
    """Check that an argument is of one of some types; ``type(None)`` stands for ``None``."""
    if not isinstance(value, kinds):
        expected = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
        msg = f"{name} must be {expected}, got {value!r}"
        raise ValueError(msg)


def check_callable(name: str, value: object) -> None:
    """Check that an argument is a function, or none."""
    if value is not None and not callable(value):
        msg = f"{name} must be a function or None, got {value!r}"
        raise ValueError(msg)


def check_whole(name: str, value: object, least: int) -> None:
    """Check that an argument is a whole number, at least the least that will do, or none."""
    if value is not None and not is_whole(value, least):
        msg = f"{name} must be at least {least}, a whole number, or None, got {value!r}"
        raise ValueError(msg)


def check_study(study: object) -> None:
    """Check that an argument is a study."""
    if not isinstance(study, Study):
        msg = f"study must be one of optuna.create_study or load_study, got {study!r}"
        raise ValueError(msg)


def check_seed(seed: object) -> None:
    """Check that a seed is an integer that numpy takes, or none."""
    if seed is not None and not is_whole(seed, 0):
        msg = f"seed must be a non-negative int or None, got {seed!r}"
        raise ValueError(msg)


def check_stale_after(stale_after: object) -> None:
    """Check that it is a number of seconds, or none."""
    if not (stale_after is None or is_number(stale_after, 0)):
        msg = f"stale_after must be a number of seconds, at least 0, or None, got {stale_after!r}"
        raise ValueError(msg)


def checked_space(search_space: object) -> dict[str, BaseDistribution]:
    """Return the distributions that leave a choice."""
    given = {} if search_space is None else search_space
    if not isinstance(given, Mapping) or not all(
        isinstance(d, BaseDistribution) for d in given.values()
    ):
        msg = f"search_space must map names to optuna distributions or be None, got {given!r}"
        raise ValueError(msg)
    return {name: d for name, d in given.items() if not d.single()}
