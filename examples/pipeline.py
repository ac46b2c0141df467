"""A conditional space: which kind of model, and then only the parameters of that kind.

    python examples/pipeline.py
    lamoo compare examples/pipeline.py --samplers lamoo examples/pipeline.py:tpe_group --trials 60

Classifies handwritten digits (a data set that comes with scikit-learn) by logistic regression, a
random forest or a support vector machine on principal components: accuracy by cross-validation
against the size of the fitted model. The sampler learns which parameters exist when.
"""

from __future__ import annotations

import argparse
import math
import pickle
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from extras import needs, positive

try:
    import numpy as np
    import optuna
    from optuna.samplers import TPESampler
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits

    from optuna_lamoo import LaMOOSampler, explain
except ModuleNotFoundError as error:
    needs(error, "optuna")

directions = ["maximize", "minimize"]
metric_names = ["accuracy", "log10 bytes"]


@lru_cache
def digits() -> tuple[Any, Any]:
    """Return every third of the images and their digits."""
    images, labels = load_digits(return_X_y=True)
    return images[::3], labels[::3]


def pipeline(trial: optuna.Trial) -> Pipeline:
    """Return the pipeline that a trial describes."""
    kind = trial.suggest_categorical("model", ["logistic", "forest", "svm"])
    if kind == "logistic":
        strength = trial.suggest_float("logistic_C", 1e-4, 1e2, log=True)
        model: Any = LogisticRegression(C=strength, max_iter=2_000)
    elif kind == "forest":
        model = RandomForestClassifier(
            n_estimators=trial.suggest_int("trees", 1, 100, log=True),
            max_depth=trial.suggest_int("depth", 1, 16),
            max_features=trial.suggest_float("max_features", 0.05, 1.0),
            random_state=0,
        )
    else:
        kernel = trial.suggest_categorical("kernel", ["linear", "rbf"])
        model = SVC(C=trial.suggest_float("svm_C", 1e-2, 10, log=True), kernel=kernel)
        if kernel != "linear":
            model.gamma = trial.suggest_float("gamma", 1e-5, 1.0, log=True)
    parts = PCA(trial.suggest_int("components", 2, 40))
    return make_pipeline(StandardScaler(), parts, model)


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """Return accuracy and the logarithm of the fitted model's size in bytes."""
    images, labels = digits()
    model = pipeline(trial)
    with threadpool_limits(1):  # matrices this small are slower on several threads
        accuracy = float(np.mean(cross_val_score(model, images, labels, cv=3)))
        model.fit(images, labels)
    return accuracy, math.log10(len(pickle.dumps(model)))


def tpe_group(seed: int) -> TPESampler:
    """Return Optuna's own way with conditional spaces."""
    return TPESampler(seed=seed, multivariate=True, group=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, print the front, and say what was learned."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=40)
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=directions, sampler=LaMOOSampler(seed=0))
    study.optimize(objective, n_trials=options.trials, show_progress_bar=True)
    for trial in sorted(study.best_trials, key=lambda trial: trial.values):
        print(f"{trial.values[0]:.3f}  10^{trial.values[1]:.2f} bytes  {trial.params}")  # noqa: T201
    print(explain(study))  # noqa: T201


if __name__ == "__main__":
    main()
