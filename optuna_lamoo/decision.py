"""Pick one trial of a study's front; the methods are pymoo's."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import pareto
from lamoo.arrays import Floats
from lamoo.numerics import own_state
from optuna_lamoo import convert


@own_state()
def knee(study: Study) -> FrozenTrial:
    """Return the trial where giving up a little of one objective no longer gains much of another.

    Of the members of the front with an outstanding trade-off to their neighbours (Rachmawati and
    Srinivasan 2009, by pymoo; objectives rescaled to the front's range) the nearest to the ideal
    point, and the nearest of all where nobody stands out.

    Raises:
        ValueError: if no feasible trial has values.
        ModuleNotFoundError: if pymoo is not installed.
    """
    trials, F = _front(study)
    if len(trials) <= F.shape[1]:  # too few to have neighbours: the nearest to the ideal point
        return closest(study)
    method = _pymoo("pymoo.mcdm.high_tradeoff").HighTradeoffPoints()
    with warnings.catch_warnings():  # it divides by zero, and changes the filters
        warnings.simplefilter("ignore")
        chosen = method.do(F)
    found = np.arange(len(F)) if chosen is None else np.atleast_1d(chosen)
    return trials[int(found[np.linalg.norm(F[found], axis=1).argmin()])]


@own_state()
def closest(study: Study, ideal: Sequence[float] | None = None) -> FrozenTrial:
    """Return the trial of the front that is nearest to an ideal point.

    Nearest by the augmented achievement scalarising function (pymoo's ASF), that is, by the
    objective that misses the ideal by most of the front's range.

    Args:
        study: any study.
        ideal: one value per objective, by default the best of each on the front.

    Raises:
        ValueError: if no feasible trial has values, or ``ideal`` has another length.
        ModuleNotFoundError: if pymoo is not installed.
    """
    trials, F = _front(study, ideal)
    target = np.zeros(F.shape[1]) if ideal is None else F[-1]
    F = F[: len(trials)]
    asf = _pymoo("pymoo.decomposition.asf").ASF()
    missed = asf.do(F, weights=np.ones(F.shape[1]), utopian_point=target)
    # among equals the one with the smaller sum
    return trials[int(np.lexsort([F.sum(axis=1), np.round(np.ravel(missed), 12)])[0])]


@own_state()
def weighted(study: Study, weights: Sequence[float]) -> FrozenTrial:
    """Return the trial of the front whose pseudo-weights are nearest to the weights given.

    A pseudo-weight says how near a trial is to the best of an objective, in shares that add up to
    one (Deb 2001, by pymoo): ``[1, 0]`` asks for the best of the first objective.

    Raises:
        ValueError: if no feasible trial has values, or the weights are not one number of at least
            0 per objective, some above.
        ModuleNotFoundError: if pymoo is not installed.
    """
    m = len(study.directions)
    w = np.asarray(weights, dtype=float)
    if w.shape != (m,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        msg = f"weights must hold {m} numbers of at least 0, some above, got {list(weights)}"
        raise ValueError(msg)
    trials, F = _front(study)
    if len(trials) == 1:
        return trials[0]
    # where an objective is the same all over the front it has no say
    told = np.ptp(F, axis=0) > 0
    if not told.any() or w[told].sum() == 0:
        return closest(study)
    shares = w[told] / w[told].sum()
    method = _pymoo("pymoo.mcdm.pseudo_weights").PseudoWeights(shares)
    return trials[int(np.ravel(method.do(F[:, told]))[0])]


def best_under_limits(
    study: Study, objective: int | str, limits: Mapping[int | str, float]
) -> FrozenTrial:
    """Return the best trial in one objective among those that keep limits on others.

    Args:
        study: any study.
        objective: its index, or its name if the study has metric names.
        limits: index or name of an objective -> the worst value that will do: at most that where
            it is minimised, at least that where it is maximised.

    Raises:
        ValueError: if no feasible trial has values, an objective is unknown, or no trial keeps the
            limits; the nearest one is named then.
    """
    trials = _candidates(study)
    signs = convert.signs(study.directions)
    Y = signs * np.array([trial.values for trial in trials], dtype=float)
    j = _index(study, objective)
    bound = np.full(len(signs), np.inf)
    for name, limit in limits.items():
        k = _index(study, name)
        bound[k] = signs[k] * limit
    keeps = (Y <= bound).all(axis=1)
    if not keeps.any():
        span = np.ptp(pareto.finite(Y), axis=0)
        excess = np.maximum(Y - bound, 0) / np.where(span > 0, span, 1.0)
        near = trials[int(excess.sum(axis=1).argmin())]
        msg = f"limits {dict(limits)}: no trial keeps them; trial {near.number} is the nearest, "
        raise ValueError(msg + f"with values {near.values}")
    candidates = np.flatnonzero(keeps)
    # among equals one that nobody dominates
    numbers = pareto.dominance_number(Y[candidates])
    return trials[int(candidates[np.lexsort([numbers, Y[candidates, j]])[0]])]


def _index(study: Study, objective: int | str) -> int:
    names = study.metric_names or []
    m = len(study.directions)
    if isinstance(objective, str) and objective in names:
        return names.index(objective)
    if isinstance(objective, int) and 0 <= objective < m:
        return objective
    by_name = f"one of {names}" if names else "a name of study.set_metric_names([...])"
    known = f"0 to {m - 1} or {by_name}"
    msg = f"objective must be {known}, got {objective!r}"
    raise ValueError(msg)


def _candidates(study: Study) -> list[FrozenTrial]:
    """Return the feasible trials, without those that hold infinite or absurd values."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials = [t for t in done if all(v <= 0 for v in convert.constraints(t).values())]
    if not trials:
        msg = f"study {study.study_name!r} has no finished feasible trial to pick from"
        raise ValueError(msg)
    # a diverged trial is no compromise, however good its other values are
    sound = pareto.sound(np.array([trial.values for trial in trials], dtype=float))
    return [trials[i] for i in np.flatnonzero(sound)]


def _front(study: Study, point: Sequence[float] | None = None) -> tuple[list[FrozenTrial], Floats]:
    """Return the front, no two alike, and its values (k, m), minimised, 0 to 1 over the front.

    A point in the study's directions is appended to the values if one is given.
    """
    trials = _candidates(study)
    signs = convert.signs(study.directions)
    Y = signs * np.array([trial.values for trial in trials], dtype=float)
    keep = np.flatnonzero(pareto.nondominated(Y))
    keep = keep[
        np.sort(np.unique(Y[keep], axis=0, return_index=True)[1])
    ]  # of equal ones the first
    F = pareto.finite(Y[keep])
    low, span = F.min(axis=0), np.ptp(F, axis=0)
    if point is not None:
        if len(point) != len(signs) or not np.isfinite(np.asarray(point, dtype=float)).all():
            msg = f"ideal must hold {len(signs)} finite numbers, got {list(point)}"
            raise ValueError(msg)
        F = np.vstack([F, signs * np.asarray(point, dtype=float)])
    return [trials[i] for i in keep], (F - low) / np.where(span > 0, span, 1.0)


def _pymoo(module: str) -> ModuleType:
    try:
        with warnings.catch_warnings():  # of SciPy's older names
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        msg = f"picking a trial needs pymoo: pip install 'lamoo[decision]' ({error})"
        raise ModuleNotFoundError(msg) from error
