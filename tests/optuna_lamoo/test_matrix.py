"""Whole studies: number of objectives x kind of space x what becomes of trials x storage."""

import itertools
import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState

from lamoo import Partition
from optuna_lamoo import LaMOOSampler

OBJECTIVES = (1, 2, 3, 5)
STORAGES = ("memory", "sqlite", "journal")
N_TRIALS = 6
SMALL = Partition(leaf_size=1)  # so that a few trials already grow a tree

# ---- Spaces: functions that suggest ------------------------------------------------------------


def _float(trial):
    return [trial.suggest_float("x", -2.0, 3.0), trial.suggest_float("y", 1e5, 1e6)]


def _int(trial):
    return [trial.suggest_int("i", -3, 3), trial.suggest_int("j", 0, 8, step=4)]


def _log(trial):
    return [
        math.log10(trial.suggest_float("x", 1e-7, 1.0, log=True)),
        trial.suggest_int("i", 1, 1000, log=True) / 100,
    ]


def _step(trial):
    return [
        trial.suggest_float("x", -0.3, 0.3, step=0.1),
        trial.suggest_float("y", 0, 0.8, step=0.4),
    ]


def _categorical(trial):
    a = trial.suggest_categorical("a", ("relu", "gelu", None, 1.5))
    b = trial.suggest_categorical("b", (True, False))
    c = trial.suggest_categorical("c", (0, 1))
    return [len(str(a)), 2.0 * b, c]


def _mixed(trial):
    return [
        trial.suggest_float("x", 0, 1),
        trial.suggest_int("i", 1, 64, log=True) / 64,
        trial.suggest_float("s", 0, 1, step=0.25),
        len(trial.suggest_categorical("c", ("a", "bb", "ccc"))),
        trial.suggest_categorical("only", (4,)),
    ]


def _conditional(trial):
    if trial.suggest_categorical("model", ("forest", "svm")) == "svm":
        return [1.0, math.log10(trial.suggest_float("C", 1e-3, 1e3, log=True))]
    return [0.0, trial.suggest_int("depth", 1, 12) / 4]


def _nested(trial):
    depth = trial.suggest_int("depth", 1, 3)
    out = [float(depth)]
    for layer in range(depth):
        op = trial.suggest_categorical(f"op{layer}", ("conv", "pool"))
        out.append(0.5)
        if op == "conv":
            out[-1] = trial.suggest_int(f"kernel{layer}", 1, 5, step=2)
    return out


SPACES = {
    "float": _float,
    "int": _int,
    "log": _log,
    "step": _step,
    "categorical": _categorical,
    "mixed": _mixed,
    "conditional": _conditional,
    "nested": _nested,
}

# ---- Outcomes: what becomes of every third trial, and its state --------------------------------


class BrokenError(Exception):
    """What a raising objective raises."""


def _prune(values):
    raise optuna.TrialPruned


def _raise(values):
    raise BrokenError


def _infinite(values):
    return [math.copysign(math.inf, values[0]), *values[1:]]


OUTCOMES = {
    "complete": (lambda values: values, TrialState.COMPLETE),
    "pruned": (_prune, TrialState.PRUNED),
    "failed": (lambda values: None, TrialState.FAIL),
    "nan": (lambda values: [math.nan, *values[1:]], TrialState.FAIL),
    "inf": (_infinite, TrialState.COMPLETE),
    "constant": (lambda values: values, TrialState.COMPLETE),
    "duplicated": (lambda values: values, TrialState.COMPLETE),
    "raising": (_raise, TrialState.FAIL),
}


def affected(number):
    return number % 3 == 1


def run(solver, m, space, outcome, storage):
    """Run a study of one cell of the matrix and return it."""
    suggest, change = SPACES[space], OUTCOMES[outcome][0]

    def objective(trial):
        v = suggest(trial)
        values = [sum((x - k) ** 2 for x in v) * (-1) ** k for k in range(m)]
        if outcome == "constant":
            values[0] = 7.0
        return change(values) if affected(trial.number) else values

    study = optuna.create_study(
        directions=["minimize" if k % 2 == 0 else "maximize" for k in range(m)],
        sampler=LaMOOSampler(
            seed=3,
            n_startup_trials=2,
            solver=solver,
            partition=SMALL,
            warn_independent_sampling=False,
        ),
        storage=storage,
    )
    if outcome == "duplicated":
        study.optimize(objective, n_trials=2)
        for trial in study.trials:
            study.enqueue_trial(trial.params)
    done = sum(trial.state.is_finished() for trial in study.trials)
    study.optimize(objective, n_trials=N_TRIALS - done, catch=BrokenError)
    return study


def check(study, space, outcome):
    """Check what can be said of every cell."""
    trials = study.trials
    wanted = [
        OUTCOMES[outcome][1] if affected(number) else TrialState.COMPLETE
        for number in range(N_TRIALS)
    ]
    assert [trial.state for trial in trials] == wanted
    for trial in trials:
        for name, distribution in trial.distributions.items():
            check_inside(trial.params[name], distribution)
    if space in ("conditional", "nested"):
        # A trial that broke may have been cut short, so it does not tell which branch it took.
        trials = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    wished = 2 if outcome == "duplicated" else 0
    assert len({frozenset(trial.params.items()) for trial in trials}) == len(trials) - wished


def check_inside(value, distribution):
    if isinstance(distribution, CategoricalDistribution):
        assert any(value is choice or value == choice for choice in distribution.choices)
        return
    assert type(value) is (int if isinstance(distribution, IntDistribution) else float)
    assert distribution.low <= value <= distribution.high
    if distribution.step is not None:
        assert (value - distribution.low) / distribution.step == pytest.approx(
            round((value - distribution.low) / distribution.step), abs=1e-6
        )


COVERING = [
    (OBJECTIVES[(i + j) % 4], space, outcome, STORAGES[(i + 2 * j + j // 3) % 3])
    for (i, space), (j, outcome) in itertools.product(enumerate(SPACES), enumerate(OUTCOMES))
]


CELLS = [
    pytest.param(*cell, marks=() if cell in COVERING else pytest.mark.slow)
    for cell in itertools.product(OBJECTIVES, SPACES, OUTCOMES, STORAGES)
]


@pytest.mark.parametrize(("m", "space", "outcome", "storage"), CELLS)
def test_cheap_solver(m, space, outcome, storage, make_storage, complaints):
    study = run("evolutionary", m, space, outcome, make_storage(storage))
    check(study, space, outcome)
    assert complaints() == []


# Every space, every outcome, and each number of objectives with each storage.
FEW = [cell for k, cell in enumerate(COVERING) if (k % 8 - k // 8) % 8 < 2]
GP_CELLS = [pytest.param(*cell, marks=() if cell in FEW else pytest.mark.slow) for cell in COVERING]


@pytest.mark.parametrize(("m", "space", "outcome", "storage"), GP_CELLS)
def test_gaussian_processes(m, space, outcome, storage, make_storage, complaints):
    study = run("gp", m, space, outcome, make_storage(storage))
    check(study, space, outcome)
    assert complaints() == []


def test_the_covering_subset_covers_all_pairs():
    axes = (OBJECTIVES, tuple(SPACES), tuple(OUTCOMES), STORAGES)
    for i, j in itertools.combinations(range(4), 2):
        met = {(cell[i], cell[j]) for cell in COVERING}
        assert met == set(itertools.product(axes[i], axes[j]))
    assert {(m, storage) for m, _, _, storage in FEW} == set(itertools.product(axes[0], axes[3]))
    assert {space for _, space, _, _ in FEW} == set(SPACES)
    assert {outcome for _, _, outcome, _ in FEW} == set(OUTCOMES)
