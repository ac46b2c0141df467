"""Arguments of a wrong kind: an error that names the argument, whatever is given."""

import numpy as np
import pytest

from lamoo import (
    Categorical,
    Float,
    History,
    Integer,
    Optimizer,
    Partition,
    Settings,
    Space,
    Task,
    chosen_path,
    exhausted,
    recent_gain,
    suggest,
)
from lamoo.checks import is_number, is_whole
from lamoo.solvers import SOLVERS, Solver
from lamoo.space.partial import Partial

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1)})
HISTORY = History(
    np.random.default_rng(0).random((12, 2)), np.random.default_rng(1).random((12, 2))
)
TASK = Task(SPACE, HISTORY, Settings(n_startup=2))
RNG = np.random.default_rng(0)
ARRAYS = (np.array([1, 2]), np.array(["a", "b"]), np.array(1))
#: What is no name, no flag, no whole number and no object of lamoo's.
WRONG = (2.5, float("nan"), b"x", [1, 2], ["a"], {"a": 1}, {1, 2}, object(), int, *ARRAYS)
TOLD = {"x": 0.5, "y": 0.5}

WHOLE = {
    "q": lambda given: suggest(TASK, given, RNG),
    "k": lambda given: recent_gain(HISTORY, given),
    "leaf_size": lambda given: Partition(leaf_size=given),
    "n_startup": lambda given: Settings(n_startup=given),
    "seed": lambda given: Settings(seed=given),
    "reevaluate": lambda given: Settings(reevaluate=given),
    "step": lambda given: Integer(0, 9, step=given),
}
NAMES = {
    "solver": lambda given: Settings(solver=given),
    "kernel": lambda given: Partition(kernel=given),
    "selection": lambda given: Partition(selection=given),
    "directions": lambda given: Optimizer(SPACE, [given, "minimize"]),
}
OBJECTS = {
    "task": lambda given: suggest(given, 1, RNG),
    "task of exhausted": exhausted,
    "task of chosen_path": chosen_path,
    "history": lambda given: Task(SPACE, given),
    "history of recent_gain": lambda given: recent_gain(given, 3),
    "space": lambda given: Task(given, HISTORY),
    "settings": lambda given: Task(SPACE, HISTORY, given),
    "rng": lambda given: suggest(TASK, 1, given),
    "params": lambda given: Optimizer(SPACE, ["minimize"]).tell(given, [0.0]),
    "exclusive": lambda given: Space({"x": Float(0, 1)}, exclusive=[given]),
}
FLAGS = {
    "absolute": lambda given: Partition(absolute=given),
    "log": lambda given: Float(1, 2, log=given),
    "log of Integer": lambda given: Integer(1, 2, log=given),
}


@pytest.mark.parametrize("name", [*WHOLE, *NAMES, *OBJECTS, *FLAGS])
def test_whatever_is_given_in_its_place_the_error_names_the_argument(name):
    call = (WHOLE | NAMES | OBJECTS | FLAGS)[name]
    for given in WRONG:
        with pytest.raises(ValueError, match=name.partition(" ")[0]):
            call(given)


@pytest.mark.parametrize("name", WHOLE)
def test_a_truth_value_is_no_whole_number_and_one_of_numpys_is(name):
    with pytest.raises(ValueError, match=name):
        WHOLE[name](True)
    WHOLE[name](np.int64(2))


def test_flags_may_be_numpys():
    assert Partition(absolute=np.bool_(True))
    assert Float(1, 2, log=np.bool_(True)).from_unit(np.array([0.5])) == [pytest.approx(2**0.5)]


@pytest.mark.parametrize("given", ["y", [], [1], {"z": 1}, *ARRAYS[:2]], ids=repr)
def test_a_value_that_is_fixed_at_what_is_no_number(given):
    with pytest.raises(ValueError, match="fixed value"):
        Space({"x": Float(0, 1)}, fixed={"x": given})


#: What is no array of numbers, whatever its shape should be.
NO_NUMBERS = (
    "abc",
    b"x",
    [["a"]],
    [[1, 2], [3]],
    [[10**400]],
    [[1j]],
    {"a": 1},
    {1, 2},
    object(),
    int,
    np.array([["a"]]),
    np.array([[1j]]),
    np.array([[10**400]], dtype=object),
    (x for x in [1]),
)
TWO = np.ones((2, 2))
#: Every array that is given, by the word that an error must say.
GIVEN_ARRAYS = {
    "X": lambda given: History(given, TWO),
    "Y": lambda given: History(TWO, given),
    **{
        name: lambda given, name=name: History(TWO, TWO, **{name: given})
        for name in ("G", "pending", "failed", "ended", "noise", "denoised")
    },
    **{
        f"partial.{name}": lambda given, name=name: History(
            TWO,
            TWO,
            TWO,
            partial=Partial(**(dict.fromkeys(("X", "Y", "G", "noise"), TWO) | {name: given})),
        )
        for name in ("X", "Y", "G", "noise")
    },
}


@pytest.mark.parametrize("name", GIVEN_ARRAYS)
def test_whatever_is_given_for_an_array_the_error_names_it(name):
    for given in (*NO_NUMBERS, 5.0, True, np.array(3), [1.0, 2.0], [[[1.0]]]):
        with pytest.raises(ValueError, match=name):
            GIVEN_ARRAYS[name](given)


@pytest.mark.parametrize("name", ["partial", "curves", "key"])
def test_what_is_none_of_a_historys_parts(name):
    for given in (0, "abc", [1, 2], *ARRAYS):
        with pytest.raises(ValueError, match=f"{name} must be"):
            History(TWO, TWO, **{name: given})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("propose", (None, 5, "gp", [1], *ARRAYS)),
        ("global_turns", (None, 2, "yes", [True], *ARRAYS)),
        ("needs", (5, "cmaes", ("cmaes",), ("cmaes", None), ["cmaes", "cma"], [1, 2], *ARRAYS)),
        ("name", (None, 5, b"gp", *ARRAYS)),
        ("large", (5, "gp", [1], *ARRAYS)),
        ("early", (None, "40", [1], float("nan"), -1, True, *ARRAYS)),
    ],
)
def test_what_a_solver_cannot_be_made_of(name, wrong):
    for given in wrong:
        with pytest.raises(ValueError, match=f"{name} of a solver must be"):
            Solver(**({"propose": SOLVERS["random"].propose} | {name: given}))


def test_more_points_than_memory_holds_and_what_cannot_log():
    for q in (10**400, 2**64, 2**62):
        with pytest.raises(ValueError, match="q must be a number of points that memory"):
            suggest(TASK, q, RNG)
    for given in (None, "lamoo", print, *ARRAYS):
        with pytest.raises(ValueError, match="logger must be"):
            Settings(logger=given)


def test_lengths_of_time_are_no_numbers_although_numpy_says_so():
    seconds = np.timedelta64(3, "s")
    assert not is_whole(seconds, 0)
    assert not is_number(seconds)


@pytest.mark.parametrize("given", [None, True, 3, ARRAYS[2], {1, 2}], ids=repr)
def test_what_are_no_choices(given):
    with pytest.raises(ValueError, match="choices must"):
        Categorical(given)
