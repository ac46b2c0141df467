"""What the figures and rules are made of is what the sampler works with."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from lamoo.solvers import SOLVERS, Solver, random
from optuna_lamoo import LaMOOSampler, explain
from optuna_lamoo.knowledge import knowledge_of

OPERATIONS = ("none", "skip", "conv")


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if trial.number == 3:
        raise optuna.TrialPruned
    return x + (kind == "a"), (1 - x) ** 2


def study_with(sampler, n=30):
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(objective, n_trials=n)
    return study


def test_rows_are_the_trials_with_values():
    study = study_with(LaMOOSampler(seed=0, n_startup_trials=5), 20)
    known = knowledge_of(study)
    assert [trial.number for trial in known.trials] == [0, 1, 2, *range(4, 20)]
    signed = [(trial.values[0], -trial.values[1]) for trial in known.trials]
    assert known.history.Y.tolist() == [list(pair) for pair in signed]
    assert known.space.decode(known.history.X) == [
        {name: pytest.approx(value) for name, value in trial.params.items()}
        for trial in known.trials
    ]


def test_settings_are_the_samplers_turned_to_minimisation():
    sampler = LaMOOSampler(seed=0, solver="random", reference_point=[2.0, -1.0])
    assert knowledge_of(study_with(sampler, 8)).settings.reference_point == (2.0, 1.0)
    assert knowledge_of(study_with(RandomSampler(seed=0), 8)).settings.solver == "gp"


def test_path_begins_with_all_trials():
    known = knowledge_of(study_with(RandomSampler(seed=0), 40))
    assert np.array_equal(np.sort(known.path[0].members), np.arange(39))
    assert len(known.path) > 1


def test_nothing_to_know_is_told():
    study = optuna.create_study(directions=["minimize", "minimize"], study_name="empty")
    with pytest.raises(ValueError, match="'empty' has no finished trial"):
        knowledge_of(study)
    lost = optuna.create_study(directions=["minimize", "minimize"], study_name="lost")
    for state in (TrialState.FAIL, TrialState.PRUNED, TrialState.FAIL):
        lost.tell(lost.ask(), state=state)
    with pytest.raises(ValueError, match="'lost' has no trial with values: 2 failed and 1 pruned"):
        knowledge_of(lost)
    study.optimize(lambda _: (1.0, 2.0), n_trials=1)
    with pytest.raises(ValueError, match="no parameter with more than one value"):
        knowledge_of(study)


def cost(params):
    """Return an exact cost of a network."""
    return sum(3.0 ** (params[f"op{i}"] == "conv") for i in range(4))


def convolutions(params):
    return [sum(value == "conv" for value in params.values())]


def train(trial):
    params = {f"op{i}": trial.suggest_categorical(f"op{i}", OPERATIONS) for i in range(4)}
    places = [params[f"op{i}"] == "conv" for i in range(4)]
    return cost(params), sum(p / (1 + i) for i, p in enumerate(places)) - (params["op0"] == "none")


def earlier():
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=LaMOOSampler(seed=5, solver="random")
    )
    study.optimize(train, n_trials=20)
    return study


@pytest.mark.parametrize(
    "told",
    [
        dict,
        lambda: {"known_objectives": {0: cost}},
        lambda: {"features": convolutions},
        lambda: {"known_objectives": {0: cost}, "features": convolutions},
        lambda: {"known_constraints": [lambda params: cost(params) - 9]},
        lambda: {"canonical": lambda params: tuple(sorted(params.values()))},
        lambda: {"warm_start": earlier()},
    ],
    ids=["nothing", "objective", "features", "both", "constraint", "canonical", "warm start"],
)
def test_the_leaf_shown_is_the_one_that_the_sampler_takes(told, monkeypatch):
    """Compared on every configuration of the space with the region that the solver is given."""
    sampler = LaMOOSampler(
        seed=0,
        search_space={f"op{i}": CategoricalDistribution(OPERATIONS) for i in range(4)},
        stop_when_exhausted=False,
        **told(),
    )
    taken = []

    def propose(place, rng):
        taken.append(place)
        return random.propose(place, rng)

    # it has no global turns, so that each proposal is made in the chosen leaf
    monkeypatch.setitem(SOLVERS, "gp", Solver(propose))
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(train, n_trials=14)
    depths = []
    for _ in range(12):
        shown, taken[:] = knowledge_of(study), []
        study.optimize(train, n_trials=1)
        X = shown.space.enumerate()
        region, members = taken[0].region, taken[0].members
        leaf = shown.path[-1]
        assert sorted(leaf.members) == sorted(members)
        np.testing.assert_array_equal(leaf.region.contains(X), region.contains(X))
        depths.append(len(shown.path))
    assert max(depths) > 1
    assert explain(study).trials == 26
