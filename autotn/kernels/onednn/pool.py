"""Pooling in oneDNN's terms: means and their gradient, and the gradient of maxima.

The library loses NaN where it takes a maximum, so numbers are looked at before. What it finds out about
maxima on the way, which cells they are, serves the way back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.kernels.onednn.library import dims
from autotn.kernels.onednn.primitive import Call, Given, Ints, Maker
from autotn.kernels.onednn.switch import SWITCH
from autotn.kernels.window import Array, Geometry

FORWARD_TRAINING = 64
MAXIMUM, MEAN = 0x1FF, 0x2FF
SRC, DST, DIFF_SRC, DIFF_DST = 1, 17, 129, 145

#: Elements of input below which a call costs more than it saves.
LEAST = 1 << 14

contiguous = np.ascontiguousarray


class Problem:
    """The shapes of one pooling, and what the library is told of them."""

    def __init__(self, shape: Ints, at: Geometry, kind: int) -> None:
        self.x, self.y, self.kind = shape, (*shape[:2], *at.out), kind
        after = [max(0, r - n - b) for r, n, b in zip(at.room, at.size, at.before)]
        apart = [d - 1 for d in at.dilation]
        self.sliding = tuple(map(dims, (at.stride, at.kernel, apart, at.before, after)))

    def forward_descriptor(self, maker: Maker) -> int:
        """The forward pass; all layouts are plain."""
        return maker.descriptor(
            *("pooling_forward", FORWARD_TRAINING, self.kind),
            *(maker.plain(self.x), maker.plain(self.y), *self.sliding),
        )

    def forward(self, maker: Maker) -> Call:
        """Input and result; for maxima, a workspace that says which cells they are."""
        given = [Given(SRC, self.x), Given(DST, self.y, True)]
        return Call(maker, self.forward_descriptor(maker), given)

    def backward(self, maker: Maker) -> Call:
        """Gradient of the result, and the gradient by the input."""
        descriptor = maker.descriptor(
            *("pooling_backward", self.kind, maker.plain(self.x), maker.plain(self.y)),
            *(*self.sliding, self.forward_descriptor(maker)),
        )
        return Call(maker, descriptor, [Given(DIFF_DST, self.y), Given(DIFF_SRC, self.x, True)])


def takes(shape: Ints, dtype: np.dtype[Any], at: Geometry) -> bool:
    """True for float32 images and volumes; NumPy is quicker on sequences."""
    if dtype != np.float32 or min(at.before) < 0 or 0 in shape:
        return False
    worth = math.prod(shape) >= LEAST and len(shape) > 3
    return (worth or not SWITCH.choosy) and SWITCH.ready()


def made(which: str, shape: Ints, at: Geometry, kind: int) -> Call | None:
    """The call of a pass, if the library has it."""
    return SWITCH.the_session().find(
        (which, shape, at, kind), lambda maker: getattr(Problem(shape, at, kind), which)(maker)
    )


def means(x: Array, at: Geometry) -> Array | None:
    """The mean of each window, padding included; None where NumPy has to, or does better."""
    if not takes(x.shape, x.dtype, at):
        return None
    call = made("forward", x.shape, at, MEAN)
    if call is None:
        return None
    y = np.empty((*x.shape[:2], *at.out), np.float32)
    call(contiguous(x), y)
    return y


def shared(g: Array, shape: Ints, at: Geometry) -> Array | None:
    """The gradient of `means` by its input."""
    if not takes(shape, g.dtype, at):
        return None
    call = made("backward", shape, at, MEAN)
    if call is None:
        return None
    x = np.empty(shape, np.float32)
    call(contiguous(g), x)
    return x


def maxima(x: Array, at: Geometry) -> tuple[Array, Array] | None:
    """The largest cell of each window, and what says which they are; None where NumPy has to, or does better.

    Windows lie within the input, whose numbers are finite.
    """
    if not takes(x.shape, x.dtype, at) or not at.snug:
        return None
    if max(at.dilation) > 1 or at.taps == 1:
        return None
    x = contiguous(x)
    flat = x.reshape(-1)
    if not np.isfinite(flat.dot(flat)):
        return None
    call = made("forward", x.shape, at, MAXIMUM)
    if call is None or not call.workspace_size:
        return None
    y, workspace = np.empty((*x.shape[:2], *at.out), np.float32), call.new_workspace()
    call(x, y, workspace=workspace)
    return y, workspace


def put_back(g: Array, shape: Ints, at: Geometry, workspace: Array) -> Array | None:
    """The gradient of `maxima` by their input of this shape."""
    if g.dtype != np.float32:
        return None
    call = made("backward", shape, at, MAXIMUM)
    if call is None:
        return None
    gx = np.empty(shape, np.float32)
    call(contiguous(g), gx, workspace=workspace)
    return gx


def returned(g: Array, x: Array, maxima: Array, at: Geometry) -> Array | None:
    """The gradient of maxima by their input; the maxima are found again, to know which they are."""
    if x.dtype != np.float32 or not takes(x.shape, g.dtype, at) or max(at.dilation) > 1:
        return None
    if not maxima.size or np.isnan(maxima).any():
        return None
    forward = made("forward", x.shape, at, MAXIMUM)
    if forward is None:
        return None
    workspace = forward.new_workspace()
    forward(contiguous(x), np.empty_like(maxima), workspace=workspace)
    return put_back(g, x.shape, at, workspace)
