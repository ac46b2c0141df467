"""Ax stops bad trainings by all objectives."""

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.protocols.metric import IMetric
from ax.api.protocols.runner import IRunner
from ax.api.protocols.runner import TrialStatus as Status
from ax.core.trial_status import TrialStatus
from ax.early_stopping.strategies import PercentileEarlyStoppingStrategy
from ax.exceptions.core import UserInputError
from ax.orchestration.orchestrator import Orchestrator, OrchestratorOptions
from ax.storage.json_store.decoder import object_from_json
from ax.storage.json_store.encoder import object_to_json
from ax.storage.json_store.registry import CORE_DECODER_REGISTRY, CORE_ENCODER_REGISTRY

from ax_lamoo import EarlyStopping, lamoo_generation_strategy
from ax_lamoo.early import curves_of
from lamoo.curves import Curves
from lamoo.early import Extrapolation, Halving

from .conftest import X
from .test_results import client_of

EPOCHS = 4


def train(client, strategy, n=12, seed=0):
    """Run trials one after the other, stopping those that the strategy gives up."""
    client.set_early_stopping_strategy(strategy)
    rng = np.random.default_rng(seed)
    for x in rng.random(n).tolist():
        index = client.attach_trial({"x": x, "y": 0.0})
        size = float(rng.integers(1, 9))
        for epoch in range(1, EPOCHS + 1):
            error = x + 1 / size + 1 / epoch
            client.attach_data(index, {"a": error, "b": size}, progression=epoch)
            if client.should_stop_trial_early(index):
                client.mark_trial_early_stopped(index)
                break
        else:
            client.complete_trial(index)
    return client


@pytest.mark.parametrize("rule", ["halving", Extrapolation(n_startup=4)])
def test_a_client_asks_it_and_it_decides_as_the_engine_does(rule):
    client = train(client_of([]), EarlyStopping(rule))
    experiment = client._experiment
    stopped = experiment.trial_indices_by_status[TrialStatus.EARLY_STOPPED]
    assert 1 < len(stopped) < 12
    curves = curves_of(experiment)
    engine = EarlyStopping(rule).rule
    for index, curve in curves.items():  # one after the other: the later ones were not there yet
        others = Curves.of([curves[i] for i in range(index)], 2)
        expected = index > 0 and curve.steps[-1] < others.longest and engine.stops(curve, others)
        assert (index in stopped) == expected


def test_curves_are_what_was_attached_minimised():
    client = client_of([], "-a, b")
    first = client.attach_trial({"x": 0.1, "y": 0.0})
    client.attach_data(first, {"b": 7.0})  # for all steps
    for step, a in ((1, 1.0), (2, 0.5)):
        client.attach_data(first, {"a": a}, progression=step)
    second = client.attach_trial({"x": 0.2, "y": 0.0})
    client.attach_data(second, {"a": 3.0}, progression=1)
    client.attach_data(second, {"a": float("inf"), "b": 2.0}, progression=4)
    client.complete_trial(second, {"a": 2.0, "b": 5.0}, progression=5)
    third = client.attach_trial({"x": 0.3, "y": 0.0})
    client.attach_data(third, {"a": 1.0}, progression=3)
    client.mark_trial_early_stopped(third)
    found = curves_of(client._experiment)
    assert found[first].steps.tolist() == [1, 2]
    assert found[first].values.tolist() == [[1, -7], [0.5, -7]]
    assert found[first].final is None
    assert found[second].steps.tolist() == [1, 4, 5]
    assert found[second].values.tolist() == [[3, -2], [np.inf, -2], [2, -5]]
    assert found[second].final.tolist() == [2, -5]
    np.testing.assert_array_equal(found[third].values, [[1, np.nan]])
    assert found[third].final is None


def test_sums_of_metrics_and_constraints_count():
    client = client_of([], "-a - 2*b, c", ["d <= 1"])
    for d in (0.5, 2.0):
        index = client.attach_trial({"x": d / 10, "y": 0.0})
        client.attach_data(index, {"a": 1.0, "b": 2.0, "c": 3.0, "d": 9.0}, progression=1)
        client.complete_trial(index, {"a": 1.0, "b": 1.0, "c": 3.0, "d": d}, progression=2)
    found = curves_of(client._experiment)
    assert found[0].values.tolist() == [[5, -3], [3, -3]]
    assert found[0].final.tolist() == [3, -3]
    assert [curve.feasible for curve in found.values()] == [True, False]


@pytest.mark.parametrize("measured", ["nothing", "another metric", "all"])
def test_a_limit_relative_to_what_is_unmeasured_takes_no_other_with_it(measured):
    client = client_of([], "-a, -b", ["d <= 1", "e <= 1.0*baseline"])
    baseline = client.attach_baseline({"x": 0.5, "y": 0.0})
    if measured != "nothing":
        client.attach_data(baseline, {"d": 0.5}, progression=1)
    if measured == "all":
        client.complete_trial(baseline, {"a": 9.0, "b": 9.0, "d": 0.5, "e": 4.0}, progression=2)
    for d, e in ((0.5, 2.0), (2.0, 2.0), (0.5, 6.0)):
        index = client.attach_trial({"x": (d + e) / 10, "y": 0.0})
        client.attach_data(index, {"a": 1.0, "b": 1.0, "d": d, "e": 9.0}, progression=1)
        client.complete_trial(index, {"a": 1.0, "b": 1.0, "d": d, "e": e}, progression=2)
    found = curves_of(client._experiment)
    feasible = [found[index].feasible for index in range(1, 4)]
    assert feasible == [True, False, measured != "all"]


def test_before_there_is_anything_nobody_is_stopped():
    client = client_of([])
    client.set_early_stopping_strategy(EarlyStopping("halving"))
    index = client.attach_trial({"x": 0.5, "y": 0.0})
    assert not client.should_stop_trial_early(index)
    client.attach_data(index, {"a": 1.0, "b": 1.0})  # without a step
    assert not client.should_stop_trial_early(index)


def test_a_trial_whose_second_objective_is_unknown_goes_on():
    client = client_of([])
    client.set_early_stopping_strategy(EarlyStopping("halving"))
    for place in (0.1, 0.2, 0.3, 0.4):
        index = client.attach_trial({"x": place, "y": 0.0})
        client.attach_data(index, {"a": place}, progression=1)
        assert not client.should_stop_trial_early(index)


def test_axs_own_rule_stops_a_network_that_is_the_smallest():
    # why there is another one: the first objective alone decides
    percentile = PercentileEarlyStoppingStrategy(min_progression=2, min_curves=3)
    stopped = {}
    for strategy in (percentile, EarlyStopping(Extrapolation(n_startup=4))):
        client = client_of([])
        client.set_early_stopping_strategy(strategy)
        for size in (9.0, 8.0, 7.0, 6.0, 1.0):
            index = client.attach_trial({"x": size / 10, "y": 0.0})
            for epoch in range(1, 4):
                client.attach_data(index, {"a": 1 / size + 1 / epoch, "b": size}, progression=epoch)
            if size > 1:
                client.complete_trial(index)
        stopped[type(strategy)] = client.should_stop_trial_early(index)
    assert list(stopped.values()) == [True, False]


class Training(IRunner):
    """A runner whose trials train an epoch each time they are looked at."""

    def __init__(self):
        self.epochs = {}

    def run_trial(self, trial_index, parameterization):
        self.epochs[trial_index] = 0
        return {"x": parameterization["x"]}

    def poll_trial(self, trial_index, trial_metadata):
        self.epochs[trial_index] += 1
        done = self.epochs[trial_index] >= EPOCHS
        return Status.COMPLETED if done else Status.RUNNING

    def stop_trial(self, trial_index, trial_metadata):
        return {}


class Reported(IMetric):
    """A metric that a training reports as it goes on."""

    def __init__(self, name, runner):
        super().__init__(name)
        self.runner = runner

    @classmethod
    def is_available_while_running(cls):
        return True

    def fetch(self, trial_index, trial_metadata):
        epoch, x = self.runner.epochs[trial_index], trial_metadata["x"]
        return epoch, x + 1 / epoch if self.name == "a" else 1.0


def test_axs_orchestrator_stops_trials():
    client, runner = Client(random_seed=0), Training()
    client.configure_experiment(parameters=[X])
    client.configure_optimization("-a, -b")
    client.configure_runner(runner)
    client.configure_metrics([Reported("a", runner), Reported("b", runner)])
    client.configure_generation_strategy(initialization_budget=1000)
    orchestrator = Orchestrator(
        experiment=client._experiment,
        generation_strategy=client._generation_strategy,
        options=OrchestratorOptions(
            early_stopping_strategy=EarlyStopping("halving"),
            init_seconds_between_polls=0,
            min_seconds_before_poll=0,
            max_pending_trials=2,
        ),
    )
    orchestrator.run_n_trials(max_trials=12)
    experiment = client._experiment
    stopped = experiment.trial_indices_by_status[TrialStatus.EARLY_STOPPED]
    assert 4 < len(stopped) < 12
    assert len(stopped) + len(experiment.trial_indices_by_status[TrialStatus.COMPLETED]) == 12
    places = {i: trial.arm.parameters["x"] for i, trial in experiment.trials.items()}
    assert min(places, key=places.get) not in stopped
    assert all(runner.epochs[index] < EPOCHS for index in stopped)


def test_it_can_be_saved():
    for rule in ("curves", Halving(4, 2), Extrapolation(0.3, 7)):
        strategy = EarlyStopping(rule)
        saved = object_to_json(strategy, encoder_registry=CORE_ENCODER_REGISTRY)
        again = object_from_json(saved, decoder_registry=CORE_DECODER_REGISTRY)
        assert again == strategy
        assert repr(again) == repr(strategy)


@pytest.mark.parametrize("wrong", ["median", None, Halving])
def test_a_wrong_rule_is_named(wrong):
    with pytest.raises(UserInputError, match="rule must be one of"):
        EarlyStopping(wrong)


@pytest.mark.parametrize(("solver", "node"), [("gp", "LaMOO"), ("evolutionary", "Sobol")])
def test_what_was_stopped_counts_in_the_start_of_a_solver_that_learns_it(solver, node):
    client = client_of([])
    client.set_generation_strategy(
        lamoo_generation_strategy(
            seed=0, solver=solver, initialization_budget=6, min_observed_initialization_trials=5
        )
    )
    nodes = []
    for k in range(8):
        ((index, params),) = client.get_next_trials(1).items()
        nodes.append(client.summarize().set_index("trial_index")["generation_node"][index])
        for epoch in range(1, EPOCHS + 1 if k < 2 else 3):
            data = {"a": params["x"] + 1 / epoch, "b": params["y"]}
            client.attach_data(index, data, progression=epoch)
        if k < 2:
            client.complete_trial(index)
        else:
            client.mark_trial_early_stopped(index)
    assert nodes[-1] == node
    assert "LaMOO" not in nodes[:5]
