"""What is said where a package is missing that only pictures or decisions need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needing(package: str, extra: str) -> Iterator[None]:
    """Say which extra brings a package that cannot be imported meanwhile; also as a decorator.

    Args:
        package: the name by which it is imported.
        extra: of lamoo, which brings it.

    Raises:
        ModuleNotFoundError: with the command that installs it.

    Example:
        >>> with needing("no_such_package", "plots"):
        ...     import no_such_package
        Traceback (most recent call last):
        ...
        ModuleNotFoundError: this needs no_such_package: pip install 'lamoo[plots]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != package:
            raise
        msg = f"this needs {package}: pip install 'lamoo[{extra}]'"
        raise ModuleNotFoundError(msg, name=error.name) from error
