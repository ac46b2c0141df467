"""Compare samplers on a suite of test problems: ``lamoo compare`` with pictures.

    python examples/benchmarks/run.py --quick
    python examples/benchmarks/run.py --problems nb201-cifar10-latency --samplers lamoo tpe gp

Cells, statistics and tables are those of ``lamoo compare``: each problem has its folder in --out,
what has run there is not run again, and the same command goes on where it was interrupted. The
first sampler is compared with the best of the others. A problem whose table is not on this machine
is skipped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from asking import positive
from extras import needs

from lamoo_compare import __main__ as command
from lamoo_compare.problems import exists

SUITE = (
    "nb201-cifar10-size",
    "nb201-cifar10-latency",
    "nb201-cifar10-three",
    "nb201-authors",
    "nbgraph-cora",
    "nbgraph-arxiv",
    "hpobench-credit_g",
    "hpolib-slice_localization",
    "model-search",
    "branin-currin",
    "vehicle-safety",
    "dtlz2-d10",
    "dtlz2-d10-noisy",
    "dtlz2-d10-m5",
    "dtlz2-d100",
    "dtlz7-d20",
    "zdt1-d30",
    "zdt4-d10",
    "wfg4-d12",
    "kursawe",
)
QUICK = ("nb201-cifar10-latency", "hpobench-credit_g", "branin-currin", "dtlz2-d10")
SAMPLERS = (
    *("lamoo", "lamoo-gp-fast", "lamoo-evolutionary", "lamoo-random", "lamoo-cma"),
    *("lamoo-gp-alone", "lamoo-gp-fast-alone", "lamoo-evolutionary-alone", "lamoo-cma-alone"),
    *("tpe", "tpe-multivariate", "nsgaii", "nsgaii-pop20", "gp", "random"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, report and draw; return what ``lamoo compare`` does."""
    options = parse(arguments)
    out: Path = options.out
    given = {
        "--samplers": options.samplers,
        "--seeds": [options.seeds],
        "--first-seed": [options.first_seed],
        "--trials": [options.trials],
        "--workers": [options.workers],
        "--jobs": [options.jobs],
        "--out": [out],
    }
    words = [word for option, values in given.items() for word in (option, *map(str, values))]
    code = command.main(["compare", *options.problems, "--apart", *words])
    if code in (0, 1) and (out / "curves.csv").exists():
        try:
            from plots import draw  # noqa: PLC0415 - the runs' processes need no matplotlib
        except ModuleNotFoundError as error:  # no reason to lose what has run
            needs(
                error, "demo", besides=" and then python examples/benchmarks/plots.py " + str(out)
            )
        draw(out / "curves.csv", options.samplers[0], out / "hypervolume.png")
    return code


def problem(name: str) -> str:
    """Return a name if it is one of a problem."""
    if not exists(name):
        raise argparse.ArgumentTypeError(f"no problem is called {name!r}, see below (--help)")
    return name


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=command.epilog(),
    )
    parser.add_argument("--problems", nargs="+", type=problem, metavar="NAME")
    parser.add_argument("--samplers", nargs="+", metavar="NAME")
    parser.add_argument("--seeds", type=positive, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    parser.add_argument("--trials", type=positive, help="per run")
    parser.add_argument("--workers", type=positive, default=1, help="trials at a time in a run")
    parser.add_argument("--jobs", type=positive, default=1, help="processes at a time")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the results")
    parser.add_argument("--quick", action="store_true", help="a small table in a few minutes")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.problems = options.problems or (QUICK if quick else SUITE)
    options.samplers = options.samplers or (("lamoo", "tpe", "random") if quick else SAMPLERS)
    options.seeds = options.seeds or (3 if quick else 5)
    options.trials = options.trials or (50 if quick else 100)
    return options


if __name__ == "__main__":
    sys.exit(main())
