"""A follow-up in a conditional space asks for what the first study's program would have asked."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial

from optuna_lamoo import ReducedSpace, explain, reduced_space


def families(trial):
    """Return error and cost: boosting is best, forests are cheap, and nets are neither."""
    trial.suggest_categorical("data", ["digits"])
    model = trial.suggest_categorical("model", ["svm", "forest", "boost", "net"])
    scale = trial.suggest_float("scale", 0, 1)
    if model == "svm":
        c = trial.suggest_float("c", 1e-3, 1e3, log=True)
        kernel = trial.suggest_categorical("kernel", ["linear", "rbf"])
        gamma = trial.suggest_float("gamma", 0, 1) if kernel == "rbf" else 1
        error, cost = 3 + abs(np.log10(c)) + gamma, 8
    elif model == "forest":
        trial.suggest_categorical("criterion", ["gini"])
        error, cost = 2, trial.suggest_int("trees", 1, 100) / 25
    elif model == "boost":
        error = abs(np.log10(trial.suggest_float("rate", 1e-3, 1, log=True)) + 1)
        cost = 1 + trial.suggest_int("rounds", 10, 500) / 500
    else:
        layers = trial.suggest_int("layers", 1, 3)
        error, cost = 6, 6 + sum(trial.suggest_int(f"width{i}", 1, 9) for i in range(layers))
    return error + (scale - 0.3) ** 2, cost


def study_of(objective, n, seed=0):
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=seed))
    study.optimize(objective, n_trials=n)
    return study


@pytest.fixture(scope="module")
def study():
    return study_of(families, 150)


def follow_up(space, n):
    """Return what trials of a follow-up study got."""
    again = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=1))
    found = []
    for _ in range(n):
        trial = again.ask()
        found.append(space.suggest(trial))
        assert {name: found[-1][name] for name in trial.params} == trial.params
    return found


def asked(objective, params):
    """Return what a program asks for when it gets these answers."""
    trial = FixedTrial(params)
    objective(trial)  # an error if it asks for more, or a value is outside
    return trial.params.keys()


def keeps(params, found):
    """Tell whether a configuration keeps the rules."""
    return all(
        params[name] in rule if name in found.choices else rule[0] <= params[name] <= rule[1]
        for name, rule in found.rules.items()
        if name in params
    )


def test_a_trial_has_the_parameters_of_one_branch(study):
    space, found = reduced_space(study), explain(study)
    assert set(found.rules["model"]) <= {"boost", "forest"}
    assert "boost" in found.rules["model"]
    assert space.keys() <= {"data", "criterion", "model", "rate", "rounds", "scale", "trees"}
    for params in follow_up(space, 60):
        assert asked(families, params) == params.keys()
        assert params["data"] == "digits"  # what leaves no choice is needed, too
        assert keeps(params, found)


def test_rules_are_told_by_branch(study):
    found = explain(study)
    assert found.rules.keys() | found.importance.keys() <= reduced_space(study).keys()
    assert not found.importance.keys() & {"c", "gamma", "kernel", "layers", "width0", "width2"}
    kept = found.rules["model"]
    if len(kept) > 1:
        assert found.where["rate"] == {"model": ("boost",)}
        assert "\n  where model = boost: " in str(found)
    else:
        assert not found.where
    # by brute force: what keeps the rules, of all configurations that the program makes
    many = study_of(families, 3_000, seed=7).trials
    share = np.mean([keeps(trial.params, found) for trial in many])
    assert share == pytest.approx(found.space_share, abs=0.02)


def test_it_is_a_mapping_of_distributions(study):
    space = reduced_space(study)
    assert isinstance(space, ReducedSpace)
    assert space == dict(space)
    assert len(space) == len([*space])
    assert space["model"] == CategoricalDistribution(explain(study).rules["model"])
    assert repr(space).startswith("ReducedSpace({'")
    assert "svm" not in repr(space)


def test_a_range_per_branch_is_asked_for_by_its_name():
    def objective(trial):
        wide = trial.suggest_categorical("wide", [False, True])
        x = trial.suggest_float("x", 0, 100 if wide else 1)
        return x / (100 if wide else 1) + wide, -x / (100 if wide else 1)

    study = study_of(objective, 80)
    for params in follow_up(reduced_space(study), 20):
        assert params.keys() == {"wide", "x"}
        assert 0 <= params["x"] <= (100 if params["wide"] else 1)


def program(rng, depth, names=None):
    """Return a random tree of questions: name, kind, and what follows each answer."""
    names = names if names is not None else iter(range(1000))
    kinds = rng.choice(["float", "int", "log"], size=rng.integers(1, 3)).tolist()
    questions = [(f"p{next(names)}", kind, []) for kind in kinds]
    if depth:
        branches = [program(rng, depth - 1, names) for _ in range(rng.integers(2, 4))]
        questions.append((f"c{next(names)}", "choice", branches))
    return questions


def play(trial, questions):
    """Return the answers, as numbers from 0 to 1."""
    found = []
    for name, kind, branches in questions:
        if kind == "float":
            found.append(trial.suggest_float(name, 0, 1))
        elif kind == "int":
            found.append(trial.suggest_int(name, 0, 20) / 20)
        elif kind == "log":
            found.append(np.log10(trial.suggest_float(name, 1e-3, 1, log=True)) / 3 + 1)
        else:
            k = trial.suggest_categorical(name, [*range(len(branches))])
            found += [0.2 * k, *play(trial, branches[k])]
    return found


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 30))]
)
def test_only_configurations_that_the_program_makes_and_the_rules_hold(seed):
    questions = program(np.random.default_rng(seed), 2)

    def objective(trial):
        found = np.array(play(trial, questions))
        return float(((found - 0.3) ** 2).mean()), float(((found - 0.6) ** 2).mean())

    study = study_of(objective, 120, seed)
    found = explain(study)
    for params in follow_up(reduced_space(study), 40):
        assert asked(objective, params) == params.keys()
        assert keeps(params, found)
