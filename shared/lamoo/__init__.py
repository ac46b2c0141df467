"""lamoo: multi-objective search by learning partitions of the search space.

The engine, independent of any framework. ``suggest(space, history, q, rng)`` is the whole of it;
:class:`Optimizer` wraps it for people without a framework, ``optuna_lamoo`` and ``ax_lamoo`` for
people with one.
"""

from lamoo.optimizer import Optimizer, Settings, conclusive, exhausted, path, recent_gain, suggest
from lamoo.partition.tree import PAPER, Partition
from lamoo.space import Categorical, Float, Integer, Space
from lamoo.space.history import History
from lamoo.space.known import Known

__all__ = [
    "PAPER",
    "Categorical",
    "Float",
    "History",
    "Integer",
    "Known",
    "Optimizer",
    "Partition",
    "Settings",
    "Space",
    "conclusive",
    "exhausted",
    "path",
    "recent_gain",
    "suggest",
]
