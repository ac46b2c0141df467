"""Storages that several processes share, with the servers behind them started and stopped.

    with shared("grpc") as place:
        storage = connect(place)  # in as many processes as you like

PostgreSQL is the one that PyPI's `pgserver` brings: no installation, no service, no port. Run by
root it takes a user of its own, `pgserver`, since PostgreSQL refuses to be run by root. That user
must reach the data for as long as the server runs, so they lie in a temporary folder of their own:
pytest's belongs to one user, and whenever a session of pytest begins it is shut to all others. A
server below it ends at its next checkpoint, within five minutes.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

STORAGES = ("journal", "sqlite", "postgresql", "grpc")
#: Seconds that a server may take to start, or SQLite to write, on a busy machine.
PATIENCE = 600


@contextlib.contextmanager
def shared(kind: str) -> Iterator[str]:
    """Give a place for :func:`connect` to open: a new storage, and what must run for it.

    Args:
        kind: one of :data:`STORAGES`.

    Raises:
        ModuleNotFoundError: if a server's package is not installed.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if kind == "journal":
            place = f"journal:{folder / 'study.log'}"
        elif kind == "sqlite":
            place = f"sqlite:///{folder / 'study.db'}"
        else:
            place = stack.enter_context(postgresql(folder))
        if kind != "journal":
            RDBStorage(place).engine.dispose()  # makes the tables, which two must not do at once
        yield stack.enter_context(proxy(place)) if kind == "grpc" else place


def connect(place: str) -> BaseStorage:
    """Open a storage that :func:`shared` gave the place of."""
    kind, _, rest = place.partition(":")
    if kind == "journal":
        return JournalStorage(JournalFileBackend(rest))
    if kind == "grpc":
        with _experimental():
            return GrpcStorageProxy(host="localhost", port=int(rest))
    # SQLite lets one write at a time, and gives up after five seconds of waiting by default
    patient = {"connect_args": {"timeout": PATIENCE}} if kind == "sqlite" else {}
    return optuna.storages.get_storage(RDBStorage(place, engine_kwargs=patient))


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server with its data in a folder; give its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of no XDG_RUNTIME_DIR
        import pgserver  # noqa: PLC0415 - Journal and SQLite need none

        server = pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        scheme, _, rest = server.get_uri().partition(":")
        yield f"{scheme}+psycopg2:{rest}"
    finally:
        server.cleanup()


@contextlib.contextmanager
def proxy(url: str) -> Iterator[str]:
    """Run Optuna's gRPC proxy in front of a storage; give its place."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, __file__, url, str(port)])  # noqa: S603 - ourselves
    try:
        with _experimental():
            client = GrpcStorageProxy(host="localhost", port=port)
        client.wait_server_ready(timeout=PATIENCE)
        client.close()
        yield f"grpc:{port}"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def _experimental() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def main() -> None:
    """Serve a storage: ``servers.py URL PORT``."""
    url, port = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _experimental():
        optuna.storages.run_grpc_proxy_server(
            optuna.storages.get_storage(url), host="localhost", port=int(port)
        )


if __name__ == "__main__":
    main()
