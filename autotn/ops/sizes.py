"""Sizes of shapes: the one that is left open, words for sizes that do not fit, and arrays stretched to sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.errors import ShapeError


def complete_shape(name: str, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """`shape` with its one -1 worked out for `count` elements."""
    if math.prod(shape) == count and min(shape, default=0) >= 0:
        return shape
    free = [k for k, n in enumerate(shape) if n == -1]
    if len(free) > 1:
        raise RuntimeError(
            f"{name}: only one dimension can be inferred, shape is {list(shape)}: give the sizes of "
            f"all dimensions but one ({count} elements are to be shared out)"
        )
    if any(n < -1 for n in shape):
        raise RuntimeError(f"{name}: invalid shape dimension in {list(shape)}")
    known = math.prod(n for n in shape if n != -1)
    if free:
        if known == 0:
            raise RuntimeError(
                f"{name}: cannot reshape tensor of {count} elements into shape {list(shape)} because "
                "the unspecified dimension size -1 can be any value and is ambiguous"
            )
        if count % known:
            raise ShapeError(
                f"{name}: shape '{list(shape)}' is invalid for input of size {count}: that is no "
                f"multiple of {known}"
            )
        return tuple(count // known if n == -1 else n for n in shape)
    if known != count:
        raise ShapeError(
            f"{name}: shape '{list(shape)}' is invalid for input of size {count}: it has {known} elements"
            + _with_a_free_one(name, shape, count)
        )
    return shape


def _with_a_free_one(name: str, shape: tuple[int, ...], count: int) -> str:
    """Which shape there would be if the last size were left open."""
    rest = math.prod(shape[:-1])
    if len(shape) < 2 or rest < 1 or count % rest:
        return ""
    return f"; {name} to {[*shape[:-1], -1]} would give {[*shape[:-1], count // rest]}"


def left_out(order: tuple[int, ...], ndim: int) -> str:
    """The one dimension an order of dimensions forgets, in words."""
    missing = sorted(set(range(ndim)) - {d % ndim for d in order}) if ndim > len(order) else []
    return f", dimension {missing[0]} is left out" if len(missing) == 1 else ""


def stretched(x: Any, shape: tuple[int, ...]) -> Any:
    """What ``np.broadcast_to`` gives for shapes that fit, at a fifth of its price."""
    if x.dtype.kind not in "fciub" or not x.flags.c_contiguous:
        return np.broadcast_to(x, shape)
    strides = (0,) * (len(shape) - x.ndim)
    if x.ndim:
        strides += tuple([0 if n == 1 else step for n, step in zip(x.shape, x.strides)])
    view: Any = np.ndarray(shape, x.dtype, x, 0, strides)
    view.flags.writeable = False
    return view
