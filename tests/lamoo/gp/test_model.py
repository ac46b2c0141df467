"""The model of a study: what it learns from, what it believes, and that it forgets nothing."""

import dataclasses

import numpy as np
import pytest

from lamoo import Categorical, Float, History, Integer, Space
from lamoo.gp import (
    feasibility,
    fitting,
    forms,
    model,
    reference_point,
    sample,
    targets,
    training,
)
from lamoo.gp.acquisition import improvement
from lamoo.gp.ehvi import log_ehvi, log_feasibility
from lamoo.gp.model import learn
from lamoo.pareto import hypervolume
from lamoo.space.known import Known
from lamoo.space.partial import Partial

SQUARE = Space({"a": Float(0, 1), "b": Float(0, 1)})
MIXED = Space({"a": Float(0, 1), "b": Categorical(tuple("xyz"))})
COUNTED = Space({"a": Float(0, 1), "n": Integer(1, 9)})
COUNTS = Space({"m": Integer(1, 9), "n": Integer(1, 9)})


def example(m, n=20, constraint=None, seed=0):
    """Return a history on squared distances to m corners of the square."""
    X = SQUARE.sobol(0, n, seed)
    corners = np.random.default_rng(m).random((m, 2))
    Y = ((X[:, None] - corners) ** 2).sum(axis=2)
    return History(X, Y, np.empty((n, 0)) if constraint is None else constraint(X))


# ----------------------------------------------------------------------- what it learns from


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_what_was_remembered_does_not_change_the_model(m, rng, forget):
    history, X = example(m), rng.random((30, 2))

    def score():
        return learn(SQUARE, history, np.random.default_rng(0), None).score(X)

    forget()
    cold = score()
    for n in range(5, 15):
        learn(SQUARE, history.first(n), rng, None)
    known = len(forms._choices)
    warm = score()
    assert len(forms._choices) == known > 0
    np.testing.assert_array_equal(cold, warm)


def test_hyperparameters_of_all_training_are_bounded(rng):
    X = rng.random((700, 2))
    history = History(X, np.stack([X[:, 0], 1 - X[:, 0]], axis=1))  # everything is on the front
    processes = learn(SQUARE, history, rng, None).factors[-1].processes
    assert all(len(process._Z) == training.MAX_TRAINING for process in processes)


def with_outcomes(n, f, stopped=0):
    """Return n results, which keep a constraint or not, f failures, and some stopped early."""
    X = SQUARE.sobol(0, 128, 0)
    bad, good, early = X[X.sum(axis=1) > 1.2], X[X.sum(axis=1) <= 1.2][:n], X[::-1][:stopped]
    none = np.full((stopped, 2), np.nan)
    partial = Partial(early, none, early[:, :1] - 0.6, none)
    return History(good, good, good[:, :1] - 0.4, failed=bad[:f], partial=partial)


@pytest.mark.parametrize("stopped", [0, 36])
def test_what_is_remembered_of_constraints_and_failures_does_not_change_the_model(
    stopped, rng, forget
):
    X = rng.random((30, 2))

    def score():
        history = with_outcomes(77, 39, stopped)
        return learn(SQUARE, history, np.random.default_rng(0), None).score(X)

    forget()
    cold = score()
    for n in range(64, 76):
        learn(SQUARE, with_outcomes(n, n // 2, stopped // 2), rng, None)
    np.testing.assert_array_equal(cold, score())


def test_fits_to_constraints_and_failures_begin_anew_rarely(monkeypatch):
    """Before, both searched from their prior whenever something had failed or come to its end."""
    anew = set()

    def fit_to(X, y, space, start=None):
        if start is None:
            anew.add((X.tobytes(), y.tobytes()))
        return sample.fit_to(X, y, space, start)

    monkeypatch.setattr(feasibility, "fit_to", fit_to)
    for n in range(64, 80):
        learn(SQUARE, with_outcomes(n, n // 2, n // 2), np.random.default_rng(0), None)
    # the constraint and failures after 64 results, 32 failures and 32 that were stopped
    assert len(anew) == 2


@pytest.mark.parametrize(("n", "sets"), [(24, [1, 1]), (64, [1, 1]), (70, [2, 3])])
def test_what_constraints_and_failures_are_learned_from_is_chosen_once(n, sets, monkeypatch):
    """Below 32 trials, and at powers of two, a fit begins with what it is adjusted to."""
    chosen, history = [], with_outcomes(n, 16)

    def training_set(*arguments):
        chosen.append(arguments)
        return training.training_set(*arguments)

    monkeypatch.setattr(feasibility, "training_set", training_set)
    feasibility.constraint_processes(SQUARE, history, training.training_set(history), 250)
    found = [len(chosen)]
    feasibility.failure_process(SQUARE, history)
    assert [*found, len(chosen) - found[0]] == sets


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (lambda X: X[:, 0] - X[:, 1], targets.Compressed),
        (lambda X: 10 ** (6 * X[:, 0] + X[:, 1]), targets.Blended),
    ],
)
def test_the_transform_is_the_one_that_predicts_left_out_values(values, kind):
    X = SQUARE.sobol(0, 40, 0)
    Y = np.stack([values(X), X[:, 1]], axis=1)
    fitted, _ = fitting.fit_objectives(SQUARE, History(X, Y))
    assert isinstance(fitted.learn_transform(Y[:, 0], 1.0), kind)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("names", ["declared", "of the alphabet"])
def test_numbers_are_increments_where_that_predicts_left_out_values(stride, names):
    """Where a chain ends and passes in its middle, next to an effort, which knows no order."""
    chain = [f"{'xyz'[i % stride]}{i // stride}" for i in range(48)]
    space = Space(dict.fromkeys(chain if names == "declared" else sorted(chain), Float(0, 1)))
    X = space.sobol(0, 64, 0)
    steps = X[:, [list(space.parameters).index(name) for name in chain]]
    places = np.stack([steps[:, i::stride].cumsum(axis=1) for i in range(stride)]) - 0.25
    places -= places.mean(axis=1, keepdims=True)
    away = np.abs(places[:, :, [places.shape[2] // 2, -1]]).sum(axis=(0, 2))
    effort = ((X - 0.5) ** 2).sum(axis=1)
    fits = fitting.fit_objectives(space, History(X, np.stack([away, effort], axis=1)))
    assert [len(fitted.hyperparameters.chains) for fitted in fits] == [stride, 0]


@pytest.mark.parametrize("smooth", [True, False])
def test_one_terrible_choice_does_not_drag_its_neighbours_down(smooth):
    """A sum of choices' costs, but for the best configuration's neighbour, which fails badly."""
    names = "abcd"
    choices = {name: Categorical(tuple(range(4))) for name in names}
    space = Space(choices | {"x": Float(0, 1)} if smooth else choices)
    rng = np.random.default_rng(0)
    X = space.sample(40, rng)
    best = np.full(space.dimension, 0.125)
    ruined = best.copy()
    ruined[0] = 0.375
    X = np.vstack([X[~(X[:, :4] == best[:4]).all(axis=1)], ruined])
    Y = np.stack([np.floor(4 * X[:, :4]).sum(axis=1), X[:, 1]], axis=1)
    plain = learn(space, History(X, Y), rng, None).factors[-1].processes[0].predict(best[None])[0]
    Y[-1, 0] = 100.0
    history = History(X, Y)
    process = learn(space, history, rng, None).factors[-1].processes[0]
    mean, _ = process.predict(best[None])
    values, _ = process.predict(X)
    share = (values < mean).mean()  # how many are believed to be better
    assert np.isfinite(plain).all()
    assert share > 0.2 if smooth else share < 0.1


# -------------------------------------------------------------------------------- its factors


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_score_is_the_improvement_times_the_probability_of_feasibility(m, rng):
    history = example(m, constraint=lambda X: np.stack([X[:, 0] - 0.7, X[:, 1] - 2], axis=1))
    X = rng.random((10, 2))
    learned = learn(SQUARE, history, rng, None)
    # a constraint that was never violated has no process
    feasibility, improvement = learned.factors
    constraints, objectives = feasibility.processes, improvement.processes
    sides = improvement.criterion.sides
    assert (len(constraints), len(objectives)) == (1, m)
    mean, std = (np.stack(a, axis=1) for a in zip(*(p.predict(X) for p in objectives), strict=True))
    g = [a[:, None] for a in constraints[0].predict(X)]
    wanted = log_ehvi(mean, model.WIDENING * std, sides) + log_feasibility(*g)
    np.testing.assert_allclose(learned.score(X), wanted)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("constrained", [False, True])
def test_the_gradient_is_that_of_the_score(constrained, m, rng):
    history = example(m, constraint=(lambda X: X[:, :1] - 0.7) if constrained else None)
    # noisy, since rays lose the gradient where the model is sure of what it predicts
    noisy = History(history.X, history.Y + rng.normal(0, 0.1, history.Y.shape), history.G)
    learned = learn(SQUARE, noisy, np.random.default_rng(1), None)
    step, rtol = 1e-5, 1e-4 if m <= 3 else 0.02
    for x in rng.uniform(0.1, 0.9, (5, 2)):
        value, slope = learned.score_gradient(x)
        assert value == pytest.approx(learned.score(x[None])[0], rel=1e-6)
        ends = x + step * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
        up, down, right, left = learned.score(ends)
        numeric = np.array([up - down, right - left]) / (2 * step)
        np.testing.assert_allclose(slope, numeric, rtol=rtol, atol=rtol * np.abs(slope).max())


def test_while_nothing_is_feasible_only_feasibility_counts(rng):
    history = example(2, constraint=lambda X: 5 + X[:, :1])
    assert len(learn(SQUARE, history, rng, None).factors) == 1


def test_a_constraint_that_few_reported_is_learned_from_those(rng):
    G = np.full((20, 1), np.nan)
    G[:8, 0] = example(1).X[:8, 0] - 0.5
    history = History(example(1).X, example(1).Y, G)
    constraints = learn(SQUARE, history, rng, None).factors[0].processes
    mean, _ = constraints[0].predict(np.array([[0.1, 0.5], [0.9, 0.5]]))
    assert mean[0] < 0 < mean[1]


@pytest.mark.parametrize("values", [[1e300, -1e300, 0.0, 1e290], [np.inf, -np.inf, 0.1, -1e-9]])
def test_constraint_values_keep_their_sign_and_stay_moderate(values):
    out = feasibility.signed_log(np.array(values))
    np.testing.assert_array_equal(np.sign(out), np.sign(values))
    assert (np.abs(out) < 2_000).all()


# -------------------------------------------------------------------- pending, reference point


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_a_running_point_is_believed_to_return_its_prediction(m, rng):
    history, x = example(m), np.array([0.83, 0.21])
    before = learn(SQUARE, history, np.random.default_rng(0), None)
    after = learn(SQUARE, history.with_pending(x), np.random.default_rng(0), None)
    for old, new in zip(before.factors[-1].processes, after.factors[-1].processes, strict=True):
        mean, std = new.predict(x[None])
        assert mean == pytest.approx(old.predict(x[None])[0], abs=0.02)
        assert std <= old.predict(x[None])[1] + 1e-9
    assert after.score(x[None]) < before.score(x[None])


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_beyond_the_users_reference_point_nothing_is_gained(m, rng):
    history = example(m)
    far = history.X[:, 0].argmax()
    # only points much better than all others in the first objective count
    reference = np.full(m, 10.0)
    reference[0] = history.Y[:, 0].min() - 0.01
    learned = learn(SQUARE, history, rng, reference)
    near = history.X[history.Y[:, 0].argmin()]
    scores = learned.score(np.array([near + 0.01, history.X[far]]))
    assert scores[0] > scores[1]


def test_two_and_three_objectives_look_near_and_far_in_turn():
    """The near reference point is the front's own, so it lies inside the far one."""
    Y = np.array([[0.0, 1.0], [1.0, 0.0], [3.0, 3.0], [2.0, 4.0]])
    far, near = (reference_point.inferred_ref_point(Y, np.zeros(4), turn) for turn in (0, 1))
    np.testing.assert_allclose(near, [1.1, 1.1])
    assert (far > near).all()
    three = np.hstack([Y, Y[:, :1]])
    plain, twice = (reference_point.inferred_ref_point(three, np.zeros(4), turn) for turn in (0, 1))
    np.testing.assert_allclose(plain, [3.3, 4.4, 3.3])
    np.testing.assert_allclose(twice, 2 * plain)  # the best of each objective is 0
    four = np.hstack([Y, Y])
    even, odd = (reference_point.inferred_ref_point(four, np.zeros(4), turn) for turn in (0, 1))
    np.testing.assert_array_equal(even, odd)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("extreme", [1e300, -1e300, np.inf, -np.inf])
def test_extreme_values_leave_all_scores_finite(extreme, m, rng):
    history = example(m)
    Y = history.Y.copy()
    Y[3, 0] = extreme
    learned = learn(SQUARE, History(history.X, Y), rng, None)
    scores = learned.score(rng.random((50, 2)))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("m", [1, 2, 5])
def test_one_observation_is_enough(m, rng):
    learned = learn(SQUARE, example(m, n=1), rng, None)
    assert np.isfinite(learned.score(rng.random((20, 2)))).all()


def test_where_repeats_show_noise_the_front_is_what_the_model_predicts(rng):
    """A lucky value bars nothing: what it dominates can still be worth something."""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    X = space.sample(24, rng)
    true = np.stack([X[:, 0] + X[:, 1], 1 - X[:, 0] + X[:, 1]], axis=1)
    Y = true + rng.normal(0, 0.02, true.shape)
    lucky = int(np.argmin(np.abs(X[:, 0] - 0.5) + X[:, 1]))
    Y[lucky] -= 0.6
    again = np.concatenate([np.arange(24), [lucky] * 4])
    values = np.concatenate([Y, true[[lucky] * 4] + rng.normal(0, 0.02, (4, 2))])
    near = np.array([[0.5, 0.0]])

    def worth(history):
        return learn(space, history, np.random.default_rng(0), None).score(near)[0]

    certain = History(X[again], np.concatenate([Y[:24], Y[[lucky] * 4]]))  # it was no luck
    assert worth(History(X[again], values)) > worth(certain) + 1


# --------------------------------------------------------------- partial data and known noise


def split(history, seen):
    """Return a history of which the second objective of all but the first points is not known."""
    rest = np.arange(seen, history.n)
    Y = history.Y[rest].copy()
    Y[:, 1] = np.nan
    partial = Partial(history.X[rest], Y, history.G[rest], np.full(Y.shape, np.nan))
    return History(history.X[:seen], history.Y[:seen], history.G[:seen], partial=partial)


def test_an_objective_is_learned_wherever_it_was_seen(rng):
    def f(X):
        return np.sin(9 * X[:, 0]) * np.cos(7 * X[:, 1])

    X, T = SQUARE.sobol(0, 60, 0), rng.random((50, 2))
    whole = History(X, np.stack([f(X), X[:, 0]], axis=1))

    def error(history):
        process = learn(SQUARE, history, np.random.default_rng(0), None).factors[-1].processes[0]
        data = training.training_set(history)
        learners = [fitted.learn_transform for fitted in fitting.fit_objectives(SQUARE, history)]
        transform = training.transforms_of(data, learners)[0]
        return np.abs(process.predict(T)[0] - transform(f(T))).mean()

    assert error(split(whole, 12)) < 0.3 * error(whole.first(12))
    assert error(split(whole, 12)) < 2 * error(whole)


@pytest.mark.parametrize("running", [True, False])
def test_only_what_is_not_known_of_a_point_is_believed(running, rng):
    part = split(example(2, 30), 20)
    pending = part.partial.X if running else part.X[:0]
    history = History(part.X, part.Y, pending=pending, partial=part.partial)
    believing = learn(SQUARE, history, np.random.default_rng(0), None).factors[-1].processes
    data = training.training_set(part)
    learned = model._learn_objectives(SQUARE, part, data, training.MAX_TRAINING).processes
    T = rng.random((20, 2))
    for j, same in ((0, True), (1, False)):
        stds = [processes[j].predict(T)[1] for processes in (learned, believing)]
        assert np.allclose(*stds) == same
        assert (stds[1] <= stds[0] + 1e-9).all()


def test_a_constraint_is_learned_from_points_without_objectives():
    history = example(2, 16, lambda X: X[:, :1] - 2.0)
    partial = Partial(
        np.array([[0.9, 0.5]]), np.full((1, 2), np.nan), np.array([[0.5]]), np.full((1, 2), np.nan)
    )
    told = History(history.X, history.Y, history.G, partial=partial)
    assert len(learn(SQUARE, history, np.random.default_rng(0), None).factors) == 1
    factors = learn(SQUARE, told, np.random.default_rng(0), None).factors
    near, far = factors[0].processes[0].predict(np.array([[0.9, 0.5], [0.1, 0.5]]))[0]
    assert near > far


def rough(n=24, noise=0.25):
    """Return a history whose every second point is so noisy that it says little."""
    history, rng = example(2, n), np.random.default_rng(5)
    variances = np.zeros((n, 2))
    variances[::2] = noise
    Y = history.Y + np.sqrt(variances) * rng.standard_normal((n, 2))
    return history, History(history.X, Y, noise=variances)


def test_what_is_exact_is_trusted_more_than_what_is_rough(rng):
    exact, told = rough()
    untold = History(told.X, told.Y)
    errors = []
    for history in (told, untold):
        denoised = model.denoise(SQUARE, history)
        if history is untold:
            assert denoised is untold
        errors.append(np.abs(denoised.means - exact.Y).max(axis=0))
    assert (errors[0] < 0.3 * errors[1]).all()
    np.testing.assert_array_equal(model.denoise(SQUARE, told).means[1::2], exact.Y[1::2])


def test_noise_of_nothing_changes_nothing():
    history = example(2)
    exact = History(history.X, history.Y, noise=np.zeros((20, 2)))
    scores = [
        learn(SQUARE, h, np.random.default_rng(0), None).score(SQUARE.sobol(0, 32, 1))
        for h in (history, exact)
    ]
    np.testing.assert_array_equal(*scores)


# --------------------------------------------------------------------------------- floors


def sphere(X):
    """Return DTLZ2 with four objectives: 0, which nothing is below, along whole faces."""
    radius, angle = 1 + ((X[:, 3:] - 0.5) ** 2).sum(axis=1), X[:, :3] * np.pi / 2
    cosines = np.cumprod(np.cos(angle), axis=1).T
    sines = np.sin(angle).T
    f = np.stack([cosines[2], cosines[1] * sines[2], cosines[0] * sines[1], sines[0]], axis=1)
    return radius[:, None] * f


def on_a_sphere(n_faces):
    """Return a history with as many points on the faces where all but one objective are 0."""
    space = Space({f"x{j}": Float(0, 1) for j in range(6)})
    X = space.sobol(0, 24, 0)
    X[:n_faces, 0] = 1.0
    return space, History(X, sphere(X))


@pytest.mark.parametrize("n_faces", [2, 6])
def test_what_is_predicted_below_a_floor_is_worth_the_floor(n_faces):
    """Three objectives have their least value, 0, at the points with the last one's greatest."""
    space, history = on_a_sphere(n_faces)
    criterion = learn(space, history, np.random.default_rng(0), None).factors[-1].criterion
    transforms = training.transforms_of(
        history, [f.learn_transform for f in fitting.fit_objectives(space, history)]
    )
    at, below = (training.apply(transforms, np.array([[f, f, f, 0.9]])) for f in (0.0, -0.5))
    certain = np.full((1, 4), 1e-6)
    gained = criterion.value(below, certain) - criterion.value(at, certain)
    assert (gained[0] > 0.1) == (n_faces < 3)
    assert gained[0] > -1e-3


@pytest.mark.parametrize(
    ("space", "targets_", "floor"),
    [
        (SQUARE, [[0, 1], [0, 2], [0, 3], [1, 0]], [0, -np.inf]),
        (SQUARE, [[0, 1], [0, 1], [0, 1], [1, 0]], [-np.inf, -np.inf]),  # one result, repeated
        (SQUARE, [[-3, 1], [-3, 2], [-3, 3], [-2, 0]], [-np.inf, -np.inf]),  # none is 0
        (
            MIXED,
            [[0, 1], [0, 2], [0, 3], [1, 0]],
            None,
        ),
        (COUNTED, [[0, 1], [0, 2], [0, 3], [1, 0]], [0, -np.inf]),  # a design with a count
        (COUNTS, [[0, 1], [0, 2], [0, 3], [1, 0]], None),
        (
            dataclasses.replace(SQUARE, known=Known(objectives={0: len})),
            [[0, 1], [0, 2], [0, 3], [1, 0]],
            [-np.inf, -np.inf],
        ),
    ],
)
def test_a_floor_is_learned_where_equal_values_are_a_surprise(space, targets_, floor):
    found = model.floor_of(np.array(targets_, dtype=float), [lambda y: y] * 2, space)
    assert (found if found is None else found.tolist()) == floor


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_improvement_is_that_of_values_cut_off_at_the_floor(m, rng):
    """By Monte Carlo: the greater of normal draws and the floor, measured by moocore."""
    floor, ref_point = np.where(np.arange(m) < 2, 0.1, -np.inf), np.full(m, 1.1)
    front = np.maximum(rng.random((6, m)), 0.1)
    front[0, 0] = front[1, 1] = 0.1
    mean, std = rng.random((3, m)) * 0.4 - 0.2, 0.2
    draws = np.maximum(mean[:, None] + std * rng.standard_normal((3, 2000, m)), floor)

    def volume(points):
        return hypervolume(np.concatenate([front, points]), ref_point)

    wanted = [np.mean([volume(y[None]) for y in each]) - volume(front) for each in draws]
    exact, screening = improvement(front, ref_point, rng, floor)
    found = np.exp([c.value(mean, np.full((3, m), std)) for c in (exact, screening)])
    if m < 4:
        np.testing.assert_allclose(found, [wanted, wanted], rtol=0.1)
    else:  # the rays that go on are all that are counted
        np.testing.assert_allclose(found[0] / found[0].sum(), wanted / np.sum(wanted), rtol=0.2)


@pytest.mark.parametrize("m", [2, 4])
def test_where_the_floor_is_reached_on_all_sides_it_is_forgotten(m, rng):
    """Otherwise nothing would be worth anything."""
    floor, ref_point, mean = np.zeros(m), np.ones(m), rng.random((5, m)) - 0.5
    bounded, free = (
        improvement(np.zeros((1, m)), ref_point, np.random.default_rng(0), lowest)[0]
        for lowest in (floor, None)
    )
    value = bounded.value(mean, np.full((5, m), 0.1))
    assert np.isfinite(value).all()
    np.testing.assert_array_equal(value, free.value(mean, np.full((5, m), 0.1)))
