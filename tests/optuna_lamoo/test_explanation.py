"""Rules recover a region that is known, and what is said of them is true."""

import math

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler

from lamoo import Partition, pareto
from lamoo.report import prim
from optuna_lamoo import LaMOOSampler, explain, explanation, reduced_space, track
from optuna_lamoo.knowledge import knowledge_of


def objective(trial):
    """The Pareto set: lr from 10^-3.3 to 10^-2.7, op a or b, width 32; noise has no effect."""
    u = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    op = trial.suggest_categorical("op", ["a", "b", "c", "d"])
    trial.suggest_float("noise", 0, 1)
    width = trial.suggest_int("width", 1, 64)
    penalty = 2 * (op in "cd") + ((width - 32) / 32) ** 2
    return (u + 3.3) ** 2 + penalty, (u + 2.7) ** 2 + penalty


def study_of(objective, n, seed=0, sampler=None, m=2):
    study = optuna.create_study(
        directions=["minimize"] * m, sampler=sampler or LaMOOSampler(seed=seed)
    )
    study.optimize(objective, n_trials=n)
    return study


@pytest.fixture(scope="module", params=[1, 2, 3])
def study(request):
    return study_of(objective, 200, sampler=RandomSampler(seed=request.param))


def test_rules_recover_the_known_region(study):
    found = explain(study)
    assert set(found.rules["op"]) == {"a", "b"}
    low, high = found.rules["lr"]
    assert 1e-4 < low <= 10**-3.2
    assert 10**-2.8 <= high < 1e-2
    narrow, wide = found.rules["width"]
    assert narrow <= 32 <= wide
    assert wide - narrow < 50
    assert found.space_share < 0.15
    assert found.hypervolume_share > 0.95
    assert "noise" not in found.rules
    assert found.importance["noise"] < min(found.importance["lr"], found.importance["width"])
    assert 0.55 < found.confidence <= 1
    text = str(found)
    assert "op in {a, b}" in text or "op in {b, a}" in text
    assert f"lr in [{low:g}, {high:g}]" in text


def test_shares_are_true(study):
    found = explain(study)
    known = knowledge_of(study)
    rng = np.random.default_rng(9)
    params = known.space.decode(known.space.sample(20_000, rng))

    def keeps(p):
        return all(
            p[n] in rule if n == "op" else rule[0] <= p[n] <= rule[1]
            for n, rule in found.rules.items()
        )

    assert np.mean([keeps(p) for p in params]) == pytest.approx(found.space_share, abs=0.01)
    front = pareto.nondominated(known.history.Y)
    kept = np.array([keeps(trial.params) for trial in known.trials])
    assert found.front_size == front.sum()
    assert abs(found.front - (kept & front).sum()) <= 1  # bounds are rounded outwards


def test_reduced_space_serves_a_follow_up(study):
    space = reduced_space(study)
    assert list(space) == ["lr", "noise", "op", "width"]
    assert space["lr"].log
    assert isinstance(space["width"], IntDistribution)
    assert set(space["op"].choices) == {"a", "b"}

    def narrowed(trial):
        params = {name: trial._suggest(name, d) for name, d in space.items()}
        return objective(optuna.trial.FixedTrial(params))

    ends = []
    for f in (narrowed, objective):
        again = study_of(f, 60, sampler=RandomSampler(seed=5))
        Y = np.array([trial.values for trial in again.trials])
        ends.append(pareto.hypervolume(Y, np.array([0.5, 0.5])))
    assert ends[0] > 1.05 * ends[1]


def test_every_kind_stays_what_it_is():
    def objective(trial):
        a = trial.suggest_float("a", 0, 1, step=0.1)
        b = trial.suggest_int("b", 1, 1024, log=True)
        c = trial.suggest_int("c", 0, 30, step=3)
        e = trial.suggest_float("e", -1, 1)
        f = trial.suggest_categorical("f", [True, None, 3])
        bad = abs(a - 0.3) + abs(math.log2(b) - 5) / 5 + abs(c - 21) / 15 + (f is None)
        return bad + (e - 0.1) ** 2, bad + (e + 0.1) ** 2

    study = study_of(objective, 120, sampler=RandomSampler(seed=0))
    before = study.trials[0].distributions
    after = reduced_space(study)
    for name, d in after.items():
        assert type(d) is type(before[name])
        if isinstance(d, CategoricalDistribution):
            assert set(d.choices) <= {True, None, 3}
            continue
        assert before[name].low <= d.low <= d.high <= before[name].high
        assert (d.step, d.log) == (before[name].step, before[name].log)
        if d.step:
            assert (d.low - before[name].low) / d.step == pytest.approx(
                round((d.low - before[name].low) / d.step)
            )
    assert sum(after[name] != before[name] for name in after) >= 2
    assert None not in after["f"].choices


def test_conditional_parameters_are_handled():
    def objective(trial):
        model = trial.suggest_categorical("model", ["svm", "forest"])
        if model == "svm":
            c = trial.suggest_float("c", 1e-3, 1e3, log=True)
            return math.log10(c) ** 2, (math.log10(c) - 0.5) ** 2
        depth = trial.suggest_int("depth", 1, 20)
        return 5.0 + depth, 6.0

    study = study_of(objective, 60)
    found = explain(study)
    assert found.rules["model"] == ("svm",)
    low, high = found.rules["c"]
    assert 1e-2 < low <= 1.1
    assert 3 <= high < 500
    assert reduced_space(study)["model"].choices == ("svm",)


def test_too_few_trials_teach_nothing():
    found = explain(study_of(objective, 3))
    assert found.rules == {}
    assert found.confidence is None
    assert found.space_share == 1
    assert "Nothing is learned yet from 3 trials" in str(found)
    assert reduced_space(study_of(objective, 3))["lr"] == FloatDistribution(1e-5, 1e-1, log=True)


@pytest.mark.parametrize("n", [1, 30])
def test_trials_that_were_stopped_early_are_named(n):
    def training(trial):
        trial = track(trial)
        x, size = trial.suggest_float("x", 0, 1), trial.suggest_int("size", 1, 9)
        for epoch in range(1, 6):
            error = x + 1 / size + 1 / epoch
            trial.report([error, size], epoch)
            if epoch == 2 and trial.number and trial.number % 3 != 0:
                raise optuna.TrialPruned
        return error, size

    sampler = LaMOOSampler(seed=0, n_startup_trials=4, solver="evolutionary")
    study = study_of(training, 3 * n, sampler=sampler)
    found = explain(study)
    assert (found.trials, found.stopped) == (n, 2 * n)
    assert str(found).endswith(f"\n  {2 * n} more trials were stopped early, and learned from")
    assert explain(study_of(objective, 6)).stopped == 0


@pytest.mark.parametrize("choices", [0, 20, 40])
def test_forty_parameters_take_one_look_at_one_column_a_peel(choices, monkeypatch):
    def many(trial):
        places = [trial.suggest_categorical(f"c{j}", [*range(6)]) for j in range(choices)]
        places += [trial.suggest_float(f"x{j}", 0, 5) for j in range(40 - choices)]
        return sum(places), sum((5 - place) ** 2 for place in places)

    study = study_of(many, 30, sampler=RandomSampler(seed=0))
    study.sampler = LaMOOSampler(partition=Partition(leaf_size=1))
    looked = []
    allows = prim.Box.allows
    monkeypatch.setattr(
        prim.Box, "allows", lambda box, u, *of: looked.append(len(u)) or allows(box, u, *of)
    )
    explain(study)
    # A round tries every peel and leaves 95 % of the points, so all rounds together see at most 20
    # times those of the first; as many again for all else. With whole boxes it was 40 times that.
    peels = 6 * choices + 2 * (40 - choices)
    assert sum(looked) <= 2 * peels * prim.DRAWS / prim.PEEL


@pytest.mark.parametrize("k", range(5))
def test_narrowed_steps_are_those_of_the_whole_range(k):
    # found by test_any_study: 3 * 0.1 is more than 0.3, and Optuna warned of it
    whole = FloatDistribution(0.0, 0.5, step=0.1)
    narrowed = explanation._narrowed(whole, (0.0 + k * 0.1, 0.0 + (k + 1) * 0.1))
    assert narrowed == FloatDistribution(k / 10, (k + 1) / 10, step=0.1)


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("bounds", [(1e-4, 3e-2), (1e-4, 1.0), (1e-7, 0.3)])
def test_an_open_end_is_the_ranges_own_to_the_last_digit(bounds, end):
    def best_at_the_end(trial):
        u = math.log10(trial.suggest_float("lr", *bounds, log=True) / bounds[end])
        noise = 0.01 * trial.suggest_float("noise", 0, 1)
        return u**2 + noise, u**2 - noise

    narrowed = reduced_space(study_of(best_at_the_end, 60, sampler=RandomSampler(seed=0)))["lr"]
    ends = narrowed.low, narrowed.high
    assert ends[end] == bounds[end]
    assert bounds[0] < ends[1 - end] < bounds[1]
