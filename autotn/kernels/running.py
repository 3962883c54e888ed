"""Running sums and products along an axis.

NumPy adds up one line after the other, and each addition waits for the one before. Where lines lie beside each
other, one call here takes the same step in all of them. Sums of float32 are kept in float64, as in PyTorch, and
rounded at the end: of a million numbers the last sum is then right to the last digit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Below this many elements NumPy's own loop is as quick.
_FEW = 4096
#: So many elements are worked on at a time: they fit into the processor's near memory.
_AT_ONCE = 1 << 15
#: Lines beside each other that make a step worth a call, and steps that make short lines.
_MANY = 32


def running(step: np.ufunc, x: Array, axis: int) -> Array:
    """``step.accumulate`` along `axis`, for `np.add` and `np.multiply`."""
    wide = np.dtype(np.float64) if x.dtype == np.float32 else x.dtype
    if x.size < _FEW or x.dtype.char not in "fdFDlq":
        found: Array = step.accumulate(x, axis, dtype=wide).astype(x.dtype, copy=False)
        return found
    inner = math.prod(x.shape[axis + 1 :])
    lines = np.ascontiguousarray(x).reshape(-1, x.shape[axis], inner)
    if inner >= _MANY:
        return _abreast(step, lines, wide).reshape(x.shape)
    if inner == 1 and x.shape[axis] <= _MANY:
        return _short(step, lines[..., 0]).reshape(x.shape)
    return _long(step, lines, wide).reshape(x.shape)


def _abreast(step: np.ufunc, lines: Array, wide: np.dtype[Any]) -> Array:
    """Lines beside each other, all at once."""
    out = np.empty_like(lines)
    total = lines[:, 0].astype(wide)
    out[:, 0] = total
    for k in range(1, lines.shape[1]):
        step(total, lines[:, k], out=total)
        out[:, k] = total
    return out


def _short(step: np.ufunc, lines: Array) -> Array:
    """Many short lines, as many at once as near memory holds."""
    out = np.empty_like(lines)
    count = _AT_ONCE * 16 // (lines.shape[1] * lines.itemsize)
    for begin in range(0, len(lines), count):
        source, result = lines[begin : begin + count], out[begin : begin + count]
        result[:, 0] = source[:, 0]
        for k in range(1, lines.shape[1]):
            step(result[:, k - 1], source[:, k], out=result[:, k])
    return out


def _long(step: np.ufunc, lines: Array, wide: np.dtype[Any]) -> Array:
    """Long lines one after the other, widened piece by piece."""
    if wide == lines.dtype:
        found: Array = step.accumulate(lines, 1)
        return found
    out = np.empty_like(lines)
    last: Any = None
    length = min(lines.shape[1], _AT_ONCE)
    count = max(1, _AT_ONCE // (length * lines.shape[2]))
    for begin in range(0, len(lines), count):
        source, result = lines[begin : begin + count], out[begin : begin + count]
        for start in range(0, lines.shape[1], length):
            piece = source[:, start : start + length].astype(wide)
            if last is not None and start:
                step(last, piece[:, 0], out=piece[:, 0])
            step.accumulate(piece, 1, out=piece)
            last = piece[:, -1].copy()
            result[:, start : start + length] = piece
    return out
