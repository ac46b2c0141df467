"""What the examples share: how they read a number, what they say when a package is missing."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


def needs(error: ModuleNotFoundError, *extras: str, besides: str = "") -> NoReturn:
    """End the program with the command that installs what it could not import.

    Args:
        error: what the import raised.
        extras: of lamoo, which bring it.
        besides: what else to say, for instance how to get what no extra brings.
    """
    # a table's error has no module's name, and says itself what brings the table
    missing = error.name.partition(".")[0] if error.name else f"more packages ({error})"
    sys.exit(f"This example needs {missing}: pip install -e '.[{','.join(extras)}]'{besides}")


def positive(text: str) -> int:
    """Read a number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number
