"""Activations in oneDNN's terms: one pass over memory, on all threads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.kernels.onednn.chain import LINEAR, MAXIMUM, By, Chain, Function as Step
from autotn.kernels.onednn.primitive import Call, Given, Ints, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

FORWARD_TRAINING = 64
SRC, DST, DIFF_SRC, DIFF_DST = 1, 17, 129, 145


#: Elements below which NumPy's passes cost less than a call.
LEAST = 1 << 15


class Function(NamedTuple):
    """Its forward pass; its backward pass, and what that one reads: the input or the result."""

    forward: int
    backward: int
    reads: int = SRC
    alpha: float = 0.0


#: Not all are used both ways: forward, the library's relu loses NaN, and NumPy's tanh is quicker.
FUNCTIONS = {
    "relu": Function(0x20, 0x100, DST),
    "tanh": Function(0x21, 0x101, DST),
    "sigmoid": Function(0x29, 0x104, DST),
    "silu": Function(0x2C, 0x2C, alpha=1.0),
    "gelu_tanh": Function(0x2B, 0x2B),
    "gelu_erf": Function(0x31, 0x31),
}


def applied(name: str, x: Array) -> Array | None:
    """The function of each element; None where NumPy has to, or does better."""
    if not takes(LEAST, x):
        return None
    function, shape = FUNCTIONS[name], (x.size,)
    twice = name == "gelu_erf"
    call = SWITCH.the_session().find(
        (name, shape), lambda m: gelu_call(m, shape) if twice else forward(m, function, shape)
    )
    if call is None:
        return None
    y = np.empty(x.shape, np.float32)
    if twice:
        call.on(x, x, y)
    else:
        call.on(x, y)
    return y


def gelu_call(maker: Maker, shape: Ints) -> Chain:
    """Input, input again, and result.

    The library multiplies infinities by 0. Twice the result is nowhere less than the input, so the greater of the two
    is that same number, but inf for inf; and NaN for NaN, as `max` gives its second operand then.
    """
    floor = By(MAXIMUM, (1,), fixed=np.full(1, -100.0, np.float32))
    gelu = FUNCTIONS["gelu_erf"].forward
    doubled, halved = Step(LINEAR, 2.0), Step(LINEAR, 0.5)
    return Chain(maker, shape, [floor, Step(gelu), doubled, By(MAXIMUM, shape), halved])


def pulled(name: str, g: Any, kept: Any) -> Array | None:
    """The gradient by the input, from that of the result and what the function `reads`."""
    if not takes(LEAST, g, kept):
        return None
    function, shape = FUNCTIONS[name], (g.size,)
    call = SWITCH.the_session().find(
        (name, shape, "backward"), lambda maker: backward(maker, function, shape)
    )
    if call is None:
        return None
    gx = np.empty(g.shape, np.float32)  # without a base: the engine may keep it as it is
    call.on(kept, g, gx)
    return gx


def forward_descriptor(maker: Maker, kind: int, alpha: float, shape: Ints) -> int:
    """The forward pass, which a backward pass is told of."""
    layout = maker.plain(shape)
    return maker.descriptor(
        *("eltwise_forward", FORWARD_TRAINING, kind, layout, layout, alpha, 0.0)
    )


def forward(maker: Maker, function: Function, shape: Ints) -> Call:
    """Input and result."""
    given = [Given(SRC, shape), Given(DST, shape, True)]
    descriptor = forward_descriptor(maker, function.forward, function.alpha, shape)
    return Call(maker, descriptor, given)


def backward(maker: Maker, function: Function, shape: Ints) -> Call:
    """What is read, the gradient of the result, and that by the input."""
    layout = maker.plain(shape)
    descriptor = maker.descriptor(
        *("eltwise_backward", function.backward, layout, layout, layout, function.alpha, 0.0),
        forward_descriptor(maker, function.backward, function.alpha, shape),
    )
    given = [Given(function.reads, shape), Given(DIFF_DST, shape), Given(DIFF_SRC, shape, True)]
    return Call(maker, descriptor, given)
