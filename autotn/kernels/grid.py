"""Sampling images at given points: `grid_sample` in 2-D and 3-D, and the grids of affine maps.

A sampled point is a weighted sum of a few pixels, so sampling is one sparse matrix with a row per
point, applied to pixels stored channels last; its transpose carries gradients back to the image.
The derivative of the weights by a coordinate gives a matrix of the same pattern, and that one gives
the gradient of the grid.

The image is first *extended* by as many pixels as taps may reach beyond it: by zeros, or, where
every tap of a bicubic sample is brought inside for itself, by copies of the pixels it is brought
to. After that no tap is special, and those of a point lie at fixed distances from each other.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from autotn.errors import DTypeError, ShapeError

Array = np.ndarray[Any, Any]

#: Taps per axis.
_TAPS = {"bilinear": 2, "nearest": 1, "bicubic": 4}
_PADDINGS = ("zeros", "border", "reflection")

#: Points whose stencil is worked out together: intermediate arrays stay in the cache.
_CHUNK = 1 << 14

#: How many pixels an image is extended by, before and behind; how far before the first and behind
#: the last pixel a coordinate need ever be taken to be, since all its taps are outside there.
_REACH = {"bilinear": (2, 2, 2, 1), "nearest": (2, 2, 2, 1), "bicubic": (4, 4, 3, 2)}


class Stencil(NamedTuple):
    """For each point its pixels, their weights, and the derivatives of these by each coordinate."""

    pixel: Array
    weight: Array
    slopes: list[Array]


class Extension(NamedTuple):
    """An extended axis: which pixel each of its pixels copies, if they are not zeros outside."""

    length: int
    inside: slice
    copied: Array | None


# ----------------------------------------------------------------------------------------------
# One axis


def _source(at: Array, size: int, padding: str, align_corners: bool) -> tuple[Array, Array | float]:
    """Coordinates −1 … 1 in pixels, brought inside as the padding says, and the derivative."""
    factor = (size - 1) / 2 if align_corners else size / 2
    pixel = (at + 1) * factor
    if not align_corners:
        pixel -= 0.5
    if padding == "zeros":
        return pixel, factor
    slope: Array | float = factor
    if padding == "reflection":
        low, span = (0.0, size - 1) if align_corners else (-0.5, size)
        pixel, slope = _reflect(pixel, low, span, factor)
    inside = (pixel > 0) & (pixel < size - 1)
    return np.clip(pixel, 0, size - 1), inside * slope


def _reflect(pixel: Array, low: float, span: int, factor: float) -> tuple[Array, Array]:
    """Fold a line at ``low`` and every ``span`` after it."""
    if span == 0:
        return np.zeros_like(pixel), np.zeros_like(pixel)
    past = pixel - low
    distance = np.abs(past)
    with np.errstate(invalid="ignore"):  # infinity folds to nowhere
        folds = np.floor(distance / span)
        rest = distance - folds * span
        odd = folds % 2 == 1
    slope = np.where(odd != (past < 0), -factor, factor).astype(pixel.dtype)
    # Infinity has folded to NaN, which fmax makes a place like any other.
    return np.fmax(np.where(odd, span - rest, rest), 0) + low, slope


def _period(size: int, align_corners: bool) -> int:
    """After how many pixels an axis repeats that is reflected at both ends."""
    return max(2 * (size - 1), 1) if align_corners else 2 * size


def extension(size: int, mode: str, padding: str, align_corners: bool) -> Extension:
    before, behind = _REACH[mode][:2]
    inside = slice(before, before + size)
    if mode != "bicubic" or padding == "zeros":
        return Extension(before + size + behind, inside, None)
    if padding == "border":
        copied = np.pad(np.arange(size), (before, behind), mode="edge")
    else:
        # Coordinates are reduced to one period, so that is what taps can reach.
        period = _period(size, align_corners)
        copied = np.arange(-before, period + behind) % period
        copied = np.minimum(copied, period - copied - (0 if align_corners else 1))
    return Extension(len(copied), inside, copied)


def places(
    at: Array, size: int, mode: str, padding: str, align_corners: bool
) -> tuple[Array, Array, Array | float]:
    """Of every point along one axis: the first tap in the extended image, how far it is past a pixel, slope."""
    before, _, low_end, high_end = _REACH[mode]
    last = size - 1
    if mode == "bicubic":
        pixel, slope = _source(at, size, "zeros", align_corners)
        if padding == "reflection":
            period = _period(size, align_corners)
            with np.errstate(invalid="ignore"):
                pixel = np.fmax(pixel - period * np.floor(pixel / period), 0)
            last = period - 1
    else:
        pixel, slope = _source(at, size, padding, align_corners)
    pixel = np.clip(pixel, -low_end, last + high_end)
    low = np.rint(pixel) if mode == "nearest" else np.floor(pixel)
    cell = low.astype(np.int32) + before
    return cell - 1 if mode == "bicubic" else cell, pixel - low, slope


def _taps(
    at: Array, size: int, mode: str, padding: str, align_corners: bool
) -> tuple[Array, list[Array], list[Array]]:
    """Of every point along one axis: the first tap in the extended image, weights, slopes."""
    cell, part, slope = places(at, size, mode, padding, align_corners)
    if mode == "nearest":
        return cell, [np.ones_like(at)], []
    if mode == "bilinear":
        slope = np.broadcast_to(slope, part.shape)
        return cell, [1 - part, part], [-slope, slope]
    weights, slopes = cubic(part)
    return cell, weights, [s * slope for s in slopes]


def cubic(t: Array) -> tuple[list[Array], list[Array]]:
    """Keys' weights (1981, a = −3/4) of four neighbours at 1 + t, t, 1 − t, 2 − t; derivatives."""
    a = -0.75

    def far(d: Array) -> Array:
        return (((d - 5) * d + 8) * d - 4) * a

    def near(d: Array) -> Array:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far_slope(d: Array) -> Array:
        return ((3 * d - 10) * d + 8) * a

    def near_slope(d: Array) -> Array:
        return (3 * (a + 2) * d - 2 * (a + 3)) * d

    weights = [far(1 + t), near(t), near(1 - t), far(2 - t)]
    return weights, [far_slope(1 + t), near_slope(t), -near_slope(1 - t), -far_slope(2 - t)]


# ----------------------------------------------------------------------------------------------
# All axes


def _stencil(
    grid: Array,
    extended: tuple[int, ...],
    spatial: tuple[int, ...],
    mode: str,
    padding: str,
    align_corners: bool,
    with_slopes: bool,
) -> Stencil:
    """The rows of the sampling matrix; columns count extended pixels, image after image."""
    dims, count = len(spatial), _TAPS[mode]
    points = grid.reshape(-1, dims)
    per_image = max(1, len(points) // max(1, grid.shape[0]))
    strides = [math.prod(extended[k + 1 :]) for k in range(dims)]
    image = math.prod(extended)
    integer = np.int32 if grid.shape[0] * image < np.iinfo(np.int32).max else np.int64
    index = np.empty((len(points), count**dims), integer)
    weight = np.empty(index.shape, grid.dtype)
    slopes = [np.empty_like(weight) for _ in range(dims)] if with_slopes else []
    choices = list(itertools.product(range(count), repeat=dims))
    for start in range(0, len(points), _CHUNK):
        chunk = slice(start, min(start + _CHUNK, len(points)))
        first = (np.arange(chunk.start, chunk.stop) // per_image * image).astype(integer)
        axes = []
        for k, size in enumerate(spatial):
            at = np.ascontiguousarray(points[chunk, dims - 1 - k])  # x comes first in a grid
            cell, *factors = _taps(at, size, mode, padding, align_corners)
            first += cell * integer(strides[k])
            axes.append(factors)
        for column, taps in enumerate(choices):
            offset = sum(tap * stride for tap, stride in zip(taps, strides))
            np.add(first, integer(offset), out=index[chunk, column])
            chosen = [axis[0][tap] for axis, tap in zip(axes, taps)]
            _product(chosen, weight[chunk, column])
            for k, slope in enumerate(slopes):
                changed = [*chosen[:k], axes[k][1][taps[k]], *chosen[k + 1 :]]
                _product(changed, slope[chunk, column])
    return Stencil(index, weight, slopes[::-1])


def _product(factors: list[Array], out: Array) -> None:
    np.multiply(math.prod(factors[:-1]), factors[-1], out=out)


def _pixels(x: Array, axes: list[Extension]) -> Array:
    """The extended image, a row for each pixel; half precision is computed in single."""
    wide = np.promote_types(x.dtype, np.float32)
    extended = np.zeros((x.shape[0], *(axis.length for axis in axes), x.shape[1]), wide)
    _copy_channels(x, extended[(slice(None), *(axis.inside for axis in axes))])
    for at, axis in enumerate(axes, 1):
        if axis.copied is not None:
            inside = extended[(slice(None),) * at + (axis.inside,)]
            extended = inside.take(axis.copied, axis=at)
    return extended.reshape(-1, x.shape[1])


def _image(rows: Array, shape: tuple[int, ...], axes: list[Extension]) -> Array:
    """The transpose of `_pixels`: an image of ``shape`` from gradients of extended pixels."""
    extended = rows.reshape(shape[0], *(axis.length for axis in axes), shape[1])
    for at, axis in enumerate(axes, 1):
        if axis.copied is None:
            extended = extended[(slice(None),) * at + (axis.inside,)]
        else:
            parts = np.moveaxis(extended, at, 0)
            folded = np.zeros((shape[at + 1], *parts.shape[1:]), rows.dtype)
            for pixel, part in zip(axis.copied, parts):
                folded[pixel] += part
            extended = np.moveaxis(folded, 0, at)
    return np.ascontiguousarray(np.moveaxis(extended, -1, 1))


def _copy_channels(x: Array, out: Array) -> None:
    """``out``, channels last, becomes ``x``.

    A few channels at a time: images whose size is a power of two would else meet in the same corner
    of the cache.
    """
    step = 1 if x.shape[1] < 8 else 8
    for start in range(0, x.shape[1], step):
        part = slice(start, start + step)
        out[..., part] = np.moveaxis(x[:, part], 1, -1)


def _points(x: Array, dtype: np.dtype[Any]) -> Array:
    """Rows of channels of ``x``, without extension."""
    rows = np.empty((x.shape[0], *x.shape[2:], x.shape[1]), dtype)
    _copy_channels(x, rows)
    return rows.reshape(-1, x.shape[1])


def _matrix(stencil: Stencil, values: Array, columns: int) -> Any:
    from scipy import sparse

    rows, taps = stencil.pixel.shape
    starts = np.arange(0, rows * taps + 1, taps, dtype=stencil.pixel.dtype)
    return sparse.csr_matrix((values.ravel(), stencil.pixel.ravel(), starts), shape=(rows, columns))


# ----------------------------------------------------------------------------------------------
# The whole operation


def _check(x_shape: tuple[int, ...], grid: Array, mode: str, padding_mode: str) -> None:
    if mode not in _TAPS:
        raise ValueError(
            f"grid_sample: mode must be 'bilinear', 'nearest' or 'bicubic', got {mode!r}"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "grid_sample: padding_mode must be 'zeros', 'border' or 'reflection', "
            f"got {padding_mode!r}"
        )
    dims = len(x_shape) - 2
    if dims not in (2, 3) or grid.ndim != len(x_shape):
        raise ShapeError(
            "grid_sample: input and grid must both be 4-D or both be 5-D, "
            f"got {x_shape} and {grid.shape}"
        )
    if mode == "bicubic" and dims != 2:
        raise ShapeError(f"grid_sample: mode 'bicubic' needs 4-D input, got {x_shape}")
    if grid.shape[0] != x_shape[0] or grid.shape[-1] != dims:
        raise ShapeError(
            f"grid_sample: grid must be ({x_shape[0]}, …, {dims}) for input {x_shape}, "
            f"got {grid.shape}"
        )
    if 0 in x_shape[2:]:
        raise ShapeError(f"grid_sample: input must have pixels to sample, got {x_shape}")


def _check_dtypes(x: Array, grid: Array) -> None:
    if x.dtype != grid.dtype or not np.issubdtype(x.dtype, np.floating):
        raise DTypeError(
            "grid_sample: input and grid must have the same floating-point dtype, "
            f"got {x.dtype} and {grid.dtype}"
        )


def grid_sample(
    x: Array,
    grid: Array,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> Array:
    """Sample images ``x`` (batch, channels, [depth,] height, width) at the points of ``grid``.

    ``grid`` is (batch, …, 2 or 3) with coordinates x, y[, z] from −1 to 1 across the image; NaN
    counts as −1. Jaderberg et al. 2015.
    """
    _check(x.shape, grid, mode, padding_mode)
    _check_dtypes(x, grid)
    axes, stencil = _prepare(x, grid, mode, padding_mode, align_corners, with_slopes=False)
    pixels = _pixels(x, axes)
    if mode == "nearest":
        sampled = pixels.take(stencil.pixel[:, 0], axis=0)
    else:
        sampled = _matrix(stencil, stencil.weight, len(pixels)) @ pixels
    points = sampled.reshape(x.shape[0], *grid.shape[1:-1], x.shape[1])
    return np.ascontiguousarray(np.moveaxis(points, -1, 1), dtype=x.dtype)


def _prepare(
    x: Array, grid: Array, mode: str, padding: str, align_corners: bool, with_slopes: bool
) -> tuple[list[Extension], Stencil]:
    """How to extend the image, and the sampling matrix on the extended one."""
    wide = grid.astype(np.promote_types(x.dtype, np.float32), copy=False)
    if not np.isfinite(wide.sum()):
        wide = np.where(np.isnan(wide), wide.dtype.type(-1), wide)
    axes = [extension(size, mode, padding, align_corners) for size in x.shape[2:]]
    extended = tuple(axis.length for axis in axes)
    stencil = _stencil(wide, extended, x.shape[2:], mode, padding, align_corners, with_slopes)
    return axes, stencil


def grid_sample_backward(
    g: Array,
    x: Array,
    grid: Array,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
    need_input: bool = True,
    need_grid: bool = True,
) -> tuple[Array | None, Array | None]:
    """Gradients of `grid_sample` for its input and its grid."""
    with_slopes = need_grid and mode != "nearest"
    axes, stencil = _prepare(x, grid, mode, padding_mode, align_corners, with_slopes)
    g_points = _points(g, stencil.weight.dtype)
    columns = x.shape[0] * math.prod(axis.length for axis in axes)
    g_x = g_grid = None
    if need_input:
        g_pixels = _matrix(stencil, stencil.weight, columns).T @ g_points
        g_x = _image(g_pixels, x.shape, axes).astype(x.dtype, copy=False)
    if need_grid:
        g_grid = np.zeros(grid.shape, grid.dtype)
        along = g_grid.reshape(-1, grid.shape[-1])
        pixels = _pixels(x, axes) if with_slopes else x
        for k, slope in enumerate(stencil.slopes):
            change = _matrix(stencil, slope, columns) @ pixels
            along[:, k] = np.einsum("pc,pc->p", change, g_points)
    return g_x, g_grid


# ----------------------------------------------------------------------------------------------
# Affine grids


def _base(size: tuple[int, ...], dtype: Any, align_corners: bool) -> Array:
    """Rows (x, y[, z], 1) of the points of an image of ``size`` (batch, channels, spatial …)."""
    axes = []
    for n in size[2:]:
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        axes.append(line if align_corners else line * (n - 1) / n)
    points = np.meshgrid(*axes, indexing="ij")[::-1]
    return np.stack([*points, np.ones(size[2:])], axis=-1).reshape(-1, len(size) - 1).astype(dtype)


def affine_grid(theta: Array, size: tuple[int, ...], align_corners: bool = False) -> Array:
    """Grids for `grid_sample` from affine maps ``theta`` (batch, 2, 3) or (batch, 3, 4).

    ``size`` is that of the images to come, (batch, channels, [depth,] height, width).
    """
    _check_affine(theta.shape, theta.dtype, size)
    dims = len(size) - 2
    base = _base(size, theta.dtype, align_corners)
    return (base @ theta.transpose(0, 2, 1)).reshape(size[0], *size[2:], dims)


def affine_grid_backward(g: Array, size: tuple[int, ...], align_corners: bool = False) -> Array:
    """Gradient of `affine_grid` for ``theta``."""
    base = _base(size, g.dtype, align_corners)
    return g.reshape(size[0], -1, len(size) - 2).transpose(0, 2, 1) @ base


def _check_affine(shape: tuple[int, ...], dtype: Any, size: tuple[int, ...]) -> None:
    dims = len(size) - 2
    if not np.issubdtype(dtype, np.floating):
        raise ValueError(f"affine_grid: theta must be floating-point, got {dtype}")
    if dims not in (2, 3):
        raise NotImplementedError(
            f"affine_grid: size must have 4 entries (for 2-D maps) or 5 (for 3-D), got {size}"
        )
    if shape[1:] != (dims, dims + 1) or shape[0] != size[0]:
        raise ShapeError(
            f"affine_grid: theta must be ({size[0]}, {dims}, {dims + 1}) for size {size}, "
            f"got {shape}"
        )
    if min(size) <= 0:
        raise ValueError(f"affine_grid: size must be positive, got {size}")
