"""A region in the user's words; what is found is tested where it is explained."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamoo.report.box import Box
from lamoo.report.words import Explanation, choice, rounded_range, where_in_words

ENDS = st.floats(-1e12, 1e12, allow_subnormal=False)


@given(ENDS, ENDS)
def test_a_range_is_rounded_outwards_to_two_digits(one, other):
    low, high = sorted([one, other])
    box = Box(np.array([0.1]), np.array([0.9]), (None,))
    found = rounded_range(box, 0, (low, high), (-math.inf, math.inf))
    assert found[0] <= low <= high <= found[1]
    for end, given_end in zip(found, (low, high), strict=True):
        assert float(f"{end:.2g}") == pytest.approx(end, rel=1e-12)
        assert abs(end - given_end) <= 0.1 * abs(given_end)


def test_an_open_end_is_that_of_the_whole_range():
    bounds = (-1.2345, 9.8765)
    closed = Box(np.array([0.1]), np.array([0.9]), (None,))
    opened = Box(np.array([0.0]), np.array([1.0]), (None,))
    assert rounded_range(opened, 0, (-1.2345, 9.8765), bounds) == bounds
    assert rounded_range(closed, 0, (-1.2344, 9.8764), bounds) == bounds  # never beyond
    assert rounded_range(closed, 0, (0.123, 4.567), bounds) == (0.12, 4.6)


FOUND = Explanation(
    rules={"lr": (1e-3, 0.01), "op": ("a", "b")},
    space_share=0.125,
    purity=0.5,
    coverage=0.75,
    front=3,
    front_size=4,
    hypervolume_share=0.9,
    importance={"op": 0.5, "lr": 0.25},
    confidence=0.8,
    trials=50,
    choices=frozenset({"op"}),
)


def test_text_tells_ranges_choices_and_what_matters():
    text = str(FOUND)
    for part in ("lr in [0.001, 0.01]; op in {a, b}", "12.50%", "3 of 4", "(50 trials)", "op 50%"):
        assert part in text


CHOICES = (0, "0", True, "True", None, "None", 1.5, "1.5", math.nan, "nan", "adam", "1e-3")


def test_choices_of_different_types_are_told_apart():
    words = [*map(choice, CHOICES)]
    assert len({*words}) == len(CHOICES)
    assert words[0] == "0"
    assert words[-2:] == ["adam", "'1e-3'"]
    assert "op in {0, '0'}" in str(replace(FOUND, rules={"op": (0, "0")}))
    assert where_in_words({"op": ("None",)}, ["op"]) == "op = 'None'"
    assert where_in_words({"op": (None, "None")}, ["op"]) == "op in {None, 'None'}"


def test_of_hundreds_of_parameters_the_most_important_are_named():
    importance = {f"p{k}": 1 - k / 200 for k in range(200)}
    line = str(replace(FOUND, importance=importance)).splitlines()[-1]
    assert line.endswith("p10 95%, p11 94%, 188 others at most 94% each")
    whole = str(replace(FOUND, importance=dict([*importance.items()][:13])))
    assert whole.endswith("p11 94%, p12 94%")


def test_of_thousands_of_choices_the_first_are_named():
    text = str(replace(FOUND, rules={"op": tuple(f"op{k}" for k in range(5000))}))
    assert "op in {op0, op1, op2, " in text
    assert "op23, and 4976 more}" in text
    assert "op24}" in str(replace(FOUND, rules={"op": tuple(f"op{k}" for k in range(25))}))


def test_a_single_trial_is_one():
    alone = replace(FOUND, trials=1, confidence=None)
    assert str(alone).startswith("Nothing is learned yet from 1 trial: ")
    assert "(1 trial)" in str(replace(FOUND, trials=1))
