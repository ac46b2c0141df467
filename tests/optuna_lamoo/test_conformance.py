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


class TestLaMOOSampler(
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.MultiObjectiveSamplerTestCase,
):
    @pytest.fixture(params=[0, None], ids=["no startup", "default startup"])
    def n_startup_trials(self, request):
        return {} if request.param is None else {"n_startup_trials": request.param}

    @pytest.fixture(params=["gp", "gp-fast", "evolutionary", "random", "cma"])
    def sampler(self, request, n_startup_trials) -> Callable[[], BaseSampler]:
        # the suite asks for ten trials of a space of three configurations
        settings = {"solver": request.param, "stop_when_exhausted": False, **n_startup_trials}
        return functools.partial(LaMOOSampler, seed=0, **settings)


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
    @pytest.fixture(
        params=[
            name if name == "TPE" else pytest.param(name, marks=pytest.mark.slow) for name in BASES
        ]
    )
    def sampler(self, request) -> Callable[[], BaseSampler]:
        settings = {"n_startup_trials": 0, "stop_when_exhausted": False}
        return functools.partial(LaMOOSampler, seed=0, base_sampler=base(request.param), **settings)
