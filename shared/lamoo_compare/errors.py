"""What a user can mend."""

from __future__ import annotations


class CompareError(Exception):
    """Something in the objective, the samplers or the arguments; the message says what to do."""
