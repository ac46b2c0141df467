"""Draws the picture of the algorithm: docs/algorithm.png.

    python docs/algorithm.py

A real task of two parameters and two objectives (BraninCurrin) after 60 random trials: these, the
tree that was learned from them, and where the next one is proposed.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from lamoo import History, Partition, Settings, Task, chosen_path, pareto, suggest
from lamoo.arrays import Floats, Ints
from lamoo.partition.tree import Node
from lamoo_compare.problems import load

TRIALS, SEED = 60, 5
CHOSEN, LEAF, PLAIN = "#D55E00", "#0072B2", "0.75"
GRID = 300


def study() -> Task:
    """Return a task after random trials, which show a region better than a search that left it."""
    problem = load("branin-currin")
    X = np.random.default_rng(SEED).random((TRIALS, 2))
    Y = np.array([problem.evaluate(params) for params in problem.space.decode(X)])
    settings = Settings(seed=SEED, solver="evolutionary", partition=Partition(leaf_size=8))
    return Task(problem.space, History(X, Y), settings)


def trials(axes: Axes, task: Task, numbers: Ints) -> None:
    """Draw the trials over the two parameters, coloured by what dominates them."""
    points = axes.scatter(
        *task.history.X.T, c=numbers + 1, cmap="Oranges_r", norm=LogNorm(), edgecolors="black"
    )
    bar = axes.figure.colorbar(points, ax=axes, label="dominated by so many others")
    bar.set_ticks([1, 3, 11, 31], labels=["0", "2", "10", "30"])
    bar.minorticks_off()


def regions(axes: Axes, path: tuple[Node, ...]) -> None:
    """Shade the regions on the way to the leaf, the deeper the darker."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    depth: Floats = np.zeros(len(grid))
    for node in path[1:]:
        depth += node.region.contains(grid)
    axes.pcolormesh(
        ticks,
        ticks,
        depth.reshape(GRID, GRID),
        cmap="Blues",
        vmax=2 * (len(path) - 1),
        rasterized=True,
    )


def tree(axes: Axes, path: tuple[Node, ...]) -> None:
    """Draw the tree along the way to the leaf, and what was left on each side."""
    for depth, node in enumerate(path):
        last = depth == len(path) - 1
        box(axes, 0.0, depth, node, LEAF if last else CHOSEN, "leaf" if last else "")
        for child in node.children:
            on_path = not last and child.members.tolist() == path[depth + 1].members.tolist()
            side = "good" if child is node.children[0] else "bad"
            x = 0.0 if on_path else 1.0
            axes.annotate(
                "", (x, depth + 0.68), (0.0, depth + 0.32),
                arrowprops={"arrowstyle": "-|>", "color": CHOSEN if on_path else PLAIN, "lw": 1.5},
            )  # fmt: skip
            axes.text(x / 2 - 0.06 * (not x), depth + 0.5, side, ha="right" if not x else "left",
                      va="center", fontsize=8)  # fmt: skip
            if not on_path:
                box(axes, 1.0, depth + 1, child, PLAIN, "")
    axes.set(xlim=(-0.6, 1.6), ylim=(len(path) - 0.5, -0.5))
    axes.axis("off")


def box(axes: Axes, x: float, y: float, node: Node, colour: str, word: str) -> None:
    """Draw a node."""
    text = f"{word + ': ' if word else ''}{len(node.members)} trials"
    look = {"boxstyle": "round,pad=.45", "fc": "white", "ec": colour, "lw": 2}
    axes.text(x, y, text, ha="center", va="center", bbox=look, fontsize=9)


def draw() -> plt.Figure:
    """Return the picture."""
    task = study()
    path = chosen_path(task)
    numbers = pareto.dominance_number(task.history.Y)
    x = suggest(task, 1, np.random.default_rng((SEED, TRIALS)))[0]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained")
    trials(left, task, numbers)
    left.set_title("1. Trials: which are dominated by few?")
    tree(middle, path)
    middle.set_title("2. A tree of learned boundaries")
    regions(right, path)
    right.scatter(*task.history.X.T, c="white", edgecolors="0.4", s=18)
    right.scatter(*x, marker="*", s=260, c=CHOSEN, edgecolors="black", zorder=3, clip_on=False,
                  label="proposal")  # fmt: skip
    right.set_title("3. The leaf, and the proposal in it")
    right.legend(loc="lower left")
    for axes in (left, right):
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="first parameter", ylabel="second parameter")
        axes.set_box_aspect(1)
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_suffix(".png"), dpi=110)
