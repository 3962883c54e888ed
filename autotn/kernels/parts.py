"""Arrays that are parts of one array, as queries, keys and values are of the product that gives all three.

Gradients of such parts are made where they belong in the gradient of the whole; then joining them is no work.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.kernels.onednn.primitive import place_of

Array = np.ndarray[Any, Any]
Ints = tuple[int, ...]

#: Elements of a whole below which copying its parts costs less than asking about them.
LEAST = 1 << 14


def like_parts(parts: Sequence[Array]) -> list[Array] | None:
    """New arrays that are to a new whole what `parts` are to theirs; None where they do not make up one."""
    whole = _shared_base(parts)
    if whole is None:
        return None
    start = place_of(whole)
    layouts = tuple([(a.shape, a.strides, place_of(a) - start) for a in parts])
    if not _divide(whole.size, whole.itemsize, layouts):
        return None
    new = np.empty(whole.shape, whole.dtype)
    return [np.ndarray(shape, new.dtype, new, at, strides) for shape, strides, at in layouts]


def whole_of(parts: Sequence[Any], axis: int, shape: Ints) -> Array | None:
    """The array of this shape whose parts along `axis` these are; None where they have to be copied."""
    whole = _shared_base(parts)
    if whole is None or whole.size != math.prod(shape):
        return None
    found = whole if whole.shape == shape else whole.reshape(shape)
    place, strides = place_of(whole), found.strides
    for part in parts:
        if part.strides != strides or place_of(part) != place:
            return None
        place += part.shape[axis] * strides[axis]
    return found


def _shared_base(parts: Sequence[Any]) -> Array | None:
    """The large array in C order, with memory of its own, that all are views of; none of them empty."""
    first = parts[0]
    if first.__class__ is not np.ndarray:
        return None
    whole = first.base
    if whole.__class__ is not np.ndarray or whole.base is not None or whole.size < LEAST:
        return None
    if whole.dtype != first.dtype or not whole.flags.c_contiguous:
        return None
    if not all(p.__class__ is np.ndarray and p.base is whole and p.size for p in parts):
        return None
    return whole if all(p.dtype == first.dtype for p in parts) else None


@functools.lru_cache(64)
def _divide(size: int, itemsize: int, layouts: tuple[tuple[Ints, Ints, int], ...]) -> bool:
    """True when every element belongs to one of the parts, and none to two."""
    if sum(math.prod(shape) for shape, _, _ in layouts) != size:
        return False
    if any(s < 0 or s % itemsize for _, strides, _ in layouts for s in strides):
        return False
    taken = np.zeros(size, bool)
    for shape, strides, at in layouts:
        steps = tuple(s // itemsize for s in strides)
        np.ndarray(shape, bool, taken, at // itemsize, steps)[...] = True
    return bool(taken.all())
