"""The partition: leaves share out the history and the cube; UCB chooses among them."""

import itertools
import math

import numpy as np
import pytest

from lamoo import PAPER, Float, History, Partition, Space, pareto
from lamoo.partition import split, tree
from lamoo.partition.selection import select
from lamoo.partition.tree import grow
from lamoo.space.schedule import scheduled

NAMES = ["float", "grid", "integer", "choice", "mixed", "tree"]
SETTINGS = [
    Partition(leaf_size=5),
    Partition(leaf_size=1),
    Partition(leaf_size=8, kernel="rbf", selection="leaf"),
    Partition(leaf_size=8, kernel="poly", c_p=0.5),
]


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def leaves(node):
    """Yield the leaves below a node, the good side first."""
    return (each for each in nodes(node) if not each.children)


def inner_nodes(root):
    return [node for node in nodes(root) if node.children]


# each number of objectives with each kind of space, settings and constraints in turn
WORLDS = [
    (name, m, SETTINGS[(i + m) % len(SETTINGS)], (i + m) % 3)
    for i, name in enumerate(NAMES)
    for m in range(1, 6)
]


@pytest.fixture(scope="module", params=WORLDS, ids=lambda w: f"{w[0]}-{w[1]}")
def world(request, spaces, make_history):
    """Give a space, a random history and its tree."""
    name, m, settings, constraints = request.param
    rng = np.random.default_rng([m, *name.encode()])
    history = make_history(spaces[name], 90, m, rng, constraints=constraints, pending=7, failed=3)
    return spaces[name], history, grow(spaces[name], history, settings, None)


def test_leaves_share_out_the_observations_and_what_is_pending(world):
    _, history, root = world
    parts = list(leaves(root))
    assert len(parts) > 1
    assert sorted(np.concatenate([leaf.members for leaf in parts])) == list(range(history.n))
    pending = np.concatenate([leaf.pending for leaf in parts])
    assert sorted(pending) == list(range(history.n, history.n + len(history.pending)))


def test_leaves_share_out_the_cube(world):
    space, _, root = world
    X = space.sample(500, np.random.default_rng(0))
    inside = [leaf.region.contains(X) for leaf in leaves(root)]
    assert (np.sum(inside, axis=0) == 1).all()


def test_members_and_only_they_are_inside_the_region(world):
    _, history, root = world
    for node in nodes(root):
        members = np.flatnonzero(node.region.contains(history.X))
        np.testing.assert_array_equal(members, node.members)
        pending = np.flatnonzero(node.region.contains(history.pending)) + history.n
        np.testing.assert_array_equal(pending, node.pending)
        assert (node.region.margin(history.X[node.members]) >= 0).all()
        assert node.visits == len(members) + len(pending)


def test_children_are_large_enough_and_only_large_nodes_have_them(world):
    _, _, root = world
    least = root.data.settings.leaf_size
    for node in nodes(root):
        if node.children:
            assert len(node.members) >= 2 * least
            assert min(len(c.members) for c in node.children) >= max(1, 0.03 * len(node.members))


def test_the_good_child_holds_the_better_points(world):
    _, history, root = world
    number = pareto.dominance_number(history.Y)
    # random constraints have nothing to do with x, so nothing is to be learned
    if not history.violation.any() and len(set(number)) > 1:
        good, bad = root.children
        assert number[good.members].mean() < number[bad.members].mean()


def test_a_nodes_value_is_the_hypervolume_of_its_feasible_members(world):
    space, history, root = world
    reference = pareto.reference_point(history.Y, of_front=False, violation=history.violation)
    root = grow(space, history, root.data.settings, reference)
    scaled = pareto.normalise(np.concatenate([history.Y, reference[None]]))
    for node in nodes(root):
        feasible = [i for i in node.members if history.violation[i] == 0]
        wanted = pareto.hypervolume(scaled[:-1][feasible], scaled[-1])
        assert node.hypervolume == pytest.approx(wanted)


# -------------------------------------------------------------------------- edges, costs


def test_points_are_labelled_by_who_dominates_them_within_the_node(
    spaces, make_history, monkeypatch
):
    history = make_history(spaces["float"], 120, 2, np.random.default_rng(0), constraints=1)
    seen = []
    original = tree.label
    monkeypatch.setattr(tree, "label", lambda *a: seen.append(a[0]) or original(*a))
    root = grow(spaces["float"], history, Partition(), None)
    for node in list(nodes(root)):  # all are split before any is looked at
        if len(node.members) >= 20:
            Y, violation = history.Y[node.members], history.violation[node.members]
            wanted = pareto.dominance_number(Y, violation)
            assert any(np.array_equal(wanted, numbers) for numbers in seen)
    assert len(seen) > 5


def test_only_the_path_is_split(spaces, make_history, rng, monkeypatch):
    history = make_history(spaces["float"], 200, 2, rng)
    calls = []
    original = tree.learn_boundary
    monkeypatch.setattr(tree, "learn_boundary", lambda *a: calls.append(a) or original(*a))
    root = grow(spaces["float"], history, Partition(selection="path"), None)
    assert calls == []
    chosen = select(root)
    assert len(chosen) > 3
    large = sum(len(node.members) >= 20 for node in chosen)
    assert len(calls) == large
    siblings = [c for parent in chosen[:-1] for c in parent.children if c not in chosen]
    assert siblings
    assert not any("children" in vars(sibling) for sibling in siblings)  # not cached yet
    select(root)
    assert len(calls) == large


@pytest.mark.parametrize("m", [1, 2, 5])
def test_the_units_of_the_objectives_do_not_matter(spaces, make_history, m, rng):
    history = make_history(spaces["float"], 80, m, rng)
    # powers of two scale without rounding
    scaled = History(history.X, history.Y * 2.0 ** rng.integers(-40, 40, m))
    paths = [select(grow(spaces["float"], h, Partition(), None)) for h in (history, scaled)]
    for one, two in zip(*paths, strict=True):
        np.testing.assert_array_equal(one.members, two.members)


@pytest.mark.parametrize("selection", ["path", "leaf"])
def test_a_running_point_makes_its_leaf_less_attractive(spaces, make_history, selection, rng):
    space = spaces["float"]
    settings = Partition(selection=selection, c_p=1.0)
    history = make_history(space, 60, 2, rng)
    favourite = select(grow(space, history, settings, None))[-1]
    busy = History(history.X, history.Y, pending=favourite.region.sample(40, history.X, rng))
    other = select(grow(space, busy, settings, None))[-1]
    assert set(other.members) != set(favourite.members)


def test_a_reference_point_that_nobody_beats_leads_to_the_good_side(spaces, make_history, rng):
    history = make_history(spaces["float"], 60, 2, rng)
    root = grow(spaces["float"], history, Partition(), history.Y.min(axis=0) - 1)
    assert root.hypervolume == 0
    for parent, child in itertools.pairwise(select(root)):
        assert child is parent.children[0]


def test_while_nothing_is_feasible_the_good_side_violates_less(spaces, rng):
    X = spaces["float"].sample(60, rng)
    history = History(X, rng.random((60, 2)), 1 + X[:, :1])
    good, bad = grow(spaces["float"], history, Partition(), None).children
    assert X[good.members, 0].max() < X[bad.members, 0].min() + 0.1
    assert select(grow(spaces["float"], history, Partition(), None))[1].members.tolist() == (
        good.members.tolist()
    )


@pytest.mark.parametrize("Y", [np.zeros((50, 2)), np.full((50, 3), np.inf)])
def test_constant_objectives_give_nothing_to_split(spaces, Y, rng):
    root = grow(spaces["float"], History(spaces["float"].sample(50, rng), Y), Partition(), None)
    assert root.children == ()
    assert select(root) == (root,)


def test_points_that_are_all_the_same_cannot_be_split(spaces, rng):
    X = np.repeat(spaces["mixed"].sample(1, rng), 50, axis=0)
    root = grow(spaces["mixed"], History(X, rng.random((50, 2))), Partition(), None)
    assert root.children == ()


@pytest.mark.parametrize("n", [1, 2, 19])
def test_few_points_are_one_leaf(spaces, make_history, n, rng):
    root = grow(spaces["mixed"], make_history(spaces["mixed"], n, 2, rng), Partition(), None)
    assert list(leaves(root)) == [root]


def test_points_that_nobody_dominates_are_split_by_rank(spaces, rng):
    X = spaces["float"].sample(40, rng)
    Y = np.stack([X[:, 0], -X[:, 0], X[:, 1], X[:, 2]], axis=1)
    history = History(X, Y)
    root = grow(spaces["float"], history, Partition(), None)
    assert not root.data.dominates[np.ix_(range(5), range(5))].all()
    good, bad = root.children
    assert X[good.members, 1:].mean() < X[bad.members, 1:].mean()


def test_the_papers_recipe():
    assert Partition(leaf_size=10, kernel="poly", selection="path", c_p=0.1) == PAPER


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"leaf_size": 0}, "leaf_size"),
        ({"leaf_size": 2.5}, "leaf_size must be at least 1, a whole number"),
        ({"c_p": "large"}, "c_p must be"),
        ({"absolute": "yes"}, "absolute must be True or False"),
        ({"kernel": "cubic"}, "kernel"),
        ({"selection": "best"}, "selection"),
        ({"c_p": -0.1}, "c_p"),
        ({"c_p": math.nan}, "c_p"),
    ],
)
def test_a_wrong_setting_is_named(settings, name):
    with pytest.raises(ValueError, match=name):
        Partition(**settings)


# ------------------------------------------------------------------------- many features

MANY = Space({f"p{j}": Float(0, 1) for j in range(40)})


def wide(n, rng):
    X = rng.random((n, 40))
    rest = ((X[:, 1:] - 0.4) ** 2).sum(axis=1)
    return History(X, np.stack([X[:, 0] + rest, 1 - X[:, 0] + rest], axis=1))


def boundaries(root):
    return [n.children[0].region.sides[-1][0] for n in inner_nodes(root)]


def test_with_many_features_the_tree_splits_where_the_one_of_a_scheduled_length_does(rng, forget):
    history, n = wide(500, rng), scheduled(500)
    assert n < 500
    now, then = (grow(MANY, h, Partition(), None) for h in (history, history.first(n)))
    ours = boundaries(now)
    forget()
    alone = tree._taught_by(MANY, tree._representative(MANY, history.first(n)), Partition())
    theirs = boundaries(alone)
    assert len(ours) == len(theirs) > 5
    for a, b, c in zip(ours, boundaries(then), theirs, strict=True):
        np.testing.assert_array_equal(a.model.weights, b.model.weights)
        np.testing.assert_array_equal(a.model.weights, c.model.weights)


def test_a_solver_may_wish_for_the_boundaries_of_a_scheduled_length_with_few_features(rng, forget):
    few = Space({f"p{j}": Float(0, 1) for j in range(5)})
    X = rng.random((500, 5))
    rest = ((X[:, 1:] - 0.4) ** 2).sum(axis=1)
    history = History(X, np.stack([X[:, 0] + rest, 1 - X[:, 0] + rest], axis=1))
    then = boundaries(grow(few, history.first(scheduled(500)), Partition(), None))
    forget()
    root = grow(few, history, Partition(), None, early=True)
    ours, without = boundaries(root), boundaries(grow(few, history, Partition(), None))
    assert len(ours) == len(then) > 5
    for a, b in zip(ours, then, strict=True):
        np.testing.assert_array_equal(a.model.weights, b.model.weights)
    assert not np.array_equal(ours[0].model.weights, without[0].model.weights)
    members = np.concatenate([leaf.members for leaf in leaves(root)])
    assert sorted(members) == sorted(root.members)
    assert members.max() >= scheduled(500)  # the latest count, too


def test_with_many_features_leaves_share_out_all_observations_of_now(rng):
    history = wide(500, rng)
    root = grow(MANY, history, Partition(), None)
    members = np.concatenate([leaf.members for leaf in leaves(root)])
    assert sorted(members) == sorted(root.members)
    assert root.members.max() >= scheduled(500)  # the latest count, too
    for leaf in leaves(root):
        assert len(leaf.members)
        np.testing.assert_array_equal(
            leaf.region.contains(history.X[root.members]), np.isin(root.members, leaf.members)
        )


def test_with_many_features_boundaries_are_learned_once_between_two_scheduled_lengths(
    rng, forget, monkeypatch
):
    learned = []
    fit, history = split._logistic, wide(560, rng)

    def counted(features, good):
        learned.append(len(features))
        return fit(features, good)

    monkeypatch.setattr(split, "_logistic", counted)
    forget()
    for n in (512, 530, 543):
        assert scheduled(n) == 512
        boundaries(grow(MANY, history.first(n), Partition(), None))
        once = len(boundaries(grow(MANY, history.first(512), Partition(), None)))
        # what separates nothing is learned, and left out
        assert once <= len([size for size in learned if size]) <= 2 * once + 1
    learned.clear()
    boundaries(grow(MANY, history.first(544), Partition(), None))
    assert learned


def test_with_few_features_boundaries_are_learned_from_all_that_there_is(rng):
    space = Space({f"p{j}": Float(0, 1) for j in range(6)})
    X = rng.random((100, 6))
    history = History(X[:99], np.stack([X[:99, 0], 1 - X[:99, 0] + X[:99, 1]], axis=1))
    assert grow(space, history, Partition(), None).teacher is None
