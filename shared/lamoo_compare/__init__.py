"""Is LaMOO worth it for your objective? ``lamoo compare`` runs samplers side by side and reports.

:func:`compare` is the command as a function. It meets both frameworks, so it stands beside the
engine and not in it; nothing imports it.
"""

try:
    from lamoo_compare.comparison import compare
    from lamoo_compare.errors import CompareError
    from lamoo_compare.summary import Comparison, Run
except ModuleNotFoundError as error:
    if str(error.name).startswith("lamoo"):
        raise
    raise ModuleNotFoundError(
        f"lamoo_compare needs {error.name}: pip install 'lamoo[compare]'", name=error.name
    ) from error

__all__ = ["CompareError", "Comparison", "Run", "compare"]
