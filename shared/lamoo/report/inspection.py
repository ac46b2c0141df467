"""What a partition looks like, as plain data: for figures, reports and people. No drawing here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Floats
from lamoo.numerics import own_state
from lamoo.partition.region import Region
from lamoo.partition.tree import Node, score, walk
from lamoo.search import chosen_path
from lamoo.space import Integer, Parameter, Space
from lamoo.space.history import History
from lamoo.task import Settings, Task

#: Places per axis of a map where a parameter has more values, and completions per place.
PLACES, COMPLETIONS = 41, 64
#: Uniform points from which a region's share of the space is estimated.
DRAWS = 4096


@dataclass(frozen=True)
class NodeRow:
    """One node of the tree.

    Args:
        node: the sides from the root down, ``"all > good > bad"``.
        parent: the same of its parent, empty for the root.
        side: ``"good"`` or ``"bad"``, empty for the root.
        depth: 0 for the root.
        trials: observations inside.
        pending: running points inside.
        hypervolume: of the observations inside, as a share of the root's.
        ucb: what a leaf is chosen by, in the same unit.
        chosen: whether it is on the path to the leaf that is chosen next.
    """

    node: str
    parent: str
    side: str
    depth: int
    trials: int
    pending: int
    hypervolume: float
    ucb: float
    chosen: bool

    @property
    def text(self) -> str:
        """The node in lines of HTML."""
        return (
            f"{self.node}<br>{self.trials} trials, {self.pending} pending<br>"
            f"hypervolume {self.hypervolume:.1%}<br>UCB {self.ucb:.3f}"
            + ("<br>on the path chosen next" if self.chosen else "")
        )


def tree_rows(chosen: tuple[Node, ...]) -> list[NodeRow]:
    """Return all nodes of a tree, given the path to a leaf of it; parents before children."""
    return [_row(nodes, chosen) for nodes in walk(chosen[0])]


def _row(nodes: tuple[Node, ...], chosen: tuple[Node, ...]) -> NodeRow:
    """Return what is said of the last node of a path."""
    root, node = nodes[0], nodes[-1]
    sides = ["good" if good else "bad" for _, good in node.region.sides]
    whole = root.hypervolume
    return NodeRow(
        node=" > ".join(["all", *sides]),
        parent=" > ".join(["all", *sides[:-1]]) if sides else "",
        side=sides[-1] if sides else "",
        depth=len(sides),
        trials=len(node.rows),
        pending=len(node.pending),
        hypervolume=node.hypervolume / whole if whole else 0.0,
        ucb=score(nodes) / whole if whole else 0.0,
        chosen=any(node is other for other in chosen),
    )


def places(parameter: Parameter) -> Floats:
    """Return where along a parameter's unit interval a map looks, at most :data:`PLACES`."""
    if parameter.levels > PLACES:
        return np.unique(parameter.snap(np.linspace(0, 1, PLACES)))
    if isinstance(parameter, Integer) and parameter.log:
        return parameter.to_unit(range(parameter.low, parameter.high + 1))
    k = int(parameter.levels)
    return (np.arange(k) + 0.5) / k


@own_state()
def region_map(region: Region, columns: tuple[int, int], axes: tuple[Floats, Floats]) -> Floats:
    """Return, for each pair of places, which share of the other parameters' settings is inside.

    Args:
        region: of a space of ``d`` parameters.
        columns: which two of them.
        axes: places along each, shapes ``(nx,)`` and ``(ny,)``.

    Returns:
        Shape ``(ny, nx)``.
    """
    x, y = np.meshgrid(*axes)
    partial = np.full((x.size, region.space.dimension), np.nan)
    partial[:, columns[0]], partial[:, columns[1]] = x.ravel(), y.ravel()
    return region.share(partial, COMPLETIONS, np.random.default_rng(0)).reshape(x.shape)


@own_state()
def most_telling(region: Region, observed: Floats) -> list[int]:
    """Return the columns by how much their values inside a region differ from those everywhere.

    That is the total variation distance between histograms of eight bins, the largest first.

    Args:
        region: which.
        observed: points (n, d), some of them inside.
    """
    rng = np.random.default_rng(0)
    members = observed[region.contains(observed)]
    inside, everywhere = region.sample(512, members, rng), region.space.sample(DRAWS, rng)
    if not len(inside):
        return list(range(region.space.dimension))
    distance = [
        np.abs(_histogram(inside[:, j]) - _histogram(everywhere[:, j])).sum()
        for j in range(region.space.dimension)
    ]
    return sorted(range(len(distance)), key=lambda j: -distance[j])


def _histogram(u: Floats) -> Floats:
    """Return shares of eight bins; what is inactive is in none."""
    return np.histogram(u[~np.isnan(u)], bins=8, range=(0.0, 1.0))[0] / len(u)


@dataclass(frozen=True)
class Stage:
    """The leaf that was chosen when a study had so many observations.

    Args:
        n: observations.
        depth: of the leaf.
        trials: how many of them are inside.
        hypervolume: of those, as a share of all.
        share: of the space that the leaf takes.
    """

    n: int
    depth: int
    trials: int
    hypervolume: float
    share: float


@own_state()
def stages(space: Space, history: History, settings: Settings, most: int) -> list[Stage]:
    """Return how the chosen leaf changed, at up to ``most`` numbers of observations."""
    numbers = np.unique(np.linspace(1, history.n, min(most, history.n)).astype(int))
    U = space.sample(DRAWS, np.random.default_rng(0))
    out = []
    for n in numbers.tolist():
        nodes = chosen_path(Task(space, history.first(n), settings))
        root, leaf = nodes[0], nodes[-1]
        whole = root.hypervolume
        out.append(
            Stage(
                n=n,
                depth=len(nodes) - 1,
                trials=len(leaf.rows),
                hypervolume=leaf.hypervolume / whole if whole else 0.0,
                share=float(leaf.region.contains(U).mean()),
            )
        )
    return out
