"""``lamoo compare`` as a person runs it: real processes, real kills."""

import csv
import html
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileOpenLock

from lamoo_compare import CompareError, compare, schedule
from lamoo_compare.__main__ import main
from lamoo_compare.cell import Cell, trials_of
from lamoo_compare.cell import run as run_cell
from lamoo_compare.comparison import run_of
from lamoo_compare.samplers import check_sampler, make_sampler
from lamoo_compare.target import load_target

GOOD = """
import time
from pathlib import Path
directions = ["minimize", "maximize"]

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    k = trial.suggest_int("k", 0, 100)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    while trial.number >= LIMIT:
        time.sleep(0.01)
    if trial.number == 2:
        raise RuntimeError("once")
    return x + k / 100 + (kind == "a"), -((1 - x) ** 2)
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="task.py", limit="1000"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text).replace("LIMIT", limit))
        return path

    return write


def start(*arguments, cwd):
    return subprocess.Popen(
        [sys.executable, "-m", "lamoo_compare", "compare", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        start_new_session=True,
    )


def params_of(out, sampler, seed, trials):
    cell = Cell("", ("minimize", "maximize"), sampler, seed, trials, out)
    return [trial.params for trial in trials_of(cell)]


@pytest.mark.usefixtures("_together")
def test_command_runs_and_reports(write, tmp_path, monkeypatch, capsys):
    write(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    usual = ["task.py", "--seeds", "2", "--samplers", "random", "lamoo", "--trials", "12"]
    assert main(["compare", *usual]) == 0
    out = capsys.readouterr().out
    assert "lamoo" in out
    assert "random" in out
    folder = tmp_path / "comparison"
    found = json.loads((folder / "comparison.json").read_text())
    assert [(run["sampler"], run["seed"]) for run in found["runs"]] == [
        ("random", 0), ("lamoo", 0), ("random", 1), ("lamoo", 1),
    ]  # fmt: skip
    assert all(len(run["hypervolume"]) == 12 for run in found["runs"])
    assert {row["not_counted"] for row in found["summary"]} == {1.0}
    assert {row["warnings"] for row in found["summary"]} == {0}
    assert found["command"].startswith("lamoo compare task.py --seeds 2")
    trials = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert len(trials) == 48
    assert [row["state"] for row in trials[:3]] == ["COMPLETE", "COMPLETE", "FAIL"]
    assert "task.py" in (folder / "report.html").read_text()


@pytest.mark.usefixtures("_together")
def test_more_trials_join_those_that_are_there(write, tmp_path):
    usual = {"samplers": ["random"], "seeds": [0, 1], "out": tmp_path}
    compare(str(write(GOOD)), **usual, trials=12)
    before = {seed: params_of(tmp_path, "random", seed, 12) for seed in (0, 1)}
    compare(str(write(GOOD)), **usual, trials=15)
    for seed in (0, 1):
        after = params_of(tmp_path, "random", seed, 15)
        assert after[:12] == before[seed]
        assert len({repr(params) for params in after}) == 15


@pytest.mark.parametrize(
    "ends",
    [
        (signal.SIGKILL, signal.SIGINT),
        pytest.param((signal.SIGKILL, signal.SIGINT, signal.SIGKILL), marks=pytest.mark.slow),
    ],
    ids=len,
)
def test_killed_and_run_again_loses_and_repeats_nothing(
    patience, write, tmp_path, monkeypatch, request, ends
):
    limit = tmp_path / "limit"  # the trial of this number waits, so that no run ends before a kill
    write(GOOD, limit=f"int(Path({str(limit)!r}).read_text())")
    usual = ["task.py", "--samplers", "lamoo", "random", "--seeds", 1, "--jobs", 2,
             "--trials", 24]  # fmt: skip
    out = tmp_path / "comparison"
    seen = {"lamoo": [], "random": []}
    for how in ends:
        wanted = len(seen["random"]) + 3
        limit.write_text(str(wanted + 3))  # some more: the kill comes at any moment
        process = start(*usual, cwd=tmp_path)
        while process.poll() is None and len(params_of(out, "random", 0, 24)) < wanted:
            time.sleep(0.2)  # to look takes longer, the longer the journal
        if how == signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        _, err = process.communicate(timeout=patience)
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert "the same command goes on" in err
        for sampler, earlier in seen.items():
            now = params_of(out, sampler, 0, 24)
            assert now[: len(earlier)] == earlier
            seen[sampler] = now
        assert len(seen["random"]) >= wanted
    limit.write_text("1000")
    request.getfixturevalue("_together")  # nobody ends this one
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *map(str, usual)]) == 0
    for sampler, earlier in seen.items():
        now = params_of(out, sampler, 0, 24)
        assert now[: len(earlier)] == earlier
        assert len({repr(params) for params in now}) == len(now) == 24

    run_cell(Cell(str(tmp_path / "task.py"), None, "lamoo", 0, 24, tmp_path / "whole"))
    whole = params_of(tmp_path / "whole", "lamoo", 0, 24)
    assert whole == params_of(out, "lamoo", 0, 24)


def test_ctrl_c_ends_the_programs_that_objectives_started_and_notes_no_failure(
    patience, write, tmp_path
):
    begun = tmp_path / "begun"
    write(f"""
        import subprocess
        from pathlib import Path
        directions = ["minimize", "minimize"]

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            training = subprocess.Popen(["sleep", "100000"])
            Path({str(begun)!r}).touch()
            if training.wait():
                raise RuntimeError("the training did not end well")
            return x, -x
    """)
    process = start("task.py", "--samplers", "random", "--seeds", 1, "--trials", 2, cwd=tmp_path)
    try:
        while process.poll() is None and not begun.exists():
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, err = process.communicate(timeout=patience)  # while a program has the pipe, it waits
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "the same command goes on" in err
    cell = Cell("", ("minimize", "minimize"), "random", 0, 2, tmp_path / "comparison")
    assert trials_of(cell) == []


@pytest.mark.usefixtures("_together")
def test_a_lock_of_a_killed_process_is_not_waited_for_for_ever(write, tmp_path, monkeypatch):
    # seen by the test above: killed while it wrote the first line, with a relative path
    source = str(write(GOOD))
    monkeypatch.chdir(tmp_path)
    cell = Cell(source, None, "random", 0, 4, Path("here"))
    cell.journal.parent.mkdir(parents=True)
    JournalFileOpenLock(str(cell.journal)).acquire()
    done = compare(source, samplers=["random"], seeds=[0], trials=4, out=Path("here"))
    assert len(done.runs[0].values) == 4


@pytest.mark.usefixtures("_together")
def test_half_a_line_in_a_journal_is_mended_and_a_damaged_one_named(write, tmp_path):
    source = str(write(GOOD))
    usual = {"samplers": ["random"], "seeds": [0], "out": tmp_path}
    before = compare(source, **usual, trials=4).runs[0]
    journal = tmp_path / "runs" / "random_0.journal"
    with journal.open("a") as file:
        file.write('{"op_code": 4, "worker_id": "ab')
    after = compare(source, **usual, trials=6).runs[0]
    assert list(after.params[:4]) == list(before.params)
    assert len(after.params) == 6
    journal.write_text("no journal\n" + journal.read_text())
    with pytest.raises(
        CompareError, match=r"random_0\.journal is damaged .* remove it to run it ag"
    ):
        compare(source, **usual, trials=7)


def test_a_crash_is_marked_and_the_rest_goes_on(write, tmp_path, monkeypatch, capsys):
    write(GOOD)
    write(
        """
        import os
        from optuna.samplers import RandomSampler

        class Dies(RandomSampler):
            def sample_independent(self, study, trial, name, distribution):
                if trial.number == 5:
                    os.kill(os.getpid(), 9)
                return super().sample_independent(study, trial, name, distribution)

        class Raises(RandomSampler):
            def sample_independent(self, study, trial, name, distribution):
                if trial.number == 4:
                    raise RuntimeError("no idea")
                return super().sample_independent(study, trial, name, distribution)

        def dies(seed): return Dies(seed)
        def raises(seed): return Raises(seed)
        """,
        "mine.py",
    )
    names = ["random", "mine.py:dies", "mine.py:raises"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    options = ["--samplers", *names, "--seeds", "1", "--trials", "8"]
    assert main(["compare", "task.py", *options]) == 1
    out = capsys.readouterr().out
    assert "its process died (SIGKILL)" in out
    assert "the sampler raised RuntimeError: no idea" in out
    runs = json.loads((tmp_path / "comparison" / "comparison.json").read_text())["runs"]
    assert [len(run["hypervolume"]) for run in runs] == [8, 5, 4]
    assert [run["error"] is None for run in runs] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (None, ["absent.py"], "absent.py: no such file"),
        (None, ["nonsense"], "'nonsense' is neither a .py file"),
        (None, ["branincurrin"], "--help lists. Did you mean branin-currin?"),
        (GOOD, ["task"], "--help lists. Did you mean task.py?"),
        (None, ["no.such.module:f"], "no.such.module cannot be imported: ModuleNotFoundError"),
        ("import nothing_like_it", ["task.py"], "task.py cannot be imported: ModuleNotFound"),
        ("def objective(", ["task.py"], "task.py cannot be imported: SyntaxError"),
        (
            "from .x import y",
            ["task.py"],
            "package; name a module of a package as package.module:f",
        ),
        ("raise SystemExit(3)", ["task.py"], "task.py cannot be imported: SystemExit: 3"),
        ("x = 1", ["task.py"], "task.py: objective is not defined"),
        ("objective = 1", ["task.py"], "task.py: objective is no function"),
        ("def objective(trial): ...", ["task.py"], "task.py: no directions"),
        (GOOD, ["task.py", "--directions", "up", "down"], "must be minimize or maximize"),
        (GOOD, ["task.py", "--directions", "minimize"], "two objectives or more, got 1"),
        (GOOD + "metric_names = ['a', 'a']", ["task.py"], "metric_names must be 2 different names"),
        (GOOD + "metric_names = 'ab'", ["task.py"], "one per direction, got 'ab'"),
        (GOOD, ["task.py", "--samplers", "tpee"], "sampler 'tpee' is none of lamoo"),
        (GOOD, ["task.py", "--samplers", "tpee"], " Did you mean tpe?"),
        (GOOD, ["task.py", "--samplers", "tpe,gp"], " Names are separated by spaces."),
        (GOOD, ["task.py", "--samplers", "task.py:objective"], "factory(0) raised"),
        (GOOD, ["task.py", "--reference-point", "1"], "reference_point must hold 2 finite"),
        (GOOD, ["task.py", "--trials", "0"], "trials must be at least 1, got 0"),
        (GOOD, ["task.py", "--seeds", "0"], "at least one each"),
        (  # of a process of its own, as what follows is not
            "directions = ['minimize'] * 2\ndef objective(trial): return 1 / 0, 2",
            ["task.py"],
            "task.py: all of the first 10 trials failed: ZeroDivisionError",
        ),
    ],
)
def test_what_can_be_mended_is_one_line(
    write, tmp_path, monkeypatch, capsys, text, arguments, said
):
    if text:
        write(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert main(["compare", *arguments]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("lamoo compare: ")
    assert said in line


@pytest.mark.usefixtures("_together")
@pytest.mark.parametrize(
    ("directions", "returned", "said"),
    [(3, "1.0, 2.0", "expected 3 numbers"), (2, "1.0, 'high'", "expected numbers")],
)
def test_what_no_objective_may_return_is_one_line(
    write, tmp_path, monkeypatch, capsys, directions, returned, said
):
    write(f"directions = ['minimize'] * {directions}\ndef objective(trial): return {returned}")
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "task.py"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"lamoo compare: task.py: the objective returned ({returned}), {said}")


def test_debug_lets_the_error_through(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CompareError, match="no such file"):
        main(["compare", "absent.py", "--debug"])


@pytest.mark.usefixtures("_together")
def test_a_folder_keeps_to_one_objective(write, tmp_path):
    write(GOOD)
    write(GOOD, "other.py")
    usual = {"samplers": ["random"], "seeds": [0], "trials": 3, "out": tmp_path / "out"}
    compare(str(tmp_path / "task.py"), **usual)
    with pytest.raises(CompareError, match=r"holds a comparison of .*task\.py"):
        compare(str(tmp_path / "other.py"), **usual)


@pytest.mark.usefixtures("_together")
def test_an_edited_objective_is_noticed_and_never_mixed(write, tmp_path):
    write("def offset():\n    return 0\n", "beside.py")
    write("unused = 1", "other.py")
    task = write(
        """
        directions, metric_names = ["minimize"] * 2, ["loss", "seconds"]
        def objective(trial):
            from beside import offset
            x = trial.suggest_float("x", 0, 1)
            return x + offset(), 1 - x
        """
    )
    out = tmp_path / "out"
    usual = {"samplers": ["random"], "seeds": [0], "out": out}
    before = compare(str(task), **usual, trials=3)
    assert before.metric_names == ("loss", "seconds")
    write("unused = 2", "other.py")
    compare(str(task), **usual, trials=3)
    write("def offset():\n    return 5\n", "beside.py")
    with pytest.raises(CompareError, match=r"beside\.py changed since the runs in .*out began"):
        compare(str(task), **usual, trials=6)
    # nor by a run that was waiting while somebody edited it
    cell = Cell(str(task), before.directions, "random", 1, 3, out)
    with pytest.raises(CompareError, match=r"beside\.py changed since"):
        run_cell(cell)
    assert not cell.journal.exists()
    write("def offset():\n    return 0\n", "beside.py")
    after = compare(str(task), **usual, trials=6).runs[0]
    assert list(after.params[:3]) == list(before.runs[0].params)
    # who says that it makes no difference is believed
    write("def offset():\n    return 0.0\n", "beside.py")
    (out / "runs" / "objective.json").unlink()
    assert len(compare(str(task), **usual, trials=6).runs[0].values) == 6


@pytest.mark.usefixtures("_together")
def test_an_edited_factory_of_samplers_is_noticed(write, tmp_path):
    task = str(write(GOOD))
    factory = (
        "from optuna.samplers import RandomSampler\ndef mine(seed):\n    return RandomSampler(SEED)"
    )
    mine = f"{write(factory.replace('SEED', 'seed'), 'mine.py')}:mine"
    usual = {"seeds": [0], "trials": 3, "out": tmp_path / "out"}
    compare(task, samplers=["random", mine], **usual)
    write(factory.replace("SEED", "seed + 1"), "mine.py")
    compare(task, samplers=["random"], **usual)  # not of this one
    with pytest.raises(CompareError, match=r"mine\.py:mine: mine\.py changed since the runs"):
        compare(task, samplers=["random", mine], **usual)


@pytest.mark.usefixtures("_together")
def test_names_of_objectives_reach_samplers(write, tmp_path):
    text = GOOD.replace("def objective", 'metric_names = ["loss", "score"]\n\ndef objective')
    task = str(write(text))
    sampler = """
        from optuna_lamoo import LaMOOSampler
        def mine(seed):
            return LaMOOSampler(seed=seed, solver="random", reference_point={"loss": 9})
        """
    mine = f"{write(sampler, 'mine.py')}:mine"
    result = compare(task, samplers=[mine], seeds=[0], trials=14, out=tmp_path / "out")
    assert result.runs[0].error is None
    assert result.objectives == ("loss", "score")


@pytest.mark.usefixtures("_together")
def test_a_program_that_reads_its_command_line_gets_its_defaults(write, tmp_path, monkeypatch):
    text = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--factor", type=int, default=3)
        args = parser.parse_args()
        directions = ["minimize", "maximize"]
        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            return args.factor * x, parser.parse_args().factor + x
        """
    mine = ["lamoo", "compare", "task.py", "--trials", "3"]
    monkeypatch.setattr(sys, "argv", mine)
    usual = {"samplers": ["random"], "seeds": [0], "trials": 3, "out": tmp_path / "out"}
    result = compare(str(write(text)), **usual)
    assert sys.argv == mine
    assert result.runs[0].error is None
    assert result.rows[0]["hypervolume"] > 0


@pytest.mark.usefixtures("_together")
def test_built_in_problem_has_its_reference_point_and_best(tmp_path):
    result = compare("branin-currin", samplers=["random", "tpe"], seeds=[3], trials=6, out=tmp_path)
    problem = load_target("branin-currin").problem
    assert result.reference_point == problem.reference_point
    assert result.best == problem.best_hypervolume
    for run, curve in zip(result.runs, result.curves, strict=True):
        assert curve[-1] == pytest.approx(problem.hypervolume(run.values))


@pytest.mark.usefixtures("_together")
@pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="constraints: Optuna 5")
def test_constraints_count(tmp_path):
    result = compare("c2-dtlz2-d12", samplers=["random"], seeds=[0], trials=20, out=tmp_path)
    problem = load_target("c2-dtlz2-d12").problem
    for params, values in zip(result.runs[0].params, result.runs[0].values, strict=True):
        assert values == pytest.approx(problem.scored(params), nan_ok=True)


def test_strategies_of_ax_run_on_an_optuna_objective(write, tmp_path):
    pytest.importorskip("ax")
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    source, first = str(write(GOOD)), []
    for sampler in ("ax-lamoo", "ax"):
        run_cell(Cell(source, None, sampler, 0, 5, tmp_path / "comparison"))
        found = params_of(tmp_path / "comparison", sampler, 0, 5)
        assert len({repr(params) for params in found}) == 5
        assert found[0].keys() == {"x", "k", "kind"}
        first.append(found[0])
    assert first[0] == first[1]

    # what the client itself proposes after that first trial
    x, k, kind = (first[0][name] for name in ("x", "k", "kind"))
    client = Client(random_seed=0)
    client.configure_experiment(
        [
            RangeParameterConfig("x", (0.0, 1.0), "float"),
            RangeParameterConfig("k", (0, 100), "int"),
            ChoiceParameterConfig("kind", ["0", "1", "2"], "str", is_ordered=False),
        ]
    )
    client.configure_optimization("-f0, f1")
    client.configure_generation_strategy(initialization_random_seed=0)
    index = client.attach_trial({"x": x, "k": k, "kind": str(["a", "b", None].index(kind))})
    client.complete_trial(index, {"f0": x + k / 100 + (kind == "a"), "f1": -((1 - x) ** 2)})
    ((_, asked),) = client.get_next_trials(1).items()
    found = params_of(tmp_path / "comparison", "ax", 0, 2)[1]
    assert found == {**asked, "kind": ["a", "b", None][int(asked["kind"])]}


def test_egobox_runs_on_an_optuna_objective(write, tmp_path):
    egobox = pytest.importorskip("egobox")
    source, n = str(write(GOOD)), 9
    run_cell(Cell(source, None, "egobox", 0, n, tmp_path / "comparison"))
    run_cell(Cell(source, None, "egobox", 0, n, tmp_path / "again"))
    found = params_of(tmp_path / "comparison", "egobox", 0, n)
    assert found == params_of(tmp_path / "again", "egobox", 0, n)
    assert all(params.keys() == {"x", "k", "kind"} for params in found)
    assert all(0 <= p["x"] <= 1 and 0 <= p["k"] <= 100 for p in found)

    # what egobox itself suggests after the first trials, everything minimised
    kinds = ["a", "b", None]
    told = found[:2] + found[3:-1]  # all but the failure
    X = np.array([[p["x"], p["k"], kinds.index(p["kind"])] for p in told])
    Y = np.array([[x + k / 100 + (kind == 0), (1 - x) ** 2] for x, k, kind in X])
    specs = [
        egobox.XSpec(egobox.XType.FLOAT, [0.0, 1.0]),
        egobox.XSpec(egobox.XType.INT, [0, 100]),
        egobox.XSpec(egobox.XType.ENUM, [3]),
    ]
    ((x, k, kind),) = egobox.Belfegor(specs, n_obj=2).suggest(X, Y, seed=n - 1)
    assert found[-1] == {"x": x, "k": round(k), "kind": kinds[round(kind)]}


@pytest.mark.skipif(not hasattr(optuna.Trial, "set_constraint"), reason="constraints: Optuna 5")
def test_egobox_knows_logarithms_steps_and_constraints():
    pytest.importorskip("egobox")
    from lamoo_compare.egobox_sampler import EgoboxSampler

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
        width = trial.suggest_int("width", 8, 512, log=True)
        drop = trial.suggest_float("drop", 0.0, 0.5, step=0.1)
        depth = trial.suggest_int("depth", 1, 9, step=2)
        trial.suggest_int("fixed", 3, 3)
        trial.set_constraint("size", width * depth - 1_000)
        if trial.number == 7:
            raise RuntimeError  # a failure, of which egobox is not told
        return abs(np.log10(rate) + 2) + drop, 1 / width + 1 / depth

    study = optuna.create_study(directions=["minimize", "maximize"], sampler=EgoboxSampler(seed=1))
    study.optimize(objective, n_trials=12, catch=RuntimeError)
    for trial in study.trials:
        p = trial.params
        assert 1e-4 <= p["rate"] <= 1
        assert 8 <= p["width"] <= 512
        assert min(abs(p["drop"] - 0.1 * i) for i in range(6)) < 1e-9
        assert p["depth"] in {1, 3, 5, 7, 9}
        assert p["fixed"] == 3
    # the first few are spread: a Latin hypercube has one in each fifth
    rates = [np.log10(t.params["rate"]) for t in study.trials[1:5]]
    assert len({int((r + 4) / 4 * 5) for r in rates}) == 4


def test_egobox_searches_where_there_is_nothing_but_choices():
    pytest.importorskip("egobox")
    sampler = make_sampler("egobox", 0)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)

    def objective(trial):
        picks = [trial.suggest_categorical(name, ["a", "b", "c"]) for name in "xyz"]
        return picks.count("a"), picks.count("b") + (picks[0] == "c")

    study.optimize(objective, n_trials=8)
    assert len(study.trials) == 8


@pytest.mark.parametrize("name", ["egobox", "lamoo-egobox"])
def test_egobox_is_asked_for_where_it_is_missing(name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CompareError, match=r"needs egobox: pip install 'lamoo\[egobox\]'"):
        check_sampler(name, 0)


# What JavaScript did to the page, told to the page around it.
SPY = """<script>window.faults = [];
window.addEventListener("error", e => faults.push(e.message));
for (const kind of ["error", "warn"]) console[kind] = (...a) => faults.push(a.join(" "));
window.addEventListener("load", () => setTimeout(() => parent.postMessage({
  faults: faults, width: window.innerWidth, wide: document.documentElement.scrollWidth,
  plots: [...document.querySelectorAll(".plot-container")].map(p => p.scrollWidth),
  asked: performance.getEntriesByType("resource").length}, "*"), 500));</script>"""
# A browser's window has a least width, a frame has none.
AROUND = """<title>nothing</title><script>let told = [];
window.addEventListener("message", e => { told.push(e.data); document.title =
  JSON.stringify(told); });</script>
<iframe src="spied.html" style="width:390px;height:3000px"></iframe>
<iframe src="spied.html" style="width:1280px;height:3000px"></iframe>"""


@pytest.mark.usefixtures("_together")
def test_report_renders_in_a_browser_at_phone_and_desktop_width(patience, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this machine")
    compare("branin-currin", samplers=["random", "tpe"], seeds=[0, 1], trials=8, out=tmp_path)
    text = (tmp_path / "report.html").read_text()
    (tmp_path / "spied.html").write_text(text.replace("<head>", "<head>" + SPY, 1))
    (tmp_path / "around.html").write_text(AROUND)
    found = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=9000",
         "--window-size=1700,900", "--dump-dom", (tmp_path / "around.html").as_uri()],
        capture_output=True, text=True, check=False, timeout=patience,
    )  # fmt: skip
    title = html.unescape(found.stdout.split("<title>")[1].split("</title>")[0])
    told = sorted(json.loads(title), key=lambda page: page["width"])
    assert [page["width"] for page in told] == [390, 1280]
    for page in told:
        assert page["faults"] == []
        assert page["asked"] == 0
        assert page["wide"] <= page["width"]
        assert len(page["plots"]) == 3
        assert max(page["plots"]) <= page["width"]


@pytest.mark.parametrize("module", ["rich", "optuna"])
def test_the_command_without_a_package_says_what_to_install(python, module):
    script = f"import sys; sys.modules[{module!r}] = None; import lamoo_compare.__main__"
    done = python("-c", script)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert module in last
    assert "pip install 'lamoo[compare]'" in last


@pytest.mark.parametrize(("workers", "trials"), [(4, 12), (5, 3)])
def test_so_many_workers_are_always_running(tmp_path, workers, trials):
    cell = Cell("dtlz2-d10-noisy", None, "tpe", 0, trials, tmp_path, workers)
    run_cell(cell)
    assert cell.journal.name == f"tpe_0_w{workers}.journal"
    found = trials_of(cell)
    assert len(found) == trials
    ends = [trial.datetime_complete for trial in found]
    assert ends == sorted(ends)
    for i, trial in enumerate(found):
        start = trial.datetime_start
        running = [t for t in found if t.datetime_start <= start < t.datetime_complete]
        assert len(running) == min(i + 1, workers)
    # going on after an interruption starts anew with as many
    more = Cell(cell.source, None, "tpe", 0, trials + workers, tmp_path, workers)
    run_cell(more)
    assert [trial.params for trial in trials_of(more)][:trials] == [t.params for t in found]


@pytest.mark.usefixtures("_together")
def test_a_noisy_problem_is_scored_by_its_true_values(tmp_path):
    usual = {"samplers": ["random"], "trials": 8}
    result = compare("dtlz2-d10-noisy", **usual, seeds=[0, 1], out=tmp_path)
    problem = load_target("dtlz2-d10-noisy").problem
    noise = []
    for found in result.runs:
        true = [problem.evaluate(params) for params in found.params]
        np.testing.assert_array_equal(found.values, true)
        cell = Cell("", None, "random", found.seed, 8, tmp_path)
        noise.append(np.array([trial.values for trial in trials_of(cell)]) - true)
    assert 0 < np.abs(noise).max() < 5 * max(problem.noise)
    assert len(np.unique(noise)) == np.size(noise)  # another one in every trial of every seed


@pytest.mark.usefixtures("_together")
def test_a_cell_is_the_same_run_as_optuna_alone(tmp_path):
    result = compare(
        "vehicle-safety", samplers=["nsgaii-pop20"], seeds=[3], trials=25, out=tmp_path
    )
    problem = load_target("vehicle-safety").problem
    sampler = optuna.samplers.NSGAIISampler(seed=3, population_size=20)
    study = optuna.create_study(directions=["minimize"] * 3, sampler=sampler)
    names = problem.space.parameters
    study.optimize(
        lambda t: problem.evaluate({n: t.suggest_float(n, 1.0, 3.0) for n in names}), n_trials=25
    )
    assert result.runs[0].values.tolist() == [trial.values for trial in study.trials]


def test_lamoo_is_told_what_a_problem_knows():
    problem = load_target("nb201-cifar10-latency").problem
    for name, features in (("lamoo-known", None), ("lamoo-known-features", problem.features)):
        functions = make_sampler(name, 0, problem).view.functions
        params = dict.fromkeys(problem.space.parameters, "skip_connect")
        assert functions.objectives[1](params) == problem.evaluate(params)[1]
        assert functions.features == features
    for other in (load_target("branin-currin").problem, None):
        with pytest.raises(CompareError, match="'lamoo-known' needs a built-in problem with an"):
            make_sampler("lamoo-known", 0, other)


@pytest.mark.usefixtures("_together")
def test_what_samplers_warn_of_is_counted_and_not_printed(write, tmp_path, monkeypatch, capfd):
    write(GOOD)
    write(
        """
        import logging, warnings
        from optuna.samplers import RandomSampler

        class Warns(RandomSampler):
            def before_trial(self, study, trial):
                warnings.warn("beware")
                logging.getLogger("elsewhere").warning("mind %d", 3)
                logging.getLogger("optuna.samplers").warning("careful")
                super().before_trial(study, trial)

        def warns(seed): return Warns(seed)
        """,
        "mine.py",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    options = ["--samplers", "mine.py:warns", "--seeds", "2", "--trials", "4"]
    assert main(["compare", "task.py", *options]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "mine.py:warns warned 24 times, most often: " in out
    assert out.count("beware") + out.count("careful") + out.count("mind 3") == 1
    found = json.loads((tmp_path / "comparison" / "comparison.json").read_text())
    assert [row["warnings"] for row in found["summary"]] == [24]


def test_a_usage_error_shows_no_progress_bar(write, tmp_path, monkeypatch, capsys):
    write(GOOD)
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "task.py", "--samplers", "tpee"]) == 2
    assert capsys.readouterr().out == ""


def test_help_names_what_can_be_run_and_how_to_get_the_rest(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LAMOO_TABLES", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(
        "lamoo_compare.problems.find_spec", lambda name: None if name == "nas_bench_graph" else 1
    )
    with pytest.raises(SystemExit, match="0"):
        main(["compare", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    runnable, missing = said.split("built-in problems: ")[1].split("after ", 1)
    assert "nb201-cifar10-size" in runnable
    assert "nbgraph" not in runnable
    assert "nb201-raspi4" not in runnable
    assert "pip install nas-bench-graph: nbgraph-cora" in missing
    assert "LAMOO_TABLES names (docs/nas.md): nb201-authors" in missing


@pytest.mark.parametrize(
    ("sampler", "module", "extra"), [("gp", "torch", "botorch"), ("cmaes", "cmaes", "cma")]
)
def test_a_sampler_without_its_package_names_the_extra(monkeypatch, sampler, module, extra):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == module else find(n))
    with pytest.raises(CompareError, match=rf"needs {module}: pip install 'lamoo\[{extra}\]'"):
        check_sampler(sampler, 0)


@pytest.mark.parametrize("strategy", ["random", "lamoo-evolutionary", "lamoo-gp-alone"])
def test_other_strategies_of_ax_keep_to_constraints_and_several_workers(tmp_path, strategy):
    pytest.importorskip("ax")
    cell = Cell("c2-dtlz2-d12", None, f"ax-{strategy}", 0, 8, tmp_path, workers=2)
    run_cell(cell)
    found = trials_of(cell)
    assert len({repr(trial.params) for trial in found}) == 8
    problem = load_target(cell.source).problem
    scored = run_of(replace(cell, directions=problem.directions), problem).values
    for trial, values in zip(found, scored, strict=True):
        assert values == pytest.approx(problem.scored(trial.params), nan_ok=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samplers": "lamoo"}, "samplers and seeds must be lists, got 'lamoo'"),
        ({"seeds": 5}, "samplers and seeds must be lists, got .* and 5"),
        ({"seeds": [0, 0.5]}, "seeds must be whole numbers of at least 0"),
        ({"seeds": [-1]}, "seeds must be whole numbers of at least 0"),
    ],
)
def test_a_wrong_argument_of_the_function_is_named(tmp_path, given, message):
    with pytest.raises(CompareError, match=message):
        compare("branin-currin", **given, out=tmp_path)


@pytest.mark.parametrize("where", ["on import", "in a trial"])
@pytest.mark.usefixtures("_together")
def test_a_program_that_changes_its_folder(write, tmp_path, monkeypatch, where):
    """Its data are found, and what was given relative to the first folder is still there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "shift.txt").write_text("0.25")
    goes = 'os.chdir("data")'
    text = f"""
    import os
    from pathlib import Path
    {goes if where == "on import" else ""}
    directions = ["minimize", "maximize"]
    def objective(trial):
        {f"if trial.number == 0: {goes}" if where == "in a trial" else ""}
        shift = float(Path("shift.txt").read_text())
        x = trial.suggest_float("x", 0, 1)
        return x + shift, x
    """
    write(text)
    mine = """
    import os
    from optuna.samplers import RandomSampler
    def sampler(seed):
        return RandomSampler(seed)
    """
    write(mine, "mine.py")
    monkeypatch.chdir(tmp_path)
    result = compare("task.py", samplers=["random", "mine.py:sampler"], seeds=[0], trials=4)
    assert [(len(run.values), run.error) for run in result.runs] == [(4, None)] * 2
    np.testing.assert_allclose(result.runs[0].values @ [1, -1], 0.25)
    assert Path.cwd() == tmp_path
    assert {path.name for path in tmp_path.iterdir()} >= {"comparison", "task.py"}
    assert not (tmp_path / "data" / "comparison").exists()


def test_a_thread_that_never_ends_keeps_no_run(write, tmp_path, monkeypatch):
    """Python waits for threads before a process ends; what the run has found is on disk."""
    monkeypatch.setattr(schedule, "LEAVING", 0)
    text = """
    import threading
    directions = ["minimize", "maximize"]
    def objective(trial):
        threading.Thread(target=threading.Event().wait).start()
        x = trial.suggest_float("x", 0, 1)
        return x, x
    """
    source = str(write(text))
    result = compare(source, samplers=["random"], seeds=[0, 1], trials=3, out=tmp_path / "out")
    assert [(len(run.values), run.error) for run in result.runs] == [(3, None)] * 2


def test_two_commands_in_one_folder_repeat_nothing(write, tmp_path, patience):
    """Whoever comes second waits for each run of the first, and reads what it found."""
    write(GOOD, limit="int(Path('limit').read_text())")
    (tmp_path / "limit").write_text("2")  # the first holds a run until it is waited for
    usual = ["task.py", "--samplers", "random", "--seeds", 1, "--trials", 6]
    out = tmp_path / "comparison"
    first = start(*usual, cwd=tmp_path)
    while first.poll() is None and len(params_of(out, "random", 0, 6)) < 2:
        time.sleep(0.1)
    second = start(*usual, cwd=tmp_path)
    said = ""
    while "another process runs it" not in said:
        said = second.stdout.readline()
        assert said, second.communicate()
    (tmp_path / "limit").write_text("1000")
    for process in (first, second):
        process.communicate(timeout=patience)
        assert process.returncode == 0
    cell = Cell("", ("minimize", "maximize"), "random", 0, 1000, out)
    assert len({repr(trial.params) for trial in trials_of(cell)}) == len(trials_of(cell)) == 6


def test_an_objective_may_start_processes(write, tmp_path):
    """As those do that load their data in some."""
    text = """
    import math
    from multiprocessing import Pool
    directions = ["minimize", "maximize"]
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        with Pool(1) as pool:
            return x, pool.map(math.sqrt, [x])[0]
    """
    source = str(write(text))
    result = compare(source, samplers=["random"], seeds=[0], trials=2, out=tmp_path / "out")
    (found,) = result.runs
    assert found.error is None
    np.testing.assert_allclose(found.values[:, 0] ** 0.5, found.values[:, 1])


@pytest.mark.usefixtures("_together")
def test_notes_that_no_file_can_hold_lose_no_trial(write, tmp_path):
    """Optuna keeps any object in memory, a model say; what is compared is in a file."""
    text = """
    directions = ["minimize", "maximize"]
    class Model: ...
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for earlier in trial.study.trials[:-1]:
            assert isinstance(earlier.user_attrs["model"], Model)
        trial.set_user_attr("model", Model())
        trial.set_user_attr("epochs", [x, float("nan")])
        return x, x
    """
    compare(str(write(text)), samplers=["random"], seeds=[0], trials=3, out=tmp_path)
    trials = trials_of(Cell("", ("minimize", "maximize"), "random", 0, 3, tmp_path))
    assert [trial.values for trial in trials] == [[trial.params["x"]] * 2 for trial in trials]
    assert [trial.user_attrs["epochs"][0] for trial in trials] == [t.params["x"] for t in trials]
    assert not any("model" in trial.user_attrs for trial in trials)


@pytest.mark.usefixtures("_together")
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_choices_that_no_file_can_hold_are_named(write, tmp_path):
    text = """
    directions = ["minimize", "maximize"]
    def objective(trial):
        return trial.suggest_categorical("function", [min, max])(0, 1), 1
    """
    with pytest.raises(CompareError, match="the choices of 'function' cannot be kept in a file"):
        compare(str(write(text)), samplers=["random"], seeds=[0], trials=3, out=tmp_path)
