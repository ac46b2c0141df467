"""Trials that were stopped early: what the sampler learns of them, whoever stopped them."""

import collections
import math

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from lamoo import Settings, Task
from lamoo.search import beginning
from optuna_lamoo import EarlyStopping, LaMOOSampler, columns, notes, reports, track

FLOAT = optuna.distributions.FloatDistribution(0.0, 1.0)
COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
ENDS = 9


def errors(x, steps=ENDS):
    """Return what a training reports after each step: at last (x - .3)^2."""
    return [(x - 0.3) ** 2 + 1 / step - 1 / ENDS for step in range(1, steps + 1)]


def trial_of(x, state, curve, **kwargs):
    """Return a trial of two objectives, an error and a size, that reported a curve of errors."""
    attrs = {}
    for step, error in enumerate(curve, start=1):
        key, text = reports.attribute(attrs, step, [error, 1.0 - x])
        attrs[key] = text
    values = [errors(x)[-1], 1.0 - x] if state is COMPLETE else None
    params = {"params": {"x": x}, "distributions": {"x": FLOAT}}
    return create_trial(state=state, values=values, user_attrs=attrs, **params, **kwargs)


def history_of(study):
    trials = study.get_trials(deepcopy=False)
    space = {"x": FLOAT}
    view = study.sampler.view
    return view.task(study, trials, space, columns.to_space(space)).history


def study_of(trials, directions=("minimize",) * 2, **kwargs):
    study = optuna.create_study(
        directions=directions, sampler=LaMOOSampler(seed=0, n_startup_trials=4), **kwargs
    )
    study.add_trials(trials)
    return study


def test_stopped_trials_are_neither_failures_nor_results():
    study = study_of(
        [
            trial_of(0.1, COMPLETE, errors(0.1)),
            trial_of(0.2, PRUNED, errors(0.2, 3)),
            trial_of(0.3, PRUNED, []),
            trial_of(0.4, PRUNED, [*errors(0.4, 2), math.nan]),
            trial_of(0.5, PRUNED, [*errors(0.5, 2), math.inf]),
            trial_of(0.6, FAIL, errors(0.6, 4)),
            trial_of(0.7, FAIL, [math.nan]),
        ]
    )
    study.enqueue_trial({"x": 0.8})
    running = track(study.ask({"x": FLOAT}))
    running.report([*errors(0.8, 1), 0.2], 1)
    history = history_of(study)
    np.testing.assert_allclose(history.X, [[0.1]])
    np.testing.assert_allclose(history.stopped, [[0.2]])
    np.testing.assert_allclose(history.failed[:, 0], [0.3, 0.4, 0.5, 0.6, 0.7])
    np.testing.assert_allclose(history.pending, [[0.8]])
    # also what a trial said before it crashed, and what a running one said
    np.testing.assert_allclose(history.partial.X[:, 0], [0.2, 0.6, 0.8])
    lengths = history.partial.curves.ends - history.partial.curves.begins
    assert lengths.tolist() == [3, 4, 1]
    assert len(history.tried) == 8
    # what does not change with steps is exact
    known = Task(columns.to_space({"x": FLOAT}), history).cleaned.partial
    np.testing.assert_allclose(known.Y[:, 1], 1 - known.X[:, 0])
    assert np.isnan(known.Y[:, 0]).all()


@pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="constraints: Optuna 5")
def test_constraints_of_stopped_trials_count():
    study = study_of([trial_of(0.1, COMPLETE, errors(0.1))])
    for x, limit in ((0.2, -1.0), (0.9, 2.0)):
        study.enqueue_trial({"x": x})
        trial = track(study.ask({"x": FLOAT}))
        trial.set_constraint("memory", limit)
        trial.report([errors(x)[0], 1 - x], 1)
        study.tell(trial, state=PRUNED)
    np.testing.assert_allclose(history_of(study).partial.G, [[-1.0], [2.0]])


@pytest.mark.parametrize(
    "pruner",
    [
        optuna.pruners.MedianPruner(n_startup_trials=4),
        optuna.pruners.HyperbandPruner(max_resource=ENDS),
        optuna.pruners.SuccessiveHalvingPruner(),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_optunas_own_pruners_of_one_objective(pruner):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        for step, error in enumerate(errors(x), start=1):
            trial.report(error, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return errors(x)[-1]

    sampler = LaMOOSampler(seed=1, n_startup_trials=6)
    study = optuna.create_study(sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=30)
    stopped = study.get_trials(states=[PRUNED])
    assert stopped
    history = history_of(study)
    np.testing.assert_allclose(history.stopped[:, 0], [t.params["x"] for t in stopped])
    assert not len(history.failed)


@pytest.mark.parametrize("pruner", [EarlyStopping(), optuna.pruners.MedianPruner()])
def test_a_step_that_no_float_holds_does_not_end_a_study(pruner):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        for step in (1, 10**400) if trial.number == 2 else (1, 2):
            trial.report(x, step)
        trial.should_prune()
        if trial.number in (2, 3):
            raise optuna.TrialPruned
        return x

    sampler = LaMOOSampler(seed=1, n_startup_trials=4)
    study = optuna.create_study(sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=8)
    partial = history_of(study).partial  # of that trial the first report is known
    assert partial.X[:, 0].tolist() == [study.trials[k].params["x"] for k in (2, 3)]
    assert partial.curves.steps.tolist() == [1, 1, 2]


def test_reports_without_a_stop_change_nothing():
    def objective(trial, *, reporting):
        trial = track(trial)
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        for step in range(1, 6 if reporting else 1):
            trial.report([x**2 + 1 / step, (x - 1) ** 2 + y], step)
        return x**2, (x - 1) ** 2 + y

    asked = []
    for reporting in (True, False):
        study = study_of([], pruner=optuna.pruners.NopPruner())
        study.optimize(lambda t, r=reporting: objective(t, reporting=r), n_trials=14)
        asked.append([t.params for t in study.trials])
    assert asked[0] == asked[1]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_what_optunahubs_pruner_stores_is_read_by_the_names_of_the_objectives():
    stored = {"2": {"size": 0.6, "other": 1.0}, "1": {"error": 0.5}, "10": {"error": 0.4}}
    stopped = create_trial(
        state=PRUNED,
        params={"x": 0.5},
        distributions={"x": FLOAT},
        user_attrs={reports.HUB_KEY: stored},
    )
    study = study_of([trial_of(0.1, COMPLETE, []), stopped], ("minimize", "maximize"))
    assert not len(history_of(study).stopped)  # whose values they are is unknown
    study = study_of([trial_of(0.1, COMPLETE, []), stopped], ("minimize", "maximize"))
    study.set_metric_names(["error", "size"])
    curves = history_of(study).partial.curves
    np.testing.assert_allclose(curves.steps, [1, 2, 10])
    np.testing.assert_allclose(curves.values, [[0.5, -0.6], [0.5, -0.6], [0.4, -0.6]])
    for junk in (None, [], "text", {"a": {"error": 1}}, {"1": {"error": "x"}}, {"1": 2}):
        trial = create_trial(
            state=PRUNED,
            params={"x": 0.5},
            distributions={"x": FLOAT},
            user_attrs={reports.HUB_KEY: junk},
        )
        assert not len(reports.curve(trial, study.directions, ["error", "size"]))


@pytest.mark.parametrize(
    ("solver", "results", "begun"),
    [("gp", 2, True), ("gp-fast", 2, True), ("gp", 1, False), ("evolutionary", 2, False)],
)
def test_what_was_stopped_counts_in_the_start_of_a_solver_that_learns_it(solver, results, begun):
    """Under halving a study would else hardly end its start: few of a hundred are results."""
    curves = [(x, COMPLETE if k < results else PRUNED) for k, x in enumerate(np.linspace(0, 1, 8))]
    trials = [trial_of(x, state, errors(x)[: 9 if state is COMPLETE else 3]) for x, state in curves]
    for last in (trials, trials[:7], [*trials[:7], trial_of(0.9, PRUNED, [])]):
        settings = Settings(n_startup=4, solver=solver)
        task = Task(columns.to_space({"x": FLOAT}), history_of(study_of(last)), settings)
        assert (beginning(task) is not None) == (begun and last is trials)


@pytest.mark.parametrize("solver", ["gp", "gp-fast", "evolutionary", "random"])
def test_every_solver_goes_on_where_most_trials_are_stopped(solver):
    def objective(trial):
        trial = track(trial)
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_int("y", 0, 20)
        for step, error in enumerate(errors(x), start=1):
            trial.report([error + y / 20, 1.0 - x], step)
            if trial.number % 4 and step == 2:
                raise optuna.TrialPruned
        return errors(x)[-1] + y / 20, 1.0 - x

    sampler = LaMOOSampler(seed=0, n_startup_trials=6, solver=solver)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=24)
    points = [(t.params["x"], t.params["y"]) for t in study.trials]
    for i, trial in enumerate(study.trials):
        earlier = [study.trials[j].state for j in range(i) if points[j] == points[i]]
        assert earlier == ([PRUNED] if notes.again(trial) else [])
    assert {t.state for t in study.best_trials} == {COMPLETE}


class Wrongly(optuna.pruners.BasePruner):
    """Stops every other configuration after two steps, whoever asks for it."""

    def prune(self, study, trial):
        steps = [*reports.reports(trial.user_attrs, 2)]
        return steps[-1] == 2 and trial.params["y"] % 2 == 1


@pytest.mark.parametrize("rule", ["its own", "another"])
@pytest.mark.parametrize(
    "solver", ["gp", "evolutionary", "random", pytest.param("gp-fast", marks=pytest.mark.slow)]
)
def test_every_configuration_that_was_stopped_comes_once_more_before_the_study_ends(solver, rule):
    class Stubborn(EarlyStopping):
        def prune(self, study, trial):
            stopped = Wrongly().prune(study, trial)
            return stopped and (not notes.again(trial) or super().prune(study, trial))

    def objective(trial):
        trial = track(trial)
        x, y = trial.suggest_int("x", 0, 3), trial.suggest_int("y", 0, 3)
        for step, error in enumerate(errors(x / 3), start=1):
            trial.report([error + y / 9, 1.0 - x], step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return errors(x / 3)[-1] + y / 9, 1.0 - x

    study = optuna.create_study(
        directions=["minimize"] * 2,
        sampler=LaMOOSampler(seed=0, n_startup_trials=4, solver=solver),
        pruner=Stubborn() if rule == "its own" else Wrongly(),
    )
    study.optimize(objective, n_trials=60)
    stopped = [t for t in study.trials if t.params["y"] % 2]
    often = collections.Counter((t.params["x"], t.params["y"]) for t in study.trials)
    assert {(y % 2, n) for (_, y), n in often.items()} == {(0, 1), (1, 2)}
    # the sampler's word is the last one for our rule, another one may stop it for good
    first = [PRUNED] * 8
    assert sorted(t.state for t in stopped) == sorted(
        [*first, *([COMPLETE] * 8 if rule == "its own" else first)]
    )
    assert sum(map(notes.again, study.trials)) == 8


def test_what_was_stopped_is_given_to_one_worker_only():
    """Where nothing else is left, and others have what was stopped."""
    grid = optuna.distributions.IntDistribution(0, 7)
    study = study_of([])
    for y in range(8):
        attrs = dict([reports.attribute({}, 1, [y + 1.0, -y])])
        state, values = (PRUNED, None) if y % 2 else (COMPLETE, [y, -y])
        params = {"params": {"y": y}, "distributions": {"y": grid}}
        study.add_trial(create_trial(state=state, values=values, user_attrs=attrs, **params))
    running = [study.ask({"y": grid}).params["y"] for _ in range(4)]
    assert sorted(running) == [1, 3, 5, 7]
