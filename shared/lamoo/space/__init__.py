"""What is searched, and what is known of it: parameters, points, conditions, observations."""

from lamoo.space.space import (
    COUNTABLE,
    ENUMERABLE,
    FINE,
    Categorical,
    Float,
    Integer,
    Parameter,
    Space,
    near,
)

__all__ = [
    "COUNTABLE",
    "ENUMERABLE",
    "FINE",
    "Categorical",
    "Float",
    "Integer",
    "Parameter",
    "Space",
    "near",
]
