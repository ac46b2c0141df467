"""What an experiment's data say: partial ones, noise, curves, goals that change, and storage."""

import logging
import warnings

import numpy as np
import pytest
import torch
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.core.metric import Metric
from ax.core.objective import Objective
from ax.core.optimization_config import MultiObjectiveOptimizationConfig
from ax.exceptions.core import AxOptimizationWarning, UserInputError

from ax_lamoo.generator import SOLVERS

NAN = float("nan")
FLOAT = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"]


def both(params):
    return {"a": params["x"] ** 2 + params["y"], "b": (params["x"] - 1) ** 2 + params["y"]}


def task_of(client):
    return client._generation_strategy.adapter.task()


def test_running_trials_with_some_metrics_are_learned_and_stay_pending(client, run):
    experiment = client(FLOAT)
    run(experiment, 8, both, q=4)
    running = experiment.get_next_trials(max_trials=3)
    for index, params in running.items():
        experiment.attach_data(trial_index=index, raw_data={"a": both(params)["a"]})
    experiment.get_next_trials(max_trials=1)
    history = task_of(experiment).history
    assert (history.n, len(history.pending), len(history.failed)) == (8, 3, 0)
    expected = [both(params)["a"] for params in running.values()]
    np.testing.assert_allclose(history.partial.Y[:, 0], expected)
    assert np.isnan(history.partial.Y[:, 1]).all()
    for index, params in running.items():
        experiment.complete_trial(trial_index=index, raw_data={"b": both(params)["b"]})
    experiment.get_next_trials(max_trials=1)
    history = task_of(experiment).history
    assert (history.n, len(history.partial.X)) == (11, 0)


def test_a_cheap_objective_that_ran_everywhere_shows_where_the_dear_one_pays(client):
    experiment = client(FLOAT, reference_point={"a": 1.0, "b": 1.0}, initialization_budget=6)
    asked = []
    for number in range(24):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        data = both(params)
        if number >= 6 and number % 4:
            del data["b"]
        experiment.complete_trial(trial_index=index, raw_data=data)
        asked.append(params)
    experiment.get_next_trials(max_trials=1)
    task = task_of(experiment)
    assert len(task.history.partial.X) >= task.history.n > 6
    assert not len(task.history.failed)
    assert np.mean([params["y"] for params in asked[-8:]]) < 0.1  # the front is at y = 0


@pytest.mark.parametrize(
    ("objective", "lost"),
    [
        ("-a, -b", {"a": NAN}),
        ("-b, -a", {"a": NAN, "b": NAN}),
        ("-a, -b", {"a": np.inf, "b": NAN}),
        ("-a", {"a": NAN}),
        pytest.param("-a", {"a": np.inf, "b": NAN}, marks=pytest.mark.slow),
    ],
)
def test_a_metric_without_any_number_ends_no_experiment(client, run, objective, lost):
    experiment = client(FLOAT, objective)
    asked = run(experiment, 5, lambda params: {**both(params), **lost})
    asked += run(experiment, 2, both)
    assert len({tuple(params.values()) for params in asked}) == 7
    assert experiment.summarize()["generation_node"].tolist()[-1] == "LaMOO"
    if "," in objective:  # the last proposal followed the first trial that had all numbers
        history, (first, second) = task_of(experiment).history, objective[1::4]
        expected = [both(asked[5])[name] for name in (first, second)]
        np.testing.assert_allclose(history.Y[np.isfinite(history.Y).all(axis=1)], [expected])


def test_the_latest_value_of_a_running_curve_is_not_final(client, run):
    experiment = client(FLOAT)
    run(experiment, 6, both)
    ((index, params),) = experiment.get_next_trials(max_trials=1).items()
    for step in (1, 2):
        data = {name: value - 5.0 / step for name, value in both(params).items()}
        experiment.attach_data(trial_index=index, raw_data=data, progression=step)
    experiment.get_next_trials(max_trials=1)
    history = task_of(experiment).history
    assert history.n == 6
    assert history.Y.min() >= 0
    np.testing.assert_allclose(history.pending, [[params["x"], params["y"]]])
    experiment.complete_trial(trial_index=index)
    experiment.get_next_trials(max_trials=1)
    np.testing.assert_allclose(task_of(experiment).history.Y[-1], list(data.values()))


def test_standard_errors_are_variances_of_the_noise(client, run):
    def proposals(sem):
        experiment = client(FLOAT)
        run(experiment, 7, lambda p: {name: (v, sem) for name, v in both(p).items()})
        return experiment, run(experiment, 1, both)

    (exact, sharp), (_, untold), (noisy, rough) = map(proposals, (0.0, None, 0.5))
    assert sharp == untold  # noise of 0 and noise that nobody told and nothing shows
    assert sharp != rough
    assert (task_of(noisy).history.noise[:7] == 0.25).all()
    assert (task_of(exact).history.noise[:7] == 0.0).all()
    assert np.isnan(task_of(noisy).history.noise[7:]).all()


def config_of(experiment, expression):
    signatures = {name: name for name in "ab"}
    return experiment._experiment.optimization_config.clone_with_args(
        objective=Objective(expression=expression, metric_name_to_signature=signatures)
    )


def test_new_goals_count_at_once(client, run, tmp_path):
    experiment = client(FLOAT)
    run(experiment, 12, both, q=4)
    adapter = experiment._generation_strategy.adapter
    assert isinstance(config_of(experiment, "a, b"), MultiObjectiveOptimizationConfig)
    (arm,) = adapter.gen(1, optimization_config=config_of(experiment, "a, b")).arms
    assert arm.parameters["y"] > 0.9
    experiment.configure_optimization(objective="a, b")
    experiment.save_to_json_file(str(tmp_path / "saved.json"))
    here = run(experiment, 1, both)
    loaded = run(Client.load_from_json_file(str(tmp_path / "saved.json")), 1, both)
    assert here[0]["y"] > 0.9
    assert here[0] == pytest.approx(loaded[0], abs=1e-6)
    (history,) = [task_of(experiment).history]
    np.testing.assert_allclose(history.Y[0], [-v for v in both(_first(experiment)).values()])


def _first(experiment):
    return experiment._experiment.trials[0].arm.parameters


def test_goals_that_change_between_one_and_several(client, run):
    experiment = client(FLOAT, "-a")
    run(experiment, 5, both)
    experiment.configure_optimization(objective="-a, -b")
    run(experiment, 3, both)
    assert task_of(experiment).history.Y.shape == (7, 2)
    assert experiment.summarize()["generation_node"].tolist()[-1] == "LaMOO"


def test_a_threshold_counts_in_the_units_of_its_metric(client, run):
    experiment = client(FLOAT, "-0.01*a, -b", outcome_constraints=["a <= 0.3"])
    asked = run(experiment, 20, both)
    inside = [both(params)["a"] <= 0.3 for params in asked[10:]]
    assert np.mean(inside) > 0.8


def test_a_sum_beside_an_objective_with_a_threshold(client, run):
    experiment = client(FLOAT, "-a - 2*b, -c", outcome_constraints=["c <= 0.5"])
    run(experiment, 7, lambda params: {**both(params), "c": params["x"]})
    task = task_of(experiment)
    np.testing.assert_allclose(
        task.history.Y[0], [both(_first(experiment))[n] for n in "ab"] @ np.array([1, 2]), rtol=0.9
    )
    assert task.history.Y.shape == (6, 2)
    np.testing.assert_array_equal(task.settings.reference_point, [np.nan, 0.5])


class Signed(Metric):
    """A metric with a signature of its own."""

    @property
    def signature(self):
        return f"{self.name} of {self.__class__.__name__}"


def test_metrics_with_a_signature_are_named_by_their_names(client, run):
    experiment = client(FLOAT, reference_point={"a": 0.6})
    for name in "ab":
        experiment._experiment.update_metric(Signed(name))
    experiment.configure_optimization(objective="-a, -b")
    run(experiment, 4, both)
    assert task_of(experiment).settings.reference_point[0] == 0.6


def test_the_warning_of_a_threshold_names_metrics_and_comes_once(client, run, caplog):
    experiment = client(FLOAT, "-0.01*a, b", reference_point={"a": -1.0}, solver="evolutionary")
    with caplog.at_level(logging.WARNING, logger="ax"):
        run(experiment, 24, both)
    (record,) = [r for r in caplog.records if "not dominated" in r.getMessage()]
    assert "(a <= -1)" in record.getMessage()
    assert "b = " in record.getMessage()


def test_powers_are_told(client, run):
    experiment = client(FLOAT, "1/a, -b")
    with pytest.raises(UserInputError, match="not linear"):
        run(experiment, 4, both)


def test_nobody_is_told_of_winsorising_where_nothing_is(client, run):
    experiment = client(FLOAT)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(experiment, 5, both)
    assert not [w for w in told if issubclass(w.category, AxOptimizationWarning)]


def test_seeds_of_numpy_are_stored(client, run, tmp_path):
    experiment = client(FLOAT, seed=np.int64(3))
    run(experiment, 5, both)
    experiment.save_to_json_file(str(tmp_path / "saved.json"))


CHEAP = ("gp", "random")


@pytest.mark.parametrize(
    "solver",
    [s if s in CHEAP else pytest.param(s, marks=pytest.mark.slow) for s in SOLVERS],
)
def test_without_a_seed_an_experiment_goes_on_as_it_would_have(solver, client, run, tmp_path):
    experiment = client(FLOAT, solver=solver, seed=None)
    run(experiment, 7, both)
    experiment.save_to_json_file(str(tmp_path / "saved.json"))
    here = run(experiment, 1, both)
    torch.manual_seed(12345)  # another process
    loaded = run(Client.load_from_json_file(str(tmp_path / "saved.json")), 1, both)
    assert here[0] == pytest.approx(loaded[0], abs=1e-5)


@pytest.mark.parametrize("objective", ["-a, -b", "-a"])
def test_standard_errors_of_some_trials_only(client, objective):
    """Ax's model finds the noise of such a metric itself, as of one that has none."""
    predicted = []
    for half in (True, False):
        experiment = client(FLOAT, objective)
        for number in range(5):
            ((index, params),) = experiment.get_next_trials(max_trials=1).items()
            known = {"a": 0.1 if half and number % 2 else None, "b": 0.1}
            data = {name: (value, known[name]) for name, value in both(params).items()}
            experiment.complete_trial(index, raw_data=data)
        predicted.append(experiment.predict([{"x": 0.3, "y": 0.7}])[0])
        assert experiment.get_next_trials(max_trials=1)
    for name, figures in predicted[0].items():
        np.testing.assert_allclose(figures, predicted[1][name], rtol=1e-6)
