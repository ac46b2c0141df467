"""BoTorch's acquisition in a region: against BoTorch's own values, and what it must keep to."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Settings, Space, Task, pareto, suggest
from lamoo.partition.place import Place
from lamoo.partition.selection import select
from lamoo.partition.tree import Partition, grow
from lamoo.solvers import SOLVERS, Solver, botorch_solver

from .gp.test_reports import outer

torch = pytest.importorskip("torch", reason="needs lamoo[botorch]")
pytest.importorskip("botorch", reason="needs lamoo[botorch]")

from lamoo.solvers import botorch  # noqa: E402

SPACE = Space({"a": Float(0, 1), "b": Float(0, 1), "c": Categorical("xyz")})


def history_of(n, m=2, seed=0, space=SPACE, constraint=None):
    X = space.sobol(0, n, seed)
    corners = np.eye(max(m, 3))[:m, : X.shape[1]]
    G = np.empty((n, 0)) if constraint is None else constraint(X)[:, None]
    return History(X, ((X[:, None] - corners) ** 2).sum(axis=2), G)


def everywhere(history, reference_point=None):
    return Place.everywhere(SPACE, history, reference_point)


def test_codes_are_numbers_choices_and_one_more_for_what_is_absent():
    X = np.array([[0.25, np.nan, 0.5], [1.0, 0.0, np.nan]])
    wanted = [[0.25, 0.5, 1.0], [1.0, 0.0, 3.0]]
    assert botorch.encoded(X, SPACE, "cpu").tolist() == wanted


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        assert torch.get_default_dtype() == dtype
        torch.set_default_dtype(before)


def test_the_users_state_of_torch_changes_no_proposal(no_excuses):
    line = Space({"a": Float(0, 1)})
    X = line.sobol(0, 5, 0)
    history = History(X, (X - 0.3) ** 2)

    def proposal():
        settings = Settings(solver="botorch", n_startup=0)
        return suggest(Task(line, history, settings), 1, np.random.default_rng(0))

    expected, stream = proposal(), torch.random.get_rng_state()
    with no_excuses(), torch.inference_mode():
        assert np.array_equal(proposal(), expected)
    half = default_dtype(torch.float16)
    with no_excuses(), torch.no_grad(), half, torch.device("meta"):
        assert np.array_equal(proposal(), expected)
    assert torch.equal(torch.random.get_rng_state(), stream)


@pytest.mark.parametrize(
    ("m", "constrained"),
    [(2, True), *(pytest.param(m, c, marks=pytest.mark.slow) for m in (1, 3) for c in (0, 1))],
)
def test_gradients_are_those_of_the_score(m, constrained, rng):
    history = history_of(15, m, constraint=(lambda X: X[:, 0] - 0.5) if constrained else None)
    history = history.with_pending(np.array([0.3, 0.3, 0.5]))
    acquisition = botorch.learn(everywhere(history), 0, "cpu")
    x = np.array([0.4, 0.7, 0.5])
    value, slope = acquisition.score_gradient(x)
    assert value == pytest.approx(acquisition.score(x[None])[0])
    for j in (0, 1):
        step = np.eye(3)[j] * 1e-5
        numeric = np.diff(acquisition.score(np.array([x - step, x + step])))[0] / 2e-5
        assert slope[j] == pytest.approx(numeric, rel=1e-3, abs=1e-6)


@pytest.mark.slow
def test_the_score_is_the_expected_improvement(rng):
    """Against the definition: posterior samples, hypervolumes with and without the point."""
    history = history_of(12)
    reference = np.array([1.5, 1.5])
    scored = botorch.learn(everywhere(history, reference), 0, "cpu")
    X = SPACE.sample(60, rng)
    model = scored.acquisition.model
    corner = -scored.acquisition.ref_point.numpy()
    expected = []
    for x in X:
        together = botorch.encoded(np.vstack([history.X, x]), SPACE, "cpu")
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            samples = -model.posterior(together).rsample(torch.Size([512])).numpy()
        gains = [
            pareto.hypervolume(Y, corner) - pareto.hypervolume(Y[:-1], corner) for Y in samples
        ]
        expected.append(np.mean(gains))
    score = scored.score(X)
    large = np.array(expected) > 0.02  # two Monte Carlo estimates, of 64 and 512 samples
    assert large.sum() >= 10
    np.testing.assert_allclose(np.exp(score[large]), np.array(expected)[large], rtol=0.1)


def test_where_trainings_were_stopped_the_reference_point_is_behind_the_expected_front(rng):
    plane = Space({"a": Float(0, 1), "b": Float(0, 1)})
    history = Task(plane, outer(rng, 6)).cleaned
    scored = botorch.learn(Place.everywhere(plane, history, None), 0, "cpu")
    with torch.no_grad():
        X = botorch.encoded(plane.sample(256, rng), plane, "cpu")
        expected = -scored.acquisition.model.posterior(X).mean.numpy()
    front = expected[pareto.nondominated(expected)]
    assert (front < -scored.acquisition.ref_point.numpy()).all(axis=1).mean() > 0.95
    # while results alone infer a point before it: where they were not stopped, but are running
    running = Place.everywhere(plane, replace(history, pending=history.partial.X), None)
    ref_point = -botorch.learn(running, 0, "cpu").acquisition.ref_point.numpy()
    assert (front < ref_point).all(axis=1).mean() < 0.8


def test_proposals_are_inside_the_leaf_new_and_repeat_exactly():
    history = history_of(30)
    path = select(grow(SPACE, history, Partition(leaf_size=6), None))
    region = path[-1].region
    leaf = Place(history, region, path[-1].members)
    assert region.sides
    state = torch.random.get_rng_state()
    a, b = (botorch.propose(leaf, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert region.contains(a[None]).all()
    assert len(history.unseen(a[None])) == 1
    assert torch.equal(torch.random.get_rng_state(), state)  # the user's generator is not moved


@pytest.mark.slow
def test_what_is_running_is_avoided():
    history = history_of(15, seed=3)
    a = botorch.propose(everywhere(history), np.random.default_rng(0))
    b = botorch.propose(everywhere(history.with_pending(a)), np.random.default_rng(0))
    assert np.abs(a - b).max() > 0.05


@pytest.mark.slow
def test_a_proposal_gains_more_than_random_points(rng):
    history = history_of(20, seed=1)
    reference = np.array([2.0, 2.0])
    x = botorch.propose(everywhere(history, reference), rng)

    def gain(u):
        y = ((u - np.eye(3)[:2]) ** 2).sum(axis=1)
        before = pareto.hypervolume(history.Y, reference)
        return pareto.hypervolume(np.vstack([history.Y, y]), reference) - before

    assert gain(x) > np.quantile([gain(u) for u in SPACE.sample(100, rng)], 0.95)


@pytest.mark.slow
def test_constraints_are_kept_and_sought_while_nothing_is_feasible(rng):
    history = history_of(20, constraint=lambda X: X[:, 0] + X[:, 1] - 0.7)
    x = botorch.propose(everywhere(history), rng)
    assert x[0] + x[1] < 0.8
    history = history_of(12, constraint=lambda X: 1.9 - X[:, 0] - X[:, 1])
    assert (history.violation > 0).all()
    x = botorch.propose(everywhere(history), rng)
    assert x[0] + x[1] > (history.X[:, 0] + history.X[:, 1]).max()


@pytest.mark.slow
def test_constraints_that_were_not_reported_are_learned_from_the_others(rng):
    history = history_of(20, constraint=lambda X: X[:, 0] - 0.5)
    G = history.G.copy()
    G[::3] = np.nan
    x = botorch.propose(everywhere(History(history.X, history.Y, G)), rng)
    assert x[0] < 0.6


def test_a_fit_that_fails_is_told_as_arithmetic(monkeypatch, rng):
    def fails(*_, **__):
        raise RuntimeError("singular")

    monkeypatch.setattr(botorch, "fit_gpytorch_mll", fails)
    history = history_of(10)
    with pytest.raises(ArithmeticError, match="singular"):
        botorch.propose(everywhere(history), rng)


@pytest.mark.slow
def test_a_device_is_an_argument():
    solver = botorch_solver(device="cpu")
    assert isinstance(solver, Solver)
    history = history_of(12)
    here, there = (
        suggest(Task(SPACE, history, Settings(solver=s, n_startup=2)), 1, np.random.default_rng(2))
        for s in ("botorch", solver)
    )
    np.testing.assert_array_equal(here, there)
    assert solver.global_turns == SOLVERS["botorch"].global_turns


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_told_at_once(device):
    with pytest.raises(ValueError, match=f"device must be .*'{device}'"):
        botorch_solver(device=device)
