"""When to stop a training that reports its objectives while it runs."""

from __future__ import annotations

import numpy as np

from lamoo.curves import Curve, Curves
from lamoo.early.extrapolation import Extrapolation, reaching
from lamoo.early.halving import Halving

#: What decides: ``rule.stops(curve, others)`` is a pure function of what trials reported.
Rule = Extrapolation | Halving
RULES: dict[str, Rule] = {"curves": Extrapolation(), "halving": Halving()}

__all__ = ["RULES", "Extrapolation", "Halving", "Rule", "reaching", "rule_of", "stops"]


def rule_of(rule: str | Rule) -> Rule:
    """Return a rule, or the one of that name.

    Raises:
        ValueError: if it is neither.
    """
    found = RULES.get(rule) if isinstance(rule, str) else rule
    if not isinstance(found, Rule):
        msg = (
            f"rule must be one of {sorted(RULES)}, a lamoo.early.Extrapolation or a "
            f"lamoo.early.Halving, got {rule!r}"
        )
        raise ValueError(msg)
    return found


@np.errstate(under="ignore")  # what is far too small is 0, also for who looks for NaN with seterr
def stops(rule: Rule, own: Curve, others: Curves) -> bool:
    """Tell whether a trial that reported every objective is better stopped.

    One that has come as far as the longest complete one never is.
    """
    return bool(own.steps[-1] < others.longest and rule.stops(own, others))
