"""Solvers: every proposal is inside the region and new, and nothing is overlooked."""

import numpy as np
import pytest
from scipy import stats

from lamoo import Categorical, Float, History, Integer, Partition, Space, pareto
from lamoo.gp.model import learn
from lamoo.partition.features import boundary_features
from lamoo.partition.place import Place
from lamoo.partition.region import Region
from lamoo.partition.selection import select
from lamoo.partition.split import learn_boundary
from lamoo.partition.tree import grow
from lamoo.solvers import SOLVERS, evolutionary, gp, random
from lamoo.space.activity import learn_activity
from lamoo.space.rows import rows_in

SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})


def everywhere(history, space, reference_point=None):
    return Place.everywhere(space, history, reference_point)


def leaf(space, history):
    chosen = select(grow(space, history, Partition(leaf_size=6), None))[-1]
    return Place(history, chosen.region, chosen.members)


def with_activity(space, history):
    return Space(space.parameters, activity=learn_activity(history.X))


# ------------------------------------------------------------------------------ all solvers


def test_a_proposal_is_inside_the_region_and_new(spaces, make_history, solver, name, m):
    rng = np.random.default_rng([m, *name.encode()])
    n = 14 if name == "grid" else 35
    history = make_history(spaces[name], n, m, rng, constraints=m % 2, pending=3, failed=2)
    space = with_activity(spaces[name], history)
    for place in (leaf(space, history), everywhere(history, space)):
        X = [SOLVERS[solver].propose(place, np.random.default_rng(m)) for _ in "ab"]
        assert X[0] is not None
        np.testing.assert_array_equal(*X)  # the same generator, the same proposal
        assert place.region.contains(X[0][None]).all()
        assert not rows_in(X[0][None], history.tried).any()
        np.testing.assert_array_equal(space.snap(X[0][None])[0], X[0])


@pytest.mark.parametrize("predictable", [True, False])
def test_where_the_surrogate_predicts_nothing_the_boundaries_propose(predictable, rng):
    X = SQUARE.sobol(0, 40, 1)
    noise = rng.permutation(40) / 40  # tells nothing about X
    Y = np.stack([X[:, 0] if predictable else noise, X[:, 1] - X[:, 0]], axis=1)
    history = History(X, Y)
    place = leaf(SQUARE, history)
    model = learn(SQUARE, history, rng, None)
    assert model.trust > 0.9 if predictable else model.trust < 0.3
    proposals, surest = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        proposals.append(gp.propose(place, np.random.default_rng(seed)))
        gp.candidates(place, rng)  # draws as the proposal did
        rng.random()
        surest.append(evolutionary.propose(place, rng))
    assert np.array_equal(proposals, surest) != predictable


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_space_that_can_be_enumerated_is_exhausted_exactly(spaces, solver, rng):
    space = spaces["grid"]
    history = History(space.sample(1, rng), rng.random((1, 2)))
    for _ in range(23):
        x = SOLVERS[solver].propose(everywhere(history, space), rng)
        assert x is not None
        history = history.with_outcome(x, np.array([x[0] + x[1], (1 - x[0]) * x[2]]), np.empty(0))
    assert {tuple(x) for x in history.X} == {tuple(x) for x in space.enumerate()}
    assert SOLVERS[solver].propose(everywhere(history, space), rng) is None


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_region_is_exhausted_exactly(make_history, solver, rng):
    space = Space({name: Categorical("vwxyz") for name in "abcde"})
    history = make_history(space, 30, 2, rng)
    region = Region(space)
    everything = space.enumerate()
    wanted = everything
    while len(wanted) > 40:  # cut at random until little is left
        features = boundary_features(space, wanted)
        score = features @ rng.normal(size=features.shape[1])
        few = np.linspace(0, len(wanted) - 1, 200).astype(int)
        good = score[few] > np.quantile(score[few], 0.8)
        region = region.cut(learn_boundary(features[few], good), good=True)
        wanted = everything[region.contains(everything)]
    found = []
    while True:
        members = np.flatnonzero(region.contains(history.X))
        x = SOLVERS[solver].propose(Place(history, region, members), rng)
        if x is None:
            break
        found.append(tuple(x))
        history = history.with_outcome(x, rng.random(2), np.empty(0))
    unseen = [tuple(x) for x in wanted if not rows_in(x[None], history.X[:30]).any()]
    assert len(found) == len(set(found)) == len(unseen) > 0
    assert set(found) == set(unseen)


@pytest.mark.parametrize("name", ["float", "grid", "mixed"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_an_empty_region_gives_nothing(spaces, make_history, solver, name, rng):
    space = spaces[name]
    history = make_history(space, 20, 2, rng)
    features = boundary_features(space, history.X)
    boundary = learn_boundary(features, features[:, 0] > np.median(features[:, 0]))
    nowhere = Region(space).cut(boundary, good=True).cut(boundary, good=False)
    assert SOLVERS[solver].propose(Place(history, nowhere, np.arange(0)), rng) is None


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_region_without_members_is_still_searched(spaces, make_history, solver, rng):
    history = make_history(spaces["mixed"], 20, 2, rng)
    nobody = Place(history, Region(spaces["mixed"]), np.arange(0))
    x = SOLVERS[solver].propose(nobody, rng)
    assert x is not None


@pytest.mark.parametrize("solver", SOLVERS)
def test_fixed_parameters_are_respected(spaces, make_history, solver, rng):
    history = make_history(spaces["mixed"], 30, 2, rng)
    space = Space(spaces["mixed"].parameters, {"c": 7, "d": None, "e": 1.5})
    x = SOLVERS[solver].propose(everywhere(history, space), rng)
    params = space.decode(x[None])[0]
    assert (params["c"], params["d"], params["e"]) == (7, None, 1.5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_batches_are_distinct(spaces, make_history, solver, rng):
    for name in ("float", "choice", "mixed"):
        history = make_history(spaces[name], 20, 2, rng)
        for _ in range(5):
            x = SOLVERS[solver].propose(everywhere(history, spaces[name]), rng)
            assert not rows_in(x[None], history.tried).any()
            history = history.with_pending(x)


# ----------------------------------------------------------------------------------- random


def test_random_proposals_are_uniform(rng):
    history = History(np.array([[0.5, 0.5]]), np.zeros((1, 2)))
    X = np.array([random.propose(everywhere(history, SQUARE), rng) for _ in range(300)])
    assert all(stats.kstest(column, "uniform").pvalue > 1e-3 for column in X.T)


def test_the_pool_overlooks_nothing_where_drawing_finds_nothing(rng):
    space = Space({"a": Integer(1, 2_000, log=True)})
    everything = space.enumerate()
    rare = rows_in(everything, space.encode([{"a": 1_997}]))
    history = History(everything[~rare], rng.random((1_999, 2)))
    x = random.propose(everywhere(history, space), rng)
    assert space.decode(x[None]) == [{"a": 1_997}]


# ----------------------------------------------------------------------------- evolutionary


@pytest.mark.parametrize("seed", range(5))
def test_parents_are_the_front_or_the_five_best(seed):
    rng = np.random.default_rng(seed)
    m = 1 + seed
    X, Y = rng.random((60, 3)), rng.random((60, m)).round(1)
    cube = Space(dict.fromkeys("abc", Float(0, 1)))
    members = np.sort(rng.choice(60, 30, replace=False))
    chosen = X[evolutionary.parents(Place(History(X, Y), Region(cube), members))]
    number = pareto.dominance_number(Y[members])
    front = X[members][number == 0]
    assert rows_in(front, chosen).all()
    assert len(chosen) == max(5, len(front))
    worst = number[rows_in(X[members], chosen)].max()
    assert worst <= np.sort(number)[len(chosen) - 1]


def test_offspring_take_every_value_from_a_parent_but_for_few_mutations(spaces, rng):
    space = spaces["choice"]
    front = space.sample(2, rng)
    children = evolutionary.offspring(space, front, 4_000, rng)
    strange = (children != front[0]) & (children != front[1])
    # one or three expected changes (at least one), some of which hit the other parent's value
    assert 0.8 < strange.sum(axis=1).mean() < 2.2
    assert (~strange).any(axis=1).mean() > 0.99


def test_an_offspring_surely_inside_is_proposed(spaces, make_history, rng):
    space = spaces["float"]
    history = make_history(space, 80, 2, rng)
    place = leaf(space, history)
    region = place.region
    proposals = np.array([evolutionary.propose(place, np.random.default_rng(i)) for i in range(20)])
    front = history.X[evolutionary.parents(place)]
    children = evolutionary.offspring(space, front, 2_000, rng)
    children = children[region.contains(children)]
    typical = np.quantile(region.log_chance(children), 0.9)
    assert np.median(region.log_chance(proposals)) > typical


# -------------------------------------------------------------------------- Gaussian process


def problem(m, n, seed, d=3, constraint=None, space=None):
    """Return a history on distances to m corners, Sobol points."""
    space = space or Space({str(i): Float(0, 1) for i in range(d)})
    X = space.sobol(0, n, seed)
    corners = np.eye(max(m, d))[:m, : X.shape[1]]
    Y = ((X[:, None] - corners) ** 2).sum(axis=2)
    G = np.empty((n, 0)) if constraint is None else constraint(X)[:, None]
    return space, History(X, Y, G)


def test_one_objective_is_minimised():
    space, history = problem(1, 8, seed=0)
    for i in range(15):
        x = gp.propose(everywhere(history, space), np.random.default_rng(i))
        y = ((x - np.array([1.0, 0, 0])) ** 2).sum(keepdims=True)
        history = history.with_outcome(x, y, np.empty(0))
    assert history.Y[:8].min() > 0.05
    assert history.Y.min() < 1e-3


@pytest.mark.parametrize("m", [2, 3, 5])
def test_proposals_gain_more_hypervolume_than_random_points(m, rng):
    space, history = problem(m, 20, seed=1, d=5)
    reference = np.full(m, 2.0)

    def gain(x):
        y = ((x - np.eye(5)[:m]) ** 2).sum(axis=1)
        before = pareto.hypervolume(history.Y, reference)
        return pareto.hypervolume(np.vstack([history.Y, y]), reference) - before

    x = gp.propose(everywhere(history, space, reference), rng)
    typical = [gain(u) for u in rng.random((100, 5))]
    assert gain(x) > np.quantile(typical, 0.95)


CLIMBS = (gp.refine, gp.ascend)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["float", "mixed", "tree"])
def test_refining_stays_inside_and_never_lowers_the_score(spaces, make_history, name, m):
    rng = np.random.default_rng([m, *name.encode()])
    history = make_history(spaces[name], 60, m, rng, constraints=m % 2)
    space = with_activity(spaces[name], history)
    place = leaf(space, history)
    region = place.region
    model = learn(space, history, rng, None)
    smooth = space.free & space.smooth
    starts = gp.candidates(place, rng)[:6]
    ends = [climb(model, region, start, smooth, 5) for climb in CLIMBS for start in starts]
    for start, end in zip([*starts, *starts], ends, strict=True):
        assert region.contains(end[None]).all()
        np.testing.assert_array_equal(space.snap(end[None])[0], end)
        before, after = model.score(np.array([start, end]))
        assert after >= before - 1e-9 * abs(before)


@pytest.mark.parametrize("effort", [gp.FAST, gp.BRIEF])
def test_little_effort_scores_little_and_learns_from_little(rng, effort):
    X = rng.random((300, 3))
    history = History(X, ((X[:, None] - np.eye(3)) ** 2).sum(axis=2))
    place = everywhere(history, Space(dict.fromkeys("abc", Float(0, 1))))
    scored = []

    class Counted:
        """Counts the points that it is asked for; the best are at the origin."""

        def score(self, X, *, screening=False):
            scored.append((len(X), screening))
            return -(X**2).sum(axis=1)

        def score_gradient(self, x):
            scored.append((1, False))
            return -(x**2).sum(), -2 * x

    candidates = gp.candidates(place, rng, effort)
    best = (candidates**2).sum(axis=1).min()
    x = gp.maximise(Counted(), candidates, place, rng, effort)
    assert (x**2).sum() < best
    assert sum(n for n, cheap in scored if cheap) <= effort.uniform + effort.offspring
    climb = 30 if effort.thorough else 13 * effort.iterations + 1
    assert sum(n for n, cheap in scored if not cheap) < effort.finalists + effort.neighbours + climb
    model = learn(place.region.space, history, rng, None, effort.training)
    for process in model.factors[-1].processes:
        assert len(process.predict(X)[0]) == 300
        assert len(process._Z) == effort.training


@pytest.mark.parametrize("name", ["float", "integer", "choice", "mixed", "tree"])
def test_with_long_histories_the_fast_proposal_is_inside_new_and_the_same_again(
    spaces, make_history, name, forget
):
    rng = np.random.default_rng([*name.encode()])
    history = make_history(spaces[name], gp.LONG + 40, 2, rng, pending=2)
    space = with_activity(spaces[name], history)
    root = grow(space, history, Partition(), None, early=True)
    node = select(root)[-1]
    for place in (Place(history, node.region, node.members), everywhere(history, space)):
        x = gp.propose_fast(place, np.random.default_rng(1))
        if x is None:  # a leaf of a finite space may be exhausted
            assert not space.smooth.any()
            continue
        assert place.region.contains(x[None]).all()
        assert not rows_in(x[None], history.tried).any()
        np.testing.assert_array_equal(space.snap(x[None])[0], x)
        forget()
        np.testing.assert_array_equal(gp.propose_fast(place, np.random.default_rng(1)), x)


@pytest.mark.parametrize("name", ["float", "integer", "choice", "mixed", "tree"])
def test_neighbours_are_new_and_in_the_region(spaces, make_history, name):
    history = make_history(spaces[name], 35, 2, np.random.default_rng(0))
    space = with_activity(spaces[name], history)
    place = leaf(space, history)
    rng = np.random.default_rng(1)
    x = gp.candidates(place, rng)[0]
    X = gp.around(x, 64, place, rng)
    assert len(X) > 5
    assert place.region.contains(X).all()
    assert not rows_in(X, history.tried).any()
    same = (X == x) | (np.isnan(X) & np.isnan(x))
    assert same.mean() > 0.3


@pytest.mark.parametrize("climb", CLIMBS)
def test_refining_gains_in_the_whole_space(rng, climb):
    space, history = problem(2, 20, seed=2)
    model = learn(space, history, rng, None)
    X = space.sample(10, rng)
    ends = np.array([climb(model, Region(space), x, np.ones(3, dtype=bool), 30) for x in X])
    assert (model.score(ends) > model.score(X) + 0.1).all()


class Bowl:
    """A concave quadratic function, narrow along some parameters, and how often it was asked."""

    def __init__(self, top, curvature):
        self.top, self.curvature, self.asked = top, curvature, 0

    def score(self, X):
        self.asked += 1
        return -(self.curvature * (X - self.top) ** 2).sum(axis=1)

    def score_gradient(self, x):
        self.asked += 1
        return float(self.score(x[None])[0]), -2 * self.curvature * (x - self.top)


def test_conjugate_directions_lead_to_the_top_of_a_narrow_hill(rng):
    space = Space({f"p{j}": Float(0, 1) for j in range(8)})
    smooth = np.arange(8) != 3
    for _ in range(20):
        top, start = rng.uniform(-0.2, 1.2, 8), rng.random(8)
        hill = Bowl(top, np.geomspace(1, 100, 8)[rng.permutation(8)])
        best = np.where(smooth, np.clip(top, 0, 1), start)
        highest, lowest = hill.score(np.array([best, start]))
        hill.asked = 0
        end = gp.ascend(hill, Region(space), start, smooth, 3)
        assert hill.asked <= 9
        assert end[3] == start[3]
        assert highest - hill.score(end[None])[0] < 0.3 * (highest - lowest)
        end = gp.ascend(hill, Region(space), start, smooth, 60)
        assert highest - hill.score(end[None])[0] < 0.02 * (highest - lowest)
        np.testing.assert_array_equal(gp.ascend(hill, Region(space), best, smooth, 3), best)


def test_a_climb_stays_where_nothing_leads_up_or_everything_is_outside(rng):
    space, start = Space({"a": Float(0, 1), "b": Float(0, 1)}), np.array([0.0, 1.0])
    flat, corner = Bowl(start, np.zeros(2)), Bowl(np.array([-1.0, 2.0]), np.ones(2))
    for hill in (flat, corner):
        np.testing.assert_array_equal(
            gp.ascend(hill, Region(space), start, np.ones(2, dtype=bool), 3), start
        )
        assert hill.asked <= 6
    good = rng.random((40, 2))
    region = Region(space).cut(
        learn_boundary(boundary_features(space, good), good[:, 0] > 0.5), good=True
    )
    inside = np.array([0.9, 0.5])
    assert region.contains(inside[None])[0]
    end = gp.ascend(Bowl(np.array([0.0, 0.5]), np.ones(2)), region, inside, np.ones(2, bool), 9)
    assert region.contains(end[None])[0]
    assert end[0] < 0.7


@pytest.mark.parametrize("climb", CLIMBS)
def test_a_refined_point_has_just_the_parameters_that_exist(rng, climb):
    """Where the climb crosses a condition, parameters appear or vanish."""
    space = Space({"a": Float(0, 1), "b": Float(0, 1), "c": Categorical("xy")})
    X = space.sample(60, rng)
    X[X[:, 0] < 0.5, 1:] = np.nan
    space = Space(space.parameters, activity=learn_activity(X))

    class Climb:
        """A score that grows (or falls) with the first parameter."""

        def __init__(self, sign):
            self.sign = sign

        def score(self, X):
            return self.sign * X[:, 0]

        def score_gradient(self, x):
            return self.sign * x[0], np.array([self.sign, 0.0, 0.0])

    smooth = np.array([True, True, False])
    up = climb(Climb(1.0), Region(space), np.array([0.2, np.nan, np.nan]), smooth, 9)
    assert up[0] == 1
    assert not np.isnan(up).any()
    down = climb(Climb(-1.0), Region(space), np.array([0.8, 0.3, 0.25]), smooth, 9)
    np.testing.assert_array_equal(down, [0.0, np.nan, np.nan])


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
def test_constraints_keep_proposals_on_the_feasible_side(seed):
    # the best points, between (1, 0, 0) and (0, 1, 0), are forbidden
    space, history = problem(2, 25, seed, constraint=lambda X: X[:, 0] + X[:, 1] - 0.7)
    for i in range(6):
        rng = np.random.default_rng((seed, i))
        x = gp.propose(everywhere(history, space), rng)
        g = x[0] + x[1] - 0.7
        assert g < 0.05
        y = ((x - np.eye(3)[:2]) ** 2).sum(axis=1)
        history = history.with_outcome(x, y, np.array([g]))
    _, without = problem(2, 25, seed)
    x = gp.propose(everywhere(without, space), np.random.default_rng(seed))
    assert x[0] + x[1] > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_while_nothing_is_feasible_feasibility_is_sought(seed):
    space, history = problem(2, 12, seed, constraint=lambda X: 1.9 - X[:, 0] - X[:, 1])
    assert (history.violation > 0).all()
    x = gp.propose(everywhere(history, space), np.random.default_rng(seed))
    assert x[0] + x[1] > (history.X[:, 0] + history.X[:, 1]).max()


@pytest.mark.parametrize("extreme", [1e300, np.inf])
def test_extreme_constraint_values_do_no_harm(extreme, rng):
    space, history = problem(2, 15, 0, constraint=lambda X: np.where(X[:, 0] > 0.5, extreme, -0.01))
    x = gp.propose(everywhere(history, space), rng)
    assert x[0] < 0.6


def test_what_is_running_is_avoided(rng):
    space, history = problem(2, 15, seed=3)
    first = gp.propose(everywhere(history, space), np.random.default_rng(0))
    running = everywhere(history.with_pending(first), space)
    second = gp.propose(running, np.random.default_rng(0))
    assert np.abs(first - second).max() > 0.05


def test_a_hopeless_kernel_matrix_is_told(monkeypatch, rng):
    def singular(*_, **__):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr("lamoo.gp.sample.condition", singular)
    space, history = problem(2, 10, seed=0)
    with pytest.raises(ValueError, match="singular"):
        gp.propose(everywhere(history, space), rng)
