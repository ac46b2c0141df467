"""The command ``lamoo``.

It stands here and not beside its tools, since these need packages that an installation may lack,
and a version is asked for first where something is missing.
"""

from __future__ import annotations

import importlib
import sys

from lamoo.version import __version__


def main() -> int:
    """Run the command; return its exit status.

    Raises:
        SystemExit: if a package is missing that the tools need, with the extra that brings it.
    """
    if sys.argv[1:] == ["--version"]:
        print(f"lamoo {__version__}")  # noqa: T201 - what was asked for
        return 0
    try:
        tools = importlib.import_module("lamoo_compare.__main__")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("lamoo"):
            raise
        raise SystemExit(f"lamoo: {error}") from error
    return int(tools.main())


if __name__ == "__main__":
    sys.exit(main())
