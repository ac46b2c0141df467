"""Samplers by name."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

from lamoo import ALONE
from lamoo.solvers import SOLVERS
from lamoo_compare.errors import CompareError, meant
from lamoo_compare.problems import Problem
from lamoo_compare.program import Hashes
from lamoo_compare.target import import_object, program
from optuna_lamoo import EarlyStopping, LaMOOSampler

Factory = Callable[[int], BaseSampler]

#: Strategies of Ax, as :mod:`lamoo_compare.ax_sampler` calls them, which imports Ax.
STRATEGIES_OF_AX = (
    "default",
    "random",
    "lamoo",
    "lamoo-evolutionary",
    "lamoo-qlognehvi",
    "lamoo-gp-alone",
)


def _of_ax(strategy: str, seed: int) -> BaseSampler:
    # a process that runs Ax runs nothing else
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # what Ax and BoTorch warn of, from their import on
    from lamoo_compare import ax_sampler  # noqa: PLC0415 - the others run without Ax

    return ax_sampler.AxSampler(ax_sampler.STRATEGIES[strategy], seed)


def _of_egobox(seed: int) -> BaseSampler:
    from lamoo_compare.egobox_sampler import EgoboxSampler  # noqa: PLC0415 - as above

    return EgoboxSampler(seed)


def _lamoo(**settings: Any) -> Factory:
    return lambda seed: LaMOOSampler(seed=seed, **settings)


#: Optuna's and egobox's, with their default settings unless the name says otherwise.
_RIVALS: dict[str, Factory] = {
    "tpe": lambda seed: TPESampler(seed=seed),
    "tpe-multivariate": lambda seed: TPESampler(seed=seed, multivariate=True),
    "tpe-group": lambda seed: TPESampler(seed=seed, multivariate=True, group=True),
    "nsgaii": lambda seed: NSGAIISampler(seed=seed),
    "nsgaii-pop20": lambda seed: NSGAIISampler(seed=seed, population_size=20),
    "gp": lambda seed: GPSampler(seed=seed),
    "egobox": _of_egobox,
    "qmc": lambda seed: QMCSampler(seed=seed, warn_independent_sampling=False),
    "random": lambda seed: RandomSampler(seed=seed),
}


def _cmaes(seed: int) -> BaseSampler:
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


#: name -> seed -> sampler.
SAMPLERS: dict[str, Factory] = {
    "lamoo": _lamoo(),
    # its solvers, in the leaves of the partition and without one
    **{f"lamoo-{solver}": _lamoo(solver=solver) for solver in SOLVERS if solver != "gp"},
    **{
        f"lamoo-{solver}-alone": _lamoo(solver=solver, partition=ALONE)
        for solver in SOLVERS
        if solver != "random"
    },
    **_RIVALS,
    # CMA-ES takes one objective: alone, too, LaMOO gives it the dominance number, but grows no tree
    "cmaes": _lamoo(base_sampler=_cmaes, partition=ALONE),
    # samplers of Optuna inside LaMOO's regions; lamoo-random is the engine's own
    "lamoo-cmaes": _lamoo(base_sampler=_cmaes),
    **{f"lamoo-{n}": _lamoo(base_sampler=f) for n, f in _RIVALS.items() if n != "random"},
    "lamoo-random-sampler": _lamoo(base_sampler=_RIVALS["random"]),
    **{"ax" + f"-{name}" * (name != "default"): partial(_of_ax, name) for name in STRATEGIES_OF_AX},
}


def _known(problem: Problem, seed: int, *, features: bool) -> BaseSampler:
    """Return LaMOO, told which objectives need no training and what is the same network."""
    known: dict[int | str, Any] = {
        j: lambda params, j=j: problem.evaluate(params)[j] for j in problem.known
    }
    return LaMOOSampler(
        seed=seed,
        known_objectives=known,
        features=problem.features if features else None,
        canonical=problem.canonical,
    )


#: LaMOO told what is known of a built-in problem: name -> problem, seed -> sampler.
KNOWING: dict[str, Callable[[Problem, int], BaseSampler]] = {
    "lamoo-known": partial(_known, features=False),
    "lamoo-known-features": partial(_known, features=True),
}


#: Rules that stop trials early, as they stand behind a sampler's name: ``tpe+halving``.
RULES = ("curves", "halving")


def _parts(name: str) -> tuple[str, str | None]:
    """Return the name of a sampler, and the rule that stops its trials.

    Example:
        >>> _parts("tpe+halving"), _parts("tpe")
        (('tpe', 'halving'), ('tpe', None))
    """
    sampler, _, rule = name.rpartition("+")
    return (sampler, rule) if rule in RULES else (name, None)


def make_pruner(name: str) -> BasePruner:
    """Return what stops the trials of a sampler early: the rule behind its name, or nothing."""
    rule = _parts(name)[1]
    return EarlyStopping(rule) if rule else NopPruner()


#: What a sampler imports when it first proposes, and the extra that brings it.
_NEEDS = {
    **dict.fromkeys(("gp", "lamoo-gp"), ("torch", "botorch")),
    **dict.fromkeys(("egobox", "lamoo-egobox"), ("egobox", "egobox")),
    **dict.fromkeys(("cmaes", "lamoo-cmaes"), ("cmaes", "cma")),
    **dict.fromkeys((name for name in SAMPLERS if name.startswith("ax")), ("ax", "ax")),
}


def check_sampler(name: str, seed: int, problem: Problem | None = None) -> None:
    """Raise what :func:`make_sampler` would, without importing Ax.

    Raises:
        CompareError: see there.
    """
    package, extra = _NEEDS.get(_parts(name)[0], ("optuna", "optuna"))
    if importlib.util.find_spec(package) is None:
        raise CompareError(f"sampler {name!r} needs {package}: pip install 'lamoo[{extra}]'")
    if package == "ax":
        return
    make_sampler(name, seed, problem)


def make_sampler(name: str, seed: int, problem: Problem | None = None) -> BaseSampler:
    """Return the sampler of a name, or what ``where:factory`` makes of the seed.

    Args:
        name: of :data:`SAMPLERS`, of :data:`KNOWING` or of a factory; a rule behind it, as in
            ``lamoo+halving``, is :func:`make_pruner`'s.
        seed: of the sampler.
        problem: what is searched, if it is a built-in problem.

    Raises:
        CompareError: if the name is unknown, or the factory fails or makes something else.
    """
    factory = _factory(_parts(name)[0], problem)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = factory(seed)
    except CompareError:
        raise
    except ModuleNotFoundError as error:  # a solver's says what installs it
        raise CompareError(f"sampler {name}: {error}") from error
    except Exception as error:
        raise CompareError(
            f"sampler {name}: factory({seed}) raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(sampler, BaseSampler):
        raise CompareError(f"sampler {name}: factory({seed}) returned {sampler!r}, no sampler")
    return sampler


def program_of(name: str) -> Hashes:
    """Return the program of a sampler's factory, empty if it is one of ours."""
    source = _parts(name)[0]
    return program(import_object(source, "sampler")[0]) if ":" in source else {}


def _factory(name: str, problem: Problem | None) -> Factory:
    if name in SAMPLERS:
        return SAMPLERS[name]
    if name in KNOWING:
        if problem is None or not problem.known:
            raise CompareError(
                f"sampler {name!r} needs a built-in problem with an objective that is known "
                f"without a trial{f', {problem.name} has none' if problem else ''}"
            )
        return partial(KNOWING[name], problem)
    if ":" in name:
        return import_object(name, "sampler")[1]
    names = [*SAMPLERS, *KNOWING]
    hint = " Names are separated by spaces." if "," in name else meant(name, names)
    raise CompareError(
        f"sampler {name!r} is none of {', '.join(names)}, nor a factory like "
        f"file.py:factory; behind it may stand {' or '.join(f'+{rule}' for rule in RULES)}.{hint}"
    )
