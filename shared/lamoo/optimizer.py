"""From a history to the next points: start, grow the tree, choose a leaf, let a solver propose."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.stats import rankdata

from lamoo import pareto
from lamoo.arrays import Bools, Floats
from lamoo.gp.model import denoise
from lamoo.numerics import own_state, single_threaded
from lamoo.partition.place import Place
from lamoo.partition.region import Region
from lamoo.partition.tree import Node, Partition, grow, select
from lamoo.solvers import SOLVERS, Solver, evolutionary, is_global, random
from lamoo.space import Space
from lamoo.space.activity import learn_activity
from lamoo.space.history import History
from lamoo.space.rows import groups, rows_in

logger = logging.getLogger(__name__)

#: Points of which one is chosen by its known objectives, at the start.
START_CHOICES = 128
GOLDEN = (5**0.5 - 1) / 2
#: Configurations that gave the same values when they were repeated, after which none is any more.
CERTAIN = 3
#: Random points that are looked at before a whole space is searched for one that is left.
GLANCE = 64
#: Results before which a space that nobody declared may hold more than was asked for so far.
FEW_RESULTS, EQUAL_RESULTS = 5, 10
#: Observations after which a reference point that nothing dominates deserves a warning.
PATIENCE = 20
#: Of a continuous parameter's range: points nearer to each other than this are as good as the same,
#: and nearer than this other one they are.
TWIN, SAME = 1e-3, 1e-9
#: Points of which the one farthest from everything is tried, and tried points that they keep from.
DISTANT, MOST_NEIGHBOURS = 256, 512
#: Characters of an error that a warning repeats.
REASON = 200


@dataclass(frozen=True)
class Settings:
    """How to search. The defaults need no tuning.

    Args:
        solver: ``"gp"`` (Gaussian processes with expected hypervolume improvement; the fewest
            trials), ``"gp-fast"`` (the same with less work per proposal), ``"evolutionary"``
            (milliseconds per proposal, no model), ``"cma"`` (CMA-ES), ``"botorch"`` (BoTorch's
            qLogNEHVI; seconds) or ``"random"``; or a
            :class:`lamoo.solvers.Solver` of one's own.
        n_startup: how many evaluations are spread over the space before anything is learned.
        reference_point: where hypervolume is measured from, one value per objective, minimised;
            NaN, or ``None`` for all, infers it from the observations.
        partition: the settings of the tree.
        seed: of the spread-out initial points.
        reevaluate: every so many evaluations one goes to the point that has had the fewest, of
            the front and of those that the noise may keep from it, for objectives that are noisy;
            ``None`` for never.
        logger: what warnings go to; a framework's users look for them in its own.
        labels: for messages, what the user calls each objective and what its values are multiplied
            by before they are minimised here.

    Raises:
        ValueError: if the solver is unknown, ``n_startup`` or ``seed`` is negative, the
            reference point is not finite, or ``reevaluate`` is less than 2.
        ModuleNotFoundError: if the solver needs a package that is not installed.
    """

    solver: str | Solver = "gp"
    n_startup: int = 10
    reference_point: Sequence[float] | None = None
    partition: Partition = field(default_factory=Partition)
    seed: int = 0
    reevaluate: int | None = None
    logger: logging.Logger = field(default=logger, repr=False, compare=False)
    labels: Sequence[tuple[str, float]] | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.solver, Solver) and self.solver not in SOLVERS:
            msg = f"solver must be one of {list(SOLVERS)}, got {self.solver!r}"
            raise ValueError(msg)
        if self.n_startup < 0:
            msg = f"n_startup must be at least 0, got {self.n_startup!r}"
            raise ValueError(msg)
        point = np.asarray(() if self.reference_point is None else self.reference_point, float)
        if np.isinf(point).any():
            msg = f"reference_point must be finite or NaN, got {self.reference_point!r}"
            raise ValueError(msg)
        if self.seed < 0:
            msg = f"seed must be at least 0, got {self.seed!r}"
            raise ValueError(msg)
        if self.reevaluate is not None and self.reevaluate < 2:
            msg = f"reevaluate must be at least 2 or None, got {self.reevaluate!r}"
            raise ValueError(msg)
        solver_of(self).check()


def solver_of(settings: Settings) -> Solver:
    """Return the solver that the settings hold or name."""
    solver = settings.solver
    return solver if isinstance(solver, Solver) else SOLVERS[solver]


@own_state()
def suggest(
    space: Space,
    history: History,
    q: int,
    rng: np.random.Generator,
    settings: Settings | None = None,
) -> Floats:
    """Propose the next ``q`` points to evaluate, shape ``(q, d)``.

    A pure function: equal arguments (and generator state) give equal points, and nothing is
    remembered between calls but what saves time. No point is proposed that was tried before
    while the space holds untried ones.

    Args:
        space: the search space.
        history: all observations and what is running.
        q: how many points to propose; each takes account of those before it.
        rng: the random generator.
        settings: how to search, by default ``Settings()``.

    Raises:
        ValueError: if the space and the history disagree on ``d``, or the reference point and
            the history on ``m``, or ``q`` is negative.
    """
    settings = settings or Settings()
    _check(space, history, settings)
    if q < 0:
        msg = f"q must be at least 0, got {q!r}"
        raise ValueError(msg)
    with single_threaded():
        return _propose(space, history, q, rng, settings)


def _propose(
    space: Space, history: History, q: int, rng: np.random.Generator, settings: Settings
) -> Floats:
    """Propose one point after the other, each pending for those after it, shape ``(q, d)``."""
    history = _without_lost(_believed(history, _failures(history, space)))
    space = _with_activity(space, history)
    history = _denoised(history, space)
    proposals: list[Floats] = []
    for _ in range(q):
        x = _start(space, history, settings) if history.n < max(settings.n_startup, 1) else None
        if x is None and settings.reevaluate and len(history.tried) % settings.reevaluate == 0:
            x = _least_sure(space, history)
        if x is None and history.n:
            x = _search(space, history, rng, settings)
        if x is None:
            x = random.propose(Place(history, Region(space), np.arange(0)), rng)
        if x is None:
            x = _least_sure(space, history)
        if x is None:
            x = _again(space, history, rng)
        proposals.append(x)
        history = history.with_pending(x)
    return np.array(proposals).reshape(q, space.dimension)


def _failures(history: History, space: Space) -> Bools:
    """Tell which observations (n,) stand for failures, not all of them.

    - Infinite values, and absurd ones (see :func:`lamoo.pareto.sound`), where an objective has
      others. Infinitely good ones would end the search, since nothing could improve on them;
      infinitely bad ones say less of their neighbours' values than of where trials fail.
    - Where nothing is smooth, likely penalties (see :func:`lamoo.pareto.penalties`). One next to
      the best choices spoils them: on NAS-Bench-Graph the cheapest networks do nothing but for one
      operation, and the one that does nothing at all has the worst value of everything. Real
      points that are taken for some teach only where not to go, until another is worse.
    """
    lost = ~pareto.sound(history.Y)
    if not space.smooth.any():
        rows = np.flatnonzero(~lost)
        rest = history.at(rows) if lost.any() else history
        lost[rows[pareto.penalties(rest.means) & (rest.violation == 0)]] = True
    return lost


def _believed(history: History, failures: Bools) -> History:
    """Return the history with observations that stand for failures (n,) among what failed."""
    if not failures.any():
        return history
    X = history.X[failures]
    return replace(
        history.at(np.flatnonzero(~failures)),
        pending=history.pending,
        failed=np.concatenate([history.failed, X]),
        ended=np.concatenate([history.ended, X]),
    )


def _without_lost(history: History) -> History:
    """Return the history with what is partially known among what failed, where it is infinite.

    One infinite value makes a failure of a point (see :func:`_failures`), whatever the others are.
    """
    partial = history.partial
    if not len(partial.X):
        return history
    known = ~np.isnan(partial.Y)
    together = pareto.measured(np.concatenate([history.Y, partial.Y]))
    good, measured = together[history.n :], together.any(axis=0)
    lost: Bools = np.asarray((known & ~good & measured).any(axis=1))
    if not lost.any():
        return history
    X = partial.X[lost]
    return replace(
        history,
        partial=partial.at(np.flatnonzero(~lost)),
        pending=history.pending[~rows_in(history.pending, X)],
        failed=np.concatenate([history.failed, X]),
    )


def _denoised(history: History, space: Space) -> History:
    """Return the history with beliefs in place of noisy values (:func:`lamoo.gp.model.denoise`)."""
    try:
        return denoise(history, space) if history.n else history
    except (ArithmeticError, ValueError) as error:
        logger.debug("noisy values are taken for what they are: %s", error)
        return history


def _with_activity(space: Space, history: History) -> Space:
    """Return the space with the conditions that the observations tell, unless some are known."""
    if space.activity.rules:
        return space
    return replace(space, activity=learn_activity(history.X))


def _least_sure(space: Space, history: History) -> Floats | None:
    """Return the point (d,) that was evaluated least often of those that may be of the front.

    Of several one that seems to be of it, of those the first. ``None`` if none is what may be
    proposed now, or what was repeated always gave the same values (:data:`CERTAIN` times): then
    there is no noise.
    """
    if not history.n:
        return None
    again = np.bincount(history.group) > 1
    spread = np.bincount(history.group, (history.Y != history.means).any(axis=1))
    if again.sum() >= CERTAIN and not spread.any():
        return None
    front = pareto.nondominated(history.means, history.violation)
    rows = np.flatnonzero(front | _may_be_best(history, front))
    X = history.X[rows]
    fine = space.allows(X) & (np.isclose(space.snap(X), X, rtol=0, equal_nan=True)).all(axis=1)
    X, rows = X[fine], rows[fine]
    if not len(X):
        return None
    label = groups(np.concatenate([X, history.tried]))
    often = np.bincount(label[len(X) :], minlength=label.max() + 1)[label[: len(X)]]
    return np.asarray(X[np.lexsort((~front[rows], often))[0]])


def _may_be_best(history: History, front: Bools) -> Bools:
    """Tell which points (n,) would be on the front with means as low as theirs may truly be.

    That is lower than observed by the standard error times sqrt(2 ln n), the margin of UCB1 (Auer
    et al. 2002): it grows, so no unlucky point is given up for ever. The noise is that of repeated
    evaluations, pooled; while there are none, nobody else may be.
    """
    feasible = history.violation == 0
    best = history.means[front & feasible]
    often = np.bincount(history.group)[history.group]
    free = history.n - len(np.unique(history.group))
    with np.errstate(all="ignore"):  # what is infinite says nothing of the noise
        errors = (history.Y - history.means) ** 2
        noise = np.sqrt(np.where(np.isfinite(errors), errors, 0.0).sum(axis=0) / max(free, 1))
        margin = np.sqrt(2 * np.log(history.n) / often)[:, None] * noise
        low = history.means - np.where(np.isfinite(margin), margin, 0.0)
    beaten = np.zeros(history.n, dtype=bool)
    for y in best:
        beaten |= (y <= low).all(axis=1) & (y < low).any(axis=1)
    return np.asarray(feasible & ~beaten)


def _again(space: Space, history: History, rng: np.random.Generator) -> Floats:
    """Return a point (d,) that was tried before, where nothing else is left."""
    X = Region(space).sample(1, history.X, rng)
    # where nothing is known to keep the constraints, one that does not
    x: Floats = (X if len(X) else space.sample(1, rng))[0]
    return x


def conclusive(Y: Floats) -> bool:
    """Tell whether observations (n, m) say that what was asked for so far is all there is to try.

    What failed, or returned a mere sign of that, may have ended before all its parameters were
    asked for. So there must be a measurement and :data:`FEW_RESULTS`, or :data:`EQUAL_RESULTS`
    where all are the same, since those may be signs.
    """
    if not pareto.measured(Y).all(axis=1).any():
        return False
    return len(Y) >= (FEW_RESULTS if (Y != Y[0]).any() else EQUAL_RESULTS)


@own_state()
def exhausted(space: Space, history: History) -> bool:
    """Tell whether no configuration is left to propose: all were tried, or none may be.

    Where the space is only what was asked for so far, see :func:`conclusive`.
    ``False`` where there are too many to look (see :data:`lamoo.space.ENUMERABLE`).
    """
    if not space.enumerable:
        return False
    fewer = space.known.violation is not None or history.key is not None
    if not fewer and not np.isnan(history.X).any() and len(history.tried) < space.size:
        return False
    space = _with_activity(space, history)

    def left(X: Floats) -> bool:
        X = history.unseen(X[space.allows(X)])
        return not history.surely_repeats(X).all()

    # mostly a few random points show that there is something left
    if left(space.sample(GLANCE, np.random.default_rng(len(history.tried)))):
        return False
    return not left(space.enumerate())


@own_state()
def path(space: Space, history: History, settings: Settings | None = None) -> tuple[Node, ...]:
    """Return the nodes from the root of the tree to the leaf that is chosen next.

    What stands for a failure (infinite values, penalties) is in none of them.

    Raises:
        ValueError: as :func:`suggest`, or if there is no observation yet.
    """
    settings = settings or Settings()
    _check(space, history, settings)
    if not history.n:
        msg = "history must hold at least one observation to grow a tree from"
        raise ValueError(msg)
    failures = _failures(history, space)
    believed = _believed(history, failures)
    space = _with_activity(space, believed)
    believed = _denoised(believed, space)
    reference = _reached(believed, settings)
    root = grow(space, believed, settings.partition, reference)
    index = np.flatnonzero(~failures)[root.data.index]
    return select(replace(root, data=replace(root.data, index=index)))


@own_state()
def recent_gain(history: History, k: int, settings: Settings | None = None) -> float:
    """Return which share of the hypervolume the last ``k`` observations added, between 0 and 1.

    1 while nothing feasible dominates the reference point, which the settings hold or the
    observations tell.
    """
    feasible = history.violation == 0
    if not feasible.any():
        return 1.0
    feasible[feasible] = pareto.sound(history.means[feasible])
    reference = _reached(history, settings or Settings())
    if reference is None:
        reference = _inferred(history)
    # a share does not depend on the units, and volumes in large ones overflow
    Y, reference = pareto.comparable(history.means, history.violation, reference)
    before = feasible.copy()
    before[max(history.n - k, 0) :] = False
    whole = pareto.hypervolume(Y[feasible], reference)
    if whole <= 0:
        return 1.0
    return max(0.0, 1.0 - pareto.hypervolume(Y[before], reference) / whole)


def _check(space: Space, history: History, settings: Settings) -> None:
    if history.X.shape[1] != space.dimension:
        msg = f"history holds points of {history.X.shape[1]} columns, the space {space.dimension}"
        raise ValueError(msg)
    m = history.Y.shape[1]
    point = settings.reference_point
    if point is not None and history.n and len(point) != m:
        msg = f"reference_point must hold one value per objective ({m}), got {point!r}"
        raise ValueError(msg)


def _reference(settings: Settings) -> Floats | None:
    point = settings.reference_point
    return None if point is None else np.asarray(point, dtype=float)


def _reached(history: History, settings: Settings) -> Floats | None:
    """Return the reference point, ``None`` until some feasible point is better everywhere.

    Before that every hypervolume is 0 and says nothing; an inferred point leads there sooner.
    """
    reference = _reference(settings)
    if reference is None:
        return None
    given = ~np.isnan(reference)
    better = ((history.means < reference) | ~given).all(axis=1) & (history.violation == 0)
    if better.any():
        return reference if given.all() else np.where(given, reference, _inferred(history))
    if history.n >= PATIENCE:
        Y = pareto.finite(history.Y[:PATIENCE])  # always the same ones: it is told once
        width = np.ptp(Y, axis=0)
        with np.errstate(over="ignore"):  # farther than a float can express is far enough
            short = np.where(given, np.maximum(Y - reference, 0.0), 0.0)
            worst = (short / np.where(width > 0, width, 1.0)).max(axis=1)
        nearest = Y[np.lexsort((worst, history.violation[:PATIENCE]))[0]]
        labels = settings.labels or [(f"objective {j}", 1.0) for j in range(len(reference))]
        asked = [
            f"{name} {'<=' if scale > 0 else '>='} {bound / scale:g}"
            for (name, scale), bound in zip(labels, reference.tolist(), strict=True)
            if not np.isnan(bound)
        ]
        found = [
            f"{name} = {value / scale + 0.0:g}"
            for (name, scale), value in zip(labels, nearest.tolist(), strict=True)
        ]
        _warn_once(
            settings.logger,
            f"reference_point ({', '.join(asked)}) is not dominated by any of the first "
            f"{PATIENCE} observations; nearest is ({', '.join(found)}). "
            "Until it is, another point is inferred",
        )
    return None


def _inferred(history: History) -> Floats:
    """Return a reference point (m,) a little beyond the worst observations, outliers left out."""
    Y = pareto.finite(history.means)
    return pareto.reference_point(Y, of_front=False, violation=history.violation)


def _start(space: Space, history: History, settings: Settings) -> Floats | None:
    """Return the next untried point of a Sobol sequence, ``None`` if none is near.

    Where objectives are known the points are spread over them; points that are worth trying first
    take every other turn.
    """
    first = space.known.first
    if first is not None and len(history.tried) % 2 == 0:
        first = space.snap(first)
        first = history.unseen(first[space.allows(first)])
        if len(first):
            return np.asarray(first[0])
    if space.known.objectives:
        return _start_by_cost(space, history, settings)
    X = space.sobol(len(history.tried), 8, settings.seed)
    X = history.unseen(X[space.allows(X)])
    return X[0] if len(X) else None


def _start_by_cost(space: Space, history: History, settings: Settings) -> Floats | None:
    """Return an untried point at the next quantile of the known objectives' mean rank.

    Quantiles follow the golden ratio, so that any number of them are spread evenly.
    """
    i = len(history.tried)
    X = space.sample(START_CHOICES, np.random.default_rng((settings.seed, i)))
    X = history.unseen(X[space.allows(X)])
    if not len(X):
        return None
    costs = space.facts(X)[:, : len(space.known.objectives)]
    order = np.argsort(rankdata(costs, axis=0).sum(axis=1), kind="stable")
    quantile = (0.5 + i * GOLDEN) % 1.0
    return np.asarray(X[order[int(quantile * len(X))]])


def _search(
    space: Space, history: History, rng: np.random.Generator, settings: Settings
) -> Floats | None:
    """Propose in the chosen leaf; where it is exhausted, in the nearest ancestor that is not.

    A point that would repeat an evaluation, see :func:`lamoo.space.rows.repeats`, is the last
    resort.
    """
    solver = solver_of(settings)
    reference = _reached(history, settings)
    everywhere = Place.everywhere(space, history, reference)
    places = [everywhere]
    if not (solver.global_turns and is_global(history)):
        chosen = select(grow(space, history, settings.partition, reference))
        places = [Place(history, node.region, node.members, reference) for node in reversed(chosen)]
    attempts = [(solver.propose, place) for place in places]
    attempts += [(evolutionary.propose, everywhere), (random.propose, everywhere)]
    last_resort = None
    for propose, place in attempts:
        try:
            x = propose(place, rng)
        # a warning where the user's filters turn those of libraries into errors
        except (ArithmeticError, ValueError, Warning) as error:
            _tell_of_failure(settings, error)
            continue
        if x is not None and not history.repeats(x[None])[0]:
            return _elsewhere(space, history, rng, x) if _has_twin(x, space, history) else x
        last_resort = x if last_resort is None else last_resort
    return last_resort


def _has_twin(x: Floats, space: Space, history: History) -> bool:
    """Tell whether a point (d,) is as good as tried: within :data:`TWIN` of one in every range.

    What is not continuous must be equal: values of a grid are different by their user's word.
    """
    reach = np.where(np.isinf(space.levels), TWIN, SAME)
    gaps = np.nan_to_num(np.abs(history.tried - x))
    absent = np.isnan(history.tried) != np.isnan(x)
    return bool(((gaps < reach) & ~absent).all(axis=1).any())


def _elsewhere(space: Space, history: History, rng: np.random.Generator, x: Floats) -> Floats:
    """Return the untried point (d,) farthest from all that were tried, or ``x`` if none is found.

    A solver that comes back to what is known sees nothing better: then a trial is worth most where
    least is known, among what is not like failures and infeasible points. Of two objectives that
    do not conflict the front is one point, and half of 30 trials were twins of others. Where
    objectives conflict ``"gp"`` makes none (six problems, 50 trials); ``"evolutionary"`` made 39 of
    100 on BraninCurrin, and after 400 trials of four problems .884 of the hypervolume for .878.
    """
    infeasible = history.violation > 0
    region = evolutionary.unlike_failures(_believed(history, infeasible), Region(space))
    X = history.unseen(region.sample(DISTANT, history.X[~infeasible], rng))
    if not len(X):
        return x
    tried = history.tried[:: -(-len(history.tried) // MOST_NEIGHBOURS)]
    away = np.zeros((len(X), len(tried)))
    for a, b, unordered in zip(X.T, tried.T, space.categorical, strict=True):
        gap = np.nan_to_num(np.abs(a[:, None] - b))
        # another choice, or none, is as far as the width of a range
        other = (np.isnan(a)[:, None] != np.isnan(b)) | (unordered & (gap > SAME))
        away += np.where(other, 1.0, gap**2)
    farthest: Floats = X[int(np.argmax(away.min(axis=1)))]
    return farthest


def _tell_of_failure(settings: Settings, error: Exception) -> None:
    """Warn that a solver failed, once for each place where errors were raised."""
    logger.debug("solver %r: %s", settings.solver, error, exc_info=error)
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    *_, (frame, line) = traceback.walk_tb(cause.__traceback__)
    reason = f"{type(cause).__name__}: {cause}".partition("\n")[0][:REASON]
    _warn_once(
        settings.logger,
        f"solver {settings.solver!r} could not propose ({reason}): a simpler one takes its place, "
        "at the cost of more trials. Further errors from there are not reported",
        (frame.f_code.co_filename, line),
    )


_told: set[Hashable] = set()


def _warn_once(logger: logging.Logger, message: str, cause: Hashable = None) -> None:
    """Warn, unless there was a warning of the same cause before; by default the message."""
    key = (logger.name, message if cause is None else cause)
    if key not in _told:
        _told.add(key)
        logger.warning(message)


class Optimizer:
    """Ask and tell, for people without a framework.

    Args:
        space: the search space.
        directions: ``"minimize"`` or ``"maximize"`` for each objective.
        settings: how to search; the reference point is in the user's directions here.
        seed: of all random choices.

    Raises:
        ValueError: if a direction is unknown.

    Example:
        >>> from lamoo import Float, Space
        >>> optimizer = Optimizer(Space({"x": Float(-2.0, 2.0)}), ["minimize", "minimize"])
        >>> for _ in range(12):
        ...     params = optimizer.ask()
        ...     optimizer.tell(params, [params["x"] ** 2, (params["x"] - 1) ** 2])
        >>> optimizer.history.Y.shape
        (12, 2)
    """

    def __init__(
        self,
        space: Space,
        directions: Sequence[str],
        settings: Settings | None = None,
        seed: int = 0,
    ) -> None:
        """Start without observations."""
        unknown = [d for d in directions if d not in ("minimize", "maximize")]
        if unknown or not directions:
            msg = f"directions must be 'minimize' or 'maximize' per objective, got {directions!r}"
            raise ValueError(msg)
        self.space = space
        self._signs = np.array([1.0 if d == "minimize" else -1.0 for d in directions])
        settings = replace(settings or Settings(), seed=seed)
        point = _reference(settings)
        if point is not None and len(point) != len(directions):
            msg = f"reference_point must hold {len(directions)} values, got {point.tolist()!r}"
            raise ValueError(msg)
        signed = None if point is None else tuple((self._signs * point).tolist())
        labels = [(f"objective {j}", sign) for j, sign in enumerate(self._signs.tolist())]
        self._settings = replace(settings, reference_point=signed, labels=settings.labels or labels)
        self.history = History(np.empty((0, space.dimension)), np.empty((0, len(directions))))

    def ask(self) -> dict[str, Any]:
        """Return the parameters to evaluate next; they count as running until told.

        All parameters have a value, also those that seem not to exist under the others' values:
        a condition learned from few trials may be wrong. Tell only those that were used.
        """
        rng = np.random.default_rng((self._settings.seed, len(self.history.tried)))
        x = suggest(self.space, self.history, 1, rng, self._settings)[0]
        params = self.space.decode(np.where(np.isnan(x), self.space.sample(1, rng), x))
        # encoded anew, so that rounding cannot hide from `tell` what it answers
        asked = np.where(np.isnan(x), np.nan, self.space.encode(params)[0])
        self.history = self.history.with_pending(asked)
        return params[0]

    def tell(
        self,
        params: Mapping[str, Any],
        values: Sequence[float] | None,
        constraints: Sequence[float] = (),
    ) -> None:
        """Report an evaluation, asked for or not.

        Args:
            params: the parameters that were evaluated.
            values: the objective values in the user's directions; ``None`` or any NaN means that
                the evaluation failed, and the point is not proposed again.
            constraints: constraint values, satisfied where ``<= 0``.

        Raises:
            ValueError: if the number of values is not the number of objectives, or a parameter
                or its value is not one of the space's.
        """
        self.history = self.history.told(
            self._point(params),
            None if values is None else self._signs * self._checked(values),
            np.asarray(constraints, dtype=float),
        )

    def _point(self, params: Mapping[str, Any]) -> Floats:
        x: Floats = self.space.encode([params])[0]
        known = [name in params for name in self.space.parameters]
        if sum(known) < len(params) or np.isnan(x[known]).any():
            msg = f"params must be of {dict(self.space.parameters)}, got {dict(params)}"
            raise ValueError(msg)
        return x

    def _checked(self, values: Sequence[float]) -> Floats:
        array = np.asarray(values, dtype=float)
        if array.shape != self._signs.shape:
            msg = f"values must hold one number per objective ({len(self._signs)}), got {values!r}"
            raise ValueError(msg)
        return array
