"""A sampler that is watched: what it takes, what it warns of, and whose errors are its own."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


class SamplerError(Exception):
    """A sampler raised; the cell cannot go on."""


class Watched(BaseSampler):
    """A sampler whose CPU time is measured and whose errors are told from the objective's.

    What it warns of or logs as a warning is collected, and not printed once per trial.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        """Start the clock at zero."""
        self.sampler = sampler
        self.seconds = 0.0
        self.warned: list[str] = []

    def taken(self) -> tuple[float, list[str]]:
        """Return the CPU seconds and the warnings since this was called last."""
        taken = self.seconds, self.warned
        self.seconds, self.warned = 0.0, []
        return taken

    def _call(self, method: Callable[..., Any], *args: Any) -> Any:
        start = time.process_time()
        try:
            with _collected(self.warned):
                return method(*args)
        except Exception as error:
            raise SamplerError(f"{type(error).__name__}: {error}") from error
        finally:
            self.seconds += time.process_time() - start

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Pass it on."""
        space: dict[str, BaseDistribution] = self._call(
            self.sampler.infer_relative_search_space, study, trial
        )
        return space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Pass it on."""
        params: dict[str, Any] = self._call(
            self.sampler.sample_relative, study, trial, search_space
        )
        return params

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Pass it on."""
        return self._call(
            self.sampler.sample_independent, study, trial, param_name, param_distribution
        )

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Pass it on."""
        self._call(self.sampler.before_trial, study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Pass it on."""
        self._call(self.sampler.after_trial, study, trial, state, values)

    def reseed_rng(self) -> None:
        """Pass it on."""
        self.sampler.reseed_rng()


class _Collector(logging.Handler):
    """Keeps the messages that are logged as warnings or errors."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _collected(messages: list[str]) -> Iterator[None]:
    """Append what is warned of and logged meanwhile to a list, in place of printing it."""
    handler = _Collector(messages)
    # Optuna's logger passes nothing on to the root
    loggers = [logging.getLogger(), logging.getLogger("optuna")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        messages += [f"{each.category.__name__}: {each.message}" for each in caught]
