"""What a partition looks like as data: every row by definition, maps of regions that are known."""

from dataclasses import dataclass

import moocore
import numpy as np
import pytest

from lamoo import Categorical, Float, History, Integer, Partition, Settings, Space, Task
from lamoo.partition.region import Region
from lamoo.partition.tree import walk
from lamoo.report.inspection import (
    COMPLETIONS,
    PLACES,
    most_telling,
    places,
    region_map,
    stages,
    tree_rows,
)
from lamoo.search import chosen_path

CUBE = Space({name: Float(0, 1) for name in "abc"})
SETTINGS = Settings(partition=Partition(leaf_size=6), reference_point=np.array([2.0, 2.0]))


@dataclass(frozen=True)
class Above:
    """A boundary across one number: good above ``start``."""

    column: int
    start: float

    def decision(self, features):
        return features[:, self.column] - (self.start - 0.5)


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
        assert f"{row.trials} trials, {row.pending} pending" in row.text
        assert ("on the path chosen next" in row.text) == row.chosen


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


@pytest.mark.parametrize(
    "parameter",
    [
        Float(0, 1, step=0.25),
        Integer(-3, 9),
        Integer(1, 30, log=True),
        Categorical(("x", "y", "z")),
        Categorical((True, False, None)),
    ],
)
def test_there_is_one_place_for_each_value(parameter):
    u = places(parameter)
    assert len(u) == parameter.levels
    assert (np.diff(u) > 0).all()
    values = [*map(repr, Space({"p": parameter}).decode(u[:, None]))]
    assert len(set(values)) == len(u)


@pytest.mark.parametrize("parameter", [Float(-1, 1), Float(1e-5, 1, log=True), Integer(0, 10_000)])
def test_many_values_have_places_over_the_whole_range(parameter):
    u = places(parameter)
    assert len(u) == PLACES
    np.testing.assert_allclose(u, np.linspace(0, 1, PLACES), atol=1e-3)


def test_a_map_is_the_share_of_the_others_settings_that_is_inside():
    axes = (np.linspace(0.05, 0.95, 7), np.linspace(0.05, 0.95, 5))
    region = Region(CUBE).cut(Above(0, 0.5), good=True)
    shares = region_map(region, (0, 1), axes)
    np.testing.assert_array_equal(shares, np.tile((axes[0] > 0.5).astype(float), (5, 1)))
    # the third number is above .25 in three cases of four, four standard deviations
    both = region_map(region.cut(Above(2, 0.25), good=True), (0, 1), axes)
    assert (both[:, axes[0] <= 0.5] == 0).all()
    error = 4 * np.sqrt(0.75 * 0.25 / COMPLETIONS)
    np.testing.assert_allclose(both[:, axes[0] > 0.5], 0.75, atol=error)


def test_what_a_region_is_about_comes_first():
    region = Region(CUBE).cut(Above(2, 0.75), good=True).cut(Above(1, 0.2), good=True)
    assert most_telling(region, CUBE.sobol(0, 64, 0)) == [2, 1, 0]
    nowhere = Region(CUBE).cut(Above(2, 2.0), good=True)
    assert most_telling(nowhere, CUBE.sobol(0, 64, 0)) == [0, 1, 2]


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
