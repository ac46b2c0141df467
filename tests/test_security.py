"""What a storage, a file or a name can make LaMOO do: nothing but be read as data."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lamoo_compare import Comparison, Run
from lamoo_compare.__main__ import main
from lamoo_compare.cell import Cell
from lamoo_compare.page import page

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ["shared/lamoo", "optuna_lamoo", "ax_lamoo", "shared/lamoo_compare"]

# ---- No source makes code of data --------------------------------------------------------------

MODULES = {
    *("pickle", "_pickle", "dill", "cloudpickle", "joblib", "jsonpickle", "marshal", "shelve"),
    *("yaml", "code", "codeop", "runpy", "imp", "ctypes", "pty"),
    *("subprocess", "socket", "urllib", "http", "ftplib", "requests", "httpx"),
}
CALLS = {"eval", "exec", "compile", "__import__", "import_module", "exec_module", "system", "popen"}
CALLS |= {"read_pickle", "to_pickle", "load_module", "run_path", "run_module"}
ARGUMENTS = {"allow_pickle", "weights_only", "shell"}
METHODS = {"__reduce__", "__reduce_ex__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"}

#: What is there all the same, and why it is no danger.
EXCEPTIONS = {
    ("shared/lamoo_compare/target.py", "import_module"): "the module that the user named",
    ("shared/lamoo_compare/target.py", "exec_module"): "the file that the user named",
    (
        "shared/lamoo_compare/problems/tables.py",
        "import_module",
    ): "packages, whose names stand there",
    (
        "shared/lamoo/report/decision.py",
        "import_module",
    ): "pymoo's, whose names stand there",
    ("optuna_lamoo/sampler.py", "__setstate__"): "a sampler that its user pickles or copies",
    ("optuna_lamoo/view.py", "__setstate__"): "the same, of what a sampler was given",
    ("optuna_lamoo/early.py", "__setstate__"): "a pruner that its user pickles or copies",
    ("ax_lamoo/prior.py", "__setstate__"): "a strategy that its user pickles or copies",
    ("shared/lamoo/solvers/__init__.py", "import_module"): "its own modules, named there",
    ("shared/lamoo/__main__.py", "import_module"): "the command's tools, named there",
}


def suspects(tree: ast.AST) -> Iterator[str]:
    """Yield the name of everything that could make code of data, or talk to the network."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (a.name for a in names if a.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module), level=0) if module.partition(".")[0] in MODULES:
                yield module
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if (
                name in CALLS and not regular_expression(node)
            ):
                yield name
            case ast.FunctionDef(name=name) if name in METHODS:
                yield name
            case ast.keyword(arg=name) if name in ARGUMENTS:
                yield name
            case ast.Attribute(attr="load", value=ast.Name(id="torch")):
                yield "torch.load"


def regular_expression(call):
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "re.compile"


def test_no_source_makes_code_of_data():
    files = [file for folder in SOURCES for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 50
    found = {
        (str(file.relative_to(ROOT)), name)
        for file in files
        for name in suspects(ast.parse(file.read_text("utf-8")))
    }
    assert found == set(EXCEPTIONS)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "def f():\n    from joblib import load",
        "import urllib.request",
        "eval('1')",
        "exec(text)",
        "compile(text, '', 'exec')",
        "importlib.import_module(name)",
        "os.system(name)",
        "numpy.load(path, allow_pickle=True)",
        "torch.load(path)",
        "pandas.read_pickle(path)",
        "class A:\n    def __reduce__(self): ...",
    ],
)
def test_each_way_is_seen(line):
    assert list(suspects(ast.parse(line)))


# ---- `lamoo compare` imports what it was told to, and writes where it was told to ---------------

NAMED = """
import helper
directions = ["minimize", "minimize"]

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    return x, 1 - x
"""


def test_compare_runs_no_file_but_the_named_one_and_what_it_imports(patience, tmp_path):
    mine, out = tmp_path / "mine", tmp_path / "out"
    mine.mkdir()
    (mine / "named.py").write_text(NAMED)
    (mine / "helper.py").write_text("")
    for name in ("other.py", "conftest.py", "sitecustomize.py", "objective.py", "lamoo.py"):
        (mine / name).write_text("open('ran-it', 'w')")
    before = sorted(path.name for path in mine.iterdir())
    arguments = [
        "compare",
        "mine/named.py",
        "--samplers",
        "random",
        "--seeds",
        "1",
        "--trials",
        "2",
    ]
    script = "import sys; from lamoo_compare.__main__ import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments, "--out", str(out)],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in mine.iterdir()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]
    assert sorted(path.name for path in out.iterdir()) == [
        "comparison.json",
        "report.html",
        "runs",
        "summary.csv",
        "trials.csv",
    ]


@pytest.mark.parametrize("sampler", ["../../up.py:make", "/etc/x.py:make", "a\nb", "..", "x" * 9])
def test_files_of_a_run_stay_in_its_folder(sampler, tmp_path):
    cell = Cell("train.py", None, sampler, 0, 1, tmp_path)
    for path in (cell.journal, cell.failure):
        assert path.resolve().parent == (tmp_path / "runs").resolve()


# ---- Names are text ----------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "${plotly} $$ $title {x} %(y)s &lt;",
]


class Elements(HTMLParser):
    """Collects what a browser would make elements of."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text.append(data)


def report_of(name):
    values = np.array([[0.2, 0.5], [0.1, 0.9]])
    runs = [
        Run(sampler, seed, values, ["COMPLETE"] * 2, [{name: name}] * 2, np.full(2, 0.1), error)
        for seed in range(2)
        for sampler, error in ((name, None), ("b", f"{name} failed: {name}"))
    ]
    return page(
        Comparison(
            source=name,
            directions=("minimize", "maximize"),
            trials=2,
            samplers=(name, "b"),
            runs=runs,
            reference_point=(1.0, 0.0),
            best=1.0,
            versions={name: name},
            command=f"lamoo compare '{name}'",
        )
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_adds_no_element_to_the_report(name):
    plain, hostile = Elements(report_of("a")), Elements(report_of(name))
    assert hostile.found == plain.found
    assert any(name in text for text in hostile.text)  # and yet it can be read


def test_a_path_is_no_markup_of_the_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("a[").mkdir()
    name = "a[/bold].py"  # which would close what was never opened
    Path(name).write_text(NAMED.replace("import helper", ""))
    options = ["--samplers", "random", "--seeds", "1", "--trials", "1", "--out", "out[_b]"]
    assert main(["compare", name, *options]) == 0
    said = capsys.readouterr().out
    assert name in said
    assert "out[_b]" in said
