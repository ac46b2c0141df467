"""Draws the structure of the code into CONTRIBUTING.md: its rooms, and who imports whom.

    make structure

A room is a package, and in the engine whatever lies directly in its folder. An arrow is left out
where a longer way round says the same (the transitive reduction), so a room may import all that
its arrows lead to.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
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
#: Names of array types, the state of libraries, a number: they would hide the rest.
LEFT_OUT = {"lamoo.arrays", "lamoo.numerics", "lamoo.version"}


def rooms() -> set[str]:
    """Return the names of all rooms."""
    engine = PACKAGES[ENGINE]
    inner = {f"{ENGINE}.{file.stem}" for file in engine.glob("*.py")}
    inner |= {f"{ENGINE}.{file.parent.name}" for file in engine.glob("*/__init__.py")}
    return inner - {f"{ENGINE}.__init__", f"{ENGINE}.__main__"} | PACKAGES.keys() - {ENGINE}


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


def layers(pairs: set[tuple[str, str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Return names by layer, importers above, and each arrow's way through all layers between.

    Layers are longest ways from above; inside one, each name stands at the mean of its neighbours'
    places (Sugiyama, Tagawa and Toda, 1981).
    """
    depth = dict.fromkeys(sorted({name for pair in pairs for name in pair}), 0)
    for _ in depth:
        for one, other in pairs:
            depth[other] = max(depth[other], depth[one] + 1)
    rows: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, row in depth.items():
        rows[row].append(name)
    ways = []
    for one, other in sorted(pairs):
        between = range(depth[one] + 1, depth[other])
        for row in between:
            rows[row].append(f"{one} {other} {row}")
        ways.append([one, *(f"{one} {other} {row}" for row in between), other])
    near: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for way in ways:
        for one, other in pairwise(way):
            near[one].append(other)
            near[other].append(one)
    for _ in range(20):
        place = {name: (i + 0.5) / len(row) for row in rows for i, name in enumerate(row)}
        for row in rows:
            row.sort(key=lambda name: sum(place[other] for other in near[name]) / len(near[name]))
    return rows, ways


def svg(pairs: set[tuple[str, str]]) -> str:
    """Return the arrows as a drawing; colours and fonts are the page's."""
    rows, ways = layers(pairs)
    width, step, high = 760, 78, 30
    centre = {
        name: (width * (i + 0.5) / len(row), step * (j + 0.5))
        for j, row in enumerate(rows)
        for i, name in enumerate(row)
    }
    drawn = []
    for way in ways:
        (x, y), end = centre[way[0]], centre[way[-1]]
        y += high / 2
        path = f"M{x:.0f},{y:.0f}"
        for name in way[1:]:
            to_x, to_y = centre[name][0], centre[name][1] - (high / 2 + 6) * (centre[name] == end)
            middle = (y + to_y) / 2
            path += f"C{x:.0f},{middle:.0f} {to_x:.0f},{middle:.0f} {to_x:.0f},{to_y:.0f}"
            x, y = to_x, to_y
        drawn.append(f'<path d="{path}" marker-end="url(#arrow)"/>')
    for name, (x, y) in centre.items():
        if " " not in name:
            wide = 7.4 * len(name) + 18
            corner = f'x="{x - wide / 2:.0f}" y="{y - high / 2:.0f}"'
            drawn.append(f'<rect {corner} width="{wide:.0f}" height="{high}" rx="5"/>')
            drawn.append(f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{name}</text>')
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0,0 8,4 0,8z"/></marker></defs>'
    )
    size = f'viewBox="0 0 {width} {step * len(rows)}" role="img" aria-label="who imports whom"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{arrow}{"".join(drawn)}</svg>'


def page() -> str:
    """Return CONTRIBUTING.md with the picture as it should be, in Mermaid's language."""
    lines = [f"    {one} --> {other}" for one, other in sorted(reduced(arrows()))]
    drawing = "\n".join([START, "", "```mermaid", "flowchart TD", *lines, "```", "", END])
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + drawing + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
