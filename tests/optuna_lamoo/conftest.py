"""What the tests of the Optuna plugin share: storages, and what was logged."""

import contextlib
import functools
import importlib.util
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import optuna
import pytest
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage


class Counting(InMemoryStorage):
    """A storage that counts what is read and written."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def get_all_trials(self, *args, **kwargs):
        self.calls["trials"] += 1
        return super().get_all_trials(*args, **kwargs)

    def get_trial_system_attrs(self, *args, **kwargs):
        self.calls["attributes"] += 1
        return super().get_trial_system_attrs(*args, **kwargs)

    def set_trial_system_attr(self, *args, **kwargs):
        self.calls["notes"] += 1
        super().set_trial_system_attr(*args, **kwargs)


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
def worker() -> ModuleType:
    """Import the program that some tests call and others start."""
    spec = importlib.util.spec_from_file_location("worker", Path(__file__).with_name("worker.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def _sqlite(worker, tmp_path_factory: pytest.TempPathFactory) -> RDBStorage:
    """Make one SQLite file: its tables take longer to create than a small study to run."""
    return worker.open_storage("sqlite", str(tmp_path_factory.mktemp("sqlite") / "studies.db"))


@pytest.fixture(scope="session")
def _servers() -> Iterator[Callable[[str], BaseStorage]]:
    """Give a function that opens PostgreSQL, or Optuna's gRPC proxy over another one."""
    for package in ("pgserver", "psycopg2", "grpc"):
        pytest.importorskip(package, reason="pip install 'lamoo[distributed]'")
    path = Path(__file__).parents[2] / "examples" / "benchmarks" / "servers.py"
    spec = importlib.util.spec_from_file_location("servers", path)
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    with contextlib.ExitStack() as stack:

        @functools.cache
        def place(kind: str) -> str:
            return stack.enter_context(servers.shared(kind))

        yield lambda kind: servers.connect(place(kind))


@pytest.fixture
def make_storage(worker, request: pytest.FixtureRequest, tmp_path) -> Callable[[str], BaseStorage]:
    """Give a function that opens a storage of a kind."""

    def make(kind: str) -> BaseStorage:
        if kind in {"postgresql", "grpc"}:
            return request.getfixturevalue("_servers")(kind)
        if kind == "sqlite":
            return request.getfixturevalue("_sqlite")
        return worker.open_storage(kind, str(tmp_path / "study"))

    return make
