"""The tutorial: it runs, its page shows its code, and what it counts and splits is right."""

import importlib.util
import re
import runpy
import sys
import textwrap
from pathlib import Path

import numpy as np
import optuna
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "nas" / "tutorial.py"
PAGE = ROOT / "docs" / "tutorial.md"
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch: https://pytorch.org"
)


@pytest.fixture(scope="module")
def tutorial():
    return runpy.run_path(str(SCRIPT))


# --- the page -------------------------------------------------------------------------------------


def blocks():
    """Return the blocks of Python on the page."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def is_from(script, block):
    """Tell whether a script has exactly these lines, perhaps inside a function."""
    return any(f"\n{textwrap.indent(block, ' ' * n)}" in f"\n{script}" for n in (0, 4))


def test_the_pages_code_is_the_scripts():
    script = SCRIPT.read_text("utf-8")
    found = blocks()
    assert len(found) >= 8
    assert [block for block in found if not is_from(script, block)] == []
    # and one that has drifted is noticed
    assert not is_from(script, found[0].replace("nn.Conv2d(1, 32", "nn.Conv2d(1, 33"))


def test_the_page_shows_all_that_matters():
    shown = "".join(blocks())
    for name in ("class Net", "def build", "def suggest", "known_objectives=", "def choose"):
        assert name in shown


def test_what_the_page_links_to_exists():
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text("utf-8"))
    assert targets
    missing = [t for t in targets if not t.startswith("https:") and not (PAGE.parent / t).exists()]
    assert missing == []


# --- the script -----------------------------------------------------------------------------------


@needs_torch
def test_it_searches_chooses_and_goes_on_where_it_was_stopped(
    tutorial, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "120")
    out = tmp_path / "deep" / "out"
    options = f"--epochs 1 --limit 1000000 --out {out}".split()
    tutorial["main"](["--trials", "3", "--seeds", "1", *options])
    capsys.readouterr()
    tutorial["main"](["--trials", "12", "--seeds", "2", *options])
    said = capsys.readouterr().out
    storage = f"sqlite:///{out / 'study.db'}"
    trials = optuna.load_study(study_name="digits", storage=storage).trials
    assert [trial.number for trial in trials] == [*range(12)]  # ten of the start-up, and two

    rows = re.findall(r"^ +([\d.]+) % +([\d,]+) +([\d,]+)  \(", said, re.MULTILINE)
    front = [[float(cell.replace(",", "")) for cell in row] for row in rows]
    values = np.array([trial.values for trial in trials])
    dominated = [((values <= v).all(axis=1) & (values < v).any(axis=1)).any() for v in values]
    expected = values[~np.array(dominated)]
    np.testing.assert_allclose(sorted(front), sorted(expected.tolist()), atol=0.006)

    chosen = re.search(r"Chosen: \{.*\}, validation error ([\d.]+) %", said)
    assert float(chosen[1]) == pytest.approx(values[:, 0].min(), abs=0.006)
    for name in ("yours", "chosen"):
        line = rf"^{name}: [\d,]+ parameters, [\d,]+ FLOPs, test error ([\d.]+) % \((.*) to (.*)\)$"
        middle, low, high = map(float, re.search(line, said, re.MULTILINE).groups())
        assert low <= middle <= high
    for picture in ("partition.png", "hypervolume.png"):
        assert (out / picture).read_bytes()[:4] == b"\x89PNG"


def run(tutorial, out, seed, *options):
    """Return the trials of a run, having checked that it came to its end."""
    tutorial["main"](["--seed", str(seed), "--out", str(out), *options])
    return optuna.load_study(study_name="digits", storage=f"sqlite:///{out / 'study.db'}").trials


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_first_trials_have_it_comes_to_its_end(tutorial, seed, tmp_path, capsys):
    short = ["--trials", "13", "--epochs", "1", "--seeds", "1", "--limit", "1000000"]
    trials = run(tutorial, tmp_path / "out", seed, *short)
    assert len(trials) == 13
    assert len({trial.params["depth"] for trial in trials}) == 3
    assert "chosen: " in capsys.readouterr().out


@needs_torch
@pytest.mark.slow  # one to two minutes each
@pytest.mark.parametrize("seed", range(5))
def test_at_its_defaults_it_finds_small_networks(tutorial, seed, tmp_path, capsys):
    trials = run(tutorial, tmp_path / "out", seed)
    assert len(trials) == 80
    said = capsys.readouterr().out
    assert "Good region: " in said
    # yours has 150,000 parameters; the page's front has 2.2 % with 3,202
    small = [t.values[0] for t in trials if t.values[1] <= 5_000]
    assert min(small) < 4.0
    assert re.search(r"^chosen: [\d,]+ parameters", said, re.MULTILINE)


@needs_torch
def test_your_model_is_one_of_the_space_and_its_costs_are_right(tutorial):
    params = tutorial["YOURS"]
    yours, built = tutorial["Net"](), tutorial["build"](*tutorial["architecture"](params))
    shapes = [[tuple(p.shape) for p in net.parameters()] for net in (yours, built)]
    assert shapes[0] == shapes[1]
    tutorial["suggest"](optuna.trial.FixedTrial(params))  # refuses what is not in the space
    # weights and biases of two convolutions and two linear layers, by hand
    convolutions, linear = (9 * 32, 9 * 32 * 64), (1_024 * 128, 128 * 10)
    biases = 32 + 64 + 128 + 10
    assert tutorial["n_params"](params) == sum(convolutions) + sum(linear) + biases
    # two per multiplication, and 8 x 8 places for a convolution
    assert tutorial["n_flops"](params) == 2 * (64 * sum(convolutions) + sum(linear))


@needs_torch
def test_the_parts_of_the_data_share_no_picture(tutorial):
    parts = tutorial["data"]()
    sizes = {name: len(labels) for name, (_, labels) in parts.items()}
    assert sizes == {"train": 800, "validation": 597, "test": 400}
    pictures = [{x.numpy().tobytes() for x in X} for X, _ in parts.values()]
    assert len(set.union(*pictures)) == sum(map(len, pictures))


@needs_torch
def test_a_result_repeats_itself_and_depends_on_the_seed(tutorial):
    params = {"depth": 1, "channels0": 8, "kernel": 3, "hidden": 0, "lr": 3e-3}
    first, again, other = (tutorial["result_of"](params, "validation", s, 1) for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["torch", "rich.console"])
def test_without_a_package_it_says_what_to_do(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    module = name.partition(".")[0]
    # without torch in the first place, that is what is missing
    with pytest.raises(SystemExit, match=rf"This example needs ({module}|torch)"):
        runpy.run_path(str(SCRIPT))


@needs_torch
def test_a_budget_of_nothing_is_refused(tutorial, capsys):
    with pytest.raises(SystemExit, match="2"):
        tutorial["main"](["--trials", "0"])
    assert "argument --trials: must be at least 1, got 0" in capsys.readouterr().err
