"""Pooling: maxima, means and norms of windows over one to three axes.

The public functions take PyTorch's arguments, batches and single samples; behind each family stands
one op over any number of axes. An op that picks or adds up cells is linear in them, so it comes
with its transpose: `_max_pool` picks, its gradient puts back, the gradient of that picks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.errors import ShapeError
from autotn.kernels import pool as kernel
from autotn.kernels.window import spatial
from autotn.ops.activation import relu
from autotn.ops.arithmetic import abs as magnitude, sign
from autotn.ops.compare import where

__all__ = ["avg_pool1d", "max_pool1d", "max_pool2d", "max_pool3d"]

FUNCTIONAL = (
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
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


def from_winners(g: Any, out: Any, input_shape: Any) -> Any:
    """The gradient of an op that gives maxima and their indices."""
    return _put_planes(g[0], out[1], tuple(input_shape[2:]))


def winners(t: Any, out: Any) -> Any:
    """The tangents of maxima, and of their indices, which do not move."""
    return _pick_planes(t, out[1]), None


# -- maxima ----------------------------------------------------------------------------------------


@op(aux=("kept",))
def _max_pool(
    input: Arr, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Arr:
    """The largest cell of each window.

    >>> F.max_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    out, kept = kernel.max_pool_kept(input, kernel_size, stride, padding, dilation, ceil_mode)
    return out, (kept,)


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


def _max_pool_rule(
    g: Any, input: Any, out: Any, kept: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> Any:  # fmt: skip
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    if kept is not None and g.__class__ is np.ndarray:
        found = kernel.max_pool_put_back(g, input, kept, *options)
        if found is not None:
            return found
    return _max_pool_spread(g, input, out, *options)


_max_pool.grad(input=_max_pool_rule)
_max_pool.tangent(
    input=lambda t, input, out, kernel_size, stride, padding, dilation, ceil_mode: _max_pool_pick(
        t, input, out, kernel_size, stride, padding, dilation, ceil_mode
    )
)
_max_pool_with_indices.grad(input=from_winners)
_max_pool_with_indices.tangent(input=winners)
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
    """The maximum of each window of a volume, ``(N, C, D, H, W)`` or ``(C, D, H, W)``.

    See `max_pool1d`.

    >>> tn.max_pool3d(tn.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima("max_pool3d", input, return_indices, *options)


# -- putting maxima back ---------------------------------------------------------------------------


@op()
def _max_unpool(input: Arr, indices: Fixed, size: tuple[int, ...]) -> Arr:
    """Planes of zeros, in which each number stands at its index.

    >>> F.max_unpool1d(tn.tensor([[3.0, 2.0]]), tn.tensor([[1, 2]]), 2)
    tensor([[0., 3., 2., 0.]])
    """
    return kernel.max_unpool(input, indices, size)


_max_unpool.grad(input=lambda g, indices: _pick_planes(g, indices))


def _unpooled(
    name: str, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    dims = int(name[-2])
    kernel_size = spatial(kernel_size, dims, f"{name}: kernel_size", least=1)
    stride = kernel_size if stride is None else spatial(stride, dims, f"{name}: stride", least=1)
    padding = spatial(padding, dims, f"{name}: padding", least=0)
    if not str(indices.dtype).endswith("int64"):
        raise TypeError(f"{name}: 'indices' must be int64, got {indices.dtype}")
    given = tuple(input.shape[-dims:])
    size = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(given, stride, padding, kernel_size))
    if output_size is not None:
        wanted = tuple(int(n) for n in output_size)[-dims:]
        if len(output_size) not in (dims, dims + 2) or any(
            not n - s < w < n + s for n, s, w in zip(size, stride, wanted)
        ):
            raise ShapeError(
                f"{name}: output_size must be less than the stride {stride} away from {size}, "
                f"got {tuple(output_size)}"
            )
        size = wanted
    if input.ndim == dims + 1:
        indices = indices.reshape((1, *indices.shape))
    return over_batch(name, input, lambda x: _max_unpool(x, indices, size))


@composite()
def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Undo `max_pool1d`: maxima return to their places, everything else is zero.

    Parameters
    ----------
    indices : int64, shaped like input
        What `max_pool1d` gave with ``return_indices=True``.
    output_size : sequence of int, optional
        The size before pooling, where pooling cut off an incomplete window.

    >>> F.max_unpool1d(tn.tensor([[3.0, 2.0]]), tn.tensor([[1, 2]]), 2, output_size=[5])
    tensor([[0., 3., 2., 0., 0.]])
    """
    return _unpooled("max_unpool1d", input, indices, kernel_size, stride, padding, output_size)


@composite()
def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Undo `max_pool2d`; see `max_unpool1d`.

    >>> F.max_unpool2d(tn.tensor([[[7.0]]]), tn.tensor([[[2]]]), 2)
    tensor([[[0., 0.],
             [7., 0.]]])
    """
    return _unpooled("max_unpool2d", input, indices, kernel_size, stride, padding, output_size)


@composite()
def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Undo `max_pool3d`; see `max_unpool1d`.

    >>> F.max_unpool3d(tn.ones(1, 1, 1, 1), tn.tensor([[[[3]]]]), (1, 2, 2)).shape
    tn.Size([1, 1, 2, 2])
    """
    return _unpooled("max_unpool3d", input, indices, kernel_size, stride, padding, output_size)


# -- means -----------------------------------------------------------------------------------------


@op()
def _avg_pool(
    input: Arr, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Arr:  # fmt: skip
    """The mean of each window.

    >>> F.avg_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    return kernel.avg_pool(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@op()
def _avg_pool_spread(
    input: Arr, shape: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any,
    ceil_mode: bool, count_include_pad: bool, divisor_override: int | None,
) -> Arr:  # fmt: skip
    """The gradient of average pooling: what stands at a window is shared by its cells.

    >>> x = tn.ones(1, 4, requires_grad=True)
    >>> F.avg_pool1d(x, 2).sum().backward(); x.grad
    tensor([[0.5000, 0.5000, 0.5000, 0.5000]])
    """
    return kernel.avg_pool_gradient(
        input, shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _avg_back(
    g: Any, input_shape: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any,
    count_include_pad: Any, divisor_override: Any,
) -> Any:  # fmt: skip
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool_spread(g, tuple(input_shape), *options)


def _avg_forth(
    g: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: Any, count_include_pad: Any,
    divisor_override: Any,
) -> Any:  # fmt: skip
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool(g, *options)


_avg_pool.grad(input=_avg_back)
_avg_pool_spread.grad(input=_avg_forth)


@composite()
def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """The mean of each window of a sequence, ``(N, C, L)`` or ``(C, L)``.

    Parameters
    ----------
    stride : int, optional
        By default windows lie side by side.
    ceil_mode : bool
        Count a last window that is only partly there.
    count_include_pad : bool
        Divide by the size of the window even where it meets padding.

    >>> tn.avg_pool1d(tn.tensor([[1.0, 3.0, 2.0, 0.0]]), 3, stride=1)
    tensor([[2.0000, 1.6667]])
    """
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, None)
    return over_batch("avg_pool1d", input, lambda x: _avg_pool(x, *options))


@composite()
def avg_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of an image, ``(N, C, H, W)`` or ``(C, H, W)``; see `avg_pool1d`.

    `divisor_override` divides the sum of every window by this number instead.

    >>> F.avg_pool2d(tn.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return over_batch("avg_pool2d", input, lambda x: _avg_pool(x, *options))


@composite()
def avg_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of a volume; see `avg_pool2d`.

    >>> F.avg_pool3d(tn.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    options = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return over_batch("avg_pool3d", input, lambda x: _avg_pool(x, *options))


# -- norms -----------------------------------------------------------------------------------------


def _normed(
    name: str, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    dims = int(name[-2])
    if norm_type == 0:
        raise ValueError(f"{name}: norm_type must not be 0")
    if math.isinf(norm_type):
        highest = over_batch(
            name,
            magnitude(input) if norm_type > 0 else -magnitude(input),
            lambda x: _max_pool(x, kernel_size, stride, 0, 1, ceil_mode),
        )
        return highest if norm_type > 0 else -highest
    cells = math.prod(spatial(kernel_size, dims, f"{name}: kernel_size", least=1))
    mean = over_batch(
        name,
        input**norm_type,
        lambda x: _avg_pool(x, kernel_size, stride, 0, ceil_mode, True, None),
    )
    total = sign(mean) * relu(magnitude(mean)) * cells
    if norm_type < 0:
        return total ** (1.0 / norm_type)
    nothing = total == 0  # the slope of a root is infinite there; that of the norm is taken as 0
    return where(nothing, 0.0, where(nothing, 1.0, total) ** (1.0 / norm_type))


@composite()
def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    r"""The norm of each window of a sequence: :math:`\left(\sum x^p\right)^{1/p}`.

    As in PyTorch no absolute value is taken: for an odd `p` numbers of both signs cancel.

    >>> F.lp_pool1d(tn.tensor([[3.0, 4.0, 0.0, 2.0]]), 2, 2)
    tensor([[5., 2.]])
    """
    return _normed("lp_pool1d", input, norm_type, kernel_size, stride, ceil_mode)


@composite()
def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The norm of each window of an image; see `lp_pool1d`.

    >>> F.lp_pool2d(tn.ones(1, 2, 2), 2, 2)
    tensor([[[2.]]])
    """
    return _normed("lp_pool2d", input, norm_type, kernel_size, stride, ceil_mode)


@composite()
def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The norm of each window of a volume; see `lp_pool1d`.

    >>> F.lp_pool3d(tn.ones(1, 2, 2, 2), 3, 2)
    tensor([[[[2.]]]])
    """
    return _normed("lp_pool3d", input, norm_type, kernel_size, stride, ceil_mode)


for _largest in (_max_pool, _max_pool_with_indices):
    _largest.takes("if", "Complex numbers have no order")
_max_unpool.takes("f")
_avg_pool.takes("if")

acts(
    "linear",
    _pick_planes, _put_planes, _max_pool_spread, _max_pool_pick, _max_unpool, _avg_pool,
    _avg_pool_spread,
)  # fmt: skip
