"""Logarithms of running sums of exponentials, and their slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.kernels.running import running

Array = np.ndarray[Any, Any]

#: Exponents this far apart have exponentials beside each other in float64, with all digits of the sum.
_APART = 600


def running_logsum(x: Array, axis: int) -> Array:
    """``log(cumsum(exp(x)))``."""
    if x.dtype == np.float32:
        top, low = x.max(axis, keepdims=True), x.min(axis, keepdims=True)
        if np.isneginf(low).any():
            low = x.min(axis, keepdims=True, initial=np.inf, where=x > -np.inf)
        if np.isfinite(top).all() and (top - low < _APART).all():
            with np.errstate(divide="ignore"):
                out = np.log(running(np.add, np.exp(np.subtract(x, top, dtype=float)), axis))
            out += top
            first = (slice(None),) * axis + (slice(0, 1),)
            out[first] = x[first]
            # A logarithm of nearly 1 has few digits: the sum is then made of small steps below.
            rest = out[(slice(None),) * axis + (slice(1, None),)]
            if not (np.abs(rest) < 1e-8).any():
                return out.astype(x.dtype)
    found: Array = np.logaddexp.accumulate(x, axis)
    return found


def running_logsum_slope(g: Array, x: Array, y: Array, axis: int) -> Array:
    """The gradient: the sum over ``j >= i`` of ``g[j] exp(x[i] - y[j])``, where `y` is the result."""
    x, y, g = (np.moveaxis(a, axis, -1) for a in (x, y, g))
    low, top = y[..., :1], y[..., -1:]
    ends = np.isfinite(low).all() and np.isfinite(top).all()
    if x.dtype == np.float32 and ends and (top - low < _APART).all():
        weighed = g * np.exp(np.subtract(low, y, dtype=float))
        found = running(np.add, weighed, x.ndim - 1, backwards=True)
        found *= np.exp(np.subtract(x, low, dtype=float))
        return np.moveaxis(found.astype(x.dtype), -1, axis)
    # s[i] = g[i] + s[i + 1] exp(y[i] - y[i + 1]) by doubling: no exponent is above 0.
    total = g.astype(x.dtype)
    keep = _share(y[..., :-1], y[..., 1:])
    distance = 1
    while distance < total.shape[-1]:
        total[..., :-distance] += keep * total[..., distance:]
        keep = keep[..., :-distance] * keep[..., distance:]
        distance *= 2
    return np.moveaxis(total * _share(x, y), -1, axis)


def _share(part: Array, whole: Array) -> Array:
    """``exp(part - whole)``; of a whole that is nothing (or everything), equal parts have all."""
    return np.exp(np.where(part == whole, 0, part - whole))
