"""Pooling over any number of axes: maxima and means of windows, and the ways back.

Maxima and sums of windows are taken one axis after the other, so a window of `k x k` cells costs
`2 k` passes, each over contiguous halves, thirds … of the array. Which cell was the maximum is not
noted on the way: the gradient finds it by comparing the cells with the maximum, in order, which is
as cheap as noting it and costs nothing when no gradient is asked for. Ties go to the first cell;
NaN is larger than everything, and among several the last is taken (as PyTorch does).

Arrays are ``(N, C, *size)``. Indices count the cells of one plane, without padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from autotn.errors import ShapeError
from autotn.kernels.onednn import pool as onednn
from autotn.kernels.window import Array, Geometry, Ints, pool_geometry

#: Elements of input per part of the backward pass, so that it stays in the cache.
PART = 1 << 18


# Maxima -----------------------------------------------------------------------------------------


def max_pool(
    x: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Array:
    """The largest cell of each window."""
    return maxima(x, max_geometry(x, kernel_size, stride, padding, dilation, ceil_mode))


def max_pool_kept(x: Array, *options: Any) -> tuple[Array, Array | None]:
    """`max_pool`, and what `max_pool_put_back` wants, if anything was found out on the way."""
    found = onednn.maxima(x, max_geometry(x, *options))
    return (max_pool(x, *options), None) if found is None else found


def max_pool_put_back(g: Array, x: Array, kept: Array, *options: Any) -> Array | None:
    """`max_pool_gradient` by what was kept; None where it does not serve."""
    return onednn.put_back(g, x.shape, max_geometry(x, *options), kept)


def max_pool_with_indices(
    x: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """The largest cell of each window, and its place in the plane."""
    at = max_geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    out = maxima(x, at)
    return out, winners(x, out, at)


def max_pool_gradient(
    g: Array,
    x: Array,
    out: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Array:
    """The gradient by the input, given the input and the maxima."""
    at = max_geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    found = onednn.returned(g, x, out, at)
    if found is not None:
        return found
    apart = all(k <= s for k, s in zip(at.kernel, at.stride)) and max(at.dilation) == 1
    hollow = hollow_windows(at)
    if hollow is not None:
        g = np.where(hollow, g.dtype.type(0), g)
    gx = np.zeros(x.shape, g.dtype)
    for part in parts(x):
        places = whole_places(winners(x[part], out[part], at), at.size)
        if apart and hollow is None:
            gx[part].reshape(-1)[places] = g[part]
        else:
            np.add.at(gx[part].reshape(-1), places.reshape(-1), g[part].reshape(-1))
    return gx


def max_pool_pick(
    a: Array,
    x: Array,
    out: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Array:
    """What `a` holds where `x` has its maxima: the transpose of `max_pool_gradient`."""
    at = max_geometry(x, kernel_size, stride, padding, dilation, ceil_mode)
    return pick_planes(a, winners(x, out, at))


def max_geometry(
    x: Array, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Geometry:
    """The geometry of a max pooling over the axes after the first two."""
    op = f"max_pool{x.ndim - 2}d"
    return pool_geometry(x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode, op)


def maxima(x: Array, at: Geometry) -> Array:
    """The largest cell of each window, taken axis by axis."""
    lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    for axis in range(len(at.size)):
        x = along(np.maximum, x, at, axis, lowest)
    return x.copy() if at.taps == 1 else x


def along(ufunc: np.ufunc, x: Array, at: Geometry, axis: int, empty: Any) -> Array:
    """Reduce the windows along one axis; `empty` is the result where a window is all padding."""
    full, rest = cells_along(at, axis)
    if len(full) == 2:
        y: Array = ufunc(x[full[0]], x[full[1]])
    elif full:
        y = x[full[0]].copy() if rest else x[full[0]]
    else:
        y = np.full((*x.shape[: 2 + axis], at.out[axis], *x.shape[3 + axis :]), empty, x.dtype)
    for there, here in rest:
        part = y[there]
        ufunc(part, x[here], out=part)
    return y


@lru_cache(maxsize=256)
def cells_along(at: Geometry, axis: int) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Cells of the window along one axis: (up to) two that every window has, and the others.

    Of the first it is told where the windows have them, of the others also which windows do.
    """
    before, count = (slice(None),) * (2 + axis), at.out[axis]
    met = [at.overlap(axis, i * at.dilation[axis], count) for i in range(at.kernel[axis])]
    full = [span for span in met if span[0] == slice(0, count)][:2]
    rest = [span for span in met if span not in full and span[0].start < span[0].stop]
    indices = [((*before, there), (*before, here)) for there, here in rest]
    return [(*before, here) for _, here in full], indices


@lru_cache(maxsize=256)
def cells(at: Geometry) -> list[tuple[Any, Any]]:
    """For each cell of the window, in order: the windows that have it, and where they have it."""
    spans = [
        [at.overlap(axis, i * d, at.out[axis]) for i in range(k)]
        for axis, (k, d) in enumerate(zip(at.kernel, at.dilation))
    ]
    return [
        ((..., *(there for there, _ in cell)), (..., *(here for _, here in cell)))
        for cell in product(*spans)
    ]


def winners(x: Array, out: Array, at: Geometry) -> Array:
    """The place of each maximum in its plane; -1 for a window that lies in the padding."""
    offsets, corners = places_in_plane(at)
    indices = np.empty(out.shape, np.int64)
    for part in parts(x):
        np.take(offsets, cells_passed(x[part], out[part], at), out=indices[part], mode="clip")
    indices += corners
    hollow = hollow_windows(at)
    if hollow is not None:
        indices[..., hollow] = -1
    return indices


def cells_passed(x: Array, out: Array, at: Geometry) -> Array:
    """How many cells of each window come before the one that is its maximum."""
    passed = np.zeros(out.shape, np.min_scalar_type(at.taps))
    searching = np.ones(out.shape, bool)
    for there, here in cells(at)[:-1]:  # what is not found before is the last cell
        searching[there] &= x[here] != out[there]
        passed += searching
    if x.dtype.kind == "f" and np.isnan(out).any():
        for number, (there, here) in enumerate(cells(at)):
            np.copyto(passed[there], number, where=np.isnan(x[here]))
    return passed


@lru_cache(maxsize=64)
def places_in_plane(at: Geometry) -> tuple[Array, Array]:
    """How far each cell of a window is from its corner in the plane, and where the corners are."""
    strides = [math.prod(at.size[axis + 1 :]) for axis in range(len(at.size))]
    steps = [i * d for i, d in zip(np.indices(at.kernel), at.dilation)]
    offsets = np.sum([step.ravel() * n for step, n in zip(steps, strides)], axis=0)
    first = [o * s - b for o, s, b in zip(np.indices(at.out), at.stride, at.before)]
    return offsets, np.sum([f * n for f, n in zip(first, strides)], axis=0)


@lru_cache(maxsize=64)
def hollow_windows(at: Geometry) -> Array | None:
    """Where windows lie in the padding with all their cells (dilated ones may); None if nowhere."""
    if max(at.dilation) == 1:
        return None
    met = np.zeros(at.out, bool)
    for there, _ in cells(at):
        met[there] = True
    return None if met.all() else ~met


def parts(x: Array) -> Iterator[slice]:
    """Cut the batch into parts that stay in the cache over several passes."""
    size = max(1, PART // max(1, math.prod(x.shape[1:])))
    for start in range(0, len(x), size):
        yield slice(start, start + size)


# Planes and indices -----------------------------------------------------------------------------


def whole_places(indices: Array, size: Ints) -> Array:
    """Indices into one flat array of all planes, from indices into each."""
    planes = indices.shape[:2]
    starts = np.arange(math.prod(planes)) * math.prod(size)
    return indices + starts.reshape(*planes, *(1,) * len(size))


def pick_planes(a: Array, indices: Array) -> Array:
    """The elements of each plane at these places; zero at -1."""
    picked = a.reshape(-1)[whole_places(indices, a.shape[2:])]
    return picked if (inside := indices >= 0).all() else np.where(inside, picked, a.dtype.type(0))


def put_planes(g: Array, indices: Array, size: Ints) -> Array:
    """The transpose of `pick_planes`: planes of zeros, with `g` added at these places."""
    if not (inside := indices >= 0).all():
        g = np.where(inside, g, g.dtype.type(0))
    planes = np.zeros((*g.shape[:2], *size), g.dtype)
    np.add.at(planes.reshape(-1), whole_places(indices, size).reshape(-1), g.reshape(-1))
    return planes


def max_unpool(x: Array, indices: Array, size: Ints) -> Array:
    """Planes of zeros, in which each element of `x` stands at its index."""
    op = f"max_unpool{x.ndim - 2}d"
    if indices.shape != x.shape:
        raise ShapeError(
            f"{op}: indices must have the input's shape {x.shape}, got {indices.shape}"
        )
    room = math.prod(size)
    if indices.size and (indices.min() < 0 or indices.max() >= room):
        raise ShapeError(
            f"{op}: indices must lie in 0 … {room - 1}, the places of a plane of size {size}, "
            f"got {indices.min()} … {indices.max()}"
        )
    planes = np.zeros((*x.shape[:2], *size), x.dtype)
    planes.reshape(-1)[whole_places(indices, size)] = x
    return planes


# Means ------------------------------------------------------------------------------------------


def avg_pool(
    x: Array,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window; see `divisors` for what it is divided by."""
    at = avg_geometry(x.shape, kernel_size, stride, padding, ceil_mode)
    by = divisors(at, count_include_pad, divisor_override)
    if x.dtype == np.float16:
        return divided(sums(x.astype("f4"), at), by).astype(np.float16)
    found = onednn.means(x, at) if isinstance(by, int) and by == at.taps else None
    return divided(sums(x, at), by) if found is None else found


def avg_pool_gradient(
    g: Array,
    x_shape: Ints,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The gradient by the input, of shape `x_shape`."""
    at = avg_geometry(x_shape, kernel_size, stride, padding, ceil_mode)
    by = divisors(at, count_include_pad, divisor_override)
    if g.dtype == np.float16:
        return spread(divided(g.astype("f4"), by), at).astype(np.float16)
    found = onednn.shared(g, x_shape, at) if isinstance(by, int) and by == at.taps else None
    return spread(divided(g, by), at) if found is None else found


def avg_geometry(
    x_shape: Ints, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool
) -> Geometry:
    """The geometry of an average pooling over the axes after the first two."""
    op = f"avg_pool{len(x_shape) - 2}d"
    return pool_geometry(x_shape[2:], kernel_size, stride, padding, 1, ceil_mode, op)


@lru_cache(maxsize=64)
def divisors(at: Geometry, count_include_pad: bool, divisor_override: int | None) -> int | Array:
    """What the sum of each window is divided by: one number, or an array ``(*out)``.

    The cells of the window inside the input, with `count_include_pad` inside the padded input.
    """
    if divisor_override is not None:
        if divisor_override == 0:
            raise ShapeError(f"avg_pool{len(at.size)}d: divisor_override must not be zero")
        return divisor_override
    counts = np.ones((), int)
    for axis, (size, before) in enumerate(zip(at.size, at.before)):
        start = np.arange(at.out[axis]) * at.stride[axis] - before
        stop = np.minimum(start + at.kernel[axis], size + before * count_include_pad)
        inside = stop - (start if count_include_pad else np.maximum(start, 0))
        counts = counts[..., None] * inside
    return int(counts.flat[0]) if (counts == counts.flat[0]).all() else counts


def divided(x: Array, by: int | Array) -> Array:
    """`x` divided; integers are rounded towards zero."""
    if x.dtype.kind in "iu":
        return (x / by).astype(x.dtype)
    return x / by if isinstance(by, int) else x / by.astype(x.dtype)


def sums(x: Array, at: Geometry) -> Array:
    """The sum of each window, taken axis by axis."""
    for axis in range(len(at.size)):
        x = along(np.add, x, at, axis, 0)
    return x


def spread(g: Array, at: Geometry) -> Array:
    """The transpose of `sums`: every cell receives what stands at the windows it lies in."""
    for axis in reversed(range(len(at.size))):
        count, before = at.out[axis], (slice(None),) * (2 + axis)
        gx = np.zeros((*g.shape[: 2 + axis], at.size[axis], *g.shape[3 + axis :]), g.dtype)
        apart = at.kernel[axis] <= at.stride[axis]
        for i in range(at.kernel[axis]):
            there, here = at.overlap(axis, i, count)
            if apart:
                gx[(*before, here)] = g[(*before, there)]
            elif there.start < there.stop:
                gx[(*before, here)] += g[(*before, there)]
        g = gx
    return g
