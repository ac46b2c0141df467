"""What a cluster's engine does to the sampler: pickles it, restores it, loses results."""

import importlib.util
import pickle
from datetime import timedelta

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from optuna_lamoo import LaMOOSampler

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs Ray: pip install 'lamoo[distributed]'"
)
SPACE = {name: FloatDistribution(0, 1) for name in "xy"}


def cost(params):
    return params["x"] ** 2


def depth(params):
    return [params["x"] + params["y"], params["y"]]


def limit(params):
    return params["y"] - 0.9


def key(params):
    return round(params["x"], 9), round(params["y"], 9)


def values(params):
    return [params["x"] ** 2, (params["x"] - 1) ** 2 + params["y"]]


def study_with(n_trials, sampler):
    """Return a study of random trials that goes on with a sampler."""
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    drawn = optuna.samplers.RandomSampler(seed=1)
    study.sampler, sampler = drawn, study.sampler
    for _ in range(n_trials):
        trial = study.ask(SPACE)
        study.tell(trial, values(trial.params))
    study.sampler = sampler
    return study


@pytest.mark.parametrize("told", [False, True])
def test_a_sampler_is_small_after_500_trials_and_holds_nothing_open(told):
    # pickle itself refuses locks, files and sockets
    arguments = {}
    if told:
        arguments = {
            "known_objectives": {0: cost},
            "features": depth,
            "known_constraints": [limit],
            "canonical": key,
            "search_space": SPACE,
            "warm_start": study_with(200, LaMOOSampler(seed=1)),
        }
    study = study_with(500, LaMOOSampler(seed=2, **arguments))
    before = len(pickle.dumps(study.sampler))
    for _ in range(2):
        trial = study.ask(SPACE)
        study.tell(trial, values(trial.params))
    data = pickle.dumps(study.sampler)
    assert len(data) == before < (20_000 if told else 1_000)
    again, study.sampler = study.sampler, pickle.loads(data)  # noqa: S301 - our own
    other = optuna.create_study(directions=["minimize", "minimize"], sampler=again)
    other.add_trials(study.trials)
    assert study.ask(SPACE).params == other.ask(SPACE).params


# ---- Ray's OptunaSearch, without a cluster; examples/ray_tune.py runs one ------------------------


def search(storage, **arguments):
    from ray.tune.search.optuna import OptunaSearch

    return OptunaSearch(
        SPACE,
        metric=["f", "g"],
        mode=["min", "min"],
        sampler=LaMOOSampler(seed=4, n_startup_trials=3, **arguments),
        storage=storage,
        study_name="study",
    )


def tell(algorithm, name, params, f=None):
    first, second = values(params)
    algorithm.on_trial_complete(name, {"f": first if f is None else f, "g": second})


@needs_ray
def test_ray_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path):
    ours, other = search(InMemoryStorage()), search(InMemoryStorage())
    for i in range(6):
        params = ours.suggest(str(i))
        assert params == other.suggest(str(i))
        tell(ours, str(i), params)
        tell(other, str(i), params)
        ours.save(str(tmp_path / "checkpoint"))
        ours = search(InMemoryStorage())
        ours.restore(str(tmp_path / "checkpoint"))


@needs_ray
def test_a_nan_in_ray_leaves_a_running_trial_that_is_forgotten_after_a_while():
    storage = InMemoryStorage()
    algorithm = search(storage, stale_after=60)
    for i in range(4):
        tell(algorithm, str(i), algorithm.suggest(str(i)))
    lost = algorithm.suggest("lost")
    tell(algorithm, "lost", lost, f=float("nan"))
    study = optuna.load_study(
        study_name="study", storage=storage, sampler=LaMOOSampler(seed=4, stale_after=60)
    )
    assert study.trials[-1].state == TrialState.RUNNING  # Ray's, should it ever do better
    assert algorithm.suggest("next") != lost
    for trial in storage._studies[0].trials[4:]:
        trial.datetime_start -= timedelta(seconds=61)
    assert algorithm.suggest("later") == lost
