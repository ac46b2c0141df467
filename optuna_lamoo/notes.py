"""What a trial will have, before it has it: by its note, or since the user fixed it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, PartialFixedSampler
from optuna.trial import FrozenTrial, TrialState

from optuna_lamoo.columns import SHARE, branches, column, possible, share
from optuna_lamoo.distributions import parameter

#: The system attribute in which a running trial notes what it was given, so that other workers
#: see it as pending before its parameters are suggested one by one. JSON as text, which tables of
#: trials can compare: name -> Optuna's internal representation. A long note goes on in attributes
#: with this and a number for a name. Earlier versions left the mapping itself.
NOTE = "lamoo:proposal"
#: The system attribute of a trial whose configuration was stopped before, and which was asked for
#: again nevertheless: ``True``.
AGAIN = "lamoo:again"
#: How many characters of JSON a storage takes for one attribute: MySQL has room for 65,535.
ROOM = 60_000
_ENQUEUED = "fixed_params"  # where Optuna keeps the parameters of an enqueued trial


def note(
    params: Mapping[str, Any], search_space: Mapping[str, BaseDistribution]
) -> dict[str, float]:
    """Return what a running trial notes about its proposal."""
    return {name: search_space[name].to_internal_repr(value) for name, value in params.items()}


def attributes(note: Mapping[str, float], keys: Iterable[str] = ()) -> dict[str, str]:
    """Return the attributes that a note is written into, each within :data:`ROOM`.

    Args:
        note: name -> Optuna's internal representation.
        keys: attributes that are there; what is not needed any more is emptied.
    """
    parts: list[list[str]] = [[]]
    room = ROOM
    for name, value in note.items():
        item = f"{json.dumps(name)}: {json.dumps(value)}"
        length = len(json.dumps(item))  # as text in JSON: quotes, too, take two characters
        if parts[-1] and length > room:
            parts.append([])
            room = ROOM
        parts[-1].append(item)
        room -= length
    texts = {f"{NOTE}:{k}" if k else NOTE: f"{{{', '.join(part)}}}" for k, part in enumerate(parts)}
    return dict.fromkeys(keys, "{}") | texts


def written(trial: FrozenTrial) -> dict[str, Any]:
    """Return the attributes that a trial's note stands in, whatever they hold."""
    return {key: part for key, part in trial.system_attrs.items() if key.startswith(NOTE)}


def noted(trial: FrozenTrial) -> dict[str, Any]:
    """Return a trial's note as it stands in the storage."""
    found: dict[str, Any] = {}
    for part in written(trial).values():
        found |= _parsed(part)
    return found


def _parsed(part: object) -> Mapping[str, Any]:
    """Return what an attribute says, nothing if it says nothing."""
    if isinstance(part, str):
        # nested too deeply, too, as somebody might have it
        with contextlib.suppress(ValueError, RecursionError):
            part = json.loads(part)
    return part if isinstance(part, Mapping) else {}


def refused(trials: Sequence[FrozenTrial]) -> frozenset[str]:
    """Return the parameters that the last trial to end was given and never had, if it failed.

    Optuna fails a trial that asks for a parameter in another form than it was given beforehand: on
    a logarithmic scale that is linear now, or as a float that is an integer now.
    """
    last = next((t for t in reversed(trials) if t.state.is_finished()), None)
    if last is None or last.state is not TrialState.FAIL:
        return frozenset()
    return frozenset(noted(last).keys() - last.params.keys())


def again(trial: FrozenTrial) -> bool:
    """Tell whether a trial's configuration was asked for although its training was stopped."""
    return trial.system_attrs.get(AGAIN) is True


def proposal(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that a running trial was given, nothing if it has no note.

    What is not among the values that Optuna could have stored is left out.
    """
    found, columns = {}, branches(search_space)
    for name, value in noted(trial).items():
        distribution = search_space.get(columns.get(name, [name])[0])
        if distribution is not None:
            with contextlib.suppress(TypeError, ValueError, LookupError, OverflowError):
                found[name] = distribution.to_external_repr(value)
    return possible(found, search_space)


def asked(trial: FrozenTrial, name: str, distribution: BaseDistribution) -> dict[str, Any]:
    """Return what was proposed for a parameter that is asked for on its own, if anything was.

    For one of several ranges, that is, or one of the user's own choices, which may be ``None``.
    """
    found = proposal(trial, {column(name, distribution): distribution, share(name): SHARE})
    if share(name) in found:
        own, u = parameter(distribution), np.array([found[share(name)]])
        return {name: own.from_unit(own.snap(u))[0]}
    own_column = column(name, distribution)
    return {name: found[own_column]} if own_column in found else {}


def given(trial: FrozenTrial) -> dict[str, Any]:
    """Return all that a trial was given, as far as is known: by its note, and what it has."""
    found = noted(trial)
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        if not found.keys() & {name, column(name, distribution), share(name)}:
            found[name] = distribution.to_internal_repr(value)
    return found


def enqueued(trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the parameters that the user fixed for a trial, nothing if they did not."""
    return possible(_mapping(trial, _ENQUEUED), search_space)


def deliberate(trial: FrozenTrial) -> bool:
    """Tell whether a trial that repeats another one was meant to.

    The user enqueued it, or LaMOO proposed it, which repeats nothing without a reason.
    """
    return bool(_mapping(trial, _ENQUEUED) or written(trial))


def held(sampler: BaseSampler) -> dict[str, Any]:
    """Return the parameters that ``PartialFixedSampler`` holds, if that is the study's sampler.

    Around another one, too, which it asks only about what it does not hold itself.
    """
    if not isinstance(sampler, PartialFixedSampler):
        return {}
    # Optuna has no other way to ask
    return held(sampler._base_sampler) | sampler._fixed_params  # noqa: SLF001


def _mapping(trial: FrozenTrial, key: str) -> Mapping[str, Any]:
    """Return a system attribute, empty if it is none: anybody may have written into a storage."""
    found = trial.system_attrs.get(key)
    return found if isinstance(found, Mapping) else {}
