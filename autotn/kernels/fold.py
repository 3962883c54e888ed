"""Sliding blocks of images as columns (`unfold`), and columns added up to images (`fold`).

Each is the other's transpose, so each is the other's gradient. Any number of spatial axes; PyTorch
has two.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.errors import ShapeError

Array = np.ndarray[Any, Any]
Ints = int | Sequence[int]


#: How many pixels are folded together: so many stay in the cache while all cells are added.
_CACHED = 1 << 16


class Window(NamedTuple):
    """How blocks of one image lie: along each axis their size, distance and number."""

    image: tuple[int, ...]
    kernel: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    stride: tuple[int, ...]
    blocks: tuple[int, ...]

    @property
    def padded(self) -> tuple[int, ...]:
        return tuple(n + 2 * pad for n, pad in zip(self.image, self.padding))

    def inside(self, padded: Array) -> Array:
        """The image in the padded one."""
        pads = zip(self.image, self.padding)
        return padded[(slice(None), slice(None), *(slice(pad, pad + n) for n, pad in pads))]

    def view(self, padded: Array) -> Array:
        """All blocks of a padded image, (batch, channels, kernel …, blocks …), without a copy."""
        steps = padded.strides[2:]
        return as_strided(
            padded,
            (*padded.shape[:2], *self.kernel, *self.blocks),
            (
                *padded.strides[:2],
                *(step * d for step, d in zip(steps, self.dilation)),
                *(step * s for step, s in zip(steps, self.stride)),
            ),
        )

    def met_by(self, cell: tuple[int, ...]) -> tuple[slice, ...]:
        """What one cell of the kernel meets, block after block, in the padded image."""
        starts = [k * d for k, d in zip(cell, self.dilation)]
        return tuple(
            slice(start, start + step * (n - 1) + 1, step)
            for start, step, n in zip(starts, self.stride, self.blocks)
        )


def _window(
    name: str,
    image: Sequence[int],
    kernel_size: Ints,
    dilation: Ints,
    padding: Ints,
    stride: Ints,
) -> Window:
    dims = len(image)

    def per_axis(what: str, value: Ints, least: int) -> tuple[int, ...]:
        values = (value,) * dims if isinstance(value, int) else tuple(value)
        if len(values) == 1:
            values *= dims
        if len(values) != dims or min(values) < least:
            raise ShapeError(
                f"{name}: {what} must be {dims} numbers of at least {least} "
                f"(or one for all axes), got {value}"
            )
        return values

    kernel = per_axis("kernel_size", kernel_size, 1)
    dilations = per_axis("dilation", dilation, 1)
    paddings = per_axis("padding", padding, 0)
    strides = per_axis("stride", stride, 1)
    blocks = tuple(
        (n + 2 * pad - d * (k - 1) - 1) // s + 1
        for n, k, d, pad, s in zip(image, kernel, dilations, paddings, strides)
    )
    if min(blocks) < 1:
        raise ShapeError(
            f"{name}: no block fits: image {tuple(image)}, kernel_size {kernel}, "
            f"dilation {dilations}, padding {paddings}, stride {strides}"
        )
    return Window(tuple(image), kernel, dilations, paddings, strides, blocks)


def unfold(
    x: Array, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
) -> Array:
    """Blocks of ``x`` (batch, channels, spatial …) as (batch, channels · kernel cells, blocks)."""
    if 0 in x.shape[1:]:
        raise ShapeError(f"unfold: input must have channels and pixels, got {x.shape}")
    window = _window("unfold", x.shape[2:], kernel_size, dilation, padding, stride)
    batch, channels = x.shape[:2]
    if any(window.padding):
        padded = np.zeros((batch, channels, *window.padded), x.dtype)
        window.inside(padded)[...] = x
        x = padded
    columns = math.prod(window.kernel) * channels
    return window.view(x).copy().reshape(batch, columns, math.prod(window.blocks))


def fold(
    x: Array,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Array:
    """Images (batch, channels, ``output_size``) from columns as `unfold` makes them.

    Pixels that several blocks share are added up.
    """
    size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    if min(size, default=0) < 1:
        raise ShapeError(f"fold: output_size must be positive, got {output_size}")
    window = _window("fold", size, kernel_size, dilation, padding, stride)
    cells, count = math.prod(window.kernel), math.prod(window.blocks)
    if x.ndim != 3 or x.shape[1] % cells or x.shape[1] == 0 or x.shape[2] != count:
        raise ShapeError(
            f"fold: input must be (batch, a multiple of {cells}, {count}) for output_size {size}, "
            f"kernel_size {window.kernel}, dilation {window.dilation}, padding {window.padding}, "
            f"stride {window.stride}; got {x.shape}"
        )
    batch, channels = x.shape[0], x.shape[1] // cells
    blocks = x.reshape(batch, channels, *window.kernel, *window.blocks)
    padded = np.zeros((batch, channels, *window.padded), x.dtype)
    spans = [d * (k - 1) + 1 for d, k in zip(window.dilation, window.kernel)]
    if all(step >= span for step, span in zip(window.stride, spans)):  # no pixel is shared
        window.view(padded)[...] = blocks
    else:
        at_once = max(1, _CACHED // math.prod(padded.shape[1:]))
        for start in range(0, batch, at_once):
            some = slice(start, start + at_once)
            for cell in itertools.product(*map(range, window.kernel)):
                met = padded[(some, slice(None), *window.met_by(cell))]
                part: tuple[Any, ...] = (some, slice(None), *cell)
                met += blocks[part]
    return np.ascontiguousarray(window.inside(padded))


def unfold_backward(
    g: Array,
    image: Sequence[int],
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Array:
    """Gradient of `unfold` for an input with spatial shape ``image``."""
    return fold(g, image, kernel_size, dilation, padding, stride)


def fold_backward(
    g: Array, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
) -> Array:
    """Gradient of `fold`."""
    return unfold(g, kernel_size, dilation, padding, stride)
