"""The command as a function: run what is missing, read what is there, report."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from lamoo.arrays import Floats
from lamoo.checks import is_whole
from lamoo_compare.budget import BUDGETS, Budget
from lamoo_compare.cell import Cell, is_done, trials_of
from lamoo_compare.errors import CompareError
from lamoo_compare.journal import ASK, WARNED, epochs_of
from lamoo_compare.problems import Problem
from lamoo_compare.program import claim
from lamoo_compare.samplers import check_sampler, program_of
from lamoo_compare.schedule import Display, run_all
from lamoo_compare.summary import (
    FEWEST_SEEDS,
    Comparison,
    Run,
    best_of,
    check_volumes,
    infer_reference,
)
from lamoo_compare.target import Target, load_target
from optuna_lamoo.objectives import constraints

LIBRARIES = (
    "lamoo",
    "optuna",
    "ax-platform",
    "botorch",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "egobox",
)


class Silent:
    """Tells nobody."""

    def advance(self, cell: Cell, done: int) -> None:
        """Say nothing."""

    def wait(self, cell: Cell) -> None:
        """Say nothing."""

    def end(self, cell: Cell, error: str | None) -> None:
        """Say nothing."""


def compare(  # noqa: PLR0913 - the options of a command
    source: str,
    *,
    samplers: Sequence[str] = ("lamoo", "tpe", "nsgaii", "random"),
    seeds: Sequence[int] = range(FEWEST_SEEDS),
    trials: int = 50,
    jobs: int = 1,
    workers: int = 1,
    budget: Budget = "trials",
    directions: Sequence[str] | None = None,
    reference_point: Sequence[float] | None = None,
    out: Path | str = "comparison",
    display: Display | None = None,
    command: str | None = None,
) -> Comparison:
    """Run every sampler with every seed on an objective, each in a process of its own.

    A new process imports the script that called: call it below ``if __name__ == "__main__":``.

    What is on disk already is not run again, so a call that was interrupted goes on when it is
    made again, and more samplers, seeds or trials join those that are there: of the same program.
    If the objective's file, or one beside it that it imports, was edited since, that is an error.

    Args:
        source: ``file.py``, ``file.py:function``, ``package.module:function`` or a built-in
            problem's name. The objective takes an Optuna trial. What its file calls
            ``metric_names`` are its objectives' names.
        samplers: names of :data:`lamoo_compare.samplers.SAMPLERS`, or ``where:factory``, a function
            seed -> sampler; for built-in problems also of ``KNOWING`` there. Behind each may stand
            a rule that stops its trials early: ``tpe+halving``, ``lamoo+curves``. The others are
            compared with the first.
        seeds: of the samplers. With fewer than six the verdict abstains.
        trials: of each run.
        jobs: processes at a time; more than the machine has cores make all of them slower.
        workers: how many trials of a run are running at a time.
        budget: what is counted. With ``"epochs"`` a run goes on until its trials have trained for
            as many epochs as ``trials`` of its longest: who stops trainings early has more trials.
            The epochs of a trial are what it reported through :func:`optuna_lamoo.track`.
        directions: one per objective; by default what the file calls ``directions``.
        reference_point: where hypervolume is measured from, in the directions of the objectives.
            By default a built-in problem's, or inferred from all trials of all runs together.
        out: folder that keeps trials (``runs/``), ``report.html``, ``comparison.json``,
            ``summary.csv`` and ``trials.csv``.
        display: who is told what happens.
        command: what the report names as the command that repeats it.

    Raises:
        CompareError: if an argument is wrong or the objective cannot be used, or its hypervolumes
            are beyond what a float can hold; what was finished before is kept.
    """
    from lamoo_compare.page import write_report  # noqa: PLC0415 - plotly is no worker's business

    path = list(sys.path)
    target = load_target(source, directions)
    out = Path(out)
    _check_budget(budget, trials=trials, jobs=jobs, workers=workers)
    _check(target, samplers, seeds, reference_point)
    names = tuple(dict.fromkeys(samplers))
    programs = {source: target.program} | {name: program_of(name) for name in names}
    # the workers' processes take it over, where no file beside the objective may pass for lamoo
    sys.path[:] = path
    claim(out, source, target.directions, {n: each for n, each in programs.items() if each})
    cells = [
        Cell(source, target.directions, sampler, seed, trials, out, workers, budget)
        for seed in dict.fromkeys(seeds)
        for sampler in names
    ]
    display = display or Silent()
    run_all(_missing(cells, display), jobs, display)
    runs = [run_of(cell, target.problem) for cell in cells]
    values = [run.values for run in runs]
    point = tuple(float(v) for v in _reference(target, reference_point, values))
    check_volumes(values, target.directions, point)
    scored = target.problem if reference_point is None else None
    result = Comparison(
        source=source,
        directions=target.directions,
        trials=trials,
        samplers=names,
        runs=runs,
        reference_point=point,
        best=scored.best_hypervolume if scored else best_of(values, target.directions, point),
        versions=versions(),
        command=command or f"compare({source!r}, ...)",
        budget=budget,
        metric_names=target.metric_names,
    )
    write_report(result, out)
    return result


def _missing(cells: Sequence[Cell], display: Display) -> list[Cell]:
    """Return the cells that are still to be run, and tell of the others that they are done."""
    missing = []
    for cell in cells:
        cell.failure.unlink(missing_ok=True)
        if is_done(cell):
            display.advance(cell, cell.trials)
            display.end(cell, None)
        else:
            missing.append(cell)
    return missing


def _check_budget(budget: str, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise CompareError(f"{name} must be at least 1, got {number}")
    if budget not in BUDGETS:
        raise CompareError(f"budget must be one of {', '.join(BUDGETS)}, got {budget!r}")


def _check(
    target: Target,
    samplers: Sequence[str],
    seeds: Sequence[int],
    reference_point: Sequence[float] | None,
) -> None:
    m = len(target.directions)
    if m < 2:
        raise CompareError("directions: hypervolume compares two objectives or more, got 1")
    if isinstance(samplers, str) or not isinstance(seeds, Sequence):
        raise CompareError(f"samplers and seeds must be lists, got {samplers!r} and {seeds!r}")
    if not samplers or not seeds:
        raise CompareError("samplers and seeds must name at least one each")
    if not all(is_whole(seed, 0) for seed in seeds):
        raise CompareError(f"seeds must be whole numbers of at least 0, got {list(seeds)}")
    if reference_point is not None and not (
        len(reference_point) == m and np.isfinite(reference_point).all()
    ):
        raise CompareError(
            f"reference_point must hold {m} finite numbers, got {list(reference_point)}"
        )
    for name in samplers:
        check_sampler(name, seeds[0], target.problem)


def _reference(
    target: Target, given: Sequence[float] | None, values: Sequence[Floats]
) -> Sequence[float]:
    if given is not None:
        return given
    if target.problem:
        return target.problem.reference_point
    return infer_reference(values, target.directions)


def run_of(cell: Cell, problem: Problem | None = None) -> Run:
    """Return what a cell has on disk; of a built-in problem with noise, the true values."""
    trials = trials_of(cell)
    assert cell.directions is not None  # noqa: S101 - resolved before any cell is made
    m = len(cell.directions)
    error = None
    if cell.failure.exists() and not is_done(cell):
        error = cell.failure.read_text(encoding="utf-8").splitlines()[0]
    return Run(
        sampler=cell.sampler,
        seed=cell.seed,
        values=np.array([_scored(t, m, problem) for t in trials], dtype=float).reshape(-1, m),
        states=[trial.state.name for trial in trials],
        params=[trial.params for trial in trials],
        ask=np.array([trial.user_attrs.get(ASK, np.nan) for trial in trials], dtype=float),
        error=error,
        warned=[said for trial in trials for said in trial.user_attrs.get(WARNED, ())],
        epochs=[epochs_of(trial) for trial in trials],
    )


def _scored(trial: FrozenTrial, m: int, problem: Problem | None) -> list[float]:
    """Return a trial's values, all NaN if it has none or they do not count."""
    feasible = all(value <= 0 for value in constraints(trial).values())
    if trial.state != TrialState.COMPLETE or not feasible:
        return [np.nan] * m
    return list(problem.evaluate(trial.params) if problem and problem.noise else trial.values)


def versions() -> dict[str, str]:
    """Return the versions of what decides the result."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
