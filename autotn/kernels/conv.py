"""Convolution over any number of axes: the product, and its gradients by input and by weight.

The three functions are one bilinear form read three ways, so they are closed under derivatives:
what the gradient of one needs are the other two. A transposed convolution is the gradient by the
input. Layouts are PyTorch's: input ``(N, C, *size)``, weight ``(O, C / groups, *kernel)``.

All of it is matrix products; what differs is what is copied before them, see `window` for the rows
and columns spoken of here:

- *by slices*: one product per cell of the kernel along the first axis, straight from the rows, the
  results added. Nothing is copied per cell; wants many channels, or the products are too thin.
- *by columns*: whole columns and one product. For few channels.
- *by columns, samples side by side*: for planes so small that one sample makes a thin matrix.
- *by rows* (`conv_rows`): channels last, and a product per cell of the kernel along the first axis for
  many samples. For small planes of some channels, which one by one are too little work for two cores.
- *by planes* (`conv_planes`): a dot product per cell. For weights of depthwise convolutions.
- *all at once*: for problems so small that what counts is the number of calls.
- *by bands* (`conv_band`): a band matrix slides along the last axis. For depthwise convolutions,
  whose products would have a single row.

Samples are processed in blocks that stay in the cache between the copy and the product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.errors import DTypeError, ShapeError, blaming
from autotn.kernels import conv_band, conv_planes, conv_rows
from autotn.kernels.onednn import conv as onednn
from autotn.kernels.window import Array, Geometry, Ints, conv_geometry, geometry

#: Bytes of columns or rows per block of samples: about a second-level cache.
BLOCK = 1 << 20

#: Elements of columns up to which the fewest calls win.
SMALL = 24_000

#: Bytes of columns or rows above which even one sample is cut.
LARGE = 1 << 23

#: Windows per sample from which a product per sample is as fast as one for many of them.
WIDE = 96

#: Channels times inner taps from which products by slices are not too thin.
DEEP = 24

#: How many numbers are copied in the time that one takes to be added to another.
SUMS = 1.5

#: The gradient by the input is rather correlated than scattered when there are not many more
#: outputs than inputs, and not many more places in the input than windows.
OUTPUTS, PLACES = 3, 1.3

#: Windows of all samples up to which the gradient by the weight is worked out as it is to lie.
TURNED = 1500

#: BLAS takes no reversed or repeated axes; NumPy multiplies those slowly, by itself.
contiguous = np.ascontiguousarray


def conv_forward(
    x: Array,
    w: Array,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    bias: Array | None = None,
) -> Array:
    r"""Convolution: :math:`y_{no} = \sum_c w_{oc} \star x_{nc}`, the kernel not flipped.

    `stride` and `dilation` are numbers or tuples; `padding` a number, a tuple of numbers or of
    pairs (before, after), ``'same'`` or ``'valid'``. `bias` is a number per output channel.
    """
    check(x.shape, w.shape, groups, x)
    same_dtype("input", x, "weight", w)
    at = conv_geometry(x.shape[2:], w.shape[2:], stride, padding, dilation, name(w.shape))
    if x.size == 0:
        out = np.zeros((len(x), len(w), *at.out), x.dtype)
    elif x.dtype == np.float16:
        out = correlate(x.astype("f4"), w.astype("f4"), at, groups).astype(np.float16)
    else:
        found = onednn.correlate(x, w, at, groups, bias)
        if found is not None:
            return found
        out = correlate(x, contiguous(w), at, groups)
    if bias is not None:
        out += bias.reshape(-1, *(1,) * len(at.size))
    return out


def conv_input_gradient(
    g: Array,
    w: Array,
    x_shape: Ints,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """The gradient by the input, of shape `x_shape`: transposed convolution of `g` with `w`."""
    check(x_shape, w.shape, groups)
    same_dtype("gradient", g, "weight", w)
    at = conv_geometry(x_shape[2:], w.shape[2:], stride, padding, dilation, name(w.shape))
    check_gradient(g.shape, (x_shape[0], w.shape[0], *at.out))
    if math.prod(x_shape) == 0:
        return np.zeros(x_shape, g.dtype)
    if g.dtype == np.float16:
        return spread(g.astype("f4"), w.astype("f4"), at, groups).astype(np.float16)
    found = onednn.spread(g, w, x_shape, at, groups)
    return spread(contiguous(g), contiguous(w), at, groups) if found is None else found


def conv_weight_gradient(
    g: Array,
    x: Array,
    w_shape: Ints,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """The gradient by the weight, of shape `w_shape`."""
    check(x.shape, w_shape, groups, x)
    same_dtype("gradient", g, "input", x)
    at = conv_geometry(x.shape[2:], w_shape[2:], stride, padding, dilation, name(w_shape))
    check_gradient(g.shape, (x.shape[0], w_shape[0], *at.out))
    if x.size == 0:
        return np.zeros(w_shape, g.dtype)
    if g.dtype == np.float16:
        return compare(g.astype("f4"), x.astype("f4"), at, groups).astype(np.float16)
    found = onednn.compare(g, x, w_shape, at, groups)
    return compare(contiguous(g), x, at, groups) if found is None else found


def name(w_shape: Ints) -> str:
    """The op a weight belongs to, for messages."""
    return f"conv{len(w_shape) - 2}d"


def check(x_shape: Ints, w_shape: Ints, groups: int, x: Any = None) -> None:
    """Refuse shapes that do not fit each other; `x` is the input itself, where there is one."""
    op = name(w_shape)
    if groups < 1:
        raise ShapeError(f"{op}: groups must be at least 1, got {groups}")
    if len(x_shape) != len(w_shape):
        raise ShapeError(
            f"{op}: input must have {len(w_shape)} axes (N, C, …), as many as weight, "
            f"got shape {x_shape}"
        )
    if w_shape[0] % groups or w_shape[0] < 1:
        raise ShapeError(
            f"{op}: weight's first axis must be a positive multiple of groups={groups}, "
            f"got shape {w_shape}"
        )
    if x_shape[1] != w_shape[1] * groups:
        raise wrong_channels(op, x_shape, w_shape, w_shape[1] * groups, groups, x)


def wrong_channels(
    op: str, given: Ints, w_shape: Ints, wanted: int, groups: int, x: Any = None
) -> ShapeError:
    """The error for an input with another number of channels; common mix-ups are recognised."""
    dims = len(given) - 2
    if given[-1] == wanted:
        order = (0, dims + 1, *range(1, dims + 1))
        advice = f"; the channels stand last: give input.permute{order}"
    elif wanted == 1:
        advice = "; for pictures of one channel, input.unsqueeze(1) adds it"
    elif given[1] == 1:
        wide = ", ".join(["-1", str(wanted), *["-1"] * dims])
        advice = f"; a gray picture becomes a coloured one by input.expand({wide})"
    else:
        advice = f"; in_channels={given[1]} would fit"
    error = ShapeError(
        f"{op}: weight of shape {w_shape} with groups={groups} expects an input of {wanted} "
        f"channels in dimension 1, got {given[1]} (shape {given}){advice}"
    )
    return error if x is None else blaming(error, (x, 1))


def check_gradient(given: Ints, expected: Ints) -> None:
    """Refuse a gradient that is not of the output's shape."""
    if given != expected:
        raise ShapeError(
            f"{name(expected)}: the output's gradient must have shape {expected}, got {given}"
        )


def same_dtype(first: str, a: Array, second: str, b: Array) -> None:
    """Refuse arrays of different dtypes."""
    if a.dtype != b.dtype:
        raise DTypeError(
            f"convolution: {first} and {second} must have one dtype, got {a.dtype} and {b.dtype}"
        )


# The three readings of one form -----------------------------------------------------------------


def correlate(x: Array, w: Array, at: Geometry, groups: int) -> Array:
    """Forward, for a known geometry."""
    if len(x) * x.shape[1] * at.taps * at.area <= SMALL:
        weights = w.reshape(groups, w.shape[0] // groups, -1)
        out = np.matmul(weights, at.columns(x).reshape(groups, weights.shape[2], -1))
        out = out.reshape(w.shape[0], len(x), *at.out).swapaxes(0, 1)
        return contiguous(out)
    if conv_band.suits(at, w.shape[1], w.shape[0] // groups):
        return conv_band.correlate(x, w, at, groups)
    if conv_rows.suits(at, w.shape[1], groups):
        return conv_rows.correlate(x, w, at)
    by_slices = slices_suit(at, w.shape[1], w.shape[0] // groups)
    weights = sliced(w, groups) if by_slices else w.reshape(groups, w.shape[0] // groups, -1)
    out = np.empty((len(x), w.shape[0], *at.out), x.dtype)
    for part, places, block in blocks(x, at, groups, w.nbytes, by_slices):
        block.load(x[part])
        y = split(out[part, :, places], groups)
        if by_slices:
            product(weights[0], block.slice_at(0), out=y)
            for tap in range(1, len(weights)):
                y += product(weights[tap], block.slice_at(tap))
        elif at.area >= WIDE:
            product(weights, block.columns().transpose(2, 0, 1, 3), out=y)
        else:
            results = product(weights, merged(block.columns()))
            y[...] = results.reshape(groups, -1, len(y), y.shape[-1]).transpose(2, 0, 1, 3)
    return out


def spread(g: Array, w: Array, at: Geometry, groups: int) -> Array:
    """The gradient by the input, for a known geometry."""
    if conv_band.suits(at, w.shape[1], w.shape[0] // groups) and max(at.stride) > 1:
        return conv_band.spread(g, w, at, groups)
    suits = correlating_suits(at, w.shape[1], w.shape[0] // groups)
    # Turning more weights than there are cells in all windows takes longer than adding these up.
    light = w.size <= len(g) * w.shape[1] * groups * at.taps * at.area
    if max(at.stride) == 1 and suits and light:
        return correlate(g, turned(w, groups), reversed_geometry(at), groups)
    x = np.zeros((len(g), w.shape[1] * groups, *at.size), g.dtype)
    by_slices = at.area >= WIDE
    weights = sliced(w, groups) if by_slices else w.reshape(groups, w.shape[0] // groups, -1)
    weights = weights.swapaxes(-1, -2)
    for part, places, block in blocks(x, at, groups, w.nbytes, by_slices):
        y = split(g[part, :, places], groups)
        block.clear(len(y))
        if by_slices:
            for tap, weight in enumerate(weights):
                rows = block.slice_at(tap)
                rows += product(weight, y)
        else:
            block.add_columns(product(weights, merged(y.transpose(1, 2, 0, 3))))
        block.unload(x[part])
    return x


def compare(g: Array, x: Array, at: Geometry, groups: int) -> Array:
    """The gradient by the weight, for a known geometry."""
    outputs, depth = g.shape[1] // groups, x.shape[1] // groups
    if len(x) * x.shape[1] * at.taps * at.area <= SMALL:
        g = contiguous(g.swapaxes(0, 1)).reshape(groups, outputs, -1)
        columns = at.columns(x).reshape(groups, depth * at.taps, -1)
        w = np.matmul(g, columns.swapaxes(-1, -2))
        return w.reshape(groups * outputs, depth, *at.kernel)
    if conv_planes.suits(at, depth, outputs):
        return conv_planes.compare(g, x, at)
    if conv_band.suits(at, depth, outputs):
        return conv_band.compare(g, x, at, groups)
    if conv_rows.suits(at, depth, groups):
        return conv_rows.compare(g, x, at)
    by_slices = slices_suit(at, depth, outputs)
    slices, taps = (at.kernel[0], at.inner_taps) if by_slices else (1, at.taps)
    # BLAS is at its best when the first factor is the taller one; what comes out lying must be
    # turned, though, which takes more than that saves where there are many weights for few windows.
    upright = outputs >= depth * taps or len(x) * at.area <= TURNED
    shape = (outputs, depth * taps) if upright else (depth * taps, outputs)
    w = np.zeros((slices, groups, *shape), g.dtype)
    for part, places, block in blocks(x, at, groups, w.nbytes, by_slices):
        block.load(x[part])
        y = split(g[part, :, places], groups)
        if by_slices:
            for tap in range(slices):
                w[tap] += across(y, block.slice_at(tap), upright).sum(0)
        elif at.area >= WIDE:
            w[0] += across(y, block.columns().transpose(2, 0, 1, 3), upright).sum(0)
        else:
            w[0] += across(merged(y.transpose(1, 2, 0, 3)), merged(block.columns()), upright)
    if not upright:
        w = w.swapaxes(-1, -2)
    w = w.reshape(slices, g.shape[1], depth, taps).transpose(1, 2, 0, 3)
    return contiguous(w).reshape(g.shape[1], depth, *at.kernel)


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """The matrix product; with a single term per sum, elementwise is quicker."""
    return np.multiply(a, b, out) if a.shape[-1] == 1 else np.matmul(a, b, out)


def across(y: Array, x: Array, upright: bool) -> Array:
    """Sum over places of each result times each cell: ``y @ x.T``, or its transpose."""
    return np.matmul(y, x.swapaxes(-1, -2)) if upright else np.matmul(x, y.swapaxes(-1, -2))


def split(y: Array, groups: int) -> Array:
    """``(N, O, *places)`` as ``(N, groups, O / groups, places)``; a view when it can be."""
    return y.reshape(len(y), groups, y.shape[1] // groups, math.prod(y.shape[2:]))


def merged(columns: Array) -> Array:
    """``(groups, depth, N, places)`` as ``(groups, depth, N * places)``: samples side by side."""
    return columns.reshape(*columns.shape[:2], math.prod(columns.shape[2:]))


def slices_suit(at: Geometry, depth: int, outputs: int) -> bool:
    """True when products by slices are fat enough, or when there is but one slice.

    Slices save copying columns, but their products have to be added up.
    """
    deep = depth * at.inner_taps >= DEEP
    adding = SUMS * outputs * (at.kernel[0] - 1) >= depth * at.taps
    return at.area >= WIDE and (at.kernel[0] == 1 or (deep and not adding))


def correlating_suits(at: Geometry, depth: int, outputs: int) -> bool:
    """True when the turned kernel, sliding over the gradient, is cheaper than adding up columns.

    Its product has a row per input channel, so there must be some; and it works on all places of
    the input, however few windows there were.
    """
    if conv_band.suits(at, outputs, depth):
        return True
    return outputs <= OUTPUTS * depth and math.prod(at.size) <= PLACES * at.area


def sliced(w: Array, groups: int) -> Array:
    """Weights by slices: ``(first taps, groups, O / groups, C / groups * inner taps)``."""
    outputs, depth, taps = w.shape[:3]
    w = w.reshape(groups, outputs // groups, depth, taps, -1).transpose(3, 0, 1, 2, 4)
    return contiguous(w).reshape(taps, groups, outputs // groups, -1)


def turned(w: Array, groups: int) -> Array:
    """Weights of the gradient by the input: every kernel reversed, inputs and outputs swapped."""
    outputs, depth, *kernel = w.shape
    w = np.flip(w, tuple(range(2, w.ndim))).reshape(groups, outputs // groups, depth, *kernel)
    return contiguous(w.swapaxes(1, 2)).reshape(groups * depth, outputs // groups, *kernel)


def reversed_geometry(at: Geometry) -> Geometry:
    """How the turned kernel slides over the output's gradient, for a stride of one."""
    before = tuple(d * (k - 1) - b for k, d, b in zip(at.kernel, at.dilation, at.before))
    return geometry(at.out, at.kernel, at.stride, before, at.dilation, at.size)


def blocks(
    x: Array, at: Geometry, groups: int, weight_bytes: int, by_slices: bool
) -> Iterator[tuple[slice, slice, Block]]:
    """Cut the work into blocks of samples that fit the cache, but are not dwarfed by the weights.

    Yields samples, windows along the first axis, and the `Block` to use. It is all windows, unless
    a single sample would take too much memory.
    """
    batch, channels = x.shape[:2]
    per_channel = at.inner_taps * at.length if by_slices else at.taps * at.area
    per_sample = max(1, channels * per_channel * x.itemsize)
    if per_sample > LARGE and not at.direct:
        windows = max(1, at.out[0] * LARGE // per_sample)
        for start in range(0, at.out[0], windows):
            places = slice(start, min(start + windows, at.out[0]))
            block = Block(at.part(places), channels, groups, x.dtype)
            for sample in range(batch):
                yield slice(sample, sample + 1), places, block
    else:
        block = Block(at, channels, groups, x.dtype)
        samples = max(1, max(BLOCK, weight_bytes) // per_sample)
        for start in range(0, batch, samples):
            yield slice(start, start + samples), slice(0, at.out[0]), block


class Block:
    """Rows and columns of a block of samples, in arrays that serve all blocks in turn."""

    def __init__(self, at: Geometry, channels: int, groups: int, dtype: Any) -> None:
        self.at, self.channels, self.groups, self.dtype = at, channels, groups, dtype
        self.rows = self.gathered = np.empty((0, 0, 0), dtype)

    def load(self, x: Array) -> None:
        """Fill the rows with what the windows of these samples meet."""
        if self.at.direct:
            x = contiguous(x)
            self.rows = x.reshape(*x.shape[:2], 1, self.at.area).transpose(1, 2, 0, 3)
            return
        if self.rows.shape[2] != len(x):
            self.rows = self.at.new_rows(self.channels, len(x), self.dtype)
        self.at.fill_rows(self.rows, x.swapaxes(0, 1))

    def slice_at(self, tap: int) -> Array:
        """A view of what the cells at `tap` meet: ``(N, groups, depth * inner taps, windows)``."""
        depth = self.channels // self.groups * self.at.inner_taps
        rows = self.rows.reshape(self.groups, depth, self.rows.shape[2], self.at.length)
        start = self.at.starts[tap]
        return rows.transpose(2, 0, 1, 3)[..., start : start + self.at.area]

    def columns(self) -> Array:
        """All windows: ``(groups, depth * taps, N, windows)``."""
        batch, at = self.rows.shape[2], self.at
        if at.kernel[0] == 1:
            columns = self.rows
        else:
            if len(self.gathered) == 0 or self.gathered.shape[3] != batch:
                shape = (self.channels, at.kernel[0], at.inner_taps, batch, at.area)
                self.gathered = np.empty(shape, self.dtype)
            at.gather(self.rows, self.gathered)
            columns = self.gathered
        return columns.reshape(self.groups, -1, batch, at.area)

    def clear(self, batch: int) -> None:
        """Make the rows zero, to be added to."""
        shape = (self.channels, self.at.inner_taps, batch, *self.at.rows_shape)
        if self.rows.shape == shape:
            self.rows.fill(0)
        else:
            self.rows = np.zeros(shape, self.dtype)

    def add_columns(self, columns: Array) -> None:
        """Add columns ``(groups, depth * taps, N * windows)`` to the rows they came from."""
        at = self.at
        shape = (self.channels, at.kernel[0], at.inner_taps, self.rows.shape[2], at.area)
        at.scatter(columns.reshape(shape), self.rows)

    def unload(self, x: Array) -> None:
        """Add the rows to the samples they came from."""
        self.at.spill_rows(self.rows, x.swapaxes(0, 1))


__all__ = ["conv_forward", "conv_input_gradient", "conv_weight_gradient"]
