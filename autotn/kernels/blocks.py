"""Formulas of several NumPy calls on large arrays, block by block, so that only the first comes from memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Elements of a block: with three or four arrays they stay in a second-level cache.
BLOCK = 1 << 16


def in_blocks(formula: Callable[..., Any], *arrays: Array) -> Array:
    """The result of ``formula(*arrays, out, work)``, elementwise: it fills `out` and may use `work`.

    The first array has the shape and dtype of the result; numbers expanded to that shape come as 0-d arrays.
    """
    shape = arrays[0].shape
    parts = [number_or_array(x) for x in arrays]
    out = np.empty(shape, arrays[0].dtype)
    flat = [
        x if x.ndim == 0 else (x if x.shape == shape else np.broadcast_to(x, shape)).reshape(-1)
        for x in parts
    ]
    target, work = out.reshape(-1), np.empty(min(out.size, BLOCK), out.dtype)
    for start in range(0, out.size, BLOCK):
        part = slice(start, min(start + BLOCK, out.size))
        given = [x if x.ndim == 0 else x[part] for x in flat]
        formula(*given, target[part], work[: part.stop - start])
    return out


def number_or_array(x: Array) -> Array:
    """The one number of an array that is a number expanded, as the gradient of a mean is; or the array."""
    return x if any(x.strides) or not x.size else x[(0,) * x.ndim + (...,)]
