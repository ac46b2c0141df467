"""What all tests share: one thread per process, and property tests that repeat themselves."""

import os

# Before NumPy is imported anywhere: threads that fight for two cores make times and sums wander.
for _pool in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
    os.environ[f"{_pool}_NUM_THREADS"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from hypothesis import settings

from lamoo.solvers import SOLVERS

# The same examples in every run; `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("repeat", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2_000, deadline=None)
settings.load_profile("repeat")


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
