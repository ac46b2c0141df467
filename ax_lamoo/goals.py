"""What the user wants: Ax's optimization config as weights, thresholds and limits of metrics.

Ax's own functions for this make an objective of every metric of ``"a + b, -c"``, do not scale the
threshold of ``-0.01 * a``, and take ``"a + b <= 1"`` for ``"a <= 1"``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ax.core.objective import Objective
from ax.core.optimization_config import (
    MultiObjectiveOptimizationConfig,
    OptimizationConfig,
    PreferenceOptimizationConfig,
)
from ax.core.outcome_constraint import OutcomeConstraint, ScalarizedOutcomeConstraint
from ax.core.types import ComparisonOp
from ax.exceptions.core import UserInputError
from ax.utils.common.sympy import (
    extract_coefficient_dict_from_inequality,
    parse_objective_expression,
)

from lamoo.arrays import Floats


@dataclass(frozen=True, eq=False)  # arrays have no single answer to ==
class Goals:
    """What an experiment optimizes.

    Args:
        objectives: the names of its objectives, ``m``: a metric, or the expression of several.
        factors: turn an objective in the user's units to minimisation, shape ``(m,)``.
        weights: of the metrics in each, maximised, shape ``(m, k)``.
        thresholds: the worst values that are of interest, minimised, NaN where none was given.
        constraints: ``(A, b)`` of shapes ``(c, k)`` and ``(c,)``, satisfied where
            ``A @ outcomes <= b``.
    """

    objectives: tuple[str, ...]
    factors: Floats
    weights: Floats
    thresholds: Floats
    constraints: tuple[Floats, Floats]

    @classmethod
    def none(cls) -> Goals:
        """Return what an experiment without an optimization config asks for."""
        none = np.empty(0)
        return cls((), none, np.empty((0, 0)), none, (np.empty((0, 0)), none))


def goals_of(config: OptimizationConfig, metrics: Sequence[str]) -> Goals:
    """Return what an optimization config asks for, no bound relative.

    Args:
        config: what the user wants.
        metrics: their names, or their signatures.
    """
    goals = _limited(config, metrics, config.outcome_constraints)
    thresholds = -thresholds_of(config, goals.weights, _signatures(config, metrics))
    return replace(goals, thresholds=thresholds)


def goals_beforehand(config: OptimizationConfig, metrics: Sequence[str]) -> Goals:
    """Return objectives, and the constraints that are relative to nothing, without thresholds.

    Args:
        config: what the user wants; nothing was measured yet.
        metrics: their names, or their signatures.
    """
    return _limited(config, metrics, [c for c in config.outcome_constraints if not c.relative])


def _limited(
    config: OptimizationConfig, metrics: Sequence[str], constraints: list[OutcomeConstraint]
) -> Goals:
    """Return objectives and constraints, none of them relative, without thresholds."""
    signatures = _signatures(config, metrics)
    A, b = np.zeros((len(constraints), len(metrics))), np.zeros(len(constraints))
    for i, constraint in enumerate(constraints):
        sign = 1 if constraint.op is ComparisonOp.LEQ else -1
        for signature, weight in constraint.metric_weights:
            A[i, signatures.index(signature)] = sign * weight
        b[i] = sign * constraint.bound
    return replace(objectives_of(config, metrics), constraints=(A, b))


def objectives_of(config: OptimizationConfig, metrics: Sequence[str]) -> Goals:
    """Return the objectives of an optimization config, without thresholds and constraints.

    Args:
        config: what the user wants; its bounds may be relative to what was not measured yet.
        metrics: their names, or their signatures.
    """
    check_linear(config.objective)
    weights = weights_of(config.objective, _signatures(config, metrics))
    names, factors = [], []
    for row, text in zip(weights, _texts(config.objective), strict=True):
        (used,) = np.nonzero(row)
        alone = len(used) == 1
        names.append(metrics[int(used[0])] if alone else text)
        factors.append(-float(row[used[0]]) if alone else -1.0)
    return Goals(
        objectives=tuple(names),
        factors=np.array(factors),
        weights=weights,
        thresholds=np.full(len(weights), np.nan),
        constraints=(np.empty((0, len(metrics))), np.empty(0)),
    )


def weights_of(objective: Objective, metrics: Sequence[str]) -> Floats:
    """Return the weights of metrics in each objective, maximised, shape ``(m, k)``.

    Args:
        objective: one or several, each a weighted sum.
        metrics: signatures, ``k``.
    """
    signatures = objective.metric_name_to_signature
    weights = np.zeros((len(_sums(objective)), len(metrics)))
    for row, terms in zip(weights, _sums(objective), strict=True):
        for name, weight in terms:
            row[metrics.index(signatures[name])] = weight
    return weights


def thresholds_of(config: OptimizationConfig, weights: Floats, metrics: Sequence[str]) -> Floats:
    """Return the thresholds of the objectives, maximised, shape ``(m,)``, NaN without one.

    Args:
        config: its thresholds are absolute.
        weights: of :func:`weights_of`, shape ``(m, k)``.
        metrics: signatures, ``k``.
    """
    several = isinstance(config, MultiObjectiveOptimizationConfig)
    given = config.objective_thresholds if several else []
    bounds = {t.metric_signatures[0]: t.bound for t in given}
    thresholds = np.full(len(weights), np.nan)
    for j in np.flatnonzero(np.count_nonzero(weights, axis=1) == 1):
        k = int(np.flatnonzero(weights[j])[0])
        thresholds[j] = weights[j, k] * bounds.get(metrics[k], np.nan)
    return thresholds


def with_sums(config: OptimizationConfig) -> OptimizationConfig:
    """Return an optimization config of which Ax, too, takes constraints on sums for what they are.

    Of a constraint on several metrics, ``"a + b <= 1"``, Ax 1.3.1 looks at the first alone, and at
    the baseline's first, unless it is of a class of its own, which no expression gives.
    """
    if all(len(constraint.metric_names) == 1 for constraint in config.outcome_constraints):
        return config
    constraints = [
        _sum(constraint) if len(constraint.metric_names) > 1 else constraint
        for constraint in config.outcome_constraints
    ]
    return config.clone_with_args(outcome_constraints=constraints)


def _sum(constraint: OutcomeConstraint) -> ScalarizedOutcomeConstraint:
    """Return a constraint on several metrics as one of Ax's class for them."""
    found = ScalarizedOutcomeConstraint.__new__(ScalarizedOutcomeConstraint)
    # its own way to make one is deprecated, and writes the numbers with fewer digits
    OutcomeConstraint.__init__(
        found,
        constraint.expression,
        metric_name_to_signature=constraint.metric_name_to_signature,
    )
    return found


def metrics_alone(objective: Objective) -> dict[str, float]:
    """Return the names of the metrics that are objectives of their own, and their weights."""
    return {terms[0][0]: terms[0][1] for terms in _sums(objective) if len(terms) == 1}


def with_reference(
    config: OptimizationConfig | None, point: Mapping[str, float]
) -> OptimizationConfig | None:
    """Return an optimization config with a reference point as thresholds, also with parts of one.

    Raises:
        UserInputError: if it names something that is no objective.
    """
    if not point or not isinstance(config, MultiObjectiveOptimizationConfig):
        return config
    weights = metrics_alone(config.objective)
    unknown = sorted(set(point) - set(weights))
    if unknown:
        raise UserInputError(
            f"reference_point names {unknown}, but the objectives are {sorted(weights)}"
        )
    signatures = config.objective.metric_name_to_signature
    thresholds = [
        OutcomeConstraint(
            expression=f"{name} {'<=' if weights[name] < 0 else '>='} {bound!r}",
            metric_name_to_signature={name: signatures[name]},
        )
        for name, bound in point.items()
    ]
    others = [t for t in config.objective_thresholds if t.metric_names[0] not in point]
    return config.clone_with_args(objective_thresholds=[*others, *thresholds])


def judged(
    config: OptimizationConfig, measured: Collection[str], baseline: Collection[str]
) -> tuple[OptimizationConfig, list[str]]:
    """Return goals without the bounds that nothing can be judged by yet, and why each is left out.

    Those are of metrics that nobody measured, or relative to what the baseline has not measured.

    Args:
        config: what the user wants.
        measured: signatures of the metrics that any arm measured.
        baseline: of those that the baseline measured.
    """
    if not measured:
        return config, []
    reasons: list[str] = []

    def kept(bounds: Sequence[OutcomeConstraint]) -> list[OutcomeConstraint]:
        found = []
        for bound in bounds:
            known, whose = (baseline, "the baseline") if bound.relative else (measured, "a trial")
            signatures = bound.metric_name_to_signature
            unknown = sorted(n for n in bound.metric_names if signatures[n] not in known)
            if unknown:
                reasons.append(
                    f"the constraint {bound.expression!r} does not limit the search until {whose} "
                    f"has measured {', '.join(unknown)}"
                )
            else:
                found.append(bound)
        return found

    bounds = {"outcome_constraints": kept(config.outcome_constraints)}
    if isinstance(config, MultiObjectiveOptimizationConfig):
        bounds["objective_thresholds"] = kept(config.objective_thresholds)
    return (config.clone_with_args(**bounds) if reasons else config), reasons


def check_config(config: OptimizationConfig | None) -> None:
    """Raise if goals are something that Ax cannot do, or reads otherwise than it is written.

    Raises:
        UserInputError: as :func:`check_bounds` and :func:`check_preferences` do.
    """
    if config is not None:
        check_bounds(config)
    check_preferences(config)


def check_preferences(config: OptimizationConfig | None) -> None:
    """Raise if goals are preferences that are to be learned from comparisons.

    Ax refuses most transforms for them, after the start-up, its own default strategy's too (1.3.1).

    Raises:
        UserInputError: if they are.
    """
    if isinstance(config, PreferenceOptimizationConfig):
        raise UserInputError(
            "Ax cannot learn preferences (PreferenceOptimizationConfig) with LaMOO's generation "
            "strategy, nor with its default: it allows few transforms with them. Set a strategy of "
            "your own that has no others"
        )


def check_bounds(config: OptimizationConfig) -> None:
    """Raise if a bound is relative to the baseline for Ax, but not as it is written.

    Raises:
        UserInputError: if it is more than a multiple of the baseline, or of a sum that Ax negates,
            whose baseline it does not negate (1.3.1).
    """
    for bound in (bound for bound in config.all_constraints if bound.relative):
        factor = 1 + bound.bound / 100
        if not _is_multiple(bound.expression):
            raise UserInputError(
                f"Ax reads the constraint {bound.expression!r} as {factor:g} times what the "
                "baseline measured: a bound is a number, or a multiple of the baseline, as in "
                "'latency <= 0.9 * baseline', and a metric that has 'baseline' in its name needs "
                "another one to have a bound"
            )
        if len(bound.metric_names) > 1 and factor < 0:
            raise UserInputError(
                f"Ax cannot keep the constraint {bound.expression!r}: of the sum it takes the "
                "negative, and of its baseline it does not. Report the sum as a metric of its own"
            )


def _is_multiple(expression: str) -> bool:
    """Tell whether a bound is a multiple of the baseline, and nothing else is added.

    Then it is twice as large where the baseline is.
    """
    try:
        once, twice = (_constant(re.sub(r"\bbaseline\b", value, expression)) for value in "12")
    except Exception:  # noqa: BLE001  a name that is no formula was told to Ax by other means
        return True
    return once != 0 and math.isclose(twice, 2 * once)


def _constant(inequality: str) -> float:
    """Return what is added to the metrics of an inequality, all on one side."""
    terms = extract_coefficient_dict_from_inequality(inequality)
    return float(sum(weight for term, weight in terms.items() if term.is_number))


def check_linear(objective: Objective) -> None:
    """Raise if an objective holds a power of a metric, which Ax would drop.

    Raises:
        UserInputError: for ``"1/latency"``, of which Ax 1.3 makes ``"latency"``.
    """
    try:
        parsed = parse_objective_expression(objective.expression)
    except Exception:  # noqa: BLE001  a name that is no formula was told to Ax by other means
        return
    for expression in parsed if isinstance(parsed, tuple) else (parsed,):
        for term in expression.as_coefficients_dict():
            if term.is_Pow and str(term) not in objective.metric_names:
                raise UserInputError(
                    f"objective {objective.expression!r} is not linear: Ax drops the power in "
                    f"{str(term)!r} and would follow {str(term.base)!r}. Report {str(term)!r} as a "
                    "metric of its own and call configure_optimization again"
                )


def weighted(values: Floats, weights: Floats) -> Floats:
    """Return weighted sums (n, k) of outcomes (n, o), given weights (k, o).

    An outcome of weight 0 does not count, whatever it is: NaN and infinity times 0 are NaN.
    """
    sums = [values[:, w != 0] @ w[w != 0] for w in weights]
    return np.array(sums).reshape(len(weights), len(values)).T


def _texts(objective: Objective) -> list[str]:
    """Return each objective as the user wrote it, or else as a formula."""
    texts = [text.strip() for text in objective.expression.split(",")]
    sums = [" + ".join(f"{w:g}*{name}" for name, w in terms) for terms in _sums(objective)]
    return texts if len(texts) == len(sums) else sums


def _signatures(config: OptimizationConfig, metrics: Sequence[str]) -> list[str]:
    """Return what Ax calls the metrics in its constraints."""
    known = config.metric_name_to_signature
    return [known.get(metric, metric) for metric in metrics]


def _sums(objective: Objective) -> list[list[tuple[str, float]]]:
    """Return the names and weights of each objective's metrics."""
    # what is public does not tell which belong together
    sums: list[list[tuple[str, float]]] = objective._parsed[1]  # noqa: SLF001
    return sums
