"""Where parameters exist: what is said is compared with what happens to points."""

import numpy as np
import pytest

from lamoo import Categorical, Float, Integer, Space
from lamoo.report.box import Box
from lamoo.report.existence import existence_in
from lamoo.space.activity import Activity, OneOf

#: A model has its own parameters, and a kernel of one has another one.
PARAMETERS = {
    "c": Float(1e-3, 1e3, log=True),
    "gamma": Float(0, 1),
    "kernel": Categorical(("linear", "rbf", "poly")),
    "layers": Integer(1, 4),
    "model": Categorical(("svm", "forest", "net")),
    "scale": Float(0, 1),
    "width": Integer(1, 100),
    "width4": Integer(1, 100),
}
NAMES = list(PARAMETERS)


def when(child, parent, *values):
    """Return the rule that a parameter exists where its parent has one of some values."""
    places = PARAMETERS[parent].to_unit(values)
    return NAMES.index(child), np.array([NAMES.index(parent)]), OneOf(tuple(places.tolist()))


PIPELINE = Space(
    PARAMETERS,
    activity=Activity(
        (
            when("c", "model", "svm"),
            when("kernel", "model", "svm"),
            when("layers", "model", "net"),
            when("width", "model", "net"),
            when("gamma", "kernel", "rbf", "poly"),
            when("width4", "layers", 4),
        )
    ),
)
WHOLE = Box.whole(len(NAMES))
NONE = np.empty((0, len(NAMES)))


def column(name):
    return NAMES.index(name)


def test_conditions_are_those_that_were_declared(rng):
    found = existence_in(WHOLE, PIPELINE, NONE, rng)
    assert not found.absent.any()
    said = {
        NAMES[j]: {NAMES[p]: box.cells[p] or (box.low[p], box.high[p]) for p in box.conditions()}
        for j, box in found.where.items()
    }
    four = float(PARAMETERS["layers"].to_unit([4])[0])
    assert said == {
        "c": {"model": (0,)},
        "kernel": {"model": (0,)},
        "layers": {"model": (2,)},
        "width": {"model": (2,)},
        "gamma": {"kernel": (1, 2)},  # a kernel says that it is of a support vector machine
        "width4": {"layers": (four, 1.0)},
    }


@pytest.mark.parametrize("models", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_what_exists_in_a_box_is_what_its_points_have(models, rng):
    box = WHOLE.with_cells(column("model"), models).with_cells(column("kernel"), (0, 2))
    found = existence_in(box, PIPELINE, NONE, rng)
    X = PIPELINE.sample(20_000, rng)
    X = X[box.contains(X, PIPELINE.levels)]
    there = ~np.isnan(X)
    assert found.absent.tolist() == (~there.any(axis=0)).tolist()
    assert set(found.where) == set(np.flatnonzero(there.any(axis=0) & ~there.all(axis=0)))
    for j, where in found.where.items():
        parents = np.array(where.conditions())
        has = where.contains(X, PIPELINE.levels) & there[:, parents].all(axis=1)
        assert has.tolist() == there[:, j].tolist()
    assert found.strange(X).sum() == 0
    assert found.strange(PIPELINE.sample(500, rng)).any()


def test_what_two_parameters_need_is_said_once(rng):
    found = existence_in(WHOLE, PIPELINE, NONE, rng)
    pair = found.together((column("c"), column("gamma")))
    assert [*pair] == [column("kernel")]
    assert [*found.together((column("scale"), column("c")))] == [column("model")]
    assert found.together((column("scale"), column("model"))) == {}


def test_a_branch_that_only_an_observation_has_is_there(rng):
    plain = Space({"n": Categorical(tuple(range(10**5))), "x": Float(0, 1)})
    only = plain.encode([{"n": 7, "x": 0.5}])
    rule = OneOf(tuple(only[:, 0].tolist()))
    rare = Space(plain.parameters, activity=Activity(((1, np.array([0]), rule),)))
    assert existence_in(Box.whole(2), rare, np.empty((0, 2)), rng).absent.tolist() == [False, True]
    assert not existence_in(Box.whole(2), rare, only, rng).absent.any()


def test_a_flat_space_has_all_its_parameters_everywhere(rng):
    flat = Space(PARAMETERS)
    state = rng.bit_generator.state
    found = existence_in(WHOLE, flat, NONE, rng)
    assert not found.absent.any()
    assert found.where == {}
    assert rng.bit_generator.state == state  # and other draws stay what they were
