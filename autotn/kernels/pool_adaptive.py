"""Pooling to a given size: windows chosen per result instead of sliding by a stride.

Adaptive pooling cuts an axis of `n` cells into `m` windows, from ``floor(i n / m)`` up to
``ceil((i + 1) n / m)``; they may overlap, and differ by one in length. Where `m` divides `n` they
slide, and `pool` does the work. Fractional pooling (Graham, "Fractional Max-Pooling", 2014) takes
windows of one length at random places, other ones in every plane.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

from autotn.errors import ShapeError
from autotn.kernels import pool
from autotn.kernels.window import Array, Ints

#: Where the windows along one axis start and stop.
Bounds = tuple[Array, Array]


def bounds(size: int, out: int) -> Bounds:
    """The windows that cut an axis of `size` cells into `out`."""
    i = np.arange(out)
    return i * size // max(1, out), -(-(i + 1) * size // max(1, out))


def divides(size: Ints, out: Ints) -> bool:
    """True when the windows are a grid of equal blocks."""
    return all(o > 0 and n % o == 0 for n, o in zip(size, out))


def checked_size(size: Ints, output_size: Any, op: str) -> Ints:
    """The output's size: a number, or one per axis, where None keeps the input's."""
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * len(size)
    if len(output_size) != len(size):
        raise ShapeError(f"{op}: output_size must be one number or {len(size)}, got {output_size}")
    out = tuple(n if o is None else int(o) for n, o in zip(size, output_size))
    if min(out) < 0:
        raise ShapeError(f"{op}: output_size must not be negative, got {output_size}")
    if min(size) < 1:
        raise ShapeError(f"{op}: the input must have cells along every axis, got size {size}")
    return out


# Means ------------------------------------------------------------------------------------------


def adaptive_avg_pool(x: Array, output_size: Any) -> Array:
    """The mean of each window."""
    size = x.shape[2:]
    out = checked_size(size, output_size, f"adaptive_avg_pool{len(size)}d")
    if x.dtype == np.float16:
        return adaptive_avg_pool(x.astype("f4"), out).astype(np.float16)
    if divides(size, out):
        return pool.avg_pool(x, tuple(n // o for n, o in zip(size, out)))
    for axis, (n, o) in enumerate(zip(size, out), start=2):
        starts, stops = bounds(n, o)
        y = np.empty((*x.shape[:axis], o, *x.shape[axis + 1 :]), x.dtype)
        before: Any = (slice(None),) * axis
        for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist())):
            np.add.reduce(x[(*before, slice(start, stop))], axis, out=y[(*before, i)])
        y /= lengths(starts, stops, axis, x)
        x = y
    return x


def adaptive_avg_pool_gradient(g: Array, x_shape: Ints) -> Array:
    """The gradient by the input, of shape `x_shape`."""
    size, out = x_shape[2:], g.shape[2:]
    if g.dtype == np.float16:
        return adaptive_avg_pool_gradient(g.astype("f4"), x_shape).astype(np.float16)
    if divides(size, out):
        return pool.avg_pool_gradient(g, x_shape, tuple(n // o for n, o in zip(size, out)))
    for axis in reversed(range(2, len(x_shape))):
        starts, stops = bounds(x_shape[axis], g.shape[axis])
        g = g / lengths(starts, stops, axis, g)
        gx = np.zeros((*g.shape[:axis], x_shape[axis], *g.shape[axis + 1 :]), g.dtype)
        before: Any = (slice(None),) * axis
        for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist())):
            gx[(*before, slice(start, stop))] += g[(*before, slice(i, i + 1))]
        g = gx
    return g


def lengths(starts: Array, stops: Array, axis: int, x: Array) -> Array:
    """Lengths of windows, to divide `x` by along an axis."""
    return (stops - starts).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1 - axis))


# Maxima -----------------------------------------------------------------------------------------


def adaptive_max_pool(x: Array, output_size: Any) -> tuple[Array, Array]:
    """The largest cell of each window, and its place in the plane."""
    size = x.shape[2:]
    out = checked_size(size, output_size, f"adaptive_max_pool{len(size)}d")
    if divides(size, out):
        return pool.max_pool_with_indices(x, tuple(n // o for n, o in zip(size, out)))
    both = [bounds(n, o) for n, o in zip(size, out)]
    return largest(x, [start for start, _ in both], [stop for _, stop in both])


def fractional_max_pool(
    x: Array, kernel_size: Any, output_size: Any, samples: Array
) -> tuple[Array, Array]:
    """The largest cell of each window, and its place in the plane, for windows placed at random.

    `samples` are numbers in [0, 1), ``(N, C, axes)``. As in PyTorch they belong to the axes in
    order for three axes, and in reversed order for two.
    """
    dims = x.ndim - 2
    op = f"fractional_max_pool{dims}d"
    kernel = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * dims
    out = checked_size(x.shape[2:], output_size, op)
    if samples.shape != (*x.shape[:2], dims):
        raise ShapeError(
            f"{op}: _random_samples must have shape {(*x.shape[:2], dims)}, got {samples.shape}"
        )
    for n, k, o in zip(x.shape[2:], kernel, out):
        if o + k - 1 > n:
            raise ShapeError(
                f"{op}: {o} windows of {k} do not fit into an axis of {n} cells "
                f"(kernel_size {kernel_size}, output_size {output_size})"
            )
    order = reversed(range(dims)) if dims == 2 else range(dims)
    starts, stops = [], []
    for axis, sample in enumerate(order):
        places = random_starts(samples[..., sample], x.shape[2 + axis], out[axis], kernel[axis])
        starts.append(places)
        stops.append(places + kernel[axis])
    return largest(x, starts, stops)


def random_starts(samples: Array, size: int, out: int, kernel: int) -> Array:
    """Where windows of `kernel` cells start along an axis: ``(*samples.shape, out)``.

    They are `alpha` cells apart, shifted by a random fraction of that and rounded down; the last
    one ends with the axis.
    """
    last = np.full((*samples.shape, 1), size - kernel)
    if out == 1:
        return last
    alpha = samples.dtype.type(size - kernel) / samples.dtype.type(out - 1)
    u = samples[..., None]
    i = np.arange(out - 1, dtype=samples.dtype)
    first = ((i + u) * alpha).astype(np.int64) - (u * alpha).astype(np.int64)
    return np.concatenate([first, last], axis=-1)


def largest(x: Array, starts: list[Array], stops: list[Array]) -> tuple[Array, Array]:
    """The largest cell of each window, and its place; the first one, among NaNs the last.

    `starts` and `stops` have an array per axis, ``(windows)`` or ``(N, C, windows)``.
    """
    size, dims = x.shape[2:], x.ndim - 2
    out = tuple(start.shape[-1] for start in starts)
    strides = [math.prod(size[axis + 1 :]) for axis in range(dims)]
    longest = [int((stop - start).max(initial=1)) for start, stop in zip(starts, stops)]
    best: Any = None
    where: Any = None
    for cell in product(*map(range, longest)):
        places: Any = 0
        for axis, step in enumerate(cell):
            # A shorter window meets its last cell again, which changes nothing.
            along = np.minimum(starts[axis] + step, stops[axis] - 1) * strides[axis]
            others = (1,) * axis, (1,) * (dims - 1 - axis)
            places = places + along.reshape(*along.shape[:-1], *others[0], out[axis], *others[1])
        places = np.broadcast_to(places, (*x.shape[:2], *out))
        found = pool.pick_planes(x, places)
        if best is None:
            best, where = found, places.copy()
        else:
            better = (found > best) | (found != found)
            best, where = np.where(better, found, best), np.where(better, places, where)
    return best, where
