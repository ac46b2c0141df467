"""Seeded runs to the last digit: what stays the same while only the structure of the code changes.

After a change of the algorithms the record is made anew: ``python tests/test_exactness.py``. Other
processors may round otherwise, so these tests are slow ones, for the machine that made the record.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_lamoo import LaMOOSampler

RECORD = Path(__file__).with_name("exactness.json")
SOLVERS = ("gp", "gp-fast", "evolutionary")
TRIALS, TRIALS_AX = 24, 16
#: Trials that are told, and that are then asked for, in spaces of many parameters.
TOLD, ASKED = 102, 4


def bowls(trial: Any) -> tuple[float, ...]:
    x, y = (trial.suggest_float(name, -2, 2) for name in "xy")
    return x**2 + y**2, (x - 1) ** 2 + abs(y + 0.5)


def three(trial: Any) -> tuple[float, ...]:
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(4)]
    rest = sum((v - 0.4) ** 2 for v in x[2:])
    return x[0] + rest, x[1] + rest, (1 - x[0]) * (1 - x[1]) + rest


def choices(trial: Any) -> tuple[float, ...]:
    ops = [trial.suggest_categorical(f"op{i}", ["none", "skip", "conv", "pool"]) for i in range(6)]
    depth = sum(op == "conv" for op in ops)
    return 1 / (1 + depth + 0.5 * (ops[0] == "skip")), depth + 0.2 * (ops[5] != "none")


def mixed(trial: Any) -> tuple[float, ...]:
    lr = trial.suggest_float("lr", 1e-4, 1, log=True)
    width = trial.suggest_int("width", 8, 512, log=True)
    depth = trial.suggest_int("depth", 1, 9, step=2)
    act = trial.suggest_categorical("act", ["relu", "gelu", "tanh"])
    gap = abs(lr - 0.01 * depth) ** 0.5 + 1 / width
    return gap + 0.1 * (act == "tanh"), float(width * depth)


def branches(trial: Any) -> tuple[float, ...]:
    if trial.suggest_categorical("model", ["svm", "tree"]) == "svm":
        c = trial.suggest_float("c", 1e-3, 1e3, log=True)
        return 0.1 + abs(c - 3) / (3 + c), 2.0
    depth = trial.suggest_int("max_depth", 1, 12)
    return 0.2 + 1 / depth, 0.2 * depth


def limited(trial: Any) -> tuple[float, ...]:
    x, y = (trial.suggest_float(name, 0, 3) for name in "xy")
    if x > 2.5:
        raise RuntimeError
    trial.set_constraint("area", 1 - x * y)
    return x + 0.1 * y, (y - 1) ** 2 + x


def long(trial: Any) -> tuple[float, ...]:
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(40)]
    rest = sum((v - 0.3) ** 2 for v in x[1:])
    return x[0] + rest, (1 - x[0]) ** 2 + rest


def long_mixed(trial: Any) -> tuple[float, ...]:
    ops = [trial.suggest_categorical(f"op{i}", ["skip", "conv", "pool"]) for i in range(14)]
    widths = [trial.suggest_int(f"width{i}", 8, 64) for i in range(14)]
    rates = [trial.suggest_float(f"rate{i}", 1e-4, 1, log=True) for i in range(14)]
    used = [width * (op == "conv") for op, width in zip(ops, widths, strict=True)]
    trial.set_constraint("size", sum(used) - 160)
    gap = sum(abs(rate - 0.01) ** 0.5 for rate in rates)
    return gap + 1 / (1 + sum(used)), sum(used) + ops.count("pool")


PROBLEMS: dict[str, Callable[[Any], tuple[float, ...]]] = {
    f.__name__: f for f in (bowls, three, choices, mixed, branches, limited)
}


def by_optuna(problem: str, solver: str) -> list[dict[str, Any]]:
    """Return the parameters of each trial of a seeded study."""
    objective = PROBLEMS[problem]
    m = 3 if problem == "three" else 2
    study = optuna.create_study(
        directions=["minimize"] * m, sampler=LaMOOSampler(seed=7, solver=solver)
    )
    study.optimize(objective, n_trials=TRIALS, catch=RuntimeError)
    return [dict(trial.params) for trial in study.trials]


def by_optuna_told(problem: str, solver: str) -> list[dict[str, Any]]:
    """Return the parameters of the trials after so many random ones: local models, a batch."""
    objective = {"long": long, "long_mixed": long_mixed}[problem]
    sampler = LaMOOSampler(seed=7, solver=solver, n_startup_trials=TOLD)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(objective, n_trials=TOLD)
    trials = [study.ask() for _ in range(ASKED)]
    for trial in trials:
        objective(trial)
    return [dict(trial.params) for trial in trials]


def by_ax(problem: str, solver: str) -> list[dict[str, Any]]:
    """Return the parameters of each trial of a seeded Ax experiment."""
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    from ax_lamoo import lamoo_generation_strategy

    class Recorder:
        def __init__(self, params: dict[str, Any]) -> None:
            self.params = params

        def suggest(self, name: str, *_: Any, **__: Any) -> Any:
            return self.params[name]

        suggest_float = suggest_int = suggest_categorical = suggest

    spaces = {
        "bowls": [RangeParameterConfig(n, (-2.0, 2.0), "float") for n in "xy"],
        "three": [RangeParameterConfig(f"x{i}", (0.0, 1.0), "float") for i in range(4)],
        "choices": [
            ChoiceParameterConfig(f"op{i}", ["none", "skip", "conv", "pool"], "str")
            for i in range(6)
        ],
        "mixed": [
            RangeParameterConfig("lr", (1e-4, 1.0), "float", scaling="log"),
            RangeParameterConfig("width", (8, 512), "int", scaling="log"),
            RangeParameterConfig("depth", (1, 9), "int", step_size=2),
            ChoiceParameterConfig("act", ["relu", "gelu", "tanh"], "str"),
        ],
    }
    client = Client(random_seed=7)
    client.configure_experiment(parameters=spaces[problem])
    m = 3 if problem == "three" else 2
    client.configure_optimization(objective=", ".join(f"-f{j}" for j in range(m)))
    client.set_generation_strategy(lamoo_generation_strategy(seed=7, solver=solver))
    found = []
    for _ in range(TRIALS_AX):
        for index, params in client.get_next_trials(max_trials=1).items():
            values = PROBLEMS[problem](Recorder(params))
            client.complete_trial(index, {f"f{j}": float(v) for j, v in enumerate(values)})
            found.append(dict(params))
    return found


RUNS = {
    **{f"optuna {p} {s}": (by_optuna, p, s) for p in PROBLEMS for s in SOLVERS},
    "optuna long gp": (by_optuna_told, "long", "gp"),
    "optuna long_mixed gp": (by_optuna_told, "long_mixed", "gp"),
    **{
        f"ax {p} {s}": (by_ax, p, s)
        for p in ("bowls", "three", "choices", "mixed")
        for s in SOLVERS
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_seeded_run_is_the_recorded_one(name):
    run, problem, solver = RUNS[name]
    if run is by_ax:
        pytest.importorskip("ax")
    assert run(problem, solver) == json.loads(RECORD.read_text())[name]


if __name__ == "__main__":
    record = {name: run(problem, solver) for name, (run, problem, solver) in RUNS.items()}
    RECORD.write_text(json.dumps(record, indent=0) + "\n")
