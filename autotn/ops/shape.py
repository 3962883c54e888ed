"""Shapes and views: the same elements, seen otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, op
from autotn.core.tensor import check_dim

__all__ = ["expand", "reshape", "transpose"]


@op(view=True)
def _reshape(input: Arr, shape: tuple[int, ...]) -> Arr:
    """The elements in another shape, as a view where strides allow.

    >>> tn.reshape(tn.tensor([1, 2, 3, 4]), (2, 2))
    tensor([[1, 2],
            [3, 4]])
    """
    return input.reshape(shape)


_reshape.grad(input=lambda g, input_shape: g.reshape(input_shape))


def reshape(input: Any, *shape: Any) -> Any:
    """The elements in another shape; -1 stands for what is left.

    >>> tn.reshape(tn.tensor([1, 2, 3, 4]), (-1, 2)).shape
    tn.Size([2, 2])
    """
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = tuple(shape[0])
    return _reshape(input, tuple(int(n) for n in shape))


@op(method="transpose", view=True)
def transpose(input: Arr, dim0: int, dim1: int) -> Arr:
    """Two dimensions swapped, as a view.

    >>> tn.transpose(tn.tensor([[1, 2], [3, 4]]), 0, 1)
    tensor([[1, 3],
            [2, 4]])
    """
    a, b = check_dim("transpose", dim0, input.ndim), check_dim("transpose", dim1, input.ndim)
    return input.swapaxes(a, b) if input.ndim else input.view()


transpose.grad(input=lambda g, dim0, dim1: transpose(g, dim0, dim1))


@op(view=True)
def _expand(input: Arr, shape: tuple[int, ...]) -> Arr:
    """Dimensions of size 1 stretched, as a view without copies.

    >>> tn.tensor([[1], [2]]).expand(2, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    return np.broadcast_to(input, shape)


def _expand_rule(g: Any, input_shape: tuple[int, ...]) -> Any:
    from autotn.core.call import sum_to

    return sum_to(g, input_shape)


_expand.grad(input=_expand_rule)


def expand(input: Any, *sizes: Any) -> Any:
    """Dimensions of size 1 stretched to `sizes`; -1 keeps a size."""
    if len(sizes) == 1 and not isinstance(sizes[0], (int, np.integer)):
        sizes = tuple(sizes[0])
    lead = len(sizes) - input.ndim
    shape = tuple(
        int(input.shape[k - lead] if n == -1 and k >= lead else n) for k, n in enumerate(sizes)
    )
    return _expand(input, shape)


from autotn.core.methods import attach_method  # noqa: E402

attach_method("reshape")(reshape)
attach_method("expand")(expand)
