"""Is LaMOO worth it for your objective? ``lamoo compare`` runs samplers side by side and reports.

:func:`compare` is the command as a function. It meets both frameworks, so it stands beside the
engine and not in it; nothing imports it.
"""

from lamoo_compare.comparison import compare
from lamoo_compare.errors import CompareError
from lamoo_compare.summary import Comparison, Run

__all__ = ["CompareError", "Comparison", "Run", "compare"]
