"""The tree as rows, checked against the tree."""

import itertools

import numpy as np

from lamoo import Float, History, Settings, Space, Task, chosen_path
from lamoo.partition.tree import walk
from lamoo.report.rows import stages, tree_rows

SPACE = Space({name: Float(0, 1) for name in "ab"})


def example(n=60):
    X = SPACE.sample(n, np.random.default_rng(0))
    return History(X, np.stack([(X**2).sum(axis=1), ((X - 1) ** 2).sum(axis=1)], axis=1))


def test_children_share_the_trials_of_their_parent():
    chosen = chosen_path(Task(SPACE, example()))
    rows = {row.node: row for row in tree_rows(chosen)}
    assert len(rows) == len(list(walk(chosen[0]))) > 1
    assert rows["all"].trials == 60
    assert rows["all"].hypervolume == 1
    for name, row in rows.items():
        children = [other for other in rows.values() if other.parent == name]
        assert len(children) in (0, 2)
        if children:
            assert sum(child.trials for child in children) == row.trials
            assert all(child.hypervolume <= row.hypervolume for child in children)
    on_path = [row.node for row in rows.values() if row.chosen]
    assert len(on_path) == len(chosen)
    assert all(below.startswith(above) for above, below in itertools.pairwise(on_path))


def test_stages_end_with_the_whole_history():
    found = stages(SPACE, example(), Settings(), 5)
    assert [stage.n for stage in found] == [1, 15, 30, 45, 60]
    last = chosen_path(Task(SPACE, example()))
    assert found[-1].depth == len(last) - 1
    assert found[-1].trials == len(last[-1].rows)
    assert 0 < found[-1].share < 1
