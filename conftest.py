"""Leaves the Ax plugin and its tests out where Ax is not installed, and says so."""

from importlib.util import find_spec

AX = bool(find_spec("ax") and find_spec("torch"))
# the files of ax_lamoo, and not the folder: one that `testpaths` names is not ignored
OF_AX = ["ax_lamoo/*", "tests/ax_lamoo", "shared/lamoo_compare/ax_sampler.py"]
# modules that need a package which not everybody has: package -> file
OF_SOLVERS = {
    "botorch": "shared/lamoo/solvers/botorch.py",
    "cmaes": "shared/lamoo/solvers/cma.py",
    "egobox": "shared/lamoo_compare/egobox_sampler.py",
}
collect_ignore_glob = [] if AX else OF_AX
collect_ignore_glob += [file for package, file in OF_SOLVERS.items() if not find_spec(package)]


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    left_out = "ax_lamoo: left out with its tests, Ax is not installed (pip install lamoo[oracle])"
    return [] if AX else [left_out]
