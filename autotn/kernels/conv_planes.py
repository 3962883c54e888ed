"""The gradient by the weight of a depthwise convolution: a long dot product per cell of the kernel.

What a cell meets is the padded plane, shifted. The output's gradient is laid over it, with zeros
between its lines, where windows would reach over a border; then both are one run of numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.kernels.window import Array, Geometry

#: Bytes of planes per block of samples.
BLOCK = 1 << 18


def suits(at: Geometry, depth: int, outputs: int) -> bool:
    """True where each plane meets one plane, window next to window."""
    return depth == outputs == 1 and max(at.stride) == 1 and at.taps > 1


def compare(g: Array, x: Array, at: Geometry) -> Array:
    """The gradient by the weight, for a known geometry."""
    channels, inner = x.shape[1], at.room[1:]
    length = at.out[0] * math.prod(inner)
    apart = [d * math.prod(inner[axis:]) for axis, d in enumerate(at.dilation)]
    room = max(math.prod(at.room), length + sum(a * (k - 1) for a, k in zip(apart, at.kernel)))
    samples = max(1, BLOCK // (channels * length * x.itemsize))
    inside: Any = (..., *map(slice, at.out))
    w = np.zeros((channels, *at.kernel), x.dtype)
    padded: Array = np.empty((0, 0, 0))
    laid: Array = padded
    for start in range(0, len(x), samples):
        planes, gradients = x[start : start + samples], g[start : start + samples]
        count = len(planes)
        if len(padded) != count:
            padded = np.zeros((count, channels, room), x.dtype)
            laid = np.zeros((count, channels, at.out[0], *inner), x.dtype)
        whole = padded[:, :, : math.prod(at.room)].reshape(count, channels, *at.room)
        whole[at.there] = planes[at.here]
        laid[inside] = gradients
        sample, channel, cell = padded.strides
        met = as_strided(
            padded,
            (count, channels, *at.kernel, length),
            (sample, channel, *(a * cell for a in apart), cell),
        )
        cells = "xyz"[: len(at.kernel)]
        w += np.einsum(f"ncl,nc{cells}l->c{cells}", laid.reshape(count, channels, length), met)
    return w.reshape(channels, 1, *at.kernel)
