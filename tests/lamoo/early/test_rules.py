"""Both rules' arguments: what is no number, or no whole one, is refused before any training."""

import pytest

from lamoo.early import Extrapolation, Halving


@pytest.mark.parametrize(
    ("rule", "argument", "wrong"),
    [
        (Halving, "reduction_factor", 2.5),
        (Halving, "reduction_factor", "3"),
        (Halving, "min_step", "1"),
        (Extrapolation, "chance", "low"),
        (Extrapolation, "chance", float("nan")),
        (Extrapolation, "n_startup", 6.5),
    ],
)
def test_what_is_no_number_is_refused(rule, argument, wrong):
    with pytest.raises(ValueError, match=f"{argument}.* got .*{wrong!r}"):
        rule(**{argument: wrong})
