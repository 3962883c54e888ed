"""Tensors cut at places or into nearly equal parts, in NumPy's manner."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.methods import attach_method
from autotn.core.op import composite
from autotn.core.tensor import Tensor, check_dim
from autotn.ops.shape import _parts, narrow

__all__ = ["dsplit", "hsplit", "tensor_split", "vsplit"]


def _cut(name: str, *given: Any) -> Any:
    """How to cut, under whichever of PyTorch's words it came."""
    found = [one for one in given if one is not None]
    if len(found) != 1:
        raise TypeError(
            f"{name}: expected sections or indices, got {'both' if found else 'neither'}"
        )
    return found[0]


@composite(method="tensor_split", numpy=np.array_split)
def tensor_split(
    input: Any,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    sections: Any = None,
    indices: Any = None,
) -> Any:
    """The tensor cut into nearly equal parts, or at given places.

    >>> [p.tolist() for p in tn.tensor_split(tn.tensor([1, 2, 3]), 2)]
    [[1, 2], [3]]
    """
    if not input.ndim:
        raise RuntimeError("tensor_split: expected at least a 1-dimensional tensor")
    axis = check_dim("tensor_split", dim, input.ndim)
    length = input.shape[axis]
    given = _cut("tensor_split", indices_or_sections, sections, indices)
    if isinstance(given, Tensor):
        given = given.tolist()
    if isinstance(given, (tuple, list)):
        cuts = [min(max(c + length if c < 0 else c, 0), length) for c in given]
        bounds = zip([0, *cuts], [*cuts, length], strict=True)
        return tuple(narrow(input, axis, a, max(b - a, 0)) for a, b in bounds)
    count = int(given)
    if count <= 0:
        raise RuntimeError(f"tensor_split: number of sections must be larger than 0, got {count}")
    small, more = divmod(length, count)
    sizes = [small + 1] * more + [small] * (count - more)
    return _parts(input, tuple(int(c) for c in np.cumsum(sizes)[:-1]), axis)


def _splitter(name: str, least: int, dim: int) -> Any:
    def function(
        input: Any, indices_or_sections: Any = None, *, sections: Any = None, indices: Any = None
    ) -> Any:
        cut = _cut(name, indices_or_sections, sections, indices)
        if input.ndim < least:
            raise RuntimeError(f"{name}: requires a tensor with at least {least} dimension(s)")
        axis = 0 if name == "hsplit" and input.ndim == 1 else dim
        length = input.shape[axis]
        if isinstance(cut, int) and length % cut:
            raise RuntimeError(
                f"{name}: attempted to split along dimension {axis}, but the size of the dimension {length} "
                f"is not divisible by the split_size {cut}"
            )
        return tensor_split(input, cut, axis)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`tensor_split` along dimension {dim}."
    return attach_method(name)(function)


hsplit = _splitter("hsplit", 1, 1)
vsplit = _splitter("vsplit", 2, 0)
dsplit = _splitter("dsplit", 3, 2)
