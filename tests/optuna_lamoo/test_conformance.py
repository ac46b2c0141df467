"""Optuna's own tests for samplers of other parties, for every solver."""

import functools
import warnings
from collections.abc import Callable

import optuna
import pytest
from optuna.samplers import BaseSampler

from optuna_lamoo import LaMOOSampler

pytest.register_assert_rewrite("optuna.testing.pytest_samplers")  # before its first import

from optuna.testing import pytest_samplers  # noqa: E402

SOLVERS = ("gp", "gp-fast", "evolutionary", "random", "cma")


class TestLaMOOSampler(
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.MultiObjectiveSamplerTestCase,
):
    # What the suite asks for is how the sampler speaks to Optuna, which no solver knows: the
    # default stands for all. It begins with a trial of the start-up, of which a default study has
    # ten, as many as most of the suite's studies. What is a solver's own is tested for each in
    # tests/lamoo, and studies with Gaussian processes in test_matrix.py.
    @pytest.fixture(
        params=[
            name if name == "gp" else pytest.param(name, marks=pytest.mark.slow)
            for name in (*SOLVERS, "default startup")
        ]
    )
    def sampler(self, request) -> Callable[[], BaseSampler]:
        ours = {"solver": request.param, "n_startup_trials": 0} if request.param in SOLVERS else {}
        # the suite asks for ten trials of a space of three configurations
        return functools.partial(LaMOOSampler, seed=0, stop_when_exhausted=False, **ours)


def base(name: str) -> Callable[[int], BaseSampler]:
    """Return a factory of one of Optuna's samplers, without its warnings."""

    def make(seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return BASES[name](seed=seed)

    return make


BASES = {
    "TPE": optuna.samplers.TPESampler,
    "TPE multivariate": functools.partial(optuna.samplers.TPESampler, multivariate=True),
    "NSGA-II": functools.partial(optuna.samplers.NSGAIISampler, population_size=5),
    "NSGA-III": functools.partial(optuna.samplers.NSGAIIISampler, population_size=5),
    "QMC": functools.partial(optuna.samplers.QMCSampler, warn_independent_sampling=False),
    "random": optuna.samplers.RandomSampler,
    "CMA-ES": functools.partial(optuna.samplers.CmaEsSampler, warn_independent_sampling=False),
}


class TestBaseSampler(
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.MultiObjectiveSamplerTestCase,
):
    # How a sampler in place of a solver speaks to Optuna is in test_base.py by default.
    @pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) for name in BASES])
    def sampler(self, request) -> Callable[[], BaseSampler]:
        settings = {"n_startup_trials": 0, "stop_when_exhausted": False}
        return functools.partial(LaMOOSampler, seed=0, base_sampler=base(request.param), **settings)
