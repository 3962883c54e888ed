"""Convolution with channels last: a window is a row of a matrix. For small planes of several channels.

The product of one small plane is too little work for two cores. Here the planes of many samples are
one factor, with a row per window, and the rows of one cell of the kernel along the first axis lie
together for all samples: each of these cells is one product, and the products are added up. Channels
are brought to the end before, and to their place again after; within a row they then lie together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.kernels.window import Array, Geometry

#: Bytes of rows per block of samples, which both cores read: about half of a second-level cache.
BLOCK = 1 << 20

#: Windows per sample for which this is the better form: fewer are put side by side as columns,
#: more are work enough for both cores.
FEWEST, MOST = 96, 400

#: Numbers per row: fewer are copied slowly, more make products that need no company.
THIN, THICK = 64, 384


def suits(at: Geometry, depth: int, groups: int) -> bool:
    """True for small planes of several channels."""
    small = FEWEST <= at.area <= MOST and max(at.stride) == 1
    return small and groups == 1 and at.inner_taps > 1 and THIN <= depth * at.inner_taps <= THICK


def correlate(x: Array, w: Array, at: Geometry) -> Array:
    """Forward, for a known geometry."""
    outputs, places = len(w), at.area // at.out[0]
    weights = np.ascontiguousarray(w.transpose(*range(2, w.ndim), 1, 0))
    weights = weights.reshape(at.kernel[0], -1, outputs)
    out = np.empty((len(x), outputs, at.out[0], places), x.dtype)
    for part, rows in blocks(x, at):
        y = rows[0] @ weights[0]
        for rows_of, weight in zip(rows[1:], weights[1:]):
            y += rows_of @ weight
        out[part] = y.reshape(at.out[0], -1, places, outputs).transpose(1, 3, 0, 2)
    return out.reshape(len(x), outputs, *at.out)


def compare(g: Array, x: Array, at: Geometry) -> Array:
    """The gradient by the weight, for a known geometry."""
    outputs, depth, places = g.shape[1], x.shape[1], at.area // at.out[0]
    planes = g.reshape(len(g), outputs, at.out[0], places)
    w = np.zeros((at.kernel[0], depth * at.inner_taps, outputs), g.dtype)
    for part, rows in blocks(x, at):
        y = np.ascontiguousarray(planes[part].transpose(2, 0, 3, 1)).reshape(-1, outputs)
        for weight, rows_of in zip(w, rows):
            weight += rows_of.T @ y
    w = w.reshape(*at.kernel, depth, outputs)
    return np.ascontiguousarray(w.transpose(w.ndim - 1, w.ndim - 2, *range(w.ndim - 2)))


def blocks(x: Array, at: Geometry) -> Iterator[tuple[slice, list[Array]]]:
    """Cut the batch into blocks that fit the cache.

    Yields samples and, for each cell of the kernel along the first axis, a row for what every window
    meets there: ``(first windows * N * other windows, other taps * C)``.
    """
    channels = x.shape[1]
    width = channels * at.inner_taps
    step = max(1, BLOCK // (at.length * width * x.itemsize))
    padded = rows = np.empty((0, 0))
    for start in range(0, len(x), step):
        samples = x[start : start + step]
        count = len(samples)
        if padded.shape[1] != count:
            padded = np.zeros((at.room[0], count, *at.room[1:], channels), x.dtype)
            rows = np.empty((at.length * count, width), x.dtype)
        planes = padded.transpose(1, padded.ndim - 1, 0, *range(2, padded.ndim - 1))
        planes[at.there] = samples[at.here]
        windows = by_windows(padded, at)
        rows.reshape(windows.shape)[...] = windows
        yield (
            slice(start, start + count),
            [rows[first * count : (first + at.area) * count] for first in at.starts],
        )


def by_windows(padded: Array, at: Geometry) -> Array:
    """A view of padded samples: ``(height, N, *other windows, *other taps, C)``."""
    first, sample, *others, channel = padded.strides
    cells = [a * d for a, d in zip(others, at.dilation[1:])]
    shape = (*padded.shape[:2], *at.out[1:], *at.kernel[1:], padded.shape[-1])
    return as_strided(padded, shape, (first, sample, *others, *cells, channel), writeable=False)
