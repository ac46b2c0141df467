"""Choosing a leaf of the partition: Monte-Carlo tree search (LaMOO, ICLR 2022, section 3.2).

A node is worth the hypervolume of its observations, and more the less often it was chosen: the
upper confidence bound (UCB).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamoo.partition.tree import Node


def walk(root: Node) -> Iterator[tuple[Node, ...]]:
    """Yield the path from the root to each node, depth first, the good side first."""
    todo: list[tuple[Node, ...]] = [(root,)]
    while todo:
        path = todo.pop()
        yield path
        todo += [(*path, child) for child in reversed(path[-1].children)]


def ucb(value: float, visits: int, parent_visits: int, c_p: float) -> float:
    """Return ``v_j + 2 C_p sqrt(2 ln n_parent / n_j)`` (LaMOO, equation in section 3.2).

    Args:
        value: ``v_j``, the node's hypervolume.
        visits: ``n_j``, see :attr:`Node.visits`; 0 counts as 1.
        parent_visits: ``n_parent``, likewise.
        c_p: the weight of exploration, in the units of ``value``.

    Example:
        >>> round(ucb(value=1.0, visits=8, parent_visits=20, c_p=0.5), 4)
        1.8654
    """
    return float(value + 2 * c_p * np.sqrt(2 * np.log(max(parent_visits, 1)) / max(visits, 1)))


def select(root: Node) -> tuple[Node, ...]:
    """Choose a leaf by UCB on hypervolume and return the path from the root to it.

    Unless the settings say otherwise, exploration is weighed by a share of the root's hypervolume,
    so that the choice does not depend on the units of the objectives. Among equals the good side
    wins.
    """
    if root.data.settings.selection == "path":
        return _greedy_path(root)
    paths = [path for path in walk(root) if not path[-1].children]
    return paths[int(np.argmax([score(path) for path in paths]))]


def _greedy_path(root: Node) -> tuple[Node, ...]:
    """Return the path that enters, at each node, the child with the larger UCB."""
    path: tuple[Node, ...] = (root,)
    while path[-1].children:
        paths = [(*path, child) for child in path[-1].children]
        path = paths[int(np.argmax([score(longer) for longer in paths]))]
    return path


def score(path: tuple[Node, ...]) -> float:
    """Return the UCB of the last node of a path from the root; the root is its own parent."""
    root, node, parent = path[0], path[-1], path[max(len(path) - 2, 0)]
    c_p = root.data.settings.c_p * root.hypervolume
    if root.data.settings.absolute:
        c_p = c_p / root.data.volume if root.data.volume > 0 else 0.0
    return ucb(node.hypervolume, node.visits, parent.visits, c_p)
