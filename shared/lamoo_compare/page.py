"""The report: a page that needs no network, and files for programs."""

from __future__ import annotations

import html
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from lamoo_compare import figures
from lamoo_compare.files import write_csv, write_json
from lamoo_compare.summary import FEWEST_SEEDS, Comparison

#: A difference with a p above may be chance.
LEVEL = 0.05

#: The columns of the table: what stands above it, and what it means.
COLUMNS = {
    "sampler": "",
    "hypervolume": "median of the seeds after the last trial, and quartiles",
    "share": "of the best hypervolume known",
    "log10 gap": "of what is missing to that share",
    "matched after": "trials after which the first sampler's median is what this one ends with",
    "ratio": "all trials over those: how many times fewer the first sampler needs",
    "p": "two-sided Wilcoxon signed-rank test against the first sampler, paired by seed",
    "ask, s": "CPU seconds per proposal, mean of a run",
    "repeats": "trials with the parameters of an earlier one",
    "not counted": "trials that failed, were pruned or violate a constraint",
    "runs": "finished, of how many",
}
#: What they mean where epochs are counted, and what is shown besides.
OF_EPOCHS = {
    "hypervolume": "median of the seeds after the last epoch, and quartiles",
    "matched after": "epochs after which the first sampler's median is what this one ends with",
    "ratio": "all epochs over those: how many times fewer the first sampler needs",
    "of its epochs": "those as a share of all epochs that this one had",
    "trials": "how many were begun",
    "stopped": "how many of them were pruned",
}


def columns(comparison: Comparison) -> Mapping[str, str]:
    """Return the columns of a comparison's table, and what they mean."""
    if comparison.budget == "trials":
        return COLUMNS
    others = {name: COLUMNS[name] for name in COLUMNS if name != "runs"}
    return others | OF_EPOCHS | {"runs": COLUMNS["runs"]}


def write_report(comparison: Comparison, out: Path) -> None:
    """Write ``report.html``, ``comparison.json``, ``summary.csv`` and ``trials.csv``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(page(comparison), encoding="utf-8")
    write_json(out / "comparison.json", as_json(comparison))
    write_csv(out / "summary.csv", _summary(comparison))
    write_csv(out / "trials.csv", _trials(comparison))


def page(comparison: Comparison) -> str:
    """Return the page: ``report.html``, beside this module, with what stands for each ``$name``."""
    template = resources.files("lamoo_compare").joinpath("report.html").read_text("utf-8")
    titles = columns(comparison)
    table = [list(titles), *cells(comparison)]
    many = len(comparison.samplers) > figures.MOST
    return Template(template).substitute(
        title=html.escape(f"Samplers on {comparison.source}"),
        verdict=html.escape(verdict(comparison)),
        errors=_errors(comparison),
        table=_table(table, [*titles.values()]),
        matches=_table(_matches(comparison)),
        budget=comparison.budget,
        Budget=comparison.budget.capitalize(),
        end=comparison.end,
        facts=_facts(comparison),
        plotly=get_plotlyjs(),
        apart=" Each beside the first sampler, the thicker line." if many else "",
        hypervolume=_drawn(figures.hypervolume(comparison)),
        by_trials=_by_trials(comparison),
        ask=_drawn(figures.ask_time(comparison)),
        some="<p>Of the first sampler and the five best of the others.</p>" if many else "",
        fronts=_drawn(figures.fronts(comparison)),
    )


def _by_trials(comparison: Comparison) -> str:
    """Return the curves against trials, where they were drawn against something else."""
    if comparison.budget == "trials":
        return ""
    figure = figures.hypervolume(replace(comparison, budget="trials"))
    return f"<h2>Hypervolume against trials</h2>\n{_drawn(figure)}"


def _drawn(figure: go.Figure) -> str:
    drawn: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"responsive": True, "displaylogo": False, "displayModeBar": False},
    )
    return drawn


def verdict(comparison: Comparison) -> str:
    """Return in words what came out, and how many trials were stopped early for it."""
    stopped = [
        f"{row['sampler']} stopped {row['stopped']:g} of {row['trials']:g} trials early"
        for row in comparison.rows
        if comparison.budget == "epochs" and row.get("stopped")
    ]
    about = f" Medians of the seeds: {'; '.join(stopped)}." if stopped else ""
    return _outcome(comparison) + about


def _outcome(comparison: Comparison) -> str:
    """Return in a sentence what came out; with fewer than six seeds nothing is decided."""
    rows = {row["sampler"]: row for row in comparison.rows if "hypervolume" in row}
    first, unit = comparison.samplers[0], comparison.budget
    rivals = [row for name, row in rows.items() if name != first]
    if first not in rows or not rivals:
        return "There is nothing to compare: it takes two samplers with finished runs."
    if not any(row["hypervolume"] > 0 for row in rows.values()):
        return (
            f"After {comparison.end} {unit} most runs have nothing better than the reference "
            "point in every objective: run more trials, or pass another --reference-point."
        )
    rival = max(rivals, key=lambda row: row["hypervolume"])
    name, n = rival["sampler"], comparison.end
    if rival["hypervolume"] <= 0:
        return (
            f"After {n} {unit} {first} has {rows[first]['share']:.1%} of the best known "
            "hypervolume. There is nothing to match: the median of each other sampler has nothing "
            "better than the reference point in every objective."
        )
    against = (
        f"{rows[first]['share']:.1%} of the best known hypervolume against {rival['share']:.1%}"
    )
    seeds = comparison.pairs(name)
    if seeds < FEWEST_SEEDS:
        return (
            f"Undecided: {seeds} seed{'s' * (seeds != 1)} cannot tell merit from chance, which "
            f"takes {FEWEST_SEEDS} or more (--seeds {FEWEST_SEEDS} goes on from here). So far "
            f"{first} and {name}, the best of the others, end with {against}."
        )
    chance = f"; p = {rival['p']:.2g} over {seeds} seeds"
    if rival["p"] >= LEVEL:
        chance += ", so the difference at the end may be chance"
    matched = comparison.match(first, name)
    if matched is None:
        return (
            f"Within {n} {unit} {first} does not reach what {name}, the best of the others, ends "
            f"with ({against}{chance})."
        )
    return (
        f"After {matched} of {n} {unit} {first} has what {name}, the best of the others, has at "
        f"the end: {n / matched:.1f} times fewer {unit}. At the end {against}{chance}."
    )


def cells(comparison: Comparison) -> list[list[str]]:
    """Return the table of :func:`columns` as text, a row per sampler."""
    return [
        [cell.get(name, "-") for name in columns(comparison)]
        for cell in (_cells(row, comparison) for row in comparison.rows)
    ]


def _cells(row: Mapping[str, Any], comparison: Comparison) -> dict[str, str]:
    """Return what stands in a row, column -> text; what is missing is not known."""
    runs = f"{row['runs'] - row['incomplete']} of {row['runs']}"
    known = {"sampler": row["sampler"], "runs": runs}
    if "hypervolume" not in row:
        return known
    is_first = row["sampler"] == comparison.samplers[0]
    match = comparison.match(comparison.samplers[0], row["sampler"])
    matched = {
        "matched after": str(match or ("never" if comparison.has_any(row["sampler"]) else "-")),
        "ratio": "-" if match is None else f"{comparison.end / match:.1f}",
        "of its epochs": "-" if match is None else f"{match / comparison.end:.0%}",
    }
    return known | {
        "hypervolume": f"{row['hypervolume']:.5g} ({row['lower']:.5g} to {row['upper']:.5g})",
        "share": f"{row['share']:.1%}",
        "log10 gap": f"{row['log10_gap']:.2f}",
        **(dict.fromkeys(matched, "") if is_first else matched),
        "p": "" if row["p"] is None else f"{row['p']:.2g}",
        "ask, s": f"{row['ask_seconds']:.2g}",
        "repeats": f"{row['duplicates']:g}",
        "not counted": f"{row['not_counted']:g}",
        "trials": f"{row['trials']:g}",
        "stopped": f"{row['stopped']:g}",
    }


def _matches(comparison: Comparison) -> list[list[str]]:
    names = list(comparison.samplers)
    lines = [[row, *(_match(comparison, row, column) for column in names)] for row in names]
    return [["", *names], *lines]


def _match(comparison: Comparison, row: str, column: str) -> str:
    if row == column:
        return ""
    found = comparison.match(row, column)
    return str(found or ("never" if comparison.has_any(column) else "-"))


def warnings_of(comparison: Comparison) -> list[str]:
    """Return a line per sampler that warned: how often, and the most frequent warning."""
    lines = []
    for sampler in comparison.samplers:
        said = Counter(w for r in comparison.runs if r.sampler == sampler for w in r.warned)
        for message, _ in said.most_common(1):
            first = message.splitlines()[0] if message else ""
            lines.append(f"{sampler} warned {said.total()} times, most often: {first}")
    return lines


def _table(lines: Sequence[Sequence[str]], titles: Sequence[str] = ()) -> str:
    def head(j: int, text: str) -> str:
        title = f' title="{html.escape(titles[j])}"' if titles and titles[j] else ""
        return f"<th{title}>{html.escape(text)}</th>"

    header = "".join(head(j, text) for j, text in enumerate(lines[0]))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>\n"
        for line in lines[1:]
    )
    return f"<table><thead><tr>{header}</tr></thead>\n<tbody>{body}</tbody></table>"


def _errors(comparison: Comparison) -> str:
    """Return a line for each run that ended early: why, and after how many trials."""
    # how many trials the epochs of a budget would have been nobody knows
    of = f" of {comparison.trials}" if comparison.budget == "trials" else ""
    return "".join(
        f'<p class="error">{html.escape(f"{run.sampler}, seed {run.seed}: {run.error}")} '
        f"({len(run.values)}{of} trials)</p>\n"
        for run in comparison.runs
        if run.error
    )


def _facts(comparison: Comparison) -> str:
    seeds = ", ".join(map(str, dict.fromkeys(run.seed for run in comparison.runs)))
    facts = {
        "Command": f"<code>{html.escape(comparison.command)}</code>",
        "Objectives": html.escape(_listed(comparison, comparison.directions)),
        f"{comparison.budget.capitalize()} per run": str(comparison.end),
        "Seeds": seeds,
        "Reference point": html.escape(
            _listed(comparison, [f"{v:.6g}" for v in comparison.reference_point])
        ),
        "Best hypervolume known": f"{comparison.best:.6g}",
        "Warnings": html.escape("; ".join(warnings_of(comparison)) or "none"),
        "Versions": html.escape(", ".join(f"{k} {v}" for k, v in comparison.versions.items())),
    }
    return "\n".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())


def _listed(comparison: Comparison, values: Sequence[str]) -> str:
    """Return a value per objective, with the names of those if they have any."""
    named = zip(comparison.metric_names, values, strict=False)
    return ", ".join([f"{name}: {value}" for name, value in named] or values)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return all figures; not-a-numbers are ``None``."""
    return {
        "source": comparison.source,
        "directions": list(comparison.directions),
        "metric_names": list(comparison.metric_names),
        "trials": comparison.trials,
        "budget": comparison.budget,
        "end": comparison.end,
        "reference_point": list(comparison.reference_point),
        "best_hypervolume": comparison.best,
        "versions": dict(comparison.versions),
        "command": comparison.command,
        "summary": comparison.rows,
        "runs": [
            {
                "sampler": run.sampler,
                "seed": run.seed,
                "error": run.error,
                "duplicates": run.duplicates,
                "hypervolume": curve.tolist(),
                "epochs": [*run.epochs],
                "ask_cpu_seconds": [_number(v) for v in run.ask.tolist()],
            }
            for run, curve in zip(comparison.runs, comparison.curves, strict=True)
        ],
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _summary(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in ("match", "errors")}
        | {f"match {other}": n for other, n in row.get("match", {}).items()}
        for row in comparison.rows
    ]


def _trials(comparison: Comparison) -> list[dict[str, Any]]:
    rows = []
    names = comparison.metric_names or range(len(comparison.directions))
    for run, curve in zip(comparison.runs, comparison.curves, strict=True):
        for n in range(len(curve)):
            row = {"sampler": run.sampler, "seed": run.seed, "trial": n, "state": run.states[n]}
            named = zip(names, run.values[n].tolist(), strict=True)
            row |= {f"value {name}": value for name, value in named}
            row |= {"hypervolume": curve[n], "ask_cpu_seconds": run.ask[n]}
            row |= {"epochs": run.epochs[n]} if run.epochs else {}
            rows.append(row | {"params": json.dumps(dict(run.params[n]), default=str)})
    return rows
