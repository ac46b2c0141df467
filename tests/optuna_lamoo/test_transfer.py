"""Starting from what earlier studies found."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from lamoo import pareto
from lamoo_compare.problems import load
from optuna_lamoo import LaMOOSampler

pd = pytest.importorskip("pandas")
problem = load("nb201-cifar10-size")
OTHER = load("nb201-cifar100-size")
OPERATIONS = problem.space.parameters["Op0"].choices


def objective_of(problem):
    def objective(trial):
        params = {f"Op{i}": trial.suggest_categorical(f"Op{i}", OPERATIONS) for i in range(6)}
        return problem.evaluate(params)

    return objective


def study_of(problem, n_trials, seed=0, solver="gp", **settings):
    sampler = LaMOOSampler(seed=seed, solver=solver, **settings)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    study.optimize(objective_of(problem), n_trials=n_trials)
    return study


@pytest.fixture(scope="module")
def earlier():
    """Return a study of the same networks on other images."""
    return study_of(OTHER, 80, seed=9, solver="evolutionary")


def share(study):
    return problem.hypervolume([trial.values for trial in study.trials]) / problem.best_hypervolume


@pytest.mark.parametrize("seeds", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_another_data_set_saves_trials(earlier, seeds):
    given = [{}, {"warm_start": earlier}]
    cold, warm = (
        np.median([share(study_of(problem, 20, seed, **each)) for seed in range(seeds)])
        for each in given
    )
    assert warm > cold


def test_it_is_never_counted_as_a_result(earlier):
    study = study_of(problem, 5, warm_start=[earlier])
    assert len(study.trials) == 5
    values = {tuple(problem.evaluate(trial.params)) for trial in study.trials}
    assert {tuple(trial.values) for trial in study.best_trials} <= values


def test_a_table_is_as_good_as_the_study(earlier):
    table = earlier.trials_dataframe()
    table.loc[len(table)] = [None] * len(table.columns)  # a trial without values
    by_study = study_of(problem, 14, warm_start=[earlier])
    by_table = study_of(problem, 14, warm_start=[table])
    assert [t.params for t in by_table.trials] == [t.params for t in by_study.trials]
    alone = study_of(problem, 14, warm_start=table)
    assert [t.params for t in alone.trials] == [t.params for t in by_study.trials]


def test_its_best_points_keep_known_constraints_and_fixed_values(earlier):
    space = {f"Op{i}": CategoricalDistribution(OPERATIONS) for i in range(6)}
    sampler = LaMOOSampler(
        seed=0,
        warm_start=earlier,
        search_space=space,
        known_constraints=[lambda params: problem.evaluate(params)[1] - 0.5],
    )
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    for operation in OPERATIONS[1:4]:
        study.enqueue_trial({"Op0": operation})
    study.optimize(objective_of(problem), n_trials=14)
    assert [t.params["Op0"] for t in study.trials[:3]] == list(OPERATIONS[1:4])
    assert all(trial.values[1] <= 0.5 for trial in study.trials)


@pytest.mark.parametrize("solver", ["gp", "evolutionary", "random"])
def test_other_parameters_other_objectives_and_other_ranges_do_no_harm(solver):
    def earlier(trial):
        width = trial.suggest_int("width", 1, 200)
        if trial.suggest_categorical("kind", ["a", "b", "c"]) == "c":
            trial.suggest_float("gone", 0, 1)
        return width, -width, (width - 90) ** 2

    def now(trial):
        width = trial.suggest_int("width", 10, 100)
        kind = trial.suggest_categorical("kind", ["a", "b", "d"])
        return width + (kind == "d"), -width * trial.suggest_float("new", 0, 1)

    old = optuna.create_study(directions=["minimize"] * 3, sampler=LaMOOSampler(seed=0))
    old.optimize(earlier, n_trials=15)
    empty = optuna.create_study(directions=["minimize"] * 2)
    sampler = LaMOOSampler(seed=0, solver=solver, warm_start=[old, empty])
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(now, n_trials=16)
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    assert len({str(trial.params) for trial in study.trials}) == 16


def test_the_first_trials_include_the_earlier_front(earlier):
    study = study_of(problem, 11, warm_start=earlier)
    values = np.array([trial.values for trial in earlier.trials]) * [-1, 1]
    front = pareto.nondominated(values)
    best = [t.params for t, good in zip(earlier.trials, front, strict=True) if good]
    assert sum(trial.params in best for trial in study.trials) >= 4


def limited(trial):
    """Return two objectives of which one at least is better the smaller x is; it must be .5."""
    x, y = (trial.suggest_float(name, 0, 1) for name in "xy")
    trial.set_constraint("memory", 0.5 - x)
    return x + y, x - y


def written_before_5(trial):
    """Return the same, the constraint where samplers of Optuna before 5.0 wrote it."""
    x, y = (trial.suggest_float(name, 0, 1) for name in "xy")
    trial.study._storage.set_trial_system_attr(trial._trial_id, "constraints", (0.5 - x,))
    return x + y, x - y


@pytest.mark.parametrize("objective", [limited, written_before_5])
@pytest.mark.parametrize("form", ["study", "table"])
def test_the_front_that_is_tried_first_keeps_the_constraints(objective, form):
    two = ["minimize", "minimize"]
    source = optuna.create_study(directions=two, sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(objective, n_trials=40)
    given = source if form == "study" else source.trials_dataframe()
    study = optuna.create_study(directions=two, sampler=LaMOOSampler(seed=0, warm_start=given))
    study.optimize(limited, n_trials=10)
    kept = [trial for trial in source.trials if trial.params["x"] >= 0.5]
    best = [
        kept[i] for i in np.flatnonzero(pareto.nondominated(np.array([t.values for t in kept])))
    ]
    known = [trial.params for trial in source.trials]
    again = [trial.params for trial in study.trials if trial.params in known]
    assert len(again) >= 4
    assert all(params in [trial.params for trial in best] for params in again)


@pytest.mark.parametrize(
    "wrong", [3, "study", [None], [pd.DataFrame({"lr": [1.0], "loss": [2.0]})]]
)
def test_what_is_neither_a_study_nor_its_table_is_named(wrong):
    with pytest.raises(ValueError, match="warm_start must hold studies"):
        LaMOOSampler(warm_start=wrong)
