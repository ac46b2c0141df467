"""What all tests share: one thread per process, and property tests that repeat themselves."""

import gc
import logging
import os
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

# What is imported and collected stays: among these millions of objects there is no garbage to look
# for, neither now nor later (see `pytest_collection`). It took more than half of the collection.
gc.disable()

# Before NumPy is imported anywhere: threads that fight for two cores make times and sums wander.
for _pool in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
    os.environ[f"{_pool}_NUM_THREADS"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")
# A process that a test starts need not compile what another one has compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# BoTorch compiles a kernel before its first use, for half a minute. PyTorch keeps what it compiled
# in one folder for all environments of a user, each of which would compile it again after another.
if os.access(sys.prefix, os.W_OK):
    os.environ.setdefault("TORCH_EXTENSIONS_DIR", str(Path(sys.prefix) / "torch_extensions"))
# Tables that no package brings, where they lie beside the repository.
os.environ.setdefault("LAMOO_TABLES", str(Path(__file__).parents[2] / "shared" / "data"))

# A shell starts what it puts into the background with Ctrl-C ignored, and so would be all that we
# start: commands that a test interrupts must not wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from lamoo.solvers import SOLVERS

#: Seconds to wait for another process. It only ends what hangs: a slow machine fails no test.
PATIENCE = 600.0

# The same examples in every run; `pytest --hypothesis-profile=explore` looks for new ones. Neither
# deadlines nor too_slow: both judge by the clock.
timeless = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", timeless, derandomize=True)
settings.register_profile("explore", timeless, max_examples=2_000)
settings.load_profile("repeat")


@pytest.fixture(scope="session")
def patience() -> float:
    """Give the seconds after which a process that a test waits for counts as hanging."""
    return PATIENCE


@pytest.fixture(scope="session")
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs our interpreter as a user would, but with warnings as errors."""

    def run(
        *arguments: object,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, sys.path))
        return subprocess.run(
            [sys.executable, "-W", "error", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "120", **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )

    return run


@pytest.fixture(autouse=True)
def _audible() -> None:
    """Let loggers speak: programs that run Ax silence all of them, in any test before."""
    logging.disable(logging.NOTSET)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Give a generator seeded by the test's name: the same in every run, another for each test."""
    return np.random.default_rng(list(request.node.name.encode()))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of a solver whose package is missing; BoTorch's take a second per proposal."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        name = next((parameters[key] for key in ("solver", "sampler") if key in parameters), None)
        if not isinstance(name, str) or name not in SOLVERS:
            continue
        try:
            SOLVERS[name].check()
        except ModuleNotFoundError as missing:
            item.add_marker(pytest.mark.skip(reason=str(missing)))
        if name == "botorch":
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage again once all is collected, but not among what there is by then."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _no_excuses() -> Iterator[None]:
    """Fail on warnings, and where a solver could not propose and a simpler one took its place."""
    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    listener, logger = Listener(), logging.getLogger("lamoo")
    level = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        logger.removeHandler(listener)
        logger.setLevel(level)
    failed = [message for message in seen if message.startswith("solver ")]
    assert not failed, failed


@pytest.fixture(scope="session")
def no_excuses() -> Callable[[], AbstractContextManager[None]]:
    """Give a context that fails on warnings, and where a simpler solver took a solver's place."""
    return _no_excuses


class Grammar:
    """A random space of choices that open others, as a program that asks for its parameters.

    Two or three levels of choices; the layers of a depth; some parameters that branches share, one
    of them with a range for each branch; one that has a single value, in one branch only.
    """

    def __init__(self, seed: int) -> None:
        """Draw how many branches there are, and what each has."""
        rng = random.Random(seed)  # noqa: S311  keeps no secret
        kinds = [f"k{i}" for i in range(rng.randint(2, 3))]
        self.specs: dict[str, tuple[Any, ...]] = {"kind": ("choice", *kinds)}
        self._opens: dict[tuple[str, Any], list[str]] = {}
        self._always = ["kind"]
        for name in ("lr", "batch")[: rng.randint(1, 2)]:
            self.specs[name] = ("float", 0.0, 1.0) if name == "lr" else ("int", 1, 64)
            self._always.append(name)
        for i, kind in enumerate(kinds):
            own = [f"{kind}_{j}" for j in range(rng.randint(0, 2))]
            self.specs |= dict.fromkeys(own, ("float", 0.0, 1.0))
            if rng.random() < 0.6:
                sub = f"{kind}_sub"
                self.specs[sub] = ("choice", "x", "y", "z")
                self.specs[f"{sub}_y"] = ("int", 1, 40)
                self._opens[sub, "y"] = [f"{sub}_y"]
                own.append(sub)
            if i == 0:
                layers = [f"width{n}" for n in range(3)]
                self.specs["depth"] = ("int", 1, 3)
                self.specs |= dict.fromkeys(layers, ("choice", 8, 16))
                self._opens |= {("depth", n): layers[:n] for n in (1, 2, 3)}
                own.append("depth")
            if i == 1:
                self.specs["fixed"] = ("int", 7, 7)
                own.append("fixed")
            self._opens["kind", kind] = own

    def replay(self, ask: Callable[[str, tuple[Any, ...]], Any]) -> dict[str, Any]:
        """Return the parameters that the program asks for, given what it is answered."""
        found: dict[str, Any] = {}
        waiting = [*self._always]
        while waiting:
            name = waiting.pop(0)
            found[name] = ask(name, self.specs[name])
            waiting += self._opens.get((name, found[name]), [])
        return found


@pytest.fixture(scope="session")
def grammar() -> Callable[[int], Grammar]:
    """Give a function that returns a random conditional space, by its seed."""
    return Grammar
