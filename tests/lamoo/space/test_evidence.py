"""Which configurations the observed points tell to be complete: those of the program, no others."""

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.space.activity import learn_activity
from lamoo.space.evidence import Evidence


def space_of(grammar):
    kinds = {"choice": lambda *c: Categorical(c), "float": Float, "int": Integer}
    return Space({name: kinds[kind](*rest) for name, (kind, *rest) in grammar.specs.items()})


def made(grammar, space, X):
    """Return points (n, d) as the program makes them of answers for everything."""
    rows = space.decode(X)
    return space.encode([grammar.replay(lambda name, _, row=row: row[name]) for row in rows])


@pytest.mark.parametrize(
    "seed", [pytest.param(i, marks=() if i < 10 else pytest.mark.slow) for i in range(30)]
)
@pytest.mark.parametrize("n", [2, 3, 5, 9, 20])
def test_what_is_complete_is_what_the_program_makes(seed, n, grammar):
    program = grammar(seed)
    space, rng = space_of(program), np.random.default_rng(seed)
    observed = made(program, space, space.sample(n, rng))
    evidence = Evidence(observed, space.kinds)
    everything = space.sample(300, rng)
    right = made(program, space, everything)
    # with values for all, as the engine believes, or as the program asks for
    for X in (everything, learn_activity(observed, space.kinds).mask(everything), right):
        found, sure = evidence.complete(X)
        if evidence.conditional:
            np.testing.assert_array_equal(found[sure], right[sure])
    np.testing.assert_array_equal(evidence.complete(observed)[0], observed)
    assert evidence.complete(observed)[1].all() or not evidence.conditional


@pytest.mark.parametrize("seed", range(6))
def test_most_is_known_to_be_complete_before_long(seed, grammar):
    program = grammar(seed)
    space, rng = space_of(program), np.random.default_rng((seed, 1))
    shares = []
    for n in (10, 40):
        observed = made(program, space, space.sample(n, rng))
        shares.append(Evidence(observed, space.kinds).complete(space.sample(400, rng))[1].mean())
    assert shares[1] > 0.9
    assert shares[0] <= shares[1]


def test_without_gaps_every_whole_point_is_complete(rng):
    space = Space({"a": Categorical(("x", "y", "z")), "b": Float(0, 1)})
    X = space.sample(20, rng)
    for n in (0, 1, 5):
        found, sure = Evidence(X[:n], space.kinds).complete(X)
        assert found is X
        assert sure.all()
    partial = X.copy()
    partial[::2, 1] = np.nan
    assert Evidence(X, space.kinds).complete(partial)[1].tolist() == [False, True] * 10


def test_readings_that_disagree_say_nothing():
    # b, present with a = .75 and c = .2, absent with a = .25 and c = .8: either may be the reason
    space = Space({"a": Categorical(("p", "q")), "b": Float(0, 1), "c": Float(0, 1)})
    evidence = Evidence(np.array([[0.75, 0.5, 0.2], [0.25, np.nan, 0.8]]), space.kinds)
    asked = np.array([[0.75, 0.5, 0.1], [0.25, 0.5, 0.9], [0.75, 0.5, 0.9], [0.25, 0.5, 0.1]])
    found, sure = evidence.complete(asked)
    assert sure.tolist() == [True, True, False, False]
    np.testing.assert_array_equal(found[:2, 1], [0.5, np.nan])


def test_what_runs_together_needs_several_parents_is_told_where_they_were_met():
    # c is there where a and b are both on, which no single one tells
    space = Space({name: Categorical((0, 1)) for name in "ab"} | {"c": Float(0, 1)})
    corners = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]])
    X = np.column_stack([np.repeat(corners, 3, axis=0), np.full(12, np.nan)])
    X[9:, 2] = [0.1, 0.2, 0.3]
    asked = np.column_stack([corners, np.full(4, 0.5)])
    found, sure = Evidence(X, space.kinds).complete(asked)
    assert sure.all()
    np.testing.assert_array_equal(found[:, 2], [np.nan, np.nan, np.nan, 0.5])
    assert not Evidence(X[3:], space.kinds).complete(asked)[1][0]
