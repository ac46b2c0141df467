"""The surrogate model of a study: one Gaussian process per output, learned from the history.

Each objective, and each constraint that was ever violated, has a process of its own on a transform
of its values; one more tells where evaluations fail. Points under evaluation count as if they had
returned what the model predicts (kriging believer; Ginsbourger, Le Riche and Carraro, "Kriging is
well-suited to parallelize optimization", 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from lamoo import failures, pareto
from lamoo.arrays import Floats
from lamoo.gp.acquisition import (
    Acquisition,
    AtTheEnd,
    Factor,
    Feasibility,
    KnownObjective,
    Process,
    improvement,
    predict,
)
from lamoo.gp.fitting import fit_objectives
from lamoo.gp.hyperparameters import Hyperparameters
from lamoo.gp.inputs import inputs_of, known_everywhere, known_range
from lamoo.gp.process import GP
from lamoo.gp.reports import END
from lamoo.gp.sample import fit_to, objective_process, process_of
from lamoo.gp.targets import Transform, compress, floors, untransformed, zero_is_best
from lamoo.gp.training import (
    MAX_TRAINING,
    Values,
    apply,
    learned_values,
    points_of,
    training_set,
    transforms_of,
)
from lamoo.space import Space
from lamoo.space.history import History
from lamoo.space.known import Known
from lamoo.space.rows import first_rows, rows_in
from lamoo.space.schedule import begun, scheduled

#: Standard deviations of objectives are multiplied by this. Hyperparameters are fitted and not
#: integrated over, so off the data the fit is too sure of itself: after 25 or 50 random points,
#: errors on seven problems were 1.0 to 1.6 predicted deviations (root mean square).
WIDENING = 1.3
#: It is learned where evaluations fail from this many evaluations, and as many failures, at most.
MAX_OUTCOMES = 64
#: Points of a space at which the front is expected, see :func:`_with_expected_ends`.
EXPECTED = 1024


def learn(
    space: Space,
    history: History,
    rng: np.random.Generator,
    reference: Floats | None,
    size: int = MAX_TRAINING,
) -> Acquisition:
    """Learn the acquisition from a history with at least one observation.

    Args:
        space: tells which columns are unordered, and which of them alike.
        history: observations and what is pending.
        rng: draws the rays.
        reference: the user's reference point (m,), minimised, ``None`` to infer one.
        size: how many observations to learn from at most.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    data = training_set(history, size)
    feasible = data.violation == 0
    constraints = (
        *constraint_processes(space, history, data, size),
        *failure_process(space, history),
    )
    factors: list[Factor] = []
    trust = 1.0
    if constraints:
        factors.append(Factor(constraints, Feasibility(), Feasibility()))
    if feasible.any():  # until then, only feasibility counts
        learned = _learn_objectives(space, history, data, size)
        transforms, inputs, processes = learned.transforms, learned.inputs, learned.processes
        targets = apply(transforms, data.judged)
        processes, believed = _believe(learned, space, data, history.open)
        if reference is not None:
            ref_point = apply(transforms, reference[None])[0]
        elif space.known.objectives:
            ref_point = _known_ref_point(targets, data.violation, space, transforms)
        else:
            expect = _expectation(processes, constraints, space)
            ref_point = current_ref_point(space, history, targets, data.violation, expect)
        # where there is noise, a lucky value must not hide what is better than its true one
        values = targets
        if data.noisy.any():
            values = np.where(data.noisy, predict(processes, inputs[: data.n])[0], targets)
        front = np.concatenate([values[feasible], believed])
        floor = floor_of(values, transforms, space)
        factors.append(Factor(processes, *improvement(front, ref_point, rng, floor), WIDENING))
        trust = learned.trust
    return Acquisition(space, tuple(factors), trust)


def floor_of(targets: Floats, transforms: Sequence[Transform], space: Space) -> Floats | None:
    """Return the least value of each objective (m,), -inf where targets (n, m) show none.

    It is what the transforms make of 0, see :func:`lamoo.gp.targets.floors`; ``None`` where no
    objective has one.

    Only where some parameters are continuous and none are choices: otherwise equal values are no
    surprise. What repeats all of a result says nothing new, and known objectives are not predicted.
    """
    if space.categorical[space.free].any() or not space.smooth[space.free].any():
        return None
    zero = apply(transforms, np.zeros((1, targets.shape[1])))[0]
    if not zero_is_best(targets, zero).any():  # sooner told than which values are equal
        return None
    floor = floors(first_rows(targets), zero)
    floor[[*space.known.objectives]] = -np.inf
    return floor


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class _Learned:
    """All objectives, learned.

    Args:
        transforms: of the values, one per objective.
        inputs: of all points at which anything was observed, shape ``(n, p)``.
        values: transformed values, one per objective.
        processes: one per objective.
        trust: see :class:`lamoo.gp.acquisition.Acquisition`.
    """

    transforms: Sequence[Transform]
    inputs: Floats
    values: Sequence[Values]
    processes: tuple[Process, ...]
    trust: float


def _learn_objectives(space: Space, history: History, data: History, size: int) -> _Learned:
    """Learn all objectives from data, a representative part of the history."""
    m, known = data.Y.shape[1], space.known.objectives
    fits = fit_objectives(space, history, size)
    fit_of = dict(zip([j for j in range(m) if j not in known], fits, strict=True))
    learners = [compress if j in known else fit_of[j].learn_transform for j in range(m)]
    stepwise = {j for j, fitted in fit_of.items() if fitted.stepwise}
    learned = learned_values(data, stepwise, size)
    transforms = transforms_of(data, learners, learned)
    inputs = inputs_of(space, points_of(data))
    values = [v.transformed(f) for v, f in zip(learned, transforms, strict=True)]
    processes: tuple[Process, ...] = tuple(
        KnownObjective(space, j, transforms[j], _learner(space, data, values[j]))
        if j in known
        else _process(inputs, values[j], space, fit_of[j].hyperparameters)
        for j in range(m)
    )
    trust = min([1.0, *(max(0.0, fitted.tau) for fitted in fits)])
    return _Learned(transforms, inputs, values, processes, trust)


def _learner(space: Space, data: History, values: Values) -> Callable[[], GP]:
    """Return a function that learns one objective from the points alone, when first called.

    Args:
        space: theirs; nothing that is known of it is used.
        data: the observations.
        values: the objective's, transformed.
    """

    @cache
    def learned() -> GP:
        plain = replace(space, known=Known())
        X = points_of(data)[values.rows]
        return process_of(X, values.y, plain, fit_to(X, values.y, plain))

    return learned


def _process(
    inputs: Floats, values: Values, space: Space, hyperparameters: Hyperparameters
) -> Process:
    """Return the process of an objective's final values."""
    process = objective_process(inputs, values, space, hyperparameters)
    return process if values.step is None else AtTheEnd(process)


def denoise(space: Space, history: History) -> History:
    """Return the history with the model's means in place of values that are known to be noisy.

    Otherwise a trial that was measured with much noise, and luckily, would stand on the front: it
    would hide whatever is better than its true value, and attract the tree. Noisy expected
    hypervolume improvement (Daulton, Balandat and Bakshy 2021) averages over the model for the same
    reason.

    Args:
        space: its space.
        history: at least one observation.

    Raises:
        numpy.linalg.LinAlgError: if a kernel matrix is singular even with the largest jitter.
    """
    noisy = history.noise > 0
    if not noisy.any():
        return history
    data = training_set(history)
    learned = _learn_objectives(space, history, data, MAX_TRAINING)
    targets = predict(learned.processes, inputs_of(space, history.X))[0]
    Y, columns = failures.finite(history.Y), []
    for transform, y, target in zip(learned.transforms, Y.T, targets.T, strict=True):
        columns.append(untransformed(transform, target, float(y.min()), float(y.max())))
    return history.replaced(denoised=np.where(noisy, np.stack(columns, axis=1), np.nan))


def constraint_processes(
    space: Space, history: History, data: History, size: int
) -> tuple[GP, ...]:
    """Return one process per constraint that was ever violated, feasible where ``<= 0``."""
    G = np.concatenate([data.G, data.partial.G])
    violated = np.flatnonzero((G > 0).any(axis=0)).tolist()
    if not violated:
        return ()
    set_of = cache(lambda n, k: training_set(_first(history, n, k), size))
    counts = history.n, len(history.partial.X)
    early, late = (set_of(*map(length, counts)) for length in (begun, scheduled))
    processes = []
    for c in violated:
        now, then, before = (_reports(space, part, c) for part in (data, late, early))
        then = then if len(then[1]) else now
        hyperparameters = _adjusted(before if len(before[1]) else then, then, space)
        processes.append(process_of(*now, space, hyperparameters))
    return tuple(processes)


def _first(history: History, n: int, k: int) -> History:
    """Return only the first ``n`` evaluations, and the first ``k`` points of what is partial."""
    first, partially = history.first(n), history.partial
    return first if k == len(partially.X) else first.replaced(partial=partially.at(np.arange(k)))


def _adjusted(
    early: tuple[Floats, Floats], late: tuple[Floats, Floats], space: Space
) -> Hyperparameters:
    """Return hyperparameters fitted to inputs (k, p) and values (k,), adjusted to later ones."""
    fitted = fit_to(*early, space)
    same = map(partial(np.array_equal, equal_nan=True), early, late)
    return fitted if all(same) else fit_to(*late, space, fitted)


def failure_process(space: Space, history: History) -> tuple[GP, ...]:
    """Return a process that is negative where evaluations gave values, positive where they failed.

    Failures mostly have a cause in the parameters: a network that does not fit into memory, a
    learning rate that diverges. Where they happen by chance, the process explains them as noise,
    and predicts about the same everywhere.
    """
    outcomes = cache(lambda f, n, s: _outcomes(space, history, f, n, s))
    counts = len(history.failed), history.n, len(history.stopped)
    now = outcomes(*counts)
    if now is None:
        return ()
    early, late = (outcomes(*map(length, counts)) or now for length in (begun, scheduled))
    return (process_of(*now, space, _adjusted(early, late, space)),)


def _outcomes(
    space: Space, history: History, failed: int, evaluated: int, stopped: int
) -> tuple[Floats, Floats] | None:
    """Return the inputs (k, p) of evaluations and failures, and -1 or 1 (k,).

    Args:
        space: theirs.
        history: theirs.
        failed: how many failures count, the first ones.
        evaluated: how many evaluations.
        stopped: how many trainings that were stopped, which had not failed by then.
    """
    known = history.failures(MAX_OUTCOMES, failed)
    if not len(known):
        return None
    good = training_set(history.first(evaluated), MAX_OUTCOMES).X
    return _told_apart(np.concatenate([good, _spread(history.stopped[:stopped])]), known, space)


def _told_apart(good: Floats, bad: Floats, space: Space) -> tuple[Floats, Floats]:
    """Return the inputs (k, p) of good and bad points, and -1 or 1 (k,)."""
    outcome = np.repeat([-1.0, 1.0], [len(good), len(bad)])
    return inputs_of(space, np.concatenate([good, bad])), outcome


def _spread(X: Floats) -> Floats:
    """Return points (k, d), at most :data:`MAX_OUTCOMES`, spread over all of X (n, d)."""
    return X[np.linspace(0, len(X) - 1, min(len(X), MAX_OUTCOMES)).astype(np.intp)]


def _reports(space: Space, data: History, constraint: int) -> tuple[Floats, Floats]:
    """Return the inputs (k, p) at which a constraint was reported, its compressed values (k,)."""
    g = np.concatenate([data.G[:, constraint], data.partial.G[:, constraint]])
    reported = ~np.isnan(g)
    return inputs_of(space, points_of(data)[reported]), signed_log(g[reported])


def signed_log(g: Floats) -> Floats:
    """Compress constraint values (n,) to logarithms of their magnitude, sign and 0 unchanged."""
    largest = 1e300  # such that the mean of two, which a median may be, does not overflow
    g = np.clip(g, -largest, largest)
    scale = float(np.median(np.abs(g))) or 1.0
    with np.errstate(over="ignore"):
        return np.asarray(np.sign(g) * np.log1p(np.minimum(np.abs(g) / scale, largest)))


def _believe(
    learned: _Learned, space: Space, data: History, pending: Floats
) -> tuple[tuple[Process, ...], Floats]:
    """Condition also on what the processes predict for pending points (kriging believer).

    Objectives of a pending point that were observed already need not be predicted.

    Returns:
        The processes, and what was predicted, shape ``(p, m)``.
    """
    processes, inputs = learned.processes, learned.inputs
    if not len(pending):
        return processes, np.empty((0, len(processes)))
    running = inputs_of(space, pending)
    believed = predict(processes, running)[0]
    everywhere = np.concatenate([inputs, running])

    def believing(j: int, hyperparameters: Hyperparameters) -> Process:
        values, seen = learned.values[j], ~np.isnan(data.partial.Y[:, j])
        unknown = np.flatnonzero(~rows_in(pending, data.partial.X[seen]))
        more = Values(
            np.concatenate([values.rows, len(inputs) + unknown]),
            np.concatenate([values.y, believed[unknown, j]]),
            np.concatenate([values.noise, np.zeros(len(unknown))]),
            None
            if values.step is None
            else np.concatenate([values.step, np.full(len(unknown), END)]),
        )
        return _process(everywhere, more, space, hyperparameters)

    def again(j: int, process: Process) -> Process:
        fitted = process.process if isinstance(process, AtTheEnd) else process
        return believing(j, fitted.hyperparameters) if isinstance(fitted, GP) else process

    return tuple(again(j, process) for j, process in enumerate(processes)), believed


@dataclass(frozen=True)
class Expectation:
    """What a model expects of points (n, d).

    Args:
        objectives: their transformed values, shape ``(n, m)``.
        constraints: those of constraints, shape ``(n, c)``, kept where ``<= 0``; ``None`` for none.
    """

    objectives: Callable[[Floats], Floats]
    constraints: Callable[[Floats], Floats] | None = None


def _expectation(
    objectives: Sequence[Process], constraints: Sequence[Process], space: Space
) -> Expectation:
    """Return what the processes of objectives and constraints expect of a space's points."""

    def means(processes: Sequence[Process], X: Floats) -> Floats:
        return predict(processes, inputs_of(space, X))[0]

    limits = partial(means, constraints) if constraints else None
    return Expectation(partial(means, objectives), limits)


def current_ref_point(
    space: Space, history: History, targets: Floats, violation: Floats, expect: Expectation
) -> Floats:
    """Infer the reference point (m,) for the next proposal, transformed.

    Of the two that take turns (:func:`inferred_ref_point`) the far one is such that the front that
    is expected gains hypervolume, where trainings were stopped.

    Args:
        space: theirs.
        history: what was tried, and what was stopped.
        targets: transformed values of results, minimised, shape ``(n, m)``.
        violation: of each, ``(n,)``, 0 where feasible; at least one is.
        expect: what else is expected.
    """
    turn = len(history.tried)
    ref_point = inferred_ref_point(targets, violation, turn)
    if not len(history.stopped) or _is_near(len(ref_point), turn):
        return ref_point
    return _with_expected_ends(ref_point, targets[violation == 0], space, expect)


def _with_expected_ends(
    ref_point: Floats, targets: Floats, space: Space, expect: Expectation
) -> Floats:
    """Return the far reference point (m,) such that the front that is expected gains hypervolume.

    Where trainings are stopped, only what is good comes to its end. The largest networks are
    stopped unless one is the best of all: results tell then of none that is so large, and beyond
    the point that they infer nothing would be gained. It costs little to look: what is not as good
    as expected is stopped. Of the front is only what is expected to keep the constraints, and not
    to fail.

    Args:
        ref_point: as results infer it.
        targets: of feasible results, transformed, shape ``(n, m)``.
        space: theirs, looked at whole or at :data:`EXPECTED` random points.
        expect: of its points.
    """
    whole = space.size <= EXPECTED
    X = space.enumerate() if whole else space.sample(EXPECTED, np.random.default_rng(0))
    X = X[space.allows(X)]
    if len(X) and expect.constraints is not None:
        X = X[(expect.constraints(X) <= 0).all(axis=1)]
    if not len(X):
        return ref_point
    everything = np.concatenate([targets, expect.objectives(X)])
    return np.maximum(ref_point, pareto.reference_point(everything, of_front=True))


def _is_near(m: int, turn: int) -> bool:
    """Tell whether the inferred reference point is the near one of two that take turns."""
    return m == 2 and turn % 2 == 1


def inferred_ref_point(targets: Floats, violation: Floats, turn: int) -> Floats:
    """Infer the reference point (m,) from targets (n, m).

    With two objectives a near and a far reference point take turns: the near one, which the front
    infers, alone neglects the front's ends, the far one, which all values infer, alone its middle.
    With three, the far one and one twice as far: a front that reaches beyond the worst value
    observed so far gains hardly anything otherwise (VehicleSafety, five seeds: 67 trials to where
    it took 81).

    Args:
        targets: transformed values, minimised.
        violation: of each point, ``(n,)``, 0 where feasible.
        turn: the number of points tried so far.
    """
    m, near = targets.shape[1], _is_near(targets.shape[1], turn)
    ref_point = pareto.reference_point(targets, of_front=near, violation=violation)
    if m == 3 and turn % 2 == 1:
        best = targets[pareto.nondominated(targets, violation)].min(axis=0)
        ref_point = 2 * ref_point - best
    return np.asarray(ref_point)


def _known_ref_point(
    targets: Floats, violation: Floats, space: Space, transforms: Sequence[Transform]
) -> Floats:
    """Infer the reference point (m,) where objectives are known: 10 % beyond the space's worst.

    What a known objective can be at worst need not be inferred from the trials, and the front's
    ends are worth reaching, since it is certain where they are. After 25 trials of
    NAS-Bench-201 (accuracy and size, features given; median of four seeds) .993 instead of .991
    of the hypervolume, on the authors' task .965 instead of .949.
    """
    ref_point = pareto.reference_point(targets, of_front=False, violation=violation)
    for j in space.known.objectives:
        best, worst = known_range(space, j)
        far = transforms[j](np.array([worst + 0.1 * (worst - best)]))[0]
        # what is not known may be worse
        ref_point[j] = far if known_everywhere(space, j) else max(far, ref_point[j])
    return ref_point
