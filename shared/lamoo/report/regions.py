"""What is to be said of a region: rules that stand for it, and how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamoo.arrays import Floats
from lamoo.numerics import own_state
from lamoo.pareto import nondominated
from lamoo.partition.region import Region
from lamoo.partition.split import learn_boundary
from lamoo.partition.tree import Node
from lamoo.report.box import Box
from lamoo.report.existence import Existence, existence_in
from lamoo.report.prim import DRAWS, FEW_INSIDE, Uniform, find_box
from lamoo.space.history import History

#: Points of a region that are sought from its members on where hardly any uniform one is inside.
INSIDE = 1000
#: Points of the region with which a parameter's importance is estimated (to 1 %, standard error).
REDRAWN = 2000
#: Of the cross-validation.
FOLDS = 5


@dataclass(frozen=True)
class RegionReport:
    """What is to be said of a region, in the unit cube.

    Args:
        box: the rules.
        share: how much of the space the box takes.
        region_share: how much of the space the region itself takes.
        purity: how much of the box is in the region.
        coverage: how much of the region is in the box.
        front: members of the front in the box, and all of them.
        hypervolume: of the observations in the box, as a share of all.
        importance: per column, the share of the region's points that leave it when that parameter
            alone is drawn anew, shape ``(d,)``.
        confidence: cross-validated accuracy of the boundaries, ``None`` where there is none.
        existence: which parameters exist inside the box, and where.
    """

    box: Box
    share: float
    region_share: float
    purity: float
    coverage: float
    front: tuple[int, int]
    hypervolume: float
    importance: Floats
    confidence: float | None
    existence: Existence


def good_path(root: Node) -> tuple[Node, ...]:
    """Return the nodes from the root along the good sides, where the front is as a rule."""
    path: tuple[Node, ...] = (root,)
    while path[-1].children:
        path = (*path, path[-1].children[0])
    return path


@own_state()
def explain(path: Sequence[Node], history: History, rng: np.random.Generator) -> RegionReport:
    """Describe the last node of a path from the root.

    Args:
        path: from the root.
        history: what the tree was grown from.
        rng: for the uniform points.
    """
    root, region = path[0], path[-1].region
    space, levels = region.space, region.space.levels
    U = space.sample(DRAWS, rng)
    inside = region.contains(U)
    uniform = Uniform(space, U)
    members = history.X[region.contains(history.X)]
    # too few where the region is small: then a walk from its members finds more
    found = U[inside] if inside.sum() >= FEW_INSIDE else region.sample(INSIDE, members, rng)
    front = history.X[nondominated(history.means, history.violation)]
    box = find_box(region, U, found, front[region.contains(front)])
    existence = existence_in(box, space, history.X, rng)
    box = box.freed(np.flatnonzero(existence.absent).tolist())
    kept = box.contains(history.X, levels)
    boxed, share = uniform.inside(box)
    purity = float(region.contains(boxed).mean())
    coverage = float(box.contains(found, levels).mean()) if len(found) else 1.0
    few = inside.sum() < FEW_INSIDE and len(found)
    rows = np.flatnonzero(kept[root.data.index])
    whole = root.hypervolume
    some = Node(root.data, rows, np.arange(0), np.arange(0), region)
    return RegionReport(
        box=box,
        share=share,
        region_share=share * purity / coverage if few and coverage else float(inside.mean()),
        purity=purity,
        coverage=coverage,
        front=(int(box.contains(front, levels).sum()), len(front)),
        hypervolume=some.hypervolume / whole if whole else 0.0,
        importance=importance(region, found[~existence.strange(found)], rng),
        confidence=confidence(path, rng),
        existence=existence,
    )


def importance(region: Region, found: Floats, rng: np.random.Generator) -> Floats:
    """Return, per column, how many points of a region leave it when that column is drawn anew.

    A choice brings the parameters that it opens, also drawn anew. A point that does not have a
    parameter stays where it is.

    Args:
        region: of a space of ``d`` parameters.
        found: points of it (k, d).
        rng: for the new values.
    """
    space = region.space
    out = np.zeros(space.dimension)
    if not len(found):
        return out
    X = found[rng.integers(len(found), size=REDRAWN)]
    new = space.draw(len(X), rng)
    filled = np.where(np.isnan(X), new, X)
    for j in range(space.dimension):
        active = ~np.isnan(X[:, j])
        changed = filled.copy()
        changed[:, j] = new[:, j]
        left = ~region.contains(space.activity.mask(changed))
        out[j] = float((left & active).mean())
    return out


def confidence(path: Sequence[Node], rng: np.random.Generator) -> float | None:
    """Return the cross-validated accuracy of the boundaries along a path, five folds each.

    That is how often a boundary learned on four fifths of a node's members tells the better half of
    the last fifth from the worse, pooled over the nodes. ``None`` where there is no boundary.
    """
    right = total = 0
    for node in path[:-1]:
        features, good = node.data.features[node.rows], node.good
        fold = rng.permutation(len(good)) % FOLDS
        for k in range(FOLDS):
            rest = good[fold != k]
            if rest.all() or not rest.any():
                continue
            learned = learn_boundary(features[fold != k], rest, node.data.settings.kernel)
            found = learned.decision(features[fold == k]) > 0
            right += int((found == good[fold == k]).sum())
            total += len(found)
    return right / total if total else None
