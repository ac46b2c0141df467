"""Optuna's own tests for samplers of other parties, for every solver."""

import functools
from collections.abc import Callable

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

    @pytest.fixture(params=["gp", "evolutionary", "random", "cma"])
    def sampler(self, request, n_startup_trials) -> Callable[[], BaseSampler]:
        # the suite asks for ten trials of a space of three configurations
        settings = {"solver": request.param, "stop_when_exhausted": False, **n_startup_trials}
        return functools.partial(LaMOOSampler, seed=0, **settings)
