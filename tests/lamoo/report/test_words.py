"""A region in the user's words; what is found is tested where it is explained."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamoo.report.boxes import Box
from lamoo.report.words import Explanation, rounded_range

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


def test_text_tells_ranges_choices_and_what_matters():
    found = Explanation(
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
    text = str(found)
    for part in ("lr in [0.001, 0.01]; op in {a, b}", "12.50%", "3 of 4", "(50 trials)", "op 50%"):
        assert part in text
