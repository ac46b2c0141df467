"""What a release publishes. Facts are compared in every run; `make release-check` builds and tries.

Offline: the wheel and the sdist are tried with the dependencies of this environment, and with none
of the checkout.
"""

import email
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import lamoo

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = lamoo.__version__
#: Tracked files that a source distribution has no use for.
NOT_IN_SDIST = {".gitignore", ".readthedocs.yaml"}
#: A selection of the tests for the unpacked sdist: a few seconds. LAMOO_RELEASE=all runs all.
SELECTION = [
    "tests/test_architecture.py",
    "tests/test_pages.py",
    "tests/test_release.py",
    "tests/lamoo/test_pareto.py",
    "tests/optuna_lamoo/test_conformance.py",
]
needs_build = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("build", "twine")),
    reason="needs build and twine: make release-check",
)


def run(*command, folder=ROOT, path="", patience=600):
    """Run a program of this interpreter's; the checkout is not on its path."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path), "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


# ---- Facts ---------------------------------------------------------------------------------------


def test_the_version_is_everywhere_the_same():
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+|\.dev\d+)?", VERSION)
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == VERSION
    assert "version" in PROJECT["dynamic"]


def test_the_command_says_its_version(python, capsys):
    done = python("-m", "lamoo", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"lamoo {VERSION}"), done.stderr
    pytest.importorskip("rich")
    from lamoo_compare.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out.strip()) == (0, f"lamoo {VERSION}")


def test_the_command_says_its_version_and_what_is_missing_without_any_extra(python):
    script = """
import sys
sys.modules.update(dict.fromkeys(["optuna", "rich", "plotly"]))
from lamoo.__main__ import main
sys.argv = ["lamoo", "--version"]
assert main() == 0
sys.argv = ["lamoo", "compare", "kursawe"]
main()
"""
    done = python("-c", script)
    assert done.stdout.strip() == f"lamoo {VERSION}"
    assert done.returncode == 1
    assert "pip install 'lamoo[compare]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_continuous_integration_runs_on_every_python_that_is_promised():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    job = workflow["jobs"]["run"]
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
    assert [step["run"] for step in job["steps"] if "run" in step][-1].endswith("bash .ci/run")


@pytest.mark.parametrize(
    "file", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda file: file.stem
)
def test_forms_and_workflows_are_well_formed(file):
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load(file.read_text("utf-8"))
    if file.parent.name == "ISSUE_TEMPLATE" and file.stem != "config":
        assert {"name", "description", "body"} <= found.keys()
        kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert {field["type"] for field in found["body"]} <= kinds


def test_the_citation_is_well_formed_and_names_the_methods_authors():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "version"} <= citation.keys()
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]
    titles = [work["title"] for work in citation["references"]]
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert all(title in readme for title in titles)


def names(requirements):
    """Return the distributions that requirements name, without our own."""
    found = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}
    return found - {"lamoo"}


def test_every_dependency_of_a_user_has_its_licence_listed():
    listed = re.findall(
        r"^\| `([\w.-]+)` \|", (ROOT / "LICENCES.md").read_text("utf-8"), re.MULTILINE
    )
    extras = PROJECT["optional-dependencies"]
    ours = {"test", "oracle", "lint", "dev", "docs", "release"}
    used = names(PROJECT["dependencies"]).union(
        *(names(extras[extra]) for extra in extras.keys() - ours)
    )
    assert used - {name.lower() for name in listed} == set()


# ---- What is built -------------------------------------------------------------------------------


def tracked():
    """List the files that git knows."""
    done = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Build both distributions into dist/, from what git knows and nothing else."""
    source, out = tmp_path_factory.mktemp("source"), ROOT / "dist"
    for name in tracked():
        copy = source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    page = run("docs/index_page.py", folder=source)
    (source / "README.md").write_text(page, "utf-8")
    for old in out.glob("lamoo-*"):
        old.unlink()
    run("-m", "build", "--no-isolation", "--outdir", out, source, folder=source)
    return out


@pytest.fixture(scope="module")
def wheel(dist):
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def sdist(dist):
    return next(dist.glob("*.tar.gz"))


@needs_build
@pytest.mark.release
def test_an_index_takes_them(wheel, sdist):
    assert wheel.name == f"lamoo-{VERSION}-py3-none-any.whl"
    assert sdist.name == f"lamoo-{VERSION}.tar.gz"
    assert "FAILED" not in run("-m", "twine", "check", "--strict", wheel, sdist)


@needs_build
@pytest.mark.release
def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if ".dist-info/" not in name}
    packages = {"shared/lamoo", "shared/lamoo_compare", "optuna_lamoo", "ax_lamoo"}
    wanted = {
        name.removeprefix("shared/")
        for name in tracked()
        if any(name.startswith(f"{package}/") for package in packages)
    }
    assert inside == wanted
    told = email.message_from_bytes(
        zipfile.ZipFile(wheel).read(f"lamoo-{VERSION}.dist-info/METADATA")
    )
    assert told["License-Expression"] == "MIT"
    assert dict(url.split(", ") for url in told.get_all("Project-URL")) == PROJECT["urls"]
    assert "](docs/" not in told.get_payload()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@needs_build
@pytest.mark.release
def test_the_sdist_holds_what_is_tracked(sdist):
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert set(tracked()) - inside == NOT_IN_SDIST


@needs_build
@pytest.mark.release
def test_the_sdist_unpacked_elsewhere_passes_its_tests(sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = next(tmp_path.iterdir())
    chosen = [] if os.environ.get("LAMOO_RELEASE") == "all" else SELECTION
    quiet = ["-q", "-p", "no:cacheprovider"]
    said = run("-m", "pytest", *quiet, *chosen, folder=folder, patience=3600)
    assert re.search(r"^\d+ passed", said.splitlines()[-1]), said


@needs_build
@pytest.mark.release
def test_the_wheel_alone_works(wheel, tmp_path):
    """In an environment with the wheel, and this one's dependencies: the README's first lines."""
    there = tmp_path / "there"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", there, wheel)
    script = f"""
import ax_lamoo, lamoo, lamoo_compare, optuna, optuna_lamoo
for module in (ax_lamoo, lamoo, lamoo_compare, optuna_lamoo):
    assert module.__file__.startswith({str(there)!r}), module.__file__
study = optuna.create_study(directions=["minimize"] * 2, sampler=optuna_lamoo.LaMOOSampler(seed=0))
study.optimize(lambda trial: [trial.suggest_float("x", 0, 1), -trial.params["x"]], n_trials=12)
print(len(study.trials), lamoo.__version__)
"""
    if importlib.util.find_spec("ax") is None:
        script = script.replace("ax_lamoo, ", "")
    assert run("-c", script, folder=tmp_path, path=there).split() == ["12", VERSION]
    assert run("-m", "lamoo", "--version", folder=tmp_path, path=there) == f"lamoo {VERSION}\n"
    assert "--samplers" in run("-m", "lamoo", "compare", "--help", folder=tmp_path, path=there)


@needs_build
@pytest.mark.release
def test_the_package_for_the_hub_is_in_the_registrys_style():
    registry = ROOT / "optunahub"  # its ruff.toml counts below it
    run("-m", "ruff", "check", "package", folder=registry)
    run("-m", "ruff", "format", "--check", "package", folder=registry)
    run("-m", "mdformat", "--check", "package/samplers/lamoo/README.md", folder=registry)


@pytest.mark.release
@pytest.mark.skipif(  # a folder of this repository has the name, too, and is no package
    getattr(importlib.util.find_spec("optunahub"), "origin", None) is None, reason="needs optunahub"
)
def test_the_package_for_the_hub_passes_its_tests_as_the_registry_runs_them(python):
    """In a process of its own: our folder `optunahub` is none of Python's, nor is its `pytest`."""
    registry = ROOT / "optunahub"
    quiet = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", registry]
    done = python("-m", "pytest", *quiet, "package/samplers/lamoo/tests", folder=registry)
    assert done.returncode == 0, done.stdout
