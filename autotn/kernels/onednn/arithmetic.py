"""Arithmetic on large arrays in oneDNN's terms: a formula is one pass over memory, on all threads.

The library's `binary` primitive takes two arrays and applies a chain of operations to its result.
A formula is such a chain. It begins with the first array; each step is an operation and its other
operand, the place of an array among those given or a number, or it is a function of one variable.

`max` gives its second operand where one is NaN, which is how NaN gets through where the library
would lose it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from autotn.kernels.blocks import in_blocks, number_or_array
from autotn.kernels.onednn.primitive import AFTERWARDS, Afterwards, Call, Given, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

ADD, MULTIPLY, MAXIMUM, DIVIDE, SUBTRACT, GREATER = (
    *(0x1FFF0, 0x1FFF1, 0x1FFF2, 0x1FFF4, 0x1FFF5, 0x1FFF7),
)
TANH, ABS, SQRT, EXP = 0x21, 0x24, 0x25, 0x2A
SRC, OTHER, DST = 1, 2, 17

#: Elements below which NumPy's passes cost less than a call.
LEAST = 1 << 16

Formula: TypeAlias = tuple[tuple[int, int | float] | int, ...]

FORMULAS: dict[str, Formula] = {
    "sum": ((ADD, 1),),
    "difference": ((SUBTRACT, 1),),
    "product": ((MULTIPLY, 1),),
    "twice the product": ((MULTIPLY, 1), (MULTIPLY, 2.0)),
    "quotient": ((DIVIDE, 1),),
    "half the quotient": ((DIVIDE, 1), (MULTIPLY, 0.5)),
    "slope by the divisor": ((DIVIDE, 1), (DIVIDE, 1), (MULTIPLY, 2), (MULTIPLY, -1.0)),
    "negative": ((MULTIPLY, -1.0),),
    "absolute": ((MULTIPLY, 1.0), ABS),
    "root": ((MULTIPLY, 1.0), SQRT),
    "exponential": ((MULTIPLY, 1.0), EXP, (MAXIMUM, 0)),
    "hyperbolic tangent": ((MULTIPLY, 1.0), TANH),
    "rectified": ((GREATER, math.inf), (MAXIMUM, 0)),
}


def computed(name: str, *arrays: Any, out: Array | None = None) -> Array | None:
    """A formula of arrays of one shape, or 0-d ones; None where NumPy has to, or does better.

    `out` may be the first array.
    """
    shape = arrays[0].shape
    if not all(x.flags.c_contiguous for x in arrays):
        first, *others = map(number_or_array, arrays)
        arrays = (first if first.shape == shape else np.full(shape, first), *others)
    if not takes(LEAST, *arrays):
        return None
    first, *others = arrays
    if not all(x.shape == shape or x.ndim == 0 for x in others):
        return None
    single = tuple([x.ndim == 0 for x in others])
    size = first.size
    call = SWITCH.the_session().find(
        (name, size, single), lambda maker: Chain(maker, name, size, single)
    )
    if call is None:
        return None
    assert isinstance(call, Chain)
    flat = [x if x.ndim <= 1 else x.reshape(-1) for x in arrays]
    # The result has its own memory, no base: so the engine may keep it as it is.
    result = np.empty(shape, np.float32) if out is None else out
    call(flat[0], *[flat[k] for k in call.operands], result.reshape(-1))
    return result


class Chain(Call):
    """The call of a formula on arrays of one size; `operands` says which of them it takes, in order."""

    def __init__(self, maker: Maker, name: str, size: int, single: tuple[bool, ...]) -> None:
        full, one = maker.plain((size,)), maker.plain((1,))
        shapes = [(size,), *(() if alone else (size,) for alone in single)]
        given, steps, operands = [Given(SRC, (size,))], [], []
        for place, step in enumerate(FORMULAS[name]):
            if isinstance(step, int):
                steps.append(Afterwards("eltwise", step))
                continue
            kind, by = step
            argument = AFTERWARDS * place | OTHER
            if isinstance(by, float):
                number = np.full(1, by, np.float32)
                given.append(Given(argument, (1,), fixed=number))
                steps.append(Afterwards("binary", kind, layout=one))
            else:
                alone = not shapes[by]
                given.append(Given(argument, shapes[by], dims=(1,) if alone else (size,)))
                steps.append(Afterwards("binary", kind, layout=one if alone else full))
                operands.append(by)
        self.operands = tuple(operands)
        first, *rest = steps
        attributes = maker.attributes_with(*rest)
        descriptor = maker.descriptor(
            "binary", first.kind, full, first.layout, full, attributes=attributes
        )
        super().__init__(maker, descriptor, [*given, Given(DST, (size,), True)])


def add(x: Any, y: Any) -> Any:
    """``x + y``."""
    found = computed("sum", x, y)
    return np.add(x, y) if found is None else found


def add_to(x: Any, y: Any) -> Any:
    """``x += y``."""
    found = computed("sum", x, y, out=x)
    return np.add(x, y, out=x) if found is None else found


def subtract(x: Any, y: Any) -> Any:
    """``x - y``."""
    found = computed("difference", x, y)
    return np.subtract(x, y) if found is None else found


def multiply(x: Any, y: Any) -> Any:
    """``x * y``."""
    found = computed("product", x, y)
    return np.multiply(x, y) if found is None else found


def multiply_twice(x: Any, y: Any) -> Any:
    """``2 * x * y``."""
    found = computed("twice the product", x, y)
    return in_blocks(_twice, x, y) if found is None else found


def _twice(x: Array, y: Array, out: Array, work: Array) -> None:
    np.multiply(x, y, out)
    np.add(out, out, out)


def divide(x: Any, y: Any) -> Any:
    """``x / y``."""
    found = computed("quotient", x, y)
    return np.divide(x, y) if found is None else found


def divide_half(x: Any, y: Any) -> Any:
    """``x / (2 * y)``."""
    found = computed("half the quotient", x, y)
    return in_blocks(_half, x, y) if found is None else found


def _half(x: Array, y: Array, out: Array, work: Array) -> None:
    np.add(y, y, work)
    np.divide(x, work, out)


def slope_by_divisor(g: Any, x: Any, y: Any) -> Any:
    """``-g * x / y**2``, without the square."""
    found = computed("slope by the divisor", x, y, g)
    return in_blocks(_slope, g, x, y) if found is None else found


def _slope(g: Array, x: Array, y: Array, out: Array, work: Array) -> None:
    np.divide(x, y, out)
    np.divide(out, y, out)
    np.multiply(out, g, out)
    np.negative(out, out)


def negative(x: Any) -> Any:
    """``-x``."""
    found = computed("negative", x)
    return np.negative(x) if found is None else found


def absolute(x: Any) -> Any:
    """``|x|``."""
    found = computed("absolute", x)
    return np.absolute(x) if found is None else found


def sqrt(x: Any) -> Any:
    """The square root."""
    found = computed("root", x)
    return np.sqrt(x) if found is None else found


def exp(x: Any) -> Any:
    """The exponential."""
    found = computed("exponential", x)
    return np.exp(x) if found is None else found


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    found = computed("hyperbolic tangent", x)
    return np.tanh(x) if found is None else found
