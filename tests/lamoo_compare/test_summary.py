"""The figures of a comparison, against their definitions."""

from dataclasses import replace

import moocore
import numpy as np
import pytest
from scipy.stats import wilcoxon

from lamoo_compare import CompareError, Comparison, Run, figures
from lamoo_compare.page import _trials, as_json, cells, page, verdict
from lamoo_compare.summary import best_of, check_volumes, front_of, infer_reference

DIRECTIONS = ("minimize", "maximize")
REFERENCE = (1.0, 0.0)


def run(sampler, seed, values, error=None):
    n = len(values)
    values = np.array(values, dtype=float).reshape(n, 2)
    params = [{"x": float(i // 2)} for i in range(n)]
    return Run(sampler, seed, values, ["COMPLETE"] * n, params, np.full(n, 0.25), error)


def comparison(runs, trials, samplers=("a", "b")):
    return Comparison(
        "file.py", DIRECTIONS, trials, samplers, runs, REFERENCE, 2.0, {"python": "3"}, "lamoo ..."
    )


def random_runs(n=12, seeds=6):
    rng = np.random.default_rng(0)
    shift = {"a": 0.3, "b": 0.0}
    return [
        run(s, seed, rng.random((n, 2)) * [1 - shift[s], 1] + [0, shift[s]])
        for seed in range(seeds)
        for s in ("a", "b")
    ]


def test_curves_are_the_hypervolume_of_every_prefix():
    runs = random_runs()
    runs[0].values[3] = np.nan
    result = comparison(runs, 12)
    for found, r in zip(result.curves, runs, strict=True):
        Y = r.values * [1, -1]
        for n in range(1, 13):
            known = Y[:n][~np.isnan(Y[:n]).any(axis=1)]
            assert found[n - 1] == pytest.approx(moocore.hypervolume(known, ref=[1.0, 0.0]))


def test_row_is_medians_over_seeds():
    result = comparison(random_runs(), 12)
    ends = {s: [c[-1] for c, r in zip(result.curves, result.runs, strict=True) if r.sampler == s]
            for s in "ab"}  # fmt: skip
    for row in result.rows:
        mine = ends[row["sampler"]]
        assert row["hypervolume"] == pytest.approx(np.median(mine))
        assert row["lower"] == pytest.approx(np.quantile(mine, 0.25))
        assert row["share"] == row["hypervolume"] / 2
        assert row["log10_gap"] == pytest.approx(np.log10(1 - np.median(mine) / 2))
        assert row["duplicates"] == 6
        assert row["ask_seconds"] == 0.25
    assert result.rows[0]["p"] is None
    assert result.rows[1]["p"] == pytest.approx(wilcoxon(np.subtract(ends["b"], ends["a"])).pvalue)


def test_match_is_the_first_trial_at_which_the_median_is_there():
    steps = [[(0.9, 0.1)] * k + [(0.5, 0.5)] * (6 - k) for k in (1, 2, 3) * 2]
    late = [[(0.9, 0.1)] * 5 + [(0.5, 0.5)] for _ in range(6)]
    runs = [run("a", i, v) for i, v in enumerate(steps)]
    runs += [run("b", i, v) for i, v in enumerate(late)]
    result = comparison(runs, 6)
    assert result.match("a", "b") == 3
    assert result.match("b", "a") == 6
    assert result.rows[1]["ratio"] == 2.0
    assert "After 3 of 6 trials a has what b" in verdict(result)
    assert "2.0 times fewer" in verdict(result)


def test_never_reached_is_said():
    starts = {"a": (0.9, 0.1), "b": (0.1, 0.9)}
    runs = [run(s, i, [start] * 3) for s, start in starts.items() for i in range(6)]
    result = comparison(runs, 3)
    assert result.match("a", "b") is None
    assert "Within 3 trials a does not reach what b" in verdict(result)
    assert cells(result)[1][4:6] == ["never", "-"]


def test_nothing_is_reached_at_zero():
    runs = [run(s, 0, [(2.0, 1.0)] * 3) for s in "ab"]
    assert comparison(runs, 3).match("a", "b") is None
    assert "nothing better than the reference point" in verdict(comparison(runs, 3))


def test_there_is_nothing_to_match_where_no_rival_has_anything():
    runs = [run("a", 0, [(0.5, 0.5)] * 3), run("b", 0, [(2.0, 1.0)] * 3)]
    said = verdict(comparison(runs, 3))
    assert "a has 12.5% of the best known hypervolume" in said
    assert "nothing to match" in said
    assert "fewer trials" not in said
    assert cells(comparison(runs, 3))[1][4:6] == ["-", "-"]


@pytest.mark.parametrize("seeds", range(1, 9))
def test_the_verdict_abstains_where_no_test_could_tell(seeds):
    # nothing is clearer than this: b is better with every seed, by another amount
    runs = [run("b", i, [(0.2 - i / 99, 0.8)] * 4) for i in range(seeds)]
    runs += [run("a", i, [(0.7, 0.3)] * 4) for i in range(seeds)]
    for samplers in (("a", "b"), ("b", "a")):
        said = verdict(comparison(runs, 4, samplers))
        could = seeds > 1 and wilcoxon(np.arange(1.0, seeds + 1)).pvalue < 0.05
        assert said.startswith("Undecided") == (not could)
        assert ("times fewer" in said) == (could and samplers[0] == "b")
        assert "may be chance" not in said
    # seeds that only one of them has are no pairs
    other = [replace(each, seed=each.seed + 10 * (each.sampler == "a")) for each in runs]
    assert verdict(comparison(other, 4)).startswith("Undecided: 0 seeds")


def test_a_difference_that_may_be_chance_is_said_to_be():
    rng = np.random.default_rng(3)
    runs = [run(s, i, rng.random((5, 2))) for s in "ab" for i in range(7)]
    result = comparison(runs, 5)
    assert result.rows[1]["p"] > 0.05
    assert f"p = {result.rows[1]['p']:.2g} over 7 seeds, so the difference at the end may be" in (
        verdict(result)
    )


def test_objectives_have_names_where_somebody_gave_them():
    plain, n = comparison(random_runs(), 12), 72 * 2
    named = replace(plain, metric_names=("loss", "accuracy"))
    for result, labels, keys in [
        (plain, ["objective 0 (min.)", "objective 1 (max.)"], ["value 0", "value 1"]),
        (named, ["loss (min.)", "accuracy (max.)"], ["value loss", "value accuracy"]),
    ]:
        layout = figures.fronts(result).layout
        assert [layout.xaxis.title.text, layout.yaxis.title.text] == labels
        rows = _trials(result)
        assert len(rows) == n
        assert all(key in row for row in rows for key in keys)
    assert as_json(named)["metric_names"] == ["loss", "accuracy"]
    text = page(named)
    assert "<dd>loss: minimize, accuracy: maximize</dd>" in text
    assert "<dd>loss: 1, accuracy: 0</dd>" in text
    assert "<dd>minimize, maximize</dd>" in page(plain)


def many(k, n=8):
    rng = np.random.default_rng(k)
    names = tuple(f"s{i}" for i in range(k))
    # the later, the better
    runs = [
        run(s, seed, rng.random((n, 2)) * [1 - i / 20, 1])
        for i, s in enumerate(names)
        for seed in (0, 1)
    ]
    return comparison(runs, n, names)


@pytest.mark.parametrize("draw", [figures.hypervolume, figures.ask_time])
def test_up_to_six_samplers_share_a_picture_and_are_told_apart(draw):
    for k in (2, 6):
        lines = [trace for trace in draw(many(k)).data if trace.mode == "lines"]
        assert [line.name for line in lines] == [f"s{i}" for i in range(k)]
        assert len({line.line.color for line in lines}) == k
        assert len({line.line.dash for line in lines}) == k
        assert {line.xaxis for line in lines} <= {None, "x"}


@pytest.mark.parametrize("draw", [figures.hypervolume, figures.ask_time])
def test_more_samplers_have_a_picture_each_beside_the_first(draw):
    result = many(9)
    figure = draw(result)
    panels = {}
    for trace in figure.data:
        if trace.mode == "lines":
            panels.setdefault(trace.xaxis, {})[trace.name] = trace
    assert [sorted(panel) for panel in panels.values()] == [["s0", f"s{i}"] for i in range(1, 9)]
    titles = [note.text for note in figure.layout.annotations]
    assert titles[:8] == [f"s{i}" for i in range(1, 9)]
    for panel in panels.values():
        first, other = panel["s0"], panel[next(name for name in panel if name != "s0")]
        assert first.line.color != other.line.color
        assert first.line.dash != other.line.dash
    assert sum(bool(t.showlegend) for t in figure.data) == 1
    if draw is figures.hypervolume:
        for i in range(1, 9):
            middle = np.median(result.curves_of(f"s{i}"), axis=0) / result.best
            np.testing.assert_allclose(panels["x" + str(i) * (i > 1)][f"s{i}"].y, middle)


def test_fronts_are_of_the_first_and_the_best():
    result = many(9)
    medians = {row["sampler"]: row["hypervolume"] for row in result.rows}
    best = sorted([f"s{i}" for i in range(1, 9)], key=lambda s: -medians[s])[:5]
    drawn = figures.fronts(result).data
    assert {trace.name for trace in drawn} == {"s0", *best}
    assert len({(trace.marker.color, trace.marker.symbol) for trace in drawn}) == 6
    assert "the five best of the others" in page(result)
    assert "the five best of the others" not in page(many(6))


def test_unfinished_runs_are_marked_and_left_out():
    runs = [
        run("a", 0, [(0.5, 0.5)] * 3),
        run("a", 1, [(0.1, 0.9)], "its process died (SIGKILL)"),
        run("b", 0, [], "boom <script>"),
    ]
    result = comparison(runs, 3)
    assert result.rows[0]["hypervolume"] == 0.25
    assert result.rows[0]["incomplete"] == 1
    assert "hypervolume" not in result.rows[1]
    assert cells(result)[1][1:] == [*["-"] * 9, "0 of 1"]
    text = page(result)
    assert "a, seed 1: its process died (SIGKILL)" in text
    assert "boom &lt;script&gt;" in text
    assert as_json(result)["runs"][1]["error"] == "its process died (SIGKILL)"


def test_front_is_of_all_runs_in_the_users_directions():
    values = [np.array([[0.2, 0.5], [np.nan, np.nan], [0.5, 0.9]]), np.array([[0.3, 0.4]])]
    assert front_of(values, DIRECTIONS).tolist() == [[0.2, 0.5], [0.5, 0.9]]
    assert front_of([], DIRECTIONS).shape == (0, 2)


def test_inferred_reference_is_worse_than_the_front_and_robust():
    rng = np.random.default_rng(1)
    values = rng.random((200, 2))
    point = infer_reference([values, np.array([[1e9, -1e9], [np.inf, 0.0]])], DIRECTIONS)
    front = front_of([values], DIRECTIONS)
    assert point[0] > front[:, 0].max()
    assert point[1] < front[:, 1].min()
    assert abs(point[0]) < 1e3
    assert best_of([values], DIRECTIONS, point) > 0
    assert infer_reference([np.full((2, 2), np.nan)], DIRECTIONS) == (0.0, 0.0)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_volumes_that_no_float_can_hold_are_an_error(unit):
    values = np.random.default_rng(1).random((20, 2))
    check_volumes([values], DIRECTIONS, infer_reference([values], DIRECTIONS))
    values = [np.vstack([unit * values, np.full((1, 2), np.nan)])]
    with pytest.raises(CompareError, match="in other units"):
        check_volumes(values, DIRECTIONS, infer_reference(values, DIRECTIONS))


@pytest.mark.parametrize("broken", [np.inf, -np.inf, 1e300, -1e300])
def test_a_diverged_trial_changes_no_figure(broken):
    rows = random_runs()[0].values
    worse = rows.copy()
    rows[3], worse[3] = np.nan, (broken, 0.5)
    sane, diverged = (comparison([run("a", 0, values)], len(rows)) for values in (rows, worse))
    np.testing.assert_array_equal(diverged.curves[0], sane.curves[0])
    assert diverged.rows[0]["not_counted"] == sane.rows[0]["not_counted"] == 1
    assert diverged.front("a").tolist() == sane.front("a").tolist()
    assert infer_reference([worse], DIRECTIONS) == infer_reference([rows], DIRECTIONS)


def test_page_asks_nothing_of_the_network():
    text = page(comparison(random_runs(), 12))
    head = text.split("<body>")[0].split("<script>")[0] + text.split("</script>", 1)[1]
    assert "src=" not in head
    assert 'href="http' not in head
    assert text.count("<table>") == 2
    assert all(word in text for word in ("file.py", "lamoo ...", "python 3", "0, 1, 2, 3, 4, 5"))
