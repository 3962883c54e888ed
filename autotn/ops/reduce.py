"""Reductions: many elements to one along dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Arr, op
from autotn.core.tensor import check_dim

__all__ = ["mean", "sum"]


def axes_of(name: str, dim: Any, ndim: int) -> tuple[int, ...] | None:
    """PyTorch's `dim` (None, an int, or a sequence of them) as NumPy's axes."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return None
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = tuple(check_dim(name, d, ndim) for d in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"{name}: dim {dim} appears multiple times in the list of dims")
    return axes if ndim else ()


def spread(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced gradient stretched back over the dimensions that were reduced."""
    from autotn.ops.shape import expand

    axes = axes_of("sum", dim, len(shape))
    if not keepdim and axes is not None and shape:
        kept = tuple(1 if k in axes else n for k, n in enumerate(shape))
        g = g.reshape(kept)
    elif keepdim is False and axes is None:
        g = g.reshape((1,) * len(shape))
    return (
        np.broadcast_to(g, shape) if isinstance(g, (np.ndarray, np.generic)) else expand(g, shape)
    )


@op(method="sum", out=True, numpy=np.sum)
def sum(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:  # noqa: A001
    """Sum of the elements, of all of them or along `dim`.

    >>> tn.sum(tn.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])
    """
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if kind is None and input.dtype.kind in "biu":
        kind = dtypes.int64.dtype
    return np.add.reduce(input, axes_of("sum", dim, input.ndim), dtype=kind, keepdims=keepdim)


sum.grad(input=lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim))


@op(method="mean", out=True, numpy=np.mean)
def mean(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:
    """Mean of the elements, of all of them or along `dim`.

    >>> tn.mean(tn.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(2.5000)
    """
    if dtype is not None:
        input = input.astype(dtypes.as_numpy(dtype))
    axes = axes_of("mean", dim, input.ndim)
    total = np.add.reduce(input, axes, keepdims=keepdim)
    return total / _count(input.shape, axes)


def _count(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
    return math.prod(shape if axes is None else [shape[k] for k in axes])


def _mean_rule(g: Any, input_shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    count = _count(input_shape, axes_of("mean", dim, len(input_shape)))
    return spread(g / count if count else g, input_shape, dim, keepdim)


mean.grad(input=_mean_rule)
