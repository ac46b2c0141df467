"""The engine's errors as Ax has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ax.exceptions.core import UserInputError


@contextmanager
def as_user_input() -> Iterator[None]:
    """Raise what the engine finds wrong with an argument (``ValueError``) as Ax's error for that.

    Raises:
        UserInputError: with the same message.

    Example:
        >>> with as_user_input():
        ...     raise ValueError("min_trials must be at least 1, a whole number, got 0")
        Traceback (most recent call last):
        ...
        ax.exceptions.core.UserInputError: min_trials must be at least 1, a whole number, got 0
    """
    try:
        yield
    except ValueError as error:
        raise UserInputError(str(error)) from error
