"""Several comparisons in one table: the first sampler against the best rival on each objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lamoo_compare.files import write_csv
from lamoo_compare.summary import Comparison, log10_gap

Row = dict[str, str | int]

#: Samplers are compared after these numbers of (full) trials or, in shorter runs, at the end.
CHECKPOINTS = (50, 100)


def budgets_of(comparison: Comparison) -> list[int]:
    """Return after how many trials samplers are compared."""
    return [n for n in CHECKPOINTS if n <= comparison.trials] or [comparison.trials]


def rivals_of(comparison: Comparison) -> list[str]:
    """Return the samplers that are no variants of the first, or all others if there are none.

    Variants have the same name up to the first hyphen, apart from "ax-", whatever stops them.
    """

    def family(sampler: str) -> str:
        return sampler.removeprefix("ax-").partition("+")[0].partition("-")[0]

    first, *others = comparison.samplers
    return [other for other in others if family(other) != family(first)] or others


def row_of(comparison: Comparison) -> Row:
    """Return how the first sampler compares with the best rival after each budget.

    ``rival`` has the highest median; ``match`` is after how many trials, or epochs, the first
    sampler's median is what the rival's is after the budget, ``ratio`` the budget over it (a budget
    of full trainings, where epochs are counted) and ``p`` that of
    :meth:`~lamoo_compare.Comparison.p_value`. Without whole runs of both, only a part; a rival that
    has nothing is not matched.
    """
    first, row = comparison.samplers[0], Row(problem=comparison.source)
    for n in budgets_of(comparison):
        shares = {
            sampler: float(np.median(curves[:, comparison.at(n)])) / (comparison.best or 1.0)
            for sampler in comparison.samplers
            if len(curves := comparison.curves_of(sampler))
        }
        rivals = [rival for rival in rivals_of(comparison) if rival in shares]
        best = max(rivals, key=lambda rival: shares[rival], default=None)
        if best:
            row |= {f"rival@{n}": best, f"its share@{n}": f"{shares[best]:.4f}"}
        if first in shares:
            row[f"{first}@{n}"] = f"{shares[first]:.4f}"
            row[f"log10 gap@{n}"] = f"{log10_gap(shares[first]):.2f}"
        if best and first in shares:
            match = comparison.match(first, best, n)
            p = comparison.p_value(best, n)
            row[f"match@{n}"] = match or ("never" if comparison.has_any(best, n) else "-")
            row[f"ratio@{n}"] = f"{n * comparison.full / match:.2f}" if match else "-"
            row[f"p@{n}"] = "-" if p is None else f"{p:.3f}"
    return row


def count(rows: Sequence[Row], first: str) -> str:
    """Return, for each budget, on how many problems the first needs half the trials, and fewer."""
    budgets = sorted({int(key.partition("@")[2]) for row in rows for key in row if "match@" in key})
    lines = []
    for n in budgets:
        found = [row[f"ratio@{n}"] for row in rows if f"ratio@{n}" in row]
        ratios = [float(ratio) for ratio in found if ratio != "-"]
        lines.append(
            f"{first} at {n} trials: ratio >= 2 on {sum(ratio >= 2 for ratio in ratios)}, "
            f">= 1 on {sum(ratio >= 1 for ratio in ratios)} of {len(found)} problems."
        )
    return "\n\n".join(lines) or f"Nothing to compare: it takes {first} and a rival."


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table, its columns aligned; what a row lacks is a dash."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *([str(row.get(key, "-")) for key in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([c.ljust(w) for c, w in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def write_overview(comparisons: Sequence[Comparison], out: Path) -> str:
    """Write ``overview.md``, ``overview.csv`` and ``curves.csv``; return what the first holds."""
    rows = [row_of(comparison) for comparison in comparisons]
    text = f"{markdown(rows)}\n\n{count(rows, comparisons[0].samplers[0])}\n"
    out.mkdir(parents=True, exist_ok=True)
    (out / "overview.md").write_text(text, encoding="utf-8")
    write_csv(out / "overview.csv", rows)
    write_csv(out / "curves.csv", [row for each in comparisons for row in _curves(each)])
    return text


def _curves(comparison: Comparison) -> Iterable[Row]:
    """Yield a row per run: its share of the best hypervolume after each (full) trial, four digits.

    A run that ended early has a shorter row.
    """
    for i, run in enumerate(comparison.runs):
        paid = int(min(run.paid(comparison.budget), comparison.trials))
        curve = comparison.curve_of(i)[[comparison.at(n) for n in range(1, paid + 1)]]
        shares = (curve / (comparison.best or 1.0)).tolist()
        about: Row = {"problem": comparison.source, "sampler": run.sampler, "seed": run.seed}
        yield about | {str(n): f"{share:.4f}" for n, share in enumerate(shares, 1)}
