"""An experiment that hardly gains anything any more is stopped."""

import pytest
from ax.api.client import Client
from ax.api.protocols.metric import IMetric
from ax.api.protocols.runner import IRunner, TrialStatus
from ax.core.trial_status import TrialStatus as Status
from ax.exceptions.core import UserInputError
from ax.orchestration.orchestrator import Orchestrator, OrchestratorOptions
from ax.storage.json_store.decoder import object_from_json
from ax.storage.json_store.encoder import object_to_json
from ax.storage.json_store.registry import CORE_DECODER_REGISTRY, CORE_ENCODER_REGISTRY

from ax_lamoo import StopWhenConverged
from lamoo import History, Settings, recent_gain

from .conftest import X
from .test_results import client_of

TURN = 12


def converging(number):
    """Reach the whole front, a single point, at trial number 12."""
    return {"a": max(TURN - number, 0) + 1.0, "b": 1.0}


def loop(client, stop, evaluate, most=60):
    """Run until the rule says stop; return how many trials were run."""
    for number in range(len(client._experiment.trials), most):
        if stop(client):
            return number
        index = client.attach_trial({"x": number / most, "y": 0.0})
        report = evaluate(number)
        if report is None:
            client.mark_trial_failed(index)
        else:
            client.complete_trial(index, report)
    return most


@pytest.mark.parametrize("objective", ["-a, b", "-a"])
def test_it_stops_when_the_last_trials_gained_nothing(objective):
    stop = StopWhenConverged(n_trials=8, min_trials=5)
    report = converging if "b" in objective else lambda number: {"a": converging(number)["a"]}
    client = client_of([], objective)
    assert loop(client, stop, report) == TURN + 1 + 8
    halted, reason = stop.should_stop_optimization(client._experiment)
    assert halted
    assert "The last 8 trials gained 0 % of hypervolume" in reason


def test_it_goes_on_while_there_is_a_gain_or_too_few_trials_finished():
    growing = StopWhenConverged(n_trials=3, tolerance=1e-6, min_trials=0)
    assert loop(client_of([]), growing, lambda i: {"a": -float(i), "b": 0.0}, 20) == 20
    patient = StopWhenConverged(n_trials=3, min_trials=15)
    assert loop(client_of([]), patient, lambda _: {"a": 0.0, "b": 0.0}, 20) == 15
    assert not patient(client_of([]))


def test_failed_running_and_partial_trials_do_not_count_and_do_no_harm():
    stop = StopWhenConverged(n_trials=8, min_trials=5)
    client = client_of([])
    for report in ({}, {"a": 0.0}):
        running = client.attach_trial({"x": 0.123, "y": 1.0 + len(report)})
        if report:
            client.attach_data(running, report)
    done = loop(client, stop, lambda i: None if i % 2 else converging(i))
    assert done in (2 * TURN // 2 + 1 + 2 * 8, 2 * TURN // 2 + 2 + 2 * 8)
    waiting = StopWhenConverged(n_trials=8, min_trials=5, inactive_when_pending_trials=True)
    assert not waiting(client)


def test_the_gain_is_that_of_the_engine_measured_from_the_thresholds(rng):
    rows = rng.random((20, 2))
    reports = [{"a": a, "b": b} for a, b in rows.tolist()]
    client = client_of(reports, "-a, b", ["a <= 0.7", "b >= 0.2"])
    history = History(rows, rows * [1, -1])
    expected = recent_gain(history, 10, Settings(reference_point=(0.7, -0.2)))
    assert 0 < expected < 1
    for tolerance, stops in ((expected * 1.01, True), (expected * 0.99, False)):
        assert StopWhenConverged(10, tolerance, 5)(client) is stops


class Counting(IMetric):
    """A metric of the trial's number."""

    def fetch(self, trial_index, trial_metadata):
        return 0, converging(trial_index)[self.name]


class Instant(IRunner):
    """A runner whose trials are done at once."""

    def run_trial(self, trial_index, parameterization):
        return {}

    def poll_trial(self, trial_index, trial_metadata):
        return TrialStatus.COMPLETED


def test_axs_orchestrator_stops():
    client = Client(random_seed=0)
    client.configure_experiment(parameters=[X])
    client.configure_optimization("-a, b")
    client.configure_runner(Instant())
    client.configure_metrics([Counting("a"), Counting("b")])
    client.configure_generation_strategy(initialization_budget=1000)
    rule = StopWhenConverged(n_trials=8, min_trials=5)
    orchestrator = Orchestrator(
        experiment=client._experiment,
        generation_strategy=client._generation_strategy,
        options=OrchestratorOptions(
            global_stopping_strategy=rule,
            init_seconds_between_polls=0,
            min_seconds_before_poll=0,
            max_pending_trials=1,
        ),
    )
    orchestrator.run_n_trials(max_trials=60)
    completed = client._experiment.trials_by_status[Status.COMPLETED]
    assert len(completed) == TURN + 1 + 8


def test_it_can_be_saved():
    rule = StopWhenConverged(n_trials=7, tolerance=0.5, inactive_when_pending_trials=True)
    saved = object_to_json(rule, encoder_registry=CORE_ENCODER_REGISTRY)
    again = object_from_json(saved, decoder_registry=CORE_DECODER_REGISTRY)
    assert again == rule
    assert repr(again) == repr(rule)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_trials": 0},
        {"tolerance": -1.0},
        {"min_trials": -1},
        {"n_trials": 5.5},
        {"min_trials": "many"},
        {"tolerance": "little"},
    ],
)
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(UserInputError, match=next(iter(wrong))):
        StopWhenConverged(**wrong)
