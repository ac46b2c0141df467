"""Draws the structure of the code into CONTRIBUTING.md: its rooms, and who imports whom.

    make structure

A room is a package, and in the engine whatever lies directly in its folder. An arrow is left out
where a longer way round says the same (the transitive reduction), so a room may import all that
its arrows lead to.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
START, END = "<!-- made by docs/structure.py -->", "<!-- end of what it made -->"
ENGINE = "lamoo"
PACKAGES = {
    ENGINE: ROOT / "shared" / "lamoo",
    "lamoo_compare": ROOT / "shared" / "lamoo_compare",
    "optuna_lamoo": ROOT / "optuna_lamoo",
    "ax_lamoo": ROOT / "ax_lamoo",
}
#: Names of array types, and of the state of libraries, which would hide the rest.
LEFT_OUT = {"lamoo.arrays", "lamoo.numerics", "lamoo.checks"}


def rooms() -> set[str]:
    """Return the names of all rooms."""
    engine = PACKAGES[ENGINE]
    inner = {f"{ENGINE}.{file.stem}" for file in engine.glob("*.py")}
    inner |= {f"{ENGINE}.{file.parent.name}" for file in engine.glob("*/__init__.py")}
    return inner - {f"{ENGINE}.__init__"} | PACKAGES.keys() - {ENGINE}


def room(name: str, names: set[str]) -> str:
    """Return the room that a dotted name of our packages belongs to, the engine's face for none."""
    inner = ".".join(name.split(".")[:2])
    return inner if inner in names else name.partition(".")[0]


def imported(file: Path) -> Iterator[str]:
    """Yield the dotted names of our packages that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] in PACKAGES)


def arrows() -> set[tuple[str, str]]:
    """Return all pairs of a room and one that it imports."""
    names = rooms()
    found = set()
    for package, folder in PACKAGES.items():
        for file in folder.rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            here = room(".".join([package, *parts]), names)
            found |= {(here, room(name, names)) for name in imported(file)}
    shown = names - LEFT_OUT
    return {(one, other) for one, other in found if one != other and {one, other} <= shown}


def reduced(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows without those that a way of two or more arrows says as well."""
    after: dict[str, set[str]] = {}
    for one, other in pairs:
        after.setdefault(one, set()).add(other)

    def reach(name: str) -> set[str]:
        return {name}.union(*(reach(other) for other in after.get(name, ())))

    return {
        (one, other)
        for one, other in pairs
        if not any(other in reach(between) for between in after[one] - {other})
    }


def page() -> str:
    """Return CONTRIBUTING.md with the picture as it should be, in Mermaid's language."""
    lines = [f"    {one} --> {other}" for one, other in sorted(reduced(arrows()))]
    drawing = "\n".join([START, "", "```mermaid", "flowchart TD", *lines, "```", "", END])
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + drawing + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
