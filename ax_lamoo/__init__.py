"""LaMOO as a generation strategy for Ax: not available yet.

>>> import ax_lamoo
>>> ax_lamoo.lamoo_generation_strategy()
Traceback (most recent call last):
    ...
NotImplementedError: ax_lamoo.lamoo_generation_strategy is not available yet...
"""

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    """Raise the sentence that says what to use meanwhile, whatever public name is asked for."""
    if name.startswith("_"):  # what tools probe for: __path__, __wrapped__, ...
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise NotImplementedError(
        f"ax_lamoo.{name} is not available yet. Until it is, search with Optuna "
        "(sampler=optuna_lamoo.LaMOOSampler()) or ask and tell lamoo.Optimizer yourself."
    )
