"""Cells in processes of their own, some at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from lamoo_compare.cell import Cell, run
from lamoo_compare.errors import CompareError
from lamoo_compare.watched import SamplerError

#: So many seconds a process may still live when it has said that it is done.
LEAVING = 5


class Display(Protocol):
    """Who is told what happens."""

    def advance(self, cell: Cell, done: int) -> None:
        """A cell has so many trials."""

    def wait(self, cell: Cell) -> None:
        """A cell is being run by another process, and waits for that."""

    def end(self, cell: Cell, error: str | None) -> None:
        """A cell has ended, with an error or well."""


@dataclass
class Worker:
    """A running process.

    Args:
        cell: what it runs.
        process: the process.
        connection: where it reports.
        error: how it ended, ``None`` while it has not said.
        fatal: whether the error will be every other cell's, too.
        ended: whether it said that it is done.
    """

    cell: Cell
    process: Any
    connection: Connection
    error: str | None = None
    fatal: bool = False
    ended: bool = False


def run_all(cells: Sequence[Cell], jobs: int, display: Display) -> None:
    """Run cells, ``jobs`` at a time. One that fails or dies is told of, and the rest goes on.

    Raises:
        CompareError: what a cell found wrong with the objective; the others are ended.
    """
    context = multiprocessing.get_context("spawn")
    waiting = deque(cells)
    running: list[Worker] = []
    with _one_thread(), _ended(running):
        while waiting or running:
            while waiting and len(running) < jobs:
                _start(context, waiting.popleft(), running)
            wait([worker.connection for worker in running])
            for worker in list(running):
                if _listen(worker, display):
                    running.remove(worker)
                    _finish(worker, display)


@contextmanager
def _ended(running: list[Worker]) -> Iterator[None]:
    """End the processes that are still among the running ones when whoever started them leaves."""
    try:
        yield
    finally:
        for worker in running:
            if worker.process.pid is not None:
                worker.process.kill()
                worker.process.join()


def _start(context: Any, cell: Cell, running: list[Worker]) -> None:
    """Start a cell's process, which is among those that are running whatever interrupts this."""
    here, there = context.Pipe(duplex=False)
    # no daemon, which may have no processes of its own: an objective may load its data in some
    process = context.Process(target=_work, args=(cell, there))
    running.append(Worker(cell, process, here))
    process.start()
    there.close()


def _halt(*_: object) -> None:
    """Wait to be ended: Ctrl-C goes to the whole group, and the parent ends its children.

    What ignores a signal passes that on to the programs that it starts, which would go on then. And
    that they ended is not to be noted as a trial that failed.
    """
    time.sleep(LEAVING)


def _work(cell: Cell, connection: Connection) -> None:
    """Run a cell in its own process and report."""
    signal.signal(signal.SIGINT, _halt)
    try:
        run(
            cell,
            progress=lambda done: connection.send(("trials", done)),
            waiting=lambda: connection.send(("waits",)),
        )
    except CompareError as error:
        connection.send(("fatal", str(error), traceback.format_exc()))
    except SamplerError as error:
        connection.send(("error", f"the sampler raised {error}", traceback.format_exc()))
    except BaseException as error:  # noqa: BLE001 - reported, not lost
        connection.send(("error", f"{type(error).__name__}: {error}", traceback.format_exc()))
    else:
        connection.send(("end",))


def _listen(worker: Worker, display: Display) -> bool:
    """Take in what a worker says; return whether it has ended."""
    with suppress(EOFError, OSError):
        while worker.connection.poll():
            match worker.connection.recv():
                case ("trials", done):
                    display.advance(worker.cell, done)
                case ("waits",):
                    display.wait(worker.cell)
                case ("end",):
                    worker.ended = True
                case (kind, message, trace):
                    worker.error, worker.fatal, worker.ended = message, kind == "fatal", True
                    worker.cell.failure.parent.mkdir(parents=True, exist_ok=True)
                    worker.cell.failure.write_text(f"{message}\n\n{trace}", encoding="utf-8")
        return worker.ended
    return True  # it is gone


def _finish(worker: Worker, display: Display) -> None:
    worker.process.join(LEAVING if worker.ended else None)
    if worker.process.is_alive():  # a thread of the objective's keeps it; all is on disk
        worker.process.kill()
        worker.process.join()
    worker.connection.close()
    if not worker.ended:
        worker.error = f"its process died ({_how(worker.process.exitcode)})"
        worker.cell.failure.write_text(worker.error + "\n", encoding="utf-8")
    display.end(worker.cell, worker.error)
    if worker.fatal:
        raise CompareError(worker.error)


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes started meanwhile use one thread for linear algebra: times are comparable."""
    names = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL")]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
