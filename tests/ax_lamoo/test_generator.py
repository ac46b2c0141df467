"""The generator: Ax's predictions, fitted late; proposals inside the leaf; the rest is Ax's."""

import numpy as np
import pytest
import torch
from ax.adapter.cross_validation import cross_validate
from ax.adapter.registry import Generators
from ax.api.configs import RangeParameterConfig
from ax.core.observation import ObservationFeatures
from ax.exceptions.core import DataRequiredError, SearchSpaceExhausted

from ax_lamoo.acquisition import Confined, LaMOOAcquisition, Leaf, array
from ax_lamoo.encoding import encoding_of
from ax_lamoo.exhaustion import untried
from ax_lamoo.features import features_of
from ax_lamoo.registry import LaMOOGenerators
from lamoo import Partition, chosen_path
from lamoo.partition.place import Place

from .conftest import COLOUR, FLAG, SIZE

FLOAT = [RangeParameterConfig(name=n, parameter_type="float", bounds=(0, 1)) for n in "xy"]


def both(params):
    return {"a": params["x"] ** 2 + params["y"], "b": (params["x"] - 1) ** 2 + params["y"]}


def test_proposing_fits_no_model_and_asking_does(client, run):
    experiment = client(FLOAT)
    run(experiment, 8, both)
    adapter = experiment._generation_strategy.adapter
    assert adapter.generator._surrogate is None
    runs = [t.generator_runs[0] for t in experiment._experiment.trials.values()]
    assert all(run.model_predictions is None for run in runs[3:])
    predicted = experiment.predict(points=[{"x": 0.5, "y": 0.5}])[0]
    assert predicted["a"][0] == pytest.approx(0.75, abs=0.2)
    assert adapter.generator._surrogate is not None


def test_predictions_before_any_outcome_are_refused_with_a_sentence(client):
    experiment = client(FLOAT)
    experiment.get_next_trials(max_trials=1)
    adapter = LaMOOGenerators.LAMOO(experiment=experiment._experiment)
    with pytest.raises(DataRequiredError, match="none was measured"):
        adapter.predict([ObservationFeatures(parameters={"x": 0.5, "y": 0.5})])


def test_predictions_are_those_of_ax(client, run):
    experiment = client(FLOAT, solver="evolutionary")
    run(experiment, 12, both)
    ours = LaMOOGenerators.LAMOO(experiment=experiment._experiment, solver="evolutionary")
    theirs = Generators.BOTORCH_MODULAR(experiment=experiment._experiment)
    points = [trial.arm for trial in experiment._experiment.trials.values()][:4]
    features = [_features(arm) for arm in points]
    for mine, other in zip(ours.predict(features), theirs.predict(features), strict=True):
        for name in "ab":
            assert np.allclose(_flat(mine[name]), _flat(other[name]), rtol=1e-3, atol=1e-6)


def _features(arm):
    return ObservationFeatures(parameters=dict(arm.parameters))


def _flat(values):
    if isinstance(values, dict):
        return np.concatenate([_flat(v) for _, v in sorted(values.items())])
    return np.ravel(values)


def test_cross_validation_works(client, run):
    experiment = client(FLOAT)
    run(experiment, 12, both)
    results = cross_validate(adapter=experiment._generation_strategy.adapter, folds=4)
    errors = [r.predicted.means[0] - r.observed.data.means[0] for r in results]
    assert np.mean(np.abs(errors)) < 0.2


@pytest.fixture
def leaves(monkeypatch):
    """Record each leaf that confined a proposal, and the proposal."""
    seen = []
    optimize = LaMOOAcquisition.optimize

    def recorded(self, n, **arguments):
        found = optimize(self, n, **arguments)
        leaf, F = self.options.get("leaf"), array(found[0])
        seen.append((leaf, F))
        if leaf is not None and leaf.left is not None:  # brute force: all that is left
            rows = torch.as_tensor(leaf.features.decode(leaf.left))
            with torch.no_grad():
                best = rows[int(self.acqf(rows[:, None]).argmax())]
            assert n > 1 or np.array_equal(F[0], array(best))
        return found

    monkeypatch.setattr(LaMOOAcquisition, "optimize", recorded)
    return seen


@pytest.mark.slow
def test_confined_proposals_are_inside_in_every_space(client, run, parameters, leaves):
    experiment = client(parameters, solver="qlognehvi", partition=Partition(leaf_size=3))
    space = experiment._experiment.search_space
    size = untried([], encoding_of(space))
    asked = run(experiment, int(min(20, size)))
    assert all(space.check_membership(params) for params in asked)
    if size <= 20:
        assert len({str(sorted(params.items())) for params in asked}) == size
        with pytest.raises(SearchSpaceExhausted, match="Every configuration"):
            run(experiment, 1)
    confined = [(leaf, F) for leaf, F in leaves if leaf is not None]
    assert len(confined) >= 3
    assert any(leaf.place.region.sides for leaf, _ in confined)
    assert all(leaf.contains(F) for leaf, F in confined)


def test_of_a_finite_space_the_best_that_is_left_in_the_leaf_is_proposed(client, run, leaves):
    experiment = client([COLOUR, FLAG, SIZE], solver="qlognehvi", partition=Partition(leaf_size=2))
    run(experiment, 7)
    sizes = [len(leaf.left) for leaf, _ in leaves]  # the brute force is in the fixture
    assert len(sizes) == 4
    assert any(size < 15 - i for i, size in enumerate(sizes))
    assert all(leaf.contains(F) for leaf, F in leaves)


def test_confined_proposals_are_inside(client, run, leaves):
    experiment = client(
        FLOAT, solver="qlognehvi", partition=Partition(leaf_size=3), initialization_budget=9
    )
    run(experiment, 9, both, q=9)
    run(experiment, 2, both)
    confined = [(leaf, F) for leaf, F in leaves if leaf is not None]
    assert len(leaves) == 2
    assert len(confined) == 1  # every other proposal is for the whole space
    assert all(leaf.place.region.sides and leaf.contains(F) for leaf, F in confined)


def test_confined_batches_are_inside_and_distinct(client, run, leaves):
    experiment = client(
        FLOAT, solver="qlognehvi", partition=Partition(leaf_size=3), initialization_budget=8
    )
    asked = run(experiment, 8, both, q=8)
    asked += run(experiment, 4, both, q=2)  # two in the whole space, two in a leaf
    assert len({str(params) for params in asked}) == len(asked)
    assert any(leaf is not None for leaf, _ in leaves)
    assert all(leaf.contains(F) for leaf, F in leaves if leaf is not None)


def test_the_log_chance_has_the_gradient_of_the_region(client, run):
    experiment = client(FLOAT, solver="evolutionary", initialization_budget=23)
    run(experiment, 23, both, q=23)
    run(experiment, 1, both)
    adapter = experiment._generation_strategy.adapter
    task = adapter.task()
    node = chosen_path(task)[-1]
    assert node.region.sides
    features = features_of(task.encoding, adapter.parameters, adapter.transforms)
    leaf = Leaf(features, Place(task.history, node.region, node.members), np.random.default_rng(0))

    class Zero(torch.nn.Module):
        model = None
        X_pending = None

        def forward(self, X):
            return torch.zeros(len(X), dtype=X.dtype)

    confined = Confined(Zero(), leaf, np.ones(2))
    X = torch.rand(5, 1, 2, dtype=torch.double, generator=torch.manual_seed(0))
    assert np.allclose(array(confined(X)), node.region.log_chance(array(X)[:, 0]))
    assert torch.autograd.gradcheck(confined, (X.requires_grad_(),), eps=1e-4, atol=1e-3)


def test_proposals_differ_when_ax_asks_again(client, run):
    experiment = client(FLOAT, solver="random")
    run(experiment, 6, both)
    adapter = experiment._generation_strategy.adapter
    first, second = (adapter.gen(1).arms[0].parameters for _ in range(2))
    assert first != second


def test_candidate_sets_are_left_to_ax(client, run):
    experiment = client(FLOAT)
    asked = run(experiment, 8, both)
    adapter = experiment._generation_strategy.adapter
    chosen = adapter.gen(1, model_gen_options={"in_sample": True}).arms[0].parameters
    assert any(chosen == pytest.approx(params) for params in asked)
