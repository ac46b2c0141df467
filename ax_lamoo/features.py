"""Between the engine's points and the features that Ax's own models see.

Ax's transforms turn a parameter into one feature, or into one per choice where it is unordered
(one-hot). Only a proposal by Ax's acquisition that is confined to a region asks where a row of
features lies; it may lie between choices while the acquisition is optimised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ax.adapter.transforms.base import Transform
from ax.adapter.transforms.cast import Cast
from ax.adapter.transforms.one_hot import OH_PARAM_INFIX
from ax.core.data import MAP_KEY
from ax.core.observation import ObservationFeatures

from ax_lamoo.encoding import Encoding, Params
from ax_lamoo.parameters import between
from ax_lamoo.transforms import MANY
from lamoo.arrays import Floats, Ints
from lamoo.space import near


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Scale:
    """Where the features of one parameter are in the unit interval.

    Args:
        features: their indices, ``k``.
        rows: their values at some places, shape ``(p, k)``: all choices, or both ends of a range.
        places: these places, shape ``(p,)``.
    """

    features: Ints
    rows: Floats
    places: Floats

    def to_unit(self, F: Floats) -> Floats:
        """Return where feature rows (n, f) lie, shape ``(n,)``."""
        mine = F[:, self.features]
        if len(self.features) > 1:
            chosen = self.places[(mine @ self.rows.T).argmax(axis=1)]
            return np.asarray(np.where(mine.max(axis=1) > 0, chosen, np.nan))
        order = np.argsort(self.rows[:, 0])
        ends = self.rows[order, 0], self.places[order]
        return np.array([between(value, *ends) for value in mine[:, 0].tolist()])


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a search space.

    Args:
        encoding: of the search space.
        names: of the features, ``f``.
        scales: one for each column of points.
        transforms: Ax's, in their order.
    """

    encoding: Encoding
    names: tuple[str, ...]
    scales: tuple[Scale, ...]
    transforms: tuple[Transform, ...]

    def encode(self, F: Floats) -> Floats:
        """Return the points (n, d) of feature rows (n, f)."""
        return near(np.stack([scale.to_unit(F) for scale in self.scales], axis=1))

    def decode(self, X: Floats) -> Floats:
        """Return the feature rows (n, f) of points (n, d)."""
        rows = [ObservationFeatures(parameters=row) for row in self.encoding.complete(X)]
        for transform in self.transforms:
            rows = transform.transform_observation_features(rows)
        F = [[float(row.parameters[name]) for name in self.names] for row in rows]
        return np.array(F).reshape(-1, len(self.names))


def features_of(
    encoding: Encoding, names: Sequence[str], transforms: Mapping[str, Transform]
) -> Features:
    """Return the features of a search space.

    Args:
        encoding: of the search space.
        names: of the features.
        transforms: Ax's, in their order.
    """
    scales = []
    for j, (name, column) in enumerate(encoding.columns.items()):
        finite = column.parameter.levels < MANY  # more are a real range to Ax
        places = encoding.space.places(j) if finite else np.array([0.0, 1.0])
        mine = [i for i, feature in enumerate(names) if parameter_of(feature) == name]
        seen = [_alone(name, value, transforms) for value in column.from_unit(places)]
        rows = np.array([[float(row[names[i]]) for i in mine] for row in seen])
        scales.append(Scale(np.array(mine), rows, places))
    return Features(encoding, tuple(names), tuple(scales), tuple(transforms.values()))


def _alone(name: str, value: Any, transforms: Mapping[str, Transform]) -> Params:
    """Return the features of one parameter."""
    if name == MAP_KEY:  # is the same to Ax, which would move it to its curve's end
        return {name: value}
    rows = [ObservationFeatures(parameters={name: value})]
    for transform in transforms.values():
        if not isinstance(transform, Cast):  # which asks for all parameters
            rows = transform.transform_observation_features(rows)
    features: Params = rows[0].parameters
    return features


def parameter_of(feature: str) -> str:
    """Return the name of the parameter that a feature belongs to."""
    return feature.rpartition(OH_PARAM_INFIX)[0] or feature
