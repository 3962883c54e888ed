"""Interpolation: an image is resized axis by axis, each axis by one sparse matrix.

A mode is nothing but a rule for that matrix: for every output position a few input positions
(*taps*) with weights. The matrix is banded, so it is cut into dense blocks along the diagonal and
applied by BLAS; small images take one block for all axes together. The backward pass applies the
transpose, cut in the same way.

A zero of a dense block would carry an infinity or NaN to positions that never look at it, so inputs
that hold one take the taps one by one instead.

Coordinates are computed in the input's precision, as PyTorch does: `nearest` jumps where they
round.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

from autotn.errors import DTypeError, ShapeError

Array = np.ndarray[Any, Any]

#: The modes by the number of spatial axes they want (``None``: any), and what they do on each axis.
MODES: dict[str, tuple[int | None, str]] = {
    "nearest": (None, "nearest"),
    "nearest-exact": (None, "nearest-exact"),
    "area": (None, "area"),
    "linear": (1, "linear"),
    "bilinear": (2, "linear"),
    "trilinear": (3, "linear"),
    "bicubic": (2, "cubic"),
    "lanczos": (2, "lanczos"),
}

#: Input positions a diagonal block should span: enough to keep BLAS busy, few enough to waste
#: little on zeros.
_SPAN = 48

#: Images of at most this many positions are resized by one matrix over all axes.
_SMALL_IMAGE = 64


class Axis(NamedTuple):
    """How one axis is resized. ``scale`` is the factor asked for, if one was."""

    kind: str
    size: int
    new_size: int
    scale: float | None
    align_corners: bool
    antialias: bool


class Taps(NamedTuple):
    """Row ``i`` of the matrix: ``weight[i, k]`` at column ``column[i, k]``."""

    column: Array
    weight: Array


class Block(NamedTuple):
    """A dense piece of the matrix."""

    rows: slice
    columns: slice
    matrix: Array


# ----------------------------------------------------------------------------------------------
# What was asked for


def resolve(
    shape: tuple[int, ...],
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> list[Axis]:
    """Check the arguments of `interpolate` for an input of ``shape``; say what each axis does."""
    if mode not in MODES or not 3 <= len(shape) <= 5:
        raise NotImplementedError(
            f"interpolate: input must be (batch, channels, 1 to 3 spatial axes) and mode one of "
            f"{', '.join(MODES)}; got shape {shape} and mode {mode!r}"
        )
    wanted, kind = MODES[mode]
    spatial = shape[2:]
    if wanted is not None and wanted != len(spatial):
        fitting = [m for m, (axes, _) in MODES.items() if axes in (None, len(spatial))]
        raise NotImplementedError(
            f"interpolate: mode {mode!r} needs {wanted + 2}-D input, got {len(shape)}-D; the modes for "
            f"shape {shape}: {', '.join(fitting)}"
        )
    if align_corners is not None and kind in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            f"interpolate: align_corners is for linear and cubic modes, not for mode {mode!r}"
        )
    if antialias and (mode not in ("bilinear", "bicubic", "lanczos")):
        raise ValueError(
            f"interpolate: antialias is for modes bilinear, bicubic and lanczos, not {mode!r}"
        )
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError(
            "interpolate: mode 'lanczos' needs antialias=True and no align_corners, got "
            f"antialias={antialias}, align_corners={align_corners}"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "interpolate: give either size or scale_factor, got "
            f"size={size} and scale_factor={scale_factor}"
        )
    if size is not None and recompute_scale_factor:
        raise ValueError("interpolate: recompute_scale_factor has no meaning with a size")

    scales: Sequence[float | None] = [None] * len(spatial)
    if size is not None:
        sizes = _per_axis("size", size, spatial)
    else:
        scales = _per_axis("scale_factor", scale_factor, spatial)
        sizes = [int(float(n) * scale) for n, scale in zip(spatial, scales) if scale is not None]
        if recompute_scale_factor or kind == "area":
            scales = [None] * len(spatial)
    if min(*spatial, *sizes) <= 0:
        raise ShapeError(
            f"interpolate: sizes must be positive, got input {spatial} and output {tuple(sizes)}"
        )
    return [
        Axis(kind, n, int(new), scale, bool(align_corners), antialias)
        for n, new, scale in zip(spatial, sizes, scales)
    ]


def _per_axis(name: str, value: Any, spatial: tuple[int, ...]) -> list[Any]:
    values = list(value) if isinstance(value, Sequence) else [value] * len(spatial)
    if len(values) != len(spatial):
        raise ValueError(
            f"interpolate: {name} must have an entry for each of the spatial axes {spatial}, "
            f"got {value}"
        )
    return values


# ----------------------------------------------------------------------------------------------
# The matrix of one axis


@lru_cache(maxsize=256)
def taps_of(axis: Axis, dtype: str) -> Taps:
    """The taps of an axis, with coordinates and weights in ``dtype``."""
    if _is_identity(axis):
        taps = Taps(np.arange(axis.size)[:, None], np.ones((axis.size, 1), dtype))
    elif axis.kind in ("nearest", "nearest-exact"):
        taps = _nearest(axis, dtype)
    elif axis.kind == "area":
        taps = _area(axis, dtype)
    elif axis.antialias:
        taps = _filtered(axis, dtype)
    elif axis.kind == "linear":
        taps = _linear(axis, dtype)
    else:
        taps = _cubic(axis, dtype)
    for a in taps:
        a.flags.writeable = False  # shared by every caller
    return taps


def _step(axis: Axis, dtype: str) -> Any:
    """Input positions per output position."""
    number = np.dtype(dtype).type
    if axis.align_corners:
        span = axis.new_size - 1
        return number(axis.size - 1) / number(span) if span else number(0)
    if axis.scale is not None and axis.scale > 0:
        return number(1.0 / axis.scale)
    return number(axis.size) / number(axis.new_size)


def _positions(axis: Axis, dtype: str) -> Array:
    """Where output positions fall on the input; without aligned corners, pixel centres meet."""
    at = np.arange(axis.new_size, dtype=dtype)
    if axis.align_corners:
        return at * _step(axis, dtype)
    return (at + np.dtype(dtype).type(0.5)) * _step(axis, dtype) - np.dtype(dtype).type(0.5)


def _nearest(axis: Axis, dtype: str) -> Taps:
    """PyTorch's rounding to the letter: in ``dtype``, fused where it fuses, floor in float32."""
    at, step = np.arange(axis.new_size, dtype=dtype), _step(axis, dtype)
    if axis.kind == "nearest":
        position = at * step
    else:
        wide: Any = np.float64 if dtype == "float32" else np.longdouble
        centre = ((at.astype(wide) + 0.5) * wide(step) - 0.5).astype(dtype)
        position = centre + np.dtype(dtype).type(0.5)
    index = np.floor(position.astype(np.float32)).astype(np.intp)
    index = np.minimum(index, axis.size - 1)[:, None]
    return Taps(index, np.ones(index.shape, dtype))


def _linear(axis: Axis, dtype: str) -> Taps:
    position = np.maximum(_positions(axis, dtype), 0)
    low = np.minimum(position.astype(np.intp), axis.size - 1)
    high = np.minimum(low + 1, axis.size - 1)
    part = np.clip(position - low.astype(dtype), 0, 1)
    return Taps(np.stack([low, high], 1), np.stack([1 - part, part], 1))


def _cubic(axis: Axis, dtype: str) -> Taps:
    """Keys' cubic convolution (1981) with a = -3/4 on four neighbours."""
    position = _positions(axis, dtype)
    low = np.minimum(np.floor(position).astype(np.intp), axis.size - 1)
    part = np.clip(position - low.astype(dtype), 0, 1)
    offsets = np.arange(-1, 3)
    index = np.clip(low[:, None] + offsets, 0, axis.size - 1)
    return Taps(index, _keys(np.abs(part[:, None] - offsets.astype(dtype)), -0.75))


def _area(axis: Axis, dtype: str) -> Taps:
    """Each output position averages the input positions it covers, in whole or in part."""
    at = np.arange(axis.new_size)
    start = at * axis.size // axis.new_size
    stop = -(-(at + 1) * axis.size // axis.new_size)
    return _windows(start, stop, lambda index: np.ones(index.shape), dtype)


def _filtered(axis: Axis, dtype: str) -> Taps:
    """A filter that widens with the step, so that no input position is passed over."""
    radius, shape = _FILTERS[axis.kind]
    step = float(_step(axis, "float64"))
    stretch = max(step, 1.0)
    centre = step * (np.arange(axis.new_size) + 0.5)
    start = np.maximum((centre - radius * stretch + 0.5).astype(np.intp), 0)
    stop = np.minimum((centre + radius * stretch + 0.5).astype(np.intp), axis.size)
    return _windows(
        start, stop, lambda index: shape(np.abs(index + 0.5 - centre[:, None]) / stretch), dtype
    )


def _windows(start: Array, stop: Array, weigh: Callable[[Array], Array], dtype: str) -> Taps:
    """Taps from ``start`` to ``stop``, weights normalised; shorter rows repeat their last, at 0."""
    offsets = np.arange(int((stop - start).max()))
    index = np.minimum(start[:, None] + offsets, stop[:, None] - 1)
    weight = np.where(offsets < (stop - start)[:, None], weigh(index), 0)
    return Taps(index, (weight / weight.sum(axis=1, keepdims=True)).astype(dtype))


def _keys(distance: Array, a: float) -> Array:
    d = distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = (((d - 5) * d + 8) * d - 4) * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0)).astype(d.dtype)


#: Filters for `antialias`: their radius, and their value at a distance.
_FILTERS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "linear": (1.0, lambda d: np.maximum(1 - d, 0)),
    "cubic": (2.0, lambda d: _keys(d, -0.5)),
    "lanczos": (3.0, lambda d: np.where(d < 3, np.sinc(d) * np.sinc(d / 3), 0)),
}


# ----------------------------------------------------------------------------------------------
# The matrix as blocks


@lru_cache(maxsize=256)
def blocks_of(axis: Axis, dtype: str, transposed: bool) -> tuple[Block, ...]:
    """Dense blocks along the diagonal of the matrix of an axis, or of its transpose."""
    taps = taps_of(axis, dtype)
    row = np.repeat(np.arange(axis.new_size), taps.column.shape[1])
    column, weight = taps.column.ravel(), taps.weight.ravel()
    size, new_size = axis.size, axis.new_size
    if transposed:
        order = np.argsort(column, kind="stable")
        row, column, weight = column[order], row[order], weight[order]
        size, new_size = new_size, size
    height = new_size if size <= 2 * _SPAN else max(16, _SPAN * new_size // size)
    blocks = []
    for start in range(0, new_size, height):
        stop = min(start + height, new_size)
        inside = slice(*np.searchsorted(row, [start, stop]))
        low = int(column[inside].min(initial=size))
        high = int(column[inside].max(initial=low - 1)) + 1
        matrix = np.zeros((stop - start, high - low), dtype)
        np.add.at(matrix, (row[inside] - start, column[inside] - low), weight[inside])
        matrix.flags.writeable = False
        blocks.append(Block(slice(start, stop), slice(low, high), matrix))
    return tuple(blocks)


@lru_cache(maxsize=64)
def _joint(axes: tuple[Axis, ...], dtype: str, transposed: bool) -> Array:
    """One dense matrix for all axes of a small image."""
    matrices = []
    for axis in axes:
        shape = (axis.size, axis.new_size) if transposed else (axis.new_size, axis.size)
        matrices.append(np.zeros(shape, dtype))
        for block in blocks_of(axis, dtype, transposed):
            matrices[-1][block.rows, block.columns] = block.matrix
    return reduce(np.kron, matrices)


def _apply(x: Array, axes: Sequence[Axis], transposed: bool) -> Array:
    """The matrices (or their transposes) along the last axes of a contiguous ``x``."""
    dtype = x.dtype.name
    lead = x.shape[: -len(axes)]
    new_spatial = tuple(axis.size if transposed else axis.new_size for axis in axes)
    if math.prod(x.shape[-len(axes) :]) <= _SMALL_IMAGE:
        matrix = _joint(tuple(axes), dtype, transposed)
        return (x.reshape(-1, matrix.shape[1]) @ matrix.T).reshape(lead + new_spatial)
    # What shrinks most goes first, so that the others have less to do.
    growth = [new / old for new, old in zip(new_spatial, x.shape[-len(axes) :])]
    for k in sorted(range(len(axes)), key=growth.__getitem__):
        if not _is_identity(axes[k]):
            x = _apply_one(x, k - len(axes), axes[k], transposed)
    return x


def _is_identity(axis: Axis) -> bool:
    """Same size is same place in these modes, whatever the scale says."""
    return axis.size == axis.new_size and (axis.antialias or axis.kind in ("linear", "area"))


def _apply_one(x: Array, at: int, axis: Axis, transposed: bool) -> Array:
    new_size = axis.size if transposed else axis.new_size
    blocks = blocks_of(axis, x.dtype.name, transposed)
    shape = (*x.shape[:at], new_size, *x.shape[x.ndim + at + 1 :])
    after = math.prod(x.shape[x.ndim + at + 1 :])
    if after == 1:
        rows = x.reshape(-1, x.shape[at])
        out = np.empty((len(rows), new_size), x.dtype)
        for block in blocks:
            np.matmul(rows[:, block.columns], block.matrix.T, out=out[:, block.rows])
    else:
        images = x.reshape(-1, x.shape[at], after)
        out = np.empty((len(images), new_size, after), x.dtype)
        for block in blocks:
            np.matmul(block.matrix, images[:, block.columns], out=out[:, block.rows])
    return out.reshape(shape)


# ----------------------------------------------------------------------------------------------
# The whole operation


def interpolate(
    x: Array,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Array:
    """Resize the spatial axes of ``x`` (batch, channels, 1 to 3 axes); arguments as PyTorch's."""
    axes = resolve(
        x.shape, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
    )
    if axes[0].kind in ("nearest", "nearest-exact"):
        for at, axis in enumerate(axes, 2):
            x = _pick(x, at, _nearest_of(axis, x.dtype))
        return x
    if not np.issubdtype(x.dtype, np.floating):
        raise DTypeError(f"interpolate: mode {mode!r} needs floating-point input, got {x.dtype}")
    wide = _wide(x)
    if _all_finite(wide):
        return _own(_apply(wide, axes, False), x)
    with np.errstate(invalid="ignore"):
        for at, axis in enumerate(axes, 2):
            wide = _gather(wide, at, taps_of(axis, wide.dtype.name))
    return _own(wide, x)


def interpolate_backward(
    g: Array,
    shape: tuple[int, ...],
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Array:
    """Gradient of `interpolate` for an input of ``shape``, from that of its result."""
    axes = resolve(
        shape, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
    )
    wide = _wide(g)
    if axes[0].kind in ("nearest", "nearest-exact"):
        indices = [_nearest_of(axis, g.dtype) for axis in axes]
        if all(map(_is_simple, indices, axes)):
            for at in reversed(range(2, g.ndim)):
                wide = _put_back(wide, at, axes[at - 2].size, indices[at - 2])
            return _own(wide, g)
    if _all_finite(wide):
        return _own(_apply(wide, axes, True), g)
    with np.errstate(invalid="ignore"):
        for at, axis in enumerate(axes, 2):
            wide = _scatter(wide, at, axis.size, taps_of(axis, wide.dtype.name))
    return _own(wide, g)


def _wide(x: Array) -> Array:
    """Contiguous, and in a precision BLAS knows: half precision is computed in float32."""
    return np.ascontiguousarray(x, np.float32 if x.dtype.itemsize < 4 else None)


def _own(result: Array, given: Array) -> Array:
    """The result in the dtype of what was given, and never the same memory."""
    if np.may_share_memory(result, given):
        return result.astype(given.dtype)
    return result.astype(given.dtype, copy=False)


def _all_finite(x: Array) -> bool:
    """True when no element is infinite or NaN; may miss it (False) where the sum overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(x.sum()))


def _nearest_of(axis: Axis, dtype: np.dtype[Any]) -> Array:
    return taps_of(axis, "float64" if dtype == np.float64 else "float32").column[:, 0]


def _repeats(index: Array) -> int:
    """How often each position stands in a sorted ``index`` 0, 0, … 1, 1, …; 0 if it is not one."""
    k = len(index) // (int(index[-1]) + 1)
    return k if np.array_equal(index, np.arange(len(index)) // max(k, 1)) else 0


def _pick(x: Array, at: int, index: Array) -> Array:
    """``x`` at sorted positions of an axis; a whole-number enlargement is written in strides."""
    k = _repeats(index)
    if k == 0 or index[-1] + 1 != x.shape[at]:
        return np.take(x, index, axis=at)
    out = np.empty((*x.shape[:at], len(index), *x.shape[at + 1 :]), x.dtype)
    for start in range(k):
        out[(*[slice(None)] * at, slice(start, None, k))] = x
    return out


def _is_simple(index: Array, axis: Axis) -> bool:
    """Whether `_put_back` can undo `_pick`: equal repeats, or none."""
    return (index[-1] + 1 == axis.size and _repeats(index) > 0) or bool(np.all(np.diff(index) > 0))


def _put_back(g: Array, at: int, size: int, index: Array) -> Array:
    """The transpose of `_pick` where the index is simple."""
    before = [slice(None)] * at
    k = _repeats(index)
    if k > 0 and index[-1] + 1 == size:
        return reduce(np.add, (g[(*before, slice(start, None, k))] for start in range(k)))
    out = np.zeros((*g.shape[:at], size, *g.shape[at + 1 :]), g.dtype)
    step = int(index[1] - index[0]) if len(index) > 1 else 1
    if np.all(np.diff(index) == step):
        out[(*before, slice(int(index[0]), int(index[-1]) + 1, step))] = g
    else:
        np.moveaxis(out, at, 0)[index] = np.moveaxis(g, at, 0)
    return out


def _gather(x: Array, at: int, taps: Taps) -> Array:
    """One axis, tap by tap."""
    weight = taps.weight.reshape(*taps.weight.shape, *(1,) * (x.ndim - at - 1))
    terms = [
        np.take(x, taps.column[:, k], axis=at) * weight[:, k] for k in range(taps.column.shape[1])
    ]
    return reduce(np.add, terms)


def _scatter(g: Array, at: int, size: int, taps: Taps) -> Array:
    """The transpose of `_gather`."""
    out = np.zeros((*g.shape[:at], size, *g.shape[at + 1 :]), g.dtype)
    weight = taps.weight.reshape(*taps.weight.shape, *(1,) * (g.ndim - at - 1))
    columns = np.moveaxis(out, at, 0)
    for k in range(taps.column.shape[1]):
        np.add.at(columns, taps.column[:, k], np.moveaxis(g * weight[:, k], at, 0))
    return out
