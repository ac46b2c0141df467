"""lamoo: multi-objective search by learning partitions of the search space.

The engine, independent of any framework. ``suggest(Task(space, history, settings), q, rng)`` is the
whole of it; :class:`Optimizer` wraps it for people without a framework, ``optuna_lamoo`` and
``ax_lamoo`` for people with one.
"""

from lamoo.optimizer import Evaluation, Optimizer
from lamoo.partition.tree import ALONE, PAPER, Partition
from lamoo.search import chosen_path, suggest
from lamoo.space import Categorical, Float, Integer, Space
from lamoo.space.allowed import NothingAllowed
from lamoo.space.history import History
from lamoo.space.known import Known
from lamoo.stopping import Convergence, exhausted, recent_gain
from lamoo.task import Settings, Task
from lamoo.version import __version__

__all__ = [
    "ALONE",
    "PAPER",
    "Categorical",
    "Convergence",
    "Evaluation",
    "Float",
    "History",
    "Integer",
    "Known",
    "NothingAllowed",
    "Optimizer",
    "Partition",
    "Settings",
    "Space",
    "Task",
    "__version__",
    "chosen_path",
    "exhausted",
    "recent_gain",
    "suggest",
]
