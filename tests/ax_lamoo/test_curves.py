"""Trials of Ax that were stopped early: what is learned of them, and that they are no results."""

import numpy as np
import pytest
from ax.api.configs import RangeParameterConfig
from ax.early_stopping.strategies import PercentileEarlyStoppingStrategy
from ax.exceptions.core import DataRequiredError

from ax_lamoo import PartitionRegions, explain
from ax_lamoo.results import front
from lamoo import pareto

FLOAT = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"]
ENDS = 9


def error(params, step):
    return (params["x"] - 0.3) ** 2 + params["y"] / 5 + 1 / step - 1 / ENDS


def size(params):
    return 1.0 - params["x"]


def history_of(client):
    client.get_next_trials(max_trials=1)
    return client._generation_strategy.adapter.task().history


def train(client, params, steps, end):
    """Run a trial for some steps; its size is told once, without a step."""
    index = client.attach_trial(params)
    report(client, index, params, steps)
    if end is not None:
        getattr(client, end)(index)
    return index


def report(client, index, params, steps):
    client.attach_data(index, {"size": size(params)})
    for step in range(1, steps + 1):
        client.attach_data(index, {"error": error(params, step)}, progression=step)


@pytest.fixture
def started(client):
    experiment = client(FLOAT, "-error, -size", initialization_budget=4)
    for _ in range(4):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        report(experiment, index, params, ENDS)
        experiment.complete_trial(index)
    return experiment


def test_stopped_trials_are_learned_and_are_no_results(started):
    early = {"x": 0.3, "y": 0.0}  # better than all that ended
    train(started, early, 3, "mark_trial_early_stopped")
    late = train(started, {"x": 0.31, "y": 0.0}, ENDS, "mark_trial_early_stopped")
    history = history_of(started)
    np.testing.assert_allclose(history.stopped, [[0.3, 0.0]])
    np.testing.assert_allclose(history.partial.Y, [[np.nan, size(early)]])
    assert "1 more trial was stopped early, and learned from" in str(explain(started))
    expected = [[error(early, step), size(early)] for step in (1, 2, 3)]
    np.testing.assert_allclose(history.partial.curves.values, expected)
    assert not len(history.failed)
    # one that was stopped at the last step had come to its end
    assert history.n == 5
    np.testing.assert_allclose(history.X[-1], [0.31, 0.0])
    assert late in {point.trial_index for point in front(started)}
    assert early not in [point.parameters for point in front(started)]
    finished = history.curves
    assert (finished.ends - finished.begins).tolist() == [ENDS] * 5
    np.testing.assert_allclose(finished.finals, history.Y)


def test_a_start_of_which_most_is_stopped_goes_on_until_enough_completed(client):
    experiment = client(FLOAT, "-error, -size", initialization_budget=4)  # two are to complete
    for number in range(9):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        stopped = number not in (5, 7)
        report(experiment, index, params, 1 if stopped else ENDS)
        end = experiment.mark_trial_early_stopped if stopped else experiment.complete_trial
        end(index)
    trials = experiment._experiment.trials.values()
    nodes = [trial.generator_runs[0]._generation_node_name for trial in trials]
    assert nodes == ["CenterOfSearchSpace", *["Sobol"] * 7, "LaMOO"]


def test_a_start_waits_for_those_that_run(client):
    experiment = client(FLOAT, "-error, -size", initialization_budget=4)
    for _ in range(4):
        experiment.get_next_trials(max_trials=1)
    with pytest.raises(DataRequiredError):
        experiment.get_next_trials(max_trials=1)
    report(experiment, 0, {"x": 0.5, "y": 0.5}, 1)
    experiment.mark_trial_early_stopped(0)
    assert len(experiment.get_next_trials(max_trials=3)) == 1


def test_running_trials_say_what_they_reported(started):
    params = {"x": 0.4, "y": 0.2}
    train(started, params, 2, None)
    history = history_of(started)
    np.testing.assert_allclose(history.pending, [[0.4, 0.2]])
    assert not len(history.stopped)
    np.testing.assert_allclose(history.partial.curves.steps, [1, 2])
    np.testing.assert_allclose(history.partial.Y, [[np.nan, size(params)]])


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_a_training_that_went_wrong_has_failed(started, wrong):
    index = started.attach_trial({"x": 0.4, "y": 0.2})
    for step, value in enumerate((0.5, wrong), start=1):
        started.attach_data(index, {"error": value, "size": 0.6}, progression=step)
    started.mark_trial_early_stopped(index)
    history = history_of(started)
    np.testing.assert_allclose(history.failed, [[0.4, 0.2]])
    assert not len(history.partial.X)


def test_trials_that_one_of_axs_strategies_stops(client):
    experiment = client(FLOAT, "-error, -size", initialization_budget=4)
    experiment.set_early_stopping_strategy(
        PercentileEarlyStoppingStrategy(
            metric_signatures=["error"], min_curves=3, min_progression=2
        )
    )
    stopped = []
    for _ in range(12):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        for step in range(1, ENDS + 1):
            data = {"error": error(params, step), "size": size(params)}
            experiment.attach_data(index, data, progression=step)
            if step < ENDS and experiment.should_stop_trial_early(index):
                stopped.append([params["x"], params["y"]])
                experiment.mark_trial_early_stopped(index)
                break
        else:
            experiment.complete_trial(index)
    assert stopped
    history = history_of(experiment)
    np.testing.assert_allclose(history.stopped, stopped)
    assert history.n + len(stopped) == 12
    assert not len(history.failed)


def test_cards_show_stopped_trials_as_what_they_are(started):
    early = {"x": 0.3, "y": 0.0}  # on the front, if its last report were a result
    train(started, early, 3, "mark_trial_early_stopped")
    lost = started.attach_trial({"x": 0.5, "y": 0.5})
    started.mark_trial_failed(lost)
    history = history_of(started)
    (card,) = started.compute_analyses([PartitionRegions()], display=False)
    df, (_, crosses, points) = card.df, card.get_figure().data
    assert df["arm_name"].tolist()[-1] == "4_0"
    assert len(df) == history.n + 1 == len(points.x) + 1
    last = df.iloc[-1]
    assert (last["error"], last["size"]) == (error(early, 3), size(early))
    assert (last["x"], last["y"], last["stopped_after"]) == (0.3, 0.0, 3)
    assert df["dominance_number"].isna().tolist() == [False] * history.n + [True]
    assert df["stopped_after"].isna().tolist() == [True] * history.n + [False]
    assert df["dominance_number"][:-1].tolist() == pareto.dominance_number(history.Y).tolist()
    assert (crosses.x, crosses.y, crosses.name) == ((0.3,), (0.0,), "stopped early")
    (text,) = crosses.hovertext
    assert "stopped_after: 3" in text
    assert f"error: {error(early, 3)}" in text
    assert "dominance_number" not in text
    assert not any("stopped_after" in text for text in points.hovertext)


@pytest.mark.parametrize("solver", ["gp", pytest.param("qlognehvi", marks=pytest.mark.slow)])
def test_a_parameter_may_be_called_step(client, solver):
    """With Ax's default such an experiment ends in pandas' ValueError (1.3.1)."""
    floats = [
        RangeParameterConfig(name=name, parameter_type="float", bounds=(0, 1))
        for name in ("step", "y")
    ]
    experiment = client(floats, "-error, -size", solver=solver, initialization_budget=4)
    for _ in range(6):
        ((index, params),) = experiment.get_next_trials(max_trials=1).items()
        report(experiment, index, {"x": params["step"], "y": params["y"]}, ENDS)
        experiment.complete_trial(index)
    assert experiment.summarize()["generation_node"].tolist()[-1] == "LaMOO"
    history = history_of(experiment)
    np.testing.assert_allclose(history.X[:, 0], experiment.summarize()["step"][:6])
    np.testing.assert_allclose(history.Y[:, 1], 1 - history.X[:, 0])
    assert experiment.predict([{"step": 0.5, "y": 0.5}])[0].keys() == {"error", "size"}
