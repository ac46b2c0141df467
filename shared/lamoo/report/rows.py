"""The tree as rows of plain data, one per node, and how the chosen leaf changed in a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamoo.numerics import own_state
from lamoo.partition.selection import score, walk
from lamoo.partition.tree import Node
from lamoo.search import chosen_path
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.task import Settings, Task

#: Uniform points from which a leaf's share of the space is estimated: to .8 % (standard error) at
#: worst, where a line in a figure is about as wide.
DRAWS = 4096


@dataclass(frozen=True)
class NodeRow:
    """One node of the tree.

    Args:
        node: what it is called, by the sides from the root down: ``"all > good > bad"``.
        parent: what its parent is called, empty for the root.
        side: ``"good"`` or ``"bad"``, empty for the root.
        depth: 0 for the root.
        trials: observations inside.
        pending: running points inside.
        stopped: points inside whose training was stopped early.
        hypervolume: of the observations inside, as a share of the root's.
        ucb: the upper confidence bound by which a leaf is chosen, as a share of the root's
            hypervolume.
        chosen: whether it is on the path to the leaf that is chosen next.
    """

    node: str
    parent: str
    side: str
    depth: int
    trials: int
    pending: int
    stopped: int
    hypervolume: float
    ucb: float
    chosen: bool


def tree_rows(chosen: tuple[Node, ...]) -> list[NodeRow]:
    """Return all nodes of a tree, given the path to a leaf of it; parents before children."""
    return [_row(nodes, chosen) for nodes in walk(chosen[0])]


def _row(nodes: tuple[Node, ...], chosen: tuple[Node, ...]) -> NodeRow:
    """Return the row of the last node of a path from the root.

    Args:
        nodes: the path.
        chosen: the path to the leaf that is chosen next.
    """
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
        stopped=len(node.stopped),
        hypervolume=node.hypervolume / whole if whole else 0.0,
        ucb=score(nodes) / whole if whole else 0.0,
        chosen=any(node is other for other in chosen),
    )


@dataclass(frozen=True)
class Stage:
    """The leaf that was chosen after the first ``n`` observations of a study.

    Args:
        n: the number of observations.
        depth: of the leaf.
        trials: how many of the observations are in the leaf.
        hypervolume: of those, as a share of all observations' hypervolume.
        share: how much of the search space the leaf takes.
    """

    n: int
    depth: int
    trials: int
    hypervolume: float
    share: float


@own_state()
def stages(space: Space, history: History, settings: Settings, most: int) -> list[Stage]:
    """Return how the chosen leaf changed, at up to ``most`` numbers of observations.

    Args:
        space: the search space.
        history: at least one observation, in the order of the trials.
        settings: with which a tree is grown after each of these numbers.
        most: how many numbers there are at most, spread evenly.
    """
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
