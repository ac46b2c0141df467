from __future__ import annotations

import math

import optuna
import optunahub


def objective(trial: optuna.Trial) -> tuple[float, float]:
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(10)]
    radius = 1 + sum((value - 0.5) ** 2 for value in x[1:])
    return radius * math.cos(x[0] * math.pi / 2), radius * math.sin(x[0] * math.pi / 2)


if __name__ == "__main__":
    module = optunahub.load_module("samplers/lamoo")
    study = optuna.create_study(
        directions=["minimize", "minimize"], sampler=module.LaMOOSampler(seed=0)
    )
    study.optimize(objective, n_trials=60)
    print(len(study.best_trials), "trials on the Pareto front")
    print(module.explain(study))
