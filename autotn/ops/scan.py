"""Running totals along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Arr, acts, op
from autotn.core.tensor import check_dim
from autotn.kernels.running import running
from autotn.kernels.running_log import running_logsum, running_logsum_slope

__all__ = ["cumprod", "cumsum", "logcumsumexp"]


def _running(name: str, input: Any, dim: int, dtype: Any) -> tuple[Any, int]:
    axis = check_dim(name, dim, input.ndim)
    if dtype is not None:
        input = input.astype(dtypes.as_numpy(dtype))
    elif input.dtype.kind in "biu":
        input = input.astype(np.int64)
    return input, axis


@op(method="cumsum", inplace=True, out=True, numpy=np.cumsum)
def cumsum(input: Arr, dim: int, *, dtype: Any = None) -> Arr:
    """Running sum along a dimension.

    >>> tn.cumsum(tn.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    input, axis = _running("cumsum", input, dim, dtype)
    return running(np.add, input, axis) if input.ndim else input.copy()


@op()
def reversed_cumsum(input: Arr, dim: int) -> Arr:
    """Running sum from the end: the transpose of `cumsum`.

    >>> from autotn.ops.scan import reversed_cumsum
    >>> reversed_cumsum(tn.tensor([1, 2, 3]), 0)
    tensor([6, 5, 3])
    """
    if not input.ndim:
        return input.copy()
    axis = check_dim("cumsum", dim, input.ndim)
    return running(np.add, input, axis, backwards=True)


reversed_cumsum.grad(input=lambda g, dim: cumsum(g, dim))
cumsum.grad(input=lambda g, dim: reversed_cumsum(g, dim))


@op()
def exclusive_products(input: Arr, dim: int) -> Arr:
    """For each element, the product of all the others along `dim`.

    >>> from autotn.ops.scan import exclusive_products
    >>> exclusive_products(tn.tensor([2.0, 3.0, 4.0]), 0)
    tensor([12.,  8.,  6.])
    """
    axis = check_dim("prod", dim, input.ndim)
    ones = np.ones_like(input[(slice(None),) * axis + (slice(0, 1),)])
    head = [input.take(range(input.shape[axis] - 1), axis)] if input.shape[axis] else []
    tail = [input.take(range(1, input.shape[axis]), axis)] if input.shape[axis] else []
    if not head:
        return input.copy()
    before = np.multiply.accumulate(np.concatenate([ones, *head], axis), axis)
    after = np.flip(
        np.multiply.accumulate(np.flip(np.concatenate([*tail, ones], axis), axis), axis), axis
    )
    return before * after


@exclusive_products.reference
def _(input: Any, dim: int) -> Any:
    from autotn.ops.join import cat

    axis = check_dim("prod", dim, input.ndim)
    count = input.shape[axis]
    parts = []
    for k in range(count):
        product = None
        for j in range(count):
            if j != k:
                one = input.narrow(axis, j, 1)
                product = one if product is None else product * one
        parts.append(product if product is not None else input.narrow(axis, k, 1) * 0 + 1)
    return cat(parts, axis) if parts else input * 1


@op(method="cumprod", inplace=True, out=True, numpy=np.cumprod)
def cumprod(input: Arr, dim: int, *, dtype: Any = None) -> Arr:
    """Running product along a dimension.

    >>> tn.cumprod(tn.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    input, axis = _running("cumprod", input, dim, dtype)
    return running(np.multiply, input, axis) if input.ndim else input.copy()


@cumprod.grad
def _(g: Any, input: Any, out: Any, dim: int) -> Any:
    if not input.ndim:
        return g.astype(input.dtype)
    axis = check_dim("cumprod", dim, input.ndim)
    zeros = input == 0
    if not zeros.any():
        return reversed_cumsum(g * out, axis) / input
    # Division is no way round zeros: the first one's slope is the sum of products without it, and all later
    # elements stand behind a factor 0.
    passed = np.add.accumulate(zeros, axis, dtype=np.int64)
    first = zeros & (passed == 1)
    without = running(np.multiply, np.where(first, 1, input), axis)
    here = reversed_cumsum(np.where(passed, g * without, 0), axis)
    before = reversed_cumsum(g * out, axis) / np.where(zeros, 1, input)
    return np.where(first, here, np.where(passed, 0, before))


@cumprod.reference
def _(input: Any, dim: int, *, dtype: Any = None) -> Any:
    from autotn.ops.join import cat

    if not input.ndim:
        return input * 1
    axis = check_dim("cumprod", dim, input.ndim)
    product, parts = None, []
    for k in range(input.shape[axis]):
        one = input.narrow(axis, k, 1)
        product = one if product is None else product * one
        parts.append(product)
    return cat(parts, axis) if parts else input * 1


@op(method="logcumsumexp", out=True)
def logcumsumexp(input: Arr, dim: int) -> Arr:
    r"""Logarithm of the running sum of exponentials: :math:`\log \sum_{j \le i} e^{x_j}`.

    >>> tn.logcumsumexp(tn.zeros(3), 0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    axis = check_dim("logcumsumexp", dim, input.ndim)
    if not input.ndim or not input.size:
        return input.copy()
    return running_logsum(input, axis)


logcumsumexp.takes("f", "The running maximum of complex numbers is not defined")


@logcumsumexp.grad
def _(g: Any, input: Any, out: Any, dim: int) -> Any:
    axis = check_dim("logcumsumexp", dim, input.ndim)
    return running_logsum_slope(g, input, out, axis) if input.ndim else g


@logcumsumexp.reference
def _(input: Any, dim: int) -> Any:
    from autotn.ops.join import stack
    from autotn.ops.shape import unbind
    from autotn.ops.transcendental import logaddexp

    if not input.ndim or not input.shape[dim]:
        return input * 1
    sums: list[Any] = []
    for part in unbind(input, dim):
        sums.append(logaddexp(sums[-1], part) if sums else part)
    return stack(sums, dim)


acts("linear", cumsum, reversed_cumsum)
