"""Choices that a storage gives back as something else: members of an Enum become plain values."""

import enum
import threading

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import PartialFixedSampler
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from optuna_lamoo import LaMOOSampler


class Width(enum.IntEnum):
    NARROW = 16
    MIDDLE = 32
    WIDE = 64


class Act(enum.StrEnum):
    RELU = "relu"
    TANH = "tanh"


SIZE = {"NARROW": 0.1, "MIDDLE": 0.4, "WIDE": 1.0}


def train(trial):
    width, act = (trial.suggest_categorical(e.__name__, list(e)) for e in (Width, Act))
    x = trial.suggest_float("x", 0, 1)
    error = (1 - SIZE[width.name]) * (1 + x) + 0.1 * (act.name == "TANH")
    return error, SIZE[width.name] + x


def plain(trial):
    width = trial.suggest_categorical("Width", [int(w) for w in Width])
    act = trial.suggest_categorical("Act", [str(a.value) for a in Act])
    x = trial.suggest_float("x", 0, 1)
    size = SIZE[Width(width).name]
    return (1 - size) * (1 + x) + 0.1 * (act == "tanh"), size + x


@pytest.fixture
def path(tmp_path):
    path = f"sqlite:///{tmp_path / 'study.db'}"
    RDBStorage(path)
    return path


def resumed(path, name="enums", **settings):
    """Return the study as a new process opens it."""
    sampler = LaMOOSampler(seed=0, solver="evolutionary", n_startup_trials=4, **settings)
    return optuna.create_study(
        directions=["minimize"] * 2,
        storage=(
            JournalStorage(JournalFileBackend(path)) if path.endswith(".log") else RDBStorage(path)
        ),
        study_name=name,
        sampler=sampler,
        load_if_exists=True,
    )


def test_none_is_a_choice_like_any_other_in_every_process(path):
    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b", None])
        x = trial.suggest_float("x", 0, 1)
        return x + (kind == "a"), (1 - x) + (kind is None)

    for _ in range(12):
        resumed(path, "parts").optimize(objective, n_trials=1)
    resumed(path, "whole").optimize(objective, n_trials=12)
    parts, whole = ([t.params for t in resumed(path, name).trials] for name in ("parts", "whole"))
    assert parts == whole
    assert {params["kind"] for params in whole} == {"a", "b", None}


def test_an_objective_gets_the_members_that_it_listed_in_every_process(path, complaints):
    for n in (1, 4, 3):
        resumed(path).optimize(train, n_trials=n)
    assert complaints() == []
    resumed(path, "plain").optimize(plain, n_trials=8)
    trials = [resumed(path, name).trials for name in ("enums", "plain")]
    assert [dict(t.params) for t in trials[0]] == [dict(t.params) for t in trials[1]]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_threads_that_begin_together_and_fixed_parameters(path, complaints):
    resumed(path).optimize(train, n_trials=6)
    study = resumed(path)
    asked = [study.ask() for _ in range(3)]
    values = {}
    for trial in asked:  # all are given a proposal before the first of them meets the choices
        trial.suggest_float("x", 0, 1)

    def finish(trial):
        values[trial.number] = train(trial)

    threads = [threading.Thread(target=finish, args=(trial,)) for trial in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trial in asked:
        study.tell(trial, values[trial.number])
    study = resumed(path)
    study.sampler = PartialFixedSampler({"x": 0.5}, study.sampler)
    study.optimize(train, n_trials=3)
    assert {t.params["x"] for t in study.trials[-3:]} == {0.5}
    assert complaints() == []


def test_functions_get_members_if_the_search_space_is_given(path):
    space = {e.__name__: CategoricalDistribution(list(e)) for e in (Width, Act)}
    seen = []

    def size(params):
        seen.append(params["Width"])
        return SIZE[params["Width"].name] + params.get("x", 0.0)

    for n in (5, 3):
        resumed(path, search_space=space, known_objectives={1: size}).optimize(train, n_trials=n)
    assert len(seen) > 8


LAYERS = [(64, 32), (64,), None, ("a", (1, 2))]


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution should be:UserWarning")
@pytest.mark.parametrize(
    ("url", "parts", "known"),
    [("sqlite:///{}.db", [10], False), ("{}.log", [1, 5, 4], False), ("{}.log", [1, 5, 4], True)],
)
def test_tuples_stay_tuples_although_a_storage_makes_lists_of_them(
    url, parts, known, tmp_path, complaints
):
    """Optuna's database takes them from one process only, whatever the sampler."""
    path = url.format(tmp_path / "study")
    asked, size = [], {layers: i for i, layers in enumerate(LAYERS)}

    def objective(trial):
        layers = trial.suggest_categorical("layers", LAYERS)
        x = trial.suggest_float("x", 0, 1)
        return x + size[layers], 1 - x  # a list is no key

    def look_up(params):
        asked.append(params["layers"])
        return params["x"] + size[params["layers"]]

    space = {"layers": CategoricalDistribution(LAYERS), "x": FloatDistribution(0, 1)}
    given = {"known_objectives": {0: look_up}, "search_space": space} if known else {}
    for n in parts:
        resumed(path, "tuples", **given).optimize(objective, n_trials=n)
    found = [trial.params["layers"] for trial in resumed(path, "tuples").trials]
    assert [[64, 32] in found, [64] in found, ["a", [1, 2]] in found] == [True] * 3
    assert bool(asked) == known
    assert complaints() == []
