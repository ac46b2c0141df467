"""The state of numerical libraries that a proposal is made in, whatever the user's program set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from scipy import special
from threadpoolctl import ThreadpoolController

_linear_algebra = threading.RLock()


@contextmanager
def own_state() -> Iterator[None]:
    """Treat floating-point errors as a fresh process does.

    Whoever looks for NaN in a network sets ``numpy.seterr(all="raise")``. Underflow is no error
    here: a density far from its mean is 0. What is changed is this thread's alone, and restored.
    """
    usual = np.errstate(divide="warn", over="warn", invalid="warn", under="ignore")
    with usual, special.errstate(all="ignore"):
        yield


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep linear algebra on one thread, and other proposals of this process waiting.

    On matrices this small several threads wait for each other: an ask of 45 ms took 570 ms on two
    idle cores and seconds on busy ones. The limit holds for the whole process, hence the lock: of
    two that overlap, the first to end would lift it for the other.
    """
    with _linear_algebra, _controller().limit(limits=1, user_api="blas"):
        yield
