"""What is searched: an objective from a file, a module or the built-in problems."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from lamoo.arrays import Floats
from lamoo.space import Categorical, Float, Integer
from lamoo_compare.errors import CompareError, meant
from lamoo_compare.problems import PROBLEMS, Direction, Problem, exists, load
from lamoo_compare.program import Hashes, hashes
from optuna_lamoo import track

DIRECTIONS = ("minimize", "maximize")


@dataclass(frozen=True)
class Target:
    """An objective and what is known of it.

    Args:
        objective: an Optuna trial -> objective values.
        directions: ``"minimize"`` or ``"maximize"``, one per objective.
        problem: the built-in problem that it is, ``None`` if it is the user's.
        metric_names: what the objectives are called, one each or none.
        program: its source, by hashes; empty for a built-in problem.
        folder: where its trials begin: the working directory that its import left behind.
    """

    objective: Callable[[optuna.Trial], Sequence[float] | float]
    directions: tuple[Direction, ...]
    problem: Problem | None = None
    metric_names: tuple[str, ...] = ()
    program: Hashes = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)


def load_target(source: str, directions: Sequence[str] | None = None, seed: int = 0) -> Target:
    """Return what a name stands for.

    Args:
        source: ``file.py``, ``file.py:function``, ``package.module:function`` or the name of a
            built-in problem. Without a function's name it is ``objective``. Beside it may stand
            ``directions`` and ``metric_names``, which are what the objectives are called.
        directions: one per objective; by default what the file calls ``directions``.
        seed: of the noise, if a built-in problem has some.

    Raises:
        CompareError: if it cannot be imported or found, or the directions are missing or unknown.
    """
    if exists(source):
        return _built_in(source, seed)
    module, objective, folder = import_object(source, "objective")
    said: Any = directions or getattr(module, "directions", ())
    chosen: list[Any] = [said] if isinstance(said, str) else list(said)
    if not chosen:
        raise CompareError(
            f'{source}: no directions. Write directions = ["minimize", "maximize"] beside the '
            "objective, or pass --directions"
        )
    if unknown := [d for d in chosen if d not in DIRECTIONS]:
        raise CompareError(f"{source}: directions must be minimize or maximize, got {unknown}")
    names = _metric_names(module, source, len(chosen))
    return Target(objective, tuple(chosen), None, names, program(module), folder)


def _metric_names(module: Any, source: str, m: int) -> tuple[str, ...]:
    """Return what a module calls its ``m`` objectives, empty if it does not say.

    Raises:
        CompareError: if these are not ``m`` different texts.
    """
    said = getattr(module, "metric_names", ())
    names = tuple(said) if isinstance(said, Sequence) and not isinstance(said, str) else (said,)
    if names and not (
        len(names) == len({*map(str, names)}) == m and all(isinstance(n, str) for n in names)
    ):
        raise CompareError(
            f"{source}: metric_names must be {m} different names, one per direction, got {said!r}"
        )
    return names


def program(module: Any) -> Hashes:
    """Return a module's source and that of what it imports from beside it, by hashes.

    Empty if it was made of no file. See :func:`lamoo_compare.program.hashes`.
    """
    if not getattr(module, "__file__", None):
        return {}
    file = Path(module.__file__).resolve()
    depth = module.__name__.count(".") + (file.stem == "__init__")
    return hashes(file, file.parents[depth])


def import_object(source: str, default: str) -> tuple[Any, Callable[..., Any], Path]:
    """Return a module, a callable of it, named ``where:name``, and the folder that it went to.

    That is the working directory after the import; a program may change it, to find its data. Here
    it stays what it was, for paths that were given before.

    Raises:
        CompareError: naming the source and the cause.
    """
    where, _, name = source.rpartition(":") if ":" in source else (source, "", "")
    name = name or default
    if not where.endswith(".py") and ":" not in source:
        raise CompareError(
            f"{source!r} is neither a .py file, nor package.module:function, nor one of the "
            "built-in problems, which lamoo compare --help lists."
            + meant(source, [*PROBLEMS, *map(str, Path().glob("*.py"))])
        )
    try:
        with without_arguments(where), contextlib.chdir("."):
            module = _module_of_file(Path(where)) if where.endswith(".py") else _module(where)
            folder = Path.cwd()
    except CompareError:
        raise
    except BaseException as error:  # whatever a file raises while it is imported
        if isinstance(error, KeyboardInterrupt):
            raise
        package = isinstance(error, ImportError) and "no known parent package" in str(error)
        hint = "; name a module of a package as package.module:function" if package else ""
        raise CompareError(
            f"{where} cannot be imported: {type(error).__name__}: {error}{hint}"
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        state = "is no function" if hasattr(module, name) else "is not defined"
        raise CompareError(f"{where}: {name} {state}; name another one as {where}:NAME")
    return module, found, folder


@contextlib.contextmanager
def without_arguments(where: str) -> Iterator[None]:
    """Show a program of the user's an empty command line: one that reads it gets its defaults."""
    given, sys.argv = sys.argv, [where]
    try:
        yield
    finally:
        sys.argv = given


def _module(name: str) -> Any:
    if "" not in sys.path:
        sys.path.insert(0, "")  # a command of pip's does not look where it is called
    return importlib.import_module(name)


def _module_of_file(path: Path) -> Any:
    if not path.is_file():
        raise CompareError(f"{path}: no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # for what stands beside it
    # not in place of a module that others have imported
    stem = path.stem.replace(".", "_")
    name = f"lamoo_compare_of_{stem}" if stem in sys.modules else stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CompareError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _built_in(name: str, seed: int) -> Target:
    try:
        problem = load(name)
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise CompareError(f"problem {name}: {error}") from error

    if problem.constraints and not hasattr(optuna.Trial, "set_constraint"):
        raise CompareError(f"problem {name} has constraints, which take Optuna 5 or newer")

    def objective(trial: optuna.Trial) -> Sequence[float]:
        params = suggest(trial, problem)
        if problem.curves:
            _train(trial, problem.curves(params))
        for i, value in enumerate(problem.constrain(params)):
            trial.set_constraint(f"c{i}", value)
        rng = np.random.default_rng((seed, trial.number))
        return problem.observe(problem.evaluate(params), rng)

    return Target(objective, problem.directions, problem)


def _train(trial: optuna.Trial, curves: Floats) -> None:
    """Report the values (epochs, m) of a recorded training, as far as the study lets it go.

    Raises:
        optuna.TrialPruned: if the study's rule stops it.
    """
    tracked = track(trial)
    for epoch, values in enumerate(curves.tolist(), 1):
        tracked.report(values, epoch)
        if tracked.should_prune():
            raise optuna.TrialPruned


def suggest(trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
    """Ask a trial for every parameter of a built-in problem that exists."""
    params: dict[str, Any] = {}
    for name in problem.active(params):
        match problem.space.parameters[name]:
            case Categorical(choices):
                params[name] = trial.suggest_categorical(name, choices)
            case Integer(low, high, log, step):
                params[name] = trial.suggest_int(name, low, high, log=log, step=step)
            case Float(low, high, log, step):
                params[name] = trial.suggest_float(name, low, high, log=log, step=step)
    return params


def checked(values: object, target: Target, source: str) -> list[float]:
    """Return what an objective returned as numbers, one per direction; NaN is let through.

    Raises:
        CompareError: if it is something else.
    """
    listed = list(values) if isinstance(values, (Sequence, np.ndarray)) else [values]
    expected = len(target.directions)
    if len(listed) != expected or isinstance(values, str):
        raise CompareError(
            f"{source}: the objective returned {values!r}, expected {expected} numbers, one per "
            f"direction ({', '.join(target.directions)})"
        )
    try:
        return [float(value) for value in listed]  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise CompareError(
            f"{source}: the objective returned {values!r}, expected numbers"
        ) from error


def is_failed(values: Sequence[float]) -> bool:
    """Tell whether values mean a failed trial, as they do for Optuna."""
    return any(math.isnan(value) for value in values)
