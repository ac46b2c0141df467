"""Boxes, how they are found, and what is said of regions: by definition, and where it is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Partition, Space, pareto
from lamoo.partition.region import Region
from lamoo.partition.tree import grow
from lamoo.report import prim
from lamoo.report.box import Box
from lamoo.report.prim import DRAWS, Uniform, _peels, find_box
from lamoo.report.regions import confidence, explain, good_path, importance
from lamoo.space.activity import Activity, OneOf

CUBE = Space({name: Float(0, 1) for name in "abcd"})
NONE = np.empty((0, 4))


@dataclass(frozen=True)
class Below:
    """A boundary across one number: good below ``end``."""

    column: int
    end: float

    def decision(self, features):
        return self.end - 0.5 - features[:, self.column]


def test_a_box_contains_what_keeps_every_rule(rng):
    levels = np.array([np.inf, 3.0, np.inf, 2.0])
    box = Box(
        np.array([0.2, 0.0, 0.0, 0.0]), np.array([0.7, 1.0, 1.0, 1.0]), (None, (0, 2), None, None)
    )
    X = rng.random((500, 4))
    X[rng.random((500, 4)) < 0.1] = np.nan  # inactive

    def keeps(x):
        ranged = np.isnan(x[0]) or 0.2 <= x[0] <= 0.7
        return ranged and (np.isnan(x[1]) or int(3 * x[1]) in (0, 2))

    assert box.contains(X, levels).tolist() == [keeps(x) for x in X]
    assert 0 < box.contains(X, levels).sum() < 500
    assert box.conditions() == [0, 1]
    assert set(np.flatnonzero(box.outside(X, levels).any(axis=0))) == {0, 1}


@pytest.mark.parametrize("ends", [{0: 0.3}, {0: 0.5, 2: 0.6}])
def test_a_region_that_is_a_box_is_found(ends, rng):
    region = Region(CUBE)
    for column, end in ends.items():
        region = region.cut(Below(column, end), good=True)
    U = rng.random((DRAWS, 4))
    found = U[region.contains(U)]
    box = find_box(region, U, found, NONE)
    assert box.conditions() == [*ends]
    # the last peel is at most 5 % of what is in the box, and may be one too few or too many
    for column, end in ends.items():
        assert box.low[column] == 0
        assert box.high[column] == pytest.approx(end, rel=0.06)


def test_members_of_the_front_stay_inside(rng):
    region = Region(CUBE).cut(Below(0, 0.3), good=True)
    U = rng.random((5000, 4))
    front = np.array([[0.299999, 0.999, 0.001, 0.5]])
    box = find_box(region, U, U[region.contains(U)], front)
    assert box.contains(front, CUBE.levels).all()


def test_the_whole_space_has_no_rule(rng):
    U = rng.random((100, 4))
    assert find_box(Region(CUBE), U, U, NONE).conditions() == []


def test_a_choice_that_is_needed_is_the_rule(rng):
    space = Space({"kind": Categorical(("x", "y", "z", "w")), "a": Float(0, 1)})

    class OfTwo:
        """Good: the second and the fourth choice; features are two of the number, then cells."""

        def decision(self, features):
            return features[:, -3] + features[:, -1] - 0.5

    region = Region(space).cut(OfTwo(), good=True)
    U = space.sample(5000, rng)
    box = find_box(region, U, U[region.contains(U)], np.empty((0, 2)))
    assert box.conditions() == [0]
    assert box.cells[0] == (1, 3)


def test_peels_say_what_they_leave(rng):
    space = Space({"kind": Categorical(tuple(range(9))), "x": Float(0, 1), "op": Categorical("ab")})
    U, found, front = space.sample(500, rng), space.sample(60, rng), space.sample(3, rng)
    U[:50, 1], found[:9, 2] = np.nan, np.nan  # where they do not exist
    box = Box.whole(3).with_cells(0, (0, 1, 4, 5, 6, 8))
    within, covered, front = (X[box.contains(X, space.levels)] for X in (U, found, front))
    front[:, 2] = 0.25  # "a"
    peels = [*_peels(box, within, covered, front, space)]
    for peel in peels:
        smaller = peel.of(box)
        many, few = (smaller.contains(X, space.levels).sum() for X in (within, covered))
        assert peel.density == few / many
        assert smaller.contains(front, space.levels).all()
    gone = {cell for peel in peels if peel.column == 0 for cell in peel.gone}
    assert gone == {0, 1, 4, 5, 6, 8} - set(np.floor(front[:, 0] * 9))
    assert [peel.gone for peel in peels if peel.column == 2] == [{1}]


def test_hundreds_of_choices_are_peeled_without_a_look_at_all_points_for_each(rng, monkeypatch):
    space = Space({name: Categorical(tuple(range(200))) for name in "abc"})

    class UpperHalf:
        """Good: the last hundred choices of the first parameter; features are cells."""

        def decision(self, features):
            return features[:, 100:200].sum(axis=1) - 0.5

    region = Region(space).cut(UpperHalf(), good=True)
    U, looks, allows = space.sample(4000, rng), [], Box.allows

    def counted(box, u, j, levels):
        looks.append(j)
        return allows(box, u, j, levels)

    monkeypatch.setattr(Box, "allows", counted)
    box = find_box(region, U, U[region.contains(U)], NONE[:, :3])
    assert set(box.cells[0]) == {*range(100, 200)}
    # two for each peel, which takes one of 600 choices; looks for each choice are 100,000
    assert len(looks) < 2 * 600


def test_of_very_many_choices_several_go_at_a_time(rng, monkeypatch):
    space = Space({"arch": Categorical(tuple(range(400))), "x": Float(0, 1)})

    class Tenth:
        """Good: the last forty choices; features are two of the number, then cells."""

        def decision(self, features):
            return features[:, -40:].sum(axis=1) - 0.5

    region = Region(space).cut(Tenth(), good=True)
    U, peels, peel = space.sample(2000, rng), [], prim._peels

    def counted(*arguments):
        peels.append(singly)
        return peel(*arguments)

    monkeypatch.setattr(prim, "_peels", counted)
    inside, scores = region.contains(U), []
    for singly in (50, 10**6):
        monkeypatch.setattr(prim, "SINGLY", singly)
        box = find_box(region, U, U[inside], U[inside][:1])
        boxed = box.contains(U, space.levels)
        purity, coverage = inside[boxed].mean(), boxed[inside].mean()
        scores.append(2 * purity * coverage / (purity + coverage))
    assert scores[0] > (1 - prim.NEGLIGIBLE) * scores[1]
    assert scores[1] > 0.9
    assert peels.count(50) < 0.7 * peels.count(10**6)


def test_importance_is_the_chance_to_leave(rng):
    region = Region(CUBE).cut(Below(1, 0.25), good=True).cut(Below(3, 0.8), good=True)
    U = rng.random((DRAWS, 4))
    # drawn anew, a number is outside [0, .25) in three cases of four; of 2,000 the error is .01
    found = importance(region, U[region.contains(U)], rng)
    np.testing.assert_allclose(found, [0, 0.75, 0, 0.2], atol=0.04)
    assert importance(region, NONE, rng).tolist() == [0, 0, 0, 0]


def history_of(values, n=120, seed=0):
    X = CUBE.sobol(0, n, seed)
    return History(X, values(X, np.random.default_rng(seed)))


def test_confidence_is_high_where_there_is_a_boundary_and_a_coins_where_there_is_none(rng):
    line = history_of(lambda X, _: np.stack([X[:, 0], X[:, 0] + 0.01 * X[:, 1]], axis=1))
    noise = history_of(lambda X, rng: rng.random((len(X), 2)))
    sure, unsure = (
        confidence((root, *root.children[:1]), rng)
        for root in (grow(CUBE, h, Partition(leaf_size=20), None) for h in (line, noise))
    )
    assert sure > 0.9
    # of 120 tosses, four standard deviations
    assert abs(unsure - 0.5) < 4 * 0.5 / np.sqrt(120)
    assert confidence((grow(CUBE, line, Partition(), None),), rng) is None


def test_the_good_path_keeps_the_front_and_its_explanation_says_what_is_counted():
    history = history_of(
        lambda X, _: np.stack([X[:, 0] ** 2 + X[:, 1], (X[:, 0] - 0.3) ** 2 + X[:, 1]], axis=1)
    )
    path = good_path(grow(CUBE, history, Partition(leaf_size=20), None))
    assert len(path) > 1
    assert all(all(good for _, good in node.region.sides) for node in path)
    found = explain(path, history, np.random.default_rng(0))
    U = np.random.default_rng(1).random((50_000, 4))
    inside, boxed = path[-1].region.contains(U), found.box.contains(U, CUBE.levels)
    # 20,000 against 50,000 draws
    assert found.share == pytest.approx(boxed.mean(), abs=0.015)
    assert found.region_share == pytest.approx(inside.mean(), abs=0.015)
    assert found.purity == pytest.approx(inside[boxed].mean(), abs=0.04)
    assert found.coverage == pytest.approx(boxed[inside].mean(), abs=0.04)
    front = history.X[pareto.nondominated(history.Y)]
    kept = found.box.contains(front, CUBE.levels).sum()
    assert found.front == (kept, len(front))
    assert 0 < found.hypervolume <= 1
    assert found.importance.argmax() in (0, 1)


#: Of a model "a" with a parameter of its own, a model "b" with two, and one that both have.
BRANCHES = Space(
    {
        "a1": Float(0, 1),
        "b1": Float(0, 1),
        "b2": Float(0, 1),
        "model": Categorical(("a", "b")),
        "x": Float(0, 1),
    },
    activity=Activity(
        (
            (0, np.array([3]), OneOf((0.25,))),
            (1, np.array([3]), OneOf((0.75,))),
            (2, np.array([3]), OneOf((0.75,))),
        )
    ),
)


@dataclass(frozen=True)
class Where:
    """A boundary: good where a function of points without features says so."""

    test: Callable

    def decision(self, features):
        """Undo the features: numbers less a half (0 where inactive), then squares, then cells."""
        numbers, cells = features[:, :4], features[:, -2:]
        return np.where(self.test(*(numbers + 0.5).T, cells[:, 1] == 1), 1.0, -1.0)


def test_importance_of_a_choice_is_that_of_what_it_opens(rng):
    # good: a with x below .5, and b with b1 below .25
    region = Region(BRANCHES).cut(
        Where(lambda a1, b1, b2, x, b: np.where(b, b1 < 0.25, x < 0.5)), good=True
    )
    X = BRANCHES.sample(20_000, rng)
    X = X[region.contains(X)]
    # of the good points two thirds are of a, one third of b: (.5 + .5 * .25) / 2 are good
    a, b = 2 / 3, 1 / 3
    expected = {
        "a1": 0.0,
        "b1": b * 0.75,
        "b2": 0.0,
        # to the other model in half the cases: from a to any b1, from b to the x it has
        "model": a * 0.5 * 0.75 + b * 0.5 * 0.5,
        "x": a * 0.5,
    }
    found = importance(region, X, rng)
    # 2,000 points: four standard deviations are .045
    np.testing.assert_allclose(found, [expected[name] for name in BRANCHES.parameters], atol=0.045)


def test_rules_are_of_parameters_that_exist_where_they_are_kept(rng):
    X = BRANCHES.sobol(0, 200, 1)
    full = np.nan_to_num(X, nan=0.5)
    b = full[:, 3] > 0.5
    bad = np.where(b, 3 * np.abs(full[:, 1] - 0.3), 5 + full[:, 0]) + 2 * np.abs(full[:, 4] - 0.6)
    history = History(X, np.stack([bad + 0.1 * full[:, 4], bad - 0.1 * full[:, 4]], axis=1))
    path = good_path(grow(BRANCHES, history, Partition(leaf_size=20), None))
    found = explain(path, history, rng)
    assert found.box.cells[3] == (1,)
    assert found.existence.absent.tolist() == [True, False, False, False, False]
    assert 1 in found.box.conditions()
    assert 0 not in found.box.conditions()
    assert found.importance[0] == 0
    U = BRANCHES.sample(50_000, rng)
    inside, boxed = path[-1].region.contains(U), found.box.contains(U, BRANCHES.levels)
    assert found.share == pytest.approx(boxed.mean(), abs=0.01)
    assert found.purity == pytest.approx(inside[boxed].mean(), abs=0.04)
    assert found.coverage == pytest.approx(boxed[inside].mean(), abs=0.04)
    assert found.purity > 0.6


def test_points_drawn_in_a_box_are_inside(rng):
    box = Box.whole(5).with_range(0, 0.2, 0.4).with_cells(3, (1,))
    X = box.draw(BRANCHES, 300, rng)
    assert not np.isnan(X).any()
    assert box.contains(X, BRANCHES.levels).all()
    assert box.freed([0, 3]).conditions() == []
    assert box.conditions() == [0, 3]


def test_a_region_that_hardly_a_uniform_point_meets_is_found(rng):
    """Ten ranges of which .3 is good: six of a million points are in the region."""
    space = Space({f"x{j}": Float(0, 1) for j in range(10)})
    region = Region(space)
    for column in range(10):
        region = region.cut(Below(column, 0.3), good=True)
    U, found = rng.random((DRAWS, 10)), 0.3 * rng.random((1000, 10))
    box = find_box(region, U, found, found[:1])
    assert box.conditions() == [*range(10)]
    np.testing.assert_allclose(box.high, 0.3, rtol=0.1)
    inside, share = Uniform(space, U).inside(box)
    assert share == pytest.approx(np.prod(box.high - box.low))
    exact = np.prod(np.minimum(box.high, 0.3) - box.low) / np.prod(box.high - box.low)
    assert region.contains(inside).mean() == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("cells", [None, (0,), (1,)])
def test_uniform_points_of_a_small_box_are_those_of_the_space_that_are_inside(cells, rng):
    """In a conditional space, too, where a rule leaves the branches without its parameter whole."""
    box = Box.whole(5).with_range(1, 0.1, 0.2).with_range(4, 0.5, 0.51).with_cells(3, cells)
    U = BRANCHES.sample(1_000_000, rng)
    expected = U[box.contains(U, BRANCHES.levels)]
    found, share = Uniform(BRANCHES, U[:10_000]).inside(box)
    assert box.contains(U[:10_000], BRANCHES.levels).sum() < 200
    assert len(found) == DRAWS
    assert box.contains(found, BRANCHES.levels).all()
    # four standard errors of the expected ones
    near = 4 / np.sqrt(len(expected))
    assert share == pytest.approx(len(expected) / len(U), rel=near)
    for column in range(5):
        there = [X[~np.isnan(X[:, column]), column] for X in (found, expected)]
        shares = [len(values) / len(X) for values, X in zip(there, (found, expected), strict=True)]
        assert shares[0] == pytest.approx(shares[1], abs=near / 2)
        if min(map(len, there)):
            assert there[0].mean() == pytest.approx(there[1].mean(), abs=near)


def test_rules_of_a_long_study_are_those_of_its_region():
    """Seven of eight numbers are best at 0: each has a rule, and what the rules hold is counted."""
    rng = np.random.default_rng(0)
    space = Space({f"x{j}": Float(0, 1) for j in range(8)})
    X = rng.random((800, 8)) * 10.0 ** rng.uniform(-2, 0, (800, 1))
    X[:, 0] = rng.random(800)
    far = 1 + 9 * X[:, 1:].mean(axis=1)
    Y = np.stack([X[:, 0], far * (1 - np.sqrt(X[:, 0] / far))], axis=1)  # ZDT1
    history = History(X, Y)
    path = good_path(grow(space, history, Partition(), None))
    found = explain(path, history, np.random.default_rng(0))
    assert found.share < 1e-4
    assert set(found.box.conditions()) >= {*range(1, 8)}
    assert found.box.high[1:].max() < 0.5
    inside = found.box.draw(space, 20_000, rng)
    purity = path[-1].region.contains(inside).mean()
    assert found.purity == pytest.approx(purity, abs=0.02)
    assert found.share == pytest.approx(np.prod(found.box.high - found.box.low))
    assert found.region_share == pytest.approx(found.share * purity / found.coverage, rel=0.1)
