"""What a user can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CompareError(Exception):
    """Something in the objective, the samplers or the arguments; the message says what to do."""


def meant(name: str, names: Iterable[str]) -> str:
    """Return the question which names were meant by one that is none of them, empty if unlike all.

    Example:
        >>> meant("lammo", ["lamoo", "tpe"]), meant("zzz", ["lamoo", "tpe"])
        (' Did you mean lamoo?', '')
    """
    near = difflib.get_close_matches(name, [*names], n=3, cutoff=0.7)
    return f" Did you mean {' or '.join(near)}?" if near else ""
