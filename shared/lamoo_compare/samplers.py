"""Samplers by name."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

from lamoo_compare.errors import CompareError
from lamoo_compare.target import import_object
from optuna_lamoo import LaMOOSampler

#: name -> seed -> sampler; the rivals with their default settings unless the name says otherwise.
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "lamoo": lambda seed: LaMOOSampler(seed=seed),
    "lamoo-gp-fast": lambda seed: LaMOOSampler(seed=seed, solver="gp-fast"),
    "lamoo-evolutionary": lambda seed: LaMOOSampler(seed=seed, solver="evolutionary"),
    "lamoo-random": lambda seed: LaMOOSampler(seed=seed, solver="random"),
    "lamoo-cma": lambda seed: LaMOOSampler(seed=seed, solver="cma"),
    "tpe": lambda seed: TPESampler(seed=seed),
    "tpe-multivariate": lambda seed: TPESampler(seed=seed, multivariate=True),
    "nsgaii": lambda seed: NSGAIISampler(seed=seed),
    "gp": lambda seed: GPSampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "ax": lambda seed: _of_ax("default", seed),
    "ax-lamoo": lambda seed: _of_ax("lamoo", seed),
}


def _of_ax(strategy: str, seed: int) -> BaseSampler:
    # a process that runs Ax runs nothing else
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
    from lamoo_compare import ax_sampler  # noqa: PLC0415 - the others run without Ax

    return ax_sampler.AxSampler(getattr(ax_sampler, strategy), seed)


def check_sampler(name: str, seed: int) -> None:
    """Raise what :func:`make_sampler` would, without importing Ax.

    Raises:
        CompareError: see there.
    """
    if name.partition("-")[0] == "ax" and name in SAMPLERS:
        if importlib.util.find_spec("ax") is None:
            raise CompareError(f"sampler {name!r} needs Ax: pip install 'lamoo[ax]'")
        return
    make_sampler(name, seed)


def make_sampler(name: str, seed: int) -> BaseSampler:
    """Return the sampler of a name, or what ``where:factory`` makes of the seed.

    Raises:
        CompareError: if the name is unknown, or the factory fails or makes something else.
    """
    if name not in SAMPLERS and ":" not in name:
        raise CompareError(
            f"sampler {name!r} is none of {', '.join(SAMPLERS)}, nor a factory like file.py:factory"
        )
    factory = SAMPLERS[name] if name in SAMPLERS else import_object(name, "sampler")[1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = factory(seed)
    except CompareError:
        raise
    except Exception as error:
        raise CompareError(
            f"sampler {name}: factory({seed}) raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(sampler, BaseSampler):
        raise CompareError(f"sampler {name}: factory({seed}) returned {sampler!r}, no sampler")
    return sampler
