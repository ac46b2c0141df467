"""Architecture search on tables: the tasks, the papers' table, and predictors."""

import importlib
import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lamoo_compare import compare, comparison
from lamoo_compare.cell import run as run_cell
from lamoo_compare.problems import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TASK = "nb201-cifar10-flops"


def script(name, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES / "benchmarks")
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.syspath_prepend(EXAMPLES / "nas")
    monkeypatch.setenv("COLUMNS", "200")
    return importlib.import_module(name)


@pytest.fixture
def tabular(monkeypatch):
    return script("tabular", monkeypatch)


@pytest.fixture
def sample_efficiency(monkeypatch):
    return script("sample_efficiency", monkeypatch)


@pytest.fixture
def predictor(monkeypatch):
    return script("predictor", monkeypatch)


@pytest.fixture
def no_tables(monkeypatch, tmp_path):
    """Hide the tables that come in no package."""
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path / "nowhere"))


# --- the tasks ------------------------------------------------------------------------------------


def test_the_list_has_each_task_with_its_exact_front(tabular, no_tables, capsys, monkeypatch):
    tasks = (TASK, "nb201-imagenet-three", "nb201-raspi4", "nbgraph-cora")
    monkeypatch.setattr(tabular, "TASKS", tasks)
    assert tabular.main([]) == 0
    said = capsys.readouterr().out
    assert re.search(r"Skipped: nb201-raspi4: .*set LAMOO_TABLES", said)
    for name, objectives, size in (
        (TASK, "accuracy %, FLOPs M", "15,625"),
        ("nb201-imagenet-three", "accuracy %, parameters M, latency s", "15,625"),
        ("nbgraph-cora", "accuracy, latency s, parameters M", "26,206"),
    ):
        cells = [re.escape(each) for each in (name, objectives, size)]
        row = re.search(rf"{cells[0]} +│ {cells[1]} +│ +{cells[2]} │ +(\d+) │.*│ +(\S+) │", said)
        problem = load(name)
        assert int(row[1]) == len(set(problem.best_front))
        assert float(row[2]) == pytest.approx(problem.best_hypervolume, rel=1e-5)


def check_search(tabular, capsys, *options):
    assert tabular.main([TASK, "--trials", "12", *options]) == 0
    said = capsys.readouterr().out
    share = float(re.search(r"([\d.]+)% of the best hypervolume after 12 trials", said)[1])
    rows = re.findall(r"│ +([\d.]+) │ +([\d.]+) │ (yes)? +│", said)
    values = [(float(accuracy), float(flops)) for accuracy, flops, _ in rows]
    assert 1 <= len(values) <= 12
    problem = load(TASK)
    # five digits are printed
    expected = 100 * problem.hypervolume(values) / problem.best_hypervolume
    assert share == pytest.approx(expected, abs=0.02)
    exact = {tuple(float(f"{v:.5g}") for v in each) for each in problem.best_front}
    for value, (*_, on_front) in zip(values, rows, strict=True):
        assert bool(on_front) == (value in exact)


def test_a_task_is_searched_with_optuna(tabular, capsys):
    check_search(tabular, capsys)


@pytest.mark.skipif(
    importlib.util.find_spec("ax") is None, reason="needs Ax: pip install lamoo[ax]"
)
def test_a_task_is_searched_with_ax(tabular, capsys):
    check_search(tabular, capsys, "--framework", "ax")


def test_a_task_without_its_table_is_skipped(tabular, no_tables, capsys):
    assert tabular.main(["nb201-raspi4"]) == 1
    assert "Skipped: nb201-raspi4" in capsys.readouterr().out


def test_lamoo_is_told_the_exact_costs(tabular):
    problem = load("nb201-cifar10-three")
    told = tabular.told(problem)
    params = problem.space.decode(problem.space.sample(1, np.random.default_rng(0)))[0]
    values = problem.evaluate(params)
    assert {j: f(params) for j, f in told["known_objectives"].items()} == {
        1: values[1],
        2: values[2],
    }
    graph = load("nbgraph-cora")
    told = tabular.told(graph)
    params = graph.space.decode(graph.space.sample(1, np.random.default_rng(0)))[0]
    assert told["known_objectives"][2](params) == graph.evaluate(params)[2]
    assert told["canonical"] is graph.canonical


def test_the_pages_code_runs():
    page = (EXAMPLES.parent / "docs" / "nas.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = {}
    try:
        exec(code, names)  # noqa: S102  of our own page
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert names["problem"].name == names["target"].problem.name == "nb201-cifar10-flops"
    assert names["target"].directions == ("maximize", "minimize")


# --- the papers' table ----------------------------------------------------------------------------


def runs_of(curves, sampler, lines, points):
    return [
        curves.Run("p", sampler, seed, dict(zip(points, line, strict=True)))
        for seed, line in enumerate(lines)
    ]


def test_sample_efficiency_by_hand(sample_efficiency):
    curves = sample_efficiency.curves
    points = [10, 20, 30, 40]
    # medians .2 .5 .5 .5: it got where it ends after 20 trials
    rival = [[0.1, 0.5, 0.5, 0.5], [0.2, 0.4, 0.4, 0.4], [0.3, 0.6, 0.6, 0.6]]
    ours = [
        [0.5, 0.6, 0.6, 0.6],  # 10 trials: 2
        [0.0, 0.0, 0.0, 0.5],  # 40 trials: 1/2
        [0.0, 0.5, 0.6, 0.7],  # 20 trials: 1
        [0.0, 0.1, 0.2, 0.3],  # never: 0
    ]
    groups = {
        "lamoo": runs_of(curves, "lamoo", ours, points),
        "random": runs_of(curves, "random", rival, points),
    }
    found = sample_efficiency.compare("p", groups, ("lamoo", "random"), 40)
    assert (found.share, found.trials) == (0.5, 20)
    assert found.ratios == (2, 0.5, 1, 0)
    assert sample_efficiency.quartiles(found.ratios) == [0, 0.5, 1]
    assert sample_efficiency.said(found.ratios) == "0.50 (- to 1.00)"
    row = sample_efficiency.row_of(found)
    assert [row[f"trials {q}%"] for q in (25, 50, 75)] == [20, 40, np.inf]
    # after 10 trials the rival has .2, which ours have after 10, 40, 20 and 30
    early = sample_efficiency.compare("p", groups, ("lamoo", "random"), 10)
    assert (early.share, early.trials, early.ratios) == (0.2, 10, (1, 1 / 4, 1 / 2, 1 / 3))


def test_tasks_are_pooled_seed_by_seed(sample_efficiency):
    def found(task, rival, *ratios):
        return sample_efficiency.Comparison(task, 40, "lamoo", rival, 0.5, 20, ratios)

    both = [found("p", "random", 1, 2), found("q", "random", 3), found("p", "nsgaii-pop20", 4)]
    pooled = sample_efficiency.pooled(both)
    assert [(c.task, c.rival, c.ratios) for c in pooled] == [
        ("all tasks", "random", (1, 2, 3)),
        ("all tasks", "nsgaii-pop20", (4,)),
    ]
    *_, last = sample_efficiency.markdown([*both, *pooled]).splitlines()
    assert last == "| 40 | all tasks | lamoo |  | 4.00 (4.00 to 4.00) | 2.00 (1.00 to 3.00) |"


def test_only_pairs_that_ran_are_compared(sample_efficiency):
    curves = sample_efficiency.curves
    runs = [
        run
        for sampler in ("lamoo", "lamoo-random", "random")
        for run in runs_of(curves, sampler, [[0.1, 0.2]], [1, 2])
    ]
    found = sample_efficiency.comparisons(runs, [2, 3])
    assert [(c.solver, c.rival, c.budget) for c in found] == [
        ("lamoo", "random", 2),
        ("lamoo-random", "random", 2),
    ]


def test_the_table_is_made_of_what_is_kept_and_what_is_missing_is_run(
    sample_efficiency, tmp_path, capsys, monkeypatch
):
    # of the solvers one
    monkeypatch.setattr(sample_efficiency, "ALONE", {"lamoo": sample_efficiency.ALONE["lamoo"]})
    samplers = ("lamoo", "lamoo-gp-alone", sample_efficiency.NSGAII, sample_efficiency.RANDOM)
    monkeypatch.setattr(sample_efficiency, "SAMPLERS", samplers)
    # in this process: how the command starts others is tested with it
    monkeypatch.setattr(comparison, "run_all", lambda cells, *_: [*map(run_cell, cells)])
    compare(TASK, samplers=samplers[1:], seeds=[3], trials=12, out=tmp_path / TASK)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.journal")}
    assert len(kept) == len(samplers) - 1
    options = ["--tasks", TASK, "--seeds", "1", "--first-seed", "3", "--trials", "12"]
    assert sample_efficiency.main([*options, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"{len(samplers)} runs" in said
    assert all(path.read_bytes() == content for path, content in kept.items())
    rows = [line.split(" | ") for line in said.splitlines() if re.match(r"\| \d", line)]
    tasks = sorted((row[1], row[2]) for row in rows if row[0] == "| 12")
    assert tasks == [("all tasks", "lamoo"), (TASK, "lamoo")]
    assert len(rows) == 2 * len(tasks)
    assert all(cell for row in rows for cell in row)
    csv = (tmp_path / "efficiency.csv").read_text().splitlines()
    assert len(csv) == 1 + 2 * len(sample_efficiency.pairs())
    assert (tmp_path / "hypervolume.png").read_bytes()[:4] == b"\x89PNG"
    # LaMOO alone and with its partition begin alike: ten start-up trials
    runs = json.loads((tmp_path / TASK / "comparison.json").read_text())["runs"]
    ends = {run["sampler"]: run["hypervolume"][9] for run in runs}
    assert ends["lamoo"] == ends["lamoo-gp-alone"]


@pytest.mark.skipif(
    importlib.util.find_spec("ax") is None, reason="needs Ax: pip install lamoo[ax]"
)
@pytest.mark.parametrize("task", ["c2-dtlz2-d12", "model-search"])
def test_ax_runs_a_task_with_its_constraints_and_conditions(monkeypatch, task):
    values = script("ax_client", monkeypatch).search(load(task), "lamoo-evolutionary", 0, 8)
    found = np.array(values)
    assert found.shape == (8, 2)
    # what is not feasible is not scored
    assert np.isnan(found).any() == task.startswith("c2")


def test_without_their_table_validation_accuracy_takes_its_place(
    sample_efficiency, no_tables, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(sample_efficiency, "SAMPLERS", ("random",))
    few = ["--trials", "2", "--seeds", "1"]
    assert sample_efficiency.main([*few, "--out", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert said.count("Skipped: ") == len(sample_efficiency.TASKS)
    assert "In its place: nb201-cifar10-flops" in said
    assert len([*(tmp_path / "new").rglob("*.journal")]) == 1


@pytest.mark.parametrize("name", ["tabular", "sample_efficiency", "predictor"])
def test_a_budget_of_nothing_is_refused(name, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="2"):
        script(name, monkeypatch).main(["--trials", "0"])
    assert "argument --trials: must be at least 1, got 0" in capsys.readouterr().err


# --- predictors -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module_monkeypatch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def table(module_monkeypatch):
    return script("predictor", module_monkeypatch).table_of(load(TASK))


def test_the_table_is_all_architectures(predictor, table):
    assert table.X.shape == (15_625, 6)
    assert table.onehot.shape == (15_625, 30)
    assert (table.onehot.sum(axis=1) == 6).all()
    assert len(np.unique(table.onehot, axis=0)) == 15_625
    front = {tuple(values) for values in (table.Y[table.best(1)] * [-1, 1]).tolist()}
    assert front == set(table.problem.best_front)
    np.testing.assert_array_equal(table.space.known.predictors(table.X[::100]), table.facts[::100])


def test_the_truth_is_a_perfect_predictor_and_noise_a_useless_one(predictor, table):
    trained = np.random.default_rng(0).permutation(15_625)[:50]
    perfect = predictor.measured(table, lambda table, _: table.Y[:, 0], trained)
    assert perfect == pytest.approx((1, 1, 1))
    noise = np.random.default_rng(1).random(15_625)
    every, region, found = predictor.measured(table, lambda *_: noise, trained)
    assert abs(every) < 0.02
    assert abs(region) < 0.3
    assert found < 0.2
    # only the order counts
    bent = predictor.measured(table, lambda table, _: np.exp(table.Y[:, 0] / 10), trained)
    assert bent[:2] == pytest.approx((1, 1))


@pytest.mark.parametrize("name", ["random forest, features", "LaMOO's surrogate, features"])
def test_predictors_learn_from_what_was_trained_only(predictor, table, name):
    trained = np.random.default_rng(0).permutation(15_625)[:60]
    predict = predictor.PREDICTORS[name]
    predicted = predict(table, trained)
    assert predicted.shape == (15_625,)
    every, _, _ = predictor.measured(table, lambda *_: predicted, trained)
    assert every > 0.4
    hidden = np.full_like(table.Y[:, :1], np.nan)
    hidden[trained] = table.Y[trained, :1]
    masked = replace(table, Y=np.column_stack([hidden, table.Y[:, 1]]))
    np.testing.assert_array_equal(predict(masked, trained), predicted)


def test_the_next_batch_is_new_and_of_the_best_layers(predictor, table):
    rng = np.random.default_rng(0)
    trained = rng.permutation(15_625)[:100]
    for size in (1, 5, 40):
        chosen = predictor.next_batch(table, table.Y[:, 0], trained, size)
        assert len(set(chosen.tolist())) == size
        assert not np.isin(chosen, trained).any()
        rest = np.setdiff1d(np.arange(15_625), trained)
        Y = table.Y[rest]
        layers = dict(zip(rest.tolist(), predictor.moocore.pareto_rank(Y).tolist(), strict=True))
        taken = sorted(layers[row] for row in chosen.tolist())
        sizes = np.bincount([*layers.values()])
        # all of a layer before any of the next
        assert taken == np.repeat(np.arange(len(sizes)), sizes)[:size].tolist()


def test_a_search_with_the_truth_finds_the_front_in_two_batches(predictor, table):
    curve = predictor.search(table, lambda table, _: table.Y[:, 0], 60, seed=0)
    assert curve.shape == (60,)
    assert (np.diff(curve) >= 0).all()
    assert curve[predictor.START - 1] < 0.99
    assert curve[-1] == pytest.approx(1.0)
    start = predictor.search(table, None, 20, seed=0)
    np.testing.assert_array_equal(start, curve[:20])


@pytest.mark.slow  # what is printed; what it measures is tested above
def test_the_predictor_prints_its_tables(predictor, capsys):
    options = ["--seeds", "1", "--sizes", "30", "--trials", "22"]
    assert predictor.main(options) == 0
    said = capsys.readouterr().out
    for name in predictor.PREDICTORS:
        assert len(re.findall(rf"│ {name} +│ -?\d\.\d\d \(", said)) == len(predictor.MEASURES)
    for name in ("LaMOO, one at a time", "random"):
        low, high = re.search(rf"│ {name} +│ ([\d.]+) \(.*│ ([\d.]+) \(", said).groups()
        assert 0.5 < float(low) <= float(high) <= 1
