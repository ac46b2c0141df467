"""The command ``lamoo``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from rich import box
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Table

    from lamoo_compare.cell import Cell
    from lamoo_compare.comparison import compare
    from lamoo_compare.errors import CompareError
    from lamoo_compare.page import COLUMNS, cells, verdict
    from lamoo_compare.problems import PROBLEMS
    from lamoo_compare.samplers import SAMPLERS
    from lamoo_compare.summary import Comparison
except ModuleNotFoundError as error:  # the command is installed with lamoo, whatever extras
    raise SystemExit(f"lamoo compare: {error}: pip install 'lamoo[compare]'") from error

DESCRIPTION = """\
Run samplers side by side on your objective, and report which finds the front in fewer trials.

  lamoo compare train.py --samplers lamoo tpe gp --seeds 5 --trials 100 --jobs 4
  lamoo compare package.module:objective --directions maximize minimize
  lamoo compare nb201-cifar10-latency

The file holds an Optuna objective, called objective unless you say file.py:name, and beside it
directions = ["maximize", "minimize"]. What has run is kept in --out: the same command goes on where
it was interrupted, and more samplers, seeds or trials join. The others are compared with the first
sampler."""


class Live:
    """Progress bars: one for all trials, one for each run that is going on."""

    def __init__(self, console: Console, total: int) -> None:
        """Start with nothing done."""
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self.all = self.progress.add_task("all trials", total=total)
        self.tasks: dict[Cell, tuple[TaskID, int]] = {}

    def advance(self, cell: Cell, done: int) -> None:
        """Show it."""
        if cell not in self.tasks:
            task = self.progress.add_task(cell.name, total=cell.trials, completed=done)
            self.tasks[cell] = (task, done)
            self.progress.advance(self.all, done)
            return
        task, before = self.tasks[cell]
        self.tasks[cell] = (task, done)
        self.progress.update(task, completed=done)
        self.progress.advance(self.all, done - before)

    def end(self, cell: Cell, error: str | None) -> None:
        """Take its bar away; say what went wrong."""
        if cell in self.tasks:
            self.progress.remove_task(self.tasks[cell][0])
        if error:
            self.progress.console.print(
                f"{cell.name}: {error} (details in {cell.failure})",
                soft_wrap=True,
                highlight=False,
                markup=False,
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 if a run failed, 2 if something has to be mended first."""
    options = parse(arguments)
    console = Console(markup=False)  # names and paths are text, whatever brackets they hold
    given = sys.argv[1:] if arguments is None else arguments
    try:
        result = _compare(options, console, shlex.join(["lamoo", *given]))
    except CompareError as error:
        if options.debug:
            raise
        print(f"lamoo compare: {error}", file=sys.stderr)  # noqa: T201 - a command's last word
        return 2
    except KeyboardInterrupt:
        print(  # noqa: T201
            f"Interrupted. What is finished is kept in {options.out}: the same command goes on.",
            file=sys.stderr,
        )
        return 130
    console.print(table(result))
    console.print(verdict(result), highlight=False)
    console.print(f"Report: {options.out / 'report.html'}", soft_wrap=True, highlight=False)
    return int(any(run.error for run in result.runs))


def _compare(options: argparse.Namespace, console: Console, command: str) -> Comparison:
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    total = options.trials * len(seeds) * len(set(options.samplers))
    live = Live(console, total)
    with live.progress:
        return compare(
            options.objective,
            samplers=options.samplers,
            seeds=seeds,
            trials=options.trials,
            jobs=options.jobs,
            directions=options.directions,
            reference_point=options.reference_point,
            out=options.out,
            display=live,
            command=command,
        )


def table(result: Comparison) -> Table:
    """Return the terminal's table."""
    title = f"{result.source}: {result.trials} trials, medians over seeds"
    shown = Table(title=title, box=box.SIMPLE, padding=0)
    lines = [dict(zip(COLUMNS, line, strict=True)) for line in cells(result)]
    # what most comparisons have nothing to say in is left to the report
    dull = {"share"}
    if all(line["not counted"] in "0-" for line in lines):
        dull.add("not counted")
    if not any(row["incomplete"] for row in result.rows):
        dull.add("runs")
    names = [name for name in COLUMNS if name not in dull]
    for name in names:
        shown.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    shown.columns[0].justify = "left"
    for line in lines:
        shown.add_row(*(line[name].split(" (")[0] for name in names))
    return shown


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="lamoo", description="Tools of lamoo.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="compare")
    sub = commands.add_parser(
        "compare",
        help="run samplers side by side on your objective",
        description=DESCRIPTION,
        epilog=f"samplers: {', '.join(SAMPLERS)}, or file.py:factory, package.module:factory "
        f"(a function seed -> sampler)\n\nbuilt-in problems: {', '.join(PROBLEMS)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = sub.add_argument
    add("objective", help="file.py, file.py:function, package.module:function or a problem")
    add("--samplers", nargs="+", metavar="NAME", default=["lamoo", "tpe", "nsgaii", "random"])
    add("--directions", nargs="+", metavar="DIRECTION", help="minimize or maximize, per objective")
    add("--seeds", type=int, default=3, help="how many (3)")
    add("--first-seed", type=int, default=0, metavar="SEED", help="the first of them (0)")
    add("--trials", type=int, default=50, help="per run (50)")
    add("--jobs", type=int, default=1, help="runs at a time (1)")
    add("--reference-point", nargs="+", type=float, metavar="VALUE", help="in your directions")
    add("--out", type=Path, default=Path("comparison"), help="folder of the results (comparison)")
    add("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
