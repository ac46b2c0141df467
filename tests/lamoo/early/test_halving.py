"""Successive halving, against its definition word by word."""

import numpy as np
import pytest

from lamoo.curves import Curve, Curves
from lamoo.early.halving import Halving, goes_on


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(
        x < y for x, y in zip(a, b, strict=True)
    )


def layers(rows):
    """Peel off what nobody dominates, again and again."""
    left, found, number = {*range(len(rows))}, {}, 0
    while left:
        front = {i for i in left if not any(dominates(rows[k], rows[i]) for k in left)}
        found |= dict.fromkeys(front, number)
        left, number = left - front, number + 1
    return found


def expected_to_go_on(rows, places):
    """Tell it of the last row, where the layer that is cut has to be neither near nor spread."""
    layer = layers(rows)
    own = len(rows) - 1
    inner = sum(layer[i] < layer[own] for i in layer)
    equal = sum(layer[i] == layer[own] for i in layer)
    if inner >= places:
        return False
    return True if inner + equal <= places else None


def test_a_layer_goes_on_or_does_not(rng):
    seen = set()
    for _ in range(300):
        n, m = int(rng.integers(1, 14)), int(rng.integers(1, 4))
        rows = rng.integers(0, 6, size=(n, m)).astype(float)
        rows[rng.random((n, m)) < 0.05] = np.inf
        places = int(rng.integers(1, n + 1))
        expected = expected_to_go_on(rows.tolist(), places)
        seen.add(expected)
        if expected is not None:
            assert goes_on(rows, places) is expected
    assert seen == {True, False, None}


def test_of_a_layer_that_is_cut_so_many_go_on_the_ends_first(rng):
    for n, places in ((9, 4), (12, 2), (7, 6)):
        x = np.sort(rng.random(n))
        front = np.column_stack([x, 1 - x])
        on = [goes_on(np.vstack([np.delete(front, i, axis=0), front[i]]), places) for i in range(n)]
        assert sum(on) == places
        assert on[0]
        assert on[-1]


def test_the_net_is_the_greedy_one():
    # the ends first; then the one farthest from them; then the one farthest from all three
    x = np.array([0.0, 1.0, 0.45, 0.2, 0.9])
    front = np.column_stack([x, 1 - x])
    for places, chosen in ((2, {0, 1}), (3, {0, 1, 2}), (4, {0, 1, 2, 3})):
        on = {
            i
            for i in range(5)
            if goes_on(np.vstack([np.delete(front, i, axis=0), front[i]]), places)
        }
        assert on == chosen


def run(rule, curves, m):
    """Let trials report in turns, as parallel workers do; return how many reports each made."""
    made, running = [0] * len(curves), {*range(len(curves))}
    while running:
        for i in sorted(running):
            made[i] += 1
            cut = [Curve(c.steps[:k], c.values[:k]) for c, k in zip(curves, made, strict=True)]
            others = Curves.of([c for j, c in enumerate(cut) if j != i], m)
            if rule.stops(cut[i], others) or made[i] == len(curves[i]):
                running.discard(i)
    return made


def by_hand(eta, least, curves):
    """Do the same with dictionaries of rungs."""
    rungs = [least * eta**k for k in range(8)]
    at = {rung: {} for rung in rungs}
    made, running = [0] * len(curves), {*range(len(curves))}
    while running:
        for i in sorted(running):
            curve, k = curves[i], made[i]
            made[i] += 1
            step, before = curve.steps[k], curve.steps[k - 1] if k else -1
            new = [rung for rung in rungs if before < rung <= step]
            for rung in new:
                at[rung][i] = tuple(curve.values[k])
            stop = False
            if new:
                there = at[new[-1]]
                rows = [there[j] for j in there if j != i] + [there[i]]
                stop = len(rows) >= eta and not expected_to_go_on(rows, len(rows) // eta)
            if stop or made[i] == len(curve):
                running.discard(i)
    return made


@pytest.mark.parametrize(("eta", "least"), [(2, 1), (3, 1), (3, 2), (4, 5)])
def test_rungs_and_promotions_by_hand(rng, eta, least):
    # one objective twice: every layer is a point, and no net is needed
    curves = []
    for _ in range(20):
        steps = np.sort(rng.choice(40, size=int(rng.integers(1, 25)), replace=False)).astype(float)
        y = rng.random(len(steps))
        curves.append(Curve(steps, np.column_stack([y, y])))
    rule = Halving(eta, least)
    made = run(rule, curves, 2)
    assert made == by_hand(eta, least, curves)
    assert made != [len(c) for c in curves]


def test_the_order_of_the_others_does_not_matter(rng):
    rule = Halving(2)
    for _ in range(50):
        values = rng.integers(0, 3, size=(9, 2)).astype(float)  # many are equal
        curves = [Curve(np.ones(1), row[None]) for row in values]
        answers = {
            rule.stops(curves[0], Curves.of([curves[i] for i in rng.permutation(8) + 1], 2))
            for _ in range(6)
        }
        assert len(answers) == 1


def test_a_report_between_rungs_stops_nobody():
    rule = Halving(2)
    others = Curves.of([Curve(np.arange(1.0, 9), np.zeros((8, 2)))] * 9, 2)
    bad = np.ones((8, 2))
    stopped = [rule.stops(Curve(np.arange(1.0, k + 1), bad[:k]), others) for k in range(1, 9)]
    assert stopped == [k in (1, 2, 4, 8) for k in range(1, 9)]


@pytest.mark.parametrize("share", [0.01, 1e-6, 86_400.0])
def test_the_unit_of_steps_does_not_matter(rng, share):
    curves = [Curve(np.arange(1.0, 28), rng.random((27, 2))) for _ in range(20)]
    scaled = [Curve(share * curve.steps, curve.values) for curve in curves]
    assert run(Halving(3, share), scaled, 2) == run(Halving(3), curves, 2) != [27] * 20


@pytest.mark.parametrize(
    "wrong",
    [{"reduction_factor": 1}, {"min_step": 0}, {"min_step": -0.1}, {"min_step": float("inf")}],
)
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Halving(**wrong)
