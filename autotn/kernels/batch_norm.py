"""Batch normalisation: statistics of each channel over everything else, and the way back.

What would be a pass over memory per operation is done in blocks of samples that stay in the cache:
one sweep for the statistics, one for the result. Where a mean is large beside the deviation, sums of
squares cancel; the sweep for the statistics is then repeated with the mean it found subtracted. Else
nothing is subtracted at all, here and on the way back: ``sum of (x - mean) * g`` is
``sum of x * g - mean * sum of g``.

Arrays are ``(N, C, ...)``. Gradients are those of Ioffe & Szegedy 2015, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from autotn.kernels.onednn import channels as onednn
from autotn.kernels.onednn.chain import ADD, MULTIPLY, SUBTRACT

Array: TypeAlias = np.ndarray[Any, Any]

#: Elements per block of samples.
BLOCK = 1 << 16

#: Places per channel from which a sum per row beats a sum over rows.
LONG = 32

#: How many variances the square of a mean may be that is not subtracted first.
TRUSTED = 9


def normalise(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """The result; mean, variance and the reciprocal of the deviation of each channel."""
    if x.dtype.itemsize == 2:
        found = normalise(widened(x), widened(weight), widened(bias), eps)
        return tuple(a.astype(x.dtype) for a in found)  # type: ignore[return-value]
    planes = by_planes(np.ascontiguousarray(x))
    mean, var = statistics(planes)
    rstd = (1 / np.sqrt(var + eps)).astype(x.dtype)
    scale = rstd if weight is None else rstd * weight
    shift = np.zeros_like(scale) if bias is None else bias
    out: Any = onednn.chained(planes, (SUBTRACT, mean), (MULTIPLY, scale), (ADD, shift))
    if out is None:
        out = np.empty_like(planes)
        near = not distant(mean, rstd)
        if near:
            shift = shift - mean * scale
        for part in blocks(planes):
            y = out[part]
            if near:
                np.multiply(planes[part], scale[:, None], y)
            else:
                np.subtract(planes[part], mean[:, None], y)
                y *= scale[:, None]
            y += shift[:, None]
    return out.reshape(x.shape), mean, var, rstd


def gradients(
    g: Array, x: Array, mean: Array, rstd: Array, weight: Array | None, need_input: bool
) -> tuple[Array | None, Array, Array]:
    """Gradients by input, weight and bias."""
    if x.dtype.itemsize == 2:
        g, xs, mean, rstd, weight = (widened(a) for a in (g, x, mean, rstd, weight))
        gx, g_weight, g_bias = gradients(g, xs, mean, rstd, weight, need_input)
        narrow = x.dtype
        gx = None if gx is None else gx.astype(narrow)
        return gx, g_weight.astype(narrow), g_bias.astype(narrow)
    planes, g_planes = (by_planes(np.ascontiguousarray(a)) for a in (x, g))
    count = max(1, len(planes) * planes.shape[2])
    g_weight, g_bias = np.zeros((2, x.shape[1]), x.dtype)
    work = room(planes)
    near = not distant(mean, rstd)
    for part in blocks(planes):
        t = planes[part]
        if not near:
            t = np.subtract(t, mean[:, None], work[: len(t)])
        g_bias += totals(g_planes[part])
        g_weight += dots(t, g_planes[part])
    if near:
        g_weight -= mean * g_bias
    g_weight *= rstd
    if not need_input:
        return None, g_weight, g_bias
    # scale * (g - mean of g - xhat * mean of (g * xhat)), where xhat = (x - mean) * rstd
    scale = rstd if weight is None else rstd * weight
    slope = rstd * g_weight / -count
    offset = g_bias / -count
    out = onednn.chained(
        planes,
        *((SUBTRACT, mean), (MULTIPLY, slope), (ADD, g_planes)),
        *((ADD, offset), (MULTIPLY, scale)),
    )
    if out is None:
        out = np.empty_like(planes)
        slope, offset = (slope * scale)[:, None], ((offset - slope * mean) * scale)[:, None]
        for part in blocks(planes):
            y = out[part]
            np.multiply(planes[part], slope, y)
            y += np.multiply(g_planes[part], scale[:, None], work[: len(y)])
            y += offset
    return out.reshape(x.shape), g_weight, g_bias


def widened(x: Any) -> Any:
    """In single precision, where half precision would not do for sums."""
    return None if x is None else x.astype(np.float32)


def statistics(planes: Array) -> tuple[Array, Array]:
    """Mean and variance of each channel."""
    batch, channels, places = planes.shape
    count = batch * places
    if count == 0:
        mean, var = np.full((2, channels), np.nan, planes.dtype)
        return mean, var
    mean = None
    while True:
        total, squares = np.zeros((2, channels), planes.dtype)
        centred = room(planes)
        for part in blocks(planes):
            t = planes[part]
            if mean is not None:
                t = np.subtract(t, mean[:, None], centred[: len(t)])
            total += totals(t)
            squares += dots(t, t)
        total /= count
        squares /= count
        var = squares - total * total
        if mean is not None:
            return mean + total, var
        if not (total * total > TRUSTED * var).any():
            return total, var
        mean = total


def distant(mean: Array, rstd: Array) -> bool:
    """True when some mean is so large beside its deviation that it has to be subtracted first."""
    offset = mean * rstd
    return bool((offset * offset > TRUSTED).any())


def by_planes(x: Array) -> Array:
    """``(N, C, ...)`` as ``(N, C, places)``."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def blocks(planes: Array) -> Iterator[slice]:
    """Cut the batch so that the samples of a block stay in the cache."""
    step = samples_per_block(planes)
    for start in range(0, len(planes), step):
        yield slice(start, min(start + step, len(planes)))


def samples_per_block(planes: Array) -> int:
    """How many samples stay in the cache."""
    return max(1, BLOCK // max(1, math.prod(planes.shape[1:])))


def room(planes: Array) -> Array:
    """An array for a block."""
    return np.empty((min(len(planes), samples_per_block(planes)), *planes.shape[1:]), planes.dtype)


def totals(planes: Array) -> Array:
    """The sum of each channel, by matrix products."""
    batch, channels, places = planes.shape
    if places >= LONG:
        rows = planes.reshape(-1, places).dot(np.ones(places, planes.dtype))
        return rows.reshape(batch, channels).sum(0)
    columns = np.ones(batch, planes.dtype).dot(planes.reshape(batch, -1))
    return columns.reshape(channels, places).sum(1)


def dots(a: Array, b: Array) -> Array:
    """The sum of products of each channel."""
    if a.shape[2] >= LONG:
        return np.einsum("ncs,ncs->nc", a, b).sum(0)
    return totals(a * b)
