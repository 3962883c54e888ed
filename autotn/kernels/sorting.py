"""The order of lines, equal elements keeping theirs.

NumPy sorts numbers with vector instructions, but not their places. A float32, or an integer of up to 32 bits, and
its place fit into one 64-bit integer, so sorting those sorts both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Below this many elements packing costs more than it saves.
_FEW = 1024


def stable_order(x: Array, axis: int, descending: bool) -> Array:
    """Where the elements of each line, put in order, come from; NaN counts as larger than everything."""
    narrow = x.dtype.char in "fbBhHi"
    if narrow and x.size >= _FEW and x.shape[axis] < 1 << 31:
        return _packed(x, axis, descending)
    if not descending:
        return np.argsort(x, axis, kind="stable")
    # Reversed twice, so that equal elements keep their order.
    back = np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    found: Array = x.shape[axis] - 1 - back
    return found


def _packed(x: Array, axis: int, descending: bool) -> Array:
    if x.dtype.char == "f":
        bits = (x + np.float32(0)).view(np.int32)  # the sum turns -0 into 0, which it equals
        ranks: Array = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
        nans = np.isnan(x)
        if nans.any():
            ranks[nans] = 0x7FFFFFFF
    else:
        ranks = x
    keys = ranks.astype(np.int64)
    if descending:
        np.invert(keys, out=keys)
    keys <<= 32
    shape = [1] * x.ndim
    shape[axis] = -1
    keys |= np.arange(x.shape[axis]).reshape(shape)
    keys.sort(axis)
    keys &= 0xFFFFFFFF
    return keys
