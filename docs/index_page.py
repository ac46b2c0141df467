"""Make of the README what a package index shows: that page alone, so its links are whole addresses.

    python docs/index_page.py    # prints it

In the repository links are relative: they lead somewhere before anything is published.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def index_page(readme: str, repository: str) -> str:
    """Return a README whose relative links lead into the repository, and that installs by name."""
    raw = repository.replace("github.com", "raw.githubusercontent.com")
    page = re.sub(r"(!\[[^]]*\]\()(?![\w:]*//)", rf"\1{raw}/main/", readme)
    page = re.sub(r"(\]\()(?![\w:]*//|#)", rf"\1{repository}/blob/main/", page)
    return re.sub(r'pip install "\.\[', 'pip install "lamoo[', page)


def main() -> None:
    """Print it."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    sys.stdout.write(index_page((ROOT / "README.md").read_text("utf-8"), urls["Repository"]))


if __name__ == "__main__":
    main()
