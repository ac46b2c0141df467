"""The front of an experiment, against Ax's where that is right, and by brute force."""

import math

import numpy as np
import pandas as pd
import pytest
from ax.api.client import Client
from ax.core.arm import Arm
from ax.core.data import Data
from ax.exceptions.core import UserInputError

from ax_lamoo import StopWhenConverged, decision, explain, front, reduced_space

from .conftest import X, Y

INF = float("inf")


def client_of(rows, objective="-a, -b", constraints=(), places=None):
    """Return a client whose trials reported some rows: dictionaries, ``None`` for a failed one."""
    client = Client(random_seed=0)
    client.configure_experiment(parameters=[X, Y])
    client.configure_optimization(objective=objective, outcome_constraints=list(constraints))
    client.configure_generation_strategy(initialization_budget=1000)
    for i, row in enumerate(rows):
        place = i / 1000 if places is None else places[i]
        index = client.attach_trial({"x": place, "y": 0.5})
        if row is None:
            client.mark_trial_failed(index)
        else:
            client.complete_trial(index, row)
    return client


def random_rows(seed, metrics="ab", n=14):
    rng = np.random.default_rng(seed)
    return [dict(zip(metrics, row, strict=True)) for row in rng.random((n, len(metrics))).tolist()]


def names(points):
    return [point.arm_name for point in points]


def dominates(some, others, signs):
    pairs = [(signs[m] * some[m], signs[m] * others[m]) for m in signs]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@pytest.mark.parametrize(
    ("objective", "constraints"),
    [
        ("-a, -b", ["a <= 0.5", "b <= 0.8"]),
        ("a, -b", ["a >= 0.3", "b <= 0.9", "c <= 0.7"]),
    ],
)
def test_with_all_thresholds_it_is_axs(objective, constraints):
    metrics = sorted({m for text in [objective, *constraints] for m in "abc" if m in text})
    client = client_of(random_rows(1, metrics, 25), objective, constraints)
    theirs = client.get_pareto_frontier(use_model_predictions=False)
    mine = front(client)
    assert len(mine) > 1
    assert sorted(names(mine)) == sorted(arm for *_, arm in theirs)
    by_name = {arm: (params, outcomes, index) for params, outcomes, index, arm in theirs}
    for params, outcomes, index, arm in mine:
        assert (params, index) == (by_name[arm][0], by_name[arm][2])
        means = {metric: mean for metric, (mean, _) in outcomes.items()}
        assert means == pytest.approx({m: mean for m, (mean, _) in by_name[arm][1].items()})


@pytest.mark.parametrize("weights", ["-a, b", "-0.01*a, 3*b"])
@pytest.mark.parametrize("limits", [{}, {"a": 0.5}, {"b": 0.3}, {"a": 0.6, "c": 0.7}])
def test_it_is_right_where_thresholds_are_missing(weights, limits):
    limits = {"c": 0.99, **limits}
    rows = random_rows(0, "abc")
    bounds = [f"{m} {'>=' if m == 'b' else '<='} {limit}" for m, limit in limits.items()]
    client = client_of(rows, weights, bounds)
    inside = [
        i
        for i, row in enumerate(rows)
        if all(row[m] >= v if m == "b" else row[m] <= v for m, v in limits.items())
    ]
    expected = [
        i for i in inside if not any(dominates(rows[j], rows[i], {"a": 1, "b": -1}) for j in inside)
    ]
    assert [point.trial_index for point in front(client)] == expected


def test_a_threshold_of_one_objective_leaves_axs_empty_and_ours_not():
    client = client_of(random_rows(3, n=8), "-a, -b", ["a <= 0.5"])
    assert client.get_pareto_frontier(use_model_predictions=False) == []
    assert front(client)


def test_an_arm_of_several_trials_counts_by_its_mean():
    rows = [{"a": a, "b": 1.0} for a in (0.1, 0.9, 0.4, 0.8)]
    client = client_of(rows, places=[0.1, 0.1, 0.2, 0.1])
    (point,) = front(client)
    assert (point.parameters["x"], point.arm_name, point.trial_index) == (0.2, "2_0", 2)
    assert front(client, min_trials=2)[0].parameters["x"] == 0.1
    (repeated,) = front(client, min_trials=3)
    mean, sem = repeated.outcomes["a"]
    assert mean == pytest.approx(0.6)
    assert sem == pytest.approx(np.std([0.1, 0.9, 0.8], ddof=1) / math.sqrt(3))
    assert repeated.trial_index == 3
    assert front(client, min_trials=4) == []
    for wrong in (0, 1.5, "2"):
        with pytest.raises(UserInputError, match="min_trials must be at least 1, a whole number"):
            front(client, min_trials=wrong)


def test_failed_running_partial_and_diverged_trials_do_no_harm():
    rows = [
        None,
        {"a": 0.5, "b": 0.5},
        {"a": INF, "b": -9.0},
        {"a": 0.1, "b": 0.9},
        {"a": 1e300, "b": -8.0},
        {"a": -INF, "b": 0.0},
        {"a": 0.6, "b": 0.6},
    ]
    client = client_of(rows)
    running = client.attach_trial({"x": 0.9, "y": 0.9})
    client.attach_data(running, {"a": -1.0, "b": -1.0})
    partial = client.attach_trial({"x": 0.8, "y": 0.9})
    client.attach_data(partial, {"a": -1.0})
    client.mark_trial_early_stopped(partial)
    assert [point.trial_index for point in front(client)] == [1, 3]
    assert [p.trial_index for p in front(client_of([{"a": INF, "b": 1.0}]))] == [0]


def test_scalarised_objectives_and_a_single_one():
    rows = random_rows(5, "abc")
    mixed = [{"s": row["a"] + 0.5 * row["c"], "b": row["b"]} for row in rows]
    expected = [
        i
        for i, row in enumerate(mixed)
        if not any(dominates(other, row, {"s": 1, "b": 1}) for other in mixed)
    ]
    found = front(client_of(rows, "-a - 0.5*c, -b"))
    assert [point.trial_index for point in found] == expected
    values = [row["b"] for row in rows]
    (best,) = front(client_of(rows, "b"))
    assert best.outcomes["b"][0] == max(values)


def test_bounds_relative_to_the_baseline():
    client = client_of([])
    client.configure_optimization("-a, -b", outcome_constraints=["b <= 1.0*baseline"])
    client.attach_baseline({"x": 0.5, "y": 0.0})
    early = client.attach_trial({"x": 0.9, "y": 0.0})
    client.complete_trial(early, {"a": 0.7, "b": 0.7})
    with pytest.raises(UserInputError, match="baseline, which has not been measured yet"):
        front(client)
    for index, (a, b) in enumerate([(0.5, 0.5), (0.1, 0.6), (0.3, 0.4), (0.9, 0.1)]):
        trial = 0 if index == 0 else client.attach_trial({"x": index / 10, "y": 0.0})
        client.complete_trial(trial, {"a": a, "b": b})
    assert [point.trial_index for point in front(client)] == [3, 4]


@pytest.mark.parametrize("limit", ["b + 2*d <= 1.25", "b + 2*d <= 1.25*baseline"])
def test_a_limit_of_a_sum(limit):
    client = client_of([])
    client.configure_optimization("-a, -c", outcome_constraints=[limit])
    baseline = client.attach_baseline({"x": 0.5, "y": 0.0})
    # of the baseline the sum is 1
    rows = [(0.2, 0.4, 0.5), (0.1, 0.7, 0.1), (0.3, 0.4, 0.3), (0.9, 0.1, 0.2), (1.3, 0.1, 0.0)]
    for index, (b, d, a) in enumerate(rows):
        trial = client.attach_trial({"x": index / 10, "y": 0.0}) if index else baseline
        client.complete_trial(trial, {"a": a, "b": b, "c": 1 - a, "d": d})
    assert [point.trial_index for point in front(client)] == [0, 2, 3]


def test_batches_abandoned_arms_and_curves():
    client = client_of([{"a": 0.5, "b": 0.5}])
    batch = client._experiment.new_batch_trial()
    for x in (0.1, 0.2, 0.3):
        batch.add_arm(Arm({"x": x, "y": 0.1}))
    batch.mark_running(no_runner_required=True)
    rows = [
        {
            "trial_index": 1,
            "arm_name": f"1_{i}",
            "metric_name": metric,
            "metric_signature": metric,
            "mean": value,
            "sem": 0.1,
        }
        for i, pair in enumerate([(0.1, 0.9), (0.9, 0.1), (0.0, 0.0)])
        for metric, value in zip("ab", pair, strict=True)
    ]
    client._experiment.attach_data(Data(df=pd.DataFrame(rows)))
    batch.mark_arm_abandoned("1_2")
    batch.mark_completed()
    curve = client.attach_trial({"x": 0.4, "y": 0.1})
    for step, a in enumerate((0.0, 0.2)):
        client.attach_data(curve, {"a": a, "b": 0.2}, progression=step)
    assert names(front(client)) == ["0_0", "1_0", "1_1"]  # it is still running
    client.complete_trial(curve)
    points = front(client)
    assert names(points) == ["1_0", "1_1", "2_0"]
    assert points[0].outcomes == {"a": (0.1, 0.1), "b": (0.9, 0.1)}
    assert points[2].outcomes["a"][0] == 0.2


def test_it_is_the_same_after_loading(tmp_path):
    client = client_of(random_rows(2), "-a, -b", ["a <= 0.7"])
    client.save_to_json_file(str(tmp_path / "saved.json"))
    again = Client.load_from_json_file(str(tmp_path / "saved.json"))
    assert names(front(again)) == names(front(client))


def test_a_changed_search_space_and_changed_goals_count_from_then_on():
    client = client_of(random_rows(6))
    before = names(front(client))
    client.configure_optimization(objective="a, b")
    rows = random_rows(6)
    best = [
        i
        for i, row in enumerate(rows)
        if not any(dominates(other, row, {"a": -1, "b": -1}) for other in rows)
    ]
    assert names(front(client)) == [f"{i}_0" for i in best] != before


@pytest.mark.parametrize("rows", [[], [None, None]])
def test_without_results_it_says_what_is_missing(rows):
    with pytest.raises(UserInputError, match="no trial has finished"):
        front(client_of(rows))


def test_precise_trials_of_an_arm_weigh_more():
    rows = [{"a": (a, sem), "b": (1.0, 0.0)} for a, sem in [(0.1, 2.0), (0.6, 0.5), (0.5, 0.1)]]
    client = client_of(rows, places=[0.1, 0.1, 0.2])
    assert [point.parameters["x"] for point in front(client)] == [0.2]
    (repeated,) = front(client, min_trials=2)
    weights = np.array([1 / 4, 4.0])
    mean, sem = repeated.outcomes["a"]
    assert mean == pytest.approx(weights @ [0.1, 0.6] / weights.sum())
    assert sem == pytest.approx(1 / math.sqrt(weights.sum()))


def test_an_experiment_of_axs_will_do():
    client = client_of(random_rows(3))
    experiment = client._experiment
    assert names(front(experiment)) == names(front(client))
    assert decision.knee(experiment).arm_name == decision.knee(client).arm_name
    stop = StopWhenConverged(n_trials=5, min_trials=5, tolerance=2)
    assert stop(experiment) is stop(client) is True
    for ask in (explain, reduced_space):
        with pytest.raises(UserInputError, match="asks for Ax's client, got Experiment"):
            ask(experiment)
    for wrong in (None, "client", Client):
        with pytest.raises(UserInputError, match="client must be Ax's Client or Experiment, got"):
            front(wrong)
