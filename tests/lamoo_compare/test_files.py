"""Tests of files that one process has for itself."""

import sqlite3
import threading

import pytest

from lamoo_compare.files import alone


def test_one_at_a_time_and_the_others_wait(tmp_path, patience):
    said, entered = threading.Event(), threading.Event()

    def second():
        with alone(tmp_path / "lock", said.set):
            entered.set()

    other = threading.Thread(target=second)
    with alone(tmp_path / "lock", lambda: None):
        other.start()
        assert said.wait(patience)
        assert not entered.is_set()
    other.join(patience)
    assert entered.is_set()


def test_where_nothing_can_be_locked_nobody_is_waited_for(tmp_path):
    (tmp_path / "lock").mkdir()  # stands for a file system without locks
    waited, entered = [], []
    with alone(tmp_path / "lock", lambda: waited.append(1)):
        entered.append(1)
    assert (waited, entered) == ([], [1])


def test_what_fails_inside_is_not_taken_for_the_lock(tmp_path):
    # its own error, even one of SQLite's, as of an objective that has a database
    with (
        pytest.raises(sqlite3.OperationalError, match="mine"),
        alone(tmp_path / "lock", lambda: None),
    ):
        raise sqlite3.OperationalError("mine")
