"""Convolution by band matrices: for groups of so few channels that other products have no rows.

Sliding a kernel along a line is multiplying the line by a band matrix: column `o` holds the kernel,
moved down by `o` strides. So each line (a stretch of the last axis that yields `tile` results, with
the lines that the kernel's other axes meet beside it) is a row of a matrix, multiplied by one band
matrix per group. Most of the band matrix is zero and multiplied in vain, yet the product beats
elementwise arithmetic, which passes over memory twice for every cell of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.kernels.window import Array, Geometry

#: Bytes of lines per block of samples.
BLOCK = 1 << 22

#: Results per line, where the axis is longer than the first: more of them mean more zeros in the
#: band matrix, fewer a thinner product.
WIDEST, TILE = 24, 16

#: How much of a line may be zeros: cells of a line per cell of the kernel, along a single axis and
#: where there are others.
DILUTION, DILUTIONS = 4, 6


def suits(at: Geometry, depth: int, outputs: int) -> bool:
    """True for so few channels, and lines so short, that bands are the better form."""
    few = depth * outputs <= 2 and at.taps > 1
    dilution = DILUTION if len(at.out) == 1 else DILUTIONS
    return few and line_span(at) <= dilution * at.kernel[-1] * at.stride[-1]


def line_tile(at: Geometry) -> int:
    """Results per line."""
    return at.out[-1] if at.out[-1] <= WIDEST else TILE


def line_span(at: Geometry) -> int:
    """Cells of the last axis that one line meets."""
    return (line_tile(at) - 1) * at.stride[-1] + at.dilation[-1] * (at.kernel[-1] - 1) + 1


def correlate(x: Array, w: Array, at: Geometry, groups: int) -> Array:
    """Forward, for a known geometry."""
    lines = Lines(at, x.shape[1], groups, x.dtype)
    outputs = w.shape[0] // groups
    bands = lines.bands(w)
    out = np.empty((len(x), groups, outputs, *at.out), x.dtype)
    for part in lines.blocks(len(x)):
        lines.take(np.matmul(lines.load(x[part]), bands), out[part])
    return out.reshape(len(x), groups * outputs, *at.out)


def spread(g: Array, w: Array, at: Geometry, groups: int) -> Array:
    """The gradient by the input, for a known geometry."""
    lines = Lines(at, w.shape[1] * groups, groups, g.dtype)
    outputs = w.shape[0] // groups
    bands = lines.bands(w).swapaxes(-1, -2)
    x = np.empty((len(g), w.shape[1] * groups, *at.size), g.dtype)
    for part in lines.blocks(len(g)):
        y = lines.lay(g[part].reshape(-1, groups, outputs, *at.out))
        lines.unload(np.matmul(y, bands), x[part])
    return x


def compare(g: Array, x: Array, at: Geometry, groups: int) -> Array:
    """The gradient by the weight, for a known geometry."""
    lines = Lines(at, x.shape[1], groups, x.dtype)
    outputs = g.shape[1] // groups
    matrix = np.zeros((groups, lines.length, outputs * lines.tile), x.dtype)
    for part in lines.blocks(len(x)):
        y = lines.lay(g[part].reshape(-1, groups, outputs, *at.out))
        matrix += np.matmul(lines.load(x[part]).swapaxes(-1, -2), y)
    w = lines.band(matrix).sum(-1).transpose(0, 3, 1, 2)
    return w.reshape(groups * outputs, lines.depth, *at.kernel)


class Lines:
    """How the input is cut into lines, and where a band matrix has its band."""

    def __init__(self, at: Geometry, channels: int, groups: int, dtype: Any) -> None:
        self.at, self.groups, self.depth, self.dtype = at, groups, channels // groups, dtype
        self.tile, self.span = line_tile(at), line_span(at)
        self.tiles = -(-at.out[-1] // self.tile)
        self.line_shape = (self.depth, *at.kernel[:-1], self.span)
        self.length = math.prod(self.line_shape)
        self.lines = math.prod(at.out[:-1]) * self.tiles
        # The input is copied into an array in which all lines lie inside.
        others = zip(at.out[:-1], at.stride[:-1], at.dilation[:-1], at.kernel[:-1])
        reach = [(o - 1) * s + d * (k - 1) + 1 for o, s, d, k in others]
        self.room = (*reach, (self.tiles - 1) * self.tile * at.stride[-1] + self.span)
        self.padded: Array = np.empty((0, 0, 0))
        there, here = [], []
        for size, before, room in zip(at.size, at.before, self.room):
            start, stop = max(0, -before), max(0, -before, min(size, room - before))
            there.append(slice(start + before, stop + before))
            here.append(slice(start, stop))
        self.there: Any = (..., *there)
        self.here: Any = (..., *here)
        #: True when every cell of the input lies in that array.
        self.whole = all(h == slice(0, n) for h, n in zip(here, at.size))

    def blocks(self, batch: int) -> Iterator[slice]:
        """Cut the batch so that the lines of a part fit the cache."""
        per_sample = self.groups * self.lines * self.length * int(self.dtype.itemsize)
        samples = max(1, BLOCK // max(1, per_sample))
        for start in range(0, batch, samples):
            yield slice(start, start + samples)

    def clear(self, batch: int) -> None:
        """Have an array of zeros that holds so many samples."""
        self.padded = np.zeros((self.groups, self.depth, batch, *self.room), self.dtype)

    def cut(self) -> Array:
        """A view of the padded samples by lines: ``(groups, N, *out, tiles, *line_shape)``."""
        at = self.at
        group, channel, sample, *axes = self.padded.strides
        steps = [a * s for a, s in zip(axes, at.stride)]
        cells = [a * d for a, d in zip(axes[:-1], at.dilation)]
        return as_strided(
            self.padded,
            (self.groups, self.padded.shape[2], *at.out[:-1], self.tiles, *self.line_shape),
            (group, sample, *steps[:-1], steps[-1] * self.tile, channel, *cells, axes[-1]),
        )

    def inside(self, x: Array) -> tuple[Array, Array]:
        """The part of the padded samples that is not padding, and the samples there."""
        x = x.reshape(len(x), self.groups, self.depth, *self.at.size)
        return self.padded[self.there], x.transpose(1, 2, 0, *range(3, x.ndim))[self.here]

    def load(self, x: Array) -> Array:
        """The lines of some samples: ``(groups, N * lines, line)``."""
        if self.padded.shape[1:3] != (self.depth, len(x)):
            self.clear(len(x))
        there, here = self.inside(x)
        there[...] = here
        return self.cut().reshape(self.groups, len(x) * self.lines, self.length)

    def unload(self, lines: Array, x: Array) -> None:
        """The reverse: write to samples, at each cell, the sum of what the lines hold for it."""
        self.clear(len(x))
        cut = self.cut()
        lines = lines.reshape(cut.shape)
        dims = len(self.at.kernel)
        tile_axis = 1 + dims
        for tile in range(self.tiles):
            for cell in np.ndindex(*self.at.kernel[:-1]):
                # Within one tile and one cell of the other axes, no two lines overlap.
                pick = (slice(None),) * tile_axis + (tile, slice(None), *cell)
                cut[pick] += lines[pick]
        there, here = self.inside(x)
        if not self.whole:
            x[...] = 0
        here[...] = there

    def lay(self, y: Array) -> Array:
        """``(N, groups, outputs, *out)`` by line: ``(groups, N * lines, outputs * tile)``."""
        at, (batch, groups, outputs) = self.at, y.shape[:3]
        make = np.empty if self.tiles * self.tile == at.out[-1] else np.zeros
        laid = make((groups, batch, *at.out[:-1], self.tiles, outputs, self.tile), self.dtype)
        for stretch, results in self.stretches(laid):
            results[...] = y[..., stretch]
        return laid.reshape(groups, batch * self.lines, outputs * self.tile)

    def take(self, laid: Array, y: Array) -> None:
        """The reverse of `lay`: write results by lines to `y`."""
        batch, groups, outputs = y.shape[:3]
        shape = (groups, batch, *self.at.out[:-1], self.tiles, outputs, self.tile)
        for stretch, results in self.stretches(laid.reshape(shape)):
            y[..., stretch] = results

    def stretches(self, laid: Array) -> Iterator[tuple[slice, Array]]:
        """Stretches of the last axis, and of each a view ``(N, groups, outputs, *out)``."""
        last = laid.ndim - 1
        if laid.shape[-2] == 1:  # the tiles of the only output are one behind the other
            laid = laid.reshape(*laid.shape[:-3], 1, 1, self.tiles * self.tile)
        laid = laid.transpose(1, 0, last - 1, *range(2, last - 1), last)
        width = laid.shape[-1]
        for tile in range(laid.shape[-2]):
            start = tile * width
            stop = min(start + width, self.at.out[-1])
            yield slice(start, stop), laid[..., tile, : stop - start]

    def bands(self, w: Array) -> Array:
        """One band matrix per group: ``(groups, line, outputs * tile)``."""
        outputs = w.shape[0] // self.groups
        matrix = np.zeros((self.groups, self.length, outputs * self.tile), self.dtype)
        weights = w.reshape(self.groups, outputs, -1, self.at.kernel[-1]).transpose(0, 2, 3, 1)
        self.band(matrix)[...] = weights[..., None]
        return matrix

    def band(self, matrix: Array) -> Array:
        """A view of the bands, a weight per result: ``(groups, cells, k, outputs, tile)``."""
        at, outputs = self.at, matrix.shape[-1] // self.tile
        matrix = matrix.reshape(self.groups, -1, self.span, outputs, self.tile)
        group, other, cell, output, result = matrix.strides
        return as_strided(
            matrix,
            (self.groups, matrix.shape[1], at.kernel[-1], outputs, self.tile),
            (group, other, cell * at.dilation[-1], output, cell * at.stride[-1] + result),
        )
