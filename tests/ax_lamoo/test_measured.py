"""What is read of an experiment for a proposal: all that counts, and no more than that."""

from inspect import getattr_static
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from ax.api.configs import RangeParameterConfig
from ax.core.arm import Arm
from ax.core.data import Data
from ax.core.search_space import SearchSpace

from ax_lamoo import curves
from ax_lamoo.measured import FIRST_ARMS, own_seed

FLOAT = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"]
TRIALS, WAITING = 8, 3


@pytest.fixture
def calls(monkeypatch):
    """Give a function that notes the arguments of a function whenever it is called."""

    def noted(owner, name):
        called, original = [], getattr(owner, name)

        def noting(*arguments, **options):
            called.append(arguments)
            return original(*arguments, **options)

        static = isinstance(getattr_static(owner, name), staticmethod)
        monkeypatch.setattr(owner, name, staticmethod(noting) if static else noting)
        return called

    return noted


def test_only_arms_without_data_are_looked_up_in_the_space(client, run, calls):
    experiment = client(FLOAT)
    run(experiment, TRIALS)
    waiting = experiment.get_next_trials(max_trials=WAITING)
    adapter = experiment._generation_strategy.adapter
    looked_up = calls(SearchSpace, "check_membership")
    history = adapter._task(adapter.search_space, adapter._goals(), []).history
    assert history.n == TRIALS
    assert sorted(map(tuple, history.pending.tolist())) == sorted(
        (params["x"], params["y"]) for params in waiting.values()
    )
    assert [params for _, params in looked_up] == [*waiting.values()]


def test_an_arm_that_was_abandoned_in_a_batch_has_not_failed(client):
    experiment = client(FLOAT, initialization_budget=0)
    batch = experiment._experiment.new_batch_trial()
    for x in (0.1, 0.2, 0.3):  # measured, abandoned, lost
        batch.add_arm(Arm({"x": x, "y": x}))
    batch.mark_running(no_runner_required=True)
    batch.mark_arm_abandoned(batch.arms[1].name)
    row = {"trial_index": batch.index, "arm_name": batch.arms[0].name, "mean": 1.0, "sem": 0.1}
    rows = [{**row, "metric_name": name, "metric_signature": name} for name in "ab"]
    experiment._experiment.attach_data(Data(df=pd.DataFrame(rows)))
    batch.mark_completed()
    experiment.get_next_trials(max_trials=1)
    history = experiment._generation_strategy.adapter.task().history
    assert history.failed.tolist() == [[0.3, 0.3]]
    adapter = experiment._generation_strategy.adapter
    waiting = adapter._task(adapter.search_space, adapter._goals(), []).history.pending
    assert [0.2, 0.2] in waiting.tolist()


def test_the_seed_is_that_of_the_first_arms_and_looks_at_no_others(client, calls):
    experiment = client(FLOAT)
    for x in np.linspace(0, 1, FIRST_ARMS + TRIALS):
        experiment.attach_trial({"x": x, "y": 0.5})
    arms = [arm for trial in experiment._experiment.trials.values() for arm in trial.arms]
    first = "".join(arm.signature for arm in arms[:FIRST_ARMS])
    signed = calls(Arm, "md5hash")
    assert own_seed(experiment._experiment) == crc32(first.encode())
    assert len(signed) == FIRST_ARMS


def test_only_arms_that_reported_steps_have_curves(client, calls):
    experiment = client(FLOAT)
    for x in np.linspace(0, 1, TRIALS):
        index = experiment.attach_trial({"x": x, "y": 0.5})
        experiment.complete_trial(index, raw_data={"a": 1.0, "b": 2.0})
    index = experiment.attach_trial({"x": 0.9, "y": 0.9})
    for step, value in enumerate((3.0, 2.5), start=1):
        experiment.attach_data(index, {"a": value}, progression=step)
    keys = [(i, f"{i}_0") for i in range(TRIALS + 1)]
    looked_at = calls(curves, "_along")
    found, changing = curves.curves_along(experiment._experiment, keys, ["a", "b"])
    assert [len(curve) for curve in found] == [0] * TRIALS + [2]
    assert found[-1].values[:, 0].tolist() == [3.0, 2.5]
    assert changing.tolist() == [[False, False]] * TRIALS + [[True, False]]
    assert len(looked_at) == 1
