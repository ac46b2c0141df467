"""The documentation site: `make docs` builds it with Sphinx.

Sphinx, because it is kept (MkDocs 1 is not, and its Material theme is at its end), reads the
docstrings by importing the code, runs notebooks (MyST-NB) and reads the Markdown that also reads
well in the repository. Furo, because it loads nothing from elsewhere: a site needs no network.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import plotly.offline
from docutils import nodes
from nbclient import NotebookClient
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT / "shared"), str(ROOT), str(DOCS)]

from structure import svg  # noqa: E402 - beside this file

from lamoo import __version__  # noqa: E402 - of the checkout

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]

project = "lamoo"
author = "the lamoo authors"
copyright = author  # noqa: A001 - Sphinx's name
release = version = __version__
html_title = f"lamoo {__version__}"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

# ---- The reference, from the docstrings ----------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": False}
python_maximum_signature_line_length = 60
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

# ---- Notebooks -----------------------------------------------------------------------------------

nb_execution_mode = "cache"  # anew when a notebook changed; `make docs` begins without a cache
nb_execution_timeout = 600
NotebookClient.startup_timeout.default_value = 600  # a busy machine takes more than its minute
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "remove"  # Optuna warns that names of metrics are experimental

# ---- The theme -----------------------------------------------------------------------------------

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["lamoo.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "source_repository": f"{REPOSITORY}/",
    "source_branch": "main",
    "source_directory": "docs/",
}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = ">>> "

# Figures are plotly's: the kernel writes them without plotly.js, of which the site holds one copy.
KERNEL = """\
import plotly.io
from plotly.io.base_renderers import MimetypeRenderer


class Site(MimetypeRenderer):
    def to_mimebundle(self, figure):
        look = {"responsive": True, "displaylogo": False}
        alone = {"full_html": False, "include_plotlyjs": False, "include_mathjax": False}
        return {"text/html": plotly.io.to_html(figure, config=look, **alone)}


plotly.io.renderers["site"] = Site()
plotly.io.renderers.default = "site"
"""
PLOTLY = "plotly.min.js"


def prepare(app: Sphinx) -> None:
    """Give the notebooks' kernel its start, and the engine of the checkout."""
    folder = Path(app.outdir).parent / "kernel"
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "plotly_renderer.py").write_text(KERNEL, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def link_to_the_repository(app: Sphinx, page: str, source: list[str]) -> None:  # noqa: ARG001
    """Lead links that leave the folder of the documentation to the repository."""
    here = (DOCS / page).parent

    def lead(match: re.Match[str]) -> str:
        target = (here / match["path"]).resolve()
        if target.is_relative_to(DOCS) or not target.exists():
            return match[0]
        return f"]({REPOSITORY}/blob/main/{target.relative_to(ROOT).as_posix()}{match['anchor']})"

    source[0] = re.sub(r"\]\((?P<path>\.\.?/[^)#\s]*)(?P<anchor>#[^)\s]*)?\)", lead, source[0])


def give_plotly(
    _app: Sphinx,
    _page: str,
    _template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load plotly.js on the pages that show a figure, and before it."""
    if doctree is not None and "plotly-graph-div" in context.get("body", ""):
        source = context["pathto"](f"_static/{PLOTLY}", resource=True)
        context["body"] = f'<script src="{source}"></script>{context["body"]}'


def write_plotly(app: Sphinx, error: Exception | None) -> None:
    """Put plotly.js into the site."""
    if error is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        (static / PLOTLY).write_text(plotly.offline.get_plotlyjs(), encoding="utf-8")


def mermaid(app: Sphinx) -> None:
    """Draw the flow charts of Markdown pages, which a repository's pages draw by JavaScript."""
    from docutils.parsers.rst import Directive  # noqa: PLC0415

    class Mermaid(Directive):
        has_content = True

        def run(self) -> list[nodes.Node]:
            lines = [line.split() for line in self.content if "-->" in line]
            arrows = {(one, other) for one, _, other in lines}
            return [nodes.raw("", f'<div class="structure">{svg(arrows)}</div>', format="html")]

    app.add_directive("mermaid", Mermaid)


def setup(app: Sphinx) -> None:
    """Connect the above."""
    mermaid(app)
    app.connect("builder-inited", prepare)
    app.connect("source-read", link_to_the_repository)
    app.connect("html-page-context", give_plotly)
    app.connect("build-finished", write_plotly)
