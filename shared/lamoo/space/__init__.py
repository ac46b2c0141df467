"""What is searched, and what is known of it: parameters, points, conditions, observations."""

from lamoo.space.parameters import COUNTABLE, Categorical, Float, Integer, Parameter, near
from lamoo.space.space import ENUMERABLE, FINE, Space

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
