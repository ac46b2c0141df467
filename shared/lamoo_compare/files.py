"""Files that are there as a whole or not at all, and that one process has for itself."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    aside.write_text(json.dumps(value, indent=1), encoding="utf-8")
    aside.replace(path)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as a table with a column for each key that any has, empty where a row lacks it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        header = dict.fromkeys(key for row in rows for key in row)
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def is_json(value: object) -> bool:
    """Tell whether a value can be written as JSON."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


@contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time do what follows; the others wait for it.

    Who is killed lets go. A lock of SQLite's is one that every system has, and most files on a
    network; where there is none, nobody waits.

    Args:
        path: a file that stands for it.
        waiting: called if another process is there.
    """
    with ExitStack() as stack:
        with suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            _lock(stack.enter_context(closing(connection)), waiting)
        yield


def _lock(connection: sqlite3.Connection, waiting: Callable[[], None]) -> None:
    """Lock a file until its connection is closed.

    Raises:
        sqlite3.OperationalError: if it cannot be locked.
    """
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise
        waiting()
        connection.execute(f"PRAGMA busy_timeout = {2**31 - 1}")  # milliseconds: for ever
        connection.execute("BEGIN EXCLUSIVE")
