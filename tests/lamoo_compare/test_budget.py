"""Epochs as what is counted: against sums by hand, in runs that stop trainings and in figures."""

import csv
import itertools
import json
from dataclasses import replace

import moocore
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import optuna_lamoo
from lamoo_compare import CompareError, Comparison, Run, compare
from lamoo_compare.__main__ import table
from lamoo_compare.budget import trained
from lamoo_compare.cell import Cell, is_done, trials_of
from lamoo_compare.cell import run as run_cell
from lamoo_compare.comparison import run_of
from lamoo_compare.journal import epochs_of
from lamoo_compare.overview import row_of, write_overview
from lamoo_compare.page import as_json, cells, columns, page, verdict
from lamoo_compare.samplers import make_pruner, make_sampler
from lamoo_compare.target import load_target

#: Trains for nine epochs; the third trial fails before its first report, the fifth after four.
TRAINING = """
import optuna
import optuna_lamoo
directions = ["minimize", "minimize"]

def objective(trial):
    trial = optuna_lamoo.track(trial)
    x, size = trial.suggest_float("x", 0, 1), trial.suggest_int("size", 1, 9)
    for epoch in range(FIRST, FIRST + 9):
        if (trial.number, epoch) in [(2, FIRST), (4, FIRST + 4)]:
            raise RuntimeError("no luck")
        trial.report([x + 1 / size + 1 / (epoch + 1), size], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x + 1 / size, size
"""


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "task.py"
    file.write_text(TRAINING.replace("FIRST", "1"))
    return str(file)


# --- what a comparison says -----------------------------------------------------------------------


def run(sampler, seed, shares, epochs):
    # nothing but the point (1 - h, 0), whose hypervolume to (1, 1) is h; NaN was stopped
    values = np.array([[1 - share, 0.0 * share] for share in shares])
    states = ["PRUNED" if np.isnan(share) else "COMPLETE" for share in shares]
    params = [{"x": 0.5}] * len(shares)
    return Run(
        sampler, seed, values, states, params, np.full(len(shares), 0.1), epochs=tuple(epochs)
    )


def comparison(runs, trials, budget="epochs"):
    names = tuple(dict.fromkeys(each.sampler for each in runs))
    goals = ("minimize", "minimize")
    return Comparison("p", goals, trials, names, runs, (1.0, 1.0), 1.0, {}, "lamoo ...", budget)


nan = float("nan")
#: Full trainings of ten epochs, four of them; and twice as many trials, of which half are stopped.
FULL = [run("tpe", seed, [0.1, 0.2, 0.3, 0.4], [10] * 4) for seed in range(3)]
STOPPED = [
    run("tpe+halving", seed, [0.1, nan, 0.3, nan, nan, nan, 0.4, nan, nan, 0.5],
        [10, 1, 10, 1, 1, 1, 10, 1, 1, 10])
    for seed in range(3)
]  # fmt: skip


def test_budgets_and_matches_by_hand():
    result = comparison(STOPPED + FULL, 4)
    assert (result.full, result.end) == (10, 40)
    # .3 after 10 + 1 + 10, .4 after 3 + 10 more; the last training ended too late
    assert result.grid.tolist() == [10, 11, 20, 21, 22, 23, 24, 30, 34, 35, 36, 40]
    assert result.curves_of("tpe+halving")[0].round(9).tolist() == [
        0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4, 0.4, 0.4, 0.4,
    ]  # fmt: skip
    assert result.match("tpe+halving", "tpe") == 34
    assert result.match("tpe", "tpe+halving") == 40
    assert result.match("tpe+halving", "tpe", after=3) == 21
    assert [row["trials"] for row in result.rows] == [10, 4]
    assert [row["stopped"] for row in result.rows] == [6, 0]
    twice = [replace(each, seed=each.seed + 3 * k) for each in STOPPED + FULL for k in range(2)]
    said = verdict(comparison(twice, 4))
    assert "After 34 of 40 epochs tpe+halving has what tpe, the best of" in said
    line = dict(zip(columns(result), cells(result)[1], strict=True))
    assert line["matched after"] == "34"
    assert line["of its epochs"] == "85%"
    assert line["trials"] == "4"
    assert line["runs"] == "3 of 3"
    row = row_of(result)
    assert (row["match@4"], row["ratio@4"]) == (34, "1.18")


def test_the_same_runs_counted_by_trials():
    runs = STOPPED + FULL
    by_trials = replace(comparison(runs, 4), budget="trials")
    assert by_trials.end == 4
    assert by_trials.curves_of("tpe+halving")[0].round(9).tolist() == [0.1, 0.1, 0.3, 0.3]
    assert by_trials.curves_of("tpe")[0].round(9).tolist() == [0.1, 0.2, 0.3, 0.4]
    assert by_trials.match("tpe", "tpe+halving") == 3


def test_curves_are_the_hypervolume_of_what_was_paid_for():
    rng = np.random.default_rng(0)
    runs = []
    for sampler, seed in itertools.product("ab", range(2)):
        epochs = [12, *rng.integers(1, 13, 40).tolist()]
        values = rng.random((41, 2))
        values[np.array(epochs) < 12] = np.nan
        params = [{"x": i} for i in range(41)]
        states = ["COMPLETE"] * 41
        runs.append(Run(sampler, seed, values, states, params, np.zeros(41), epochs=epochs))
    result = comparison(runs, 15)
    assert result.end == 15 * 12
    for i, each in enumerate(runs):
        found = dict(zip(result.grid.tolist(), result.curve_of(i), strict=True))
        for spent, hypervolume in found.items():
            paid = [n for n in range(41) if sum(each.epochs[: n + 1]) <= spent]
            Y = each.values[paid]
            Y = Y[~np.isnan(Y).any(axis=1)]
            expected = moocore.hypervolume(Y, ref=[1.0, 1.0]) if len(Y) else 0.0
            assert hypervolume == pytest.approx(expected)


def test_a_run_that_had_not_all_its_epochs_is_left_out():
    short = run("tpe", 3, [0.9, 0.9, 0.9], [10] * 3)
    result = comparison([*FULL, short], 4)
    assert result.whole("tpe") == [0, 1, 2]
    assert result.rows[0]["incomplete"] == 1


def test_pages_and_files_know_epochs(tmp_path):
    result = comparison(STOPPED + FULL, 4)
    text = page(result)
    assert "<h2>Hypervolume against epochs</h2>" in text
    assert "<h2>Hypervolume against trials</h2>" in text
    assert "<dt>Epochs per run</dt><dd>40</dd>" in text
    found = as_json(result)
    assert (found["budget"], found["end"]) == ("epochs", 40)
    assert found["runs"][0]["epochs"] == [10, 1, 10, 1, 1, 1, 10, 1, 1, 10]
    assert table(result).title == "p: 40 epochs, medians over seeds"
    write_overview([result, result], tmp_path)
    (first, *_) = csv.DictReader((tmp_path / "curves.csv").read_text().splitlines())
    # after one, two, three and four full trainings
    assert [first[n] for n in "1234"] == ["0.1000", "0.1000", "0.3000", "0.4000"]


# --- runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "epochs"), [([], 0), ([1, 2, 3], 3), ([0, 1, 2], 3), ([5, 10], 10), ([0, 5], 6)]
)
def test_the_epochs_of_a_trial_are_what_it_reported(steps, epochs):
    study = optuna.create_study(directions=["minimize"] * 2)
    trial = optuna_lamoo.track(study.ask())
    for step in steps:
        trial.report([0.5, 1.0], step)
    study.tell(trial, [0.5, 1.0])
    assert trained(study.trials[0], 2) == epochs


@pytest.mark.parametrize("workers", [1, 3])
def test_a_run_has_the_epochs_of_so_many_full_trainings(source, tmp_path, workers):
    ends = {}
    for sampler in ("random", "random+halving", "random+curves"):
        cell = Cell(source, None, sampler, 0, 8, tmp_path, workers, "epochs")
        run_cell(cell)
        assert is_done(cell)
        trials = trials_of(cell)
        epochs = [max(1, epochs_of(trial)) for trial in trials]
        assert sum(epochs) >= 8 * 9 > sum(epochs[:-1])
        assert epochs[2] == 1
        assert epochs[4] <= 4
        whole = [trial for trial in trials if trial.state == TrialState.COMPLETE]
        assert {epochs_of(trial) for trial in whole} == {9}
        ends[sampler] = len(trials)
    assert ends["random"] == 10  # of which one cost an epoch and one four
    assert ends["random+halving"] > 10


def test_a_run_goes_on_as_one_that_was_not_interrupted(source, tmp_path):
    first = Cell(source, None, "lamoo-evolutionary+halving", 1, 5, tmp_path / "a", 1, "epochs")
    run_cell(first)
    more = replace(first, trials=12)
    assert not is_done(more)
    run_cell(more)
    whole = replace(more, folder=tmp_path / "b")
    run_cell(whole)
    params = [[(trial.params, trial.state) for trial in trials_of(cell)] for cell in (more, whole)]
    assert params[0] == params[1]
    # what it had before is still told from it
    run_cell(first)
    assert sum(max(1, epochs_of(trial)) for trial in trials_of(first)) >= 5 * 9
    assert len(trials_of(first)) < len(params[0])


def test_a_run_that_ended_before_its_epochs_says_why(source, tmp_path):
    """Also if it had more trials by then than full trainings were wanted."""
    cell = Cell(source, ("minimize", "minimize"), "random+halving", 0, 8, tmp_path, 1, "epochs")
    run_cell(cell)
    longer = replace(cell, trials=9)
    assert len(trials_of(longer)) > 9
    assert not is_done(longer)
    longer.failure.write_text("its process died (SIGKILL)\n")
    ended = run_of(longer)
    assert ended.error == "its process died (SIGKILL)"
    assert f"died (SIGKILL) ({len(ended.values)} trials)" in page(comparison([ended], 9))
    assert run_of(cell).error is None  # which has its epochs


def test_a_run_ends_where_nothing_is_trained_any_more(tmp_path):
    file = tmp_path / "task.py"
    text = TRAINING.replace("FIRST", "1").replace("(trial.number, epoch) in", "trial.number or")
    file.write_text(text.replace("[(2, 1), (4, 1 + 4)]", "False"))
    cell = Cell(str(file), None, "random", 0, 3, tmp_path, 1, "epochs")
    run_cell(cell)
    states = [trial.state for trial in trials_of(cell)]
    assert states == [TrialState.COMPLETE] + [TrialState.FAIL] * 18


def test_an_objective_without_reports_is_told_after_one_training(tmp_path):
    file = tmp_path / "task.py"
    file.write_text(
        "directions = ['minimize'] * 2\n"
        "def objective(trial): return trial.suggest_float('x', 0, 1), 1.0\n"
    )
    cell = Cell(str(file), None, "random", 0, 8, tmp_path, 1, "epochs")
    with pytest.raises(CompareError, match=r"trial 0 ended without a report: .*track\(trial\)"):
        run_cell(cell)
    run_cell(replace(cell, budget="trials"))
    with pytest.raises(CompareError, match="budget must be one of trials, epochs, got 'hours'"):
        compare(str(file), samplers=["random"], out=tmp_path, budget="hours")


def test_a_rule_behind_a_sampler():
    assert isinstance(make_pruner("lamoo"), optuna.pruners.NopPruner)
    for rule in ("curves", "halving"):
        assert isinstance(make_pruner(f"tpe+{rule}"), optuna_lamoo.EarlyStopping)
        assert isinstance(make_sampler(f"tpe+{rule}", 0), optuna.samplers.TPESampler)
    problem = load_target("fashion-curves").problem
    assert isinstance(make_sampler("lamoo-known+curves", 0, problem), optuna_lamoo.LaMOOSampler)
    with pytest.raises(CompareError, match=r"'tpe\+median' is none of .* may stand \+curves or"):
        make_sampler("tpe+median", 0)


@pytest.mark.usefixtures("_together")
def test_a_recorded_training_is_stopped_where_it_stands(tmp_path):
    result = compare(
        "fashion-curves",
        samplers=["tpe+halving", "tpe"],
        seeds=[0],
        trials=8,
        budget="epochs",
        out=tmp_path,
    )
    problem = load_target("fashion-curves").problem
    for each in result.runs:
        for params, state, values, epochs in zip(
            each.params, each.states, each.values, each.epochs, strict=True
        ):
            assert (state == "COMPLETE") == (epochs == 27)
            if state == "COMPLETE":
                assert values.tolist() == problem.curves(params)[-1].tolist()
            else:
                assert np.isnan(values).all()
    stopped, full = result.runs
    assert set(full.epochs) == {27}
    assert len(full.epochs) == 8
    assert [*stopped.states].count("PRUNED") > 8
    said = f"Medians of the seeds: tpe+halving stopped {[*stopped.states].count('PRUNED')} of"
    assert f"{said} {len(stopped.states)} trials early." in verdict(result)
    assert "stopped" not in verdict(replace(result, samplers=("tpe",), runs=[full]))
    rows = list(csv.DictReader((tmp_path / "trials.csv").read_text().splitlines()))
    assert [int(row["epochs"]) for row in rows] == [*stopped.epochs, *full.epochs]
    found = json.loads((tmp_path / "comparison.json").read_text())
    assert found["summary"][0]["stopped"] == [*stopped.states].count("PRUNED")
