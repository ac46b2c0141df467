"""UCB chooses among the leaves, by the paper's formula."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamoo import Float, History, Partition, Space, pareto
from lamoo.partition.selection import score, select, ucb, walk
from lamoo.partition.tree import grow


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("selection", ["path", "leaf"])
def test_the_chosen_path_starts_at_the_root_and_ends_at_a_leaf(
    spaces, make_history, selection, seed
):
    history = make_history(spaces["mixed"], 80, 2, np.random.default_rng(seed))
    root = grow(spaces["mixed"], history, Partition(selection=selection), None)
    chosen = select(root)
    assert chosen[0] is root
    assert not chosen[-1].children
    for parent, child in itertools.pairwise(chosen):
        assert any(child is c for c in parent.children)


def test_walk_visits_each_node_once_with_the_path_to_it(rng):
    X = rng.random((120, 2))
    history = History(X, np.column_stack([X[:, 0], 1 - X[:, 0] + X[:, 1]]))
    root = grow(Space({"a": Float(0, 1), "b": Float(0, 1)}), history, Partition(), None)
    paths = list(walk(root))

    def below(node):
        return [node, *(each for child in node.children for each in below(child))]

    assert [p[-1] for p in paths] == below(root)
    assert len({id(p[-1]) for p in paths}) == len(paths) > 5
    assert all(p[0] is root for p in paths)
    assert all(child in parent.children for p in paths for parent, child in itertools.pairwise(p))


# --------------------------------------------------------------------------- by hand


def node(hypervolume, visits, *children):
    return SimpleNamespace(hypervolume=hypervolume, visits=visits, children=children)


def rooted(root, **settings):
    root.data = SimpleNamespace(settings=Partition(**settings))
    return root


@given(st.floats(0, 10), st.integers(1, 100), st.integers(1, 100), st.floats(0, 2))
def test_ucb_is_the_papers_formula(value, visits, extra, c_p):
    n = visits + extra
    wanted = value + 2 * c_p * math.sqrt(2 * math.log(n) / visits)
    assert ucb(value, visits, n, c_p) == pytest.approx(wanted, rel=1e-12)


def test_ucb_of_an_empty_node_is_finite():
    assert ucb(0.0, 0, 0, 1.0) == 0.0
    assert math.isfinite(ucb(1.0, 0, 10, 1.0))


def example(**settings):
    """Return a tree in which the better child does not hold the best leaf.

    With C_p = .1 x 10 the scores are
    a: 6 + 2 sqrt(2 ln 100 / 50) = 6.858    a1: 4 + 2 sqrt(2 ln 50 / 25) = 5.119
                                            a2: 5 + 2 sqrt(2 ln 50 / 25) = 6.119
    b: 6.5 + 2 sqrt(2 ln 100 / 50) = 7.358  b1: 1 + 2 sqrt(2 ln 50 / 2) = 4.956
                                            b2: 3 + 2 sqrt(2 ln 50 / 48) = 3.807
    """
    a = node(6.0, 50, node(4.0, 25), node(5.0, 25))
    b = node(6.5, 50, node(1.0, 2), node(3.0, 48))
    return rooted(node(10.0, 100, a, b), **settings)


def test_path_selection_walks_to_the_better_child():
    root = example(selection="path", c_p=0.1)
    b = root.children[1]
    assert select(root) == (root, b, b.children[0])
    # without exploration the value decides
    greedy = example(selection="path", c_p=0.0)
    b = greedy.children[1]
    assert select(greedy) == (greedy, b, b.children[1])


def test_leaf_selection_compares_all_leaves():
    root = example(selection="leaf", c_p=0.1)
    a = root.children[0]
    assert select(root) == (root, a, a.children[1])
    # with much exploration the hardly visited leaf: 1 + 20 sqrt(2 ln 50 / 2) = 40.6
    curious = example(selection="leaf", c_p=1.0)
    b = curious.children[1]
    assert select(curious) == (curious, b, b.children[0])


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("m", [2, 3])
def test_an_absolute_c_p_is_a_hypervolume_in_the_objectives_units(m, own, rng):
    """c_p of three units scores as the share does that three units are of the whole."""
    X = rng.random((80, 3))
    Y = np.column_stack([X[:, 0], 1 - X[:, 0] + X[:, 1], X[:, 2]])[:, :m] * [2e3, 1e-2, 7][:m]
    space, history = Space({name: Float(0, 1) for name in "abc"}), History(X, Y)
    reference = np.quantile(Y, 0.9, axis=0) if own else None
    inferred = pareto.reference_point(Y, of_front=False)
    whole = pareto.hypervolume(Y, reference if own else inferred)
    absolute = grow(space, history, Partition(c_p=0.3 * whole, absolute=True), reference)
    share = grow(space, history, Partition(c_p=0.3), reference)
    a, b = ([score(path) for path in walk(root)] for root in (absolute, share))
    assert len(a) > 3
    np.testing.assert_allclose(a, b)


def test_an_absolute_c_p_does_no_harm_while_there_is_no_hypervolume(rng):
    X = rng.random((40, 2))
    history = History(X, X[:, ::-1] + 1)
    settings = Partition(c_p=5.0, absolute=True)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    path = select(grow(space, history, settings, np.array([0.5, 0.5])))
    assert math.isfinite(score(path))


@pytest.mark.parametrize("selection", ["path", "leaf"])
def test_of_equals_the_good_side_is_chosen(selection):
    root = rooted(node(0.0, 20, node(0.0, 10), node(0.0, 10)), selection=selection)
    assert select(root) == (root, root.children[0])


@pytest.mark.parametrize("selection", ["path", "leaf"])
def test_a_root_without_children_is_its_own_leaf(selection):
    root = rooted(node(1.0, 5), selection=selection)
    assert select(root) == (root,)


@pytest.mark.parametrize("seed", range(40))
def test_leaf_selection_by_brute_force(seed):
    rng = np.random.default_rng(seed)

    def random_tree(visits, depth):
        if depth == 0 or visits < 4:
            return node(rng.random(), visits)
        left = int(rng.integers(1, visits))
        parts = [random_tree(k, depth - 1) for k in (left, visits - left)]
        return node(rng.random(), visits, *parts)

    root = rooted(random_tree(60, 4), selection="leaf", c_p=0.3)
    root.hypervolume = 1.0
    scores = {}

    def visit(parent):
        for child in parent.children:
            bonus = math.sqrt(2 * math.log(parent.visits) / child.visits)
            if not child.children:
                scores[id(child)] = child.hypervolume + 2 * 0.3 * root.hypervolume * bonus
            visit(child)

    visit(root)
    assert id(select(root)[-1]) == max(scores, key=scores.get)
