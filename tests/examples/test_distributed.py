"""Studies that several processes work at: the benchmark of storages, Ray Tune and Dask."""

import csv
import importlib.util
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXTRA = "pip install 'lamoo[distributed]'"


def missing(*modules):
    """Return the modules that are not installed."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


def needs(*modules):
    return pytest.mark.skipif(bool(missing(*modules)), reason=f"needs {modules}: {EXTRA}")


STORAGES = [
    "journal",
    "sqlite",
    pytest.param("postgresql", marks=needs("pgserver", "psycopg2")),
    pytest.param("grpc", marks=needs("pgserver", "psycopg2", "grpc")),
]


@pytest.fixture
def example(python, tmp_path):
    """Give a function that runs an example, which may warn, and returns what it printed."""
    environment = {"RAY_AUTH_MODE": "disabled"}

    def run(script, *arguments, **limit):
        command = ("-W", "default", EXAMPLES / script, *arguments)
        done = python(*command, folder=tmp_path, environment=environment, **limit)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def workers(example, tmp_path):
    """Give a function that runs the benchmark for one storage and returns its two rows."""

    def run(storage, *arguments, **limit):
        out = tmp_path / "workers.csv"
        options = ("--samplers", "lamoo", "--storages", storage, "--out", out)
        example("benchmarks/workers.py", *options, *arguments, **limit)
        with out.open(newline="") as file:
            alone, together = csv.DictReader(file)
        assert (alone["storage"], together["storage"]) == ("memory", storage)
        return alone, together

    return run


# The proxy is over PostgreSQL: tests of the sampler use it by default, in one process.
@pytest.mark.parametrize(
    "storage",
    [
        STORAGES[0],
        pytest.param(*STORAGES[-1].values, marks=[*STORAGES[-1].marks, pytest.mark.slow]),
    ],
)
def test_processes_at_one_study_finish_every_trial_once_and_repeat_none(workers, storage):
    alone, together = workers(storage, "--processes", 2, "--trials", 12)
    assert alone["finished"] == together["finished"] == "24"
    assert alone["repeats"] == together["repeats"] == "0"
    assert float(together["share"]) >= 0.85 * float(alone["share"])


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
def test_four_processes_of_100_trials_are_within_15_percent_of_one_of_400(
    workers, patience, storage
):
    options = ("--processes", 4, "--trials", 100)
    alone, together = workers(storage, *options, patience=6 * patience)
    assert together["finished"] == "400"
    assert together["repeats"] == "0"
    assert float(together["share"]) >= 0.85 * float(alone["share"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        pytest.param("dask_workers.py", marks=needs("optuna_integration", "distributed")),
        pytest.param("ray_tune.py", marks=needs("ray")),
    ],
)
def test_a_cluster_of_two_workers_finishes_every_trial(example, script):
    said = example(script, "--trials", 12, "--workers", 2)
    assert re.search(r"^12 complete$", said, re.MULTILINE)
    front = re.findall(r"^([\d.]+)% with (\d+) weights: \{'width'", said, re.MULTILINE)
    accuracies = [float(accuracy) for accuracy, _ in front]
    weights = [int(weight) for _, weight in front]
    # no member of the front dominates another: more weights only for more accuracy
    assert accuracies == sorted(accuracies)
    assert weights == sorted(weights)
    assert len(front) >= 2
