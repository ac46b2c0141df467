"""LaMOO on a Dask cluster: the study lives on the scheduler, every worker asks for its own trials.

    pip install "lamoo[distributed]"
    python examples/dask_workers.py

The objective is that of ray_tune.py: digits read by a network, accuracy against number of weights.
With `Client(address)` instead of `LocalCluster` the workers are those of a running cluster. What to
mind is in docs/workers.md.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence

from extras import needs, positive

try:
    import optuna
    from distributed import Client, LocalCluster, wait
    from optuna_integration import DaskStorage
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.neural_network import MLPClassifier

    from optuna_lamoo import LaMOOSampler
except ModuleNotFoundError as error:
    needs(error, "distributed")


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """Train one network, in a worker."""
    warnings.simplefilter("ignore")  # that so few iterations do not converge
    width = trial.suggest_int("width", 2, 64, log=True)
    rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
    decay = trial.suggest_float("decay", 1e-6, 1e-1, log=True)
    network = MLPClassifier((width,), learning_rate_init=rate, alpha=decay, max_iter=20)
    X, y = load_digits(return_X_y=True)
    return cross_val_score(network, X, y, cv=3).mean(), 64 * width + 10 * width


def search(client: Client, trials: int) -> optuna.Study:
    """Run trials on the client's workers; return the study."""
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=LaMOOSampler(seed=0),
        # in the scheduler's memory, or where it is told: DaskStorage("postgresql://...")
        storage=DaskStorage(client=client),
    )
    # one task per trial, so that a worker that dies takes one with it; pure=False since equal
    # calls are not the same trial
    tasks = [
        client.submit(study.optimize, objective, n_trials=1, pure=False) for _ in range(trials)
    ]
    wait(tasks)
    for task in tasks:
        task.result()  # raises what was raised
    # copied, so that it outlives the cluster
    storage = study._storage.get_base_storage()  # what was given above
    return optuna.load_study(study_name=study.study_name, storage=storage)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and print the front."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=positive, default=30)
    parser.add_argument("--workers", type=positive, default=2)
    options = parser.parse_args(arguments)
    with (
        LocalCluster(
            n_workers=options.workers, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        study = search(client, options.trials)
    states = [trial.state.name for trial in study.trials]
    print(*(f"{states.count(s)} {s.lower()}" for s in sorted(set(states))))  # noqa: T201
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        accuracy, weights = trial.values
        print(f"{accuracy:.1%} with {weights:.0f} weights: {trial.params}")  # noqa: T201


if __name__ == "__main__":
    main()
