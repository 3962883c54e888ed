"""Windows sliding over the last axes of an array: padding arithmetic, views, columns and back.

A *geometry* is one way for windows to slide: the sizes of the input and of the window, how far the
windows step (stride), how far apart the cells of a window lie (dilation), where the first window
begins (`before` the input's first cell, PyTorch's padding) and how many windows there are.

Copying windows out one cell at a time means many short runs, and short runs are what NumPy is slow
at. So it is done in two steps. The first copies what each cell of the window meets, for the cells
along all axes but the first: the *rows*. They are laid out so that moving along the first axis
needs no copy, what is met there is a contiguous slice of the rows. The second step, for those who
want whole *columns*, copies these slices: long runs. Both steps have a reverse, which adds instead.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.errors import ShapeError

Ints: TypeAlias = tuple[int, ...]
Pairs: TypeAlias = tuple[tuple[int, int], ...]

#: An index into one array, and the index into another that corresponds to it.
Move: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...]]
Array: TypeAlias = np.ndarray[Any, Any]


# Padding arithmetic -----------------------------------------------------------------------------


def spatial(value: Any, dims: int, what: str, least: int | None = None) -> Ints:
    """One number per spatial axis, from a number or a sequence: PyTorch's ``int or tuple``."""
    values = value if isinstance(value, (tuple, list)) else (value,)
    try:
        numbers = tuple(map(operator.index, values)) * (dims if len(values) == 1 else 1)
    except TypeError:
        raise TypeError(f"{what} must be an integer or {dims} of them, got {value!r}") from None
    if len(numbers) != dims:
        raise ShapeError(f"{what} must be one number or {dims}, got {value}")
    if least is not None and min(numbers) < least:
        raise ShapeError(f"{what} must be at least {least}, got {value}")
    return numbers


def padding_pairs(padding: Any, kernel: Ints, stride: Ints, dilation: Ints, what: str) -> Pairs:
    """Cells added before and after each axis: from numbers, pairs, ``'same'`` or ``'valid'``.

    ``'same'`` adds ``dilation * (kernel - 1)`` cells, the odd one at the end. The second number of
    a pair may be negative: so many cells at the end are then left out.
    """
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * len(kernel)
        if padding != "same":
            raise ShapeError(f"{what} must be numbers, 'same' or 'valid', got {padding!r}")
        if max(stride) > 1:
            raise ShapeError(f"{what}='same' needs a stride of 1, got {stride}")
        added = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple((total // 2, total - total // 2) for total in added)
    if isinstance(padding, Sequence) and padding and isinstance(padding[0], Sequence):
        pairs = tuple((int(before), int(after)) for before, after in padding)
        if len(pairs) != len(kernel):
            raise ShapeError(f"{what} must be {len(kernel)} pairs, got {padding}")
        return pairs
    return tuple((p, p) for p in spatial(padding, len(kernel), what, least=0))


def by(sizes: Sequence[int]) -> str:
    """Sizes as people write them: ``3 x 4``."""
    return " x ".join(map(str, sizes))


class Geometry:
    """How windows slide over an input, and how their cells are copied out and added back.

    `before` may be negative (the first window begins inside), and the last windows may reach past
    the input: what lies outside counts as zero. Instances are shared and never change.
    """

    __slots__ = (
        "area",
        "before",
        "dilation",
        "direct",
        "gapless",
        "here",
        "inner_taps",
        "kernel",
        "length",
        "moves",
        "out",
        "room",
        "rows_shape",
        "shifts",
        "size",
        "snug",
        "starts",
        "stride",
        "taps",
        "there",
    )

    def __init__(
        self, size: Ints, kernel: Ints, stride: Ints, before: Ints, dilation: Ints, out: Ints
    ) -> None:
        self.size, self.kernel, self.out = size, kernel, out
        self.stride, self.before, self.dilation = stride, before, dilation
        #: Cells in a window; those of them along all axes but the first; windows.
        self.taps = math.prod(kernel)
        self.inner_taps = math.prod(kernel[1:])
        self.area = math.prod(out)
        # Windows `stride` apart meet the first axis at places that are equal modulo the stride.
        # Rows are sorted by that remainder, so that what one cell meets is contiguous.
        step, spread = stride[0], dilation[0]
        remainders = sorted({i * spread % step for i in range(kernel[0])})
        height = out[0] + (kernel[0] - 1) * spread // step
        row = math.prod(out[1:])
        self.rows_shape = (len(remainders), height, *out[1:])
        #: Places in the rows of one channel, and where in them the slice of each cell begins.
        self.length = math.prod(self.rows_shape)
        self.starts = tuple(
            (remainders.index(i * spread % step) * height + i * spread // step) * row
            for i in range(kernel[0])
        )
        self.moves = tuple(self._moves(remainders, height))
        self.shifts = tuple(self._shifts())
        copied = sum(math.prod(s.stop - s.start for s in move[0][4:]) for move in self.moves)
        #: True when every place in the rows is copied from the input: no zeros at the border.
        self.gapless = copied == self.inner_taps * self.length
        #: True when the rows are the input itself.
        self.direct = self.taps == 1 and max(stride) == 1 and out == size and not any(before)

        # Where the input lies in an array that has room for all windows.
        reach = zip(out, stride, dilation, kernel)
        self.room = tuple((o - 1) * s + d * (k - 1) + 1 for o, s, d, k in reach)
        self.snug = not any(before) and all(r <= n for r, n in zip(self.room, size))
        spans = [
            (max(0, -b), max(0, -b, min(n, r - b))) for b, n, r in zip(before, size, self.room)
        ]
        self.there: Any = (..., *(slice(a + b, z + b) for (a, z), b in zip(spans, before)))
        self.here: Any = (..., *(slice(a, z) for a, z in spans))

    def _moves(self, remainders: list[int], height: int) -> Iterator[Move]:
        """Pieces of the rows ``(C, taps, N, remainder, …)``, and their places in ``(C, N, …)``."""
        everything = slice(None)
        for phase, remainder in enumerate(remainders):
            first = self.overlap(0, remainder, height)
            cells = product(*map(range, self.kernel[1:]))
            for tap, cell in enumerate(cells):
                others = [
                    self.overlap(axis, i * self.dilation[axis], self.out[axis])
                    for axis, i in enumerate(cell, start=1)
                ]
                spans = [first, *others]
                if all(there.start < there.stop for there, _ in spans):
                    there = (everything, tap, everything, phase, *(t for t, _ in spans))
                    yield there, (everything, everything, *(here for _, here in spans))

    def _shifts(self) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """Where windows are as many as cells, along all axes but the first: the moves, faster.

        What a cell of the window meets is then the input itself, shifted by so many places and with
        zeros where the shift came round a border. Yields the number, and the places of the zeros.
        """
        inner = self.size[1:]
        if self.inner_taps == 1 or max(self.stride) > 1 or self.out[1:] != inner:
            return
        for cell in product(*map(range, self.kernel[1:])):
            shift, borders = 0, []
            for axis, (i, n) in enumerate(zip(cell, inner), start=1):
                offset = i * self.dilation[axis] - self.before[axis]
                shift = shift * n + offset
                if offset:
                    border = slice(None, -offset) if offset < 0 else slice(max(0, n - offset), None)
                    borders.append((..., border, *[slice(None)] * (len(self.size) - 1 - axis)))
            yield shift, borders

    def overlap(self, axis: int, offset: int, count: int) -> tuple[slice, slice]:
        """Of `count` places a stride apart, from `offset` on: those inside, and the cells met."""
        step, shift = self.stride[axis], offset - self.before[axis]
        start = max(0, -(shift // step))
        stop = max(start, min(count, (self.size[axis] - 1 - shift) // step + 1))
        if start == stop:
            return slice(0, 0), slice(0, 0)
        met = slice(start * step + shift, (stop - 1) * step + shift + 1, step)
        return slice(start, stop), met

    def part(self, windows: slice) -> Geometry:
        """The geometry of some of the windows along the first axis."""
        start, stop = windows.start, windows.stop
        before = (self.before[0] - start * self.stride[0], *self.before[1:])
        out = (stop - start, *self.out[1:])
        return geometry(self.size, self.kernel, self.stride, before, self.dilation, out)

    def new_rows(self, channels: int, batch: int, dtype: Any) -> Array:
        """An array for rows, ``(C, inner taps, N, *rows_shape)``, zero where nothing is copied."""
        make = np.empty if self.gapless else np.zeros
        return make((channels, self.inner_taps, batch, *self.rows_shape), dtype)

    def columns(self, x: Array) -> Array:
        """All windows of a small input in one go: ``(C, *kernel, N, *out)``, a new array."""
        if not (self.snug and x.flags.c_contiguous):
            padded = np.zeros((*x.shape[:2], *self.room), x.dtype)
            padded[self.there] = x[self.here]
            x = padded
        sample, channel, *axes = x.strides
        cells = [a * d for a, d in zip(axes, self.dilation)]
        steps = [a * s for a, s in zip(axes, self.stride)]
        shape = (x.shape[1], *self.kernel, len(x), *self.out)
        return np.ndarray(shape, x.dtype, x, 0, (channel, *cells, sample, *steps)).copy()

    def fill_rows(self, rows: Array, x: Array) -> None:
        """Copy what the cells of all windows meet: `x` is ``(C, N, *size)``."""
        if self.shifts and x[0, 0].flags.c_contiguous:
            self._shift(rows[:, :, :, 0], x)
            return
        for there, here in self.moves:
            rows[there] = x[here]

    def _shift(self, rows: Array, x: Array) -> None:
        """`fill_rows` by `shifts`: whole planes at a time, whose rows are one long run."""
        there, here = self.overlap(0, 0, rows.shape[3])
        rows, x = rows[:, :, :, there], x[:, :, here]
        places = math.prod(x.shape[2:])
        to, source = rows.reshape(*rows.shape[:3], places), x.reshape(*x.shape[:2], places)
        for tap, (shift, borders) in enumerate(self.shifts):
            start, stop = max(0, -shift), min(places, places - shift)
            if start < stop:
                to[:, tap, :, start:stop] = source[..., start + shift : stop + shift]
            for border in borders:
                rows[:, tap][border] = 0

    def spill_rows(self, rows: Array, x: Array) -> None:
        """The reverse: add the rows to `x`, where each of them came from."""
        for there, here in self.moves:
            x[here] += rows[there]

    def gather(self, rows: Array, columns: Array) -> None:
        """Copy windows from rows into columns ``(C, first taps, inner taps, N, windows)``."""
        flat = rows.reshape(*rows.shape[:3], self.length)
        for tap, start in enumerate(self.starts):
            columns[:, tap] = flat[..., start : start + self.area]

    def scatter(self, columns: Array, rows: Array) -> None:
        """The reverse: add columns to the rows they came from."""
        flat = rows.reshape(*rows.shape[:3], self.length)
        for tap, start in enumerate(self.starts):
            flat[..., start : start + self.area] += columns[:, tap]


@lru_cache(maxsize=1024)
def geometry(
    size: Ints, kernel: Ints, stride: Ints, before: Ints, dilation: Ints, out: Ints
) -> Geometry:
    """The `Geometry` of these numbers; made once."""
    return Geometry(size, kernel, stride, before, dilation, out)


def frozen(value: Any) -> Any:
    """Lists, also inside, as tuples: something to look up."""
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def conv_geometry(
    size: Ints, kernel: Ints, stride: Any, padding: Any, dilation: Any, op: str
) -> Geometry:
    """How the kernel of a convolution slides; `op` is named in errors."""
    return _conv_geometry(size, kernel, frozen(stride), frozen(padding), frozen(dilation), op)


@lru_cache(maxsize=1024)
def _conv_geometry(
    size: Ints, kernel: Ints, stride: Any, padding: Any, dilation: Any, op: str
) -> Geometry:
    dims = len(size)
    stride = spatial(stride, dims, f"{op}: stride", least=1)
    dilation = spatial(dilation, dims, f"{op}: dilation", least=1)
    pairs = padding_pairs(padding, kernel, stride, dilation, f"{op}: padding")
    padded = tuple(s + before + after for s, (before, after) in zip(size, pairs))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    if min(kernel) < 1:
        raise ShapeError(f"{op}: a kernel needs at least one cell, got {by(kernel)}")
    if any(r > p for r, p in zip(reach, padded)):
        raise ShapeError(
            f"{op}: the kernel must fit into the padded input, whose size is {by(padded)}, but "
            f"reaches over {by(reach)} (kernel {by(kernel)}, dilation {by(dilation)}): earlier layers "
            "have shrunk it too far, or it was too small"
        )
    out = tuple((p - r) // s + 1 for p, r, s in zip(padded, reach, stride))
    return geometry(size, kernel, stride, tuple(before for before, _ in pairs), dilation, out)


def pool_geometry(
    size: Ints,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    op: str,
) -> Geometry:
    """How the window of a pooling slides: no stride means its own size; `op` is named in errors.

    With `ceil_mode` a last window that reaches past the padded input counts too, unless it would
    begin in the padding at the end.
    """
    kernel, stride, padding, dilation = map(frozen, (kernel, stride, padding, dilation))
    return _pool_geometry(size, kernel, stride, padding, dilation, ceil_mode, op)


@lru_cache(maxsize=1024)
def _pool_geometry(
    size: Ints, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, op: str
) -> Geometry:
    dims = len(size)
    kernel = spatial(kernel, dims, f"{op}: kernel_size", least=1)
    stride = kernel if stride is None or stride == () else stride
    stride = spatial(stride, dims, f"{op}: stride", least=1)
    padding = spatial(padding, dims, f"{op}: padding", least=0)
    dilation = spatial(dilation, dims, f"{op}: dilation", least=1)
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    if any(p > r // 2 for p, r in zip(padding, reach)):
        raise ShapeError(
            f"{op}: padding must be at most half of the window, which reaches over {by(reach)}, "
            f"got {by(padding)}"
        )
    out = []
    for s, p, r, step in zip(size, padding, reach, stride):
        room = s + 2 * p - r
        count = (room + (step - 1) * ceil_mode) // step + 1
        if ceil_mode and (count - 1) * step >= s + p:
            count -= 1
        out.append(count)
    if min(out) < 1:
        raise ShapeError(
            f"{op}: an input of size {by(size)} has no room for a window of {by(kernel)} "
            f"(stride {by(stride)}, padding {by(padding)}, dilation {by(dilation)}): earlier layers "
            "have shrunk it too far, or it was too small"
        )
    return geometry(size, kernel, stride, padding, dilation, tuple(out))


# Views and columns ------------------------------------------------------------------------------


def windows(x: Array, kernel: Ints, stride: Ints, dilation: Ints) -> Array:
    """A read-only view of all windows over the last axes: ``(…, *windows, *kernel)``."""
    dims = len(kernel)
    kept, size, steps = x.shape[:-dims], x.shape[-dims:], x.strides[-dims:]
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, kernel, stride, dilation)]
    strides = [a * s for a, s in zip(steps, stride)] + [a * d for a, d in zip(steps, dilation)]
    shape = (*kept, *out, *kernel)
    return as_strided(x, shape, (*x.strides[:-dims], *strides), writeable=False)


def im2col(x: Array, at: Geometry) -> Array:
    """Every window as a column: ``(N, C, *size)`` to ``(N, C * taps, windows)``."""
    batch, channels = x.shape[:2]
    rows = at.new_rows(channels, batch, x.dtype)
    at.fill_rows(rows, x.swapaxes(0, 1))
    columns = np.empty((batch, channels, at.kernel[0], at.inner_taps, at.area), x.dtype)
    at.gather(rows, columns.transpose(1, 2, 3, 0, 4))
    return columns.reshape(batch, channels * at.taps, at.area)


def col2im(columns: Array, at: Geometry) -> Array:
    """The transpose of `im2col`: cells that lie in several windows receive the sum."""
    batch, channels = columns.shape[0], columns.shape[1] // at.taps
    columns = columns.reshape(batch, channels, at.kernel[0], at.inner_taps, at.area)
    rows = np.zeros((channels, at.inner_taps, batch, *at.rows_shape), columns.dtype)
    at.scatter(columns.transpose(1, 2, 3, 0, 4), rows)
    x = np.zeros((batch, channels, *at.size), columns.dtype)
    at.spill_rows(rows, x.swapaxes(0, 1))
    return x
