"""One arm of the front, in the user's names, units and directions."""

import numpy as np
import optuna
import pytest
from ax.api.client import Client
from ax.exceptions.core import UserInputError

from ax_lamoo import decision
from optuna_lamoo import decision as of_optuna

from .test_results import client_of

pytest.importorskip("pymoo")
#: Latency and accuracy, an L: the corner is the knee.
CORNER = [(x, -y) for x, y in zip(np.linspace(0, 0.1, 6), np.linspace(1, 0.1, 6), strict=True)]
CORNER += [(x, -y) for x, y in zip(np.linspace(0.2, 1, 6), np.linspace(0.09, 0, 6), strict=True)]


def experiment_of(rows, **settings):
    reports = [dict(zip(("latency", "accuracy"), row, strict=True)) for row in rows]
    return client_of(reports, "-latency, accuracy", **settings)


@pytest.fixture(scope="module")
def client():
    return experiment_of([*CORNER, (2.0, -2.0)])


def test_it_agrees_with_the_optuna_side(client):
    study = optuna.create_study(directions=["minimize", "maximize"])
    for row in [*CORNER, (2.0, -2.0)]:
        study.tell(study.ask(), row)
    pairs = [
        (decision.knee(client), of_optuna.knee(study)),
        (decision.closest(client), of_optuna.closest(study)),
        (
            decision.closest(client, {"latency": 0.2, "accuracy": -0.05}),
            of_optuna.closest(study, [0.2, -0.05]),
        ),
        (decision.weighted(client, {"accuracy": 3}), of_optuna.weighted(study, [0, 3])),
        (
            decision.weighted(client, {"accuracy": 3, "latency": 1}),
            of_optuna.weighted(study, [1, 3]),
        ),
    ]
    for found, trial in pairs:
        assert found.trial_index == trial.number
        assert [found.outcomes[m][0] for m in ("latency", "accuracy")] == trial.values
    assert len({found.trial_index for found, _ in pairs}) >= 4


def test_limits_are_in_the_users_directions_whatever_the_weights():
    rows = [(10.0, 0.90), (14.9, 0.93), (15.1, 0.95), (14.0, 0.93), (3.0, 0.5)]
    reports = [dict(zip(("latency", "accuracy"), row, strict=True)) for row in rows]
    client = client_of(reports, "-0.01*latency, 100*accuracy")
    assert decision.best_under_limits(client, "accuracy", {"latency": 15}).trial_index == 3
    assert decision.best_under_limits(client, "accuracy", {"latency": 12}).trial_index == 0
    assert decision.best_under_limits(client, "latency", {"accuracy": 0.92}).trial_index == 3
    assert decision.best_under_limits(client, "latency", {}).trial_index == 4
    with pytest.raises(UserInputError, match="no arm keeps them; arm 4_0 is the nearest"):
        decision.best_under_limits(client, "accuracy", {"latency": 2})


def test_diverged_failed_and_infeasible_arms_are_not_picked():
    rows = [(float("inf"), 5.0), (0.0, 2.0), (0.2, 1.0), (1.0, 1.5)]
    reports = [dict(zip(("latency", "accuracy"), row, strict=True)) for row in rows]
    reports = [{**row, "memory": i != 1} for i, row in enumerate(reports)]
    client = client_of([*reports, None], "-latency, accuracy", ["memory >= 1"])
    picks = [
        decision.knee(client),
        decision.closest(client),
        decision.weighted(client, {"accuracy": 1}),
        decision.best_under_limits(client, "latency", {}),
        decision.best_under_limits(client, "accuracy", {}),
    ]
    assert [point.trial_index for point in picks] == [2, 2, 3, 2, 3]
    nothing = client_of([{"latency": 1, "accuracy": 1, "memory": 0}], "-latency, accuracy")
    nothing.configure_optimization("-latency, accuracy", outcome_constraints=["memory >= 1"])
    with pytest.raises(UserInputError, match="no arm keeps the outcome constraints"):
        decision.knee(nothing)


def test_an_arm_of_several_trials_counts_by_its_mean(tmp_path):
    client = experiment_of([(1.0, 9.0), (1.0, 0.0), (1.0, 5.0)], places=[0.1, 0.1, 0.2])
    for which in (client, reloaded(client, tmp_path)):
        assert decision.best_under_limits(which, "accuracy", {}).parameters["x"] == 0.2
        assert decision.knee(which).arm_name == "2_0"


def reloaded(client, folder):
    client.save_to_json_file(str(folder / "saved.json"))
    return Client.load_from_json_file(str(folder / "saved.json"))


@pytest.mark.parametrize(
    ("pick", "message"),
    [
        (lambda c: decision.closest(c, {"size": 1.0}), "ideal must map objectives, of "),
        (lambda c: decision.closest(c, {"latency": float("nan")}), "ideal must map objectives"),
        (lambda c: decision.closest(c, [1.0, 2.0]), "ideal must map objectives"),
        (lambda c: decision.closest(c, np.array([1.0, 2.0])), "ideal must map objectives"),
        (lambda c: decision.weighted(c, {"accuracy": -1}), "weights must hold 2 numbers"),
        (lambda c: decision.knee("client"), "client must be"),
        (lambda c: decision.weighted(c, {}), "weights must hold 2 numbers"),
        (
            lambda c: decision.best_under_limits(c, "size", {}),
            "objective must be one of .* got 'size'",
        ),
        (lambda c: decision.best_under_limits(c, "latency", {"a": 1}), "limits must map"),
    ],
)
def test_a_wrong_argument_is_named(client, pick, message):
    with pytest.raises(UserInputError, match=message):
        pick(client)
