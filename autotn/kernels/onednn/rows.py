"""Softmax and layer normalisation in oneDNN's terms: along the last axis of a matrix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autotn.kernels.onednn.chain import ADD, By, Chain
from autotn.kernels.onednn.library import Refused
from autotn.kernels.onednn.primitive import Call, Given, Ints, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

FORWARD_TRAINING, BACKWARD = 64, 128
SOFTMAX, LOG_SOFTMAX = 0x30000, 0x30001
USE_SCALE, USE_SHIFT = 2, 4

SRC, DST, DIFF_SRC, DIFF_DST = 1, 17, 129, 145
MEAN, VARIANCE, SCALE, SHIFT, DIFF_SCALE, DIFF_SHIFT = 49, 50, 51, 52, 255, 256

#: Elements below which NumPy's passes cost less than a call, and below which its one pass does.
LEAST, MANY = 1 << 12, 1 << 15


def matrix_of(x: Array) -> tuple[int, int]:
    """The shape with all but the last axis in one."""
    columns = x.shape[-1]
    return x.size // columns, columns


def softmax(x: Array, log: bool = False, out: Array | None = None) -> Array | None:
    """Along the last axis; None where NumPy has to, or does better. `out` may be `x`."""
    if not takes(LEAST, x):
        return None
    kind, shape = LOG_SOFTMAX if log else SOFTMAX, matrix_of(x)
    call = SWITCH.the_session().find(
        ("softmax", kind, shape), lambda maker: softmax_forward(maker, kind, shape)
    )
    if call is None:
        return None
    y = np.empty(x.shape, np.float32) if out is None else out
    call.on(x, y)
    return y


def add_to_each(stack: Array, matrix: Array) -> bool:
    """Add a matrix to each of a stack of matrices in place; False where NumPy has to, or does better."""
    shape = matrix.shape
    if len(shape) != 2 or stack.shape[-2:] != shape or not takes(MANY, stack, matrix):
        return False
    full = stack.size // matrix.size, *shape
    call = SWITCH.the_session().find(
        ("add to each", full),
        lambda maker: Chain(maker, full, [By(ADD, shape, dims=(1, *shape))]),
    )
    if call is None:
        return False
    call.on(stack, matrix, stack)
    return True


def softmax_gradient(
    g: Array, y: Array, log: bool = False, out: Array | None = None
) -> Array | None:
    """The gradient by the input, from the result and its gradient; `out` may be `g`."""
    if not takes(LEAST, g, y):
        return None
    kind, shape = LOG_SOFTMAX if log else SOFTMAX, matrix_of(y)
    call = SWITCH.the_session().find(
        ("softmax back", kind, shape), lambda maker: softmax_backward(maker, kind, shape)
    )
    if call is None:
        return None
    gx = np.empty(y.shape, np.float32) if out is None else out
    call.on(y, g, gx)
    return gx


def softmax_descriptor(maker: Maker, kind: int, shape: Ints) -> int:
    """The forward pass."""
    layout = maker.plain(shape)
    return maker.descriptor("softmax_forward", FORWARD_TRAINING, kind, layout, layout, 1)


def softmax_forward(maker: Maker, kind: int, shape: Ints) -> Call:
    """Input and result."""
    given = [Given(SRC, shape), Given(DST, shape, True)]
    return Call(maker, softmax_descriptor(maker, kind, shape), given)


def softmax_backward(maker: Maker, kind: int, shape: Ints) -> Call:
    """The result, its gradient, and that by the input."""
    layout = maker.plain(shape)
    hint = softmax_descriptor(maker, kind, shape)
    descriptor = maker.descriptor("softmax_backward", kind, layout, layout, layout, 1, hint)
    given = [Given(DST, shape), Given(DIFF_DST, shape), Given(DIFF_SRC, shape, True)]
    return Call(maker, descriptor, given)


def single(x: Array) -> Array:
    """In float32 and C order."""
    return np.ascontiguousarray(x, np.float32)


class Moments(NamedTuple):
    """Mean and variance of each row, which the backward pass reads."""

    mean: Array
    variance: Array


class Normalisation(NamedTuple):
    """What is known of a layer normalisation before it runs."""

    shape: Ints
    eps: float
    scaled: bool
    shifted: bool

    @property
    def flags(self) -> int:
        """Which of weight and bias there are."""
        return USE_SCALE * self.scaled | USE_SHIFT * self.shifted

    def affine(self, scale: int, shift: int, output: bool = False) -> list[Given]:
        """Weight and bias as far as they are there, or their gradients."""
        row = self.shape[1:]
        there = ((scale, self.scaled), (shift, self.shifted))
        return [Given(name, row, output) for name, is_there in there if is_there]

    def moments(self, output: bool) -> list[Given]:
        """Mean and variance."""
        return [Given(name, self.shape[:1], output) for name in (MEAN, VARIANCE)]

    def descriptor(self, maker: Maker) -> int:
        """The forward pass."""
        layout, column = maker.plain(self.shape), maker.plain(self.shape[:1])
        return maker.descriptor(
            *("layer_normalization_forward", FORWARD_TRAINING, layout, layout, column),
            *(self.eps, self.flags),
        )

    def forward(self, maker: Maker) -> Call:
        """Input, weight, bias; result, mean, variance."""
        given = [Given(SRC, self.shape), *self.affine(SCALE, SHIFT), Given(DST, self.shape, True)]
        return Call(maker, self.descriptor(maker), [*given, *self.moments(output=True)])

    def backward(self, maker: Maker) -> Call:
        """Input, mean, variance, gradient of the result, weight; gradients by input, weight, bias."""
        layout, column = maker.plain(self.shape), maker.plain(self.shape[:1])
        descriptor = maker.descriptor(
            *("layer_normalization_backward", BACKWARD, layout, layout, layout, column),
            *(self.eps, self.flags, self.descriptor(maker)),
        )
        given = [
            Given(SRC, self.shape),
            *self.moments(output=False),
            Given(DIFF_DST, self.shape),
            # Some versions want to be handed the bias, which they do not need.
            *self.affine(SCALE, SHIFT)[: maker.inputs_of(descriptor) - 4],
            Given(DIFF_SRC, self.shape, True),
            *self.affine(DIFF_SCALE, DIFF_SHIFT, output=True),
        ]
        return Call(maker, descriptor, given)


def normalise(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Moments] | None:
    """Rows, of the last axis, with mean 0 and variance 1, scaled and shifted; None where NumPy does it."""
    affine = [a for a in (weight, bias) if a is not None]
    if not takes(LEAST, x, *affine):
        return None
    shape = matrix_of(x)
    problem = Normalisation(shape, eps, weight is not None, bias is not None)
    call = SWITCH.the_session().find((problem, "forward"), problem.forward)
    if call is None:
        return None
    mean, variance = np.empty(shape[0], np.float32), np.empty(shape[0], np.float32)
    y = np.empty(x.shape, np.float32)
    call.on(x, *affine, y, mean, variance)
    return y, Moments(mean, variance)


def normalise_gradients(
    g: Array, x: Array, weight: Array | None, bias: Array | None, eps: float, moments: Moments
) -> tuple[Array, Array | None, Array | None]:
    """Gradients by input, weight and bias."""
    # Half precision was normalised in single.
    g, x, affine = single(g), single(x), [single(a) for a in (weight, bias) if a is not None]
    problem = Normalisation(matrix_of(x), eps, weight is not None, bias is not None)
    call = SWITCH.the_session().find((problem, "backward"), problem.backward)
    if call is None:
        raise Refused("oneDNN: no backward layer normalisation for a forward one")
    gx = np.empty(x.shape, np.float32)
    found = [np.empty(a.shape, np.float32) for a in affine]
    taken = len(call.given) - 5 - len(found)
    call.on(x, *moments, g, *affine[:taken], gx, *found)
    g_weight = found[0] if weight is not None else None
    g_bias = found[-1] if bias is not None else None
    return gx, g_weight, g_bias
