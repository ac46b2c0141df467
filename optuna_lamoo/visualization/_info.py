"""What the figures show, for both libraries that draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamoo import History, failures, pareto
from lamoo.arrays import Floats
from lamoo.checks import two_names
from lamoo.report.figures import Axis, Map
from lamoo.report.maps import map_places, region_map, telling_pairs
from lamoo.report.rows import NodeRow, Stage, stages, tree_rows
from lamoo.report.words import choice
from lamoo.space import Categorical
from optuna_lamoo import columns, objectives
from optuna_lamoo.arguments import check_study
from optuna_lamoo.explanation import existing
from optuna_lamoo.knowledge import Knowledge, Stopped, knowledge_of, stopped_of
from optuna_lamoo.reader import Reader

#: At so many points of a study its region is looked at, at most.
STAGES = 40

Studies = Study | Sequence[Study] | Mapping[str, Study]


def partition(study: Study) -> list[NodeRow]:
    """Return the nodes of a study's tree."""
    return tree_rows(_several(study).path)


def region_history(study: Study) -> list[Stage]:
    """Return how the region chosen next changed as the study grew."""
    known = _several(study)
    return stages(known.space, known.history, known.settings, STAGES)


def _several(study: Study) -> Knowledge:
    check_study(study)
    if len(study.directions) < 2:
        msg = "study must have two objectives or more: the partition ranks by dominance"
        raise ValueError(msg)
    return knowledge_of(study)


def regions(study: Study, params: Sequence[str] | None) -> list[Map]:
    """Return the region chosen next over two parameters, and the trials.

    In a conditional space, and without ``params``, that is a map for each branch.

    Raises:
        ValueError: if ``params`` are not two of the study's, or there are not two.
    """
    known = _several(study)
    names = list(known.search_space)
    if len(names) < 2:
        msg = f"study must have two parameters that leave a choice, got {names}: see plot_partition"
        raise ValueError(msg)
    chosen = two_names(params)
    if params is None:
        pairs = telling_pairs(known.path[-1].region, known.history.X)
    elif chosen is None or not {*chosen} <= {*names}:
        msg = f"params must be two of {names}, got {params!r}"
        raise ValueError(msg)
    else:
        pairs = [(names.index(chosen[0]), names.index(chosen[1]))]
    stopped = [*stopped_of(study)]
    return [_map(known, stopped, pair) for pair in pairs]


def _map(known: Knowledge, stopped: Sequence[Stopped], pair: tuple[int, int]) -> Map:
    """Return the region chosen next over two columns, and the trials."""
    history = known.history
    numbers = pareto.dominance_number(history.means, history.violation).tolist()
    names = [list(known.search_space)[j] for j in pair]
    places = [
        map_places(known.space.parameters[name], history.X[:, j], numbers)
        for name, j in zip(names, pair, strict=True)
    ]
    trials = [*known.trials, *(each.trial for each in stopped)]
    x, y = (_axis(known, trials, name, u) for name, u in zip(names, places, strict=True))
    return Map(
        x=x,
        y=y,
        shares=region_map(known.path[-1].region, pair, (places[0], places[1]), history.X),
        numbers=numbers,
        texts=[
            f"{_about(trial)}<br>dominated by {number}"
            for trial, number in zip(known.trials, numbers, strict=True)
        ]
        + [_about_stopped(each) for each in stopped],
        where=existing(known, pair),
    )


def _axis(known: Knowledge, trials: Sequence[FrozenTrial], name: str, places: Floats) -> Axis:
    parameter = known.space.parameters[name]
    scale = "category" if isinstance(parameter, Categorical) else "linear"
    values = parameter.from_unit(places)
    return Axis(
        name=name,
        scale="log" if getattr(parameter, "log", False) else scale,  # type: ignore[arg-type]
        values=[*map(choice, values)] if scale == "category" else values,
        points=[_shown(columns.answers(t, known.search_space), name, scale) for t in trials],
        levels=parameter.levels,
    )


def _shown(params: Mapping[str, Any], name: str, scale: str) -> object:
    """Return a trial's value; a choice in words, so that the choice ``None`` is one."""
    if name not in params:
        return None
    return choice(params[name]) if scale == "category" else params[name]


def _about(trial: FrozenTrial) -> str:
    """Return a trial's number, values and parameters in lines of HTML."""
    return f"trial {trial.number}<br>values {trial.values}{_params(trial)}"


def _about_stopped(stopped: Stopped) -> str:
    """Return a trial's number, last report and parameters in lines of HTML."""
    known = [None if np.isnan(value) else value for value in stopped.values.tolist()]
    said = f"stopped early after step {stopped.step}<br>reported {known}"
    return f"trial {stopped.trial.number}<br>{said}{_params(stopped.trial)}"


def _params(trial: FrozenTrial) -> str:
    return "".join(f"<br>  {name}: {choice(value)}" for name, value in trial.params.items())


@dataclass(frozen=True)
class Curve:
    """A study's hypervolume.

    Args:
        name: of the study.
        numbers: of its trials with values.
        hypervolume: after each of them.
        texts: what is said of each trial.
    """

    name: str
    numbers: Sequence[int]
    hypervolume: Floats
    texts: Sequence[str]


@dataclass(frozen=True)
class Hypervolumes:
    """The hypervolumes of studies.

    Args:
        curves: one per study.
        reference: where they are measured from, in words.
    """

    curves: Sequence[Curve]
    reference: str


@np.errstate(under="ignore")  # also for who looks for NaN with seterr
def hypervolumes(studies: Studies, reference_point: Sequence[float] | None) -> Hypervolumes:
    """Return the curves of studies, all from one reference point; feasible trials count.

    Raises:
        ValueError: if the studies have other directions, the reference point another length or a
            value that is not finite, or the volumes are beyond what a float can hold.
    """
    named = _named(studies)
    directions = next(iter(named.values())).directions
    if any(study.directions != directions for study in named.values()):
        msg = "studies must all have the same directions"
        raise ValueError(msg)
    done = {name: study.get_trials(False, (TrialState.COMPLETE,)) for name, study in named.items()}  # noqa: FBT003
    histories = {name: Reader().history({}, done[name], directions) for name in named}
    counted = _counted([*histories.values()])
    signs = objectives.signs(directions)
    reference = _reference(counted, reference_point, signs)
    words = _in_words(signs * reference, [*named.values()])
    if not pareto.expressible(np.concatenate(counted), reference):
        msg = f"{pareto.INEXPRESSIBLE} ({words})"
        raise ValueError(msg)
    curves = [
        Curve(
            name=name,
            numbers=[trial.number for trial in done[name]],
            hypervolume=pareto.hypervolume_curve(Y, reference),
            texts=[_about(trial) for trial in done[name]],
        )
        for name, Y in zip(histories, counted, strict=True)
    ]
    return Hypervolumes(curves, words)


def _in_words(reference: Floats, studies: Sequence[Study]) -> str:
    """Return a reference point, in the studies' directions, with the names that all of them use."""
    values = [f"{value:.4g}" for value in (reference + 0.0).tolist()]
    names = studies[0].metric_names
    if names is not None and all(study.metric_names == names for study in studies):
        values = [f"{name} {value}" for name, value in zip(names, values, strict=True)]
    return f"reference point: {', '.join(values)}"


def _counted(histories: Sequence[History]) -> list[Floats]:
    """Return each study's values (n, m), NaN where a trial is infeasible or stands for a failure.

    What is absurd is told from the values of all studies together.
    """
    counted = [np.where(each.violation[:, None] == 0, each.Y, np.nan) for each in histories]
    Y = np.concatenate(counted)
    Y[~(failures.sound(Y) & np.isfinite(Y).all(axis=1))] = np.nan
    return np.split(Y, np.cumsum([each.n for each in histories])[:-1])


def _named(studies: Studies) -> Mapping[str, Study]:
    if isinstance(studies, Mapping):
        named = dict(studies)
    else:
        listed = [studies] if not isinstance(studies, Sequence) else list(studies)
        named = {study.study_name: study for study in listed}
        if len(named) < len(listed):  # of two storages, say: one would hide the other
            msg = (
                "studies must have different names, or be given as name -> study, got "
                f"{[study.study_name for study in listed]}"
            )
            raise ValueError(msg)
    if not named:
        msg = "studies must hold at least one study"
        raise ValueError(msg)
    return named


def _reference(counted: Sequence[Floats], given: Sequence[float] | None, signs: Floats) -> Floats:
    if given is not None:
        if len(given) != len(signs):
            msg = f"reference_point must hold {len(signs)} values, got {list(given)}"
            raise ValueError(msg)
        if not np.isfinite(given).all():
            msg = f"reference_point must hold finite values, got {list(given)}"
            raise ValueError(msg)
        return np.asarray(signs * np.asarray(given, dtype=float))
    Y = np.concatenate(counted)
    Y = Y[~np.isnan(Y).any(axis=1)]
    if not len(Y):
        return np.zeros(len(signs))
    return pareto.inferred_reference_point(Y)
