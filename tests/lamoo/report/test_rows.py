"""The tree as rows of plain data: every row by definition."""

import moocore
import numpy as np
import pytest

from lamoo import Float, History, Partition, Settings, Space, Task, chosen_path
from lamoo.partition.selection import walk
from lamoo.report import figures
from lamoo.report.rows import stages, tree_rows

CUBE = Space({name: Float(0, 1) for name in "abc"})
SETTINGS = Settings(partition=Partition(leaf_size=6), reference_point=np.array([2.0, 2.0]))


def history_of(n=60):
    X = CUBE.sobol(0, n, 0)
    return History(
        X,
        np.stack([X[:, 0] + X[:, 1], (1 - X[:, 0]) ** 2 + X[:, 1]], axis=1),
        pending=CUBE.sobol(n, 5, 0),
    )


def test_a_row_says_what_is_in_its_node():
    history = history_of()
    chosen = chosen_path(Task(CUBE, history, SETTINGS))
    rows = tree_rows(chosen)
    nodes = [nodes[-1] for nodes in walk(chosen[0])]
    assert len(rows) == len(nodes) > 3
    whole = moocore.hypervolume(history.Y, ref=[2.0, 2.0])
    for row, node in zip(rows, nodes, strict=True):
        inside = node.region.contains(history.X)
        assert row.trials == inside.sum()
        assert row.pending == node.region.contains(history.pending).sum()
        expected = moocore.hypervolume(history.Y[inside], ref=[2.0, 2.0]) / whole
        assert row.hypervolume == pytest.approx(expected)
        assert row.ucb >= row.hypervolume
        assert row.chosen == (node in chosen)


def test_rows_are_a_tree_with_parents_first_whose_children_share_out_what_is_inside():
    rows = tree_rows(chosen_path(Task(CUBE, history_of(), SETTINGS)))
    by_name = {}
    for row in rows:
        assert row.node not in by_name
        assert (row.parent in by_name) == (row.node != "all")
        assert row.node == (f"{row.parent} > {row.side}" if row.parent else "all")
        assert row.depth == row.node.count(">")
        by_name[row.node] = row
    for row in rows:
        children = [other for other in rows if other.parent == row.node]
        assert sorted(child.side for child in children) in ([], ["bad", "good"])
        if children:
            assert sum(child.trials for child in children) == row.trials
            assert sum(child.pending for child in children) == row.pending
    assert by_name["all"].hypervolume == 1
    # one leaf is chosen, and all above it
    leaves = {row.node for row in rows} - {row.parent for row in rows}
    (leaf,) = (row.node for row in rows if row.chosen and row.node in leaves)
    assert {row.node for row in rows if row.chosen} == {
        name for name in by_name if f"{leaf} ".startswith(f"{name} ")
    }


def test_a_figure_says_of_each_node_what_its_row_says():
    rows = tree_rows(chosen_path(Task(CUBE, history_of(), SETTINGS)))
    nodes, frames = figures.partition(rows).data
    assert list(nodes.ids) == [row.node for row in rows]
    assert list(nodes.marker.color) == [row.hypervolume for row in rows]
    assert list(frames.ids) == [row.node for row in rows if row.chosen]
    for row, text in zip(rows, nodes.hovertext, strict=True):
        assert f"{row.trials} trials, {row.pending} pending" in text
        assert ("on the path chosen next" in text) == row.chosen


def test_stages_are_the_leaves_that_were_chosen_then():
    history = history_of()
    found = stages(CUBE, history, SETTINGS, most=5)
    assert [stage.n for stage in found] == [1, 15, 30, 45, 60]
    assert (found[0].depth, found[0].trials, found[0].share) == (0, 1, 1.0)
    U = np.random.default_rng(1).random((20_000, 3))
    for stage in found:
        some = history.first(stage.n)
        nodes = chosen_path(Task(CUBE, some, SETTINGS))
        inside = nodes[-1].region.contains(some.X)
        assert (stage.depth, stage.trials) == (len(nodes) - 1, inside.sum())
        volumes = [moocore.hypervolume(Y, ref=[2.0, 2.0]) for Y in (some.Y[inside], some.Y)]
        assert stage.hypervolume == pytest.approx(volumes[0] / volumes[1])
        # of 4,096 draws the error is at most .008
        assert stage.share == pytest.approx(nodes[-1].region.contains(U).mean(), abs=0.035)
    assert len(stages(CUBE, history.first(3), SETTINGS, most=5)) == 3
