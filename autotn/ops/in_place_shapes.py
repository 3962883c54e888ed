"""In-place forms of what changes the shape: the tensor takes the new shape itself."""

from __future__ import annotations

import inspect
from typing import Any

from autotn.core.inplace import reshape_in_place
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor
from autotn.ops.shape import squeeze, swapaxes, swapdims, t, transpose, unsqueeze

__all__: list[str] = []


def _relabel(plain: str, function: Any) -> None:
    name = f"{plain}_"

    def in_place(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if kwargs:
            args = inspect.signature(function).bind(self, *args, **kwargs).args[1:]
        return reshape_in_place(name, self, function(self.detach(), *args), function, args)

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = f"The in-place form of `{plain}`."
    attach_method(name)(in_place)


for _name, _function in (
    ("squeeze", squeeze), ("unsqueeze", unsqueeze), ("transpose", transpose), ("t", t),
    ("swapaxes", swapaxes), ("swapdims", swapdims),
):  # fmt: skip
    _relabel(_name, _function)
