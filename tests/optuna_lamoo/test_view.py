"""What the user told is bound to the space whose points are asked about."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from lamoo.gp import transfer
from optuna_lamoo import LaMOOSampler, columns

OPERATIONS = ("none", "skip", "conv")
SPACE = {f"op{i}": CategoricalDistribution(OPERATIONS) for i in range(3)}


def train(trial):
    params = [trial.suggest_categorical(name, OPERATIONS) for name in SPACE]
    return params.count("conv"), params.count("none")


def study_with(**settings):
    sampler = LaMOOSampler(seed=0, solver="evolutionary", **settings)
    return optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)


def test_functions_of_two_spaces_and_directions_do_not_mix_their_answers():
    sampler = LaMOOSampler(
        known_objectives={0: lambda p: p["x"]},
        features=lambda p: [2 * p["x"]],
        canonical=lambda p: round(p["x"]),
    )
    X = np.array([[0.25], [0.75]])
    seen = []
    for high, direction in [(1.0, "minimize"), (10.0, "minimize"), (1.0, "maximize")]:
        study = optuna.create_study(directions=[direction, "minimize"], sampler=sampler)
        space = {"x": FloatDistribution(0, high)}
        seen.append(sampler.view.task(study, [], space, columns.to_space(space)).space)
    # asked in turns, after all of them were made
    for _ in range(2):
        for space, expected in zip(seen, ([0.25, 0.75], [2.5, 7.5], [-0.25, -0.75]), strict=True):
            np.testing.assert_allclose(space.known.objectives[0](X), expected)
            np.testing.assert_allclose(space.known.features(X)[:, 0], 2 * np.abs(expected))
            first, second = space.known.key(X)
            assert first != second


def test_a_parameter_that_gets_a_single_value_is_seen_by_the_functions():
    study = study_with(known_objectives={0: lambda p: (p["op0"] == "conv" and p["scale"]) or 0.0})
    for scale in (1.0, 3.0):
        trials = [
            optuna.create_trial(
                params={"scale": scale},
                distributions={"scale": FloatDistribution(scale, scale)},
                values=[0.0, 0.0],
            )
        ]
        space = columns.to_space(SPACE)
        known = study.sampler.view.task(study, trials, SPACE, space).space.known
        X = space.encode([{"op0": "conv", "op1": "none", "op2": "none"}])
        assert known.objectives[0](X) == [-scale]


def test_looking_whether_a_space_is_exhausted_fits_no_model(monkeypatch):
    earlier = study_with()
    earlier.optimize(train, n_trials=12)
    study = study_with(warm_start=earlier, canonical=lambda p: tuple(sorted(p.values())))
    study.optimize(train, n_trials=4)

    def fitted(*_):
        pytest.fail("a model was fitted")

    monkeypatch.setattr(transfer, "predictions", fitted)
    study.sampler = LaMOOSampler(seed=0, warm_start=earlier, search_space=SPACE)
    last = study.trials[-1]
    study.sampler.after_trial(study, last, last.state, last.values)


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_an_exhausted_study_ends_at_the_last_configuration(limit):
    """Whatever was looked at before: the count by hand decides."""
    study = study_with(
        known_constraints=[lambda p: list(p.values()).count("conv") - limit],
        search_space=SPACE,
        warm_start=study_of_all(),
    )
    study.optimize(train, n_trials=40)
    allowed = [2**3, 2**3 + 3 * 2**2, 2**3 + 3 * 2**2 + 3 * 2][limit]
    assert len(study.trials) == allowed
    assert len({tuple(t.params.values()) for t in study.trials}) == allowed


def study_of_all():
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(train, n_trials=10)
    return study
