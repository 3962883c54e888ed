"""Make modules without spending time on initial values."""

from __future__ import annotations

from typing import Any

from autotn.layers.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module whose values will be loaded anyway.

    >>> nn.utils.skip_init(nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if not hasattr(module_cls, "reset_parameters"):
        return module_cls(*args, **kwargs)

    def leave(self: Any) -> None:
        """Leave the values as they are."""

    quick = type(module_cls.__name__, (module_cls,), {"reset_parameters": leave})
    made = quick(*args, **kwargs)
    made.__class__ = module_cls
    return made
