"""Bad trainings are stopped: with any sampler, by any worker, the same as if decided anew."""

import numpy as np
import optuna
import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.event import listen

from lamoo.curves import Curve, Curves
from lamoo.early import Extrapolation, Halving
from optuna_lamoo import EarlyStopping, LaMOOSampler, reports, track
from optuna_lamoo.early import Memory
from optuna_lamoo.reports import curve

EPOCHS = 8


def error_of(x, size, epoch):
    return x + 1 / size + (1 + x) / epoch


def objective(trial):
    """Train for eight epochs; the smaller a network the worse."""
    trial = track(trial)
    x, size = trial.suggest_float("x", 0, 1), trial.suggest_int("size", 1, 9)
    for epoch in range(1, EPOCHS + 1):
        trial.report([error_of(x, size, epoch), size if epoch == 1 else None], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return error_of(x, size, EPOCHS), size


def study_of(sampler=None, pruner=None, **options):
    sampler = sampler or RandomSampler(seed=0)
    return optuna.create_study(
        directions=["minimize"] * 2, sampler=sampler, pruner=pruner, **options
    )


def pruned(study):
    return study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))


def epochs(study):
    return [len(curve(trial, study.directions)) for trial in study.trials]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("rule", ["curves", "halving"])
@pytest.mark.parametrize(
    "sampler",
    [
        *(lambda: TPESampler(seed=0), lambda: NSGAIISampler(seed=0, population_size=8)),
        lambda: GPSampler(seed=0, n_startup_trials=25),
        lambda: LaMOOSampler(seed=0, solver="evolutionary"),
    ],
)
def test_with_any_sampler_it_spares_epochs(sampler, rule):
    study = study_of(sampler(), EarlyStopping(rule))
    study.optimize(objective, n_trials=40)
    stopped = pruned(study)
    assert {trial.state for trial in study.trials} == {TrialState.PRUNED, TrialState.COMPLETE}
    assert sum(epochs(study)) < 0.9 * 40 * EPOCHS
    assert all(trial.values is None for trial in stopped)
    assert max(epochs(study)) == EPOCHS
    assert all(len(curve(trial, study.directions)) < EPOCHS for trial in stopped)


@pytest.mark.parametrize("rule", [Extrapolation(), Halving(2, 2)])
def test_what_is_remembered_changes_no_decision(rule):
    study = study_of(pruner=EarlyStopping(rule))
    asked = []

    def watched(trial):
        trial = track(trial)
        x, size = trial.suggest_float("x", 0, 1), trial.suggest_int("size", 1, 9)
        for epoch in range(1, EPOCHS + 1):
            trial.report([error_of(x, size, epoch), size], epoch)
            curves = [curve(t, study.directions) for t in study.trials]
            own, others = curves.pop(trial.number), Curves.of(curves, 2)
            asked.append((epoch < others.longest and rule.stops(own, others), trial.should_prune()))
            if asked[-1][1]:
                raise optuna.TrialPruned
        return error_of(x, size, EPOCHS), size

    study.optimize(watched, n_trials=16)
    assert all(anew == answer for anew, answer in asked)
    assert len({answer for _, answer in asked}) == 2


@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        "journal",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("grpc", "postgresql")),
    ],
)
def test_workers_in_turns_decide_as_one(make_storage, kind):
    def turns(workers):
        """Run trials in pairs, each step of which another worker reports and decides."""
        studies, made = workers(), []
        for _ in range(6):
            pair = [track(study.ask()) for study in (studies[0], studies[-1])]
            live = {t: (t.suggest_float("x", 0, 1), t.suggest_int("size", 1, 9)) for t in pair}
            for epoch in range(1, EPOCHS + 1):
                for trial in [t for t in pair if t in live]:
                    x, size = live[trial]
                    trial.report([error_of(x, size, epoch), size], epoch)
                    if trial.should_prune():
                        made.append((trial.number, epoch))
                        del live[trial]
                        trial.study.tell(trial, state=TrialState.PRUNED)
            for trial, (x, size) in live.items():
                trial.study.tell(trial, [error_of(x, size, EPOCHS), size])
        return made

    def in_storage():
        first = make_storage(kind)
        both = (first, make_storage(kind) if kind in {"grpc", "postgresql"} else first)
        found = [
            study_of(
                pruner=EarlyStopping("halving"),
                storage=storage,
                study_name=kind,
                load_if_exists=True,
            )
            for storage in both
        ]
        found[1].sampler = found[0].sampler
        return found

    alone = turns(lambda: [study_of(pruner=EarlyStopping("halving"))])
    assert turns(in_storage) == alone
    assert alone


def test_one_line_is_enough_and_nop_means_nobody(complaints):
    default = study_of()
    default.optimize(objective, n_trials=30)
    assert pruned(default)
    assert isinstance(default.pruner, MedianPruner)
    never = study_of(pruner=NopPruner())
    never.optimize(objective, n_trials=30)
    assert not pruned(never)
    assert complaints() == []


@pytest.mark.parametrize("pruner", [HyperbandPruner(), SuccessiveHalvingPruner()])
def test_who_gives_a_pruner_of_one_objective_is_told_what_decides(pruner, complaints):
    study = study_of(pruner=pruner, study_name=type(pruner).__name__)
    study.optimize(objective, n_trials=30)
    assert pruned(study)
    (said,) = complaints()
    assert f"{type(pruner).__name__} knows one objective only: EarlyStopping() decides" in said


def test_somebody_elses_pruner_decides_for_itself():
    class Third(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return len(curve(trial, study.directions)) == 3

    study = study_of(pruner=Third())
    study.optimize(objective, n_trials=3)
    assert epochs(study) == [3, 3, 3]


def test_it_is_a_pruner_for_one_objective_too():
    study = optuna.create_study(pruner=EarlyStopping(), sampler=RandomSampler(seed=0))

    def plain(trial):
        x = trial.suggest_float("x", 0, 1)
        for epoch in range(1, EPOCHS + 1):
            trial.report(x + 1 / epoch, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x + 1 / EPOCHS

    study.optimize(plain, n_trials=30)
    best = min(trial.params["x"] for trial in study.trials)
    assert len(pruned(study)) > 10
    assert study.best_params["x"] == best


def test_nobody_is_stopped_before_every_objective_is_known(complaints):
    study = study_of(pruner=EarlyStopping("halving"), study_name="unknown size")
    for number in range(6):
        trial = track(study.ask())
        trial.report([float(number), None], 1)
        assert not trial.should_prune()
    (said,) = complaints()
    assert "no trial is stopped before it has reported every objective" in said
    assert "nothing is known of [1]" in said
    trial.report([None, 9.0], 2)
    trial.report([None, 9.0], 3)  # a rung, where the others are not


def test_whoever_has_come_to_the_end_is_not_stopped():
    study = study_of(pruner=EarlyStopping("halving"))
    study.optimize(objective, n_trials=1)
    for number in range(2, 30):
        trial = track(study.ask())
        for epoch in (EPOCHS - 1, EPOCHS):
            trial.report([float(number), 9.0], epoch)
        assert not trial.should_prune()


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_training_that_says_the_same_again_is_stopped(noise, rng):
    """By a loop over what was begun before; the rule alone stops nobody."""
    study = study_of(RandomSampler(seed=0), EarlyStopping(Extrapolation(chance=0)))

    def train(trial):
        trial = track(trial)
        x, size = trial.suggest_float("x", 0, 1, step=0.5), trial.suggest_int("size", 1, 2)
        fate = trial.number % 5  # the first ends, the second fails, the third stops by itself, ...
        for epoch in range(1, EPOCHS + 1):
            trial.report([error_of(x, size, epoch) + noise * rng.random(), size], epoch)
            if trial.should_prune():
                trial.set_user_attr("known", True)
                raise optuna.TrialPruned
            if epoch == 4 and fate in (1, 2):
                raise (optuna.TrialPruned if fate == 2 else ValueError)
        return error_of(x, size, EPOCHS), size

    study.enqueue_trial({"x": 0.5, "size": 1})
    study.enqueue_trial({"x": 0.5, "size": 1})
    study.optimize(train, n_trials=60, catch=ValueError)
    farthest = {}
    for trial, length in zip(study.trials, epochs(study), strict=True):
        params = tuple(trial.params.items())
        expected = not noise and trial.number > 1 and farthest.get(params, 0) > 2
        assert trial.user_attrs.get("known", False) is expected
        assert length == (2 if expected else 4 if trial.number % 5 in (1, 2) else EPOCHS)
        if trial.state is not TrialState.FAIL:
            farthest[params] = max(length, farthest.get(params, 0))
    assert len(farthest) == 6


def test_what_lamoo_evaluates_again_comes_to_its_end():
    sampler = LaMOOSampler(seed=0, solver="random", n_startup_trials=4, reevaluate=3)
    study = study_of(sampler, EarlyStopping(Extrapolation(chance=0)))
    study.optimize(objective, n_trials=12)
    assert len({tuple(trial.params.values()) for trial in study.trials}) < 12
    assert not pruned(study)


def test_a_training_that_runs_in_parallel_is_no_repetition():
    study = study_of(pruner=EarlyStopping(Extrapolation(chance=0)))
    pair = [track(study.ask({"x": optuna.distributions.IntDistribution(1, 1)})) for _ in range(2)]
    for epoch in range(1, EPOCHS + 1):
        for trial in pair:
            trial.report([1 / epoch, 1], epoch)
            assert not trial.should_prune()


def test_infeasible_results_beat_nobody():
    study = study_of(pruner=EarlyStopping())
    for violation in (1.0, -1.0):
        for _ in range(8):
            trial = track(study.ask())
            for epoch in range(1, 4):
                trial.report([0.1, 1.0 + trial.number], epoch)
            # as Optuna's samplers write it, and as `trial.set_constraint` does since 5.0
            study._storage.set_trial_system_attr(trial._trial_id, "constraints", [violation])
            study.tell(trial, [0.1, 1.0 + trial.number])
        late = track(study.ask())
        for epoch in (1, 2):
            late.report([5.0, 50.0], epoch)
        assert late.should_prune() is (violation < 0)
        study.tell(late, state=TrialState.FAIL)


def test_diverged_and_odd_results_break_nothing(rng):
    study = study_of(pruner=EarlyStopping(), study_name="odd")
    odd = [np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0]

    def wild(trial):
        trial = track(trial)
        for epoch in range(1, 6):
            value = rng.choice(odd) if rng.random() < 0.3 else rng.random()
            trial.report([value, rng.random()], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return (rng.choice(odd), 1.0) if rng.random() < 0.3 else (rng.random(), rng.random())

    study.optimize(wild, n_trials=60)
    assert all(trial.state.is_finished() for trial in study.trials)


def test_finished_trials_are_read_once(monkeypatch, rng):
    study = study_of(pruner=EarlyStopping())
    for level in rng.random(50).tolist():
        text = str([[s, level + 1 / s, 1 - level] for s in range(1, 6)])
        values, attrs = [level + 1 / 5, 1 - level], {"lamoo:reports": text}
        study.add_trial(optuna.trial.create_trial(values=values, user_attrs=attrs))
    read = []
    monkeypatch.setattr(reports, "curve", lambda t, d: read.append(t.number) or curve(t, d))
    running, trial = track(study.ask()), track(study.ask())
    for step in range(1, 5):
        running.report([2.0, 2.0], step)
        trial.report([0.5 + 1 / step, 0.55], step)
        read.clear()
        trial.should_prune()
        expected = {trial.number, running.number} | ({*range(50)} if step == 1 else set())
        assert sorted(read) == sorted(expected)


def test_a_database_is_read_once(tmp_path, rng):
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db")
    study = study_of(pruner=EarlyStopping(), storage=storage)
    for level in rng.random(10).tolist():
        text = str([[s, level + 1 / s, 1 - level] for s in range(1, 6)])
        values, attrs = [level + 1 / 5, 1 - level], {"lamoo:reports": text}
        study.add_trial(optuna.trial.create_trial(values=values, user_attrs=attrs))
    asked = []
    listen(storage.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def queries(ask):
        asked.clear()
        return ask(), [*asked]

    good, bad = track(study.ask()), track(study.ask())
    for step in (1, 2):
        good.report([-1.0 + 1 / step, -1.0], step)
        bad.report([9.0, 9.0], step)
    _, once = queries(lambda: study.get_trials(deepcopy=False))
    assert queries(good.should_prune) == (False, once)
    stopped, read = queries(bad.should_prune)
    assert stopped
    assert read[: len(once)] == once  # and then whether it was stopped before


def test_what_follows_from_finished_trials_is_found_once(rng):
    study, memory = study_of(), Memory()
    for number in range(4):
        study.add_trial(optuna.trial.create_trial(values=rng.random(2).tolist()))
        trial = study.get_trials(deepcopy=False)[0]
        found = memory.curves(study, trial, study.directions)
        assert found is memory.curves(study, trial, study.directions)
        assert len(found) == number + 1


@pytest.mark.parametrize("wrong", ["median", None, 3, Halving])
def test_a_wrong_rule_is_named(wrong):
    with pytest.raises(ValueError, match="rule must be one of"):
        EarlyStopping(wrong)


def test_a_curve_of_nothing():
    assert len(Curve(np.empty(0), np.empty((0, 2)))) == 0
    study = study_of(pruner=EarlyStopping())
    assert track(study.ask()).should_prune() is False
