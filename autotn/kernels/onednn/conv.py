"""Convolution and its two gradients in oneDNN's terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from autotn.kernels.onednn.library import dims
from autotn.kernels.onednn.primitive import Call, Given, Maker
from autotn.kernels.onednn.switch import SWITCH
from autotn.kernels.window import Array, Geometry, Ints

FORWARD_TRAINING, DIRECT = 64, 1
SRC, DST, WEIGHTS, BIAS = 1, 17, 33, 41
DIFF_SRC, DIFF_DST, DIFF_WEIGHTS = 129, 145, 161


#: Multiplications below which a call costs more than it saves.
LEAST = 1 << 20

contiguous = np.ascontiguousarray


class Problem:
    """The shapes of one convolution, and what the library is told of them."""

    def __init__(self, x: Ints, w: Ints, at: Geometry, groups: int, bias: bool) -> None:
        self.x, self.w, self.y = x, w, (x[0], w[0], *at.out)
        self.grouped = w if groups == 1 else (groups, w[0] // groups, *w[1:])
        self.bias = bias
        after = [max(0, room - n - before) for room, n, before in zip(at.room, at.size, at.before)]
        self.sliding = (
            dims(at.stride), dims([d - 1 for d in at.dilation]), dims(at.before), dims(after),
        )  # fmt: skip

    def forward_descriptor(self, maker: Maker) -> int:
        """The forward pass, in the layouts the library likes."""
        return maker.descriptor(
            *("convolution_forward", FORWARD_TRAINING, DIRECT),
            *(maker.free(self.x), maker.free(self.grouped)),
            *(maker.plain(self.w[:1]) if self.bias else None, maker.free(self.y)),
            *self.sliding,
        )

    def forward(self, maker: Maker) -> Call:
        """Input, weight, bias if there is one, and the result."""
        bias = [Given(BIAS, self.w[:1])] if self.bias else []
        given = [Given(SRC, self.x), Given(WEIGHTS, self.w, dims=self.grouped), *bias]
        return Call(maker, self.forward_descriptor(maker), [*given, Given(DST, self.y, True)])

    def backward_data(self, maker: Maker) -> Call:
        """Gradient of the result, weight, and the gradient by the input."""
        descriptor = maker.descriptor(
            *("convolution_backward_data", DIRECT),
            *(maker.free(self.x), maker.free(self.grouped), maker.free(self.y)),
            *(*self.sliding, self.forward_descriptor(maker)),
        )
        given = [Given(DIFF_DST, self.y), Given(WEIGHTS, self.w, dims=self.grouped)]
        return Call(maker, descriptor, [*given, Given(DIFF_SRC, self.x, True)])

    def backward_weights(self, maker: Maker) -> Call:
        """Gradient of the result, input, and the gradient by the weight."""
        descriptor = maker.descriptor(
            *("convolution_backward_weights", DIRECT),
            *(maker.free(self.x), maker.free(self.grouped), None, maker.free(self.y)),
            *(*self.sliding, self.forward_descriptor(maker)),
        )
        given = [Given(DIFF_DST, self.y), Given(SRC, self.x)]
        weight = Given(DIFF_WEIGHTS, self.w, True, dims=self.grouped)
        return Call(maker, descriptor, [*given, weight])


Pass: TypeAlias = Callable[[Problem, Maker], Call]


def takes(x: Array, w: Array, at: Geometry, outputs: int) -> bool:
    """True for float32 problems that are worth it, whose windows begin in or before the input.

    `outputs` is the number of output channels per group.
    """
    if x.dtype != np.float32 or w.dtype != np.float32 or min(at.before) < 0:
        return False
    work = len(x) * x.shape[1] * at.taps * at.area * outputs
    return (work >= LEAST or not SWITCH.choosy) and SWITCH.ready()


def made(pass_: Pass, x: Ints, w: Ints, at: Geometry, groups: int, bias: bool) -> Call | None:
    """The call of a pass, if the library has it."""
    key = (pass_, x, w, at, groups, bias)
    return SWITCH.the_session().find(
        key, lambda maker: pass_(Problem(x, w, at, groups, bias), maker)
    )


def correlate(
    x: Array, w: Array, at: Geometry, groups: int, bias: Array | None = None
) -> Array | None:
    """Forward; None where the NumPy kernel has to, or does better."""
    if not takes(x, w, at, len(w) // groups):
        return None
    if bias is not None and bias.dtype != np.float32:
        return None
    call = made(Problem.forward, x.shape, w.shape, at, groups, bias is not None)
    if call is None:
        return None
    y = np.empty((len(x), len(w), *at.out), np.float32)
    arrays = (x, w) if bias is None else (x, w, bias)
    call(*map(contiguous, arrays), y)
    return y


def spread(g: Array, w: Array, x_shape: Ints, at: Geometry, groups: int) -> Array | None:
    """The gradient by the input; None where the NumPy kernel has to, or does better.

    The library works on sixteen channels at a time, however few there are.
    """
    depth, outputs = w.shape[1], len(w) // groups
    thin = (depth * outputs < 160 or depth < 6) and depth * outputs > 1
    if (thin and SWITCH.choosy) or not takes(g, w, at, depth):
        return None
    call = made(Problem.backward_data, x_shape, w.shape, at, groups, False)
    if call is None:
        return None
    x = np.empty(x_shape, np.float32)
    call(contiguous(g), contiguous(w), x)
    return x


def compare(g: Array, x: Array, w_shape: Ints, at: Geometry, groups: int) -> Array | None:
    """The gradient by the weight; None where the NumPy kernel has to, or does better."""
    awkward = len(at.size) == 3 and 3 < w_shape[1] < 16
    if (awkward and SWITCH.choosy) or not takes(x, g, at, w_shape[0] // groups):
        return None
    call = made(Problem.backward_weights, x.shape, w_shape, at, groups, False)
    if call is None:
        return None
    w = np.empty(w_shape, np.float32)
    call(contiguous(g), contiguous(x), w)
    return w
