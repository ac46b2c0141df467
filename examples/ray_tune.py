"""LaMOO in Ray Tune: Ray runs the trials on its workers, `OptunaSearch` asks the sampler.

    pip install "lamoo[distributed]"
    python examples/ray_tune.py

How wide must a network be to read handwritten digits, and how must it be trained? Accuracy against
the number of weights, on scikit-learn's 8 x 8 digits. What to mind is in docs/workers.md; it is
marked (1) to (4) here.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import uuid
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from extras import needs, positive

try:
    import optuna
    import ray
    from optuna.distributions import FloatDistribution, IntDistribution
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.neural_network import MLPClassifier

    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as error:
    needs(error, "distributed")

SPACE = {
    "width": IntDistribution(2, 64, log=True),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "decay": FloatDistribution(1e-6, 1e-1, log=True),
}


def train(config: dict[str, Any]) -> dict[str, float]:
    """Train one network, in a worker."""
    warnings.simplefilter("ignore")  # that so few iterations do not converge
    network = MLPClassifier(
        (config["width"],), learning_rate_init=config["rate"], alpha=config["decay"], max_iter=20
    )
    X, y = load_digits(return_X_y=True)
    accuracy = float(cross_val_score(network, X, y, cv=3).mean())
    if not math.isfinite(accuracy):  # (1) a NaN that is returned leaves its trial running for ever
        raise ArithmeticError(f"no accuracy with {config}")
    return {"accuracy": accuracy, "weights": 64 * config["width"] + 10 * config["width"]}


def search(folder: Path, trials: int, workers: int) -> optuna.Study:
    """Run trials on Ray's workers, so many at a time; return the study."""
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    name = f"digits-{uuid.uuid4().hex[:8]}"  # (2) OptunaSearch goes on with a study of this name
    algorithm = OptunaSearch(
        SPACE,
        metric=["accuracy", "weights"],  # (3) here, and not in TuneConfig
        mode=["max", "min"],
        sampler=LaMOOSampler(seed=0),  # (4) pickled with all that it was given, every few seconds
        storage=storage,
        study_name=name,
    )
    tuner = tune.Tuner(
        train,
        tune_config=tune.TuneConfig(
            search_alg=algorithm,
            num_samples=trials,
            max_concurrent_trials=workers,
            reuse_actors=True,  # a worker's next trial needs no new process
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), verbose=0),
    )
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        tuner.fit()
    finally:
        ray.shutdown()
    return optuna.load_study(study_name=name, storage=storage)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and print the front."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=30)
    parser.add_argument("--workers", type=positive, default=2)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        study = search(Path(folder), options.trials, options.workers)
        trials, front = study.trials, study.best_trials
    states = [trial.state.name for trial in trials]
    print(*(f"{states.count(s)} {s.lower()}" for s in sorted(set(states))))  # noqa: T201
    for trial in sorted(front, key=lambda trial: trial.values[1]):
        accuracy, weights = trial.values
        print(f"{accuracy:.1%} with {weights:.0f} weights: {trial.params}")  # noqa: T201


if __name__ == "__main__":
    main()
