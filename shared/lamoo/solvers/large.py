"""Large problems: local models around points spread along the front, learned once for a batch.

In many dimensions candidates of the whole space are all bad, and one model of them all is right
nowhere. Up to :data:`REGIONS` centres, spread along the front, take turns. Around each a model is
conditioned on the nearest observations, and children of the front nearby compete, which differ from
their parents in anything from one parameter to many. The best of them climbs along its numbers, as
often as that pays (:mod:`lamoo.solvers.paying`), and only inside the middle of what lies near: over
the whole cube climbs end where the trend is extrapolated to.

What is learned and who competes depends on what was observed alone, not on what is pending. So all
proposals of a batch share it (:mod:`lamoo.gp.local`), and ask by ask it is remembered until a trial
is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from lamoo import pareto
from lamoo.arrays import Floats, Ints, Memo, filled
from lamoo.gp import local
from lamoo.gp.acquisition import Acquisition
from lamoo.gp.training import MAX_TRAINING
from lamoo.partition.place import Place
from lamoo.solvers import distant, paying
from lamoo.solvers.evolutionary import offspring, parents
from lamoo.solvers.gp import around, refine
from lamoo.space import Space
from lamoo.space.history import History

#: A problem is large from this many free parameters, once so much was observed. Until then climbs
#: over the whole cube pay where functions are smooth: dtlz2-d100 one at a time, .93 of the
#: hypervolume after 100 trials instead of .85.
MANY_PARAMETERS, ENOUGH = 40, 100
#: Neighbourhoods that take turns, and observations that each learns from.
REGIONS, NEAR = 5, 200
#: Children that compete in a neighbourhood, and how many of the front's members are their parents,
#: at least.
CANDIDATES, PARENTS = 512, 10
#: Expected numbers of changed parameters are drawn log-uniformly between 1 and this.
MOST_CHANGED = 30
#: Steps of a climb along numbers at most.
STEPS = 15
#: Rounds of the climb along choices, the neighbours that are looked at in each, and how many of the
#: best are put together at most.
ROUNDS, NEIGHBOURS, TOGETHER = 2, 128, 16
#: A climb stays between a quantile of what lies near, which is drawn between these, and the one as
#: far from the other end: two that end at bounds do not end at the same.
QUANTILES = (0.15, 0.35)
#: Turns times this, modulo 1, are spread evenly: the golden ratio.
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
#: Candidates that are looked at for one that is not as good as tried.
LOOKED_AT = 8
#: What is remembered of centres; few, since each keeps a history alive.
_centres: Memo[_Centres] = Memo(2)


def applies(space: Space, history: History) -> bool:
    """Tell whether a problem is large, and of a kind that local models are learned of.

    Where objectives are known, or trainings report along the way, one model of all learns more.
    """
    many = history.n >= ENOUGH and int(space.free.sum()) >= MANY_PARAMETERS
    along = history.curves is not None or history.partial.curves is not None
    return many and not along and not space.known.objectives


def propose(place: Place, rng: np.random.Generator) -> Floats | None:  # noqa: ARG001  see below
    """Return the best child of the front near the centre whose turn it is, ``None`` without any.

    See :class:`lamoo.solvers.Propose` for the arguments. ``rng`` is not used: candidates come from
    a generator that is seeded by how many points were tried, those that run left out, so that they
    are the same until a trial is told.

    Raises:
        ValueError: if a kernel matrix is hopeless (``LinAlgError``); use a simpler solver then.
    """
    history, space = place.history, place.region.space
    turn = len(history.tried)
    settled = replace(place, history=history.settled)
    # by identity: the history is the same object, and the place keeps the space alive
    centres = _centres(lambda: _Centres(settled), settled.history, id(space))
    # pairs, so that either reference point gets a turn around every centre
    k = (turn // 2) % min(REGIONS, len(centres.front))
    here = centres.neighbourhood(k)
    if here is None:
        return None
    order, acquisition = local.rank(here.model, here.X, history.open, turn, place.reference_point)
    best = _best_untried(history, here.X[order])
    start = next((x for x in best if not distant.has_twin(x, space, history)), None)
    if start is None:
        return None
    own = np.random.default_rng((turn, k))
    x = _changed(start, acquisition, place, own)
    if turn * _GOLDEN % 1.0 < centres.climbing:
        box, smooth = _middle(here.model.near.X, x, own), space.free & space.smooth
        x = refine(acquisition, place.region, x, smooth, STEPS, box)
    return x if len(history.unseen(x[None])) else start


@dataclass(frozen=True, eq=False)
class _Neighbourhood:
    """Who competes around a centre, and what is learned there.

    Args:
        X: the candidates ``(c, d)``, at least one.
        model: the local one.
    """

    X: Floats
    model: local.Local


@dataclass(frozen=True, eq=False)
class _Centres:
    """The centres that take turns, and what was learned around them so far.

    Args:
        place: the whole space, with nothing pending.
    """

    place: Place
    _found: dict[int, _Neighbourhood | None] = field(default_factory=dict)

    @cached_property
    def front(self) -> Ints:
        """The observations that parents and centres are chosen from, see :func:`_front`."""
        return _front(self.place)

    @cached_property
    def climbing(self) -> float:
        """The share of the proposals that climb along numbers, see :mod:`lamoo.solvers.paying`."""
        return paying.share(self.place.region.space, self.place.history, ENOUGH)

    def neighbourhood(self, k: int) -> _Neighbourhood | None:
        """Return that of the k-th centre, ``None`` where nobody competes."""
        if k not in self._found:
            self._found[k] = _neighbourhood(self.place, self.front, k)
        return self._found[k]


def _neighbourhood(place: Place, front: Ints, k: int) -> _Neighbourhood | None:
    """Return the neighbourhood of the k-th centre of a front, ``None`` where nobody competes."""
    settled, space = place.history, place.region.space
    own = np.random.default_rng((len(settled.tried), k))
    centre = _centre(settled, front, k, own)
    away = _away(space, settled.X, settled.X[centre])
    chosen = front[np.argsort(away[front], kind="stable")]
    chosen = chosen[: max(PARENTS, len(front) // REGIONS)]
    X = _candidates(place, chosen, own)
    if not len(X):
        return None
    model = local.learn(space, settled, _near(space, settled, centre, away), MAX_TRAINING)
    return _Neighbourhood(X, model)


def _best_untried(history: History, X: Floats) -> Floats:
    """Return the first of points (c, d) that repeat nothing, at most :data:`LOOKED_AT`."""
    few = history.untried(X[: 4 * LOOKED_AT])  # hardly ever it takes more
    return (few if len(few) >= LOOKED_AT else history.untried(X))[:LOOKED_AT]


def _changed(x: Floats, acquisition: Acquisition, place: Place, rng: np.random.Generator) -> Floats:
    """Return a better point (d,) than one, by changes of what has no gradient.

    Neighbours that are better differ in one to three parameters each, mostly in others than the
    next one does. What the best of them change is made together.
    """
    space = place.region.space
    if not (space.free & ~space.smooth).any():
        return x
    for _ in range(ROUNDS):
        X = np.concatenate([x[None], around(x, NEIGHBOURS, place, rng)])
        scores = acquisition.score(X)
        best = np.argsort(-scores, kind="stable")[:TOGETHER]
        better = X[best[scores[best] > scores[0]]]
        if len(better):
            # a parameter that the changes activate together starts from its middle
            merged = place.untried(space.snap(filled(together(x, better), 0.5)))
            X = np.concatenate([better[:1], merged])
            x = X[int(np.argmax(acquisition.score(X)))]
    return x


def together(x: Floats, X: Floats) -> Floats:
    """Return a point (d,) with what the first two, three, ... of points (k, d) change of it.

    Of several changes of one parameter the first counts. Shape ``(k - 1, d)``.

    Example:
        >>> together(np.zeros(3), np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
        array([[1., 0., 2.],
               [1., 3., 2.]])
    """
    merged = [X[0]]
    for other in X[1:]:
        unchanged = (merged[-1] == x) | np.isnan(merged[-1])
        merged.append(np.where(unchanged & ~np.isnan(other), other, merged[-1]))
    return np.array(merged[1:]).reshape(-1, len(x))


def _middle(X: Floats, x: Floats, rng: np.random.Generator) -> Floats:
    """Return the box (2, d) of the middle of points (n, d), widened to hold a point (d,)."""
    edge = rng.uniform(*QUANTILES)
    low, high = np.quantile(filled(X, 0.5), (edge, 1.0 - edge), axis=0)
    inside = filled(x, 0.5)
    box = np.stack([np.minimum(low, inside), np.maximum(high, inside)])
    return np.asarray(np.clip(box, 0.0, 1.0))


def _front(place: Place) -> Ints:
    """Return the indices (k,) of observations that nobody dominates, the best of few."""
    history = place.history
    front = np.flatnonzero(pareto.nondominated(history.means, history.violation))
    if len(front) >= REGIONS:
        return front
    rows = pareto.representative(history.means, history.violation, MAX_TRAINING)
    return parents(replace(place, members=rows))


def _centre(history: History, front: Ints, k: int, rng: np.random.Generator) -> int:
    """Return the observation of the k-th of equal parts of the front, along one objective."""
    order = front[np.argsort(history.means[front, history.n % history.means.shape[1]])]
    parts = min(REGIONS, len(order))
    return int(order[int((k + rng.random()) / parts * len(order))])


def _away(space: Space, X: Floats, centre: Floats) -> Floats:
    """Return squared distances (n,) of points (n, d) from one (d,); another choice is 1 away."""
    gap, unordered = X - centre, space.categorical
    if unordered.any():
        choices = gap[:, unordered]
        gap[:, unordered] = np.where(np.isnan(choices), choices, np.abs(choices) > distant.SAME)
    away = np.einsum("ij,ij->i", gap, gap)
    if np.isnan(away).any():
        gap = np.where(np.isnan(gap), np.isnan(X) != np.isnan(centre), gap)
        away = np.einsum("ij,ij->i", gap, gap)
    return np.asarray(away)


def _near(space: Space, history: History, centre: int, away: Floats) -> History:
    """Return only what was observed nearest to an observation, at most :data:`NEAR` points."""
    rows = np.sort(np.argsort(away, kind="stable")[:NEAR])
    partial = history.partial
    if len(partial.X):
        far = _away(space, partial.X, history.X[centre])
        partial = partial.at(np.sort(np.argsort(far, kind="stable")[: NEAR // 2]))
    return history.at(rows).replaced(partial=partial)


def _candidates(place: Place, chosen: Ints, rng: np.random.Generator) -> Floats:
    """Return never tried children (c, d) of some observations (k,)."""
    rates = np.exp(rng.uniform(0.0, np.log(MOST_CHANGED), 64)).tolist()
    X = place.history.X[chosen]
    return place.unseen(offspring(place.region.space, X, CANDIDATES, rng, rates=rates))
