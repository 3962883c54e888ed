"""Softmax of large arrays, in as few passes as NumPy allows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Exponentials of numbers up to this are far from overflow, and so are their sums.
_SAFE = 30.0
#: Below this many elements a reduction to one number costs as much as what it may save.
_FEW = 2048


def softmax(x: Array, axis: int | None, may_be_blocked: bool = False) -> Array:
    """Shares proportional to :math:`e^x` along `axis`; zeros where a row is -inf and may be.

    The largest number of a row is taken off first, lest its exponential overflow. Finding it is the
    slowest part in NumPy, so where no number is large they stay as they are, unless it turns out
    that all of a row are so small that their exponentials vanish.
    """
    e, total = exponentials(x, axis, may_be_blocked)
    e /= total
    return e


def exponentials(x: Array, axis: int | None, may_be_blocked: bool = False) -> tuple[Array, Array]:
    """What `softmax` divides: exponentials, times a factor for each row, and their sums along `axis`."""
    if x.size >= _FEW and x.dtype.char in "fd" and x.max() < _SAFE:
        e = np.exp(x)
        total = _totals(e, axis)
        if total.min() > math.exp(-_SAFE):
            return e, total
    top = x.max(axis, keepdims=True)
    if may_be_blocked:
        top[top == -np.inf] = 0
    e = np.asarray(x - top)
    np.exp(e, out=e)
    total = _totals(e, axis)
    if may_be_blocked:
        total[total == 0] = 1
    return e, total


def gradient(g: Array, p: Array, axis: int) -> Array:
    """The gradient of what softmax made `p` from, given that of `p`."""
    if axis in (-1, p.ndim - 1) and p.dtype.char in "fd":
        gx = g - np.vecdot(g, p)[..., None]
    else:
        gx = g - (g * p).sum(axis, keepdims=True)
    gx *= p
    return gx


def logsumexp(x: Array, axes: Any) -> Array:
    """Logarithm of the sum of exponentials along `axes`, which stay; an axis, several, or None for all."""
    if x.size >= _FEW and x.dtype.char in "fd" and x.max() < _SAFE:
        total = _totals(np.exp(x), axes)
        if total.min() > math.exp(-_SAFE):
            return np.log(total, out=total)
    top = np.asarray(x.real.max(axes, keepdims=True))
    top[~np.isfinite(top)] = 0
    e = np.asarray(x - top)
    np.exp(e, out=e)
    found: Array = np.log(_totals(e, axes)) + top
    return found


def _totals(e: Array, axis: Any) -> Array:
    """The sums of positive numbers along `axis`, which stays."""
    if (
        e.size >= _FEW
        and axis in (-1, e.ndim - 1)
        and e.dtype.char in "fd"
        and e.flags.c_contiguous
    ):
        ones = np.ones(e.shape[-1], e.dtype)
        return e.reshape(-1, e.shape[-1]).dot(ones).reshape(*e.shape[:-1], 1)
    found: Array = e.sum(axis, keepdims=True)
    return found
