"""What the user wants, in weights: sums stay together, thresholds have their objective's scale."""

import re

import numpy as np
import pytest
from ax.adapter.adapter_utils import extract_outcome_constraints
from ax.core.objective import Objective
from ax.core.optimization_config import MultiObjectiveOptimizationConfig
from ax.core.outcome_constraint import OutcomeConstraint
from ax.exceptions.core import UserInputError

from ax_lamoo.goals import (
    check_bounds,
    check_config,
    check_linear,
    goals_of,
    judged,
    metrics_alone,
    thresholds_of,
    weights_of,
    with_sums,
)

METRICS = ["a", "b", "c"]
NAMES = {name: name for name in "abcde"}


def goals(expression, *thresholds):
    return MultiObjectiveOptimizationConfig(
        objective=Objective(expression=expression, metric_name_to_signature=NAMES),
        objective_thresholds=[
            OutcomeConstraint(expression=t, metric_name_to_signature=NAMES) for t in thresholds
        ],
    )


@pytest.mark.parametrize(
    ("expression", "weights"),
    [
        ("a, -b", [[1, 0, 0], [0, -1, 0]]),
        ("-a - 2*b, c", [[-1, -2, 0], [0, 0, 1]]),
        ("-0.01*a, b + 3*c", [[-0.01, 0, 0], [0, 1, 3]]),
    ],
)
def test_an_objective_is_what_stands_between_commas(expression, weights):
    np.testing.assert_array_equal(weights_of(goals(expression).objective, METRICS), weights)


@pytest.mark.parametrize(
    ("expression", "limits", "thresholds"),
    [
        ("-a, b", ["a <= 0.5", "b >= 2"], [-0.5, 2.0]),
        ("-0.01*a, 4*b", ["a <= 0.5", "b >= 2"], [-0.005, 8.0]),
        ("-a, b", ["b >= 2"], [np.nan, 2.0]),
        ("-a - 2*b, -c", ["c <= 0.5"], [np.nan, -0.5]),
    ],
)
def test_thresholds_have_the_scale_of_their_objective(expression, limits, thresholds):
    config = goals(expression, *limits)
    weights = weights_of(config.objective, METRICS)
    np.testing.assert_array_equal(thresholds_of(config, weights, METRICS), thresholds)


SUMS = ["c + 2*d <= 0.9", "-c - d >= -0.7", "0.5*e - c >= 0.1", "0.25*d + e - c <= 0.4", "d >= 0.5"]


@pytest.mark.parametrize("limit", SUMS)
def test_a_constraint_on_a_sum_holds_where_it_says(limit):
    """The oracle is Python's own reading of the text."""
    config = goals("-a, -b")
    config.outcome_constraints = [
        OutcomeConstraint(expression=limit, metric_name_to_signature=NAMES)
    ]
    outcomes = np.random.default_rng(0).random((200, 5))
    truth = [eval(limit, {}, dict(zip("abcde", row, strict=True))) for row in outcomes]  # noqa: S307
    for given in (config, with_sums(config)):
        A, b = goals_of(given, [*"abcde"]).constraints
        assert A.shape == (1, 5)
        np.testing.assert_array_equal((outcomes @ A.T <= b).ravel(), truth)
    # as Ax reads what it is handed: it takes the first metric for all, without the class
    A, b = extract_outcome_constraints(with_sums(config).outcome_constraints, [*"abcde"])
    np.testing.assert_array_equal((outcomes @ A.T <= b.T).ravel(), truth)


@pytest.mark.parametrize("expression", ["1/a, -b", "-a**2, b", "b, -1/a"])
def test_powers_are_refused(expression):
    with pytest.raises(UserInputError, match=r"not linear.*metric of its own"):
        check_linear(goals(expression).objective)


def test_sums_are_not():
    check_linear(goals("-0.5*a - 2*b, c").objective)
    odd = Objective(
        expression="f1 (macro), 1/x",
        metric_name_to_signature={},
        _parsed=(["f1 (macro)", "1/x"], [[("f1 (macro)", 1.0)], [("1/x", 1.0)]]),
    )
    check_linear(odd)


@pytest.mark.parametrize(
    ("limit", "fine"),
    [
        ("c <= 0.9*baseline", True),
        ("c >= baseline", True),
        ("1.1 * baseline >= c + 2*d", True),
        ("c <= baseline/2", True),
        ("c - (0.9)*baseline <= 0", True),
        ("c - d <= 0.9*baseline", True),
        ("c + d >= 0.9*baseline", True),
        ("c <= baseline + 5", False),
        ("to_baseline <= 0.5", False),
        ("to_baseline <= 0", False),
        ("to_baseline <= 0.5*baseline", True),
        ("c <= 0.9*baseline - d", True),
    ],
)
def test_a_bound_is_a_multiple_of_the_baseline_or_refused(limit, fine):
    """Ax reads any text with the word in it as a multiple (1.3.1)."""
    config = goals("-a, -b")
    names = {**NAMES, "to_baseline": "to_baseline"}
    config.outcome_constraints = [
        OutcomeConstraint(expression=limit, metric_name_to_signature=names)
    ]
    if fine:
        check_config(config)
        return
    with pytest.raises(UserInputError, match=re.escape(f"reads the constraint {limit!r}")):
        check_config(config)


def test_metrics_of_a_sum_are_no_objectives_of_their_own():
    assert metrics_alone(goals("-a - 2*b, -0.5*c").objective) == {"c": -0.5}


@pytest.mark.parametrize(
    "limit", ["c - d >= 0.9*baseline", "0.9*baseline <= c - d", "-c - d <= 0.9*baseline"]
)
def test_a_sum_that_ax_negates_has_no_bound_relative_to_the_baseline(limit):
    """Of c - d >= 0.9 B it makes d - c <= -B - 1.9 |B|."""
    config = goals("-a, -b")
    config.outcome_constraints = [
        OutcomeConstraint(expression=limit, metric_name_to_signature=NAMES)
    ]
    with pytest.raises(UserInputError, match="Report the sum as a metric of its own"):
        check_bounds(config)


@pytest.mark.parametrize(
    ("measured", "baseline", "left"),
    [
        ("abcd", "abcd", ["a <= 0.5", "b <= 1.2*baseline", "c >= 0.9*baseline", "c + d <= 3"]),
        ("abcd", "abd", ["a <= 0.5", "b <= 1.2*baseline", "c + d <= 3"]),
        ("abd", "", ["a <= 0.5"]),
        ("b", "b", ["b <= 1.2*baseline"]),
        # nothing at all is known before the first outcome, and nothing is said
        ("", "", ["a <= 0.5", "b <= 1.2*baseline", "c >= 0.9*baseline", "c + d <= 3"]),
    ],
)
def test_bounds_that_can_be_judged(measured, baseline, left):
    config = goals("-a, -b", "a <= 0.5", "b <= 1.2*baseline")
    limits = ["c >= 0.9*baseline", "c + d <= 3"]
    config.outcome_constraints = [
        OutcomeConstraint(expression=limit, metric_name_to_signature=NAMES) for limit in limits
    ]
    given, reasons = judged(config, measured, baseline)
    assert [c.expression for c in [*given.objective_thresholds, *given.outcome_constraints]] == left
    assert len(reasons) == 4 - len(left)
    assert len(config.all_constraints) == 4  # which is the user's
