"""Several comparisons in one table, against straight lines whose ratios are known."""

import csv

import numpy as np
import pytest
from scipy.stats import wilcoxon

from lamoo_compare import Comparison, Run
from lamoo_compare.overview import count, markdown, rivals_of, row_of, write_overview


def run(sampler, seed, shares):
    # nothing but the point (1 - h, 0), whose hypervolume to (1, 1) is h
    values = np.array([[1 - share, 0.0] for share in shares])
    n = len(shares)
    return Run(sampler, seed, values, ["COMPLETE"] * n, [{"x": 0.5}] * n, np.full(n, 0.1))


def comparison(tops, source="p", trials=100, seeds=3):
    """Return a comparison whose curves rise evenly to a share."""
    runs = [
        run(sampler, seed, np.arange(1, trials + 1) * top / trials)
        for sampler, top in tops.items()
        for seed in range(seeds)
    ]
    directions = ("minimize", "minimize")
    return Comparison(source, directions, trials, tuple(tops), runs, (1.0, 1.0), 1.0, {}, "")


LINES = {
    "twice": {"lamoo": 0.8, "tpe": 0.4, "gp": 0.2, "lamoo-random": 1.0},
    "late": {"lamoo": 0.5, "tpe": 0.1, "gp": 0.8},
    "never": {"lamoo": 0.1, "tpe": 0.5, "gp": 0.2},
    "nothing": {"lamoo": 0.0, "tpe": 0.0, "gp": 0.0},
    "level": {"lamoo": 0.5, "tpe": 0.5},
    "alone": {"lamoo": 0.5, "tpe": 0.0},
}


def test_the_overview_of_straight_lines():
    rows = [row_of(comparison(tops, name)) for name, tops in LINES.items()]
    found = {row["problem"]: [row[f"{k}@50"] for k in ("rival", "match", "ratio")] for row in rows}
    assert found == {
        "twice": ["tpe", 25, "2.00"],
        # 0.4 is reached after 80 of 100 trials
        "late": ["gp", 80, "0.62"],
        # 0.25 is more than 0.1
        "never": ["tpe", "never", "-"],
        # who has nothing is not matched
        "nothing": [found["nothing"][0], "-", "-"],
        "level": ["tpe", 50, "1.00"],
        "alone": ["tpe", "-", "-"],
    }
    assert [row["match@100"] for row in rows] == [50, "never", "never", "-", 100, "-"]
    first = rows[0]
    assert (first["its share@50"], first["lamoo@50"], first["log10 gap@50"]) == (
        "0.2000",
        "0.4000",
        "-0.22",
    )
    assert count(rows, "lamoo") == (
        "lamoo at 50 trials: ratio >= 2 on 1, >= 1 on 2 of 6 problems.\n\n"
        "lamoo at 100 trials: ratio >= 2 on 1, >= 1 on 2 of 6 problems."
    )


def test_the_overview_pairs_the_seeds():
    shares = {"lamoo": (0.7, 0.8, 0.9, 0.85), "tpe": (0.4, 0.5, 0.95, 0.5)}
    runs = [run(s, i, [share] * 12) for s, each in shares.items() for i, share in enumerate(each)]
    directions = ("minimize", "minimize")
    names = tuple(shares)
    row = row_of(Comparison("p", directions, 12, names, runs, (1.0, 1.0), 1.0, {}, ""))
    assert row["p@12"] == f"{wilcoxon(*shares.values()).pvalue:.3f}"


@pytest.mark.parametrize(
    ("samplers", "rivals"),
    [
        (["lamoo", "lamoo-cma", "tpe", "ax-lamoo", "ax"], ["tpe", "ax"]),
        (["lamoo", "lamoo-cma"], ["lamoo-cma"]),
        (["ax-lamoo", "ax", "ax-lamoo-evolutionary"], ["ax"]),
        (["lamoo-tpe", "tpe"], ["tpe"]),
        (["lamoo"], []),
    ],
)
def test_variants_of_the_first_are_no_rivals_unless_alone(samplers, rivals):
    assert rivals_of(comparison(dict.fromkeys(samplers, 0.5), trials=2)) == rivals


def test_nothing_to_compare_is_said(tmp_path):
    text = write_overview([comparison({"lamoo": 0.5}, trials=10)], tmp_path)
    assert "0.5000" in text
    assert "Nothing to compare: it takes lamoo and a rival." in text


def test_what_is_written_is_what_was_found(tmp_path):
    results = [comparison(tops, name, trials=60) for name, tops in LINES.items()]
    text = write_overview(results, tmp_path)
    assert (tmp_path / "overview.md").read_text() == text
    assert markdown([row_of(result) for result in results]) in text
    curves = list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    assert len(curves) == sum(len(result.runs) for result in results)
    assert (curves[0]["problem"], curves[0]["sampler"], curves[0]["60"]) == (
        "twice",
        "lamoo",
        "0.8000",
    )
    rows = list(csv.DictReader((tmp_path / "overview.csv").read_text().splitlines()))
    assert [row["match@50"] for row in rows] == ["25", "never", "never", "-", "50", "-"]
