"""What the tests of the Optuna plugin share: storages, and what was logged."""

import logging
from collections.abc import Callable, Iterator

import optuna
import pytest
import sqlalchemy
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Let Optuna speak of warnings only, and to pytest."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    yield
    optuna.logging.disable_propagation()
    optuna.logging.enable_default_handler()


@pytest.fixture
def complaints(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Give a function that returns what the sampler and the engine have warned of so far."""
    caplog.set_level(logging.WARNING)
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("lamoo", "optuna.lamoo"))
    ]


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> RDBStorage:
    """Make one SQLite file: its tables take longer to create than a small study to run."""
    storage = RDBStorage(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/studies.db")
    storage.engine.dispose()  # the connections that do not know of the following

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def _(connection, record):
        connection.execute("PRAGMA synchronous = OFF")  # no waiting for the disk

    return storage


@pytest.fixture
def make_storage(request: pytest.FixtureRequest, tmp_path) -> Callable[[str], BaseStorage]:
    """Give a function that opens the storage of a kind, the same one whenever it is asked."""

    def make(kind: str) -> BaseStorage:
        if kind == "memory":
            return InMemoryStorage()
        if kind == "sqlite":
            return request.getfixturevalue("_sqlite")
        return JournalStorage(JournalFileBackend(f"{tmp_path}/journal.log"))

    return make
