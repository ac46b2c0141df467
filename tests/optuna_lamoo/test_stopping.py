"""A study that hardly gains anything any more is stopped."""

import optuna
import pytest

from lamoo import History, Settings, recent_gain
from optuna_lamoo import LaMOOSampler, StopWhenConverged


def study_of(**settings):
    return optuna.create_study(
        directions=["minimize", "maximize"],
        sampler=LaMOOSampler(seed=0, solver="evolutionary", **settings),
    )


def converging(trial):
    """Reach the whole front, a single point, at the 40th trial."""
    trial.suggest_float("x", 0, 1)
    return max(40 - trial.number, 0) + 1.0, 1.0


def test_it_stops_when_the_last_trials_gained_nothing(complaints):
    study = study_of()
    study.optimize(converging, n_trials=200, callbacks=[StopWhenConverged(n_trials=15)])
    assert len(study.trials) == 41 + 15
    assert "the last 15 trials gained 0 % of hypervolume" in str(complaints())


def test_it_goes_on_while_there_is_a_gain_or_too_few_trials_finished():
    study = study_of()
    growing = StopWhenConverged(n_trials=5, tolerance=1e-6)
    study.optimize(
        lambda t: (-t.number + 0 * t.suggest_float("x", 0, 1), 1.0), 60, callbacks=[growing]
    )
    assert len(study.trials) == 60
    early = study_of()
    patient = StopWhenConverged(n_trials=5, min_trials=25)
    early.optimize(lambda t: (0 * t.suggest_float("x", 0, 1), 0.0), 60, callbacks=[patient])
    assert len(early.trials) == 25


def test_several_workers_stop_all():
    study = study_of()
    study.optimize(converging, n_trials=400, n_jobs=4, callbacks=[StopWhenConverged(n_trials=15)])
    assert 41 + 15 <= len(study.trials) <= 41 + 15 + 8


def test_failed_trials_do_not_count_and_do_no_harm():
    def objective(trial):
        if trial.number % 2:
            raise ValueError
        return converging(trial)

    study = study_of()
    study.optimize(
        objective, n_trials=300, catch=ValueError, callbacks=[StopWhenConverged(n_trials=15)]
    )
    assert 41 + 30 <= len(study.trials) <= 41 + 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_trials": 0},
        {"tolerance": -1.0},
        {"min_trials": -1},
        {"n_trials": 5.5},
        {"min_trials": "many"},
        {"tolerance": "little"},
    ],
)
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StopWhenConverged(**wrong)


def test_the_gain_is_a_share_of_the_hypervolume(rng):
    X, Y = rng.random((30, 2)), rng.random((30, 2))
    settings = Settings(reference_point=(1.0, 1.0))
    from moocore import hypervolume

    expected = 1 - hypervolume(Y[:20], ref=[1, 1]) / hypervolume(Y, ref=[1, 1])
    assert recent_gain(History(X, Y), 10, settings) == pytest.approx(expected)
    infeasible = History(X, Y, G=-Y + 5.0)
    assert recent_gain(infeasible, 10, settings) == 1.0


def test_a_study_without_a_choice_converges_too():
    study = study_of()
    stop = StopWhenConverged(n_trials=5, min_trials=10)
    study.optimize(lambda t: (t.suggest_int("x", 3, 3), 0.0), n_trials=30, callbacks=[stop])
    assert len(study.trials) == 10
