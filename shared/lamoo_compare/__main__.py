"""The command ``lamoo``."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from lamoo.version import __version__

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

    from lamoo_compare.budget import BUDGETS
    from lamoo_compare.cell import Cell
    from lamoo_compare.comparison import compare
    from lamoo_compare.errors import CompareError
    from lamoo_compare.overview import write_overview
    from lamoo_compare.page import cells, columns, verdict, warnings_of
    from lamoo_compare.problems import FAMILIES, PROBLEMS, missing
    from lamoo_compare.samplers import KNOWING, RULES, SAMPLERS
    from lamoo_compare.summary import FEWEST_SEEDS, Comparison
except ModuleNotFoundError as error:  # the command is installed with lamoo, whatever extras
    raise SystemExit(f"lamoo compare: {error}: pip install 'lamoo[compare]'") from error

DESCRIPTION = """\
Run samplers side by side on your objective, and report which finds the front in fewer trials.

  lamoo compare train.py --samplers lamoo tpe gp --seeds 6 --trials 100 --jobs 4
  lamoo compare package.module:objective --directions maximize minimize
  lamoo compare nb201-cifar10-latency
  lamoo compare dtlz2-d10 zdt1-d30 kursawe --samplers lamoo tpe --workers 4
  lamoo compare train.py --samplers lamoo+curves lamoo tpe+halving tpe --budget epochs

The file holds an Optuna objective, called objective unless you say file.py:name, and beside it
directions = ["maximize", "minimize"]; with metric_names = ["accuracy", "seconds"] the objectives
have names. What has run is kept in --out: the same command goes on where it was interrupted, and
more samplers, seeds or trials join, as long as nobody edits the file, or one beside it that it
imports. The others are compared with the first sampler; fewer than six seeds decide nothing.
Several objectives get a folder each in --out, and a table over all of them.

With --budget epochs every run trains for as many epochs as --trials full trainings have: a sampler
with a rule behind its name, like tpe+halving, stops bad trainings early and has more trials. What a
trial trained is what its objective reports through optuna_lamoo.track."""


class Live:
    """Progress bars: one for all trials, one for each run that is going on."""

    def __init__(self, console: Console, total: int) -> None:
        """Start with nothing done, and show nothing before something is."""
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
        self.progress.start()
        if cell not in self.tasks:
            task = self.progress.add_task(cell.name, total=cell.trials, completed=done)
            self.tasks[cell] = (task, done)
            self.progress.advance(self.all, done)
            return
        task, before = self.tasks[cell]
        self.tasks[cell] = (task, done)
        self.progress.update(task, completed=done)
        self.progress.advance(self.all, done - before)

    def wait(self, cell: Cell) -> None:
        """Say who is waited for."""
        self._say(f"{cell.name}: another process runs it in this folder; waiting for its end")

    def end(self, cell: Cell, error: str | None) -> None:
        """Take its bar away; say what went wrong."""
        if cell in self.tasks:
            self.progress.remove_task(self.tasks[cell][0])
        if error:
            self._say(f"{cell.name}: {error} (details in {cell.failure})")

    def _say(self, text: str) -> None:
        """Print a line above the bars."""
        self.progress.console.print(text, soft_wrap=True, highlight=False, markup=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 if a run failed, 2 if something has to be mended first."""
    options = parse(arguments)
    console = Console(markup=False)  # names and paths are text, whatever brackets they hold
    given = sys.argv[1:] if arguments is None else arguments
    try:
        results = _compare_all(options, console, shlex.join(["lamoo", *given]))
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
    if results and (options.apart or len(options.objectives) > 1):
        console.out(write_overview(results, options.out), highlight=False)
        console.print(f"Overview: {options.out / 'overview.md'}", soft_wrap=True, highlight=False)
    return int(not results or any(run.error for result in results for run in result.runs))


def _compare_all(options: argparse.Namespace, console: Console, command: str) -> list[Comparison]:
    """Compare on each objective and say what came out; leave out tables that are not there."""
    sources, results = list(dict.fromkeys(options.objectives)), []
    apart = options.apart or len(sources) > 1
    for source in sources:
        if apart and (how := missing(source)):
            console.print(f"Skipped: {source}: {how}", soft_wrap=True, highlight=False)
            continue
        folder = re.sub(r"[^\w.-]+", "-", source).strip("-.")
        out = options.out / folder if apart else options.out
        result = _compare(source, out, options, console, command)
        results.append(result)
        console.print(table(result))
        for line in warnings_of(result):
            console.print(line, highlight=False)
        console.print(verdict(result), highlight=False)
        console.print(f"Report: {out / 'report.html'}", soft_wrap=True, highlight=False)
    return results


def _compare(
    source: str, out: Path, options: argparse.Namespace, console: Console, command: str
) -> Comparison:
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    total = options.trials * len(seeds) * len(set(options.samplers))
    live = Live(console, total)
    try:
        return compare(
            source,
            samplers=options.samplers,
            seeds=seeds,
            trials=options.trials,
            jobs=options.jobs,
            workers=options.workers,
            budget=options.budget,
            directions=options.directions,
            reference_point=options.reference_point,
            out=out,
            display=live,
            command=command,
        )
    finally:
        if live.tasks:
            live.progress.stop()


def table(result: Comparison) -> Table:
    """Return the terminal's table."""
    title = f"{result.source}: {result.end} {result.budget}, medians over seeds"
    shown = Table(title=title, box=box.SIMPLE, padding=0)
    lines = [dict(zip(columns(result), line, strict=True)) for line in cells(result)]
    # what most comparisons have nothing to say in is left to the report
    dull = {"share"}
    if all(line["not counted"] in "0-" for line in lines):
        dull.add("not counted")
    if not any(row["incomplete"] for row in result.rows):
        dull.add("runs")
    if result.budget == "epochs":
        dull |= {"ratio", "repeats", "not counted"}  # what fits says it as a percentage
    names = [name for name in columns(result) if name not in dull]
    for name in names:
        shown.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    shown.columns[0].justify = "left"
    for line in lines:
        shown.add_row(*(line[name].split(" (")[0] for name in names))
    return shown


def epilog() -> str:
    """Return which samplers and problems there are, and how to get what is missing."""
    problems: dict[str | None, list[str]] = {None: []}
    for name in PROBLEMS:
        problems.setdefault(missing(name), []).append(name)
    lines = [
        f"samplers: {', '.join(SAMPLERS)}; on problems with known objectives {', '.join(KNOWING)}",
        "or file.py:factory, package.module:factory, a function seed -> sampler",
        f"behind each a rule that stops trials: {' or '.join(f'+{r}' for r in RULES)}",
        f"built-in problems: {', '.join(problems.pop(None))}",
        f"drawn from any number N: {', '.join(f'drawn-{family}-N' for family in FAMILIES)}",
        *(f"after {how}: {', '.join(names)}" for how, names in problems.items()),
    ]
    return "\n\n".join(textwrap.fill(line, 96, break_on_hyphens=False) for line in lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="lamoo", description="Tools of lamoo.")
    parser.add_argument("--version", action="version", version=f"lamoo {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sub = commands.add_parser(
        "compare",
        help="run samplers side by side on your objective",
        description=DESCRIPTION,
        epilog=epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = sub.add_argument
    add(
        "objectives",
        nargs="+",
        metavar="objective",
        help="file.py, file.py:function, package.module:function or a problem",
    )
    samplers = ["lamoo", "tpe", "nsgaii", "random"]
    add(
        "--samplers",
        nargs="+",
        metavar="NAME",
        default=samplers,
        help=f"see below; the others are compared with the first ({' '.join(samplers)})",
    )
    add("--directions", nargs="+", metavar="DIRECTION", help="minimize or maximize, per objective")
    add("--seeds", type=int, default=FEWEST_SEEDS, help=f"how many ({FEWEST_SEEDS})")
    add("--first-seed", type=int, default=0, metavar="SEED", help="the first of them (0)")
    add("--trials", type=int, default=50, help="per run (50)")
    add("--jobs", type=int, default=1, help="runs at a time (1)")
    add("--workers", type=int, default=1, help="trials that are running at a time in a run (1)")
    add(
        "--budget",
        choices=BUDGETS,
        default="trials",
        help="what is counted (trials); epochs: each run has those of so many full trainings",
    )
    add(
        "--reference-point",
        nargs="+",
        type=float,
        metavar="VALUE",
        help="where hypervolume is measured from, one per objective "
        "(the problem's, or a little beyond the worst of all trials)",
    )
    add("--out", type=Path, default=Path("comparison"), help="folder of the results (comparison)")
    add("--apart", action="store_true", help="a folder per objective, also of a single one")
    add("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
