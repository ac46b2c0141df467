"""Which programs the runs of a folder are of: one that was edited since is noticed, never mixed."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any

from lamoo_compare.errors import CompareError
from lamoo_compare.files import write_json

#: The SHA-256 of each file of a program, named from the folder in which the program stands.
Hashes = Mapping[str, str]

#: Folders of installed packages, where what stands beside a package is not of its program.
INSTALLED = ("site-packages", "dist-packages")


def hashes(file: Path, root: Path) -> Hashes:
    """Return the hash of a program's file, and of every file beside it that it imports.

    What those import counts, too, also where an import stands inside a function. What is imported
    without an import statement, or is read, does not.

    Args:
        file: of the program.
        root: the folder in which it stands; of a module, that of its outermost package.
    """
    found: dict[Path, str] = {}
    waiting = [file]
    own = file.relative_to(root).parts[0].removesuffix(".py")
    only = own if {*root.parts} & {*INSTALLED} else None
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_relative_to(root):
            continue
        content = path.read_bytes()
        found[path] = hashlib.sha256(content).hexdigest()
        if path.suffix == ".py":
            waiting += _imported(content, path, root, only)
    return {path.relative_to(root).as_posix(): found[path] for path in sorted(found)}


def _imported(content: bytes, path: Path, root: Path, only: str | None) -> Iterator[Path]:
    """Yield the files that a source imports, as far as they can be found from a folder.

    Args:
        content: the source.
        path: where it stands.
        root: the folder.
        only: the one package that is looked up there, ``None`` for all.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # what cannot be imported imports nothing
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                named = [(root, alias.name) for alias in names]
            case ast.ImportFrom(of, names, 0):
                named = [(root, f"{of}.{alias.name}") for alias in names]
            case ast.ImportFrom(of, names, int(level)) if level <= len(path.parents):
                base = path.parents[level - 1]
                named = [(base, f"{of or ''}.{alias.name}".strip(".")) for alias in names]
            case _:
                continue
        for base, name in named:
            if base != root or only in (None, name.partition(".")[0]):
                yield from _files(base, name)


def _files(base: Path, name: str) -> Iterator[Path]:
    """Yield the files of a dotted name and of the packages that it is in."""
    place = base
    for part in name.split("."):
        place /= part
        for suffix in all_suffixes():
            for path in (place.with_name(part + suffix), place / f"__init__{suffix}"):
                if path.is_file():
                    yield path


def check(out: Path, name: str, program: Hashes) -> None:
    """Raise an error if a program is not what it was when its runs in a folder began.

    Args:
        out: the folder.
        name: of the program: the objective, or a sampler's factory.
        program: what it is now.

    Raises:
        CompareError: naming the files that differ.
    """
    before = _noted(out).get("programs", {}).get(name, program)
    if before == program:
        return
    names = sorted(before.keys() | program.keys())
    edited = [file for file in names if before.get(file) != program.get(file)]
    raise CompareError(
        f"{name}: {', '.join(edited)} changed since the runs in {out} began, and would be mixed "
        "with what it was: choose another folder with --out, or remove that one to start anew. If "
        f"the change makes no difference to any result, remove {_note(out)}"
    )


def claim(
    out: Path, source: str, directions: Sequence[str], programs: Mapping[str, Hashes]
) -> None:
    """Note in a folder what is compared there.

    Args:
        out: the folder.
        source: the objective.
        directions: one per objective.
        programs: the objective's, and those of samplers' factories, each by its name.

    Raises:
        CompareError: if the folder holds another comparison, or see :func:`check`.
    """
    mine = {"source": source, "directions": list(directions)}
    try:
        found = _noted(out)
        if found and {key: found[key] for key in mine} != mine:
            raise CompareError(
                f"{out} holds a comparison of {found['source']} ({', '.join(found['directions'])}):"
                " choose another folder with --out, or remove that one"
            )
        for name, program in programs.items():
            check(out, name, program)
        write_json(_note(out), mine | {"programs": {**found.get("programs", {}), **programs}})
    except OSError as error:
        raise CompareError(f"{out} cannot be written: {error}") from error


def _note(out: Path) -> Path:
    return out / "runs" / "objective.json"


def _noted(out: Path) -> dict[str, Any]:
    """Return what a folder's note says, empty if it has none."""
    note = _note(out)
    found: dict[str, Any] = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    return found
