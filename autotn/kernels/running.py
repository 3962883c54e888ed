"""Running sums, products and extremes along an axis.

NumPy takes one step after the other, and each waits until the one before lies in memory. So a long line is cut
into blocks: one call takes a step in all of them (sums: a product with a triangle of ones takes all steps), and
each block goes on from the total of those before it. Sums and products of float32 are kept in float64, as in
PyTorch, and rounded at the end: of a million numbers the last sum is then right to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: Below this many elements NumPy's own loop is as quick.
_FEW = 4096
#: So many elements are worked on at a time: they fit into the processor's near memory.
_AT_ONCE = 1 << 16
#: Lines beside each other that make a step worth a call, and steps that make short lines.
_MANY = 32
#: So many lines beside each other are better walked abreast than cut into blocks.
_ABREAST = 2048
#: Elements of a block.
_BLOCK = 16
#: Blocks that BLAS multiplies without waking its threads, which costs more than they give.
_QUIET = 512


def running(step: np.ufunc, x: Array, axis: int, backwards: bool = False) -> Array:
    """``step.accumulate`` along `axis`; `backwards`, from its end.

    Meant for `np.add`, `np.multiply`, `np.maximum` and `np.minimum`.
    """
    if x.size >= _FEW and x.dtype.char in "fdFDlqi":
        inner = math.prod(x.shape[axis + 1 :])
        lines = np.ascontiguousarray(x).reshape(-1, x.shape[axis], inner)
        found = _by_many(step, lines, backwards)
        if found is not None:
            return found.reshape(x.shape)
    source = np.flip(x, axis) if backwards else x
    found = step.accumulate(source, axis, dtype=_wide(step, x.dtype)).astype(x.dtype, copy=False)
    return np.flip(found, axis) if backwards else found


def _by_many(step: np.ufunc, lines: Array, backwards: bool) -> Array | None:
    """Steps in many places at once, for lines of which each is ``lines[i, :, j]``; None where that is no way."""
    outer, length, inner = lines.shape
    if inner == 1 and length <= _MANY:
        return _short(step, lines[..., 0], backwards)
    blocks = lines.dtype.char in "fd" or step is np.maximum or step is np.minimum
    if inner >= _MANY and (outer * inner >= _ABREAST or not blocks):
        return _abreast(step, lines, backwards)
    if not blocks or length < 4 * _BLOCK:
        return None
    if step is np.add:
        return _summed(lines, backwards)
    # In float64 there is nothing to be gained where NumPy finds a line in one piece.
    if backwards or length < 16 * _BLOCK or (inner == 1 and step is np.multiply):
        return None
    return _stepped(step, lines)


def _wide(step: np.ufunc, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that totals are kept in."""
    rounds = step is np.add or step is np.multiply
    return np.dtype(np.float64) if rounds and dtype == np.float32 else dtype


def _order(count: int, backwards: bool) -> range:
    return range(count - 1, -1, -1) if backwards else range(count)


def _abreast(step: np.ufunc, lines: Array, backwards: bool) -> Array:
    """Lines beside each other, all at once."""
    out = np.empty_like(lines)
    first, *others = _order(lines.shape[1], backwards)
    total = lines[:, first].astype(_wide(step, lines.dtype))
    out[:, first] = total
    for k in others:
        step(total, lines[:, k], out=total)
        out[:, k] = total
    return out


def _short(step: np.ufunc, lines: Array, backwards: bool) -> Array:
    """Many short lines, as many at once as near memory holds."""
    out = np.empty_like(lines)
    count = _AT_ONCE * 8 // (lines.shape[1] * lines.itemsize)
    first, *others = _order(lines.shape[1], backwards)
    for begin in range(0, len(lines), count):
        source, result = lines[begin : begin + count], out[begin : begin + count]
        result[:, first] = source[:, first]
        last = first
        for k in others:
            step(result[:, last], source[:, k], out=result[:, k])
            last = k
    return out


def _parts(lines: Array, backwards: bool) -> Iterator[tuple[slice, slice, bool]]:
    """What near memory holds at a time: which lines, which part of them, and whether it goes on from the last."""
    outer, length, inner = lines.shape
    span = min(length, max(_BLOCK, _AT_ONCE // inner // _BLOCK * _BLOCK))
    together = max(1, _AT_ONCE // (span * inner))
    starts = range(0, length, span)
    for begin in range(0, outer, together):
        for count, start in enumerate(reversed(starts) if backwards else starts):
            yield slice(begin, begin + together), slice(start, start + span), count > 0


def _summed(lines: Array, backwards: bool) -> Array | None:
    """Sums; None if one is not finite: 0 times infinity would make nan of what comes before it."""
    out = np.empty_like(lines)
    triangle = np.ascontiguousarray(np.tri(_BLOCK) if backwards else np.tri(_BLOCK).T)
    carry: Any = None
    for group, part, goes_on in _parts(lines, backwards):
        source = lines[group, part].swapaxes(1, 2)
        outer, inner, length = source.shape
        number = -(-length // _BLOCK)
        total = outer * inner * number
        batches = -(-total // _QUIET)
        room = np.empty((batches, -(-total // batches), _BLOCK))
        blocks = room.reshape(-1, _BLOCK)[:total].reshape(outer, inner, number, _BLOCK)
        room.reshape(-1, _BLOCK)[total:] = 0
        flat = blocks.reshape(outer, inner, -1)
        flat[..., :length] = source
        flat[..., length:] = 0

        # Each block begins with the sum of those before it, in the order of the walk.
        sums = (room @ np.ones(_BLOCK)).reshape(-1)[:total].reshape(outer, inner, number)
        walk, starts = (sums, blocks[..., 0])
        if backwards:
            walk, starts = (sums[..., ::-1], blocks[..., ::-1, -1])
        if goes_on:
            walk[..., 0] += carry
            starts[..., 0] += carry
        np.add.accumulate(walk, -1, out=walk)
        carry = walk[..., -1]
        if not np.isfinite(carry).all():
            return None
        starts[..., 1:] += walk[..., :-1]

        found = (room @ triangle).reshape(-1)[: flat.size].reshape(flat.shape)
        out[group, part] = found[..., :length].swapaxes(1, 2)
    return out


def _stepped(step: np.ufunc, lines: Array) -> Array | None:
    """Other steps; None if the product of a block is beyond the floats: 0 times that would be nan."""
    out = np.empty_like(lines)
    wide = _wide(step, lines.dtype)
    carry: Any = None
    for group, part, goes_on in _parts(lines, backwards=False):
        source = lines[group, part].swapaxes(1, 2)
        outer, inner, length = source.shape
        number = -(-length // _BLOCK)
        whole = length // _BLOCK
        # What is at the same place in all blocks stands side by side; a few more are between one place and the
        # next, lest all of a block compete for the same lines of the cache.
        total = outer * inner * number
        pitched = np.empty((_BLOCK, total + 12), wide)
        places = pitched[:, :total].reshape(_BLOCK, outer, inner, number)
        blocks = places.transpose(1, 2, 3, 0)
        body = source[..., : whole * _BLOCK].reshape(outer, inner, whole, _BLOCK)
        blocks[:, :, :whole] = body
        if whole < number:
            rest = length - whole * _BLOCK
            blocks[:, :, whole, :rest] = source[..., whole * _BLOCK :]
            blocks[:, :, whole, rest:] = source[..., :1]

        for k in range(1, _BLOCK):
            step(places[k - 1], places[k], out=places[k])
        walk = places[-1].copy()
        if goes_on:
            step(walk[..., 0], carry, out=walk[..., 0])
            step(places[..., 0], carry, out=places[..., 0])
        if step is np.multiply and not np.isfinite(walk).all():
            return None
        step.accumulate(walk, -1, out=walk)
        carry = walk[..., -1]
        step(places[..., 1:], walk[..., :-1], out=places[..., 1:])

        out[group, part][:, : whole * _BLOCK] = (
            blocks[:, :, :whole].reshape(outer, inner, -1).swapaxes(1, 2)
        )
        if whole < number:
            out[group, part][:, whole * _BLOCK :] = blocks[:, :, whole, :rest].swapaxes(1, 2)
    return out


def running_extreme(step: np.ufunc, x: Array, axis: int) -> tuple[Array, Array]:
    """``step.accumulate`` of `np.maximum` or `np.minimum`, and where each value stands: of equal ones the last."""
    values = running(step, x, axis)
    hit = x == values
    if x.dtype.kind == "f":
        # A nan stays to the end of its line.
        end = values[(slice(None),) * axis + (slice(-1, None),)]
        if np.isnan(end).any():
            hit |= np.isnan(x)
    length = x.shape[axis]
    if axis == x.ndim - 1 and np.count_nonzero(hit) * 4 < x.size:
        found = np.flatnonzero(hit)
        return values, np.repeat(found % length, np.diff(found, append=x.size)).reshape(x.shape)
    along = [1] * x.ndim
    along[axis] = -1
    small = np.int32 if length < 1 << 31 else np.int64
    places = np.arange(length, dtype=small).reshape(along) * hit
    return values, running(np.maximum, places, axis).astype(np.int64, copy=False)
