"""The figures show what is true of the study, in both libraries."""

import json
import math
import re
import sys
import wsgiref.util

import matplotlib as mpl
import moocore
import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler

import optuna_lamoo
from lamoo import pareto
from optuna_lamoo import LaMOOSampler, visualization
from optuna_lamoo.knowledge import knowledge_of

mpl.use("agg")
from matplotlib import pyplot as plt

from optuna_lamoo.visualization import matplotlib as twin


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    width = trial.suggest_int("width", 1, 200)
    if kind == "b":
        trial.suggest_float("extra", 0, 1)
    if hasattr(trial, "set_constraint"):  # Optuna 5
        trial.set_constraint("c", 0.5 if width > 180 else -1.0)
    if trial.number == 4:
        raise optuna.TrialPruned
    x = np.log10(lr) / 5 + 1
    return (x - 0.5) ** 2 + (kind == "a") + width / 100, -((x - 0.7) ** 2)


def feasible(trial):
    return not hasattr(trial, "constraints") or trial.constraints["c"] <= 0


@pytest.fixture(scope="module")
def study():
    sampler = LaMOOSampler(seed=0, solver="evolutionary")
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=sampler, study_name="it"
    )
    study.optimize(objective, n_trials=60)
    return study


def test_partition_is_the_tree(study):
    known = knowledge_of(study)
    figure = visualization.plot_partition(study)
    nodes, frames = figure.data
    sizes = dict(zip(nodes.ids, nodes.x, strict=True))
    parents = {node: node.rpartition(" > ")[0] for node in sizes}
    assert sizes["all"] == len(known.trials) == 59
    inner = set(parents.values()) - {""}
    assert inner
    for node in inner:
        assert sizes[node] == sum(sizes[child] for child in parents if parents[child] == node)
    assert len(frames.ids) == len(known.path)
    assert [sizes[node] for node in frames.ids] == [len(node.rows) for node in known.path]
    assert "on the path chosen next" in nodes.hovertext[0]
    axes = twin.plot_partition(study)
    drawn = sorted((round(p.get_y()), p.get_width()) for p in axes.patches)
    assert drawn == sorted((node.count(">"), sizes[node]) for node in sizes)


def test_nodes_of_the_tree_stand_below_their_parents_in_both_libraries(study):
    figure = visualization.plot_partition(study)
    nodes, frames = figure.data
    sides = zip(nodes.ids, nodes.y, nodes.base, nodes.x, nodes.marker.color, strict=True)
    at = {node: (depth, left, left + trials) for node, depth, left, trials, _ in sides}
    for node, (depth, left, right) in at.items():
        above, _, side = node.rpartition(" > ")
        if above:
            assert depth == at[above][0] + 1
            assert at[above][1] <= left < right <= at[above][2]
            good, bad = at[f"{above} > good"], at[f"{above} > bad"]
            assert (good[1], good[2], bad[2]) == (at[above][1], bad[1], at[above][2])
        assert side in ("all", "good", "bad")
    axes = twin.plot_partition(study)
    patches = {(p.get_y(), p.get_x(), p.get_x() + p.get_width()) for p in axes.patches}
    assert patches == set(at.values())
    # the same words on axes, bar and legend
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trials", "depth")
    assert [figure.layout[a].title.text for a in ("xaxis", "yaxis")] == ["trials", "depth"]
    (entry,) = axes.get_legend().get_texts()
    assert (nodes.showlegend, frames.showlegend) == (False, True)
    assert entry.get_text() == frames.name == "chosen next"
    assert axes.figure.axes[1].get_ylabel() == "hypervolume, share of all"
    assert nodes.marker.colorbar.title.text == "hypervolume,<br>share of all"
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        str(depth) for depth in sorted({depth for depth, _, _ in at.values()})
    ]
    # and in the nodes their trials
    texts = {text.replace("<br>", "\n") for text in nodes.text}
    assert {text.get_text() for text in axes.texts} <= texts
    assert nodes.text[0] == "all<br>100%<br>59 trials"
    assert all(
        text.endswith(f"<br>{n}") for text, n in zip(nodes.text[1:], nodes.x[1:], strict=True)
    )


def number(text):
    return int(re.match(r"trial (\d+)<br>", text)[1])


def test_regions_shade_what_is_inside(study):
    known = knowledge_of(study)
    figure = visualization.plot_regions(study, ["lr", "kind"])
    shade, points = figure.data
    assert figure.layout.xaxis.type == "log"
    kinds = list(figure.layout.yaxis.ticktext)
    assert kinds == ["a", "b", "None"]
    assert list(figure.layout.yaxis.tickvals) == list(shade.y) == [0, 1, 2]
    rng = np.random.default_rng(1)
    U = known.space.sample(20_000, rng)
    names = list(known.search_space)
    z = np.array(shade.z)
    for row, kind in enumerate(kinds):
        for column in (0, 20, 40):
            X = U.copy()
            X[:, names.index("lr")] = column / 40
            X[:, names.index("kind")] = (row + 0.5) / 3
            X = known.path[-1].region.space.activity.mask(X)
            truth = known.path[-1].region.contains(X).mean()
            assert z[row, column] == pytest.approx(truth, abs=0.25), kind
    assert 0 < z.mean() < 1

    numbers = pareto.dominance_number(known.history.Y, known.history.violation)
    assert sorted(points.marker.color) == sorted(numbers.tolist())
    told = {number(text): text for text in points.hovertext}
    for trial in known.trials:
        assert f"values {trial.values}" in told[trial.number]
        assert f"lr: {trial.params['lr']}" in told[trial.number]
    at = dict(zip(map(number, points.hovertext), zip(points.x, points.y, strict=True), strict=True))
    for trial in known.trials:
        x, y = at[trial.number]
        assert x == trial.params["lr"]
        assert kinds[round(y)] == str(trial.params["kind"])
    assert len(set(at.values())) == len(at)
    mesh, dots = twin.plot_regions(study, ["lr", "kind"]).collections
    assert np.array_equal(np.asarray(mesh.get_array()), z)
    assert list(dots.get_array()) == list(points.marker.color)


def test_a_trial_without_the_parameter_is_not_drawn(study):
    points = visualization.plot_regions(study, ["extra", "lr"]).data[1]
    having = [t for t in knowledge_of(study).trials if "extra" in t.params]
    assert 0 < len(points.x) == len(having) < 59


def test_of_many_choices_the_best_trials_are_drawn():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))
    names = [f"op{k}" for k in range(200)]

    def objective(trial):
        k = names.index(trial.suggest_categorical("op", names))
        x = trial.suggest_float("x", 0, 1)
        return (k - 60) ** 2 + 100 * x, (k - 90) ** 2 - 100 * x

    study.optimize(objective, n_trials=90)
    figure = visualization.plot_regions(study, ["op", "x"])
    assert figure.layout.xaxis.title.text == "op (41 of 200)"
    assert len(figure.layout.xaxis.ticktext) == len(figure.data[0].x) == 41
    shown = {study.trials[number(text)].params["op"] for text in figure.data[1].hovertext}
    assert shown == set(figure.layout.xaxis.ticktext)
    assert {trial.params["op"] for trial in study.best_trials} <= shown
    each = zip(figure.data[1].x, figure.data[1].hovertext, strict=True)
    assert all(
        figure.layout.xaxis.ticktext[round(x)] == study.trials[number(text)].params["op"]
        for x, text in each
    )
    axes = twin.plot_regions(study, ["op", "x"])
    assert axes.get_xlabel() == "op (41 of 200)"
    assert len(axes.collections[1].get_offsets()) == len(figure.data[1].x)


def test_trials_stand_at_their_own_choice_whatever_its_type():
    choices = [0, "0", True, "True", None, "None", 1.5, "1.5"]
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))

    def objective(trial):
        trial.suggest_categorical("c", choices)
        x = trial.suggest_float("x", 0, 1)
        return x, 1 - x

    study.optimize(objective, n_trials=30)
    figure = visualization.plot_regions(study, ["c", "x"])
    assert len({*figure.layout.xaxis.ticktext}) == len(choices)
    points = figure.data[1]
    assert len(points.x) == 30
    for x, text in zip(points.x, points.hovertext, strict=True):
        own = study.trials[number(text)].params["c"]
        assert choices[round(x)] == own
        assert type(choices[round(x)]) is type(own)
        assert f"c: {figure.layout.xaxis.ticktext[round(x)]}" in text
    axes = twin.plot_regions(study, ["c", "x"])
    drawn = [label.get_text() for label in axes.get_xticklabels()]
    assert drawn == list(figure.layout.xaxis.ticktext)


def test_default_params_are_those_that_shape_the_region():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))

    def objective(trial):
        _, b, _, d = (trial.suggest_float(name, 0, 1) for name in "abcd")
        return (b - 0.2) ** 2 + (d - 0.8) ** 2, (b - 0.3) ** 2 + (d - 0.7) ** 2

    study.optimize(objective, n_trials=80)
    layout = visualization.plot_regions(study).layout
    assert {layout.xaxis.title.text, layout.yaxis.title.text} == {"b", "d"}


@pytest.fixture(scope="module")
def branches():
    """Two models with parameters of their own, and a third one that was tried once."""
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))

    def objective(trial):
        model = trial.suggest_categorical("model", ["svm", "forest", "net"])
        if (model == "net") != (trial.number == 120):
            raise optuna.TrialPruned
        scale = trial.suggest_float("scale", 0, 1)
        if model == "net":
            return 9 + trial.suggest_float("w1", 0, 1), 9 + trial.suggest_float("w2", 0, 1)
        if model == "svm":
            bad = abs(trial.suggest_float("c", 1e-3, 1e3, log=True) - 1)
            bad = min(bad, 3) + abs(trial.suggest_float("gamma", 0, 1) - 0.5)
        else:
            bad = abs(trial.suggest_int("trees", 1, 100) - 20) / 30
            bad += abs(trial.suggest_float("leaf", 0, 1) - 0.2)
        return bad + scale / 9, bad - scale / 9

    study.optimize(objective, n_trials=120)
    study.enqueue_trial({"model": "net"})
    study.optimize(objective, n_trials=1)
    return study


def test_each_branch_has_a_picture(branches):
    figure = visualization.plot_regions(branches)
    shades, points = figure.data[::2], figure.data[1::2]
    assert len(shades) == len(points) == 2
    shown = [{figure.layout[f"{axis}axis{k}"].title.text for axis in "xy"} for k in ("", "2")]
    own = {"c", "gamma", "trees", "leaf"}
    assert all(pair & own for pair in shown)
    assert not shown[0] & shown[1] & own
    titles = [note.text for note in figure.layout.annotations]
    trials = {t.number: t for t in knowledge_of(branches).trials}
    for title, pair, dots in zip(titles, shown, points, strict=True):
        assert title in ("model = svm", "model = forest")
        drawn = {number(text) for text in dots.hovertext}
        assert drawn == {n for n, t in trials.items() if pair <= t.params.keys()}
        assert {trials[n].params.get("model") for n in drawn} == {title.removeprefix("model = ")}
    # one scale for all pictures, with one bar for each colour
    assert len({(dots.marker.cmin, dots.marker.cmax) for dots in points}) == 1
    assert points[0].marker.cmax == max(max(dots.marker.color) for dots in points)
    assert len({shade.zmax for shade in shades}) == 1
    assert [shade.showscale for shade in shades] == [True, False]


def test_the_twin_draws_the_same_pictures(branches):
    figure = visualization.plot_regions(branches)
    several = twin.plot_regions(branches)
    assert len(several) == 2
    for k, axes in enumerate(several):
        mesh, dots = axes.collections
        shares = np.array(figure.data[2 * k].z)
        np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan), shares)
        assert list(dots.get_array()) == list(figure.data[2 * k + 1].marker.color)
        assert dots.get_clim() == (0, figure.data[1].marker.cmax)
        assert axes.get_title() == figure.layout.annotations[k].text


def test_places_that_do_not_exist_are_not_shaded(branches):
    figure = visualization.plot_regions(branches, ["model", "c"])
    z = np.array(figure.data[0].z)
    rows = dict(zip(figure.layout.xaxis.ticktext, z.T, strict=True))
    assert np.isnan(rows["forest"]).all()
    assert not np.isnan(rows["svm"]).any()
    assert len(figure.layout.shapes) == 1  # the grey ground
    axes = twin.plot_regions(branches, ["model", "c"])
    assert np.ma.getmaskarray(axes.collections[0].get_array()).sum() == np.isnan(z).sum()
    assert axes.get_facecolor() != mpl.colors.to_rgba("white")
    plain = twin.plot_regions(branches, ["scale", "model"])
    assert plain.get_facecolor() == mpl.colors.to_rgba("white")


def test_a_colour_bar_of_dominance_begins_at_none(branches):
    for params in (None, ["w1", "w2"]):  # of the latter there is one trial
        for dots in visualization.plot_regions(branches, params).data[1::2]:
            assert dots.marker.cmin == 0
            assert dots.marker.cmax >= 1
    figure = twin.plot_regions(branches, ["w1", "w2"]).figure
    limits = [axes.get_ylim() for axes in figure.axes[1:]]
    assert all(low == 0 for low, _ in limits)


@pytest.mark.parametrize("params", ["lr", ["lr"], ["lr", "lr"], ["lr", "depth"], ["lr", "a", "b"]])
def test_wrong_params_are_named(study, params):
    with pytest.raises(ValueError, match=r"params must be two of \['extra', 'kind', 'lr', 'width"):
        visualization.plot_regions(study, params)


def test_params_may_come_in_an_array_or_a_column(study):
    pd = pytest.importorskip("pandas")
    listed = visualization.plot_regions(study, ["lr", "width"])
    for params in (np.array(["lr", "width"]), pd.Index(["lr", "width"])):
        assert visualization.plot_regions(study, params) == listed


def test_a_map_of_one_parameter_is_refused():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=RandomSampler(seed=0))
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.number), n_trials=3)
    with pytest.raises(ValueError, match=r"study must have two parameters .*, got \['x'\]"):
        visualization.plot_regions(study)


def test_one_objective_is_refused():
    study = optuna.create_study()
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3)
    for plot in (visualization.plot_partition, visualization.plot_region_history):
        with pytest.raises(ValueError, match="two objectives or more"):
            plot(study)


def test_region_history_ends_with_the_region_of_today(study):
    known = knowledge_of(study)
    hypervolume, trials, share, depth = visualization.plot_region_history(study).data
    assert hypervolume.x[-1] == 59
    assert depth.y[-1] == len(known.path) - 1
    leaf, root = known.path[-1], known.path[0]
    assert hypervolume.y[-1] == pytest.approx(leaf.hypervolume / root.hypervolume)
    assert trials.y[-1] == pytest.approx(len(leaf.rows) / 59)
    U = known.space.sample(20_000, np.random.default_rng(5))
    assert share.y[-1] == pytest.approx(leaf.region.contains(U).mean(), abs=0.03)
    assert share.y[0] == 1
    lines = twin.plot_region_history(study).lines
    assert [list(line.get_ydata()) for line in lines] == [
        list(trace.y) for trace in (hypervolume, trials, share)
    ]


def test_hypervolume_is_of_feasible_trials_so_far(study):
    other = optuna.create_study(directions=study.directions, sampler=RandomSampler(seed=1))
    other.optimize(objective, n_trials=30)
    figure = visualization.plot_hypervolume_history({"ours": study, "random": other}, [3.0, -1.0])
    axes = twin.plot_hypervolume_history({"ours": study, "random": other}, [3.0, -1.0])
    assert [trace.name for trace in figure.data] == ["ours", "random"]
    for trace, line, s in zip(figure.data, axes.lines, [study, other], strict=True):
        assert list(line.get_ydata()) == list(trace.y)
        done = s.get_trials(states=[optuna.trial.TrialState.COMPLETE])
        assert list(trace.x) == [t.number for t in done]
        assert f"trial {done[-1].number}<br>" in trace.hovertext[-1]
        assert f"lr: {done[-1].params['lr']}" in trace.hovertext[-1]
        for k in range(1, len(done) + 1):
            Y = [(t.values[0], -t.values[1]) for t in done[:k] if feasible(t)]
            truth = moocore.hypervolume(np.array(Y), ref=[3.0, 1.0]) if Y else 0.0
            assert trace.y[k - 1] == pytest.approx(truth)


@pytest.mark.parametrize("point", [None, [2.0, 5.0]])
@pytest.mark.parametrize("broken", [np.inf, -np.inf, 1e300, -1e300])
def test_a_diverged_trial_adds_nothing_to_the_hypervolume(broken, point):
    rows = [[0.3, 2.0], [0.1, 4.0], [0.2, 2.5], [0.5, 1.0]]
    curves = []
    for values in (rows, [*rows[:2], [broken, 0.5], *rows[2:]]):
        study = optuna.create_study(directions=["minimize"] * 2)
        study.add_trials([optuna.trial.create_trial(values=row) for row in values])
        curves.append(np.array(visualization.plot_hypervolume_history(study, point).data[0].y))
    sane, diverged = curves
    assert sane[-1] > sane[0]
    np.testing.assert_array_equal(diverged, [*sane[:2], sane[1], *sane[2:]])


def test_one_reference_point_for_all_and_errors(study):
    alone = visualization.plot_hypervolume_history(study).data[0]
    assert alone.name == "it"
    assert alone.y[-1] > 0
    assert np.all(np.diff(alone.y) >= 0)
    with pytest.raises(ValueError, match="reference_point must hold 2 values"):
        visualization.plot_hypervolume_history(study, [1.0])
    with pytest.raises(ValueError, match="same directions"):
        visualization.plot_hypervolume_history([study, optuna.create_study()])
    with pytest.raises(ValueError, match="different names, or be given as name -> study"):
        visualization.plot_hypervolume_history([study, study])
    with pytest.raises(ValueError, match="at least one study"):
        visualization.plot_hypervolume_history([])


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_volumes_that_no_float_can_hold_are_an_error_and_no_figure_of_zeros(unit):
    study = optuna.create_study(directions=["minimize"] * 2)
    rows = [[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]]
    values = [[unit * value for value in row] for row in rows]
    study.add_trials([optuna.trial.create_trial(values=row) for row in values])
    for draw in (visualization.plot_hypervolume_history, twin.plot_hypervolume_history):
        with pytest.raises(ValueError, match=r"give the objectives in other units \(reference"):
            draw(study)
        with np.errstate(all="raise"), pytest.raises(ValueError, match="beyond what a float"):
            draw(study)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # the names
def test_a_hypervolume_history_says_where_it_is_measured_from_and_takes_it(study):
    other = optuna.create_study(directions=study.directions, sampler=RandomSampler(seed=1))
    other.optimize(objective, n_trials=20)
    both = {"ours": study, "random": other}

    def shown(*arguments):
        title = visualization.plot_hypervolume_history(*arguments).layout.title.text
        twins = twin.plot_hypervolume_history(*arguments).get_title()
        assert title == twins.replace("\n", "<br><sup>") + "</sup>"
        return title.split("reference point: ")[1].removesuffix("</sup>")

    assert shown(both, [3.0, -1.0]) == "3, -1"
    inferred = shown(both)
    point = [float(number) for number in inferred.split(", ")]
    again = visualization.plot_hypervolume_history(both, point)
    for trace, same in zip(
        visualization.plot_hypervolume_history(both).data, again.data, strict=True
    ):
        np.testing.assert_allclose(trace.y, same.y, rtol=2e-3)  # it is printed with four digits
    named = optuna.create_study(directions=study.directions)
    named.set_metric_names(["loss", "accuracy"])
    named.add_trials(study.trials)
    assert shown(named, [3.0, -1.0]) == "loss 3, accuracy -1"
    # not all of them have these names
    assert shown({"named": named, "other": other}, [3.0, -1.0]) == "3, -1"
    with pytest.raises(ValueError, match="must hold finite values"):
        visualization.plot_hypervolume_history(study, [3.0, np.nan])


def test_more_studies_than_colours_are_told_apart_by_their_dashes(study):
    many = {str(k): study for k in range(12)}
    lines = [trace.line for trace in visualization.plot_hypervolume_history(many).data]
    assert len({(line.color, line.dash) for line in lines}) == 12
    drawn = twin.plot_hypervolume_history(many).lines
    assert len({(line.get_color(), line.get_linestyle()) for line in drawn}) == 12


def test_the_twin_is_there_without_an_import_of_its_own(python):
    # and nobody pays for pictures who draws none
    loaded = "import sys, optuna_lamoo; print({'matplotlib', 'plotly'} & sys.modules.keys())"
    drawn = "print(optuna_lamoo.visualization.matplotlib.plot_regions)"
    done = python("-c", f"{loaded}; {drawn}")
    assert done.stdout.startswith("set()\n<function plot_regions"), done.stderr


@pytest.mark.parametrize("package", ["plotly", "matplotlib", "optuna_dashboard"])
def test_a_figure_without_its_package_names_the_extra(study, monkeypatch, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    names = ("partition", "regions", "region_history", "hypervolume_history")
    drawing = {
        "plotly": [getattr(visualization, f"plot_{name}") for name in names],
        "matplotlib": [getattr(twin, f"plot_{name}") for name in names],
        "optuna_dashboard": [visualization.save_to_dashboard],
    }[package]
    extra = "dashboard" if package == "optuna_dashboard" else "plots"
    for draw in drawing:
        with pytest.raises(
            ModuleNotFoundError, match=rf"{package}: pip install 'lamoo\[{extra}\]'"
        ):
            draw(study)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_ten_thousand_trials_are_drawn_with_few_hypervolumes(m, monkeypatch):
    rng = np.random.default_rng(0)
    study = optuna.create_study(directions=["minimize"] * m)
    values = rng.random((10_000, m))
    study.add_trials([optuna.trial.create_trial(values=row.tolist()) for row in values])
    fronts, hypervolume = [], pareto.hypervolume
    monkeypatch.setattr(
        pareto, "hypervolume", lambda front, at: fronts.append(front) or hypervolume(front, at)
    )
    figure = visualization.plot_hypervolume_history(study, [1.0] * m)
    # One for who joins the front. Of n at random the n-th does with about ln(n)^(m-1) / (m-1)! / n
    # (Bentley et al. 1978): 300 with four objectives.
    assert len(fronts) < 1000
    assert figure.data[0].y[-1] == pytest.approx(moocore.hypervolume(values, ref=[1.0] * m))


def test_dashboard_shows_the_figures(tmp_path):
    dashboard = pytest.importorskip("optuna_dashboard")
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(
        storage=url,
        directions=["minimize", "maximize"],
        sampler=LaMOOSampler(seed=0, solver="random"),
    )
    study.optimize(objective, n_trials=14)
    visualization.save_to_dashboard(study)
    shown = ask(dashboard.wsgi(url), f"/api/studies/{study._study_id}", "after=0")
    found = {g["id"]: json.loads(g["graph_object"]) for g in shown["plotly_graph_objects"]}
    assert found.keys() == {
        "lamoo-partition", "lamoo-region-history", "lamoo-hypervolume", "lamoo-regions",
    }  # fmt: skip
    assert found["lamoo-partition"]["data"][0]["type"] == "bar"


def ask(application, path, query):
    """Return what a WSGI application answers: as its server would, but without a port."""
    request = {"PATH_INFO": path, "QUERY_STRING": query}
    wsgiref.util.setup_testing_defaults(request)
    said = []
    body = b"".join(application(request, lambda status, *_: said.append(status)))
    assert said == ["200 OK"], body
    return json.loads(body)


@pytest.fixture(scope="module")
def shortened():
    """A study whose trials stop at steps of their own, and two that failed."""
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=RandomSampler(seed=0))

    def objective(trial):
        tracked = optuna_lamoo.track(trial)
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        if trial.number == 3:  # before any report
            raise optuna.TrialPruned
        size = (kind == "a") + 9 * lr
        for epoch in range(1, 10):
            gone_wrong = trial.number == 7 and epoch == 4
            tracked.report([math.inf if gone_wrong else 0.1 * epoch - lr, size], epoch)
            if epoch == 4 and trial.number % 2:
                raise optuna.TrialPruned
        return 0.9 - lr, size

    study.optimize(objective, n_trials=20)
    return study


def test_trials_that_were_stopped_are_neither_results_nor_failures(shortened):
    stopped = {t.number: t for t in shortened.trials if t.number % 2 and t.number not in (3, 7)}
    figure = visualization.plot_regions(shortened, ["lr", "kind"])
    shade, crosses, points = figure.data
    assert (figure.layout.showlegend, crosses.showlegend, crosses.name) == (
        True,
        True,
        "stopped early",
    )
    assert not shade.showlegend
    assert not points.showlegend
    assert {number(text) for text in points.hovertext} == {*range(0, 20, 2)}
    assert crosses.marker.symbol != points.marker.symbol
    assert crosses.marker.color is None  # that is by dominance number, and these have none
    each = dict(
        zip(
            map(number, crosses.hovertext),
            zip(crosses.x, crosses.y, crosses.hovertext, strict=True),
            strict=True,
        )
    )
    assert each.keys() == stopped.keys()
    for n, (x, y, text) in each.items():
        trial = stopped[n]
        reported = [
            0.4 - trial.params["lr"],
            (trial.params["kind"] == "a") + 9 * trial.params["lr"],
        ]
        assert x == trial.params["lr"]
        assert figure.layout.yaxis.ticktext[round(y)] == trial.params["kind"]
        assert f"stopped early after step 4<br>reported {reported}" in text
        assert f"lr: {trial.params['lr']}" in text
        assert "dominated" not in text
    axes = twin.plot_regions(shortened, ["lr", "kind"])
    _, marks, dots = axes.collections
    assert np.allclose(marks.get_offsets(), np.stack([crosses.x, crosses.y], axis=1))
    assert np.allclose(dots.get_offsets(), np.stack([points.x, points.y], axis=1))
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [crosses.name] == [marks.get_label()]
    assert marks.zorder <= dots.zorder


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_what_others_stopped_is_shown_with_what_they_stored():
    study = optuna.create_study(directions=["minimize"] * 2)
    study.set_metric_names(["error", "size"])
    distributions = {n: optuna.distributions.FloatDistribution(0, 1) for n in "xy"}
    for x in (0.2, 0.8):
        study.add_trial(
            optuna.trial.create_trial(
                params={"x": x, "y": x}, distributions=distributions, values=[x, 1 - x]
            )
        )
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.PRUNED,
            params={"x": 0.5, "y": 0.1},
            distributions=distributions,
            user_attrs={"multi_pruner:values": {"1": {"error": 0.7}, "2": {"error": 0.6}}},
        )
    )
    crosses = visualization.plot_regions(study).data[1]
    (text,) = crosses.hovertext
    assert "stopped early after step 2<br>reported [0.6, None]" in text


def test_one_legend_for_several_pictures(branches):
    study = optuna.create_study(directions=branches.directions)
    study.add_trials(branches.trials)
    for trial in branches.trials[:40]:
        attrs = {"lamoo:reports": "[[1, 9, 9]]"}
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.PRUNED,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs=attrs,
            )
        )
    figure = visualization.plot_regions(study)
    crosses = [trace for trace in figure.data if trace.name == "stopped early"]
    assert [trace.showlegend for trace in crosses] == [True, False]
    assert [len(trace.x) for trace in crosses] == [
        sum(axis in t.params for t in branches.trials[:40])
        for axis in (figure.layout[f"xaxis{k}"].title.text for k in ("", "2"))
    ]
    (legend,) = twin.plot_regions(study)[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["stopped early"]
