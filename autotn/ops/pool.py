"""Pooling: maxima, means and norms of windows over one to three axes.

The public functions take PyTorch's arguments, batches and single samples; behind each family stands
one op over any number of axes. An op that picks or adds up cells is linear in them, and so comes with
its transpose: `_max_pool` picks, its gradient puts back, the gradient of that picks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, composite, op
from autotn.errors import ShapeError
from autotn.kernels import pool as kernel
from autotn.kernels import pool_adaptive as adaptive
from autotn.kernels.window import spatial
from autotn.ops.activation import relu
from autotn.ops.arithmetic import abs as magnitude
from autotn.ops.arithmetic import sign
from autotn.ops.stochastic import rand

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_max_pool1d",
    "avg_pool1d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
]

FUNCTIONAL = (
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool2d",
    "avg_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool2d_with_indices",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
)


def over_batch(name: str, input: Any, pooled: Callable[[Any], Any]) -> Any:
    """Pool a batch, or a single sample as a batch of one; the name ends with the number of axes."""
    dims = int(name[-2])
    rank = getattr(input, "ndim", None)
    if rank == dims + 2:
        return pooled(input)
    if rank != dims + 1:
        axes = ("L", "H, W", "D, H, W")[dims - 1]
        given = type(input).__name__ if rank is None else f"shape {tuple(input.shape)}"
        raise ShapeError(
            f"{name}: 'input' must be a batch (N, C, {axes}) or a single sample (C, {axes}), "
            f"got {given}"
        )
    found = pooled(input.reshape((1, *input.shape)))
    if isinstance(found, tuple):
        return tuple(f.reshape(f.shape[1:]) for f in found)
    return found.reshape(found.shape[1:])


# -- places in planes ----------------------------------------------------------------------------


@op()
def _pick_planes(input: Arr, indices: Fixed) -> Arr:
    """The elements of each plane at these places.

    >>> from autotn.ops.pool import _pick_planes
    >>> _pick_planes(tn.tensor([[[5.0, 6.0, 7.0]]]), tn.tensor([[[2, 0]]]))
    tensor([[[7., 5.]]])
    """
    return kernel.pick_planes(input, indices)


@op()
def _put_planes(input: Arr, indices: Fixed, size: tuple[int, ...]) -> Arr:
    """Planes of zeros, with the input added at these places.

    >>> from autotn.ops.pool import _put_planes
    >>> _put_planes(tn.tensor([[[7.0, 5.0]]]), tn.tensor([[[2, 0]]]), (3,))
    tensor([[[5., 0., 7.]]])
    """
    return kernel.put_planes(input, indices, size)


_pick_planes.grad(
    input=lambda g, indices, input_shape: _put_planes(g, indices, tuple(input_shape[2:]))
)
_put_planes.grad(input=lambda g, indices: _pick_planes(g, indices))


def _from_winners(g: Any, out: Any, input_shape: Any) -> Any:
    """The gradient of an op that gives maxima and their indices."""
    return _put_planes(g[0], out[1], tuple(input_shape[2:]))


# -- maxima ----------------------------------------------------------------------------------------


@op()
def _max_pool(
    input: Arr, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Arr:
    """The largest cell of each window.

    >>> F.max_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return kernel.max_pool(input, kernel_size, stride, padding, dilation, ceil_mode)


@op()
def _max_pool_with_indices(
    input: Arr, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Arr, Arr]:
    """The largest cell of each window, and its place in the plane.

    >>> F.max_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0]]), 2, return_indices=True)[1]
    tensor([[1, 2]])
    """
    return kernel.max_pool_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


@op()
def _max_pool_spread(
    input: Arr, cells: Fixed, maxima: Fixed, kernel_size: Any, stride: Any, padding: Any,
    dilation: Any, ceil_mode: bool,
) -> Arr:  # fmt: skip
    """The gradient of max pooling: what stands at a window goes to the cell that was its maximum.

    >>> x = tn.tensor([[1.0, 3.0, 2.0, 0.0]], requires_grad=True)
    >>> F.max_pool1d(x, 2).sum().backward(); x.grad
    tensor([[0., 1., 1., 0.]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return kernel.max_pool_gradient(input, cells, maxima, *options)


@op()
def _max_pool_pick(
    input: Arr, cells: Fixed, maxima: Fixed, kernel_size: Any, stride: Any, padding: Any,
    dilation: Any, ceil_mode: bool,
) -> Arr:  # fmt: skip
    """What the input holds where these cells have their maxima: the transpose of the gradient.

    >>> from autotn.ops.pool import _max_pool_pick
    >>> _max_pool_pick(np.array([[[5.0, 6.0]]]), np.array([[[1.0, 3.0]]]), np.array([[[3.0]]]),
    ...                2, None, 0, 1, False)
    array([[[6.]]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return kernel.max_pool_pick(input, cells, maxima, *options)


_max_pool.grad(
    input=lambda g, input, out, kernel_size, stride, padding, dilation, ceil_mode: _max_pool_spread(
        g, input, out, kernel_size, stride, padding, dilation, ceil_mode
    )
)
_max_pool_with_indices.grad(input=_from_winners)
_max_pool_spread.grad(
    input=lambda g, cells, maxima, kernel_size, stride, padding, dilation, ceil_mode: (
        _max_pool_pick(g, cells, maxima, kernel_size, stride, padding, dilation, ceil_mode)
    )
)
_max_pool_pick.grad(
    input=lambda g, cells, maxima, kernel_size, stride, padding, dilation, ceil_mode: (
        _max_pool_spread(g, cells, maxima, kernel_size, stride, padding, dilation, ceil_mode)
    )
)


def _maxima(name: str, input: Any, return_indices: bool, *options: Any) -> Any:
    pooling = _max_pool_with_indices if return_indices else _max_pool
    return over_batch(name, input, lambda x: pooling(x, *options))


@composite()
def max_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maximum of each window of a sequence, ``(N, C, L)`` or ``(C, L)``.

    Parameters
    ----------
    stride : int, optional
        By default windows lie side by side.
    ceil_mode : bool
        Count a last window that is only partly there.
    return_indices : bool
        Also return where each maximum stands, for `max_unpool1d`.

    >>> tn.max_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0, 5.0]]), 2, ceil_mode=True)
    tensor([[3., 2., 5.]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima("max_pool1d", input, return_indices, *options)


@composite()
def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maximum of each window of an image, ``(N, C, H, W)`` or ``(C, H, W)``; see `max_pool1d`.

    >>> tn.max_pool2d(tn.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima("max_pool2d", input, return_indices, *options)


@composite()
def max_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maximum of each window of a volume, ``(N, C, D, H, W)`` or ``(C, D, H, W)``; see `max_pool1d`.

    >>> tn.max_pool3d(tn.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima("max_pool3d", input, return_indices, *options)
