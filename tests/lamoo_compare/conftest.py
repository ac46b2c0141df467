"""What the tests of `lamoo compare` share: runs in this process."""

import pytest

from lamoo_compare import comparison
from lamoo_compare.cell import run


@pytest.fixture
def _together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the cells of a comparison in this process, where starting others is not what is tested.

    A process for each is what tests/lamoo_compare/test_compare.py has of kills and of crashes.
    """
    monkeypatch.setattr(comparison, "run_all", lambda cells, *_: [*map(run, cells)])
