"""Functions of what is known see what the user's own program makes, and nothing else."""

import math
from collections.abc import Mapping

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from optuna_lamoo import LaMOOSampler, explain, reduced_space, vectorized

#: What a branch has for a range of the parameter that all of them have.
RANGES = [(1e-3, 1.0), (1e-6, 1e-3), (1e-4, 1e-2)]


def program_of(grammar):
    """Return the objective, and the function that reads the parameters that it asks for."""
    kinds = grammar.specs["kind"][1:]

    def ask(trial):
        def suggest(name, spec):
            if name == "lr":
                low, high = RANGES[kinds.index(trial.params["kind"])]
                return trial.suggest_float(name, low, high, log=True)
            if spec[0] == "choice":
                return trial.suggest_categorical(name, spec[1:])
            return getattr(trial, f"suggest_{spec[0]}")(name, *spec[1:])

        return grammar.replay(suggest)

    def read(params):
        found = grammar.replay(lambda name, _: params[name])
        low, high = RANGES[kinds.index(params["kind"])]
        return found, low <= params["lr"] <= high

    return ask, read


def cost(params):
    numbers = [v for v in params.values() if isinstance(v, int | float)]
    return sum(numbers) / 10 + len(params)


def error(params):
    return (params["lr"] - 0.01) ** 2 + 1 / cost(params)


class Recorder:
    """Functions that note what they were asked about that the program would never make.

    What a study has not shown yet cannot be known: as long as all its trials had the same
    parameters, there is no sign of branches.
    """

    def __init__(self, read):
        self.read, self.patterns, self.asked, self.wrong = read, set(), 0, []

    def after(self, _, trial):
        if trial.values and math.isfinite(trial.values[0]):
            self.patterns.add(frozenset(trial.params))

    def __call__(self, params):
        assert isinstance(params, Mapping)
        found, within = self.read(params)  # KeyError where one is missing
        self.asked += 1
        if len(self.patterns) > 1 and (found != dict(params) or not within):
            self.wrong.append(dict(params))
        return cost(params)


SOLVERS = ["gp", "gp-fast", "evolutionary", "random", "cma"]


def searched(grammar, seed, *, storage=None, n_trials=14, many=False, **settings):
    ask, read = program_of(grammar(seed))
    recorder = Recorder(read)
    function = vectorized(lambda many: [recorder(p) for p in many]) if many else recorder

    def sampler():
        return LaMOOSampler(
            seed=seed,
            known_objectives={1: function},
            features=lambda params: [recorder(params), 1.0],
            known_constraints=[lambda params: recorder(params) - 50.0],
            canonical=lambda params: (recorder(params), *sorted(map(str, params.items()))),
            warn_independent_sampling=False,
            **settings,
        )

    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler(), storage=storage)

    def objective(trial):
        params = ask(trial)
        if trial.number == 4:
            raise RuntimeError
        return (math.inf, math.inf) if trial.number == 6 else (error(params), cost(params))

    study.optimize(objective, n_trials // 2, catch=RuntimeError, callbacks=[recorder.after])
    study.sampler = sampler()  # as when a study goes on
    rest = n_trials - n_trials // 2
    study.optimize(objective, rest, catch=RuntimeError, callbacks=[recorder.after])
    return study, recorder


@pytest.mark.parametrize(
    ("seed", "solver"),
    [
        pytest.param(seed, solver, marks=pytest.mark.slow if solver == "gp-fast" else ())
        for seed, solver in enumerate(SOLVERS, 1)
    ],
)
def test_every_solver_asks_about_what_the_program_makes(solver, seed, grammar):
    study, recorder = searched(grammar, seed, solver=solver)
    assert recorder.wrong == []
    assert recorder.asked > 100
    assert len(study.trials) == 14
    explain(study), reduced_space(study)
    assert recorder.wrong == []


@pytest.mark.slow  # the same at length
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", range(10, 22))
def test_every_solver_asks_about_what_the_program_makes_for_long(solver, seed, grammar):
    study, recorder = searched(grammar, seed, solver=solver, n_trials=45)
    explain(study)
    assert recorder.wrong == []


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_so_it_is_with_storages_that_hand_out_copies(kind, grammar, make_storage):
    _, recorder = searched(grammar, 3, storage=make_storage(kind), solver="evolutionary", many=True)
    assert recorder.wrong == []


FULL = {
    "depth": IntDistribution(1, 3),
    **{f"channels{i}": CategoricalDistribution((4, 8, 16, 32, 64)) for i in range(3)},
    "lr": FloatDistribution(1e-4, 3e-2, log=True),
}


def network(trial):
    depth = trial.suggest_int("depth", 1, 3)
    for i in range(depth):
        trial.suggest_categorical(f"channels{i}", FULL["channels0"].choices)
    trial.suggest_float("lr", 1e-4, 3e-2, log=True)
    return 1 / size(trial.params) + trial.params["lr"], size(trial.params)


def size(params):
    return sum(params[f"channels{i}"] for i in range(params["depth"]))


@pytest.mark.parametrize("space", [None, FULL], ids=["learned", "given"])
@pytest.mark.parametrize(
    "seed", [pytest.param(i, marks=() if i < 5 else pytest.mark.slow) for i in range(15)]
)
def test_a_first_trial_of_small_depth_ends_no_study(space, seed):
    sampler = LaMOOSampler(
        seed=seed,
        solver="evolutionary",
        known_objectives={1: size},
        search_space=space,
        warn_independent_sampling=False,
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(network, n_trials=8)
    explain(study)
    assert all(trial.state is TrialState.COMPLETE for trial in study.trials)
    # what is unknown is not passed over
    assert len({trial.params["depth"] for trial in study.trials}) > 1


@pytest.mark.parametrize("argument", ["known_objectives", "features", "known_constraints"])
def test_a_function_that_reads_what_a_trial_did_not_have_is_an_error(argument):
    def reads(params):
        return [params["unheard of"]]

    given = {
        "known_objectives": {1: lambda p: reads(p)[0]},
        "features": reads,
        "known_constraints": [lambda p: reads(p)[0]],
    }
    study = optuna.create_study(
        directions=["minimize"] * 2, sampler=LaMOOSampler(seed=0, **{argument: given[argument]})
    )
    with pytest.raises(RuntimeError, match=rf"{argument}.* raised KeyError\('unheard of'\)"):
        study.optimize(network, n_trials=5)
    assert len(study.trials) == 1  # which is stored


def test_a_table_that_lacks_a_choice_is_an_error_and_not_unknown():
    table = {4: 1.0, 8: 2.0}
    sampler = LaMOOSampler(
        seed=0, known_objectives={1: lambda p: table[p["channels0"]]}, search_space=FULL
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    with pytest.raises(RuntimeError, match=r"known_objectives\[1\] raised KeyError\((16|32|64)\)"):
        study.optimize(network, n_trials=1)


def test_a_trial_that_ended_early_with_infinite_values_is_no_error():
    def objective(trial):
        if trial.suggest_int("depth", 1, 3) == 3:
            return math.inf, math.inf  # too large for the memory
        return network(trial)

    sampler = LaMOOSampler(
        seed=1, known_objectives={1: size}, solver="random", warn_independent_sampling=False
    )
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=15)
    assert any(math.isinf(trial.values[0]) for trial in study.trials)
