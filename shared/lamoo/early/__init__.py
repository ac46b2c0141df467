"""When to stop a training that reports its objectives while it runs."""

from __future__ import annotations

from lamoo.early.extrapolation import Extrapolation
from lamoo.early.halving import Halving

#: What decides: ``rule.stops(curve, others)`` is a pure function of what trials reported.
Rule = Extrapolation | Halving
RULES: dict[str, Rule] = {"curves": Extrapolation(), "halving": Halving()}

__all__ = ["RULES", "Extrapolation", "Halving", "Rule"]
