"""What stands in a storage is data, and may be wrong: it breaks nothing and nothing is run."""

import base64
import pickle
import warnings

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from optuna_lamoo import LaMOOSampler, columns, explain, notes, reader, visualization

CODE = "__import__('pathlib').Path('executed').touch()"


class Bomb:
    def __reduce__(self):
        return eval, (CODE,)


NOTES = [
    None,
    7,
    "text",
    CODE,
    [],
    [1, 2],
    {"x": CODE, "c": CODE, "i": CODE},
    {"x": None, "c": None},
    {"x": {"__reduce__": CODE}, "c": [0], "i": [[]]},
    {"x": 1e308, "c": 99, "i": -1e308},
    {"x": -1, "c": -7, "i": 0.5},
    {"x": True, "c": False},
    {"x": 10**400},
    {"": 0, "nobody": 1, "__class__": 2},
    base64.b64encode(pickle.dumps(Bomb())).decode(),
    "x" * 100_000,
    '{"x": NaN, "c": "0", "i": null}',
    '{"x": ' + "9" * 5_000 + "}",
    "[" * 100_000,
]
DISTRIBUTIONS = {
    "x": FloatDistribution(0, 1),
    "c": CategoricalDistribution(("a", "b")),
    "i": IntDistribution(0, 9),
}
#: All that LaMOO reads, and what Ax or other samplers might have left.
KEYS = [notes.NOTE, "fixed_params", "constraints", "lamoo:other", "nsga2:generation"]


def test_the_bomb_would_have_gone_off(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Bomb()))  # noqa: S301
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "journal"])
def test_attributes_of_trials_are_not_believed(kind, make_storage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sampler = LaMOOSampler(seed=0, n_startup_trials=2, solver="evolutionary")
    study = optuna.create_study(
        directions=["minimize"] * 2, sampler=sampler, storage=make_storage(kind)
    )

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        bonus = trial.suggest_categorical("c", ("a", "b")) == "a"
        return x + trial.suggest_int("i", 0, 9), 1 - x + bonus

    study.optimize(objective, n_trials=3)
    for key in KEYS[: 3 if kind == "memory" else 1]:
        for k, note in enumerate(NOTES[:14] if kind == "sqlite" else NOTES):
            if kind != "memory" and note == {"x": 10**400}:
                continue
            state = [TrialState.RUNNING, TrialState.FAIL, TrialState.PRUNED][k % 3]
            trial = create_trial(
                state=state, system_attrs={key: note}, user_attrs={key: note}, params={}
            )
            study.add_trial(trial)
    study.optimize(objective, n_trials=4)
    assert [t.state for t in study.trials[-4:]] == [TrialState.COMPLETE] * 4
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("note", NOTES)
def test_only_values_that_optuna_could_have_stored_are_read(note):
    running = create_trial(state=TrialState.RUNNING, system_attrs={notes.NOTE: note})
    for name, value in notes.proposal(running, DISTRIBUTIONS).items():
        assert isinstance(value, str if name == "c" else float | int)
    space = reader.to_points(DISTRIBUTIONS, columns.to_space(DISTRIBUTIONS), [running])
    assert space.shape[1] == 3


@pytest.mark.parametrize("note", NOTES)
def test_a_waiting_trial_with_a_wrong_note_is_run(note):
    study = optuna.create_study(directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0))
    waiting = create_trial(state=TrialState.WAITING, system_attrs={notes.NOTE: note})
    study.add_trial(waiting)
    study.optimize(lambda trial: [trial.suggest_float("x", 0, 1)] * 2, n_trials=2)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 2


# ---- Names are text ----------------------------------------------------------------------------

NAMES = ["<script>alert(1)</script>", "</script><b>", r"$\bad{$ and $", "${x} {y} %(z)s", "_x"]


def named_study(name):
    sampler = LaMOOSampler(seed=0, n_startup_trials=5, solver="evolutionary")
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler, study_name=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that metric names are experimental
        study.set_metric_names([name, "other"])

    def objective(trial):
        x = trial.suggest_float(name, 0, 1)
        kind = trial.suggest_categorical(f"{name}2", (name, f"{name}3"))
        return x + (kind == name), 1 - x

    study.optimize(objective, n_trials=30)
    return study


@pytest.mark.parametrize("name", NAMES)
def test_names_add_no_element_to_a_figure(name):
    study = named_study(name)
    assert name in str(explain(study)) or "Nothing" in str(explain(study))
    figures = [
        visualization.plot_regions(study, [name, f"{name}2"]),
        visualization.plot_hypervolume_history({name: study}),
    ]
    for figure in figures:
        page = figure.to_html(include_plotlyjs=False, full_html=False)
        assert page.count("<script") == page.count("</script>") == 1 or name not in page
        assert "<script>alert" not in page
        assert "</script><b>" not in page


@pytest.mark.parametrize("name", NAMES)
def test_names_are_no_mathematics_in_a_picture(name):
    plt = pytest.importorskip("matplotlib.pyplot")
    from optuna_lamoo.visualization import matplotlib

    study = named_study(name)
    axes = matplotlib.plot_regions(study, [name, f"{name}2"])
    axes.figure.canvas.draw()
    assert axes.get_xlabel().replace("\\$", "$") in (name, f"{name}2")
    plt.close("all")
    matplotlib.plot_hypervolume_history({name: study, "b": study}).figure.canvas.draw()
    plt.close("all")
