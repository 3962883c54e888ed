"""Chains of elementwise operations in oneDNN's terms: one pass over memory, on all threads.

The library's `binary` primitive takes two arrays and applies more operations to its result. A chain
begins with an array; each step is an operation with another operand, or a function of one variable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from autotn.kernels.onednn.primitive import (
    AFTERWARDS,
    Afterwards,
    Array,
    Call,
    Given,
    Ints,
    Maker,
)

ADD, MULTIPLY, MAXIMUM, DIVIDE, SUBTRACT, GREATER = (
    *(0x1FFF0, 0x1FFF1, 0x1FFF2, 0x1FFF4, 0x1FFF5, 0x1FFF7),
)
TANH, ABS, SQRT, LINEAR, EXP, POWER = 0x21, 0x24, 0x25, 0x26, 0x2A, 0x30

SRC, OTHER, DST = 1, 2, 17


class By(NamedTuple):
    """An operation on the result so far and an array of this `shape`.

    `dims` is what the library is told of the shape, by default the same: it has the axes of the
    chain, and 1 where a number serves all places. What is `fixed` is not handed over at each call.
    """

    kind: int
    shape: Ints
    dims: Ints | None = None
    fixed: Array | None = None


class Function(NamedTuple):
    """A function of the result so far, and its constants."""

    kind: int
    alpha: float = 0.0
    beta: float = 0.0


class PlusOld(NamedTuple):
    """The sum of the result so far and what stood where it will be written."""


class Chain(Call):
    """The call of these steps: on the array it begins with, the operands in order, and the result."""

    def __init__(self, maker: Maker, shape: Ints, steps: Iterable[By | Function | PlusOld]) -> None:
        given, after = [Given(SRC, shape)], []
        for place, step in enumerate(steps):
            if isinstance(step, By):
                dims = step.shape if step.dims is None else step.dims
                name = AFTERWARDS * place | OTHER
                given.append(Given(name, step.shape, dims=dims, fixed=step.fixed))
                after.append(Afterwards("binary", step.kind, layout=maker.plain(dims)))
            elif isinstance(step, Function):
                after.append(Afterwards("eltwise", *step))
            else:
                after.append(Afterwards("sum", alpha=1.0))
        first, *rest = after
        full = maker.plain(shape)
        descriptor = maker.descriptor(
            *("binary", first.kind, full, first.layout, full),
            attributes=maker.attributes_with(*rest),
        )
        super().__init__(maker, descriptor, [*given, Given(DST, shape, True)])
