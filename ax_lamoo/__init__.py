"""LaMOO for Ax: ``client.set_generation_strategy(ax_lamoo.lamoo_generation_strategy())``.

Import it also before loading an experiment that was saved with this strategy.
"""

from lamoo.report.words import Explanation
from lamoo.space.answers import vectorized

try:
    from ax_lamoo import decision
    from ax_lamoo.analysis import PartitionRegions, PartitionTree
    from ax_lamoo.early import EarlyStopping
    from ax_lamoo.explanation import explain
    from ax_lamoo.reduction import reduced_space
    from ax_lamoo.registry import LaMOOGenerators
    from ax_lamoo.results import Point, front
    from ax_lamoo.stopping import StopWhenConverged
    from ax_lamoo.strategy import lamoo_generation_strategy
except ModuleNotFoundError as error:
    if str(error.name).startswith("ax_lamoo"):
        raise
    raise ModuleNotFoundError(
        f"ax_lamoo needs ax-platform 1.3 ({error.name} is missing): "
        "pip install 'lamoo[ax]' (install the torch you want before)",
        name=error.name,
    ) from error

__all__ = [
    "EarlyStopping",
    "Explanation",
    "LaMOOGenerators",
    "PartitionRegions",
    "PartitionTree",
    "Point",
    "StopWhenConverged",
    "decision",
    "explain",
    "front",
    "lamoo_generation_strategy",
    "reduced_space",
    "vectorized",
]
